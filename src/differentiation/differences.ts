/**
 * f(a + Δ) - f(a) of activations, in forms that subtract no close numbers: to the last digits however small Δ is, and without
 * overflow however large; and in shorter forms for the moves that training makes.
 */
import * as tf from '@tensorflow/tfjs';
import { sigmoid, softplus, tanh, type ActivationName } from '../functions/activations.js';
import { log1p } from './accurate.js';

/** Picks the rows of a chunk from a tensor [examples, 1, units], which moves [rows, moves, units] then fit. */
export type Pick = (x: tf.Tensor) => tf.Tensor;

/** f(a + Δ) - f(a) for moves Δ of the picked rows. What depends on `a` alone is made once, before. */
export type Difference = (pick: Pick, delta: tf.Tensor) => tf.Tensor;

/** Moves up to here are near. */
export const NEAR = 0.25;

/** The difference around fixed values `a`. */
export interface Around {
  /** For any move. */
  any: Difference;
  /** The same for moves that cross no kink, and |Δ| ≤ NEAR unless f is linear. */
  near: Difference;
}

/** What the differences of a function need to be known. */
export interface Differentiable {
  around(a: tf.Tensor): Around;
  /**
   * How far the nearest singularity of f is from any real `a`, among complex numbers: f is its Taylor series up to there. Infinity
   * where f is a polynomial between its kinks.
   */
  radius: number;
  /** Whether f is linear between its kinks. */
  isLinear?: boolean;
  /** How far each `a` is from the kink. */
  kink?: (a: tf.Tensor) => tf.Tensor;
}

/** `log(e^a + e^b)`. */
const logAddExp = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.add(tf.maximum(a, b), softplus(tf.neg(tf.abs(tf.sub(a, b)))));

/**
 * `σ(a+Δ) - σ(a) = σ(-a)·σ(a+Δ)·(1 - e^(-Δ))` for Δ ≥ 0; for Δ < 0 the same of -a and -Δ, with the sign turned. All
 * factors are within 0…1.
 *
 * For near moves, with T = tanh(Δ/2) and t = tanh(a/2): `½·(1 - t²)·T / (1 + t·T)`, the addition theorem of tanh.
 */
export function sigmoidDifference(a: tf.Tensor): Around {
  const [rises, falls] = [sigmoid(a), sigmoid(tf.neg(a))];
  const slope = tf.mul(tf.mul(rises, falls), 2);
  const t = tf.sub(rises, falls);
  return {
    any: (pick, delta) => {
      const at = pick(a);
      const down = tf.less(delta, 0);
      const moved = tf.add(at, delta);
      const reach = sigmoid(tf.where(down, tf.neg(moved), moved));
      const share = tf.expm1(tf.neg(tf.abs(delta)));
      const left = tf.where(down, sigmoid(at), sigmoid(tf.neg(at)));
      return tf.mul(tf.mul(left, reach), tf.where(down, share, tf.neg(share)));
    },
    near: (pick, delta) => quotient(pick(slope), pick(t), tf.tanh(tf.mul(delta, 0.5))),
  };
}

/** `g·T / (1 + t·T)`. */
const quotient = (g: tf.Tensor, t: tf.Tensor, T: tf.Tensor): tf.Tensor =>
  tf.mul(tf.div(T, tf.add(tf.mul(t, T), 1)), g);

/** `tanh(a) = 2σ(2a) - 1`; for near moves `(1 - t²)·T / (1 + t·T)` with T = tanh(Δ), t = tanh(a). */
function tanhDifference(a: tf.Tensor): Around {
  const twice = tf.mul(a, 2);
  const { any } = sigmoidDifference(twice);
  const slope = tf.mul(tf.mul(sigmoid(twice), sigmoid(tf.neg(twice))), 4);
  const t = tanh(a);
  return {
    any: (pick, delta) => tf.mul(any(pick, tf.mul(delta, 2)), 2),
    near: (pick, delta) => quotient(pick(slope), pick(t), tf.tanh(delta)),
  };
}

/** Up to here e^Δ is far from overflow, and `log1p(σ(a)·expm1(Δ))` is exact. */
const SOFTPLUS_RISE = 20;

/** `log(1 + e^(a+Δ)) - log(1 + e^a) = log1p(σ(a)·expm1(Δ)) = log(σ(-a) + σ(a)·e^Δ)`: the latter where the former cancels or overflows. */
export function softplusDifference(a: tf.Tensor): Around {
  const slope = sigmoid(a);
  return {
    any: (pick, delta) => {
      const at = pick(a);
      const near = log1p(tf.mul(pick(slope), tf.expm1(tf.minimum(delta, SOFTPLUS_RISE))));
      const [logFalls, logRises] = [tf.neg(softplus(at)), tf.neg(softplus(tf.neg(at)))];
      const far = logAddExp(logFalls, tf.add(logRises, delta));
      return tf.where(tf.logicalOr(tf.less(delta, -1), tf.greater(delta, SOFTPLUS_RISE)), far, near);
    },
    near: (pick, delta) => log1p(tf.mul(tf.expm1(delta), pick(slope))),
  };
}

/** `max(a + Δ, 0) - max(a, 0)`: Δ where a ≥ 0, 0 elsewhere, and what the move has beyond 0. */
function reluDifference(a: tf.Tensor): Around {
  const active = tf.cast(tf.greaterEqual(a, 0), 'float32');
  const towardsKink = tf.sub(1, tf.mul(active, 2));
  return {
    any: (pick, delta) => {
      const beyond = tf.relu(tf.mul(tf.add(delta, pick(a)), pick(towardsKink)));
      return tf.add(tf.mul(delta, pick(active)), beyond);
    },
    near: (pick, delta) => tf.mul(delta, pick(active)),
  };
}

const identityDifference = (): Around => ({ any: (_pick, delta) => delta, near: (_pick, delta) => delta });

/** What each activation's difference needs. */
export const activationDifference: Record<ActivationName, Differentiable> = {
  // 1 + e^(-a) is 0 at a = iπ, and a multiple of it.
  sigmoid: { around: sigmoidDifference, radius: Math.PI },
  tanh: { around: tanhDifference, radius: Math.PI / 2 },
  relu: { around: reluDifference, radius: Infinity, isLinear: true, kink: tf.abs },
  softplus: { around: softplusDifference, radius: Math.PI },
  identity: { around: identityDifference, radius: Infinity, isLinear: true },
};
