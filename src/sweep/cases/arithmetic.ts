/** Arithmetic: functions of two tensors, broadcast either way, a tensor used twice, and compositions for the second order. */
import { fixed, real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { halves, list, quarters, shapeOf, smooth } from './elementwise.js';
import { call, input, type Expression } from './expression.js';

type Make = (shape: readonly number[]) => InputDraft;
const positive: Make = (shape) => real(shape, 'positive');

/** What the ops' two tensors hold: quarters and halves where a tie or a whole quotient would be a jump or a kink. */
const binary: readonly (readonly [op: string, a: Make, b: Make])[] = [
  ...['add', 'sub', 'mul', 'div', 'divNoNan', 'squaredDifference', 'atan2'].map(
    (op) => [op, real, real] as [string, Make, Make],
  ),
  ['pow', positive, real],
  ...['maximum', 'minimum', 'mod', 'floorDiv'].map((op) => [op, quarters, halves] as [string, Make, Make]),
];

const [a, b, x] = ['a', 'b', 'x'].map(input);
const square = (of: Expression): Expression => call('square', of);
/** floorDiv gives int32 whatever it gets. */
const asFloat = (op: string, of: Expression): Expression =>
  op === 'floorDiv' ? call('cast', of, 'float32') : of;

/** Pairs of shapes: of one shape, at ranks 0 to 6; and broadcast, from the left, from the right and from both sides. */
function* shapePairs(choices: Choices): Iterable<readonly [a: readonly number[], b: readonly number[]]> {
  for (const rank of [0, 1, 2, 4, 6]) {
    const shape = shapeOf(choices, rank, 12);
    yield [shape, shape];
  }
  const [p, q, r] = choices.shape(3, 24);
  const pairs: (readonly [readonly number[], readonly number[]])[] = [
    [[p], []],
    [[p, q], [q]],
    list([p, q, r], [q, 1]),
    list([2, 1, 3], [4, 1]),
  ];
  for (const [large, small] of pairs) {
    yield [large, small];
    yield [small, large];
  }
  const wide = shapeOf(choices, 6, 16);
  yield list([p, 1], [1, q]);
  yield [wide, wide.slice(2)];
  yield [wide.map((size, axis) => (axis % 2 ? size : 1)), wide];
}

/** One tensor in two places. */
const twice: readonly (readonly [op: string, expression: Expression])[] = [
  ...['add', 'sub', 'mul', 'squaredDifference', 'pow'].map((op) => [op, call(op, x, x)] as const),
  ['addN', call('addN', [x, x, x])],
  ['mul', call('mul', x, square(x))],
  ['squaredDifference', call('squaredDifference', x, square(x))],
  ['atan2', call('atan2', square(x), x)],
  ['div', call('div', x, call('add', 1, square(x)))],
  ['prelu', call('prelu', call('neg', x), x)],
  ['mul', call('mul', x, call('sum', x))],
  ['sub', call('sub', x, call('mean', x, 0))],
];

const compositions: readonly (readonly [op: string, expression: Expression])[] = [
  ['sin of square', call('sin', square(x))],
  ['mul of sigmoid', call('mul', call('sigmoid', x), x)],
  ['mul of tanh', call('mul', call('tanh', x), x)],
  ['square of square of exp', square(square(call('exp', x)))],
  ['exp of sin', call('exp', call('sin', x))],
  ['exp of neg of square', call('exp', call('neg', square(x)))],
  ['tanh of mul', call('tanh', call('mul', x, x))],
  ['log of add', call('log', call('add', 1, square(x)))],
  ['sqrt of add', call('sqrt', call('add', 1, square(x)))],
  ['reciprocal of add', call('reciprocal', call('add', 1, call('exp', x)))],
  ['pow of sigmoid', call('pow', call('sigmoid', x), 3)],
  ['pow of mul', call('pow', call('mul', x, 0.5), 2)],
  ['sub of muls', call('sub', call('mul', x, call('sin', x)), call('mul', call('cos', x), call('exp', x)))],
];

export const arithmetic: Family = {
  name: 'arithmetic',
  *cases(choices: Choices): Iterable<CaseDraft> {
    for (const [op, makeA, makeB] of binary) {
      for (const [shapeA, shapeB] of shapePairs(choices)) {
        const inputs = { a: makeA(shapeA), b: makeB(shapeB) };
        const broadcast = shapeA.join() !== shapeB.join();
        yield {
          op,
          ...(broadcast && { variant: 'broadcast' }),
          inputs,
          expression: asFloat(op, call(op, a, b)),
        };
      }
      const shape = choices.shape(2);
      yield { op, inputs: { a: makeA(shape) }, expression: asFloat(op, call(op, a, 1.5)) };
      yield { op, inputs: { b: makeB(shape) }, expression: asFloat(op, call(op, 1.25, b)) };
    }
    for (const exponent of [-2, -1, 0, 1, 2, 3, 4]) {
      const inputs = { x: real(shapeOf(choices, choices.int(1, 4))) };
      yield { op: 'pow', inputs, expression: call('pow', x, exponent) };
      if (exponent > 0) {
        const atZero = { x: { shape: [4], values: [-2, 0, 0.5, 3] } };
        yield { op: 'pow', variant: 'zero', inputs: atZero, expression: call('pow', x, exponent) };
      }
    }
    for (const shape of [[4], [3, 2], [2, 1]]) {
      const inputs = { x: real([3, ...shape]), b: fixed(shape, 'small') };
      yield { op: 'pow', inputs, expression: call('pow', x, b) };
    }
    for (const exponent of [0.5, -0.5, 1.5]) {
      yield { op: 'pow', inputs: { x: real([2, 3], 'positive') }, expression: call('pow', x, exponent) };
    }
    const zeros = { a: real([4]), b: { shape: [4], values: [0, 2, -0.5, 0], constant: true } };
    yield { op: 'divNoNan', variant: 'zero', inputs: zeros, expression: call('divNoNan', a, b) };

    for (let rank = 0; rank <= 6; rank++) {
      const names = ['a', 'b', 'c'].slice(0, 1 + (rank % 3));
      const made = real(shapeOf(choices, rank, 12));
      const inputs = Object.fromEntries(names.map((name) => [name, made]));
      yield { op: 'addN', inputs, expression: call('addN', names.map(input)) };

      const shape = shapeOf(choices, rank, 12);
      const alphas = [
        shape,
        ...(rank > 0 ? [[]] : []),
        ...(rank > 1 ? [[1, ...shape.slice(1)], shape.slice(1)] : []),
      ];
      for (const alpha of rank < 5 ? alphas : alphas.slice(-1)) {
        yield { op: 'prelu', inputs: { a: real(shape), b: real(alpha) }, expression: call('prelu', a, b) };
      }
    }
    for (const debias of [[undefined, false], [2]]) {
      const inputs = { a: real([2, 3]), b: real([2, 3]) };
      yield { op: 'movingAverage', inputs, expression: call('movingAverage', a, b, 0.75, ...debias) };
    }
    for (const rank of [1, 3]) {
      for (const [op, expression] of twice) {
        yield {
          op,
          inputs: { x: real(shapeOf(choices, rank, 12), op === 'pow' ? 'positive' : 'signed') },
          expression,
        };
      }
    }

    for (const [op, range] of Object.entries(smooth)) {
      const inputs = { x: real(shapeOf(choices, choices.int(0, 3)), range) };
      yield { op: `square of ${op}`, inputs, expression: square(call(op, x)) };
    }
    for (const [op, expression] of compositions) {
      yield { op, inputs: { x: real(shapeOf(choices, choices.int(1, 3))) }, expression };
    }

    const tied: Record<string, InputDraft> = {
      a: { shape: [4], values: [-1, 2, 0, 3] },
      b: { shape: [4], values: [-1, 1, 0, 5] },
    };
    for (const op of ['maximum', 'minimum']) {
      yield { op, variant: 'kink', inputs: tied, expression: call(op, a, b), kink: true, order: 1 };
      const one = { x: { shape: [3], values: [-1, 0, 2] } };
      yield { op, variant: 'kink', inputs: one, expression: call(op, x, 0), kink: true, order: 1 };
      yield { op, variant: 'kink', inputs: one, expression: call(op, x, x), kink: true, order: 1 };
    }
    const atZero: Record<string, InputDraft> = {
      a: { shape: [3], values: [-1, 0, 2] },
      b: { shape: [], values: [0.5] },
    };
    yield {
      op: 'prelu',
      variant: 'kink',
      inputs: atZero,
      expression: call('prelu', a, b),
      kink: true,
      order: 1,
    };
  },
};
