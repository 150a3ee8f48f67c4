/** Whether TensorFlow.js' core places the windows of a convolution or a pooling where they belong: all its own backends ask it. */
import * as tf from '@tensorflow/tfjs';

type Padding = 'valid' | 'same' | number | readonly (readonly number[])[];

interface Windows {
  /** The function of the core's conv_util that placed them. */
  by: string;
  sizes: readonly number[];
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  pad: Padding;
  rounding?: string;
  /** The axis of the shape, and of pads given for every axis, that is the first in space. */
  first: number;
  /** What the core says: how many windows there are, and how much padding comes before them. */
  outs: readonly number[];
  before: readonly number[];
}

/**
 * The core's function that places a kernel's windows wrongly; undefined where it does not, and for kernels without windows.
 *
 * Along an axis of n entries with windows of k, a stride s and a dilation d, a window reaches over w = (k - 1)·d + 1: 'valid' has
 * ceil((n - w + 1) / s) windows and no padding, 'same' has ceil(n / s) and max((windows - 1)·s + w - n, 0) of padding, the
 * smaller half before; p before and q after give (n + p + q - w) / s + 1, rounded.
 */
export function misplaced(
  kernel: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): string | undefined {
  let windows: Windows | undefined;
  try {
    windows = windowsOf(kernel, inputs, attrs);
  } catch {
    // What the core refuses is another matter.
    return undefined;
  }
  if (!windows) return undefined;
  const { sizes, outs, before, by } = windows;
  const isRight = sizes.every((_, axis) => {
    const right = along(windows, axis);
    return outs[axis] === right.out && (before[axis] === right.before || right.out === 0);
  });
  return isRight ? undefined : by;
}

function along(
  { sizes, kernel, strides, dilations, pad, rounding, first }: Windows,
  axis: number,
): { out: number; before: number } {
  const [size, stride] = [sizes[axis], strides[axis]];
  const reach = (kernel[axis] - 1) * dilations[axis] + 1;
  if (pad === 'valid') return { out: Math.max(Math.ceil((size - reach + 1) / stride), 0), before: 0 };
  if (pad === 'same') {
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(Math.max((out - 1) * stride + reach - size, 0) / 2) };
  }
  const [before, after] = typeof pad === 'number' ? [pad, pad] : pad[first + axis];
  const round = { ceil: Math.ceil, round: Math.round }[rounding ?? ''] ?? Math.floor;
  return { out: round((size + before + after - reach) / stride + 1), before };
}

const several = (value: number | readonly number[], rank: number): number[] =>
  typeof value === 'number' ? Array.from({ length: rank }, () => value) : [...value];

/** What the attributes of these kernels are. */
interface WindowAttrs {
  strides: number | [number, number];
  pad: Padding;
  dilations?: number | [number, number];
  filterSize: number | [number, number];
  dimRoundingMode?: 'floor' | 'ceil' | 'round';
  dataFormat?: 'NHWC' | 'NCHW' | 'NDHWC' | 'NCDHW';
  inputShape?: number[];
}

function windowsOf(
  name: string,
  inputs: tf.NamedTensorInfoMap,
  attributes: tf.NamedAttrMap,
): Windows | undefined {
  const {
    strides,
    pad,
    dilations = 1,
    filterSize,
    dimRoundingMode,
    dataFormat,
    inputShape,
  } = attributes as unknown as WindowAttrs;
  const shape = inputShape ?? inputs.x?.shape;
  const filter = inputs.filter?.shape;
  const { backend_util: util } = tf;
  // The types know no lists of lists.
  const padding = pad as 'valid';
  if (/^(Fused)?(Conv2D|DepthwiseConv2D|DepthwiseConv2dNative)$|^Conv2DBackpropInput$/.test(name)) {
    const isDepthwise = name.includes('Depthwise');
    const format = isDepthwise
      ? 'channelsLast'
      : util.convertConv2DDataFormat((dataFormat ?? 'NHWC') as 'NHWC');
    const info = util.computeConv2DInfo(
      shape as [number, number, number, number],
      filter as [number, number, number, number],
      strides,
      dilations,
      padding,
      dimRoundingMode,
      isDepthwise,
      format,
    );
    return {
      by: typeof pad === 'number' ? 'computeOutputShape2D' : 'getPadAndOutInfo',
      sizes: [info.inHeight, info.inWidth],
      kernel: [info.filterHeight, info.filterWidth],
      strides: several(strides, 2),
      dilations: several(dilations, 2),
      pad,
      rounding: dimRoundingMode,
      first: format === 'channelsFirst' ? 2 : 1,
      outs: [info.outHeight, info.outWidth],
      before: [info.padInfo.top, info.padInfo.left],
    };
  }
  if (name === 'AvgPool' || name === 'MaxPool') {
    const info = util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      padding,
      dimRoundingMode,
    );
    return {
      by: typeof pad === 'number' ? 'computeOutputShape2D' : 'getPadAndOutInfo',
      sizes: [info.inHeight, info.inWidth],
      kernel: several(filterSize, 2),
      strides: several(strides, 2),
      dilations: [1, 1],
      pad,
      rounding: dimRoundingMode,
      first: 1,
      outs: [info.outHeight, info.outWidth],
      before: [info.padInfo.top, info.padInfo.left],
    };
  }
  const isPool = name === 'AvgPool3D' || name === 'MaxPool3D';
  if (!isPool && name !== 'Conv3D' && name !== 'Conv3DBackpropInputV2') return undefined;
  const volume = shape as [number, number, number, number, number];
  const info = isPool
    ? util.computePool3DInfo(volume, filterSize as never, strides as never, 1, padding, dimRoundingMode)
    : util.computeConv3DInfo(
        volume,
        filter as [number, number, number, number, number],
        strides as never,
        dilations as never,
        padding,
      );
  return {
    by: 'get3DPadAndOutInfo',
    sizes: [info.inDepth, info.inHeight, info.inWidth],
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: several(strides, 3),
    dilations: several(isPool ? 1 : dilations, 3),
    pad,
    rounding: dimRoundingMode,
    first: 1,
    outs: [info.outDepth, info.outHeight, info.outWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}
