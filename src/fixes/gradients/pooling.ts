/**
 * Pooling, and the dilation of mathematical morphology, over windows. Each entry of y is the mean of a window of x, or its largest entry: linear
 * in x where the choice stays. So is the gradient in dy, and the gradient of the gradient by dy is the pooling again, with the choice made by x.
 */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { addRows, gradient, run, zeros } from './support.js';

const family = 'pooling';

interface Attributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: 'same' | 'valid' | number | number[][];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const each = (value: number | number[], axes: number): number[] =>
  typeof value === 'number' ? new Array<number>(axes).fill(value) : value.slice(-axes);

/** Where windows lie along an axis: entry k of window o is at `o·stride + k·dilation - before` of n entries. */
interface Axis {
  n: number;
  out: number;
  stride: number;
  dilation: number;
  window: number;
  before: number;
}

function axesOfWindows(
  x: tf.Tensor,
  y: tf.Tensor,
  windows: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  pad: Attributes['pad'],
): Axis[] {
  return windows.map((window, i) => {
    const [n, out, stride, dilation] = [x.shape[i + 1], y.shape[i + 1], strides[i], dilations[i]];
    const total = Math.max((out - 1) * stride + (window - 1) * dilation + 1 - n, 0);
    const before =
      pad === 'same'
        ? Math.floor(total / 2)
        : pad === 'valid'
          ? 0
          : typeof pad === 'number'
            ? pad
            : pad[i + (pad.length > windows.length ? 1 : 0)][0];
    return { n, out, stride, dilation, window, before };
  });
}

/** Entry k of every window, of the windows' shape; beyond x's border `fill`. */
function entries(x: tf.Tensor, axes: readonly Axis[], at: readonly number[], fill: number): tf.Tensor {
  let taken = x;
  axes.forEach(({ n, out, stride, dilation, before }, i) => {
    const begin = at[i] * dilation - before;
    const last = begin + (out - 1) * stride;
    const [left, right] = [Math.max(0, -begin), Math.max(0, last - (n - 1))];
    const along = (value: number, others: (size: number) => number): number[] =>
      taken.shape.map((size, axis) => (axis === i + 1 ? value : others(size)));
    if (left > 0 || right > 0) {
      taken = tf.pad(
        taken,
        taken.shape.map((_, axis) => (axis === i + 1 ? [left, right] : [0, 0])),
        fill,
      );
    }
    const from = begin + left;
    taken =
      stride === 1
        ? tf.slice(
            taken,
            along(from, () => 0),
            along(out, (size) => size),
          )
        : tf.stridedSlice(
            taken,
            along(from, () => 0),
            along(from + (out - 1) * stride + 1, (size) => size),
            along(stride, () => 1),
          );
  });
  return taken;
}

/** All places in a window. */
const places = (axes: readonly Axis[]): number[][] =>
  axes.reduce<number[][]>(
    (all, { window }) => all.flatMap((at) => Array.from({ length: window }, (_, k) => [...at, k])),
    [[]],
  );

/** Less than any number of a window, and finite: sums with filters stay finite. */
const LOWEST = -1e37;

/**
 * Of each window the entry of `values` at the place where `scores` is largest, the first of several. `values` is given by the entries of one
 * place of all windows.
 */
function chosen(
  all: readonly number[][],
  scores: (at: number[]) => tf.Tensor,
  values: (at: number[]) => tf.Tensor,
): tf.Tensor {
  let best = scores(all[0]);
  let value = values(all[0]);
  for (const at of all.slice(1)) {
    const score = scores(at);
    const isBetter = tf.greater(score, best);
    best = tf.where(isBetter, score, best);
    value = tf.where(isBetter, values(at), value);
  }
  return value;
}

/** The gradient of a mean is linear, and its transpose the mean. */
const averageGrad = (kernelName: string, forward: string, format: object): tf.GradConfig =>
  gradient<Attributes>(kernelName, { inputs: ['input'] }, (g, [x], attributes) => ({
    dy: () => run(forward, { x: g }, { ...format, ...attributes }),
    input: zeros(x.shape),
  }));

/** TensorFlow.js' own, which does not pass on how the size of the result is rounded. */
const average = gradient<Attributes>('AvgPool', { inputs: ['x'] }, (dy, [x], attributes) => {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  return { x: () => run('AvgPoolGrad', { dy, input: x }, { filterSize, strides, pad, dimRoundingMode }) };
});

/** Of g, the entry at the largest of each window. */
const maximumGrad = (kernelName: string, axes: number): tf.GradConfig =>
  gradient<Attributes>(kernelName, { inputs: ['dy', 'input'] }, (g, [dy, x], attributes) => ({
    dy: () => {
      const windows = axesOfWindows(
        x,
        dy,
        each(attributes.filterSize, axes),
        each(attributes.strides, axes),
        new Array<number>(axes).fill(1),
        attributes.pad,
      );
      return chosen(
        places(windows),
        (at) => entries(x, windows, at, LOWEST),
        (at) => entries(g, windows, at, 0),
      );
    },
    input: zeros(x.shape),
    output: zeros(dy.shape),
  }));

/** The op says which entries it took, with or without the batch in the number. */
const maxPoolWithArgmax: tf.GradConfig = {
  kernelName: 'MaxPoolWithArgmax',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, [x, taken], { includeBatchInIndex }) => ({
    x: () => {
      const dy = (dys as tf.Tensor[])[0];
      const [batch] = x.shape;
      let at = tf.reshape(tf.cast(taken, 'int32'), [batch, taken.size / batch]);
      if (!includeBatchInIndex) {
        const starts = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(x.size / batch, 'int32'));
        at = tf.cast(tf.add(at, tf.reshape(starts, [batch, 1])), 'int32');
      }
      return tf.reshape(addRows(tf.reshape(dy, [-1]), tf.reshape(at, [-1]), x.size), x.shape);
    },
  }),
};

interface DilationAttributes {
  strides: number | number[];
  pad: Attributes['pad'];
  dilations: number | number[];
}

/** `y[o] = max_k x[o·stride + k·rate - pad] + w[k]`: both gradients pass dy to what was chosen, and their transposes choose. */
function dilationGrad(of: 'x' | 'filter'): tf.GradConfig {
  const kernelName = of === 'x' ? 'Dilation2DBackpropInput' : 'Dilation2DBackpropFilter';
  return gradient<DilationAttributes>(
    kernelName,
    { inputs: ['x', 'filter', 'dy'] },
    (g, [x, filter, dy], { strides, pad, dilations }) => ({
      x: zeros(x.shape),
      filter: zeros(filter.shape),
      dy: () => {
        const windows = axesOfWindows(
          x,
          dy,
          filter.shape.slice(0, 2),
          each(strides, 2),
          each(dilations, 2),
          pad,
        );
        const [, , channels] = filter.shape as number[];
        /** Of a tensor like the filter, what belongs to one place, for all channels. */
        const ofFilter = (w: tf.Tensor, [i, j]: number[]): tf.Tensor =>
          tf.reshape(tf.slice(w, [i, j, 0], [1, 1, channels]), [1, 1, 1, channels]);
        const all = tf.ones(dy.shape);
        return chosen(
          places(windows),
          (at) => tf.add(entries(x, windows, at, LOWEST), ofFilter(filter, at)),
          (at) => (of === 'x' ? entries(g, windows, at, 0) : tf.mul(ofFilter(g, at), all)),
        );
      },
    }),
  );
}

export const pooling: readonly Fix[] = [
  {
    id: 'avgPool',
    family,
    ops: ['avgPool', 'avgPool3d', 'pool'],
    wrong: 'The gradient has no gradient.',
    gradients: [
      average,
      averageGrad('AvgPoolGrad', 'AvgPool', {}),
      averageGrad('AvgPool3DGrad', 'AvgPool3D', { dataFormat: 'NDHWC' }),
    ],
  },
  {
    id: 'maxPool',
    family,
    ops: ['maxPool', 'maxPool3d', 'pool'],
    wrong: 'The gradient has no gradient.',
    gradients: [maximumGrad('MaxPoolGrad', 2), maximumGrad('MaxPool3DGrad', 3)],
  },
  {
    id: 'maxPoolWithArgmax',
    family,
    ops: ['maxPoolWithArgmax'],
    wrong: 'There is no gradient.',
    since: '2020-04',
    gradients: [maxPoolWithArgmax],
  },
  {
    id: 'dilation2d',
    family,
    ops: ['dilation2d'],
    wrong: 'The gradient has no gradient.',
    gradients: [dilationGrad('x'), dilationGrad('filter')],
  },
];
