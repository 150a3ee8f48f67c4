/** What the functions of this chapter share: reading their arguments, staying finite, giving an op its gradient. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';

/** A tensor, or numbers in (nested) arrays that tf.tensor understands. */
export type TensorInput = tf.Tensor | tf.TensorLike;

export const shapeText = (shape: readonly number[]): string => `[${shape.join(',')}]`;

/** `x` as a float32 tensor. int32 and bool are cast; complex64 and string are refused, and so are ragged arrays. */
export function floatTensor(where: string, name: string, x: TensorInput): tf.Tensor {
  const tensor = toTensor(where, name, x);
  if (tensor.dtype === 'float32') return tensor;
  if (tensor.dtype === 'int32' || tensor.dtype === 'bool') return tf.cast(tensor, 'float32');
  throw new InputError(
    `${where}: ${name} must hold real numbers (float32, int32 or bool), got dtype ${tensor.dtype}. Convert it first.`,
  );
}

/** `x` as a tensor of whatever dtype it has. */
export function toTensor(where: string, name: string, x: TensorInput): tf.Tensor {
  if (x instanceof tf.Tensor) {
    if (x.isDisposed) {
      throw new InputError(
        `${where}: ${name} is a tensor that was disposed. Keep it with tf.keep, or dispose it later.`,
      );
    }
    return x;
  }
  if (!holdsNumbers(x, depths(x))) {
    throw new InputError(
      `${where}: ${name} must be a tensor, a number, or arrays of numbers of one shape (typed ones: Float32Array, Int32Array or Uint8Array), got ${kindOf(x)}.`,
    );
  }
  return tf.tensor(x);
}

/** The lengths of nested arrays, by the first entry at each depth: their shape, if they have one. */
function depths(x: unknown): number[] {
  if (tf.util.isTypedArray(x as object)) return [(x as tf.TypedArray).length];
  return Array.isArray(x) ? [x.length, ...depths(x[0])] : [];
}

/** Whether arrays have `shape` throughout, with numbers or booleans inside. `tf.tensor` asks neither, and takes null as 0. */
function holdsNumbers(x: unknown, shape: readonly number[]): boolean {
  const [length, ...inner] = shape;
  if (length === undefined) return typeof x === 'number' || typeof x === 'boolean';
  if (tf.util.isTypedArray(x as object)) {
    return inner.length === 0 && (x as tf.TypedArray).length === length;
  }
  return Array.isArray(x) && x.length === length && x.every((item) => holdsNumbers(item, inner));
}

function kindOf(x: unknown): string {
  if (Array.isArray(x)) return 'arrays of unlike lengths, or with something else in them';
  return typeof x === 'object' && x !== null ? x.constructor.name : String(x);
}

/** `axis` counted from 0; negative ones count from the end. */
export function resolveAxis(where: string, axis: number, shape: readonly number[]): number {
  const rank = shape.length;
  if (rank === 0) {
    throw new InputError(`${where}: x must have at least one axis, got a scalar. Reshape it to [1].`);
  }
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new InputError(
      `${where}: axis must be an integer from ${-rank} to ${rank - 1} for shape ${shapeText(shape)}, got ${axis}.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The bits of a float's significand on the backend in use: 53 inside of inFloat64, else 24. */
export function significandBits(): 24 | 53 {
  const bits: number = tf.backend().floatPrecision();
  return bits === 64 ? 53 : 24;
}

/** The largest finite number in the precision of the backend in use. */
export const largestFinite = (): number =>
  significandBits() === 53 ? Number.MAX_VALUE : 3.4028234663852886e38;

/**
 * `min(max(x, -M), M)`, M the largest finite float: an overflow becomes the nearest number there is. NaN stays NaN,
 * which `tf.clipByValue` does not promise: the wasm backend turns it into -M.
 */
export function saturate<T extends tf.Tensor>(x: T): T {
  const most = largestFinite();
  return tf.minimum<T>(tf.maximum(x, -most), most);
}

/**
 * The op `x → value(x)` whose vector-Jacobian product is `gradient(dy, x)`. Gradients of gradients are right as far as
 * `gradient` is made of differentiable ops of `x` and `dy`: TensorFlow.js' own gradients often reuse the op's output,
 * which is cut off from `x`, and then their second derivatives are wrong.
 */
export function differentiable<T extends tf.Tensor>(
  x: T,
  value: (x: T) => tf.Tensor,
  gradient: (dy: tf.Tensor, x: T) => tf.Tensor,
): T {
  const op = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [T, tf.GradSaveFunc];
    save([input]);
    return {
      value: value(input),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved[0] as T),
    };
  });
  return op(x) as T;
}

/** `differentiable` for an op of two tensors, with one gradient each. */
export function differentiablePair(
  y: tf.Tensor,
  t: tf.Tensor,
  value: (y: tf.Tensor, t: tf.Tensor) => tf.Tensor,
  gradient: (dy: tf.Tensor, y: tf.Tensor, t: tf.Tensor) => [tf.Tensor, tf.Tensor],
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [first, second, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([first, second]);
    return {
      value: value(first, second),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved[0], saved[1]),
    };
  });
  return op(y, t);
}

/**
 * `value(x)`, constant for differentiation. Conditions need it: `tf.where` asks its condition for a gradient and comparisons
 * have none, so that a plain `tf.where(tf.equal(x, 0), …)` throws under tf.grad.
 */
export function constantOf(x: tf.Tensor, value: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return differentiable(x, value, (_dy, x) => tf.zerosLike(x));
}
