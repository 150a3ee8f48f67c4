/** Where the first NaN or infinity of a computation, or of its gradient, arises. */
import * as tf from '@tensorflow/tfjs';
import { releaseTape } from '../fixes/tape-order.js';
import { replaceMethods, stackOfMethods } from '../methods.js';

/** A number that is not finite came out of an op whose inputs are all finite. */
export class AnomalyError extends Error {
  override readonly name = 'AnomalyError';

  constructor(
    message: string,
    /** The op: TensorFlow.js' name of its kernel, as `Log`; of an op by tf.customGrad 'customGrad'. */
    readonly op: string,
    /** Whether it arose in the op itself or in its gradient. */
    readonly phase: 'forward' | 'gradient',
    /** Where the op is called in code outside of TensorFlow.js: `file:line:column`. */
    readonly line: string | undefined,
  ) {
    super(message);
  }
}

/** What counts as an anomaly. */
export interface AnomalyOptions {
  /** Whether infinities count too, as by default, or NaN alone. */
  infinities?: boolean;
}

interface Kernel {
  kernelName?: string;
  inputs?: Record<string, tf.Tensor | null | undefined>;
}

interface TapeNode {
  id: number;
  kernelName: string;
  gradient?: (dys: tf.Tensor[]) => Record<string, () => tf.Tensor>;
}

/** What is watched of TensorFlow.js' engine, which its types keep private. */
interface WatchedEngine {
  state: { activeTape: TapeNode[] | null; nextTapeNodeId: number };
  runKernelFunc(kernel: Kernel): tf.Tensor | tf.Tensor[];
  addTapeNode(...args: unknown[]): void;
}

/** An op by tf.customGrad has the name of the scope it is called in, or none. */
const nameOf = (kernelName: string | undefined): string =>
  kernelName && tf.getKernel(kernelName, tf.getBackend()) ? kernelName : 'customGrad';

/** Frames of TensorFlow.js, of Node and of this module are not the caller's. */
const isForeign = (frame: string): boolean =>
  /@tensorflow[/\\]|[/\\]tfjs[\w-]*[/\\](?:src|dist)[/\\]|[/\\]tf[\w-]*(?:\.\w+)*\.js:|node:internal|<anonymous>$/.test(
    frame,
  );

/** The place of a stack's frame: `file:line:column`. */
const placeOf = (frame: string): string | undefined => /([^\s()@]+:\d+:\d+)\)?$/.exec(frame.trim())?.[1];

const fileOf = (place: string | undefined): string | undefined => place?.replace(/:\d+:\d+$/, '');

const framesOf = (stack: string): string[] => stack.split('\n').filter((frame) => /:\d+:\d+/.test(frame));

const stackOf = (): string[] => framesOf(new Error().stack ?? '');

/** The files between TensorFlow.js and its caller: this one and that of replaced methods, by the first frames of stacks made in them. */
const ownFiles = [stackOf(), framesOf(stackOfMethods())].map(([frame = '']) => fileOf(placeOf(frame)));

/** The innermost place outside of TensorFlow.js and of this module. */
const callerOf = (stack: readonly string[]): string | undefined =>
  stack
    .filter((frame) => !isForeign(frame))
    .map(placeOf)
    .find((place) => place !== undefined && !ownFiles.includes(fileOf(place)));

/**
 * Calls the synchronous f, and throws an AnomalyError at the first NaN or infinity that comes out of an op whose inputs are all finite: in f
 * itself, or in a gradient that f takes by tf.grad, tf.variableGrads or an optimizer's minimize. Else it returns what f returns.
 *
 * - An error in a gradient names the op whose gradient it is, and the line where f calls that op.
 * - Every result is read back, which takes several times as long as f alone: for the search of a fault, not for training.
 * - Numbers that are not finite and come from outside, as a mask of -Infinity, are no anomaly, and neither is what they lead to.
 *
 * @throws AnomalyError, and what f throws.
 */
export function detectAnomaly<T>(f: () => T, { infinities = true }: AnomalyOptions = {}): T {
  const engine = tf.engine() as unknown as WatchedEngine;
  const { runKernelFunc, addTapeNode } = engine;
  /** The gradient that is at work, by its op and where that was called. */
  let gradient: { op: string; line: string | undefined } | undefined;

  const isSound = (x: tf.Tensor): boolean => {
    if (x.dtype !== 'float32') return true;
    const values = x.dataSync();
    for (let i = 0; i < values.length; i++) {
      if (infinities ? !Number.isFinite(values[i]) : Number.isNaN(values[i])) return false;
    }
    return true;
  };

  const putBack = replaceMethods(engine, {
    runKernelFunc(kernel) {
      const inputs = Object.values(kernel.inputs ?? {})
        .flat()
        .filter((x): x is tf.Tensor => x instanceof tf.Tensor);
      const isFed = inputs.length > 0 && inputs.every(isSound);
      const outputs = runKernelFunc.call(this, kernel);
      if (!isFed || [outputs].flat().every(isSound)) return outputs;
      const op = nameOf(kernel.kernelName);
      const where = gradient ?? { op, line: callerOf(stackOf()) };
      const what = infinities ? 'that is not finite' : 'that is NaN';
      const at = where.line === undefined ? '' : `, called at ${where.line}`;
      throw new AnomalyError(
        gradient
          ? `detectAnomaly: the gradient of ${where.op}${at}, gives the first number ${what}, by ${op}.`
          : `detectAnomaly: ${op}${at}, gives the first number ${what}, from inputs that are finite.`,
        where.op,
        gradient ? 'gradient' : 'forward',
        where.line,
      );
    },
    addTapeNode(...args) {
      addTapeNode.apply(this, args);
      const id = this.state.nextTapeNodeId - 1;
      const node = this.state.activeTape?.find((one) => one.id === id);
      const original = node?.gradient;
      if (!node || !original) return;
      const from = { op: nameOf(node.kernelName), line: callerOf(stackOf()) };
      const within = <R>(work: () => R): R => {
        const before = gradient;
        gradient = from;
        try {
          return work();
        } finally {
          gradient = before;
        }
      };
      node.gradient = (dys) =>
        Object.fromEntries(
          Object.entries(within(() => original(dys))).map(([name, of]) => [name, () => within(of)]),
        );
    },
  });
  try {
    return f();
  } catch (error) {
    releaseTape();
    throw error;
  } finally {
    putBack();
  }
}
