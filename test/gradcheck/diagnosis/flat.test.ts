/** Gradients that are right and 0. Oracle: the functions' shape. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1]];

test.each<[string, (x: T) => T]>([
  ['floor', (x) => tf.floor(x)],
  ['a step', (x) => tf.step(x)],
  ['x/x, of which autodiff leaves rounding', (x) => tf.div(x, x)],
  ['the sum of a softmax', (x) => tf.sum(tf.softmax(x))],
  ['a quantiser', (x) => tf.div(tf.round(tf.mul(x, 4)), 4)],
])('%s: training will not move it', (_name, f) => {
  expect(said(f, at)).toBe(
    'input 0: the gradient is 0 everywhere, because f is flat there: training will not move it.',
  );
});

test.each<[string, (x: T) => T]>([
  ['a slope at one entry', (x) => tf.relu(tf.sub(x, 0.5))],
  ['a small slope', (x) => tf.mul(x, 1e-12)],
  ['a slope that is small beside the value', (x) => tf.add(1, tf.mul(x, 1e-9))],
])('%s is not flat', (_name, f) => {
  expect(said(f, at)).toBe('');
});

test('a slope at inputs of 0 or near it', () => {
  for (const size of [0, 1e-20]) expect(said((x: T) => tf.mul(x, [1, 2, 3]), [[size, size, size]])).toBe('');
});
