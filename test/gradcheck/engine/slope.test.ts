/** Oracle: closed forms. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineThrough, type Line } from '../../../src/gradcheck/engine/line.js';
import { ladderOf, slopeFrom, type Slope } from '../../../src/gradcheck/engine/slope.js';
import { present } from '../../support/present.js';

/** A function of a number as a line through x; `size` is that of the largest number that is rounded within f. */
const lineOf = (f: (x: number) => number, x = 0, size = Math.abs(f(x))): Line =>
  lineThrough(
    {
      cotangents: [Float64Array.of(1)],
      outputs: Float64Array.of(f(x)),
      finite: Int32Array.of(0),
      noise: Float64Array.of(2 ** -53 * size),
      epsilon: 2 ** -53,
    },
    (t) => ({ t: x + t - x, there: Float64Array.of(f(x + t)) }),
  );

/** By two families of steps, as the judge takes them. */
const slopeOf = (f: (x: number) => number, x = 0, size?: number): Slope => {
  const line = lineOf(f, x, size);
  const ladders = [0.7, 0.9].map((factor) => ladderOf(line, { unit: 1, factor, first: 1, last: 30 }));
  return slopeFrom(ladders, 1, 0, line.noise()[0]);
};

describe('slopeFrom, where f is smooth', () => {
  test.each<[string, (x: number) => number, number, number, number?]>([
    ['sin', Math.sin, 0.7, Math.cos(0.7)],
    ['exp', Math.exp, 3, Math.exp(3)],
    ['a polynomial of degree 7', (x) => x ** 7 - 2 * x ** 3 + x, 1.5, 7 * 1.5 ** 6 - 6 * 1.5 ** 2 + 1],
    ['with an offset of 1e6', (x) => Math.sin(x) + 1e6, 1, Math.cos(1)],
    ['fast oscillation', (x) => Math.sin(200 * x), 0.3, 200 * Math.cos(60), 60],
    ['tiny values', (x) => 1e-12 * x ** 2, 1, 2e-12],
    ['huge values', (x) => 1e12 * Math.log1p(x), 1, 5e11],
    ['a narrow bell', (x) => Math.exp(-1e4 * x * x), 0.01, -200 * Math.exp(-1)],
    ['a kink a thousandth away', (x) => Math.max(x, 0.001) + x * x, 0, 0],
    ['a constant', () => 3, 1, 0],
  ])('%s: the value is within three error bars, and they are small', (...[, f, x, expected, size]) => {
    const { kind, value, errorBar } = slopeOf(f, x, size);
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

  test('what rounding leaves of the one-sided slopes is said: of a kink that lies nearer than any step that shows', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e-10, max: 1e-10, noNaN: true }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (distance, offset) => {
          const f = (x: number): number => Math.max(x + distance, 0) + 1e6 + offset;
          const { kind, left, right, sideBar = 0 } = slopeOf(f);
          if (kind !== 'kink') return false;
          // What is off by a fifth of the bend lies outside for all that.
          return Math.abs(left) <= sideBar && Math.abs(right - 1) <= sideBar && sideBar < 0.2;
        },
      ),
    );
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
    const power = slopeOf((x) => (x < 0 ? NaN : x ** 1.5), 0);
    expect(power.kind).toBe('smooth');
    expect(Math.abs(power.value)).toBeLessThanOrEqual(3 * power.errorBar + 1e-15);
    expect(power.errorBar).toBeLessThan(1e-9);
  });

  test('f that is finite nowhere around has no slope', () => {
    expect(slopeOf((x) => (x === 0 ? 0 : NaN))).toMatchObject({ kind: 'undefined' });
  });
});

describe('slopeFrom, where f is differentiable once', () => {
  test.each<[string, (x: number) => number, number]>([
    ['relu(x)²', (x) => Math.max(x, 0) ** 2, 0],
    ['x·|x|', (x) => x * Math.abs(x), 0],
    ['|x|^1.5 beside a line', (x) => Math.abs(x) ** 1.5 + 3 * x, 3],
    ['relu(x)^1.5', (x) => Math.max(x, 0) ** 1.5, 0],
    ['relu(x)^1.2', (x) => Math.max(x, 0) ** 1.2, 0],
    ['relu(x)^1.1', (x) => Math.max(x, 0) ** 1.1, 0],
  ])('%s at 0', (_name, f, expected) => {
    const { kind, value, errorBar } = slopeOf(f);
    expect(kind).toBe('smooth');
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(3 * errorBar + 1e-12);
    expect(errorBar).toBeLessThan(1e-6);
  });
});

describe('slopeFrom, where long steps see something else', () => {
  test('a quantiser is flat between its steps', () => {
    expect(slopeOf((x) => Math.round(256 * x) / 256, 0.3123)).toMatchObject({ kind: 'smooth', value: 0 });
  });

  test('a wave in step with powers of two', () => {
    const { kind, value } = slopeOf((x) => 0.1 * x + Math.sin(2 * Math.PI * 512 * x), 0.3);
    expect(kind).toBe('smooth');
    expect(value).toBeCloseTo(0.1 + 2 * Math.PI * 512 * Math.cos(2 * Math.PI * 512 * 0.3), 3);
  });

  test('what is rounded to float32 within is flat, and has the slope of the rest', () => {
    const { coarse, value } = slopeOf((x) => Math.fround(Math.sin(x)), 0.7);
    expect(value).toBe(0);
    expect(Math.abs(present(coarse).value - Math.cos(0.7))).toBeLessThanOrEqual(3 * present(coarse).errorBar);
    expect(present(coarse).errorBar).toBeLessThan(1e-5);
    expect(slopeOf((x) => Math.round(4096 * x) / 4096, 0.31)).not.toHaveProperty('coarse');
  });
});
