/** Parts of an input. Oracle: the part that was made wrong. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/shapes.js';
import { elementwise, onesBut, random } from '../zoo/support.js';
import { explain } from '../../../src/gradcheck/diagnosis/index.js';
import { coordinateOf } from '../../../src/gradcheck/engine/index.js';
import { diagonal, made, sentences } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const cosTimes = (factor: (x: T) => T) =>
  elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), factor(x)),
  );
const where =
  (condition: (x: T) => T, factor: number) =>
  (x: T): T =>
    tf.where(condition(x), tf.fill(x.shape, factor), tf.onesLike(x));

test.each<[string, (x: T) => T, number[], RegExp]>([
  ['where x < 0', where((x) => tf.less(x, 0), 2), [20], /only where x < 0\. In that part: .* 2 times/],
  ['where x > 1', where((x) => tf.greater(x, 1), 0), [30], /only where x > 1\. In that part: it is zero/],
  ['where |x| > 1', where((x) => tf.greater(tf.abs(x), 1), 3), [30], /only where \|x\| > 1/],
  ['the first row', () => tf.tensor2d([[2], [1], [1]]), [3, 4], /first slice along axis 0/],
  ['the last column', () => tf.tensor2d([[1, 1, 1, 3]]), [3, 4], /last slice along axis 1/],
  ['a row within', () => tf.tensor2d([[1], [1], [2], [1]]), [4, 3], /in the slice at index 2 of axis 0\./],
  ['one entry of a matrix', () => onesBut(12, 4, 2).reshape([3, 4]), [3, 4], /only at \[1,0\] \(1 of 12/],
  ['one entry', () => onesBut(9, 4, 2), [9], /wrong only at \[4\] \(1 of 9 entries\)\.$/],
])('%s', (_name, factor, shape, sentence) => {
  expect(said(cosTimes(factor), [random(shape)])).toMatch(sentence);
});

test('everywhere is no part', () => {
  expect(
    said(
      cosTimes((x) => tf.add(2, tf.square(x))),
      [random([12])],
    ),
  ).not.toMatch(/only/);
});

test('what should be zero', () => {
  const f = elementwise(
    (x) => tf.relu(x),
    (x) => tf.onesLike(x),
  );
  expect(said(f, [random([12])])).toMatch(
    /only where x < 0\. In that part: it should be zero there, and is dy itself/,
  );
});

describe('in words', () => {
  /** Entries of these values, of which those at `wrong` are off: each by a factor of its own. */
  const of = (
    values: number[],
    wrong: (at: number) => boolean,
    { shape = [values.length], slopes = values.map((_, j) => 0.5 + ((5 * j) % 7) / 4) } = {},
  ): string =>
    sentences([
      {
        shape,
        values,
        jacobian: diagonal(slopes),
        gradient: (_dy, right) =>
          right.map((value, j) => (wrong(j) ? value * (1.2 + ((3 * j) % 5) / 9) : value)),
      },
    ]).join();
  const only = (where: string): string => `x: the gradient is wrong only ${where}.`;
  const byValue = (values: number[], wrong: (x: number) => boolean): string =>
    of(values, (j) => wrong(values[j]));

  test.each<[string, number[], (x: number) => boolean]>([
    ['where x < 0', [-2, 3, -1, 0.1, 2], (x) => x < 0],
    ['where x > 0', [-2, 3, -1, 0.1, 2], (x) => x > 0],
    ['where x > 1', [0.3, 3, 0.9, 1.7, 2], (x) => x > 1],
    ['where x < -1', [-2.5, 3, -1.2, -0.9, 2], (x) => x < -1],
    ['where x < 0.5', [0.2, 3, 0.4, 0.7, 2], (x) => x < 0.5],
    ['where x > -0.5', [-0.2, -3, 0.4, -0.7, -2], (x) => x > -0.5],
    ['where x < 2', [1.2, 3, 1.4, 2.7, 2.4], (x) => x < 2],
    ['where x > 2.35', [2.1, 2.37, 2.33, 2.7, 2.2], (x) => x > 2.35],
    ['where x < 1.233', [1.2, 3, 1.231, 1.235, 2], (x) => x < 1.233],
    // The limit is one of the values.
    ['where x > 2.3', [2.1, 2.4, 2.3, 2.7, 2.2], (x) => x > 2.3],
    ['where x ≥ 2.4', [2.1, 2.4, 2.39, 2.7, 2.2], (x) => x >= 2.4],
    ['where x < 1.24', [1.2, 3, 1.239, 1.24, 2], (x) => x < 1.24],
    ['where x ≤ 1.23', [1.2, 3, 1.23, 1.231, 2], (x) => x <= 1.23],
    ['where x ≤ 0', [-2, 3, 0, 0.1, 2], (x) => x <= 0],
    ['where x < 0', [-2, 3, 0, -0.1, 2], (x) => x < 0],
    ['where x ≥ 0', [-2, 3, 0, -0.1, 2], (x) => x >= 0],
    ['where x > 0', [-2, 3, 0, -0.1, 2], (x) => x > 0],
    ['where |x| > 1', [-2, 3, 0.9, -0.1, 2], (x) => Math.abs(x) > 1],
    ['where |x| < 1', [-2, 3, 0.9, -0.1, 2], (x) => Math.abs(x) < 1],
    ['where |x| < 2', [-1.9, 3, 1.4, -2.1, -3], (x) => Math.abs(x) < 2],
  ])('%s', (where, values, wrong) => {
    expect(byValue(values, wrong)).toBe(only(where));
  });

  test('seven digits at the most, else the middle', () => {
    const between = (low: number, high: number): string => byValue([low, 3, 1.1, high, 2], (x) => x <= low);
    expect(between(1.2345665, 1.2345675)).toBe(only('where x < 1.234567'));
    expect(between(1.23456781, 1.23456785)).toBe(only('where x < 1.23456783'));
  });

  test('where x is equal on both sides there is no threshold', () => {
    expect(of([1, 1, 1, 2, 1, 1], (j) => j < 2)).toBe(only('at the indices 0 to 1 of axis 0'));
  });

  /** Values in no order along any axis. */
  const mixed = (n: number): number[] => Array.from({ length: n }, (_, j) => Math.sin(9 * j + 1));
  const inShape = (shape: number[], wrong: (at: number[]) => boolean): string => {
    const values = mixed(sizeOf(shape));
    return of(values, (j) => wrong(coordinateOf(j, shape)), { shape });
  };

  test.each<[string, number[], (at: number[]) => boolean]>([
    ['in the first slice along axis 0 (index 0)', [4, 3], ([i]) => i === 0],
    ['in the last slice along axis 0 (index 3)', [4, 3], ([i]) => i === 3],
    ['in the slice at index 2 of axis 0', [4, 3], ([i]) => i === 2],
    ['in the first slice along axis 1 (index 0)', [4, 3], ([, k]) => k === 0],
    ['in the last slice along axis 1 (index 2)', [4, 3], ([, k]) => k === 2],
    ['in the slice at index 1 of axis 1', [4, 3], ([, k]) => k === 1],
    ['in the last slice along axis 2 (index 1)', [3, 2, 2], ([, , l]) => l === 1],
    ['in the first slice along axis 0 (index 0)', [2, 3], ([i]) => i === 0],
    ['at the indices 1 to 2 of axis 0', [4, 3], ([i]) => i === 1 || i === 2],
    ['at the indices 0 to 1 of axis 0', [4, 3], ([i]) => i < 2],
    ['at the indices 2 to 5 of axis 0', [9], ([i]) => i > 1 && i < 6],
    ['at both ends of axis 0', [4, 3], ([i]) => i === 0 || i === 3],
    ['at both ends of axis 0', [8], ([i]) => i === 0 || i === 7],
    ['at both ends of axis 1', [2, 4], ([, k]) => k === 0 || k === 3],
  ])('%s: %j', (where, shape, wrong) => {
    expect(inShape(shape, wrong)).toBe(only(where));
  });

  test('part of a slice, and slices apart, are none: their places, where they are few', () => {
    expect(inShape([4, 3], ([i, k]) => i === 1 && k < 2)).toBe(
      'x: the gradient is wrong only at [1,0], [1,1] (2 of 12 entries).',
    );
    expect(inShape([5, 2], ([i]) => i === 0 || i === 2)).toBe(
      'x: the gradient is wrong only at [0,0], [0,1], [2,0], [2,1] (4 of 10 entries).',
    );
    expect(inShape([5], ([i]) => i === 1 || i === 3)).toBe(
      'x: the gradient is wrong only at [1], [3] (2 of 5 entries).',
    );
    expect(inShape([4, 1], ([i]) => i === 1)).toBe(
      'x: the gradient is wrong only at [1,0] (1 of 4 entries).',
    );
  });

  test('four places, and half of the entries, at the most', () => {
    const odd = (count: number, n: number): string => of(mixed(n), (j) => j % 2 === 1 && j < 2 * count);
    expect(odd(4, 20)).toMatch(
      /^x: the gradient is wrong only at \[1\], \[3\], \[5\], \[7\] \(4 of 20 entries\)\.$/,
    );
    expect(odd(5, 20)).toMatch(/^x: 5 of 20 entries compared are wrong, in no form/);
    expect(odd(3, 6)).toMatch(/\(3 of 6 entries\)/);
    expect(odd(3, 6).replace('6', '')).not.toMatch(/no form/);
    expect(of(mixed(5), (j) => j % 2 === 0)).toMatch(/^x: 3 of 5 entries compared are wrong, in no form/);
  });

  test('entries whose derivative is 0 are on either side', () => {
    const slopes = [0.9, 0.7, 0, 1.3, 0];
    const values = [-1, -2, -0.5, 1, 2];
    expect(of(values, (j) => values[j] < 0, { slopes })).toBe(only('where x < 0'));
    // Where all that is right has a derivative of 0 it counts.
    expect(of(values, (j) => values[j] < 0, { slopes: [0.9, 0.7, 1.3, 0, 0] })).toBe(only('where x < 0'));
  });

  test('entries that are not finite are on neither side', () => {
    const values = [-1, -2, -0.5, 1, 2];
    expect(
      sentences([
        {
          shape: [5],
          values,
          jacobian: diagonal([0.9, 0.7, 0.4, 1.3, 0.6]),
          gradient: (_dy, right) =>
            right.map((value, j) => (j === 0 ? NaN : j < 3 ? (1.2 + j / 9) * value : value)),
        },
      ]),
    ).toEqual([expect.stringMatching(/^x: the gradient is NaN at \[0\]/), only('where x < 0')]);
  });

  test('of what was looked at', () => {
    const values = mixed(6);
    const { pass, found } = made([
      {
        shape: [6],
        values,
        jacobian: diagonal([1, 2, 3, 4, 5, 6]),
        gradient: (_dy, right) => right.map((value, j) => (j === 1 ? 1.3 * value : value)),
      },
    ]);
    expect(explain(pass, [found[0].slice(0, 4)])).toEqual([
      'x: the gradient is wrong only at [1] (1 of 6 entries, of 4 looked at).',
    ]);
  });

  test('one entry that is wrong and one that is right make no region', () => {
    expect(of([1, 2], (j) => j === 0)).toBe('x: the gradient is wrong only at [0] (1 of 2 entries).');
    expect(of([1, 2], (j) => j === 0, { shape: [2, 1] })).toBe(
      'x: the gradient is wrong only at [0,0] (1 of 2 entries).',
    );
  });

  test('in that part: the form of the mistake there', () => {
    const values = [-2, 3, -1, 0.1, 2, -0.7, -0.3];
    const inside = (
      gradient: (value: number, x: number, c: number) => number,
      slopes = [0.9, -1.2, 0.4, 2, -0.6, 1.1, 0.7],
    ): string =>
      sentences([
        {
          shape: [7],
          values,
          jacobian: diagonal(slopes),
          gradient: (dy, right) =>
            right.map((value, j) => (values[j] < 0 ? gradient(value, values[j], dy[j]) : value)),
        },
      ]).join();
    const part = `${only('where x < 0')} In that part: `;
    expect(inside((value) => 2 * value)).toBe(
      `${part}the gradient is off by a constant factor: it is 2 times what it should be.`,
    );
    expect(inside(() => 0)).toBe(`${part}it is zero there.`);
    expect(inside((value, x) => value * x)).toBe(`${part}the gradient has the factor x too much.`);
    expect(inside((value, x, c) => value + x * c, [0, -1.2, 0, 2, -0.6, 0, 0])).toBe(
      `${part}it should be zero there.`,
    );
    expect(inside((value, x) => value * (2 + x ** 2))).toBe(only('where x < 0'));
  });
});
