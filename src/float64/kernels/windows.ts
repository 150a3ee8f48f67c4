/**
 * The geometry of convolutions and pools: which entries of the input a window holds. Images are volumes of depth 1, so that one
 * set of loops serves both.
 */

export type Pad = 'same' | 'valid' | number | readonly (readonly [number, number])[];
export type Rounding = 'floor' | 'round' | 'ceil';

/** One spatial axis: output o's window begins at `o·stride - before` and has `window` taps, `dilation` entries apart. */
export interface Axis {
  size: number;
  outputs: number;
  window: number;
  stride: number;
  dilation: number;
  before: number;
}

/** How windows slide over a tensor; spatial attributes in the order depth, height, width, or height, width. */
export interface WindowAttributes {
  strides: number | readonly number[];
  pad: Pad;
  dilations?: number | readonly number[] | null;
  dimRoundingMode?: Rounding | null;
}

/** A tensor [batch, depth, height, width, channels] and its windows. */
export interface Grid {
  batch: number;
  channels: number;
  axes: readonly [Axis, Axis, Axis];
}

const flat: Axis = { size: 1, outputs: 1, window: 1, stride: 1, dilation: 1, before: 0 };

const each = (value: number | readonly number[] | null | undefined, axis: number): number =>
  typeof value === 'object' ? (value?.[axis] ?? 1) : (value ?? 1);

/**
 * The grid of a channels-last input, `[batch, (depth,) height, width, channels]`, and windows of this size.
 *
 * Each axis for itself: `outputs = rounded((size + before + after - reach) / stride + 1)`, with `reach = (window - 1)·dilation + 1`;
 * 'same' takes `⌈size / stride⌉` outputs and puts the smaller half of what is missing before, nothing where nothing is missing.
 * TensorFlow.js takes the height's window and stride for the width too where pad is a number, and pads by less than nothing in 3-D
 * where the stride is larger than the window.
 *
 * `outputs`, where given, are the sizes of an output that is known, such as a cotangent's: how they were rounded is not always told.
 *
 * @throws Error where pad is none of the above, or where the outputs given are not those of such an input.
 */
export function gridOf(
  shape: readonly number[],
  windows: readonly number[],
  { strides, pad, dilations, dimRoundingMode }: WindowAttributes,
  outputs?: readonly number[],
): Grid {
  const axes = shape.slice(1, -1).map((size, axis): Axis => {
    const [window, stride, dilation] = [windows[axis], each(strides, axis), each(dilations, axis)];
    const reach = (window - 1) * dilation + 1;
    let [before, after] = padding(pad, axis);
    let exact = Math.max(0, (size + before + after - reach) / stride + 1);
    if (pad === 'same') {
      exact = Math.ceil(size / stride);
      before = Math.floor(Math.max(0, (exact - 1) * stride + reach - size) / 2);
      after = 0;
    }
    const given = outputs?.[axis];
    if (given !== undefined && Math.abs(given - exact) >= 1) {
      throw new Error(
        `An axis of size ${size} with windows of ${window}, stride ${stride}, dilation ${dilation} and pad ${JSON.stringify(pad)} has ${Math.floor(exact)} outputs, got ${given}.`,
      );
    }
    return {
      size,
      outputs: given ?? Math[dimRoundingMode ?? 'floor'](exact),
      window,
      stride,
      dilation,
      before,
    };
  });
  return {
    batch: shape[0],
    channels: shape[shape.length - 1],
    axes: axes.length === 2 ? [flat, axes[0], axes[1]] : [axes[0], axes[1], axes[2]],
  };
}

/** What is added before and after a spatial axis; of 'same' it depends on more. */
function padding(pad: Pad, axis: number): readonly [number, number] {
  if (typeof pad === 'number') return [pad, pad];
  if (typeof pad === 'object') return pad[axis + 1];
  if (pad === 'same' || pad === 'valid') return [0, 0];
  throw new Error(
    `Unknown padding: ${JSON.stringify(pad)}. It takes 'same', 'valid', a number or pairs of numbers.`,
  );
}

/** How many outputs the grid has in all, channels apart. */
export const outputsOf = ({ batch, axes }: Grid): number =>
  axes.reduce((product, { outputs }) => product * outputs, batch);

/** The shape of an output with so many channels, of rank 4 where the input was an image. */
export function outputShape({ batch, axes }: Grid, rank: number, channels: number): number[] {
  const sizes = axes.map(({ outputs }) => outputs);
  return [batch, ...sizes.slice(5 - rank), channels];
}

/** By output of an axis, the taps that lie inside of the input: from `first` up to, without, `end`. */
export interface Span {
  first: Int32Array;
  end: Int32Array;
}

export function tapsOf({ size, outputs, window, stride, dilation, before }: Axis): Span {
  const span = { first: new Int32Array(outputs), end: new Int32Array(outputs) };
  for (let o = 0; o < outputs; o++) {
    const start = o * stride - before;
    span.first[o] = Math.max(0, Math.ceil(-start / dilation));
    span.end[o] = Math.min(window, Math.ceil((size - start) / dilation));
  }
  return span;
}

/** By tap of an axis, the outputs at which it lies inside of the input. */
export function reachOf({ size, outputs, window, stride, dilation, before }: Axis): Span {
  const span = { first: new Int32Array(window), end: new Int32Array(window) };
  for (let tap = 0; tap < window; tap++) {
    const offset = before - tap * dilation;
    span.first[tap] = Math.max(0, Math.ceil(offset / stride));
    span.end[tap] = Math.min(outputs, Math.ceil((size + offset) / stride));
  }
  return span;
}

/** By entry of an axis, the windows that hold it, as pairs of an output and a tap, outputs ascending. */
export function holdersOf({ size, outputs, window, stride, dilation, before }: Axis): Int32Array[] {
  const holders: number[][] = Array.from({ length: size }, () => []);
  for (let o = 0; o < outputs; o++) {
    for (let tap = 0; tap < window; tap++) holders[o * stride - before + tap * dilation]?.push(o, tap);
  }
  return holders.map((pairs) => Int32Array.from(pairs));
}

/** Calls `visit` for each output in order and each tap of its window that lies on an entry of the input; channels apart. */
export function visitTaps(grid: Grid, visit: (output: number, entry: number, tap: number) => void): void {
  const [depth, height, width] = grid.axes;
  const [depths, heights, widths] = grid.axes.map(tapsOf);
  let output = 0;
  for (let b = 0; b < grid.batch; b++) {
    for (let od = 0; od < depth.outputs; od++) {
      for (let oh = 0; oh < height.outputs; oh++) {
        for (let ow = 0; ow < width.outputs; ow++, output++) {
          for (let kd = depths.first[od]; kd < depths.end[od]; kd++) {
            const plane = b * depth.size + od * depth.stride - depth.before + kd * depth.dilation;
            for (let kh = heights.first[oh]; kh < heights.end[oh]; kh++) {
              const row = plane * height.size + oh * height.stride - height.before + kh * height.dilation;
              for (let kw = widths.first[ow]; kw < widths.end[ow]; kw++) {
                const entry = row * width.size + ow * width.stride - width.before + kw * width.dilation;
                visit(output, entry, (kd * height.window + kh) * width.window + kw);
              }
            }
          }
        }
      }
    }
  }
}
