/** Means and spreads that a gradient leaves out. Oracle: the terms that were left out. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { random, withGradient } from '../zoo/support.js';
import { said } from './support.js';

test('the mean', () => {
  const f = withGradient(
    (x) => tf.sub(x!, tf.mean(x!, 0, true)),
    (dy) => tf.clone(dy),
  );
  expect(said(f, [random([4, 3])])).toMatch(/the same along axis 0 is missing.*sum or a mean/);
});

test('the mean and the variance', () => {
  const f = withGradient(
    (x) => {
      const centred = tf.sub(x!, tf.mean(x!, 1, true));
      return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-5)));
    },
    (dy, x) => tf.div(dy, tf.sqrt(tf.add(tf.moments(x!, 1, true).variance, 1e-5))),
  );
  expect(said(f, [random([3, 5])])).toMatch(/along axis 1, a constant and a multiple of x.*normalises over/);
});

test('an error without such a form', () => {
  const f = withGradient(
    (x) => tf.sin(x!),
    (dy, x) => tf.mul(dy, tf.add(tf.cos(x!), tf.pow(x!, 3))),
  );
  expect(said(f, [random([3, 5])])).toMatch(/15 of 15 entries compared are wrong, in no form that is known/);
});
