/** What kernels in double precision share: how they are called, and how they read and make tensors. */
import * as tf from '@tensorflow/tfjs';
import type { CpuBackend } from '../engine.js';

/** A kernel from a function of its inputs, its attributes and the backend; the op that calls it vouches for their types. */
export function kernel<Inputs, Attributes = object>(
  run: (inputs: Inputs, attributes: Attributes, backend: CpuBackend) => tf.TensorInfo | tf.TensorInfo[],
): tf.KernelFunc {
  return ({ inputs, attrs, backend }) =>
    run(inputs as Inputs, (attrs ?? {}) as unknown as Attributes, backend as CpuBackend);
}

/** The tensor's numbers as doubles: its own array where it is one already, which must not be written to. */
export function doublesOf(backend: CpuBackend, { dataId, dtype }: tf.TensorInfo): Float64Array {
  if (dtype === 'complex64')
    throw new Error('complex64 is not supported by this op, which takes real numbers.');
  const values = backend.data.get(dataId).values as unknown as Float64Array | ArrayLike<number>;
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** A new tensor of these numbers; of whole ones where the dtype says so. */
export function tensorOf(
  backend: CpuBackend,
  shape: readonly number[],
  values: Float64Array,
  dtype: tf.DataType = 'float32',
): tf.TensorInfo {
  return backend.makeTensorInfo([...shape], dtype, dtype === 'int32' ? Int32Array.from(values) : values);
}

/** A new tensor of complex numbers. */
export function complexOf(
  backend: CpuBackend,
  shape: readonly number[],
  real: Float64Array,
  imaginary: Float64Array,
): tf.TensorInfo {
  const tensor = backend.makeTensorInfo([...shape], 'complex64');
  backend.data.get(tensor.dataId).complexTensorInfos = {
    real: tensorOf(backend, shape, real),
    imag: tensorOf(backend, shape, imaginary),
  };
  return tensor;
}

/**
 * For each place of `shape`, in order, the place in a tensor of shape `from`, which is broadcast to it: axes are aligned at the
 * right, and an axis of size 1, or one that is not there, is repeated.
 *
 * @throws Error where `from` can't be broadcast to `shape`.
 */
export function broadcastPlaces(from: readonly number[], shape: readonly number[]): Int32Array {
  const missing = shape.length - from.length;
  const fits = missing >= 0 && from.every((size, axis) => size === 1 || size === shape[missing + axis]);
  if (!fits)
    throw new Error(`A tensor of shape [${from.join(',')}] can't be broadcast to [${shape.join(',')}].`);
  const strides = tf.util.computeStrides([...from, 1]);
  return placesOf(
    shape,
    shape.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing])),
  );
}

/** For each index of a box of this shape, in order, `Σ index_axis · strides_axis`. */
export function placesOf(shape: readonly number[], strides: readonly number[]): Int32Array {
  let places = new Int32Array(1);
  shape.forEach((size, axis) => {
    const next = new Int32Array(places.length * size);
    for (let i = 0, at = 0; i < places.length; i++) {
      for (let k = 0; k < size; k++) next[at++] = places[i] + k * strides[axis];
    }
    places = next;
  });
  return places;
}

/** Each matrix [rows, columns] of a list of them as [columns, rows]. */
export function transposedMatrices(values: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let start = 0, at = 0; start < values.length; start += rows * columns) {
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) result[at++] = values[start + row * columns + column];
    }
  }
  return result;
}
