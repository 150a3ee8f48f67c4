/** The change of every example's loss by moves of its outputs or logits, in forms that do not cancel. */
import * as tf from '@tensorflow/tfjs';
import { logSoftmax, sigmoid, softmax } from '../functions/activations.js';
import { HUBER_DELTA } from '../functions/losses.js';
import { log1p } from './accurate.js';
import {
  sigmoidDifference,
  softplusDifference,
  type Around,
  type Differentiable,
  type Pick,
} from './differences.js';

/** Where S = Σ p·expm1(Δ) is below, 1 + S cancels; above, expm1 may have overflowed. */
const [LOWEST_SUM, HIGHEST_SUM] = [-0.5, 1e10];

const isFar = (sum: tf.Tensor): tf.Tensor =>
  tf.logicalNot(tf.logicalAnd(tf.greater(sum, LOWEST_SUM), tf.less(sum, HIGHEST_SUM)));

/** `log Σ_k e^(logP_k + Δ_k)`, the last axis kept. */
const logOfSum = (logP: tf.Tensor, delta: tf.Tensor): tf.Tensor =>
  tf.logSumExp(tf.add(logP, delta), -1, true);

/** `log(moved / base)`, from both and from their difference, which is exact where it is small. */
function logRatio(base: tf.Tensor, change: tf.Tensor, moved: tf.Tensor): tf.Tensor {
  const relative = tf.div(change, base);
  return tf.where(tf.less(relative, LOWEST_SUM), tf.log(tf.div(moved, base)), log1p(relative));
}

/** The sum over the outputs. */
const summed = (x: tf.Tensor): tf.Tensor => tf.sum(x, -1);

/**
 * `-Σ t·log(y + ε)` of y = softmax(a). The logits count relative to the target's (to its mean, for a soft one): Δ' = Δ - Σ t·Δ / Σ t.
 * With S = Σ_k p_k·expm1(Δ'_k) the target's probability is divided by 1 + S, so that without ε the difference is Σt·log1p(S).
 */
export const crossEntropyDifference = (target: tf.Tensor, epsilon: number): Differentiable => ({
  around: (logits) => crossEntropyAround(logits, target, epsilon),
  // Σ p·e^Δ is not 0 while no two of the e^Δ point away from each other.
  radius: Math.PI / 2,
});

/** Whether every row of the targets is one-hot. */
function areOneHot(target: tf.Tensor): boolean {
  const classes = target.shape[target.rank - 1];
  const values = target.dataSync();
  for (let from = 0; from < values.length; from += classes) {
    let ones = 0;
    for (let k = from; k < from + classes; k++) {
      if (values[k] === 1) ones++;
      else if (values[k] !== 0) return false;
    }
    if (ones !== 1) return false;
  }
  return true;
}

function crossEntropyAround(logits: tf.Tensor, target: tf.Tensor, epsilon: number): Around {
  const isHard = areOneHot(target);
  const p = softmax(logits);
  const total = isHard ? undefined : tf.sum(target, -1, true);
  const share = total ? tf.div(target, tf.where(tf.equal(total, 0), tf.onesLike(total), total)) : target;
  const ratios = tf.div(p, tf.add(p, epsilon));
  const certainty = isHard ? tf.sum(tf.mul(target, ratios), -1, true) : ratios;
  const relative: Around['any'] = (pick, delta) =>
    tf.sub(delta, tf.sum(tf.mul(delta, pick(share)), -1, true));
  const ofAll = (logarithm: tf.Tensor, pick: Pick): tf.Tensor =>
    tf.squeeze(total ? tf.mul(logarithm, pick(total)) : logarithm, [-1]);
  return {
    near: (pick, delta) => {
      const rise = tf.expm1(relative(pick, delta));
      const sum = tf.sum(tf.mul(rise, pick(p)), -1, true);
      if (epsilon === 0) return ofAll(log1p(sum), pick);
      // A hard target's own Δ' is 0: of the classes only its own counts.
      const change = tf.div(isHard ? tf.neg(sum) : tf.sub(rise, sum), tf.add(sum, 1));
      const logarithms = log1p(tf.mul(change, pick(certainty)));
      if (isHard) return tf.neg(tf.squeeze(logarithms, [-1]));
      return tf.neg(summed(tf.mul(logarithms, pick(target))));
    },
    any: (pick, delta) => {
      const own = relative(pick, delta);
      const rise = tf.expm1(own);
      const y = pick(p);
      const logP = logSoftmax(pick(logits));
      const sum = tf.sum(tf.mul(rise, y), -1, true);
      const far = isFar(sum);
      const logarithm = tf.where(far, logOfSum(logP, own), log1p(sum));
      if (epsilon === 0) return ofAll(logarithm, pick);
      const moved = tf.exp(tf.sub(tf.add(logP, own), logarithm));
      const change = tf.where(far, tf.sub(moved, y), tf.div(tf.mul(y, tf.sub(rise, sum)), tf.add(sum, 1)));
      const logarithms = logRatio(tf.add(y, epsilon), change, tf.add(moved, epsilon));
      return tf.neg(summed(tf.mul(pick(target), logarithms)));
    },
  };
}

/** `-(t·log(y + ε) + (1 - t)·log(1 - y + ε))` of y = σ(a). */
export const binaryDifference = (target: tf.Tensor, epsilon: number): Differentiable => ({
  around: (logits) => binaryAround(logits, target, epsilon),
  radius: Math.PI,
});

function binaryAround(logits: tf.Tensor, target: tf.Tensor, epsilon: number): Around {
  const [turned, other] = [tf.neg(logits), tf.sub(1, target)];
  if (epsilon === 0) {
    const [ofOne, ofZero] = [softplusDifference(turned), softplusDifference(logits)];
    const by =
      (form: keyof Around): Around['any'] =>
      (pick, delta) => {
        const one = tf.mul(ofOne[form](pick, tf.neg(delta)), pick(target));
        return summed(tf.add(one, tf.mul(ofZero[form](pick, delta), pick(other))));
      };
    return { any: by('any'), near: by('near') };
  }
  const ofOutput = sigmoidDifference(logits);
  const [one, zero] = [tf.add(sigmoid(logits), epsilon), tf.add(sigmoid(turned), epsilon)];
  return {
    near: (pick, delta) => {
      const change = ofOutput.near(pick, delta);
      const ifOne = log1p(tf.div(change, pick(one)));
      const ifZero = log1p(tf.div(tf.neg(change), pick(zero)));
      return tf.neg(summed(tf.add(tf.mul(ifOne, pick(target)), tf.mul(ifZero, pick(other)))));
    },
    any: (pick, delta) => {
      const change = ofOutput.any(pick, delta);
      const moved = tf.add(pick(logits), delta);
      const ifOne = logRatio(pick(one), change, tf.add(sigmoid(moved), epsilon));
      const ifZero = logRatio(pick(zero), tf.neg(change), tf.add(sigmoid(tf.neg(moved)), epsilon));
      return tf.neg(summed(tf.add(tf.mul(pick(target), ifOne), tf.mul(pick(other), ifZero))));
    },
  };
}

/** Softmax's outputs: `p_k·((1 - p_k)·E_k - Σ_{j≠k} p_j·E_j) / (1 + S)` with E = expm1(Δ), S = Σ p·E; 1 - p_k as the sum of the others. */
function softmaxDifference(logits: tf.Tensor): Around {
  const p = softmax(logits);
  const classes = logits.shape[logits.rank - 1];
  const exceptOwn = tf.sub<tf.Tensor2D>(1, tf.eye(classes));
  const sumOfOthers = (x: tf.Tensor): tf.Tensor =>
    tf.reshape(tf.matMul(tf.reshape(x, [-1, classes]), exceptOwn), x.shape);
  const others = sumOfOthers(p);
  const parts: (...of: Parameters<Around['near']>) => { near: tf.Tensor; sum: tf.Tensor } = (pick, delta) => {
    const rise = tf.expm1(delta);
    const weighted = tf.mul(rise, pick(p));
    const sum = tf.sum(weighted, -1, true);
    const own = tf.sub(tf.mul(rise, pick(others)), sumOfOthers(weighted));
    return { near: tf.div(tf.mul(own, pick(p)), tf.add(sum, 1)), sum };
  };
  return {
    near: (pick, delta) => parts(pick, delta).near,
    any: (pick, delta) => {
      const { near, sum } = parts(pick, delta);
      const logP = logSoftmax(pick(logits));
      const moved = tf.exp(tf.sub(tf.add(logP, delta), logOfSum(logP, delta)));
      return tf.where(isFar(sum), tf.sub(moved, pick(p)), near);
    },
  };
}

/** What the differences of the output activations need. */
export const outputDifference: Record<'sigmoid' | 'softmax', Differentiable> = {
  sigmoid: { around: sigmoidDifference, radius: Math.PI },
  // As of crossEntropyDifference.
  softmax: { around: softmaxDifference, radius: Math.PI / 2 },
};

/** Both forms alike. */
const always = (difference: Around['any']): Around => ({ any: difference, near: difference });

/** `c·Σ ((r + Δ)² - r²) = Σ Δ·(2c·r + c·Δ)`. */
const squares =
  (c: number) =>
  (r: tf.Tensor): Around => {
    const twice = tf.mul(r, 2 * c);
    return always((pick, delta) =>
      summed(tf.mul(delta, tf.add(c === 1 ? delta : tf.mul(delta, c), pick(twice)))),
    );
  };

/** `|r + Δ| - |r|`: Δ in r's direction, or what is beyond 0. */
function sizeDifference(r: tf.Tensor, delta: tf.Tensor): tf.Tensor {
  const outward = tf.mul(delta, directionOf(r));
  return tf.maximum(outward, tf.sub(tf.neg(outward), tf.mul(tf.abs(r), 2)));
}

const directionOf = (r: tf.Tensor): tf.Tensor =>
  tf.where(tf.less(r, 0), tf.neg(tf.onesLike(r)), tf.onesLike(r));

function absoluteDifference(r: tf.Tensor): Around {
  const direction = directionOf(r);
  return {
    any: (pick, delta) => summed(sizeDifference(pick(r), delta)),
    near: (pick, delta) => summed(tf.mul(delta, pick(direction))),
  };
}

/** `½·near² + δ·(|r| - near)`, near = min(|r|, δ). */
function huberDifference(r: tf.Tensor): Around {
  const clipped = tf.clipByValue(r, -HUBER_DELTA, HUBER_DELTA);
  const half = tf.mul(tf.cast(tf.lessEqual(tf.abs(r), HUBER_DELTA), 'float32'), 0.5);
  return {
    any: (pick, delta) => {
      const change = sizeDifference(pick(r), delta);
      const size = tf.abs(pick(r));
      const near = tf.minimum(size, HUBER_DELTA);
      const room = tf.sub(HUBER_DELTA, size);
      const nearer = tf.minimum(change, room);
      const fromBeyond = tf.minimum(tf.sub(change, room), 0);
      const ofNear = tf.where(tf.greaterEqual(room, 0), nearer, fromBeyond);
      const ofSquare = tf.mul(ofNear, tf.add(near, tf.mul(ofNear, 0.5)));
      return summed(tf.add(ofSquare, tf.mul(tf.sub(change, ofNear), HUBER_DELTA)));
    },
    // On one side of the turn: Δ·(r + ½Δ) within, ±δ·Δ beyond.
    near: (pick, delta) => summed(tf.mul(delta, tf.add(tf.mul(delta, pick(half)), pick(clipped)))),
  };
}

/** The losses of the residuals r = y - t, summed over the outputs. */
export const residualDifference: Record<'square' | 'halfSquare' | 'absolute' | 'huber', Differentiable> = {
  square: { around: squares(1), radius: Infinity },
  halfSquare: { around: squares(0.5), radius: Infinity },
  absolute: { around: absoluteDifference, radius: Infinity, isLinear: true, kink: tf.abs },
  huber: {
    around: huberDifference,
    radius: Infinity,
    kink: (r) => tf.abs(tf.sub(tf.abs(r), HUBER_DELTA)),
  },
};
