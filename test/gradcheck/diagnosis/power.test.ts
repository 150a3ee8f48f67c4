/** Gradients that are off by a power. Oracle: how each was made. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { elementwise, random } from '../zoo/support.js';

type T = tf.Tensor;
const positive = [0.5, 1, 2, 3.5];

/** What is said of the cube root or a power of x with a gradient times a power of x. */
const said = async (value: (x: T) => T, slope: (x: T) => T, at: number[] = positive): Promise<string> =>
  (await gradcheck(elementwise(value, slope), [at])).diagnosis.join();

describe('by a power of', () => {
  test.each<[string, (x: T) => T, (x: T) => T, RegExp]>([
    [
      'the input: x² for 1',
      (x) => tf.exp(x),
      (x) => tf.mul(tf.square(x), tf.exp(x)),
      /it is x\^2 times what it should be\./,
    ],
    [
      'the input, and a factor',
      (x) => tf.exp(x),
      (x) => tf.mul(tf.mul(3, tf.sqrt(x)), tf.exp(x)),
      /it is 3·x\^\(1\/2\) times/,
    ],
    [
      'the input and the output',
      (x) => tf.sqrt(x),
      (x) => tf.div(0.5, x),
      /x\^\(−1\/2\) times what it should be, or, with the output y, y\^\(−1\) times/,
    ],
    ['the output', (x) => tf.exp(x), (x) => tf.exp(tf.mul(3, x)), /power of the output: it is y\^2 times/],
  ])('%s', async (_what, value, slope, sentence) => expect(await said(value, slope)).toMatch(sentence));

  test('x itself, or 1/x, keeps the words that it has', async () => {
    expect(
      await said(
        (x) => tf.square(x),
        (x) => tf.mul(2, tf.square(x)),
      ),
    ).toMatch(/factor x too much|times/);
  });

  test('none: what agrees at some entries only, a constant factor, x + 1', async () => {
    const slopes: ((x: T) => T)[] = [
      (x) => tf.mul(tf.add(1, x), tf.exp(x)),
      (x) => tf.mul(2, tf.exp(x)),
      (x) => tf.mul(tf.where(tf.greater(x, 1), tf.square(x), tf.onesLike(x)), tf.exp(x)),
    ];
    for (const slope of slopes) expect(await said((x) => tf.exp(x), slope)).not.toMatch(/off by a power/);
  });
});

test('a product with a transpose that is ignored', async () => {
  const f = (right: boolean) => (a: T, b: T) =>
    tf.customGrad((x, y, save) => {
      (save as unknown as tf.GradSaveFunc)([x as T, y as T]);
      return {
        value: tf.matMul(x as T, y as T, false, true),
        gradFunc: (dy: T, [p, q]: T[]) => [tf.matMul(dy, q, false, !right), tf.matMul(dy, p, true)],
      };
    })(a, b);
  const inputs = [random([3, 3]), random([3, 3], 2)];
  expect((await gradcheck(f(true), inputs)).verdict).toBe('right');
  const { diagnosis } = await gradcheck(f(false), inputs);
  expect(diagnosis[0]).toMatch(/input 0: the gradient is the one for input 1 transposed/);
  // A symmetric one is the same both ways.
  const symmetric = [
    [1, 2],
    [2, 3],
  ];
  expect((await gradcheck(f(false), [symmetric, symmetric])).diagnosis.join()).not.toMatch(/transposed:/);
});
