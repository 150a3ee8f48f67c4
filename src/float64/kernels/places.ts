/**
 * Kernels that are right on the cpu backend too, and slow: for each entry it makes a list of the entry's indices. Here the places
 * of all entries are computed at once.
 */
import * as tf from '@tensorflow/tfjs';
import type { CpuBackend } from '../engine.js';
import { broadcastPlaces, doublesOf, kernel, placesOf, tensorOf } from './kernel.js';

/** Functions of two tensors, a and b. */
const binary = [
  'Add',
  'Atan2',
  'Equal',
  'FloorDiv',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'Maximum',
  'Minimum',
  'Mod',
  'Multiply',
  'NotEqual',
  'Pow',
  'RealDiv',
  'SquaredDifference',
  'Sub',
];

/** With fewer entries the tables take longer than what they save. */
const WORTHWHILE = 64;

const taken = (values: Float64Array, places: Int32Array): Float64Array => {
  const result = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) result[i] = values[places[i]];
  return result;
};

/** The cpu backend's kernel, real numbers broadcast before. */
const broadcasting =
  (name: string): tf.KernelFunc =>
  (args) => {
    const cpu = tf.getKernel(name, 'cpu').kernelFunc;
    const { a, b } = args.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const isReal = a.dtype === 'float32' && b.dtype === 'float32';
    if (!isReal || tf.util.arraysEqual(a.shape, b.shape)) return cpu(args);
    const backend = args.backend as CpuBackend;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    if (tf.util.sizeFromShape(shape) < WORTHWHILE) return cpu(args);
    const isWide = (tensor: tf.TensorInfo): boolean => tf.util.arraysEqual(tensor.shape, shape);
    const wide = (tensor: tf.TensorInfo): tf.TensorInfo =>
      isWide(tensor)
        ? tensor
        : tensorOf(backend, shape, taken(doublesOf(backend, tensor), broadcastPlaces(tensor.shape, shape)));
    const inputs = { a: wide(a), b: wide(b) };
    const result = cpu({ ...args, inputs });
    for (const tensor of [inputs.a, inputs.b]) {
      if (tensor !== a && tensor !== b) backend.disposeIntermediateTensorInfo(tensor);
    }
    return result;
  };

interface ReductionAttributes {
  axis?: number | number[];
  keepDims?: boolean;
}

/** `y_o = Σ x_i` over some axes, in the order of x's numbers; of a mean divided by how many there are. */
const sum = (isMean: boolean): tf.KernelFunc =>
  kernel<{ x: tf.TensorInfo }, ReductionAttributes>(({ x }, { axis, keepDims }, backend) => {
    const axes = tf.util.parseAxisParam(axis ?? [...x.shape.keys()], x.shape);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const values = doublesOf(backend, x);
    const places = broadcastPlaces(kept, x.shape);
    const y = new Float64Array(tf.util.sizeFromShape(kept));
    for (let i = 0; i < values.length; i++) y[places[i]] += values[i];
    if (isMean) for (let o = 0; o < y.length; o++) y[o] /= values.length / y.length;
    const dtype = isMean || x.dtype === 'float32' ? 'float32' : 'int32';
    return tensorOf(backend, keepDims ? kept : kept.filter((_, i) => !axes.includes(i)), y, dtype);
  });

/** `y[i_perm0, i_perm1, …] = x[i_0, i_1, …]`. */
const transpose: tf.KernelFunc = (args) => {
  const { x } = args.inputs as { x: tf.TensorInfo };
  if (x.dtype !== 'float32') return tf.getKernel('Transpose', 'cpu').kernelFunc(args);
  const backend = args.backend as CpuBackend;
  const { perm } = args.attrs as unknown as { perm: number[] };
  const shape = perm.map((axis) => x.shape[axis]);
  const strides = tf.util.computeStrides([...x.shape, 1]);
  const places = placesOf(
    shape,
    perm.map((axis) => strides[axis]),
  );
  return tensorOf(backend, shape, taken(doublesOf(backend, x), places));
};

export const placeKernels: Readonly<Record<string, tf.KernelFunc>> = {
  ...Object.fromEntries(binary.map((name) => [name, broadcasting(name)])),
  Mean: sum(true),
  Sum: sum(false),
  Transpose: transpose,
};
