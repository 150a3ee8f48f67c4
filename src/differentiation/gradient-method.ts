/** One loss, several ways to differentiate it: what they are asked, and what they are given to work on. */
import type * as tf from '@tensorflow/tfjs';
import type { ActivationName } from '../functions/activations.js';
import type { Reduction } from '../functions/losses.js';
import type { LossName, OutputName } from './losses.js';

/** Tensors by the names of the parameters: W1, b1, W2, … */
export type NamedTensors = Record<string, tf.Tensor>;

/** The shape of a dense network: what `structured` differences need to know besides the loss. */
export interface DenseStructure {
  /** Sizes of the input and of every layer: [784, 50, 10]. */
  readonly sizes: readonly number[];
  /** Activations of the hidden layers. */
  readonly hidden: readonly ActivationName[];
  readonly output: OutputName;
  readonly loss: LossName;
  /** The ε inside the logarithm of `crossEntropy` and `binaryCrossEntropy`. */
  readonly epsilon: number;
}

/** A network as its gradients see it. */
export interface DifferentiableNetwork {
  readonly structure: DenseStructure;
  readonly parameters: Readonly<NamedTensors>;
  /** The loss at any parameters, a function of its arguments alone. With reduction 'none', one loss an example (or an entry). */
  lossAt(parameters: Readonly<NamedTensors>, x: tf.Tensor, t: tf.Tensor, reduction?: Reduction): tf.Tensor;
  /** The loss from what goes into the output's activation: [N,outputs], or [outputs] for one example. Spares a forward pass where it is there. */
  lossOfLogits?(logits: tf.Tensor, t: tf.Tensor, reduction?: Reduction): tf.Tensor;
}

/** What a gradient method returns. */
export interface LossAndGradients {
  /** The loss at the network's parameters. */
  loss: number;
  /** ∂loss/∂parameter, of each parameter's shape. The caller disposes them. */
  gradients: NamedTensors;
}

/** A way to get `∂loss/∂parameters`. */
export interface GradientMethod {
  readonly name: string;
  /** The loss at the network's parameters and its gradient there, for a batch x with its targets t. */
  lossAndGradients(network: DifferentiableNetwork, x: tf.Tensor, t: tf.Tensor): LossAndGradients;
}
