/** Models that are no tf.LayersModel. Oracle: the closed form of a linear model's gradient; gradients made wrong. */
import { afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheckModel } from '../../../src/gradcheck/model.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;
const x = tf.tensor2d([1, 2, 3, 4, 0.5, -1], [3, 2]);
const y = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
afterAll(() => {
  tf.disposeVariables();
  tf.dispose([x, y]);
});

class Dense {
  readonly kernel = tf.variable(tf.tensor2d([0.5, -1, 0.25, 2], [2, 2]));
  readonly bias = tf.variable(tf.tensor1d([0.1, 0.2]));
  constructor(readonly activation: (x: T) => T = (at) => at) {}
  forward(at: T): T {
    return this.activation(tf.add(tf.matMul(at, this.kernel), this.bias));
  }
}

/** Layers of its own, in a list. */
class Net {
  readonly layers: Dense[];
  constructor(...activations: ((x: T) => T)[]) {
    this.layers = activations.map((activation) => new Dense(activation));
  }
  predict(at: T): T {
    return this.layers.reduce((out, layer) => layer.forward(out), at);
  }
}

const wrongTanh = withGradient(
  (at) => tf.tanh(at),
  (dy) => tf.clone(dy),
);
const names = async (...args: Parameters<typeof gradcheckModel>) => {
  const { verdict, inputs } = await gradcheckModel(...args);
  return [verdict, ...inputs.map(({ name, verdict: one }) => `${name}: ${one}`)];
};

describe('its variables', () => {
  test('are found in its properties, at any depth', async () => {
    expect(await names(new Net(tf.tanh, tf.sigmoid), x, y, 'mse')).toEqual([
      'right',
      'layers.0.kernel: right',
      'layers.0.bias: right',
      'layers.1.kernel: right',
      'layers.1.bias: right',
    ]);
    expect((await names(new Net(tf.tanh, wrongTanh), x, y, 'mse'))[0]).toBe('wrong');
  });

  test('are found in functions, lists and maps too; each once, and none that is disposed, fixed or of whole numbers', async () => {
    const one = new Dense();
    const [fixed, gone, whole] = [
      tf.variable(tf.ones([2]), false),
      tf.variable(tf.ones([2])),
      tf.variable(tf.ones([2], 'int32')),
    ];
    gone.dispose();
    const layer = Object.assign((at: T) => one.forward(at), { kernel: one.kernel, fixed, gone, whole });
    const model = {
      layer,
      more: new Map([['bias', one.bias]]),
      again: [one.kernel],
      constant: x,
      forward: (at: T) => layer(at),
    };
    expect(await names(model, x, y, 'mse')).toEqual(['right', 'layer.kernel: right', 'more.bias: right']);
    // The function itself may be the model.
    expect(await names(layer, x, y, 'mse')).toEqual(['right', 'kernel: right']);
  });

  test('may be listed by a method, by name, or as what a layer calls its weights', async () => {
    const one = new Dense();
    const forward = (at: T): T => one.forward(at);
    const { kernel, bias } = one;
    const listed = [`${kernel.name}: right`, `${bias.name}: right`];
    for (const model of [
      { forward, parameters: () => [kernel, bias] },
      { forward, weights: { kernel, bias } },
      { forward, trainableWeights: [{ val: kernel }, { val: bias, trainable: true }] },
      // An empty list, or what is none, says nothing; of a later one no more is taken.
      { forward, trainableVariables: [], variables: 3, weights: [kernel, bias], parameters: [kernel] },
    ]) {
      expect((await names(model, x, y, 'mse')).slice(1)).toEqual(listed);
    }
    const held = { forward, weights: [{ val: kernel, trainable: false }, { val: bias }] };
    expect((await names(held, x, y, 'mse')).slice(1)).toEqual([listed[1]]);
  });

  test('are those that it lists, and those in the option', async () => {
    const one = new Dense();
    const listed = { forward: (at: T) => one.forward(at), trainableWeights: [one.kernel], other: one };
    expect((await names(listed, x, y, 'mse')).slice(1)).toEqual([`${one.kernel.name}: right`]);
    expect((await names(listed, x, y, 'mse', { variables: { b: one.bias } })).slice(1)).toEqual(['b: right']);
  });

  test('have their numbers again, and their gradient is that of the mean squared error', async () => {
    const one = new Dense();
    const before = tf.memory().numTensors;
    const { inputs } = await gradcheckModel(one, x, y, (t, p) => tf.square(tf.sub(t, p)), { mode: 'full' });
    expect(tf.memory().numTensors).toBe(before);
    expect(Array.from(one.kernel.dataSync())).toEqual([0.5, -1, 0.25, 2]);
    // d/db_k mean (p − y)² = 2/6·Σ_n (p − y)_nk
    const p = tf.sub(one.forward(x), y).arraySync() as number[][];
    const { worst } = inputs[1];
    const k = worst?.coordinate[0] ?? -1;
    expect(worst?.numerical).toBeCloseTo(p.reduce((sum, row) => sum + row[k], 0) / 3, 5);
  });

  test("of a layer are its weights, which it makes when it's first applied", async () => {
    expect(await names(tf.layers.dense({ units: 2, name: 'lone' }), x, y, 'mse')).toEqual([
      'right',
      'lone/kernel: right',
      'lone/bias: right',
    ]);
  });
});

describe('its forward function', () => {
  test('may be itself, a method by name, or a function', async () => {
    const one = new Dense(tf.tanh);
    const itself = Object.assign((at: T) => one.forward(at), { weights: [one.kernel] });
    expect((await names(itself, x, y, 'mse'))[0]).toBe('right');
    const named = { encode: (at: T) => one.forward(at), one };
    expect((await names(named, x, y, 'mse', { forward: 'encode' }))[0]).toBe('right');
    const forward = (model: Dense, at: T): T => wrongTanh(model.forward(at));
    expect((await names(one, x, y, 'mse', { forward }))[0]).toBe('wrong');
  });

  test('takes several inputs, and gives several outputs', async () => {
    const one = new Dense();
    const two = { one, call: (a: T, b: T) => [one.forward(a), tf.sin(one.forward(b))] };
    expect((await names(two, [x, y], [y, x], ['mse', 'mae']))[0]).toBe('right');
  });
});

test.each<[string, unknown, Parameters<typeof gradcheckModel>[3], object, RegExp]>([
  [
    'no forward function',
    { w: 1 },
    'mse',
    {},
    /an object with a forward function: forward, call, apply, predict/,
  ],
  ['no variables', { forward: (at: T) => at }, 'mse', {}, /no trainable tf\.Variables/],
  ['no loss', new Dense(), undefined, {}, /loss must be given/],
  [
    'a forward function that is not there',
    new Dense(),
    'mse',
    { forward: 'run' },
    /"run", but the model has no such method/,
  ],
  ['weights of examples', new Dense(), 'mse', { sampleWeight: [1, 1, 1] }, /put them into the loss/],
  ['no object', 3, 'mse', {}, /got number/],
])('%s is refused', async (_what, model, loss, options, message) => {
  await expect(gradcheckModel(model as object, x, y, loss, options)).rejects.toThrow(message);
});

test('inputs that are no tensors are named, before the model makes its weights and after', async () => {
  const ragged = [[1, 2], [3]];
  const lazy = tf.layers.dense({ units: 2 });
  for (const model of [lazy, new Dense()]) {
    await expect(gradcheckModel(model, ragged as never, y, 'mse')).rejects.toThrow(
      /^gradcheck(Model)?: x must be a tensor/,
    );
  }
  await expect(gradcheckModel(lazy, ragged as never, y, 'mse')).rejects.toThrow(
    'gradcheckModel: x must be a tensor, a number, or arrays of numbers of one shape',
  );
  for (const [what, given] of [
    ['x', { a: x }],
    ['y', 'one'],
  ] as const) {
    const [at, target] = what === 'x' ? [given, y] : [x, given];
    await expect(gradcheckModel(new Dense(), at as never, target as never, 'mse')).rejects.toThrow(
      `gradcheckModel: ${what} must be a tensor, numbers in arrays, or a list of tensors for each ${
        what === 'x' ? 'argument of the forward function, got an object' : 'output, got one'
      }.`,
    );
  }
});

test('targets that would be broadcast are refused', async () => {
  await expect(gradcheckModel(new Dense(), x, [1, 0], 'mse')).rejects.toThrow(
    /y must have shape \[3,2\] for the loss mse of output 0, got \[2\]/,
  );
});
