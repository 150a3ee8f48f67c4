/**
 * Structured differences of the article's kind of network, fused into plain loops over doubles: one hidden layer, softmax and
 * cross-entropy, hard targets. The same mathematics as structured-tensors.ts, which is its readable reference, with two things
 * that this network allows.
 *
 * The change of the logits by a hidden unit's change Δ is Δ·w; relative to the target's logit Δ·v, v_k = w_k - w_t. With
 * S = Σ_k p_k·expm1(Δ·v_k), ρ = p_t / (p_t + ε) and q = 1 - ρ the change of the example's loss is
 *
 *     φ = log1p(S) - log1p(q·S),    φ₊ - φ₋ = log1p(ρ·(S₊ - S₋) / ((1 + S₋)·(1 + q·S₊))),
 *
 * and where |Δ·v| is small S is a short series Σ_m Δ^m·M_m in the moments M_m = Σ_k p_k·v_k^m / m!, which belong to example
 * and unit alone: the classes are not gone through again for every move. Nor is an exponential taken for every move and unit:
 * `σ(a+δ) - σ(a) = σ(a)·expm1(δ) / (1 + e^a·e^δ)` has one of the unit and one of the move.
 */
import * as tf from '@tensorflow/tfjs';
import type { ActivationName } from '../functions/activations.js';
import type { DifferentiableNetwork, LossAndGradients } from './gradient-method.js';
import { addRow, movesOf } from './moves.js';

/** What a remainder of a series may be relative to its sum: a hundredth of float32's rounding. */
const REMAINDER = 2 ** -32;

/** Longer series are left to structured-tensors.ts. */
const MOST_TERMS = 8;

/** How many terms of expm1's series `Σ_m x^m / m!` leave no more than REMAINDER for |x| ≤ bound; undefined where that is too many. */
export function expm1Terms(bound: number): number | undefined {
  let remainder = bound / 2;
  for (let terms = 1; terms <= MOST_TERMS; terms++) {
    if (remainder < REMAINDER) return terms;
    remainder *= bound / (terms + 2);
  }
  return undefined;
}

/** How many terms of log1p's series for |x| ≤ bound; undefined where that is too many. */
function log1pTerms(bound: number): number | undefined {
  for (let terms = 1; terms <= MOST_TERMS; terms++) {
    if (bound ** terms / (terms + 1) < REMAINDER) return terms;
  }
  return undefined;
}

/** Whether the fused loops are for this network; the step may still be too large for them. */
export const isFusable = ({ sizes, output, loss }: DifferentiableNetwork['structure']): boolean =>
  sizes.length === 3 && output === 'softmax' && (loss === 'crossEntropy' || loss === 'softmaxCrossEntropy');

/** N examples, D inputs, H hidden units, K classes; matrices row by row. */
interface Forward {
  sizes: [n: number, d: number, h: number, k: number];
  labels: Int32Array;
  inputs: ArrayLike<number>;
  /** [N,H]. */
  a1: Float64Array;
  z1: Float64Array;
  /** [H,K]. */
  W2: ArrayLike<number>;
  /** Probabilities [N,K]; log-sum and complement of the target's. */
  p: Float64Array;
  /** The loss. */
  loss: number;
  /** ρ and q of every example. */
  rho: Float64Array;
  q: Float64Array;
}

const activations: Record<ActivationName, (a: number) => number> = {
  identity: (a) => a,
  sigmoid: (a) => (a < 0 ? Math.exp(a) / (1 + Math.exp(a)) : 1 / (1 + Math.exp(-a))),
  tanh: Math.tanh,
  relu: (a) => Math.max(a, 0),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};

function forwardPass(
  { structure, parameters }: DifferentiableNetwork,
  inputs: ArrayLike<number>,
  labels: Int32Array,
): Forward {
  const [d, h, k] = structure.sizes;
  const n = labels.length;
  const [W1, b1, W2, b2] = ['W1', 'b1', 'W2', 'b2'].map((name) => parameters[name].dataSync());
  const a1 = affine(inputs, W1, b1, n, d, h);
  const z1 = a1.map(activations[structure.hidden[0]]);
  const logits = affine(z1, W2, b2, n, h, k);
  // softmaxCrossEntropy has no ε; there ρ is 1 even where the target's probability has underflowed.
  const epsilon = structure.loss === 'crossEntropy' ? structure.epsilon : 0;
  const p = new Float64Array(n * k);
  const rho = new Float64Array(n);
  const q = new Float64Array(n);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const row = logits.subarray(i * k, (i + 1) * k);
    const most = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
    for (let c = 0; c < k; c++) p[i * k + c] = Math.exp(row[c] - most) / sum;
    const logP = row[labels[i]] - most - Math.log(sum);
    const own = Math.exp(logP);
    loss -= epsilon === 0 ? logP : Math.log(own + epsilon);
    rho[i] = epsilon === 0 ? 1 : own / (own + epsilon);
    q[i] = epsilon === 0 ? 0 : epsilon / (own + epsilon);
  }
  return { sizes: [n, d, h, k], labels, inputs, a1, z1, W2, p, rho, q, loss: loss / n };
}

/** `x·W + b`, skipping the zeros of x. */
function affine(
  x: ArrayLike<number>,
  W: ArrayLike<number>,
  b: ArrayLike<number>,
  n: number,
  d: number,
  units: number,
): Float64Array {
  const result = new Float64Array(n * units);
  for (let i = 0; i < n; i++) {
    addRow(result, i * units, b, 0, units);
    for (let j = 0; j < d; j++) {
      const value = x[i * d + j];
      if (value !== 0) addScaledRow(result, i * units, W, j * units, units, value);
    }
  }
  return result;
}

function addScaledRow(
  sums: Float64Array,
  to: number,
  from: ArrayLike<number>,
  start: number,
  length: number,
  factor: number,
): void {
  for (let j = 0; j < length; j++) sums[to + j] += factor * from[start + j];
}

/** Sets `ahead` and `behind` to φ(a ± δ) - φ(a) of an example's hidden units, which begin at `from`. */
type RowDifference = (from: number, delta: number, ahead: Float64Array, behind: Float64Array) => void;

/** σ's, of `scale` times the activations: `σ(a)·expm1(±δ) / (1 + e^a·e^±δ)`, the two over one denominator: divisions are dear. */
function sigmoidRow(a1: Float64Array, scale: number): RowDifference {
  // Beyond, the difference is 0, and the product of two denominators is still finite.
  const power = a1.map((a) => Math.exp(Math.min(scale * a, 300)));
  const z = a1.map((a) => scale * activations.sigmoid(scale * a));
  return (from, delta, ahead, behind) => {
    const up = Math.expm1(scale * delta);
    const down = Math.expm1(-scale * delta);
    const [upPower, downPower] = [Math.exp(scale * delta), Math.exp(-scale * delta)];
    for (let j = 0; j < ahead.length; j++) {
      const above = 1 + power[from + j] * upPower;
      const below = 1 + power[from + j] * downPower;
      const share = z[from + j] / (above * below);
      ahead[j] = share * up * below;
      behind[j] = share * down * above;
    }
  };
}

/** Both sides by a function of one of them. */
const oneByOne =
  (difference: (at: number, delta: number) => number): RowDifference =>
  (from, delta, ahead, behind) => {
    for (let j = 0; j < ahead.length; j++) {
      ahead[j] = difference(from + j, delta);
      behind[j] = difference(from + j, -delta);
    }
  };

const rowDifferences: Record<ActivationName, { slope: number; of: (a1: Float64Array) => RowDifference }> = {
  sigmoid: { slope: 0.25, of: (a1) => sigmoidRow(a1, 1) },
  // tanh(a) = 2σ(2a) - 1.
  tanh: { slope: 1, of: (a1) => sigmoidRow(a1, 2) },
  relu: {
    slope: 1,
    of: (a1) =>
      oneByOne((at, delta) => (a1[at] >= 0 ? Math.max(delta, -a1[at]) : Math.max(a1[at] + delta, 0))),
  },
  softplus: {
    slope: 1,
    of: (a1) => {
      const slope = a1.map(activations.sigmoid);
      return (from, delta, ahead, behind) => {
        const [up, down] = [Math.expm1(delta), Math.expm1(-delta)];
        for (let j = 0; j < ahead.length; j++) {
          ahead[j] = Math.log1p(slope[from + j] * up);
          behind[j] = Math.log1p(slope[from + j] * down);
        }
      };
    },
  },
  identity: { slope: 1, of: () => oneByOne((_at, delta) => delta) },
};

/**
 * Loss and gradients by central differences of step h, for inputs [N,D] and labels [N]; undefined where a move is too far for
 * the series.
 */
export function fusedDifferences(
  network: DifferentiableNetwork,
  inputs: ArrayLike<number>,
  labels: Int32Array,
  h: number,
): LossAndGradients | undefined {
  const forward = forwardPass(network, inputs, labels);
  const first = hiddenLayer(forward, network.structure.hidden[0], h);
  const second = first && outputLayer(forward, h);
  if (!second) return undefined;
  const [, d, hidden, classes] = forward.sizes;
  const scale = 1 / (2 * h * labels.length);
  const tensors = (sums: Float64Array, rows: number, units: number): [tf.Tensor, tf.Tensor] => {
    const gradient = new Float32Array(sums.length);
    for (let i = 0; i < sums.length; i++) gradient[i] = sums[i] * scale;
    return [
      tf.tensor(gradient.subarray(0, rows * units), [rows, units]),
      tf.tensor(gradient.subarray(rows * units), [units]),
    ];
  };
  const [W1, b1] = tensors(first, d, hidden);
  const [W2, b2] = tensors(second, hidden, classes);
  return { loss: forward.loss, gradients: { W1, b1, W2, b2 } };
}

/** The sums over the examples of φ₊ - φ₋ for W1 and, as its last row, b1. */
function hiddenLayer(forward: Forward, activation: ActivationName, h: number): Float64Array | undefined {
  const { sizes, inputs, a1, rho, q } = forward;
  const [n, d, hidden] = sizes;
  const { slope, of } = rowDifferences[activation];
  const { example, input, columns, first } = movesOf(inputs, n, d);
  const farthest = h * input.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const v = relativeWeights(forward);
  const bound = slope * farthest * v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const terms = farthest <= 1 ? expm1Terms(bound) : undefined;
  if (terms === undefined) return undefined;
  const largest = Math.expm1(bound);
  const logTerms = log1pTerms((2 * largest) / (1 - largest) ** 2);
  const moments = momentsOf(forward, v, terms);
  const difference = of(a1);
  const [ahead, behind, change] = [0, 1, 2].map(() => new Float64Array(hidden));
  const sums = new Float64Array((d + 1) * hidden);
  for (let u = 0; u < input.length; u++) {
    const at = example[u];
    difference(at * hidden, h * input[u], ahead, behind);
    lossChanges(moments, at * hidden * terms, terms, rho[at], q[at], ahead, behind, change);
    logarithms(change, logTerms);
    for (let c = first[u]; c < first[u + 1]; c++) addRow(sums, columns[c] * hidden, change, 0, hidden);
  }
  return sums;
}

/** v_k = w_k - w_t of every label, [K,H,K]: the same for all examples of a class. */
function relativeWeights({ sizes: [, , hidden, k], W2 }: Forward): Float64Array {
  const v = new Float64Array(k * hidden * k);
  for (let t = 0; t < k; t++) {
    for (let j = 0; j < hidden; j++) {
      for (let c = 0; c < k; c++) v[(t * hidden + j) * k + c] = W2[j * k + c] - W2[j * k + t];
    }
  }
  return v;
}

/** M_m = Σ_k p_k·v_k^m / m!, [N, H, terms], the first first. */
function momentsOf(
  { sizes: [n, , hidden, k], labels, p }: Forward,
  v: Float64Array,
  terms: number,
): Float64Array {
  const moments = new Float64Array(n * hidden * terms);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < hidden; j++) {
      const to = (i * hidden + j) * terms;
      const from = (labels[i] * hidden + j) * k;
      for (let c = 0; c < k; c++) {
        let power = p[i * k + c];
        for (let m = 0; m < terms; m++) {
          power *= v[from + c] / (m + 1);
          moments[to + m] += power;
        }
      }
    }
  }
  return moments;
}

/** Sets `change` to ρ·(S₊ - S₋) / ((1 + S₋)·(1 + q·S₊)), whose log1p is φ₊ - φ₋. */
function lossChanges(
  moments: Float64Array,
  from: number,
  terms: number,
  rho: number,
  q: number,
  ahead: Float64Array,
  behind: Float64Array,
  change: Float64Array,
): void {
  if (terms === 2) {
    // Most steps of training come here.
    for (let j = 0; j < change.length; j++) {
      const first = moments[from + 2 * j];
      const second = moments[from + 2 * j + 1];
      const plus = ahead[j] * (first + ahead[j] * second);
      const minus = behind[j] * (first + behind[j] * second);
      change[j] = (rho * (plus - minus)) / ((1 + minus) * (1 + q * plus));
    }
    return;
  }
  for (let j = 0; j < change.length; j++) {
    const start = from + j * terms;
    let plus = moments[start + terms - 1];
    let minus = plus;
    for (let m = terms - 2; m >= 0; m--) {
      plus = moments[start + m] + ahead[j] * plus;
      minus = moments[start + m] + behind[j] * minus;
    }
    plus *= ahead[j];
    minus *= behind[j];
    change[j] = (rho * (plus - minus)) / ((1 + minus) * (1 + q * plus));
  }
}

/** log1p of all, in place: by so many terms of its series, or as it is. */
function logarithms(values: Float64Array, terms: number | undefined): void {
  if (terms === undefined) {
    for (let j = 0; j < values.length; j++) values[j] = Math.log1p(values[j]);
    return;
  }
  if (terms === 2) {
    for (let j = 0; j < values.length; j++) values[j] -= 0.5 * values[j] * values[j];
    return;
  }
  for (let j = 0; j < values.length; j++) {
    const x = values[j];
    let sum = 0;
    for (let m = terms; m >= 1; m--) sum = (m % 2 === 0 ? -1 : 1) / m + x * sum;
    values[j] = x * sum;
  }
}

/** The sums of φ₊ - φ₋ for W2 and, as its last row, b2: a move of one logit k by ±h·z. */
function outputLayer(
  { sizes: [n, , hidden, k], labels, z1, p, rho, q }: Forward,
  h: number,
): Float64Array | undefined {
  const farthest = h * z1.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const terms = expm1Terms(farthest);
  if (terms === undefined) return undefined;
  const largest = Math.expm1(farthest);
  const logTerms = log1pTerms((2 * largest) / (1 - largest) ** 2);
  const moved = new Float64Array(k);
  const change = new Float64Array(k);
  const sums = new Float64Array((hidden + 1) * k);
  for (let i = 0; i < n; i++) {
    // Relative to the target's logit, moving k ≠ t moves p_k alone; moving t moves all the others the other way.
    const t = labels[i];
    let others = 0;
    for (let c = 0; c < k; c++) {
      moved[c] = p[i * k + c];
      if (c !== t) others += moved[c];
    }
    moved[t] = others;
    for (let j = 0; j <= hidden; j++) {
      const delta = h * (j === hidden ? 1 : z1[i * hidden + j]);
      if (delta === 0) continue;
      const [up, down] = [Math.expm1(delta), Math.expm1(-delta)];
      for (let c = 0; c < k; c++) {
        const plus = moved[c] * (c === t ? down : up);
        const minus = moved[c] * (c === t ? up : down);
        change[c] = (rho[i] * (plus - minus)) / ((1 + minus) * (1 + q[i] * plus));
      }
      logarithms(change, logTerms);
      addRow(sums, j * k, change, 0, k);
    }
  }
  return sums;
}
