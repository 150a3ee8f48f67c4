/** What a diagnosis is made of: whose gradient is wrong, in which order things are said, and the plain numbers. Oracle: what was put in. */
import { describe, expect, test } from '@jest/globals';
import { explain, explainFailure } from '../../../src/gradcheck/diagnosis/index.js';
import { GradientFailure } from '../../../src/gradcheck/engine/index.js';
import { diagonal, full, lower, made, sentences, type MadeInput } from './made-up.js';

const slopes = [0.9, -1.2, 0.4, 2, -0.6];
const mirror = { op: 'MirrorPad', inputs: [], outputs: [] };
const cause =
  "f uses MirrorPad, whose gradient in TensorFlow.js 4.22 is wrong (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).";
const twice = (_dy: number[], right: number[]): number[] => right.map((value) => 2 * value);
const isTwice = 'the gradient is off by a constant factor: it is 2 times what it should be.';
const of = (name: string, gradient?: MadeInput['gradient']): MadeInput => ({
  name,
  shape: [5],
  jacobian: diagonal(slopes),
  gradient,
});

test('nothing where nothing is wrong, also with an op that is known to be', () => {
  expect(sentences([of('x'), of('y')], { recording: { steps: [mirror] } })).toEqual([]);
});

test('each input that is wrong by its name, then the cause', () => {
  const inputs = [of('x', twice), of('y'), of('z', twice)];
  expect(sentences(inputs)).toEqual([`x: ${isTwice}`, `z: ${isTwice}`]);
  const recording = { steps: [mirror] };
  expect(sentences(inputs, { recording })).toEqual([`x: ${isTwice}`, `z: ${isTwice}`, cause]);
  // What autodiff does not reach has its cause already.
  const [first] = sentences([of('x', twice), of('y')], { recording, unreached: [1] });
  expect(sentences([of('x', twice), of('y')], { recording, unreached: [1] })).toEqual([first]);
});

test('in the second order what the tape lost comes before what is known to be wrong', () => {
  const parts = {
    order: 2 as const,
    recording: { late: ['Exp'], steps: [{ ...mirror, op: 'softmaxCrossEntropy' }] },
  };
  expect(sentences([of('x', twice)], parts)).toEqual([
    `x: ${isTwice}`,
    'A part of it is lost: what Exp saves of its result for its gradient stands on the tape before the op itself, and TensorFlow.js goes by the order (tfjs#3252, docs/tfjs-gradients.md). No gradient function is at fault.',
  ]);
  expect(sentences([of('x', twice)], { ...parts, recording: { ...parts.recording, late: [] } })).toEqual([
    `x: ${isTwice}`,
    "f uses softmaxCrossEntropy, whose second derivative in TensorFlow.js 4.22 is wrong (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).",
  ]);
  expect(sentences([of('x', twice)], { ...parts, order: 1 })).toEqual([
    `x: ${isTwice}`,
    expect.stringContaining('by the labels'),
  ]);
});

test('numbers that are not finite first, then what else is wrong', () => {
  expect(sentences([of('x', (_dy, right) => [NaN, ...right.slice(1).map((value) => 2 * value)])])).toEqual([
    'x: the gradient is NaN at [0], where the input is 0.3.',
    `x: ${isTwice}`,
  ]);
});

test('errors too small for a form: a constant factor or a place, else the numbers', () => {
  const faint = (by: (j: number) => number): string =>
    sentences([
      {
        shape: [5],
        values: [2, 2, 2, 2, 2],
        // Every entry alike: reversed, shifted, another input's, a multiple of x, …
        jacobian: diagonal([1, 1, 1, 1, 1]),
        gradient: (_dy, right) => right.map((value, j) => value * (1 + by(j))),
      },
    ]).join();
  expect(faint(() => 5e-6)).toBe(
    'x: the gradient is off by a constant factor: it is 1 + 0.0000050 times what it should be.',
  );
  expect(faint((j) => (j === 3 ? 5e-6 : 0))).toBe('x: the gradient is wrong only at [3] (1 of 5 entries).');
  const none = 'x: 5 of 5 entries compared are wrong, in no form that is known here; the largest error: ';
  expect(faint((j) => (j + 2) * 1e-6)).toBe(
    `${none}the gradient at [3] is 1.000005, the differences give 1.`,
  );
});

describe('the order of the forms', () => {
  test.each<[string, number[][], MadeInput['gradient'], string]>([
    [
      'zeros are no factor',
      diagonal(slopes),
      (_dy, right) => right.map(() => 0),
      "the gradient is zero everywhere, while f changes: it is detached, or a gradient function gives zeros. If that is meant, as of a stop-gradient, declare it: surrogate: 'zero'.",
    ],
    ['a factor is no region', diagonal(slopes), twice, isTwice],
    [
      'a reversal is no use of dy',
      diagonal(slopes),
      (_dy, right) => [...right].reverse(),
      'the gradient is reversed along axis 0.',
    ],
    [
      'a use of dy is no region',
      diagonal(slopes),
      (dy) => dy.map((c, j) => Math.max(c, 0) * slopes[j]),
      'where dy < 0 it is taken for zero: the gradient uses relu(dy).',
    ],
  ])('%s', (_name, jacobian, gradient, sentence) => {
    expect(sentences([{ shape: [5], jacobian, gradient }])).toEqual([`x: ${sentence}`]);
  });

  test('zeros in a part of it: all of the part, for every cotangent', () => {
    const zeroAt = (zero: (j: number, c: number) => boolean): string =>
      sentences([
        {
          shape: [5],
          values: [-1, 2, 3, -2, -0.5],
          jacobian: lower(slopes),
          gradient: (dy, right) =>
            right.map(
              (value, j) => ([0, 3, 4].includes(j) ? (zero(j, dy[0]) ? 0 : 1.3 + 0.2 * j) : 1) * value,
            ),
        },
      ]).join();
    expect(zeroAt(() => true)).toBe(
      'x: the gradient is wrong only where x < 0. In that part: it is zero there.',
    );
    expect(zeroAt((j) => j !== 3)).toBe('x: the gradient is wrong only where x < 0.');
    expect(zeroAt((_j, c) => Math.abs(c) < 100)).not.toMatch(/it is zero there/);
  });

  test('what should be zero, everywhere', () => {
    const none = [[0, 0, 0, 0], [0.5, 0.7, 0.2, 0.9].map(() => 0)];
    expect(
      sentences([{ shape: [4], jacobian: none, gradient: (dy) => [1, 3, -2, 5].map((one) => one * dy[0]) }]),
    ).toEqual([expect.stringMatching(/^x: the gradient should be zero: f is flat there\. If that is meant/)]);
  });
});

describe('plain numbers', () => {
  const off = (dy: number[], right: number[]): number[] => right.map((value, j) => value + (j + 1) * dy[0]);

  test('of one or two entries, as derivatives where one output hangs on them', () => {
    const jacobian = diagonal([0.9, -1.2]);
    const gradient = (_dy: number[], right: number[]): number[] => [right[0] * 1.5, right[1] * 1.25];
    expect(sentences([{ shape: [1, 2], jacobian, gradient }])).toEqual([
      'x: the gradient at [0,0] is 1.35, the differences give 0.9; the gradient at [0,1] is -1.5, the differences give -1.2.',
    ]);
    expect(sentences([{ shape: [2], values: [1, 2], jacobian: [[1 / 3, 2]], gradient: off }])).toEqual([
      'x: the gradient at [0] is 1.333333, the differences give 0.3333333; the gradient at [1] is 4, the differences give 2.',
    ]);
  });

  test('of a scalar without a place, for the dy of the check where several outputs hang on it', () => {
    const jacobian = [[2], [3]];
    const [c, d] = [0.6, -0.2];
    const cotangents = [[c, d]];
    const gradient = (dy: number[], [right]: number[]): number[] => [right + dy[0] / c];
    expect(sentences([{ shape: [], jacobian, gradient }], { cotangents })).toEqual([
      'x: the gradient is 1.6, the differences give 0.6.',
    ]);
    expect(sentences([{ shape: [1, 1], jacobian, gradient }], { cotangents })).toEqual([
      'x: the gradient is 1.6, the differences give 0.6.',
    ]);
  });

  test('for the cotangent that shows the error', () => {
    const gradient = ([c, d]: number[], [right]: number[]): number[] => [right + c - d];
    const cotangents = [
      [1, 1],
      [3, 1],
      [5, 5],
    ];
    expect(sentences([{ shape: [], jacobian: [[2], [3]], gradient }], { cotangents })).toEqual([
      'x: the gradient is 11, the differences give 9.',
    ]);
  });

  test('the largest error is not the one of the largest numbers', () => {
    const errors = [1, 5, 0.7, 2];
    expect(
      sentences([
        {
          shape: [4],
          jacobian: [[100, 1, 2, -3]],
          gradient: (dy, right) => right.map((value, j) => value + errors[j] * dy[0]),
        },
      ]),
    ).toEqual([
      'x: 4 of 4 entries compared are wrong, in no form that is known here; the largest error: the gradient at [1] is 6, the differences give 1.',
    ]);
  });

  test('of three or more: how many, and the largest error', () => {
    const jacobian = full([0.9, -1.2, 0.4, 2], 1);
    const wrong = (errors: number[]): string[] =>
      sentences([
        {
          shape: [2, 2],
          values: [-1, 2, 1, -2],
          jacobian,
          gradient: (dy, right) => right.map((value, j) => value + errors[j] * dy[0]),
        },
      ]);
    const [row] = jacobian;
    const number = (j: number, by = 0): string => String(Number((row[j] + by).toPrecision(7)));
    expect(wrong([0.3, -5, 4, 0.7])).toEqual([
      `x: 4 of 4 entries compared are wrong, in no form that is known here; the largest error: the gradient at [0,1] is ${number(1, -5)}, the differences give ${number(1)}.`,
    ]);
    expect(wrong([-2 * row[0], -3, 0.7, 1])).toEqual([
      expect.stringContaining('the largest error: the gradient at [0,1] is '),
    ]);
    expect(wrong([0.3, -4, 0, 1])).toEqual([
      `x: 3 of 4 entries compared are wrong, in no form that is known here; the largest error: the gradient at [0,1] is ${number(1, -4)}, the differences give ${number(1)}.`,
    ]);
  });
});

test('a check that could not go on: its message, and whose fault it is', () => {
  const { pass } = made([of('x')]);
  const failure = new GradientFailure('unsupported', 'Cumprod has no gradient.', { op: 'Cumprod' });
  expect(explainFailure(failure, pass.subject, 1)).toEqual([
    'Cumprod has no gradient.',
    "That is a fault of TensorFlow.js 4.22 (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it), and none of f.",
  ]);
  expect(explainFailure(new GradientFailure('wrong', 'No.'), pass.subject, 1)).toEqual(['No.']);
  expect(explain(pass, [[]])).toEqual([]);
});
