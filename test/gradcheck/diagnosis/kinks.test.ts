/** Kinks. Oracle: subgradients by hand. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise } from '../zoo/support.js';
import { said } from './support.js';

test('a gradient between the one-sided slopes, and one outside of them', () => {
  expect(said((x: tf.Tensor) => tf.relu(x), [[0, 1]])).toMatch(
    /f has a kink at \[0\]; the gradient lies between the one-sided slopes\.$/,
  );
  const outside = elementwise(
    (x) => tf.relu(x),
    (x) => tf.add(tf.step(x), tf.mul(3, tf.cast(tf.equal(x, 0), 'float32'))),
  );
  expect(said(outside, [[0, 1]])).toMatch(/lies outside of the one-sided slopes at \[0\]/);
});

test('ties of max: between the slopes each, no subgradient together, and TensorFlow.js named', () => {
  expect(said((x: tf.Tensor) => tf.max(x), [[1, 3, 3]])).toMatch(
    /2\.00 times the slope: it is no subgradient\. f uses Max, whose gradient in TensorFlow\.js 4\.22 is wrong at ties \(docs\/tfjs-gradients\.md\)/,
  );
});

test('ties of which one is chosen are a subgradient', () => {
  expect(
    said(
      (x: tf.Tensor) => tf.sum(tf.maxPool(tf.reshape(x, [1, 1, 2, 1]) as tf.Tensor4D, [1, 2], 1, 'valid')),
      [[3, 3]],
    ),
  ).not.toMatch(/subgradient/);
});
