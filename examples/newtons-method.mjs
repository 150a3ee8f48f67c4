/**
 * Newton's method on logistic regression: each step solves H·d = g for the Hessian H and the gradient g of the loss, by conjugate gradients,
 * which need H only in products H·v. `hvp` gives these; the Hessian itself is never made.
 *
 * TensorFlow.js alone computes another H here, without an error, as the sigmoid's derivative uses its saved output: Newton's steps then lead astray. The
 * first line that is printed has both.
 */
import * as tf from '@tensorflow/tfjs';
import { hvp, inFloat64 } from 'gradparity';
import { applyFixes, removeFixes } from 'gradparity/fixes';

const points = [
  [1, 0.2, -1.3],
  [1, -1, 0.4],
  [1, 2, 0.9],
  [1, 0.5, 1.7],
  [1, -0.3, -0.8],
];
const labels = [1, 0, 1, 0, 1];

/** Solves A·d = g for a positive definite A, given as v ↦ A·v. Source: Hestenes and Stiefel, 1952. */
function conjugateGradients(A, g) {
  let d = tf.zerosLike(g);
  let r = g;
  let p = r;
  let rr = tf.sum(tf.square(r));
  for (let step = 0; step < g.size; step++) {
    const Ap = A(p);
    const alpha = tf.div(rr, tf.sum(tf.mul(p, Ap)));
    d = tf.add(d, tf.mul(alpha, p));
    r = tf.sub(r, tf.mul(alpha, Ap));
    const next = tf.sum(tf.square(r));
    p = tf.add(r, tf.mul(tf.div(next, rr), p));
    rr = next;
  }
  return d;
}

const list = (x) => Array.from(x.dataSync(), (value) => value.toFixed(3)).join(' ');

/** Cross-entropy of y = σ(X·w), with a little weight decay, which keeps H invertible. */
const loss = (w) => {
  const [X, t] = [tf.tensor2d(points), tf.tensor1d(labels)];
  const y = tf.sigmoid(tf.reshape(tf.matMul(X, tf.reshape(w, [-1, 1])), [-1]));
  const logLikelihood = tf.add(tf.mul(t, tf.log(y)), tf.mul(tf.sub(1, t), tf.log(tf.sub(1, y))));
  return tf.add(tf.neg(tf.mean(logLikelihood)), tf.mul(0.01, tf.sum(tf.square(w))));
};

/** H·1 at w = 1, by tf.grad of tf.grad. */
const product = () =>
  inFloat64(() => tf.tidy(() => list(tf.grad((w) => tf.sum(tf.grad(loss)(w)))(tf.ones([3])))));

removeFixes();
const alone = product();
applyFixes();
console.log(`H·1 at w = 1: with the fixes ${product()}; TensorFlow.js alone: ${alone}`);

inFloat64(() =>
  tf.tidy(() => {
    let w = tf.zeros([3]);
    for (let step = 0; step <= 6; step++) {
      const g = tf.grad(loss)(w);
      console.log(`step ${step}: |gradient| ${tf.norm(g).dataSync()[0].toExponential(1)}`);
      w = tf.sub(
        w,
        conjugateGradients((v) => hvp(loss, w, v), g),
      );
    }
  }),
);
