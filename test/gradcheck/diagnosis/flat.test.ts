/** Gradients that are right and 0. Oracle: the functions' shape. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { explainFlat } from '../../../src/gradcheck/diagnosis/index.js';
import { passWith } from '../report/made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1]];

test.each<[string, (x: T) => T]>([
  ['floor', (x) => tf.floor(x)],
  ['a step', (x) => tf.step(x)],
  ['x/x, of which autodiff leaves rounding', (x) => tf.div(x, x)],
  ['the sum of a softmax', (x) => tf.sum(tf.softmax(x))],
  ['a quantiser', (x) => tf.div(tf.round(tf.mul(x, 4)), 4)],
])('%s: training will not move it', (_name, f) => {
  expect(said(f, at)).toBe(
    'input 0: the gradient is 0 everywhere, because f is flat there: training will not move it.',
  );
});

test.each<[string, (x: T) => T]>([
  ['a slope at one entry', (x) => tf.relu(tf.sub(x, 0.5))],
  ['a small slope', (x) => tf.mul(x, 1e-12)],
  ['a slope that is small beside the value', (x) => tf.add(1, tf.mul(x, 1e-9))],
])('%s is not flat', (_name, f) => {
  expect(said(f, at)).toBe('');
});

test('a slope at inputs of 0 or near it', () => {
  for (const size of [0, 1e-20]) expect(said((x: T) => tf.mul(x, [1, 2, 3]), [[size, size, size]])).toBe('');
});

describe('no more than rounding', () => {
  const flatAt = (gradient: number, parts: object = {}, values = [0.5, -0.25]): string | undefined =>
    explainFlat(
      passWith({
        subject: {
          reference: 'f',
          bits: 53,
          active: [{ name: 'W', shape: [2], values: Float64Array.from(values) }],
        },
        cotangents: [Float64Array.of(2, -0.5), Float64Array.of(8, -2)],
        outputs: Float64Array.of(3, -4),
        autodiff: [[Float64Array.of(0, gradient)], [Float64Array.of(0, 0)]],
        ...parts,
      }),
      0,
    );
  const sentence = 'W: the gradient is 0 everywhere, because f is flat there: training will not move it.';
  // 16 units of the last place of 2·3 + 0.5·4 = 8.
  const limit = 16 * 2 ** -53 * 8;

  test.each<[string, number, object, number[]]>([
    ['of the weighted outputs', limit, {}, [0.5, -0.25]],
    [
      'of the outputs that are finite',
      limit * (6 / 8),
      { finite: Int32Array.of(0), outputs: Float64Array.of(3, NaN) },
      [0.5, 1],
    ],
    ['for steps as long as the input', limit / 4, {}, [0.5, -4]],
    ['for steps of 1 at least', limit, {}, [0, 0]],
    [
      'in float32',
      limit * 2 ** 29,
      { subject: { reference: 'f', bits: 24, active: [{ name: 'W', shape: [2], values: [0.5, 1] }] } },
      [],
    ],
  ])('%s', (_name, most, parts, values) => {
    expect(flatAt(most, parts, values)).toBe(sentence);
    for (const sign of [1, -1]) {
      expect(flatAt(sign * 0.99 * most, parts, values)).toBe(sentence);
      expect(flatAt(sign * 1.01 * most, parts, values)).toBeUndefined();
    }
  });

  test('for every cotangent', () => {
    const at = (gradient: number): object => ({
      autodiff: [[Float64Array.of(0, 0)], [Float64Array.of(gradient, 0)]],
    });
    expect(flatAt(0, at(0.99 * 4 * limit))).toBe(sentence);
    expect(flatAt(0, at(1.01 * 4 * limit))).toBeUndefined();
    expect(flatAt(0, { ...at(0), outputs: Float64Array.of(0, 0) })).toBe(sentence);
  });
});
