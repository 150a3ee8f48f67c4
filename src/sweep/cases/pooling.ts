/** Pooling: windows of several sizes, strides, paddings and dilations over images and volumes. */
import { sizeOf } from '../../shapes.js';
import { real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { half } from './convolution.js';
import { call, get, input, type Argument } from './expression.js';

const x = input('x');
const ops = ['avgPool', 'maxPool'];
const modes = ['floor', 'ceil', 'round'];

/** Inputs whose numbers are a matter of their own. */
const special = (shape: number[], valueAt: (i: number) => number): InputDraft => ({
  shape,
  values: Array.from({ length: sizeOf(shape) }, (_, i) => valueAt(i)),
});

function* planes(choices: Choices): Iterable<CaseDraft> {
  for (const op of ops) {
    for (const [window, strides, pad] of half([2, 3, [2, 3], [1, 2]], [1, 2, [2, 1]], ['valid', 'same'])) {
      yield {
        op,
        inputs: { x: real([2, ...choices.shuffle([3, 4]), choices.int(1, 2)]) },
        expression: call(op, x, window, strides, pad),
      };
    }
    const more: [number[], Argument[]][] = [
      ...modes.map((mode): [number[], Argument[]] => [
        [2, ...choices.shuffle([2, 4]), 2],
        [3, 2, 1, mode],
      ]),
      [
        [2, 4, 3, 1],
        [2, 1, 1],
      ],
      [
        [2, 3, 4, 1],
        [2, 2, 0, 'floor'],
      ],
      ...[
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, 1],
          [2, 1],
        ],
      ].map((pads): [number[], Argument[]] => [
        [2, 4, 3, 1],
        [3, 1, [[0, 0], ...pads, [0, 0]]],
      ]),
      [
        [4, 3, 2],
        [2, 1, 'same'],
      ],
      [
        [3, 4, 2],
        [[3, 2], 2, 'valid'],
      ],
      [
        [2, 2, 5, 1],
        [[1, 4], [1, 2], 'same'],
      ],
      [
        [2, 5, 2, 1],
        [[4, 1], [3, 1], 'same'],
      ],
    ];
    for (const [shape, tail] of more) {
      const variant = typeof tail[2] === 'string' ? undefined : 'pad';
      yield {
        op,
        ...(variant && { variant }),
        inputs: { x: real(shape) },
        expression: call(op, x, ...tail),
      };
    }
  }
  for (const type of ['avg', 'max']) {
    for (const [window, dilations, pad] of half([2, [2, 1]], [2, [1, 2], [2, 1]], ['valid', 'same'])) {
      yield {
        op: 'pool',
        variant: 'dilation',
        inputs: { x: real([2, ...choices.shuffle([3, 4]), choices.int(1, 2)]) },
        expression: call('pool', x, window, type, pad, dilations, 1),
      };
    }
    yield {
      op: 'pool',
      inputs: { x: real([4, 3, 2]) },
      expression: call('pool', x, [2, 3], type, 'same', 1, [2, 1]),
    };
  }
  for (const pad of ['valid', 'same']) {
    for (const [window, strides] of [
      [2, 1],
      [2, 2],
      [
        [1, 3],
        [2, 1],
      ],
      [3, 2],
    ]) {
      yield {
        op: 'maxPoolWithArgmax',
        inputs: { x: real([2, ...choices.shuffle([3, 4]), choices.int(1, 2)]) },
        expression: get(
          call('maxPoolWithArgmax', x, window, strides, pad, choices.pick([false, true])),
          'result',
        ),
      };
    }
  }
}

function* volumes(choices: Choices): Iterable<CaseDraft> {
  for (const op of ['avgPool3d', 'maxPool3d']) {
    for (const [window, strides, pad] of half(
      [2, [1, 2, 2], [2, 3, 1]],
      [1, [1, 2, 1], 2],
      ['valid', 'same'],
    )) {
      yield {
        op,
        inputs: { x: real([2, 2, ...choices.shuffle([3, 4]), 1]) },
        expression: call(op, x, window, strides, pad),
      };
    }
    for (const mode of modes) {
      yield {
        op,
        variant: 'pad',
        inputs: { x: real([2, 4, 2, 2, 1]) },
        expression: call(op, x, 3, 2, 1, mode),
      };
    }
    yield { op, inputs: { x: real([2, 2, 3, 2, 2]) }, expression: call(op, x, 2, 1, 'same') };
    yield { op, inputs: { x: real([2, 3, 2, 2]) }, expression: call(op, x, 2, 1, 'same') };
    yield {
      op,
      ...(op === 'maxPool3d' && { variant: 'negative' }),
      inputs: { x: special([2, 2, 3, 2, 1], (i) => -1 - ((i * 7) % 24) / 8) },
      expression: call(op, x, 2, 1, 'same'),
    };
  }
}

/** Numbers that trip pooling: all below 0, all alike, ties. */
function* peculiar(): Iterable<CaseDraft> {
  const pools: [number[], Argument[]][] = [
    [
      [2, 2, 2, 1],
      [2, 1, 'valid'],
    ],
    [
      [2, 2, 2, 1],
      [2, 1, 'same'],
    ],
    [
      [2, 3, 4, 1],
      [2, 1, 'valid'],
    ],
    [
      [2, 3, 4, 1],
      [3, 2, 'same'],
    ],
    [
      [2, 4, 3, 1],
      [3, 2, 1, 'floor'],
    ],
  ];
  yield {
    op: 'maxPool',
    variant: 'negative',
    inputs: { x: { shape: [1, 2, 2, 1], values: [-4, -2, -1, -3] } },
    expression: call('maxPool', x, 2, 1, 'valid'),
  };
  for (const [shape, tail] of pools) {
    // 7 and the sizes have no factor in common: no ties.
    const size = sizeOf(shape);
    yield {
      op: 'maxPool',
      variant: 'negative',
      inputs: { x: special(shape, (i) => -0.5 - ((i * 7) % size) / 8) },
      expression: call('maxPool', x, ...tail),
    };
    yield {
      op: 'maxPool',
      variant: 'ties',
      kink: true,
      order: 1,
      inputs: { x: special(shape, (i) => 1 + (((i * 5) % 7) >> 2)) },
      expression: call('maxPool', x, ...tail),
    };
    yield {
      op: 'avgPool',
      inputs: { x: special(shape, () => 1) },
      expression: call('avgPool', x, ...tail),
    };
  }
  for (const value of [0, 1, -1]) {
    yield {
      op: 'maxPool',
      variant: 'ties',
      kink: true,
      order: 1,
      inputs: { x: special([1, 3, 3, 1], () => value) },
      expression: call('maxPool', x, 2, 1, 'same'),
    };
  }
  yield {
    op: 'maxPool3d',
    variant: 'ties',
    kink: true,
    order: 1,
    inputs: { x: special([1, 2, 2, 3, 1], (i) => (i * 5) % 3) },
    expression: call('maxPool3d', x, 2, 1, 'valid'),
  };
}

/** Pads in numbers around windows and strides of unequal sizes. */
function* pads(): Iterable<CaseDraft> {
  for (const op of ops) {
    for (const [window, strides, pad] of [
      [[2, 3], 1, 1],
      [[3, 2], 1, 1],
      [2, [1, 2], 1],
      [[1, 2], [2, 1], 0],
    ] as const) {
      const variant = 'numberPad';
      yield {
        op,
        variant,
        inputs: { x: real([2, 4, 3, 1]) },
        expression: call(op, x, window, strides, pad, 'floor'),
        order: 1,
      };
      yield {
        op: `${op}3d`,
        variant,
        inputs: { x: real([1, 3, 4, 3, 1]) },
        expression: call(`${op}3d`, x, [...each(window), 2], [...each(strides), 1], pad, 'floor'),
        order: 1,
      };
    }
    for (const [window, strides] of [
      [[1, 1, 2], 2],
      [1, [2, 1, 3]],
      [
        [2, 1, 1],
        [1, 3, 2],
      ],
    ] as const) {
      yield {
        op: `${op}3d`,
        variant: 'strides beyond the window',
        inputs: { x: real([1, 3, 4, 5, 1]) },
        expression: call(`${op}3d`, x, window, strides, 'same'),
        order: 1,
      };
    }
  }
}

const each = (size: number | readonly number[]): readonly number[] =>
  typeof size === 'number' ? [size, size] : size;

export const pooling: Family = {
  name: 'pooling',
  *cases(choices: Choices): Iterable<CaseDraft> {
    yield* planes(choices);
    yield* volumes(choices);
    yield* peculiar();
    yield* pads();
  },
};
