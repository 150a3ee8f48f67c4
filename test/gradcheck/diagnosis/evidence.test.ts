/** What counts as the same number, as telling, and as compared: made-up entries on both sides of each bound. */
import { describe, expect, test } from '@jest/globals';
import { evidenceOf, telling, weightOf } from '../../../src/gradcheck/diagnosis/evidence.js';
import type { Entry } from '../../../src/gradcheck/engine/index.js';
import { entry, passWith, slope } from '../report/made-up.js';

const entries = (...values: number[]): Entry[] =>
  values.map((value, j) => entry({ j, slopes: [slope({ value }), slope({ value: 2 * value })] }));

const pass = (precision: 'float64' | 'native', autodiff: number[] = [0, 0, 0, 0]) =>
  passWith({
    subject: { precision, active: [{ name: 'W', shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) }] },
    autodiff: [[Float64Array.from(autodiff)], [Float64Array.from(autodiff, (value) => 3 * value)]],
  });

test('the input’s name, shape and numbers, by cotangent; without kinks, noise and what is not finite', () => {
  const [first, second] = entries(1, 2);
  const found = [
    first,
    { ...second, state: 'wrong' as const },
    ...(['kink', 'blind', 'nonFinite'] as const).map((state, i) => entry({ j: 2 + (i % 2), state })),
  ];
  const evidence = evidenceOf(pass('float64', [5, 6, 7, 8]), 0, found);
  expect(evidence).toMatchObject({ input: 0, name: 'W', shape: [2, 2] });
  expect(evidence.entries).toEqual(found.slice(0, 2));
  expect([0, 1].map((q) => evidence.numerical(second, q))).toEqual([2, 4]);
  expect([0, 1].map((q) => evidence.autodiff(second, q))).toEqual([6, 18]);
});

describe('the same', () => {
  const [one] = entries(0);
  const sameIn = (precision: 'float64' | 'native', ...rest: Parameters<typeof pass>[1][]) =>
    evidenceOf(pass(precision, rest[0]), 0, [one]).same;

  test.each([
    ['float64', 1e-5],
    ['native', 2 ** -10],
  ] as const)('%s: to a share of %d of the larger one', (precision, share) => {
    const same = sameIn(precision);
    for (const sign of [1, -1]) {
      expect(same(sign * 5, sign * 5 * (1 - 0.9999 * share), one, 0)).toBe(true);
      expect(same(sign * 5, sign * 5 * (1 - 1.0001 * share), one, 0)).toBe(false);
      expect(same(sign * 5 * (1 - 0.9999 * share), sign * 5, one, 0)).toBe(true);
      expect(same(sign * 5 * (1 - 1.0001 * share), sign * 5, one, 0)).toBe(false);
    }
    expect(same(5, -5, one, 0)).toBe(false);
  });

  test('to 1e-7 of the input’s largest entry for that cotangent, numerical or autodiff', () => {
    const of = (autodiff: number[], ...values: number[]) =>
      evidenceOf(pass('float64', autodiff), 0, entries(...values)).same;
    for (const same of [of([0, -8, 1, 0], 1), of([0, NaN, 1, Infinity], -8, 1), of([1, 1, 1, 1], NaN, 8)]) {
      expect(same(0.99 * 8e-7, 0, one, 0)).toBe(true);
      expect(same(1.02 * 8e-7, 0, one, 0)).toBe(false);
    }
    // The second cotangent's numbers are its own.
    const same = of([0, 8, 0, 0]);
    expect(same(0.99 * 24e-7, 0, one, 1)).toBe(true);
    expect(same(1.02 * 24e-7, 0, one, 1)).toBe(false);
  });

  test('to three times the error bar of that cotangent', () => {
    const noisy = entry({ slopes: [slope({ errorBar: 1 }), slope({ errorBar: 2 })] });
    const same = sameIn('float64');
    expect([2.9, 3.1, 5.9].map((value) => same(value, 0, noisy, 0))).toEqual([true, false, false]);
    expect([2.9, 5.9, 6.1].map((value) => same(value, 0, noisy, 1))).toEqual([true, true, false]);
  });

  test('two numbers that are equal, also where the whole gradient is 0', () => {
    const same = sameIn('float64', [0, 0, 0, 0]);
    for (const value of [0, -0, 3, -5e-320]) expect(same(value, value, one, 0)).toBe(true);
    expect(same(0, -0, one, 0)).toBe(true);
    expect(same(0, 5e-320, one, 0)).toBe(false);
  });

  test('not where a number is NaN or infinite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const other of [bad, 1]) expect(sameIn('float64')(bad, other, one, 0)).toBe(false);
      expect(sameIn('float64')(1, bad, one, 0)).toBe(false);
    }
  });
});

test('telling: finite, and not the same as 0', () => {
  const found = entries(1, 0.9e-7, 1.1e-7, 0, NaN, Infinity, -1);
  const evidence = evidenceOf(pass('float64'), 0, found);
  expect(telling(evidence, found, 0).map(({ j }) => j)).toEqual([0, 2, 6]);
  expect(telling(evidence, found.slice(1, 3), 0).map(({ j }) => j)).toEqual([2]);
});

test('the weight of the one output that hangs on an entry; 1 where there are more or none', () => {
  const weights = (sole: number, parts = {}) =>
    [0, 1].map((q) => weightOf(passWith(parts), entry({ slopes: [slope({ sole }), slope({ sole: 0 })] }), q));
  expect(weights(0)).toEqual([2, 8]);
  expect(weights(1)).toEqual([-0.5, -2]);
  expect(weights(-1)).toEqual([1, 1]);
  expect(weights(-1, { outputs: Float64Array.of(5) })).toEqual([2, 8]);
  // An output that is not finite has a cotangent of 0.
  expect(weights(0, { cotangents: [Float64Array.of(0, 1), Float64Array.of(3, 1)] })).toEqual([1, 3]);
});
