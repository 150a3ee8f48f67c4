/** Means and spreads that a gradient leaves out. Oracle: the terms that were left out. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/shapes.js';
import { random, withGradient } from '../zoo/support.js';
import { evidenceOf } from '../../../src/gradcheck/diagnosis/evidence.js';
import { missingStatistics } from '../../../src/gradcheck/diagnosis/statistics.js';
import { coordinateOf } from '../../../src/gradcheck/engine/index.js';
import { full, made, valuesFor } from './made-up.js';
import { said } from './support.js';

test('the mean', () => {
  const f = withGradient(
    (x) => tf.sub(x, tf.mean(x, 0, true)),
    (dy) => tf.clone(dy),
  );
  expect(said(f, [random([4, 3])])).toMatch(/the same along axis 0 is missing.*sum or a mean/);
});

test('the mean and the variance', () => {
  const f = withGradient(
    (x) => {
      const centred = tf.sub(x, tf.mean(x, 1, true));
      return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-5)));
    },
    (dy, x) => tf.div(dy, tf.sqrt(tf.add(tf.moments(x, 1, true).variance, 1e-5))),
  );
  expect(said(f, [random([3, 5])])).toMatch(/along axis 1, a constant and a multiple of x.*normalises over/);
});

test('an error without such a form', () => {
  const f = withGradient(
    (x) => tf.sin(x),
    (dy, x) => tf.mul(dy, tf.add(tf.cos(x), tf.pow(x, 3))),
  );
  expect(said(f, [random([3, 5])])).toMatch(/15 of 15 entries compared are wrong, in no form that is known/);
});

describe('in words', () => {
  const sum = (axis: number): string =>
    `an amount that is the same along axis ${axis} is missing: f takes a sum or a mean over that axis, and the gradient leaves it out.`;
  const line = (axis: number): string =>
    `what is missing is, along axis ${axis}, a constant and a multiple of x: f normalises over that axis, and the gradient leaves out that the mean and the variance depend on x.`;
  /** A gradient that lacks `missing(x, at)` times a number of each slice along the axis. */
  const of = (
    shape: number[],
    axis: number,
    missing: (x: number, at: number[], slice: number) => number,
    values?: number[],
  ): string | undefined => {
    const n = sizeOf(shape);
    const x = values ?? valuesFor(n);
    const jacobian = full(Array.from({ length: n }, (_, j) => 0.7 + ((3 * j) % 5) / 3));
    const { pass, found } = made([
      {
        shape,
        values: x,
        jacobian,
        gradient: (dy, right) =>
          right.map((value, j) => {
            const at = coordinateOf(j, shape);
            const slice = at.reduce((key, i, a) => (a === axis ? key : 3 * key + i + 1), 0);
            return value - dy[0] * missing(x[j], at, slice);
          }),
      },
    ]);
    return missingStatistics(evidenceOf(pass, 0, found[0]));
  };

  test.each<[number[], number]>([
    [[3], 0],
    [[7], 0],
    [[3, 2], 0],
    [[2, 3], 1],
    [[2, 3, 2], 1],
    [[4, 3], 1],
    [[4, 3], 0],
  ])('%j: an amount along axis %d, for each slice its own', (shape, axis) => {
    expect(of(shape, axis, (_x, _at, slice) => 1 + slice)).toBe(sum(axis));
    expect(of(shape, axis, (_x, at, slice) => 1 + slice + (at[axis] === 2 ? 0.1 : 0))).not.toBe(sum(axis));
  });

  test.each<[number[], number]>([
    [[4], 0],
    [[7], 0],
    [[4, 2], 0],
    [[3, 5], 1],
    [[2, 4, 2], 1],
  ])('%j: a straight line in x along axis %d, for each slice its own', (shape, axis) => {
    expect(of(shape, axis, (x, _at, slice) => 2 - slice + (slice + 0.5) * x)).toBe(line(axis));
    expect(
      of(shape, axis, (x, at, slice) => 2 - slice + (slice + 0.5) * x + (at[axis] === 2 ? 0.1 : 0)),
    ).toBeUndefined();
    expect(of(shape, axis, (x, _at, slice) => slice + x ** 3)).toBeUndefined();
  });

  test('a line through three points, and an amount along two, say nothing', () => {
    expect(of([3], 0, (x) => 2 + x)).toBeUndefined();
    expect(of([2, 2], 1, (_x, _at, slice) => 1 + slice)).toBeUndefined();
  });

  test('a line in x needs another x', () => {
    const levels = [0.5, 0.7, 0.9, 1.2];
    expect(of([4], 0, (_x, [i]) => levels[i], [2, 2, 2, 2])).toBeUndefined();
  });

  test('every slice has to hold', () => {
    expect(of([3, 3], 1, (_x, [i, k], slice) => 1 + slice + (i === 2 ? (k + 1) ** 2 : 0))).toBeUndefined();
    expect(of([3, 3], 0, (_x, [i, k], slice) => 1 + slice + (k === 0 ? (i + 1) ** 2 : 0))).toBeUndefined();
  });

  test('entries that were not compared leave it open', () => {
    const jacobian = full([0.9, -1.2, 0.4, 2]);
    const { pass, found } = made([
      { shape: [4], jacobian, gradient: (dy, right) => right.map((value) => value - dy[0]) },
    ]);
    expect(missingStatistics(evidenceOf(pass, 0, found[0]))).toBe(sum(0));
    expect(missingStatistics(evidenceOf(pass, 0, found[0].slice(0, 3)))).toBeUndefined();
  });
});
