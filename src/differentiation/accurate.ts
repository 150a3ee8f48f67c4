/** log(1 + x) to the last digits on every backend: the wasm kernel loses them near 0. */
import * as tf from '@tensorflow/tfjs';

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
