/** The lengths of the fused kernel's series. Its gradients are tested in structured.test.ts, beside those of the tensors. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expm1Terms } from '../../src/differentiation/structured-fused.js';
import { mismatch } from '../support/close.js';

describe('expm1Terms', () => {
  const series = (x: number, terms: number): number => {
    let sum = 0;
    for (let m = terms; m >= 1; m--) sum = ((1 + sum) * x) / m;
    return sum;
  };

  test('so many terms are exact to a hundredth of float32’s rounding, and one fewer is not', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (bound) => {
        const terms = expm1Terms(bound);
        if (terms === undefined) return expect(bound).toBeGreaterThan(0.2);
        for (const x of [bound, -bound]) {
          expect(mismatch(series(x, terms), Math.expm1(x), { relative: 2 ** -31.7 })).toBeUndefined();
        }
        // The remainder is reckoned against x, and expm1(x) is larger, by up to 2^0.4 at 0.5.
        if (terms > 1) {
          expect(
            mismatch(series(bound, terms - 1), Math.expm1(bound), { relative: 2 ** -32.4 }),
          ).toBeDefined();
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
