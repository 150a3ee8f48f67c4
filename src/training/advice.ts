/** Why a run that ended did not learn, read from its losses and gradients. */
import * as tf from '@tensorflow/tfjs';
import { last } from '../collections.js';
import { autodiff } from '../differentiation/autodiff.js';
import type { Mlp } from '../networks/mlp.js';
import type { History } from './history.js';

interface Examples {
  x: tf.Tensor2D;
  t: tf.Tensor;
}

/** Fewer steps say nothing of the last of them. */
const LEAST_STEPS = 10;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The loss of the first step, and the mean of the last steps', a tenth of all but no more than 20. */
function ends({ steps }: History): { first: number; end: number } {
  const tail = steps.slice(-Math.min(20, Math.max(1, Math.floor(steps.length / 10))));
  return { first: steps[0].loss, end: mean(tail.map(({ loss }) => loss)) };
}

/** The loss of a classifier that takes all classes for equally likely; of the others there is no such bound. */
function uninformedLoss({ structure: { output, loss, sizes } }: Mlp): number | undefined {
  if (loss === 'binaryCrossEntropy') return Math.LN2;
  return output === 'softmax' && /rossEntropy$/.test(loss) ? Math.log(last(sizes)) : undefined;
}

/**
 * A sentence or two for a run whose loss ended far above that of its first step, or undefined. Where the loss of knowing nothing is known,
 * half as much again is far; else ten times the first.
 */
export function endedWorse(network: Mlp, history: History): string | undefined {
  if (history.steps.length < LEAST_STEPS) return undefined;
  const { first, end } = ends(history);
  const uninformed = uninformedLoss(network);
  const bound = uninformed === undefined ? 10 * Math.abs(first) : 1.5 * Math.max(first, uninformed);
  if (!(end > bound) || first === 0) return undefined;
  const { length } = history.steps;
  return `Diverged: after ${length} steps the loss is ${shown(end)}, and it was ${shown(first)} at first. A learning rate of ${history.settings.learningRate} is too large here; try a tenth of it. The parameters are those after ${length} steps.`;
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));

/** What an accuracy may lie above that of the commonest class and still be chance. */
const CHANCE = 0.02;
/** A gradient that is this much smaller at the first layer than at the last one has vanished. */
const VANISHED = 1e-3;
/** Examples whose gradient is looked at. */
const LOOKED_AT = 100;

/** For a classifier that tells classes no better than chance: what in the run says why, and what to change. */
export function adviceFor(network: Mlp, { x, t }: Examples, history: History): string | undefined {
  if (network.structure.output !== 'softmax' || history.steps.length < LEAST_STEPS) return undefined;
  const accuracy = history.epochs.at(-1)?.trainAccuracy ?? 1;
  if (accuracy > commonest(network, t) + CHANCE) return undefined;
  return `The network tells the classes no better than chance. ${reason(network, { x, t }, history)}`;
}

function reason(network: Mlp, { x, t }: Examples, history: History): string {
  const { learningRate } = history.settings;
  const { first, end } = ends(history);
  const depth = network.structure.sizes.length - 1;
  const sizes = gradientSizes(network, { x, t });
  const vanished = depth > 1 && sizes[0] <= VANISHED * sizes[depth - 1];
  if (end > 1.05 * first) {
    return `The loss rose from ${shown(first)} to ${shown(end)}: a learning rate of ${learningRate} is too large here; try a tenth of it.`;
  }
  if (sizes.slice(0, -1).some((size) => size === 0)) {
    return 'No gradient reaches the first weights: all hidden units are at 0 or saturated. Try other first weights (weightInitStd) or a smaller learning rate.';
  }
  if (vanished) {
    return `The gradient of W1 is ${(sizes[0] / sizes[depth - 1]).toExponential(0)} of that of W${depth}: it vanishes on its way through ${depth} layers. Try larger first weights (weightInitStd, such as 0.1), the activation relu, or fewer layers.`;
  }
  return `In ${history.steps.length} steps the loss went from ${first.toPrecision(4)} to ${end.toPrecision(4)}: a learning rate of ${learningRate} is small for so few steps; try a larger one, or more steps.`;
}

/** The root mean square of the loss' gradient at each layer's weights, for the first examples. */
function gradientSizes(network: Mlp, { x, t }: Examples): number[] {
  return tf.tidy(() => {
    const count = Math.min(LOOKED_AT, x.shape[0]);
    const { gradients } = autodiff.lossAndGradients(network, tf.slice(x, 0, count), tf.slice(t, 0, count));
    return Object.keys(gradients)
      .filter((name) => name.startsWith('W'))
      .map((name) => Math.sqrt(tf.mean(tf.square(gradients[name])).dataSync()[0]));
  });
}

/** The share of the class that most examples have. */
function commonest(network: Mlp, t: tf.Tensor): number {
  const labels = tf.tidy(() => (t.rank === 1 ? t : tf.argMax(t, -1)).dataSync());
  const counts = new Array<number>(last(network.structure.sizes)).fill(0);
  for (const label of labels) counts[label]++;
  return Math.max(...counts) / labels.length;
}
