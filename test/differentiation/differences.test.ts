/** Both forms of every activation's difference against plain doubles. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { activationDifference, NEAR } from '../../src/differentiation/differences.js';
import type { ActivationName } from '../../src/functions/activations.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));

/** f(a + Δ) - f(a) in doubles, in forms that do not cancel either. */
const differences: Record<ActivationName, (a: number, delta: number) => number> = {
  identity: (_a, delta) => delta,
  sigmoid: (a, delta) =>
    (sigmoid(a) * sigmoid(-a) * Math.expm1(delta)) / (1 + sigmoid(a) * Math.expm1(delta)),
  tanh: (a, delta) => Math.sinh(delta) / (Math.cosh(a) * Math.cosh(a + delta)),
  relu: (a, delta) => (a >= 0 ? Math.max(delta, -a) : Math.max(a + delta, 0)),
  softplus: (a, delta) => Math.log1p(sigmoid(a) * Math.expm1(delta)),
};

const names = Object.keys(differences) as ActivationName[];
const points = [-30, -6, -1.25, -0.5, -(2 ** -10), 0, 2 ** -10, 0.75, 3, 12, 30];
const sizes = [2 ** -40, 1e-6, 1e-4, 0.01, NEAR, 1, 4];

const cases = points.flatMap((a) =>
  sizes.flatMap((size) => [size, -size].map((delta) => ({ a: Math.fround(a), delta: Math.fround(delta) }))),
);

function differencesOf(name: ActivationName, form: 'any' | 'near', some: typeof cases): tf.Tensor {
  return tf.tidy(() => {
    const a = tf.tensor3d(
      some.map((one) => one.a),
      [some.length, 1, 1],
    );
    const delta = tf.tensor3d(
      some.map((one) => one.delta),
      [some.length, 1, 1],
    );
    return activationDifference[name].around(a)[form]((x) => x, delta);
  });
}

describeOnEachBackend('f(a + Δ) - f(a)', () => {
  describe.each(names)('%s', (name) => {
    const tolerance = { relative: 2e-6, absolute: 1e-36 };
    const { isLinear } = activationDifference[name];
    const crosses = ({ a, delta }: (typeof cases)[number]): boolean =>
      name === 'relu' && Math.sign(a + delta) !== Math.sign(a) && a !== 0;

    test('any move', () => {
      // A move over ReLU's kink ends at a, of which a float32 sum of the two keeps what it can.
      for (const one of cases) {
        const expected = [differences[name](one.a, one.delta)];
        const allowed = crosses(one) ? { absolute: 2e-7 * Math.abs(one.delta) } : tolerance;
        expectClose(differencesOf(name, 'any', [one]), expected, allowed);
      }
      const expected = cases.map(({ a, delta }) => differences[name](a, delta));
      expectRejected(
        expected.map((value) => value * (1 + 5e-6)),
        expected,
        tolerance,
      );
    });

    test('near moves that cross no kink', () => {
      const near = cases.filter(
        (one) =>
          (isLinear === true || Math.abs(one.delta) <= NEAR) &&
          !crosses(one) &&
          !(name === 'relu' && one.a === 0),
      );
      const expected = near.map(({ a, delta }) => differences[name](a, delta));
      expectClose(differencesOf(name, 'near', near), expected, tolerance);
      // The plain difference has lost its digits.
      if (name !== 'identity' && name !== 'relu') {
        const plain = near.map(({ a, delta }) =>
          Math.fround(Math.fround(tanhOr(name, a + delta)) - Math.fround(tanhOr(name, a))),
        );
        expectRejected(plain, expected, tolerance);
      }
    });
  });

  test('no tensors stay', () => {
    for (const name of names) expectNoLeak(() => differencesOf(name, 'any', cases));
  });
});

describe('what is known of each function', () => {
  test.each(names)('%s: linear where a near move twice as long changes it by twice as much', (name) => {
    const { isLinear = false, radius } = activationDifference[name];
    const near = points.filter((a) => a !== 0).map((a) => ({ a, delta: 2 ** -12 }));
    const of = (factor: number): number[] =>
      Array.from(
        differencesOf(
          name,
          'near',
          near.map(({ a, delta }) => ({ a, delta: factor * delta })),
        ).dataSync(),
      );
    const [once, twice] = [of(1), of(2)];
    expect(twice.every((change, i) => change === 2 * once[i])).toBe(isLinear);
    // A function that is linear between kinks has no singularity; the others have, and so are no polynomials.
    expect(radius === Infinity).toBe(isLinear);
  });

  test.each([
    // 1 + e^(-a) is 0, and so σ infinite and softplus' logarithm too; cosh a is 0, and so tanh infinite.
    ['sigmoid', (y: number) => 1 + Math.cos(y)],
    ['softplus', (y: number) => 1 + Math.cos(y)],
    ['tanh', (y: number) => Math.cos(y)],
  ] as const)('%s: the nearest singularity is at i·radius', (name, atImaginary) => {
    const { radius } = activationDifference[name];
    expect(Math.abs(atImaginary(radius))).toBeLessThan(1e-15);
    for (let share = 0; share < 0.99; share += 0.01)
      expect(atImaginary(share * radius)).toBeGreaterThan(1e-5);
  });

  test('the kinks: of ReLU at 0, of the others none', () => {
    for (const name of names) {
      const distances = activationDifference[name].kink?.(tf.tensor1d([-2, 0, 0.5])).dataSync();
      expect(distances && Array.from(distances)).toEqual(name === 'relu' ? [2, 0, 0.5] : undefined);
    }
  });
});

const tanhOr = (name: ActivationName, a: number): number =>
  name === 'tanh' ? Math.tanh(a) : name === 'sigmoid' ? sigmoid(a) : Math.log1p(Math.exp(a));
