/**
 * f(a + Δ) - f(a) of activations and losses, in forms that subtract no close numbers: to the last digits however small Δ is,
 * and without overflow however large.
 */
import * as tf from '@tensorflow/tfjs';
import { logSoftmax, sigmoid, softmax, softplus, type ActivationName } from '../functions/activations.js';
import { log1p } from './accurate.js';
import type { DenseStructure } from './gradient-method.js';

/** Picks the rows of a chunk from a tensor [examples, units], with axes of 1 as far as it takes to fit the moves. */
export type Pick = (x: tf.Tensor) => tf.Tensor;

/** f(a + Δ) - f(a) for moves Δ of the picked rows. What depends on `a` alone is made once, before. */
export type Difference = (pick: Pick, delta: tf.Tensor) => tf.Tensor;

/** `log(e^a + e^b)`. */
const logAddExp = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.add(tf.maximum(a, b), softplus(tf.neg(tf.abs(tf.sub(a, b)))));

const falls = (delta: tf.Tensor): tf.Tensor => tf.less(delta, 0);

/**
 * `σ(a+Δ) - σ(a) = σ(-a)·σ(a+Δ)·(1 - e^(-Δ))` for Δ ≥ 0; for Δ < 0 the same of -a and -Δ, with the sign turned. All
 * factors are within 0…1.
 */
function sigmoidDifference(a: tf.Tensor): Difference {
  const bases = [a, sigmoid(a), sigmoid(tf.neg(a))];
  return (pick, delta) => {
    const [at, rising, falling] = bases.map(pick);
    const down = falls(delta);
    const moved = tf.add(at, delta);
    const reach = sigmoid(tf.where(down, tf.neg(moved), moved));
    const share = tf.expm1(tf.neg(tf.abs(delta)));
    const left = tf.where(down, rising, falling);
    return tf.mul(tf.mul(left, reach), tf.where(down, share, tf.neg(share)));
  };
}

/** Up to here e^Δ is far from overflow, and `log1p(σ(a)·expm1(Δ))` is exact. */
const SOFTPLUS_RISE = 20;

/** `log(1 + e^(a+Δ)) - log(1 + e^a) = log1p(σ(a)·expm1(Δ)) = log(σ(-a) + σ(a)·e^Δ)`: the latter where the former cancels or overflows. */
function softplusDifference(a: tf.Tensor): Difference {
  const bases = [sigmoid(a), tf.neg(softplus(a)), tf.neg(softplus(tf.neg(a)))];
  return (pick, delta) => {
    const [slope, logFalling, logRising] = bases.map(pick);
    const near = log1p(tf.mul(slope, tf.expm1(tf.minimum(delta, SOFTPLUS_RISE))));
    const far = logAddExp(logFalling, tf.add(logRising, delta));
    return tf.where(tf.logicalOr(tf.less(delta, -1), tf.greater(delta, SOFTPLUS_RISE)), far, near);
  };
}

/** The difference of an activation around the pre-activations `a`. */
export const activationDifference: Record<ActivationName, (a: tf.Tensor) => Difference> = {
  sigmoid: sigmoidDifference,
  // tanh(a) = 2σ(2a) - 1.
  tanh: (a) => {
    const difference = sigmoidDifference(tf.mul(a, 2));
    return (pick, delta) => tf.mul(difference(pick, tf.mul(delta, 2)), 2);
  },
  // max(a + Δ, 0) - max(a, 0), with the second taken into the first.
  relu: (a) => {
    const [below, above] = [tf.minimum(a, 0), tf.neg(tf.maximum(a, 0))];
    return (pick, delta) => tf.maximum(tf.add(delta, pick(below)), pick(above));
  },
  softplus: softplusDifference,
  identity: (a) => (pick, delta) => tf.add(tf.zerosLike(pick(a)), delta),
};

/** The loss of every example, moved minus unmoved, from moves [rows, moves, outputs] of its logits: [rows, moves]. */
export interface LossDifference {
  change: Difference;
  /** How many single losses the loss is the mean of; 1 where it is their sum. */
  count: number;
}

/** The loss difference of a network around its logits [N,K], for targets [N,K]. */
export function lossDifference(
  { output, loss, epsilon }: DenseStructure,
  logits: tf.Tensor,
  target: tf.Tensor,
): LossDifference {
  const [examples, outputs] = logits.shape;
  switch (loss) {
    case 'softmaxCrossEntropy':
      return { change: crossEntropyDifference(logits, target, 0), count: examples };
    case 'crossEntropy':
      return { change: crossEntropyDifference(logits, target, epsilon), count: examples };
    case 'binaryCrossEntropy':
      return { change: binaryDifference(logits, target, epsilon), count: examples * outputs };
    default: {
      const y = output === 'identity' ? logits : output === 'sigmoid' ? sigmoid(logits) : softmax(logits);
      const moved = {
        identity: activationDifference.identity,
        sigmoid: sigmoidDifference,
        softmax: softmaxDifference,
      };
      const ofOutput = moved[output](logits);
      const ofResidual = residualDifference[loss](tf.sub(y, target));
      return {
        change: (pick, delta) => tf.sum(ofResidual(pick, ofOutput(pick, delta)), -1),
        count: loss === 'halfSumSquaredError' ? 1 : examples * outputs,
      };
    }
  }
}

/** Where S = Σ p·expm1(Δ) is below, 1 + S cancels; above, expm1 may have overflowed. */
const [LOWEST_SUM, HIGHEST_SUM] = [-0.5, 1e10];

/** Whether all moves are so small that neither can be: the near form will do, and the far one need not be evaluated. */
const isSmall = (delta: tf.Tensor): boolean =>
  delta.size > 0 && tf.tidy(() => tf.max(tf.abs(delta)).dataSync()[0] < 0.25);

const isFar = (sum: tf.Tensor): tf.Tensor =>
  tf.logicalNot(tf.logicalAnd(tf.greater(sum, LOWEST_SUM), tf.less(sum, HIGHEST_SUM)));

/** `log Σ_k e^(logP_k + Δ_k)`, the last axis kept. */
const logOfSum = (logP: tf.Tensor, delta: tf.Tensor): tf.Tensor =>
  tf.logSumExp(tf.add(logP, delta), -1, true);

/** `log(moved / base)`, from both and from their difference, which is exact where it is small. */
function logRatio(base: tf.Tensor, change: tf.Tensor, moved: tf.Tensor): tf.Tensor {
  const relative = tf.div(change, base);
  if (isSmall(relative)) return log1p(relative);
  return tf.where(tf.less(relative, LOWEST_SUM), tf.log(tf.div(moved, base)), log1p(relative));
}

/**
 * `-Σ t·log(y + ε)` of y = softmax(a). The logits count relative to the target's (to its mean, for a soft one): Δ' = Δ - Σ t·Δ / Σ t.
 * With S = Σ_k p_k·expm1(Δ'_k) the target's probability is divided by 1 + S, so that without ε the difference is Σt·log1p(S).
 */
function crossEntropyDifference(logits: tf.Tensor, target: tf.Tensor, epsilon: number): Difference {
  const logP = logSoftmax(logits);
  const total = tf.sum(target, 1, true);
  const share = tf.div(target, tf.where(tf.equal(total, 0), tf.onesLike(total), total));
  const p = softmax(logits);
  const isHard =
    tf.all(tf.logicalAnd(tf.equal(tf.max(target, 1, true), 1), tf.equal(total, 1))).dataSync()[0] !== 0;
  const ratios = tf.div(p, tf.add(p, epsilon));
  const certainty = isHard ? tf.sum(tf.mul(target, ratios), 1, true) : ratios;
  return (pick, delta) => {
    const own = tf.sub(delta, tf.sum(tf.mul(pick(share), delta), -1, true));
    const rise = tf.expm1(own);
    const sum = tf.sum(tf.mul(pick(p), rise), -1, true);
    if (isSmall(own)) {
      if (epsilon === 0) return tf.squeeze(tf.mul(pick(total), log1p(sum)), [-1]);
      // A hard target's own Δ' is 0: of the classes only its own counts.
      const change = tf.div(isHard ? tf.neg(sum) : tf.sub(rise, sum), tf.add(sum, 1));
      const logarithms = log1p(tf.mul(pick(certainty), change));
      if (isHard) return tf.neg(tf.squeeze(logarithms, [-1]));
      return tf.neg(tf.sum(tf.mul(pick(target), logarithms), -1));
    }
    const far = isFar(sum);
    const logarithm = tf.where(far, logOfSum(pick(logP), own), log1p(sum));
    if (epsilon === 0) return tf.squeeze(tf.mul(pick(total), logarithm), [-1]);
    const base = tf.add(pick(p), epsilon);
    const moved = tf.exp(tf.sub(tf.add(pick(logP), own), logarithm));
    const change = tf.where(
      far,
      tf.sub(moved, pick(p)),
      tf.div(tf.mul(pick(p), tf.sub(rise, sum)), tf.add(sum, 1)),
    );
    return tf.neg(tf.sum(tf.mul(pick(target), logRatio(base, change, tf.add(moved, epsilon))), -1));
  };
}

/** `-(t·log(y + ε) + (1 - t)·log(1 - y + ε))` of y = σ(a). */
function binaryDifference(logits: tf.Tensor, target: tf.Tensor, epsilon: number): Difference {
  const [turned, other] = [tf.neg(logits), tf.sub(1, target)];
  if (epsilon === 0) {
    const [ofOne, ofZero] = [softplusDifference(turned), softplusDifference(logits)];
    return (pick, delta) => {
      const one = tf.mul(pick(target), ofOne(pick, tf.neg(delta)));
      return tf.sum(tf.add(one, tf.mul(pick(other), ofZero(pick, delta))), -1);
    };
  }
  const ofOutput = sigmoidDifference(logits);
  const [one, zero] = [tf.add(sigmoid(logits), epsilon), tf.add(sigmoid(turned), epsilon)];
  return (pick, delta) => {
    const change = ofOutput(pick, delta);
    const moved = tf.add(pick(logits), delta);
    const ifOne = logRatio(pick(one), change, tf.add(sigmoid(moved), epsilon));
    const ifZero = logRatio(pick(zero), tf.neg(change), tf.add(sigmoid(tf.neg(moved)), epsilon));
    return tf.neg(tf.sum(tf.add(tf.mul(pick(target), ifOne), tf.mul(pick(other), ifZero)), -1));
  };
}

/** Softmax's outputs: `p_k·((1 - p_k)·E_k - Σ_{j≠k} p_j·E_j) / (1 + S)` with E = expm1(Δ), S = Σ p·E; 1 - p_k as the sum of the others. */
function softmaxDifference(logits: tf.Tensor): Difference {
  const [p, logP] = [softmax(logits), logSoftmax(logits)];
  const classes = logits.shape[1] as number;
  const exceptOwn = tf.sub<tf.Tensor2D>(1, tf.eye(classes));
  const others = tf.matMul(p, exceptOwn);
  return (pick, delta) => {
    const rise = tf.expm1(delta);
    const weighted = tf.mul(pick(p), rise);
    const sum = tf.sum(weighted, -1, true);
    const ofOthers = tf.reshape(tf.matMul(tf.reshape(weighted, [-1, classes]), exceptOwn), weighted.shape);
    const near = tf.div(tf.mul(pick(p), tf.sub(tf.mul(pick(others), rise), ofOthers)), tf.add(sum, 1));
    if (isSmall(delta)) return near;
    const moved = tf.exp(tf.sub(tf.add(pick(logP), delta), logOfSum(pick(logP), delta)));
    return tf.where(isFar(sum), tf.sub(moved, pick(p)), near);
  };
}

/** `|r + Δ| - |r|`: Δ in r's direction, or what is beyond 0. */
function sizeDifference(r: tf.Tensor, delta: tf.Tensor): tf.Tensor {
  const outward = tf.mul(tf.where(tf.less(r, 0), tf.neg(tf.onesLike(r)), tf.onesLike(r)), delta);
  return tf.maximum(outward, tf.sub(tf.neg(outward), tf.mul(tf.abs(r), 2)));
}

/** `(r + Δ)² - r² = Δ·(2r + Δ)`. */
const squareDifference =
  (r: tf.Tensor): Difference =>
  (pick, delta) =>
    tf.mul(delta, tf.add(tf.mul(pick(r), 2), delta));

/** Huber's δ, the default of `huber`, which networks use. */
const HUBER_DELTA = 1;

/** The single losses of the residuals r = y - t. */
const residualDifference: Record<
  'meanSquaredError' | 'halfSumSquaredError' | 'rootMeanSquaredError' | 'meanAbsoluteError' | 'huber',
  (r: tf.Tensor) => Difference
> = {
  meanSquaredError: squareDifference,
  halfSumSquaredError: (r) => {
    const difference = squareDifference(r);
    return (pick, delta) => tf.mul(difference(pick, delta), 0.5);
  },
  // The squares under the root.
  rootMeanSquaredError: squareDifference,
  meanAbsoluteError: (r) => (pick, delta) => sizeDifference(pick(r), delta),
  // ½·near² + δ·(|r| - near), near = min(|r|, δ).
  huber: (r) => (pick, delta) => {
    const change = sizeDifference(pick(r), delta);
    const size = tf.abs(pick(r));
    const near = tf.minimum(size, HUBER_DELTA);
    const room = tf.sub(HUBER_DELTA, size);
    const nearer = tf.minimum(change, room);
    const fromBeyond = tf.minimum(tf.sub(change, room), 0);
    const ofNear = tf.where(tf.greaterEqual(room, 0), nearer, fromBeyond);
    const squares = tf.mul(ofNear, tf.add(near, tf.mul(ofNear, 0.5)));
    return tf.add(squares, tf.mul(tf.sub(change, ofNear), HUBER_DELTA));
  },
};
