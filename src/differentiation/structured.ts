/**
 * Central differences through a network's structure: the numbers that the loop over all parameters gives, from a small part
 * of its work, and without its cancellation.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { oneHotOfLabels } from '../functions/losses.js';
import type {
  DenseStructure,
  DifferentiableNetwork,
  GradientMethod,
  LossAndGradients,
} from './gradient-method.js';
import { BOOK_STEP, checkStep } from './numbers.js';
import { fusedDifferences, isFusable } from './structured-fused.js';
import { tensorDifferences } from './structured-tensors.js';

/** By tf ops for any dense network, or by fused loops over doubles for one hidden layer with softmax and cross-entropy. */
export type StructuredKernel = 'auto' | 'tensors' | 'fused';

export interface StructuredOptions {
  /** The step, the book's 1e-4 by default. */
  h?: number;
  /** Bound on the memory of intermediate results, in MiB, 256 by default; the work is cut to fit. */
  memoryLimit?: number;
  /** 'auto', the default: fused where it can be, tensors elsewhere. */
  kernel?: StructuredKernel;
}

/**
 * Exact central differences `(L(θ + h) - L(θ - h)) / 2h` of every parameter of a dense network: any depth, activations, output
 * and loss.
 *
 * - Inputs of 0 cost nothing, equal inputs of an example are evaluated once, and only the layers above the moved one again.
 * - kernel 'tensors': tf ops on the backend in use. 'fused': plain loops over doubles, for one hidden layer with softmax,
 *   cross-entropy and labels or one-hot targets, and steps that move the logits little; the same numbers, many times faster.
 *
 * @throws InputError for h ≤ 0, targets that do not fit, and kernel 'fused' for another network, soft targets or a large step.
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
  if (!['auto', 'tensors', 'fused'].includes(kernel)) {
    throw new InputError(
      `structured: kernel must be 'auto', 'tensors' or 'fused', got ${JSON.stringify(kernel)}.`,
    );
  }
  return {
    name: 'structured',
    lossAndGradients(network, x, t) {
      const fused = kernel === 'tensors' ? undefined : fusedGradients(network, x, t, h);
      if (fused) return fused;
      if (kernel === 'fused') {
        const { sizes, output, loss } = network.structure;
        throw new InputError(
          `structured: the fused kernel wants one hidden layer, softmax and cross-entropy, labels or one-hot targets, and a step that moves the logits little; got sizes [${sizes.join(',')}], output ${output}, loss ${loss}, h = ${h}. Leave kernel out, or choose 'tensors'.`,
        );
      }
      return tf.tidy(() => ({
        loss: network.lossAt(network.parameters, x, t).dataSync()[0],
        gradients: tensorDifferences(
          network,
          x,
          targetsOf(network.structure, x, t),
          h,
          memoryLimit * 2 ** 20,
        ),
      }));
    },
  };
}

function fusedGradients(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
  h: number,
): LossAndGradients | undefined {
  if (!isFusable(network.structure)) return undefined;
  const labels = labelsOf(network.structure, x, t);
  if (labels?.length !== x.size / network.structure.sizes[0]) return undefined;
  return fusedDifferences(network, x.dataSync(), labels, h);
}

/** Whether t holds a label for each example rather than a row of the outputs. */
const areLabels = ({ output }: DenseStructure, x: tf.Tensor, t: tf.Tensor): boolean =>
  output === 'softmax' && t.rank === x.rank - 1;

/** The class of every example; undefined for soft targets. */
function labelsOf(structure: DenseStructure, x: tf.Tensor, t: tf.Tensor): Int32Array | undefined {
  const classes = structure.sizes[structure.sizes.length - 1];
  if (areLabels(structure, x, t)) {
    tf.tidy(() => void oneHotOfLabels('structured', true, t, classes));
    return Int32Array.from(t.dataSync());
  }
  // Targets of another shape are the loss's to refuse.
  if (!tf.util.arraysEqual(t.shape, [...x.shape.slice(0, -1), classes])) return undefined;
  const values = t.dataSync();
  const labels = new Int32Array(values.length / classes).fill(-1);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue;
    const n = Math.floor(i / classes);
    if (values[i] !== 1 || labels[n] !== -1) return undefined;
    labels[n] = i % classes;
  }
  return labels.includes(-1) ? undefined : labels;
}

/** The targets as [examples, outputs]. */
function targetsOf(structure: DenseStructure, x: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const outputs = structure.sizes[structure.sizes.length - 1];
  const target = areLabels(structure, x, t) ? oneHotOfLabels('structured', true, t, outputs) : t;
  return tf.reshape(tf.cast(target, 'float32'), [-1, outputs]);
}
