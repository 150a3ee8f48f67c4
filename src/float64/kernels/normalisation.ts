/** Batch normalisation. */
import type * as tf from '@tensorflow/tfjs';
import { broadcastPlaces, doublesOf, kernel, tensorOf } from './kernel.js';

interface BatchNormInputs {
  x: tf.TensorInfo;
  mean: tf.TensorInfo;
  variance: tf.TensorInfo;
  offset?: tf.TensorInfo | null;
  scale?: tf.TensorInfo | null;
}

/**
 * `y = offset + (x - mean) · scale / √(variance + ε)`, everything broadcast to x. The cpu kernel repeats the numbers of mean and
 * the others over and over, which is another thing where the axis is not the last.
 */
const batchNorm = kernel<BatchNormInputs, { varianceEpsilon?: number }>(
  ({ x, mean, variance, offset, scale }, { varianceEpsilon = 0.001 }, backend) => {
    const along = (tensor: tf.TensorInfo | null | undefined, missing: number): ((i: number) => number) => {
      if (!tensor) return () => missing;
      const values = doublesOf(backend, tensor);
      const places = broadcastPlaces(tensor.shape, x.shape);
      return (i) => values[places[i]];
    };
    const [m, v, o, s] = [along(mean, 0), along(variance, 1), along(offset, 0), along(scale, 1)];
    const y = doublesOf(backend, x).map(
      (value, i) => o(i) + ((value - m(i)) * s(i)) / Math.sqrt(v(i) + varianceEpsilon),
    );
    return tensorOf(backend, x.shape, y);
  },
);

export const normalisationKernels: Readonly<Record<string, tf.KernelFunc>> = {
  FusedBatchNorm: batchNorm,
};
