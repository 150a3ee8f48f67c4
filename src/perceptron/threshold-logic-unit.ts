/** The threshold logic unit: a weighted sum and a step, the perceptron's one neuron. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { step } from '../functions/activations.js';
import { floatTensor, shapeText, type TensorInput } from '../functions/arguments.js';

/** Weights, and exactly one of the two ways to write the limit: `threshold = -bias`. */
export type ThresholdLogicUnitOptions = { readonly weights: readonly number[] } & (
  | { readonly threshold: number; readonly bias?: undefined }
  | { readonly bias: number; readonly threshold?: undefined }
);

/**
 * A neuron that fires when its weighted input exceeds a threshold: `y = step(w·x + b)`, that is 1 where `w·x > threshold`, with `b = -threshold`.
 *
 * At the threshold itself it does not fire. The sum is taken in the backend's precision, float32 as a rule, so that a sum
 * that meets the threshold only up to rounding can fall on either side.
 *
 * @throws InputError for no weights, weights or a limit that are not finite in float32, and both or neither of threshold and bias.
 * Source: Saito, "Deep Learning from Scratch", §2.1 and §2.3; Géron, "Hands-On Machine Learning" (2nd ed.), ch. 10.
 */
export class ThresholdLogicUnit {
  readonly weights: readonly number[];
  readonly bias: number;

  constructor({ weights, threshold, bias }: ThresholdLogicUnitOptions) {
    if ((threshold === undefined) === (bias === undefined)) {
      throw new InputError(
        `ThresholdLogicUnit: give exactly one of threshold and bias (bias = -threshold), got ${threshold === undefined ? 'neither' : 'both'}.`,
      );
    }
    if (weights.length === 0) {
      throw new InputError('ThresholdLogicUnit: weights is empty; give one weight for each input.');
    }
    weights.forEach((weight, k) => requireFinite(`weights[${k}]`, weight));
    requireFinite(threshold === undefined ? 'bias' : 'threshold', threshold ?? bias);
    this.weights = [...weights];
    this.bias = bias ?? 0 - threshold;
  }

  /** `-bias`. */
  get threshold(): number {
    return 0 - this.bias;
  }

  /**
   * `step(x·w + b)`, 0 or 1 in float32: for one vector [D] a scalar, for a batch [N, D] a vector [N]. Arrays are taken like tensors.
   *
   * @throws InputError for other shapes, complex or string tensors, inputs that are not finite, and sums that overflow.
   */
  predict(x: TensorInput): tf.Tensor {
    return tf.tidy(() => {
      const inputs = floatTensor('predict', 'x', x);
      const size = this.weights.length;
      if ((inputs.rank !== 1 && inputs.rank !== 2) || inputs.shape.at(-1) !== size) {
        throw new InputError(
          `predict: x must have shape [${size}] for one vector or [N,${size}] for a batch, got ${shapeText(inputs.shape)}.`,
        );
      }
      requireAllFinite(inputs, 'x must be finite, got NaN or Infinity');
      const sum = tf.add(tf.sum(tf.mul(inputs, tf.tensor1d([...this.weights])), -1), this.bias);
      requireAllFinite(sum, 'the weighted sum overflows; scale x or the weights down');
      return step(sum);
    });
  }
}

/** A number that float32 holds as well. */
function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(Math.fround(value))) {
    throw new InputError(`ThresholdLogicUnit: ${name} must be a finite number in float32, got ${value}.`);
  }
}

function requireAllFinite(x: tf.Tensor, otherwise: string): void {
  if (!x.dataSync().every(Number.isFinite)) throw new InputError(`predict: ${otherwise}.`);
}
