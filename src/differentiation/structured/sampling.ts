/**
 * How many moves have to be sampled, and how the samples stand for all moves.
 *
 * For one example and unit, the difference of the loss by a move ±δ of the pre-activation over 2δ is an even function of δ, so a function
 * q(s) of s = (δ/R)², R the largest move wanted. A polynomial is put through its values at K nodes of [0,1].
 */
import * as tf from '@tensorflow/tfjs';

/**
 * The nodes of K samples: `s = (1 + cos(2πk / (2K - 1))) / 2`, k = 0 … K - 1, those of Gauss–Radau and Chebyshev, the first of which is 1,
 * the largest move itself, and none of which is 0, where there is no difference to sample.
 */
export const nodesOf = (samples: number): number[] =>
  Array.from({ length: samples }, (_, k) => (1 + Math.cos((2 * Math.PI * k) / (2 * samples - 1))) / 2);

const product = (factors: readonly number[]): number => factors.reduce((all, factor) => all * factor, 1);

/** The largest |Π (s - s_k)| within [0,1], on a grid; at 0 or near it, as 1 is a node. */
function largestWithin(nodes: readonly number[]): number {
  const grid = Array.from({ length: 20 * nodes.length + 1 }, (_, i) => i / (20 * nodes.length));
  return Math.max(...grid.map((s) => Math.abs(product(nodes.map((node) => s - node)))));
}

/**
 * What is left of an interpolated q by K samples, relative to q, where q is analytic for |δ| < Λ·R, with the singularity at an imaginary δ,
 * as those of σ, tanh and softplus are: `max |Π (s - s_k)| / Π (Λ² + s_k)`. `reach` is 1/Λ.
 */
export function remainderOf(samples: number, reach: number): number {
  if (reach === 0) return 0;
  const nodes = nodesOf(samples);
  return largestWithin(nodes) / product(nodes.map((node) => 1 / reach ** 2 + node));
}

/** The number of samples, at most `most`, that leave no more than `tolerance`; undefined where so many do not. */
export function samplesFor(reach: number, tolerance: number, most: number): number | undefined {
  for (let samples = 1; samples <= most; samples++) {
    // Not "> tolerance": a reach that is not a number is left to the values, which are not either.
    if (!(remainderOf(samples, reach) > tolerance)) return samples;
  }
  return undefined;
}

/**
 * The coefficients c_j of the interpolation as a sum of Chebyshev polynomials `Σ_j c_j·T_j(2s - 1)` from its values at K nodes, those first in
 * [K,…]: a discrete cosine transform, `c_j = γ_j/(2K - 1)·(q_0 + 2·Σ_{k>0} q_k·cos(2πjk / (2K - 1)))`, γ_0 = 1, all others 2.
 */
export function coefficientsOf(values: tf.Tensor): tf.Tensor {
  const [samples] = values.shape;
  const size = 2 * samples - 1;
  const transform = Array.from({ length: samples }, (_, j) =>
    Array.from(
      { length: samples },
      (_, k) => (((j === 0 ? 1 : 2) * (k === 0 ? 1 : 2)) / size) * Math.cos((2 * Math.PI * j * k) / size),
    ),
  );
  const flat = tf.reshape<tf.Rank.R2>(values, [samples, -1]);
  return tf.reshape(tf.matMul(tf.tensor2d(transform), flat), values.shape);
}

/** `weight·T_j(2s - 1)` for j < K, by `T_{j+1}(z) = 2z·T_j(z) - T_{j-1}(z)`, one below the other. To be called within tf.tidy. */
export function chebyshevBasis(samples: number, s: () => tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  if (samples === 1) return weight;
  const z = tf.sub<tf.Tensor2D>(tf.mul(s(), 2), 1);
  const twice = tf.mul(z, 2);
  const basis = [weight, tf.mul<tf.Tensor2D>(weight, z)];
  while (basis.length < samples) {
    basis.push(tf.sub<tf.Tensor2D>(tf.mul(twice, basis[basis.length - 1]), basis[basis.length - 2]));
  }
  return tf.concat(basis, 0);
}
