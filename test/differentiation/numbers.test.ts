import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BOOK_STEP,
  centralDifference,
  forwardDifference,
  optimalStep,
  partialDerivative,
} from '../../src/differentiation/numbers.js';
import { InputError } from '../../src/errors.js';

/** The book's first example, §4.3.2, and its derivative in closed form. */
const parabola = (x: number): number => 0.01 * x ** 2 + 0.1 * x;
/** The book's second, §4.3.3. */
const squares = (x: number[]): number => x[0] ** 2 + x[1] ** 2;

const relativeError = (got: number, wanted: number): number => Math.abs(got / wanted - 1);

describe('the book’s examples, against their closed forms', () => {
  test.each([
    [5, 0.2],
    [10, 0.3],
  ])('0.01x² + 0.1x at %d has slope %d', (x, slope) => {
    expect(relativeError(centralDifference(parabola, x, BOOK_STEP), slope)).toBeLessThan(1e-11);
    // A forward difference is off by h/2·f'' = 1e-6: more than this tolerance lets pass, and no more than that.
    const forward = forwardDifference(parabola, x, BOOK_STEP);
    expect(relativeError(forward, slope)).toBeGreaterThan(1e-11);
    expect(Math.abs(forward - slope - 1e-6)).toBeLessThan(1e-10);
  });

  test('partial derivatives of x0² + x1² at (3, 4)', () => {
    expect(Math.abs(partialDerivative(squares, [3, 4], 0, BOOK_STEP) - 6)).toBeLessThan(1e-9);
    expect(Math.abs(partialDerivative(squares, [3, 4], 1, BOOK_STEP) - 8)).toBeLessThan(1e-9);
  });

  test('the book’s step is 1e-4', () => {
    expect(BOOK_STEP).toBe(1e-4);
  });
});

const smooth: [name: string, f: (x: number) => number, derivative: (x: number) => number][] = [
  ['exp', Math.exp, Math.exp],
  ['sin', Math.sin, Math.cos],
  ['x⁵', (x) => x ** 5, (x) => 5 * x ** 4],
  ['1/(1 + e^-x)', (x) => 1 / (1 + Math.exp(-x)), (x) => 1 / (2 + Math.exp(x) + Math.exp(-x))],
];

describe('default steps, against closed forms', () => {
  test.each(smooth)('%s', (_name, f, derivative) => {
    for (const x of [-2.25, -0.5, 0, 0.3, 1, 3.7]) {
      const size = Math.max(Math.abs(derivative(x)), 1);
      expect(Math.abs(centralDifference(f, x) - derivative(x)) / size).toBeLessThan(3e-9);
      expect(Math.abs(forwardDifference(f, x) - derivative(x)) / size).toBeLessThan(3e-7);
    }
    // What these bounds reject: a step that is not balanced.
    const off = (step: number): number => Math.abs(centralDifference(f, 0.3, step) - derivative(0.3));
    expect(off(1e-13)).toBeGreaterThan(3e-7);
    expect(off(0.1)).toBeGreaterThan(3e-9);
  });

  test('they grow with x, so that they move it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e150, noNaN: true }), (x) => {
        expect(
          relativeError(
            centralDifference((x) => x, x),
            1,
          ),
        ).toBe(0);
        expect(
          relativeError(
            forwardDifference((x) => x * 3, -x),
            3,
          ),
        ).toBeLessThan(1e-6);
      }),
    );
  });

  test('are powers of two near ε^(1/2), ε^(1/3) and ε^(1/7), ε = 2⁻²³ or 2⁻⁵²', () => {
    for (const bits of [24, 53] as const) {
      for (const [scheme, root] of [
        ['forward', 2],
        ['central', 3],
        ['richardson', 7],
      ] as const) {
        const step = optimalStep(scheme, bits);
        expect(Number.isInteger(Math.log2(step))).toBe(true);
        expect(Math.abs(Math.log2(step) - (1 - bits) / root)).toBeLessThanOrEqual(0.5);
      }
    }
  });
});

describe('laws', () => {
  const order = (difference: typeof centralDifference, x: number): number => {
    const error = (h: number): number => difference(Math.exp, x, h) - Math.exp(x);
    return error(2 ** -7) / error(2 ** -8);
  };

  test('halving h halves the error of a forward difference and quarters that of a central one', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (x) => {
        expect(order(forwardDifference, x)).toBeCloseTo(2, 1);
        expect(order(centralDifference, x)).toBeCloseTo(4, 3);
      }),
    );
  });

  test('central differences are exact for parabolas, forward ones for straight lines', () => {
    const coefficient = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, (a, b, x) => {
        expect(centralDifference((x) => a * x * x + b * x, x, 0.5)).toBeCloseTo(2 * a * x + b, 12);
        expect(forwardDifference((x) => a * x + b, x, 0.5)).toBe(a);
        expect(forwardDifference((x) => x * x, x, 0.5)).toBe(2 * x + 0.5);
      }),
    );
  });

  test('the quotient divides by the distance that x moved: the identity has slope 1, whatever x and h', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-8, max: 1, noNaN: true }),
        (x, h) => {
          expect(forwardDifference((x) => x, x, h)).toBe(1);
          expect(centralDifference((x) => x, x, h)).toBe(1);
        },
      ),
    );
    // Dividing by h itself would not give 1.
    expect((1e6 + 1e-8 - 1e6) / 1e-8).not.toBe(1);
  });

  test('a partial derivative holds the other variables fast and leaves x as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 }), (x) => {
        const before = [...x];
        const weighted = (x: number[]): number => x.reduce((sum, value, i) => sum + (i + 1) * value, 0);
        x.forEach((_, i) => expect(partialDerivative(weighted, x, i, 0.5)).toBe(i + 1));
        expect(x).toEqual(before);
      }),
    );
    expect(partialDerivative(squares, Object.freeze([3, 4]), 0)).toBeCloseTo(6, 9);
  });
});

describe('errors', () => {
  const bothOf = [forwardDifference, centralDifference] as const;

  test.each([0, -1e-4, NaN, Infinity])('a step of %d', (h) => {
    for (const difference of bothOf) {
      expect(() => difference(Math.exp, 1, h)).toThrow(InputError);
      expect(() => difference(Math.exp, 1, h)).toThrow(
        `${difference.name}: the step h must be a finite number above 0, got ${h}. The book's is 1e-4.`,
      );
    }
  });

  test('a step that does not move x', () => {
    for (const difference of bothOf) {
      expect(() => difference(Math.exp, 1, 1e-17)).toThrow(
        `${difference.name}: the step h = 1e-17 does not move x = 1 in this precision. Choose a larger one.`,
      );
      expect(() => difference(Math.exp, 1e20, BOOK_STEP)).toThrow(InputError);
    }
    // Below a power of two numbers lie closer than above: this step moves x to one side only.
    expect(() => centralDifference(Math.exp, 1, 2 ** -54 * 1.5)).toThrow(/does not move x = 1/);
    expect(centralDifference(Math.exp, 1, 1e-15)).toBeCloseTo(Math.E, -1);
  });

  test.each([NaN, Infinity, -Infinity])('x = %d', (x) => {
    for (const difference of bothOf) {
      expect(() => difference(Math.exp, x)).toThrow(
        `${difference.name}: x must be a finite number, got ${x}.`,
      );
    }
  });

  test.each([-1, 2, 0.5, NaN])('partialDerivative for index %d of two', (i) => {
    expect(() => partialDerivative(squares, [3, 4], i)).toThrow(InputError);
    expect(() => partialDerivative(squares, [3, 4], i)).toThrow(
      `partialDerivative: i must be an index of x, 0 to 1, got ${i}.`,
    );
  });

  test('a NaN of f stays a NaN', () => {
    expect(centralDifference(Math.log, -1)).toBeNaN();
  });
});
