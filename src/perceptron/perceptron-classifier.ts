/** A threshold logic unit that learns its weights by the perceptron rule. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { floatTensor, shapeText, type TensorInput } from '../functions/arguments.js';
import { randomIndices, shuffle } from '../random.js';
import { ThresholdLogicUnit } from './threshold-logic-unit.js';

/** How `PerceptronClassifier.fit` learns. */
export interface PerceptronFitOptions {
  /** η, 1 unless given. From a zero start it only scales the weights, up to rounding. */
  readonly learningRate?: number;
  /** Passes over the data at most, 1000 unless given. */
  readonly maxEpochs?: number;
  /** Shuffles the examples anew for every epoch, the same way for the same seed. Without it they keep their order. */
  readonly seed?: number;
}

/** What came of `PerceptronClassifier.fit`. */
export interface PerceptronFit {
  /** Whether the last epoch passed without a mistake. */
  readonly converged: boolean;
  /** Passes made, the last and faultless one included. */
  readonly epochs: number;
  /** Mistakes, which are updates, of each epoch. */
  readonly mistakes: readonly number[];
  /**
   * Proof that the rule never ends: after epoch `from` (0: the start) the weights were the same as `length` epochs later, with
   * mistakes between. Found in fixed order only, where an epoch's end is a function of its start alone.
   */
  readonly cycle?: { readonly from: number; readonly length: number };
}

/**
 * A perceptron. The rule goes through the examples one by one and moves at each mistake: `w ← w + η·(t − y)·x`, `b ← b + η·(t − y)`.
 *
 * Where a hyperplane separates the classes it ends, after at most (R/γ)² mistakes (Novikoff, 1962), R the length of the longest
 * input (with a 1 appended for the bias), γ the margin. Where none does, as for XOR (the argument is at `xor`), it never ends: it makes a mistake
 * in every epoch, since an epoch without one would have found such a hyperplane. For whole-numbered data and η = 1 the weights stay
 * bounded and whole, so that in fixed order they must come round to where they were: `fit` finds that cycle.
 *
 * The rule computes in double precision on the inputs as float32 holds them; whole numbers are exact.
 * Source: Rosenblatt (1958); Géron, "Hands-On Machine Learning" (2nd ed.), eq. 10-3; Block and Levin (1970) for the bound on the weights.
 */
export class PerceptronClassifier {
  #weights: number[] | undefined;
  #bias = 0;

  /** The learned weights as a unit, which computes in the backend's precision. @throws InputError before `fit`. */
  get unit(): ThresholdLogicUnit {
    return new ThresholdLogicUnit({ weights: this.#learned('unit'), bias: this.#bias });
  }

  /**
   * Learns from zero weights on examples x [N, D] with targets t [N] of 0 and 1. Stops at the first epoch without a mistake,
   * when a cycle is proved, or after `maxEpochs`.
   *
   * @throws InputError for wrong shapes, no examples, x that is not finite, other targets, bad options, and weights that overflow;
   * what was learned before stays.
   */
  fit(x: TensorInput, t: TensorInput, options: PerceptronFitOptions = {}): PerceptronFit {
    const { learningRate = 1, maxEpochs = 1000, seed } = options;
    checkOptions(learningRate, maxEpochs, seed);
    const { inputs, size, single } = readInputs('fit', x);
    if (single || inputs.length === 0) {
      throw new InputError(
        `fit: x must have shape [N,D] with at least one example, got ${shapeText(single ? [size] : [0, size])}.`,
      );
    }
    const targets = readTargets(t, inputs.length);
    const order = inputs.map((_, n) => n);
    const random = seed === undefined ? undefined : randomIndices(seed);

    const weights = new Array<number>(size).fill(0);
    let bias = 0;
    const epochEnds = new Map([[stateText(weights, bias), 0]]);
    const mistakes: number[] = [];
    let cycle: PerceptronFit['cycle'];
    while (mistakes.length < maxEpochs && mistakes.at(-1) !== 0 && !cycle) {
      if (random) shuffle(order, random);
      let wrong = 0;
      for (const n of order) {
        const error = targets[n] - fires(weights, bias, inputs[n]);
        if (error === 0) continue;
        wrong += 1;
        inputs[n].forEach((value, k) => {
          weights[k] += learningRate * error * value;
        });
        bias += learningRate * error;
      }
      mistakes.push(wrong);
      if (![...weights, bias].every(Number.isFinite)) {
        throw new InputError(
          `fit: the weights overflow in epoch ${mistakes.length}; scale x or learningRate down.`,
        );
      }
      if (random || wrong === 0) continue;
      const state = stateText(weights, bias);
      const from = epochEnds.get(state);
      if (from !== undefined) cycle = { from, length: mistakes.length - from };
      epochEnds.set(state, mistakes.length);
    }
    this.#weights = weights;
    this.#bias = bias;
    const converged = mistakes.at(-1) === 0;
    return { converged, epochs: mistakes.length, mistakes, ...(cycle && { cycle }) };
  }

  /**
   * 0 or 1 for each row of x [N, D], as a float32 tensor [N]; for one vector [D] a scalar. It sums as `fit` does, so that after
   * convergence the training data come out right.
   *
   * @throws InputError before `fit`, for wrong shapes and x that is not finite.
   */
  predict(x: TensorInput): tf.Tensor {
    const weights = this.#learned('predict');
    const { inputs, size, single } = readInputs('predict', x);
    if (size !== weights.length) {
      throw new InputError(`predict: x must have ${weights.length} columns, as in fit, got ${size}.`);
    }
    const outputs = inputs.map((input) => fires(weights, this.#bias, input));
    return single ? tf.scalar(outputs[0]) : tf.tensor1d(outputs);
  }

  #learned(where: string): number[] {
    if (!this.#weights)
      throw new InputError(`${where}: the classifier has learned nothing yet; call fit first.`);
    return this.#weights;
  }
}

function checkOptions(learningRate: number, maxEpochs: number, seed: number | undefined): void {
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new InputError(`fit: learningRate must be a positive number, got ${learningRate}.`);
  }
  if (!(Number.isInteger(maxEpochs) && maxEpochs > 0)) {
    throw new InputError(`fit: maxEpochs must be a positive whole number, got ${maxEpochs}.`);
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new InputError(`fit: seed must be a whole number, got ${seed}.`);
  }
}

/** `step(w·x + b)` in double precision. */
function fires(weights: readonly number[], bias: number, input: readonly number[]): 0 | 1 {
  const sum = input.reduce((total, value, k) => total + weights[k] * value, 0) + bias;
  if (Number.isNaN(sum))
    throw new InputError('PerceptronClassifier: the weighted sum overflows; scale x down.');
  return sum > 0 ? 1 : 0;
}

/** The rows of x as numbers; a single vector is one row. */
function readInputs(where: string, x: TensorInput): { inputs: number[][]; size: number; single: boolean } {
  const { shape, values } = readValues(where, 'x', x);
  const size = shape.at(-1) ?? 0;
  if ((shape.length !== 1 && shape.length !== 2) || size === 0) {
    throw new InputError(`${where}: x must have shape [N,D], D at least 1, got ${shapeText(shape)}.`);
  }
  if (!values.every(Number.isFinite))
    throw new InputError(`${where}: x must be finite, got NaN or Infinity.`);
  const inputs = Array.from({ length: values.length / size }, (_, n) =>
    values.slice(n * size, (n + 1) * size),
  );
  return { inputs, size, single: shape.length === 1 };
}

function readTargets(t: TensorInput, count: number): number[] {
  const { shape, values } = readValues('fit', 't', t);
  if (shape.length !== 1 || shape[0] !== count) {
    throw new InputError(
      `fit: t must have shape [${count}], one target for each row of x, got ${shapeText(shape)}.`,
    );
  }
  const odd = values.find((value) => value !== 0 && value !== 1);
  if (odd !== undefined) throw new InputError(`fit: every target in t must be 0 or 1, got ${odd}.`);
  return values;
}

function readValues(where: string, name: string, x: TensorInput): { shape: number[]; values: number[] } {
  return tf.tidy<{ shape: number[]; values: number[] }>(() => {
    const tensor = floatTensor(where, name, x);
    return { shape: tensor.shape, values: Array.from(tensor.dataSync()) };
  });
}

/** The state as a key: digits that read back as the same numbers, with −0 as 0, which behaves alike. */
const stateText = (weights: readonly number[], bias: number): string => [...weights, bias].join();
