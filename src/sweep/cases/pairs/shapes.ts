/** Ops that move, repeat and choose entries, and others that do the same. */
import { fixed, ints, real } from '../case.js';
import { call, get, input, type Argument, type Expression } from '../expression.js';
import { type Row } from './pair.js';

const [x, a, b] = ['x', 'a', 'b'].map(input);
const m = real([2, 3]);
const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
const mul = (one: Argument, other: Argument): Expression => call('mul', one, other);
export const shapes: readonly Row[] = [
  ['tile', 'concat', { x: m }, call('tile', x, [1, 2]), call('concat', [x, x], 1)],
  [
    'stack',
    'concat',
    { a: m, b: m },
    call('stack', [a, b], 1),
    call('concat', [call('expandDims', a, 1), call('expandDims', b, 1)], 1),
  ],
  [
    'unstack',
    'slice',
    { x: m },
    get(call('unstack', x, 1), 2),
    call('reshape', call('slice', x, [0, 2], [2, 1]), [2]),
  ],
  ['split', 'slice', { x: real([2, 4]) }, get(call('split', x, 2, 1), 1), call('slice', x, [0, 2], [2, 2])],
  [
    'stridedSlice',
    'slice',
    { x: real([3, 4]) },
    call('stridedSlice', x, [1, 1], [3, 3], [1, 1]),
    call('slice', x, [1, 1], [2, 2]),
  ],
  [
    'gather',
    'matMul',
    { x: m, index: ints([3], [1, 0, 1]) },
    call('gather', x, input('index')),
    call('matMul', call('cast', call('oneHot', input('index'), 2), 'float32'), x),
  ],
  [
    'gatherND',
    'gather',
    { x: m, index: ints([2, 1], [1, 0]) },
    call('gatherND', x, input('index')),
    call('gather', x, call('reshape', input('index'), [2])),
  ],
  [
    'reverse',
    'gather',
    { x: m, index: ints([3], [2, 1, 0]) },
    call('reverse', x, 1),
    call('gather', x, input('index'), 1),
  ],
  [
    'cumsum',
    'matMul',
    { x: m },
    call('cumsum', x, 1),
    call('matMul', x, call('linalg.bandPart', call('ones', [3, 3]), 0, -1)),
  ],
  [
    'cumsum',
    'sum',
    { x: m },
    call('cumsum', x, 1, true, true),
    call('sub', sum(x, 1, true), call('cumsum', x, 1)),
  ],
  [
    'pad',
    'concat',
    { x: m },
    call('pad', x, [
      [0, 0],
      [1, 0],
    ]),
    call('concat', [call('zeros', [2, 1]), x], 1),
  ],
  ['broadcastTo', 'tile', { x: real([1, 3]) }, call('broadcastTo', x, [2, 3]), call('tile', x, [2, 1])],
  [
    'batchToSpaceND',
    'spaceToBatchND',
    { x: real([1, 2, 4, 1]) },
    call(
      'batchToSpaceND',
      call(
        'spaceToBatchND',
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
    x,
  ],
  [
    'unsortedSegmentSum',
    'matMul',
    { x: m, index: ints([2], [1, 1]) },
    call('unsortedSegmentSum', x, input('index'), 2),
    call('matMul', call('cast', call('oneHot', input('index'), 2), 'float32'), x, true),
  ],
  [
    'where',
    'mul',
    { a: m, b: m, x: fixed([2, 3]) },
    call('where', call('greater', x, 0), a, b),
    call('add', mul(a, call('step', x)), mul(b, call('step', call('neg', x)))),
  ],
  ['maximum', 'relu', { a: m, b: m }, call('maximum', a, b), call('add', b, call('relu', call('sub', a, b)))],
];
