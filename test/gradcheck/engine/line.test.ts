/** Oracle: closed forms. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { agreesAtOnce, ladderOf, slopeFrom, type Line } from '../../../src/gradcheck/engine/line.js';

/** A function of a number as a line through x. */
const lineOf =
  (f: (x: number) => number, x = 0): Line =>
  (t) => {
    const moved = x + t;
    const [there, here] = [f(moved), f(x)];
    const change = there - here;
    const noise = 2 ** -53 * Math.max(Math.abs(there), Math.abs(here));
    return { t: moved - x, change: [change], size: [Math.abs(change)], sole: 0, noise: [noise] };
  };

const slopeOf = (f: (x: number) => number, x = 0) =>
  slopeFrom(ladderOf(lineOf(f, x), { first: 1, last: 26 }), 0);

describe('slopeFrom, where f is smooth', () => {
  test.each<[string, (x: number) => number, number, number]>([
    ['sin', Math.sin, 0.7, Math.cos(0.7)],
    ['exp', Math.exp, 3, Math.exp(3)],
    ['a polynomial of degree 7', (x) => x ** 7 - 2 * x ** 3 + x, 1.5, 7 * 1.5 ** 6 - 6 * 1.5 ** 2 + 1],
    ['with an offset of 1e6', (x) => Math.sin(x) + 1e6, 1, Math.cos(1)],
    ['fast oscillation', (x) => Math.sin(200 * x), 0.3, 200 * Math.cos(60)],
    ['tiny values', (x) => 1e-12 * x ** 2, 1, 2e-12],
    ['huge values', (x) => 1e12 * Math.log1p(x), 1, 5e11],
    ['a narrow bell', (x) => Math.exp(-1e4 * x * x), 0.01, -200 * Math.exp(-1)],
    ['a kink a thousandth away', (x) => Math.max(x, 0.001) + x * x, 0, 0],
    ['a constant', () => 3, 1, 0],
  ])('%s: the value is within three error bars, and they are small', (_name, f, x, expected) => {
    const { kind, value, errorBar } = slopeOf(f, x);
    expect(kind).toBe('smooth');
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(3 * errorBar + 1e-15 * Math.abs(expected));
    expect(errorBar).toBeLessThanOrEqual(1e-7 * Math.max(Math.abs(expected), 1e-3));
  });

  test('the error bar holds for random sums of waves', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            a: fc.double({ min: 0.01, max: 3, noNaN: true }),
            w: fc.double({ min: 0.1, max: 30, noNaN: true }),
          }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        fc.double({ min: -2, max: 2, noNaN: true }),
        (waves, x) => {
          const f = (at: number): number => waves.reduce((sum, { a, w }) => sum + a * Math.sin(w * at), 0);
          const exact = waves.reduce((sum, { a, w }) => sum + a * w * Math.cos(w * x), 0);
          const { value, errorBar } = slopeOf(f, x);
          const size = waves.reduce((sum, { a, w }) => sum + Math.abs(a * w), 0);
          return Math.abs(value - exact) <= 3 * errorBar + 1e-13 * size && errorBar <= 1e-8 * size + 1e-12;
        },
      ),
    );
  });
});

describe('slopeFrom, where f is not', () => {
  test.each<[string, (x: number) => number, number, number]>([
    ['|x|', Math.abs, -1, 1],
    ['relu with a bend beside', (x) => Math.max(x, 0) + Math.sin(x), 1, 2],
    ['a faint kink', (x) => Math.sin(x) + 1e-3 * Math.abs(x), 0.999, 1.001],
    ['a kink on an offset', (x) => Math.abs(x) + 1e3, -1, 1],
  ])('%s is a kink, with its one-sided slopes', (_name, f, left, right) => {
    const slope = slopeOf(f);
    expect(slope.kind).toBe('kink');
    expect(slope.left).toBeCloseTo(left, 4);
    expect(slope.right).toBeCloseTo(right, 4);
  });

  test.each<[string, (x: number) => number, number]>([
    ['floor at 1', Math.floor, 1],
    ['a step of 1e-6', (x) => (x > 0 ? 1e-6 : 0) + x, 0],
    ['the square root of |x|', (x) => Math.sqrt(Math.abs(x)), 0],
    ['the cube root', Math.cbrt, 0],
    ['the square root at its end', Math.sqrt, 0],
  ])('%s is singular', (_name, f, x) => {
    expect(slopeOf(f, x).kind).toBe('singular');
  });

  test('at the end of the domain the slope is that of the side there is', () => {
    const log = (x: number): number => (x < 1 ? NaN : Math.log(x));
    const { kind, value, errorBar } = slopeOf(log, 1);
    expect(kind).toBe('smooth');
    expect(Math.abs(value - 1)).toBeLessThanOrEqual(3 * errorBar);
    expect(errorBar).toBeLessThan(1e-6);
    expect(slopeOf((x) => (x < 0 ? NaN : x ** 1.5), 0)).toMatchObject({ kind: 'smooth', value: 0 });
  });

  test('f that is finite nowhere around has no slope', () => {
    expect(slopeOf((x) => (x === 0 ? 0 : NaN))).toMatchObject({ kind: 'unknown' });
  });
});

describe('agreesAtOnce', () => {
  const look = (f: (x: number) => number, x: number, expected: number): boolean => {
    const pairs = ladderOf(lineOf(f, x), { first: 5, last: 7 });
    return agreesAtOnce(pairs, slopeFrom(pairs, 0), 0, expected, 1e-8);
  };

  test('takes a slope that is right, and none that is off by 1e-6, or at a kink', () => {
    expect(look(Math.sin, 0.7, Math.cos(0.7))).toBe(true);
    expect(look(Math.sin, 0.7, Math.cos(0.7) * (1 + 1e-6))).toBe(false);
    expect(look(Math.abs, 0, 0)).toBe(false);
    expect(look((x) => Math.abs(x) + x, 0, 1)).toBe(false);
  });
});
