/** Kernels along an axis, and of normalisation. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import {
  inDoubles,
  onCpu,
  repeatsFirstAxes,
  replacement,
  replacements,
  tensorOn,
  type Replacement,
} from './call.js';
import { asReals } from './shaders.js';

/** The axis counted from the start, as the kernels take it. */
const fromTheStart =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { x } = call.inputs as { x: tf.TensorInfo };
    const { axis } = call.attrs as { axis: number };
    const isEnd = axis < 0 && x.shape.length > 0;
    const own = isEnd ? { ...call, attrs: { ...call.attrs, axis: axis + x.shape.length } } : call;
    return backendName === 'webgpu' ? asReals(own, stock) : stock(own);
  };

/** TensorFlow.js repeats the numbers of mean, variance and the others, which is broadcasting them where theirs are the last axes. */
const batchNorm = (): Replacement => (call, stock) => {
  const { x, ...others } = call.inputs as Record<string, tf.TensorInfo | null | undefined>;
  const shape = x?.shape ?? [];
  const isRepeated = Object.values(others).every(
    (tensor) => !tensor || repeatsFirstAxes(tensor.shape, shape),
  );
  return isRepeated ? stock(call) : inDoubles('FusedBatchNorm')(call);
};

/** The product of nothing is 1. */
const productOfNothing: Replacement = (call, stock) => {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const result = stock(call) as tf.TensorInfo;
  if (tf.util.sizeFromShape(x.shape) > 0) return result;
  const size = tf.util.sizeFromShape(result.shape);
  (call.backend as tf.KernelBackend).disposeData(result.dataId);
  const values = x.dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
  return tensorOn(call.backend, result.shape, x.dtype === 'float32' ? 'float32' : 'int32', values.fill(1));
};

const gatherInBatches: Replacement = (call, stock) =>
  (call.attrs as { batchDims?: number }).batchDims ? onCpu('GatherV2')(call) : stock(call);

/**
 * The exponent as a number that is no whole one to JavaScript and the same one in single precision: it is written into the shader as JavaScript
 * prints it, and GLSL does not multiply by whole numbers.
 */
const withFraction: Replacement = (call, stock) => {
  const { beta } = call.attrs as { beta: number };
  if (!Number.isInteger(beta)) return stock(call);
  return stock({ ...call, attrs: { ...call.attrs, beta: beta === 0 ? 1e-30 : beta * (1 + 2 ** -26) } });
};

export const ROW_KERNELS: readonly Fix[] = [
  {
    id: 'cumulative-axis',
    family: 'kernels: along an axis',
    ops: ['cumsum', 'cumprod'],
    wrong: 'An axis counted from the end gives an empty result on cpu, and on wasm reads past the tensor.',
    kernels: replacements(['cpu', 'wasm', 'webgl', 'webgpu'], ['Cumsum', 'Cumprod'], fromTheStart),
  },
  {
    id: 'batch-norm-axis',
    family: 'kernels: along an axis',
    ops: ['batchNorm', 'layers.batchNormalization', 'layers.layerNormalization'],
    wrong:
      'Means and variances of an axis that is not the last are repeated over and over instead of broadcast.',
    kernels: replacements(['cpu', 'wasm'], ['FusedBatchNorm'], batchNorm),
  },
  {
    id: 'response-exponent-on-webgl',
    family: 'kernels: along an axis',
    ops: ['localResponseNormalization'],
    wrong: 'Where beta is a whole number the gradient throws: its shader does not compile.',
    kernels: [replacement('webgl', 'LRNGrad', withFraction)],
  },
  {
    id: 'empty-product-on-wasm',
    family: 'kernels: along an axis',
    ops: ['prod'],
    wrong: 'The product of no numbers is whatever the memory holds.',
    kernels: [replacement('wasm', 'Prod', productOfNothing)],
  },
  {
    id: 'gather-in-batches-on-wasm',
    family: 'kernels: along an axis',
    ops: ['gather'],
    wrong:
      'With batchDims, each batch takes its entries by the indices of the first one, or reads past the tensor.',
    kernels: [replacement('wasm', 'GatherV2', gatherInBatches)],
  },
];
