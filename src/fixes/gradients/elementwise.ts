/** Functions of one number, or of two that are broadcast: each entry of y depends on one entry of each input. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { engine } from '../engine-methods.js';
import { float, gradient, run, stockGradient, sumTo, zeros } from './support.js';

const family = 'elementwise';

/**
 * Maximum, minimum and (a - b)²: TensorFlow.js does not sum their gradients over the axes that are broadcast.
 *
 *     ∂L/∂a = Σ over broadcast axes of dy·∂y/∂a
 */
const broadcast = (kernelName: string): tf.GradConfig =>
  gradient(kernelName, { inputs: ['a', 'b'] }, (dy, [a, b], attributes) => {
    const stock = stockGradient(kernelName, dy, [a, b], attributes);
    return { a: () => sumTo(stock.a(), a.shape), b: () => sumTo(stock.b(), b.shape) };
  });

/** `∂⌊a/b⌋/∂a = 0` but at the jumps; TensorFlow.js has that of a/b. */
const floorDiv = gradient('FloorDiv', { inputs: ['a', 'b'] }, (_dy, [a, b]) => ({
  a: zeros(a.shape),
  b: zeros(b.shape),
}));

/**
 * `y = a^b`: `∂y/∂a = b·a^(b-1)`, `∂y/∂b = y·log a`, which is 0 for a ≤ 0.
 *
 * TensorFlow.js' are right, and their own gradients are 0·∞ at a = 0: of b·a^(b-1) where b is 0 or 1, of log a behind the choice. Where a gradient
 * of the gradient is being recorded, powers and logarithms are of 1 there instead, and times 0.
 */
const pow = gradient('Pow', { inputs: ['a', 'b'], outputs: [true] }, (dy, saved, attributes) => {
  const [a, b, y] = saved;
  if (engine().state.gradientDepth === 0) return stockGradient('Pow', dy, saved, attributes);
  const exponent = float(b);
  return {
    a: () => {
      // The coefficient of the derivative after this one, b·(b-1), is 0 at 0 and 1, and with it all that follow.
      const isFlat = tf.logicalAnd(
        tf.equal(tf.mul(exponent, tf.sub(exponent, 1)), 0),
        tf.equal(a, tf.zerosLike(a)),
      );
      const base = tf.where(isFlat, tf.onesLike(a), a);
      return sumTo(tf.mul(dy, tf.mul(exponent, tf.pow(base, tf.sub(exponent, 1)))), a.shape);
    },
    b: () => {
      const isPositive = tf.greater(a, 0);
      const logarithm = tf.where(
        isPositive,
        tf.log(tf.where(isPositive, a, tf.onesLike(a))),
        tf.zerosLike(a),
      );
      return sumTo(tf.mul(dy, tf.mul(y, logarithm)), b.shape);
    },
  };
});

/**
 * `EluGrad(dy, y) = dy` for y ≥ 0 and `dy·(y + 1)` below: linear in dy, and in y with the slope `dy` below 0.
 */
const eluGrad = gradient('EluGrad', { inputs: ['dy', 'y'] }, (g, [dy, y]) => ({
  dy: () => run('EluGrad', { dy: g, y }),
  y: () => tf.mul(tf.mul(g, dy), float(tf.less(y, 0))),
}));

export const elementwise: readonly Fix[] = [
  {
    id: 'broadcast-gradients',
    family,
    ops: ['maximum', 'minimum', 'squaredDifference'],
    wrong: 'The gradient has the shape of the result, and throws where an input is broadcast.',
    gradients: ['Maximum', 'Minimum', 'SquaredDifference'].map(broadcast),
  },
  {
    id: 'floorDiv',
    family,
    ops: ['floorDiv'],
    wrong: 'The gradient is that of div, and not 0.',
    gradients: [floorDiv],
  },
  {
    id: 'pow',
    family,
    ops: ['pow'],
    wrong:
      'The gradient of the gradient is NaN at a base of 0, where the exponent is 1 or is differentiated.',
    gradients: [pow],
  },
  {
    id: 'elu',
    family,
    ops: ['elu', 'layers.elu'],
    wrong: 'The gradient has no gradient.',
    gradients: [eluGrad],
  },
];
