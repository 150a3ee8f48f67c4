/**
 * Loss functions of the output y and the target t. tf.grad goes through all of them, for y and for t. Finite input gives
 * a finite value and gradient: where an entry's loss or the whole overflows, the largest finite float. NaN gives NaN.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { logSoftmax, sign, softmax } from './activations.js';
import {
  constantOf,
  differentiable,
  differentiablePair,
  floatTensor,
  largestFinite,
  saturate,
  shapeText,
  toTensor,
  type TensorInput,
} from './arguments.js';

/** How the losses of the single entries (or examples) become one: their mean, their sum, or not at all. As in PyTorch. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What the losses take beside y and t: how the examples' losses become one. */
export interface LossOptions {
  reduction?: Reduction;
}

function checkReduction(where: string, reduction: Reduction): void {
  if (!['mean', 'sum', 'none'].includes(reduction)) {
    throw new InputError(
      `${where}: reduction must be 'mean', 'sum' or 'none', got ${JSON.stringify(reduction)}.`,
    );
  }
}

function sameShape(where: string, y: TensorInput, t: TensorInput): [tf.Tensor, tf.Tensor] {
  const output = floatTensor(where, 'y', y);
  const target = floatTensor(where, 't', t);
  if (!tf.util.arraysEqual(output.shape, target.shape)) {
    throw new InputError(
      `${where}: y and t must have the same shape, got ${shapeText(output.shape)} and ${shapeText(target.shape)}. Reshape one of them; nothing is broadcast.`,
    );
  }
  return [output, target];
}

/** The mean of `values`, dividing first where the sum alone would overflow. */
function mean(values: tf.Tensor): tf.Tensor {
  const plain = tf.div(tf.sum(values), values.size);
  return tf.where(tf.isInf(plain), tf.sum(tf.div(values, values.size)), plain);
}

function reduce(values: tf.Tensor, reduction: Reduction): tf.Tensor {
  if (reduction === 'none') return saturate(values);
  if (values.size === 0) return ofNothing(reduction);
  return saturate(reduction === 'sum' ? tf.sum(values) : mean(values));
}

/** The loss of no entries, as in PyTorch: a sum of 0, a mean of NaN. (The wasm backend's sum of nothing is what lay in memory.) */
const ofNothing = (reduction: 'mean' | 'sum'): tf.Tensor => tf.scalar(reduction === 'sum' ? 0 : NaN);

/** The cotangent of each single loss, given that of the reduced one. */
const spread = (dy: tf.Tensor, reduction: Reduction, count: number): tf.Tensor =>
  reduction === 'mean' ? tf.div(dy, count) : dy;

/** A loss Σ ρ(r) of the residuals r = y - t alone, from ρ and its vector-Jacobian product. */
function residualLoss(
  where: string,
  y: TensorInput,
  t: TensorInput,
  reduction: Reduction,
  value: (y: tf.Tensor, t: tf.Tensor) => tf.Tensor,
  gradient: (dy: tf.Tensor, y: tf.Tensor, t: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  checkReduction(where, reduction);
  return tf.tidy(() =>
    differentiablePair(
      ...sameShape(where, y, t),
      (y, t) => reduce(value(y, t), reduction),
      (dy, y, t) => {
        const slope = saturate(gradient(spread(dy, reduction, y.size), y, t));
        return [slope, tf.neg(slope)];
      },
    ),
  );
}

const absoluteDifference = (y: tf.Tensor, t: tf.Tensor): tf.Tensor => tf.abs(tf.sub(y, t));

/** `c·(y - t)`, also where y - t alone would overflow. */
function scaledResidual(c: tf.Tensor, y: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const plain = tf.sub(y, t);
  const overflows = constantOf(plain, tf.isInf);
  return tf.where(overflows, tf.sub(tf.mul(c, y), tf.mul(c, t)), tf.mul(c, zeroWhere(overflows, plain)));
}

/** `x`, but 0 under the mask: the branch of a `tf.where` that is not taken must be finite, or its gradient is NaN. */
const zeroWhere = (mask: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.where(mask, tf.zerosLike(x), x);

/**
 * Mean squared error: `mean((y - t)²)`, as PyTorch's MSELoss. Without the ½ that the book's has: see `halfSumSquaredError`.
 *
 * - Shapes: y and t alike, any rank; a scalar, or their shape for reduction 'none'. Units: the square of y's.
 *
 * @throws InputError for different shapes or an unknown reduction. Source: Géron, eq. 4-3.
 */
export function meanSquaredError(
  y: TensorInput,
  t: TensorInput,
  { reduction = 'mean' }: LossOptions = {},
): tf.Tensor {
  return residualLoss('meanSquaredError', y, t, reduction, tf.squaredDifference, (dy, y, t) =>
    scaledResidual(tf.mul(dy, 2), y, t),
  );
}

/**
 * The book's squared error: `½ Σ (y - t)²`, whose gradient is simply `y - t`. A sum unless another reduction is asked for.
 *
 * @throws InputError as meanSquaredError. Source: Saito, §4.2.1.
 */
export function halfSumSquaredError(
  y: TensorInput,
  t: TensorInput,
  { reduction = 'sum' }: LossOptions = {},
): tf.Tensor {
  return residualLoss(
    'halfSumSquaredError',
    y,
    t,
    reduction,
    (y, t) => tf.mul(tf.squaredDifference(y, t), 0.5),
    scaledResidual,
  );
}

/**
 * Mean absolute error: `mean(|y - t|)`, as PyTorch's L1Loss. Gradient: `sgn(y - t) / n`, 0 at the kink.
 *
 * @throws InputError as meanSquaredError. Source: Géron, eq. 2-2.
 */
export function meanAbsoluteError(
  y: TensorInput,
  t: TensorInput,
  { reduction = 'mean' }: LossOptions = {},
): tf.Tensor {
  return residualLoss('meanAbsoluteError', y, t, reduction, absoluteDifference, (dy, y, t) =>
    tf.mul(dy, sign(tf.sub(y, t))),
  );
}

/** Huber's δ where none is given, and the one of networks. */
export const HUBER_DELTA = 1;

/**
 * Huber's loss of r = y - t: `|r| ≤ δ ? r²/2 : δ(|r| - δ/2)`: squared near 0, absolute beyond, as PyTorch's HuberLoss.
 *
 * - Gradient: r clipped to ±δ; both sides agree at |r| = δ. δ (`delta`, default 1) has y's units.
 *
 * @throws InputError for δ ≤ 0 or not finite, else as meanSquaredError. Source: Huber (1964); Géron, ch. 10.
 */
export function huber(
  y: TensorInput,
  t: TensorInput,
  { reduction = 'mean', delta = HUBER_DELTA }: LossOptions & { delta?: number } = {},
): tf.Tensor {
  if (!(delta > 0 && Number.isFinite(delta))) {
    throw new InputError(
      `huber: delta must be a finite number above 0, got ${delta}. It is the residual at which the loss turns from squared to absolute.`,
    );
  }
  const bound = Math.min(delta, largestFinite());
  return residualLoss(
    'huber',
    y,
    t,
    reduction,
    (y, t) => {
      // ½·near² + δ·(|r| - near), near = min(|r|, δ): the square sees no residual beyond δ, so that it cannot overflow.
      const size = absoluteDifference(y, t);
      const near = tf.minimum(size, bound);
      const far = tf.mul(tf.sub(size, near), bound);
      // |r| may overflow where δ·|r| does not: in quarters neither does.
      const quarter = tf.sub(absoluteDifference(tf.div(y, 4), tf.div(t, 4)), tf.div(near, 4));
      const farOfLarge = tf.mul(tf.mul(quarter, bound), 4);
      return tf.add(tf.mul(tf.square(near), 0.5), tf.where(tf.isInf(size), farOfLarge, far));
    },
    (dy, y, t) => tf.mul(dy, tf.minimum(tf.maximum(tf.sub(y, t), -bound), bound)),
  );
}

/**
 * Root mean squared error: `sqrt(mean((y - t)²))`, in y's units; with 'sum' the root of the sum, with 'none' |y - t|.
 *
 * - Evaluated as `m·sqrt(mean((r/m)²))`, m = max|r|: no square overflows or vanishes.
 * - Gradient: `r / (n·RMSE)`; 0 where every residual is 0, where the formula would divide 0 by 0.
 *
 * @throws InputError as meanSquaredError. Source: Géron, eq. 2-1.
 */
export function rootMeanSquaredError(
  y: TensorInput,
  t: TensorInput,
  { reduction = 'mean' }: LossOptions = {},
): tf.Tensor {
  const where = 'rootMeanSquaredError';
  checkReduction(where, reduction);
  if (reduction === 'none') {
    return residualLoss(where, y, t, reduction, absoluteDifference, (dy, y, t) =>
      tf.mul(dy, sign(tf.sub(y, t))),
    );
  }
  return tf.tidy(() =>
    differentiablePair(
      ...sameShape(where, y, t),
      (y, t) => {
        if (y.size === 0) return ofNothing(reduction);
        const scale = overflowScale(y, t);
        return saturate(tf.div(rootOfMean(scaledResidual(scale, y, t), reduction), scale));
      },
      (dy, y, t) => {
        const r = scaledResidual(overflowScale(y, t), y, t);
        const unit = tf.div(r, orOne(rootMeanSquaredError(r, tf.zerosLike(r), { reduction })));
        const gradient = saturate(tf.mul(spread(dy, reduction, y.size), unit));
        return [gradient, tf.neg(gradient)];
      },
    ),
  );
}

/** The factor that keeps the residuals finite: 1, or ¼ where a difference of two finite numbers would overflow. */
const overflowScale = (y: tf.Tensor, t: tf.Tensor): tf.Tensor =>
  constantOf(tf.sub(y, t), (r) => tf.where(tf.any(tf.isInf(r)), tf.scalar(0.25), tf.scalar(1)));

/** `sqrt(mean(r²))`, or of the sum, as `m·sqrt(mean((r/m)²))` with m = max|r|. */
function rootOfMean(r: tf.Tensor, reduction: 'mean' | 'sum'): tf.Tensor {
  const largest = tf.max(tf.abs(r));
  const squares = tf.square(tf.div(r, orOne(largest)));
  return tf.mul(largest, tf.sqrt(reduction === 'sum' ? tf.sum(squares) : tf.mean(squares)));
}

/** `x`, but 1 where it is 0: a divisor. */
const orOne = (x: tf.Tensor): tf.Tensor =>
  tf.where(
    constantOf(x, (x) => tf.equal(x, 0)),
    tf.onesLike(x),
    x,
  );

/**
 * Cross-entropy of probabilities: `-Σ_k t_k·log(y_k + ε)` for one example, the mean of that over a batch.
 *
 * - Shapes: y [K] or [N,K]; t one-hot (or any distribution over the classes) of the same shape, or integer labels of one
 *   rank less: a scalar for [K], [N] for [N,K]. 'none' gives one loss an example. Units: nats.
 * - ε (`epsilon`, the book's 1e-7) keeps log(0) away: at a probability of exactly 0 the loss is -ln ε ≈ 16.1 and the
 *   gradient -1/ε. With ε = 0 both saturate at the largest finite float instead.
 * - An entry of y below 0 is no probability: NaN. On logits use `softmaxCrossEntropy`, which needs no ε.
 *
 * @throws InputError for other shapes, labels that are not integers from 0 to K-1, ε < 0. Source: Saito, §4.2.2–4.2.4.
 */
export function crossEntropy(
  y: TensorInput,
  t: TensorInput,
  { epsilon = 1e-7, reduction = 'mean' }: LossOptions & { epsilon?: number } = {},
): tf.Tensor {
  const where = 'crossEntropy';
  checkEpsilon(where, epsilon);
  checkReduction(where, reduction);
  return tf.tidy(() => {
    const output = floatTensor(where, 'y', y);
    return differentiablePair(
      output,
      classTargets(where, 'y', output, t),
      (y, t) => reduce(tf.neg(tf.sum(weighted(t, logOfProbability(y, epsilon)), -1)), reduction),
      (dy, y, t) => {
        const each = perExample(dy, reduction, y);
        return [
          saturate(tf.neg(tf.mul(each, ratio(t, tf.add(y, epsilon))))),
          saturate(tf.neg(tf.mul(each, logOfProbability(y, epsilon)))),
        ];
      },
    );
  });
}

/**
 * Cross-entropy of one probability against its complement: `-(t·log(y + ε) + (1 - t)·log(1 - y + ε))`, entry by entry;
 * the loss of a two-class network with a sigmoid output.
 *
 * - Shapes: y and t alike; t from 0 to 1. At y = t = 0 or 1 it is -log(1 + ε), at the opposite -ln ε. y outside 0…1: NaN.
 *
 * @throws InputError for different shapes, ε < 0. Source: Géron, eq. 4-17 (log loss).
 */
export function binaryCrossEntropy(
  y: TensorInput,
  t: TensorInput,
  { epsilon = 1e-7, reduction = 'mean' }: LossOptions & { epsilon?: number } = {},
): tf.Tensor {
  const where = 'binaryCrossEntropy';
  checkEpsilon(where, epsilon);
  checkReduction(where, reduction);
  const complement = (x: tf.Tensor): tf.Tensor => tf.sub(1, x);
  return tf.tidy(() =>
    differentiablePair(
      ...sameShape(where, y, t),
      (y, t) => {
        const ifOne = weighted(t, logOfProbability(y, epsilon));
        const ifZero = weighted(complement(t), logOfProbability(complement(y), epsilon));
        return reduce(tf.neg(tf.add(ifOne, ifZero)), reduction);
      },
      (dy, y, t) => {
        const each = spread(dy, reduction, y.size);
        const slope = tf.sub(
          ratio(complement(t), tf.add(complement(y), epsilon)),
          ratio(t, tf.add(y, epsilon)),
        );
        const logOdds = tf.sub(logOfProbability(complement(y), epsilon), logOfProbability(y, epsilon));
        return [saturate(tf.mul(each, slope)), saturate(tf.mul(each, logOdds))];
      },
    ),
  );
}

/**
 * Softmax and cross-entropy in one, on logits: `-Σ_k t_k·logSoftmax(a)_k`, averaged over a batch. Nothing over- or
 * underflows, so no ε is needed.
 *
 * - Shapes: as crossEntropy, with logits in place of y.
 * - Gradient: `(softmax(a)·Σ_k t_k - t) / N`: for a one-hot t the book's `(y - t) / N`.
 *
 * @throws InputError as crossEntropy. Source: Saito, §5.6.3.
 */
export function softmaxCrossEntropy(
  logits: TensorInput,
  t: TensorInput,
  { reduction = 'mean' }: LossOptions = {},
): tf.Tensor {
  const where = 'softmaxCrossEntropy';
  checkReduction(where, reduction);
  return tf.tidy(() => {
    const output = floatTensor(where, 'logits', logits);
    return differentiablePair(
      output,
      classTargets(where, 'logits', output, t),
      (a, t) => reduce(tf.neg(tf.sum(weighted(t, logSoftmax(a)), -1)), reduction),
      (dy, a, t) => {
        const each = perExample(dy, reduction, a);
        const slope = tf.sub(tf.mul(softmax(a), tf.sum(t, -1, true)), t);
        return [saturate(tf.mul(each, slope)), saturate(tf.neg(tf.mul(each, logSoftmax(a))))];
      },
    );
  });
}

function checkEpsilon(where: string, epsilon: number): void {
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) {
    throw new InputError(
      `${where}: epsilon must be a finite number of at least 0, got ${epsilon}. The book's is 1e-7.`,
    );
  }
}

/** `log(y + ε)`, the lowest finite float where y + ε = 0, NaN where y < 0. */
function logOfProbability(y: tf.Tensor, epsilon: number): tf.Tensor {
  return differentiable(
    y,
    (y) => saturate(tf.log(tf.where(tf.less(y, 0), tf.fill(y.shape, NaN), tf.add(y, epsilon)))),
    (dy, y) => ratio(dy, tf.add(y, epsilon)),
  );
}

/** `weight·logarithm`; a logarithm that has saturated counts as the infinity that it stands for, unless its weight is 0. */
function weighted(weight: tf.Tensor, logarithm: tf.Tensor): tf.Tensor {
  const infinity = tf.fill(logarithm.shape, -Infinity);
  const saturated = tf.logicalAnd(tf.notEqual(weight, 0), tf.equal(logarithm, saturate(infinity)));
  return tf.mul(weight, tf.where(saturated, infinity, logarithm));
}

/** `a / b`, with 0 / 0 = 0. */
function ratio(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const zeroByZero = constantOf(b, (b) => tf.logicalAnd(tf.equal(a, 0), tf.equal(b, 0)));
  return tf.div(a, tf.where(zeroByZero, tf.onesLike(b), b));
}

/** The cotangent of each example's loss, with an axis of 1 for the classes. */
function perExample(dy: tf.Tensor, reduction: Reduction, y: tf.Tensor): tf.Tensor {
  const examples = y.rank === 1 ? 1 : y.shape[0];
  const each = spread(dy, reduction, examples);
  return reduction === 'none' ? tf.expandDims(each, -1) : each;
}

/** Targets as a distribution over the classes of `output`: as they are, or one-hot from integer labels. */
function classTargets(where: string, name: string, output: tf.Tensor, t: TensorInput): tf.Tensor {
  if ((output.rank !== 1 && output.rank !== 2) || output.shape[output.rank - 1] === 0) {
    throw new InputError(
      `${where}: ${name} must be one example [classes] or a batch [examples, classes], got shape ${shapeText(output.shape)}.`,
    );
  }
  const target = toTensor(where, 't', t);
  if (tf.util.arraysEqual(output.shape, target.shape)) return floatTensor(where, 't', target);
  const classes = output.shape[output.rank - 1];
  const labelShape = output.shape.slice(0, -1);
  if (!tf.util.arraysEqual(target.shape, labelShape)) {
    throw new InputError(
      `${where}: ${name} and t must have the same shape, got ${shapeText(output.shape)} and ${shapeText(target.shape)}. Integer labels of shape ${shapeText(labelShape)} are accepted too.`,
    );
  }
  return oneHotOfLabels(where, t instanceof tf.Tensor, target, classes);
}

/** @throws InputError for labels that name no class. */
export function checkLabels(where: string, labels: tf.Tensor, classes: number): void {
  labels.dataSync().forEach((label, index) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InputError(
        `${where}: labels must be integers from 0 to ${classes - 1}, got ${label} at index ${index}.`,
      );
    }
  });
}

/**
 * Integer labels [N] (or a scalar) one-hot, float32 [N, classes].
 * Labels that come as a tensor must be int32, as PyTorch wants them to be integers; in plain arrays whole numbers do.
 */
export function oneHotOfLabels(
  where: string,
  mustBeInt32: boolean,
  labels: tf.Tensor,
  classes: number,
): tf.Tensor {
  if (mustBeInt32 && labels.dtype !== 'int32') {
    throw new InputError(
      `${where}: labels of shape ${shapeText(labels.shape)} must be int32, got ${labels.dtype}. Use t.toInt(), or give one-hot targets.`,
    );
  }
  checkLabels(where, labels, classes);
  // Not tf.oneHot, which refuses a single class.
  const column = tf.expandDims(tf.cast(labels, 'int32'), -1);
  return tf.cast(tf.equal(column, tf.range(0, classes, 1, 'int32')), 'float32');
}
