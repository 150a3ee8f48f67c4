/** Images of another size, and moved ones. Images are [batch, height, width, channels]. */
import * as tf from '@tensorflow/tfjs';
import { doublesOf, kernel, tensorOf } from './kernel.js';

interface ResizeAttributes {
  alignCorners?: boolean;
  halfPixelCenters?: boolean;
}

interface GradientInputs {
  images: tf.TensorInfo;
  dy: tf.TensorInfo;
}

/**
 * Where pixel `at` of `outputs` lies on an axis of `size` pixels, as a fraction of whole numbers, so that no pixel is missed by
 * rounding: `at·size / outputs`; with alignCorners, where there is more than one output, `at·(size - 1) / (outputs - 1)`; with
 * halfPixelCenters `(at + ½)·size / outputs`, from the first pixel's edge.
 */
function place(
  at: number,
  size: number,
  outputs: number,
  { alignCorners = false, halfPixelCenters = false }: ResizeAttributes,
): [numerator: number, denominator: number] {
  if (alignCorners && outputs > 1) return [at * (size - 1), outputs - 1];
  if (halfPixelCenters) return [(2 * at + 1) * size, 2 * outputs];
  return [at * size, outputs];
}

/** For each output on an axis, the pixel that it takes: the one at or before its place; with alignCorners the nearest. */
function nearestPixels(size: number, outputs: number, attributes: ResizeAttributes): Int32Array {
  return Int32Array.from({ length: outputs }, (_, at) => {
    const [numerator, denominator] = place(at, size, outputs, attributes);
    const pixel = attributes.alignCorners
      ? Math.floor((2 * numerator + denominator) / (2 * denominator))
      : Math.floor(numerator / denominator);
    return Math.min(pixel, size - 1);
  });
}

/** For each output on an axis, the two pixels that it lies between, and how far from the first to the second. */
function linearPixels(
  size: number,
  outputs: number,
  attributes: ResizeAttributes,
): { first: number; second: number; part: number }[] {
  return Array.from({ length: outputs }, (_, at) => {
    const [edge, denominator] = place(at, size, outputs, attributes);
    // A pixel's centre is half a pixel from its edge.
    const numerator = attributes.halfPixelCenters ? edge - denominator / 2 : edge;
    const floor = Math.floor(numerator / denominator);
    const inside = (pixel: number): number => Math.min(Math.max(pixel, 0), size - 1);
    const part = (numerator - floor * denominator) / denominator;
    return { first: inside(floor), second: inside(floor + 1), part };
  });
}

/** How much of each input pixel of an axis is in each output, as a matrix [inputs, outputs]. */
export function pixelWeights(
  kind: 'linear' | 'nearest',
  size: number,
  outputs: number,
  attributes: ResizeAttributes,
): Float64Array {
  const weights = new Float64Array(size * outputs);
  if (kind === 'nearest') {
    nearestPixels(size, outputs, attributes).forEach((pixel, at) => weights[pixel * outputs + at]++);
    return weights;
  }
  for (const [at, { first, second, part }] of linearPixels(size, outputs, attributes).entries()) {
    weights[first * outputs + at] += 1 - part;
    weights[second * outputs + at] += part;
  }
  return weights;
}

/** Calls `visit` with each pixel of the result, the pixels of the images that it is made of, and their weights. */
type Visit = (output: number, input: number, weight: number) => void;

function visitNearest(
  [batch, height, width]: number[],
  [rows, columns]: number[],
  attributes: ResizeAttributes,
  visit: Visit,
): void {
  const ys = nearestPixels(height, rows, attributes);
  const xs = nearestPixels(width, columns, attributes);
  let output = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of ys) {
      for (const x of xs) visit(output++, (b * height + y) * width + x, 1);
    }
  }
}

function visitLinear(
  [batch, height, width]: number[],
  [rows, columns]: number[],
  attributes: ResizeAttributes,
  visit: Visit,
): void {
  const ys = linearPixels(height, rows, attributes);
  const xs = linearPixels(width, columns, attributes);
  let output = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of ys) {
      const above = (b * height + y.first) * width;
      const below = (b * height + y.second) * width;
      for (const x of xs) {
        visit(output, above + x.first, (1 - y.part) * (1 - x.part));
        if (x.part > 0) visit(output, above + x.second, (1 - y.part) * x.part);
        if (y.part > 0) visit(output, below + x.first, y.part * (1 - x.part));
        if (x.part > 0 && y.part > 0) visit(output, below + x.second, y.part * x.part);
        output++;
      }
    }
  }
}

/** `y_o = Σ_i weight(o, i) · x_i`. */
const resize = (visitPixels: typeof visitNearest, keepsType: boolean): tf.KernelFunc =>
  kernel<{ images: tf.TensorInfo }, ResizeAttributes & { size: number[] }>(
    ({ images }, attributes, backend) => {
      const [batch, , , channels] = images.shape;
      const shape = [batch, ...attributes.size, channels];
      const values = doublesOf(backend, images);
      const y = new Float64Array(tf.util.sizeFromShape(shape));
      visitPixels(images.shape, attributes.size, attributes, (output, input, weight) => {
        for (let c = 0; c < channels; c++) y[output * channels + c] += weight * values[input * channels + c];
      });
      return tensorOf(backend, shape, y, keepsType ? images.dtype : 'float32');
    },
  );

/**
 * `dx_i = Σ_o weight(o, i) · dy_o`. The cpu kernels do not know of halfPixelCenters. The linear one gives a result of shape
 * [batch, width, height, channels]; the nearest one takes the images' size for that of dy from the second image on, and looks
 * for an image of one row or column for ever where corners are aligned.
 */
const resizeGradient = (visitPixels: typeof visitNearest): tf.KernelFunc =>
  kernel<GradientInputs, ResizeAttributes>(({ images, dy }, attributes, backend) => {
    const channels = images.shape[3];
    const slopes = doublesOf(backend, dy);
    const dx = new Float64Array(tf.util.sizeFromShape(images.shape));
    visitPixels(images.shape, dy.shape.slice(1, 3), attributes, (output, input, weight) => {
      for (let c = 0; c < channels; c++) dx[input * channels + c] += weight * slopes[output * channels + c];
    });
    return tensorOf(backend, images.shape, dx);
  });

interface TransformAttributes {
  interpolation: 'nearest' | 'bilinear';
  fillMode: 'constant' | 'reflect' | 'wrap' | 'nearest';
  fillValue: number;
  outputShape?: [number, number];
}

/** The coordinate within an axis of `size` pixels that stands for one outside; in the mode 'constant' itself. */
function within(coordinate: number, size: number, mode: TransformAttributes['fillMode']): number {
  if (mode === 'constant') return coordinate;
  const inside = Math.min(Math.max(coordinate, 0), size - 1);
  if (mode === 'nearest' || coordinate === inside || size <= 1) return inside;
  const period = mode === 'reflect' ? 2 * size : size;
  let moved = coordinate;
  if (mode === 'reflect') {
    // abcd is continued as dcba|abcd|dcba.
    if (moved < 0) {
      moved += period * Math.trunc(-moved / period);
      moved = moved < -size ? moved + period : -moved - 1;
    } else {
      moved -= period * Math.trunc(moved / period);
      if (moved >= size) moved = period - moved - 1;
    }
  } else if (moved < 0) {
    moved += period * (Math.trunc(-moved / (size - 1)) + 1);
  } else {
    moved -= period * Math.trunc(moved / (size - 1));
  }
  return Math.min(Math.max(moved, 0), size - 1);
}

/** The nearest whole number, a half away from 0, as C++ has it. */
const roundHalfAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/**
 * Each pixel (x, y) of the result from `((a0·x + a1·y + a2) / k, (a3·x + a4·y + a5) / k)`, `k = a6·x + a7·y + 1`, of its image; the
 * transforms are [1 or batch, 8]. The cpu kernel moves the first image of a batch alone. Source: TensorFlow's
 * ImageProjectiveTransformV3 (core/kernels/image/image_ops.h), the kernel that TensorFlow.js follows.
 */
const transform = kernel<{ image: tf.TensorInfo; transforms: tf.TensorInfo }, TransformAttributes>(
  ({ image, transforms }, { interpolation, fillMode, fillValue, outputShape }, backend) => {
    const [batch, height, width, channels] = image.shape;
    const [rows, columns] = outputShape ?? [height, width];
    const values = doublesOf(backend, image);
    const numbers = doublesOf(backend, transforms);
    const result = new Float64Array(batch * rows * columns * channels).fill(fillValue);
    for (let b = 0, at = 0; b < batch; b++) {
      const a = numbers.subarray(transforms.shape[0] === 1 ? 0 : 8 * b);
      const pixel = (y: number, x: number, c: number): number =>
        y >= 0 && y < height && x >= 0 && x < width
          ? values[((b * height + y) * width + x) * channels + c]
          : fillValue;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, at += channels) {
          const k = a[6] * column + a[7] * row + 1;
          if (k === 0) continue;
          const x = within((a[0] * column + a[1] * row + a[2]) / k, width, fillMode);
          const y = within((a[3] * column + a[4] * row + a[5]) / k, height, fillMode);
          for (let c = 0; c < channels; c++) {
            if (interpolation === 'nearest') {
              result[at + c] = pixel(roundHalfAway(y), roundHalfAway(x), c);
              continue;
            }
            const [top, left] = [Math.floor(y), Math.floor(x)];
            const [down, right] = [y - top, x - left];
            result[at + c] =
              (1 - down) * ((1 - right) * pixel(top, left, c) + right * pixel(top, left + 1, c)) +
              down * ((1 - right) * pixel(top + 1, left, c) + right * pixel(top + 1, left + 1, c));
          }
        }
      }
    }
    return tensorOf(backend, [batch, rows, columns, channels], result, image.dtype);
  },
);

export const resizeKernels: Readonly<Record<string, tf.KernelFunc>> = {
  ResizeBilinear: resize(visitLinear, false),
  ResizeBilinearGrad: resizeGradient(visitLinear),
  ResizeNearestNeighbor: resize(visitNearest, true),
  ResizeNearestNeighborGrad: resizeGradient(visitNearest),
  Transform: transform,
};
