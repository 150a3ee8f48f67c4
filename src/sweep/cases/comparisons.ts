/** Comparisons: what is chosen, weighed or counted by how numbers compare. */
import { sizeOf } from '../../shapes.js';
import { bools, real, type CaseDraft, type Choices, type Family } from './case.js';
import { halves, list, quarters, shapeOf } from './elementwise.js';
import { call, input, type Argument, type Expression } from './expression.js';

const [a, b, x, c] = ['a', 'b', 'x', 'c'].map(input);
const mul = (...of: [Expression, Expression]): Expression => call('mul', ...of);
const toFloat = (of: Expression): Expression => call('cast', of, 'float32');

const comparisonOps = ['equal', 'greater', 'greaterEqual', 'less', 'lessEqual', 'notEqual'];
const less = (than: Argument): Expression => call('less', x, than);

/** Conditions on x that are some true, some false. */
const logical: readonly (readonly [op: string, condition: Expression])[] = [
  ['logicalAnd', call('logicalAnd', call('greater', x, -3), less(3))],
  ['logicalOr', call('logicalOr', less(-1), call('greaterEqual', x, 1))],
  ['logicalXor', call('logicalXor', less(1), call('greater', x, -1))],
  ['logicalNot', call('logicalNot', less(0))],
];

/** Shapes of a condition and of the two tensors that it chooses from. */
const whereShapes: readonly (readonly [
  condition: readonly number[],
  chosen: readonly number[],
  other: readonly number[],
])[] = [
  [[], [], []],
  [[4], [4], [4]],
  list([3, 2], [3, 2], [3, 2]),
  list([2, 3, 2], [2, 3, 2], [2, 3, 2]),
  list([2, 1, 3, 1, 2], [2, 1, 3, 1, 2], [2, 1, 3, 1, 2]),
  list([2, 1, 3, 1, 2, 1], [2, 1, 3, 1, 2, 1], [2, 1, 3, 1, 2, 1]),
  [[3], [2, 3], [2, 3]],
  list([2, 1], [2, 3], [2, 3]),
  [[], [4], [4]],
  [[2, 3], [3], [2, 1]],
  [[2, 3], [], [2, 3]],
  list([4, 1], [1, 3], [2, 1, 1]),
  [[2, 2, 3], [3], []],
];

export const comparisons: Family = {
  name: 'comparisons',
  *cases(choices: Choices): Iterable<CaseDraft> {
    const at = (rank: number) => ({ x: quarters(shapeOf(choices, rank, 8)) });
    for (const op of comparisonOps) {
      for (const rank of [0, 3]) {
        yield { op: 'where', inputs: at(rank), expression: call('where', call(op, x, 0), call('neg', x), x) };
      }
      yield { op, inputs: at(2), expression: mul(toFloat(call(op, x, 1)), x) };
      const pair = { a: quarters([3, 2]), b: halves([3, 2]) };
      yield { op: 'where', inputs: pair, expression: call('where', call(op, a, b), a, call('square', b)) };
      const uneven = { a: quarters([2, 1, 3]), b: halves([2, 1]) };
      yield { op, inputs: uneven, expression: mul(toFloat(call(op, a, b)), mul(a, b)) };
    }
    for (const [op, condition] of logical) {
      yield { op: 'where', inputs: at(1), expression: call('where', condition, call('sin', x), x) };
      yield { op, inputs: at(2), expression: mul(toFloat(condition), x) };
    }
    for (const op of ['any', 'all']) {
      for (const axis of [undefined, -1]) {
        const inputs = { x: quarters(choices.shape(2, 9)) };
        yield { op, inputs, expression: mul(toFloat(call(op, less(1), axis, true)), x) };
      }
    }

    for (const [condition, chosen, other] of whereShapes) {
      const size = sizeOf(condition);
      const flags = Array.from({ length: size }, (_, i) => Number(i % 3 !== 1));
      const inputs = { c: bools(condition, flags), a: real(chosen), b: real(other) };
      yield { op: 'where', inputs, expression: call('where', c, a, b) };
    }
    const same = { c: bools([4], [1, 0, 0, 1]), x: real([4]) };
    yield { op: 'where', inputs: same, expression: call('where', c, x, x) };
    yield { op: 'where', inputs: same, expression: call('where', c, call('exp', x), mul(x, x)) };
    yield { op: 'where', inputs: same, expression: call('where', c, x, call('zerosLike', x)) };
    // As one keeps sqrt from numbers that have no root.
    const roots = { x: { shape: [4], values: [-1, 4, 0.25, -9] } };
    yield {
      op: 'where',
      inputs: roots,
      expression: call('where', call('greater', x, 0), call('sqrt', call('maximum', x, 0.125)), x),
    };

    for (const op of ['argMax', 'argMin']) {
      for (const rank of [1, 2, 3, 5]) {
        for (const axis of [rank - 1, -rank]) {
          const chosen = toFloat(call('expandDims', call(op, x, axis), axis));
          yield { op, inputs: { x: real(shapeOf(choices, rank)) }, expression: mul(x, chosen) };
        }
        yield {
          op,
          inputs: { x: real(shapeOf(choices, rank)) },
          expression: mul(x, toFloat(call(op, x, 0))),
        };
      }
    }
    for (const depth of [3, 4]) {
      const inputs = { x: real([2, depth]) };
      yield { op: 'oneHot', inputs, expression: mul(x, call('oneHot', call('argMax', x, 1), depth)) };
      const values = call('oneHot', call('argMin', x, -1), depth, 0.75, -0.5, 'float32');
      yield { op: 'oneHot', inputs, expression: mul(x, values) };
    }
    const positive = { x: { shape: [4], values: [0.25, 2.75, 1.25, 1.75] } };
    const rows = call('oneHot', call('cast', x, 'int32'), 3, 1, 0, 'float32');
    yield { op: 'oneHot', inputs: positive, expression: mul(rows, call('expandDims', x, 1)) };
  },
};
