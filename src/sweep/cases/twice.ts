/**
 * An op twice in one computation, with other sizes and other options the second time. A backend that keeps the program of the
 * first call must not take it for the second where sizes or options are written into it.
 */
import { real, TWICE, type CaseDraft, type Family, type InputDraft } from './case.js';
import { call, input, type Argument, type Expression } from './expression.js';

const [a, b, filter] = ['a', 'b', 'filter'].map(input);

type Shape = readonly number[];

/** What follows the input in each of the two calls. */
type Way = readonly [op: string, shapes: readonly [Shape, Shape], first: Argument[], second?: Argument[]];

const flat: readonly [Shape, Shape] = [[4], [2]];
const rows: readonly [Shape, Shape] = [
  [2, 4],
  [3, 2],
];
const images: readonly [Shape, Shape] = [
  [1, 4, 4, 1],
  [2, 3, 2, 2],
];
const volumes: readonly [Shape, Shape] = [
  [1, 3, 3, 4, 1],
  [1, 2, 3, 2, 2],
];
const corners = (most: number): Argument => [
  [1, 0],
  [0, most],
];

const ways: readonly Way[] = [
  ...['cumsum', 'cumprod'].flatMap((op): Way[] => [
    [op, flat, [0]],
    [op, rows, [1, false, true]],
    [op, rows, [1, true, false]],
    [op, rows, [1, true, true]],
    [op, rows, [0, false, true], [1, false, true]],
  ]),
  ...['sum', 'mean', 'prod', 'max', 'min', 'logSumExp'].flatMap((op): Way[] => [
    [op, rows, [1]],
    [op, rows, [0], [1]],
  ]),
  ['softmax', rows, []],
  ['logSoftmax', rows, []],
  ['transpose', rows, []],
  [
    'transpose',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    [[0, 2, 1]],
    [[2, 0, 1]],
  ],
  ['reverse', rows, [1]],
  ['reverse', rows, [0], [1]],
  ['pad', rows, [corners(1)], [corners(2)]],
  ['pad', rows, [corners(1), 1], [corners(2), 3]],
  ['mirrorPad', rows, [corners(1), 'reflect'], [corners(1), 'symmetric']],
  [
    'slice',
    rows,
    [
      [0, 1],
      [2, 2],
    ],
    [
      [1, 0],
      [1, 2],
    ],
  ],
  ['stridedSlice', rows, [[0, 0], [2, 4], [1, 2]], [[0, 0], [3, 2], [2, 1]]], // prettier-ignore
  ['tile', rows, [[1, 2]], [[3, 1]]],
  ['broadcastTo', [[1, 4], [3, 1]], [[2, 4]], [[3, 2]]], // prettier-ignore
  ['gather', rows, [[0, 1, 0], 0], [[1, 0], 1]],
  ['topk', rows, [2], [1]],
  ['leakyRelu', rows, [0.1], [0.4]],
  ['clipByValue', rows, [-0.5, 0.5], [-1.5, 1]],
  ['step', rows, [0.1], [0.4]],
  ['pow', rows, [2], [3]],
  ['prelu', rows, [0.1], [0.4]],
  ['norm', rows, [2, 1], [1, 0]],
  ['linalg.bandPart', rows, [0, 1], [1, 0]],
  ['maxPool', images, [2, 2, 'valid'], [2, 1, 'valid']],
  ['avgPool', images, [2, 2, 'valid'], [[2, 1], 1, 'valid']],
  ['maxPool3d', volumes, [2, 1, 'valid'], [[1, 2, 2], 1, 'valid']],
  ['avgPool3d', volumes, [2, 1, 'valid'], [[1, 2, 2], 1, 'valid']],
  ['image.resizeBilinear', images, [[2, 3]], [[5, 4]]],
  ['image.resizeBilinear', images, [[2, 3], true], [[5, 4], true]],
  ['image.resizeBilinear', images, [[2, 3], false, true], [[5, 4], false, true]],
  ['image.resizeNearestNeighbor', images, [[2, 2]], [[6, 4]]],
  ['image.resizeNearestNeighbor', images, [[2, 2], false, true], [[6, 4], false, true]],
  ['image.flipLeftRight', images, []],
  ['image.rotateWithOffset', images, [0.5], [1.5, 1, 0.25]],
  ['localResponseNormalization', images, [1, 1, 1, 0.5], [2, 2, 0.5, 0.75]],
  [
    'depthToSpace',
    [
      [1, 2, 1, 4],
      [1, 1, 2, 8],
    ],
    [2, 'NHWC'],
  ],
  [
    'spaceToBatchND',
    [
      [1, 4, 2, 1],
      [2, 3, 2, 1],
    ],
    [
      [2, 1],
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [
      [1, 2],
      [
        [0, 0],
        [1, 1],
      ],
    ],
  ],
];

const deep = ([first, second]: readonly [Shape, Shape], channels: number): [Shape, Shape] => [
  [...first.slice(0, -1), channels],
  [...second.slice(0, -1), channels],
];

const filtered: readonly (readonly [
  op: string,
  shapes: readonly [Shape, Shape],
  filter: Shape,
  first: Argument[],
  second: Argument[],
])[] = [
  ['conv2d', deep(images, 2), [2, 2, 2, 3], [1, 'same'], [[2, 1], 'valid']],
  ['depthwiseConv2d', deep(images, 2), [2, 2, 2, 1], [1, 'same'], [1, 'valid']],
  ['conv3d', deep(volumes, 1), [2, 2, 1, 1, 2], [1, 'same'], [1, 'valid']],
  ['dilation2d', deep(images, 2), [2, 2, 2], [1, 'same'], [1, 'valid']],
  ['matMul', [[2, 4], [2, 3]], [2, 3], [true], [true]], // prettier-ignore
];

/** Both results as one list of numbers. */
const joined = (...results: Expression[]): Expression =>
  call(
    'concat',
    results.map((one) => call('reshape', one, [-1])),
    0,
  );

function* cases(): Iterable<CaseDraft> {
  const draft = (
    op: string,
    [first, second]: readonly [Shape, Shape],
    expression: Expression,
    more: Record<string, InputDraft> = {},
  ): CaseDraft => ({
    op,
    variant: TWICE,
    inputs: { a: real(first), b: real(second), ...more },
    expression,
    order: 1,
  });
  const resultOf = (op: string, one: Expression): Expression =>
    op === 'topk' ? { get: 'values', of: one } : one;
  for (const [op, shapes, first, second = first] of ways) {
    yield draft(
      op,
      shapes,
      joined(resultOf(op, call(op, a, ...first)), resultOf(op, call(op, b, ...second))),
    );
  }
  for (const [op, shapes, filterShape, first, second] of filtered) {
    yield draft(op, shapes, joined(call(op, a, filter, ...first), call(op, b, filter, ...second)), {
      filter: real(filterShape),
    });
  }
}

export const twice: Family = { name: 'twice', cases };
