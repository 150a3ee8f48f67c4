/**
 * Compositions in the place of shaders. Oracle: the cpu backend's own kernels, which are right where these are called: each composition runs on the
 * cpu backend here, whose kernels it is made of. On WebGL and WebGPU the sweep judges them.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Replacement } from '../../../src/fixes/kernels/call.js';
import { product } from '../../../src/fixes/kernels/products.js';
import {
  cropped,
  inverseSine,
  ofNothing,
  padded,
  resizedGradient,
  reversed,
  turned,
  withoutAxis,
  withReals,
} from '../../../src/fixes/kernels/shaders.js';
import { present } from '../../support/present.js';

beforeAll(() => tf.setBackend('cpu'));

const stockOf = (name: string): tf.KernelFunc => present(tf.getKernel(name, 'cpu')).kernelFunc;

/** What a kernel gives when it is called with these tensors, on the cpu backend. */
function run(
  kernel: string,
  replaced: Replacement,
  inputs: Record<string, tf.Tensor>,
  attrs: object,
  stock: tf.KernelFunc = stockOf(kernel),
): { shape: number[]; values: number[]; dtype: string } {
  const buffers = tf.engine().backend.numDataIds();
  const result = replaced(
    { inputs, attrs: attrs as tf.NamedAttrMap, backend: tf.engine().backend },
    stock,
  ) as tf.TensorInfo;
  const values = Array.from(tf.engine().backend.readSync(result.dataId) as Float32Array);
  const { shape, dtype } = result;
  tf.engine().backend.disposeData(result.dataId);
  expect(tf.engine().backend.numDataIds()).toBe(buffers);
  return { shape: [...shape], values, dtype };
}

/** That the composition gives what the cpu backend's kernel does. */
function expectSame(
  kernel: string,
  replaced: Replacement,
  inputs: Record<string, tf.Tensor>,
  attrs: object,
): void {
  const stock: Replacement = (call, own) => own(call);
  const [mine, own] = [replaced, stock].map((one) => run(kernel, one, inputs, attrs));
  expect({ ...mine, values: [] }).toEqual({ ...own, values: [] });
  mine.values.forEach((value, i) => expect(value).toBeCloseTo(own.values[i], 4));
}

/** A kernel that must not be called. */
const never: tf.KernelFunc = () => {
  throw new Error('The shader was called.');
};

const ramp = (...shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i % 7) - 2.5),
    shape,
  );

describe('more than four axes', () => {
  const x = ramp(2, 1, 3, 1, 2);

  test('are padded one by one', () => {
    for (const paddings of [
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
        [1, 1],
      ],
      [
        [1, 2],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ]) {
      expectSame('PadV2', padded('cpu'), { x }, { paddings, constantValue: 9 });
    }
    const outer = { paddings: x.shape.map(() => [0, 1]), constantValue: 0 };
    expect(() => run('PadV2', padded('cpu'), { x: ramp(2, 3) }, outer, never)).toThrow(
      'The shader was called.',
    );
  });

  test('are reversed one by one', () => {
    for (const dims of [[0], [2, 4], [-1], [0, 1, 2, 3, 4], 2])
      expectSame('Reverse', reversed('cpu'), { x }, { dims });
    expect(() => run('Reverse', reversed('cpu'), { x: ramp(2, 3) }, { dims: [0] }, never)).toThrow(
      'The shader',
    );
  });
});

test('asinh is odd', () => {
  const x = tf.tensor1d([-1e6, -1000, -0.3, 0, 1e-5, 5, 1e6]);
  const ofPositive: tf.KernelFunc = (call) => {
    const { x: size } = call.inputs as { x: tf.TensorInfo };
    expect(
      Array.from(tf.engine().backend.readSync(size.dataId) as Float32Array).every((value) => value >= 0),
    ).toBe(true);
    return stockOf('Asinh')(call);
  };
  const { values } = run('Asinh', inverseSine('cpu'), { x }, {}, ofPositive);
  const expected = Array.from(x.dataSync(), (value) => Math.asinh(value));
  values.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
});

test('each box is cut from the image that it names', () => {
  const image = ramp(3, 4, 5, 2);
  const boxes = tf.tensor2d([0.1, 0.2, 0.8, 0.9, 0, 0, 1, 1], [2, 4]);
  for (const ids of [
    [2, 0],
    [1, 1],
    [0, 1],
  ]) {
    const inputs = { image, boxes, boxInd: tf.tensor1d(ids, 'int32') };
    for (const method of ['bilinear', 'nearest']) {
      const attrs = { cropSize: [2, 3], method, extrapolationValue: 0.5 };
      expectSame('CropAndResize', cropped('cpu'), inputs, attrs);
      const mistaken: tf.KernelFunc = (call) => {
        const { boxInd } = call.inputs as { boxInd: tf.TensorInfo };
        expect(tf.engine().backend.readSync(boxInd.dataId)).toEqual(Int32Array.of(0, 1));
        return stockOf('CropAndResize')(call);
      };
      run('CropAndResize', cropped('cpu'), inputs, attrs, mistaken);
    }
  }
});

test('images are turned pixel by pixel', () => {
  for (const [shape, radians, fillValue, center] of [
    [[2, 3, 4, 1], Math.PI / 2, 0, 0.5],
    [[1, 5, 4, 4], 0.3, [1, 2, 3], [0.25, 0.75]],
    [[1, 5, 4, 3], -2, [1, 2, 3], 0],
  ] as const) {
    const attrs = { radians, fillValue, center };
    expectSame('RotateWithOffset', turned('cpu'), { image: ramp(...shape) }, attrs);
  }
});

describe('gradients of resized images are two products', () => {
  const cases = [
    [
      [2, 1, 1, 1],
      [3, 3],
    ],
    [
      [1, 3, 2, 2],
      [4, 5],
    ],
    [
      [2, 4, 5, 1],
      [2, 3],
    ],
  ] as const;
  test.each(['Bilinear', 'NearestNeighbor'] as const)('%s', (name) => {
    for (const [shape, size] of cases) {
      for (const [alignCorners, halfPixelCenters] of [
        [true, false],
        [false, true],
      ]) {
        const images = ramp(...shape);
        const dy = ramp(shape[0], ...size, shape[3]);
        const kind = name === 'Bilinear' ? 'linear' : 'nearest';
        const { values } = run(
          `Resize${name}Grad`,
          resizedGradient(kind)('cpu'),
          { images, dy },
          { alignCorners, halfPixelCenters },
          never,
        );
        // The gradient of a linear function by its definition: Σ dx·v = Σ dy·resize(v).
        const v = tf.tensor(
          Float32Array.from({ length: images.size }, (_, i) => Math.sin(i)),
          [...shape],
        );
        const resize = name === 'Bilinear' ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
        const forward = resize(v as tf.Tensor4D, [...size], alignCorners, halfPixelCenters);
        const one = tf.sum(tf.mul(forward, dy)).dataSync()[0];
        const other = tf.sum(tf.mul(tf.tensor(values, [...shape]), v)).dataSync()[0];
        expect(other).toBeCloseTo(one, 3);
      }
    }
  });
});

test('the sum and the product of nothing', () => {
  const x = tf.zeros([0, 3]);
  expect(run('Sum', ofNothing(0, 'webgl'), { x }, { axis: 0 }, never)).toEqual({
    shape: [3],
    values: [0, 0, 0],
    dtype: 'float32',
  });
  expect(run('Prod', ofNothing(1, 'webgl'), { x }, { axis: [0], keepDims: true }, never)).toEqual({
    shape: [1, 3],
    values: [1, 1, 1],
    dtype: 'float32',
  });
  expect(run('Sum', ofNothing(0, 'webgl'), { x: tf.zeros([0], 'bool') }, {}, never)).toEqual({
    shape: [],
    values: [0],
    dtype: 'int32',
  });
  expect(run('Sum', ofNothing(0, 'webgl'), { x: tf.zeros([2, 0]) }, { axis: 0 }, never).shape).toEqual([0]);
  expect(() => run('Sum', ofNothing(0, 'webgl'), { x: tf.zeros([2]) }, {}, never)).toThrow(
    'The shader was called.',
  );
});

test('the product of matrices without entries', () => {
  const attrs = { transposeA: false, transposeB: false };
  const inputs = { a: tf.zeros([2, 0]), b: tf.zeros([0, 3]) };
  expect(run('BatchMatMul', product('webgl'), inputs, attrs, never)).toEqual({
    shape: [2, 3],
    values: [0, 0, 0, 0, 0, 0],
    dtype: 'float32',
  });
  const turnedOver = { a: tf.zeros([1, 0, 2]), b: tf.zeros([4, 3, 0]) };
  expect(
    run('BatchMatMul', product('webgpu'), turnedOver, { transposeA: true, transposeB: true }, never).shape,
  ).toEqual([4, 2, 3]);
  expect(() =>
    run('BatchMatMul', product('webgl'), { a: tf.zeros([2, 1]), b: tf.zeros([1, 3]) }, attrs, never),
  ).toThrow('The shader was called.');
});

describe('whole numbers on webgpu', () => {
  /** The kernel of reals alone, as a shader that knows no others. */
  const ofReals =
    (kernel: string): tf.KernelFunc =>
    (call) => {
      expect((call.inputs as { x: tf.TensorInfo }).x.dtype).toBe('float32');
      return stockOf(kernel)(call);
    };
  const whole = tf.tensor2d([5, -2, 3, 0, 7, 1], [2, 3], 'int32');

  test('are moved as reals', () => {
    const asReals: Replacement = (call, stock) => withReals(call, stock, false, 'cpu');
    expect(run('Transpose', asReals, { x: whole }, { perm: [1, 0] }, ofReals('Transpose'))).toEqual({
      shape: [3, 2],
      values: [5, 0, -2, 7, 3, 1],
      dtype: 'int32',
    });
    expect(run('Max', asReals, { x: whole }, { reductionIndices: 0, axis: 0 }, ofReals('Max')).dtype).toBe(
      'int32',
    );
    expect(
      run('Sum', asReals, { x: tf.tensor2d([1, 1, 0, 1], [2, 2], 'bool') }, { axis: 0 }, ofReals('Sum')),
    ).toEqual({ shape: [2], values: [1, 2], dtype: 'int32' });
    const asMean: Replacement = (call, stock) => withReals(call, stock, true, 'cpu');
    expect(run('Mean', asMean, { x: whole }, { axis: 0 }, ofReals('Mean'))).toEqual({
      shape: [3],
      values: [2.5, 2.5, 2],
      dtype: 'float32',
    });
    // Nothing is moved along the last axis, nor where numbers are real.
    expect(() => run('Sum', asReals, { x: whole }, { axis: 1 }, never)).toThrow('The shader was called.');
    expect(() => run('Transpose', asReals, { x: ramp(2, 3) }, { perm: [1, 0] }, never)).toThrow(
      'The shader was called.',
    );
  });

  test('the places of the largest have the shape without the axis', () => {
    const ofOne: tf.KernelFunc = (call) => ({ ...(stockOf('ArgMax')(call) as tf.TensorInfo), shape: [1] });
    expect(run('ArgMax', withoutAxis, { x: tf.tensor1d([1, 3, 2]) }, { axis: 0 }, ofOne)).toEqual({
      shape: [],
      values: [1],
      dtype: 'int32',
    });
    expect(run('ArgMax', withoutAxis, { x: ramp(2, 3) }, { axis: -1 }, stockOf('ArgMax')).shape).toEqual([2]);
  });
});
