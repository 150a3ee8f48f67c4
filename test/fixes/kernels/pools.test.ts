/** Kernels of pools. Oracle: sums and maxima done by hand; TensorFlow's values of the sweep's smallest cases. */
import { describe, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { POOL_KERNELS } from '../../../src/fixes/kernels/pools.js';
import { expectMended, expectUnchanged } from './compare.js';

const only = POOL_KERNELS.map(({ id }) => id);
const image = (values: number[], height: number, width: number): tf.Tensor4D =>
  tf.tensor4d(values, [1, height, width, 1]);
const volume = (values: number[], shape: [number, number, number]): tf.Tensor5D =>
  tf.tensor5d(values, [1, ...shape, 1]);

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  test.each<[string, () => tf.Tensor, number[]]>([
    [
      'a mean at a border is over the entries inside: dy / n',
      () =>
        tf.grad((x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 2, 1, 'same'))(
          image([1, 2, 3, 4], 2, 2),
          image([4, 2, 2, 1], 2, 2),
        ),
      // Windows of 4, 2, 2 and 1 entries: 4/4, and 2/2 or 1 beside it.
      [1, 2, 2, 4],
    ],
    [
      'sizes rounded up',
      () =>
        tf.grad((x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 3, 2, 1, 'ceil'))(
          image([1, 2], 1, 2),
          image([1, 1], 1, 2),
        ),
      [0.5, 1.5],
    ],
    [
      'a volume',
      () =>
        tf.grad((x: tf.Tensor) => tf.avgPool3d(x as tf.Tensor5D, 2, 1, 'same'))(
          volume([1], [1, 1, 1]),
          volume([3], [1, 1, 1]),
        ),
      [3],
    ],
    [
      'a number for pad and a window that is not square',
      () => tf.avgPool(image([1, 2, 3, 4, 5, 6], 2, 3), [1, 3], 1, 0),
      [2, 5],
    ],
  ])('%s', async (_what, f, expected) => {
    await expectMended(backend, only, f, expected);
  });

  test('a window that lies within the image, and dense ones, stay as they are', async () => {
    const x = (): tf.Tensor4D => tf.randomUniform([2, 6, 6, 3], 0, 1, 'float32', 1);
    await expectUnchanged(backend, only, () => tf.avgPool(x(), 2, 2, 'valid'));
    await expectUnchanged(backend, only, () => tf.maxPool(x(), 3, 2, 'same'));
    await expectUnchanged(backend, only, () =>
      tf.grad((y: tf.Tensor) => tf.avgPool(y as tf.Tensor4D, 2, 2, 'valid'))(x()),
    );
    await expectUnchanged(backend, only, () =>
      tf.grad((y: tf.Tensor) => tf.maxPool(y as tf.Tensor4D, 2, 2, 'valid'))(x()),
    );
  });
});

describe('on cpu', () => {
  test("a volume's window that is no cube", async () => {
    await expectMended(
      'cpu',
      only,
      () =>
        tf.grad((x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, [1, 2, 1], 1, 'valid'))(
          volume([1, 2], [1, 2, 1]),
        ),
      [0, 1],
    );
  });

  test('a maximum where sizes are rounded up', async () => {
    await expectMended(
      'cpu',
      only,
      () =>
        tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 3, 2, 1, 'ceil'))(
          image([1, 2], 1, 2),
          image([1, 1], 1, 2),
        ),
      [0, 2],
    );
  });
});

describe('maxima below 0 on wasm', () => {
  test.each<[string, () => tf.Tensor, number[]]>([
    ['maxPool3d', () => tf.maxPool3d(volume([-3, -2, 1, -1], [2, 1, 2]), [2, 1, 1], 1, 'valid'), [1, -1]],
    [
      'the gradient of maxPool',
      () =>
        tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, [1, 2], 1, 'valid'))(
          image([1, 3, -2, -1, -4, -5], 2, 3),
        ),
      [0, 2, 0, 1, 0, 0].map((n, i) => (i === 3 ? 1 : i === 4 ? 1 : n)),
    ],
    [
      'the gradient of maxPool3d',
      () =>
        tf.grad((x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, [1, 1, 2], 1, 'valid'))(
          volume([-3, -2], [1, 1, 2]),
        ),
      [0, 1],
    ],
    ['maxPoolWithArgmax', () => tf.maxPoolWithArgmax(image([-3, -2], 1, 2), [1, 2], 1, 'valid').result, [-2]],
    [
      'dilation2d',
      () => tf.dilation2d(image([-3, -2], 1, 2), tf.tensor3d([0, 0.5], [1, 2, 1]), 1, 'valid'),
      [-1.5],
    ],
    [
      'the gradient of dilation2d',
      () =>
        tf.grad((x: tf.Tensor) =>
          tf.dilation2d(x as tf.Tensor4D, tf.tensor3d([0, 0.5], [1, 2, 1]), 1, 'valid'),
        )(image([-3, -2], 1, 2)),
      [0, 1],
    ],
  ])('%s', async (_what, f, expected) => {
    await expectMended('wasm', only, f, expected);
  });
});
