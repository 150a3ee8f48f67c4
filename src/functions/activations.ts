/**
 * Activation functions. Each takes a tensor of any shape (or numbers in arrays) and gives a float32 tensor of the same
 * shape; tf.grad goes through all of them, to any order. Finite input gives a finite value and a finite gradient, NaN gives NaN.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { differentiable, floatTensor, resolveAxis, saturate, type TensorInput } from './arguments.js';

/** The result type for an argument: a tensor keeps its rank. */
export type ActivationOf<T> = T extends tf.Tensor ? T : tf.Tensor;

function activation<X extends TensorInput>(
  name: string,
  x: X,
  value: (x: tf.Tensor) => tf.Tensor,
  gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): ActivationOf<X> {
  return tf.tidy(() => differentiable(floatTensor(name, 'x', x), value, gradient)) as ActivationOf<X>;
}

/**
 * Heaviside's step: `x > 0 ? 1 : 0`.
 *
 * - At 0: `atZero`, 0 unless given (the book fires only above the threshold; ½ and 1 are other conventions). ±∞ give 1 and 0.
 * - Gradient: 0 everywhere, as the derivative is wherever it exists. A perceptron cannot be trained by it.
 *
 * @throws InputError for `atZero` that is not a finite number, complex or string tensors.
 * Source: Saito, "Deep Learning from Scratch", §3.2.
 */
export function step<X extends TensorInput>(x: X, { atZero = 0 }: { atZero?: number } = {}): ActivationOf<X> {
  if (!Number.isFinite(atZero)) {
    throw new InputError(`step: atZero must be a finite number such as 0, 0.5 or 1, got ${atZero}.`);
  }
  return activation(
    'step',
    x,
    (x) => {
      const aboveZero = tf.cast(tf.greater(x, 0), 'float32');
      return tf.where(tf.isNaN(x), x, tf.where(tf.equal(x, 0), tf.fill(x.shape, atZero), aboveZero));
    },
    (_dy, x) => tf.zerosLike(x),
  );
}

/**
 * The sign function: `sgn(x) = x > 0 ? 1 : x < 0 ? -1 : 0`. Gradient: 0 everywhere.
 *
 * (`tf.sign` gives 0 for NaN on the wasm and cpu backends; this one gives NaN.)
 * Source: Géron, "Hands-On Machine Learning" (2nd ed.), eq. 10-1.
 */
export function sign<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'sign',
    x,
    (x) =>
      tf.where(
        tf.isNaN(x),
        x,
        tf.sub(tf.cast(tf.greater(x, 0), 'float32'), tf.cast(tf.less(x, 0), 'float32')),
      ),
    (_dy, x) => tf.zerosLike(x),
  );
}

/** `x` itself: the output layer of a regression. Source: Saito, §3.5. */
export function identity<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'identity',
    x,
    (x) => tf.clone(x),
    // The zeros tie the gradient to x, or a gradient of it could not be asked for.
    (dy, x) => tf.add(dy, tf.zerosLike(x)),
  );
}

/**
 * The logistic function: `σ(x) = 1 / (1 + exp(-x))`.
 *
 * - Gradient: `σ'(x) = σ(x)·σ(-x)`, which unlike `σ(x)·(1 - σ(x))` keeps its digits where σ is close to 1.
 * - σ(0) = ½, σ(-∞) = 0, σ(∞) = 1. The formula as written overflows in its own gradient at x = -100; this one does not.
 *
 * Source: Saito, §3.2.4; Géron, ch. 10.
 */
export function sigmoid<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'sigmoid',
    x,
    (x) => tf.sigmoid(x),
    (dy, x) => tf.mul(dy, tf.mul(sigmoid(x), sigmoid(tf.neg(x)))),
  );
}

/**
 * The hyperbolic tangent: `tanh(x) = 2σ(2x) - 1`, a sigmoid stretched to -1…1.
 *
 * - Gradient: `1 - tanh²(x) = 4σ(2x)σ(-2x)`; the second form keeps its digits in the tails.
 *
 * The value comes from the backend's tanh: near 0, `2σ(2x) - 1` cancels in float32. Source: Géron, ch. 10.
 */
export function tanh<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'tanh',
    x,
    (x) => tf.tanh(x),
    (dy, x) => {
      const twice = tf.mul(x, 2);
      return tf.mul(dy, tf.mul(tf.mul(sigmoid(twice), 4), sigmoid(tf.neg(twice))));
    },
  );
}

/** The rectified linear unit: `max(0, x)`. Gradient: `x > 0 ? 1 : 0`, so 0 at the kink, as PyTorch has it. Source: Saito, §3.2.7. */
export function relu<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'relu',
    x,
    (x) => tf.relu(x),
    (dy, x) => tf.mul(dy, step(x)),
  );
}

/**
 * The smooth ReLU: `log(1 + exp(x))`, evaluated as `max(x, 0) + log1p(exp(-|x|))`, which cannot overflow.
 *
 * - Gradient: `σ(x)`, ½ at 0. softplus(0) = ln 2; softplus(-∞) = 0.
 *
 * Source: Géron, ch. 10.
 */
export function softplus<X extends TensorInput>(x: X): ActivationOf<X> {
  return activation(
    'softplus',
    x,
    (x) => tf.softplus(x),
    (dy, x) => tf.mul(dy, sigmoid(x)),
  );
}

/** `x - max(x)` along the axis: no exponential of it can overflow, and softmax does not change. */
const shifted = (x: tf.Tensor, axis: number): tf.Tensor => tf.sub(x, tf.max(x, axis, true));

/**
 * Softmax along `axis`: `y_k = exp(x_k - c) / Σ_j exp(x_j - c)` with `c = max_j x_j` of the same row.
 *
 * - Shapes: any of rank ≥ 1, each slice along `axis` (default the last) sums to 1 by itself.
 * - Gradient: `y·(dy - Σ_k dy_k·y_k)`.
 * - A row with +∞ in it, or of nothing but -∞, has no softmax: NaN.
 *
 * @throws InputError for a scalar or an axis that x does not have. Source: Saito, §3.5.
 */
export function softmax<X extends TensorInput>(x: X, axis = -1): ActivationOf<X> {
  return activation(
    'softmax',
    x,
    (x) => {
      const along = resolveAxis('softmax', axis, x.shape);
      const exponentials = tf.exp(shifted(x, along));
      return tf.div(exponentials, tf.sum(exponentials, along, true));
    },
    (dy, x) => {
      const y = softmax(x, axis);
      return tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), axis, true)));
    },
  );
}

/**
 * The logarithm of softmax along `axis`: `x_k - c - log Σ_j exp(x_j - c)`, `c = max_j x_j`; never the log of a zero.
 *
 * - Gradient: `dy - softmax(x)·Σ_k dy_k`.
 * - Where the exact value is below float32's range (a row like [3e38, -3e38]) it is the lowest finite float, and so for -∞ in x.
 *
 * @throws InputError as softmax. Source: Géron, ch. 4 (log-sum-exp).
 */
export function logSoftmax<X extends TensorInput>(x: X, axis = -1): ActivationOf<X> {
  return activation(
    'logSoftmax',
    x,
    (x) => {
      const along = resolveAxis('logSoftmax', axis, x.shape);
      const differences = shifted(x, along);
      return saturate(tf.sub(differences, tf.log(tf.sum(tf.exp(differences), along, true))));
    },
    (dy, x) => tf.sub(dy, tf.mul(softmax(x, axis), tf.sum(dy, axis, true))),
  );
}

/** The activations that act on each entry by itself and can be learned through: what a hidden layer may have. */
export type ActivationName = 'identity' | 'sigmoid' | 'tanh' | 'relu' | 'softplus';

export const activationByName: Record<ActivationName, (x: tf.Tensor) => tf.Tensor> = {
  identity,
  sigmoid,
  tanh,
  relu,
  softplus,
};
