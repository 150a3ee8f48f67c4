/**
 * Central differences through a network's structure: the numbers that the loop over all parameters gives, from a small part
 * of its work, and without its cancellation.
 *
 * Moving W1[i,j] by ±h moves one pre-activation of each example n by ±h·x[n,i], nothing else. So every entry of the gradient is
 * a sum of differences φ(δ) - φ(-δ), δ = h·x[n,i], where φ depends on the example and the hidden unit alone:
 * nothing to do where x[n,i] is 0, and equal inputs of an example share one evaluation.
 *
 * The differences are in closed form. Moving one pre-activation changes the logits by Δ·w_k. Relative to the target's logit
 * that is Δ·v_k, v_k = w_k - w_t, and with S = Σ_k p_k·expm1(Δ·v_k), ρ = p_t / (p_t + ε) and q = 1 - ρ
 *
 *     φ = log1p(S) - log1p(q·S),    φ₊ - φ₋ = log1p(ρ·(S₊ - S₋) / ((1 + S₋)·(1 + q·S₊))),
 *
 * in which no two close numbers are subtracted: S₊ and S₋ have opposite signs. Where Δ·v is large, 1 + S₋ would cancel and
 * S₊ overflow; there the two losses are far enough apart to be subtracted, as log-sums of exponentials.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import {
  activationByName,
  logSoftmax,
  sigmoid,
  softmax,
  type ActivationName,
} from '../functions/activations.js';
import { oneHotOfLabels } from '../functions/losses.js';
import { expm1Terms, log1p, log1pWithin } from './accurate.js';
import type { DenseStructure, DifferentiableNetwork, GradientMethod } from './gradient-method.js';
import { BOOK_STEP, checkStep } from './numbers.js';

export interface StructuredOptions {
  /** The step, the book's 1e-4 by default. */
  h?: number;
  /** Bound on the memory of intermediate results, in MiB; the work is cut to fit. */
  memoryLimit?: number;
}

/** Whether `structured` knows this network's structure. */
export const hasStructuredGradient = ({ sizes, output, loss }: DenseStructure): boolean =>
  sizes.length === 3 && output === 'softmax' && (loss === 'crossEntropy' || loss === 'softmaxCrossEntropy');

/**
 * Exact central differences `(L(θ + h) - L(θ - h)) / 2h` of every parameter of a network with one hidden layer, softmax and
 * cross-entropy, for one-hot targets or integer labels.
 *
 * @throws InputError for other networks or soft targets (`central` takes them all), or where h·x moves a pre-activation by
 * more than 32.
 */
export function structured({ h = BOOK_STEP, memoryLimit = 256 }: StructuredOptions = {}): GradientMethod {
  checkStep('structured', h);
  if (!(memoryLimit > 0)) {
    throw new InputError(`structured: memoryLimit must be a number of MiB above 0, got ${memoryLimit}.`);
  }
  return {
    name: 'structured',
    lossAndGradients(network, x, t) {
      if (!hasStructuredGradient(network.structure)) {
        const { sizes, output, loss } = network.structure;
        throw new InputError(
          `structured: wants one hidden layer, softmax and cross-entropy, got sizes [${sizes.join(',')}], output ${output}, loss ${loss}. Use 'central' or 'autodiff'.`,
        );
      }
      let loss = NaN;
      const gradients = tf.tidy(() => {
        const state = forwardPass(network, x, t);
        loss = network.lossAt(network.parameters, x, t).dataSync()[0];
        return { ...hiddenLayerGradients(state, h, memoryLimit), ...outputLayerGradients(state, h) };
      });
      return { loss, gradients };
    },
  };
}

/** What the differences of one batch start from. Shapes: N examples, D inputs, H hidden units, K classes. */
interface ForwardState {
  /** Inputs, [N,D], as numbers. */
  inputs: ArrayLike<number>;
  examples: number;
  inputSize: number;
  activation: ActivationName;
  /** Pre-activations and activations of the hidden layer, [N,H]. */
  a1: tf.Tensor;
  z1: tf.Tensor;
  W2: tf.Tensor;
  /** The probabilities p and their logarithms, [N,K]; the logarithm of the target's, [N,1]. */
  p: tf.Tensor;
  logP: tf.Tensor;
  targetLogP: tf.Tensor;
  /** Probabilities with the target's set to 0, [N,K]: what can move relative to it. */
  others: tf.Tensor;
  /** One-hot targets, [N,K]. */
  target: tf.Tensor;
  /** ρ = p_t / (p_t + ε) and 1 - ρ, [N,1]. */
  rho: tf.Tensor;
  q: tf.Tensor;
  epsilon: number;
}

function forwardPass(network: DifferentiableNetwork, x: tf.Tensor, t: tf.Tensor): ForwardState {
  const { structure, parameters } = network;
  const [inputSize, , classes] = structure.sizes;
  const batch = tf.reshape(x, [-1, inputSize]);
  const a1 = tf.add(tf.matMul(batch as tf.Tensor2D, parameters.W1 as tf.Tensor2D), parameters.b1);
  const activation = structure.hidden[0];
  const z1 = activationByName[activation](a1);
  const logits = tf.add(tf.matMul(z1 as tf.Tensor2D, parameters.W2 as tf.Tensor2D), parameters.b2);
  const p = softmax(logits);
  const logP = logSoftmax(logits);
  const target = oneHotTargets(t, batch.shape[0], classes);
  const targetProbability = tf.sum(tf.mul(p, target), 1, true);
  // softmaxCrossEntropy has no ε; there ρ is 1 even where the target's probability has underflowed.
  const epsilon = structure.loss === 'crossEntropy' ? structure.epsilon : 0;
  const ones = tf.onesLike(targetProbability);
  return {
    inputs: batch.dataSync(),
    examples: batch.shape[0],
    inputSize,
    activation,
    a1,
    z1,
    W2: parameters.W2,
    p,
    logP,
    targetLogP: tf.sum(tf.mul(logP, target), 1, true),
    others: tf.mul(p, tf.sub(1, target)),
    target,
    rho: epsilon === 0 ? ones : tf.div(targetProbability, tf.add(targetProbability, epsilon)),
    q: epsilon === 0 ? tf.zerosLike(ones) : tf.div(epsilon, tf.add(targetProbability, epsilon)),
    epsilon,
  };
}

function oneHotTargets(t: tf.Tensor, examples: number, classes: number): tf.Tensor {
  if (t.size === examples && t.rank < 2 && !(t.rank === 1 && examples === 1 && classes === 1)) {
    return tf.reshape(oneHotOfLabels('structured', true, t, classes), [examples, classes]);
  }
  const target = tf.reshape(t, [examples, classes]);
  const values = Array.from(target.dataSync());
  for (let n = 0; n < examples; n++) {
    const row = values.slice(n * classes, (n + 1) * classes);
    if (row.some((value) => value !== 0 && value !== 1) || row.reduce((sum, value) => sum + value, 0) !== 1) {
      throw new InputError(
        `structured: targets must be one-hot or integer labels, got [${row.join(', ')}] in row ${n}. Use 'central' or 'autodiff' for soft targets.`,
      );
    }
  }
  return tf.cast(target, 'float32');
}

/** S₊ and S₋. */
type MovedSums = [plus: tf.Tensor, minus: tf.Tensor];

/** The argument of the logarithm in φ₊ - φ₋; see the head of this file. */
function ratioChange([plus, minus]: MovedSums, rho: tf.Tensor, q: tf.Tensor): tf.Tensor {
  const scale = tf.mul(tf.add(minus, 1), tf.add(tf.mul(q, plus), 1));
  return tf.div(tf.mul(rho, tf.sub(plus, minus)), scale);
}

/** A move of the logits by more than this, relative to each other, is far: the losses are subtracted as they are. */
const FAR = 1;

/**
 * φ₊ - φ₋ of far moves, from l± = log(1 + S±). With ε it is log((p₋ + ε) / (p₊ + ε)), where p± = p_t·e^(-l±) is the target's
 * moved probability; by its rise from the lower to the higher, which may be small beside either.
 */
function farDifference(
  ahead: tf.Tensor,
  behind: tf.Tensor,
  targetLogP: tf.Tensor,
  epsilon: number,
): tf.Tensor {
  const change = tf.sub(ahead, behind);
  if (epsilon === 0) return change;
  const size = tf.abs(change);
  const lower = tf.exp(tf.sub(targetLogP, tf.maximum(ahead, behind)));
  const higher = tf.exp(tf.sub(targetLogP, tf.minimum(ahead, behind)));
  const rise = tf.where(tf.greater(size, 1), tf.sub(higher, lower), tf.mul(lower, tf.expm1(size)));
  const loss = log1p(tf.div(rise, tf.add(lower, epsilon)));
  return tf.where(tf.less(change, 0), tf.neg(loss), loss);
}

/** A pre-activation may not be moved further than this; twice it is still no overflow of exp. */
const FURTHEST = 32;

/** `log(e^a + e^b)`. */
const logAddExp = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.add(tf.maximum(a, b), tf.softplus(tf.neg(tf.abs(tf.sub(a, b)))));

/** W2[j,k] moves one logit of example n by δ = ±h·z1[n,j], b2[k] by ±h. */
function outputLayerGradients(state: ForwardState, h: number): { W2: tf.Tensor; b2: tf.Tensor } {
  const { z1, p, logP, others, target, targetLogP, rho, q, epsilon, examples } = state;
  // Relative to the target's logit, moving a logit k ≠ t moves p_k alone; moving t moves all the others the other way.
  const isTarget = tf.cast(target, 'bool');
  const sumOfOthers = tf.sum(others, 1, true);
  const moved = tf.where(isTarget, sumOfOthers, others);
  const direction = tf.sub(1, tf.mul(target, 2));
  // What moves and what stays, in logarithms; summed over j ≠ k, as 1 - p_k would cancel.
  const logMoved = tf.where(isTarget, tf.log(sumOfOthers), logP);
  const sumOfRest = tf.matMul(p as tf.Tensor2D, tf.sub(1, tf.eye(p.shape[1] as number)) as tf.Tensor2D);
  const logStill = tf.where(isTarget, targetLogP, tf.log(sumOfRest));

  // `fit` gives a tensor [N,K] or [N,1] the rank of size.
  const differences = (size: tf.Tensor, fit: (x: tf.Tensor) => tf.Tensor): tf.Tensor => {
    const delta = tf.mul(fit(direction), size);
    const sums: MovedSums = [
      tf.mul(fit(moved), tf.expm1(delta)),
      tf.mul(fit(moved), tf.expm1(tf.neg(delta))),
    ];
    let change = log1p(ratioChange(sums, fit(rho), fit(q)));
    if (tf.max(tf.abs(size)).dataSync()[0] > FAR) {
      const l = (delta: tf.Tensor): tf.Tensor => logAddExp(fit(logStill), tf.add(fit(logMoved), delta));
      const far = farDifference(l(delta), l(tf.neg(delta)), fit(targetLogP), epsilon);
      change = tf.where(tf.greater(tf.abs(delta), FAR), far, change);
    }
    return tf.div(tf.sum(change, 0), 2 * h * examples);
  };
  return {
    W2: differences(tf.expandDims(tf.mul(z1, h), 2), (x) => tf.expandDims(x, 1)),
    b2: differences(tf.scalar(h), (x) => x),
  };
}

/** The distinct non-zero inputs of every example, and the weights that each belongs to. */
interface Perturbations {
  /** The example of each distinct input, and the input. */
  example: Int32Array;
  input: Float64Array;
  /** The columns of x that hold distinct input u are `columns[first[u]]` … `columns[first[u + 1] - 1]`. */
  columns: Int32Array;
  first: Int32Array;
}

/** Collects them, with the bias as one more column whose input is 1. */
function perturbations({ inputs, examples, inputSize }: ForwardState): Perturbations {
  const example: number[] = [];
  const input: number[] = [];
  const first: number[] = [0];
  const columns: number[] = [];
  for (let n = 0; n < examples; n++) {
    const columnsOf = new Map<number, number[]>();
    for (let i = 0; i <= inputSize; i++) {
      const value = i === inputSize ? 1 : inputs[n * inputSize + i];
      if (value === 0) continue;
      const known = columnsOf.get(value);
      if (known) known.push(i);
      else columnsOf.set(value, [i]);
    }
    for (const [value, its] of columnsOf) {
      example.push(n);
      input.push(value);
      for (const column of its) columns.push(column);
      first.push(columns.length);
    }
  }
  return {
    example: Int32Array.from(example),
    input: Float64Array.from(input),
    columns: Int32Array.from(columns),
    first: Int32Array.from(first),
  };
}

/** W1[i,j] moves the pre-activation of hidden unit j in example n by ±h·x[n,i], b1[j] by ±h. */
function hiddenLayerGradients(
  state: ForwardState,
  h: number,
  memoryLimit: number,
): { W1: tf.Tensor; b1: tf.Tensor } {
  const { inputSize, examples, a1 } = state;
  const hidden = a1.shape[1] as number;
  const moves = perturbations(state);
  const { columns, first } = moves;
  const differences = hiddenUnitDifferences(state, h, moves);

  const sums = new Float64Array((inputSize + 1) * hidden);
  const chunkBytes = Math.min((memoryLimit * 2 ** 20) / LIVE_TENSORS, FASTEST_CHUNK);
  const rows = Math.max(1, Math.floor(chunkBytes / (4 * hidden)));
  for (let start = 0; start < moves.input.length; start += rows) {
    const end = Math.min(start + rows, moves.input.length);
    // Read outside of tidy, which would walk through a returned array in search of tensors.
    const chunkTensor = tf.tidy(() => differences(start, end));
    const chunk = chunkTensor.dataSync();
    chunkTensor.dispose();
    for (let u = start; u < end; u++) {
      const from = (u - start) * hidden;
      for (let c = first[u]; c < first[u + 1]; c++) addRow(sums, columns[c] * hidden, chunk, from, hidden);
    }
  }
  const gradient = new Float32Array(sums.map((sum) => sum / (2 * h * examples)));
  return {
    W1: tf.tensor(gradient.subarray(0, inputSize * hidden), [inputSize, hidden]),
    b1: tf.tensor(gradient.subarray(inputSize * hidden), [hidden]),
  };
}

/** Adds `length` numbers of `chunk` to those of `sums`. A function of its own: V8 makes it three times as fast. */
function addRow(
  sums: Float64Array,
  to: number,
  chunk: ArrayLike<number>,
  from: number,
  length: number,
): void {
  for (let j = 0; j < length; j++) sums[to + j] += chunk[from + j];
}

/** Tensors of a chunk's size that are alive at once, at the most. */
const LIVE_TENSORS = 32;

/** Bytes of a tensor beyond which the native backend takes twice as long for each of its entries. */
const FASTEST_CHUNK = 2 ** 20;

/** φ₊ - φ₋ of the distinct inputs from `start` to `end` and every hidden unit, [end - start, H]. */
function hiddenUnitDifferences(
  state: ForwardState,
  h: number,
  { example, input }: Perturbations,
): (start: number, end: number) => tf.Tensor {
  const activation = activationDifferences[state.activation];
  const bases = activation.bases(state);
  const largestInput = input.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (h * largestInput > FURTHEST) {
    throw new InputError(
      `structured: the step h = ${h} times the largest input ${largestInput} is above ${FURTHEST}: too far a move for a difference. Choose a smaller step, or scale the inputs (pixels to 0…1).`,
    );
  }
  const change = changeByMoves(state, activation.slope * h * largestInput);
  return (start, end) => {
    const rows = tf.tensor1d(example.subarray(start, end), 'int32');
    const pick = (x: tf.Tensor): tf.Tensor => tf.gather(x, rows);
    const delta = input.subarray(start, end).map((value) => value * h);
    const column = (f: (delta: number) => number): tf.Tensor =>
      tf.tensor2d(new Float32Array(delta.map(f)), [end - start, 1]);
    const picked = bases.map(pick);
    const ahead = activation.difference(picked, column);
    const behind = activation.difference(picked, (f) => column((delta) => f(-delta)));
    return change(pick, ahead, behind);
  };
}

/** σ(a + δ) - σ(a) and its like, in forms that subtract no close numbers. */
interface ActivationDifference {
  /** A bound on the slope. */
  slope: number;
  /** What the difference needs of the unmoved layer, each [N,H]. */
  bases(state: ForwardState): tf.Tensor[];
  /** The difference, from the bases of its rows and a function that gives f(δ) of its rows as [rows,1], in doubles before rounding. */
  difference(bases: tf.Tensor[], column: (f: (delta: number) => number) => tf.Tensor): tf.Tensor;
}

/** `σ(a+δ) - σ(a) = σ(a)·expm1(δ) / (1 + e^a·e^δ)`, from its bases σ(a) and e^a. */
const sigmoidDifference = ([z, power]: tf.Tensor[], expm1: tf.Tensor, exp: tf.Tensor): tf.Tensor =>
  tf.div(tf.mul(z, expm1), tf.add(tf.mul(power, exp), 1));

const activationDifferences: Record<ActivationName, ActivationDifference> = {
  sigmoid: {
    slope: 0.25,
    bases: ({ a1, z1 }) => [z1, tf.exp(a1)],
    difference: (bases, column) => sigmoidDifference(bases, column(Math.expm1), column(Math.exp)),
  },
  // tanh(a) = 2σ(2a) - 1.
  tanh: {
    slope: 1,
    bases: ({ a1 }) => [sigmoid(tf.mul(a1, 2)), tf.exp(tf.mul(a1, 2))],
    difference: (bases, column) => {
      const expm1 = column((delta) => 2 * Math.expm1(2 * delta));
      return sigmoidDifference(
        bases,
        expm1,
        column((delta) => Math.exp(2 * delta)),
      );
    },
  },
  // From a ≥ 0 the change is δ, or down to -a; from a < 0 it is what gets above 0.
  relu: {
    slope: 1,
    bases: ({ a1 }) => [a1],
    difference: ([a], column) => {
      const delta = column((delta) => delta);
      return tf.where(tf.greaterEqual(a, 0), tf.maximum(delta, tf.neg(a)), tf.maximum(tf.add(a, delta), 0));
    },
  },
  // log(1 + e^(a+δ)) - log(1 + e^a) = log1p(σ(a)·expm1(δ)) = log(σ(-a) + σ(a)·e^δ), without cancelling where δ is far below 0.
  softplus: {
    slope: 1,
    bases: ({ a1 }) => [sigmoid(a1), sigmoid(tf.neg(a1))],
    difference: ([z, rest], column) => {
      const far = tf.log(tf.add(tf.mul(z, column(Math.exp)), rest));
      return tf.where(
        column((delta) => Number(delta < -FAR)).toBool(),
        far,
        log1p(tf.mul(z, column(Math.expm1))),
      );
    },
  },
  identity: {
    slope: 1,
    bases: ({ a1 }) => [tf.zerosLike(a1)],
    difference: ([zero], column) =>
      tf.add(
        zero,
        column((delta) => delta),
      ),
  },
};

/** Picks the rows of a chunk from a tensor of [N,…]; Δ₊ and Δ₋ of its rows, [rows,H]. */
type OfMoves<T> = (pick: (x: tf.Tensor) => tf.Tensor, ahead: tf.Tensor, behind: tf.Tensor) => T;

/**
 * φ₊ - φ₋ for moves Δ₊ and Δ₋ of the hidden units, [rows,H], by S = Σ_k p_k·expm1(Δ·v_k). Where |Δ·v| is small, S is the
 * series Σ_m Δ^m·M_m with M_m = Σ_k p_k·v_k^m / m!, to as many terms as change a float32; else it is summed with its
 * exponentials.
 */
function changeByMoves(state: ForwardState, largestMove: number): OfMoves<tf.Tensor> {
  const { others, target, W2, rho, q } = state;
  // v = w_k - w_t, [N,H,K].
  const targetWeights = tf.matMul(target as tf.Tensor2D, W2 as tf.Tensor2D, false, true);
  const v = tf.sub(tf.expandDims(W2, 0), tf.expandDims(targetWeights, 2));
  const weights = tf.expandDims(others, 1);
  const bound = largestMove * tf.max(tf.abs(v)).dataSync()[0];
  const terms = expm1Terms(bound);
  const sums = terms === undefined ? exponentialSums(weights, v) : seriesSums(weights, v, terms);
  const largestSum = Math.expm1(bound);
  const logarithm = terms === undefined ? log1p : log1pWithin((2 * largestSum) / (1 - largestSum) ** 2);
  const near: OfMoves<tf.Tensor> = (pick, ahead, behind) =>
    logarithm(ratioChange(sums(pick, ahead, behind), pick(rho), pick(q)));
  return bound > FAR ? nearOrFar(near, state, v) : near;
}

/** `near` where every |Δ·v_k| is at most FAR; elsewhere by log(1 + S) = log Σ_k e^(log p_k + Δ·v_k). */
function nearOrFar(
  near: OfMoves<tf.Tensor>,
  { logP, targetLogP, epsilon }: ForwardState,
  v: tf.Tensor,
): OfMoves<tf.Tensor> {
  const reach = tf.max(tf.abs(v), 2);
  const logarithms = tf.split(logP, logP.shape[1] as number, 1);
  const classMoves = tf.unstack(v, 2);
  return (pick, ahead, behind) => {
    const logSum = (move: tf.Tensor): tf.Tensor =>
      classMoves
        .map((moves, k) => tf.tidy(() => tf.add(pick(logarithms[k]), tf.mul(move, pick(moves)))))
        .reduce((sum, term) => tf.tidy(() => logAddExp(sum, term)));
    const far = tf.tidy(() => farDifference(logSum(ahead), logSum(behind), pick(targetLogP), epsilon));
    const furthest = tf.mul(pick(reach), tf.maximum(tf.abs(ahead), tf.abs(behind)));
    return tf.where(tf.greater(furthest, FAR), far, near(pick, ahead, behind));
  };
}

function seriesSums(weights: tf.Tensor, v: tf.Tensor, terms: number): OfMoves<MovedSums> {
  const moments: tf.Tensor[] = [];
  let power = weights;
  for (let m = 1; m <= terms; m++) {
    power = tf.div(tf.mul(power, v), m);
    moments.push(tf.sum(power, 2));
  }
  return (pick, ahead, behind) => {
    const picked = moments.map(pick);
    const series = (move: tf.Tensor): tf.Tensor =>
      tf.mul(
        move,
        picked.reduceRight((sum, moment) => tf.add(moment, tf.mul(move, sum))),
      );
    return [series(ahead), series(behind)];
  };
}

function exponentialSums(weights: tf.Tensor, v: tf.Tensor): OfMoves<MovedSums> {
  const classWeights = tf.unstack(weights, 2);
  const classMoves = tf.unstack(v, 2);
  return (pick, ahead, behind) => {
    const total = (move: tf.Tensor): tf.Tensor =>
      tf.tidy(() =>
        classMoves
          .map((moves, k) =>
            tf.tidy(() => tf.mul(pick(classWeights[k]), tf.expm1(tf.mul(move, pick(moves))))),
          )
          .reduce((sum, term) => tf.add(sum, term)),
      );
    return [total(ahead), total(behind)];
  };
}
