/** Points around which f has no values. Oracle: the functions' domains. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { said } from './support.js';

type T = tf.Tensor;

test('NaN on both sides', () => {
  const f = (x: T): T => tf.mul(x, x.dataSync()[0] === 1 ? 1 : NaN);
  expect(said(f, [[1, 2]])).toMatch(/input 0: f is not finite around the point.* of 1 at \[0\]/);
});

test('a throw on both sides', () => {
  const f = (x: T): T => {
    if (x.dataSync()[0] !== 1) throw new Error('only 1 is known');
    return tf.square(x);
  };
  expect(said(f, [[1, 2]])).toMatch(/or throws there.*both sides of 1 at \[0\]/);
});

test('values around: nothing is said', () => {
  expect(said((x: T) => tf.square(x), [[1, 2]])).toBe('');
});
