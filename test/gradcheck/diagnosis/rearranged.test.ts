/** The right numbers in the wrong places. Oracle: the rearrangement put in. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { random, withGradient } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;
const moved = (by: (gradient: T) => T) =>
  withGradient(
    (x) => tf.sin(x!),
    (dy, x) => by(tf.mul(dy, tf.cos(x!))),
  );

test.each<[string, (gradient: T) => T, number[], RegExp]>([
  ['transposed', (g) => tf.transpose(g), [3, 3], /transposed: its axes are in the order \[1,0\]/],
  ['transposed and reshaped', (g) => tf.reshape(tf.transpose(g), [3, 4]), [3, 4], /transposed/],
  ['reversed', (g) => tf.reverse(g), [6], /reversed along axis 0/],
  ['reversed, the second axis', (g) => tf.reverse(g, 1), [2, 5], /reversed along axis 1/],
  [
    'shifted',
    (g) => tf.concat([tf.slice(g, [1], [5]), tf.slice(g, [0], [1])]),
    [6],
    /shifted by one along axis 0/,
  ],
])('%s', (_name, by, shape, sentence) => {
  expect(said(moved(by), [random(shape)])).toMatch(sentence);
});

test('a symmetric gradient is no more transposed than it was', () => {
  const f = withGradient(
    (x) => tf.sum(x!),
    (dy, x) => tf.mul(dy, tf.fill(x!.shape, 2)),
  );
  expect(said(f, [random([3, 3])])).toMatch(/ 2 times/);
});

test('two entries say nothing', () => {
  expect(
    said(
      moved((g) => tf.reverse(g)),
      [[0.3, 0.8]],
    ),
  ).not.toMatch(/reversed/);
});
