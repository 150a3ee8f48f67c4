/** TensorFlow.js' tape: what it recorded of a function, whose gradient is at work, and what a throw leaves behind. */
import * as tf from '@tensorflow/tfjs';
import { releaseTape } from '../../fixes/tape-order.js';
import { engine } from '../../float64/engine.js';
import { replaceMethods } from '../../methods.js';

export { releaseTape as forgetTape };

/** An op as the tape has it: an op's kernel, or a function of tf.customGrad. */
export interface TapeNode {
  kernelName: string;
  inputs: tf.NamedTensorMap;
  outputs: tf.Tensor[];
  gradient?: (dys: tf.Tensor[]) => Record<string, () => tf.Tensor>;
  saved?: tf.Tensor[];
}

/** What of TensorFlow.js' engine records and saves. */
interface Recorder {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  startTape(): void;
  endTape(): void;
  clone(x: tf.Tensor): tf.Tensor;
  keep(x: tf.Tensor): tf.Tensor;
  runKernel(name: string, inputs: Record<string, unknown>, attrs?: unknown): unknown;
}

const recorder = (): Recorder => engine() as unknown as Recorder;

/** An op that was given a tensor which is not there any more. TensorFlow.js itself says this in many ways, or not at all. */
export class DisposedTensorError extends Error {
  constructor(readonly kernel: string) {
    super(`${kernel} was given a tensor that was disposed`);
  }
}

const kernels = new WeakMap<object, string>();

/** The kernel of the op that threw an error inside of `watchingKernels`. */
export const kernelOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null ? kernels.get(error) : undefined;

/**
 * Runs `f`, with a DisposedTensorError wherever an op is given a disposed tensor, and remembers which op threw an error. `ran` is told of
 * every kernel.
 */
export function watchingKernels<T>(f: () => T, ran: (kernel: string, attrs: unknown) => void = () => {}): T {
  const tensors = recorder();
  const { runKernel } = tensors;
  const putBack = replaceMethods(tensors, {
    runKernel(name, inputs, attrs) {
      const given = Object.values(inputs).flat() as (Partial<tf.Tensor> | null | undefined)[];
      if (given.some((tensor) => tensor?.isDisposed)) throw new DisposedTensorError(name);
      ran(name, attrs);
      try {
        return runKernel.call(tensors, name, inputs, attrs);
      } catch (error) {
        // The outermost one is the op's own: it may call others.
        if (typeof error === 'object' && error !== null) kernels.set(error, name);
        throw error;
      }
    },
  });
  try {
    return f();
  } finally {
    putBack();
  }
}

/**
 * Runs work that computes gradients. Where it throws, what TensorFlow.js saved for the backward pass is let go, also by an op
 * that threw while it was being recorded and so is on no tape.
 */
export function releasingSaved<T>(work: () => T): T {
  const tensors = recorder();
  if (tensors.state.gradientDepth > 0) return work();
  const { clone, keep } = tensors;
  const clones = new WeakSet<tf.Tensor>();
  const saved: tf.Tensor[] = [];
  // What is saved is a clone that is kept. tf.clone goes another way, so that what f itself keeps is not touched.
  const putBack = replaceMethods(tensors, {
    clone(x) {
      const copy = clone.call(tensors, x);
      clones.add(copy);
      return copy;
    },
    keep(x) {
      if (clones.has(x)) saved.push(x);
      return keep.call(tensors, x);
    },
  });
  try {
    return work();
  } catch (error) {
    tf.dispose(saved);
    tensors.state.activeTape = null;
    throw error;
  } finally {
    putBack();
  }
}

/** Runs `f` with the tape on, and returns what it returns and what was recorded. Call it within tf.tidy. */
export function recorded<T>(f: () => T): { result: T; tape: TapeNode[] } {
  const tensors = recorder();
  return releasingSaved(() => {
    tensors.startTape();
    try {
      const result = f();
      return { result, tape: [...(tensors.state.activeTape ?? [])] };
    } finally {
      tensors.endTape();
      releaseTape();
    }
  });
}

const watched = new WeakSet<TapeNode>();

/** The ops recorded by now. */
export const activeTape = (): readonly TapeNode[] => recorder().state.activeTape ?? [];

/** What became of a gradient function's dy. */
export type Misuse = 'disposed' | 'returned';

/**
 * Calls `entered` whenever the gradient of one of the ops recorded by now is at work, and `misused` where it disposed of its dy, or
 * returned dy itself for several inputs: TensorFlow.js disposes of a gradient when it adds another one to it.
 */
export function watchGradients(
  entered: (node: TapeNode) => void,
  misused: (node: TapeNode, how: Misuse) => void = () => {},
  around: <T>(work: () => T) => T = (work) => work(),
): void {
  for (const node of activeTape()) {
    const { gradient } = node;
    if (!gradient || watched.has(node)) continue;
    watched.add(node);
    node.gradient = (dys) => {
      entered(node);
      const given = dys.filter((dy: tf.Tensor | null) => dy !== null && !dy.isDisposed);
      const requireKept = (): void => {
        if (given.some(({ isDisposed }) => isDisposed)) misused(node, 'disposed');
      };
      const gradients = around(() => gradient(dys));
      requireKept();
      let same = 0;
      return Object.fromEntries(
        Object.entries(gradients).map(([name, of]) => [
          name,
          () => {
            entered(node);
            const result = around(of);
            requireKept();
            if (dys.includes(result) && ++same > 1) misused(node, 'returned');
            return result;
          },
        ]),
      );
    };
  }
}

/** The tensors that an op was given. With `gradparity/fixes` an op is recorded also where an optional input of it was not given. */
export const inputsOf = ({ inputs }: TapeNode): tf.Tensor[] =>
  (Object.values(inputs).flat() as (tf.Tensor | null | undefined)[]).filter((tensor) => tensor != null);

/** The ops between inputs and outputs, as recorded. */
export interface Ways {
  /** Those by which the outputs hang on the inputs, in whatever order they were recorded. */
  nodes: TapeNode[];
  /** Those of them whose saved result was recorded before themselves: TensorFlow.js, which goes by the order, loses it. */
  late: TapeNode[];
}

export function waysBetween(
  tape: readonly TapeNode[],
  inputs: readonly tf.Tensor[],
  outputs: readonly tf.Tensor[],
): Ways {
  const outputsOf = (node: TapeNode): tf.Tensor[] => node.outputs;
  const back = reach([...tape].reverse(), outputs, outputsOf, inputsOf, Infinity);
  const between = (rounds: number): Set<TapeNode> => {
    const ahead = reach(tape, inputs, inputsOf, outputsOf, rounds);
    return new Set(tape.filter((node) => ahead.has(node) && back.has(node)));
  };
  const [all, inOrder] = [between(Infinity), between(1)];
  const lost = new Set([...all].filter((node) => !inOrder.has(node)).flatMap(inputsOf));
  const nodes = [...all];
  return {
    nodes,
    late: nodes.filter((node, at) =>
      node.outputs.some((output) => lost.has(output) && nodes.slice(0, at).some(uses(output))),
    ),
  };
}

const uses =
  (tensor: tf.Tensor) =>
  (node: TapeNode): boolean =>
    inputsOf(node).includes(tensor);

/** The nodes that can be entered from these tensors, after so many rounds over the tape. */
function reach(
  tape: readonly TapeNode[],
  from: readonly tf.Tensor[],
  enter: (node: TapeNode) => tf.Tensor[],
  leave: (node: TapeNode) => tf.Tensor[],
  rounds: number,
): Set<TapeNode> {
  const ids = new Set(from.map(({ id }) => id));
  const nodes = new Set<TapeNode>();
  for (let round = 0, before = -1; round < rounds && before < nodes.size; round++) {
    before = nodes.size;
    for (const node of tape) {
      if (nodes.has(node) || !enter(node).some(({ id }) => ids.has(id))) continue;
      nodes.add(node);
      for (const { id } of leave(node)) ids.add(id);
    }
  }
  return nodes;
}

/** Whether it is a tf.customGrad, whose inputs have numbers for names, and not one within an op of TensorFlow.js' own. */
export const isCustom = (node: TapeNode): boolean => isFunction(node) && !isOfOp(node);

/** Whether it is an op of TensorFlow.js'. Copies that are saved for the backward pass are on the tape too, and are none. */
export const isOp = (node: TapeNode): boolean =>
  tf.getGradient(node.kernelName) !== undefined || hasKernel(node) || (isFunction(node) && isOfOp(node));

const isFunction = (node: TapeNode): boolean =>
  '0' in node.inputs && !Array.isArray(node.inputs) && !hasKernel(node);

const isOfOp = ({ kernelName }: TapeNode): boolean => /__op$/.test(kernelName);

const hasKernel = ({ kernelName }: TapeNode): boolean =>
  [tf.getBackend(), 'cpu'].some((backend) => tf.getKernel(kernelName, backend) !== undefined);

/** An op's name in words: its kernel's, or its own. */
export const nameOf = ({ kernelName }: TapeNode): string => kernelName.replace(/__op$/, '');
