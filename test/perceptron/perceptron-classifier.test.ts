/** The perceptron rule against Novikoff's bound, and against a second run of it in whole numbers of any size. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { last } from '../../src/collections.js';
import { InputError } from '../../src/errors.js';
import { and, nand, or, xor } from '../../src/perceptron/logic-gates.js';
import { PerceptronClassifier } from '../../src/perceptron/perceptron-classifier.js';
import { selectBackend } from '../../src/backends/select.js';
import { present } from '../support/present.js';

await selectBackend('cpu');

const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const table = (gate: (x1: number, x2: number) => number) => corners.map(([x1, x2]) => gate(x1, x2));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((value, k) => value * b[k]));
const outputs = (classifier: PerceptronClassifier, x: tf.TensorLike) =>
  tf.tidy(() => Array.from(classifier.predict(x).dataSync()));

/** The state [w…, b] after each epoch, the start first, by the rule written out in BigInt. */
function epochEnds(x: number[][], t: number[], epochs: number): string[] {
  let state = new Array<bigint>(x[0].length + 1).fill(0n);
  const ends = [state.join()];
  for (let epoch = 0; epoch < epochs; epoch++) {
    x.forEach((row, n) => {
      const input = [...row, 1].map(BigInt);
      const total = input.reduce((all, value, k) => all + value * state[k], 0n);
      const error = BigInt(t[n]) - (total > 0n ? 1n : 0n);
      state = state.map((value, k) => value + error * input[k]);
    });
    ends.push(state.join());
  }
  return ends;
}

/** Whole-numbered points at least 1 off the plane of a hidden unit, and that unit with its bias last. */
const separable = fc
  .integer({ min: 1, max: 3 })
  .chain((size) => {
    const vector = (length: number, reach: number) =>
      fc.array(fc.integer({ min: -reach, max: reach }), { minLength: length, maxLength: length });
    return fc.record({
      hidden: vector(size + 1, 4),
      points: fc.array(vector(size, 6), { minLength: 1, maxLength: 15 }),
    });
  })
  .map(({ hidden, points }) => ({ hidden, x: points.filter((point) => dot(hidden, [...point, 1]) !== 0) }))
  .filter(({ x }) => x.length > 0)
  .map(({ hidden, x }) => ({ hidden, x, t: x.map((point) => (dot(hidden, [...point, 1]) > 0 ? 1 : 0)) }));

describe('on separable data', () => {
  test('ends within Novikoff’s (R/γ)² mistakes, all examples right, in order and shuffled', () => {
    fc.assert(
      fc.property(separable, fc.option(fc.integer(), { nil: undefined }), ({ hidden, x, t }, seed) => {
        const augmented = x.map((point) => [...point, 1]);
        const radius2 = Math.max(...augmented.map((point) => dot(point, point)));
        const least = Math.min(...augmented.map((point) => Math.abs(dot(hidden, point))));
        const bound = (radius2 * dot(hidden, hidden)) / least ** 2;

        const classifier = new PerceptronClassifier();
        const { converged, epochs, mistakes, cycle } = classifier.fit(x, t, {
          maxEpochs: Math.floor(bound) + 1,
          seed,
        });
        expect({ converged, cycle }).toEqual({ converged: true, cycle: undefined });
        expect(sum(mistakes)).toBeLessThanOrEqual(bound);
        expect(mistakes).toHaveLength(epochs);
        expect(mistakes.at(-1)).toBe(0);
        expect(outputs(classifier, x)).toEqual(t);
        expect(tf.tidy(() => Array.from(classifier.unit.predict(x).dataSync()))).toEqual(t);
      }),
    );
  });

  test('the bound can fail: XOR makes more mistakes than any margin would allow AND', () => {
    // AND by w = (2, 2), b = -3: γ² = 1/17, R² = 3, so 51 mistakes at most. Shuffled XOR goes past it.
    const allowed = 51;
    expect(sum(new PerceptronClassifier().fit(corners, table(and)).mistakes)).toBeLessThanOrEqual(allowed);
    const { mistakes } = new PerceptronClassifier().fit(corners, table(xor), { seed: 1, maxEpochs: 100 });
    expect(sum(mistakes)).toBeGreaterThan(allowed);
  });

  test.each([
    ['and', and],
    ['nand', nand],
    ['or', or],
  ])('learns %s, to the weights of the rule in BigInt', (_, gate) => {
    const classifier = new PerceptronClassifier();
    const { converged, epochs } = classifier.fit(corners, table(gate));
    expect(converged).toBe(true);
    const { weights, bias } = classifier.unit;
    expect([...weights, bias].join()).toBe(epochEnds(corners, table(gate), epochs).at(-1));
    expect(outputs(classifier, corners)).toEqual(table(gate));
  });

  test('the learning rate only scales the weights (a power of two, so without rounding)', () => {
    const [plain, eighth] = [new PerceptronClassifier(), new PerceptronClassifier()];
    expect(eighth.fit(corners, table(nand), { learningRate: 0.125 })).toEqual(
      plain.fit(corners, table(nand)),
    );
    expect(eighth.unit.weights).toEqual(plain.unit.weights.map((weight) => weight / 8));
  });
});

describe('on XOR', () => {
  test('proves that it never ends: the weights of an epoch come again, with mistakes between', () => {
    const { converged, epochs, mistakes, cycle } = new PerceptronClassifier().fit(corners, table(xor));
    expect(converged).toBe(false);
    const { from, length } = present(cycle);
    expect(from + length).toBe(epochs);
    expect(sum(mistakes.slice(from))).toBeGreaterThan(0);
    const ends = epochEnds(corners, table(xor), from + 20 * length);
    expect(ends.indexOf(ends[epochs])).toBe(from);
    for (let epoch = from; epoch + length < ends.length; epoch++)
      expect(ends[epoch + length]).toBe(ends[epoch]);
  });

  test('a cycle of any inseparable whole-numbered data is the one BigInt walks', () => {
    // Each point has a twin of the other class, so that no unit has both right.
    const points = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(points, (half) => {
        const x = [...half, ...half].map((point) => [...point]);
        const t = x.map((_, n) => (n < half.length ? 1 : 0));
        const { converged, cycle } = new PerceptronClassifier().fit(x, t, { maxEpochs: 5000 });
        expect(converged).toBe(false);
        const ends = epochEnds(x, t, present(cycle).from + present(cycle).length);
        expect(ends.indexOf(last(ends))).toBe(present(cycle).from);
      }),
    );
  });

  test('shuffled, it reports no cycle and uses up its epochs; the same seed gives the same run', () => {
    const run = (seed: number) =>
      new PerceptronClassifier().fit(corners, table(xor), { seed, maxEpochs: 40 });
    expect(run(5)).toMatchObject({ converged: false, epochs: 40 });
    expect(run(5)).not.toHaveProperty('cycle');
    expect(run(5)).toEqual(run(5));
    expect(run(6).mistakes).not.toEqual(run(5).mistakes);
  });
});

describe('arguments', () => {
  test('tensors and arrays give the same, and no tensor is left', () => {
    const [x, t] = [tf.tensor2d(corners), tf.tensor1d(table(or), 'int32')];
    const before = tf.memory().numTensors;
    const classifier = new PerceptronClassifier();
    expect(classifier.fit(x, t)).toEqual(new PerceptronClassifier().fit(corners, table(or)));
    expect(tf.memory().numTensors).toBe(before);
    const [batch, single, none] = [
      classifier.predict(x),
      classifier.predict([0, 1]),
      classifier.predict(tf.zeros([0, 2])),
    ];
    expect(tf.memory().numTensors).toBe(before + 4);
    expect([batch.shape, single.shape, none.shape]).toEqual([[4], [], [0]]);
    expect(single.dataSync()[0]).toBe(1);
  });

  const fitting = [
    ['a single vector', [1, 2], [1], {}, /shape \[N,D\].*got \[2\]/],
    ['no examples', tf.zeros([0, 2]), [], {}, /at least one example/],
    ['too few targets', corners, [0, 1], {}, /t must have shape \[4\].*got \[2\]/],
    ['targets of −1', corners, [-1, 1, 1, 1], {}, /0 or 1, got -1/],
    ['NaN', [[NaN, 1]], [1], {}, /x must be finite/],
    ['a learning rate of 0', corners, [0, 1, 1, 0], { learningRate: 0 }, /learningRate/],
    ['no epochs', corners, [0, 1, 1, 0], { maxEpochs: 0.5 }, /maxEpochs/],
    ['a seed with a fraction', corners, [0, 1, 1, 0], { seed: 0.5 }, /seed/],
    [
      'a learning rate that overflows',
      [[3e38], [-3e38], [1]],
      [1, 0, 1],
      { learningRate: 1e300 },
      /overflow/,
    ],
  ] as const;
  test.each(fitting)('fit refuses %s and keeps what it had learned', (_, x, t, options, message) => {
    const classifier = new PerceptronClassifier();
    classifier.fit(corners, table(and));
    const attempt = () => classifier.fit(x, t, options);
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
    expect(outputs(classifier, corners)).toEqual(table(and));
  });

  test('predict refuses another number of columns, and everything before fit', () => {
    const classifier = new PerceptronClassifier();
    expect(() => classifier.predict(corners)).toThrow(/call fit first/);
    expect(() => classifier.unit).toThrow(InputError);
    classifier.fit(corners, table(and));
    expect(() => classifier.predict([[1, 2, 3]])).toThrow(/2 columns.*got 3/);
  });
});
