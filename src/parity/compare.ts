/** A function's gradient by tf.grad against its gradient by differences, on the backend in use. */
import * as tf from '@tensorflow/tfjs';
import { differenceQuotients, type DifferenceOptions } from '../differentiation/tensors.js';
import { sizeOf } from '../shapes.js';

export interface Comparison {
  /** The largest |numerical - autodiff| over the largest |numerical| or |autodiff|. */
  worstRelativeDifference: number;
  worst: { index: number; numerical: number; autodiff: number };
}

/** The same gradient, entry by entry, from two sources. */
export interface GradientPair {
  numerical: ArrayLike<number>;
  autodiff: ArrayLike<number>;
}

/**
 * The vector-Jacobian product `Σ_k c_k·∂f_k/∂x` of f at x, from tf.grad with dy = c and from differences.
 *
 * c is a fixed sequence of signed numbers, no two of 17 neighbours alike: a gradient that ignores dy, or sums where it should
 * not, shows. The differences are Richardson's by default; c is applied to them in doubles.
 */
export function gradientPair(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  { scheme = 'richardson', h }: DifferenceOptions = {},
): GradientPair {
  let shape: number[] = [];
  tf.tidy(() => {
    shape = f(x).shape;
  });
  const size = sizeOf(shape);
  const cotangent = Float32Array.from({ length: size }, (_, k) => ((k * 37) % 17) / 8 - 0.9375);
  const autodiffTensor = tf.tidy(() => tf.grad(f)(x, tf.tensor(cotangent, shape)));
  const autodiff = autodiffTensor.dataSync();
  autodiffTensor.dispose();
  const numerical = differenceQuotients(f, x, { scheme, h, cotangent });
  return { numerical, autodiff };
}

/** The largest difference of two lists of numbers, relative to the largest number in them; Infinity where one is NaN or missing. */
export function largestDifference({ numerical, autodiff }: GradientPair): Comparison {
  const all = [...Array.from(numerical), ...Array.from(autodiff)];
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let index = 0;
  let worst = -1;
  for (let i = 0; i < Math.max(numerical.length, autodiff.length); i++) {
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

/** The two gradients of `gradientPair`, compared. */
export const compareGradients = (...args: Parameters<typeof gradientPair>): Comparison =>
  largestDifference(gradientPair(...args));
