/** log(1 + x) to the last digits on every backend (the wasm kernel loses them near 0), and short series where they are exact. */
import * as tf from '@tensorflow/tfjs';

/** The rounding of a float32 result; what is smaller relative to it does not show. */
const ROUNDING = 2 ** -26;

/** No longer series than this: beyond, the functions themselves are cheaper. */
const MOST_TERMS = 5;

/**
 * `log(1 + x)` as `x·log(w) / (w - 1)` with `w = 1 + x`, in which the rounding of w cancels.
 *
 * Source: Kahan; Higham, "Accuracy and Stability of Numerical Algorithms", §1.14.1.
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  const w = tf.add(x, 1);
  const plain = tf.sub(w, 1);
  const tiny = tf.equal(plain, 0);
  return tf.where(tiny, x, tf.mul(tf.log(w), tf.div(x, tf.where(tiny, tf.onesLike(x), plain))));
}

/**
 * How many terms of expm1's series `Σ_m x^m / m!` are exact to float32's rounding for |x| ≤ bound; undefined where that is
 * too many.
 */
export function expm1Terms(bound: number): number | undefined {
  let remainder = bound / 2;
  for (let terms = 1; terms <= MOST_TERMS; terms++) {
    if (remainder < ROUNDING) return terms;
    remainder *= bound / (terms + 2);
  }
  return undefined;
}

/** log1p for arguments of at most `bound` in size: its series where few terms of it are exact to float32's rounding. */
export function log1pWithin(bound: number): (x: tf.Tensor) => tf.Tensor {
  for (let terms = 1; terms <= MOST_TERMS; terms++) {
    if (bound ** terms / (terms + 1) < ROUNDING) return (x) => log1pSeries(x, terms);
  }
  return log1p;
}

/** `x - x²/2 + x³/3 - …`, by Horner's rule. */
function log1pSeries(x: tf.Tensor, terms: number): tf.Tensor {
  const coefficient = (m: number): number => (m % 2 === 0 ? -1 : 1) / m;
  if (terms === 1) return x;
  let sum = tf.add(tf.mul(x, coefficient(terms)), coefficient(terms - 1));
  for (let m = terms - 2; m >= 1; m--) sum = tf.add(tf.mul(sum, x), coefficient(m));
  return tf.mul(x, sum);
}
