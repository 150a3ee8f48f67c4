/**
 * The gradient penalty of a Wasserstein GAN's critic: mean (|∂D/∂x| - 1)², whose gradient by the weights is a derivative of second order
 * through tanh. Source: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017.
 *
 * TensorFlow.js alone gives another gradient here, without an error: the first line that is printed shows it. With the fixes the critic learns to have a
 * slope of 1.
 */
import * as tf from '@tensorflow/tfjs';
import { numericalGradient } from 'gradparity';
import { applyFixes, removeFixes } from 'gradparity/fixes';
import { selectBackend } from 'gradparity/node';

await selectBackend('auto');
const x = tf.randomUniform([64, 2], -1, 1, 'float32', 1);
const W1 = tf.variable(tf.randomNormal([2, 8], 0, 0.7, 'float32', 2));
const W2 = tf.variable(tf.randomNormal([8, 1], 0, 0.7, 'float32', 3));

const slopes = (W1, W2) => {
  const critic = (x) => tf.sum(tf.matMul(tf.tanh(tf.matMul(x, W1)), W2));
  return tf.sqrt(tf.sum(tf.square(tf.grad(critic)(x)), 1));
};
const penalty = (W1, W2) => tf.mean(tf.square(tf.sub(slopes(W1, W2), 1)));

/** The largest difference of tf.grad from a numerical gradient, relative to its largest entry. */
const error = () =>
  tf.tidy(() => {
    const f = (W1) => penalty(W1, W2);
    const numerical = numericalGradient(f, W1, { scheme: 'richardson' });
    const difference = tf.max(tf.abs(tf.sub(tf.grad(f)(W1), numerical)));
    return tf.div(difference, tf.max(tf.abs(numerical))).dataSync()[0];
  });

removeFixes();
console.log(`TensorFlow.js alone: tf.grad is off by ${(100 * error()).toFixed(0)} %`);
applyFixes();
console.log(`with the fixes: off by ${(100 * error()).toFixed(0)} %`);

const optimizer = tf.train.adam(0.02);
for (let step = 0; step < 300; step++) optimizer.minimize(() => penalty(W1, W2));
const [lowest, highest] = tf.tidy(() => {
  const all = slopes(W1, W2);
  return [tf.min(all).dataSync()[0], tf.max(all).dataSync()[0]];
});
console.log(`after 300 steps the slopes lie between ${lowest.toFixed(2)} and ${highest.toFixed(2)}`);
