/**
 * The list of what the sweep finds in TensorFlow.js 4.22.0, which CI holds against a whole sweep (.ci/run). Oracle: bugs that were
 * established by hand before there was a sweep, and ops whose gradients are known to be right.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { fixtures } from '../../../src/sweep/explanation/witness.js';
import { parseKnown } from '../../../src/sweep/report/known.js';

const file = new URL('../../../docs/tfjs-gradients.known.json', import.meta.url);
const { findings: known } = parseKnown('the list', readFileSync(file, 'utf8'));

describe('bugs known before are found, and blamed on the right part', () => {
  test.each([
    ['the second derivative of square(exp(x))', 'square-of-exp/formula/core/second-order'],
    ['the gradient of max([1,3,3])', 'max-(ties)/formula/core/backward'],
    ['where(less(x, 0), neg(x), x)', 'where/throws/core/backward'],
    [
      'batchNorm without scale or offset',
      'batchNorm/throws/core/backward/Cannot-read-properties-of-undefined-reading-dataId',
    ],
    [
      'batchNorm with a scale and no offset, which the other must not hide',
      'batchNorm/throws/core/backward/Cannot-read-properties-of-undefined-reading-id',
    ],
    ['avgPool, same, on cpu', 'avgPool/kernel/cpu/backward'],
    ['avgPool, same, on wasm', 'avgPool/kernel/wasm/backward'],
    ['maxPool of negative numbers on wasm', 'maxPool-(negative)/kernel/wasm/backward'],
    [
      'resizeNearestNeighbor 1×1 → 3×3 with alignCorners on cpu',
      'image.resizeNearestNeighbor-(alignCorners)/hangs/cpu/backward',
    ],
    ...[
      ['einsum', 'Einsum'],
      ['cumprod', 'Cumprod'],
      ['topk', 'TopK'],
      ['gatherND', 'GatherNd'],
      ['stridedSlice', 'StridedSlice'],
    ].map(([op, gradient]) => [op, `${op}/no-gradient/core/backward/${gradient}`]),
    [
      'batch normalisation without a scale, in training',
      'layers.batchNormalization-(training-no-scale)/throws/core/forward/Cannot-read-properties-of-undefined-reading-read',
    ],
    [
      'a custom gradient of a function that gives its input back',
      'grad-(of-a-custom-gradient-of-the-identity)/formula/core/forward',
    ],
    [
      'tf.grad(x => x)',
      'grad-(of-the-identity)/throws/core/forward/Cannot-compute-gradient-of-with-respect-to-Make',
    ],
    ['tf.grads with one tensor twice', 'grads-(one-tensor-twice,-product)/formula/core/forward'],
    ['norm over two negative axes', 'norm-(negative-axes)/formula/core/forward'],
    ['numbers as pads around unequal windows', 'conv2d-(numberPad)/formula/core/forward'],
    [
      'conv1d with a number for pad',
      'conv1d-(numberPad)/throws/core/forward/Size-must-match-the-product-of-shape',
    ],
    [
      'depthwiseConv2d with NCHW, which the documentation excludes',
      'depthwiseConv2d-(NCHW)/limitation/cpu/forward',
    ],
    [
      'batch normalisation on an axis that is not the last, on cpu',
      'layers.batchNormalization/kernel/cpu/forward',
    ],
    ['and on wasm', 'layers.batchNormalization/kernel/wasm/forward'],
    ["layers.depthwiseConv2d's dilationRate", 'layers.depthwiseConv2d-(dilation)/formula/core/forward'],
    ["get3DPadAndOutInfo, which is the core's", 'conv3d/formula/core/forward'],
    [
      'halfPixelCenters of resizeNearestNeighbor, which sits in the kernels',
      'image.resizeNearestNeighbor-(halfPixelCenters)/kernel/cpu/backward',
    ],
  ])('%s', (_what, id) => {
    expect(known).toContain(id);
  });
});

test('the native backend is not blamed for what cpu and wasm have wrong', () => {
  expect(known.filter((id) => /^layers\.batchNormalization.*\/kernel\/tensorflow\//.test(id))).toEqual([]);
});

describe('what is right has no finding', () => {
  const faults = ['formula', 'kernel', 'throws', 'hangs', 'crashes', 'leaks', 'no-gradient'];

  test.each([
    'add',
    'sub',
    'mul',
    'div',
    'matMul',
    'relu',
    'square',
    'sin',
    'sum',
    'mean',
    'reshape',
    'transpose',
    'softplus',
  ])('%s', (op) => {
    expect(known.filter((id) => faults.some((kind) => id.startsWith(`${op}/${kind}/`)))).toEqual([]);
  });

  test.each(['softmax', 'logSoftmax', 'sigmoid', 'tanh', 'exp', 'conv2d', 'depthwiseConv2d'])(
    '%s, first order: the formula',
    (op) => {
      expect(known.filter((id) => id.startsWith(`${op}/`) && id.includes('/core/backward'))).toEqual([]);
    },
  );

  test('such a finding would be seen', () => {
    expect(known.filter((id) => id.startsWith('avgPool/kernel/'))).not.toEqual([]);
  });
});

test("every finding's smallest case is kept, and most of them have a second opinion by TensorFlow for Python", () => {
  expect(known.filter((id) => !Object.hasOwn(fixtures(), id)).length).toBeLessThan(known.length / 10);
  const answered = Object.values(fixtures()).filter(({ oracle }) => oracle !== undefined);
  expect(answered.length).toBeGreaterThan(Object.keys(fixtures()).length / 2);
});
