/** Gradients that are lost. Oracle: where the way was cut. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { withGradient } from '../zoo/support.js';
import { full, sentences, type MadeParts } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1]];

test('by dataSync', () => {
  expect(said((x: T) => tf.tensor1d(Array.from(x.dataSync(), (value) => 2 * value)), at)).toMatch(
    /detached.*dataSync/,
  );
});

test("second order: by TensorFlow.js' tape, whatever the op", () => {
  for (const [name, f] of [
    ['Tanh', (x: T) => tf.tanh(x)],
    ['Exp', (x: T) => tf.exp(x)],
    ['logSoftmax', (x: T) => tf.logSoftmax(x)],
  ] as const) {
    const text = said(f, at, 2);
    expect(text).toMatch(
      new RegExp(`no way from the gradient back to it: what ${name} saves .*tape before.*tfjs#3252`),
    );
    expect(text).not.toMatch(/dataSync/);
  }
});

test('second order: part of the way', () => {
  expect(said((x: T) => tf.square(tf.exp(x)), at, 2)).toMatch(
    /½ times.*\n.*A part of it is lost: what Exp saves/s,
  );
});

test("second order: by a gradient function's own dataSync, which is not the tape's", () => {
  const f = withGradient(
    (x) => tf.sin(x),
    (dy, x) => tf.mul(dy, tf.tensor1d(Array.from(x.dataSync(), Math.cos))),
  );
  const text = said(f, at, 2);
  expect(text).toMatch(
    /input 0: the gradient is zero.*gradient function on the way leaves TensorFlow.js by dataSync/,
  );
  expect(text).not.toMatch(/3252/);
});

test("second order: by a gradient function of TensorFlow.js' own", () => {
  const text = said((x: T) => tf.losses.softmaxCrossEntropy([[0, 1, 0]], x), [at], 2);
  expect(text).toMatch(/input 0: .*a gradient function of TensorFlow.js 4\.22's own loses it, none of yours/);
});

test('second order, right: nothing is said', () => {
  expect(said((x: T) => tf.sin(x), at, 2)).toBe('');
  expect(said((x: T) => tf.mul(x, tf.square(x)), at, 2)).toBe('');
});

describe('in words', () => {
  const jacobian = full([0.9, -1.2, 0.4, 2]);
  const zeros = (_dy: number[], right: number[]): number[] => right.map(() => 0);
  const of = (parts: MadeParts, gradient = zeros): string[] =>
    sentences(
      [
        { shape: [4], jacobian, gradient },
        { name: 'y', shape: [4], jacobian },
      ],
      parts,
    );
  const lost = 'x: the gradient is zero, because tf.grad finds no way from the gradient back to it:';
  const late = (ops: string): string =>
    `what ${ops} saves of its result for its gradient stands on the tape before the op itself, and TensorFlow.js goes by the order (tfjs#3252, docs/tfjs-gradients.md). No gradient function is at fault.`;

  test('no way from the input to the output', () => {
    expect(of({ unreached: [0] })).toEqual([
      "x: the gradient is zero, because it is detached: f changes with it, but tf.grad finds no way from it to the output. Something on the way leaves TensorFlow.js: dataSync(), a tensor made of plain numbers, a variable. If that is meant, as of a stop-gradient, declare it: surrogate: 'zero'.",
    ]);
  });

  test('a way, and zeros on it: everywhere, and for every cotangent', () => {
    const all =
      "x: the gradient is zero everywhere, while f changes: it is detached, or a gradient function gives zeros. If that is meant, as of a stop-gradient, declare it: surrogate: 'zero'.";
    expect(of({})).toEqual([all]);
    expect(of({ unreached: [1] })).toEqual([all]);
    expect(of({}, (_dy, [, ...right]) => [0, ...right])).not.toEqual([all]);
    expect(of({}, ([c], right) => right.map((value) => (Math.abs(c) > 100 ? value : 0)))).not.toEqual([all]);
  });

  test('second order: by the tape, by a gradient function of one’s own, or by one of TensorFlow.js', () => {
    const second = (recording: MadeParts['recording']): string[] =>
      of({ order: 2, unreached: [0], recording });
    expect(second({ late: ['Exp'], custom: true })).toEqual([`${lost} ${late('Exp')}`]);
    expect(second({ late: ['Exp', 'Tanh'] })).toEqual([`${lost} ${late('Exp, Tanh')}`]);
    const own = `${lost} a gradient function on the way leaves TensorFlow.js by dataSync(), or uses what was computed before and not its inputs. Compute it from \`saved\` inputs.`;
    expect(second({ custom: true })).toEqual([own]);
    expect(second({ custom: true, late: ['Exp'], connected: [false, true] })).toEqual([own]);
    expect(second({})).toEqual([
      `${lost} a gradient function of TensorFlow.js 4.22's own loses it, none of yours (docs/tfjs-gradients.md).`,
    ]);
  });

  test('second order: a part of it', () => {
    const half = (_dy: number[], right: number[]): number[] => right.map((value) => value / 2);
    const [form, ...rest] = of({ order: 2, recording: { late: ['Exp', 'Tanh'] } }, half);
    expect(form).toMatch(/½ times what it should be/);
    expect(rest).toEqual([`A part of it is lost: ${late('Exp, Tanh')}`]);
    expect(of({ order: 2 }, half)).toEqual([form]);
    expect(of({ order: 1, recording: { late: ['Exp'] } }, half)).toEqual([form]);
  });

  test('of another TensorFlow.js than was swept the docs are not named', () => {
    const { 'tfjs-core': version } = tf.version;
    try {
      tf.version['tfjs-core'] = '4.23.0';
      expect(of({ order: 2, unreached: [0], recording: { late: ['Exp'] } })).toEqual([
        `${lost} ${late('Exp').replace(', docs/tfjs-gradients.md', '')}`,
      ]);
    } finally {
      tf.version['tfjs-core'] = version;
    }
  });
});
