/** Sums, products and extremes over axes, running ones too, and choices of entries. */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import type { Fix } from '../fix.js';
import { addRows, axesOf, float, gradient, keptShape, movedToEnd, zeros } from './support.js';

const family = 'reductions';

/**
 * Of a largest entry that occurs n times each occurrence has the share 1/n: the mean of the subgradients, as TensorFlow and JAX have it, whose sum is
 * what the maximum grows by when all of them grow. TensorFlow.js gives each the whole.
 */
const extreme = (kernelName: string): tf.GradConfig =>
  gradient<{ reductionIndices?: number | number[]; axis?: number | number[] }>(
    kernelName,
    { inputs: ['x'], outputs: [true] },
    (dy, [x, y], { reductionIndices, axis }) => ({
      x: () => {
        const axes = axesOf(reductionIndices ?? axis, x.shape);
        const kept = keptShape(x.shape, axes);
        const isExtreme = float(tf.equal(x, tf.reshape(y, kept)));
        const count = tf.sum(isExtreme, axes, true);
        return tf.mul(tf.reshape(dy, kept), tf.div(isExtreme, count));
      },
    }),
  );

/**
 * `∂Π_j x_j/∂x_i = Π_{j≠i} x_j`: the product of those before and of those after, which is right with zeros too.
 */
const prod = gradient<{ axis?: number | number[] | null }>(
  'Prod',
  { inputs: ['x'] },
  (dy, [x], { axis }) => ({
    x: () => {
      const axes = axesOf(axis, x.shape);
      const { moved, back } = movedToEnd(x, axes);
      const rest = moved.shape.slice(0, moved.rank - axes.length);
      const factors = tf.reshape(moved, [sizeOf(rest), sizeOf(moved.shape.slice(rest.length))]);
      const others = tf.mul(tf.cumprod(factors, 1, true, false), tf.cumprod(factors, 1, true, true));
      return back(tf.reshape(tf.mul(tf.reshape(dy, [sizeOf(rest), 1]), others), moved.shape));
    },
  }),
);

interface Running {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

/** `y_i = Σ_{j≤i} x_j`, so that `∂L/∂x_j = Σ_{i≥j} dy_i`: the running sum the other way round, along the same axis. */
const cumsum = gradient<Running>('Cumsum', { inputs: ['x'] }, (dy, [x], { axis, exclusive, reverse }) => ({
  x: () =>
    x.rank === 0
      ? tf.cumsum(dy, 0, exclusive, !reverse)
      : tf.cumsum(dy, axesOf(axis, x.shape)[0], exclusive, !reverse),
}));

/**
 * `y_i = Π_{j≤i} x_j`, so that
 *
 *     ∂L/∂x_k = (Π_{j<k} x_j)·S_k,  S_k = Σ_{i≥k} dy_i·Π_{k<j≤i} x_j = dy_k + x_{k+1}·S_{k+1}
 *
 * Nothing is divided, and zeros are as any other number. The recurrence is unrolled by doubling: after the step of length d, S_k is right for
 * the d entries from k on, and P_k the product of the d factors between. An exclusive product is that of the row moved on by one.
 */
const cumprod = gradient<Running>('Cumprod', { inputs: ['x'] }, (dy, [x], { axis, exclusive, reverse }) => ({
  x: () => {
    if (x.rank === 0) return exclusive ? tf.zerosLike(dy) : dy.clone();
    const [along] = axesOf(axis, x.shape);
    const { moved, move, back } = movedToEnd(x, [along]);
    const n = x.shape[along];
    const rows = moved.size / Math.max(n, 1);
    const turned = (t: tf.Tensor): tf.Tensor => (reverse ? tf.reverse(t, 1) : t);
    const factors = turned(tf.reshape(moved, [rows, n]));
    const cotangents = turned(tf.reshape(move(dy), [rows, n]));
    /** Entry k + d in the place of k, and `beyond` where the row has ended. */
    const ahead = (t: tf.Tensor, d: number, beyond: number): tf.Tensor =>
      d >= n
        ? tf.fill([rows, n], beyond)
        : tf.pad(
            tf.slice(t, [0, d], [rows, n - d]),
            [
              [0, 0],
              [0, d],
            ],
            beyond,
          );
    let product = ahead(factors, 1, 0);
    let sum = exclusive ? ahead(cotangents, 1, 0) : cotangents;
    for (let d = 1; d < n; d *= 2) {
      sum = tf.add(sum, tf.mul(product, ahead(sum, d, 0)));
      product = tf.mul(product, ahead(product, d, 0));
    }
    const dx = tf.mul(tf.cumprod(factors, 1, true, false), sum);
    return back(tf.reshape(turned(dx), moved.shape));
  },
}));

/** `y_j = x[i_j]`, with the places i_j that the op returns. */
const topK: tf.GradConfig = gradient(
  'TopK',
  { inputs: ['x'], outputs: [false, true] },
  (dy, [x, indices]) => ({
    x: () => {
      const n = x.shape[x.rank - 1];
      const k = indices.shape[indices.rank - 1];
      const rows = x.size / n;
      const starts = tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(n, 'int32'));
      const places = tf.add(tf.reshape(indices, [rows, k]), tf.reshape(starts, [rows, 1]));
      return tf.reshape(
        addRows(tf.reshape(dy, [-1]), tf.reshape(tf.cast(places, 'int32'), [-1]), x.size),
        x.shape,
      );
    },
  }),
);

/**
 * Weights added up by whole numbers: `y_v = Σ_{i: x_i = v} w_i`, so that `∂L/∂w_i = dy[x_i]`. Numbers beyond the last bin are not counted.
 */
function binned(values: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const bins = dy.shape[0];
  const isCounted = float(tf.less(values, tf.scalar(bins, 'int32')));
  const places = tf.minimum(values, tf.scalar(bins - 1, 'int32'));
  return tf.mul(tf.gather(dy, tf.cast(places, 'int32')), isCounted);
}

const bincount = gradient('Bincount', { inputs: ['x', 'weights'] }, (dy, [x, weights]) => ({
  x: zeros(x.shape),
  weights: () => (weights.size === 0 ? tf.zerosLike(weights) : binned(x, dy)),
}));

const denseBincount = gradient<{ binaryOutput: boolean }>(
  'DenseBincount',
  { inputs: ['x', 'weights'] },
  (dy, [x, weights], { binaryOutput }) => ({
    x: zeros(x.shape),
    weights: () => {
      if (binaryOutput || weights.size === 0) return tf.zerosLike(weights);
      if (x.rank === 1) return binned(x, dy);
      const [rows, bins] = dy.shape;
      const starts = tf.reshape(tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(bins, 'int32')), [rows, 1]);
      const isCounted = float(tf.less(x, tf.scalar(bins, 'int32')));
      const places = tf.cast(tf.add(tf.minimum(x, tf.scalar(bins - 1, 'int32')), starts), 'int32');
      return tf.mul(tf.gather(tf.reshape(dy, [-1]), places), isCounted);
    },
  }),
);

export const reductions: readonly Fix[] = [
  {
    id: 'max-min-ties',
    family,
    ops: ['max', 'min'],
    wrong: 'Each of several equal extremes is given the whole gradient, which is no subgradient.',
    gradients: [extreme('Max'), extreme('Min')],
  },
  {
    id: 'prod',
    family,
    ops: ['prod'],
    wrong: 'The gradient throws for negative axes.',
    since: '2022-04',
    gradients: [prod],
  },
  {
    id: 'cumsum',
    family,
    ops: ['cumsum'],
    wrong: 'The gradient is transposed where the axis is not the last one, and throws for negative axes.',
    gradients: [cumsum],
  },
  {
    id: 'cumprod',
    family,
    ops: ['cumprod', 'prod'],
    wrong: 'There is no gradient, nor one of the gradient of prod.',
    since: '2022-03',
    upstream: 'https://github.com/tensorflow/tfjs/issues/8558',
    gradients: [cumprod],
  },
  {
    id: 'topk',
    family,
    ops: ['topk'],
    wrong: 'There is no gradient.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/1601',
    gradients: [topK],
  },
  {
    id: 'bincount',
    family,
    ops: ['bincount', 'denseBincount'],
    wrong: 'There is no gradient by the weights.',
    since: '2020-12',
    gradients: [bincount, denseBincount],
  },
];
