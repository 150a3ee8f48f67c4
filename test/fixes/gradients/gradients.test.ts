import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, removeFixes } from '../../../src/fixes/apply.js';
import { backends, describeOnEachBackend, expectNoLeak, tensorCount } from '../../support/backends.js';
import { expectClose, expectRejected } from '../../support/close.js';

// Oracle: closed forms, worked out by hand beside each.

beforeAll(() => void applyFixes());
afterAll(() => removeFixes());

const s = (x: tf.Tensor): tf.Tensor => tf.sum(x);
const weighted = (x: tf.Tensor, weights: number[]): tf.Tensor =>
  tf.sum(tf.mul(tf.reshape(x, [-1]), tf.tensor1d(weights)));

/** A function, its inputs, and its gradient by each. */
const closed: [string, (...x: tf.Tensor[]) => tf.Tensor, () => tf.Tensor[], number[][]][] = [
  ['max at a tie', (x) => s(tf.max(x)), () => [tf.tensor1d([1, 3, 3])], [[0, 0.5, 0.5]]],
  [
    'min at a tie, along the first axis',
    (x) => weighted(tf.min(x, 0), [1, 10]),
    () => [
      tf.tensor2d([
        [1, 5],
        [1, 4],
        [2, 6],
      ]),
    ],
    [[0.5, 0, 0.5, 10, 0, 0]],
  ],
  // Running sums from below, along the first axis.
  [
    'cumsum along the first axis',
    (x) => weighted(tf.cumsum(x, 0), [1, 2, 3, 4, 5, 6]),
    () => [
      tf.tensor2d([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ],
    [[9, 12, 8, 10, 5, 6]],
  ],
  // y = 2, 2·0, 2·0·3: by the first 1 + 0 + 0·3, by the second 2 + 2·3, by the third 2·0.
  ['cumprod with a zero', (x) => s(tf.cumprod(x)), () => [tf.tensor1d([2, 0, 3])], [[1, 8, 0]]],
  // The padded row is x[2 1 0 1 2 1].
  [
    'mirrorPad, reflecting',
    (x) => weighted(tf.mirrorPad(x, [[2, 1]], 'reflect'), [1, 2, 3, 4, 5, 6]),
    () => [tf.tensor1d([7, 8, 9])],
    [[3, 12, 6]],
  ],
  // x[0 0 1 2 2].
  [
    'mirrorPad, symmetric',
    (x) => weighted(tf.mirrorPad(x, [[1, 1]], 'symmetric'), [1, 2, 3, 4, 5]),
    () => [tf.tensor1d([7, 8, 9])],
    [[3, 3, 9]],
  ],
  ['where', (x) => s(tf.where(tf.less(x, 0), tf.neg(x), x)), () => [tf.tensor1d([-1, 2])], [[-1, 1]]],
  ['floorDiv', (a, b) => s(tf.floorDiv(a, b)), () => [tf.scalar(7), tf.scalar(2)], [[0], [0]]],
  [
    'maximum with a number',
    (a, b) => weighted(tf.maximum(a, b), [1, 2, 3]),
    () => [tf.tensor1d([5, 0, 7]), tf.scalar(4)],
    [[1, 0, 3], [2]],
  ],
  // x[3] and x[1].
  [
    'stridedSlice backwards',
    (x) => weighted(tf.stridedSlice(x, [3], [0], [-2]), [1, 10]),
    () => [tf.tensor1d([0, 1, 2, 3])],
    [[0, 10, 0, 1]],
  ],
  ['topk', (x) => weighted(tf.topk(x, 2).values, [1, 10]), () => [tf.tensor1d([1, 4, 3])], [[0, 1, 10]]],
  [
    'gatherND with one place twice',
    (x) => weighted(tf.gatherND(x, tf.tensor2d([[1], [0], [1]], [3, 1], 'int32')), [1, 10, 100]),
    () => [tf.tensor1d([5, 6])],
    [[10, 101]],
  ],
  [
    'scatterND',
    (x) => weighted(tf.scatterND(tf.tensor2d([[2], [0]], [2, 1], 'int32'), x, [3]), [1, 10, 100]),
    () => [tf.tensor1d([5, 6])],
    [[100, 1]],
  ],
  // Σ_i a_i · Σ_j b_j.
  [
    'einsum down to a number',
    (a, b) => tf.einsum('i,j->', a, b),
    () => [tf.tensor1d([1, 2]), tf.tensor1d([3, 4, 5])],
    [
      [12, 12],
      [3, 3, 3],
    ],
  ],
  [
    'einsum of a matrix and a vector',
    (a, b) => weighted(tf.einsum('ij,j->i', a, b), [1, 10]),
    () => [
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      tf.tensor1d([5, 6]),
    ],
    [
      [5, 6, 50, 60],
      [31, 42],
    ],
  ],
  // y = x0·w0 + x2·w1.
  [
    'conv2d, dilated',
    (x, w) => s(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', [1, 2])),
    () => [tf.tensor4d([1, 2, 3], [1, 1, 3, 1]), tf.tensor4d([1, 10], [1, 2, 1, 1])],
    [
      [1, 0, 10],
      [1, 3],
    ],
  ],
  // dx = dy·(3 + 1)^-½, without scale or offset.
  [
    'batchNorm without scale or offset',
    (x) => weighted(tf.batchNorm(x, tf.tensor1d([5]), tf.tensor1d([3]), undefined, undefined, 1), [1, 2]),
    () => [tf.tensor2d([[1], [2]])],
    [[0.5, 1]],
  ],
  // -log softmax of two equal logits, and softmax·Σ labels - labels.
  [
    'softmaxCrossEntropy',
    (labels, logits) => s(tf.losses.softmaxCrossEntropy(labels, logits)),
    () => [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 3]])],
    [
      [Math.LN2, Math.LN2],
      [0.5, -0.5],
    ],
  ],
  // Σ_k Re X_k = n·Re z_0, and Σ_k Im X_k = n·Im z_0.
  [
    'fft',
    (a, b) => {
      const spectrum = tf.spectral.fft(tf.complex(a, b));
      return tf.add(s(tf.real(spectrum)), tf.mul(10, s(tf.imag(spectrum))));
    },
    () => [tf.tensor2d([[1, 2, 3, 4]]), tf.tensor2d([[5, 6, 7, 8]])],
    [
      [4, 0, 0, 0],
      [40, 0, 0, 0],
    ],
  ],
  // |3 + 4i| grows by 3/5 and 4/5.
  [
    'abs of a complex number',
    (a, b) => s(tf.abs(tf.complex(a, b))),
    () => [tf.scalar(3), tf.scalar(4)],
    [[0.6], [0.8]],
  ],
  [
    'tf.grads of one tensor twice',
    (a, b) => tf.mul(a, tf.square(b)),
    () => {
      const x = tf.scalar(3);
      return [x, x];
    },
    [[9], [18]],
  ],
  ['the identity', (x) => x, () => [tf.scalar(2)], [[1]]],
  [
    'a customGrad that returns its input',
    (x) => tf.customGrad((x) => ({ value: x as tf.Tensor, gradFunc: (dy: tf.Tensor) => tf.neg(dy) }))(x),
    () => [tf.scalar(2)],
    [[-1]],
  ],
];

describeOnEachBackend('gradients against closed forms', (backend) => {
  test.each(closed)('%s', (_name, f, inputs, expected) => {
    const x = inputs();
    const tolerance = { relative: 2e-6, absolute: 2e-6 };
    const gradients = tf.tidy(() =>
      tf
        .grads(f)(x)
        .map((g) => Array.from(g.dataSync())),
    );
    gradients.forEach((gradient, i) => expectClose(gradient, expected[i], tolerance));
    expectRejected(
      gradients[0].map((one) => one + 1e-4),
      expected[0],
      tolerance,
    );
    expectNoLeak(() => tf.grads(f)(x));
    tf.dispose(x);
    expect(backends).toContain(backend);
  });

  test('the gradient of the gradient of exp(x)²', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.square(tf.exp(x));
    const second = tf.tidy(() =>
      tf
        .grad((x: tf.Tensor) => tf.grad(f)(x))(tf.scalar(0.5))
        .dataSync(),
    );
    expectClose(second, [4 * Math.E], { relative: 2e-6 });
    expectRejected([2 * Math.E], [4 * Math.E], { relative: 2e-6 });
  });
});

describe('what was right stays bit for bit', () => {
  const numbers = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const kept: [string, (...x: tf.Tensor[]) => tf.Tensor, () => tf.Tensor[]][] = [
    ['maximum', (a, b) => tf.maximum(a, b), () => [numbers([3, 4], 1), numbers([3, 4], 2)]],
    ['pow', (a, b) => tf.pow(tf.abs(a), b), () => [numbers([3, 4], 1), numbers([4], 2)]],
    ['max', (a) => tf.max(a, 1), () => [numbers([3, 4], 1)]],
    ['prod', (a) => tf.prod(a, 1), () => [numbers([3, 4], 1)]],
    ['cumsum', (a) => tf.cumsum(a, 1), () => [numbers([3, 4], 1)]],
    ['tile', (a) => tf.square(tf.tile(a, [2, 3])), () => [numbers([3, 4], 1)]],
    ['matMul', (a, b) => tf.matMul(a, b, false, true), () => [numbers([3, 4], 1), numbers([2, 4], 2)]],
    ['mul', (a, b) => tf.mul(a, b), () => [numbers([3, 4], 1), numbers([4], 2)]],
    ['gather', (a) => tf.gather(a, tf.tensor1d([2, 0, 2], 'int32'), 1), () => [numbers([3, 4], 1)]],
    ['split', (a) => tf.square(tf.split(a, 2, 1)[1]), () => [numbers([3, 4], 1)]],
    [
      'batchNorm',
      (x, m, v, o, scale) => tf.batchNorm(x, m, tf.square(v), o, scale),
      () => [numbers([3, 4], 1), ...[2, 3, 4, 5].map((seed) => numbers([4], seed))],
    ],
    [
      'conv2d, pooled',
      (x, w) => tf.maxPool(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), 2, 2, 'valid'),
      () => [numbers([2, 4, 4, 2], 1), numbers([3, 3, 2, 2], 2)],
    ],
    [
      'fused.matMul',
      (a, b, bias) => tf.fused.matMul({ a, b, bias }),
      () => [numbers([3, 4], 1), numbers([4, 2], 2), numbers([2], 3)],
    ],
    [
      'softmaxCrossEntropy by the logits',
      (logits) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([1, 3, 0], 'int32'), 4), logits),
      () => [numbers([3, 4], 1)],
    ],
  ];
  test.each(kept)('%s', async (_name, f, inputs) => {
    await tf.setBackend('cpu');
    const x = inputs();
    const dy = tf.tidy(() => numbers(f(...x).shape, 9));
    const gradients = (): number[][] =>
      tf.tidy(() =>
        tf
          .grads(f)(x, dy)
          .map((g) => Array.from(g.dataSync())),
      );
    removeFixes();
    const stock = gradients();
    applyFixes();
    const before = tensorCount();
    expect(gradients()).toEqual(stock);
    expect(tensorCount()).toBe(before);
    tf.dispose([x, dy]);
  });
});
