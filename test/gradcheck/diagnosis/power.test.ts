/** Gradients that are off by a power. Oracle: how each was made. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { elementwise } from '../zoo/support.js';
import { diagonal, sentences } from './made-up.js';

type T = tf.Tensor;
const positive = [0.5, 1, 2, 3.5];

/** What is said of the cube root or a power of x with a gradient times a power of x. */
const said = async (value: (x: T) => T, slope: (x: T) => T, at: number[] = positive): Promise<string> =>
  (await gradcheck(elementwise(value, slope), [at])).diagnosis.join();

describe('by a power of', () => {
  test.each<[string, (x: T) => T, (x: T) => T, RegExp]>([
    [
      'the input: x² for 1',
      (x) => tf.exp(x),
      (x) => tf.mul(tf.square(x), tf.exp(x)),
      /it is x\^2 times what it should be\./,
    ],
    [
      'the input, and a factor',
      (x) => tf.exp(x),
      (x) => tf.mul(tf.mul(3, tf.sqrt(x)), tf.exp(x)),
      /it is 3·x\^\(1\/2\) times/,
    ],
    [
      'the input and the output',
      (x) => tf.sqrt(x),
      (x) => tf.div(0.5, x),
      /x\^\(−1\/2\) times what it should be, or, with the output y, y\^\(−1\) times/,
    ],
    ['the output', (x) => tf.exp(x), (x) => tf.exp(tf.mul(3, x)), /power of the output: it is y\^2 times/],
  ])('%s', async (_what, value, slope, sentence) => expect(await said(value, slope)).toMatch(sentence));

  test('x itself, or 1/x, keeps the words that it has', async () => {
    expect(
      await said(
        (x) => tf.square(x),
        (x) => tf.mul(2, tf.square(x)),
      ),
    ).toMatch(/factor x too much|times/);
  });

  test('none: what agrees at some entries only, a constant factor, x + 1', async () => {
    const slopes: ((x: T) => T)[] = [
      (x) => tf.mul(tf.add(1, x), tf.exp(x)),
      (x) => tf.mul(2, tf.exp(x)),
      (x) => tf.mul(tf.where(tf.greater(x, 1), tf.square(x), tf.onesLike(x)), tf.exp(x)),
    ];
    for (const slope of slopes) expect(await said((x) => tf.exp(x), slope)).not.toMatch(/off by a power/);
  });
});

describe('in words', () => {
  const slopes = [0.9, -1.2, 0.4, 2, -0.6];
  const values = [0.5, 1.25, 2, 3.5, 0.8];
  const signed = [-0.5, 1.25, -2, 3.5, -0.8];
  /** What is said of `y_j = slopes_j·x_j`, or an f of one's own, with a gradient that is `ratio` times the right one. */
  const of = (ratio: (x: number, j: number) => number, at = values, f?: (x: number) => number): string =>
    sentences(
      [
        {
          shape: [at.length],
          values: at,
          jacobian: diagonal(slopes.slice(0, at.length)),
          gradient: (_dy, right) => right.map((slope, j) => slope * ratio(at[j], j)),
        },
      ],
      f && { f: ([x]) => Array.from(x, f) },
    ).join();
  const byInput = (power: string): string =>
    `x: the gradient is off by a power of the input: it is ${power} times what it should be.`;

  test.each<[number, string]>([
    [-4, 'x^(−4)'],
    [-3, 'x^(−3)'],
    [-2, 'x^(−2)'],
    [-3 / 2, 'x^(−3/2)'],
    [-2 / 3, 'x^(−2/3)'],
    [-1 / 2, 'x^(−1/2)'],
    [-1 / 3, 'x^(−1/3)'],
    [1 / 3, 'x^(1/3)'],
    [1 / 2, 'x^(1/2)'],
    [2 / 3, 'x^(2/3)'],
    [3 / 2, 'x^(3/2)'],
    [2, 'x^2'],
    [3, 'x^3'],
    [4, 'x^4'],
  ])('x to the power of %d', (exponent, power) => {
    expect(of((x) => x ** exponent)).toBe(byInput(power));
    expect(of((x) => 3 * x ** exponent)).toBe(byInput(`3·${power}`));
    // The same of the output, where that is no power of x.
    expect(
      of(
        (x) => Math.exp(x / 3) ** exponent,
        values,
        (x) => Math.exp(x / 3),
      ),
    ).toBe(
      `x: the gradient is off by a power of the output: it is ${power.replace('x', 'y')} times what it should be.`,
    );
  });

  test.each([1, -1])('x to the power of %d has words of its own', (exponent) => {
    expect(of((x) => x ** exponent)).not.toMatch(/power/);
    expect(of((x) => -2 * x ** exponent)).not.toMatch(/power/);
  });

  test.each([2.5, -2.5, 5, -5, 0.4, 0.25])('x to the power of %d is none that is looked for', (exponent) => {
    expect(of((x) => x ** exponent)).not.toMatch(/power/);
  });

  test('of negative numbers: a whole power has their sign, a fraction that of their size', () => {
    expect(of((x) => x ** 3, signed)).toBe(byInput('x^3'));
    expect(of((x) => -2 * x ** -3, signed)).toBe(byInput('-2·x^(−3)'));
    expect(of((x) => x ** 2, signed)).toBe(byInput('x^2'));
    expect(of((x) => Math.sqrt(Math.abs(x)), signed)).toBe(byInput('x^(1/2)'));
    expect(of((x) => Math.abs(x) ** 3, signed)).not.toMatch(/power/);
    expect(of((x) => Math.sign(x) * x ** 2, signed)).not.toMatch(/power/);
  });

  test('three entries or more, with numbers that are a tenth apart, none of them 0', () => {
    const square = (x: number): number => x ** 2;
    expect(of(square, [0.5, 1.25, 2])).toBe(byInput('x^2'));
    expect(of(square, [0.5, 2])).not.toMatch(/power/);
    expect(of(square, [2, 2.1, 2.202, 2.05])).toBe(byInput('x^2'));
    expect(of(square, [2, 2.1, 2.198, 2.05])).not.toMatch(/power/);
    expect(of((x) => (x === 0 ? 1 : x ** 2), [0.5, 0, 2, 3.5])).not.toMatch(/power/);
  });

  test('every entry, to a part in ten thousand; none where autodiff is 0', () => {
    const but = (j: number, factor: number): string => of((x, i) => x ** 2 * (i === j ? factor : 1));
    for (const sign of [1, -1]) {
      expect(but(2, 1 + sign * 0.9e-4)).toBe(byInput('x^2'));
      expect(but(2, 1 + sign * 1.1e-4)).not.toMatch(/power/);
    }
    expect(but(2, 0)).not.toMatch(/power/);
    expect(but(2, -1)).not.toMatch(/power/);
  });

  test('of one output that all entries have a part in; a power of it is none', () => {
    const sum = (ratio: (x: number) => number, y: number): string =>
      sentences(
        [
          {
            shape: [5],
            values,
            jacobian: [slopes],
            gradient: (_dy, right) => right.map((slope, j) => slope * ratio(values[j])),
          },
        ],
        { f: () => [y] },
      ).join();
    expect(sum((x) => x ** 2, 4)).toBe(byInput('x^2'));
    expect(sum(() => 4, 2)).not.toMatch(/power/);
  });
});
