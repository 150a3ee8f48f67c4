/**
 * TensorFlow.js' faults where the fixes are not in place: gradients that are wrong without a word are told of when one is asked for, and errors
 * are told with the op whose gradient they come from.
 */
import * as tf from '@tensorflow/tfjs';
import { replaceMethods } from '../methods.js';
import { releasing } from './backpropagation.js';
import { engine, type Engine, type TapeNode } from './engine-methods.js';

/** The ids of the fixes that are in place, by any copy of this package. */
const applied = (): ReadonlySet<string> =>
  (engine() as unknown as Record<symbol, { applied: Set<string> } | undefined>)[
    Symbol.for('gradparity.fixes')
  ]?.applied ?? new Set();

/** Whether fixes are in place, all or some. */
export const areFixesApplied = (): boolean => applied().size > 0;

/** Whether one fix is in place. */
export const isFixApplied = (id: string): boolean => applied().has(id);

/** How to come by right gradients. */
export const REMEDY = "`import 'gradparity/fixes'` mends this.";

/** A gradient of TensorFlow.js that would be wrong, or can't be computed. */
export class FaultyGradientError extends Error {
  override readonly name = 'FaultyGradientError';

  constructor(
    /** The op, by its kernel's name. */
    readonly op: string,
    readonly how: 'wrong' | 'throws',
    options?: ErrorOptions,
  ) {
    super(`${op}: the gradient of TensorFlow.js ${how === 'wrong' ? 'is wrong' : 'throws'} here.`, options);
  }
}

type Attributes = Record<string, unknown>;

/** The inputs by which the gradient of an op is wrong. `isNested`: its own gradient is to be taken. */
type Wrong = (node: TapeNode, attributes: Attributes, isNested: boolean) => readonly string[];

/** Whether an extreme occurs more than once, and each occurrence is given the whole gradient. */
const isTied: Wrong = ({ inputs, outputs }, attributes) => {
  const x = inputs.x as tf.Tensor;
  const axis = (attributes.reductionIndices ?? attributes.axis) as number | number[];
  return tf.tidy(() => {
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const occurrences = tf.sum(tf.cast(tf.equal(x, tf.reshape(outputs[0], kept)), 'float32'));
    return occurrences.dataSync()[0] > outputs[0].size;
  })
    ? ['x']
    : [];
};

const wrong: Record<string, Wrong> = {
  MirrorPad: (_node, { paddings }) => ((paddings as number[][]).flat().some((n) => n > 0) ? ['x'] : []),
  FloorDiv: () => ['a', 'b'],
  Cast: ({ inputs, outputs }) =>
    inputs.x?.dtype === 'float32' && outputs[0].dtype !== 'float32' && outputs[0].dtype !== 'complex64'
      ? ['x']
      : [],
  // Transposed where the axis is not the last: seen by its shape, but for lengths that are equal.
  Cumsum: ({ inputs }, { axis }) => {
    const rank = inputs.x?.rank ?? 0;
    return rank > 1 && ((axis as number) + rank) % rank !== rank - 1 ? ['x'] : [];
  },
  Max: isTied,
  Min: isTied,
  softmaxCrossEntropy__op: (_node, _attributes, isNested) => (isNested ? ['0', '1'] : ['0']),
};

/** Of an op's gradient, watched: what is wrong throws, and so does what throws, with the op's name. */
function watched(node: TapeNode, attributes: Attributes): TapeNode['gradient'] {
  const { gradient, kernelName } = node;
  if (!gradient) return undefined;
  const isOwn = tf.getGradient(kernelName) !== undefined;
  const within = <T>(f: () => T): T => {
    if (!isOwn) return f();
    try {
      return f();
    } catch (error) {
      if (error instanceof FaultyGradientError) throw error;
      throw new FaultyGradientError(kernelName, 'throws', { cause: error });
    }
  };
  return (dys) => {
    const made = within(() => gradient(dys));
    const faulty = wrong[kernelName]?.(node, attributes, engine().state.gradientDepth > 0) ?? [];
    return Object.fromEntries(
      Object.entries(made).map(([name, of]) => [
        name,
        () => {
          if (faulty.includes(name)) throw new FaultyGradientError(kernelName.replace(/__op$/, ''), 'wrong');
          return within(of);
        },
      ]),
    );
  };
}

type AddTapeNode = (
  this: Engine,
  name: string,
  inputs: unknown,
  outputs: tf.Tensor[],
  gradient: unknown,
  saved: unknown,
  attributes?: Attributes,
) => void;

/** Calls f, in which gradients are taken, with TensorFlow.js' faults told of. With fixes in place there is nothing to tell. */
export function tellingFaults<T>(f: () => T): T {
  if (areFixesApplied()) return f();
  const target = engine() as unknown as { addTapeNode: AddTapeNode; runKernel: Engine['runKernel'] };
  const { addTapeNode, runKernel } = target;
  const putBack = replaceMethods(target, {
    addTapeNode(name, inputs, outputs, gradient, saved, attributes = {}) {
      addTapeNode.call(this, name, inputs, outputs, gradient, saved, attributes);
      const tape = this.state.activeTape ?? [];
      // It is the last, or before clones of what it made.
      let at = tape.length - 1;
      while (at >= 0 && tape[at].outputs !== outputs) at--;
      if (at >= 0) tape[at].gradient = watched(tape[at], attributes);
    },
    runKernel(name, inputs, attributes) {
      try {
        return runKernel.call(this, name, inputs, attributes);
      } catch (error) {
        // Recording an op that was not given an optional input, of which a clone is to be saved.
        const isClone = error instanceof FaultyGradientError && error.op === 'Identity';
        const isMissing =
          error instanceof TypeError &&
          engine().state.gradientDepth > 0 &&
          /'(dataId|id)'/.test(error.message);
        if (isClone || isMissing) {
          throw new FaultyGradientError(name, 'throws', { cause: isClone ? error.cause : error });
        }
        throw error;
      }
    },
  });
  releasing.apply();
  try {
    return f();
  } finally {
    releasing.remove();
    putBack();
  }
}
