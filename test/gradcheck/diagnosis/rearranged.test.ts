/** The right numbers in the wrong places. Oracle: the rearrangement put in. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/shapes.js';
import { random, withGradient } from '../zoo/support.js';
import { coordinateOf } from '../../../src/gradcheck/engine/index.js';
import { cotangentsFor, diagonal, sentences } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const moved = (by: (gradient: T) => T) =>
  withGradient(
    (x) => tf.sin(x),
    (dy, x) => by(tf.mul(dy, tf.cos(x))),
  );

test.each<[string, (gradient: T) => T, number[], RegExp]>([
  ['transposed', (g) => tf.transpose(g), [3, 3], /transposed: its axes are in the order \[1,0\]/],
  ['transposed and reshaped', (g) => tf.reshape(tf.transpose(g), [3, 4]), [3, 4], /transposed/],
  ['reversed', (g) => tf.reverse(g), [6], /reversed along axis 0/],
  ['reversed, the second axis', (g) => tf.reverse(g, 1), [2, 5], /reversed along axis 1/],
  [
    'shifted',
    (g) => tf.concat([tf.slice(g, [1], [5]), tf.slice(g, [0], [1])]),
    [6],
    /shifted by one along axis 0/,
  ],
])('%s', (_name, by, shape, sentence) => {
  expect(said(moved(by), [random(shape)])).toMatch(sentence);
});

test('a symmetric gradient is no more transposed than it was', () => {
  const f = withGradient(
    (x) => tf.sum(x),
    (dy, x) => tf.mul(dy, tf.fill(x.shape, 2)),
  );
  expect(said(f, [random([3, 3])])).toMatch(/ 2 times/);
});

test('two entries say nothing', () => {
  expect(
    said(
      moved((g) => tf.reverse(g)),
      [[0.3, 0.8]],
    ),
  ).not.toMatch(/reversed/);
});

describe('in words', () => {
  const slopesOf = (n: number): number[] =>
    Array.from({ length: n }, (_, j) => 0.3 + ((5 * j) % n) / n + j / 50);
  const flat = (at: number[], shape: number[]): number =>
    at.reduce((sum, i, axis) => sum * shape[axis] + i, 0);
  /** An elementwise function whose gradient has its entry of `from(at)` at `at`. */
  const of = (shape: number[], from: (at: number[]) => number, slopes = slopesOf(sizeOf(shape))): string =>
    sentences([
      {
        shape,
        jacobian: diagonal(slopes),
        gradient: (_dy, right) => right.map((_, j) => right[from(coordinateOf(j, shape))]),
      },
    ]).join();
  /** The gradient in this order of its axes, its numbers put down in x's shape. */
  const transposedBy = (shape: number[], order: number[]): string => {
    const turned = order.map((axis) => shape[axis]);
    return of(shape, (at) => {
      const place = coordinateOf(flat(at, shape), turned);
      return flat(
        shape.map((_, axis) => place[order.indexOf(axis)]),
        shape,
      );
    });
  };
  const transposed = (order: string): string =>
    `x: the gradient is transposed: its axes are in the order [${order}]. Its numbers are right, their places are not.`;

  test.each<[number[], number[]]>([
    [
      [2, 3],
      [1, 0],
    ],
    [
      [3, 3],
      [1, 0],
    ],
    [
      [2, 3, 4],
      [1, 0, 2],
    ],
    [
      [2, 3, 4],
      [2, 1, 0],
    ],
    [
      [2, 3, 4],
      [1, 2, 0],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
    ],
    [
      [2, 3, 2, 3],
      [3, 1, 0, 2],
    ],
  ])('%j transposed to the order %j', (shape, order) => {
    expect(transposedBy(shape, order)).toBe(transposed(order.join()));
  });

  test('not of five axes, and not where the order leaves every entry where it is', () => {
    expect(transposedBy([2, 3, 1, 1, 1], [1, 0, 2, 3, 4])).not.toMatch(/transposed/);
    expect(of([1, 5], ([, k]) => 4 - k)).toBe('x: the gradient is reversed along axis 1.');
  });

  test.each<[number[], number]>([
    [[5], 0],
    [[3], 0],
    [[2, 5], 1],
    [[4, 3], 0],
    [[2, 2, 3], 1],
  ])('%j reversed along axis %d', (shape, axis) => {
    const reversed = (at: number[]): number =>
      flat(
        at.map((i, a) => (a === axis ? shape[a] - 1 - i : i)),
        shape,
      );
    expect(of(shape, reversed)).toBe(`x: the gradient is reversed along axis ${axis}.`);
  });

  test.each<[number[], number, number]>([
    [[5], 0, 1],
    [[5], 0, -1],
    [[3], 0, 1],
    [[3], 0, -1],
    [[2, 5], 1, 1],
    [[2, 5], 1, -1],
    [[4, 3], 0, -1],
  ])('%j shifted along axis %d by %d', (shape, axis, by) => {
    const shifted = (at: number[]): number =>
      flat(
        at.map((i, a) => (a === axis ? (i + by + shape[a]) % shape[a] : i)),
        shape,
      );
    expect(of(shape, shifted)).toBe(`x: the gradient is shifted by one along axis ${axis}.`);
  });

  test('three entries or more, whose derivative is not 0; those that are 0 may be anywhere', () => {
    const reversed = (slopes: number[]): string =>
      of([slopes.length], ([i]) => slopes.length - 1 - i, slopes);
    expect(reversed([0.3, 0.5, 0.8, 0, 0])).toBe('x: the gradient is reversed along axis 0.');
    expect(reversed([0.3, 0.5, 0, 0, 0])).not.toMatch(/reversed/);
    expect(of([2], ([i]) => 1 - i)).not.toMatch(/reversed|shifted/);
  });

  test('an error too small for a form is no rearrangement', () => {
    for (const shape of [[2, 3], [1, 5], [5]]) {
      const slopes = slopesOf(sizeOf(shape));
      expect(
        sentences([
          {
            shape,
            jacobian: diagonal(slopes),
            gradient: (_dy, right) => right.map((value, j) => value * (1 + ((3 * j) % 5) * 1e-6 + 1e-6)),
          },
        ]).join(),
      ).not.toMatch(/transposed|reversed|shifted/);
    }
  });

  test('numbers where there should be none are no rearrangement', () => {
    for (const shape of [
      [2, 3],
      [1, 6],
    ]) {
      const said = sentences([
        {
          shape,
          values: [-1, 2, -0.5, 3, -2, 1],
          jacobian: diagonal([0, 0.7, 0, 1.3, 0, 0.4]),
          gradient: (dy, right) => right.map((value, j) => (j % 2 === 0 ? 2 * dy[j] : value)),
        },
      ]);
      expect(said).toEqual([
        'x: the gradient is wrong only where x < 0. In that part: it should be zero there.',
      ]);
    }
  });

  test('for every dy', () => {
    const slopes = slopesOf(5);
    const turned: [RegExp, (right: number[]) => number[]][] = [
      [/reversed/, (right) => [...right].reverse()],
      [/shifted/, ([first, ...rest]) => [...rest, first]],
    ];
    for (const [words, by] of turned) {
      const of = (isIt: (q: number) => boolean): string =>
        sentences([
          {
            shape: [5],
            jacobian: diagonal(slopes),
            gradient: (dy, right) =>
              isIt(cotangentsFor(5).findIndex((one) => one[0] === dy[0])) ? by(right) : right,
          },
        ]).join();
      expect(of(() => true)).toMatch(words);
      for (const only of [0, 1, 2]) {
        expect(of((q) => q === only)).not.toMatch(words);
        expect(of((q) => q !== only)).not.toMatch(words);
      }
    }
  });

  test('one number in another place is too much', () => {
    expect(of([5], ([i]) => [4, 3, 2, 1, 1][i])).not.toMatch(/reversed|shifted/);
    expect(of([3, 3], ([i, k]) => (i === 2 && k === 0 ? 1 : 3 * k + i))).not.toMatch(/transposed/);
  });
});
