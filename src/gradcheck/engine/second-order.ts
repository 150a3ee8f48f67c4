/** The gradient as a function of its own, whose gradient is the second order. */
import { sizeOf } from '../../shapes.js';
import { Subject } from './subject.js';

/** The function (x, c) → Σ_k c_k·∂f_k/∂x; `weightsOf` makes the point's c. */
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
  return new Subject(
    (tensors) =>
      subject
        .gradients(tensors.slice(0, count), tensors.slice(count))
        .filter((gradient) => gradient !== null),
    [...subject.inputs, ...cotangents],
    subject.precision,
  );
}
