/** Data from code as what `train` takes: arrays or a tf.data.Dataset; and a part held out for the test. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { floatTensor, shapeText, toTensor, type TensorInput } from '../functions/arguments.js';
import { randomIndices, shuffle } from '../random.js';
import type { Dataset, TrainingData } from './trainer.js';

/** As tf.data.Dataset: elements of inputs and targets, single examples or batches. */
export interface ElementSource {
  /** Calls f with each element in turn. */
  forEachAsync(f: (element: unknown) => void): Promise<void>;
}

/** Inputs and targets as arrays or tensors. */
export interface PlainData {
  x: TensorInput;
  t: TensorInput;
}

/**
 * Data as tensors that the caller disposes: x [N, D], each example flat; t as `train` takes it, labels as int32.
 *
 * - Arrays or tensors `{x, t}`, x of any rank from 2 on.
 * - A tf.data.Dataset of `{xs, ys}` (or `[xs, ys]`), read to its end. Elements whose xs has rank 1 are single examples; others are batches.
 *   Their tensors are disposed.
 *
 * @throws InputError for anything else, for examples of different sizes, and where there are none
 */
export async function datasetFrom(source: PlainData | ElementSource): Promise<Dataset> {
  if ('forEachAsync' in source) return collect(source);
  return tf.tidy(() => {
    const x = floatTensor('datasetFrom', 'x', source.x);
    if (x.rank < 2 || x.size === 0) {
      throw new InputError(`datasetFrom: x must be a batch [examples,…], got shape ${shapeText(x.shape)}.`);
    }
    const t = wholeAsInt(toTensor('datasetFrom', 't', source.t));
    if (t.rank === 0 || t.shape[0] !== x.shape[0]) {
      throw new InputError(
        `datasetFrom: there must be as many targets as inputs, got ${shapeText(t.shape)} for ${shapeText(x.shape)}.`,
      );
    }
    return { x: tf.clone(tf.reshape<tf.Rank.R2>(x, [x.shape[0], -1])), t: tf.clone(t) };
  });
}

/** Labels in plain arrays are whole numbers without a dtype. */
const wholeAsInt = (t: tf.Tensor): tf.Tensor =>
  t.rank === 1 && t.dtype === 'float32' && t.dataSync().every(Number.isInteger) ? tf.cast(t, 'int32') : t;

async function collect(source: ElementSource): Promise<Dataset> {
  const xs: tf.Tensor2D[] = [];
  const ts: tf.Tensor[] = [];
  try {
    await source.forEachAsync((element) => {
      const [x, t] = partsOf(element);
      tf.tidy(() => {
        const isSingle = x.rank < 2;
        const batch = tf.reshape<tf.Rank.R2>(x, isSingle ? [1, x.size] : [x.shape[0], -1]);
        const targets = isSingle ? tf.expandDims(t, 0) : t;
        if (targets.rank === 0 || targets.shape[0] !== batch.shape[0]) {
          throw new InputError(
            `datasetFrom: an element has inputs of shape ${shapeText(x.shape)} and targets of shape ${shapeText(t.shape)}; wanted as many targets as inputs.`,
          );
        }
        if (xs.length > 0 && xs[0].shape[1] !== batch.shape[1]) {
          throw new InputError(
            `datasetFrom: all examples must have the same size, got ${xs[0].shape[1]} and ${batch.shape[1]} numbers.`,
          );
        }
        xs.push(tf.keep(tf.clone(tf.cast<tf.Tensor2D>(batch, 'float32'))));
        ts.push(tf.keep(tf.clone(targets)));
      });
      tf.dispose([x, t]);
    });
    if (xs.length === 0) throw new InputError('datasetFrom: the data set has no elements.');
    return tf.tidy(() => ({ x: tf.concat(xs), t: wholeAsInt(tf.concat(ts)) }));
  } finally {
    tf.dispose([xs, ts]);
  }
}

function partsOf(element: unknown): [tf.Tensor, tf.Tensor] {
  const { xs, ys } = (Array.isArray(element) ? { xs: element[0], ys: element[1] } : (element ?? {})) as {
    xs?: unknown;
    ys?: unknown;
  };
  if (xs === undefined || ys === undefined) {
    throw new InputError('datasetFrom: an element must be {xs, ys} or [xs, ys], inputs and targets.');
  }
  const tensor = (value: unknown): tf.Tensor =>
    value instanceof tf.Tensor ? value : tf.tensor(value as tf.TensorLike);
  return [tensor(xs), tensor(ys)];
}

/**
 * Parts the examples at random, `share` of them (0.15 unless given) for the test. The data stay; the caller disposes the parts.
 *
 * @throws InputError for a share that leaves one of the parts empty
 */
export function heldOut(
  { x, t }: Dataset,
  { share = 0.15, seed = 1 }: { share?: number; seed?: number } = {},
): Required<TrainingData> {
  const [count] = x.shape;
  const test = Math.round(share * count);
  if (!(share > 0 && share < 1) || test < 1 || test >= count) {
    throw new InputError(
      `heldOut: share must be above 0 and below 1 and leave examples in both parts, got ${share} of ${count}.`,
    );
  }
  const order = Int32Array.from({ length: count }, (_, n) => n);
  shuffle(order, randomIndices(seed));
  const part = (indices: Int32Array): Dataset =>
    tf.tidy(() => {
      const rows = tf.tensor1d(indices, 'int32');
      return { x: tf.gather(x, rows), t: tf.gather(t, rows) };
    });
  return { train: part(order.subarray(test)), test: part(order.subarray(0, test)) };
}
