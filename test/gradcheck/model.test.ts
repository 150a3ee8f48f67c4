import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { InputError } from '../../src/errors.js';
import {
  trainableWeightsOf,
  weightsOf,
  withFixedRandom,
  withRecurrentState,
  withWeights,
} from '../../src/gradcheck/model/held.js';
import {
  applyWithWeights,
  gradcheckModel,
  lossOfWeights,
  type LossByName,
  type ModelGradcheckOptions,
} from '../../src/gradcheck/model.js';
import { LOSS_NAMES } from '../../src/gradcheck/model/losses.js';
import { expectClose, expectRejected } from '../support/close.js';
import { present } from '../support/present.js';
import { withGradient } from './zoo/support.js';
import { isReplaced } from '../support/replaced.js';

/** A dense layer whose gradient by its weights is twice what it should be. */
class Doubled extends tf.layers.Layer {
  static className = 'Doubled';
  private kernel!: tf.LayerVariable;

  override build(shape: number[]): void {
    this.kernel = this.addWeight(
      'kernel',
      [shape[1], 2],
      'float32',
      tf.initializers.glorotNormal({ seed: 3 }),
    );
    this.built = true;
  }

  override computeOutputShape(shape: number[]): number[] {
    return [shape[0], 2];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return withGradient(
      (a, w) => tf.matMul(a, w),
      (dy, a, w) => [tf.matMul(dy, w, false, true), tf.mul(2, tf.matMul(a, dy, true, false))],
    )(x, this.kernel.read());
  }
}
tf.serialization.registerClass(Doubled);

const deep = (): tf.LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 1],
        filters: 2,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
      }),
      tf.layers.batchNormalization(),
      tf.layers.reshape({ targetShape: [4, 8] }),
      tf.layers.lstm({
        units: 3,
        returnSequences: true,
        kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
      }),
      tf.layers.gru({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelRegularizer: 'l1l2',
        kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }),
      }),
    ],
  });

const data = () => ({
  x: tf.randomNormal([4, 6, 6, 1], 0, 1, 'float32', 3),
  y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 1], 'int32'), 3), 'float32')),
});

beforeAll(async () => {
  await selectBackend();
});

describe('gradcheckModel', () => {
  test.each([false, true])(
    'every weight of convolution, batch norm, lstm, gru and dense; training %s',
    async (training) => {
      const model = deep();
      const { x, y } = data();
      const weights = (): number[][] => model.getWeights().map((weight) => Array.from(weight.dataSync()));
      const before = weights();
      const { numTensors } = tf.memory();
      const options = { training, mode: 'fast' as const };
      const report = await gradcheckModel(model, x, y, 'categoricalCrossentropy', options);
      expect({ verdict: report.verdict, diagnosis: report.diagnosis }).toEqual({
        verdict: 'right',
        diagnosis: [],
      });
      expect(report.inputs.map(({ name }) => name)).toEqual(
        model.trainableWeights.map(({ originalName }) => originalName),
      );
      expect(weights()).toEqual(before);
      expect(tf.memory().numTensors).toBe(numTensors);
      tf.dispose([x, y]);
      model.dispose();
    },
  );

  test('a layer with a wrong gradient is named', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), new Doubled()] });
    const x = tf.randomNormal([5, 4], 0, 1, 'float32', 1);
    const y = tf.zeros([5, 2]);
    const report = await gradcheckModel(model, x, y, (target, prediction) =>
      tf.squaredDifference(target, prediction),
    );
    expect(report.verdict).toBe('wrong');
    expect(report.inputs.filter(({ verdict }) => verdict === 'wrong').map(({ name }) => name)).toEqual([
      expect.stringMatching(/^doubled_Doubled\d*\/kernel/i),
    ]);
    expect(report.diagnosis.join()).toMatch(/2 times/);
    tf.dispose([x, y]);
    model.dispose();
  });
});

type Args = Parameters<typeof gradcheckModel>;

/** The value of the function that is checked, in doubles, at the model's weights. */
const valueOf = (...[model, x, y, loss, options]: Args): number => {
  const { f, inputs } = lossOfWeights(model as tf.LayersModel, x, y, loss, options);
  return inFloat64(() => f(...inputs.map((input) => tf.tensor(toNumbers(input)))).dataSync()[0]);
};
const toNumbers = (input: Args[1]): tf.TensorLike =>
  input instanceof tf.Tensor ? input.arraySync() : (input as tf.TensorLike);

const verdictOf = async (...args: Args) => (await gradcheckModel(...args)).verdict;

const initializer = (seed: number) => tf.initializers.glorotNormal({ seed });
const dense = (units: number, seed: number, rest: object = {}) =>
  tf.layers.dense({
    units,
    kernelInitializer: initializer(seed),
    biasInitializer: initializer(seed + 50),
    ...rest,
  });

/** Three classes by a softmax; with `wrong`, a layer before it has a wrong gradient. */
const classifier = (wrong = false): tf.LayersModel =>
  tf.sequential({
    layers: [
      dense(3, 5, { inputShape: [4], activation: 'tanh', name: 'first' }),
      ...(wrong ? [new Doubled({})] : []),
      dense(3, 6, { activation: 'softmax', kernelRegularizer: tf.regularizers.l2(), name: 'last' }),
    ],
  });
const x = [
  [0.3, -0.8, 1.2, 0.5],
  [1.1, 0.4, -0.6, -1.3],
  [-0.7, 0.9, 0.2, 0.8],
  [0.6, -0.1, -1.4, 1.7],
];
const oneHot = [
  [1, 0, 0],
  [0, 0, 1],
  [0, 1, 0],
  [0, 0, 1],
];
const labels = [0, 2, 1, 2];

/** What training by one batch reports of the loss, and leaves the weights where they are: TensorFlow.js' own computation. */
async function trainedLoss(
  model: tf.LayersModel,
  y: tf.Tensor | tf.Tensor[],
  loss: unknown,
  classWeight?: object,
): Promise<number> {
  const optimizer = tf.train.sgd(0);
  model.compile({ optimizer, loss: loss as string });
  const inputs = tf.tensor2d(x);
  const { history } = await model.fit(inputs, y, {
    epochs: 1,
    batchSize: x.length,
    shuffle: false,
    verbose: 0,
    ...(classWeight && { classWeight: classWeight as { [index: number]: number } }),
  });
  inputs.dispose();
  optimizer.dispose();
  return history.loss[0] as number;
}

/** What float32 leaves of a mean of some examples. */
const singlePrecision = { relative: 2e-6 };

function expectSameLoss(value: number, expected: number): void {
  expectClose(value, expected, singlePrecision);
  expectRejected(value * 1.00001, expected, singlePrecision);
}

describe('losses', () => {
  test('the names are all that TensorFlow.js has', () => {
    const source = readFileSync(
      createRequire(import.meta.url).resolve('@tensorflow/tfjs-layers/dist/losses.js'),
      'utf8',
    );
    const [, table] = present(/lossesMap = \{([^}]*)\}/.exec(source));
    const aliases = [...source.matchAll(/^export const (\w+) = \w+;/gm)].map(([, name]) => name);
    expect([...LOSS_NAMES].sort()).toEqual(
      [...table.split(',').map((name) => name.trim()), ...aliases].sort(),
    );
  });

  const canonical = LOSS_NAMES.filter((name) => !/^(ms|ma|kl|cosine$)/i.test(name));

  test.each(canonical)(
    '%s: the value that training has; right, and wrong with a wrong layer',
    async (name) => {
      const sparse = name.startsWith('sparse');
      const y = sparse ? tf.tensor2d(labels, [4, 1]) : tf.tensor2d(oneHot);
      const { numTensors } = tf.memory();
      const model = classifier();
      expectSameLoss(valueOf(model, x, y, name), await trainedLoss(model, y, name));
      expect(await verdictOf(model, x, y, name)).toBe('right');
      model.dispose();
      const wrong = classifier(true);
      expect(await verdictOf(wrong, x, y, name)).toBe('wrong');
      wrong.dispose();
      expect(tf.memory().numTensors).toBe(numTensors);
      y.dispose();
    },
  );

  test.each([
    ['mse', 'meanSquaredError'],
    ['MAE', 'meanAbsoluteError'],
    ['mape', 'meanAbsolutePercentageError'],
    ['msle', 'meanSquaredLogarithmicError'],
    ['kld', 'kullbackLeiblerDivergence'],
    ['cosine', 'cosineProximity'],
  ] as const)('%s is short for %s', (short, name) => {
    const model = classifier();
    const values = [short, name, 'hinge' as const].map((loss) => valueOf(model, x, oneHot, loss));
    expect(values[0]).toBe(values[1]);
    expect(values[0]).not.toBe(values[2]);
    model.dispose();
  });

  test('labels by rank 1 stand for [N,1], as in fit', () => {
    const model = classifier();
    const name = 'sparseCategoricalCrossentropy';
    expect(valueOf(model, x, labels, name)).toBe(
      valueOf(
        model,
        x,
        labels.map((label) => [label]),
        name,
      ),
    );
    model.dispose();
  });

  test('the loss that the model was compiled with, which stays compiled as it was', async () => {
    const model = classifier();
    const optimizer = tf.train.momentum(0.1, 0.9);
    model.compile({ optimizer, loss: 'poisson' });
    expect(valueOf(model, x, oneHot)).toBe(valueOf(model, x, oneHot, 'poisson'));
    expect(valueOf(model, x, oneHot)).not.toBe(valueOf(model, x, oneHot, 'logcosh'));
    expect(await verdictOf(model, x, oneHot)).toBe('right');
    await gradcheckModel(model, x, oneHot, 'hinge');
    expect(model.optimizer).toBe(optimizer);
    expect(model.loss).toBe('poisson');
    const plain = (target: tf.Tensor, prediction: tf.Tensor): tf.Tensor =>
      tf.squaredDifference(target, prediction);
    model.compile({ optimizer, loss: plain });
    expect(valueOf(model, x, oneHot)).toBeCloseTo(valueOf(model, x, oneHot, 'meanSquaredError'), 12);
    model.dispose();
    optimizer.dispose();
  });

  test('layers made later are named as if there had been no check', () => {
    const nameAfter = (check: boolean): number => {
      const model = classifier();
      const before = Number(present(/\d+$/.exec(tf.layers.dense({ units: 1 }).name))[0]);
      if (check) valueOf(model, x, oneHot, 'logcosh');
      model.dispose();
      return Number(present(/\d+$/.exec(tf.layers.dense({ units: 1 }).name))[0]) - before;
    };
    expect(nameAfter(true)).toBe(nameAfter(false));
  });
});

/** Two outputs, the second one optionally behind a wrong layer, from two inputs. */
function twoOutputs(wrong = false): tf.LayersModel {
  const input = tf.input({ shape: [4] });
  const shared = dense(3, 7, { activation: 'tanh' }).apply(input) as tf.SymbolicTensor;
  const kind = dense(3, 8, { activation: 'softmax', name: 'kind' }).apply(shared) as tf.SymbolicTensor;
  const before = wrong ? (new Doubled({}).apply(shared) as tf.SymbolicTensor) : shared;
  const size = dense(1, 9, { name: 'size' }).apply(before) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [kind, size] });
}
const sizes = [[0.5], [-1], [2], [0.25]];

/** Two inputs, whose sum is one output. */
function twoInputs(): tf.LayersModel {
  const [left, right] = ['left', 'right'].map((name) => tf.input({ shape: [2], name }));
  const sum = tf.layers.add().apply([left, right]) as tf.SymbolicTensor;
  return tf.model({ inputs: [left, right], outputs: dense(1, 3).apply(sum) as tf.SymbolicTensor });
}

describe('several outputs', () => {
  const given: [string, Args[2], Args[3]][] = [
    ['lists', [oneHot, sizes] as Args[2], ['categoricalCrossentropy', 'meanSquaredError']],
    ['objects', { size: sizes, kind: oneHot }, { size: 'mse', kind: 'categoricalCrossentropy' }],
    [
      'a function',
      { size: [0.5, -1, 2, 0.25], kind: oneHot },
      { size: (t, y) => tf.squaredDifference(t, y), kind: 'categoricalCrossentropy' },
    ],
  ];

  test.each(given)('%s: the sum of the losses that training has, right and wrong', async (_name, y, loss) => {
    const model = twoOutputs();
    const targets = [tf.tensor2d(oneHot), tf.tensor2d(sizes)];
    const expected = await trainedLoss(model, targets, ['categoricalCrossentropy', 'meanSquaredError']);
    expectSameLoss(valueOf(model, x, y, loss), expected);
    // With the losses exchanged it is another function.
    expect(Math.abs(valueOf(model, x, y, ['mse', 'mae']) - expected)).toBeGreaterThan(1e-3);
    expect(await verdictOf(model, x, y, loss)).toBe('right');
    expect(await verdictOf(twoOutputs(true), x, y, loss)).toBe('wrong');
    tf.dispose(targets);
  });

  test('one loss stands for every output', async () => {
    const model = twoOutputs();
    const targets = [tf.tensor2d(oneHot), tf.tensor2d(sizes)];
    const expected = await trainedLoss(model, targets, 'meanSquaredError');
    expectSameLoss(valueOf(model, x, targets, 'mse'), expected);
    tf.dispose(targets);
  });
});

describe('weights of examples and classes', () => {
  const classWeight = { 0: 1, 1: 0.5, 2: 3 };

  test.each<[string, Args[2], LossByName, () => tf.Tensor]>([
    ['one-hot', oneHot, 'categoricalCrossentropy', () => tf.tensor2d(oneHot)],
    ['class indices', labels, 'sparseCategoricalCrossentropy', () => tf.tensor2d(labels, [4, 1])],
  ])('classWeight of %s: the loss that fit has', async (_name, y, loss, target) => {
    const model = classifier();
    const targets = target();
    const expected = await trainedLoss(model, targets, loss, classWeight);
    expectSameLoss(valueOf(model, x, y, loss, { classWeight }), expected);
    expect(Math.abs(valueOf(model, x, y, loss) - expected)).toBeGreaterThan(1e-2);
    expect(await verdictOf(model, x, y, loss, { classWeight })).toBe('right');
    expect(await verdictOf(classifier(true), x, y, loss, { classWeight })).toBe('wrong');
    targets.dispose();
  });

  test('classWeight by output, as fit takes it', async () => {
    const model = twoOutputs();
    const targets = [tf.tensor2d(oneHot), tf.tensor2d(sizes)];
    const loss = ['categoricalCrossentropy', 'meanSquaredError'] as const;
    const expected = await trainedLoss(model, targets, [...loss], { kind: classWeight });
    expectSameLoss(valueOf(model, x, targets, loss, { classWeight: { kind: classWeight } }), expected);
    tf.dispose(targets);
  });

  // A weight of 2 is the same as the example twice, 0 as none: as many are left here.
  const sampleWeight = [2, 1, 0, 1];
  const rows = [0, 0, 1, 3];
  test.each<[string, ModelGradcheckOptions]>([
    ['numbers', { sampleWeight }],
    ['a typed array', { sampleWeight: Float32Array.from(sampleWeight) }],
    ['by the name of the output', { sampleWeight: { last: sampleWeight } }],
  ])('sampleWeight as %s: the loss of as many examples', async (_name, options) => {
    const model = classifier();
    const repeated = valueOf(
      model,
      rows.map((row) => x[row]),
      rows.map((row) => oneHot[row]),
      'categoricalCrossentropy',
    );
    expect(valueOf(model, x, oneHot, 'categoricalCrossentropy', options)).toBeCloseTo(repeated, 12);
    expect(await verdictOf(model, x, oneHot, 'categoricalCrossentropy', options)).toBe('right');
  });

  test('both multiply', () => {
    const model = classifier();
    const value = (options: ModelGradcheckOptions): number =>
      valueOf(model, x, oneHot, 'categoricalCrossentropy', options);
    const product = labels.map((label, n) => sampleWeight[n] * classWeight[label as 0]);
    expect(value({ sampleWeight, classWeight })).toBeCloseTo(value({ sampleWeight: product }), 12);
  });

  test('a loss with one number for each time step takes weights for both', () => {
    const model = tf.sequential({ layers: [dense(1, 3, { inputShape: [2, 2] })] });
    const steps = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
      [
        [1, 0],
        [0, 1],
      ],
    ];
    const y = [
      [[1], [0]],
      [[0], [1]],
      [[1], [1]],
    ];
    const value = (sampleWeight: Args[2]): number => valueOf(model, steps, y, 'mse', { sampleWeight });
    expect(value([1, 2, 3])).toBeCloseTo(
      value([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
      12,
    );
    expect(value([1, 2, 3])).not.toBeCloseTo(
      value([
        [1, 3],
        [2, 2],
        [3, 1],
      ]),
      3,
    );
  });
});

/** Drops half of its entries; its gradient forgets which where `wrong`. */
class OwnDropout extends tf.layers.Layer {
  static className = 'OwnDropout';
  constructor(private readonly wrong: boolean) {
    super({});
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const value = Array.isArray(inputs) ? inputs[0] : inputs;
    const mask = tf.cast(tf.greater(tf.randomUniform(value.shape), 0.5), 'float32');
    return withGradient(
      (a, kept) => tf.mul(a, kept),
      (dy, _a, kept) => [this.wrong ? dy : tf.mul(dy, kept), tf.zerosLike(kept)],
    )(value, mask);
  }
}

/** Noise from a source that no check can hold: it goes on from call to call. */
class Drifting extends tf.layers.Layer {
  static className = 'Drifting';
  private calls = 0;

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.add(Array.isArray(inputs) ? inputs[0] : inputs, Math.sin(++this.calls));
  }
}

describe('what is random, or goes on from call to call', () => {
  const sequence = tf.util.createShuffledIndices(24);
  const series = [0, 1].map((n) =>
    [0, 1, 2].map((t) => [0, 1].map((k) => sequence[n * 6 + t * 2 + k] / 8 - 1)),
  );
  const flat = (layer: tf.layers.Layer): tf.LayersModel =>
    tf.sequential({ layers: [dense(8, 11, { inputShape: [4] }), layer, dense(2, 12)] });
  const recurrent = (layer: tf.layers.Layer): tf.LayersModel =>
    tf.sequential({ layers: [layer, dense(2, 13)] });
  const shape = { batchInputShape: [2, 3, 2] };
  const units = {
    units: 3,
    kernelInitializer: initializer(1),
    recurrentInitializer: initializer(2),
    dropout: 0.5,
    recurrentDropout: 0.5,
    ...shape,
  };
  const target = [0, 1, 2, 3].map((n) => [n / 2, -n]);
  const cases: [string, () => tf.LayersModel, Args[1], Args[2]][] = [
    ['dropout', () => flat(tf.layers.dropout({ rate: 0.5 })), x, target],
    ['batchNormalization', () => flat(tf.layers.batchNormalization()), x, target],
    ['dropout with a seed of its own', () => flat(tf.layers.dropout({ rate: 0.5, seed: 7 })), x, target],
    ['gaussianNoise', () => flat(tf.layers.gaussianNoise({ stddev: 1 })), x, target],
    ['gaussianDropout', () => flat(tf.layers.gaussianDropout({ rate: 0.5 })), x, target],
    ['alphaDropout', () => flat(tf.layers.alphaDropout({ rate: 0.5 })), x, target],
    [
      'spatialDropout1d',
      () =>
        tf.sequential({
          layers: [
            tf.layers.spatialDropout1d({ rate: 0.5, inputShape: [3, 2] }),
            tf.layers.flatten(),
            dense(2, 12),
          ],
        }),
      series,
      target.slice(0, 2),
    ],
    ['a dropout layer of one’s own', () => flat(new OwnDropout(false)), x, target],
    ['simpleRNN', () => recurrent(tf.layers.simpleRNN(units)), series, target.slice(0, 2)],
    ['gru', () => recurrent(tf.layers.gru(units)), series, target.slice(0, 2)],
    ['lstm', () => recurrent(tf.layers.lstm(units)), series, target.slice(0, 2)],
    [
      'a stateful lstm',
      () => recurrent(tf.layers.lstm({ ...units, stateful: true })),
      series,
      target.slice(0, 2),
    ],
    [
      'stacked cells',
      () =>
        recurrent(
          tf.layers.rnn({
            cell: [tf.layers.lstmCell(units), tf.layers.gruCell(units)] as never,
            ...shape,
          }),
        ),
      series,
      target.slice(0, 2),
    ],
    [
      'a bidirectional gru',
      () =>
        recurrent(
          tf.layers.bidirectional({
            layer: tf.layers.gru(units),
            mergeMode: 'sum',
            ...shape,
          }),
        ),
      series,
      target.slice(0, 2),
    ],
  ];

  test.each(cases)('%s is held fast, and left as it was', async (_name, make, input, y) => {
    const { random } = Math;
    const model = make();
    const weights = (): number[][] => model.getWeights().map((weight) => Array.from(weight.dataSync()));
    const before = weights();
    const first = valueOf(model, input, y, 'mse', { training: true });
    const { numTensors } = tf.memory();
    // A recurrent evaluation takes long: all of its weights at once, along directions.
    const mode = input === x ? 'full' : 'fast';
    const report = await gradcheckModel(model, input, y, 'mse', { training: true, mode });
    // The bias before a batch normalization does nothing, and the check says so.
    const said = report.diagnosis.filter((sentence) => !/\/bias: .* because f is flat there/.test(sentence));
    expect([report.verdict, ...said]).toEqual(['right']);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(weights()).toEqual(before);
    expect(Math.random).toBe(random);
    // The same numbers from the same seed, others from another one, and none of them without training.
    expect(valueOf(model, input, y, 'mse', { training: true })).toBe(first);
    model.dispose();
  });

  test.each([
    ['dropout with a seed', () => flat(tf.layers.dropout({ rate: 0.5, seed: 7 }))],
    ['batch normalization', () => flat(tf.layers.batchNormalization())],
  ])('%s: in training the loss is the one that fit has, without another', async (_name, make) => {
    const model = make();
    const y = tf.tensor2d(target);
    const values = [true, false].map((training) => valueOf(model, x, y, 'mse', { training }));
    const expected = await trainedLoss(model, y, 'meanSquaredError');
    expectSameLoss(values[0], expected);
    expect(Math.abs(values[1] - expected)).toBeGreaterThan(1e-2);
    y.dispose();
  });

  test('a wrong layer behind batch normalization in training is wrong, and no other', async () => {
    const model = tf.sequential({
      layers: [dense(3, 11, { inputShape: [4] }), tf.layers.batchNormalization(), new Doubled({})],
    });
    const { inputs } = await gradcheckModel(model, x, target, 'mse', { training: true });
    const wrong = inputs.filter(({ verdict }) => verdict === 'wrong').map(({ name }) => name);
    expect(wrong).toEqual([expect.stringMatching(/doubled.*kernel/i)]);
  });

  test('another seed drops other entries, a layer’s own seed the same ones', () => {
    const values = (model: tf.LayersModel): number[] =>
      [1, 2].map((seed) => valueOf(model, x, target, 'mse', { training: true, seed }));
    const [one, two] = values(flat(tf.layers.dropout({ rate: 0.5 })));
    expect(one).not.toBe(two);
    const [own, ownToo] = values(flat(tf.layers.dropout({ rate: 0.5, seed: 7 })));
    expect(own).toBe(ownToo);
  });

  test('without training nothing is dropped', () => {
    const model = flat(tf.layers.dropout({ rate: 0.5 }));
    const values = [1, 2].map((seed) => valueOf(model, x, target, 'mse', { seed }));
    expect(values[0]).toBe(values[1]);
    expect(valueOf(model, x, target, 'mse', { training: true })).not.toBe(values[0]);
  });

  test('a dropout layer whose gradient forgets the mask is wrong; one that changes from call to call not deterministic', async () => {
    expect(await verdictOf(flat(new OwnDropout(true)), x, target, 'mse', { training: true })).toBe('wrong');
    expect(await verdictOf(flat(new Drifting({})), x, target, 'mse', { training: true })).toBe(
      'nondeterministic',
    );
  });

  test('the states and masks of recurrent layers that were in use stay', async () => {
    const layer = tf.layers.lstm({ ...units, stateful: true });
    const model = recurrent(layer);
    const input = tf.tensor3d(series);
    tf.dispose(model.apply(input, { training: true }) as tf.Tensor);
    const states = (): number[][] =>
      (layer as unknown as { states: tf.Tensor[] }).states.map((state) => Array.from(state.dataSync()));
    const { cell } = layer as unknown as { cell: { dropoutMask: tf.Tensor[] } };
    const [before, mask] = [states(), cell.dropoutMask];
    await gradcheckModel(model, series, target.slice(0, 2), 'mse', { training: true, mode: 'fast' });
    expect(states()).toEqual(before);
    expect(cell.dropoutMask).toBe(mask);
    expect(mask.every(({ isDisposed }) => !isDisposed)).toBe(true);
    // And it goes on from there: the next call moves them.
    tf.dispose(model.apply(input, { training: true }) as tf.Tensor);
    expect(states()).not.toEqual(before);
    input.dispose();
    model.dispose();
  });
});

test('all is as it was after an error in the loss', async () => {
  const { random } = Math;
  const model = classifier();
  const { numTensors } = tf.memory();
  const broken = (): tf.Tensor => {
    throw new Error('boo');
  };
  await expect(gradcheckModel(model, x, oneHot, broken)).rejects.toThrow('boo');
  expect(Math.random).toBe(random);
  expect(tf.memory().numTensors).toBe(numTensors);
  for (const weight of model.weights)
    expect(Object.keys(weight)).not.toEqual(expect.arrayContaining(['read']));
  model.dispose();
});

describe('bad input', () => {
  const model = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'out' })] });
  const classes = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], name: 'out' })] });
  const one = [[1, 2, 3]];
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'no model',
      () => gradcheckModel({}, [[1]], [[1]], 'meanSquaredError'),
      /model must be a tf\.LayersModel/,
    ],
    [
      'a model that is not built',
      () => gradcheckModel(tf.sequential({ layers: [] }), [[1]], [[1]], 'mse'),
      /not built.*inputShape/,
    ],
    [
      'an unknown loss',
      () => gradcheckModel(model(), one, [[1, 2]], 'loss' as 'meanSquaredError'),
      /or one of binaryCrossentropy, .*mse, .*got "loss"/,
    ],
    [
      'no loss for a model that was not compiled',
      () => gradcheckModel(model(), one, [[1, 2]]),
      /not compiled/,
    ],
    [
      'losses for outputs that are not there',
      () => gradcheckModel(model(), one, [[1, 2]], { other: 'mse' }),
      /loss must be given .* as \{out: …\}, got an object with the keys other/,
    ],
    [
      'a loss missing',
      () => gradcheckModel(twoOutputs(), x, [oneHot, sizes] as Args[2], { kind: 'mse' }),
      /loss must be a list of 2.*keys kind, size/,
    ],
    [
      'targets missing',
      () => gradcheckModel(twoOutputs(), x, { kind: oneHot }, 'mse'),
      /y must be a list of 2.*got an object with the keys kind/,
    ],
    [
      'inputs of another number',
      () => gradcheckModel(model(), [tf.ones([1, 3]), tf.ones([1, 3])], [[1, 2]], 'mse'),
      /x must be given for the one input/,
    ],
    [
      'nothing to train',
      () =>
        gradcheckModel(
          tf.sequential({ layers: [tf.layers.flatten({ inputShape: [3, 1] })] }),
          [[1, 2, 3]],
          [[1]],
          'meanSquaredError',
        ),
      /no trainable weights/,
    ],
    [
      'x of another shape',
      () => gradcheckModel(model(), [[1, 2]], [[1, 2]], 'meanSquaredError'),
      /gradcheck: f threw/,
    ],
    [
      'targets that only broadcast',
      () => gradcheckModel(model(), [...one, ...one], [1, 2], 'mse'),
      /y must have shape \[2,2\] .*got \[2,1\]/,
    ],
    [
      'one-hot targets for a sparse loss',
      () => gradcheckModel(classes(), one, [[0, 1, 0]], 'sparseCategoricalCrossentropy'),
      /y must have shape \[1,1\]/,
    ],
    [
      'a class without a weight',
      () =>
        gradcheckModel(classes(), one, [[0, 1, 0]], 'categoricalCrossentropy', {
          classWeight: { 0: 1, 2: 1 },
        }),
      /a weight for every class in y; it has none for 1/,
    ],
    [
      'weights of examples that are not there',
      () => gradcheckModel(model(), one, [[1, 2]], 'mse', { sampleWeight: [1, 2] }),
      /weights of shape \[2\], which do not fit a loss of shape \[1\]/,
    ],
    [
      'weights for a loss that is one number',
      () =>
        gradcheckModel(model(), one, [[1, 2]], (t, y) => tf.losses.meanSquaredError(t, y), {
          sampleWeight: [1],
        }),
      /do not fit a loss of shape \[\]/,
    ],
  ])('%s', async (_name, check, message) => {
    await expect(check()).rejects.toThrow(message);
  });
});

describe('what is read, without a check', () => {
  const one = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'out' })] });
  const row = [[1, 2, 3]];
  const target = [[1, 2]];
  const read = (x: unknown, y: unknown, loss: unknown, options: object = {}, model = one()) =>
    lossOfWeights(model, x as Args[1], y as Args[2], loss as Args[3], options);
  const refused = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as Error).message.replace(/^gradcheckModel: /, '…');
    }
    throw new Error('nothing was thrown');
  };

  test('weights first, by their names and with their values; then what is held fast', () => {
    const model = one();
    const { names, inputs, constant } = read(
      row,
      target,
      'mse',
      { sampleWeight: [2], classWeight: { 0: 1, 1: 3 } },
      model,
    );
    expect(names).toEqual(['out/kernel', 'out/bias', 'x 0', 'y', 'sampleWeight', 'classWeight']);
    expect(constant).toEqual([2, 3, 4, 5]);
    expect(inputs.slice(2)).toEqual([row, target, [2], [3]]);
    expect(inputs[0]).toBe(model.trainableWeights[0].read());
    const two = read(
      x,
      [oneHot, sizes],
      'mse',
      { classWeight: { kind: { 0: 1, 1: 1, 2: 1 } } },
      twoOutputs(),
    );
    expect(two.names.slice(6)).toEqual(['x 0', 'y kind', 'classWeight kind', 'y size']);
    expect(read(row, target, 'mse').names.slice(2)).toEqual(['x 0', 'y']);
  });

  test('by itself, in a list or by name; several in a list or by their names', () => {
    const value = (given: unknown, name: 'x' | 'y' | 'sampleWeight'): unknown => {
      const parts = { x: row, y: target, sampleWeight: [2], [name]: given };
      const { inputs } = read(parts.x, parts.y, 'mse', { sampleWeight: parts.sampleWeight });
      return inputs[2 + ['x', 'y', 'sampleWeight'].indexOf(name)];
    };
    const tensor = tf.ones([1, 3]);
    const typed = new Float32Array([1, 2, 3]);
    expect(value([tensor], 'x')).toBe(tensor);
    expect(value(tensor, 'x')).toBe(tensor);
    expect(value({ out: row }, 'y')).toBe(row);
    expect(value(typed, 'x')).toBe(typed);
    expect(value({ out_input: 7 }, 'x')).toBe(7);
    expect(value(3, 'sampleWeight')).toBe(3);
    expect(value([[4]], 'sampleWeight')).toEqual([[4]]);
    const weights = (sampleWeight: unknown): string[] =>
      read(x, [oneHot, sizes], 'mse', { sampleWeight }, twoOutputs()).names.slice(6);
    expect(weights([null, [1, 2, 3, 4]])).toEqual(['x 0', 'y kind', 'y size', 'sampleWeight size']);
    expect(weights({ size: undefined, kind: 2 })).toEqual(['x 0', 'y kind', 'sampleWeight kind', 'y size']);
    expect(weights(null)).toEqual(['x 0', 'y kind', 'y size']);
    tensor.dispose();
  });

  test.each<[string, () => unknown, string]>([
    [
      'a model that is none',
      () => read(row, target, 'mse', {}, 3 as never),
      '…model must be a tf.LayersModel (tf.model, tf.sequential), got number.',
    ],
    [
      'one that is not built',
      () => read(row, target, 'mse', {}, tf.sequential()),
      '…the model is not built, so that it has no weights yet. Give its first layer an inputShape.',
    ],
    [
      'one without weights',
      () =>
        read(row, target, 'mse', {}, tf.sequential({ layers: [tf.layers.flatten({ inputShape: [3, 1] })] })),
      '…the model has no trainable weights: there is nothing to check.',
    ],
    [
      'no loss',
      () => read(row, target, undefined),
      '…the model was not compiled, so that loss must be given: a name, a function, or one of them for each output.',
    ],
    [
      'x for another name',
      () => read({ other: row }, target, 'mse'),
      '…x must be given for the one input of the model, by itself or as {out_input: …}, got an object with the keys other.',
    ],
    [
      'y for another name',
      () => read(row, { other: target }, 'mse'),
      '…y must be given for the one output of the model, by itself or as {out: …}, got an object with the keys other.',
    ],
    [
      'no y',
      () => read(row, undefined, 'mse'),
      '…y must be given for the one output of the model, by itself or as {out: …}, got undefined.',
    ],
    [
      'two tensors for one input',
      () => read([tf.scalar(1), tf.scalar(2)], target, 'mse'),
      '…x must be given for the one input of the model, by itself or as {out_input: …}, got a list of 2.',
    ],
    [
      'one tensor for two outputs',
      () => read(x, tf.scalar(1), 'mse', {}, twoOutputs()),
      '…y must be a list of 2, one for each output of the model, or an object with the keys kind, size, got one tensor.',
    ],
    [
      'three for two outputs',
      () => read(x, [1, 2, 3], 'mse', {}, twoOutputs()),
      '…y must be a list of 2, one for each output of the model, or an object with the keys kind, size, got a list of 3.',
    ],
    [
      'a part of two outputs',
      () => read(x, { kind: oneHot, size: 'x' }, 'mse', {}, twoOutputs()),
      '…y must be a list of 2, one for each output of the model, or an object with the keys kind, size, got an object with the keys kind, size.',
    ],
    [
      'a y that lacks one of two outputs',
      () => read(x, [oneHot, null], 'mse', {}, twoOutputs()),
      '…y must be a list of 2, one for each output of the model, or an object with the keys kind, size, got a list of 2.',
    ],
    [
      'weights of examples that are none',
      () => read(row, target, 'mse', { sampleWeight: 'heavy' }),
      '…sampleWeight must be given for the one output of the model, by itself or as {out: …}, got heavy.',
    ],
    [
      'weights of classes that are none',
      () => read(row, target, 'mse', { classWeight: { 0: 1, 1: 'heavy' } }),
      '…classWeight must be given for the one output of the model, by itself or as {out: …}, got an object with the keys 0, 1.',
    ],
    [
      'weights of examples one of which is none',
      () => read(x, [oneHot, sizes], 'mse', { sampleWeight: ['heavy', [1, 2, 3, 4]] }, twoOutputs()),
      '…sampleWeight must be a list of 2, one for each output of the model, or an object with the keys kind, size, got a list of 2.',
    ],
    [
      'one x for two inputs',
      () => read(tf.scalar(1), target, 'mse', {}, twoInputs()),
      '…x must be a list of 2, one for each input of the model, or an object with the keys left, right, got one tensor.',
    ],
    [
      'a class without a weight',
      () => read(row, target, 'mse', { classWeight: { 0: 1 } }),
      '…classWeight must have a weight for every class in y; it has none for 1.',
    ],
    [
      'classes of more axes',
      () => read(row, [[[1, 2]]], 'mse', { classWeight: { 0: 1 } }),
      '…classWeight needs targets that are one-hot [N,K] or class indices [N] or [N,1], got [1,1,2].',
    ],
    [
      'classes that are not there',
      () => read(row, [[]], 'mse', { classWeight: { 0: 1 } }),
      '…classWeight needs targets that are one-hot [N,K] or class indices [N] or [N,1], got [1,0].',
    ],
  ])('%s', (_name, f, message) => {
    expect(refused(f)).toBe(message);
  });

  test('class indices of time steps, [N,T,1]', () => {
    const model = tf.sequential({ layers: [dense(3, 3, { inputShape: [2, 2], activation: 'softmax' })] });
    const steps = [
      [
        [1, 2],
        [3, 4],
      ],
    ];
    const of = (y: number[][][]): number => valueOf(model, steps, y, 'sparseCategoricalCrossentropy');
    expect(of([[[0], [2]]])).toBeGreaterThan(0);
    expect(refused(() => of([[[0, 2]]]))).toMatch(
      /^…y must have shape \[1,2,1\] for the loss .* got \[1,1,2\]\.$/,
    );
    model.dispose();
  });

  test('targets and weights of another shape than the loss has', () => {
    const of =
      (y: number[][], loss: LossByName, sampleWeight?: unknown): (() => unknown) =>
      () => {
        const { f, inputs } = read([...row, ...row], y, loss, { sampleWeight });
        tf.tidy(() => f(...inputs.map((input) => tf.tensor(toNumbers(input)))));
      };
    const y = [...target, ...target];
    expect(of(y, 'mse')).not.toThrow();
    expect(refused(of([[1], [2]], 'mse'))).toBe(
      '…y must have shape [2,2] for the loss mse of the output out, got [2,1].',
    );
    expect(refused(of(y, 'sparseCategoricalCrossentropy'))).toBe(
      '…y must have shape [2,1] for the loss sparseCategoricalCrossentropy of the output out, got [2,2].',
    );
    for (const [weight, shape] of [
      [[1, 2, 3], '[3]'],
      [[[1, 2]], '[1,2]'],
      [2, '[]'],
    ] as const) {
      expect(refused(of(y, 'mse', weight))).toBe(
        `…sampleWeight and classWeight give weights of shape ${shape}, which do not fit a loss of shape [2]: one weight an example is wanted, and a loss that has one number for each.`,
      );
    }
  });

  test('a loss that is none is refused with all that there are', () => {
    expect(refused(() => read(row, target, 'mes'))).toBe(
      `…loss must be a function of target and prediction, or one of ${LOSS_NAMES.join(', ')}, got "mes".`,
    );
    expect(refused(() => read(row, target, 'toString'))).toMatch(/got "toString"\.$/);
  });

  test('applyWithWeights wants a tensor for every weight', () => {
    const model = one();
    const given = [tf.ones([3, 2]), tf.tensor1d([10, 20])];
    const at = tf.tensor2d(row);
    const y = applyWithWeights(model, given, at, false);
    expect(Array.from(y.dataSync())).toEqual([16, 26]);
    expect(refused(() => applyWithWeights(model, given.slice(1), at, false))).toBe(
      'applyWithWeights: the model has 2 weights, got 1 tensors for them.',
    );
    tf.dispose([...given, at, y]);
    model.dispose();
  });
});

describe('what is held while a model runs', () => {
  test('weights read as other tensors, and are not written to; afterwards they are their own again', () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [2] }), tf.layers.batchNormalization()],
    });
    const all = weightsOf(model);
    expect(trainableWeightsOf(model).map(({ originalName }) => originalName)).toHaveLength(4);
    expect(all).toHaveLength(6);
    const before = all.map((weight) => weight.read());
    const other = tf.tensor2d([[7], [8]]);
    const inside = withWeights(all, all.slice(0, 1), [other], () => {
      all[5].write(tf.ones([1]));
      return all.map((weight) => weight.read());
    });
    expect(inside[0]).toBe(other);
    expect(inside.slice(1)).toEqual(before.slice(1));
    expect(all.map((weight) => weight.read())).toEqual(before);
    for (const weight of all)
      expect(['read', 'write'].filter((name) => isReplaced(weight, name))).toEqual([]);
    other.dispose();
    model.dispose();
  });

  test('Math.random gives the same numbers from the same seed, between 0 and 1', () => {
    const numbers = (seed: number): number[] =>
      withFixedRandom(seed, () => Array.from({ length: 50 }, () => Math.random()));
    const own = Math.random;
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
    expect(numbers(3).every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.max(...numbers(3)) - Math.min(...numbers(3))).toBeGreaterThan(0.5);
    expect(Math.random).toBe(own);
  });

  test('dropout masks are put aside, and come back; those drawn in between are freed', () => {
    const [mask, drawn] = [tf.ones([2]), tf.zeros([2])];
    const cell: Record<string, unknown> = { dropoutMask: mask, recurrentDropoutMask: null };
    const plain: Record<string, unknown> = {};
    const model = { layers: [{ cell }, { forwardLayer: { cells: [plain] } }] } as unknown as tf.LayersModel;
    withRecurrentState(model, () => {
      expect(cell).toEqual({ dropoutMask: null, recurrentDropoutMask: null });
      expect(plain).toEqual({});
      Object.assign(cell, { dropoutMask: drawn });
    });
    expect(cell.dropoutMask).toBe(mask);
    expect(cell.recurrentDropoutMask).toBeNull();
    expect(plain).toEqual({});
    expect([mask.isDisposed, drawn.isDisposed]).toEqual([false, true]);
    mask.dispose();
  });

  test('layers that keep states do not reset them; only theirs is put aside, and comes back', () => {
    const layer = tf.layers.simpleRNN({ units: 2, stateful: true, batchInputShape: [1, 2, 2] });
    const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 1 })] });
    const reset = (): boolean => isReplaced(layer, 'resetStates');
    const others = (): boolean =>
      isReplaced(model.layers[1], 'resetStates') || isReplaced(model, 'resetStates');
    expect(withRecurrentState(model, () => [reset(), others()])).toEqual([true, false]);
    expect([reset(), others()]).toEqual([false, false]);
    expect(() =>
      withRecurrentState(model, () => {
        throw new Error('boo');
      }),
    ).toThrow('boo');
    expect(reset()).toBe(false);
    model.dispose();
  });
});
