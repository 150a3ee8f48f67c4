/** Gradients that are the difference of two equal ones. Oracle: 0, and double precision's rounding of numbers of size 1. */
import { expect, test } from '@jest/globals';
import type { SweepCase } from '../../../src/sweep/cases/case.js';
import { call, input } from '../../../src/sweep/cases/expression.js';
import { judge } from '../../../src/sweep/judgement/judge.js';
import type { DoubleObservation, StageObservation } from '../../../src/sweep/observation/observation.js';

const one: SweepCase = {
  id: 'tf.square(x[2])',
  op: 'square',
  family: 'elementwise',
  order: 1,
  inputs: { x: { shape: [2], dtype: 'float32', values: [1, 2] } },
  expression: call('square', input('x')),
};

/** The findings where autodiff gives these numbers and differences give zeros. */
function findingsOf(gradient: number[]): string[] {
  const seen = {
    forward: { ok: { shape: [2], values: [1, 4] } },
    backward: { ok: { x: gradient } },
    leaks: { forward: 0, backward: 0 },
  };
  const double: DoubleObservation = {
    ...seen,
    stage: 'double',
    differences: {
      x: gradient.map((value) => ({ numerical: 0, errorBar: 0, state: value === 0 ? 'right' : 'wrong' })),
    },
    kernels: { forward: ['Square'], backward: [] },
    discrete: [],
    stock: [],
  };
  const cpu: StageObservation = { ...seen, stage: 'cpu' };
  return judge(one, [double, cpu]).hits.map(({ id }) => id);
}

test('what is left of two equal gradients is rounding', () => {
  expect(findingsOf([1e-16, 0])).toEqual([]);
  expect(findingsOf([-2e-14, 5e-15])).toEqual([]);
});

test('more than that is a wrong gradient', () => {
  expect(findingsOf([1e-12, 0])).toEqual(['square/formula/core/backward']);
  expect(findingsOf([1e-3, 0])).toEqual(['square/formula/core/backward']);
});
