/**
 * Where the windows of convolutions and pools lie, and whether TensorFlow.js' core tells a kernel so. It takes the height's window and stride for the
 * width too where the padding is a number (`computeOutputShape2D`), and pads a volume by less than nothing where 'same' has a stride larger
 * than the window (`get3DPadAndOutInfo`). Gradient kernels are not told how the sizes of the outputs were rounded.
 */
import * as tf from '@tensorflow/tfjs';
import { gridOf, type Axis, type Grid, type Pad, type Rounding } from '../../float64/kernels/windows.js';
import type { Call } from './call.js';

/** The attributes that these kernels have, some of them each. */
interface Attributes {
  strides: number | [number, number];
  pad: Pad;
  dilations?: number | [number, number] | null;
  filterSize: number | number[];
  filterShape: number[];
  inputShape: number[];
  dimRoundingMode?: Rounding | null;
  dataFormat?: string;
}

/** A kernel's windows. */
export interface Windows {
  grid: Grid;
  /** How many spatial axes there are: 2 or 3. */
  rank: 2 | 3;
  channelsFirst: boolean;
  attrs: Attributes;
  /** Whether the core tells the kernel these places. */
  agrees: boolean;
}

const attributesOf = ({ attrs }: Call): Attributes => attrs as unknown as Attributes;

const firstToLast = (shape: readonly number[]): number[] => [shape[0], ...shape.slice(2), shape[1]];

/** The windows of a kernel; undefined where they are none that can be placed, and TensorFlow.js is to say so. */
export function windowsOf(kernelName: string, call: Call): Windows | undefined {
  const attrs = attributesOf(call);
  const { inputs } = call as { inputs: Record<string, tf.TensorInfo> };
  const input = (attrs.inputShape as number[] | undefined) ?? (inputs.x ?? inputs.input).shape;
  const isPool = kernelName.includes('Pool');
  const rank = (input.length - 2) as 2 | 3;
  const channelsFirst = attrs.dataFormat === 'NCHW' || attrs.dataFormat === 'NCDHW';
  const shape = channelsFirst ? firstToLast(input) : input;
  const filter =
    (attrs.filterShape as number[] | undefined) ?? (inputs.filter as tf.TensorInfo | undefined)?.shape;
  const sizes = isPool
    ? typeof attrs.filterSize === 'number'
      ? shape.slice(1, -1).map(() => attrs.filterSize as number)
      : attrs.filterSize
    : (filter ?? []).slice(0, -2);
  const { pad } = attrs;
  const pads = typeof pad === 'object' && channelsFirst ? [pad[0], ...pad.slice(2), pad[1]] : pad;
  const outputs = (inputs.dy as tf.TensorInfo | undefined)?.shape;
  const outputSizes = outputs && (channelsFirst ? outputs.slice(2) : outputs.slice(1, -1));
  // The gradient of a pool is that of one without dilation: tf.pool moves the entries apart before.
  const dilations = isPool ? 1 : attrs.dilations;
  try {
    const grid = gridOf(shape, sizes, { ...attrs, pad: pads, dilations }, outputSizes);
    if (!grid.axes.every(({ outputs: n }) => Number.isInteger(n) && n > 0)) return undefined;
    const told = toldBy(kernelName, shape, filter, { ...attrs, pad: pads, dilations }, sizes, rank);
    const agrees = grid.axes
      .slice(3 - rank)
      .every(({ outputs: n, before }, i) => told.outs[i] === n && told.before[i] === before);
    return { grid, rank, channelsFirst, attrs, agrees };
  } catch {
    return undefined;
  }
}

/** What the core's functions tell of the spatial axes: how many windows, and what is added before. */
function toldBy(
  kernelName: string,
  shape: readonly number[],
  filter: readonly number[] | undefined,
  { strides, pad, dilations, dimRoundingMode }: Attributes,
  sizes: readonly number[],
  rank: 2 | 3,
): { outs: number[]; before: number[] } {
  const { backend_util: util } = tf;
  const rounding = dimRoundingMode ?? undefined;
  // Each kernel hands over what it is given, and the gradients of average pools give no rounding.
  const given = kernelName === 'AvgPoolGrad' ? undefined : rounding;
  const steps = strides as [number, number];
  const padding = pad as 'valid';
  const apart = (dilations ?? 1) as [number, number];
  const whole = [...sizes, shape[shape.length - 1], filter?.[filter.length - 1] ?? 1];
  if (rank === 2) {
    const { outHeight, outWidth, padInfo } = util.computeConv2DInfo(
      shape as [number, number, number, number],
      whole as [number, number, number, number],
      steps,
      apart,
      padding,
      given,
    );
    return { outs: [outHeight, outWidth], before: [padInfo.top, padInfo.left] };
  }
  const { outDepth, outHeight, outWidth, padInfo } = util.computeConv3DInfo(
    shape as [number, number, number, number, number],
    whole as [number, number, number, number, number],
    steps as unknown as [number, number, number],
    apart as unknown as [number, number, number],
    padding,
    false,
    'channelsLast',
    kernelName.includes('Pool') ? rounding : undefined,
  );
  return { outs: [outDepth, outHeight, outWidth], before: [padInfo.front, padInfo.top, padInfo.left] };
}

/** How much of an axis a window reaches over. */
const reachOf = ({ window, dilation }: Axis): number => (window - 1) * dilation + 1;

/** What has to be added after an axis so that its windows fill it; nothing where the last one ends before. */
const afterOf = (axis: Axis): number =>
  Math.max(0, (axis.outputs - 1) * axis.stride + reachOf(axis) - axis.size - axis.before);

/** The kernel's attributes with the padding written out, which the core places rightly, and with nothing left to be rounded. */
export function withExplicitPads({ grid, channelsFirst, attrs }: Windows): object {
  const pads = grid.axes.slice(1).map((axis) => [axis.before, afterOf(axis)]);
  const none = [0, 0];
  return {
    ...attrs,
    pad: channelsFirst ? [none, none, ...pads] : [none, ...pads, none],
    dimRoundingMode: undefined,
  };
}

/** The padding of an image's axes: before and after. */
export const padsOf = ({ grid }: Windows): [number, number][] =>
  grid.axes.slice(1).map((axis) => [axis.before, afterOf(axis)]);

/**
 * Whether XNNPACK, which computes wasm's convolutions and pools, counts other outputs than the core does, or is misled: where sizes were rounded up,
 * and where 'same' has a stride larger than the window.
 */
export const misleadsXnnpack = ({ grid: { axes }, attrs: { pad } }: Windows): boolean =>
  axes.some((axis, i) => {
    const { size, outputs, stride, before } = axis;
    if (pad === 'same') return stride > reachOf(axis);
    const after = typeof pad === 'number' ? pad : typeof pad === 'object' ? (pad[i]?.[1] ?? 0) : 0;
    return i > 0 && (outputs - 1) * stride + reachOf(axis) - before > size + after;
  });

/** By output of the spatial axes, how many entries of the input its window holds, padding apart. */
export function countsOf({ axes }: Grid): Float64Array {
  let counts = new Float64Array([1]);
  for (const { size, outputs, window, stride, dilation, before } of axes) {
    const along = Float64Array.from({ length: outputs }, (_, o) => {
      let count = 0;
      for (let tap = 0; tap < window; tap++) {
        const at = o * stride - before + tap * dilation;
        if (at >= 0 && at < size) count++;
      }
      return count;
    });
    const next = new Float64Array(counts.length * outputs);
    counts.forEach((count, i) => along.forEach((n, o) => (next[i * outputs + o] = count * n)));
    counts = next;
  }
  return counts;
}
