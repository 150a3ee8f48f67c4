import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { DifferenceScheme } from '../../src/differentiation/numbers.js';
import { differenceQuotients, numericalGradient } from '../../src/differentiation/tensors.js';
import { InputError } from '../../src/errors.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';

const schemes: DifferenceScheme[] = ['forward', 'central', 'richardson'];
const squares = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x));
const small = Array.from({ length: 24 }, (_, i) => ((i * 7) % 24) / 8 - 1.25);

/** What float32 leaves of the gradient of a smooth function of a size up to 10, relative to the largest entry. */
const tolerances = {
  forward: { maxRelativeToLargest: 1e-2 },
  central: { maxRelativeToLargest: 1e-3 },
  richardson: { maxRelativeToLargest: 1e-4 },
};

describeOnEachBackend('the book’s example: f = x0² + x1²', () => {
  test.each([
    [3, 4, 6, 8],
    [0, 2, 0, 4],
    [3, 0, 6, 0],
  ])('at (%d, %d), by the closed form', (x0, x1, d0, d1) => {
    expectClose(numericalGradient(squares, [x0, x1]), [d0, d1], { absolute: 1e-5 });
    expectClose(numericalGradient(squares, [x0, x1], { scheme: 'forward' }), [d0, d1], { absolute: 1e-2 });
    expectClose(numericalGradient(squares, [x0, x1], { scheme: 'richardson' }), [d0, d1], { absolute: 1e-4 });
  });

  test('the book’s h = 1e-4 is available, and useless in float32', () => {
    const bumpy = (x: tf.Tensor): tf.Tensor => tf.sum(tf.sigmoid(x));
    const x = small.map((value) => value + 0.1);
    const slopes = x.map((value) => 1 / (2 + Math.exp(value) + Math.exp(-value)));
    const h = 1e-4;
    expectClose(numericalGradient(bumpy, x, { h }), slopes, { maxRelativeToLargest: 0.2 });
    expectRejected(numericalGradient(bumpy, x, { h }), slopes, tolerances.forward);
    expectClose(numericalGradient(bumpy, x, { scheme: 'richardson' }), slopes, tolerances.richardson);
  });
});

describeOnEachBackend('numericalGradient, against closed forms', () => {
  const functions: [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number][] = [
    ['Σ sin x', (x) => tf.sum(tf.sin(x)), Math.cos],
    ['Σ eˣ/4', (x) => tf.mul(tf.sum(tf.exp(x)), 0.25), (x) => Math.exp(x) / 4],
    ['Σ x³', (x) => tf.sum(tf.mul(tf.square(x), x)), (x) => 3 * x * x],
  ];

  describe.each(functions)('%s', (_name, f, derivative) => {
    test.each([[[]], [[6]], [[2, 3]], [[2, 2, 3]], [[2, 3, 1, 4]]])('at shape %j', (shape) => {
      const values = small.slice(0, tf.util.sizeFromShape(shape));
      const x = tf.tensor(values, shape);
      const expected = values.map(derivative);
      for (const scheme of schemes) {
        const gradient = numericalGradient(f, x, { scheme });
        expect(gradient.shape).toEqual(shape);
        expect(gradient.dtype).toBe('float32');
        expectClose(gradient, expected, tolerances[scheme]);
        expectRejected(
          expected.map((slope) => slope * 1.02),
          expected,
          tolerances[scheme],
        );
      }
      expect(Array.from(x.dataSync())).toEqual(values);
    });
  });

  test('the entries are moved one at a time: f sees x with one entry changed', () => {
    const seen: number[][] = [];
    const f = (x: tf.Tensor): number => {
      seen.push(Array.from(x.dataSync()));
      return 0;
    };
    numericalGradient(f, [[1, 2], [3, 4]], { h: 0.5 }); // prettier-ignore
    const moved = (i: number, h: number): number[] => [1, 2, 3, 4].map((x, k) => (k === i ? x + h : x));
    expect(seen).toEqual([0, 1, 2, 3].flatMap((i) => [moved(i, 0.5), moved(i, -0.5)]));
  });

  test.each([
    ['forward', 4],
    ['central', 6],
    ['richardson', 18],
  ] as const)('%s evaluates f %d times for 3 entries', (scheme, count) => {
    let calls = 0;
    numericalGradient(
      () => {
        calls += 1;
        return 0;
      },
      [1, 2, 3],
      { scheme },
    );
    expect(calls).toBe(count);
  });

  test('f may return a number, a scalar or a tensor with one entry', () => {
    for (const f of [() => 2, () => tf.scalar(2), () => tf.tensor4d([2], [1, 1, 1, 1])]) {
      expectClose(numericalGradient(f, [1, 2]), [0, 0]);
    }
  });

  test('x that was cast from int32 is moved by fractions', () => {
    const x = tf.tensor1d([3, 4], 'int32').toFloat();
    expectClose(numericalGradient(squares, x), [6, 8], { absolute: 1e-3 });
    expectClose(numericalGradient(squares, x, { h: 0.5 }), [6, 8]);
  });

  test('no entries, no gradient', () => {
    const gradient = numericalGradient(squares, tf.zeros([0, 3]));
    expect(gradient.shape).toEqual([0, 3]);
  });

  test('entries of very unlike size have steps of their own; 0 among them too', () => {
    const x = [1e4, 3, 0, -250];
    expectClose(
      numericalGradient((x) => tf.sum(tf.square(tf.div(x, 100))), x),
      x.map((value) => value / 5000),
      {
        absolute: 2e-3,
      },
    );
    expectClose(numericalGradient(squares, [0, 0]), [0, 0]);
    expectClose(numericalGradient(squares, [1e-15]), [2e-15], { relative: 1e-3 });
  });
});

describeOnEachBackend('f that returns numbers', () => {
  const plain = (x: tf.Tensor): number =>
    Array.from(x.dataSync()).reduce((sum, value) => sum + value * value, 1e6);

  test('keeps the digits that a tensor of float32 would lose', () => {
    const x = [3, -4, 0.5];
    const tolerance = { absolute: 1e-6 };
    expectClose(numericalGradient(plain, x), [6, -8, 1], tolerance);
    expectRejected(
      numericalGradient((x) => tf.scalar(plain(x)), x),
      [6, -8, 1],
      tolerance,
    );
  });

  test('a change far below float32 shows', () => {
    const tiny = (x: tf.Tensor): number => 1 + 1e-12 * x.dataSync()[0];
    expectClose(numericalGradient(tiny, [2]), [1e-12], { relative: 1e-2 });
    expect(numericalGradient((x) => tf.scalar(tiny(x)), [2]).dataSync()[0]).toBe(0);
  });

  test('a number too large for float32', () => {
    expectClose(
      numericalGradient((x) => 1e39 * x.dataSync()[0], [1], { h: 2 ** -140 + 0.5 }),
      [Infinity],
    );
    const [quotient] = differenceQuotients((x) => 1e39 * x.dataSync()[0], tf.tensor1d([1]));
    expectClose(quotient, 1e39, { relative: 1e-12 });
  });
});

describeOnEachBackend('in double precision', () => {
  const bumpy = (x: tf.Tensor): tf.Tensor => tf.sum(tf.sin(x));
  const slopes = small.map(Math.cos);
  const precise = { maxRelativeToLargest: 1e-9 };
  const inDoubles = (x: tf.Tensor | number[], h?: number): Float64Array =>
    inFloat64(() => Float64Array.from(numericalGradient(bumpy, x, { h }).dataSync()));

  test('the step suits doubles, for numbers in arrays and for a tensor from outside', () => {
    for (const x of [small, tf.tensor1d(small)]) {
      expectClose(inDoubles(x), slopes, precise);
      // The step that suits float32.
      expectRejected(inDoubles(x, 2 ** -8), slopes, precise);
    }
  });

  test.each(schemes)('%s', (scheme) => {
    const allowed = { forward: 1e-6, central: 1e-9, richardson: 1e-11 }[scheme];
    const gradient = inFloat64(() => numericalGradient(bumpy, small, { scheme }));
    expectClose(gradient.dataSync(), slopes, { maxRelativeToLargest: allowed });
    expectRejected(
      slopes.map((slope) => slope + 2 * allowed),
      slopes,
      { maxRelativeToLargest: allowed },
    );
  });

  test('numbers in arrays keep their doubles', () => {
    const seen: number[] = [];
    inFloat64(() =>
      numericalGradient(
        (x) => {
          seen.push(x.dataSync()[1]);
          return 0;
        },
        [1, 0.1],
        { h: 0.5 },
      ),
    );
    expect(seen).toEqual([0.1, 0.1, 0.1 + 0.5, 0.1 - 0.5]);
  });

  test('a tensor of doubles that has left is differentiated in the precision that f has outside', () => {
    const x = inFloat64(() => tf.tensor1d(small));
    expectClose(numericalGradient(bumpy, x), slopes, tolerances.central);
    // The step that suits doubles.
    expectRejected(numericalGradient(bumpy, x, { h: 2 ** -17 }), slopes, tolerances.central);
  });
});

describeOnEachBackend('the order of convergence', () => {
  /** Errors of the quotient of a sum of 64 equal values: in doubles, with steps that are exact. */
  const errorOf = (scheme: DifferenceScheme, h: number): number => {
    const f = (x: tf.Tensor): tf.Tensor => tf.exp(tf.mul(x, tf.ones([64])));
    const [quotient] = differenceQuotients(f, tf.tensor1d([0.5]), { scheme, h });
    return Math.abs(quotient / 64 - Math.exp(0.5));
  };

  test.each([
    ['forward', 2 ** -4, 2],
    ['central', 2 ** -2, 4],
    ['richardson', 0.5, 64],
  ] as const)('%s: halving h = %d divides the error by %d', (scheme, h, ratio) => {
    const measured = errorOf(scheme, h) / errorOf(scheme, h / 2);
    expect(measured).toBeGreaterThan(ratio * 0.9);
    expect(measured).toBeLessThan(ratio * 1.2);
  });

  test('richardson is exact for polynomials of degree 6, central is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 5 }), (x, a) => {
        // All numbers on the way are multiples of 2⁻¹² below 2¹² · a: exact in float32.
        const f = (x: tf.Tensor): tf.Tensor => tf.mul(tf.square(x), tf.mul(x, a));
        const at = tf.tensor1d([x]);
        const [exact] = differenceQuotients(f, at, { scheme: 'richardson', h: 0.25 });
        const [central] = differenceQuotients(f, at, { scheme: 'central', h: 0.25 });
        expect(exact).toBeCloseTo(3 * a * x * x, 9);
        expect(central).toBeCloseTo(3 * a * x * x + a / 16, 9);
      }),
    );
  });
});

describeOnEachBackend('differenceQuotients', () => {
  test('of many outputs: the sum of their derivatives, weighted with the cotangent', () => {
    const x = tf.tensor1d([0.5, -1, 2]);
    expectClose(differenceQuotients(tf.square, x, { scheme: 'richardson' }), [1, -2, 4], { absolute: 1e-5 });
    const cotangent = [3, -2, 0.5];
    const weighted = differenceQuotients(tf.square, x, { scheme: 'richardson', cotangent });
    expectClose(weighted, [3, 4, 2], { absolute: 1e-5 });
    expectRejected(weighted, [1, -2, 4], { absolute: 1e-5 });
  });

  test('of some entries only, in the order asked for', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expectClose(differenceQuotients(squares, x, { coordinates: [3, 0] }), [8, 2], { absolute: 1e-3 });
    expect(differenceQuotients(squares, x, { coordinates: [] })).toHaveLength(0);
  });

  test('outputs are subtracted before they are summed: no digits are lost to a large constant', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.concat([tf.mul(x, x), tf.tensor1d([1e6])]);
    const x = tf.tensor1d([1.5]);
    const tolerance = { absolute: 1e-4 };
    expectClose(differenceQuotients(f, x), [3], tolerance);
    expectRejected(
      differenceQuotients((x) => tf.sum(f(x)), x),
      [3],
      tolerance,
    );
  });
});

describeOnEachBackend('errors of numericalGradient', () => {
  test.each([
    ['a vector', (x: tf.Tensor) => x, /f must return a scalar .* got a tensor of shape \[2\]. Reduce it/],
    ['a promise', async () => 1, /f must return a scalar .* got object/],
    ['undefined', () => undefined, /f must return a scalar .* got undefined/],
    ['a bigint', () => 1n, /got bigint/],
  ])('f that returns %s', (_what, f, message) => {
    const wrong = f as unknown as (x: tf.Tensor) => tf.Tensor;
    expect(() => numericalGradient(wrong, [1, 2])).toThrow(InputError);
    expect(() => numericalGradient(wrong, [1, 2])).toThrow(message);
    const x = tf.tensor1d([1, 2]);
    expectNoLeak(() => expect(() => numericalGradient(wrong, x)).toThrow(InputError));
    x.dispose();
  });

  test.each([0, -1e-4, NaN, Infinity])('a step of %d', (h) => {
    expect(() => numericalGradient(squares, [1, 2], { h })).toThrow(
      /the step h must be a finite number above 0/,
    );
  });

  test('a step that is lost in float32', () => {
    expect(() => numericalGradient(squares, [1, 2], { h: 1e-9 })).toThrow(InputError);
    expect(() => numericalGradient(squares, [1, 4096], { h: 1e-4 })).toThrow(
      /h = 0.0001 does not move x = 4096 in this precision/,
    );
    expectClose(numericalGradient(squares, [1, 2], { h: 1e-6 }), [2, 4], { relative: 1 });
  });

  test('an unknown scheme', () => {
    expect(() => numericalGradient(squares, [1], { scheme: 'backward' as 'forward' })).toThrow(
      /scheme must be 'forward', 'central' or 'richardson', got "backward"/,
    );
  });

  test.each([
    ['NaN', [1, NaN], /x must be finite, got NaN at entry 1/],
    ['Infinity', [Infinity], /x must be finite, got Infinity at entry 0/],
    ['int32', tf.tensor1d([1, 2], 'int32'), /x must be float32, got int32.*Use x.toFloat\(\)/],
    ['bool', tf.tensor1d([true], 'bool'), /x must be float32, got bool/],
    ['text', 'x' as unknown as number[], /x must be a tensor, a number, or arrays/],
  ])('x that is %s', (_what, x, message) => {
    expect(() => numericalGradient(squares, x)).toThrow(InputError);
    expect(() => numericalGradient(squares, x)).toThrow(message);
  });

  test('what f throws comes through, and leaves no tensors', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    let calls = 0;
    const failing = (x: tf.Tensor): tf.Tensor => {
      tf.square(x);
      if (++calls === 3) throw new RangeError('on purpose');
      return squares(x);
    };
    expectNoLeak(() => expect(() => numericalGradient(failing, x)).toThrow(RangeError));
    expect(calls).toBe(3);
    x.dispose();
  });

  test('NaN of f is NaN in the gradient, of that entry only', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.where(tf.greater(x, 1.5), tf.fill(x.shape, NaN), x));
    const [first] = numericalGradient(f, [1, 1.5]).dataSync();
    expect(first).toBeCloseTo(1, 3);
    expect(numericalGradient(f, [1, 1.5]).dataSync()[1]).toBeNaN();
  });
});

describeOnEachBackend('tensors', () => {
  test('no tensors stay but the result, whatever f leaves behind', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const wasteful = (x: tf.Tensor): tf.Tensor => tf.sum(tf.add(tf.exp(x), tf.scalar(1)));
    for (const scheme of schemes) expectNoLeak(() => numericalGradient(wasteful, x, { scheme }));
    expectNoLeak(() => numericalGradient(wasteful, [1, 2, 3]));
    expectNoLeak(() => void differenceQuotients(wasteful, x));
    expect(x.isDisposed).toBe(false);
    x.dispose();
  });

  test('a tensor that f returns from outside stays alive', () => {
    const constant = tf.scalar(2);
    numericalGradient(() => constant, [1, 2]);
    expect(constant.isDisposed).toBe(false);
    constant.dispose();
  });
});
