/** Mistakes that go with the input's value. Oracle: the formula put in. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, random } from '../zoo/support.js';
import { said } from './support.js';

test('an inner derivative that is missing', () => {
  const f = elementwise(
    (x) => tf.sin(tf.square(x)),
    (x) => tf.cos(tf.square(x)),
  );
  expect(said(f, [random([8])])).toMatch(
    /too small by the factor x times 2\.00: an inner derivative is missing/,
  );
});

test('a factor x too much', () => {
  const f = elementwise(
    (x) => tf.square(x),
    (x) => tf.mul(2, tf.square(x)),
  );
  expect(said(f, [random([8])])).toMatch(/has the factor x too much/);
});

test('two entries, and a relation to x², say nothing of x', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), tf.square(x)),
  );
  expect(said(f, [random([8])])).not.toMatch(/factor x/);
  const few = elementwise(
    (x) => tf.square(x),
    (x) => tf.mul(2, tf.square(x)),
  );
  expect(said(few, [[0.3, 0.7]])).not.toMatch(/factor x/);
});
