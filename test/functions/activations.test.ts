import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {
  identity,
  logSoftmax,
  relu,
  sigmoid,
  sign,
  softmax,
  softplus,
  step,
  tanh,
} from '../../src/functions/activations.js';
import type { TensorInput } from '../../src/functions/arguments.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected, smallestNormal, type Tolerance } from '../support/close.js';
import { fixtures, tensorOf, type ActivationCase } from '../support/fixtures.js';
import { present } from '../support/present.js';

type Activation = (x: tf.Tensor, axis?: number) => tf.Tensor;

const elementwise: Record<string, Activation> = {
  step: (x) => step(x),
  sign,
  identity,
  sigmoid,
  tanh,
  relu,
  softplus,
};
const activations: Record<string, Activation> = { ...elementwise, softmax, logSoftmax };

/** The gap between 1 and the next float32 number. */
const ulp = 2 ** -23;
const exact: Tolerance = {};
/** Units in the last place; below the normal numbers fast kernels give 0. */
const ulps = (count: number): Tolerance => ({ ulps: count, absolute: smallestNormal });

/**
 * What float32 needs: the worst entry measured on the three backends, and up to one unit more, for value, gradient (of
 * a cotangent up to 2), and gradient of the gradient. Where terms cancel, the error is measured against 1.
 */
const tolerances: Record<string, [value: Tolerance, gradient: Tolerance, second: Tolerance]> = {
  sigmoid: [ulps(3), ulps(3), { absolute: 0.5 * ulp }],
  tanh: [ulps(5), ulps(3), { absolute: 5 * ulp }],
  relu: [ulps(0), exact, exact],
  softplus: [ulps(3), ulps(4), ulps(4)],
  sign: [exact, exact, exact],
  softmax: [ulps(4), { absolute: 2 * ulp }, { absolute: 4 * ulp }],
  logSoftmax: [{ ulps: 2, absolute: 2 * ulp }, { absolute: 3 * ulp }, { absolute: 5 * ulp }],
};

const call = ({ name, options }: ActivationCase, x: tf.Tensor): tf.Tensor =>
  'axis' in options ? activations[name](x, options.axis) : activations[name](x);

/** `expected` with every entry off by 1/10,000 of the largest. */
function slightlyOff(expected: number[]): number[] {
  const largest = Math.max(...expected.map(Math.abs));
  return expected.map((entry) => entry + (largest > smallestNormal ? largest : 1) / 1e4);
}

function expectOnly(actual: tf.Tensor, expected: number[], tolerance: Tolerance): void {
  expectClose(actual, expected, tolerance);
  expectRejected(slightlyOff(expected), expected, tolerance);
}

const title = (c: ActivationCase): [string, ActivationCase] => [
  `${c.name}, ${c.case}${'axis' in c.options ? `, axis ${c.options.axis}` : ''}`,
  c,
];

describeOnEachBackend('activations against PyTorch in float64', () => {
  test.each(fixtures.activations.map(title))('%s', (_title, c) => {
    const [valueTolerance, gradientTolerance, secondTolerance] = tolerances[c.name];
    const x = tensorOf(c.x);
    const cotangent = tf.tensor(c.cotangent, c.x.shape);
    const f = (x: tf.Tensor): tf.Tensor => call(c, x);
    const gradient = (x: tf.Tensor): tf.Tensor => tf.grad(f)(x, cotangent);

    expect(f(x).shape).toEqual(c.x.shape);
    expectOnly(f(x), c.value, valueTolerance);
    expect(gradient(x).shape).toEqual(c.x.shape);
    expectOnly(gradient(x), c.gradient, gradientTolerance);
    if (c.second === undefined) return;
    const direction = tf.tensor(present(c.direction), c.x.shape);
    expectOnly(tf.grad(gradient)(x, direction), c.second, secondTolerance);
  });

  test.each(fixtures.steps)('step with atZero $atZero is numpy.heaviside', ({ atZero, x, value }) => {
    expectClose(step(x, { atZero }), value);
    expectRejected(step(x, { atZero: atZero + 0.25 }), value);
    expectClose(tf.grad((x: tf.Tensor) => step(x, { atZero }))(tf.tensor1d(x)), new Array(x.length).fill(0));
  });

  test('the same tolerances reject the usual mistakes', () => {
    const mistakes: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      sigmoid: (x) => tf.sigmoid(tf.mul(x, 1.0001)),
      tanh: (x) => tf.sub(tf.mul(tf.sigmoid(x), 2), 1),
      relu: (x) => tf.leakyRelu(x, 1e-6),
      softplus: (x) => tf.relu(x),
      sign: (x) => step(x),
      softmax: (x) => tf.div(tf.exp(x), tf.sum(tf.exp(x))),
      logSoftmax: (x) => tf.log(tf.div(tf.exp(x), tf.sum(tf.exp(x)))),
    };
    for (const [name, mistake] of Object.entries(mistakes)) {
      const c = present(fixtures.activations.find((c) => c.name === name && c.x.shape.length === 2));
      const [value, gradient] = tolerances[name];
      expectRejected(mistake(tensorOf(c.x)), c.value, value);
      if (name === 'sign') continue;
      const wrong = tf.grad(mistake)(tensorOf(c.x), tf.tensor(c.cotangent, c.x.shape));
      expectRejected(wrong, c.gradient, gradient);
    }
  });

  test('formulas as written fail where these hold', () => {
    const at = (name: string): ActivationCase =>
      present(fixtures.activations.find((c) => c.name === name && c.case === 'extremes'));
    const naiveSigmoid = (x: tf.Tensor): tf.Tensor => tf.div(1, tf.add(1, tf.exp(tf.neg(x))));
    const wrong = tf.grad(naiveSigmoid)(tensorOf(at('sigmoid').x), tf.tensor(at('sigmoid').cotangent));
    expectRejected(wrong, at('sigmoid').gradient, tolerances['sigmoid'][1]);
    const naiveSoftplus = tf.log(tf.add(1, tf.exp(tensorOf(at('softplus').x))));
    expectRejected(naiveSoftplus, at('softplus').value, tolerances['softplus'][0]);
    const exponentials = tf.exp(tensorOf(at('softmax').x));
    const naiveSoftmax = tf.div(exponentials, tf.sum(exponentials, -1, true));
    expectRejected(naiveSoftmax, at('softmax').value, tolerances['softmax'][0]);
  });
});

describeOnEachBackend('activations at the edges', () => {
  const kink = (f: Activation, at = 0): number =>
    tf
      .grad((x: tf.Tensor) => f(x))(tf.scalar(at))
      .dataSync<'float32'>()[0];

  test('at 0 the subgradient is PyTorch’s', () => {
    expect(kink(relu)).toBe(0);
    expect(kink(relu, -0)).toBe(0);
    expect(kink((x) => tf.maximum(x, 0))).not.toBe(0);
    expect(kink(softplus)).toBe(0.5);
    expect(kink(sigmoid)).toBe(0.25);
    expect(kink(tanh)).toBe(1);
    expect(kink(sign)).toBe(0);
    expect(kink((x) => step(x))).toBe(0);
    expect(kink(identity)).toBe(1);
  });

  test('values at 0: σ ½, softplus ln 2, the others 0; step what atZero says', () => {
    expectClose(sigmoid([0, -0]), [0.5, 0.5]);
    expectClose(softplus([0]), [Math.LN2], { ulps: 1 });
    expectRejected(softplus([1e-6]), [Math.LN2], { ulps: 1 });
    for (const f of [tanh, relu, sign, identity, step]) expectClose(f([0]), [0]);
    expectClose(step([0, -0], { atZero: 0.5 }), [0.5, 0.5]);
  });

  test.each(Object.keys(elementwise))('%s: finite in, finite out, in the value and the gradient', (name) => {
    const x = tf.tensor1d([1e4, -1e4, 3e38, -3e38, 3.4028234e38, -3.4028234e38, 1e-45, -1e-45, 0, 100, -100]);
    const f = elementwise[name];
    const gradient = tf.grad((x: tf.Tensor) => f(x));
    for (const result of [f(x), gradient(x), tf.grad((x: tf.Tensor) => gradient(x))(x)]) {
      expect(Array.from(result.dataSync()).filter((entry) => !Number.isFinite(entry))).toEqual([]);
    }
  });

  test.each([
    [softmax, 'softmax'],
    [logSoftmax, 'logSoftmax'],
  ])('%p: finite in, finite out (%s)', (f) => {
    const m = 3.4028234e38;
    const x = tf.tensor2d([m, -m, 0, -m, -m, -m, m, m, m, 1e4, -1e4, 0, 1e-45, 0, -1e-45], [5, 3]);
    const gradient = tf.grad((x: tf.Tensor) => f(x));
    for (const result of [f(x), gradient(x), tf.grad((x: tf.Tensor) => gradient(x))(x)]) {
      expect(Array.from(result.dataSync()).filter((entry) => !Number.isFinite(entry))).toEqual([]);
    }
  });

  test.each(Object.keys(elementwise))('%s: NaN in, NaN out, and nowhere else', (name) => {
    const f = elementwise[name];
    const value = Array.from(f(tf.tensor1d([1, NaN, -2])).dataSync());
    expect(value.map(Number.isNaN)).toEqual([false, true, false]);
    if (['step', 'sign', 'identity'].includes(name)) return; // Their derivative is the same everywhere.
    const gradient = Array.from(
      tf
        .grad((x: tf.Tensor) => f(x))(tf.tensor1d([1, NaN, -2]))
        .dataSync(),
    );
    expect(gradient.map(Number.isNaN)).toEqual([false, true, false]);
  });

  test('softmax and logSoftmax: a NaN makes its own slice NaN, and no other', () => {
    const x = tf.tensor2d([1, NaN, 2, 3, 4, 5], [2, 3]);
    for (const f of [softmax, logSoftmax]) {
      const gradient = tf.grad((x: tf.Tensor) => f(x))(x, tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]));
      for (const result of [f(x), gradient]) {
        expect(Array.from(result.dataSync()).map(Number.isNaN)).toEqual([
          true,
          true,
          true,
          false,
          false,
          false,
        ]);
      }
    }
  });

  test('±Infinity: the limits', () => {
    const ends = [Infinity, -Infinity];
    expectClose(step(ends), [1, 0]);
    expectClose(sign(ends), [1, -1]);
    expectClose(sigmoid(ends), [1, 0]);
    expectClose(tanh(ends), [1, -1]);
    expectClose(relu(ends), [Infinity, 0]);
    expectClose(softplus(ends), [Infinity, 0]);
    expectClose(identity(ends), ends);
    expectClose(softmax([1, -Infinity, 1]), [0.5, 0, 0.5]);
    expectClose(softmax([1, Infinity]), [NaN, NaN]);
    expectClose(softmax([-Infinity, -Infinity]), [NaN, NaN]);
  });

  test('scalars, one element, and none keep their shape', () => {
    for (const f of Object.values(elementwise)) {
      for (const shape of [[], [1], [1, 1, 1], [0], [2, 0]]) {
        const x = tf.fill(shape, 0.5);
        expect(f(x).shape).toEqual(shape);
        expect(f(x).dataSync().length).toBe(x.size);
        expect(tf.grad((x: tf.Tensor) => f(x))(x).shape).toEqual(shape);
      }
    }
    for (const f of [softmax, logSoftmax]) {
      expectClose(f([[-3], [1e4]]), f === softmax ? [1, 1] : [0, 0]);
      for (const shape of [[0], [2, 0], [0, 3]]) {
        expect(f(tf.zeros(shape)).shape).toEqual(shape);
        expect(tf.grad((x: tf.Tensor) => f(x))(tf.zeros(shape)).shape).toEqual(shape);
      }
    }
  });

  test('arrays, int32 and bool are taken as float32', () => {
    expectClose(relu([[-1, 2]]), [0, 2]);
    expectClose(relu(-3), [0]);
    expectClose(relu(new Float32Array([-1, 2])), [0, 2]);
    expectClose(relu(tf.tensor1d([-1, 2], 'int32')), [0, 2]);
    expectClose(identity(tf.tensor1d([true, false], 'bool')), [1, 0]);
    expectClose(step(tf.tensor1d([true, false], 'bool')), [1, 0]);
  });

  test('x is left as it was, and identity gives a tensor of its own', () => {
    for (const f of Object.values(activations)) {
      const x = tf.tensor1d([1, -2]);
      f(x).dispose();
      expect(x.isDisposed).toBe(false);
      expectClose(x, [1, -2]);
    }
  });
});

describeOnEachBackend('relations between activations', () => {
  /** float32 numbers but the subnormal ones, which the native backend may take for 0. */
  const float = (most: number): fc.Arbitrary<number> =>
    fc
      .float({ min: Math.fround(-most), max: Math.fround(most), noNaN: true })
      .filter((x) => x === 0 || Math.abs(x) >= smallestNormal);
  const vectors = (most: number): fc.Arbitrary<number[]> =>
    fc.array(float(most), { minLength: 1, maxLength: 9 });
  /** Numbers whose sums are exact in float32. */
  const grid = (most: number): fc.Arbitrary<number> =>
    fc.integer({ min: -most * 256, max: most * 256 }).map((n) => n / 256);
  const rows = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(grid(30), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );

  /** A law holds for the right function and is seen to fail for a wrong one. */
  function expectLaw<T, F>(arbitrary: fc.Arbitrary<T>, law: (x: T, f: F) => void, right: F, wrong: F): void {
    const property = (f: F) => fc.property(arbitrary, (x) => tf.tidy(() => law(x, f)));
    fc.assert(property(right), { numRuns: 40 });
    expect(fc.check(property(wrong), { seed: 1, endOnFailure: true }).failed).toBe(true);
  }

  test('tanh z = 2σ(2z) - 1, within 3 ulps of 1', () => {
    expectLaw(
      vectors(1e4),
      (z, factor) => {
        const stretched = tf.sub(tf.mul(sigmoid(tf.mul(z, factor)), 2), 1);
        expectClose(tanh(z), stretched.dataSync<'float32'>(), { absolute: 3 * ulp });
      },
      2,
      1.999,
    );
  });

  test('σ(x) + σ(-x) = 1, within an ulp', () => {
    expectLaw(
      vectors(3e38),
      (x, f) => {
        expectClose(tf.add(f(x), f(tf.neg(x))), new Array(x.length).fill(1), { absolute: ulp });
      },
      (x: TensorInput) => sigmoid(x),
      (x: TensorInput) => tf.minimum(sigmoid(x), 1 - 1e-6),
    );
  });

  test('softplus(x) - softplus(-x) = x, within 2 ulps of the larger term', () => {
    expectLaw(
      vectors(3e38),
      (x, f) => {
        const difference = tf.sub(f(x), f(tf.neg(x))).dataSync<'float32'>();
        x.forEach((x, i) => {
          expectClose([difference[i]], [x], { absolute: 2 * ulp * Math.max(1, Math.abs(x)) });
        });
      },
      (x: TensorInput) => softplus(x),
      (x: TensorInput) => softplus(tf.mul(x, 1.00001)),
    );
  });

  test('relu(x) = max(0, x) = x·step(x), exactly', () => {
    expectLaw(
      vectors(3e38),
      (x, f) => {
        expectClose(
          f(x),
          x.map((x) => Math.max(0, x)),
        );
        expectClose(tf.mul(x, step(x)), relu(x).dataSync<'float32'>());
      },
      (x: TensorInput) => relu(x),
      (x: TensorInput) => tf.relu6(x),
    );
  });

  test('sign(x) = step(x) - step(-x), exactly', () => {
    expectLaw(
      vectors(3e38),
      (x, f) => expectClose(f(x), tf.sub(step(x), step(tf.neg(x))).dataSync<'float32'>()),
      (x: TensorInput) => sign(x),
      (x: TensorInput) => step(x),
    );
  });

  /** The article's: shifts by the maximum of the whole batch and divides by the sum over it. */
  const overTheBatch = (x: TensorInput): tf.Tensor => {
    const exponentials = tf.exp(tf.sub(x, tf.max(x)));
    return tf.div(exponentials, tf.sum(exponentials));
  };

  test('softmax: every row is a distribution, summing to 1 within 2 ulps', () => {
    expectLaw(
      rows,
      (x, f) => {
        const y = f(x);
        expectClose(tf.sum(y, -1), new Array(x.length).fill(1), { absolute: 2 * ulp });
        for (const entry of y.dataSync()) expect(entry >= 0 && entry <= 1).toBe(true);
      },
      (x: TensorInput) => softmax(x),
      overTheBatch,
    );
  });

  test('softmax and logSoftmax: adding a number to a row changes nothing, exactly', () => {
    for (const right of [softmax, logSoftmax]) {
      expectLaw(
        fc.tuple(rows, grid(1000)),
        ([x, shift], f) => {
          const moved = x.map((row, i) => (i === 0 ? row.map((entry) => entry + shift) : row));
          expectClose(f(moved), f(x).dataSync<'float32'>());
        },
        (x: TensorInput) => right(x),
        overTheBatch,
      );
    }
  });

  test('softmax = exp(logSoftmax), to 4 ulps of 1', () => {
    expectLaw(
      rows,
      (x, f) => expectClose(tf.exp(f(x)), softmax(x).dataSync<'float32'>(), { absolute: 4 * ulp }),
      (x: TensorInput) => logSoftmax(x),
      (x: TensorInput) => tf.log(overTheBatch(x)),
    );
  });

  test('softmax along axis 0 is softmax of the transpose, to 2 ulps', () => {
    expectLaw(
      rows,
      (x, axis) => {
        const turned = tf.transpose(softmax(tf.transpose(x)));
        expectClose(softmax(x, axis), turned.dataSync<'float32'>(), { ulps: 2 });
      },
      0,
      1,
    );
  });

  test('the article’s softmax over the whole batch is another function', () => {
    const x = [
      [1, 2, 3],
      [4, 4, 4],
    ];
    // Closed form: e^k / (e + e² + e³), and thirds.
    const sum = Math.E + Math.E ** 2 + Math.E ** 3;
    const expected = [...[1, 2, 3].map((k) => Math.E ** k / sum), 1 / 3, 1 / 3, 1 / 3];
    const tolerance = { ulps: 3 };
    expectClose(softmax(x), expected, tolerance);
    expectRejected(overTheBatch(x), expected, tolerance);
    // With the sum set right but the batch's maximum kept, a row far below it is 0 / 0.
    const apart = [
      [0, 0],
      [1000, 1000],
    ];
    const exponentials = tf.exp(tf.sub(apart, tf.max(apart)));
    expectRejected(tf.div(exponentials, tf.sum(exponentials, -1, true)), [0.5, 0.5, 0.5, 0.5], tolerance);
    expectClose(softmax(apart), [0.5, 0.5, 0.5, 0.5], tolerance);
  });
});

describeOnEachBackend('activations and memory', () => {
  test.each(Object.keys(activations))('%s leaves no tensor but its result', (name) => {
    const f = activations[name];
    const x = tf.tensor2d([1, -2, 0, 0.5], [2, 2]);
    const gradient = (x: tf.Tensor): tf.Tensor => tf.grad((x: tf.Tensor) => f(x))(x);
    expectNoLeak(() => f(x));
    expectNoLeak(() => f([[1, 2]] as unknown as tf.Tensor));
    expectNoLeak(() => f(tf.tidy(() => x)));
    expectNoLeak(() => gradient(x));
    expectNoLeak(() => tf.grad(gradient)(x));
    expectNoLeak(() => expect(() => f([[1, 2], [3]] as unknown as tf.Tensor)).toThrow('must be a tensor'));
    x.dispose();
    expectNoLeak(() => expect(() => f(x)).toThrow('disposed'));
  });

  test('nor does an axis that x does not have', () => {
    const x = tf.zeros([2, 3]);
    for (const f of [softmax, logSoftmax]) expectNoLeak(() => expect(() => f(x, 2)).toThrow('axis'));
    x.dispose();
  });
});

describe('what activations refuse', () => {
  test.each(Object.keys(activations))('%s: what is no real number', (name) => {
    const f = activations[name];
    expect(() => f(tf.complex([1], [2]))).toThrow(
      `${name}: x must hold real numbers (float32, int32 or bool), got dtype complex64. Convert it first.`,
    );
    expect(() => f(tf.tensor1d(['1']))).toThrow('got dtype string. Convert it first.');
    expect(() => f([[1, 2], [3]] as unknown as tf.Tensor)).toThrow(
      `${name}: x must be a tensor, a number, or arrays of numbers of one shape`,
    );
    const gone = tf.scalar(1);
    gone.dispose();
    expect(() => f(gone)).toThrow(
      `${name}: x is a tensor that was disposed. Keep it with tf.keep, or dispose it later.`,
    );
  });

  test('step: atZero that is no finite number', () => {
    for (const atZero of [NaN, Infinity, '1' as unknown as number]) {
      expect(() => step([1], { atZero })).toThrow(
        `step: atZero must be a finite number such as 0, 0.5 or 1, got ${atZero}.`,
      );
    }
  });

  test.each([2, -3, 0.5, NaN])('softmax: axis %p of a matrix', (axis) => {
    for (const f of [softmax, logSoftmax]) {
      expect(() => f([[1, 2, 3]], axis)).toThrow(
        `${f.name}: axis must be an integer from -2 to 1 for shape [1,3], got ${axis}.`,
      );
    }
  });

  test('softmax: a scalar', () => {
    for (const f of [softmax, logSoftmax]) {
      expect(() => f(3)).toThrow(
        `${f.name}: x must have at least one axis, got a scalar. Reshape it to [1].`,
      );
    }
  });
});
