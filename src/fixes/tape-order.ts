/**
 * The order of TensorFlow.js' tape, mended from outside.
 *
 * A kernel that saves its output for its gradient saves a clone of it, and the clone's node is recorded while the kernel runs, before
 * the kernel's own node. Who walks the tape in its order, as the search for what leads from x to y does, meets the clone of a tensor that no
 * node has made yet: the way from x through a saved output is cut. Where it is the only way, the second derivative throws; else a
 * part of it is missing, in silence. So an op's node has to go in front of the nodes that take its outputs.
 *
 * Upstream: https://github.com/tensorflow/tfjs/issues/3252.
 */
import * as tf from '@tensorflow/tfjs';
import { methodOf } from '../methods.js';

/** What is used here of a node and of the engine, which TensorFlow.js' types keep private. */
interface TapeNode {
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
}

type AddTapeNode = (
  this: TapeEngine,
  kernelName: string,
  inputs: Record<string, tf.Tensor>,
  outputs: tf.Tensor[],
  ...rest: unknown[]
) => void;

interface TapeEngine {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  addTapeNode: AddTapeNode;
}

/** On the function that keeps the order: the engine's own, or whatever stood there before. */
const replaced = Symbol.for('gradparity.tapeOrder');

type Mended = AddTapeNode & { [replaced]?: AddTapeNode };

const engineOf = (): TapeEngine => tf.engine() as unknown as TapeEngine;

/** Whether a node is that of a clone: one input, one output, nothing saved. */
const isClone = ({ inputs, outputs, saved }: TapeNode): boolean =>
  saved.length === 0 && outputs.length === 1 && Object.keys(inputs).length === 1;

/** Moves the last node of the tape in front of the clones of its outputs, which are among the nodes right before it. */
function putInOrder(tape: TapeNode[]): void {
  const node = tape[tape.length - 1];
  const made = new Set(node.outputs.map(({ id }) => id));
  let first = tape.length - 1;
  for (let at = tape.length - 2; at >= 0 && isClone(tape[at]); at--) {
    if (Object.values(tape[at].inputs).some(({ id }) => made.has(id))) first = at;
  }
  if (first === tape.length - 1) return;
  tape.pop();
  tape.splice(first, 0, node);
}

/** Whether the tape is recorded in the right order now. */
export const isTapeOrdered = (): boolean => (engineOf().addTapeNode as Mended)[replaced] !== undefined;

/** Has TensorFlow.js record its tape in the right order, from now on. Called twice, it does nothing more. */
export function applyTapeOrder(): void {
  if (isTapeOrdered()) return;
  const engine = engineOf();
  const before = methodOf(engine, 'addTapeNode');
  const ordered: Mended = function (name, inputs, outputs, ...rest) {
    before.call(this, name, inputs, outputs, ...rest);
    // A node without saved tensors has no clones of its own.
    const tape = this.state.activeTape;
    if (tape && tape.length > 1 && tape[tape.length - 1].saved.length > 0) putInOrder(tape);
  };
  ordered[replaced] = before;
  engine.addTapeNode = ordered;
}

/** Puts TensorFlow.js' own order back. */
export function removeTapeOrder(): void {
  const engine = engineOf();
  const before = (engine.addTapeNode as Mended)[replaced];
  if (before) engine.addTapeNode = before;
}

/** Calls the synchronous f while the tape is recorded in the right order. */
export function withTapeOrder<T>(f: () => T): T {
  if (isTapeOrdered()) return f();
  applyTapeOrder();
  try {
    return f();
  } finally {
    removeTapeOrder();
  }
}

/**
 * Disposes what the nodes of a tape have saved that was left behind by an error: TensorFlow.js does so at a gradient's end alone.
 * While a gradient is still being taken, nothing.
 */
export function releaseTape(): void {
  const { state } = engineOf();
  if (state.gradientDepth > 0) return;
  for (const { saved } of state.activeTape ?? []) tf.dispose(saved);
  state.activeTape = null;
}
