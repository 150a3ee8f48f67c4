/**
 * A physics-informed network: u″ = -π²·sin(πx) on [0,1] with u(0) = u(1) = 0, whose solution is sin(πx). The loss holds u″, so its gradient
 * goes three times through tanh.
 *
 * Without the import TensorFlow.js stops at the first step: "Cannot compute gradient of y=f(x) with respect to x".
 */
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from 'gradparity/node';
import 'gradparity/fixes';

await selectBackend('auto');
const units = 16;
const weights = (rows, columns, seed) =>
  tf.variable(tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows), 'float32', seed));
const [W1, W2, W3] = [weights(1, units, 1), weights(units, units, 2), weights(units, 1, 3)];
const b1 = tf.variable(tf.randomNormal([units], 0, 1, 'float32', 4));
const b2 = tf.variable(tf.zeros([units]));

const u = (x) => {
  const z1 = tf.tanh(tf.add(tf.matMul(x, W1), b1));
  return tf.matMul(tf.tanh(tf.add(tf.matMul(z1, W2), b2)), W3);
};
/** Each u(x_n) depends on its own x_n alone, so that the gradient of the sum holds the derivative at every point. */
const derivative = (f) => tf.grad((x) => tf.sum(f(x)));
const second = derivative(derivative(u));

const x = tf.reshape(tf.linspace(0, 1, 32), [32, 1]);
const ends = tf.tensor2d([[0], [1]]);
const source = tf.mul(Math.PI ** 2, tf.sin(tf.mul(Math.PI, x)));
const loss = () => {
  const ofEquation = tf.mean(tf.square(tf.add(second(x), source)));
  return tf.add(ofEquation, tf.mul(50, tf.mean(tf.square(u(ends)))));
};
const worst = () => tf.tidy(() => tf.max(tf.abs(tf.sub(u(x), tf.sin(tf.mul(Math.PI, x))))).dataSync()[0]);

console.log('Training by a loss that holds the second derivative: 800 steps, some seconds …');
for (const [rate, steps] of [
  [1e-2, 500],
  [2e-3, 200],
  [4e-4, 100],
]) {
  const optimizer = tf.train.adam(rate);
  for (let step = 0; step < steps; step++) optimizer.minimize(loss);
  console.log(`after ${steps} steps at rate ${rate}: |u - sin(πx)| at most ${worst().toExponential(1)}`);
}
