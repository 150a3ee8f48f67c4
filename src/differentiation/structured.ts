/**
 * Central differences through a network's structure: the numbers that the loop over all parameters gives, from a small part
 * of its work, and without its cancellation.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { oneHotOfLabels } from '../functions/losses.js';
import type { DenseStructure, GradientMethod } from './gradient-method.js';
import { BOOK_STEP, checkStep } from './numbers.js';
import { structuredGradients } from './structured/gradient.js';

/** From samples of each unit's moves, or every move by itself. */
export type StructuredKernel = 'auto' | 'tensors';

/** The step of the structured differences, and the bound on their memory. */
export interface StructuredOptions {
  /** The step, the book's 1e-4 by default. */
  h?: number;
  /** Bound on the memory of intermediate results, in MiB, 256 by default; the work is cut to fit. */
  memoryLimit?: number;
  /** 'auto', the default: from samples of the moves. 'tensors': every move by itself, the same numbers hundreds of times slower. */
  kernel?: StructuredKernel;
}

/**
 * Exact central differences `(L(θ + h) - L(θ - h)) / 2h` of every parameter of a dense network: any depth, activations, output
 * and loss, and any h.
 *
 * - Only the layers above a moved parameter are evaluated again, and of a unit's moves only as many as the difference needs to be
 *   known for all of them within the rounding of float32; where a move comes over a kink, each move.
 *
 * @throws InputError for h ≤ 0 and targets that do not fit.
 */
export function structured({
  h = BOOK_STEP,
  memoryLimit = 256,
  kernel = 'auto',
}: StructuredOptions = {}): GradientMethod {
  checkStep('structured', h);
  if (!(memoryLimit > 0)) {
    throw new InputError(`structured: memoryLimit must be a number of MiB above 0, got ${memoryLimit}.`);
  }
  if (!['auto', 'tensors'].includes(kernel)) {
    throw new InputError(`structured: kernel must be 'auto' or 'tensors', got ${JSON.stringify(kernel)}.`);
  }
  return {
    name: 'structured',
    lossAndGradients: (network, x, t) =>
      tf.tidy(() => {
        const settings = { h, memoryLimit: memoryLimit * 2 ** 20, isSampled: kernel === 'auto' };
        const targetOf = (): tf.Tensor => targetsOf(network.structure, x, t);
        const { loss, gradients } = structuredGradients(network, x, t, targetOf, settings);
        return { loss, gradients };
      }),
  };
}

/** Whether t holds a label for each example rather than a row of the outputs. */
const areLabels = ({ output }: DenseStructure, x: tf.Tensor, t: tf.Tensor): boolean =>
  output === 'softmax' && t.rank === x.rank - 1;

/** The targets as [examples, outputs]. */
function targetsOf(structure: DenseStructure, x: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const outputs = structure.sizes[structure.sizes.length - 1];
  const target = areLabels(structure, x, t) ? oneHotOfLabels('structured', true, t, outputs) : t;
  return tf.reshape(tf.cast(target, 'float32'), [-1, outputs]);
}
