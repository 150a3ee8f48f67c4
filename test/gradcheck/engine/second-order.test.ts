/** The gradient as a function. Oracle: the closed forms of the gradient and of its vector-Jacobian product. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradientOf } from '../../../src/gradcheck/engine/second-order.js';
import { Subject, type CheckedFunction, type CheckedInputs } from '../../../src/gradcheck/engine/subject.js';
import type { GradcheckOptions } from '../../../src/gradcheck/report/report.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;

/** The gradient of f, at a cotangent of 3 and more. */
function second(f: CheckedFunction, inputs: CheckedInputs, options: GradcheckOptions = {}): Subject {
  const first = Subject.of(f, inputs, options);
  first.work(() => first.evaluateGuarded());
  let weight = 2;
  return gradientOf(first, (n) => Float64Array.from({ length: n }, () => ++weight));
}

const valueOf = (subject: Subject): number[][] =>
  subject.work(() => subject.evaluateGuarded()).map((values) => Array.from(values));

test('takes the inputs and a cotangent for each output, by name', () => {
  const names = ({ inputs }: Subject): string[] => inputs.map(({ name }) => name);
  const one = second(({ x, y }: Record<'x' | 'y', T>) => tf.mul(x, y), { x: [1, 2], y: [3, 4] });
  expect(names(one)).toEqual(['x', 'y', 'dy']);
  expect(valueOf(one)).toEqual([
    [3 * 3, 4 * 4],
    [3 * 1, 4 * 2],
  ]);
  const two = second((x: T) => [tf.square(x), tf.sum(x)], [[1, 2]]);
  expect(names(two)).toEqual(['input 0', 'dy 0', 'dy 1']);
  expect(valueOf(two)).toEqual([[3 * 2 + 5, 4 * 4 + 5]]);
});

test('has its own gradient, by the inputs and by dy', () => {
  const subject = second((x: T) => tf.mul(x, tf.square(x)), [[2]]);
  subject.work(() => {
    expect(subject.evaluate()).toEqual([Float64Array.of(3 * 3 * 4)]);
    // c·dy·6x and c·3x².
    expect(subject.vjp([Float64Array.of(5)])).toEqual([Float64Array.of(5 * 3 * 12), Float64Array.of(5 * 12)]);
  });
});

test('an input that the gradient does not reach has no output of its own; beside a surrogate, zeros', () => {
  const f = (...[x]: T[]): T => tf.square(x);
  expect(valueOf(second(f, [[1], [2]]))).toEqual([[6]]);
  const surrogate = (x: T, y: T): T => tf.add(tf.square(x), tf.mul(0, y));
  expect(valueOf(second(f, [[1], [2]], { surrogate }))).toEqual([[6], [0]]);
});

describe('with a surrogate', () => {
  const rules = ({ inputs }: Subject): unknown[] => inputs.map(({ surrogate }) => surrogate);
  const product = (x: T, y: T): T => tf.mul(x, y);

  test('a rule is one of the gradient too; dy itself moves with it', () => {
    const options = (surrogate: GradcheckOptions['surrogate']): GradcheckOptions => ({ surrogate });
    const at = [[1], [2]];
    expect(rules(second(product, at, options(['identity', { scale: 2 }])))).toEqual([
      'zero',
      { scale: 2 },
      undefined,
    ]);
    expect(rules(second(product, at, options(['zero'])))).toEqual(['zero', undefined, undefined]);
  });

  test('whose gradient throws the second order is not to be had, and the reason is said', () => {
    const throwing = withGradient(
      (x) => tf.square(x),
      () => {
        throw new Error('boo');
      },
    );
    const subject = second((x: T) => tf.square(x), [[1]], { surrogate: throwing });
    expect(() => valueOf(subject)).toThrow(
      expect.objectContaining({
        verdict: 'unsupported',
        message:
          'the second order needs the gradient of the surrogate, which cannot be computed: The gradient throws: boo',
      }),
    );
  });
});
