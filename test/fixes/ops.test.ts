import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, removeFixes } from '../../src/fixes/apply.js';
import { expectClose, expectRejected } from '../support/close.js';

// Oracle: closed forms, and the same norms with the axes counted from the beginning.

beforeAll(async () => {
  await tf.setBackend('cpu');
  applyFixes();
});
afterAll(() => removeFixes());

test('norms of matrices are the same by negative axes, of whichever two axes', () => {
  const x = tf.randomNormal([2, 3, 2, 2], 0, 1, 'float32', 1);
  const norm = (ord: number | 'fro', axes: number[]): unknown =>
    tf.tidy(() => tf.norm(x, ord as 1, axes).arraySync());
  let differing = 0;
  for (const ord of [1, Infinity, -Infinity, 'fro'] as const) {
    for (let a = 0; a < 4; a++) {
      for (let b = a + 1; b < 4; b++) {
        const wanted = norm(ord, [a, b]);
        for (const axes of [
          [a - 4, b],
          [a, b - 4],
          [a - 4, b - 4],
        ])
          expect(norm(ord, axes)).toEqual(wanted);
        removeFixes();
        try {
          if (JSON.stringify(norm(ord, [a - 4, b - 4])) !== JSON.stringify(wanted)) differing++;
        } catch {
          differing++;
        }
        applyFixes();
      }
    }
  }
  expect(differing).toBeGreaterThan(5);
  // A vector's norm along a negative axis is an extreme too.
  expect(tf.tidy(() => tf.norm(x, Infinity, -2).arraySync())).toEqual(
    tf.tidy(() => tf.max(tf.abs(x), 2).arraySync()),
  );
  x.dispose();
});

test('gradients at 0 of a norm and of divNoNan', () => {
  const of = (f: (x: tf.Tensor) => tf.Tensor, at: number[]): number[] =>
    tf.tidy(() => [...tf.grad(f)(tf.tensor1d(at)).dataSync()]);
  expect(of((x) => tf.norm(x), [0, 0])).toEqual([0, 0]);
  expectClose(
    of((x) => tf.norm(x), [3, 4]),
    [0.6, 0.8],
    { relative: 1e-6 },
  );
  expectRejected([0.6, 0.81], [0.6, 0.8], { relative: 1e-6 });
  expect(of((b) => tf.divNoNan(tf.tensor1d([1, 2]), b), [2, 0])).toEqual([-0.25, 0]);
});

test('a number for the padding of a row pads its ends alone', () => {
  const y = tf.tidy(() =>
    tf.conv1d(tf.ones([1, 4, 1]) as tf.Tensor3D, tf.ones([3, 1, 1]) as tf.Tensor3D, 1, 1).dataSync(),
  );
  expect([...y]).toEqual([2, 3, 3, 2]);
});

test('irfft of a vector is a vector', () => {
  const shapes = tf.tidy(() =>
    [[2], [3], [2, 3]].map((shape) => tf.spectral.irfft(tf.complex(tf.ones(shape), tf.zeros(shape))).shape),
  );
  expect(shapes).toEqual([[2], [4], [2, 4]]);
});

test('a tensor that is updated at places keeps its numbers', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const y = tf.tidy(() => tf.tensorScatterUpdate(x, tf.tensor2d([[0]], [1, 1], 'int32'), tf.tensor1d([9])));
  expect([[...x.dataSync()], [...y.dataSync()]]).toEqual([
    [1, 2, 3],
    [9, 2, 3],
  ]);
  tf.dispose([x, y]);
});
