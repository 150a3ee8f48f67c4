/** The gradient of a product with the other factor turned round. Oracle: the flag that is ignored. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { random } from '../zoo/support.js';
import { cotangentsFor, sentences, using, type MadeParts } from './made-up.js';

type T = tf.Tensor;

test('a product with a transpose that is ignored', async () => {
  const f = (right: boolean) => (a: T, b: T) =>
    tf.customGrad((x, y, save) => {
      (save as unknown as tf.GradSaveFunc)([x as T, y as T]);
      return {
        value: tf.matMul(x as T, y as T, false, true),
        gradFunc: (dy: T, [p, q]: T[]) => [tf.matMul(dy, q, false, !right), tf.matMul(dy, p, true)],
      };
    })(a, b);
  const inputs = [random([3, 3]), random([3, 3], 2)];
  expect((await gradcheck(f(true), inputs)).verdict).toBe('right');
  const { diagnosis } = await gradcheck(f(false), inputs);
  expect(diagnosis[0]).toMatch(/input 0: the gradient is the one for input 1 transposed/);
  // A symmetric one is the same both ways.
  const symmetric = [
    [1, 2],
    [2, 3],
  ];
  expect((await gradcheck(f(false), [symmetric, symmetric])).diagnosis.join()).not.toMatch(/transposed:/);
});

describe('in words', () => {
  const turnedRound = (W: number[][]): number[][] => W[0].map((_, k) => W.map((row) => row[k]));
  const product = (W: number[][], x: readonly number[]): number[] =>
    W.map((row) => row.reduce((sum, one, j) => sum + one * x[j], 0));
  const weights = (n: number): number[][] =>
    Array.from({ length: n }, (_, k) =>
      Array.from({ length: n }, (_one, j) => 0.4 + ((3 * k + 7 * j) % 11) / 5),
    );
  const numbers = (n: number): number[] => Array.from({ length: n }, (_, j) => 0.5 + j / 3);
  interface Case {
    W: number[][];
    /** What x's gradient makes of dy and the right one. */
    gradient: (dy: number[], right: number[]) => number[];
    parts?: MadeParts;
    /** Whether f takes W from its inputs. */
    hangs?: boolean;
  }
  /** What is said of y = W·x, by x alone. */
  const of = ({ W, gradient, parts = {}, hangs = true }: Case): string => {
    const [rows, n] = [W.length, W[0].length];
    const x = numbers(n);
    const byW = W.map((_, k) => W.flatMap((_row, i) => x.map((one) => (i === k ? one : 0))));
    return sentences(
      [
        { name: 'x', shape: [n], values: x, jacobian: W, gradient },
        { name: 'W', shape: [rows, n], values: W.flat(), jacobian: byW },
      ],
      {
        f: ([at, w]) =>
          product(
            W.map((row, k) => (hangs ? Array.from(w.slice(k * n, (k + 1) * n)) : row)),
            Array.from(at),
          ),
        ...parts,
      },
    ).join('\n');
  };
  const transposed =
    'x: the gradient is the one for W transposed: a transpose flag is ignored, or W is transposed once too often.';
  const ignored = (W: number[][]) => using(turnedRound(W), (dy) => dy);

  test.each([3, 4, 9])('a product with %d columns', (n) => {
    expect(of({ W: weights(n), gradient: ignored(weights(n)) })).toBe(transposed);
  });

  test('two entries are too few', () => {
    expect(of({ W: weights(2), gradient: ignored(weights(2)) })).not.toMatch(/transposed/);
  });

  test('for every dy, and at every entry that is looked at', () => {
    const W = weights(4);
    const wrong = ignored(W);
    for (const only of cotangentsFor(4)) {
      const isIt = (dy: number[]): boolean => dy.every((one, k) => one === only[k]);
      const once = of({ W, gradient: (dy, right) => (isIt(dy) ? wrong(dy, right) : right) });
      expect(once).not.toMatch(/transposed:/);
      const butOnce = of({ W, gradient: (dy, right) => (isIt(dy) ? right : wrong(dy, right)) });
      expect(butOnce).not.toMatch(/transposed:/);
    }
    expect(
      of({ W, gradient: (dy, right) => wrong(dy, right).map((one, j) => (j === 2 ? right[j] : one)) }),
    ).not.toMatch(/transposed:/);
  });

  test('a mistake at a late entry alone is none of it, where transposing changes nothing', () => {
    const n = 9;
    const late = (dy: number[], right: number[]): number[] =>
      right.map((one, j) => (j === n - 1 ? one + dy[0] : one));
    // A symmetric W; one that f does not use; and one for which the same mistake is a transposed one's.
    const symmetric = weights(n).map((row, k) => row.map((one, j) => one + weights(n)[j][k]));
    for (const [W, hangs] of [
      [symmetric, true],
      [weights(n), false],
      [weights(n), true],
    ] as const) {
      const said = of({ W, hangs, gradient: late });
      expect(said).toMatch(/^x: /);
      expect(said).not.toMatch(/transposed:/);
    }
  });
});
