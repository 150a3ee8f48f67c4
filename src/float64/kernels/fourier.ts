/** Fourier transforms along the last axis. */
import * as tf from '@tensorflow/tfjs';
import { complexOf, doublesOf, kernel } from './kernel.js';

/** Complex numbers, their real and their imaginary parts. */
interface Complex {
  real: Float64Array;
  imaginary: Float64Array;
}

/** `exp(±2πi·k / n)` for k = 0 … n - 1. */
function unitRoots(n: number, sign: number): Complex {
  const angles = Float64Array.from({ length: n }, (_, k) => (sign * 2 * Math.PI * k) / n);
  return { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) };
}

/**
 * `y_k = Σ_j x_j·exp(±2πi·jk / n)`, by Cooley and Tukey's way: the transforms of the n / p subsequences x_r, x_{r+p}, …, put
 * together, p the smallest prime factor of n. All roots come from one table, with jk taken modulo n; the cpu kernel computes the
 * sine of 2π·jk / n as it is, which loses log₂ n digits where n is no power of 2.
 *
 * `x` is read from `start` on at every `step`-th place, n numbers; the roots are those of n·step.
 */
function transformed(x: Complex, start: number, step: number, n: number, roots: Complex): Complex {
  const real = new Float64Array(n);
  const imaginary = new Float64Array(n);
  if (n === 1) {
    real[0] = x.real[start];
    imaginary[0] = x.imaginary[start];
    return { real, imaginary };
  }
  const p = smallestFactor(n);
  const m = n / p;
  const size = n * step;
  for (let r = 0; r < p; r++) {
    const part = transformed(x, start + r * step, step * p, m, roots);
    for (let k = 0; k < n; k++) {
      const root = (r * k * step) % size;
      const [c, s] = [roots.real[root], roots.imaginary[root]];
      const [u, v] = [part.real[k % m], part.imaginary[k % m]];
      real[k] += u * c - v * s;
      imaginary[k] += u * s + v * c;
    }
  }
  return { real, imaginary };
}

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}

/** The transform of each row; the inverse one has the other sign and is divided by n. */
const fourier = (isInverse: boolean): tf.KernelFunc =>
  kernel<{ input: tf.TensorInfo }>(({ input }, _, backend) => {
    const n = input.shape[input.shape.length - 1];
    const { complexTensorInfos } = backend.data.get(input.dataId);
    if (!complexTensorInfos) throw new Error(`fft: the input must be complex64, got ${input.dtype}.`);
    const { real, imag } = complexTensorInfos;
    const x = { real: doublesOf(backend, real), imaginary: doublesOf(backend, imag) };
    const roots = unitRoots(n, isInverse ? 1 : -1);
    const y = { real: new Float64Array(x.real.length), imaginary: new Float64Array(x.real.length) };
    for (let start = 0; start < x.real.length; start += n) {
      const row = transformed(x, start, 1, n, roots);
      for (let k = 0; k < n; k++) {
        y.real[start + k] = isInverse ? row.real[k] / n : row.real[k];
        y.imaginary[start + k] = isInverse ? row.imaginary[k] / n : row.imaginary[k];
      }
    }
    return complexOf(backend, input.shape, y.real, y.imaginary);
  });

export const fourierKernels: Readonly<Record<string, tf.KernelFunc>> = {
  FFT: fourier(false),
  IFFT: fourier(true),
};
