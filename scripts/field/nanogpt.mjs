/** Kernels of @genai-fi/nanogpt with the gradients that it registers for them. */
import * as tf from '@tensorflow/tfjs';
import { layers } from '@genai-fi/nanogpt';

await tf.setBackend('cpu');
const ropeCache = new layers.RoPECache({ nEmbed: 8, nHead: 2, blockSize: 16 });
const numbers =
  (...shape) =>
  () =>
    tf.randomNormal(
      shape,
      0,
      1,
      'float32',
      shape.reduce((a, b) => 3 * a + b, 1),
    );
const all = (shapes) => () =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, numbers(...shape)()]));
const heads = { q: [1, 2, 3, 4], k: [1, 2, 3, 4] };
const square = { A: [2, 3, 3], B: [2, 3, 3] };

export default [
  { name: 'Gelu', kernel: 'Gelu', inputs: all({ x: [2, 4] }) },
  { name: 'RMSNorm', kernel: 'RMSNorm', inputs: all({ x: [2, 3, 4], gamma: [4] }) },
  { name: 'MatMulGelu', kernel: 'MatMulGelu', inputs: all({ x: [3, 4], kernel: [4, 5] }) },
  {
    name: 'Rope',
    kernel: 'Rope',
    inputs: all({ x: [1, 2, 3, 4] }),
    attrs: { ropeCache, pastLen: 0, negSin: false },
  },
  {
    name: 'Rope, pastLen 2',
    kernel: 'Rope',
    inputs: all({ x: [1, 2, 3, 4] }),
    attrs: { ropeCache, pastLen: 2, negSin: false },
  },
  {
    name: 'AttentionMask in a softmax',
    f: ({ q, k }) => tf.softmax(tf.engine().runKernel('AttentionMask', { q, k }, { divisor: 0.6 })),
    inputs: all(heads),
  },
  {
    name: 'QKV',
    kernel: 'QKV',
    inputs: all({ x: [1, 3, 4], kernel: [4, 12] }),
    attrs: { heads: 2, packed: false },
  },
  {
    name: 'MatMul16',
    kernel: 'MatMul16',
    inputs: all(square),
    attrs: { transposeA: false, transposeB: false },
  },
  {
    name: 'MatMul16, transposeB',
    kernel: 'MatMul16',
    inputs: all(square),
    attrs: { transposeA: false, transposeB: true },
  },
  {
    name: 'MatMul16, transposeA',
    kernel: 'MatMul16',
    inputs: all(square),
    attrs: { transposeA: true, transposeB: false },
  },
  {
    name: 'MatMul16, both transposed',
    kernel: 'MatMul16',
    inputs: all(square),
    attrs: { transposeA: true, transposeB: true },
  },
  {
    name: 'MatMul16, scale',
    kernel: 'MatMul16',
    inputs: all(square),
    attrs: { transposeA: false, transposeB: true, scale: 0.6 },
  },
];
