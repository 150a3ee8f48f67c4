/** Gradients that are lost. Oracle: where the way was cut. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { withGradient } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1]];

test('by dataSync', () => {
  expect(said((x: T) => tf.tensor1d(Array.from(x.dataSync(), (value) => 2 * value)), at)).toMatch(
    /detached.*dataSync/,
  );
});

test("second order: by TensorFlow.js' tape, whatever the op", () => {
  for (const [name, f] of [
    ['Tanh', (x: T) => tf.tanh(x)],
    ['Exp', (x: T) => tf.exp(x)],
    ['logSoftmax', (x: T) => tf.logSoftmax(x)],
  ] as const) {
    const text = said(f, at, 2);
    expect(text).toMatch(
      new RegExp(`no way from the gradient back to it: what ${name} saves .*tape before.*tfjs#3252`),
    );
    expect(text).not.toMatch(/dataSync/);
  }
});

test('second order: part of the way', () => {
  expect(said((x: T) => tf.square(tf.exp(x)), at, 2)).toMatch(
    /½ times.*\n.*A part of it is lost: what Exp saves/s,
  );
});

test("second order: by a gradient function's own dataSync, which is not the tape's", () => {
  const f = withGradient(
    (x) => tf.sin(x!),
    (dy, x) => tf.mul(dy, tf.tensor1d(Array.from(x!.dataSync(), Math.cos))),
  );
  const text = said(f, at, 2);
  expect(text).toMatch(
    /input 0: the gradient is zero.*gradient function on the way leaves TensorFlow.js by dataSync/,
  );
  expect(text).not.toMatch(/3252/);
});

test("second order: by a gradient function of TensorFlow.js' own", () => {
  const text = said((x: T) => tf.losses.softmaxCrossEntropy([[0, 1, 0]], x), [at], 2);
  expect(text).toMatch(/input 0: .*a gradient function of TensorFlow.js 4\.22's own loses it, none of yours/);
});

test('second order, right: nothing is said', () => {
  expect(said((x: T) => tf.sin(x), at, 2)).toBe('');
  expect(said((x: T) => tf.mul(x, tf.square(x)), at, 2)).toBe('');
});
