/** Kernels along an axis, of images, entry by entry, of complex numbers, and those that wasm lacks. Oracle: values by hand, and Math's. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { COMPLEX_KERNELS } from '../../../src/fixes/kernels/complex.js';
import { ENTRY_KERNELS } from '../../../src/fixes/kernels/entries.js';
import { IMAGE_KERNELS } from '../../../src/fixes/kernels/images.js';
import { MISSING_KERNELS } from '../../../src/fixes/kernels/missing.js';
import { ROW_KERNELS } from '../../../src/fixes/kernels/rows.js';
import { expectMended, expectUnchanged, isNear, mendedAnswerOf, type Computation } from './compare.js';

const ids = (fixes: readonly { id: string }[]): string[] => fixes.map(({ id }) => id);
const all = [...ROW_KERNELS, ...IMAGE_KERNELS, ...ENTRY_KERNELS, ...COMPLEX_KERNELS, ...MISSING_KERNELS];
const only = ids(all);
const row = (...values: number[]): tf.Tensor2D => tf.tensor2d(values, [1, values.length]);

type Cases = [string, Computation, number[]][];

const onBoth: Cases = [
  [
    'means of the first axis',
    () =>
      tf.batchNorm(
        tf.tensor3d([1, 1, 1, 1], [1, 2, 2]),
        tf.tensor3d([1, 2], [1, 2, 1]),
        tf.ones([1, 2, 1]),
        undefined,
        undefined,
        0,
      ),
    [0, 0, -1, -1],
  ],
  ['the sign of NaN', () => tf.sign(tf.tensor1d([NaN, -2, 0])), [NaN, -1, 0]],
  [
    'halfPixelCenters in the gradient',
    () =>
      tf.grad((x: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [1, 1], false, true))(
        tf.ones([1, 2, 1, 1]),
      ),
    [0.5, 0.5],
  ],
];
const onCpu: Cases = [
  // On wasm this ends the memory.
  ['an axis from the end', () => tf.cumsum(row(1, 2, 3), -1), [1, 3, 6]],
  ['an axis from the end, of products', () => tf.cumprod(row(1, 2, 3), -1), [1, 2, 6]],
  [
    'the second image of a batch',
    () =>
      tf.image.transform(tf.tensor4d([1, 2], [2, 1, 1, 1]), tf.tensor2d([1, 0, 0, 0, 1, 0, 0, 0], [1, 8])),
    [1, 2],
  ],
  [
    "the nearest pixel's gradient in a batch",
    () =>
      tf.grad((x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [1, 2]))(
        tf.ones([2, 1, 1, 1]),
        tf.tensor4d([1, 2, 3, 4], [2, 1, 2, 1]),
      ),
    [3, 7],
  ],
  [
    'the part of complex numbers from which others were made by reshaping',
    () => {
      const x = tf.complex(tf.tensor1d([1, 2, 3, 4]), tf.zeros([4]));
      tf.reshape(x, [2, 2]);
      return tf.sum(tf.real(x), 0);
    },
    [10],
  ],
  [
    'images that are not square',
    () => tf.grad((x: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [1, 2]))(tf.ones([1, 2, 1, 1])),
    [2, 0],
  ],
];
const onWasm: Cases = [
  [
    'whole numbers at strides',
    () => tf.stridedSlice(tf.tensor1d([5, -2, 3, 7], 'int32'), [0], [4], [2]),
    [5, 3],
  ],
  [
    'booleans at strides',
    () => tf.cast(tf.stridedSlice(tf.tensor1d([1, 0, 1, 1], 'bool'), [0], [4], [3]), 'int32'),
    [1, 1],
  ],
  ['NaN in clipByValue', () => tf.clipByValue(tf.tensor1d([NaN, 3, -3]), -1, 1), [NaN, 1, -1]],
  ['NaN in relu6', () => tf.relu6(tf.tensor1d([NaN, 7, -3])), [NaN, 6, 0]],
  ['NaN in maximum', () => tf.maximum(tf.tensor1d([1, 2]), tf.tensor1d([NaN, 1])), [NaN, 2]],
  [
    'NaN in maximum, broadcast',
    () => tf.maximum(tf.tensor2d([0, 2], [2, 1]), tf.tensor2d([1, NaN], [1, 2])),
    [1, NaN, 2, NaN],
  ],
  ['NaN in minimum', () => tf.minimum(tf.tensor1d([1, 2]), tf.tensor1d([NaN, 1])), [NaN, 1]],
  [
    'the sine of small numbers',
    () => tf.mul(tf.sin(tf.tensor1d([1e-3, -1e-5])), 1e5),
    [1e5 * Math.sin(1e-3), -1],
  ],
  [
    'slopes of rows',
    () => tf.prelu(tf.tensor2d([-1, -1, -2, -1], [2, 2]), tf.tensor2d([1, 2], [2, 1])),
    [-1, -1, -4, -2],
  ],
  [
    'numbers below 1 are true',
    () => tf.cast(tf.cast(tf.tensor1d([0.25, 0, -0.5, 256]), 'bool'), 'int32'),
    [1, 0, 1, 1],
  ],
  ['one-hot in floats', () => tf.oneHot(tf.tensor1d([1, 0], 'int32'), 2, 3, -1, 'float32'), [-1, 3, 3, -1]],
  ['a product of nothing', () => tf.add(tf.prod(tf.zeros([0, 2]), 0), 0), [1, 1]],
  [
    'gather in batches',
    () =>
      tf.gather(
        tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]),
        tf.tensor2d([1, 0, 1, 1, 1, 2], [2, 3], 'int32'),
        1,
        1,
      ),
    [2, 1, 2, 5, 5, 6],
  ],
  ['a fill value of a half', () => tf.image.rotateWithOffset(tf.ones([1, 1, 1, 1]), -1, 0.5), [0.5]],
  ['|3 + 4i|', () => tf.abs(tf.complex(3, 4)), [5]],
  ['(1 + 2i)(3 + 4i)', () => tf.mul(tf.complex(1, 2), tf.complex(3, 4)), [-5, 10]],
  ['a transform of 1, 2, 3, 4', () => tf.spectral.rfft(row(1, 2, 3, 4)), [10, 0, -2, 2, -2, 0]],
  ['and back', () => tf.spectral.irfft(tf.spectral.rfft(row(1, 2, 3, 4))), [1, 2, 3, 4]],
  [
    'complex numbers beside each other',
    () => tf.concat([tf.complex(row(1, 2), row(3, 4)), tf.complex(row(5), row(6))], 1),
    [1, 3, 2, 4, 5, 6],
  ],
  ['a part of complex numbers', () => tf.slice(tf.complex(row(1, 2), row(3, 4)), [0, 1], [1, 1]), [2, 4]],
  [
    'ragged rows',
    () =>
      tf.raggedTensorToTensor(
        [2, 2],
        tf.tensor1d([1, 2, 3]),
        0,
        [tf.tensor1d([0, 1, 3], 'int32')],
        ['ROW_SPLITS'],
      ),
    [1, 0, 2, 3],
  ],
];

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  test.each(onBoth)('%s', async (_what, f, expected) => {
    if (backend === 'wasm' && expected.includes(NaN)) return expectRight(backend, f, expected);
    return expectMended(backend, only, f, expected);
  });

  // Without the fixes wasm writes beyond the result's memory, which other tests would find.
  test('booleans reversed', () =>
    expectRight(backend, () => tf.cast(tf.reverse(tf.tensor1d([1, 0, 0], 'bool'), 0), 'int32'), [0, 0, 1]));

  test('what is right stays as it is', async () => {
    const x = (): tf.Tensor2D => tf.randomUniform([4, 6], -1, 1, 'float32', 1);
    await expectUnchanged(backend, only, () => tf.cumsum(x(), 0));
    await expectUnchanged(backend, only, () => tf.batchNorm(x(), tf.ones([6]), tf.ones([6])));
    await expectUnchanged(backend, only, () => tf.relu6(tf.clipByValue(x(), -0.5, 0.5)));
    await expectUnchanged(backend, only, () => tf.maximum(x(), tf.neg(x())));
    await expectUnchanged(backend, only, () => tf.prelu(x(), tf.ones<tf.Rank.R2>([1, 6])));
    await expectUnchanged(backend, only, () => tf.concat([x(), x()], 1));
    await expectUnchanged(backend, only, () => tf.oneHot(tf.tensor1d([1, 0], 'int32'), 3));
  });
});

describe('on cpu', () => {
  test.each(onCpu)('%s', async (_what, f, expected) => {
    await expectMended('cpu', only, f, expected);
  });
});

/** The right answer, where the wrong one can't be relied on: it is what the memory holds. */
async function expectRight(backend: string, f: Computation, expected: number[]): Promise<void> {
  const answer = await mendedAnswerOf(backend, only, f);
  expect({ answer, isRight: isNear(answer, expected) }).toMatchObject({ isRight: true });
}

describe('on wasm', () => {
  test.each(onWasm)('%s', async (what, f, expected) => {
    if (what.startsWith('a product of nothing')) return expectRight('wasm', f, expected);
    return expectMended('wasm', only, f, expected);
  });

  test.each(onCpu.slice(0, 3))('%s, which crashes or is right without', async (_what, f, expected) => {
    await expectRight('wasm', f, expected);
  });
});

test('every kernel belongs to one fix', () => {
  const names = all.flatMap(({ kernels = [] }) =>
    kernels.map(({ backendName, kernelName }) => `${backendName} ${kernelName}`),
  );
  expect(new Set(names).size).toBe(names.length);
});
