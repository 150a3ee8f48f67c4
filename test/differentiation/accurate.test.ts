import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expm1Terms, log1p, log1pWithin } from '../../src/differentiation/accurate.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected, mismatch, smallestNormal } from '../support/close.js';

/** ±2⁻¹²⁰ … ±2^most, three a binade, as float32 numbers. */
const ladder = (most: number): number[] =>
  Array.from({ length: (120 + most) * 3 }, (_, i) => Math.fround(2 ** (i / 3 - 120)));

const tolerance = { ulps: 6, absolute: smallestNormal };

describeOnEachBackend('to the last digits, against Math.expm1 and Math.log1p in doubles', (backend) => {
  test('expm1, for which the kernels serve', () => {
    const x = [...ladder(6), ...ladder(6).map((x) => -x), 0];
    const expected = x.map(Math.expm1);
    expectClose(tf.expm1(tf.tensor1d(x)), expected, tolerance);
    expectRejected(tf.sub(tf.exp(tf.tensor1d(x)), 1), expected, tolerance);
  });

  test('log1p', () => {
    const x = [...ladder(40), ...ladder(-1).map((x) => -x), -0.875, 0];
    const expected = x.map(Math.log1p);
    expectClose(log1p(tf.tensor1d(x)), expected, tolerance);
    // The plain form loses its digits near 0; so does the wasm kernel.
    expectRejected(tf.log(tf.add(tf.tensor1d(x), 1)), expected, tolerance);
    if (backend === 'wasm') expectRejected(tf.log1p(tf.tensor1d(x)), expected, tolerance);
  });

  test('NaN and the end of the domain', () => {
    expectClose(log1p(tf.tensor1d([NaN, -1, -2])), [NaN, -Infinity, NaN]);
  });

  test('log1pWithin is log1p for arguments within its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 6 }), (exponent) => {
        const bound = 2 ** (exponent / 4);
        const x = [-1, -0.7, -0.1, 0.3, 0.9, 1].map((part) => Math.fround(part * Math.min(bound, 0.9)));
        expectClose(log1pWithin(bound)(tf.tensor1d(x)), x.map(Math.log1p), tolerance);
      }),
    );
    // The shortest series, beyond the bound that it was chosen for.
    expectRejected(log1pWithin(1e-8)(tf.tensor1d([0.01])), [Math.log1p(0.01)], tolerance);
  });

  test('no tensors stay', () => {
    expectNoLeak(() => tf.tidy(() => log1p(tf.tensor1d([1]))));
  });
});

describe('expm1Terms', () => {
  const series = (x: number, terms: number): number => {
    let sum = 0;
    for (let m = terms; m >= 1; m--) sum = ((1 + sum) * x) / m;
    return sum;
  };

  test('so many terms are exact to float32’s rounding, and one fewer is not', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (bound) => {
        const terms = expm1Terms(bound);
        if (terms === undefined) return expect(bound).toBeGreaterThan(0.05);
        for (const x of [bound, -bound]) {
          expect(mismatch(series(x, terms), Math.expm1(x), { relative: 2 ** -25.9 })).toBeUndefined();
        }
        if (terms > 1) {
          expect(mismatch(series(bound, terms - 1), Math.expm1(bound), { relative: 2 ** -26 })).toBeDefined();
        }
      }),
    );
  });

  test('none for moves that are large', () => {
    expect(expm1Terms(0.5)).toBeUndefined();
    expect(expm1Terms(Infinity)).toBeUndefined();
    expect(expm1Terms(NaN)).toBeUndefined();
    expect(expm1Terms(0)).toBe(1);
  });
});
