/** A function's gradient by tf.grad against its gradient by differences, on the backend in use. */
import * as tf from '@tensorflow/tfjs';
import { differenceQuotients, type DifferenceOptions } from '../differentiation/tensors.js';

export interface Comparison {
  /** The largest |numerical - autodiff| over the largest |numerical| or |autodiff|. */
  worstRelativeDifference: number;
  worst: { index: number; numerical: number; autodiff: number };
}

/**
 * Compares the vector-Jacobian products `Σ_k c_k·∂f_k/∂x` of f at x, from tf.grad with dy = c and from differences.
 *
 * c is a fixed ramp of signed numbers, no two alike: a gradient that ignores dy, or sums where it should not, shows. The
 * differences are Richardson's by default; c is applied to them in doubles.
 */
export function compareGradients(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  { scheme = 'richardson', h }: DifferenceOptions = {},
): Comparison {
  const y = tf.tidy(() => f(x));
  const cotangent = Float32Array.from({ length: y.size }, (_, k) => ((k * 37) % 17) / 8 - 0.9375);
  const shape = y.shape;
  y.dispose();
  const autodiffTensor = tf.tidy(() => tf.grad(f)(x, tf.tensor(cotangent, shape)));
  const autodiff = autodiffTensor.dataSync();
  autodiffTensor.dispose();
  const numerical = differenceQuotients(f, x, { scheme, h, cotangent });
  return largestDifference(numerical, autodiff);
}

/** The largest difference of two lists of numbers, relative to the largest number in them; Infinity where one is NaN. */
export function largestDifference(numerical: ArrayLike<number>, autodiff: ArrayLike<number>): Comparison {
  const all = [...Array.from(numerical), ...Array.from(autodiff)];
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let index = 0;
  let worst = -1;
  for (let i = 0; i < numerical.length; i++) {
    const difference = Math.abs(numerical[i] - autodiff[i]);
    if (Number.isNaN(difference) || difference > worst) {
      index = i;
      worst = Number.isNaN(difference) ? Infinity : difference;
    }
  }
  return {
    worstRelativeDifference: worst > 0 ? worst / largest || Infinity : 0,
    worst: { index, numerical: numerical[index], autodiff: autodiff[index] },
  };
}
