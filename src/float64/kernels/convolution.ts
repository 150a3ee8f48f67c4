/**
 * Convolutions and their gradients. Tensors are [batch, (depth,) height, width, channels], filters [(depth,) height, width,
 * channels in, channels out]; where the channels come first, tensors are turned round before and after.
 */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import type { CpuBackend } from '../engine.js';
import { finished, type FusedAttributes, type FusedInputs } from './fused.js';
import { doublesOf, kernel, tensorOf, transposedMatrices } from './kernel.js';
import {
  gridOf,
  holdersOf,
  outputShape,
  outputsOf,
  reachOf,
  tapsOf,
  visitTaps,
  type Grid,
  type WindowAttributes,
} from './windows.js';

interface ConvolutionAttributes extends WindowAttributes {
  dataFormat?: string;
}

interface ConvolutionInputs {
  x: tf.TensorInfo;
  filter: tf.TensorInfo;
}

interface InputGradientInputs {
  dy: tf.TensorInfo;
  filter: tf.TensorInfo;
}

interface FilterGradientInputs {
  x: tf.TensorInfo;
  dy: tf.TensorInfo;
}

/** Numbers with their shape. */
interface Values {
  shape: number[];
  values: Float64Array;
}

const isChannelsFirst = ({ dataFormat }: ConvolutionAttributes): boolean =>
  dataFormat === 'NCHW' || dataFormat === 'NCDHW';

const lastToFirst = (shape: readonly number[]): number[] => [
  shape[0],
  shape[shape.length - 1],
  ...shape.slice(1, -1),
];
const firstToLast = (shape: readonly number[]): number[] => [shape[0], ...shape.slice(2), shape[1]];

/** A tensor's numbers with the channels last. */
function channelsLast(backend: CpuBackend, tensor: tf.TensorInfo, attributes: ConvolutionAttributes): Values {
  const { shape } = tensor;
  const values = doublesOf(backend, tensor);
  if (!isChannelsFirst(attributes)) return { shape, values };
  const pixels = sizeOf(shape.slice(2));
  return { shape: firstToLast(shape), values: transposedMatrices(values, shape[1], pixels) };
}

/** These numbers, whose channels are last, and their shape as the tensor has it. */
function inFormat(shape: number[], values: Float64Array, attributes: ConvolutionAttributes): Values {
  if (!isChannelsFirst(attributes)) return { shape, values };
  const channels = shape[shape.length - 1];
  return {
    shape: lastToFirst(shape),
    values: transposedMatrices(values, sizeOf(shape.slice(1, -1)), channels),
  };
}

/** The grid of a convolution, from shapes with the channels last. */
function convolutionGrid(
  shape: readonly number[],
  filter: readonly number[],
  attributes: ConvolutionAttributes,
  dy?: readonly number[],
): Grid {
  const { pad } = attributes;
  const pads =
    typeof pad === 'object' && isChannelsFirst(attributes) ? [pad[0], ...pad.slice(2), pad[1]] : pad;
  return gridOf(shape, filter.slice(0, -2), { ...attributes, pad: pads }, dy?.slice(1, -1));
}

/**
 * `y[o + j] += Σ_i x[start + i·step] · w[weights + i, j]` for j < columns: `count` numbers of x times as many rows of w. Four sums at
 * a time, each in the order of i.
 */
function addProduct(
  x: Float64Array,
  start: number,
  step: number,
  count: number,
  w: Float64Array,
  weights: number,
  y: Float64Array,
  o: number,
  columns: number,
): void {
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    let s0 = y[o + j];
    let s1 = y[o + j + 1];
    let s2 = y[o + j + 2];
    let s3 = y[o + j + 3];
    for (let i = 0, p = start, k = weights + j; i < count; i++, p += step, k += columns) {
      const v = x[p];
      s0 += v * w[k];
      s1 += v * w[k + 1];
      s2 += v * w[k + 2];
      s3 += v * w[k + 3];
    }
    y[o + j] = s0;
    y[o + j + 1] = s1;
    y[o + j + 2] = s2;
    y[o + j + 3] = s3;
  }
  for (; j < columns; j++) {
    let sum = y[o + j];
    for (let i = 0, p = start, k = weights + j; i < count; i++, p += step, k += columns) sum += x[p] * w[k];
    y[o + j] = sum;
  }
}

/** `y[b, o, j] = Σ_{tap, i} x[b, o·stride - before + tap·dilation, i] · w[tap, i, j]`, over the taps that lie inside of x. */
function convolved(grid: Grid, x: Float64Array, w: Float64Array, columns: number): Float64Array {
  const { batch, channels, axes } = grid;
  const [depth, height, width] = axes;
  const [depths, heights, widths] = axes.map(tapsOf);
  const y = new Float64Array(outputsOf(grid) * columns);
  let o = 0;
  for (let b = 0; b < batch; b++) {
    for (let od = 0; od < depth.outputs; od++) {
      for (let oh = 0; oh < height.outputs; oh++) {
        for (let ow = 0; ow < width.outputs; ow++, o += columns) {
          // Entries of a row lie one after the other, as their weights do, unless the filter is dilated.
          const taps = widths.end[ow] - widths.first[ow];
          const run = width.dilation === 1 ? taps : 1;
          for (let kd = depths.first[od]; kd < depths.end[od]; kd++) {
            const plane = b * depth.size + od * depth.stride - depth.before + kd * depth.dilation;
            for (let kh = heights.first[oh]; kh < heights.end[oh]; kh++) {
              const row = plane * height.size + oh * height.stride - height.before + kh * height.dilation;
              for (let kw = widths.first[ow]; kw < widths.end[ow]; kw += run) {
                const entry = row * width.size + ow * width.stride - width.before + kw * width.dilation;
                const tap = (kd * height.window + kh) * width.window + kw;
                addProduct(
                  x,
                  entry * channels,
                  1,
                  run * channels,
                  w,
                  tap * channels * columns,
                  y,
                  o,
                  columns,
                );
              }
            }
          }
        }
      }
    }
  }
  return y;
}

/** `dx[b, e, i] = Σ_{o, tap: o's tap lies on e} Σ_j dy[b, o, j] · w[tap, i, j]`. */
function inputGradient(grid: Grid, dy: Float64Array, w: Float64Array, columns: number): Float64Array {
  const { batch, channels, axes } = grid;
  const [depth, height, width] = axes;
  const [depths, heights, widths] = axes.map(holdersOf);
  // Rows of channels in lie one after the other, so that addProduct can be used.
  const turned = transposedMatrices(w, channels, columns);
  const dx = new Float64Array(batch * depth.size * height.size * width.size * channels);
  let e = 0;
  for (let b = 0; b < batch; b++) {
    for (const planes of depths) {
      for (const rows of heights) {
        for (const entries of widths) {
          for (let d = 0; d < planes.length; d += 2) {
            for (let h = 0; h < rows.length; h += 2) {
              for (let v = 0; v < entries.length; v += 2) {
                const o =
                  ((b * depth.outputs + planes[d]) * height.outputs + rows[h]) * width.outputs + entries[v];
                const tap = (planes[d + 1] * height.window + rows[h + 1]) * width.window + entries[v + 1];
                addProduct(dy, o * columns, 1, columns, turned, tap * columns * channels, dx, e, channels);
              }
            }
          }
          e += channels;
        }
      }
    }
  }
  return dx;
}

/** `dw[tap, i, j] = Σ_{b, o} x[b, o·stride - before + tap·dilation, i] · dy[b, o, j]`. */
function filterGradient(grid: Grid, x: Float64Array, dy: Float64Array, columns: number): Float64Array {
  const { batch, channels, axes } = grid;
  const [depth, height, width] = axes;
  const [depths, heights, widths] = axes.map(reachOf);
  const dw = new Float64Array(depth.window * height.window * width.window * channels * columns);
  const step = width.stride * channels;
  let at = 0;
  for (let kd = 0; kd < depth.window; kd++) {
    for (let kh = 0; kh < height.window; kh++) {
      for (let kw = 0; kw < width.window; kw++, at += channels * columns) {
        const [first, end] = [widths.first[kw], widths.end[kw]];
        const offset = first * width.stride - width.before + kw * width.dilation;
        for (let b = 0; b < batch; b++) {
          for (let od = depths.first[kd]; od < depths.end[kd]; od++) {
            const plane = b * depth.size + od * depth.stride - depth.before + kd * depth.dilation;
            for (let oh = heights.first[kh]; oh < heights.end[kh]; oh++) {
              const row = plane * height.size + oh * height.stride - height.before + kh * height.dilation;
              const start = (row * width.size + offset) * channels;
              const o = ((b * depth.outputs + od) * height.outputs + oh) * width.outputs + first;
              for (let i = 0; i < channels; i++) {
                addProduct(x, start + i, step, end - first, dy, o * columns, dw, at + i * columns, columns);
              }
            }
          }
        }
      }
    }
  }
  return dw;
}

/** The convolution of x with the filter; of images and volumes. */
function convolution(
  backend: CpuBackend,
  { x, filter }: ConvolutionInputs,
  attributes: ConvolutionAttributes,
): Values {
  const { shape, values } = channelsLast(backend, x, attributes);
  const grid = convolutionGrid(shape, filter.shape, attributes);
  const columns = filter.shape[filter.shape.length - 1];
  const y = convolved(grid, values, doublesOf(backend, filter), columns);
  return inFormat(outputShape(grid, shape.length, columns), y, attributes);
}

const conv = kernel<ConvolutionInputs, ConvolutionAttributes>((inputs, attributes, backend) => {
  const { shape, values } = convolution(backend, inputs, attributes);
  return tensorOf(backend, shape, values);
});

const convInputGradient = kernel<InputGradientInputs, ConvolutionAttributes & { inputShape: number[] }>(
  ({ dy, filter }, attributes, backend) => {
    const slopes = channelsLast(backend, dy, attributes);
    const { inputShape } = attributes;
    const shape = isChannelsFirst(attributes) ? firstToLast(inputShape) : inputShape;
    const grid = convolutionGrid(shape, filter.shape, attributes, slopes.shape);
    const columns = filter.shape[filter.shape.length - 1];
    const dx = inFormat(
      shape,
      inputGradient(grid, slopes.values, doublesOf(backend, filter), columns),
      attributes,
    );
    return tensorOf(backend, dx.shape, dx.values);
  },
);

const convFilterGradient = kernel<FilterGradientInputs, ConvolutionAttributes & { filterShape: number[] }>(
  ({ x, dy }, attributes, backend) => {
    const { shape, values } = channelsLast(backend, x, attributes);
    const slopes = channelsLast(backend, dy, attributes);
    const { filterShape } = attributes;
    const grid = convolutionGrid(shape, filterShape, attributes, slopes.shape);
    const columns = filterShape[filterShape.length - 1];
    return tensorOf(backend, filterShape, filterGradient(grid, values, slopes.values, columns));
  },
);

/** `activation(convolution + bias)`. */
const fusedConv = kernel<ConvolutionInputs & FusedInputs, ConvolutionAttributes & FusedAttributes>(
  (inputs, attributes, backend) => {
    const { shape, values } = convolution(backend, inputs, attributes);
    const isFirst = isChannelsFirst(attributes);
    return tensorOf(backend, shape, finished(backend, shape, values, inputs, attributes, isFirst));
  },
);

/**
 * `y[b, o, i·m + q] = Σ_tap x[b, o·stride - before + tap·dilation, i] · w[tap, i, q]`, m the filter's last size: each channel by
 * itself. The cpu kernel takes channels that come first for rows.
 */
function depthwise(
  backend: CpuBackend,
  { x, filter }: ConvolutionInputs,
  attributes: ConvolutionAttributes,
): Values {
  const { shape, values } = channelsLast(backend, x, attributes);
  const grid = convolutionGrid(shape, filter.shape, attributes);
  const weights = doublesOf(backend, filter);
  const { channels } = grid;
  const multiplier = filter.shape[3];
  const y = new Float64Array(outputsOf(grid) * channels * multiplier);
  visitTaps(grid, (output, entry, tap) => {
    for (let i = 0; i < channels; i++) {
      for (let q = 0; q < multiplier; q++) {
        y[(output * channels + i) * multiplier + q] +=
          values[entry * channels + i] * weights[(tap * channels + i) * multiplier + q];
      }
    }
  });
  return inFormat(outputShape(grid, shape.length, channels * multiplier), y, attributes);
}

const depthwiseConv = kernel<ConvolutionInputs, ConvolutionAttributes>((inputs, attributes, backend) => {
  const { shape, values } = depthwise(backend, inputs, attributes);
  return tensorOf(backend, shape, values);
});

/** `activation(depthwise convolution + bias)`. */
const fusedDepthwiseConv = kernel<ConvolutionInputs & FusedInputs, ConvolutionAttributes & FusedAttributes>(
  (inputs, attributes, backend) => {
    const { shape, values } = depthwise(backend, inputs, attributes);
    const isFirst = isChannelsFirst(attributes);
    return tensorOf(backend, shape, finished(backend, shape, values, inputs, attributes, isFirst));
  },
);

/** `dx[b, e, i] = Σ_{o, tap: o's tap lies on e} Σ_q dy[b, o, i·m + q] · w[tap, i, q]`. The cpu kernel leaves dilations out. */
const depthwiseInputGradient = kernel<InputGradientInputs, ConvolutionAttributes & { inputShape: number[] }>(
  ({ dy, filter }, attributes, backend) => {
    const slopes = channelsLast(backend, dy, attributes);
    const { inputShape } = attributes;
    const shape = isChannelsFirst(attributes) ? firstToLast(inputShape) : inputShape;
    const grid = convolutionGrid(shape, filter.shape, attributes, slopes.shape);
    const weights = doublesOf(backend, filter);
    const { channels } = grid;
    const multiplier = filter.shape[3];
    const dx = new Float64Array(sizeOf(shape));
    visitTaps(grid, (output, entry, tap) => {
      for (let i = 0; i < channels; i++) {
        for (let q = 0; q < multiplier; q++) {
          dx[entry * channels + i] +=
            slopes.values[(output * channels + i) * multiplier + q] *
            weights[(tap * channels + i) * multiplier + q];
        }
      }
    });
    const result = inFormat(shape, dx, attributes);
    return tensorOf(backend, result.shape, result.values);
  },
);

/** `dw[tap, i, q] = Σ_{b, o} x[b, o·stride - before + tap·dilation, i] · dy[b, o, i·m + q]`. The cpu kernel leaves dilations out. */
const depthwiseFilterGradient = kernel<
  FilterGradientInputs,
  ConvolutionAttributes & { filterShape: number[] }
>(({ x, dy }, attributes, backend) => {
  const { shape, values } = channelsLast(backend, x, attributes);
  const slopes = channelsLast(backend, dy, attributes);
  const { filterShape } = attributes;
  const grid = convolutionGrid(shape, filterShape, attributes, slopes.shape);
  const { channels } = grid;
  const multiplier = filterShape[3];
  const dw = new Float64Array(sizeOf(filterShape));
  visitTaps(grid, (output, entry, tap) => {
    for (let i = 0; i < channels; i++) {
      for (let q = 0; q < multiplier; q++) {
        dw[(tap * channels + i) * multiplier + q] +=
          values[entry * channels + i] * slopes.values[(output * channels + i) * multiplier + q];
      }
    }
  });
  return tensorOf(backend, filterShape, dw);
});

export const convolutionKernels: Readonly<Record<string, tf.KernelFunc>> = {
  Conv2D: conv,
  Conv2DBackpropFilter: convFilterGradient,
  Conv2DBackpropInput: convInputGradient,
  Conv3D: conv,
  Conv3DBackpropFilterV2: convFilterGradient,
  Conv3DBackpropInputV2: convInputGradient,
  DepthwiseConv2dNative: depthwiseConv,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  FusedConv2D: fusedConv,
  FusedDepthwiseConv2D: fusedDepthwiseConv,
};
