/**
 * Methods of TensorFlow.js' engine in the place of its own. The engine is one object that all copies of TensorFlow.js in a realm share, and its
 * types keep private what is used here.
 */
import * as tf from '@tensorflow/tfjs';
import { methodOf } from '../methods.js';
import type { EngineChange } from './fix.js';

/** A node of the tape. */
export interface TapeNode {
  id: number;
  kernelName: string;
  inputs: Record<string, tf.Tensor | null | undefined>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

export type CustomFunction = (...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
  value: tf.Tensor;
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
};

/** What is used here of the engine. */
export interface Engine {
  state: {
    activeTape: TapeNode[] | null;
    gradientDepth: number;
    kernelDepth: number;
    activeScope: { name: string } | null;
    /** The ops that are under way, the innermost last. */
    scopeStack: { name: string }[];
  };
  scopedRun<T>(start: () => void, end: () => void, f: () => T): T;
  startTape(): void;
  endTape(): void;
  tidy<T>(nameOrFunction: string | (() => T), f?: () => T): T;
  runKernel(name: string, inputs: object, attrs?: object): tf.Tensor | tf.Tensor[];
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor | null,
    allowNoGradients?: boolean,
  ): { value: tf.Tensor; grads: tf.Tensor[] };
  customGrad(f: CustomFunction): (...inputs: tf.Tensor[]) => tf.Tensor;
  getTensorsForGradient(
    kernelName: string,
    inputs: Record<string, tf.Tensor | null | undefined>,
    outputs: tf.Tensor[],
  ): (tf.Tensor | null | undefined)[];
  clone(x: tf.Tensor): tf.Tensor;
  keep(x: tf.Tensor): tf.Tensor;
}

export const engine = (): Engine => tf.engine() as unknown as Engine;

type Name = 'gradients' | 'customGrad' | 'getTensorsForGradient' | 'runKernel' | 'clone' | 'keep';

/** What a method in the place of another knows of itself. */
interface Mark {
  before: unknown;
  /** What it is to do; without any, it is taken away. */
  features: Set<string>;
}

const markKey = Symbol.for('gradparity.fixes.method');

type Marked = { [markKey]?: Mark };

const markOf = (name: Name): Mark | undefined => (engine()[name] as Marked)[markKey];

/**
 * A method of the engine with features, each a change of its own that is applied and removed by itself. `make` is given the method before, and
 * the features that are wanted at the time.
 */
export function engineMethod<N extends Name>(
  name: N,
  make: (before: Engine[N], features: ReadonlySet<string>) => Engine[N],
): (feature: string) => EngineChange {
  return (feature) => ({
    isApplied: () => markOf(name)?.features.has(feature) ?? false,
    apply: () => {
      const present = markOf(name);
      if (present) {
        present.features.add(feature);
        return;
      }
      const target = engine();
      const mark: Mark = {
        before: methodOf(target, name),
        features: new Set([feature]),
      };
      const method = make(target[name], mark.features);
      (method as Marked)[markKey] = mark;
      target[name] = method;
    },
    remove: () => {
      const mark = markOf(name);
      if (!mark?.features.delete(feature) || mark.features.size > 0) return;
      Object.assign(engine(), { [name]: mark.before });
    },
  });
}
