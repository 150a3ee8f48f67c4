/** A factor: where it is named, and where it would be too much to say. Oracle: the factor put in. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/shapes.js';
import { elementwise, withGradient } from '../zoo/support.js';
import { present } from '../../support/present.js';
import { diagonal, full, sentences, type MadeInput } from './made-up.js';
import { said } from './support.js';

const times = (factor: number) =>
  elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(factor, tf.cos(x)),
  );

test.each<[number, RegExp]>([
  [2, / 2 times what it should be/],
  [0.5, /½ times/],
  [-1, /−1 times.*the sign is wrong/],
  [1.37, /1\.370 times/],
  [1 + 1e-4, /1 \+ 0\.00010 times/],
])('%d, at three entries or more', (factor, sentence) => {
  expect(said(times(factor), [[0.3, 0.7, 1.1]])).toMatch(sentence);
});

test('one or two entries are no pattern: their numbers are given', () => {
  expect(said(times(1.5), [0.3])).toBe(
    `input 0: the gradient is ${(1.5 * Math.cos(0.3)).toPrecision(7)}, the differences give ${Math.cos(0.3).toPrecision(7)}.`,
  );
  const two = said(times(2), [[0.3, 0.7]]);
  expect(two).toMatch(/at \[0\] is 1\.910673, the differences give 0\.9553365; the gradient at \[1\] is/);
  expect(two).not.toMatch(/times what it should be/);
});

test('a scalar input of many outputs is one entry, whatever the number of cotangents', () => {
  const f = withGradient(
    (x) => tf.mul(x, [1, 2, 3]),
    (dy) => tf.mul(2, tf.sum(tf.mul(dy, [1, 2, 3]))),
  );
  expect(said(f, [0.3])).toMatch(/^input 0: the gradient is .*, the differences give/);
});

test('factors that differ are none', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(tf.cos(x), [2, 2, 2.2, 3]),
  );
  expect(said(f, [[0.3, 0.7, 1.1, 0.2]])).not.toMatch(/constant factor/);
});

test('what a factor may come from: a mean without its 1/n', () => {
  const f = withGradient(
    (x) => tf.mean(x),
    (dy, x) => tf.mul(dy, tf.onesLike(x)),
  );
  expect(said(f, [[1, 2, 3, 4]])).toMatch(/ 4 times .*input 0 has 4 entries/);
});

describe('in words', () => {
  const slopes = [0.9, -1.2, 0.4, 2, -0.6, 1.1, 0.7];
  const is = (text: string): string[] => [`x: the gradient is off by a constant factor: it is ${text}.`];
  const of = (factor: number, n = 7): string[] =>
    sentences([
      { shape: [n], jacobian: diagonal(slopes.slice(0, n)), gradient: (_dy, g) => g.map((v) => factor * v) },
    ]);

  test.each<[number, string]>([
    [
      -1,
      '−1 times what it should be: the sign is wrong. If that is meant, as of a gradient reversal, declare it: surrogate: { scale: -1 }',
    ],
    [2, '2 times what it should be'],
    [-2, '−2 times what it should be'],
    [5, '5 times what it should be'],
    [5 * (1 + 0.9e-4), '5 times what it should be'],
    [5 * (1 + 1.1e-4), '5.001 times what it should be'],
    [0.5, '½ times what it should be'],
    [-0.5, '−½ times what it should be'],
    [1 / 3, '1/3 times what it should be'],
    [-1 / 6, '−1/6 times what it should be'],
    [1.37, '1.370 times what it should be'],
    [-1.37, '−1.370 times what it should be'],
    [0.4, '0.4000 times what it should be'],
    [0.7, '0.7000 times what it should be'],
    [1 + 0.99e-3, '1 + 0.00099 times what it should be'],
    [1 - 1e-4, '1 − 0.00010 times what it should be'],
    [1.00101, '1.001 times what it should be'],
  ])('%d', (factor, text) => {
    expect(of(factor)).toEqual(is(text));
  });

  test.each([1, 0])('%d is none', (factor) => {
    expect(of(factor).join()).not.toMatch(/constant factor/);
  });

  test('three entries or more, whose derivative is not 0; none whose gradient is not', () => {
    expect(of(2, 3)).toEqual(is('2 times what it should be'));
    expect(of(2, 2).join()).not.toMatch(/constant factor/);
    const withZeros = (zeros: number, added: number): string[] =>
      sentences([
        {
          shape: [7],
          jacobian: diagonal(slopes.map((one, j) => (j < zeros ? 0 : one))),
          gradient: (dy, g) => g.map((v, j) => (j < zeros ? added * dy[j] : 2 * v)),
        },
      ]);
    expect(withZeros(4, 0)).toEqual(is('2 times what it should be'));
    expect(withZeros(5, 0).join()).not.toMatch(/constant factor/);
    expect(withZeros(1, 1e-8)).toEqual(is('2 times what it should be'));
    expect(withZeros(1, 1e-3).join()).not.toMatch(/constant factor/);
  });

  test.each<[number, number, boolean]>([
    // The spread may be a twentieth of the distance to 1, and a hundredth of the factor.
    [1.1, 0.0049, true],
    [1.1, 0.0051, false],
    [0.9, 0.0049, true],
    [0.9, 0.0051, false],
    [2, 0.0199, true],
    [2, 0.0201, false],
    [-2, 0.0199, true],
    [-2, 0.0201, false],
  ])('%d with one entry off by %d: %j', (factor, off, named) => {
    for (const one of [off, -off]) {
      const said = sentences([
        {
          shape: [7],
          jacobian: diagonal(slopes),
          gradient: (_dy, g) => g.map((v, j) => (j === 3 ? factor + one : factor) * v),
        },
      ]);
      expect(/constant factor/.test(said.join())).toBe(named);
    }
  });

  test('the middle one of factors that differ a little', () => {
    const factors = [1.5011, 1.5003, 1.4992, 1.5002, 1.4998, 1.5001, 1.4994];
    expect(
      sentences([
        { shape: [7], jacobian: diagonal(slopes), gradient: (_dy, g) => g.map((v, j) => factors[j] * v) },
      ]),
    ).toEqual(is('1.500 times what it should be'));
  });
});

/** A factor n and tensors with n of something. */
describe('what it may come from', () => {
  const times = (factor: number) => (_dy: number[], g: number[]) => g.map((v) => factor * v);
  const slopesOf = (n: number, by = 1): number[] =>
    Array.from({ length: n }, (_, j) => by * (0.5 + ((3 * j) % 7) / 4));
  const of = (
    factor: number,
    shape: number[],
    output: number[],
    others: number[][] = [],
    more: number[][] = [],
  ): string => {
    const outputShapes = [output, ...more];
    const outputs = outputShapes.reduce((sum, one) => sum + sizeOf(one), 0);
    const input = (name: string, own: number[]): MadeInput => ({
      name,
      shape: own,
      jacobian: full(slopesOf(sizeOf(own)), outputs),
    });
    const [said, ...rest] = sentences(
      [
        { ...input('W', shape), gradient: times(factor) },
        ...others.map((own, i) => input(`other ${i}`, own)),
      ],
      { outputShapes },
    );
    expect(rest).toEqual([]);
    return present(/times what it should be(.*)\.$/.exec(said))[1];
  };

  test.each<[number, number[], number[], number[][], string]>([
    [4, [4], [5], [], ' (W has 4 entries)'],
    [1 / 4, [4], [5], [], ' (W has 4 entries)'],
    [4, [5], [4], [], ' (the output has 4 entries)'],
    [6, [5], [2, 3], [], ' (the output has 6 entries)'],
    [6, [2, 3], [5], [], ' (W has 6 entries)'],
    [3, [2, 3], [2, 2], [], ' (axis 1 of W has length 3)'],
    [2, [2, 3], [5], [], ' (axis 0 of W has length 2)'],
    [3, [4], [5], [[2, 3]], ' (axis 1 of other 0 has length 3)'],
    [3, [4], [5], [[2, 2], [3]], ' (axis 0 of other 1 has length 3)'],
    // The broadcast axis first, and two at the most.
    [5, [3], [5, 3], [], ' (the broadcast axis 0 of the output has length 5)'],
    [
      1 / 5,
      [3],
      [5, 3],
      [],
      ' (it was averaged over the broadcast axis 0 of the output, of length 5, instead of summed)',
    ],
    [4, [3, 1], [3, 4], [], ' (the broadcast axis 1 of the output has length 4)'],
    [3, [3, 1], [3, 4], [], ' (W has 3 entries; axis 0 of W has length 3)'],
    [5, [5], [5, 5], [[5]], ' (the broadcast axis 0 of the output has length 5; W has 5 entries)'],
    [3, [3], [3], [[3]], ' (W has 3 entries; axis 0 of other 0 has length 3)'],
    // A sum over the examples, where their mean is meant: of one output, an axis 0 and not the only one, and a factor above 1.
    [4, [4, 3], [], [], ' (the mean over axis 0 of W, of length 4, is missing)'],
    [4, [4, 3], [1], [], ' (the mean over axis 0 of W, of length 4, is missing)'],
    [-4, [4, 3], [], [], ' (the mean over axis 0 of W, of length 4, is missing)'],
    [4, [4, 4], [], [], ' (the mean over axis 0 of W, of length 4, is missing; axis 1 of W has length 4)'],
    [4, [4, 1], [], [], ' (the mean over axis 0 of W, of length 4, is missing; W has 4 entries)'],
    [1 / 4, [4, 3], [], [], ' (axis 0 of W has length 4)'],
    [3, [4, 3], [], [], ' (axis 1 of W has length 3)'],
    [4, [4], [], [], ' (W has 4 entries)'],
    [4, [4, 3], [5], [], ' (axis 0 of W has length 4)'],
    [4, [3], [], [[4, 2]], ' (axis 0 of other 0 has length 4)'],
    // Nothing has so many.
    [7, [4], [5], [[2, 3]], ''],
    [-4, [4], [5], [], ' (W has 4 entries)'],
    // No whole number.
    [4.5, [4], [5], [], ''],
    [4 * 1.0009, [4], [5], [], ' (W has 4 entries)'],
    [4 * 1.0011, [4], [5], [], ''],
    [4 * 0.9989, [4], [5], [], ''],
    [1.0009, [4], [1, 1], [], ''],
    [-1.0001, [4], [5], [], ': the sign is wrong'],
    [-1.0009, [4], [5], [], ': the sign is wrong'],
    [-1.0011, [4], [5], [], ''],
    [-1.6, [4], [5], [], ''],
    [1.0009, [4, 1], [5], [], ''],
  ])('%d, W %j, the output %j and others %j', (factor, shape, output, others, words) => {
    expect(of(factor, shape, output, others)).toBe(words);
  });

  test('of several outputs none has a broadcast axis', () => {
    expect(of(5, [3], [5, 3], [], [])).toBe(' (the broadcast axis 0 of the output has length 5)');
    expect(of(5, [3], [5, 3], [], [[2]])).toBe('');
    expect(of(4, [4, 3], [], [], [[]])).toBe(' (axis 0 of W has length 4)');
  });
});
