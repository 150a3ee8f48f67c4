/** Mistakes that go with the input's value. Oracle: the formula put in. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, random } from '../zoo/support.js';
import { evidenceOf } from '../../../src/gradcheck/diagnosis/evidence.js';
import { relatedToInput } from '../../../src/gradcheck/diagnosis/input-relation.js';
import { diagonal, made, sentences } from './made-up.js';
import { said } from './support.js';

test('an inner derivative that is missing', () => {
  const f = elementwise(
    (x) => tf.sin(tf.square(x)),
    (x) => tf.cos(tf.square(x)),
  );
  expect(said(f, [random([8])])).toMatch(
    /too small by the factor x times 2\.00: an inner derivative is missing/,
  );
});

test('a factor x too much', () => {
  const f = elementwise(
    (x) => tf.square(x),
    (x) => tf.mul(2, tf.square(x)),
  );
  expect(said(f, [random([8])])).toMatch(/has the factor x too much/);
});

test('two entries, and a relation to x², say nothing of x', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), tf.square(x)),
  );
  expect(said(f, [random([8])])).not.toMatch(/factor x/);
  const few = elementwise(
    (x) => tf.square(x),
    (x) => tf.mul(2, tf.square(x)),
  );
  expect(said(few, [[0.3, 0.7]])).not.toMatch(/factor x/);
});

describe('in words', () => {
  const x = [0.5, -1.5, 2, 0.8, -0.3];
  const slopes = [0.9, -1.2, 0.4, 2, -0.6];
  const of = (
    gradient: (right: number, x: number, j: number, dy: number[]) => number,
    values = x,
    jacobian = slopes,
  ): string =>
    sentences([
      {
        shape: [values.length],
        values,
        jacobian: diagonal(jacobian.slice(0, values.length)),
        gradient: (dy, right) => right.map((value, j) => gradient(value, values[j], j, dy)),
      },
    ]).join();
  /** The whole of x is wrong, in none of these forms. */
  const formless = /^x: 5 of 5 entries compared are wrong, in no form that is known here/;

  test('too small by x, times what else', () => {
    const missing = 'x: the gradient is too small by the factor x';
    expect(of((right, x) => right / x)).toBe(`${missing}: an inner derivative is missing.`);
    expect(of((right, x) => right / (3 * x))).toBe(`${missing} times 3.00: an inner derivative is missing.`);
    expect(of((right, x) => right / (-0.5 * x))).toBe(
      `${missing} times -0.500: an inner derivative is missing.`,
    );
    expect(of((right, x) => right / (1.00009 * x))).toBe(`${missing}: an inner derivative is missing.`);
    expect(of((right, x) => right / (1.00011 * x))).toBe(
      `${missing} times 1.00: an inner derivative is missing.`,
    );
  });

  test('a factor x too much, times what else', () => {
    expect(of((right, x) => right * x)).toBe('x: the gradient has the factor x too much.');
    expect(of((right, x) => 3 * right * x)).toBe('x: the gradient has the factor x times 3.00 too much.');
  });

  test('x that is everywhere the same says nothing', () => {
    const same = [2, 2, 2, 2, 2];
    const almost = (factor: number): string =>
      of((right, _x, j) => right * factor * (1 + 9e-5 * (j % 2)), same);
    for (const factor of [1.0003, 1 / 1.0003])
      expect(almost(factor)).not.toMatch(/the factor x|inner derivative/);
  });

  test('to a ten-thousandth', () => {
    const off = (error: number) => of((right, x, j) => (right / x) * (j === 3 ? 1 + error : 1));
    expect(off(0.9e-4)).toMatch(/too small by the factor x:/);
    expect(off(-0.9e-4)).toMatch(/too small by the factor x:/);
    expect(off(1.2e-4)).toMatch(formless);
    expect(off(-1.2e-4)).toMatch(formless);
    // Beside the largest of them, not the first.
    const doubled = (error: number) => of((right, x, j) => right * x * (j === 0 ? 1 + error : 1));
    expect(doubled(0.9e-4)).toMatch(/the factor x too much/);
    expect(doubled(1.2e-4)).toMatch(formless);
  });

  test('three entries or more, that are not 0 themselves and whose derivative is not', () => {
    const three = [0.5, -1.5, 2];
    const missing = 'x: the gradient is too small by the factor x: an inner derivative is missing.';
    expect(of((right, x) => right / x, three)).toBe(missing);
    expect(of((right, x) => right / x, three.slice(0, 2))).not.toBe(missing);
    expect(of((right, x) => right / (x || 1), [0.5, -1.5, 0, 2, 0])).toMatch(
      /an inner derivative is missing/,
    );
    expect(of((right, x) => right / (x || 1), [0.5, -1.5, 0, 0, 0])).not.toMatch(/an inner derivative/);
    expect(of((right, x) => right / x, x, [0.9, 0, 0.4, 2, 0])).toMatch(/an inner derivative is missing/);
    expect(of((right, x) => right / x, x, [0.9, 0, 0.4, 0, 0])).not.toMatch(/an inner derivative/);
  });

  test('a constant added, where every entry is wrong', () => {
    const added = (by: string): string =>
      `x: a constant was added to the gradient: ${by} (for the dy of this check).`;
    expect(of((right, _x, _j, [dy]) => right + 2 * dy)).toBe(added('1.20'));
    expect(of((right, _x, _j, [dy]) => right - 0.5 * dy)).toBe(added('-0.300'));
    expect(of((right, _x, j, [dy]) => right + (j === 2 ? 1 + 0.9e-4 : 1) * dy)).toBe(added('0.600'));
    expect(of((right, _x, j, [dy]) => right + (j === 2 ? 1 + 1.2e-4 : 1) * dy)).toMatch(formless);
    expect(of((right, _x, j, [dy]) => (j === 2 ? right : right + dy))).not.toMatch(/a constant/);
    // An entry whose derivative is 0 has to be wrong as well.
    const of4 = (at0: number): string | undefined => {
      const { pass, found } = made([
        {
          shape: [5],
          values: x,
          jacobian: diagonal([0.9, -1.2, 0.4, 2, 0]),
          gradient: ([dy], right) => right.map((value, j) => value + (j === 4 ? at0 : 1) * dy),
        },
      ]);
      const evidence = evidenceOf(pass, 0, found[0]);
      return relatedToInput(evidence, evidence.entries);
    };
    expect(of4(1)).toMatch(/^a constant was added/);
    expect(of4(0)).toBeUndefined();
  });
});
