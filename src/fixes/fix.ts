/** What one fix of TensorFlow.js is. */
import type * as tf from '@tensorflow/tfjs';

/** A fault of TensorFlow.js and what mends it: gradients and kernels that take the place of those it has, or changes to its engine. */
export interface Fix {
  /** A short name, as `cumsum`: `applyFixes({only: ['cumsum']})`. */
  readonly id: string;
  /** The chapter of the table in docs/fixes.md that it stands in. */
  readonly family: string;
  /** The ops it mends, by their names in `tf`. */
  readonly ops: readonly string[];
  /** What is wrong without it, as a sentence. */
  readonly wrong: string;
  /** The month since which it is in TensorFlow.js' source, `2020-10`, where its history tells. */
  readonly since?: string;
  /** The thread upstream. */
  readonly upstream?: string;
  /** The versions of TensorFlow.js that it was tried with; without, `TRIED`. */
  readonly tried?: readonly string[];
  /** Gradients for the registry of TensorFlow.js, by the kernel's name. */
  readonly gradients?: readonly tf.GradConfig[];
  /**
   * Kernels for the registry of TensorFlow.js. One for a backend whose kernels are not registered yet waits for them, and one for a kernel
   * that a backend does not have is there as soon as the backend's others are.
   */
  readonly kernels?: readonly tf.KernelConfig[];
  /** A change to the engine. */
  readonly engine?: EngineChange;
}

/** A change to TensorFlow.js' engine. Applied twice, it is applied once. */
export interface EngineChange {
  /** Makes the change. */
  apply(): void;
  /** Takes it back. */
  remove(): void;
  /** Whether it is there. */
  isApplied(): boolean;
}

/** The versions of TensorFlow.js that fixes were tried with. */
export const TRIED: readonly string[] = ['4.22.0'];
