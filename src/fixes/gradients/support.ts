/** What gradients are put together of. All of it has derivatives of every order itself. */
import * as tf from '@tensorflow/tfjs';
import { engine } from '../engine-methods.js';
import { stockOf } from '../registry.js';

type Gradients = Record<string, () => tf.Tensor>;

/** A gradient for TensorFlow.js' registry, of an op with one output. `saved` has the inputs to save, and then the outputs. */
export function gradient<Attributes>(
  kernelName: string,
  save: { inputs?: string[]; outputs?: boolean[]; allInputs?: true },
  gradients: (dy: tf.Tensor, saved: tf.Tensor[], attributes: Attributes) => Gradients,
): tf.GradConfig {
  return {
    kernelName,
    ...(save.inputs && { inputsToSave: save.inputs }),
    ...(save.outputs && { outputsToSave: save.outputs }),
    ...(save.allInputs && { saveAllInputs: true }),
    gradFunc: (dy, saved, attributes) =>
      gradients(Array.isArray(dy) ? dy[0] : dy, saved, attributes as Attributes),
  };
}

/** TensorFlow.js' own gradient of a kernel. */
export function stockGradient(
  kernelName: string,
  dy: tf.Tensor | tf.Tensor[],
  saved: tf.Tensor[],
  attributes: unknown,
): Gradients {
  const { gradFunc } = stockOf('gradRegistry', kernelName) as tf.GradConfig;
  return gradFunc(dy, saved, attributes as tf.NamedAttrMap);
}

/** Runs a kernel of one output. */
export const run = (
  kernelName: string,
  inputs: Record<string, tf.Tensor>,
  attributes: object = {},
): tf.Tensor => engine().runKernel(kernelName, inputs, attributes) as tf.Tensor;

/** The sum of a gradient over the axes along which its tensor, of the shape given, was broadcast. */
export function sumTo(g: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? [i] : []));
  return tf.reshape(axes.length > 0 ? tf.sum(g, axes) : g, shape);
}

export const zeros = (shape: number[]) => (): tf.Tensor => tf.zeros(shape);

/** WebGPU's Cast leaves the numbers as they are and says that they are real; some of its shaders take it at its word. */
export const float = (x: tf.Tensor): tf.Tensor => {
  const real = tf.cast(x, 'float32');
  return x.dtype !== 'float32' && tf.getBackend() === 'webgpu' ? tf.mul(real, 1) : real;
};

/** The shape with 1 along the axes that are reduced. */
export const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((size, i) => (axes.includes(i) ? 1 : size));

/** An axis, or all of them, as numbers from 0. */
export const axesOf = (axis: number | readonly number[] | null | undefined, shape: number[]): number[] =>
  axis == null ? shape.map((_, i) => i) : tf.util.parseAxisParam(axis as number[], shape);

/** x with the axes given at its end, and the way back. */
export function movedToEnd(
  x: tf.Tensor,
  axes: readonly number[],
): { moved: tf.Tensor; back: (g: tf.Tensor) => tf.Tensor; move: (g: tf.Tensor) => tf.Tensor } {
  const order = [...x.shape.keys()].filter((i) => !axes.includes(i)).concat(axes);
  if (order.every((from, to) => from === to)) return { moved: x, back: (g) => g, move: (g) => g };
  const inverse = order.map((_, i) => order.indexOf(i));
  const move = (g: tf.Tensor): tf.Tensor => tf.transpose(g, order);
  return { moved: move(x), move, back: (g) => tf.transpose(g, inverse) };
}

/** Rows of values [n, …] added up by where they belong, [count, …]. Negative places are left out. */
export const addRows = (values: tf.Tensor, places: tf.Tensor, count: number): tf.Tensor =>
  tf.unsortedSegmentSum(values, tf.cast(places, 'int32') as tf.Tensor1D, count);

/**
 * The product of a Jacobian's transpose with dy, of a function of TensorFlow.js' ops at xs, by each x of `by`: 0 where f does not depend on it.
 * Inside of a gradient that is itself being recorded it is recorded too.
 */
export function pulledBack(
  f: (...xs: tf.Tensor[]) => tf.Tensor,
  xs: tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  const { state } = engine();
  const { activeTape: outer } = state;
  const isOutermost = state.gradientDepth === 0;
  try {
    const { grads } = engine().gradients(() => f(...xs), xs, dy, true);
    return xs.map(({ shape }, i) => (grads[i] as tf.Tensor | undefined) ?? tf.zeros(shape));
  } finally {
    // A gradient within the walk back of another at depth 0 has taken that one's tape for its own.
    if (isOutermost) state.activeTape = outer;
  }
}

/** The gradient of a kernel that the ops of `f` compute too, by its inputs of the names given; the other inputs are constants. */
export function byComposition<Attributes>(
  kernelName: string,
  inputs: readonly string[],
  constants: readonly string[],
  f: (inputs: tf.Tensor[], constants: tf.Tensor[], attributes: Attributes) => tf.Tensor,
): tf.GradConfig {
  return gradient<Attributes>(kernelName, { inputs: [...inputs, ...constants] }, (dy, saved, attributes) => {
    const fixed = saved.slice(inputs.length);
    const of = (i: number) => (): tf.Tensor =>
      pulledBack(
        (x) =>
          f(
            saved.slice(0, inputs.length).map((one, j) => (j === i ? x : one)),
            fixed,
            attributes,
          ),
        [saved[i]],
        dy,
      )[0];
    return Object.fromEntries([
      ...inputs.map((name, i) => [name, of(i)] as const),
      ...constants.map((name, i) => [name, zeros(fixed[i].shape)] as const),
    ]);
  });
}
