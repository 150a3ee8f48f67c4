/** Gradients that are NaN or infinite. Oracle: the op that divides by 0. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise } from '../zoo/support.js';
import { said } from './support.js';

test('NaN at a kink: the op that makes it is named', () => {
  const text = said((x: tf.Tensor) => tf.norm(x), [[0, 0, 0]]);
  expect(text).toMatch(/the gradient is NaN at \[0\], where the input is 0 and f has a kink/);
  expect(text).toMatch(/between the one-sided slopes is wanted/);
  expect(text).toMatch(/first number that is not finite is made by RealDiv in the backward pass/);
});

test('NaN where f is smooth', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.div(tf.zerosLike(x), tf.zerosLike(x)),
  );
  const text = said(f, [[0.3, 0.7]]);
  expect(text).toMatch(
    /NaN at \[0\], where the input is 0\.3, and not finite at 1 more\..*RealDiv in the backward/,
  );
  expect(text).not.toMatch(/kink/);
});

test('a kink with a finite gradient', () => {
  expect(said((x: tf.Tensor) => tf.abs(x), [[0, 1]])).toMatch(/f has a kink at \[0\]; the gradient lies/);
  expect(said((x: tf.Tensor) => tf.abs(x), [[0, 1]])).not.toMatch(/NaN/);
});
