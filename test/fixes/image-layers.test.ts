import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, removeFixes } from '../../src/fixes/apply.js';

// Oracle: pixels counted by hand. The numbers are in values.ts, and in the sweep's tables from Keras.

beforeAll(async () => {
  await tf.setBackend('cpu');
  applyFixes();
});
afterAll(() => removeFixes());

const shapeOf = (layer: tf.layers.Layer): (number | null)[] => {
  const model = tf.sequential({ layers: [layer] });
  const { shape } = model.outputs[0];
  model.dispose();
  return shape;
};

test('the shapes in a model have its batch', () => {
  const inputShape = [5, 4, 3];
  expect(shapeOf(tf.layers.resizing({ height: 2, width: 7, inputShape }))).toEqual([null, 2, 7, 3]);
  expect(shapeOf(tf.layers.centerCrop({ height: 2, width: 3, inputShape }))).toEqual([null, 2, 3, 3]);
  expect(shapeOf(tf.layers.randomWidth({ factor: 0.5, inputShape }))).toEqual([null, 5, null, 3]);
  expect(inputShape).toEqual([5, 4, 3]);
});

test('images of whole numbers stay such images where they are cropped or enlarged; one without a batch keeps its rank', () => {
  const x = tf.range(0, 6, 1, 'int32').reshape([2, 3, 1]);
  for (const [height, width] of [
    [1, 3],
    [2, 4],
  ]) {
    const y = tf.layers.centerCrop({ height, width }).apply(x) as tf.Tensor;
    expect([y.dtype, y.shape]).toEqual(['int32', [height, width, 1]]);
    y.dispose();
  }
  x.dispose();
});

test('a part of no pixels is refused, and nothing is left behind', () => {
  const x = tf.ones([1, 1, 1, 1]);
  const before = tf.memory().numTensors;
  const layer = tf.layers.resizing({ height: 1, width: 2, cropToAspectRatio: true });
  expect(() => layer.apply(x)).toThrow(/an image of 1×1 has no part with the sides' ratio of 1×2/);
  expect(tf.memory().numTensors).toBe(before);
  x.dispose();
});

test('without the fixes the layers are as they were', () => {
  removeFixes();
  try {
    expect(() => shapeOf(tf.layers.randomWidth({ factor: 0.5, inputShape: [5, 4, 3] }))).toThrow();
    expect(shapeOf(tf.layers.resizing({ height: 2, width: 7, inputShape: [5, 4, 3] }))).not.toHaveLength(4);
  } finally {
    applyFixes();
  }
});
