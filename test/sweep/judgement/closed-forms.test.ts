/** Oracle: central differences of the values; for the values themselves TensorFlow.js' ops of the same name in double precision. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import { assemble, type InputDraft, type SweepCase } from '../../../src/sweep/cases/case.js';
import { call, get, input, type Expression } from '../../../src/sweep/cases/expression.js';
import { sweepCases } from '../../../src/sweep/cases/index.js';
import { closedFormOf, type ClosedForm } from '../../../src/sweep/judgement/closed-forms.js';
import { present } from '../../support/present.js';

const caseOf = (expression: Expression, x: InputDraft = { shape: [2], values: [0.5, 0.75] }): SweepCase =>
  assemble('test', { op: 'test', inputs: { x, y: x }, expression }, 1);

const x = input('x');

/** The ops that have a closed form, with points in the middle of their domain, as the sweep's own cases have them. */
const found = new Map<string, { form: ClosedForm; points: readonly number[] }>();
for (const one of sweepCases(1)) {
  const closed = closedFormOf(one);
  if (closed && !one.kink && !one.entrywise && closed.x.length > 5 && closed.x.every(Number.isFinite)) {
    found.set(one.op, { form: closed.form, points: closed.x });
  }
}

const largestError = (
  { value }: ClosedForm,
  slope: (x: number) => number,
  points: readonly number[],
): number =>
  Math.max(
    ...points.map((at) => {
      const h = 2 ** -16;
      const numerical = (value(at + h) - value(at - h)) / (2 * h);
      return Math.abs(numerical - slope(at)) / Math.max(1, Math.abs(numerical));
    }),
  );

test('they are some two dozen', () => {
  expect(found.size).toBeGreaterThanOrEqual(25);
});

describe.each([...found])('%s', (op, { form, points }) => {
  test('its slope is that of its value', () => {
    expect(largestError(form, form.slope, points)).toBeLessThan(1e-6);
    expect(largestError(form, (at) => 1.0001 * form.slope(at) + 1e-5, points)).toBeGreaterThan(1e-6);
  });

  test('its value is that of TensorFlow.js', () => {
    const values = inFloat64(() => {
      const f = (tf as unknown as Record<string, (x: tf.Tensor) => tf.Tensor>)[op];
      return Array.from(f(tf.tensor1d([...points])).dataSync());
    });
    // Some cpu kernels hold constants of float32.
    values.forEach((value, i) => expect(form.value(points[i])).toBeCloseTo(value, 5));
  });
});

describe('closedFormOf', () => {
  test('a plain call of one input', () => {
    const one = present(closedFormOf(caseOf(call('exp', x))));
    expect(one.x).toEqual([0.5, 0.75]);
    expect(one.x.map(one.form.value)).toEqual([Math.exp(0.5), Math.exp(0.75)]);
  });

  test.each<[string, Expression]>([
    ['a call of a call', call('exp', call('neg', x))],
    ['an attribute', call('relu', x, 1)],
    ['two inputs', call('exp', x, input('y'))],
    ['another function', call('gelu', x)],
    ['a name that every object has', call('toString', x)],
    ['a member', get(call('exp', x), 0)],
    ['a number', call('exp', 1)],
    ['a list', call('exp', [x])],
    ['null', call('exp', null)],
    ['the input itself', x],
    ['layers', { layers: [['dense', { units: 1, inputShape: [2] }]], of: x, weights: [] }],
  ])('not for %s', (_what, expression) => {
    expect(closedFormOf(caseOf(expression))).toBeUndefined();
  });
});
