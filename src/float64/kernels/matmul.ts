/** Products of matrices. */
import * as tf from '@tensorflow/tfjs';
import { finished, type FusedAttributes, type FusedInputs } from './fused.js';
import { broadcastPlaces, doublesOf, kernel, tensorOf, transposedMatrices } from './kernel.js';
import type { CpuBackend } from '../engine.js';

interface ProductAttributes {
  transposeA?: boolean;
  transposeB?: boolean;
}

interface ProductInputs {
  a: tf.TensorInfo;
  b: tf.TensorInfo;
}

/**
 * `y[…, i, j] = Σ_k a[…, i, k] · b[…, k, j]`, the sum in the order of k. The axes before the last two are broadcast, both ways;
 * the cpu kernel repeats the shorter list of matrices instead, which is another thing where both are broadcast.
 */
function product(
  backend: CpuBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA = false, transposeB = false }: ProductAttributes,
): { shape: number[]; values: Float64Array } {
  const [batchA, batchB] = [a, b].map(({ shape }) => shape.slice(0, -2));
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [inner, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (k !== inner) {
    throw new Error(
      `matMul: the inner sizes must be the same, got ${k} of [${a.shape.join(',')}] and ${inner} of [${b.shape.join(',')}].`,
    );
  }
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  // Rows of both lie one after the other, k by k.
  const left = transposeA ? transposedMatrices(doublesOf(backend, a), k, m) : doublesOf(backend, a);
  const right = transposeB ? doublesOf(backend, b) : transposedMatrices(doublesOf(backend, b), k, n);
  const placesA = broadcastPlaces(batchA, batch);
  const placesB = broadcastPlaces(batchB, batch);
  const values = new Float64Array(placesA.length * m * n);
  placesA.forEach((place, i) =>
    multiplyRows(left, place * m * k, right, placesB[i] * n * k, values, i * m * n, [m, k, n]),
  );
  return { shape: [...batch, m, n], values };
}

/**
 * `y[i, j] = Σ_k a[i, k] · b[j, k]`, matrices that begin at the places given. Two rows of a by four of b at a time: eight sums under
 * way at once, each in the order of k.
 */
function multiplyRows(
  a: Float64Array,
  startA: number,
  b: Float64Array,
  startB: number,
  y: Float64Array,
  startY: number,
  [m, inner, n]: readonly [number, number, number],
): void {
  for (let i = 0; i < m; i += 2) {
    const a0 = startA + i * inner;
    // A row that is not there repeats the one before, and is written over it with the same numbers.
    const i1 = Math.min(i + 1, m - 1);
    const a1 = startA + i1 * inner;
    for (let j = 0; j < n; j += 4) {
      const j1 = Math.min(j + 1, n - 1);
      const j2 = Math.min(j + 2, n - 1);
      const j3 = Math.min(j + 3, n - 1);
      const b0 = startB + j * inner;
      const b1 = startB + j1 * inner;
      const b2 = startB + j2 * inner;
      const b3 = startB + j3 * inner;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let k = 0; k < inner; k++) {
        const u = a[a0 + k];
        const v = a[a1 + k];
        const p = b[b0 + k];
        const q = b[b1 + k];
        const r = b[b2 + k];
        const s = b[b3 + k];
        s00 += u * p;
        s01 += u * q;
        s02 += u * r;
        s03 += u * s;
        s10 += v * p;
        s11 += v * q;
        s12 += v * r;
        s13 += v * s;
      }
      const y0 = startY + i * n;
      const y1 = startY + i1 * n;
      y[y0 + j] = s00;
      y[y0 + j1] = s01;
      y[y0 + j2] = s02;
      y[y0 + j3] = s03;
      y[y1 + j] = s10;
      y[y1 + j1] = s11;
      y[y1 + j2] = s12;
      y[y1 + j3] = s13;
    }
  }
}

const batchMatMul = kernel<ProductInputs, ProductAttributes>(({ a, b }, attributes, backend) => {
  const { shape, values } = product(backend, a, b, attributes);
  return tensorOf(backend, shape, values, a.dtype);
});

/** `activation(a · b + bias)`. */
const fusedMatMul = kernel<ProductInputs & FusedInputs, ProductAttributes & FusedAttributes>(
  (inputs, attributes, backend) => {
    const { shape, values } = product(backend, inputs.a, inputs.b, attributes);
    return tensorOf(backend, shape, finished(backend, shape, values, inputs, attributes));
  },
);

export const matmulKernels: Readonly<Record<string, tf.KernelFunc>> = {
  BatchMatMul: batchMatMul,
  _FusedMatMul: fusedMatMul,
};
