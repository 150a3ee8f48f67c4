/** Kernels of convolutions. Oracle: convolutions of ones, which count, and of ramps, by hand; the double-precision kernels. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { CONVOLUTION_KERNELS } from '../../../src/fixes/kernels/convolutions.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import { expectMended, expectUnchanged, isNear, mendedAnswerOf } from './compare.js';

const only = CONVOLUTION_KERNELS.map(({ id }) => id);
const ramp = (...shape: [number, number, number, number]): tf.Tensor4D =>
  tf.reshape(tf.range(1, tf.util.sizeFromShape(shape) + 1), shape);

const ones = (...shape: [number, number, number, number]): tf.Tensor4D => tf.ones(shape);

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  test.each<[string, () => tf.Tensor, number[]]>([
    // Sums of two beside each other; the core tells of one column only.
    [
      'a number for pad, a window that is not square',
      () => tf.conv2d(ramp(1, 2, 3, 1), ones(1, 2, 1, 1), 1, 0),
      [3, 5, 9, 11],
    ],
    [
      'channels first, depthwise',
      () => tf.depthwiseConv2d(ones(1, 1, 2, 3), ones(1, 1, 1, 1), 1, 'same', 'NCHW'),
      [1, 1, 1, 1, 1, 1],
    ],
    [
      "'same' in a volume with a stride larger than the window",
      () => tf.conv3d(tf.tensor5d([1, 2, 3], [1, 1, 1, 3, 1]), tf.ones([1, 1, 1, 1, 1]), [2, 1, 3], 'same'),
      [1],
    ],
    [
      'its gradient',
      () =>
        tf.grad((x: tf.Tensor) => tf.conv3d(x as tf.Tensor5D, tf.ones([1, 1, 1, 1, 1]), [2, 1, 3], 'same'))(
          tf.tensor5d([1, 2, 3], [1, 1, 1, 3, 1]),
        ),
      [1, 0, 0],
    ],
  ])('%s', async (_what, f, expected) => {
    await expectMended(backend, only, f, expected);
  });

  test('ordinary convolutions stay as they are', async () => {
    await expectUnchanged(backend, only, () => tf.conv2d(ramp(1, 4, 5, 2), ramp(3, 3, 2, 2), 1, 'same'));
    await expectUnchanged(backend, only, () =>
      tf.depthwiseConv2d(ramp(1, 4, 5, 2), ramp(3, 3, 2, 1), 2, 'valid'),
    );
  });
});

describe('on wasm', () => {
  test.each<[string, () => tf.Tensor, number[]]>([
    [
      "'same' with a stride larger than the window",
      () => tf.conv2d(ones(1, 1, 2, 1), ones(2, 1, 1, 1), [1, 2], 'same'),
      [1],
    ],
    [
      'sizes rounded up',
      () => tf.conv2d(ones(1, 1, 1, 1), ones(2, 2, 1, 1), 2, 2, 'NHWC', 1, 'ceil'),
      [0, 0, 0, 0, 1, 0, 0, 0, 0],
    ],
    [
      'a bias in all',
      () =>
        tf.fused.conv2d({
          x: ones(1, 1, 1, 2),
          filter: ones(1, 1, 2, 2),
          bias: tf.tensor1d([1]),
          strides: 1,
          pad: 'same',
          activation: 'relu',
        }),
      [3, 3],
    ],
    [
      'a volume of two planes',
      () =>
        tf.grad((x: tf.Tensor) => tf.conv3d(x as tf.Tensor5D, tf.ones([1, 1, 1, 1, 1]), 1, 'valid'))(
          tf.ones([1, 2, 1, 1, 1]),
        ),
      [1, 1],
    ],
  ])('%s', async (_what, f, expected) => {
    await expectMended('wasm', only, f, expected);
  });

  type Options = [strides: [number, number], pad: 'same' | 'valid' | number, size: [number, number]];
  test.each<Options>([
    [[1, 1], 'same', [5, 6]],
    [[2, 1], 'same', [5, 6]],
    [[2, 3], 'valid', [7, 8]],
    [[3, 3], 'same', [7, 5]],
    [[1, 1], 1, [4, 4]],
  ])(
    "filters' gradients with strides %p and pad %p are those in double precision",
    async (strides, pad, [height, width]) => {
      const gradient = (depthwise: boolean) => (): tf.Tensor => {
        const x = tf.randomUniform([2, height, width, 3], -1, 1, 'float32', 1) as tf.Tensor4D;
        const filter = tf.randomUniform(
          depthwise ? [3, 3, 3, 2] : [3, 3, 3, 4],
          -1,
          1,
          'float32',
          2,
        ) as tf.Tensor4D;
        const f = (w: tf.Tensor): tf.Tensor =>
          depthwise
            ? tf.depthwiseConv2d(x, w as tf.Tensor4D, strides, pad)
            : tf.conv2d(x, w as tf.Tensor4D, strides, pad);
        return tf.grad((w: tf.Tensor) => tf.sum(tf.square(f(w))))(filter);
      };
      for (const isDepthwise of [false, true]) {
        // Depthwise convolutions take the same stride along both axes.
        if (isDepthwise && strides[0] !== strides[1]) continue;
        const expected = tf.tidy(() => Array.from(inFloat64(gradient(isDepthwise)).dataSync()));
        const answer = await mendedAnswerOf('wasm', only, gradient(isDepthwise));
        expect({ answer, expected, isRight: isNear(answer, expected, 1e-4) }).toMatchObject({
          isRight: true,
        });
        const other = expected.map((value) => 1.001 * value + 1e-3);
        expect(isNear(answer, other, 1e-4)).toBe(false);
      }
    },
  );
});
