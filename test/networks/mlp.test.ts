import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { last } from '../../src/collections.js';
import type { GradientMethodName } from '../../src/differentiation/methods.js';
import { structured } from '../../src/differentiation/structured.js';
import { InputError } from '../../src/errors.js';
import { Mlp, type MlpOptions } from '../../src/networks/mlp.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { present } from '../support/present.js';
import { networkOf, tensorsOf } from './build.js';
import { fixtures, type NetworkCase } from './fixtures.js';

const label = ({ sizes, activations, loss, targets }: NetworkCase): string =>
  `${loss} of ${targets} targets, ${sizes.join('-')} ${activations.join(', ')}`;
const cases = fixtures.networks.map((each) => [label(each), each] as const);
const tolerance = { maxRelativeToLargest: 1e-6 };
const off = (values: readonly number[]): number[] => {
  const largest = Math.max(...values.map(Math.abs));
  return values.map((value) => value + largest * 3e-6);
};

describeOnEachBackend('values and gradients, against PyTorch in float64', () => {
  test.each(cases)('%s', (_label, each) => {
    const network = networkOf(each);
    const { x, t } = tensorsOf(each);
    const outputs = last(each.sizes);
    const y = network.predict(x);
    expect(y.shape).toEqual([5, outputs]);
    expectClose(y, each.output, tolerance);
    expectRejected(off(each.output), each.output, tolerance);
    expectClose(network.predict(x, { logits: true }), each.logits, tolerance);
    const loss = network.loss(x, t);
    expect(loss.shape).toEqual([]);
    expectClose(loss, each.value, { relative: 1e-6 });
    expectRejected(each.value * (1 + 3e-6), each.value, { relative: 1e-6 });
    const gradients = network.gradient(x, t);
    expect(Object.keys(gradients)).toEqual(Object.keys(each.gradients));
    for (const [name, expected] of Object.entries(each.gradients)) {
      expect(gradients[name].shape).toEqual(each.parameters[name].shape);
      // A bias's shares may cancel over the batch.
      expectClose(gradients[name], expected, { ...tolerance, absolute: 1e-7 });
    }
    network.dispose();
  });

  test('the same from plain arrays, and for one example at a time', () => {
    for (const [, each] of cases) {
      const network = networkOf(each);
      const { x, t } = tensorsOf(each);
      const rows = x.arraySync() as unknown as number[][];
      const targets = t.arraySync() as unknown as number[];
      expectClose(network.predict(rows), network.predict(x).dataSync<'float32'>());
      expectClose(network.loss(rows, targets), network.loss(x, t).dataSync<'float32'>());
      const one = network.predict(rows[2]);
      expect(one.shape).toEqual([last(each.sizes)]);
      expectClose(one, each.output.slice(2 * one.size, 3 * one.size), tolerance);
      expect(network.predict(rows[2], { logits: true }).shape).toEqual(one.shape);
      const losses = rows.map((row, n) => network.loss(row, targets[n]).dataSync()[0]);
      if (each.loss !== 'rootMeanSquaredError') {
        const sum = losses.reduce((total, loss) => total + loss, 0);
        const count = each.loss === 'halfSumSquaredError' ? 1 : rows.length;
        expectClose(sum / count, each.value, { relative: 2e-6 });
      }
      network.dispose();
    }
  });

  test('targets [N] stand for [N,1] where there is one output', () => {
    const each = present(fixtures.networks.find(({ loss }) => loss === 'binaryCrossEntropy'));
    const network = networkOf(each);
    const { x, t } = tensorsOf(each);
    expectClose(network.loss(x, t.as1D()), each.value, { relative: 1e-6 });
    expectClose(network.gradient(x, t.as1D())['W1'], each.gradients['W1'], tolerance);
    network.dispose();
  });
});

describeOnEachBackend('accuracy, counted by hand', () => {
  /** Logits are the inputs themselves. */
  const transparent = (options: Partial<MlpOptions> = {}): Mlp => {
    const network = new Mlp({ sizes: [3, 3], ...options });
    network.setParameters({ W1: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] }); // prettier-ignore
    return network;
  };
  const x = [[3, 1, 2], [0, 5, 1], [1, 2, 9], [4, 3, 0]]; // prettier-ignore

  test('labels and one-hot targets', () => {
    const network = transparent();
    expect(network.accuracy(x, [0, 1, 2, 0])).toBe(1);
    expect(network.accuracy(x, [0, 1, 2, 1])).toBe(0.75);
    expect(network.accuracy(x, tf.tensor1d([1, 2, 0, 1], 'int32'))).toBe(0);
    expect(network.accuracy(x, [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0.2, 0.7, 0.1]])).toBe(0.5); // prettier-ignore
    expect(network.accuracy(x[0], 0)).toBe(1);
    expect(network.accuracy(x[0], [0, 1, 0])).toBe(0);
    expect(Array.from(network.predictClasses(x).dataSync())).toEqual([0, 1, 2, 0]);
    network.dispose();
  });

  test('two classes: at or below a half is class 0', () => {
    const network = new Mlp({ sizes: [1, 1], task: 'binary' });
    network.setParameters({ W1: [[1]] });
    const inputs = [[-2], [0.5], [3], [0]];
    expect(network.accuracy(inputs, [0, 1, 1, 0])).toBe(1);
    expect(network.accuracy(inputs, [[1], [1], [1], [1]])).toBe(0.5);
    network.dispose();
  });

  describe('targets of every shape, right and neighbouring', () => {
    const three = transparent();
    const one = new Mlp({ sizes: [1, 1], task: 'binary' });
    one.setParameters({ W1: [[1]] });
    const two = new Mlp({ sizes: [2, 2], loss: 'binaryCrossEntropy' });
    two.setParameters({ W1: [[1, 0], [0, 1]] }); // prettier-ignore
    const batch = x.slice(0, 2);
    const column = [[-1], [2]];
    const pairs = [[1, -1], [2, 3], [-1, 1]]; // prettier-ignore

    test.each<[string, Mlp, number[] | number[][], tf.TensorLike, number]>([
      ['labels', three, batch, [0, 2], 0.5],
      ['float labels of a tensor', three, batch, [0, 1], 1],
      ['one-hot', three, batch, [[1, 0, 0], [0, 0, 1]], 0.5], // prettier-ignore
      ['a label for one example', three, batch[1], 1, 1],
      ['one-hot for one example', three, batch[1], [0, 0, 1], 0],
      ['two classes, [N]', one, column, [0, 0], 0.5],
      ['two classes, [N,1]', one, column, [[0], [1]], 1],
      ['two classes, soft', one, column, [0.5, 0.75], 1],
      ['two classes, a scalar for one example', one, [2], 1, 1],
      ['two classes, [1] for one example', one, [2], [0], 0],
      ['two outputs, [N,2]', two, pairs, [[1, 0], [1, 1], [1, 1]], 5 / 6], // prettier-ignore
    ])('%s', (_name, network, inputs, t, expected) => {
      expect(network.accuracy(inputs, t)).toBe(expected);
      const target = tf.tensor(t);
      expect(network.accuracy(inputs, target)).toBe(expected);
      target.dispose();
    });

    test.each<[string, Mlp, number[] | number[][], tf.TensorLike, RegExp]>([
      [
        'labels as a column',
        three,
        batch,
        [[0], [2]],
        /t must have shape \[2\] \(labels\) or \[2,3\] \(one-hot\) for x of shape \[2,3\], got \[2,1\]/,
      ],
      ['labels as a row', three, batch, [[0, 2]], /got \[1,2\]/],
      ['fewer labels', three, batch, [0], /got \[1\]/],
      ['one label', three, batch, 0, /got \[\]/],
      ['another number of classes', three, batch, [[0, 1], [1, 0]], /got \[2,2\]/], // prettier-ignore
      [
        'one-hot for a batch of one',
        three,
        batch[0],
        [[1, 0, 0]],
        /\[\] \(labels\) or \[3\] \(one-hot\) .*got \[1,3\]/,
      ],
      [
        'a label that is no class',
        three,
        batch,
        [0, 3],
        /labels must be integers from 0 to 2, got 3 at index 1/,
      ],
      ['a label below', three, batch, [-1, 0], /got -1 at index 0/],
      ['a label between', three, batch, [0, 0.5], /got 0.5 at index 1/],
      [
        'two classes, a row',
        one,
        column,
        [[0, 1]],
        /t must have shape \[2\] \(labels\) or \[2,1\] for .*got \[1,2\]/,
      ],
      ['two classes one-hot', one, column, [[0, 1], [1, 0]], /got \[2,2\]/], // prettier-ignore
      ['two outputs, flat', two, pairs, [1, 0, 1, 1, 1, 1], /t must have shape \[3,2\] for .*got \[6\]/],
      ['two outputs, transposed', two, pairs, [[1, 0, 1], [1, 1, 1]], /got \[2,3\]/], // prettier-ignore
      ['two outputs, one target an example', two, pairs, [1, 0, 1], /got \[3\]/],
    ])('not %s', (_name, network, inputs, t, message) => {
      expect(() => network.accuracy(inputs, t)).toThrow(message);
      // Nor does the loss take them.
      expect(() => network.loss(inputs, t)).toThrow(InputError);
    });
  });

  test('the share of right ones is not rounded to float32', () => {
    const network = transparent();
    const ten = Array.from({ length: 10 }, () => x[0]);
    expect(network.accuracy(ten, [1, ...Array.from({ length: 9 }, () => 0)])).toBe(0.9);
    expect(Math.fround(0.9)).not.toBe(0.9);
    network.dispose();
  });

  test('more examples than go through at a time', () => {
    const network = transparent();
    const count = 5003;
    const classes = Array.from({ length: count }, (_, n) => (n * 7) % 3);
    const rows = tf.oneHot(tf.tensor1d(classes, 'int32'), 3).toFloat();
    expect(network.accuracy(rows, classes)).toBe(1);
    const wrong = classes.map((label, n) => (n % 5003 === 5002 ? (label + 1) % 3 : label));
    expect(network.accuracy(rows, wrong)).toBe((count - 1) / count);
    network.dispose();
  });

  test('errors', () => {
    const network = transparent();
    expect(() => network.accuracy([[1, 2]], [0])).toThrow(
      /batch \[examples,3\] or one example \[3\], got shape \[1,2\]/,
    );
    network.dispose();
    const regression = new Mlp({ sizes: [3, 3], task: 'regression' });
    expect(() => regression.accuracy(x, [0, 1, 2, 0])).toThrow(/a regression network has no classes/);
    regression.dispose();
  });
});

describe('parameters', () => {
  test('names, shapes and order for any depth', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 2, maxLength: 5 }), (sizes) => {
        const network = new Mlp({ sizes });
        const expected = sizes.slice(1).flatMap((size, i) => [
          [`W${i + 1}`, [sizes[i], size]],
          [`b${i + 1}`, [size]],
        ]);
        expect(Object.entries(network.parameters).map(([name, { shape }]) => [name, shape])).toEqual(
          expected,
        );
        expect(network.predict(tf.zeros([2, sizes[0]])).shape).toEqual([2, last(sizes)]);
        network.dispose();
      }),
      { numRuns: 20 },
    );
  });

  test('the same seed, the same weights; another seed, others; 0 is a seed', () => {
    const weights = (seed: number | undefined): number[] => {
      const network = new Mlp({ sizes: [4, 3, 2], seed });
      expect(seed ?? network.seed).toBe(network.seed);
      const values = ['W1', 'W2'].flatMap((name) => Array.from(network.parameters[name].dataSync()));
      network.dispose();
      return values;
    };
    for (const seed of [0, 1, 2, 2 ** 31, 2 ** 40]) expect(weights(seed)).toEqual(weights(seed));
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [0, 2 ** 31],
      [undefined, undefined],
    ]) {
      // prettier-ignore
      expect(weights(a)).not.toEqual(weights(b));
    }
  });

  test('layers of one shape differ', () => {
    const network = new Mlp({ sizes: [3, 3, 3], seed: 4 });
    const { W1, W2 } = network.parameters;
    expect(Array.from(W1.dataSync())).not.toEqual(Array.from(W2.dataSync()));
    network.dispose();
  });

  test('weights are normal with the given standard deviation, biases 0', () => {
    for (const std of [0.01, 1, 0]) {
      const network = new Mlp({ sizes: [200, 100, 2], weightInitStd: std, seed: 6 });
      const values = Array.from(network.parameters['W1'].dataSync());
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      // Standard errors for 20,000 numbers: std/141 of the mean, std/200 of the deviation.
      expect(Math.abs(mean)).toBeLessThanOrEqual((4 * std) / 141);
      expect(Math.abs(Math.sqrt(variance) - std)).toBeLessThanOrEqual((4 * std) / 200);
      const within = values.filter((value) => Math.abs(value) < std).length / values.length;
      if (std > 0) expect(Math.abs(within - 0.683)).toBeLessThan(0.014);
      expect(Array.from(network.parameters['b1'].dataSync()).every((value) => value === 0)).toBe(true);
      network.dispose();
    }
  });

  test('setParameters copies, all or some, and changes nothing where one does not fit', () => {
    const network = new Mlp({ sizes: [2, 2], seed: 1 });
    const W1 = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    network.setParameters({ W1 });
    W1.dispose();
    expect(network.parameters['W1'].arraySync()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    network.setParameters({ b1: [5, 6] });
    expect(network.parameters['W1'].arraySync()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    expect(network.parameters['b1'].arraySync()).toEqual([5, 6]);
    const wrong: [Record<string, tf.TensorLike>, RegExp][] = [
      [{ b1: [0, 0], W1: [1, 2, 3, 4] }, /W1 must have shape \[2,2\], got \[4\]/],
      [{ b1: [0, 0], W2: [[1]] }, /there is no parameter W2; there are W1, b1/],
      [{ b1: [0, 0], W1: 'x' }, /W1 must be a tensor, a number, or arrays/],
    ];
    for (const [values, message] of wrong) {
      expect(() => network.setParameters(values)).toThrow(InputError);
      expect(() => network.setParameters(values)).toThrow(message);
    }
    expect(network.parameters['b1'].arraySync()).toEqual([5, 6]);
    network.dispose();
  });

  test('a name that every object has is no parameter', () => {
    const network = new Mlp({ sizes: [2, 2], seed: 1 });
    for (const name of ['toString', 'constructor']) {
      expect(() => network.setParameters({ [name]: [1] })).toThrow(/there is no parameter/);
    }
    network.dispose();
  });
});

describe('what goes together', () => {
  const structureOf = (options: MlpOptions) => {
    const network = new Mlp(options);
    network.dispose();
    return network.structure;
  };

  test.each([
    [{}, 'softmax', 'crossEntropy'],
    [{ task: 'multiclass' }, 'softmax', 'crossEntropy'],
    [{ task: 'binary' }, 'sigmoid', 'binaryCrossEntropy'],
    [{ task: 'regression' }, 'identity', 'meanSquaredError'],
    [{ loss: 'softmaxCrossEntropy' }, 'softmax', 'softmaxCrossEntropy'],
    [{ loss: 'binaryCrossEntropy' }, 'sigmoid', 'binaryCrossEntropy'],
    [{ loss: 'huber' }, 'identity', 'huber'],
    [{ task: 'regression', loss: 'meanAbsoluteError' }, 'identity', 'meanAbsoluteError'],
    [{ activations: ['tanh', 'sigmoid'] }, 'sigmoid', 'binaryCrossEntropy'],
    [{ activations: ['tanh', 'identity'] }, 'identity', 'meanSquaredError'],
    [{ activations: ['tanh', 'softmax'], loss: 'meanSquaredError' }, 'softmax', 'meanSquaredError'],
  ] as [Partial<MlpOptions>, string, string][])('%j: output %s, loss %s', (options, output, loss) => {
    expect(structureOf({ sizes: [3, 2, 2], ...options })).toMatchObject({ output, loss });
  });

  test('one activation for all hidden layers, or one each', () => {
    expect(structureOf({ sizes: [2, 3, 4, 2], activations: 'tanh' }).hidden).toEqual(['tanh', 'tanh']);
    expect(structureOf({ sizes: [2, 3, 4, 2], activations: ['relu', 'tanh'] }).hidden).toEqual([
      'relu',
      'tanh',
    ]);
    expect(structureOf({ sizes: [2, 2] })).toMatchObject({ hidden: [], sizes: [2, 2], epsilon: 1e-7 });
  });

  test.each([
    [
      { sizes: [3] },
      /sizes must be whole numbers above 0, the input's first and the output's last, got \[3\]/,
    ],
    [{ sizes: [] }, /sizes must be whole numbers/],
    [{ sizes: [3, 0, 2] }, /sizes .* got \[3, 0, 2\]/],
    [{ sizes: [3, 2.5] }, /sizes .* got \[3, 2.5\]/],
    [{ sizes: [3, NaN] }, /sizes/],
    [{ sizes: [3, 1] }, /softmax wants at least 2 outputs, got 1. Choose the task binary/],
    [
      { sizes: [3, 2, 2], activations: ['tanh', 'tanh', 'tanh'] },
      /activations must name 1 hidden layers .* got 3/,
    ],
    [{ sizes: [3, 2, 2], activations: [] }, /activations must name 1 hidden layers/],
    [
      { sizes: [3, 2, 2], activations: 'softmax' },
      /hidden layer's activation must be one of .* got "softmax"/,
    ],
    [{ sizes: [3, 2, 2], activations: 'toString' }, /hidden layer's activation/],
    [
      { sizes: [3, 2, 2], activations: ['tanh', 'relu'] },
      /output's activation must be identity, sigmoid or softmax/,
    ],
    [
      { sizes: [3, 2], task: 'clustering' },
      /task must be regression, binary or multiclass, got "clustering"/,
    ],
    [{ sizes: [3, 2], loss: 'hinge' }, /loss must be one of .* got "hinge"/],
    [
      { sizes: [3, 2], task: 'regression', loss: 'crossEntropy' },
      /crossEntropy wants a softmax output, got identity/,
    ],
    [
      { sizes: [3, 2], task: 'multiclass', loss: 'binaryCrossEntropy' },
      /wants a sigmoid output, got softmax/,
    ],
    [{ sizes: [3, 2], seed: 4503599627370495 }, /seed must be a whole number from 0 to 4503599627370494/],
    [{ sizes: [3, 2], seed: -1 }, /seed must be a whole number from 0 to 4503599627370494, got -1/],
    [{ sizes: [3, 2], seed: 0.5 }, /seed/],
    [{ sizes: [3, 2], weightInitStd: -1 }, /weightInitStd must be a finite number of at least 0, got -1/],
    [{ sizes: [3, 2], weightInitStd: NaN }, /weightInitStd/],
    [{ sizes: [3, 2], epsilon: -1 }, /epsilon must be a finite number of at least 0, got -1/],
    [{ sizes: [3, 2], epsilon: NaN }, /epsilon/],
  ])('%j is refused', (options, message) => {
    expectNoLeak(() => {
      expect(() => new Mlp(options as MlpOptions)).toThrow(InputError);
      expect(() => new Mlp(options as MlpOptions)).toThrow(message);
    });
  });
});

describe('inputs and targets that do not fit', () => {
  const network = new Mlp({ sizes: [3, 2], seed: 1 });

  test.each([
    [[[1, 2]], /predict: x must be a batch \[examples,3\] or one example \[3\], got shape \[1,2\]/],
    [[[[1, 2, 3]]], /got shape \[1,1,3\]/],
    [5, /got shape \[\]/],
    [[[1, 2, 3], [1]], /arrays of unlike lengths/], // prettier-ignore
  ])('x = %j', (x, message) => {
    expect(() => network.predict(x as unknown as number[])).toThrow(InputError);
    expect(() => network.predict(x as unknown as number[])).toThrow(message);
  });

  test.each([
    [[0, 1], /same shape, got \[1,2\] and \[2\]/],
    [[2], /labels must be integers from 0 to 1, got 2/],
    [[0.5], /labels of shape \[1\] must be int32|labels must be integers/],
    [[[0, 1, 0]], /same shape, got \[1,2\] and \[1,3\]/],
  ])('t = %j', (t, message) => {
    expect(() => network.loss([[1, 2, 3]], t)).toThrow(InputError);
    expect(() => network.loss([[1, 2, 3]], t)).toThrow(message);
    expect(() => network.gradient([[1, 2, 3]], t)).toThrow(message);
  });
});

describeOnEachBackend('gradient', () => {
  test('by every name, and by a method', () => {
    const network = new Mlp({ sizes: [3, 2, 2], weightInitStd: 1, seed: 1 });
    const x = [[1, 0, -0.5], [0.5, 0.25, 1]]; // prettier-ignore
    const expected = network.gradient(x, [0, 1]);
    for (const method of ['autodiff', 'central', 'structured', structured({ h: 1e-3 })] as const) {
      const got = network.gradient(x, [0, 1], method);
      expect(Object.keys(got)).toEqual(['W1', 'b1', 'W2', 'b2']);
      for (const [name, tensor] of Object.entries(expected)) {
        expectClose(got[name], tensor.dataSync<'float32'>(), { absolute: 1e-4 });
      }
    }
    const forward = network.gradient(x, [0, 1], 'forward');
    expectClose(forward['W1'], expected['W1'].dataSync<'float32'>(), { absolute: 3e-3 });
    expect(() => network.gradient(x, [0, 1], 'backprop' as GradientMethodName)).toThrow(
      /method must be one of autodiff, central, forward, structured, got "backprop"/,
    );
    network.dispose();
  });

  test('a step against it lowers the loss', () => {
    const network = new Mlp({ sizes: [3, 4, 4, 2], activations: 'tanh', weightInitStd: 1, seed: 2 });
    const x = [[1, 0, -0.5], [0.5, 0.25, 1]]; // prettier-ignore
    const loss = (): number => network.loss(x, [0, 1]).dataSync()[0];
    const before = loss();
    const gradients = network.gradient(x, [0, 1]);
    const moved = Object.entries(gradients).map(([name, gradient]) => [
      name,
      tf.sub(network.parameters[name], tf.mul(gradient, 0.1)),
    ]);
    network.setParameters(Object.fromEntries(moved) as Record<string, tf.Tensor>);
    expect(loss()).toBeLessThan(before);
    network.dispose();
  });
});

describeOnEachBackend('numbers at the edge, and tensors', () => {
  test('an input that saturates everything has a finite loss and gradient', () => {
    for (const loss of [
      'crossEntropy',
      'softmaxCrossEntropy',
      'binaryCrossEntropy',
      'meanSquaredError',
    ] as const) {
      const network = new Mlp({ sizes: [2, 2, 2], loss, weightInitStd: 1, seed: 2 });
      for (const size of [1e4, 3e38]) {
        const x = [[size, -size]];
        const t = loss === 'crossEntropy' || loss === 'softmaxCrossEntropy' ? [0] : [[0, 1]];
        expect(Number.isFinite(network.loss(x, t).dataSync()[0])).toBe(true);
        const gradients = network.gradient(x, t);
        for (const name of ['b1', 'W2', 'b2']) {
          expect(Array.from(gradients[name].dataSync()).every(Number.isFinite)).toBe(true);
        }
      }
      network.dispose();
    }
  });

  test('NaN in, NaN out', () => {
    const network = new Mlp({ sizes: [2, 2, 2], seed: 2 });
    expect(Array.from(network.predict([[NaN, 1]]).dataSync())).toEqual([NaN, NaN]);
    expect(network.loss([[NaN, 1]], [0]).dataSync()[0]).toBeNaN();
    network.dispose();
  });

  test('none stay, and dispose frees the parameters', () => {
    const x = tf.ones([2, 3]);
    const t = tf.tensor1d([0, 1], 'int32');
    expectNoLeak(() => {
      const network = new Mlp({ sizes: [3, 2, 2], seed: 1 });
      expect(tf.memory().numTensors).toBeGreaterThan(3);
      expectNoLeak(() => network.predict(x));
      expectNoLeak(() => network.predict([1, 2, 3], { logits: true }));
      expectNoLeak(() => network.loss(x, t));
      expectNoLeak(() => network.loss(x, [0, 1]));
      expectNoLeak(() => network.accuracy(x, t));
      expectNoLeak(() => network.predictClasses(x));
      for (const method of ['autodiff', 'central', 'forward', 'structured'] as const) {
        expectNoLeak(() => network.gradient(x, t, method));
        expectNoLeak(() => network.gradient([[1, 2, 3]], [1], method));
      }
      expectNoLeak(() =>
        network.setParameters({
          W1: [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          b1: [1, 2],
        }),
      );
      expectNoLeak(() => expect(() => network.predict([1])).toThrow(InputError));
      network.dispose();
    });
    tf.dispose([x, t]);
  });
});
