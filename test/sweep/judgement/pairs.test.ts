/** What float32 leaves of the difference of two ways of computing the same. Oracle: 0, and the rounding of sums of some numbers above 1. */
import { expect, test } from '@jest/globals';
import type { SweepCase } from '../../../src/sweep/cases/case.js';
import { call, input } from '../../../src/sweep/cases/expression.js';
import { judge } from '../../../src/sweep/judgement/judge.js';
import type {
  DoubleObservation,
  StageObservation,
  SweepBackend,
} from '../../../src/sweep/observation/observation.js';

const pair: SweepCase = {
  id: 'tf.sub(tf.mean(x[2]), tf.div(tf.sum(x[2]), 2))',
  op: 'mean',
  variant: 'as sum',
  family: 'pairs',
  order: 1,
  pair: true,
  inputs: { x: { shape: [2], dtype: 'float32', values: [1, 2] } },
  expression: call('sub', call('mean', input('x')), call('div', call('sum', input('x')), 2)),
};
const plain: SweepCase = { ...pair, variant: undefined, pair: undefined, family: 'reductions' };

/** The findings where the backend's values, and its gradient, are off 0 by so much, and all else is right. */
function findingsOf(
  one: SweepCase,
  { value = 0, gradient = 0 }: { value?: number; gradient?: number },
  stage: SweepBackend = 'wasm',
): string[] {
  const right = {
    forward: { ok: { shape: [], values: [0] } },
    backward: { ok: { x: [0, 0] } },
    leaks: { forward: 0, backward: 0 },
  };
  const double: DoubleObservation = {
    ...right,
    stage: 'double',
    differences: { x: [0, 0].map(() => ({ numerical: 0, errorBar: 0, state: 'right' })) },
    kernels: { forward: ['Mean', 'Sum'], backward: [] },
    discrete: [],
    stock: [],
  };
  const backend: StageObservation = {
    stage,
    forward: { ok: { shape: [], values: [value] } },
    backward: { ok: { x: [gradient, 0] } },
    leaks: { forward: 0, backward: 0 },
  };
  return judge(one, [double, { ...right, stage: 'cpu' }, backend]).hits.map(({ id }) => id);
}

test('5e-5 is rounding', () => {
  expect(findingsOf(pair, { value: 4e-5 })).toEqual([]);
  expect(findingsOf(pair, { gradient: -4e-5 })).toEqual([]);
});

test('more than 5e-5 is a difference', () => {
  expect(findingsOf(pair, { value: 6e-5 })).toEqual(['mean-(as-sum)/kernel/wasm/forward']);
  expect(findingsOf(pair, { gradient: -6e-5 })).toEqual(['mean-(as-sum)/kernel/wasm/backward']);
});

test('of what is no pair 5e-5 is an error', () => {
  expect(findingsOf(plain, { value: 4e-5 })).toEqual(['mean/kernel/wasm/forward']);
  expect(findingsOf(plain, { gradient: 4e-5 })).toEqual(['mean/kernel/wasm/backward']);
});

test("a graphics card's sines and cosines leave up to 2^-9", () => {
  expect(findingsOf(pair, { value: 1.9e-3 }, 'webgl')).toEqual([]);
  expect(findingsOf(pair, { value: 2.1e-3 }, 'webgl')).toEqual(['mean-(as-sum)/kernel/webgl/forward']);
});
