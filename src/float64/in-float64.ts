/** `inFloat64`: TensorFlow.js in double precision. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import {
  BACKEND_NAME,
  createBackend,
  registerKernels,
  type Float64Backend,
  type KernelObserver,
  type Registered,
} from './backend.js';
import { engine, tensorInfoOf, type DataId, type Engine } from './engine.js';
import { methodOf, replaceMethods } from '../methods.js';

const SingleArray = globalThis.Float32Array;

interface State {
  backend?: Float64Backend;
  /** How many calls are under way, one within the other. */
  depth: number;
  observer?: KernelObserver;
  /** While code that asks for the backend is told that it is the cpu: whether TensorFlow.js itself is asking. */
  disguise?: { isInside: boolean; asked: () => void };
  /** By which TensorFlow.js' engine tells the backend's name. */
  getName?: () => string | null;
  /** The cpu kernels that are registered for the backend. */
  kernels: Map<string, tf.KernelFunc>;
  registered?: Registered;
}

/** Kernels are registered once for all copies of this module (an ES one and a CommonJS one, say), and so they share a state. */
function sharedState(): State {
  const key = Symbol.for('gradparity.float64');
  const shared = tf.engine() as unknown as Record<symbol, State | undefined>;
  return (shared[key] ??= { depth: 0, kernels: new Map() });
}

/**
 * Runs `f` on a TensorFlow.js backend that computes in double precision, named `float64`, and returns what it returns.
 *
 * - Every kernel of the cpu backend is there, those that you register for it too; gradients, layers and optimizers work.
 *   Where the cpu backend's kernel is wrong, as docs/tfjs-gradients.md has it, a right one takes its place.
 *   The dtype of tensors still reads float32: TensorFlow.js has no other name for real numbers. int32 and bool are what they are.
 * - Tensors, variables and layer weights from outside can be used inside; they keep their backend and their numbers. Variables
 *   that are assigned inside, or made there, are float32 numbers on the backend in use when it ends.
 * - Tensors made inside are disposed of at the end, as by tf.tidy, but for those returned and those kept with tf.keep. Of
 *   those returned, `dataSync()`, `data()`, `arraySync()` give doubles (a Float64Array). As the input of an op of another
 *   backend they are rounded to float32.
 * - Calls may be nested. When it ends, by an error too, the backend before is in use again.
 *
 * How it works: most kernels are the cpu backend's, which are plain JavaScript and allocate their results as `Float32Array`. While
 * `f` runs, that global is `Float64Array`; `f` must not be asynchronous, so that no other code meets it.
 *
 * @throws InputError where f returns a promise; Error "Kernel '…' not registered for backend 'float64'" for an op that the cpu
 * backend does not have.
 */
export function inFloat64<T>(f: () => T): T {
  const state = sharedState();
  const tensors = engine();
  const leave = state.depth === 0 ? enter(tensors, state) : () => {};
  state.depth++;
  let made: tf.Tensor[] = [];
  try {
    tensors.startScope(BACKEND_NAME);
    try {
      const result = f();
      if (isPromise(result)) {
        result.then(undefined, () => {});
        throw new InputError(
          'inFloat64: f must be synchronous, but it returned a promise. Await what it needs before, and read results with dataSync().',
        );
      }
      made = tensorsIn(result);
      return result;
    } finally {
      tensors.endScope(made);
    }
  } finally {
    state.depth--;
    leave();
    made.forEach(readInDouble);
  }
}

/** `f`, in double precision, with `observe` told of every kernel that runs: what it is called, its inputs and its outputs. */
export function observingKernels<T>(observe: KernelObserver, f: () => T): T {
  const state = sharedState();
  const before = state.observer;
  state.observer = observe;
  try {
    return inFloat64(f);
  } finally {
    state.observer = before;
  }
}

/** What runs kernels and functions of tf.customGrad. */
interface Runner {
  backendName: string | null;
  runKernel(...args: unknown[]): unknown;
  runKernelFunc(params: { forwardFunc?: (...args: unknown[]) => unknown }): unknown;
}

/**
 * Runs `f`, within inFloat64, with `tf.getBackend()` saying cpu: whose kernels run, and what code that branches by the backend is made for.
 * `asked` is called when `f` asks. TensorFlow.js itself goes on to find the kernels of the double-precision backend.
 */
export function presentedAsCpu<T>(asked: () => void, f: () => T): T {
  const state = sharedState();
  if (state.depth === 0 || state.disguise) return f();
  const tensors = engine() as unknown as Runner;
  const { runKernel, runKernelFunc } = tensors;
  const disguise = { isInside: false, asked };
  const as = <R>(isInside: boolean, work: () => R): R => {
    const before = disguise.isInside;
    disguise.isInside = isInside;
    try {
      return work();
    } finally {
      disguise.isInside = before;
    }
  };
  const putBack = replaceMethods(tensors, {
    runKernel: (...args) => as(true, () => runKernel.apply(tensors, args)),
    runKernelFunc(params) {
      const { forwardFunc } = params;
      const outer = forwardFunc
        ? { ...params, forwardFunc: (...args: unknown[]) => as(false, () => forwardFunc(...args)) }
        : params;
      return as(true, () => runKernelFunc.call(tensors, outer));
    },
  });
  state.disguise = disguise;
  try {
    return f();
  } finally {
    state.disguise = undefined;
    putBack();
  }
}

/** What is replaced here, and for a check. */
const REPLACED = ['readSync', 'read', 'runKernel', 'runKernelFunc', 'clone', 'keep'];

/**
 * Readies TensorFlow.js' engine, once and for all: its `backendName` says cpu where it is in disguise, and methods that are replaced for a
 * time have their places. To define a property anew makes V8 keep an object as a dictionary, and each op then takes half as long again,
 * here and in all that the program does afterwards; an object that becomes a prototype is made fast again.
 */
function prepare(tensors: Engine, state: State): void {
  const { get } = Object.getOwnPropertyDescriptor(tensors, 'backendName') ?? {};
  if (get && get === state.getName) return;
  let name = tensors.backendName;
  state.getName = () => {
    const { disguise } = state;
    if (!disguise || disguise.isInside) return name;
    disguise.asked();
    return 'cpu';
  };
  Object.defineProperty(tensors, 'backendName', {
    configurable: true,
    enumerable: true,
    get: state.getName,
    set: (value: string | null) => {
      name = value;
    },
  });
  for (const method of REPLACED) methodOf(tensors as unknown as Record<string, unknown>, method);
  function Prototype(): void {}
  Prototype.prototype = tensors;
  Reflect.construct(Prototype, []);
}

/** Puts the backend and the array type in place; returns what undoes it. */
function enter(tensors: Engine, state: State): () => void {
  prepare(tensors, state);
  state.backend ??= createBackend((dataId) =>
    withArrayType(SingleArray, () => tensorInfoOf(dataId).backend.readSync(dataId)),
  );
  registerKernels(state);
  const own = state.backend;
  const { backendName, backendInstance } = tensors;
  const platform = tf.env().platform;
  const { isTypedArray } = platform;

  tensors.backendName = BACKEND_NAME;
  tensors.backendInstance = own;
  // Tensors of other backends are read as their backend expects it, which may lay bytes out as a Float32Array.
  const putReadingBack = replaceMethods(tensors, {
    readSync: (dataId) =>
      own.owns(dataId) ? own.readSync(dataId) : (own.data.get(dataId).values as Float32Array),
    read: (dataId) =>
      own.owns(dataId)
        ? own.read(dataId)
        : withArrayType(SingleArray, () => tensorInfoOf(dataId).backend.read(dataId)),
  });
  const putPlatformBack = replaceMethods(platform, {
    isTypedArray: (x: unknown): x is Float32Array =>
      isTypedArray.call(platform, x) || x instanceof Float64Array || x instanceof SingleArray,
  });
  setArrayType(Float64Array);

  return () => {
    setArrayType(SingleArray);
    putPlatformBack();
    putReadingBack();
    Object.assign(tensors, { backendName, backendInstance });
    own.forgetCopies();
    for (const variable of Object.values(tensors.state.registeredVariables)) {
      if (!variable.isDisposed && own.owns(variable.dataId))
        tensors.moveData(tensors.backend, variable.dataId);
    }
  };
}

function setArrayType(type: unknown): void {
  globalThis.Float32Array = type as typeof Float32Array;
}

function withArrayType<T>(type: unknown, f: () => T): T {
  const before = globalThis.Float32Array;
  setArrayType(type);
  try {
    return f();
  } finally {
    setArrayType(before);
  }
}

/** Makes a tensor that left give its doubles, as long as its numbers are in double precision. */
function readInDouble(tensor: tf.Tensor): void {
  const own = sharedState().backend;
  if (!own || tensor.isDisposed || tensor instanceof tf.Variable || !own.owns(tensor.dataId)) return;
  const doubles = (dataId: DataId): Float64Array =>
    withArrayType(Float64Array, () => own.readSync(dataId)) as unknown as Float64Array;
  const { dataSync, data } = tensor;
  const reads = {
    dataSync: () => (own.owns(tensor.dataId) ? doubles(tensor.dataId) : dataSync.call(tensor)),
    data: async () => (own.owns(tensor.dataId) ? doubles(tensor.dataId) : data.call(tensor)),
  };
  Object.assign(tensor, reads);
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';

/** The tensors in a result: itself, or within arrays and plain objects. */
function tensorsIn(value: unknown, seen = new Set<unknown>()): tf.Tensor[] {
  if (value instanceof tf.Tensor) return [value];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return [];
  seen.add(value);
  return Object.values(value).flatMap((item) => tensorsIn(item, seen));
}
