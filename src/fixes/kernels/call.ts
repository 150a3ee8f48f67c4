/** How the kernels of this folder are made: right ones in the place of wrong ones, from what any backend offers. */
import * as tf from '@tensorflow/tfjs';
import type { CpuBackend, TensorData } from '../../float64/engine.js';
import { doubleKernels } from '../../float64/kernels/index.js';
import { stockOf } from '../registry.js';

/** What a kernel is called with. */
export type Call = Parameters<tf.KernelFunc>[0];
export type Result = ReturnType<tf.KernelFunc>;

/** A kernel that is given TensorFlow.js' own one, to hand over to it. */
export type Replacement = (call: Call, stock: tf.KernelFunc) => Result;

/**
 * On a kernel of this folder: a function that gives the one of TensorFlow.js in whose place it stands. The double-precision backend has right
 * kernels of its own for these, which do not round.
 */
const REPLACES = Symbol.for('gradparity.replaces');

/** A kernel in the place of TensorFlow.js' own. */
export function replacement(backendName: string, kernelName: string, run: Replacement): tf.KernelConfig {
  const stock = (): tf.KernelFunc | undefined =>
    (stockOf('kernelRegistry', `${backendName}_${kernelName}`) as tf.KernelConfig | undefined)?.kernelFunc;
  const kernelFunc: tf.KernelFunc = (call) =>
    run(call, (handed) => {
      const kernel = stock();
      if (!kernel)
        throw new Error(
          `Kernel '${kernelName}' not registered for backend '${backendName}': what registered it has been taken away.`,
        );
      return kernel(handed);
    });
  return { kernelName, backendName, kernelFunc: Object.assign(kernelFunc, { [REPLACES]: stock }) };
}

/** A kernel that a backend does not have. */
export const addition = (
  backendName: string,
  kernelName: string,
  kernelFunc: tf.KernelFunc,
): tf.KernelConfig => ({
  kernelName,
  backendName,
  kernelFunc,
});

/** The backends whose kernels are shaders. */
export const shaders: readonly string[] = ['webgl', 'webgpu'];

/** One replacement for several kernels or backends. */
export const replacements = (
  backends: readonly string[],
  kernels: readonly string[],
  run: (backendName: string, kernelName: string) => Replacement,
): tf.KernelConfig[] =>
  backends.flatMap((backendName) =>
    kernels.map((kernelName) => replacement(backendName, kernelName, run(backendName, kernelName))),
  );

/** The values of a tensor of a backend that can be read at once. */
export const valuesOf = (backend: unknown, { dataId }: tf.TensorInfo): tf.TypedArray =>
  (backend as tf.KernelBackend).readSync(dataId) as tf.TypedArray;

/** A new tensor of a backend. */
export const tensorOn = (
  backend: unknown,
  shape: readonly number[],
  dtype: tf.DataType,
  values: tf.backend_util.BackendValues,
): tf.TensorInfo => ({
  dataId: (backend as { write(v: unknown, shape: number[], dtype: tf.DataType): object }).write(
    values,
    [...shape],
    dtype,
  ),
  shape: [...shape],
  dtype,
});

/** What the kernels in double precision need of a backend, made of what every backend has. Results are rounded to single precision. */
const asCpu = (backend: unknown): CpuBackend =>
  ({
    data: {
      get: (dataId: object) => ({ values: (backend as tf.KernelBackend).readSync(dataId) }) as TensorData,
    },
    makeTensorInfo: (shape: number[], dtype: tf.DataType, values: Float64Array | tf.TypedArray) =>
      tensorOn(
        backend,
        shape,
        dtype,
        dtype === 'float32'
          ? new Float32Array(values)
          : dtype === 'bool'
            ? Uint8Array.from(values)
            : Int32Array.from(values),
      ),
  }) as unknown as CpuBackend;

/** A kernel of the double-precision backend, on a backend whose tensors can be read at once. */
export function inDoubles(kernelName: string): tf.KernelFunc {
  const run = doubleKernels[kernelName];
  if (!run) throw new Error(`There is no kernel ${kernelName} in double precision.`);
  return ({ inputs, attrs, backend }) => run({ inputs, attrs, backend: asCpu(backend) });
}

let cpu: CpuBackend | undefined;

/** A cpu backend of our own, whose tensors TensorFlow.js does not know of. */
function scratch(kernelName: string): CpuBackend {
  if (cpu) return cpu;
  const backend = tf.findBackendFactory('cpu')?.() as (CpuBackend & { firstUse?: boolean }) | undefined;
  if (!backend)
    throw new Error(
      `${kernelName}: gradparity/fixes computes it with the kernels of the cpu backend, which is not there. Import @tensorflow/tfjs, or @tensorflow/tfjs-backend-cpu.`,
    );
  // The advice to use another backend is for those who have chosen this one.
  backend.firstUse = false;
  return (cpu = backend);
}

/** The cpu backend's kernel, on a backend whose tensors can be read at once: they are copied there and back. */
export function onCpu(kernelName: string): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const there = scratch(kernelName);
    const copies: tf.TensorInfo[] = [];
    const copy = (tensor: tf.TensorInfo): tf.TensorInfo => {
      const { shape, dtype } = tensor;
      const dataId = there.write(valuesOf(backend, tensor), shape, dtype);
      // Some kernels ask for the rank, which tensors have.
      const copied = { dataId, shape, dtype, rank: shape.length };
      copies.push(copied);
      return copied;
    };
    try {
      const result = tf.getKernel(kernelName, 'cpu').kernelFunc({
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([name, tensor]) => [
            name,
            // Optional inputs may be null, and some kernels take lists of tensors.
            tensor && (Array.isArray(tensor) ? tensor.map(copy) : copy(tensor)),
          ]),
        ) as tf.NamedTensorInfoMap,
        attrs,
        backend: there,
      });
      const back = (tensor: tf.TensorInfo): tf.TensorInfo => {
        copies.push(tensor);
        return tensorOn(backend, tensor.shape, tensor.dtype, there.readSync(tensor.dataId));
      };
      return Array.isArray(result) ? result.map(back) : back(result);
    } finally {
      for (const { dataId } of copies) there.disposeData(dataId, true);
    }
  };
}

/** Kernels of one backend, one after the other; what lies between is disposed of at the end. */
export interface Steps {
  /** The result of a kernel that gives one tensor. */
  run(kernelName: string, inputs: Record<string, tf.TensorInfo>, attrs?: object): tf.TensorInfo;
  /** A tensor that was made otherwise, to be disposed of as the others are. */
  own(made: tf.TensorInfo): tf.TensorInfo;
  /** A tensor of numbers. */
  constant(shape: readonly number[], values: ArrayLike<number>): tf.TensorInfo;
}

/** Composes a kernel of others of its backend. */
export function composed(
  backendName: string,
  { backend }: Call,
  compose: (steps: Steps) => tf.TensorInfo,
): tf.TensorInfo {
  const made = new Set<tf.TensorInfo>();
  const steps: Steps = {
    run(kernelName, inputs, attrs = {}) {
      const kernel = tf.getKernel(kernelName, backendName);
      if (!kernel) throw new Error(`Kernel '${kernelName}' not registered for backend '${backendName}'`);
      const result = kernel.kernelFunc({
        inputs,
        attrs: attrs as tf.NamedAttrMap,
        backend,
      }) as tf.TensorInfo;
      made.add(result);
      return result;
    },
    own(result) {
      made.add(result);
      return result;
    },
    constant(shape, values) {
      const result = tensorOn(backend, shape, 'float32', Float32Array.from(values));
      made.add(result);
      return result;
    },
  };
  let kept: tf.TensorInfo | undefined;
  try {
    kept = compose(steps);
    return kept;
  } finally {
    // Several of them may be of the same data, which is counted.
    made.forEach((tensor) => tensor !== kept && dispose(backend, tensor));
  }
}

/** Lets go of a tensor that a kernel has made on its way. */
export function dispose(backend: unknown, { dataId }: tf.TensorInfo): void {
  const { disposeIntermediateTensorInfo, disposeData } = backend as {
    disposeIntermediateTensorInfo?: (tensor: { dataId: object }) => void;
    disposeData: (dataId: object) => boolean;
  };
  if (disposeIntermediateTensorInfo) disposeIntermediateTensorInfo.call(backend, { dataId });
  else disposeData.call(backend, dataId);
}

/** Whether a tensor's shape, broadcast to another, repeats along the first axes alone. */
export function repeatsFirstAxes(from: readonly number[], to: readonly number[]): boolean {
  const first = from.findIndex((size) => size !== 1);
  const own = first < 0 ? [] : from.slice(first);
  return own.every((size, i) => size === to[to.length - own.length + i]);
}
