/**
 * The list of what the sweep finds in TensorFlow.js 4.22.0, which CI holds against a whole sweep (.ci/run). Oracle: bugs that were
 * established by hand before there was a sweep, and ops whose gradients are known to be right.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { fixtures } from '../../../src/sweep/explanation/witness.js';
import { parseKnown } from '../../../src/sweep/report/known.js';

const file = new URL('../../../docs/tfjs-gradients.known.json', import.meta.url);
const known = parseKnown('the list', readFileSync(file, 'utf8'));

describe('bugs known before are found, and blamed on the right part', () => {
  test.each([
    ['the second derivative of square(exp(x))', 'square-of-exp/formula/core/second-order'],
    ['the gradient of max([1,3,3])', 'max-(ties)/formula/core/backward'],
    ['where(less(x, 0), neg(x), x)', 'where/throws/core/backward'],
    ['batchNorm without scale or offset', 'batchNorm/throws/core/backward'],
    ['avgPool, same, on cpu', 'avgPool/kernel/cpu/backward'],
    ['avgPool, same, on wasm', 'avgPool/kernel/wasm/backward'],
    ['maxPool of negative numbers on wasm', 'maxPool-(negative)/kernel/wasm/backward'],
    [
      'resizeNearestNeighbor 1×1 → 3×3 with alignCorners on cpu',
      'image.resizeNearestNeighbor-(alignCorners)/hangs/cpu/backward',
    ],
    ...['einsum', 'cumprod', 'topk', 'gatherND', 'stridedSlice', 'spectral.rfft'].map((op) => [
      op,
      `${op}/no-gradient/core/backward`,
    ]),
  ])('%s', (_what, id) => {
    expect(known).toContain(id);
  });
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
      expect(known.filter((id) => id.startsWith(`${op}/`) && id.endsWith('/core/backward'))).toEqual([]);
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
