/** log(1 + x) to the last digits on every backend: the wasm and WebGL kernels lose them near 0. */
import * as tf from '@tensorflow/tfjs';

/** Whether the log1p of a backend keeps the digits of a small argument, found out once for each. */
const keepsDigits = new Map<string, boolean>();

/** Its log1p is itself to the last digit of a float, and `1 + x` rounds it to 0. */
const SMALL = 2 ** -30;

function hasAccurateLog1p(): boolean {
  const backend = tf.getBackend();
  const known = keepsDigits.get(backend);
  if (known !== undefined) return known;
  const isAccurate = tf.tidy(() => Math.abs(tf.log1p(tf.fill([8], SMALL)).dataSync()[0] / SMALL - 1) < 1e-6);
  keepsDigits.set(backend, isAccurate);
  return isAccurate;
}

/** Added to both sides of a quotient, so that 0/0 is 1; no other value of either is as small. */
const TINY = 1e-30;

/**
 * `log(1 + x)`: the backend's own where it is accurate, else `x·log(w) / (w - 1)` with `w = 1 + x`, in which the rounding of w
 * cancels.
 *
 * Source: Kahan; Higham, "Accuracy and Stability of Numerical Algorithms", §1.14.1.
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  if (hasAccurateLog1p()) return tf.log1p(x);
  const w = tf.add(x, 1);
  return tf.mul(x, tf.div(tf.add(tf.log(w), TINY), tf.add(tf.sub(w, 1), TINY)));
}
