/** The gradient as a function of its own, whose gradient is the second order. */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import { GradientFailure, Subject } from './subject.js';
import { ruleOfSecondOrder } from './surrogate.js';

/**
 * The function (x, c) → Σ_k c_k·∂f_k/∂x; `weightsOf` makes the point's c. Where a function g stands for f, so does its gradient for
 * that of f. A rule is one of what happens to an input on its way into f, and happens to it on the way into the gradient too.
 */
export function gradientOf(subject: Subject, weightsOf: (n: number) => Float64Array): Subject {
  const count = subject.inputs.length;
  const shapes = subject.outputShapes;
  const cotangents = shapes.map((shape, k) => {
    const weights = weightsOf(sizeOf(shape));
    return {
      index: count + k,
      name: shapes.length === 1 ? 'dy' : `dy ${k}`,
      shape,
      dtype: 'float32' as const,
      active: true,
      values: subject.precision === 'float64' ? weights : Float32Array.from(weights),
    };
  });
  const inputs = subject.inputs.map((input) => ({ ...input, surrogate: ruleOfSecondOrder(input.surrogate) }));
  const { surrogate, precision } = subject;
  const gradients = (of: Subject, tensors: tf.Tensor[]): (tf.Tensor | null)[] =>
    of.gradients(tensors.slice(0, count), tensors.slice(count));
  if (!surrogate) {
    return new Subject(
      (tensors) => gradients(subject, tensors).filter((gradient) => gradient !== null),
      [...inputs, ...cotangents],
      precision,
    );
  }
  const reference = new Subject(surrogate, subject.inputs, precision);
  // One that autodiff does not reach is left out above; of two functions it may not be the same ones.
  const all =
    (of: Subject) =>
    (tensors: tf.Tensor[]): tf.Tensor[] =>
      gradients(of, tensors).map((gradient, i) => gradient ?? tf.zeros(subject.active[i].shape));
  const ofReference = all(reference);
  return new Subject(all(subject), [...inputs, ...cotangents], precision, (tensors) => {
    try {
      return ofReference(tensors);
    } catch (error) {
      if (!(error instanceof GradientFailure)) throw error;
      throw new GradientFailure(
        'unsupported',
        `the second order needs the gradient of the surrogate, which cannot be computed: ${error.message}`,
        { cause: error },
      );
    }
  });
}
