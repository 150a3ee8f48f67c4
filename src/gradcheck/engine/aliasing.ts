/** Ops that give away a tensor which is not theirs: their input, what another op made, what an earlier call left. */
import type * as tf from '@tensorflow/tfjs';
import { inputsOf, isCustom, nameOf, waysBetween, type TapeNode } from './tape.js';

export interface Alias {
  sentence: string;
  /** Whether TensorFlow.js counts gradients twice for it, whatever the op's gradient function gives. */
  isFault: boolean;
}

const opOf = (node: TapeNode): string => (isCustom(node) ? 'tf.customGrad' : nameOf(node));

/**
 * What is aliased among the ops by which `ys` hang on `xs`. TensorFlow.js adds up gradients by the tensors' ids: where an op's result
 * has the id of its input, dy is added to the op's own gradient; where it has that of another op's result, dy counts for both.
 * Tensors made since f was called have ids of `since` and more.
 */
export function aliasesOn(
  tape: readonly TapeNode[],
  xs: readonly tf.Tensor[],
  ys: readonly tf.Tensor[],
  since: number,
): Alias[] {
  const { nodes } = waysBetween(tape, xs, ys);
  const made = new Map<number, string>(xs.map(({ id }) => [id, "f's input"]));
  const found: Alias[] = [];
  for (const node of nodes) {
    const inputs = inputsOf(node);
    const op = opOf(node);
    for (const output of node.outputs) {
      const other = made.get(output.id);
      if (inputs.some(({ id }) => id === output.id)) {
        found.push({
          isFault: true,
          sentence: `${op} returned its input itself, so that TensorFlow.js adds dy to what its gradient function gives; a gradient function of zeros is without effect. Return a clone of it (x.clone()).`,
        });
      } else if (other !== undefined) {
        found.push({
          isFault: true,
          sentence: `${op} returned a tensor that is not its own (${other === "f's input" ? other : `the result of ${other}`}), so that TensorFlow.js counts dy for both. Return a clone of it (y.clone()).`,
        });
      } else if (output.id < since) {
        found.push({
          isFault: false,
          sentence: `${op} returned a tensor that was there before f was called, such as one that is cached: f then gives the same for other inputs. Compute it in each call.`,
        });
      }
      made.set(output.id, op);
    }
  }
  return found.filter(({ sentence }, i) => found.findIndex((one) => one.sentence === sentence) === i);
}
