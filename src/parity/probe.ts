/** Numerical gradient against tf.grad, on a sample of a network's parameters. */
import * as tf from '@tensorflow/tfjs';
import { autodiff } from '../differentiation/autodiff.js';
import type {
  DenseStructure,
  DifferentiableNetwork,
  NamedTensors,
} from '../differentiation/gradient-method.js';
import { parameterDifferences } from '../differentiation/loop.js';
import { structured } from '../differentiation/structured.js';
import { randomIndices } from '../random.js';

/** One comparison of the numerical gradient with tf.grad's. */
export interface ProbeRecord {
  step: number;
  /** The numerical method that was compared. */
  numericalMethod: string;
  /** Number of entries compared. */
  coordinates: number;
  /** The largest |numerical - autodiff| over the largest |autodiff| of the same parameter; Infinity where either is NaN. */
  worstRelativeDifference: number;
  worst: { parameter: string; index: number; numerical: number; autodiff: number };
}

/** Entries of each parameter that a probe compares. */
export const PROBE_COORDINATES = 32;

/** Whose gradients a probe is given; it makes the other's itself. */
export interface ProbedGradients {
  method: string;
  gradients: NamedTensors;
}

/**
 * Compares `known` with the other kind of gradient at the same parameters and batch: a numerical one with tf.grad's, tf.grad's
 * with a numerical one: `structured` where that takes seconds at most, else central differences of the sampled entries.
 */
export function parityProbe(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
  known: ProbedGradients,
  { step, seed, coordinates = PROBE_COORDINATES }: { step: number; seed: number; coordinates?: number },
): ProbeRecord {
  const random = randomIndices(seed);
  const isAutodiff = known.method === autodiff.name;
  const numericalMethod = !isAutodiff
    ? known.method
    : isQuick(network.structure, x)
      ? 'structured'
      : 'central';
  const reference = isAutodiff ? known.gradients : autodiff.lossAndGradients(network, x, t).gradients;
  const numerical = !isAutodiff
    ? known.gradients
    : numericalMethod === 'structured'
      ? structured().lossAndGradients(network, x, t).gradients
      : undefined;

  const record: ProbeRecord = {
    step,
    numericalMethod,
    coordinates: 0,
    worstRelativeDifference: 0,
    worst: { parameter: '', index: 0, numerical: 0, autodiff: 0 },
  };
  for (const [parameter, tensor] of Object.entries(reference)) {
    const expected = tensor.dataSync();
    const indices =
      tensor.size <= coordinates
        ? Array.from(expected.keys())
        : Array.from({ length: coordinates }, () => random(tensor.size));
    const got = numerical
      ? pick(numerical[parameter].dataSync(), indices)
      : parameterDifferences(network, x, t, parameter, { coordinates: indices });
    compare(record, parameter, indices, got, expected);
  }
  if (isAutodiff) {
    if (numerical) tf.dispose(numerical);
  } else {
    tf.dispose(reference);
  }
  return record;
}

/** What `structured` evaluates in some ten seconds by tf ops, were no input 0. */
const MOST_NUMBERS = 5e8;

function isQuick({ sizes }: DenseStructure, x: tf.Tensor): boolean {
  const examples = x.size / sizes[0];
  let numbers = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    const above = sizes.slice(layer + 1).reduce((sum, size) => sum + size, 1);
    numbers += examples * (sizes[layer - 1] + 1) * sizes[layer] * above;
  }
  return numbers <= MOST_NUMBERS;
}

const pick = (values: ArrayLike<number>, indices: readonly number[]): Float64Array =>
  Float64Array.from(indices, (index) => values[index]);

function compare(
  record: ProbeRecord,
  parameter: string,
  indices: readonly number[],
  numerical: ArrayLike<number>,
  expected: ArrayLike<number>,
): void {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  indices.forEach((index, i) => {
    const error = Math.abs(numerical[i] - expected[index]);
    // Not `error / largest > worst`: a NaN on either side is the worst there is.
    const relative = error === 0 ? 0 : error / largest;
    if (!(relative <= record.worstRelativeDifference) || record.worst.parameter === '') {
      record.worstRelativeDifference = Number.isNaN(relative) ? Infinity : relative;
      record.worst = { parameter, index, numerical: numerical[i], autodiff: expected[index] };
    }
  });
  record.coordinates += indices.length;
}
