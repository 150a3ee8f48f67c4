import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { describeOnEachBackend } from './backends.js';
import { expectClose, expectRejected, mismatch, smallestNormal, ulpOf, type Tolerance } from './close.js';

const anything: Tolerance = { relative: 1e9, absolute: 1e300, ulps: 1e30, maxRelativeToLargest: 1e9 };

test('an ulp is the gap between neighbouring float32 numbers', () => {
  const above = (x: number): number => {
    const bits = new Int32Array(new Float32Array([x]).buffer);
    bits[0] += 1;
    return new Float32Array(bits.buffer)[0];
  };
  for (const x of [0, 1e-45, 1e-38, smallestNormal, 0.1, 1, 1.5, 3, 1e4, 3e38].map(Math.fround)) {
    expect(ulpOf(x)).toBe(above(x) - x);
    expect(ulpOf(-x)).toBe(ulpOf(x));
  }
});

describe('mismatch', () => {
  test('without a tolerance only the same numbers are close', () => {
    expect(mismatch([1, 0, -3], [1, -0, -3])).toBeUndefined();
    expect(mismatch([1 + 2 ** -52], [1])).toContain('index 0');
  });

  test.each([
    ['NaN for a number', [NaN, 1], [1, 1]],
    ['a number for NaN', [0], [NaN]],
    ['Infinity for a number', [Infinity], [3.4e38]],
    ['a number for Infinity', [3.4e38], [Infinity]],
    ['NaN for Infinity', [NaN, 1], [Infinity, 1]],
    ['Infinity for -Infinity', [Infinity], [-Infinity]],
    ['too few', [1], [1, 1]],
    ['nothing', [], [0]],
  ])('%s is not close, whatever is allowed', (_what, actual, expected) => {
    expect(mismatch(actual, expected, anything)).toBeDefined();
  });

  test('NaN and ±Infinity equal themselves', () => {
    expect(mismatch([NaN, Infinity, -Infinity], [NaN, Infinity, -Infinity])).toBeUndefined();
  });

  test('each allowance holds up to its size, and no further', () => {
    const expected = [100, 1];
    const cases: [Tolerance, number][] = [
      [{ ulps: 2 }, 2 * ulpOf(1)],
      [{ relative: 1e-3 }, 1e-3],
      [{ absolute: 0.01 }, 0.01],
      [{ maxRelativeToLargest: 1e-3 }, 0.1],
    ];
    for (const [tolerance, size] of cases) {
      expect(mismatch([100, 1 + 0.99 * size], expected, tolerance)).toBeUndefined();
      expect(mismatch([100, 1 - 1.01 * size], expected, tolerance)).toContain('worst at index 1');
    }
  });

  test('the message names the worst entry and counts the wrong ones', () => {
    expect(mismatch([1, 2.5, 9], [1, 2, 3], { absolute: 0.1 })).toBe(
      `2 of 3 entries differ; worst at index 2: expected 3, got 9, off by 6 (${(6 / ulpOf(3)).toFixed(1)} ulps), allowed 0.1`,
    );
  });
});

describeOnEachBackend('on tensors', () => {
  test('expectClose throws the message, also for an int32 tensor; expectRejected is its opposite', () => {
    expect(() => expectClose([1], [2])).toThrow('expected 2, got 1');
    expect(() => expectClose(tf.tensor1d([1], 'int32'), [1])).toThrow('float32 tensor expected');
    expectClose(tf.tensor1d([0.5]), [0.5]);
    expectRejected([NaN, 1], [Infinity, 1.0009], { absolute: 1e-3 });
    expect(() => expectRejected([1.001], [1], { absolute: 0.01 })).toThrow('lets wrong numbers pass');
  });
});
