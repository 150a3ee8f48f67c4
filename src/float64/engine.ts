/** What the double-precision backend needs of TensorFlow.js beyond its public types. */
import * as tf from '@tensorflow/tfjs';
import { EnvironmentError } from '../errors.js';

export type DataId = tf.TensorInfo['dataId'];

export interface TensorData {
  values?: tf.backend_util.BackendValues;
  dtype: tf.DataType;
  complexTensorInfos?: { real: tf.TensorInfo; imag: tf.TensorInfo };
  refCount: number;
}

/** Where a backend keeps its tensors' numbers. */
export interface TensorStore {
  get(dataId: DataId): TensorData;
  set(dataId: DataId, data: TensorData): void;
  has(dataId: DataId): boolean;
  delete(dataId: DataId): boolean;
  numDataIds(): number;
}

/** TensorFlow.js' backend in plain JavaScript (`MathBackendCPU`). */
export interface CpuBackend extends tf.KernelBackend {
  data: TensorStore;
  disposeIntermediateTensorInfo(tensor: tf.TensorInfo): void;
  makeTensorInfo(
    shape: number[],
    dtype: tf.DataType,
    values?: tf.backend_util.BackendValues | Float64Array,
  ): tf.TensorInfo;
}

export interface TensorPlace {
  backend: tf.KernelBackend;
  shape: number[];
  dtype: tf.DataType;
}

export interface Engine {
  state: {
    tensorInfo: WeakMap<DataId, TensorPlace>;
    registeredVariables: Record<string, tf.Variable>;
    activeTape: { saved?: tf.Tensor[] }[] | null;
    gradientDepth: number;
  };
  backendName: string | null;
  backendInstance: tf.KernelBackend | null;
  readonly backend: tf.KernelBackend;
  readSync(dataId: DataId): tf.backend_util.BackendValues;
  read(dataId: DataId): Promise<tf.backend_util.BackendValues>;
  moveData(backend: tf.KernelBackend, dataId: DataId): void;
  startScope(name?: string): void;
  endScope(result?: tf.TensorContainer): void;
}

export const engine = (): Engine => tf.engine() as unknown as Engine;

/** Where a tensor's numbers live, and their kind. */
export function tensorInfoOf(dataId: DataId): TensorPlace {
  const info = engine().state.tensorInfo.get(dataId);
  if (!info) throw new Error('inFloat64: a kernel was given a tensor that TensorFlow.js does not know.');
  return info;
}

/** The class of the cpu backend, from the copy of TensorFlow.js whose kernels are registered. */
export function cpuBackendClass(): new () => CpuBackend {
  const cpu: unknown = tf.findBackendFactory('cpu')?.();
  if (!(cpu instanceof tf.KernelBackend)) {
    throw new EnvironmentError(
      "inFloat64: TensorFlow.js' cpu backend is not registered, and the double-precision one is made from it. Import @tensorflow/tfjs, or @tensorflow/tfjs-backend-cpu.",
    );
  }
  return cpu.constructor as new () => CpuBackend;
}
