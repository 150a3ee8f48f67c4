/**
 * Custom ops with gradients of their own, for `npx gradparity check examples/custom-op.ts`: two are right, three are wrong in
 * ways that a training run would not show at once. The check says which, where and why.
 */
import * as tf from '@tensorflow/tfjs';

/** An op of one tensor, with its derivative written by hand: `derivative(dy, x)` is dy times the Jacobian. */
const op = (value: (x: tf.Tensor) => tf.Tensor, derivative: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor) =>
  tf.customGrad((x, save) => {
    (save as unknown as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: value(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => derivative(dy, saved[0]),
    };
  });

const swish = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.sigmoid(x));

/** d/dx x·σ(x) = σ(x)·(1 + x·(1 - σ(x))) */
const swishSlope = (x: tf.Tensor): tf.Tensor => {
  const s = tf.sigmoid(x);
  return tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s))));
};

const points = [
  [-3, -1.5, -0.4, 0.1],
  [0.7, 1.2, 2.5, 4],
];

export default [
  {
    name: 'swish',
    f: op(swish, (dy, x) => tf.mul(dy, swishSlope(x))),
    inputs: [points],
  },
  {
    name: 'swish, dy forgotten',
    f: op(swish, (_dy, x) => swishSlope(x)),
    inputs: [points],
  },
  {
    name: 'square, factor forgotten',
    f: op(tf.square, (dy, x) => tf.mul(dy, x)),
    inputs: [points],
  },
  {
    name: 'elu, slope 1 on the left',
    f: op(tf.elu, (dy) => tf.clone(dy)),
    inputs: [points],
  },
  {
    name: 'a dense layer with relu',
    model: () =>
      tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: 'relu' })] }),
    x: () => tf.tensor2d(points),
    y: () => tf.zeros([2, 3]),
    loss: 'meanSquaredError',
  },
];
