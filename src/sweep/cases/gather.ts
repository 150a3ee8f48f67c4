/** Gather: entries taken and put by index, segments, the largest entries, sparse and ragged tensors. */
import { last } from '../../collections.js';
import { sizeOf } from '../../shapes.js';
import { ints, real, type CaseDraft, type Choices, type Family } from './case.js';
import { list, shapeOf } from './elementwise.js';
import { call, get, input, type Argument, type Expression } from './expression.js';

const x = input('x');

/** Gathers: shape of x, indices, axis, batchDims. */
const gathers: readonly (readonly [
  shape: readonly number[],
  indices: Argument,
  axis?: number,
  batchDims?: number,
])[] = [
  [[4], [2]],
  [[4], [3, 0, 3]],
  [[4], 2],
  [[4], list([1, 0], [3, 1])],
  list([3, 4], [2, 0]),
  [[3, 4], [1, 1, 1], 0],
  [[3, 4], [3, 0, 2], 1],
  [[3, 4], [0, 0], -1],
  [[3, 4], [2, 1], -2],
  [[3, 4], 1, 1],
  [[3, 2], list([0, 2, 2], [1, 0, 0]), 0],
  [[3, 2], [[0], [1], [1]], 1],
  [[2, 3, 2], [1, 0, 1], 0],
  [[2, 3, 2], [2, 0], 1],
  [[2, 3, 4], [3, 1, 3], 2],
  [[2, 3, 2], list([2, 0], [1, 2]), 1],
  [[2, 3, 2], [[1, 0, 0]], -1],
  [[2, 1, 3, 2], [2, 2, 0], 2],
  [[2, 3, 1, 2, 2], [2, 0, 2], 1],
  [[2, 1, 3, 1, 2, 1], [0, 2], 2],
  [[2, 1, 3, 1, 2, 1], [1, 1, 0], -2],
  [[2, 4], list([3, 0, 3], [1, 1, 2]), 1, 1],
  [[3, 2], [[1], [0], [0]], 1, 1],
  [[2, 4], list([3, 0], [1, 1]), -1, 1],
  [[2, 4], [3, 1], 1, 1],
  [[2, 3, 2], list([2, 0], [1, 1]), 1, 1],
  [[2, 3, 2], list([1, 1], [0, 1]), 2, 1],
  [[2, 3, 2], list([[1], [0], [1]], [[0], [0], [1]]), 2, 2],
  [[2, 3, 2], list(list([2, 2], [1, 0]), list([0, 0], [2, 1])), 1, 1],
];

/** Segments: shape of x, ids, their number. */
const segments: readonly (readonly [shape: readonly number[], ids: Argument, count: number])[] = [
  [[4], [0, 1, 0, 2], 3],
  [[4], [2, 2, 2, 2], 3],
  [[4], [1, 0, 3, 1], 5],
  [[4], [0, -1, 1, 0], 2],
  [[3, 2], [1, 0, 1], 2],
  [[3, 2], [0, 0, 2], 4],
  [[3, 1, 2], [1, 1, 0], 2],
  [[4, 1, 2, 1], [0, 2, 0, 2], 3],
];

/** Writes by index: indices, shape of the updates, shape of the result. */
const scatters: readonly (readonly [
  indices: Argument,
  updates: readonly number[],
  result: readonly number[],
])[] = [
  [[[4], [1], [3]], [3], [6]],
  list([[0], [2]], [2, 3], [4, 3]),
  [list([0, 2], [1, 0], [1, 1]), [3], [2, 3]],
  list(list([0, 1], [1, 0]), [2, 3], [2, 2, 3]),
  list([[1], [0]], [2, 2, 2], [3, 2, 2]),
  [list([0, 1, 2], [1, 0, 0]), [2], [2, 2, 3]],
];
/** The same with an index that occurs twice: added in scatterND. */
const repeated: typeof scatters = [
  [[[1], [1], [3]], [3], [4]],
  list([[0], [2], [0]], [3, 2], [3, 2]),
  [list([0, 1], [0, 1]), [2], [2, 2]],
];

const plain: readonly (readonly [
  op: string,
  shape: readonly number[],
  expression: Expression,
  variant?: string,
])[] = [
  ...(
    [
      [[5], [[3], [0], [3]]],
      list([3, 4], list([2, 1], [0, 0])),
      list([3, 4], [[2], [0], [2]]),
      list([3, 2], list(list([0, 1], [2, 0]), list([1, 1], [1, 1]))),
      list([2, 3, 2], list([1, 2], [0, 0], [1, 2])),
      list([2, 3, 2], list([1, 2, 0], [0, 1, 1])),
      list([2, 1, 3, 2], list([1, 0], [0, 0])),
    ] as [readonly number[], Argument][]
  ).map(([shape, indices]) => ['gatherND', shape, call('gatherND', x, indices)] as const),
  ...scatters.map(([indices, of, to]) => ['scatterND', of, call('scatterND', indices, x, to)] as const),
  ...repeated.map(
    ([indices, of, to]) => ['scatterND', of, call('scatterND', indices, x, to), 'repeated'] as const,
  ),
  ['sparseToDense', [], call('sparseToDense', 2, x, [4])],
  ['sparseToDense', [3], call('sparseToDense', [0, 2, 3], x, [5])],
  ['sparseToDense', [3], call('sparseToDense', [0, 2, 3], x, [5], 1.5)],
  ['sparseToDense', [3], call('sparseToDense', list([0, 1], [1, 0], [1, 2]), x, [2, 3])],
  ['sparseToDense', [], call('sparseToDense', [0, 2], x, [4])],
  ['sparseToDense', [], call('sparseToDense', [0, 2], [0.5, -1.5], [4], x)],
  ...segments.map(
    ([shape, ids, count]) =>
      ['unsortedSegmentSum', shape, call('unsortedSegmentSum', x, ids, count)] as const,
  ),
  ...['sparse.sparseSegmentSum', 'sparse.sparseSegmentMean'].flatMap((op) =>
    (
      [
        [[4], [0, 2, 3], [0, 0, 1]],
        list([3, 2], [0, 1], [0, 1]),
        list([3, 2], [2, 0, 2], [0, 0, 1]),
        list([4, 3], [3, 1, 0, 3], [0, 0, 0, 1]),
        list([3, 2, 2], [1, 2, 0], [0, 1, 1]),
      ] as const
    ).map(([shape, indices, ids]) => [op, shape, call(op, x, indices, ids)] as const),
  ),
  ['sparse.sparseFillEmptyRows', [3], filledRows(x, -1.5)],
  ['sparse.sparseFillEmptyRows', [], filledRows([0.5, 1.5, 2.5], x)],
  [
    'raggedGather',
    [5],
    get(call('raggedGather', [call('tensor1d', [0, 2, 5], 'int32')], x, [1, 0, 1], 1), 'outputDenseValues'),
  ],
  [
    'raggedGather',
    [4, 2],
    get(call('raggedGather', [call('tensor1d', [0, 1, 4], 'int32')], x, [1], 1), 'outputDenseValues'),
  ],
  ['raggedTensorToTensor', [4], ragged(x, 0.5)],
  ['raggedTensorToTensor', [], ragged([1, 2, 3, 4], x)],
  ['bincount', [4], call('bincount', call('tensor1d', [1, 0, 1, 2], 'int32'), x, 4)],
  ['denseBincount', [4], call('denseBincount', call('tensor1d', [1, 0, 1, 2], 'int32'), x, 4)],
  [
    'denseBincount',
    [2, 3],
    call('denseBincount', call('tensor2d', list([1, 0, 1], [2, 0, 0]), undefined, 'int32'), x, 3),
  ],
  ['unique', [5], get(call('unique', x), 'values')],
];

function filledRows(values: Argument, filling: Argument): Expression {
  return get(
    call('sparse.sparseFillEmptyRows', list([0, 0], [0, 1], [2, 0]), values, [4, 2], filling),
    'outputValues',
  );
}

function ragged(values: Argument, filling: Argument): Expression {
  return call(
    'raggedTensorToTensor',
    [3, 3],
    values,
    filling,
    [call('tensor1d', [0, 2, 3, 4], 'int32')],
    ['ROW_SPLITS'],
  );
}

export const gather: Family = {
  name: 'gather',
  *cases(choices: Choices): Iterable<CaseDraft> {
    for (const [shape, indices, axis, batchDims] of gathers) {
      const expression = call('gather', x, indices, ...[axis, batchDims].filter((n) => n !== undefined));
      yield {
        op: 'gather',
        ...(batchDims && { variant: 'batchDims' }),
        inputs: { x: real(shape) },
        expression,
      };
    }
    for (let rank = 1; rank <= 6; rank++) {
      const shape = shapeOf(choices, rank);
      const axis = choices.int(0, rank - 1);
      const indices = ints(
        [5],
        Array.from({ length: 5 }, () => choices.int(0, shape[axis] - 1)),
      );
      const expression = call('gather', x, input('i'), axis);
      yield { op: 'gather', inputs: { x: real(shape), i: indices }, expression };
    }
    for (const [op, shape, expression, variant] of plain) {
      yield { op, ...(variant && { variant }), inputs: { x: real(shape) }, expression };
    }
    for (const [indices, updates, result] of scatters) {
      yield {
        op: 'tensorScatterUpdate',
        inputs: { x: real(result), u: real(updates) },
        expression: call('tensorScatterUpdate', x, indices, input('u')),
      };
    }
    for (let rank = 1; rank <= 5; rank++) {
      const shape = shapeOf(choices, rank).filter((size) => size > 1);
      for (const k of new Set([1, 2, last(shape)])) {
        yield {
          op: 'topk',
          inputs: { x: real(shape) },
          expression: get(call('topk', x, k), 'values'),
        };
      }
    }
    for (const [shape, values] of [[[3], [2, 0, 1]], list([2, 2], [1, 3, 0, 1])] as const) {
      const inputs = { x: real([...shape, 1]), i: ints(shape, values) };
      for (const args of [[4], [4, 2, -1, 'float32']]) {
        const row = call('oneHot', input('i'), ...args);
        yield { op: 'oneHot', inputs, expression: call('mul', x, row) };
      }
    }
    for (const of of [[5], [3, 2]]) {
      const where = ints(
        of,
        Array.from({ length: sizeOf(of) }, (_, i) => (i * 3) % 4),
      );
      const inputs = { x: real([4, 2]), i: where };
      const taken = call('gather', x, input('i'));
      yield { op: 'mul of gather', inputs, expression: call('mul', taken, call('sin', taken)) };
    }
  },
};
