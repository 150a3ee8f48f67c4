/** Normalisations. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { gradient, pulledBack, sumTo, zeros } from './support.js';

const family = 'normalisation';

/**
 * `y = (x - mean)·r·scale + offset`, `r = 1/√(variance + ε)`, where scale and offset may be missing:
 *
 *     ∂y/∂x = r·scale            ∂y/∂mean = -r·scale        ∂y/∂scale = (x - mean)·r
 *     ∂y/∂variance = -½·r³·(x - mean)·scale                 ∂y/∂offset = 1
 *
 * each summed over the axes along which it is broadcast. In the order in which TensorFlow.js multiplies.
 */
const fusedBatchNorm = gradient<{ varianceEpsilon: number }>(
  'FusedBatchNorm',
  { inputs: ['x', 'mean', 'variance', 'scale'] },
  (dy, [x, mean, variance, given], { varianceEpsilon }) => {
    const scale = (given as tf.Tensor | undefined) ?? tf.scalar(1);
    const r = tf.rsqrt(tf.add(variance, tf.scalar(varianceEpsilon)));
    const scaled = (): tf.Tensor => tf.mul(dy, scale);
    const centred = (): tf.Tensor => tf.sub(x, mean);
    return {
      x: () => tf.reshape(tf.mul(tf.mul(dy, r), scale), x.shape),
      mean: () => sumTo(tf.mul(tf.mul(r, tf.scalar(-1)), scaled()), mean.shape),
      variance: () => {
        const halfCube = tf.mul(tf.mul(tf.mul(r, r), r), tf.scalar(-0.5));
        return sumTo(tf.mul(tf.mul(halfCube, centred()), scaled()), variance.shape);
      },
      scale: () => sumTo(tf.mul(dy, tf.mul(centred(), r)), scale.shape),
      offset: () => sumTo(dy, mean.shape),
    };
  },
);

interface Response {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/**
 * `y = x·s^-β`, `s = bias + α·Σ_{|k| ≤ radius} x_{c+k}²` over neighbouring channels, whose gradient is
 *
 *     dx = dy·s^-β - 2αβ·x·Σ_{|k| ≤ radius} (dy·x·s^(-β-1))_{c+k}
 *
 * The kernel of that is given y too, which depends on x: here all of it is by x.
 */
const responseGrad = gradient<Response>(
  'LRNGrad',
  { inputs: ['x', 'dy'] },
  (g, [x, dy], { depthRadius, bias, alpha, beta }) => {
    const c = x.shape[x.rank - 1];
    const near = Array.from({ length: c * c }, (_, i) =>
      Math.abs((i % c) - Math.floor(i / c)) <= depthRadius ? 1 : 0,
    );
    const formula = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor => {
      const band = tf.tensor2d(near, [c, c]);
      const around = (t: tf.Tensor): tf.Tensor =>
        tf.reshape(tf.matMul(tf.reshape(t, [-1, c]), band), x.shape);
      const s = tf.add(bias, tf.mul(alpha, around(tf.square(x))));
      const neighbours = around(tf.mul(tf.mul(dy, x), tf.pow(s, -beta - 1)));
      return tf.sub(tf.mul(dy, tf.pow(s, -beta)), tf.mul(tf.mul(2 * alpha * beta, x), neighbours));
    };
    return {
      x: () => pulledBack((x) => formula(x, dy), [x], g)[0],
      y: zeros(x.shape),
      dy: () => pulledBack((dy) => formula(x, dy), [dy], g)[0],
    };
  },
);

export const normalisation: readonly Fix[] = [
  {
    id: 'batchNorm',
    family,
    ops: [
      'batchNorm',
      'batchNorm2d',
      'batchNorm3d',
      'batchNorm4d',
      'layers.batchNormalization',
      'layers.layerNormalization',
    ],
    wrong: 'The gradient throws without scale or offset, and for a mean of another rank than 1.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/2868',
    gradients: [fusedBatchNorm],
  },
  {
    id: 'localResponseNormalization',
    family,
    ops: ['localResponseNormalization'],
    wrong: 'The gradient has no gradient.',
    gradients: [responseGrad],
  },
];
