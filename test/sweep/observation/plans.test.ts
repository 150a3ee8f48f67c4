/**
 * Oracle: the formulas of 'valid', 'same' and numbers as TensorFlow documents them, and bugs of TensorFlow.js 4.22.0's conv_util that
 * were found by reading it.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { observingKernels } from '../../../src/float64/in-float64.js';
import { misplaced } from '../../../src/sweep/observation/plans.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

/** The functions of the core that placed windows wrongly while f ran. */
function blamedIn(f: () => tf.Tensor): string[] {
  const found = new Set<string>();
  observingKernels(
    (name, inputs, _outputs, attrs) => {
      const by = misplaced(name, inputs, attrs);
      if (by !== undefined) found.add(by);
    },
    () => f().dataSync(),
  );
  return [...found];
}

const image = (height: number, width: number): tf.Tensor4D => tf.ones([1, height, width, 1]);
const volume = (depth: number, height: number, width: number): tf.Tensor5D =>
  tf.ones([1, depth, height, width, 1]);

describe('windows that are where they belong', () => {
  test.each<[string, () => tf.Tensor]>([
    ['conv2d, valid', () => tf.conv2d(image(5, 4), tf.ones([2, 3, 1, 1]), [2, 1], 'valid')],
    ['conv2d, same', () => tf.conv2d(image(5, 4), tf.ones([2, 3, 1, 1]), [1, 3], 'same')],
    ['conv2d, dilated', () => tf.conv2d(image(5, 6), tf.ones([2, 2, 1, 1]), 1, 'same', 'NHWC', [1, 2])],
    [
      'conv2d, a number around square windows',
      () => tf.conv2d(image(5, 4), tf.ones([2, 2, 1, 1]), 2, 1, 'NHWC', 1, 'floor'),
    ],
    ['depthwiseConv2d, same', () => tf.depthwiseConv2d(image(5, 4), tf.ones([2, 3, 1, 2]), 2, 'same')],
    ['avgPool, same', () => tf.avgPool(image(5, 4), [2, 3], 2, 'same')],
    ['maxPool, ceil', () => tf.maxPool(image(5, 5), 2, 2, 1, 'ceil')],
    ['conv3d, same', () => tf.conv3d(volume(3, 4, 3), tf.ones([2, 2, 2, 1, 1]), 1, 'same')],
    ['avgPool3d, valid', () => tf.avgPool3d(volume(3, 4, 3), 2, 1, 'valid')],
    ['no windows at all', () => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]))],
  ])('%s', (_what, f) => {
    expect(blamedIn(f)).toEqual([]);
  });
});

describe("the core's mistakes", () => {
  test.each<[string, string, () => tf.Tensor]>([
    // The height's window and stride are taken for the width too.
    [
      'computeOutputShape2D',
      'a number around a window of unequal sides',
      () => tf.conv2d(image(4, 4), tf.ones([2, 3, 1, 1]), 1, 1, 'NHWC', 1, 'floor'),
    ],
    [
      'computeOutputShape2D',
      'a number and unequal strides',
      () => tf.conv2d(image(4, 4), tf.ones([2, 2, 1, 1]), [1, 2], 1, 'NHWC', 1, 'floor'),
    ],
    ['computeOutputShape2D', 'in pooling', () => tf.maxPool(image(4, 4), [2, 3], 1, 1, 'floor')],
    // Where strides leave entries out, 'same' pads by less than nothing.
    [
      'get3DPadAndOutInfo',
      "'same' and strides beyond the window",
      () => tf.conv3d(volume(3, 4, 4), tf.ones([1, 1, 1, 1, 1]), 2, 'same'),
    ],
    ['get3DPadAndOutInfo', 'in pooling', () => tf.avgPool3d(volume(4, 4, 4), 1, 2, 'same')],
  ])('%s: %s', (by, _what, f) => {
    expect(blamedIn(f)).toEqual([by]);
  });
});
