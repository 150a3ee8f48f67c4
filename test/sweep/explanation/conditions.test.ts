/** Oracle: cases of which it is plain what they have and what they would be without it. */
import { describe, expect, test } from '@jest/globals';
import { assemble, type InputDraft, type SweepCase } from '../../../src/sweep/cases/case.js';
import { apply, call, codeOf, input, lambda, type Expression } from '../../../src/sweep/cases/expression.js';
import { conditions } from '../../../src/sweep/explanation/conditions.js';
import { present } from '../../support/present.js';

const x = input('x');
const caseOf = (expression: Expression, values = [1, 2, 3, 4, 5, 6]): SweepCase => {
  const draft: InputDraft = { shape: [2, 3], values };
  return assemble('test', { op: 'test', inputs: { x: draft }, expression }, 1);
};
const condition = (says: string) => present(conditions.find((one) => one.says === says));
const without = (says: string, one: SweepCase): string | undefined => {
  const other = condition(says).without(one);
  return other && codeOf(other.expression);
};

describe('a negative axis', () => {
  const says = 'with a negative axis';

  test('becomes the same axis, counted from the front', () => {
    expect(without(says, caseOf(call('cumsum', x, -1, true)))).toBe('tf.cumsum(x, 1, true)');
    expect(without(says, caseOf(call('sum', x, [-2, -1])))).toBe('tf.sum(x, [0, 1])');
    expect(without(says, caseOf(call('neg', call('cumsum', x, -2))))).toBe('tf.neg(tf.cumsum(x, 0))');
  });

  test('is not what is no axis, and not where there is none', () => {
    expect(without(says, caseOf(call('cumsum', x, 1)))).toBeUndefined();
    expect(without(says, caseOf(call('add', x, -7)))).toBeUndefined();
    expect(without(says, caseOf(call('leakyRelu', x, -0.5)))).toBeUndefined();
    // The parameter of a function is no input whose rank is known.
    const f = lambda(['a'], call('cumsum', input('a'), -1));
    expect(without(says, caseOf(apply(call('grad', f), x)))).toBeUndefined();
  });
});

test("'same' padding becomes 'valid'", () => {
  const says = "with 'same' padding";
  expect(without(says, caseOf(call('avgPool', x, 2, 1, 'same')))).toBe("tf.avgPool(x, 2, 1, 'valid')");
  expect(without(says, caseOf(call('avgPool', x, 2, 1, 'valid')))).toBeUndefined();
});

test('negative inputs become positive ones of the same size', () => {
  const { without: positive } = condition('where inputs are negative');
  const other = present(positive(caseOf(call('exp', x), [1, -2, 3, -4, 5, -6])));
  expect(other.inputs['x'].values).toEqual([1, 2, 3, 4, 5, 6]);
  expect(positive(caseOf(call('exp', x)))).toBeUndefined();
});
