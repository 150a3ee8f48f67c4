/** Parts of an input. Oracle: the part that was made wrong. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, onesBut, random } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;
const cosTimes = (factor: (x: T) => T) =>
  elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), factor(x)),
  );
const where =
  (condition: (x: T) => T, factor: number) =>
  (x: T): T =>
    tf.where(condition(x), tf.fill(x.shape, factor), tf.onesLike(x));

test.each<[string, (x: T) => T, number[], RegExp]>([
  ['where x < 0', where((x) => tf.less(x, 0), 2), [20], /only where x < 0\. In that part: .* 2 times/],
  ['where x > 1', where((x) => tf.greater(x, 1), 0), [30], /only where x > 1\. In that part: it is zero/],
  ['where |x| > 1', where((x) => tf.greater(tf.abs(x), 1), 3), [30], /only where \|x\| > 1/],
  ['the first row', () => tf.tensor2d([[2], [1], [1]]), [3, 4], /first slice along axis 0/],
  ['the last column', () => tf.tensor2d([[1, 1, 1, 3]]), [3, 4], /last slice along axis 1/],
  ['a row within', () => tf.tensor2d([[1], [1], [2], [1]]), [4, 3], /in the slice at index 2 of axis 0\./],
  ['one entry of a matrix', () => onesBut(12, 4, 2).reshape([3, 4]), [3, 4], /only at \[1,0\] \(1 of 12/],
  ['one entry', () => onesBut(9, 4, 2), [9], /wrong only at \[4\] \(1 of 9 entries\)\.$/],
])('%s', (_name, factor, shape, sentence) => {
  expect(said(cosTimes(factor), [random(shape)])).toMatch(sentence);
});

test('everywhere is no part', () => {
  expect(
    said(
      cosTimes((x) => tf.add(2, tf.square(x))),
      [random([12])],
    ),
  ).not.toMatch(/only/);
});

test('what should be zero', () => {
  const f = elementwise(
    (x) => tf.relu(x),
    (x) => tf.onesLike(x),
  );
  expect(said(f, [random([12])])).toMatch(/only where x < 0\. In that part: it should be zero there\./);
});
