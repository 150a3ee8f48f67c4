/** A factor: where it is named, and where it would be too much to say. Oracle: the factor put in. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, withGradient } from '../zoo/support.js';
import { said } from './support.js';

const times = (factor: number) =>
  elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(factor, tf.cos(x)),
  );

test.each<[number, RegExp]>([
  [2, / 2 times what it should be/],
  [0.5, /½ times/],
  [-1, /−1 times.*the sign is wrong/],
  [1.37, /1\.370 times/],
  [1 + 1e-4, /1 \+ 0\.00010 times/],
])('%d, at three entries or more', (factor, sentence) => {
  expect(said(times(factor), [[0.3, 0.7, 1.1]])).toMatch(sentence);
});

test('one or two entries are no pattern: their numbers are given', () => {
  expect(said(times(1.5), [0.3])).toBe(
    `input 0: the gradient is ${(1.5 * Math.cos(0.3)).toPrecision(7)}, the differences give ${Math.cos(0.3).toPrecision(7)}.`,
  );
  const two = said(times(2), [[0.3, 0.7]]);
  expect(two).toMatch(/at \[0\] is 1\.910673, the differences give 0\.9553365; the gradient at \[1\] is/);
  expect(two).not.toMatch(/times what it should be/);
});

test('a scalar input of many outputs is one entry, whatever the number of cotangents', () => {
  const f = withGradient(
    (x) => tf.mul(x!, [1, 2, 3]),
    (dy) => tf.mul(2, tf.sum(tf.mul(dy, [1, 2, 3]))),
  );
  expect(said(f, [0.3])).toMatch(/^input 0: the gradient is .*, the differences give/);
});

test('factors that differ are none', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), [2, 2, 2.2, 3]),
  );
  expect(said(f, [[0.3, 0.7, 1.1, 0.2]])).not.toMatch(/constant factor/);
});

test('what a factor may come from: a mean without its 1/n', () => {
  const f = withGradient(
    (x) => tf.mean(x!),
    (dy, x) => tf.mul(dy, tf.onesLike(x!)),
  );
  expect(said(f, [[1, 2, 3, 4]])).toMatch(/ 4 times .*input 0 has 4 entries/);
});
