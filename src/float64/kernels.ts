/** Kernels whose cpu version is written for float32 and would answer in single precision however it is run. */
import type * as tf from '@tensorflow/tfjs';
import type { CpuBackend } from './engine.js';

type Kernel = (args: { inputs: tf.NamedTensorInfoMap; backend: unknown }) => tf.TensorInfo;

/** A kernel that acts on each entry of its input `x`. */
const elementwise =
  (f: (x: number) => number): Kernel =>
  ({ inputs, backend }) => {
    const x = inputs.x!;
    const cpu = backend as CpuBackend;
    const values = Float64Array.from(cpu.data.get(x.dataId).values as ArrayLike<number>, f);
    return cpu.makeTensorInfo(x.shape, 'float32', values);
  };

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

export const doubleKernels: Record<string, Kernel | undefined> = {
  Erf: elementwise(erf),
  Softplus: elementwise(softplus),
};
