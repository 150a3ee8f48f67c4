/** The network of "Deep Learning from Scratch", chapter 4. */
import type * as tf from '@tensorflow/tfjs';
import { Mlp } from './mlp.js';

/** The sizes of a `TwoLayerNet` and its initial weights. */
export interface TwoLayerNetOptions {
  /** Default 784: the pixels of an MNIST digit. */
  inputSize?: number;
  /** Default 50. */
  hiddenSize?: number;
  /** Default 10. */
  outputSize?: number;
  weightInitStd?: number;
  seed?: number;
}

/**
 * One hidden layer of sigmoids, softmax, cross-entropy with 1e-7 inside the logarithm: `y = softmax(σ(x·W1 + b1)·W2 + b2)`.
 *
 * @throws InputError as Mlp. Source: Saito, §4.5.1.
 */
export class TwoLayerNet extends Mlp {
  declare readonly parameters: Readonly<Record<'W1' | 'b1' | 'W2' | 'b2', tf.Variable>>;

  constructor({
    inputSize = 784,
    hiddenSize = 50,
    outputSize = 10,
    weightInitStd = 0.01,
    seed,
  }: TwoLayerNetOptions = {}) {
    super({
      sizes: [inputSize, hiddenSize, outputSize],
      activations: 'sigmoid',
      task: 'multiclass',
      weightInitStd,
      seed,
    });
  }
}
