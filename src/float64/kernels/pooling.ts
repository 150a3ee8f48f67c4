/** Means and maxima over windows, and their gradients. Tensors are [batch, (depth,) height, width, channels]. */
import * as tf from '@tensorflow/tfjs';
import { doublesOf, kernel, tensorOf } from './kernel.js';
import {
  gridOf,
  outputShape,
  outputsOf,
  tapsOf,
  visitTaps,
  type Grid,
  type WindowAttributes,
} from './windows.js';

interface PoolAttributes extends WindowAttributes {
  filterSize: number | readonly number[];
}

interface PoolInputs {
  x: tf.TensorInfo;
}

interface GradientInputs {
  dy: tf.TensorInfo;
  input: tf.TensorInfo;
}

/** The grid of a pool; its outputs are those of dy, where dy is given. */
function poolGrid({ shape }: tf.TensorInfo, attributes: PoolAttributes, dy?: tf.TensorInfo): Grid {
  const { filterSize } = attributes;
  const windows = typeof filterSize === 'number' ? shape.slice(1, -1).map(() => filterSize) : filterSize;
  return gridOf(shape, windows, attributes, dy?.shape.slice(1, -1));
}

/** How many entries of the input each window holds: taps inside, of each axis as many as there are. */
function countsOf({ batch, axes }: Grid): Int32Array {
  let counts = new Int32Array(batch).fill(1);
  for (const axis of axes) {
    const { first, end } = tapsOf(axis);
    const next = new Int32Array(counts.length * axis.outputs);
    for (let i = 0; i < next.length; i++) {
      const o = i % axis.outputs;
      next[i] = counts[(i - o) / axis.outputs] * Math.max(0, end[o] - first[o]);
    }
    counts = next;
  }
  return counts;
}

/** `y_o = Σ_{i in window o} x_i / n_o`, n_o the number of entries in the window: padding does not count. 0 for an empty window. */
const averagePool = kernel<PoolInputs, PoolAttributes>(({ x }, attributes, backend) => {
  const grid = poolGrid(x, attributes);
  const { channels } = grid;
  const values = doublesOf(backend, x);
  const counts = countsOf(grid);
  const y = new Float64Array(counts.length * channels);
  visitTaps(grid, (output, entry) => {
    for (let c = 0; c < channels; c++) y[output * channels + c] += values[entry * channels + c];
  });
  for (let i = 0; i < y.length; i++) y[i] /= Math.max(counts[Math.floor(i / channels)], 1);
  return tensorOf(backend, outputShape(grid, x.shape.length, channels), y);
});

/** `dx_i = Σ_{o: i in window o} dy_o / n_o`. The cpu kernel divides by the window's size, padding included. */
const averagePoolGradient = kernel<GradientInputs, PoolAttributes>(({ dy, input }, attributes, backend) => {
  const grid = poolGrid(input, attributes, dy);
  const { channels } = grid;
  const slopes = doublesOf(backend, dy);
  const counts = countsOf(grid);
  const dx = new Float64Array(tf.util.sizeFromShape(input.shape));
  visitTaps(grid, (output, entry) => {
    for (let c = 0; c < channels; c++) {
      dx[entry * channels + c] += slopes[output * channels + c] / counts[output];
    }
  });
  return tensorOf(backend, input.shape, dx);
});

/**
 * By output, the place of its window's largest entry: of several the first in an image and the last in a volume, as
 * TensorFlow.js chooses. A NaN is larger than everything. -1 for an empty window.
 */
function largest(grid: Grid, values: Float64Array, rank: number): Int32Array {
  const { channels } = grid;
  const places = new Int32Array(outputsOf(grid) * channels).fill(-1);
  const takesLast = rank === 5;
  visitTaps(grid, (output, entry) => {
    for (let c = 0; c < channels; c++) {
      const place = places[output * channels + c];
      const value = values[entry * channels + c];
      const isLarger =
        place < 0 ||
        value > values[place] ||
        (takesLast && value === values[place]) ||
        (Number.isNaN(value) && !Number.isNaN(values[place]));
      if (isLarger) places[output * channels + c] = entry * channels + c;
    }
  });
  return places;
}

/** `y_o = max_{i in window o} x_i`; -∞ for an empty window. */
const maxPool = kernel<PoolInputs, PoolAttributes>(({ x }, attributes, backend) => {
  const grid = poolGrid(x, attributes);
  const rank = x.shape.length;
  const values = doublesOf(backend, x);
  const y = Float64Array.from(largest(grid, values, rank), (place) =>
    place < 0 ? -Infinity : values[place],
  );
  return tensorOf(backend, outputShape(grid, rank, grid.channels), y, x.dtype);
});

/**
 * The largest entries, and their places: among an image's numbers, or, with includeBatchInIndex, among the tensor's. The place in
 * an empty window is -1.
 */
const maxPoolWithArgmax = kernel<PoolInputs, PoolAttributes & { includeBatchInIndex?: boolean }>(
  ({ x }, attributes, backend) => {
    const grid = poolGrid(x, attributes);
    const values = doublesOf(backend, x);
    const shape = outputShape(grid, x.shape.length, grid.channels);
    const places = largest(grid, values, x.shape.length);
    const image = attributes.includeBatchInIndex ? values.length : values.length / grid.batch;
    const y = Float64Array.from(places, (place) => (place < 0 ? -Infinity : values[place]));
    const indices = Float64Array.from(places, (place) => (place < 0 ? -1 : place % image));
    return [tensorOf(backend, shape, y, x.dtype), tensorOf(backend, shape, indices, 'int32')];
  },
);

/**
 * `dx_i = Σ_{o: i is the largest of window o} dy_o`. The cpu kernel takes the height of a 3-D window for its width, and is not
 * told how the output's sizes were rounded.
 */
const maxPoolGradient = kernel<GradientInputs, PoolAttributes>(({ dy, input }, attributes, backend) => {
  const grid = poolGrid(input, attributes, dy);
  const slopes = doublesOf(backend, dy);
  const dx = new Float64Array(tf.util.sizeFromShape(input.shape));
  largest(grid, doublesOf(backend, input), input.shape.length).forEach((place, output) => {
    if (place >= 0) dx[place] += slopes[output];
  });
  return tensorOf(backend, input.shape, dx);
});

export const poolingKernels: Readonly<Record<string, tf.KernelFunc>> = {
  AvgPool: averagePool,
  AvgPool3D: averagePool,
  AvgPool3DGrad: averagePoolGradient,
  AvgPoolGrad: averagePoolGradient,
  MaxPool: maxPool,
  MaxPool3D: maxPool,
  MaxPool3DGrad: maxPoolGradient,
  MaxPoolGrad: maxPoolGradient,
  MaxPoolWithArgmax: maxPoolWithArgmax,
};
