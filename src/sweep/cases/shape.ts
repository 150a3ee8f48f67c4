/** Shape: what moves, joins, cuts, repeats or pads entries without computing with them. */
import { sizeOf } from '../../shapes.js';
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { shapeOf } from './elementwise.js';
import { call, get, input, type Argument, type Expression } from './expression.js';

const x = input('x');

/** Numbers two by two, as paddings are. */
const pairs = (...numbers: number[]): number[][] =>
  Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2));

/** Calls on x of a fixed shape: [op, shape, …the arguments after x]. */
const calls: readonly (readonly [op: string, shape: readonly number[], ...rest: Argument[]])[] = [
  ['reshape', [], [1, 1]],
  ['reshape', [6], [2, 3]],
  ['reshape', [2, 3, 4], [4, -1]],
  ['reshape', [1, 1], []],
  ['reshape', [2, 3, 2, 1], [3, 1, 2, 1, 2, 1]],
  ['reshape', [3, 1, 2, 1, 2, 1], [-1]],
  ['expandDims', []],
  ['expandDims', [3], 1],
  ['expandDims', [2, 3], -1],
  ['expandDims', [2, 3], -3],
  ['expandDims', [2, 1, 3, 1, 2], 2],
  ['squeeze', [1, 1]],
  ['squeeze', [1, 3, 1, 2]],
  ['squeeze', [1, 3, 1, 2], [2]],
  ['squeeze', [2, 1, 3, 1], [-1]],
  ['squeeze', [1, 2, 1, 3, 1, 2], [0, 4]],
  ['tile', [3], [2]],
  ['tile', [2, 3], [1, 3]],
  ['tile', [2, 3], [2, 2]],
  ['tile', [2, 1, 3], [1, 4, 2]],
  ['tile', [2, 3, 1, 2], [2, 1, 3, 1]],
  ['tile', [2, 3], [1, 1]],
  ['tile', [2, 1, 2, 1, 2], [1, 2, 1, 2, 2]],
  ['tile', [2, 1, 2, 1, 1, 2], [1, 2, 1, 2, 1, 2]],
  ['broadcastTo', [], [3]],
  ['broadcastTo', [], [2, 3]],
  ['broadcastTo', [3], [2, 3]],
  ['broadcastTo', [2, 1], [2, 4]],
  ['broadcastTo', [2, 1], [3, 2, 4]],
  ['broadcastTo', [1, 3, 1], [2, 3, 4]],
  ['broadcastTo', [1, 1], [3, 2]],
  ['broadcastTo', [2, 3], [2, 3]],
  ['broadcastTo', [2, 1, 3, 1], [2, 2, 3, 2]],
  ['broadcastTo', [1, 3, 1], [2, 1, 2, 3, 2]],
  ['broadcastTo', [2, 1, 3, 1], [1, 2, 2, 2, 3, 1]],
  ['slice', [5], 1],
  ['slice', [5], [1], [3]],
  ['slice', [3, 4], [1, 0]],
  ['slice', [3, 4], [1, 1], [2, 2]],
  ['slice', [3, 4], [0, 2], [-1, 1]],
  ['slice', [3, 4], 1, 2],
  ['slice', [2, 3, 4], [1, 0, 2], [1, 3, -1]],
  ['slice', [2, 3, 2, 2], [0, 1, 0, 1], [2, 2, 1, 1]],
  ['slice', [2, 3, 1, 2, 2], [1, 0, 0, 1, 0], [1, 2, 1, 1, 2]],
  ['slice', [2, 3, 1, 2, 1, 2], [1, 1, 0, 0, 0, 1], [1, 2, 1, 2, 1, 1]],
  ['slice1d', [4], 1, 2],
  ['slice2d', [3, 4], [1, 2], [2, 1]],
  ['slice3d', [2, 3, 2], [1, 0, 1], [1, 2, 1]],
  ['slice4d', [2, 2, 3, 1], [0, 1, 1, 0], [2, 1, 2, 1]],
  ['stridedSlice', [7], [1], [6], [2]],
  ['stridedSlice', [7], [5], [0], [-2]],
  ['stridedSlice', [3, 4], [0, 1], [3, 4], [2, 2]],
  ['stridedSlice', [3, 4], [2, -1], [0, 0], [-1, -2]],
  ['stridedSlice', [3, 4], [0, 0], [2, 3], [1, 1]],
  ['stridedSlice', [3, 4], [1, 1], [2, 3], [1, 1], 1],
  ['stridedSlice', [3, 4], [1, 1], [2, 3], [1, 1], 0, 2],
  ['stridedSlice', [3, 4], [1, 1], [2, 3], [1, 2], 3, 3],
  ['stridedSlice', [2, 3, 4], [0, 1], [1, 3], [1, 1], 0, 0, 1],
  ['stridedSlice', [2, 3, 4], [0, 0, 1], [2, 0, 3], [1, 1, 1], 0, 0, 2],
  ['stridedSlice', [3, 4], [0, 0, 1], [0, 3, 4], [1, 1, 2], 0, 0, 0, 1],
  ['stridedSlice', [3, 4], [1, 0], [2, 4], [1, 1], 0, 0, 0, 0, 1],
  ['stridedSlice', [2, 3, 2, 2], [0, 0, 1, 0], [2, 3, 2, 2], [1, 2, 1, 1]],
  ['pad', [3], [[1, 2]]],
  ['pad', [3], [[0, 2]], 1.5],
  ['pad', [2, 3], pairs(1, 0, 0, 2)],
  ['pad', [2, 3], pairs(1, 1, 2, 0), -2],
  ['pad', [2, 1, 3], pairs(0, 1, 1, 1, 2, 0), 0.5],
  ['pad', [2, 1, 3, 2], pairs(0, 0, 1, 0, 0, 1, 1, 1)],
  ['pad', [2, 1, 3, 1, 2], pairs(0, 0, 1, 0, 0, 1, 0, 0, 1, 1)],
  ['pad', [2, 1, 3, 1, 2, 1], pairs(0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0)],
  ['pad1d', [3], [1, 2]],
  ['pad2d', [2, 3], pairs(1, 0, 0, 2), 3],
  ['pad3d', [2, 1, 3], pairs(1, 0, 0, 2, 1, 1)],
  ['pad4d', [2, 1, 3, 1], pairs(1, 0, 0, 2, 1, 1, 0, 1)],
  ...['reflect', 'symmetric'].flatMap(
    (mode) =>
      [
        ['mirrorPad', [4], [[2, 1]], mode],
        ['mirrorPad', [4], [[0, 3]], mode],
        ['mirrorPad', [3, 4], pairs(1, 0, 0, 2), mode],
        ['mirrorPad', [3, 4], pairs(2, 2, 3, 1), mode],
        ['mirrorPad', [2, 3, 2], pairs(1, 1, 0, 2, 0, 1), mode],
        ['mirrorPad', [2, 3, 2, 3], pairs(0, 0, 2, 1, 0, 1, 0, 0), mode],
      ] as const,
  ),
  ['spaceToBatchND', [1, 4, 2], [2], [[0, 0]]],
  ['spaceToBatchND', [2, 3, 2], [2], [[1, 0]]],
  ['spaceToBatchND', [1, 2, 4, 2], [2, 2], pairs(0, 0, 0, 0)],
  ['spaceToBatchND', [2, 3, 3, 1], [2, 2], pairs(1, 0, 0, 1)],
  ['spaceToBatchND', [1, 4, 3], [2, 3], pairs(0, 2, 0, 0)],
  ['batchToSpaceND', [4, 3, 1], [2], [[0, 0]]],
  ['batchToSpaceND', [4, 3, 1], [2], [[1, 2]]],
  ['batchToSpaceND', [4, 1, 2, 3], [2, 2], pairs(0, 0, 0, 0)],
  ['batchToSpaceND', [4, 2, 3, 1], [2, 2], pairs(1, 0, 0, 2)],
  ['batchToSpaceND', [6, 1, 2, 2], [3, 2], pairs(1, 0, 1, 1)],
  ['depthToSpace', [1, 2, 3, 4], 2],
  ['depthToSpace', [2, 1, 2, 8], 2, 'NHWC'],
  ['depthToSpace', [1, 1, 2, 9], 3, 'NHWC'],
  ['diag', [3]],
  ['diag', [2, 3]],
  ['diag', [2, 1, 2]],
  ['ensureShape', [2, 3], [2, null]],
];

/** Joins: the shape, the axis on which the parts are joined, and their sizes there. */
const joins: readonly (readonly [
  shape: readonly number[],
  axis: number | undefined,
  sizes: readonly number[],
])[] = [
  [[3], 0, [3]],
  [[3], undefined, [3, 2, 4]],
  [[2, 3], 0, [2, 1]],
  [[2, 3], 1, [3, 1, 2]],
  [[2, 3], -1, [3, 2]],
  [[2, 1, 3], 1, [1, 4]],
  [[2, 1, 3], -3, [2, 1]],
  [[2, 1, 3, 2], 3, [2, 1]],
  [[2, 1, 3, 2, 1], -4, [1, 2]],
  [[2, 1, 3, 1, 2, 1], 2, [3, 1]],
];

/** Splits: shape, sizes or their number, axis, how many parts. */
const splits: readonly (readonly [
  shape: number[],
  sizes: number | number[],
  axis: number | undefined,
  parts: number,
])[] = [
  [[6], 3, undefined, 3],
  [[6], [1, 3, 2], 0, 3],
  [[2, 4], 2, 1, 2],
  [[2, 4], [3, 1], -1, 2],
  [[4, 3], [1, -1], 0, 2],
  [[2, 3, 4], [1, 2], 1, 2],
  [[2, 4, 1, 3], 2, 1, 2],
  [[2, 1, 4, 1, 2], [3, 1], 2, 2],
];

export const shape: Family = {
  name: 'shape',
  *cases(choices: Choices): Iterable<CaseDraft> {
    for (const [op, of, ...rest] of calls) {
      yield { op, inputs: { x: real(of) }, expression: call(op, x, ...rest) };
    }
    for (let rank = 0; rank <= 6; rank++) {
      const of = shapeOf(choices, rank);
      const inputs = { x: real(of) };
      const axes = of.map((_, axis) => axis);
      yield { op: 'reshape', inputs, expression: call('reshape', x, [sizeOf(of)]) };
      yield { op: 'transpose', inputs, expression: call('transpose', x) };
      yield { op: 'reverse', inputs, expression: call('reverse', x) };
      if (rank === 0) continue;
      const some = choices.shuffle(axes);
      for (const perm of rank > 2 ? [some, [...axes.slice(1), 0]] : [some]) {
        yield { op: 'transpose', inputs, expression: call('transpose', x, perm) };
      }
      for (const axis of [0, -1, some.slice(0, Math.ceil(rank / 2))]) {
        yield { op: 'reverse', inputs, expression: call('reverse', x, axis) };
      }
      if (rank <= 4) {
        yield {
          op: `reverse${rank}d`,
          inputs,
          expression: call(`reverse${rank}d`, x, ...(rank > 1 ? [[0]] : [])),
        };
      }
      if (rank === 6) continue;
      for (const axis of [rank - 1, -1]) {
        yield {
          op: 'stack',
          inputs: { a: real(of), b: real(of) },
          expression: call('stack', [input('a'), input('b')], axis),
        };
      }
      for (const [axis, count] of [
        [rank - 1, of[rank - 1]],
        [-rank, of[0]],
      ]) {
        yield { op: 'unstack', inputs, expression: get(call('unstack', x, axis), choices.int(0, count - 1)) };
      }
    }
    yield { op: 'stack', inputs: { x: real([]) }, expression: call('stack', [x, x, x]) };
    yield { op: 'stack', inputs: { x: real([2, 3]) }, expression: call('stack', [x, call('square', x)], 1) };

    for (const [of, axis, sizes] of joins) {
      const names = sizes.map((_, i) => 'abc'[i]);
      const shapes = sizes.map((size) =>
        of.map((n, i) => (i === (of.length + (axis ?? 0)) % of.length ? size : n)),
      );
      const inputs = Object.fromEntries(names.map((name, i) => [name, real(shapes[i])]));
      const parts = names.map(input);
      yield { op: 'concat', inputs, expression: call('concat', parts, axis) };
      const op = `concat${of.length}d`;
      if (axis !== undefined && axis >= 0 && of.length <= 4) {
        yield { op, inputs, expression: call(op, parts, ...(of.length > 1 ? [axis] : [])) };
      }
    }
    const reused: readonly (readonly [op: string, expression: Expression])[] = [
      ['concat', call('concat', [x, x])],
      ['concat', call('concat', [x, call('exp', x), x], 1)],
      ['concat', call('mul', call('concat', [x, x], -1), call('concat', [call('sin', x), x], -1))],
      ['concat', call('square', call('concat', [x, x], -1))],
      ['slice', call('mul', call('slice', x, [0, 0], [1, -1]), call('slice', x, [1, 0], [-1, -1]))],
      ['transpose', call('mul', x, call('transpose', call('reverse', call('transpose', x), 1)))],
      ['tile', call('mul', call('tile', x, [2, 1]), call('tile', call('cos', x), [2, 1]))],
      ['pad', call('square', call('pad', x, pairs(1, 0, 0, 1)))],
      ['mirrorPad', call('square', call('mirrorPad', x, pairs(1, 0, 0, 1), 'reflect'))],
      ['onesLike', call('sub', call('onesLike', x), x)],
    ];
    for (const [op, expression] of reused) yield { op, inputs: { x: real([2, 3]) }, expression };

    for (const [of, sizes, axis, parts] of splits) {
      const split = call('split', x, sizes, axis);
      yield { op: 'split', inputs: { x: real(of) }, expression: get(split, choices.int(0, parts - 1)) };
      const joined = call('concat', [get(split, 1), get(split, 0), get(split, 1)], axis);
      yield { op: 'split', inputs: { x: real(of) }, expression: joined };
    }
    for (const [op, sizes] of [['unstack'], ['split', 1], ['split', [1]]] as const) {
      const parts = sizes === undefined ? call(op, x, 1) : call(op, x, sizes, 1);
      yield { op, variant: 'one part', inputs: { x: real([3, 1]) }, expression: get(parts, 0) };
    }
    for (const indexing of ['xy', 'ij']) {
      for (const part of [0, 1]) {
        const grid = call('meshgrid', input('a'), input('b'), { indexing });
        const inputs = { a: real([2]), b: real([3]) };
        yield { op: 'meshgrid', inputs, expression: get(grid, part) };
        yield {
          op: 'meshgrid',
          inputs,
          expression: call('mul', get(grid, 0), call('exp', get(grid, 1 - part))),
        };
      }
    }
  },
};
