/** Oracle: subgradients by hand. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { selectBackend } from '../../../src/backends/select.js';
import { assemble, type InputDraft } from '../../../src/sweep/cases/case.js';
import { cotangentOf } from '../../../src/sweep/cases/cotangents.js';
import { call, input, type Expression } from '../../../src/sweep/cases/expression.js';
import { observeDouble } from '../../../src/sweep/observation/double.js';
import { liesWithin, type Bracket } from '../../../src/sweep/observation/kinks.js';
import { present } from '../../support/present.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const at = (values: number[]): InputDraft => ({ shape: [values.length], values });
const x = input('x');

/** The brackets of f at a point, divided by dy where f has one output. */
function bracketsOf(
  expression: Expression,
  inputs: Record<string, InputDraft>,
): { brackets: Bracket[]; dy: number[] } {
  const one = assemble('test', { op: 'test', inputs, expression, kink: true }, 1);
  const observation = observeDouble(one, () => {});
  if (!('ok' in observation.forward)) throw new Error(observation.forward.error);
  return {
    brackets: present(observation.brackets),
    dy: Array.from(cotangentOf(one, observation.forward.ok.values.length)),
  };
}

describe('elementwise', () => {
  test.each<[string, Expression, number[], number[]]>([
    ['abs', call('abs', x), [-1, -0.5, 0, 0.25, 1], [-1.1, 1.1]],
    ['relu', call('relu', x), [0, 0.5, 1], [-0.1, 1.1]],
    ['leakyRelu', call('leakyRelu', x, 0.5), [0.5, 0.75, 1], [0.4, 1.1]],
  ])('%s at 0 and beside it', (_op, expression, inside, outside) => {
    const { brackets, dy } = bracketsOf(expression, { x: at([0, 2]) });
    const gradient = (slope: number, beside = 1): number[] => [slope * dy[0], beside * dy[1]];
    for (const slope of inside) expect(liesWithin(brackets, 0, gradient(slope))).toBe(true);
    for (const slope of outside) expect(liesWithin(brackets, 0, gradient(slope))).toBe(false);
    expect(liesWithin(brackets, 0, gradient(inside[0], 1.01))).toBe(false);
    expect(liesWithin(brackets, 0, gradient(NaN))).toBe(false);
  });
});

describe('a maximum with ties', () => {
  test.each<[number[], boolean]>([
    [[0, 0.5, 0.5], true],
    [[0, 1, 0], true],
    [[0, 0, 1], true],
    [[0, 0.25, 0.75], true],
    [[0, 1, 1], false],
    [[0, 0, 0], false],
    [[0, 0.5, 0.4], false],
    [[0, 1.5, -0.5], false],
    [[0.5, 0.25, 0.25], false],
  ])('the gradient %j: %s', (gradient, right) => {
    const { brackets, dy } = bracketsOf(call('max', x), { x: at([1, 3, 3]) });
    expect(
      liesWithin(
        brackets,
        0,
        gradient.map((slope) => slope * dy[0]),
      ),
    ).toBe(right);
  });
});

test('of several inputs each has brackets of its own', () => {
  const { brackets, dy } = bracketsOf(call('maximum', call('mul', x, 2), input('y')), {
    x: at([1]),
    y: at([2]),
  });
  expect(liesWithin(brackets, 0, [2 * dy[0]])).toBe(true);
  expect(liesWithin(brackets, 1, [2 * dy[0]])).toBe(false);
  expect(liesWithin(brackets, 1, [0.5 * dy[0]])).toBe(true);
});

test('where a function is smooth they close on its derivative', () => {
  const { brackets, dy } = bracketsOf(call('square', x), { x: at([1.5, -0.75, 2]) });
  const right = [3, -1.5, 4].map((slope, i) => slope * dy[i]);
  expect(liesWithin(brackets, 0, right)).toBe(true);
  for (const { direction, low, high } of brackets) {
    const along = direction.reduce((sum, d, i) => sum + d * right[i], 0);
    const scale = right.reduce((sum, slope) => sum + Math.abs(slope), 0);
    expect(Math.abs(low - along)).toBeLessThan(5e-3 * scale);
    expect(Math.abs(high - along)).toBeLessThan(5e-3 * scale);
    expect(low).toBeLessThanOrEqual(high);
  }
  for (const i of [0, 1, 2]) {
    const wrong = right.map((slope, j) => (i === j ? 1.01 * slope : slope));
    expect(liesWithin(brackets, 0, wrong)).toBe(false);
  }
});
