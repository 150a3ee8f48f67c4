/** A model as a function of its weights: what a forward pass draws at random, or writes to the model, is held fast. */
import * as tf from '@tensorflow/tfjs';
import { replaceMethods } from '../../methods.js';
import { randomFrom } from '../../random.js';

/** A weight as tfjs-layers keeps it; `read` is what layers call in their forward pass. */
export interface LayerVariable {
  readonly originalName: string;
  readonly trainable: boolean;
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

export const weightsOf = (model: tf.LayersModel): LayerVariable[] => model.weights;

export const trainableWeightsOf = (model: tf.LayersModel): LayerVariable[] => model.trainableWeights;

/** Runs `f` with `weights` replaced by tensors, and every write to one of `all` left undone. */
export function withWeights<T>(
  all: readonly LayerVariable[],
  weights: readonly LayerVariable[],
  values: readonly tf.Tensor[],
  f: () => T,
): T {
  const putBack = [
    ...all.map((weight) => replaceMethods(weight, { write: () => weight })),
    ...weights.map((weight, i) => replaceMethods(weight, { read: () => values[i] })),
  ];
  try {
    return f();
  } finally {
    for (const undo of putBack) undo();
  }
}

/**
 * Runs `f`, which must be synchronous, with `Math.random` giving the same numbers each time. TensorFlow.js takes the seed of every
 * random op that was given none from there, and so dropout drops the same entries in every evaluation.
 */
export function withFixedRandom<T>(seed: number, f: () => T): T {
  const { random } = Math;
  const fixed = randomFrom(seed);
  Math.random = () => fixed.uniform(0, 1);
  try {
    return f();
  } finally {
    Math.random = random;
  }
}

/** What recurrent layers and their cells keep from one call to the next. */
interface Recurrent {
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
  /** States that a layer held before, kept for the backward pass: of layers, not of cells. */
  keptStates?: unknown;
  resetStates?: unknown;
}

const masks = ['dropoutMask', 'recurrentDropoutMask'] as const;

/**
 * Runs `f` with the state of recurrent layers as it is now, and leaves it so: a stateful layer starts each time from the states
 * it has, and the dropout masks of cells are drawn anew and freed.
 */
export function withRecurrentState<T>(model: tf.LayersModel, f: () => T): T {
  const parts = partsOf(model);
  const before = parts.map((part) => masks.map((mask) => part[mask]));
  const stateful = parts.filter((part) => part.keptStates !== undefined);
  const putBack = stateful.map((layer) => replaceMethods(layer, { resetStates: () => {} }));
  try {
    parts.forEach((part, i) => setMasks(part, before[i], () => null));
    return f();
  } finally {
    parts.forEach((part, i) => {
      for (const mask of masks) tf.dispose(part[mask] ?? []);
      setMasks(part, before[i], (k) => before[i][k]);
    });
    for (const undo of putBack) undo();
  }
}

function setMasks(
  part: Recurrent,
  before: readonly Recurrent['dropoutMask'][],
  value: (k: number) => Recurrent['dropoutMask'],
): void {
  masks.forEach((mask, k) => {
    if (before[k] !== undefined) part[mask] = value(k);
  });
}

/** Where a layer keeps the layers and cells that it is made of. */
const places = ['layers', 'layer', 'forwardLayer', 'backwardLayer', 'cell', 'cells'] as const;

function partsOf(layer: unknown, seen = new Set<unknown>()): Recurrent[] {
  if (typeof layer !== 'object' || layer === null || seen.has(layer)) return [];
  seen.add(layer);
  if (Array.isArray(layer)) return layer.flatMap((part) => partsOf(part, seen));
  const inner = places.flatMap((place) => partsOf((layer as Record<string, unknown>)[place], seen));
  return [layer, ...inner];
}
