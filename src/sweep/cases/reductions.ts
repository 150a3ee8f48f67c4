/** Reductions: sums, products, extrema, norms and moments over one axis, several or all; softmax. */
import { real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { list, shapeOf } from './elementwise.js';
import { call, get, input, type Argument, type Expression } from './expression.js';

type Axes = number | readonly number[] | undefined;

const x = input('x');

/** Axes to reduce, by rank: one from either end, several in and out of order, all. */
const axesOf: readonly (readonly Axes[])[] = [
  [undefined],
  [undefined, 0, [-1]],
  [undefined, 0, -1, [0, 1]],
  [1, [0, 2], [-1, -2], [2, 0]],
  [-3, [1, 2]],
  [2, [0, -2]],
  [-1, [1, 3, 5]],
];

/** Reductions with the axes and keepDims as their last arguments. */
const reduced: readonly (readonly [op: string, make: (axes: Axes, keepDims: boolean) => Expression])[] = [
  ...['sum', 'mean', 'prod', 'max', 'min', 'logSumExp'].map(
    (op) => [op, (axes: Axes, keep: boolean) => call(op, x, axes, keep)] as const,
  ),
  ['moments', (axes, keep) => get(call('moments', x, axes, keep), 'variance')],
];

const orders = [1, 2, 'euclidean', Infinity, -Infinity] as const;
const norms: readonly (readonly [order: number | string | undefined, axes: Axes, rank: number])[] = [
  ...[0, -1, -2].flatMap((axis) => orders.map((order) => [order, axis, axis === 0 ? 1 : 3] as const)),
  ...orders.map((order) => [order, undefined, 2] as const),
  ...([1, 'fro', 'euclidean', Infinity, -Infinity] as const).flatMap((order) =>
    list([0, 1], [0, 2]).map((axes) => [order, axes, 3] as const),
  ),
  ...['fro', 'euclidean'].map((order) => [order, [-2, -1], 4] as const),
  [undefined, undefined, 3],
  [undefined, undefined, 0],
];

const largeLogits: InputDraft = { shape: [2, 3], values: [92, 100, 96, -97, -100, -92] };

export const reductions: Family = {
  name: 'reductions',
  *cases(choices: Choices): Iterable<CaseDraft> {
    const at = (rank: number) => ({ x: real(shapeOf(choices, rank, 16)) });
    for (const [op, make] of reduced) {
      for (const [rank, axes] of axesOf.entries()) {
        for (const some of axes) {
          const keepDims = rank > 0 && choices.int(0, 1) === 1;
          yield { op, inputs: at(rank), expression: make(some, keepDims) };
        }
      }
    }
    for (const [op, ...rest] of [
      ['sum'],
      ['mean'],
      ['max'],
      ['min'],
      ['prod'],
      ['logSumExp'],
      ['euclideanNorm'],
      ['euclideanNorm', 0],
      ['euclideanNorm', -1, true],
      ['euclideanNorm', [0, 1]],
    ] as [string, ...Argument[]][]) {
      yield { op, inputs: at(2), expression: call(op, x, ...rest) };
      yield { op: `square of ${op}`, inputs: at(2), expression: call('square', call(op, x, ...rest)) };
    }
    for (const [axes, rank] of [
      [undefined, 2],
      [0, 3],
      [[0, 1], 4],
      [-1, 1],
    ] as [Axes, number][]) {
      yield { op: 'moments', inputs: at(rank), expression: get(call('moments', x, axes), 'mean') };
    }
    for (const [order, axes, rank] of norms) {
      const keepDims = rank > 0 && choices.int(0, 1) === 1;
      yield { op: 'norm', inputs: at(rank), expression: call('norm', x, order, axes, keepDims) };
    }
    for (const op of ['softmax', 'logSoftmax']) {
      for (let rank = 1; rank <= 6; rank++) {
        yield { op, inputs: at(rank), expression: call(op, x, [undefined, -1, rank - 1][rank % 3]) };
      }
      yield { op: `square of ${op}`, inputs: at(2), expression: call('square', call(op, x)) };
    }
    const steep = { entrywise: true, order: 1, variant: 'extremes', inputs: { x: largeLogits } } as const;
    for (const op of ['softmax', 'logSoftmax', 'logSumExp']) {
      yield { op, ...steep, expression: call(op, x, -1) };
    }

    for (const values of [
      [2, 0, 3, -1, 0.5, 4],
      [0, 0, 3, -1, 0, 4],
    ]) {
      const inputs = { x: { shape: [2, 3], values } };
      for (const axis of [undefined, 0, 1]) {
        yield { op: 'prod', variant: 'zero', inputs, expression: call('prod', x, axis) };
      }
    }
    for (const op of ['max', 'min']) {
      for (const [shape, values, axis] of [
        [[3], [1, 3, 3], 0],
        [[3], [3, 1, 1], 0],
        [[2, 2], [2, 2, 1, 5], 1],
        [[2, 2], [2, 2, 1, 5], undefined],
        [[2, 2], [2, 5, 2, 5], 0],
      ] as const) {
        const inputs = { x: { shape, values } };
        yield { op, variant: 'ties', inputs, expression: call(op, x, axis), kink: true, order: 1 };
      }
    }
    const origin = { x: { shape: [3], values: [0, 0, 0] } };
    for (const order of [1, 2, Infinity]) {
      yield {
        op: 'norm',
        variant: 'zero',
        inputs: origin,
        expression: call('norm', x, order),
        kink: true,
        order: 1,
      };
    }
    for (const axes of [
      [-2, -1],
      [-1, 0],
      [1, -1],
      [-3, -1],
    ]) {
      for (const order of ['euclidean', 'fro', 1, Infinity, -Infinity]) {
        const variant = 'negative axes';
        yield { op: 'norm', variant, inputs: at(3), expression: call('norm', x, order, axes), order: 1 };
        yield {
          op: 'norm',
          variant,
          inputs: at(3),
          expression: call('norm', x, order, axes, true),
          order: 1,
        };
      }
      for (const op of ['sum', 'mean', 'max', 'min', 'prod', 'logSumExp', 'euclideanNorm']) {
        yield { op, inputs: at(3), expression: call(op, x, axes, true), order: 1 };
        yield { op, inputs: at(3), expression: call(op, x, axes), order: 1 };
      }
    }
  },
};
