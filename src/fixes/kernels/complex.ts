/**
 * Complex numbers on wasm, which knows nothing of them. A complex tensor lies in wasm's memory as its real and imaginary parts in turn, as
 * `dataSync()` gives them.
 */
import * as tf from '@tensorflow/tfjs';
import type { CpuBackend } from '../../float64/engine.js';
import { fourierKernels } from '../../float64/kernels/fourier.js';
import { broadcastPlaces } from '../../float64/kernels/kernel.js';
import type { Fix } from '../fix.js';
import {
  addition,
  composed,
  dispose,
  onCpu,
  replacement,
  replacements,
  tensorOn,
  valuesOf,
  type Call,
  type Replacement,
} from './call.js';

interface WasmBackend {
  wasm: { HEAPU8: Uint8Array };
  dataIdMap: { get(dataId: object): { memoryOffset: number; dtype: tf.DataType; shape: number[] } };
  readSync(dataId: object, start?: number, end?: number): tf.backend_util.BackendValues;
}

/** On a backend whose `readSync` knows complex numbers. */
const READS_COMPLEX = Symbol.for('gradparity.readsComplex');

/** Has wasm read complex numbers, of which it would say that it does not know the dtype. */
function readingComplex(backend: unknown): void {
  const wasm = backend as WasmBackend & { [READS_COMPLEX]?: true };
  if (wasm[READS_COMPLEX]) return;
  wasm[READS_COMPLEX] = true;
  const own = wasm.readSync;
  wasm.readSync = function (dataId, start, end) {
    const { memoryOffset, dtype, shape } = this.dataIdMap.get(dataId);
    if (dtype !== 'complex64') return own.call(this, dataId, start, end);
    const numbers = 2 * tf.util.sizeFromShape(shape);
    const bytes = this.wasm.HEAPU8.slice(memoryOffset, memoryOffset + 4 * numbers);
    return new Float32Array(bytes.buffer).subarray(2 * (start ?? 0), end && 2 * end);
  };
}

/** Real and imaginary parts. */
interface Parts {
  real: Float64Array;
  imaginary: Float64Array;
}

/** The tensor's numbers; those of a real one have no imaginary part. */
function partsOf(backend: unknown, tensor: tf.TensorInfo): Parts {
  const values = valuesOf(backend, tensor);
  if (tensor.dtype !== 'complex64') {
    return { real: Float64Array.from(values), imaginary: new Float64Array(values.length) };
  }
  const real = new Float64Array(values.length / 2);
  const imaginary = new Float64Array(real.length);
  for (let i = 0; i < real.length; i++) {
    real[i] = values[2 * i];
    imaginary[i] = values[2 * i + 1];
  }
  return { real, imaginary };
}

/** A complex tensor of these numbers. */
function complexOn(backend: unknown, shape: readonly number[], { real, imaginary }: Parts): tf.TensorInfo {
  readingComplex(backend);
  const values = new Float32Array(2 * real.length);
  for (let i = 0; i < real.length; i++) {
    values[2 * i] = real[i];
    values[2 * i + 1] = imaginary[i];
  }
  return tensorOn(backend, shape, 'complex64', values);
}

const complex = ({ inputs, backend }: Call): tf.TensorInfo => {
  const { real, imag } = inputs as { real: tf.TensorInfo; imag: tf.TensorInfo };
  return complexOn(backend, real.shape, {
    real: Float64Array.from(valuesOf(backend, real)),
    imaginary: Float64Array.from(valuesOf(backend, imag)),
  });
};

/** A real tensor from a function of real and imaginary part. */
const realOf =
  (name: string, f: (real: number, imaginary: number) => number): tf.KernelFunc =>
  ({ inputs, backend }) => {
    const x = inputs[name] as tf.TensorInfo;
    const { real, imaginary } = partsOf(backend, x);
    return tensorOn(
      backend,
      x.shape,
      'float32',
      Float32Array.from(real, (value, i) => f(value, imaginary[i])),
    );
  };

type Arithmetic = (a: number, b: number, c: number, d: number) => [real: number, imaginary: number];

/** `(a + bi) ∘ (c + di)`, both broadcast. */
const arithmetic: Readonly<Record<string, Arithmetic>> = {
  Add: (a, b, c, d) => [a + c, b + d],
  Sub: (a, b, c, d) => [a - c, b - d],
  Multiply: (a, b, c, d) => [a * c - b * d, a * d + b * c],
  RealDiv: (a, b, c, d) => {
    const size = c * c + d * d;
    return [(a * c + b * d) / size, (b * c - a * d) / size];
  },
};

const binary =
  (f: Arithmetic): Replacement =>
  (call, stock) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    if (a.dtype !== 'complex64' && b.dtype !== 'complex64') return stock(call);
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const [x, y] = [a, b].map((tensor) => partsOf(call.backend, tensor));
    const [atX, atY] = [a, b].map((tensor) => broadcastPlaces(tensor.shape, shape));
    const real = new Float64Array(atX.length);
    const imaginary = new Float64Array(atX.length);
    for (let i = 0; i < atX.length; i++) {
      [real[i], imaginary[i]] = f(x.real[atX[i]], x.imaginary[atX[i]], y.real[atY[i]], y.imaginary[atY[i]]);
    }
    return complexOn(call.backend, shape, { real, imaginary });
  };

/** A copy. */
const identity: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  return x.dtype === 'complex64' ? complexOn(call.backend, x.shape, partsOf(call.backend, x)) : stock(call);
};

const concat: Replacement = (call, stock) => {
  const tensors = Object.values(call.inputs) as tf.TensorInfo[];
  if (tensors.every(({ dtype }) => dtype !== 'complex64')) return stock(call);
  const { backend } = call;
  const [axis] = tf.util.parseAxisParam((call.attrs as { axis: number }).axis, tensors[0].shape);
  const shape = tf.backend_util.computeOutShape(
    tensors.map((tensor) => tensor.shape),
    axis,
  );
  const outer = tf.util.sizeFromShape(shape.slice(0, axis));
  const parts = tensors.map((tensor) => partsOf(backend, tensor));
  const joined = (of: keyof Parts): Float64Array => {
    const result = new Float64Array(tf.util.sizeFromShape(shape));
    for (let row = 0, at = 0; row < outer; row++) {
      parts.forEach(({ [of]: values }) => {
        const length = values.length / outer;
        result.set(values.subarray(row * length, (row + 1) * length), at);
        at += length;
      });
    }
    return result;
  };
  return complexOn(backend, shape, { real: joined('real'), imaginary: joined('imaginary') });
};

/** A kernel that moves entries, on real and imaginary parts one after the other. */
const byParts =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    if (x.dtype !== 'complex64') return stock(call);
    const { backend } = call;
    const run = (name: string, inputs: Record<string, tf.TensorInfo>): tf.TensorInfo =>
      tf.getKernel(name, backendName).kernelFunc({ inputs, attrs: {}, backend }) as tf.TensorInfo;
    const [real, imaginary] = ['Real', 'Imag'].map((name) => {
      const part = run(name, { input: x });
      const moved = stock({ ...call, inputs: { ...call.inputs, x: part } });
      dispose(backend, part);
      return Array.isArray(moved) ? moved : [moved];
    });
    const whole = real.map((part, i) => run('Complex', { real: part, imag: imaginary[i] }));
    for (const part of [...real, ...imaginary]) dispose(backend, part);
    return whole.length === 1 ? whole[0] : whole;
  };

/** Kernels that refuse complex numbers, and that gradients of others need. */
const movers = ['PadV2', 'Reverse', 'Slice', 'SplitV', 'StridedSlice', 'Tile'];

/** A kernel of wasm that takes every entry for a real number of four bytes, and is wrong for those of some types. */
const ofTypes =
  (kernelName: string, wrong: readonly tf.DataType[]): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    return wrong.includes(x.dtype) ? onCpu(kernelName)(call) : byParts('wasm')(call, stock);
  };
const typed: Readonly<Record<string, readonly tf.DataType[]>> = {
  Reverse: ['bool'],
  StridedSlice: ['int32', 'bool'],
};

/** The Fourier transforms of the double-precision backend, which are given both parts and give both. */
const fourier =
  (kernelName: 'FFT' | 'IFFT'): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const { input } = inputs as { input: tf.TensorInfo };
    const store = new Map<object, object>();
    const there = {
      data: { get: (dataId: object) => store.get(dataId) },
      makeTensorInfo: (shape: number[], dtype: tf.DataType, values?: Float64Array) => {
        const dataId = {};
        store.set(dataId, { values });
        return { dataId, shape, dtype };
      },
    } as unknown as CpuBackend;
    const { real, imaginary } = partsOf(backend, input);
    store.set(input.dataId, {
      complexTensorInfos: {
        real: there.makeTensorInfo(input.shape, 'float32', real),
        imag: there.makeTensorInfo(input.shape, 'float32', imaginary),
      },
    });
    const y = fourierKernels[kernelName]({ inputs, attrs, backend: there }) as tf.TensorInfo;
    const { complexTensorInfos } = store.get(y.dataId) as {
      complexTensorInfos: { real: tf.TensorInfo; imag: tf.TensorInfo };
    };
    const numbers = ({ dataId }: tf.TensorInfo): Float64Array =>
      (store.get(dataId) as { values: Float64Array }).values;
    return complexOn(backend, y.shape, {
      real: numbers(complexTensorInfos.real),
      imaginary: numbers(complexTensorInfos.imag),
    });
  };

/** A real tensor as complex numbers, and complex numbers' real part as another dtype. */
export function castComplex({ inputs, attrs, backend }: Call): tf.TensorInfo {
  const { x } = inputs as { x: tf.TensorInfo };
  const { dtype } = attrs as { dtype: tf.DataType };
  const parts = partsOf(backend, x);
  if (dtype === 'complex64') return complexOn(backend, x.shape, parts);
  const values =
    dtype === 'float32'
      ? Float32Array.from(parts.real)
      : dtype === 'int32'
        ? Int32Array.from(parts.real)
        : Uint8Array.from(parts.real, (value) => (value === 0 ? 0 : 1));
  return tensorOn(backend, x.shape, dtype, values);
}

/**
 * The part of complex numbers in their shape: webgl gives it in the one that it had before they were reshaped, cpu in that of the last tensor that was
 * made by reshaping them.
 */
const shaped =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { input } = call.inputs as { input: tf.TensorInfo };
    const part = stock(call) as tf.TensorInfo;
    if (tf.util.arraysEqual(part.shape, input.shape)) return part;
    return composed(backendName, call, (steps) =>
      steps.run('Reshape', { x: steps.own(part) }, { shape: input.shape }),
    );
  };

export const COMPLEX_KERNELS: readonly Fix[] = [
  {
    id: 'complex-shapes-on-webgl',
    family: 'kernels: complex numbers',
    ops: ['real', 'imag', 'reshape', 'spectral.fft', 'spectral.ifft', 'spectral.rfft', 'spectral.irfft'],
    wrong:
      'On webgl and webgpu the parts of complex numbers have the shape that they had before they were reshaped.',
    kernels: replacements(['webgl', 'webgpu'], ['Real', 'Imag'], shaped),
  },
  {
    id: 'complex-shapes-on-cpu',
    family: 'kernels: complex numbers',
    ops: ['real', 'imag', 'spectral.fft', 'spectral.ifft'],
    wrong:
      'On cpu the parts of complex numbers that were reshaped, as fft does of a vector, have the new shape from then on.',
    kernels: replacements(['cpu'], ['Real', 'Imag'], shaped),
  },
  {
    id: 'complex-parts',
    family: 'kernels: complex numbers',
    ops: ['concat', 'pad', 'reverse', 'slice', 'split', 'stridedSlice', 'tile'],
    wrong: 'Complex numbers are refused, and so is the gradient of concat.',
    kernels: [
      ...replacements(['cpu'], movers, byParts),
      ...replacements(
        ['wasm'],
        movers.filter((name) => !Object.hasOwn(typed, name)),
        byParts,
      ),
    ],
  },
  {
    id: 'types-on-wasm',
    family: 'kernels: complex numbers',
    ops: ['reverse', 'stridedSlice'],
    wrong:
      'On wasm complex numbers are refused, reversed booleans are written beyond their memory, and slices with strides read whole numbers and booleans as real numbers.',
    kernels: Object.entries(typed).map(([name, wrong]) => replacement('wasm', name, ofTypes(name, wrong))),
  },
  {
    id: 'complex-on-wasm',
    family: 'kernels: complex numbers',
    ops: [
      'complex',
      'real',
      'imag',
      'abs',
      'add',
      'sub',
      'mul',
      'div',
      'concat',
      'spectral.fft',
      'spectral.ifft',
      'spectral.rfft',
      'spectral.irfft',
      'signal.stft',
    ],
    wrong: 'wasm has no complex numbers.',
    kernels: [
      addition('wasm', 'Complex', complex),
      addition(
        'wasm',
        'Real',
        realOf('input', (real) => real),
      ),
      addition(
        'wasm',
        'Imag',
        realOf('input', (_, imaginary) => imaginary),
      ),
      addition('wasm', 'ComplexAbs', realOf('x', Math.hypot)),
      addition('wasm', 'FFT', fourier('FFT')),
      addition('wasm', 'IFFT', fourier('IFFT')),
      ...Object.entries(arithmetic).map(([name, f]) => replacement('wasm', name, binary(f))),
      replacement('wasm', 'Concat', concat),
      replacement('wasm', 'Identity', identity),
    ],
  },
];
