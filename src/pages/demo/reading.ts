/** What the network makes of a picture: probabilities, the first layer's activations, and its gradient by two methods. */
import * as tf from '@tensorflow/tfjs';
import { autodiff } from '../../differentiation/autodiff.js';
import type { GradientMethod } from '../../differentiation/gradient-method.js';
import { structured } from '../../differentiation/structured.js';
import { inFloat64 } from '../../float64/in-float64.js';
import { activationByName } from '../../functions/activations.js';
import type { Mlp } from '../../networks/mlp.js';

export interface Reading {
  probabilities: number[];
  /** Index of the likeliest class. */
  best: number;
  /** Of the first layer's units; of a network of one layer, the probabilities. */
  activations: number[];
}

/** What the network reads in `inputs`, as many numbers as it takes. */
export function read(network: Mlp, inputs: Float32Array): Reading {
  return tf.tidy(() => {
    const x = tf.tensor2d(inputs, [1, inputs.length]);
    const probabilities = Array.from(network.predict(x).dataSync());
    const { hidden } = network.structure;
    const { W1, b1 } = network.parameters;
    const activations =
      hidden.length === 0
        ? probabilities
        : Array.from(
            activationByName[hidden[0]](tf.add(tf.matMul(x, W1 as unknown as tf.Tensor2D), b1)).dataSync(),
          );
    return {
      probabilities,
      best: probabilities.indexOf(Math.max(...probabilities)),
      activations,
    };
  });
}

export interface Compared {
  loss: number;
  parameters: {
    name: string;
    entries: number;
    /** The largest |∂loss/∂parameter| by tf.grad. */
    largest: number;
    largestDifference: number;
  }[];
  /** The largest difference over the largest entry of its parameter; 0 where no gradient is other than 0. */
  relative: number;
  /** ∂loss/∂W1, [inputs, units]. */
  numerical: ArrayLike<number>;
  autodiff: ArrayLike<number>;
  milliseconds: { numerical: number; autodiff: number };
}

/**
 * The gradient of the loss for one picture and its class, by central differences and by tf.grad, both in double precision: of a picture that is
 * read with certainty the gradient is so small that float32's rounding would be most of the difference.
 */
export function compare(network: Mlp, inputs: Float32Array, label: number): Compared {
  return inFloat64(() => {
    const x = tf.tensor2d(inputs, [1, inputs.length]);
    const t = tf.tensor1d([label], 'int32');
    const [numerical, automatic] = [structured(), autodiff].map((method) =>
      gradientOf(method, network, x, t),
    );
    const parameters = Object.keys(automatic.gradients).map((name) => {
      const [a, b] = [numerical.gradients[name], automatic.gradients[name]];
      let [largest, largestDifference] = [0, 0];
      for (let k = 0; k < b.length; k++) {
        largest = Math.max(largest, Math.abs(b[k]));
        largestDifference = Math.max(largestDifference, Math.abs(a[k] - b[k]));
      }
      return { name, entries: b.length, largest, largestDifference };
    });
    return {
      loss: automatic.loss,
      parameters,
      relative: Math.max(...parameters.map(relativeOf)),
      numerical: numerical.gradients.W1,
      autodiff: automatic.gradients.W1,
      milliseconds: { numerical: numerical.milliseconds, autodiff: automatic.milliseconds },
    };
  });
}

export const relativeOf = ({ largest, largestDifference }: Compared['parameters'][number]): number =>
  largestDifference === 0 ? 0 : largestDifference / largest;

function gradientOf(method: GradientMethod, network: Mlp, x: tf.Tensor, t: tf.Tensor) {
  const started = performance.now();
  const { loss, gradients } = method.lossAndGradients(network, x, t);
  const values = Object.fromEntries(
    Object.entries(gradients).map(([name, each]) => [name, Array.from(each.dataSync())]),
  );
  return { loss, gradients: values, milliseconds: performance.now() - started };
}
