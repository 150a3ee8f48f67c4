/** One input's gradient given as another's. Oracle: which one was given. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { random, withGradient } from '../zoo/support.js';
import { said } from './support.js';

const product = withGradient(
  (x, y) => tf.mul(x!, tf.sin(y!)),
  (dy, x, y) => {
    const [ofX, ofY] = [tf.mul(dy, tf.sin(y!)), tf.mul(dy, tf.mul(x!, tf.cos(y!)))];
    return [ofY, ofX];
  },
);

test('exchanged', () => {
  const text = said(product, [random([4]), random([4], 2)]);
  expect(text).toMatch(/input 0: the gradient is that of another input.*gradient of input 1/);
  expect(text).toMatch(/input 1: the gradient is that of another input.*gradient of input 0/);
});

test('of one entry each the numbers are given, and no pattern', () => {
  expect(said(product, [[0.3], [0.7]])).not.toMatch(/another input/);
});

test('a gradient of its own that is wrong is no other one', () => {
  const f = withGradient(
    (x, y) => tf.mul(x!, tf.sin(y!)),
    (dy, x, y) => [tf.mul(dy, y!), tf.mul(dy, tf.mul(x!, tf.cos(y!)))],
  );
  expect(said(f, [random([4]), random([4], 2)])).not.toMatch(/another input/);
});
