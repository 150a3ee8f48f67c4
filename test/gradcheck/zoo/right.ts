/** Gradients that are right, many of functions at which checks raise false alarms. */
import * as tf from '@tensorflow/tfjs';
import * as activations from '../../../src/functions/activations.js';
import * as losses from '../../../src/functions/losses.js';
import type { CheckedFunction, CheckedInputs } from '../../../src/gradcheck/engine/subject.js';
import { random, type ZooCase } from './support.js';

const { sin, mul, add, sub } = tf;
type T = tf.Tensor;

/** A constant that was rounded to float32 outside of the function. */
const tenth = () => tf.scalar(0.1);

const layerNorm = (x: T): T => {
  const centred = sub(x, tf.mean(x, 1, true));
  return tf.div(centred, tf.sqrt(add(tf.mean(tf.square(centred), 1, true), 1e-5)));
};

const attention = (q: T, k: T, v: T): T =>
  tf.matMul(activations.softmax(mul(tf.matMul(q, k, false, true), 0.5)), v);

const gruStep = (x: T, h: T, w: T, u: T): T => {
  const z = tf.sigmoid(add(tf.matMul(x, w), tf.matMul(h, u)));
  const candidate = tf.tanh(add(tf.matMul(x, w), tf.matMul(mul(h, z), u)));
  return add(mul(sub(1, z), h), mul(z, candidate));
};

const table: [string, CheckedFunction, () => CheckedInputs][] = [
  ['sin', sin, () => [random([3, 4])]],
  ['sin x + 1e6', (x: T) => add(sin(x), 1e6), () => [random([3, 4])]],
  ['(x + 1e3) - 1e3', (x: T) => sub(add(x, 1e3), 1e3), () => [random([5])]],
  ['a value of 1e-12', (x: T) => mul(tf.square(x), 1e-12), () => [random([5])]],
  ['a value of 1e12', (x: T) => mul(tf.square(x), 1e12), () => [random([5])]],
  ['inputs of 1e-8', (x: T) => sin(mul(x, 1e8)), () => [random([5], 1, 0, 1e-8)]],
  ['inputs of 1e8', (x: T) => sin(mul(x, 1e-8)), () => [random([5], 1, 0, 1e8)]],
  ['inputs of mixed size', sin, () => [[1e-6, 1, 1e3, -1e-3]]],
  ['log of mixed sizes', (x: T) => tf.log(x), () => [[1e-12, 1, 1e6, 1e-3]]],
  ['sigmoid, saturated', (x: T) => tf.sigmoid(x), () => [[40, 100, -40, -100, 30, 3]]],
  [
    'softmax, saturated',
    (x: T) => activations.softmax(x),
    () => [
      [
        [500, -500, 0],
        [1000, 999, 0],
      ],
    ],
  ],
  ['tanh, saturated', (x: T) => tf.tanh(x), () => [[20, -20, 5]]],
  ['sin 50x', (x: T) => sin(mul(x, 50)), () => [random([5])]],
  ['sin 1000x', (x: T) => sin(mul(x, 1000)), () => [random([20])]],
  ['a narrow bell', (x: T) => tf.exp(mul(tf.square(x), -1e4)), () => [random([5], 1, 0, 0.02)]],
  ['tanh 300x', (x: T) => tf.tanh(mul(x, 300)), () => [random([20], 1, 0, 0.01)]],
  ['x to the 20th', (x: T) => tf.pow(x, 20), () => [[1.1, -0.9, 0.5, 2]]],
  ['1/x near 0', (x: T) => tf.reciprocal(x), () => [[1e-3, -2e-3, 0.1]]],
  ['sqrt near 0', (x: T) => tf.sqrt(x), () => [[1e-6, 1, 0.5]]],
  ['log near 0', (x: T) => tf.log(x), () => [[1e-9, 1, 0.5]]],
  [
    'thirty sines within each other',
    (x: T) => Array.from({ length: 30 }).reduce<T>((y) => sin(mul(y, 1.3)), x),
    () => [random([10])],
  ],
  ['a polynomial of degree 7', (x: T) => sub(tf.pow(x, 7), mul(tf.pow(x, 3), 2)), () => [random([6])]],
  ['a constant', (x: T) => add(mul(x, 0), 3), () => [random([4])]],
  ['a line', (x: T) => mul(x, 3), () => [random([4])]],
  ['a scalar', sin, () => [0.3]],
  ['rank 5', (x: T) => tf.exp(x), () => [random([2, 1, 3, 1, 2])]],
  ['3,000 entries', (x: T) => tf.tanh(x), () => [random([3000])]],
  ['two outputs', (x: T) => [sin(x), tf.sum(tf.square(x))], () => [random([6])]],
  [
    'an object of outputs and inputs',
    ({ x, y }: { x: T; y: T }) => ({ sum: add(x, y), product: mul(x, y) }),
    () => ({ x: random([3]), y: random([3], 2) }),
  ],
  [
    'an integer input beside',
    (x: T, i: T) => tf.gather(x, i),
    () => [random([5]), tf.tensor1d([0, 0, 3], 'int32')],
  ],
  ['a constant from outside', (x: T) => mul(sin(x), tenth()), () => [random([5])]],
  ['a mask', (x: T) => mul(x, tf.tensor1d([1, 0, 1, 0])), () => [random([4])]],
  [
    'a ReLU network',
    (x: T, w: T, b: T, v: T) => tf.matMul(tf.relu(add(tf.matMul(x, w), b)), v),
    () => [random([8, 6]), random([6, 10], 2), random([10], 3), random([10, 3], 4)],
  ],
  [
    'a wide ReLU sum',
    (x: T, w: T) => tf.sum(tf.relu(tf.matMul(x, w))),
    () => [random([50, 20]), random([20, 40], 2)],
  ],
  [
    'conv, relu, pool',
    (x: tf.Tensor4D, k: tf.Tensor4D) => tf.maxPool(tf.relu(tf.conv2d(x, k, 1, 'same')), 2, 2, 'valid'),
    () => [random([2, 6, 6, 2]), random([3, 3, 2, 3], 2)],
  ],
  ['layer norm', layerNorm, () => [random([4, 7])]],
  ['layer norm around 1e4', layerNorm, () => [random([4, 7], 1, 1e4)]],
  [
    'batch norm',
    (x: T, scale: tf.Tensor1D) => {
      const { mean, variance } = tf.moments(x, 0);
      return tf.batchNorm(x, mean, variance, tf.zeros([5]), scale, 1e-3);
    },
    () => [random([8, 5]), random([5], 2)],
  ],
  ['attention', attention, () => [random([4, 3]), random([5, 3], 2), random([5, 2], 3)]],
  ['a GRU step', gruStep, () => [random([2, 3]), random([2, 3], 2), random([3, 3], 3), random([3, 3], 4)]],
  [
    'a chain of products',
    (x: T, y: T) => tf.matMul(tf.matMul(x, y), x),
    () => [random([6, 6]), random([6, 6], 2)],
  ],
  ['softmax of TensorFlow.js', (x: T) => tf.softmax(x), () => [random([4, 7])]],
  ['the sum of a softmax', (x: T) => tf.sum(tf.softmax(x)), () => [random([6])]],
  ['log-sum-exp', (x: T) => tf.logSumExp(x, 1), () => [random([4, 7])]],
  ['cumsum', (x: T) => tf.cumsum(x, 1), () => [random([3, 4])]],
  ['norm', (x: T) => tf.norm(x), () => [random([3, 4])]],
  [
    'pad and slice',
    (x: T) =>
      tf.slice(
        tf.pad(x, [
          [1, 2],
          [0, 1],
        ]),
        [1, 0],
        [3, 4],
      ),
    () => [random([3, 4])],
  ],
  ['broadcasting', (x: T, b: T) => mul(x, b), () => [random([3, 4]), random([1, 4], 3)]],
  [
    'concat, transpose, reshape',
    (x: T, y: T) => tf.reshape(tf.transpose(tf.concat([x, y], 0)), [10, 2]),
    () => [random([3, 4]), random([2, 4], 2)],
  ],
  ['selu', (x: T) => tf.selu(x), () => [random([20])]],
  ['elu', (x: T) => tf.elu(x), () => [random([20])]],
  ['erf', (x: T) => tf.erf(x), () => [random([20])]],
  ['softplus, far out', (x: T) => tf.softplus(x), () => [random([20], 1, 0, 8)]],
  ['|x| beside its kink', (x: T) => tf.abs(x), () => [random([50])]],
  ['leaky relu beside its kink', (x: T) => tf.leakyRelu(x, 0.2), () => [random([50])]],
  [
    'mean squared error of two inputs',
    (y: T, t: T) => losses.meanSquaredError(y, t),
    () => [random([40, 3]), random([40, 3], 2)],
  ],
  ['huber', (y: T, t: T) => losses.huber(y, t), () => [random([20]), random([20], 2)]],
  ['softmax cross-entropy', (a: T) => losses.softmaxCrossEntropy(a, [1, 0, 2]), () => [random([3, 4])]],
  ['the square root at the end of its domain, cubed', (x: T) => tf.pow(x, 1.5), () => [[0, 2.5]]],
];

/** Of a function that does not change the report says one thing. */
const flat = ['a constant', 'the sum of a softmax'];

export const right: ZooCase[] = table.map(([name, f, inputs]) => ({
  name,
  f,
  inputs,
  verdict: 'right',
  ...(flat.includes(name) && { says: /0 everywhere, because f is flat there/ }),
}));
