/** Which output a mistake comes from. Oracle: the one that was made wrong. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise, random } from '../zoo/support.js';
import { diagonal, full, sentences, using } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const off = elementwise(
  (x) => tf.cos(x),
  (x) => tf.sin(x),
);

test('one of two', () => {
  expect(said((x: T) => [tf.sin(x), off(x)], [random([5])])).toMatch(
    /the error comes from output 1 of 2; the others' part is right/,
  );
});

test('both, and a single one', () => {
  expect(said((x: T) => [off(x), tf.mul(2, off(x))], [random([5])])).not.toMatch(/comes from output/);
  expect(said(off, [random([5])])).not.toMatch(/comes from output/);
});

describe('in words', () => {
  /** Outputs of sizes 2, 3 and 1, in some of which dy counts for what it is not: by as much as is told from rounding. */
  const of = (wrong: number[], entries = 4, at = 0): string => {
    const jacobian = full(
      Array.from({ length: entries }, (_, j) => 0.7 + ((3 * j) % 5) / 3),
      6,
    );
    const output = (k: number): number => (k < 2 ? 0 : k < 5 ? 1 : 2);
    const off = using(jacobian, (dy) => dy.map((value, k) => (wrong.includes(output(k)) ? 1.4 : 1) * value));
    return sentences(
      [
        {
          shape: [entries],
          jacobian,
          gradient: (dy, right) => off(dy, right).map((value, j) => (j >= at ? value : right[j])),
        },
      ],
      { outputShapes: [[2], [1, 3], []] },
    ).join();
  };

  test.each<[number[], string]>([
    [[0], '0'],
    [[1], '1'],
    [[2], '2'],
    [[0, 2], '0 and 2'],
    [[1, 2], '1 and 2'],
  ])('wrong for %j', (wrong, which) => {
    expect(of(wrong)).toBe(`x: the error comes from output ${which} of 3; the others' part is right.`);
  });

  test('wrong for all', () => {
    const jacobian = full([0.9, -1.2, 0.4, 2], 4);
    const off = using(jacobian, (dy) => dy.map((value, k) => (k < 2 ? 1.4 : 1.7) * value));
    expect(sentences([{ shape: [4], jacobian, gradient: off }], { outputShapes: [[2], [2]] }).join()).toMatch(
      /^x: 4 of 4 entries compared are wrong, in no form/,
    );
  });

  test('the first 16 entries are looked at, every one', () => {
    const jacobian = [
      ...diagonal(Array.from({ length: 20 }, (_, j) => 1 + j / 7)),
      ...full(
        Array.from({ length: 20 }, () => 0.8),
        1,
      ),
    ];
    const off = (from: number): string =>
      sentences(
        [
          {
            shape: [20],
            jacobian,
            // Entries before this one are wrong by the first output, all others by the last.
            gradient: (dy, right) =>
              right.map((value, j) => value + (j < from ? dy[j] : dy[20]) * (1 + ((3 * j) % 7))),
          },
        ],
        { outputShapes: [[20], []] },
      ).join();
    expect(off(0)).toBe("x: the error comes from output 1 of 2; the others' part is right.");
    expect(off(16)).toBe("x: the error comes from output 0 of 2; the others' part is right.");
    expect(off(15)).toMatch(/in no form/);
    expect(off(1)).toMatch(/in no form/);
  });
});
