/** Derivatives of single outputs and along directions, of functions whose derivatives are known in closed form. */
import { describe, expect, test } from '@jest/globals';
import { columnOf, slopeAlong, slopeOf, weighted } from '../../../src/gradcheck/diagnosis/columns.js';
import { made } from './made-up.js';

const passOf = (
  f: (values: readonly Float64Array[]) => number[],
  values: number[][],
  precision?: 'native',
) => {
  const { length } = f(values.map((one) => Float64Array.from(one)));
  const inputs = values.map((own) => ({
    shape: [own.length],
    values: own,
    jacobian: Array.from({ length }, () => own.map(() => 1)),
  }));
  return made(inputs, { f, precision }).pass;
};

describe('a column', () => {
  /** Outputs that hang on the second entry: 1 and 3. */
  const f = ([x, y]: readonly Float64Array[]): number[] => [
    x[0] ** 2,
    Math.exp(x[1]),
    y[0],
    x[1] ** 3 * y[0],
  ];

  test('the outputs that move with the entry, and their derivatives to eight digits', () => {
    const { places, slopes } = columnOf(passOf(f, [[0.3, 0.7], [2]]), 0, 1, 1);
    expect(Array.from(places)).toEqual([1, 3]);
    expect(Math.abs(slopes[0] / Math.exp(0.7) - 1)).toBeLessThan(1e-11);
    expect(Math.abs(slopes[1] / (6 * 0.49) - 1)).toBeLessThan(1e-12);
  });

  test('of the second input, at a unit of another size', () => {
    const { places, slopes } = columnOf(passOf(f, [[0.3, 0.7], [2000]]), 1, 0, 1000);
    expect(Array.from(places)).toEqual([2, 3]);
    expect(slopes[0]).toBeCloseTo(1, 12);
    expect(slopes[1]).toBeCloseTo(0.343, 12);
  });

  test('an output that moves at one of the steps only is one of them', () => {
    const kinked = ([x]: readonly Float64Array[]): number[] => [
      Math.max(Math.abs(x[0]) - 0.002, 0) * x[0],
      1,
    ];
    expect(Array.from(columnOf(passOf(kinked, [[0]]), 0, 0, 1).places)).toEqual([0]);
    const within = ([x]: readonly Float64Array[]): number[] => [Math.max(Math.abs(x[0]) - 0.004, 0), 1];
    expect(Array.from(columnOf(passOf(within, [[0]]), 0, 0, 1).places)).toEqual([]);
  });

  test('in float32 the steps are longer, and the numbers as they are rounded', () => {
    const seen: number[] = [];
    const watching = ([x]: readonly Float64Array[]): number[] => {
      seen.push(x[0]);
      return [x[0] * 3];
    };
    const reach = (precision?: 'native'): number => {
      const pass = passOf(watching, [[1]], precision);
      seen.length = 0;
      expect(columnOf(pass, 0, 0, 1).slopes[0]).toBeCloseTo(3, 6);
      if (precision) expect(seen.map(Math.fround)).toEqual(seen);
      return Math.max(...seen) - 1;
    };
    expect(reach()).toBeCloseTo(1.4 * 2 ** -9, 12);
    expect(reach('native')).toBeCloseTo(1.4 * 2 ** -5, 6);
  });

  test('where f throws, no slope', () => {
    const pass = passOf(([x]) => [x[0], 2 * x[0]], [[1]]);
    Object.assign(pass.subject, { evaluateMoved: () => undefined });
    const { places, slopes } = columnOf(pass, 0, 0, 1);
    expect(Array.from(places)).toEqual([0, 1]);
    expect(Array.from(slopes)).toEqual([NaN, NaN]);
  });
});

test('a weighted sum of the finite slopes; a slope by its output', () => {
  const column = { places: Int32Array.of(1, 3, 4), slopes: Float64Array.of(2, NaN, 5) };
  expect(weighted(column, (k) => 10 ** k)).toBe(50_020);
  expect([0, 1, 2, 3, 4].map((k) => slopeOf(column, k))).toEqual([0, 2, 0, NaN, 5]);
});

describe('along a direction, from both sides', () => {
  test('in float32 at numbers as they are rounded', () => {
    const seen: number[] = [];
    const pass = passOf(
      ([x]) => {
        seen.push(...x);
        return [3 * x[0]];
      },
      [[1 / 3, 0.1]],
      'native',
    );
    seen.length = 0;
    slopeAlong(pass, 0, Float64Array.of(1, -1), 0);
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.map(Math.fround)).toEqual(seen);
  });

  test('of a smooth function: its derivative twice, for the cotangent that is asked for', () => {
    const pass = passOf(([x, y]) => [Math.sin(x[0]) * x[1], Math.exp(x[1]) + y[0]], [[0.3, 0.7], [2]]);
    for (const q of [0, 2]) {
      const [c0, c1] = pass.cotangents[q];
      const slope = c0 * (Math.cos(0.3) * 0.7 * 2 - Math.sin(0.3)) - c1 * Math.exp(0.7);
      const { left, right } = slopeAlong(pass, 0, Float64Array.of(2, -1), q);
      expect(left / slope).toBeCloseTo(1, 6);
      expect(right / slope).toBeCloseTo(1, 6);
    }
  });

  test('of a parabola and a cubic exactly: the errors’ first two terms cancel', () => {
    const pass = passOf(([x]) => [x[0] ** 3 + x[0] ** 2], [[0.5]]);
    const slope = pass.cotangents[0][0] * (3 * 0.25 + 1);
    const { left, right } = slopeAlong(pass, 0, Float64Array.of(1), 0);
    expect(left / slope).toBeCloseTo(1, 11);
    expect(right / slope).toBeCloseTo(1, 11);
  });

  test('of a kink, and without the outputs that are not finite', () => {
    const pass = passOf(([x]) => [Math.abs(x[0]) + x[0], x[0] / 0], [[0]]);
    Object.assign(pass, { finite: Int32Array.of(0) });
    const { left, right } = slopeAlong(pass, 0, Float64Array.of(3), 0);
    expect(left).toBeCloseTo(0, 11);
    expect(right / pass.cotangents[0][0]).toBeCloseTo(6, 11);
  });
});
