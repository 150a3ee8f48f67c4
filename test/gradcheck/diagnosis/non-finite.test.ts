/** Gradients that are NaN or infinite. Oracle: the op that divides by 0. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { nonFinite } from '../../../src/gradcheck/diagnosis/non-finite.js';
import { entry, slope } from '../report/made-up.js';
import { elementwise } from '../zoo/support.js';
import { diagonal, made } from './made-up.js';
import { said } from './support.js';

/** What is said at 0.3 and 0.7 of a function whose gradient is this. */
const of = (gradient: (x: tf.Tensor) => tf.Tensor, at: number[] = [0.3, 0.7]): string =>
  said(
    elementwise((x) => tf.sin(x), gradient),
    [at],
  );

test('NaN at a kink: the op that makes it is named', () => {
  expect(said((x: tf.Tensor) => tf.norm(x), [[0, 0, 0]])).toBe(
    'input 0: the gradient is NaN at [0], where the input is 0 and f has a kink, and not finite at 2 more. A value between the one-sided slopes is wanted there. The first number that is not finite is made by RealDiv in the backward pass; the first NaN by Multiply in the backward pass.',
  );
});

test('NaN where f is smooth', () => {
  expect(of((x) => tf.div(tf.zerosLike(x), tf.zerosLike(x)))).toBe(
    'input 0: the gradient is NaN at [0], where the input is 0.3, and not finite at 1 more. The first number that is not finite is made by RealDiv in the backward pass.',
  );
});

test('infinite at one entry alone (−∞, for a negative dy)', () => {
  const mask = (x: tf.Tensor): tf.Tensor => tf.cast(tf.less(x, 0.5), 'float32');
  expect(of((x) => tf.add(tf.cos(x), tf.log(mask(x))))).toBe(
    'input 0: the gradient is Infinity at [1], where the input is 0.7. The first number that is not finite is made by Log in the backward pass.',
  );
});

test('infinite first, and NaN made of it: both ops', () => {
  expect(of((x) => tf.mul(tf.zerosLike(x), tf.exp(tf.mul(x, 1e4))))).toBe(
    'input 0: the gradient is NaN at [0], where the input is 0.3, and not finite at 1 more. The first number that is not finite is made by Exp in the backward pass; the first NaN by Multiply in the backward pass.',
  );
  // What takes part in no number that is not finite is not named, nor is what only passes one on.
  expect(of((x) => tf.neg(tf.sqrt(tf.neg(tf.square(x)))))).toBe(
    'input 0: the gradient is NaN at [0], where the input is 0.3, and not finite at 1 more. The first number that is not finite is made by Sqrt in the backward pass.',
  );
});

test('made in the forward pass, where nobody sees it', () => {
  const f = (x: tf.Tensor): tf.Tensor => tf.where([false, true, false], x, tf.log(tf.mul(x, [1, 0, 1])));
  expect(said(f, [[0.3, 0.2, 0.7]])).toBe(
    'input 0: the gradient is NaN at [1], where the input is 0.2. The first number that is not finite is made by Log in the forward pass; the first NaN by RealDiv in the backward pass.',
  );
});

test('numbers that were not finite before', () => {
  const times = (...constant: number[]) => of((x) => tf.mul(tf.cos(x), tf.tensor1d(constant)));
  expect(times(1, Infinity)).toMatch(
    /^input 0: the gradient is -?Infinity at \[1\], where the input is 0\.7\.$/,
  );
  expect(times(1, NaN)).toBe('input 0: the gradient is NaN at [1], where the input is 0.7.');
  // Infinity was there, NaN is made of it.
  expect(of((x) => tf.add(tf.cos(x), tf.mul(tf.sub(x, x), tf.tensor1d([1, Infinity]))))).toBe(
    'input 0: the gradient is NaN at [1], where the input is 0.7. The first NaN is made by Multiply in the backward pass.',
  );
});

test('a NaN that was put in by hand has no op', () => {
  const { pass } = made([{ shape: [2], jacobian: diagonal([1, 2]), gradient: (_dy, [a]) => [a, NaN] }]);
  const at = (kind: 'smooth' | 'kink' | 'singular'): string =>
    nonFinite(pass, 0, [entry({ j: 1, slopes: [slope({}), slope({ kind })] })]);
  const so = 'the gradient is NaN at [1], where the input is -1.55';
  expect(at('smooth')).toBe(`${so}.`);
  for (const kind of ['kink', 'singular'] as const) {
    expect(at(kind)).toBe(`${so} and f has a kink. A value between the one-sided slopes is wanted there.`);
  }
});

test('a kink with a finite gradient', () => {
  expect(said((x: tf.Tensor) => tf.abs(x), [[0, 1]])).toMatch(/f has a kink at \[0\]; the gradient lies/);
  expect(said((x: tf.Tensor) => tf.abs(x), [[0, 1]])).not.toMatch(/NaN/);
});
