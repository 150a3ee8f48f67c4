/** Mistakes in the use of dy. Oracle: what each function does with it. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/shapes.js';
import { random, withGradient } from '../zoo/support.js';
import { coordinateOf } from '../../../src/gradcheck/engine/index.js';
import { diagonal, full, lower, sentences, using } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;

const sine = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.sin(x),
    (dy, x) => tf.mul(use(dy), tf.cos(x)),
  );
const sum = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.sum(tf.sin(x)),
    (dy, x) => tf.mul(use(dy), tf.cos(x)),
  );
/** Every output hangs on every input. */
const mixed = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.cumsum(tf.sin(x)),
    (dy, x) => tf.mul(tf.cumsum(use(dy), 0, false, true), tf.cos(x)),
  );
const clipNorm =
  (limit: number) =>
  (dy: T): T =>
    tf.mul(dy, tf.minimum(1, tf.div(limit, tf.norm(dy))));
const dropped =
  (limit: number) =>
  (dy: T): T =>
    tf.where(tf.less(tf.abs(dy), limit), tf.zerosLike(dy), dy);

const uses: [string, (dy: T) => T, RegExp][] = [
  ['ignored', (dy) => tf.onesLike(dy), /dy is ignored/],
  ['its sign', (dy) => tf.sign(dy), /of dy only the sign/],
  ['its size', (dy) => tf.abs(dy), /\|dy\|/],
  ['squared', (dy) => tf.square(dy), /dy is squared/],
  ['relu', (dy) => tf.relu(dy), /where dy < 0 it is taken for zero/],
  ['clipped to 1', (dy) => tf.clipByValue(dy, -1, 1), /clipped to −1 … 1:/],
  ['clipped to 5', (dy) => tf.clipByValue(dy, -5, 5), /clipped to −5 … 5:/],
  ['clipped to 4.2', (dy) => tf.clipByValue(dy, -4.2, 4.2), /clipped to −4\.2 … 4\.2:|not linear in dy/],
  ['small ones dropped', dropped(0.01), /dy's small values are dropped/],
];

describe.each([
  ['elementwise', sine],
  ['of a sum', sum],
  ['of sums that overlap', mixed],
])('%s', (_kind, make) => {
  test.each(uses)('%s', (_name, use, sentence) => {
    expect(said(make(use), [random([6])])).toMatch(sentence);
  });

  test('dy as it is: nothing is said', () => {
    expect(
      said(
        make((dy) => dy),
        [random([6])],
      ),
    ).toBe('');
  });

  test('dy clipped beyond any that was given: nothing is said', () => {
    expect(
      said(
        make((dy) => tf.clipByValue(dy, -2e3, 2e3)),
        [random([6])],
      ),
    ).toBe('');
  });
});

test('clipped to a norm', () => {
  expect(said(sine(clipNorm(5)), [random([6])])).toMatch(/dy is clipped to a norm of 5:/);
  expect(said(mixed(clipNorm(5)), [random([6])])).toMatch(/dy is clipped to a norm of 5:/);
});

test('divided by its norm; averaged; a factor where it is negative', () => {
  expect(
    said(
      sine((dy) => tf.div(dy, tf.norm(dy))),
      [random([6])],
    ),
  ).toMatch(/divided by its norm/);
  expect(
    said(
      sine((dy) => tf.fill(dy.shape, 1).mul(tf.mean(dy))),
      [random([6])],
    ),
  ).toMatch(/dy is averaged/);
  expect(
    said(
      sine((dy) => tf.add(dy, tf.relu(tf.neg(dy)).mul(0.3))),
      [random([6])],
    ),
  ).toMatch(/only where dy < 0/);
});

test('what has no form but is not linear', () => {
  expect(
    said(
      sine((dy) => tf.tanh(dy)),
      [random([6])],
    ),
  ).toMatch(/not linear in dy: for twice the dy/);
});

test('a scalar: a wrong factor is not taken for a use of dy', () => {
  expect(
    said(
      sum((dy) => tf.mul(dy, 1.5)),
      [[0.3]],
    ),
  ).toMatch(/the differences give/);
});

/** Linear functions whose gradient is that of another dy: complete sentences, and what is next to them. */
describe('in words', () => {
  const slopes = [0.9, -1.2, 0.4, 2, -0.6, 1.1];
  const kinds: [string, number[][]][] = [
    ['a diagonal Jacobian', diagonal(slopes)],
    ['a triangular one', lower(slopes)],
    ['a full one', full(slopes)],
  ];
  const each =
    (use: (value: number) => number) =>
    (dy: number[]): number[] =>
      dy.map(use);
  const all =
    (whole: (dy: number[]) => number) =>
    (dy: number[]): number[] =>
      dy.map(() => whole(dy));
  const norm = (dy: number[]): number => Math.hypot(...dy);
  const sumOf = (dy: number[]): number => dy.reduce((sum, value) => sum + value, 0);
  const clip = (limit: number) => each((value) => Math.min(limit, Math.max(-limit, value)));
  const clipped = (limit: string): string =>
    `dy is clipped to −${limit} … ${limit}: the gradient has to be linear in it. Clip gradients in the optimizer.`;
  const of = (jacobian: number[][], use: (dy: number[]) => number[], cotangents?: number[][]): string[] =>
    sentences([{ shape: [jacobian[0].length], jacobian, gradient: using(jacobian, use) }], { cotangents });

  describe.each(kinds)('%s', (_kind, jacobian) => {
    test.each<[string, (dy: number[]) => number[]]>([
      ['dy is ignored: the gradient is that for a dy of ones. Multiply by dy.', each(() => 1)],
      ['of dy only the sign is used.', each(Math.sign)],
      ["dy's sign is lost: the gradient uses |dy|.", each(Math.abs)],
      ['dy is squared: the gradient has to be linear in it.', each((value) => value ** 2)],
      ['where dy < 0 it is taken for zero: the gradient uses relu(dy).', each((value) => Math.max(value, 0))],
      ['where dy > 0 it is taken for zero.', each((value) => Math.min(value, 0))],
      [
        'dy is divided by its norm: the gradient has to be linear in it.',
        (dy) => dy.map((value) => value / norm(dy)),
      ],
      ['dy is averaged before it is used: each output has its own.', all((dy) => sumOf(dy) / dy.length)],
      ['dy is summed before it is used: each output has its own.', all(sumOf)],
      [clipped('1'), clip(1)],
      [clipped('5'), clip(5)],
      [clipped('0.1'), clip(0.1)],
      [clipped('0.5'), clip(0.5)],
      [clipped('2'), clip(2)],
      [clipped('3'), clip(3)],
      [clipped('10'), clip(10)],
      [
        "dy's small values are dropped: a dy of size 0.00156 counts as zero, one of 0.6 does not.",
        each((value) => (Math.abs(value) < 0.01 ? 0 : value)),
      ],
      [
        'dy is clipped to a norm of 5: the gradient has to be linear in it. Clip gradients in the optimizer.',
        (dy) => dy.map((value) => value * Math.min(1, 5 / norm(dy))),
      ],
    ])('%s', (sentence, use) => {
      expect(of(jacobian, use)).toEqual([`x: ${sentence}`]);
    });

    test('dy as it is, also where it is clipped or dropped beyond all that was given', () => {
      for (const use of [each((value) => value), clip(2000), each((dy) => (Math.abs(dy) < 1e-5 ? 0 : dy))]) {
        expect(of(jacobian, use)).toEqual([]);
      }
    });
  });

  const notLinear = (how: string): string => `x: the gradient is not linear in dy: ${how}.`;
  const twice = notLinear('for twice the dy it is not twice as large');

  test('a limit of no usual size shows where an entry has one output of its own', () => {
    const use = clip(4.2);
    for (const jacobian of [diagonal(slopes), lower(slopes)]) {
      expect(of(jacobian, use)).toEqual([`x: ${clipped('4.2')}`]);
    }
    expect(of(full(slopes), use)).toEqual([twice]);
  });

  test('a norm that dy is clipped to is that of most entries: those that rounding leaves have no say', () => {
    const faint = 1e-9;
    const clipped = (dy: number[]): number[] => dy.map((value) => value * Math.min(1, 5 / norm(dy)));
    for (const [factor, ...parts] of [
      [-7, 0.9, faint, -faint, -1.2, 2],
      [7, 0.9, -1.2, faint, faint, 2],
      [-7, faint, 0.9, -1.2, 0, 2],
    ]) {
      const jacobian = diagonal(parts);
      // What is faint comes out several times too large, or with the other sign.
      const off = (dy: number[]): number[] =>
        using(jacobian, clipped)(dy, dy).map((value, j) =>
          Math.abs(parts[j]) <= faint ? factor * value : value,
        );
      expect(sentences([{ shape: [5], jacobian, gradient: off }])).toEqual([
        'x: dy is clipped to a norm of 5: the gradient has to be linear in it. Clip gradients in the optimizer.',
      ]);
    }
  });

  test('a threshold for small dy shows where sizes of dy lie four times apart or more', () => {
    const dropped = each((value) => (Math.abs(value) < 0.4 ? 0 : value));
    const at = (jacobian: number[][], large: number): string[] =>
      of(jacobian, dropped, [
        [0.2, -large, 0.22],
        [-1.2, 0.25, 1.1],
        [1.5, 0, -0.15],
      ]);
    const three = slopes.slice(0, 3);
    for (const jacobian of [diagonal(three), lower(three), full(three)]) {
      expect(at(jacobian, 1)).toEqual([
        "x: dy's small values are dropped: a dy of size 0.25 counts as zero, one of 1 does not.",
      ]);
      expect(at(jacobian, 0.99)).toEqual([twice]);
    }
  });

  test('the Jacobian taken for diagonal', () => {
    const jacobian = full(slopes);
    const own = (dy: number[]): number[] => dy.map((value, j) => value * jacobian[j][j]);
    const sentence =
      'x: each entry counts for its own output only: what it does to the other outputs is missing (the Jacobian is taken for diagonal).';
    expect(sentences([{ shape: [6], jacobian, gradient: own }])).toEqual([sentence]);
    expect(sentences([{ shape: [2, 3], jacobian, gradient: own }])).toEqual([sentence]);
  });

  test('a Jacobian that is diagonal, and other numbers of outputs than of entries', () => {
    const jacobian = diagonal(slopes);
    const odd = (dy: number[]): number[] => dy.map((value, j) => value * slopes[j] * (j % 2 === 0 ? 2 : 3));
    expect(sentences([{ shape: [6], jacobian, gradient: odd }])).toEqual([
      expect.stringMatching(/^x: 6 of 6 entries compared are wrong, in no form that is known here/),
    ]);
    const tall = full(slopes, 7);
    const own = (dy: number[]): number[] => slopes.map((_, j) => dy[j] * tall[j][j]);
    expect(sentences([{ shape: [6], jacobian: tall, gradient: own }])).toEqual([
      expect.stringMatching(/^x: 6 of 6 entries compared are wrong, in no form that is known here/),
    ]);
  });

  describe('a single slice of an axis', () => {
    /** x of this shape broadcast to the outputs' shape, each entry with a slope of its own. */
    const broadcast = (shape: number[], output: number[], scale: (k: number) => number): number[][] =>
      Array.from({ length: sizeOf(output) }, (_, k) => {
        const at = coordinateOf(k, output).slice(output.length - shape.length);
        const own = at.reduce((flat, i, axis) => flat * shape[axis] + (shape[axis] === 1 ? 0 : i), 0);
        return Array.from({ length: sizeOf(shape) }, (_, j) => (j === own ? scale(k) : 0));
      });
    const scale = (k: number): number => 0.5 + ((3 * k) % 7) / 3;
    const slice = (output: number[], axis: number, at: number) => (dy: number[]) =>
      dy.map((value, k) => (coordinateOf(k, output)[axis] === at ? value : 0));
    const said = (shape: number[], output: number[], axis: number, at: number): string[] => {
      const jacobian = broadcast(shape, output, scale);
      const gradient = using(jacobian, slice(output, axis, at));
      return sentences([{ name: 'b', shape, jacobian, gradient }], { outputShapes: [output] });
    };
    const words = (which: string, axis: number, over: string): string[] => [
      `b: only the ${which} slice along axis ${axis} of the output counts: the gradient was not summed over ${over}.`,
    ];
    const used = (times: number): string => `the broadcast axis, along which b is used ${times} times`;

    test.each<[number[], number[], number, number, string[]]>([
      [[3], [2, 3], 0, 0, words('first', 0, used(2))],
      [[3], [2, 3], 0, 1, words('last', 0, used(2))],
      [[3], [4, 3], 0, 3, words('last', 0, used(4))],
      [[3], [4, 2, 3], 1, 0, words('first', 1, used(2))],
      [[3, 1], [3, 4], 1, 0, words('first', 1, used(4))],
      [[3, 1], [3, 4], 1, 3, words('last', 1, used(4))],
      [[2, 1, 2], [2, 3, 2], 1, 2, words('last', 1, used(3))],
    ])('b %j in an output %j, of axis %d only %d', (shape, output, axis, at, sentence) => {
      expect(said(shape, output, axis, at)).toEqual(sentence);
    });

    test('an axis of the input’s own, along which the outputs mix', () => {
      const jacobian = full([0.9, -1.2, 0.4, 2, -0.6, 1.1], 6);
      for (const [axis, at, which] of [
        [0, 0, 'first'],
        [0, 1, 'last'],
        [1, 0, 'first'],
        [1, 2, 'last'],
      ] as const) {
        const gradient = using(jacobian, slice([2, 3], axis, at));
        expect(
          sentences([{ name: 'b', shape: [2, 3], jacobian, gradient }], { outputShapes: [[2, 3]] }),
        ).toEqual(words(which, axis, 'that axis'));
      }
    });

    test('a slice within, and one of two outputs, is none', () => {
      const none = expect.stringMatching(
        /^b: \d of \d entries compared are wrong, in no form that is known here/,
      );
      expect(said([3], [4, 3], 0, 1)).toEqual([none]);
      const jacobian = full([0.9, -1.2, 0.4, 2], 4);
      const gradient = using(jacobian, (dy) => [dy[0], dy[1], 0, 0]);
      const of = (outputShapes: number[][]): string[] =>
        sentences([{ name: 'b', shape: [1, 2, 2], jacobian, gradient }], { outputShapes });
      expect(of([[1, 2, 2]])).toEqual(words('first', 1, 'that axis'));
      expect(of([[2], [2]])).toEqual(["b: the error comes from output 1 of 2; the others' part is right."]);
    });
  });

  test('wrong by the sign of dy', () => {
    const worse = (sign: number, factor: number) =>
      each((value) => (Math.sign(value) === sign ? factor * value : value));
    const jacobian = diagonal(slopes);
    expect(of(jacobian, worse(-1, 1.3))).toEqual(['x: the gradient is wrong only where dy < 0.']);
    expect(of(jacobian, worse(1, 1.3))).toEqual(['x: the gradient is wrong only where dy > 0.']);
    // An entry whose derivative is 0 is right for either sign.
    const flat = diagonal([0.9, -1.2, 0, 2, -0.6, 0]);
    expect(of(flat, worse(-1, 1.3))).toEqual(['x: the gradient is wrong only where dy < 0.']);
    // At outputs that mix the entries, dy's sign at an entry says nothing.
    expect(of(lower(slopes), worse(-1, 1.3))).toEqual([notLinear('for −dy it is not its negative')]);
  });

  test('one sign of dy alone says nothing of the other', () => {
    const factor = [1.3, 1.4, 1.5, 1.6, 1.7, 1.8];
    const positive = [1, 2 ** -10, 2 ** 10].map((size) => slopes.map((_, k) => size * (1 + k / 7)));
    expect(of(diagonal(slopes), (dy) => dy.map((value, k) => value * factor[k]), positive)).toEqual([
      expect.stringMatching(/^x: 6 of 6 entries compared are wrong, in no form that is known here/),
    ]);
  });

  test.each<[string, (value: number) => number]>([
    ['for twice the dy it is not twice as large', Math.tanh],
    [
      'for a dy 1,024 times smaller it is not 1,024 times smaller',
      (value) => (Math.abs(value) < 2 ** -10 ? 0 : 1.5 * value),
    ],
    ['for −dy it is not its negative', (value) => (value < 0 ? 1.2 : 1.7) * value],
    ['for twice the dy it is not twice as large', (value) => (Math.abs(value) > 2 ** 11 ? 2.5 : 1.5) * value],
  ])('not linear: %s', (how, use) => {
    // Two outputs, whose dy come one after the other.
    const jacobian = full(slopes, 5);
    const gradient = using(jacobian, (dy) => dy.map((value, k) => (k === 3 ? value : use(value))));
    expect(sentences([{ shape: [6], jacobian, gradient }], { outputShapes: [[2], [3]] })).toEqual([
      notLinear(how),
    ]);
  });

  test('two outputs whose part is wrong and linear', () => {
    const jacobian = full(slopes, 5);
    const gradient = using(jacobian, (dy) => dy.map((value, k) => (k < 2 ? 1.5 : 1) * value));
    expect(sentences([{ shape: [6], jacobian, gradient }], { outputShapes: [[2], [3]] })).toEqual([
      "x: the error comes from output 0 of 2; the others' part is right.",
    ]);
  });

  test('of a single entry one dy is enough, of more it takes two', () => {
    const relu = each((value) => Math.max(value, 0));
    const negative = [[-1], [-(2 ** -10)], [2 ** 10]];
    expect(of([[2]], relu, negative)).toEqual([
      'x: where dy < 0 it is taken for zero: the gradient uses relu(dy).',
    ]);
    expect(of([[0, 2]], relu, negative)).not.toEqual([
      'x: where dy < 0 it is taken for zero: the gradient uses relu(dy).',
    ]);
  });

  test('the first 24 entries are looked at', () => {
    const many = Array.from({ length: 30 }, (_, j) => 0.5 + ((7 * j) % 30) / 10);
    const off =
      (from: number) =>
      (dy: number[]): number[] =>
        dy.map((value, j) => many[j] * (j < from ? Math.abs(value) : 1.7 * value));
    const of = (from: number): string[] =>
      sentences([{ shape: [30], jacobian: diagonal(many), gradient: off(from) }]);
    expect(of(24)).toEqual(["x: dy's sign is lost: the gradient uses |dy|."]);
    expect(of(23)).not.toEqual(["x: dy's sign is lost: the gradient uses |dy|."]);
  });

  test('where those are right, no use of dy and no diagonal is named', () => {
    const many = Array.from({ length: 30 }, (_, j) => 0.5 + ((7 * j) % 30) / 10);
    // Only the last dy is large, or of its sign: on the first 24 entries a clip does what dy does.
    const cotangents = [0.7, 0.6, 0.5].map((size) =>
      many.map((_, k) => (k === 29 ? 4 : size * (1 + k / 90))),
    );
    expect(
      sentences(
        [
          {
            shape: [30],
            jacobian: diagonal(many),
            gradient: (_dy, right) => right.map((value, j) => (j === 27 ? 1.5 * value : value)),
          },
        ],
        { cotangents },
      ),
    ).toEqual(['x: the gradient is wrong only at [27] (1 of 30 entries).']);
  });
});
