import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { sigmoid, softmax } from '../../src/functions/activations.js';
import type { TensorInput } from '../../src/functions/arguments.js';
import {
  binaryCrossEntropy,
  crossEntropy,
  halfSumSquaredError,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  softmaxCrossEntropy,
  type Reduction,
} from '../../src/functions/losses.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import {
  expectClose,
  expectRejected,
  largestFloat32,
  smallestNormal,
  type Tolerance,
} from '../support/close.js';
import { fixtures, tensorOf, type LossCase } from '../support/fixtures.js';
import { present } from '../support/present.js';

interface Options {
  reduction?: Reduction;
  delta?: number;
  epsilon?: number;
}
type Loss = (y: TensorInput, t: TensorInput, options?: Options) => tf.Tensor;

const ofResiduals: Record<string, Loss> = {
  meanSquaredError,
  halfSumSquaredError,
  rootMeanSquaredError,
  meanAbsoluteError,
  huber,
};
const ofClasses: Record<string, Loss> = { crossEntropy, softmaxCrossEntropy };
const losses: Record<string, Loss> = { ...ofResiduals, ...ofClasses, binaryCrossEntropy };
const reductions: Reduction[] = ['mean', 'sum', 'none'];

/** The gap between 1 and the next float32 number. */
const ulp = 2 ** -23;
const ulps = (count: number): Tolerance => ({ ulps: count, absolute: smallestNormal });

/**
 * What float32 needs: the worst entry measured on the three backends, and up to one unit more, for value, gradients, and
 * gradients of the gradient. Next to a log of a probability near 1, and where terms cancel, the error is measured against 1.
 */
const tolerances: Record<string, [value: Tolerance, gradient: Tolerance, second: Tolerance]> = {
  meanSquaredError: [ulps(2), ulps(2), ulps(2)],
  halfSumSquaredError: [ulps(2), ulps(2), ulps(2)],
  rootMeanSquaredError: [ulps(2), ulps(3), { ulps: 3, maxRelativeToLargest: 2 * ulp }],
  meanAbsoluteError: [ulps(2), ulps(2), ulps(2)],
  huber: [ulps(2), ulps(2), ulps(2)],
  crossEntropy: [{ ulps: 2, absolute: 2 * ulp }, { ulps: 2, absolute: 2 * ulp }, ulps(3)],
  binaryCrossEntropy: [{ ulps: 2, absolute: 2 * ulp }, { ulps: 5, absolute: 2 * ulp }, ulps(4)],
  softmaxCrossEntropy: [{ ulps: 2, absolute: ulp }, { ulps: 2, absolute: 2 * ulp }, { absolute: 3 * ulp }],
};

/** `expected` with every entry off by 1/10,000 of the largest. */
function slightlyOff(expected: number[]): number[] {
  const largest = Math.max(...expected.map(Math.abs));
  return expected.map((entry) => entry + (largest > smallestNormal ? largest : 1) / 1e4);
}

function expectOnly(actual: tf.Tensor, expected: number[], tolerance: Tolerance): void {
  expectClose(actual, expected, tolerance);
  expectRejected(slightlyOff(expected), expected, tolerance);
}

const numbersOf = (x: tf.Tensor): number[] => Array.from(x.dataSync<'float32'>());
const nonFinite = (x: tf.Tensor): number[] => numbersOf(x).filter((entry) => !Number.isFinite(entry));
/** The gradients by y and by t. */
const gradientsOf = (f: Loss, y: tf.Tensor, t: tf.Tensor, options?: Options): tf.Tensor[] =>
  tf.grads((y: tf.Tensor, t: tf.Tensor) => tf.sum(f(y, t, options)))([y, t]);

const title = (c: LossCase): [string, LossCase] => {
  const options = Object.entries(c.options).map(([key, value]) => `, ${key} ${value}`);
  return [`${c.name}, ${c.case}${options.join('')}`, c];
};

describeOnEachBackend('losses against PyTorch in float64', () => {
  test.each(fixtures.losses.map(title))('%s', (_title, c) => {
    const [valueTolerance, gradientTolerance, secondTolerance] = tolerances[c.name];
    const f = (y: tf.Tensor, t: tf.Tensor): tf.Tensor => losses[c.name](y, t, c.options);
    const y = tensorOf(c.y);
    const t = tensorOf(c.t, c.labels ? 'int32' : 'float32');
    const cotangent = tf.tensor(c.cotangent, c.value.shape);
    const gradientOfY = (y: tf.Tensor, t: tf.Tensor): tf.Tensor =>
      tf.grad((y: tf.Tensor) => f(y, t))(y, cotangent);

    expect(f(y, t).shape).toEqual(c.value.shape);
    expectOnly(f(y, t), c.value.values, valueTolerance);
    expect(gradientOfY(y, t).shape).toEqual(c.y.shape);
    expectOnly(gradientOfY(y, t), c.gradientOfY, gradientTolerance);
    if (c.gradientOfT !== null) {
      const gradientOfT = tf.grad((t: tf.Tensor) => f(y, t))(t, cotangent);
      expect(gradientOfT.shape).toEqual(c.t.shape);
      expectOnly(gradientOfT, c.gradientOfT, gradientTolerance);
    }
    if (c.secondOfY === undefined) return;
    const direction = tf.tensor(present(c.direction), c.y.shape);
    expectOnly(tf.grad((y: tf.Tensor) => gradientOfY(y, t))(y, direction), c.secondOfY, secondTolerance);
    if (c.secondOfT === null) return;
    expectOnly(
      tf.grad((t: tf.Tensor) => gradientOfY(y, t))(t, direction),
      present(c.secondOfT),
      secondTolerance,
    );
  });

  test('the same tolerances reject the usual mistakes', () => {
    const square = (y: tf.Tensor, t: tf.Tensor): tf.Tensor => tf.squaredDifference(y, t);
    const mistakes: [string, string, string, (y: tf.Tensor, t: tf.Tensor) => tf.Tensor][] = [
      ['½ or not', 'meanSquaredError', 'random', (y, t) => tf.mul(tf.mean(square(y, t)), 0.5)],
      ['mean of a row’s sum', 'meanSquaredError', 'random', (y, t) => tf.mean(tf.sum(square(y, t), -1))],
      ['½ or not', 'halfSumSquaredError', 'default reduction', (y, t) => tf.sum(square(y, t))],
      ['no root', 'rootMeanSquaredError', 'random', (y, t) => tf.mean(square(y, t))],
      ['root of the mean of roots', 'rootMeanSquaredError', 'random', (y, t) => tf.mean(tf.sqrt(square(y, t)))],
      ['no absolute value', 'meanAbsoluteError', 'random', (y, t) => tf.mean(tf.sub(y, t))],
      ['no -δ/2', 'huber', 'defaults', (y, t) => tf.mean(tf.minimum(tf.mul(square(y, t), 0.5), tf.abs(tf.sub(y, t))))],
      ['mean over all entries', 'crossEntropy', 'soft targets', (y, t) => tf.neg(tf.mean(tf.mul(t, tf.log(tf.add(y, 1e-7)))))],
      ['another ε', 'crossEntropy', 'probabilities of exactly 0 and 1', (y, t) => crossEntropy(y, t, { epsilon: 1.001e-7 })],
      ['softmax twice', 'softmaxCrossEntropy', 'soft targets', (a, t) => softmaxCrossEntropy(softmax(a), t)],
      ['one class alone', 'binaryCrossEntropy', 'random', (y, t) => tf.neg(tf.mean(tf.mul(t, tf.log(tf.add(y, 1e-7)))))],
    ]; // prettier-ignore
    for (const [mistake, name, kind, f] of mistakes) {
      const c = present(
        fixtures.losses.find((c) => c.name === name && c.case === kind && c.options.reduction !== 'none'),
      );
      const [y, t] = [tensorOf(c.y), tensorOf(c.t)];
      const [value, gradient] = tolerances[name];
      expect(mistake).toBeTruthy();
      expectRejected(f(y, t), c.value.values, value);
      expectRejected(
        tf.grad((y: tf.Tensor) => f(y, t))(y, tf.scalar(c.cotangent[0])),
        c.gradientOfY,
        gradient,
      );
    }
  });

  test('formulas as written fail where these hold', () => {
    const saturated = present(
      fixtures.losses.find((c) => c.name === 'softmaxCrossEntropy' && c.case === 'saturated, soft'),
    );
    const [a, t] = [tensorOf(saturated.y), tensorOf(saturated.t)];
    const naive = tf.neg(tf.mean(tf.sum(tf.mul(t, tf.log(softmax(a))), -1)));
    expectRejected(naive, saturated.value.values, tolerances['softmaxCrossEntropy'][0]);

    const squares = present(fixtures.losses.find((c) => c.case === 'only the squares overflow'));
    const rms = tf.sqrt(tf.mean(tf.squaredDifference(tensorOf(squares.y), tensorOf(squares.t))));
    expectRejected(rms, squares.value.values, tolerances['rootMeanSquaredError'][0]);

    const kinks = present(fixtures.losses.find((c) => c.name === 'huber' && c.case === 'extremes'));
    const [u, v] = [tensorOf(kinks.y), tensorOf(kinks.t)];
    expectRejected(tf.squaredDifference(u, v), kinks.value.values, tolerances['huber'][0]);
  });
});

describeOnEachBackend('losses at the edges', () => {
  const m = largestFloat32;

  test.each(Object.keys(ofResiduals))(
    '%s: finite in, finite out, in the value, the gradients, and gradients of them',
    (name) => {
      const y = tf.tensor1d([m, -m, m, 3e38, 1e4, -1e4, 0, 1e-45, 1e-30, 1]);
      const t = tf.tensor1d([-m, m, m, 0, -1e4, -1e4, 0, 0, 0, 1.5]);
      for (const reduction of reductions) {
        for (const delta of name === 'huber' ? [1e-30, 1, 1e30, 1e300] : [1]) {
          const options = { reduction, delta };
          const f = losses[name];
          const second = tf.grad((y: tf.Tensor) => gradientsOf(f, y, t, options)[0])(y);
          const results = [f(y, t, options), ...gradientsOf(f, y, t, options), second];
          expect(results.flatMap(nonFinite)).toEqual([]);
        }
      }
    },
  );

  test('a gradient is linear in its cotangent, also where a residual overflows', () => {
    const y = tf.tensor1d([m, -m, 1]);
    const t = tf.tensor1d([-m, 0, 3]);
    const gradient = (dy: tf.Tensor): tf.Tensor =>
      tf.grad((y: tf.Tensor) => halfSumSquaredError(y, t, { reduction: 'none' }))(y, dy);
    // Closed form: the derivative of dy·(y - t) by dy is y - t, here times a direction that keeps it finite.
    const ofCotangent = tf.grad(gradient)(tf.tensor1d([0.25, 0.5, 1]), tf.tensor1d([0.25, 1, 1]));
    expectClose(ofCotangent, [m / 2, -m, -2]);
    expectRejected(ofCotangent, [m / 2, -m, -2.001]);
  });

  test('rootMeanSquaredError: both gradients are 0 where every residual is 0', () => {
    const y = tf.tensor1d([1, -2, 3e38]);
    for (const reduction of reductions) {
      expectClose(rootMeanSquaredError(y, y, { reduction }), reduction === 'none' ? [0, 0, 0] : [0]);
      for (const gradient of gradientsOf(rootMeanSquaredError, y, tf.clone(y), { reduction })) {
        expectClose(gradient, [0, 0, 0]);
      }
    }
    const naive = tf.grad((y: tf.Tensor) => tf.sqrt(tf.mean(tf.squaredDifference(y, [1, -2, 3e38]))));
    expectRejected(naive(y), [0, 0, 0]);
  });

  test('at the kinks: PyTorch’s subgradient, 0 for |r| at 0 and ±δ for huber at ±δ', () => {
    const y = tf.tensor1d([1, 0.5, -0.5]);
    const t = tf.tensor1d([1, 0, 0]);
    const [ofAbsolute] = gradientsOf(meanAbsoluteError, y, t, { reduction: 'sum' });
    expectClose(ofAbsolute, [0, 1, -1]);
    const plain = tf.grad((y: tf.Tensor) => tf.sum(tf.abs(tf.sub(y, t))))(y);
    expectRejected(plain, [0, 1, -1]);
    const [ofHuber] = gradientsOf(huber, y, t, { reduction: 'sum', delta: 0.5 });
    expectClose(ofHuber, [0, 0.5, -0.5]);
  });

  test('a probability of exactly 0: -ln ε and -1/ε; without ε the largest finite float', () => {
    const y = tf.tensor1d([0, 1]);
    const t = tf.tensor1d([1, 0]);
    // Closed form, with the ε that float32 holds.
    const epsilon = Math.fround(1e-7);
    expectClose(crossEntropy(y, t), [-Math.log(epsilon)], { ulps: 1 });
    expectRejected([-Math.log(1.00001 * epsilon)], [-Math.log(epsilon)], { ulps: 1 });
    expectClose(gradientsOf(crossEntropy, y, t)[0], [-1 / epsilon, 0], { ulps: 1 });
    expectClose(binaryCrossEntropy(y, t, { reduction: 'sum' }), [-2 * Math.log(epsilon)], { ulps: 1 });

    for (const f of [crossEntropy, binaryCrossEntropy]) {
      expectClose(f(y, t, { epsilon: 0 }), [largestFloat32]);
      expectClose(f(t, t, { epsilon: 0 }), [0]);
      for (const target of [y, t]) {
        expect(gradientsOf(f, y, target, { epsilon: 0 }).flatMap(nonFinite)).toEqual([]);
      }
    }
    expectClose(gradientsOf(crossEntropy, y, t, { epsilon: 0 })[0], [-largestFloat32, 0]);
    expectRejected(tf.neg(tf.sum(tf.mul(t, tf.log(y)))), [largestFloat32]);
  });

  test('softmaxCrossEntropy: finite for every finite logit, in the value and the gradients', () => {
    const logits = tf.tensor2d([m, -m, 0, -m, -m, -m, m, m, m, 1e4, -1e4, 0, 0, 0, 0], [5, 3]);
    for (const reduction of reductions) {
      for (const label of [0, 1, 2]) {
        const t = tf.oneHot(tf.fill([5], label, 'int32'), 3).toFloat();
        const results = [
          softmaxCrossEntropy(logits, t, { reduction }),
          ...gradientsOf(softmaxCrossEntropy, logits, t, { reduction }),
        ];
        expect(results.flatMap(nonFinite)).toEqual([]);
      }
    }
  });

  test('a probability below 0 or above 1 is none: NaN', () => {
    expectClose(crossEntropy([-0.1, 1.1], [0, 1]), [NaN]);
    expectClose(
      binaryCrossEntropy([-0.1, 1.1, 0.5], [0, 1, 1], { reduction: 'none' }),
      [NaN, NaN, Math.LN2],
      {
        ulps: 5,
      },
    );
  });

  test.each(Object.keys(losses))(
    '%s: NaN in y or t gives NaN, at a place where the target is 0 too',
    (name) => {
      const f = losses[name];
      const good = [
        [0.25, 0.75],
        [0.5, 0.5],
      ];
      const targets = [
        [0, 1],
        [1, 0],
      ];
      for (const column of [0, 1]) {
        const bad = [good[0], good[1].map((entry, i) => (i === column ? NaN : entry))];
        const badTargets = [targets[0], targets[1].map((entry, i) => (i === column ? NaN : entry))];
        for (const [y, t] of [
          [bad, targets],
          [good, badTargets],
        ] as const) {
          for (const reduction of ['mean', 'sum'] as const) expectClose(f(y, t, { reduction }), [NaN]);
          const each = numbersOf(f(y, t, { reduction: 'none' }));
          const where = name in ofClasses ? [1] : [2 + column];
          expect(each.flatMap((loss, i) => (Number.isNaN(loss) ? [i] : []))).toEqual(where);
          const [ofY] = gradientsOf(f, tf.tensor2d(y), tf.tensor2d(t));
          expect(Number.isNaN(numbersOf(ofY)[2 + column])).toBe(true);
        }
      }
    },
  );

  test('scalars and single elements', () => {
    expectClose(meanSquaredError(3, 1), [4]);
    expectClose(halfSumSquaredError([[3]], [[1]]), [2]);
    expectClose(rootMeanSquaredError(-3, 1), [4]);
    expectClose(meanAbsoluteError([3], [1]), [2]);
    expectClose(huber(3, 1), [1.5]);
    expectClose(crossEntropy([1], 0, { epsilon: 0 }), [0]);
    expectClose(softmaxCrossEntropy([5], [1]), [0]);
    expectClose(binaryCrossEntropy(0.5, 1, { epsilon: 0 }), [Math.LN2], { ulps: 1 });
    for (const name of ['meanSquaredError', 'rootMeanSquaredError', 'huber', 'binaryCrossEntropy']) {
      expect(losses[name](0.5, 1, { reduction: 'none' }).shape).toEqual([]);
    }
  });

  test.each(Object.keys(losses))('%s of nothing: mean NaN, sum 0, none empty, as in PyTorch', (name) => {
    const f = losses[name];
    const y = tf.zeros([0, 3]);
    expectClose(f(y, y, { reduction: 'mean' }), [NaN]);
    expectClose(f(y, y, { reduction: 'sum' }), [0]);
    expect(f(y, y, { reduction: 'none' }).shape).toEqual(name in ofClasses ? [0] : [0, 3]);
    for (const reduction of reductions) {
      const gradient = tf.grad((y: tf.Tensor) => f(y, tf.zeros([0, 3]), { reduction }))(y);
      expect(gradient.shape).toEqual([0, 3]);
    }
  });

  test('arrays, int32 and bool are taken as float32; y and t are left as they were', () => {
    const y = tf.tensor1d([3, 0], 'int32');
    const t = tf.tensor1d([true, false], 'bool');
    expectClose(meanSquaredError(y, t), [2]);
    expect([y.isDisposed, t.isDisposed]).toEqual([false, false]);
    expectClose(crossEntropy([0.5, 0.5], [true, false], { epsilon: 0 }), [Math.LN2], {
      ulps: 1,
    });
  });

  test('labels come as int32 tensors, whole numbers in arrays, or one number for one example', () => {
    const y = [
      [0.5, 0.25, 0.25],
      [0.125, 0.125, 0.75],
    ];
    const expected = [-Math.log(0.25), -Math.log(0.75)];
    const options = { epsilon: 0, reduction: 'none' } as const;
    for (const labels of [[1, 2], new Int32Array([1, 2]), tf.tensor1d([1, 2], 'int32')]) {
      expectClose(crossEntropy(y, labels, options), expected, { ulps: 2 });
    }
    expectRejected(crossEntropy(y, [2, 1], options), expected, { ulps: 2 });
    expectClose(crossEntropy(y[0], 1, options), [expected[0]], { ulps: 2 });
    expectClose(crossEntropy(y[0], tf.scalar(1, 'int32'), options), [expected[0]], { ulps: 2 });
  });
});

describeOnEachBackend('laws of the losses', () => {
  const float = (most: number): fc.Arbitrary<number> =>
    fc
      .float({ min: Math.fround(-most), max: Math.fround(most), noNaN: true })
      .filter((x) => x === 0 || Math.abs(x) >= smallestNormal);
  const pairs = (most: number): fc.Arbitrary<[number[], number[]]> =>
    fc
      .array(fc.tuple(float(most), float(most)), { minLength: 1, maxLength: 8 })
      .map((both) => [both.map(([y]) => y), both.map(([, t]) => t)]);
  const logits = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 5 }))
    .chain(([rows, classes]) =>
      fc.tuple(
        fc.array(fc.array(float(9), { minLength: classes, maxLength: classes }), {
          minLength: rows,
          maxLength: rows,
        }),
        fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: rows, maxLength: rows }),
      ),
    );
  const anyReduction = fc.constantFrom(...reductions);
  const oneHot = (labels: number[], classes: number): number[][] =>
    labels.map((label) => Array.from({ length: classes }, (_, k) => (k === label ? 1 : 0)));

  /** A law holds for the right function and is seen to fail for a wrong one. */
  function expectLaw<T, F>(arbitrary: fc.Arbitrary<T>, law: (x: T, f: F) => void, right: F, wrong: F): void {
    const property = (f: F) => fc.property(arbitrary, (x) => tf.tidy(() => law(x, f)));
    fc.assert(property(right), { numRuns: 30 });
    expect(fc.check(property(wrong), { seed: 1, endOnFailure: true }).failed).toBe(true);
  }

  test.each(Object.keys(ofResiduals))('%s: 0 at y = t, and never below', (name) => {
    const law = ([y, t]: [number[], number[]], f: Loss): void => {
      for (const reduction of reductions) {
        for (const entry of numbersOf(f(y, y, { reduction }))) expect(entry).toBe(0);
        for (const entry of numbersOf(f(y, t, { reduction }))) expect(entry).toBeGreaterThanOrEqual(0);
      }
    };
    expectLaw(pairs(3e38), law, losses[name], (y, t) => tf.sub(y as number[], t as number[]));
  });

  test.each(Object.keys(ofResiduals))(
    '%s: y and t may change places, which turns the gradient, exactly',
    (name) => {
      const law = ([[y, t], reduction]: [[number[], number[]], Reduction], f: Loss): void => {
        expectClose(f(y, t, { reduction }), numbersOf(f(t, y, { reduction })));
        const [ofY, ofT] = gradientsOf(f, tf.tensor1d(y), tf.tensor1d(t), { reduction });
        const [turned] = gradientsOf(f, tf.tensor1d(t), tf.tensor1d(y), { reduction });
        expectClose(turned, numbersOf(ofT));
        expectClose(tf.neg(ofT), numbersOf(ofY));
      };
      const wrong: Loss = (y, t) => tf.mean(tf.square(tf.sub(y as number[], tf.mul(t as number[], 1.001))));
      expectLaw(fc.tuple(pairs(1e4), anyReduction), law, losses[name], wrong);
    },
  );

  // Root mean squared error's sum and mean are under the root.
  const additive = Object.keys(losses).filter((name) => name !== 'rootMeanSquaredError');
  test.each(additive)('%s: the mean is the sum divided by the number, to 4 ulps', (name) => {
    const inputs = logits.map(([a, labels]): [number[][], number[][]] => [
      name === 'softmaxCrossEntropy' ? a : a.map((row) => row.map((entry) => Math.abs(entry) / 10)),
      oneHot(labels, a[0].length),
    ]);
    const law = ([y, t]: [number[][], number[][]], f: Loss): void => {
      const each = f(y, t, { reduction: 'none' });
      const sum = f(y, t, { reduction: 'sum' });
      expectClose(sum, numbersOf(tf.sum(each)), { ulps: 4, absolute: 4 * ulp });
      expectClose(f(y, t, { reduction: 'mean' }), numbersOf(tf.div(sum, each.size)), { ulps: 4 });
    };
    const wrong: Loss = (y, t, options) =>
      tf.div(losses[name](y, t, options), options?.reduction === 'mean' ? 2 : 1);
    expectLaw(inputs, law, losses[name], wrong);
  });

  test('huber lies below r²/2 and δ|r|, and above half of δ·min(|r|, r²/δ), within 4 ulps', () => {
    expectLaw(
      fc.tuple(pairs(1e4), fc.float({ min: Math.fround(1e-3), max: 1e3, noNaN: true })),
      ([[y, t], delta], f: Loss) => {
        const value = numbersOf(f(y, t, { reduction: 'none', delta }));
        value.forEach((entry, i) => {
          const r = Math.abs(Math.fround(y[i] - t[i]));
          const bound = Math.min((r * r) / 2, delta * r);
          expect(entry).toBeLessThanOrEqual(bound * (1 + 4 * ulp) + smallestNormal);
          expect(entry).toBeGreaterThanOrEqual(
            Math.min((r * r) / 2, (delta * r) / 2) * (1 - 4 * ulp) - smallestNormal,
          );
        });
      },
      huber,
      meanAbsoluteError,
    );
  });

  test('crossEntropy(softmax(a)) without ε is softmaxCrossEntropy(a), to 8 ulps of 1', () => {
    expectLaw(
      logits,
      ([a, labels], f: Loss) => {
        const direct = softmaxCrossEntropy(a, labels, { reduction: 'none' });
        const composed = f(softmax(a), labels, { reduction: 'none', epsilon: 0 });
        expectClose(composed, numbersOf(direct), { ulps: 3, absolute: 8 * ulp });
      },
      crossEntropy,
      (y, t, options) => crossEntropy(y, t, { ...options, epsilon: 1e-4 }),
    );
  });

  test('two classes: softmaxCrossEntropy of [0, a] is binaryCrossEntropy of σ(a), to 8 ulps of 1', () => {
    expectLaw(
      fc.tuple(float(9), fc.constantFrom(0, 1)),
      ([a, label], f: Loss) => {
        const expected = numbersOf(softmaxCrossEntropy([0, a], label));
        expectClose(f(sigmoid(a), label, { epsilon: 0 }), expected, {
          ulps: 3,
          absolute: binaryTolerance(a, label),
        });
      },
      binaryCrossEntropy,
      (y, t) => binaryCrossEntropy(tf.sub(1, y as tf.Tensor), t),
    );
  });

  /** 1 - σ(a) has lost the digits of σ(-a) that lie below an ulp of 1. */
  const binaryTolerance = (a: number, label: number): number =>
    8 * ulp * (label === 0 ? 1 + Math.exp(Math.max(a, 0)) / 8 : 1);

  test('integer labels and one-hot targets are the same, exactly, in value and gradient', () => {
    for (const right of [crossEntropy, softmaxCrossEntropy]) {
      expectLaw(
        fc.tuple(logits, anyReduction),
        ([[a, labels], reduction], f: Loss) => {
          const y = softmax(a);
          const hot = tf.tensor2d(oneHot(labels, a[0].length));
          expectClose(f(y, labels, { reduction }), numbersOf(right(y, hot, { reduction })));
          const ofLabels = tf.grad((y: tf.Tensor) => tf.sum(f(y, labels, { reduction })))(y);
          expectClose(ofLabels, numbersOf(gradientsOf(right, y, hot, { reduction })[0]));
          const [example, target] = [tf.slice(y, 0, 1), tf.slice(hot, 0, 1)];
          const alone = f(tf.squeeze(example, [0]), labels[0]);
          expectClose(alone, numbersOf(right(example, target)));
        },
        right,
        (y, t, options) =>
          right(y, Array.isArray(t) ? t.map((label) => Math.max(Number(label) - 1, 0)) : t, options),
      );
    }
  });

  test('the gradient of softmaxCrossEntropy is the book’s (y - t) / N, to 2 ulps of 1', () => {
    expectLaw(
      logits,
      ([a, labels], factor) => {
        const hot = oneHot(labels, a[0].length);
        const [gradient] = gradientsOf(softmaxCrossEntropy, tf.tensor2d(a), tf.tensor2d(hot));
        const book = tf.div(tf.sub(softmax(a), hot), a.length * factor);
        expectClose(gradient, numbersOf(book), { absolute: 2 * ulp });
      },
      1,
      1.01,
    );
  });
});

describeOnEachBackend('losses and memory', () => {
  test.each(Object.keys(losses))('%s leaves no tensor but its result', (name) => {
    const f = losses[name];
    const y = tf.tensor2d([0.25, 0.75, 0.5, 0.5], [2, 2]);
    const t = tf.tensor2d([0, 1, 1, 0], [2, 2]);
    const labels = tf.tensor1d([1, 0], 'int32');
    for (const reduction of reductions) {
      expectNoLeak(() => f(y, t, { reduction }));
      expectNoLeak(() => f([[0.5]], [[1]], { reduction }));
      expectNoLeak(() => gradientsOf(f, y, t, { reduction }));
      expectNoLeak(() => tf.grad((y: tf.Tensor) => gradientsOf(f, y, t, { reduction })[0])(y));
      if (name in ofClasses) expectNoLeak(() => f(y, labels, { reduction }));
    }
    expectNoLeak(() => expect(() => f(y, labels, { reduction: 'all' as Reduction })).toThrow('reduction'));
    expectNoLeak(() => expect(() => f(y, [1, 2, 3])).toThrow('same shape'));
    expectNoLeak(() => expect(() => f(y, [[1, 2], [3]])).toThrow('arrays of unlike lengths'));
    if (name in ofClasses) {
      expectNoLeak(() => expect(() => f(y, [0, 2])).toThrow('labels'));
      expectNoLeak(() => expect(() => f([[0.5, 0.5]], [-1])).toThrow('labels'));
    }
    tf.dispose([y, t, labels]);
    expectNoLeak(() => expect(() => f(y, t)).toThrow('disposed'));
  });
});

describe('what losses refuse', () => {
  test.each(Object.keys(losses))('%s: what is no real number', (name) => {
    const f = losses[name];
    const first = name === 'softmaxCrossEntropy' ? 'logits' : 'y';
    const good = [0.5, 0.5];
    expect(() => f(tf.complex([1, 1], [2, 2]), good)).toThrow(
      `${name}: ${first} must hold real numbers (float32, int32 or bool), got dtype complex64. Convert it first.`,
    );
    expect(() => f(good, tf.tensor1d(['0', '1']))).toThrow(
      `${name}: t must hold real numbers (float32, int32 or bool), got dtype string. Convert it first.`,
    );
    const gone = tf.tensor1d(good);
    gone.dispose();
    expect(() => f(gone, good)).toThrow(`${name}: ${first} is a tensor that was disposed.`);
    expect(() => f(good, gone)).toThrow(`${name}: t is a tensor that was disposed.`);
    expect(() => f(good, [0, null] as unknown as number[])).toThrow(
      `${name}: t must be a tensor, a number, or arrays`,
    );
  });

  test.each(Object.keys(losses))('%s: an unknown reduction', (name) => {
    expect(() => losses[name]([0.5], [1], { reduction: 'avg' as Reduction })).toThrow(
      `${name}: reduction must be 'mean', 'sum' or 'none', got "avg".`,
    );
  });

  test.each([...Object.keys(ofResiduals), 'binaryCrossEntropy'])(
    '%s: different shapes, nothing is broadcast',
    (name) => {
      for (const [y, t, text] of [
        [[[1, 2]], [1, 2], '[1,2] and [2]'],
        [[1, 2], 1, '[2] and []'],
        [[[1], [2]], [[1, 2]], '[2,1] and [1,2]'],
      ] as [TensorInput, TensorInput, string][]) {
        expect(() => losses[name](y, t)).toThrow(
          `${name}: y and t must have the same shape, got ${text}. Reshape one of them; nothing is broadcast.`,
        );
      }
    },
  );

  test.each(Object.keys(ofClasses))('%s: shapes', (name) => {
    const f = losses[name];
    const first = name === 'softmaxCrossEntropy' ? 'logits' : 'y';
    expect(() => f(tf.zeros([100, 10]), tf.zeros([100, 9]))).toThrow(
      `${name}: ${first} and t must have the same shape, got [100,10] and [100,9]. Integer labels of shape [100] are accepted too.`,
    );
    expect(() => f([0.5, 0.5], [1])).toThrow('got [2] and [1]. Integer labels of shape [] are accepted too.');
    for (const shape of [[], [2, 2, 2], [2, 0]]) {
      expect(() => f(tf.zeros(shape), tf.zeros(shape))).toThrow(
        `${name}: ${first} must be one example [classes] or a batch [examples, classes], got shape [${shape.join(',')}].`,
      );
    }
  });

  test.each(Object.keys(ofClasses))('%s: labels that are no class', (name) => {
    const f = losses[name];
    const y = tf.fill([2, 3], 1 / 3);
    for (const [labels, came] of [
      [[0, 3], '3 at index 1'],
      [[-1, 0], '-1 at index 0'],
      [[0, 1.5], '1.5 at index 1'],
      [[0, NaN], 'NaN at index 1'],
      [[0, Infinity], 'Infinity at index 1'],
      [tf.tensor1d([0, 3], 'int32'), '3 at index 1'],
    ] as [TensorInput, string][]) {
      expect(() => f(y, labels)).toThrow(`${name}: labels must be integers from 0 to 2, got ${came}.`);
    }
    expect(() => f(y, tf.tensor1d([0, 1]))).toThrow(
      `${name}: labels of shape [2] must be int32, got float32. Use t.toInt(), or give one-hot targets.`,
    );
    expect(() => f([0.5, 0.5], 2)).toThrow('labels must be integers from 0 to 1, got 2 at index 0.');
  });

  test.each([0, -1, NaN, Infinity, '1' as unknown as number])('huber: δ = %p', (delta) => {
    expect(() => huber([1], [1], { delta })).toThrow(
      `huber: delta must be a finite number above 0, got ${delta}.`,
    );
  });

  test.each([-1e-7, NaN, Infinity])('crossEntropy and binaryCrossEntropy: ε = %p', (epsilon) => {
    for (const f of [crossEntropy, binaryCrossEntropy]) {
      expect(() => f([0.5], [1], { epsilon })).toThrow(
        `${f.name}: epsilon must be a finite number of at least 0, got ${epsilon}. The book's is 1e-7.`,
      );
    }
  });
});
