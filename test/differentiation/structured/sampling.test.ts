import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import {
  chebyshevBasis,
  coefficientsOf,
  nodesOf,
  remainderOf,
  samplesFor,
} from '../../../src/differentiation/structured/sampling.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import { expectClose, expectRejected } from '../../support/close.js';

const counts = [1, 2, 3, 5, 8, 13, 24];
const grid = Array.from({ length: 201 }, (_, i) => i / 200);

/** The interpolation of f by so many samples, at the points of the grid, in doubles. */
const interpolated = (f: (s: number) => number, samples: number): number[] =>
  inFloat64(() =>
    tf.tidy(() => {
      const values = tf.tensor2d(nodesOf(samples).map(f), [samples, 1]);
      const basis = chebyshevBasis(
        samples,
        () => tf.tensor2d(grid, [grid.length, 1]),
        tf.ones([grid.length, 1]),
      );
      const rows = tf.reshape<tf.Rank.R2>(basis, [samples, grid.length]);
      return Array.from(tf.matMul(rows, coefficientsOf(values) as tf.Tensor2D, true).dataSync());
    }),
  );

describe('nodesOf', () => {
  test.each(counts)('%d nodes: the first is the largest move, none is no move', (samples) => {
    const nodes = nodesOf(samples);
    expect(nodes).toHaveLength(samples);
    expect(nodes[0]).toBe(1);
    expect(Math.min(...nodes)).toBeGreaterThan(0);
    expect([...nodes].sort((a, b) => b - a)).toEqual(nodes);
  });

  test('two are the whole move and half of it', () => {
    expectClose(nodesOf(2), [1, 0.25], { absolute: 1e-15 });
  });
});

describe('coefficientsOf and chebyshevBasis', () => {
  test.each(counts)(
    '%d samples: the values at the nodes, and polynomials of lower degree everywhere',
    (samples) => {
      const polynomial = (s: number): number =>
        Array.from({ length: samples }, (_, k) => (k + 1) * (-s) ** k).reduce((a, b) => a + b);
      const expected = grid.map(polynomial);
      const allowed = { maxRelativeToLargest: 1e-13 };
      expectClose(interpolated(polynomial, samples), expected, allowed);
      // One sample too few.
      if (samples > 1) expectRejected(interpolated(polynomial, samples - 1), expected, allowed);
    },
  );

  test('the polynomials are cosines: T_k(cos θ) = cos kθ, times the weight', () => {
    const s = grid.map((value) => (1 + Math.cos(value * Math.PI)) / 2);
    const weight = grid.map((value) => 1 + value);
    const basis = inFloat64(() =>
      tf.tidy(() =>
        Array.from(
          chebyshevBasis(5, () => tf.tensor2d(s, [201, 1]), tf.tensor2d(weight, [201, 1])).dataSync(),
        ),
      ),
    );
    const expected = Array.from({ length: 5 }, (_, k) =>
      grid.map((value, i) => weight[i] * Math.cos(k * value * Math.PI)),
    ).flat();
    expectClose(basis, expected, { absolute: 1e-13 });
  });
});

describe('remainderOf', () => {
  /** A pole at δ = ±iΛ·R, so at s = -Λ². Relative to its largest value within [0,1], which is 1. */
  const withPole =
    (reach: number) =>
    (s: number): number =>
      1 / (1 + s * reach ** 2);

  test.each([0.01, 0.1, 0.5, 1, 2, 4])(
    'a pole at Λ = 1/%d: what is left is no more, and not much less',
    (reach) => {
      for (const samples of counts) {
        const f = withPole(reach);
        const left = Math.max(...interpolated(f, samples).map((value, i) => Math.abs(value - f(grid[i]))));
        const bound = remainderOf(samples, reach);
        expect(left).toBeLessThanOrEqual(1.001 * bound + 1e-14);
        if (bound > 1e-12) expect(left).toBeGreaterThan(0.4 * bound);
      }
    },
  );

  test('nothing is left of a function without poles', () => {
    expect(remainderOf(1, 0)).toBe(0);
  });
});

describe('samplesFor', () => {
  test('the fewest that keep the tolerance', () => {
    for (const reach of [1e-5, 1e-3, 0.03, 0.3, 1]) {
      const samples = samplesFor(reach, 2 ** -25, 24) as number;
      expect(remainderOf(samples, reach)).toBeLessThanOrEqual(2 ** -25);
      if (samples > 1) expect(remainderOf(samples - 1, reach)).toBeGreaterThan(2 ** -25);
    }
    expect([1e-5, 1e-3, 0.03].map((reach) => samplesFor(reach, 2 ** -25, 24))).toEqual([1, 2, 3]);
  });

  test('a tolerance that is kept exactly is kept; the most may be needed', () => {
    for (const samples of [1, 2, 3, 7]) {
      const left = remainderOf(samples, 0.5);
      expect(samplesFor(0.5, left, 24)).toBe(samples);
      expect(samplesFor(0.5, left * (1 - 1e-9), 24)).toBe(samples + 1);
      expect(samplesFor(0.5, left, samples)).toBe(samples);
      expect(samplesFor(0.5, left * (1 - 1e-9), samples)).toBeUndefined();
    }
    expect(samplesFor(0, 0, 1)).toBe(1);
  });

  test('undefined where too many are wanted; one for a reach that is not a number', () => {
    expect(samplesFor(5, 2 ** -25, 24)).toBeUndefined();
    expect(samplesFor(Infinity, 2 ** -25, 24)).toBeUndefined();
    expect(samplesFor(NaN, 2 ** -25, 24)).toBe(1);
  });
});
