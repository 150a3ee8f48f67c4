import { test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { log1p } from '../../src/differentiation/accurate.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected, smallestNormal } from '../support/close.js';

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

  test('no tensors stay', () => {
    expectNoLeak(() => tf.tidy(() => log1p(tf.tensor1d([1]))));
  });
});
