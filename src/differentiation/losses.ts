/** The losses of networks: one row of one table holds all that a network and its gradient methods need of a loss. */
import type * as tf from '@tensorflow/tfjs';
import {
  binaryCrossEntropy,
  crossEntropy,
  halfSumSquaredError,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  softmaxCrossEntropy,
  type Reduction,
} from '../functions/losses.js';
import type { Differentiable } from './differences.js';
import { binaryDifference, crossEntropyDifference, residualDifference } from './loss-differences.js';

/** The activation of the last layer. */
export type OutputName = 'identity' | 'sigmoid' | 'softmax';

interface LossRow {
  /** The output that the loss wants; 'identity' goes with any. */
  output: OutputName;
  /** Whether `value` takes the logits rather than the outputs. */
  ofLogits?: boolean;
  value(y: tf.Tensor, t: tf.Tensor, options: { reduction?: Reduction; epsilon: number }): tf.Tensor;
  /** What single losses there are: one for each example, or one for each output of each example. */
  singles: 'example' | 'output';
  /** How the single ones make up the loss. A root of their mean does not come apart. */
  whole: 'mean' | 'sum' | 'root';
  /** The change of an example's single losses, summed, by moves of its logits; or, of all but entropies, of its residuals. */
  difference:
    { ofLogits(target: tf.Tensor, epsilon: number): Differentiable } | { ofResiduals: Differentiable };
}

export const lossTable = {
  crossEntropy: {
    output: 'softmax',
    value: crossEntropy,
    singles: 'example',
    whole: 'mean',
    difference: { ofLogits: crossEntropyDifference },
  },
  softmaxCrossEntropy: {
    output: 'softmax',
    ofLogits: true,
    value: (logits, t, { reduction }) => softmaxCrossEntropy(logits, t, { reduction }),
    singles: 'example',
    whole: 'mean',
    difference: { ofLogits: (target) => crossEntropyDifference(target, 0) },
  },
  binaryCrossEntropy: {
    output: 'sigmoid',
    value: binaryCrossEntropy,
    singles: 'output',
    whole: 'mean',
    difference: { ofLogits: binaryDifference },
  },
  meanSquaredError: {
    output: 'identity',
    value: meanSquaredError,
    singles: 'output',
    whole: 'mean',
    difference: { ofResiduals: residualDifference.square },
  },
  halfSumSquaredError: {
    output: 'identity',
    value: halfSumSquaredError,
    singles: 'output',
    whole: 'sum',
    difference: { ofResiduals: residualDifference.halfSquare },
  },
  rootMeanSquaredError: {
    output: 'identity',
    value: rootMeanSquaredError,
    singles: 'output',
    whole: 'root',
    // The squares under the root.
    difference: { ofResiduals: residualDifference.square },
  },
  meanAbsoluteError: {
    output: 'identity',
    value: meanAbsoluteError,
    singles: 'output',
    whole: 'mean',
    difference: { ofResiduals: residualDifference.absolute },
  },
  huber: {
    output: 'identity',
    value: huber,
    singles: 'output',
    whole: 'mean',
    difference: { ofResiduals: residualDifference.huber },
  },
} satisfies Record<string, LossRow>;

/** The losses that a network can be trained with, by name. */
export type LossName = keyof typeof lossTable;

/** The row of a loss. */
export const lossRow = (name: LossName): LossRow => lossTable[name];
