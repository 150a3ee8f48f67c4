/** The double-precision backend: TensorFlow.js' cpu kernels over Float64Arrays, and some of its own. Only `inFloat64` runs it. */
import * as tf from '@tensorflow/tfjs';
import {
  cpuBackendClass,
  engine,
  tensorInfoOf,
  type CpuBackend,
  type DataId,
  type TensorData,
  type TensorStore,
} from './engine.js';
import { registryNamed } from '../registries.js';
import { doubleKernels } from './kernels/index.js';

export const BACKEND_NAME = 'float64';

export interface Float64Backend extends CpuBackend {
  owns(dataId: DataId): boolean;
  /** Forgets the copies of other backends' tensors. */
  forgetCopies(): void;
}

/** Reads a tensor's numbers from the backend that it lives on. */
export type ReadForeign = (dataId: DataId) => tf.backend_util.BackendValues;

/**
 * Makes the backend. Tensors of other backends stay where they are: what a kernel needs of them is copied, as doubles, and the
 * count of their references stays with their own backend. So nothing has to be brought back, however a computation ends.
 */
export function createBackend(readForeign: ReadForeign): Float64Backend {
  class Backend extends cpuBackendClass() implements Float64Backend {
    private readonly own = new Map<DataId, TensorData>();
    private readonly copies = new Map<DataId, TensorData>();

    override data: TensorStore = {
      get: (dataId) => this.own.get(dataId) ?? this.copies.get(dataId) ?? this.copy(dataId),
      set: (dataId, data) => void this.own.set(dataId, data),
      has: (dataId) => this.own.has(dataId),
      delete: (dataId) => this.own.delete(dataId),
      numDataIds: () => this.own.size,
    };

    owns(dataId: DataId): boolean {
      return this.own.has(dataId);
    }

    forgetCopies(): void {
      for (const { complexTensorInfos } of this.copies.values()) {
        if (!complexTensorInfos) continue;
        this.own.delete(complexTensorInfos.real.dataId);
        this.own.delete(complexTensorInfos.imag.dataId);
      }
      this.copies.clear();
    }

    private copy(dataId: DataId): TensorData {
      const { dtype, shape } = tensorInfoOf(dataId);
      const values = readForeign(dataId);
      const data: TensorData = { dtype, refCount: 1, values };
      if (dtype === 'float32') data.values = asDoubles(values as ArrayLike<number>);
      if (dtype === 'complex64') {
        const [real, imag] = [0, 1].map((part) =>
          this.makeTensorInfo(
            shape,
            'float32',
            Float64Array.from(
              { length: tf.util.sizeFromShape(shape) },
              (_, i) => (values as ArrayLike<number>)[2 * i + part],
            ),
          ),
        );
        data.complexTensorInfos = { real, imag };
      }
      this.copies.set(dataId, data);
      return data;
    }

    override write(values: tf.backend_util.BackendValues, _shape: number[], dtype: tf.DataType): DataId {
      const dataId = {};
      this.own.set(dataId, { values, dtype, refCount: 1 });
      return dataId;
    }

    override refCount(dataId: DataId): number {
      return this.owns(dataId) ? super.refCount(dataId) : tensorInfoOf(dataId).backend.refCount(dataId);
    }

    override incRef(dataId: DataId): void {
      if (this.owns(dataId)) super.incRef(dataId);
      else tensorInfoOf(dataId).backend.incRef(dataId);
    }

    override disposeData(dataId: DataId, force?: boolean): boolean {
      if (this.owns(dataId)) return super.disposeData(dataId, force);
      const backend = engine().state.tensorInfo.get(dataId)?.backend;
      return backend === undefined || backend === this || backend.disposeData(dataId, force);
    }

    override floatPrecision(): 32 {
      return 64 as 32;
    }

    /** Keras' constant, not the precision's: layers and losses clip at it, and are to stay the same functions. */
    override epsilon(): number {
      return 1e-7;
    }
  }
  return new Backend();
}

function asDoubles(values: ArrayLike<number>): tf.backend_util.BackendValues {
  return new Float64Array(values) as unknown as Float32Array;
}

/** On a kernel that `gradparity/fixes` has put in the place of TensorFlow.js' own: a function that gives the latter. */
const REPLACES = Symbol.for('gradparity.replaces');

/** TensorFlow.js' own kernel, where a fix stands in its place. */
const original = (kernel: tf.KernelFunc & { [REPLACES]?: () => tf.KernelFunc | undefined }): tf.KernelFunc =>
  kernel[REPLACES]?.() ?? kernel;

/** The cpu backend's kernels as TensorFlow.js has them. One that somebody registers instead of them is used as it is. */
const stock = new Map(
  tf.getKernelsForBackend('cpu').map(({ kernelName, kernelFunc }) => [kernelName, original(kernelFunc)]),
);

/** What is told of each kernel that ran. */
export type KernelObserver = (
  name: string,
  inputs: tf.NamedTensorInfoMap,
  outputs: readonly tf.TensorInfo[],
  attrs: tf.NamedAttrMap,
) => void;

type KernelRegistry = Map<string, tf.KernelConfig>;

/** The kernels of both backends as they were. */
export type Registered = ReadonlyMap<string, { kernel: tf.KernelConfig; kernelFunc: tf.KernelFunc }>;

const isOfBoth = ({ backendName }: tf.KernelConfig): boolean =>
  backendName === 'cpu' || backendName === BACKEND_NAME;

/** To list a backend's kernels takes TensorFlow.js as long as many ops take. */
function isSame(registered: Registered, registry: KernelRegistry): boolean {
  let count = 0;
  for (const [key, kernel] of registry) {
    if (!isOfBoth(kernel)) continue;
    const known = registered.get(key);
    if (known?.kernel !== kernel || known.kernelFunc !== kernel.kernelFunc) return false;
    count++;
  }
  return count === registered.size;
}

/** Registers every kernel that the cpu backend has by now for this one too; its own in place of those that it has one for. */
export function registerKernels(state: {
  readonly depth: number;
  readonly observer?: KernelObserver;
  readonly disguise?: { isInside: boolean };
  readonly kernels: Map<string, tf.KernelFunc>;
  registered?: Registered;
}): void {
  const { kernels, registered } = state;
  const registry = registryNamed<tf.KernelConfig>('kernelRegistry');
  if (registry && registered && isSame(registered, registry)) return;
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    // A copy is gone where somebody put the registry back.
    if (kernels.get(kernelName) === kernelFunc && tf.getKernel(kernelName, BACKEND_NAME)) continue;
    const own = stock.get(kernelName) === original(kernelFunc) ? doubleKernels[kernelName] : undefined;
    const run = own ?? kernelFunc;
    if (tf.getKernel(kernelName, BACKEND_NAME)) tf.unregisterKernel(kernelName, BACKEND_NAME);
    tf.registerKernel({
      kernelName,
      backendName: BACKEND_NAME,
      kernelFunc: (args) => {
        if (state.depth === 0) {
          throw new Error(
            `${kernelName}: the double-precision backend runs inside of inFloat64 only; outside, it would answer in single precision.`,
          );
        }
        const { disguise } = state;
        const isInside = disguise?.isInside ?? false;
        // A kernel of the user's may ask for the backend, too.
        if (disguise) disguise.isInside = false;
        let result: ReturnType<typeof run>;
        try {
          result = run(args);
        } finally {
          if (disguise) disguise.isInside = isInside;
        }
        state.observer?.(
          kernelName,
          args.inputs,
          Array.isArray(result) ? result : [result],
          args.attrs ?? {},
        );
        return result;
      },
    });
    kernels.set(kernelName, kernelFunc);
  }
  if (!registry) return;
  state.registered = new Map(
    [...registry].flatMap(([key, kernel]) =>
      isOfBoth(kernel) ? [[key, { kernel, kernelFunc: kernel.kernelFunc }]] : [],
    ),
  );
}
