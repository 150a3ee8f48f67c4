/** What is observed of a case: the types. */
import type { Entry } from '../../gradcheck/engine/index.js';
import type { Bracket } from './kinks.js';

/** Backends of TensorFlow.js, by their names there; wasm-nosimd is wasm without vector instructions, which has a build of its own. */
export const sweepBackends = ['cpu', 'wasm', 'wasm-nosimd', 'tensorflow', 'webgl', 'webgpu'] as const;
export type SweepBackend = (typeof sweepBackends)[number];

/** double: the kernels of the double-precision backend, and numerical differences of them. */
export type Stage = 'double' | SweepBackend;

/** A part of a stage: told before it begins, so that one who waits knows where it hung. */
export type Phase = 'forward' | 'backward' | 'differences' | 'second order';

/** What came, or what was thrown, and by which part of TensorFlow.js, where that can be told. */
export type Outcome<T> = { ok: T } | { error: string; origin?: 'core' | 'kernel' };

/** What the double-precision backend says where other backends look for a tensor that is gone. */
export const UNKNOWN_TENSOR = 'a kernel was given a tensor that TensorFlow.js does not know';

/** What stands before the words with which WebGPU refuses a shader or a call: TensorFlow.js goes on with what was in the memory. */
export const REFUSED = 'WebGPU refuses it: ';

export interface Values {
  shape: number[];
  values: number[];
}

/** By differentiated input; null where autodiff did not reach it. */
export type Gradients = Record<string, number[] | null>;

export interface StageObservation {
  stage: Stage;
  forward: Outcome<Values>;
  /** Not there where the forward pass threw. */
  backward?: Outcome<Gradients>;
  /** Tensors left behind by each pass. */
  leaks: { forward: number; backward: number };
}

export interface DoubleObservation extends StageObservation {
  stage: 'double';
  /** By differentiated input, the derivative of Σ dy·f by each entry, and what is to be said of it. */
  differences?: Record<string, Difference[]>;
  /** At kinks: what the gradient's component along some directions has to lie between. */
  brackets?: Bracket[];
  second?: SecondOrder;
  kernels: { forward: string[]; backward: string[] };
  /** Kernels whose outputs are never of a floating-point dtype: they have no derivative. */
  discrete: string[];
  /** Those of `kernels` that are the cpu backend's own: wrong here, if they are wrong there. */
  stock: string[];
  /** The core's function that told the kernels wrong places for their windows. */
  misplacing?: string;
}

export interface Difference {
  numerical: number;
  errorBar: number;
  state: Entry['state'];
}

export interface SecondOrder {
  /** What the gradient's gradient threw, or did else than give numbers. */
  failure?: string;
  /** The first entry that is wrong. */
  wrong?: { input: string; entry: number; autodiff: number; numerical: number; errorBar: number };
  /** All entries of the input that has a wrong one. */
  autodiff?: number[];
  /** The tape has a saved output's clone before the op that made it, and loses the way through it. */
  lostByOrder?: true;
  /** Autodiff did not reach that input: tf.grad throws where these are zeros. */
  unreached?: true;
}

/** A stage that never came to its end. */
export interface LostObservation {
  stage: Stage;
  lost: 'hangs' | 'crashes' | 'memory';
  phase: Phase;
  message: string;
}

export type Observation = StageObservation | DoubleObservation | LostObservation;

export const isLost = (observation: Observation): observation is LostObservation => 'lost' in observation;
