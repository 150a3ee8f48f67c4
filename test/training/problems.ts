/** Small data sets to train on. */
import * as tf from '@tensorflow/tfjs';
import { Mlp } from '../../src/networks/mlp.js';

/** N points of three classes: the largest of three coordinates names the class; with a fourth that says nothing. */
export function threeClasses(examples: number, seed = 5): { x: tf.Tensor2D; t: tf.Tensor1D } {
  return tf.tidy(() => {
    const x = tf.randomUniform<tf.Rank.R2>([examples, 4], 0, 1, 'float32', seed);
    return { x, t: tf.argMax(tf.slice(x, [0, 0], [-1, 3]), 1).toInt() as tf.Tensor1D };
  });
}

/** A network for `threeClasses`. */
export const smallNetwork = (seed = 3): Mlp => new Mlp({ sizes: [4, 5, 3], weightInitStd: 0.5, seed });

export const xorPoints = (): { x: tf.Tensor2D; t: tf.Tensor1D } => ({
  x: tf.tensor2d([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]),
  t: tf.tensor1d([0, 1, 1, 0]),
});

/** Every parameter's entries. */
export const parametersOf = (network: Mlp): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(network.parameters).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]),
  );
