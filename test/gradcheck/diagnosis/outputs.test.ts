/** Which output a mistake comes from. Oracle: the one that was made wrong. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, random } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;
const off = elementwise(
  (x) => tf.cos(x),
  (x) => tf.sin(x),
);

test('one of two', () => {
  expect(said((x: T) => [tf.sin(x), off(x)], [random([5])])).toMatch(
    /the error comes from output 1 of 2; the others' part is right/,
  );
});

test('both, and a single one', () => {
  expect(said((x: T) => [off(x), tf.mul(2, off(x))], [random([5])])).not.toMatch(/comes from output/);
  expect(said(off, [random([5])])).not.toMatch(/comes from output/);
});
