/** Small ops of the kinds that people write gradients for, right ones and ones with the faults that are seen in them. */
import * as tf from '@tensorflow/tfjs';
import { withGradient } from './support.js';

type T = tf.Tensor;
type Op = (...inputs: T[]) => T;
const { add, div, mul, neg, sub } = tf;

/** Rotates pairs of halves of the last axis by the position times a frequency, x·cos + rotated(x)·sin; `offset` is the first position. */
function rotated(x: T, offset: number, sign: number): T {
  const [length, size] = x.shape;
  const half = size / 2;
  const angles = mul(
    tf.reshape(tf.range(offset, offset + length), [length, 1]),
    tf.pow(10, mul(-2 / half, tf.reshape(tf.range(0, half), [1, half]))),
  );
  const [cos, sin] = [tf.cos(angles), mul(sign, tf.sin(angles))];
  const [a, b] = tf.split(x, 2, 1);
  return tf.concat([sub(mul(a, cos), mul(b, sin)), add(mul(a, sin), mul(b, cos))], 1);
}

/** A rotary embedding [length, size]. Its gradient rotates back; `gradientOffset` is the offset that it does that with. */
export const rotary = (offset: number, gradientOffset = offset): Op =>
  withGradient(
    (x) => rotated(x, offset, 1),
    (dy) => rotated(dy, gradientOffset, -1),
  );

/** x / √(mean x² + ε)·g over the last axis; `keepsMean` false leaves out that the mean depends on x. */
export const rmsNorm = (keepsMean = true): Op =>
  withGradient(
    (x, g) => mul(g, div(x, tf.sqrt(add(tf.mean(tf.square(x), -1, true), 1e-6)))),
    (dy, x, g) => {
      const scale = tf.rsqrt(add(tf.mean(tf.square(x), -1, true), 1e-6));
      const normed = mul(x, scale);
      const d = mul(dy, g);
      const through = mul(normed, tf.mean(mul(d, normed), -1, true));
      return [mul(scale, keepsMean ? sub(d, through) : d), tf.sum(mul(dy, normed), 0)];
    },
  );

/** softmax(s·q·kᵀ)·v; the gradient multiplies q and k by the scale `times` times: it has to be once. */
export const attention = (scale: number, times = 1): Op =>
  withGradient(
    (q, k, v) => tf.matMul(tf.softmax(mul(scale, tf.matMul(q, k, false, true))), v),
    (dy, q, k, v) => {
      const p = tf.softmax(mul(scale, tf.matMul(q, k, false, true)));
      const dp = tf.matMul(dy, v, false, true);
      const ds = mul(scale ** times, mul(p, sub(dp, tf.sum(mul(dp, p), -1, true))));
      return [tf.matMul(ds, k), tf.matMul(ds, q, true), tf.matMul(p, dy, true)];
    },
  );

/** −log p(labels) by the CTC's forward pass over logits [time, classes], class 0 being the blank. Labels without repeats. */
export function ctcLoss(logits: T, labels: readonly number[]): T {
  const states = [0, ...labels.flatMap((label) => [label, 0])];
  const at = tf.logSoftmax(logits);
  const emission = (t: number, s: number): T => tf.squeeze(tf.slice(at, [t, states[s]], [1, 1]));
  const logAdd = (terms: T[]): T => (terms.length === 1 ? terms[0] : tf.logSumExp(tf.stack(terms)));
  let forward: (T | undefined)[] = states.map((_, s) => (s < 2 ? emission(0, s) : undefined));
  for (let t = 1; t < logits.shape[0]; t++) {
    forward = states.map((state, s) => {
      const from = [forward[s], forward[s - 1], ...(state !== 0 ? [forward[s - 2]] : [])];
      const terms = from.filter((term) => term !== undefined);
      return terms.length === 0 ? undefined : add(logAdd(terms), emission(t, s));
    });
  }
  return neg(logAdd(forward.slice(-2).filter((term) => term !== undefined)));
}

/** How probable each class is at each time, given the labels: Graves' forward and backward variables, as plain numbers. */
function occupancy(logits: T, labels: readonly number[]): T {
  const states = [0, ...labels.flatMap((label) => [label, 0])];
  const y = tf.softmax(logits).arraySync() as number[][];
  const pass = (at: (t: number) => readonly number[], order: readonly number[]): number[][] => {
    const rows = [order.map((state, s) => (s < 2 ? at(0)[state] : 0))];
    for (let t = 1; t < y.length; t++) {
      const [before] = rows.slice(-1);
      rows.push(
        order.map((state, s) => {
          const skipped = state !== 0 ? (before[s - 2] ?? 0) : 0;
          return at(t)[state] * (before[s] + (before[s - 1] ?? 0) + skipped);
        }),
      );
    }
    return rows;
  };
  const ahead = pass((t) => y[t], states);
  const back = pass((t) => y[y.length - 1 - t], [...states].reverse()).reverse();
  const rows = y.map((row, t) => {
    const each = row.map(() => 0);
    states.forEach((k, s) => (each[k] += (ahead[t][s] * back[t][states.length - 1 - s]) / row[k]));
    const total = each.reduce((sum, one) => sum + one, 0);
    return each.map((one) => one / total);
  });
  return tf.tensor2d(rows);
}

/**
 * The mean of a batch's CTC losses [batch, time, classes], with a gradient of its own: by `softmax` the derivative by the logits, without it that by
 * the log-probabilities, which forgets that they are normalised; by `mean` with the 1/batch of the mean.
 */
export const ctc = (labels: readonly number[][], { softmax = true, mean = true } = {}): Op =>
  withGradient(
    (x) => tf.mean(tf.stack(tf.unstack(x).map((one, i) => ctcLoss(one, labels[i])))),
    (dy, x) => {
      const each = tf.unstack(x).map((one, i) => {
        const expected = occupancy(one, labels[i]);
        return softmax ? sub(tf.softmax(one), expected) : neg(expected);
      });
      return mul(mul(dy, mean ? 1 / each.length : 1), tf.stack(each));
    },
  );

/** ψ(x) for x > 0: recurrence up to 10 and more, then the asymptotic series; `terms` of it. Its derivative by the same series. */
export function digamma(terms: number): Op {
  const shift = 12;
  const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6];
  const value = (x: T): T => {
    const z = add(x, shift);
    let sum = sub(tf.log(z), div(0.5, z));
    for (const [i, b] of bernoulli.entries()) sum = sub(sum, div(b / (2 * (i + 1)), tf.pow(z, 2 * (i + 1))));
    for (let k = 0; k < shift; k++) sum = sub(sum, tf.reciprocal(add(x, k)));
    return sum;
  };
  const slope = (x: T): T => {
    const z = add(x, shift);
    let sum = add(tf.reciprocal(z), div(0.5, tf.square(z)));
    for (const [i, b] of bernoulli.slice(0, terms).entries()) sum = add(sum, div(b, tf.pow(z, 2 * i + 3)));
    for (let k = 0; k < shift; k++) sum = add(sum, tf.reciprocal(tf.square(add(x, k))));
    return sum;
  };
  return withGradient(
    (x) => value(x),
    (dy, x) => mul(dy, slope(x)),
  );
}

/** Rounds to 255 steps of `scale`, from −127 to 127. The gradient is dy inside, and outside too where `clips` is false. */
export const int8 = (scale: number, clips = true): Op =>
  withGradient(
    (x) => mul(scale, tf.clipByValue(tf.round(div(x, scale)), -127, 127)),
    (dy, x) => (clips ? mul(dy, inside(x, 127 * scale)) : tf.clone(dy)),
  );

const inside = (x: T, limit: number): T => tf.cast(tf.lessEqual(tf.abs(x), limit), 'float32');

/** The k largest of a row, the others 0; the gradient passes dy to all (`straight`), or to those that were kept. */
export const topK = (k: number, straight: boolean): Op => {
  const kept = (x: T): T => tf.cast(tf.greaterEqual(x, tf.min(tf.topk(x, k).values, -1, true)), 'float32');
  return withGradient(
    (x) => mul(x, kept(x)),
    (dy, x) => (straight ? tf.clone(dy) : mul(dy, kept(x))),
  );
};

/** The identity, with λ times −dy for a gradient. */
export const reversal = (lambda = 1): Op =>
  withGradient(
    (x) => tf.clone(x),
    (dy) => mul(-lambda, dy),
  );

/** Cross-entropy of softmax(z) with targets smoothed by ε; the gradient smooths too, or forgets to. */
export const smoothed = (epsilon: number, gradientEpsilon = epsilon): Op => {
  const soft = (t: T, by: number): T => add(mul(1 - by, t), by / (t.shape[t.rank - 1] ?? 1));
  return withGradient(
    (z, t) => neg(tf.mean(tf.sum(mul(soft(t, epsilon), tf.logSoftmax(z)), -1))),
    (dy, z, t) => {
      const d = sub(tf.softmax(z), soft(t, gradientEpsilon));
      return [mul(dy, div(d, z.shape[0])), tf.zerosLike(t)];
    },
  );
};

/** A stop-gradient: `returnsInput` is the way in which TensorFlow.js adds dy to the zeros. */
export const stop = (returnsInput = false): ((x: T) => T) =>
  tf.customGrad((x) => ({
    value: returnsInput ? (x as T) : tf.clone(x as T),
    gradFunc: (dy: T) => tf.zerosLike(dy),
  }));
