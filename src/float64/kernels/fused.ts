/** What fused kernels do after their product or convolution: a bias, and an activation. */
import type * as tf from '@tensorflow/tfjs';
import type { CpuBackend } from '../engine.js';
import { elu } from './elementwise.js';
import { broadcastPlaces, doublesOf } from './kernel.js';

export interface FusedInputs {
  bias?: tf.TensorInfo | null;
  preluActivationWeights?: tf.TensorInfo | null;
}

export interface FusedAttributes {
  activation?: string | null;
  leakyreluAlpha?: number;
}

const activations: Readonly<Record<string, ((x: number, slope: number) => number) | undefined>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(Math.max(0, x), 6),
  elu,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  leakyrelu: (x, slope) => (x < 0 ? slope * x : x),
  prelu: (x, slope) => (x < 0 ? slope * x : x),
};

/**
 * `activation(x + bias)`, in the array `x` itself, whose shape is given. Bias and PReLU's slopes are broadcast; a bias or slopes
 * [channels] stand for one number a channel also where the channels come first.
 *
 * @throws Error where the activation is not known.
 */
export function finished(
  backend: CpuBackend,
  shape: readonly number[],
  x: Float64Array,
  { bias, preluActivationWeights }: FusedInputs,
  { activation, leakyreluAlpha }: FusedAttributes,
  channelsFirst = false,
): Float64Array {
  const along = (tensor: tf.TensorInfo): ((i: number) => number) => {
    const values = doublesOf(backend, tensor);
    const isList = channelsFirst && tensor.shape.length === 1 && tensor.shape[0] !== 1;
    const places = broadcastPlaces(isList ? [...tensor.shape, 1, 1] : tensor.shape, shape);
    return (i) => values[places[i]];
  };
  if (bias) {
    const of = along(bias);
    for (let i = 0; i < x.length; i++) x[i] += of(i);
  }
  if (activation) {
    const f = activations[activation];
    if (!f)
      throw new Error(
        `The activation ${activation} is not known. Take one of ${Object.keys(activations).join(', ')}.`,
      );
    const slope = preluActivationWeights ? along(preluActivationWeights) : () => leakyreluAlpha ?? 0;
    for (let i = 0; i < x.length; i++) x[i] = f(x[i], slope(i));
  }
  return x;
}
