/** Kernels on wasm that act on each entry. */
import type * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { castComplex } from './complex.js';
import {
  composed,
  onCpu,
  repeatsFirstAxes,
  replacement,
  replacements,
  tensorOn,
  valuesOf,
  type Replacement,
} from './call.js';

/** Whether there is a NaN among the numbers. An infinity counts as one: 0 times either is NaN, and so four at a time need no comparison each. */
function mayHoldNaN(values: tf.TypedArray): boolean {
  if (values instanceof Int32Array || values instanceof Uint8Array) return false;
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= values.length; i += 4) {
    a += values[i] * 0;
    b += values[i + 1] * 0;
    c += values[i + 2] * 0;
    d += values[i + 3] * 0;
  }
  for (; i < values.length; i++) a += values[i] * 0;
  return a + b + c + d !== 0;
}

/** wasm's memory itself, where it lets itself be seen. */
const seen = (backend: unknown, tensor: tf.TensorInfo): tf.TypedArray => {
  const { typedArrayFromHeap } = backend as { typedArrayFromHeap?: (tensor: tf.TensorInfo) => tf.TypedArray };
  return typedArrayFromHeap ? typedArrayFromHeap.call(backend, tensor) : valuesOf(backend, tensor);
};

/** XNNPACK's and C++'s minima and maxima take a NaN for the limit. */
const keepingNaN =
  (kernelName: string): Replacement =>
  (call, stock) =>
    Object.values(call.inputs).some(
      (tensor) => tensor !== undefined && mayHoldNaN(seen(call.backend, tensor)),
    )
      ? onCpu(kernelName)(call)
      : stock(call);

/** wasm takes the slopes one after the other, over and over. */
const prelu: Replacement = (call, stock) => {
  const { x, alpha } = call.inputs as { x: tf.TensorInfo; alpha: tf.TensorInfo };
  return repeatsFirstAxes(alpha.shape, x.shape) ? stock(call) : onCpu('Prelu')(call);
};

/** Below this, wasm's approximation of sin(x) is off by more than float32's rounding. */
const SMALL = 0.5;

/** `sin(x)`: the values of small x, whose digits wasm loses, put right. */
const sine: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const result = stock(call) as tf.TensorInfo;
  const [from, to] = [seen(call.backend, x), seen(call.backend, result)];
  for (let i = 0; i < from.length; i++) if (Math.abs(from[i]) < SMALL) to[i] = Math.sin(from[i]);
  return result;
};

/** A number is true where it is not 0, not where its whole part is not; complex numbers become their real parts. */
const cast: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const { dtype } = call.attrs as { dtype: tf.DataType };
  if (x.dtype === 'complex64' || dtype === 'complex64') return castComplex(call);
  if (x.dtype === 'bool' || dtype !== 'bool') return stock(call);
  return composed('wasm', call, (steps) => {
    const zero = steps.constant([], [0]);
    return steps.run('NotEqual', {
      a: x,
      b: x.dtype === 'float32' ? zero : steps.run('Cast', { x: zero }, { dtype: x.dtype }),
    });
  });
};

/** The sign of NaN is NaN. */
const sign: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const values = seen(call.backend, x);
  if (!mayHoldNaN(values)) return stock(call);
  return tensorOn(call.backend, x.shape, x.dtype, new Float32Array(values).map(Math.sign));
};

/** wasm writes whole numbers of four bytes, whatever the dtype. */
const oneHot: Replacement = (call, stock) => {
  const { dtype, onValue, offValue } = call.attrs as {
    dtype: tf.DataType;
    onValue: number;
    offValue: number;
  };
  if (dtype === 'int32') return stock(call);
  if (![onValue, offValue].every(Number.isInteger)) return onCpu('OneHot')(call);
  return composed('wasm', call, (steps) => {
    const whole = stock({ ...call, attrs: { ...call.attrs, dtype: 'int32' } }) as tf.TensorInfo;
    const result = steps.run('Cast', { x: whole }, { dtype });
    (call.backend as tf.KernelBackend).disposeData(whole.dataId);
    return result;
  });
};

export const ENTRY_KERNELS: readonly Fix[] = [
  {
    id: 'nan-on-wasm',
    family: 'kernels: entry by entry',
    ops: ['clipByValue', 'relu6', 'maximum', 'minimum'],
    wrong: 'A NaN becomes the limit: an error is hidden.',
    kernels: ['ClipByValue', 'Relu6', 'Maximum', 'Minimum'].map((name) =>
      replacement('wasm', name, keepingNaN(name)),
    ),
  },
  {
    id: 'sign-of-nan',
    family: 'kernels: entry by entry',
    ops: ['sign'],
    wrong: 'The sign of NaN is 0: an error is hidden.',
    kernels: replacements(['cpu', 'wasm'], ['Sign'], () => sign),
  },
  {
    id: 'prelu-on-wasm',
    family: 'kernels: entry by entry',
    ops: ['prelu', 'layers.prelu'],
    wrong: 'Slopes that are broadcast along an axis that is not the first are taken one after the other.',
    kernels: [replacement('wasm', 'Prelu', prelu)],
  },
  {
    id: 'sine-on-wasm',
    family: 'kernels: entry by entry',
    ops: ['sin'],
    wrong: 'The sine of a small number has few digits: that of 0.001 is off by 2e-4 of itself.',
    kernels: [replacement('wasm', 'Sin', sine)],
  },
  {
    id: 'cast-on-wasm',
    family: 'kernels: entry by entry',
    ops: ['cast'],
    wrong: 'Numbers between -1 and 1 are cast to false.',
    kernels: [replacement('wasm', 'Cast', cast)],
  },
  {
    id: 'one-hot-on-wasm',
    family: 'kernels: entry by entry',
    ops: ['oneHot'],
    wrong: 'With dtype float32 it gives 1.4e-45 for 1; with dtype bool it writes past its memory.',
    kernels: [replacement('wasm', 'OneHot', oneHot)],
  },
];
