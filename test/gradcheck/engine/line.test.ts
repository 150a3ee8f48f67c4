/** Oracle: closed forms of polynomials along a line. */
import { describe, expect, test } from '@jest/globals';
import {
  bend,
  lineThrough,
  noiseOf,
  pairAt,
  quotient,
  scaleOf,
  soleOf,
  type Line,
  type Sample,
  type Walk,
} from '../../../src/gradcheck/engine/line.js';

const epsilon = 2 ** -53;

/** f(t) = [1 + 2t, 5, 4 - t², NaN] around 0, for the cotangents [1, 7, ½, 9] and [-3, 7, 4, 9]. */
const f = (t: number): Float64Array => Float64Array.of(1 + 2 * t, 5, 4 - t ** 2, NaN);
const lineOf = (walk: Walk = (t) => ({ t, there: f(t) })): Line =>
  lineThrough(
    {
      cotangents: [Float64Array.of(1, 7, 0.5, 9), Float64Array.of(-3, 7, 4, 9)],
      outputs: f(0),
      finite: Int32Array.of(0, 1, 2),
      noise: Float64Array.of(1e-3, 1e-1, 1e-2, 1),
      epsilon,
    },
    walk,
  );

describe('a sample', () => {
  test('has, by cotangent, the weighted change, and what it would be if nothing cancelled', () => {
    const { t, change, size, sole } = lineOf().at(0.5);
    expect(t).toBe(0.5);
    // Changes of the outputs: 1, 0, -1/4.
    expect(change).toEqual([1 - 0.125, -3 - 1]);
    expect(size).toEqual([1 + 0.125, 3 + 1]);
    expect(sole).toBe(-1);
    expect(lineOf().at(-0.5).change).toEqual([-1 - 0.125, 3 - 1]);
  });

  test('has the rounding of the outputs that are larger there than at the point, and of those alone', () => {
    const ahead = lineOf().at(0.5).noise;
    // The first has grown to 2, the third has shrunk.
    expect(ahead).toEqual([2 * epsilon, 6 * epsilon]);
    expect(lineOf().at(-0.25).noise).toEqual([0, 0]);
    // To -3, and the third to -5.
    const behind = lineOf().at(-2.5).noise;
    expect(lineOf().at(-3).noise[0]).toBeCloseTo(epsilon * Math.hypot(5, 0.5 * 5), 25);
    expect(behind[0]).toBe(4 * epsilon);
  });

  test('names the only output that changes', () => {
    const only = (k: number): Walk => {
      const there = f(0);
      if (k >= 0) there[k] += 1;
      return (t) => ({ t, there });
    };
    expect([2, 0, -1].map((k) => lineOf(only(k)).at(1).sole)).toEqual([2, 0, -1]);
    expect(lineOf(only(-1)).at(1)).toMatchObject({ change: [0, 0], size: [0, 0], noise: [0, 0] });
  });

  test('says where f threw, or is no longer finite', () => {
    const line = lineOf((t) => ({ t, there: t > 1 ? undefined : f(t) }));
    expect(line.at(2)).toEqual({ t: 2, change: [NaN, NaN], size: [0, 0], noise: [0, 0], sole: -1 });
    expect(line.noise()).toEqual([0, 0]);
    expect(line.at(1).change).toEqual([2 - 0.5, -6 - 4]);
    const end = lineOf((t) => ({ t, there: Float64Array.of(1, NaN, 4, 0) }));
    expect(end.at(1).change).toEqual([NaN, NaN]);
  });

  test('has the step as it is stored', () => {
    expect(lineOf((t) => ({ t: Math.fround(t), there: f(t) })).at(0.1).t).toBe(Math.fround(0.1));
  });
});

describe('a line', () => {
  test('has the rounding of all outputs that have changed on it so far, each counted once', () => {
    // Up to 1 the third output rests.
    const line = lineOf((t) => {
      const there = f(t);
      if (t <= 1) there[2] = 4;
      return { t, there };
    });
    expect(line.noise()).toEqual([0, 0]);
    for (const t of [0.5, 1, -1]) {
      line.at(t);
      expect(line.noise()[0]).toBeCloseTo(1e-3, 15);
      expect(line.noise()[1]).toBeCloseTo(3e-3, 15);
    }
    line.at(2);
    expect(line.noise()[0]).toBeCloseTo(Math.hypot(1e-3, 0.5e-2), 15);
    expect(line.noise()[1]).toBeCloseTo(Math.hypot(3e-3, 4e-2), 15);
  });

  test('has the largest change so far', () => {
    const line = lineOf();
    expect(line.reach()).toEqual([0, 0]);
    line.at(2);
    line.at(1);
    expect(line.reach()).toEqual([4 + 2, 12 + 16]);
    line.at(-4);
    expect(line.reach()).toEqual([8 + 8, 24 + 64]);
  });
});

describe('a pair', () => {
  test('of equal steps: the central difference, the difference of the sides, the size, the rounding', () => {
    const line = lineOf();
    const pair = pairAt(line, 0.25);
    expect([pair.t, pair.ahead.t, pair.behind.t]).toEqual([0.25, 0.25, -0.25]);
    // c·f = 2t - t²/2 and -6t - 4t².
    expect([0, 1].map((q) => quotient(pair, q))).toEqual([2, -6]);
    expect([0, 1].map((q) => bend(pair, q))).toEqual([-0.25, -2]);
    expect(scaleOf(pair, 0)).toBe(2 + 0.125);
    expect(noiseOf(pair, 0, 0)).toBe(1.5 * epsilon);
    expect(noiseOf(pair, 1, 2)).toBe(2);
  });

  test('of steps that were stored unequal: by the distances that were gone', () => {
    const uneven = lineOf((t) => {
      const stored = t < 0 ? t / 2 : t;
      return { t: stored, there: f(stored) };
    });
    const pair = pairAt(uneven, 0.5);
    // (0.875 - (-0.53125)) / 0.75, and 1.75 - 2.125.
    expect(quotient(pair, 0)).toBeCloseTo(1.875, 14);
    expect(bend(pair, 0)).toBeCloseTo(-0.375, 14);
    expect(scaleOf(pair, 0)).toBe(2.25);
  });

  test.each([
    ['the same on both sides', [3, 1], [3, 2], 3],
    ['one on each side, another', [3, 1], [4, 1], -1],
    ['one ahead, several behind', [3, 1], [-1, 1], -1],
    ['several ahead, one behind', [-1, 1], [3, 1], -1],
    ['one ahead, nothing behind', [3, 1], [-1, 0], 3],
    ['nothing ahead, one behind', [-1, 0], [3, 1], 3],
    ['nothing at all', [-1, 0], [-1, 0], -1],
  ])('names the only output that changes: %s', (_name, [ahead, size], [behind, other], sole) => {
    const sample = (only: number, amount: number): Sample => ({
      t: 1,
      change: [amount],
      size: [amount],
      noise: [0],
      sole: only,
    });
    const pair = { t: 1, ahead: sample(ahead, size), behind: sample(behind, other) };
    expect(soleOf(pair, 0)).toBe(sole);
  });

  test('takes the larger size and rounding of its two sides', () => {
    const oneSided = lineOf((t) => ({ t, there: f(t > 0 ? 0 : t) }));
    const pair = pairAt(oneSided, 4);
    expect(scaleOf(pair, 0)).toBe(2 + 2);
    expect(noiseOf(pair, 0, 0)).toBeCloseTo(epsilon * Math.hypot(7, 6), 24);
  });
});
