/** Kernels of products. Oracle: sums by hand; the double-precision kernels. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { PRODUCT_KERNELS } from '../../../src/fixes/kernels/products.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import { expectMended, expectUnchanged, isNear, mendedAnswerOf } from './compare.js';

const only = PRODUCT_KERNELS.map(({ id }) => id);
const random = (shape: number[], seed: number): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', seed);

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  test.each<[string, () => tf.Tensor, number[]]>([
    [
      'both factors broadcast: each of two by each of two',
      () => tf.matMul(tf.tensor([1, 2], [2, 1, 1, 1]), tf.tensor([3, 5], [1, 2, 1, 1])),
      [3, 5, 6, 10],
    ],
    [
      "einsum 'i,j->' is the product of the sums",
      () => tf.einsum('i,j->', tf.tensor1d([1, 2]), tf.tensor1d([3, 4])),
      [21],
    ],
    ["einsum 'ii->' is the trace", () => tf.einsum('ii->', tf.tensor2d([1, 2, 3, 4], [2, 2])), [5]],
    [
      'an infinity is of its own segment',
      () => tf.unsortedSegmentSum(tf.tensor1d([1, Infinity, 2]), tf.tensor1d([0, 1, 0], 'int32'), 2),
      [3, Infinity],
    ],
  ])('%s', async (_what, f, expected) => {
    await expectMended(backend, only, f, expected);
  });

  test('ordinary products stay as they are', async () => {
    await expectUnchanged(backend, only, () => tf.matMul(random([7, 5], 1), random([5, 3], 2)));
    await expectUnchanged(backend, only, () => tf.matMul(random([2, 7, 5], 1), random([5, 3], 2)));
    await expectUnchanged(backend, only, () =>
      tf.fused.matMul({
        a: random([7, 5], 1),
        b: random([5, 3], 2),
        bias: random([3], 3),
        activation: 'relu',
      }),
    );
  });
});

test("cpu's einsum stays as it is where it is right", async () => {
  await expectUnchanged('cpu', only, () => tf.einsum('ij,jk->ik', random([4, 5], 1), random([5, 3], 2)));
});

const equations = [
  'i->',
  'ij->j',
  'ij->ji',
  'i,i->',
  'ij,jk->ik',
  'ij,jk->',
  'bij,bjk->bik',
  'ij,ij->i',
  'ij,k->k',
  'ij,kl->ik',
  'i,j->ij',
  'ij,j->',
  'ii->i',
  'iij->j',
  '...ij,...jk->...ik',
  'b...->b',
];

test.each(equations)("einsum '%s' on cpu and wasm is that in double precision", async (equation) => {
  const sizes: Record<string, number> = { b: 2, i: 3, j: 4, k: 2, l: 3 };
  const f = (): tf.Tensor =>
    tf.einsum(
      equation,
      ...equation
        .split('->')[0]
        .split(',')
        .map((term, seed) =>
          random(
            [...term.replace('...', 'l')].map((label) => sizes[label]),
            seed,
          ),
        ),
    );
  const expected = Array.from(tf.tidy(() => inFloat64(f).dataSync()));
  for (const backend of ['cpu', 'wasm']) {
    const answer = await mendedAnswerOf(backend, only, f);
    expect({ backend, answer, isRight: isNear(answer, expected) }).toMatchObject({ isRight: true });
    expect(
      isNear(
        answer,
        expected.map((value) => value + 1e-3),
      ),
    ).toBe(false);
  }
});

test("wasm's fused products do with a transposed factor what they do without: sums of 100 terms, then the activation", async () => {
  const f = (): tf.Tensor =>
    tf.fused.matMul({
      a: random([100, 4], 1) as tf.Tensor2D,
      b: random([100, 3], 2) as tf.Tensor2D,
      transposeA: true,
      bias: tf.tensor1d([1, 2, 3]),
      activation: 'relu',
    });
  const expected = Array.from(tf.tidy(() => inFloat64(f).dataSync()));
  await expectMended('wasm', only, f, expected);
});
