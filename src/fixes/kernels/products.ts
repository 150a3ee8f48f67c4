/** Kernels of products of matrices and of sums of products. */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import type { Fix } from '../fix.js';
import { finish, plainActivation, type Fused } from './activation.js';
import {
  addition,
  composed,
  inDoubles,
  repeatsFirstAxes,
  replacement,
  replacements,
  shaders,
  tensorOn,
  type Call,
  type Replacement,
  type Steps,
} from './call.js';

interface Factors {
  a: tf.TensorInfo;
  b: tf.TensorInfo;
}

interface ProductAttributes {
  transposeA?: boolean;
  transposeB?: boolean;
}

/** The axes before the matrices', of both factors and broadcast. */
function batchesOf({ a, b }: Factors): { own: [number[], number[]]; all: number[] } {
  const own: [number[], number[]] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  return { own, all: tf.broadcast_util.assertAndGetBroadcastShape(...own) };
}

/** Whether repeating the shorter list of matrices, as TensorFlow.js does, is broadcasting it. */
function isRepetition(factors: Factors): boolean {
  const { own, all } = batchesOf(factors);
  return own.every((batch) => repeatsFirstAxes(batch, all));
}

/** A factor with its matrices repeated to those of both. */
function spread(steps: Steps, x: tf.TensorInfo, all: readonly number[]): tf.TensorInfo {
  const batch = x.shape.slice(0, -2);
  const full = [...all.slice(batch.length).map(() => 1), ...batch];
  const whole = [...full, ...x.shape.slice(-2)];
  const reps = [...all.map((size, axis) => (full[axis] === size ? 1 : size)), 1, 1];
  const shaped = steps.run('Reshape', { x }, { shape: whole });
  return reps.every((n) => n === 1) ? shaped : steps.run('Tile', { x: shaped }, { reps });
}

/** The product with both factors' matrices broadcast. */
export const product =
  (backendName: string): Replacement =>
  (call, stock) => {
    const factors = call.inputs as unknown as Factors;
    const { all } = batchesOf(factors);
    // Without entries there is nothing to run a shader on, and sums of nothing are 0.
    if (shaders.includes(backendName) && [factors.a, factors.b].some(({ shape }) => sizeOf(shape) === 0)) {
      const { transposeA, transposeB } = call.attrs as ProductAttributes;
      const rows = factors.a.shape.at(transposeA ? -1 : -2) ?? 0;
      const columns = factors.b.shape.at(transposeB ? -2 : -1) ?? 0;
      const shape = [...all, rows, columns];
      return tensorOn(call.backend, shape, 'float32', new Float32Array(sizeOf(shape)));
    }
    if (isRepetition(factors)) return stock(call);
    return composed(backendName, call, (steps) => {
      const inputs = { a: spread(steps, factors.a, all), b: spread(steps, factors.b, all) };
      return stock({ ...call, inputs }) as tf.TensorInfo;
    });
  };

/** `activation(a · b + bias)`, by the kernels for a product, a sum and an activation. */
const fusedByParts = (backendName: string, call: Call): tf.TensorInfo =>
  composed(backendName, call, (steps) => {
    const { a, b } = call.inputs as unknown as Factors;
    const { transposeA, transposeB } = call.attrs as ProductAttributes;
    return finish(steps, steps.run('BatchMatMul', { a, b }, { transposeA, transposeB }), call);
  });

const fusedProduct =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { a, b, bias, preluActivationWeights } = call.inputs as unknown as Factors & Fused;
    if (!isRepetition({ a, b })) return fusedByParts(backendName, call);
    if (backendName !== 'wasm') return stock(call);
    const { transposeA, transposeB, activation } = call.attrs as ProductAttributes & {
      activation?: string;
    };
    const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)];
    // XNNPACK computes the product of two matrices. Elsewhere activation and bias are applied to each 48 terms of a sum.
    const isOne =
      !transposeA && !transposeB && [a, b].every(({ shape }) => shape.length === 3 && shape[0] === 1);
    const isList = !bias || (bias.shape.length === 1 && bias.shape[0] === columns);
    const isPlain = !preluActivationWeights || plainActivation(preluActivationWeights, columns);
    const isRight = isList && isPlain && (isOne || (!bias && (activation ?? 'linear') === 'linear'));
    return isRight ? stock(call) : fusedByParts(backendName, call);
  };

/**
 * Whether TensorFlow.js' way through an einsum comes to its end: it takes a step for each label that is summed over, knows no ellipses and no
 * repeated labels, and forgets the last steps where each of two tensors has labels of its own that are summed over.
 */
function isPlainEinsum(equation: string): boolean {
  const [left, right] = equation.replace(/\s/g, '').split('->');
  if (right === undefined || equation.includes('.')) return false;
  const terms = left.split(',');
  if ([...terms, right].some((term) => new Set(term).size < term.length)) return false;
  const alone = terms.filter((term, i) =>
    [...term].some(
      (label) => !right.includes(label) && !terms.some((other, j) => j !== i && other.includes(label)),
    ),
  );
  return alone.length === 0;
}

const einsum = (): Replacement => (call, stock) =>
  isPlainEinsum((call.attrs as { equation: string }).equation) ? stock(call) : inDoubles('Einsum')(call);

/** TensorFlow.js multiplies by 0 what is of another segment, which makes NaN of an infinity, and takes one axis of ids. */
const segmentSum: Replacement = (call, stock) => {
  const { x, segmentIds } = call.inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
  const values = (call.backend as tf.KernelBackend).readSync(x.dataId) as Float32Array;
  const isPlain = segmentIds.shape.length === 1 && values.every(Number.isFinite);
  return isPlain ? stock(call) : inDoubles('UnsortedSegmentSum')(call);
};

export const PRODUCT_KERNELS: readonly Fix[] = [
  {
    id: 'broadcast-products',
    family: 'kernels: products',
    ops: ['matMul', 'fused.matMul', 'layers.dense', 'layers.dot'],
    wrong:
      'Where both factors are broadcast, the shorter list of matrices is repeated instead. On wasm, a fused product with a transposed factor, or of several matrices, applies its activation to parts of sums and its bias to the wrong places; biases that are not [columns] are refused. On webgl and webgpu products of matrices without entries throw.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/8721',
    kernels: [
      ...replacements(['cpu', 'wasm', 'webgl', 'webgpu'], ['BatchMatMul'], product),
      ...replacements(['cpu', 'wasm', 'webgl', 'webgpu'], ['_FusedMatMul'], fusedProduct),
    ],
  },
  {
    id: 'einsum-kernel',
    family: 'kernels: products',
    ops: ['einsum', 'image.rgbToGrayscale'],
    wrong:
      "'i,j->' and others in which both tensors have labels of their own that are summed over end too early; wasm has no kernel. Ellipses and repeated labels are refused.",
    upstream: 'https://github.com/tensorflow/tfjs/issues/5690',
    kernels: [
      ...replacements(['cpu', 'webgl'], ['Einsum'], einsum),
      addition('wasm', 'Einsum', inDoubles('Einsum')),
    ],
  },
  {
    id: 'segment-sum-kernel',
    family: 'kernels: products',
    ops: ['unsortedSegmentSum', 'gather', 'layers.embedding'],
    wrong:
      'wasm has no kernel, and so no gradient of gather; on cpu an infinity in one segment makes NaN of all.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/8082',
    kernels: [
      replacement('cpu', 'UnsortedSegmentSum', segmentSum),
      addition('wasm', 'UnsortedSegmentSum', inDoubles('UnsortedSegmentSum')),
    ],
  },
];
