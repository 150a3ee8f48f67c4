/**
 * Kernels whose shaders are wrong on webgl or webgpu, of others of the same backend: nothing is read back, which webgpu can't do at
 * once. Each is a plain identity of the op; what is computed from shapes and attributes alone is computed here.
 */
import * as tf from '@tensorflow/tfjs';
import { pixelWeights } from '../../float64/kernels/resize.js';
import { sizeOf } from '../../shapes.js';
import type { Fix } from '../fix.js';
import {
  composed,
  replacement,
  replacements,
  shaders,
  tensorOn,
  type Call,
  type Replacement,
  type Result,
} from './call.js';

/** Axes up to which the shaders know what they do. */
const RANK = 4;

/** A shape with one axis left, and those before and after it put together. */
const around = (shape: readonly number[], axis: number): number[] => [
  sizeOf(shape.slice(0, axis)),
  shape[axis],
  sizeOf(shape.slice(axis + 1)),
];

/** So many whole numbers, by their places. */
const wholes = ({ backend }: Call, count: number, of: (i: number) => number): tf.TensorInfo =>
  tensorOn(
    backend,
    [count],
    'int32',
    Int32Array.from({ length: count }, (_, i) => of(i)),
  );

/** Padded axis by axis, each as the middle one of three. */
export const padded =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    const { paddings, constantValue } = call.attrs as unknown as {
      paddings: [number, number][];
      constantValue: number;
    };
    if (x.shape.length <= RANK || sizeOf(x.shape) === 0) return stock(call);
    return composed(backendName, call, (steps) => {
      const shape = [...x.shape];
      let result = x;
      for (const [axis, [before, after]] of paddings.entries()) {
        if (before === 0 && after === 0) continue;
        const flat = steps.run('Reshape', { x: result }, { shape: around(shape, axis) });
        const middle = [
          [0, 0],
          [before, after],
          [0, 0],
        ];
        result = steps.run('PadV2', { x: flat }, { paddings: middle, constantValue });
        shape[axis] += before + after;
      }
      return steps.run('Reshape', { x: result }, { shape });
    });
  };

/** Taken from the end, axis by axis. */
export const reversed =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    const { dims } = call.attrs as unknown as { dims: number | number[] };
    if (x.shape.length <= RANK) return stock(call);
    return composed(backendName, call, (steps) => {
      let result = x;
      for (const axis of tf.util.parseAxisParam(dims, x.shape)) {
        const size = x.shape[axis];
        const flat = steps.run('Reshape', { x: result }, { shape: around(x.shape, axis) });
        const indices = steps.own(wholes(call, size, (i) => size - 1 - i));
        result = steps.run('GatherV2', { x: flat, indices }, { axis: 1, batchDims: 0 });
      }
      return steps.run('Reshape', { x: result }, { shape: x.shape });
    });
  };

/** `asinh(x) = sign(x)·asinh(|x|)`: of a large negative x, `x + √(x² + 1)` has no digits left. */
export const inverseSine =
  (backendName: string): Replacement =>
  (call, stock) =>
    composed(backendName, call, (steps) => {
      const { x } = call.inputs as { x: tf.TensorInfo };
      const size = steps.own(stock({ ...call, inputs: { x: steps.run('Abs', { x }) } }) as tf.TensorInfo);
      return steps.run('Multiply', { a: steps.run('Sign', { x }), b: size });
    });

/** The images that the boxes are cut from, one for each box: the shaders take one number for the other. */
export const cropped =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { image, boxes, boxInd } = call.inputs as Record<string, tf.TensorInfo>;
    const [count] = boxes.shape;
    if (count === 0) return stock(call);
    return composed(backendName, call, (steps) => {
      const images = steps.run('GatherV2', { x: image, indices: boxInd }, { axis: 0, batchDims: 0 });
      const own = steps.own(wholes(call, count, (i) => i));
      return stock({ ...call, inputs: { image: images, boxes, boxInd: own } }) as tf.TensorInfo;
    });
  };

/** A pixel of four channels that lies outside is opaque. */
const OPAQUE = 255;

/**
 * Each pixel (x, y) of the result is that at `(x', y') - centre = R·((x, y) - centre)`, rounded, of the image; R turns by `radians`. GLSL and WGSL
 * round halves otherwise than JavaScript does.
 */
export const turned =
  (backendName: string): Replacement =>
  (call) => {
    const { image } = call.inputs as { image: tf.TensorInfo };
    const { radians, fillValue, center } = call.attrs as unknown as {
      radians: number;
      fillValue: number | number[];
      center: number | [number, number];
    };
    const [batch, height, width, channels] = image.shape;
    const [centerX, centerY] = tf.backend_util.getImageCenter(center, height, width);
    const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
    const filled = Array.from({ length: channels }, (_, c) =>
      typeof fillValue === 'number' ? fillValue : c === 3 ? OPAQUE : fillValue[c],
    );
    const OUTSIDE = -1;
    const pixels: number[] = [];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [right, down] = [column - centerX, row - centerY];
        const x = Math.round(right * cosine - down * sine + centerX);
        const y = Math.round(right * sine + down * cosine + centerY);
        const isInside = x >= 0 && x < width && y >= 0 && y < height;
        pixels.push(isInside ? y * width + x : OUTSIDE);
      }
    }
    const size = height * width;
    return composed(backendName, call, (steps) => {
      const flat = steps.run('Reshape', { x: image }, { shape: [batch, size, channels] });
      const taken = steps.run(
        'GatherV2',
        { x: flat, indices: steps.own(wholes(call, size, (i) => Math.max(pixels[i], 0))) },
        { axis: 1, batchDims: 0 },
      );
      const everywhere = (of: (pixel: number, channel: number) => number): number[] =>
        Array.from({ length: batch * size * channels }, (_, i) =>
          of(Math.floor(i / channels) % size, i % channels),
        );
      const shape = [batch, size, channels];
      const condition = steps.own(
        tensorOn(
          call.backend,
          shape,
          'bool',
          Uint8Array.from(everywhere((pixel) => Number(pixels[pixel] !== OUTSIDE))),
        ),
      );
      const outside = steps.constant(
        shape,
        everywhere((_, channel) => filled[channel]),
      );
      const mixed = steps.run('Select', { condition, t: taken, e: outside });
      return steps.run('Reshape', { x: mixed }, { shape: image.shape });
    });
  };

/** `dx = A_h·dy·A_wᵀ`, image by image and channel by channel: how much of each pixel is in each output hangs on shapes alone. */
export const resizedGradient =
  (kind: 'linear' | 'nearest') =>
  (backendName: string): Replacement =>
  (call, stock) => {
    const { images, dy } = call.inputs as { images: tf.TensorInfo; dy: tf.TensorInfo };
    const { alignCorners, halfPixelCenters } = call.attrs as Parameters<typeof pixelWeights>[3];
    if (!alignCorners && !halfPixelCenters) return stock(call);
    const [batch, height, width, channels] = images.shape;
    const [, rows, columns] = dy.shape;
    const attributes = { alignCorners, halfPixelCenters };
    return composed(backendName, call, (steps) => {
      const times = (weights: Float64Array, [inputs, outputs]: number[], x: tf.TensorInfo, shape: number[]) =>
        steps.run(
          'BatchMatMul',
          {
            a: steps.constant([1, inputs, outputs], weights),
            b: steps.run('Reshape', { x }, { shape }),
          },
          { transposeA: false, transposeB: false },
        );
      const down = pixelWeights(kind, height, rows, attributes);
      const across = pixelWeights(kind, width, columns, attributes);
      const high = times(down, [height, rows], dy, [batch, rows, columns * channels]);
      const wide = times(across, [width, columns], high, [batch * height, columns, channels]);
      return steps.run('Reshape', { x: wide }, { shape: images.shape });
    });
  };

/** Without entries there is nothing to run a shader on: sums of nothing are 0, products 1. */
export const ofNothing =
  (value: number, backendName: string): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    if (sizeOf(x.shape) > 0) return backendName === 'webgpu' ? asReals(call, stock) : stock(call);
    const { axis, keepDims } = call.attrs as { axis?: number | number[]; keepDims?: boolean };
    const axes = tf.util.parseAxisParam(axis ?? [...x.shape.keys()], x.shape);
    const shape = x.shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size]));
    const dtype = x.dtype === 'bool' ? 'int32' : x.dtype;
    const values = tf.util.getTypedArrayFromDType(dtype as 'float32', sizeOf(shape)).fill(value);
    return tensorOn(call.backend, shape, dtype, values);
  };

/** What webgpu knows of a tensor's data: a cast from whole numbers to reals leaves them as they are. */
interface WebGPUBackend {
  tensorMap?: { get(dataId: object): { dtype: tf.DataType } | undefined };
}

/** Whole numbers and truths as reals, which are exact up to 2^24, and back: the shader that transposes writes numbers of another type than its own. */
export const asReals: Replacement = (call, stock) => withReals(call, stock, false);

export function withReals(call: Call, stock: tf.KernelFunc, isMean: boolean, backendName = 'webgpu'): Result {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const { perm, axis } = call.attrs as { perm?: number[]; axis?: number | number[] };
  const stored = (call.backend as WebGPUBackend).tensorMap?.get(x.dataId)?.dtype ?? x.dtype;
  const axes = tf.util.parseAxisParam(axis ?? [...x.shape.keys()], x.shape);
  const isMoved =
    perm !== undefined || tf.backend_util.getAxesPermutation(axes, x.shape.length) !== undefined;
  if ((stored !== 'int32' && stored !== 'bool') || !isMoved) return stock(call);
  // Sums of truths are whole numbers, and means are real.
  const dtype = perm === undefined && x.dtype === 'bool' ? 'int32' : x.dtype;
  return composed(backendName, call, (steps) => {
    const cast = steps.run('Cast', { x }, { dtype: 'float32' });
    const real = steps.run('Multiply', { a: cast, b: steps.constant([], [1]) });
    const result = steps.own(stock({ ...call, inputs: { x: real } }) as tf.TensorInfo);
    return isMean || dtype === 'float32' ? result : steps.run('Cast', { x: result }, { dtype });
  });
}

/** The places of the largest numbers, in the shape without the axis. */
export const withoutAxis: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const [axis] = tf.util.parseAxisParam((call.attrs as unknown as { axis: number }).axis, x.shape);
  const result = stock(call) as tf.TensorInfo;
  return { ...result, shape: x.shape.filter((_, i) => i !== axis) };
};

export const SHADER_KERNELS: readonly Fix[] = [
  {
    id: 'five-axes-on-gpus',
    family: 'kernels: shaders',
    ops: ['pad', 'slice', 'reverse'],
    wrong:
      'On webgl and webgpu the shaders of pad, and so of the gradient of slice, do not compile for more than four axes; on webgpu reverse throws.',
    kernels: [
      ...replacements(shaders, ['PadV2'], padded),
      replacement('webgpu', 'Reverse', reversed('webgpu')),
    ],
  },
  {
    id: 'asinh-on-gpus',
    family: 'kernels: shaders',
    ops: ['asinh'],
    wrong:
      'On webgl and webgpu asinh(-1e6) is -88.03, and other large negative numbers have few digits or none.',
    kernels: replacements(shaders, ['Asinh'], inverseSine),
  },
  {
    id: 'crop-on-gpus',
    family: 'kernels: shaders',
    ops: ['image.cropAndResize'],
    wrong:
      "webgl cuts each box from the image of the box's own number, not from the one that it names; webgpu leaves boxes of images empty whose number is not below that of the boxes.",
    kernels: replacements(shaders, ['CropAndResize'], cropped),
  },
  {
    id: 'rotate-on-gpus',
    family: 'kernels: shaders',
    ops: ['image.rotateWithOffset'],
    wrong:
      'Where a coordinate lies halfway between two pixels, as at right angles, webgl and webgpu may take the other one; on webgl the fill value has two places.',
    kernels: replacements(shaders, ['RotateWithOffset'], turned),
  },
  {
    id: 'resize-gradients-on-webgpu',
    family: 'kernels: shaders',
    ops: ['image.resizeBilinear', 'image.resizeNearestNeighbor', 'layers.upSampling2d', 'layers.resizing'],
    wrong: 'With alignCorners or halfPixelCenters the gradients on webgpu are wrong.',
    kernels: [
      replacement('webgpu', 'ResizeBilinearGrad', resizedGradient('linear')('webgpu')),
      replacement('webgpu', 'ResizeNearestNeighborGrad', resizedGradient('nearest')('webgpu')),
    ],
  },
  {
    id: 'empty-on-gpus',
    family: 'kernels: shaders',
    ops: ['sum', 'prod'],
    wrong: 'On webgl and webgpu the sum and the product of no numbers throw.',
    kernels: [
      ...replacements(shaders, ['Sum'], (backendName) => ofNothing(0, backendName)),
      ...replacements(shaders, ['Prod'], (backendName) => ofNothing(1, backendName)),
    ],
  },
  {
    id: 'whole-numbers-on-webgpu',
    family: 'kernels: shaders',
    ops: ['transpose', 'sum', 'mean', 'max', 'min', 'prod', 'cumsum', 'argMax', 'argMin'],
    wrong:
      'webgpu cannot transpose whole numbers and truths, and so not sum them along the first axes, nor run a recurrent layer with a mask; the places of largest numbers come in a shape of [1] for [].',
    kernels: [
      ...replacements(['webgpu'], ['Transpose', 'Max', 'Min'], () => asReals),
      replacement('webgpu', 'Mean', (call, stock) => withReals(call, stock, true)),
      ...replacements(['webgpu'], ['ArgMax', 'ArgMin'], () => withoutAxis),
    ],
  },
];
