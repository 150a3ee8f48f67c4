/** What fused kernels do after their product: a bias and an activation, by the kernels for these. */
import type * as tf from '@tensorflow/tfjs';
import { repeatsFirstAxes, type Call, type Steps } from './call.js';

/** What a fused kernel is given beside its product. */
export interface Fused {
  bias?: tf.TensorInfo | null;
  preluActivationWeights?: tf.TensorInfo | null;
}

const kernels: Readonly<Record<string, string | undefined>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
};

/** Whether PReLU's slopes are one a channel, or one in all. */
export const plainActivation = ({ shape }: tf.TensorInfo, channels: number): boolean =>
  repeatsFirstAxes(shape, [channels]) && shape[shape.length - 1] === channels;

/** `activation(x + bias)`. @throws Error where the activation is not known */
export function finish(steps: Steps, x: tf.TensorInfo, { inputs, attrs }: Call): tf.TensorInfo {
  const { bias, preluActivationWeights } = inputs as Fused;
  const { activation, leakyreluAlpha } = (attrs ?? {}) as {
    activation?: string | null;
    leakyreluAlpha?: number;
  };
  const shifted = bias ? steps.run('Add', { a: x, b: bias }) : x;
  if (!activation || activation === 'linear') return shifted;
  if (activation === 'prelu' && preluActivationWeights) {
    return steps.run('Prelu', { x: shifted, alpha: preluActivationWeights });
  }
  if (activation === 'leakyrelu') return steps.run('LeakyRelu', { x: shifted }, { alpha: leakyreluAlpha });
  const kernel = kernels[activation];
  if (!kernel) throw new Error(`The activation ${activation} is not known, as of a fused kernel.`);
  return steps.run(kernel, { x: shifted });
}
