/** Kinks. Oracle: subgradients by hand. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { elementwise } from '../zoo/support.js';
import { explainKinks } from '../../../src/gradcheck/diagnosis/index.js';
import type { Entry, Slope } from '../../../src/gradcheck/engine/index.js';
import { entry, slope } from '../report/made-up.js';
import { diagonal, full, made, type MadeParts } from './made-up.js';
import { said } from './support.js';

test('a gradient between the one-sided slopes, and one outside of them', () => {
  expect(said((x: tf.Tensor) => tf.relu(x), [[0, 1]])).toMatch(
    /f has a kink at \[0\]; the gradient lies between the one-sided slopes\.$/,
  );
  const outside = elementwise(
    (x) => tf.relu(x),
    (x) => tf.add(tf.step(x), tf.mul(3, tf.cast(tf.equal(x, 0), 'float32'))),
  );
  expect(said(outside, [[0, 1]])).toMatch(/lies outside of the one-sided slopes at \[0\]/);
});

test('ties of max: between the slopes each, no subgradient together, and TensorFlow.js named', () => {
  expect(said((x: tf.Tensor) => tf.max(x), [[1, 3, 3]])).toMatch(
    /2\.00 times the slope: it is no subgradient\. f uses Max, whose gradient in TensorFlow\.js 4\.22 is wrong at ties \(docs\/tfjs-gradients\.md; import 'gradparity\/fixes' mends it\)/,
  );
});

test('ties of which one is chosen are a subgradient', () => {
  expect(
    said(
      (x: tf.Tensor) => tf.sum(tf.maxPool(tf.reshape<tf.Rank.R4>(x, [1, 1, 2, 1]), [1, 2], 1, 'valid')),
      [[3, 3]],
    ),
  ).not.toMatch(/subgradient/);
});

describe('in words', () => {
  const kinkAt = (j: number, between = true, kinds: Slope['kind'][] = ['kink', 'kink']): Entry =>
    entry({ j, state: 'kink', between, unit: 0.5, slopes: kinds.map((kind) => slope({ kind })) });
  const of = (kinks: Entry[], f?: MadeParts['f'], gradient?: number[], shape = [2, 3]): string[] => {
    const jacobian = diagonal([1, 2, 3, 4, 5, 6]);
    const { pass } = made(
      [
        {
          shape,
          values: [0, 0, 0, 0, 0, 0],
          jacobian,
          gradient: gradient && (([c]) => gradient.map((g) => c * g)),
        },
      ],
      { f },
    );
    return explainKinks(pass, [kinks]);
  };

  test('nothing without kinks; an input’s own name', () => {
    expect(of([entry({}), entry({ j: 1, state: 'wrong' })])).toEqual([]);
    const jacobian = full([1, 2], 1);
    const { pass } = made([
      { name: 'a', shape: [2], jacobian },
      { name: 'b', shape: [2], jacobian },
    ]);
    expect(explainKinks(pass, [[entry({})], [entry({}), kinkAt(1)]])).toEqual([
      'b: f has a kink at [1]; the gradient lies between the one-sided slopes.',
    ]);
  });

  test.each<[Entry[], string]>([
    [[kinkAt(4)], 'f has a kink at [1,1]; the gradient lies between the one-sided slopes.'],
    [
      [kinkAt(0), entry({ j: 1 }), kinkAt(5)],
      'f has a kink at [0,0], [1,2]; the gradient lies between the one-sided slopes everywhere.',
    ],
    [
      [0, 1, 2].map((j) => kinkAt(j)),
      'f has a kink at [0,0], [0,1], [0,2]; the gradient lies between the one-sided slopes everywhere.',
    ],
    [
      [0, 1, 2, 5].map((j) => kinkAt(j)),
      'f has a kink at [0,0], [0,1], [0,2] and 1 more; the gradient lies between the one-sided slopes everywhere.',
    ],
    [
      [0, 1, 2, 3, 5].map((j) => kinkAt(j, j < 5)),
      'f has a kink at [0,0], [0,1], [0,2] and 2 more; the gradient lies outside of the one-sided slopes at [1,2].',
    ],
    [
      [kinkAt(0), kinkAt(2, false), kinkAt(3, false)],
      'f has a kink at [0,0], [0,2], [1,0]; the gradient lies outside of the one-sided slopes at [0,2] and 1 more.',
    ],
    [
      [kinkAt(0), kinkAt(1, true, ['smooth', 'singular'])],
      'f jumps, ends, or has an infinite slope at [0,0], [0,1]; the gradient lies between the one-sided slopes everywhere.',
    ],
    [
      [kinkAt(0, false, ['singular', 'singular'])],
      'f jumps, ends, or has an infinite slope at [0,0]; the gradient lies outside of the one-sided slopes at [0,0].',
    ],
    [
      [kinkAt(0), kinkAt(1, true, ['smooth', 'kink'])],
      'f has a kink at [0,0], [0,1]; the gradient lies between the one-sided slopes everywhere.',
    ],
  ])('%#: %s', (kinks, sentence) => {
    expect(of(kinks)).toEqual([`x: ${sentence}`]);
  });

  test('a gradient that is not finite at a kink, for any cotangent', () => {
    const jacobian = full([1, 2], 1);
    const gradient = ([c]: number[], right: number[]): number[] => [
      right[0],
      Math.abs(c) > 100 ? Infinity : 1,
    ];
    const { pass } = made([{ shape: [2], jacobian, values: [3, 4], gradient }]);
    expect(explainKinks(pass, [[kinkAt(0), kinkAt(1)]])).toEqual([
      'x: the gradient is Infinity at [1], where the input is 4 and f has a kink. A value between the one-sided slopes is wanted there.',
    ]);
    expect(explainKinks(pass, [[kinkAt(0)]])).toEqual([expect.stringMatching(/^x: f has a kink at \[0\]/)]);
  });

  describe('together', () => {
    const max = ([x]: readonly Float64Array[]): number[] => [Math.max(x[0], x[1]) * 2, 0, 0, 0, 0, 0];
    const between =
      'x: f has a kink at [0,0], [0,1]; the gradient lies between the one-sided slopes everywhere.';
    const none = (times: string): string =>
      `${between} Moved together, though, they leave f smooth, and the gradient's sum there is ${times} times the slope: it is no subgradient.`;
    const at = (...gradient: number[]): string[] =>
      of([kinkAt(0), kinkAt(1)], max, [...gradient, 0, 0, 0, 0]);

    test('f is smooth along them: the gradient’s sum has to be the slope there, to a thousandth', () => {
      expect(at(1, 1)).toEqual([between]);
      expect(at(2, 0)).toEqual([between]);
      expect(at(2, 2)).toEqual([none('2.00')]);
      expect(at(1, 0)).toEqual([none('0.500')]);
      expect(at(1, 1 + 1.8e-3)).toEqual([between]);
      expect(at(1, 1 - 1.8e-3)).toEqual([between]);
      expect(at(1, 1 + 2.2e-3)).toEqual([none('1.00')]);
      expect(at(1, 1 - 2.2e-3)).toEqual([none('0.999')]);
    });

    test('f has a kink along them too, one of a ten-thousandth: nothing is said', () => {
      const kinked =
        (by: number) =>
        (values: readonly Float64Array[]): number[] => {
          const [value] = max(values);
          return [value + by * Math.abs(values[0][0] + values[0][1]), 0, 0, 0, 0, 0];
        };
      const at = (by: number): string[] => of([kinkAt(0), kinkAt(1)], kinked(by), [2, 2, 0, 0, 0, 0]);
      expect(at(0)).toEqual([none('2.00')]);
      expect(at(0.9e-4)).toEqual([none('2.00')]);
      expect(at(1.1e-4)).toEqual([between]);
      expect(at(1)).toEqual([between]);
    });

    test('not of a single kink, nor where one is a jump or has a gradient outside', () => {
      const wrong = [2, 2, 0, 0, 0, 0];
      const smooth = ([x]: readonly Float64Array[]): number[] => [x[0], 0, 0, 0, 0, 0];
      for (const f of [max, smooth]) {
        expect(of([kinkAt(0)], f, wrong)).toEqual([
          'x: f has a kink at [0,0]; the gradient lies between the one-sided slopes.',
        ]);
      }
      for (const kinks of [
        [kinkAt(0, false), kinkAt(1)],
        [kinkAt(0), kinkAt(1, true, ['singular', 'kink'])],
      ]) {
        expect(of(kinks, max, wrong).join()).not.toMatch(/together/);
      }
    });

    test('an op known for it is named', () => {
      const jacobian = full([1, 1], 1);
      const gradient = ([c]: number[]): number[] => [c * 2, c * 2];
      const f = ([x]: readonly Float64Array[]): number[] => [Math.max(x[0], x[1])];
      const { pass } = made([{ shape: [2], values: [3, 3], jacobian, gradient }], {
        f,
        recording: { steps: [{ op: 'Max', inputs: [], outputs: [] }] },
      });
      expect(explainKinks(pass, [[kinkAt(0), kinkAt(1)]])).toEqual([
        "x: f has a kink at [0], [1]; the gradient lies between the one-sided slopes everywhere. Moved together, though, they leave f smooth, and the gradient's sum there is 4.00 times the slope: it is no subgradient. f uses Max, whose gradient in TensorFlow.js 4.22 is wrong at ties (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).",
      ]);
    });
  });
});
