/** Kernels on wasm that act on each entry. */
import type * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
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
  type Call,
  type Replacement,
} from './call.js';
import { simdOn, type Simd } from './simd.js';

/** Whether there may be a NaN among the numbers. An infinity counts as one. */
function mayHoldNaN(values: tf.TypedArray): boolean {
  return values instanceof Int32Array || values instanceof Uint8Array ? false : !isSumFinite(values);
}

/** Whether the sum is finite, which it is of finite numbers in single precision. Four sums under way at once take a third of the time. */
function isSumFinite(values: ArrayLike<number>): boolean {
  const { length } = values;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    a += values[i];
    b += values[i + 1];
    c += values[i + 2];
    d += values[i + 3];
  }
  for (; i < length; i++) a += values[i];
  return Number.isFinite(a + b + c + d);
}

/** wasm's memory itself, where it lets itself be seen. */
const seen = (backend: unknown, tensor: tf.TensorInfo): tf.TypedArray => {
  const { typedArrayFromHeap } = backend as { typedArrayFromHeap?: (tensor: tf.TensorInfo) => tf.TypedArray };
  return typedArrayFromHeap ? typedArrayFromHeap.call(backend, tensor) : valuesOf(backend, tensor);
};

/** What is used here of the wasm backend. */
interface WasmBackend {
  wasm?: { asm?: { memory?: unknown }; wasmMemory?: unknown };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
}

/** The functions that keep NaN, on the memory of a backend; null where they cannot be had. */
function simdOf(backend: unknown): Simd | null {
  const { wasm } = backend as WasmBackend;
  const memory = wasm?.wasmMemory ?? wasm?.asm?.memory;
  return memory instanceof WebAssembly.Memory ? simdOn(memory) : null;
}

/** Where a tensor lies in wasm's memory, in bytes. */
const offsetOf = (backend: unknown, { dataId }: tf.TensorInfo): number =>
  (backend as WasmBackend).dataIdMap.get(dataId).memoryOffset;

const isFloat = ({ dtype }: tf.TensorInfo): boolean => dtype === 'float32';

/** Whether there may be a NaN in a tensor on wasm. */
function mayBeNaN(backend: unknown, tensor: tf.TensorInfo): boolean {
  if (!isFloat(tensor)) return false;
  const simd = simdOf(backend);
  return simd
    ? simd.anyNaN(offsetOf(backend, tensor), sizeOf(tensor.shape)) === 1
    : mayHoldNaN(seen(backend, tensor));
}

/** A kernel of wasm as it is, and the cpu backend's where one of the tensors holds a NaN. */
const unlessNaN =
  (kernelName: string): Replacement =>
  (call, stock) =>
    Object.values(call.inputs).some((tensor) => tensor !== undefined && mayBeNaN(call.backend, tensor))
      ? onCpu(kernelName)(call)
      : stock(call);

/** `min(max(x, low), high)`, which keeps NaN. */
function clamped(simd: Simd, backend: unknown, x: tf.TensorInfo, low: number, high: number): tf.TensorInfo {
  const result = (backend as WasmBackend).makeOutput(x.shape, 'float32');
  // Of -0 and a limit of 0 TensorFlow.js takes the limit.
  const zero = low === 0 || high === 0 ? 0 : -0;
  simd.clamp(offsetOf(backend, x), offsetOf(backend, result), sizeOf(x.shape), low, high, zero);
  return result;
}

/** XNNPACK's limits take a NaN for the lower one. */
const limits =
  (kernelName: string, limitsOf: (attrs: Call['attrs']) => readonly [number, number]): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    const simd = simdOf(call.backend);
    const [low, high] = limitsOf(call.attrs);
    return simd && isFloat(x) && low <= high
      ? clamped(simd, call.backend, x, low, high)
      : unlessNaN(kernelName)(call, stock);
  };

/** C++'s maxima and minima take the other number for a NaN. */
const extremes =
  (kernelName: 'Maximum' | 'Minimum'): Replacement =>
  (call, stock) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { backend } = call;
    const simd = simdOf(backend);
    if (!simd || !isFloat(a) || !isFloat(b) || a.shape.toString() !== b.shape.toString())
      return unlessNaN(kernelName)(call, stock);
    const result = (backend as WasmBackend).makeOutput(a.shape, 'float32');
    const run = kernelName === 'Maximum' ? simd.maximum : simd.minimum;
    run(offsetOf(backend, a), offsetOf(backend, b), offsetOf(backend, result), sizeOf(a.shape));
    return result;
  };

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
  const mayBe = 'wasm' in call.backend ? mayBeNaN(call.backend, x) : mayHoldNaN(valuesOf(call.backend, x));
  if (!mayBe) return stock(call);
  return tensorOn(call.backend, x.shape, x.dtype, new Float32Array(valuesOf(call.backend, x)).map(Math.sign));
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
    kernels: [
      replacement(
        'wasm',
        'ClipByValue',
        limits('ClipByValue', (attrs) => {
          const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
          return [clipValueMin, clipValueMax];
        }),
      ),
      replacement(
        'wasm',
        'Relu6',
        limits('Relu6', () => [0, 6]),
      ),
      replacement('wasm', 'Maximum', extremes('Maximum')),
      replacement('wasm', 'Minimum', extremes('Minimum')),
    ],
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
