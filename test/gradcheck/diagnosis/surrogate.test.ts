/** Gradients that may be meant to differ. Oracle: how each was made; what is said must lead to a check that is passed. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import type { Surrogate } from '../../../src/gradcheck/report/report.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;
const at = [0.3, -0.7, 1.4, -1.2];
const op = (value: (x: T) => T, gradient: (dy: T, x: T) => T) => withGradient(value, gradient);

const cases: [string, (x: T) => T, RegExp, Surrogate][] = [
  [
    'dy itself',
    op(
      (x) => tf.round(x),
      (dy) => tf.clone(dy),
    ),
    /dy itself.*surrogate: 'identity'\./,
    'identity',
  ],
  [
    'zeros',
    op(
      (x) => tf.sin(x),
      (dy) => tf.zerosLike(dy),
    ),
    /zero everywhere.*surrogate: 'zero'\./,
    'zero',
  ],
  [
    'the opposite',
    op(
      (x) => tf.sin(x),
      (dy, x) => tf.mul(tf.neg(dy), tf.cos(x)),
    ),
    /−1 times.*surrogate: \{ scale: -1 \}\./,
    { scale: -1 },
  ],
  [
    'a smooth slope of a flat function',
    op(
      (x) => tf.sign(x),
      (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x)))),
    ),
    /should be zero: f is flat there\. .*surrogate: \(x\) => …\./,
    (x: T) => tf.tanh(x),
  ],
];

describe('what to declare is said, and passes', () => {
  test.each(cases)('%s', async (_what, f, says, surrogate) => {
    expect((await gradcheck(f, [at])).diagnosis.join()).toMatch(says);
    expect(await gradcheck(f, [at], { surrogate })).toMatchObject({ verdict: 'right', diagnosis: [] });
  });
});

describe('nothing is to be declared', () => {
  test.each<[string, (x: T) => T]>([
    [
      'of a factor that is none of these',
      op(
        (x) => tf.sin(x),
        (dy, x) => tf.mul(tf.mul(2, dy), tf.cos(x)),
      ),
    ],
    [
      'of zeros at some places',
      op(
        (x) => tf.sin(x),
        (dy, x) => tf.mul(tf.relu(dy), tf.cos(x)),
      ),
    ],
    [
      'of an error of 1e-6',
      op(
        (x) => tf.sin(x),
        (dy, x) => tf.mul(tf.mul(1 + 1e-6, dy), tf.cos(x)),
      ),
    ],
  ])('%s', async (_what, f) => {
    const { verdict, diagnosis } = await gradcheck(f, [at]);
    expect(verdict).toBe('wrong');
    expect(diagnosis.join()).not.toMatch(/declare/);
  });

  test('where something is declared already', async () => {
    const { diagnosis } = await gradcheck(cases[0][1], [at], { surrogate: 'zero' });
    expect(diagnosis.join()).toMatch(/dy itself.*the surrogate is flat there/);
    expect(diagnosis.join()).not.toMatch(/declare/);
  });
});
