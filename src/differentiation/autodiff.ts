/** Reverse-mode automatic differentiation: TensorFlow.js' own gradient of the loss. */
import * as tf from '@tensorflow/tfjs';
import type { GradientMethod, NamedTensors } from './gradient-method.js';

/** `tf.valueAndGrads` of the loss with respect to every parameter. */
export const autodiff: GradientMethod = {
  name: 'autodiff',
  lossAndGradients(network, x, t) {
    const names = Object.keys(network.parameters);
    const lossOf = (...tensors: tf.Tensor[]): tf.Tensor =>
      network.lossAt(Object.fromEntries(names.map((name, i) => [name, tensors[i]])), x, t);
    let loss = NaN;
    const gradients = tf.tidy((): NamedTensors => {
      const at = names.map((name) => tf.clone(network.parameters[name]));
      const { value, grads } = tf.valueAndGrads(lossOf)(at);
      loss = value.dataSync()[0];
      return Object.fromEntries(names.map((name, i) => [name, grads[i]]));
    });
    return { loss, gradients };
  },
};
