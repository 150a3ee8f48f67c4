/** Running sums and products, and sums by segment. */
import * as tf from '@tensorflow/tfjs';
import { doublesOf, kernel, tensorOf } from './kernel.js';

interface CumulativeAttributes {
  axis: number;
  exclusive?: boolean;
  reverse?: boolean;
}

/**
 * `y_n = x_0 ∘ x_1 ∘ … ∘ x_n` along an axis, without x_n where it is exclusive, from the end where it is in reverse. The cpu kernels
 * lose their way at an axis that is counted from the end.
 */
const cumulative = (neutral: number, combine: (a: number, b: number) => number): tf.KernelFunc =>
  kernel<{ x: tf.TensorInfo }, CumulativeAttributes>(({ x }, { axis, exclusive, reverse }, backend) => {
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    const size = x.shape[along] ?? 1;
    const step = tf.util.sizeFromShape(x.shape.slice(along + 1));
    const values = doublesOf(backend, x);
    const y = new Float64Array(values.length);
    for (let outer = 0; outer < values.length; outer += size * step) {
      for (let inner = 0; inner < step; inner++) {
        let sum = neutral;
        for (let n = 0; n < size; n++) {
          const at = outer + inner + (reverse ? size - 1 - n : n) * step;
          const next = combine(sum, values[at]);
          y[at] = exclusive ? sum : next;
          sum = next;
        }
      }
    }
    return tensorOf(backend, x.shape, y, x.dtype === 'float32' ? 'float32' : 'int32');
  });

/**
 * `y[s, …] = Σ_{i: ids_i = s} x[i, …]`: the axes of segmentIds are x's first ones; negative ids are left out. The cpu kernel
 * multiplies x by zeros and ones, so that an infinity in one segment makes NaN of all, and takes one axis of ids only.
 */
const segmentSum = kernel<{ x: tf.TensorInfo; segmentIds: tf.TensorInfo }, { numSegments: number }>(
  ({ x, segmentIds }, { numSegments }, backend) => {
    const rest = x.shape.slice(segmentIds.shape.length);
    const step = tf.util.sizeFromShape(rest);
    const values = doublesOf(backend, x);
    const y = new Float64Array(numSegments * step);
    doublesOf(backend, segmentIds).forEach((id, i) => {
      if (id < 0 || id >= numSegments) return;
      for (let k = 0; k < step; k++) y[id * step + k] += values[i * step + k];
    });
    return tensorOf(backend, [numSegments, ...rest], y, x.dtype);
  },
);

export const reductionKernels: Readonly<Record<string, tf.KernelFunc>> = {
  Cumprod: cumulative(1, (a, b) => a * b),
  Cumsum: cumulative(0, (a, b) => a + b),
  UnsortedSegmentSum: segmentSum,
};
