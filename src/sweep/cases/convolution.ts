/** Convolutions of every kind: windows, strides, paddings and dilations, by the image and by the filter. */
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { call, input, type Argument } from './expression.js';

const x = input('x');
const filter = input('filter');
type Size = number | readonly number[];

/** Half of the triples, in which each two members of two lists still meet. */
export function* half<A, B, C>(
  as: readonly A[],
  bs: readonly B[],
  cs: readonly C[],
): Iterable<readonly [A, B, C]> {
  for (const [i, a] of as.entries()) {
    for (const [j, b] of bs.entries()) {
      for (const [k, c] of cs.entries()) if ((i + j + k) % 2 === 0) yield [a, b, c];
    }
  }
}

/** The size of every spatial dimension. */
const each = (size: Size, rank = 2): number[] =>
  typeof size === 'number' ? Array.from({ length: rank }, () => size) : [...size];
/** TensorFlow.js takes the height's window and stride for the width too where the padding is a number. */
const even = (...sizes: Size[]): boolean => sizes.every((size) => typeof size === 'number');
const modes = ['floor', 'ceil', 'round'];
/** In and out: the larger images the rarer. */
const channels = [
  [1, 2],
  [1, 2],
  [2, 1],
];

function* conv1d(choices: Choices): Iterable<CaseDraft> {
  const draft = (width: number, tail: Argument[], variant?: string, batch: number[] = [2]): CaseDraft => {
    const [c, f] = choices.pick([
      [1, 3],
      [2, 2],
      [3, 1],
    ]);
    return {
      op: 'conv1d',
      ...(variant && { variant }),
      inputs: { x: real([...batch, 5, c]), filter: real([width, c, f]) },
      expression: call('conv1d', x, filter, ...tail),
    };
  };
  for (const width of [1, 2, 3]) {
    for (const stride of [1, 2, 3]) {
      for (const pad of ['valid', 'same']) yield draft(width, [stride, pad]);
    }
  }
  yield draft(3, [
    1,
    [
      [0, 0],
      [0, 0],
      [1, 2],
      [0, 0],
    ],
  ]);
  yield draft(2, [2, 'same'], undefined, []);
  for (const dilation of [2, 3]) {
    for (const pad of ['valid', 'same']) yield draft(2, [1, pad, 'NWC', dilation], 'dilation');
  }
}

const explicit = [
  [0, 0],
  [1, 0],
  [0, 2],
  [0, 0],
];
const windows = [1, 2, [3, 2], [1, 3], [2, 3]];

function* conv2d(choices: Choices): Iterable<CaseDraft> {
  const draft = (window: Size, tail: Argument[], variant?: string, batch: number[] = [2]): CaseDraft => {
    const [c, f] = choices.pick(channels);
    const size = choices.shuffle([3, 4]);
    // Pads in numbers are a way of their own, in the shapes and in the native backend.
    const label = variant ?? (typeof tail[1] === 'string' ? undefined : 'pad');
    return {
      op: 'conv2d',
      ...(label && { variant: label }),
      inputs: {
        x: real([...batch, ...(variant === 'NCHW' ? [c, ...size] : [...size, c])]),
        filter: real([...each(window), c, f]),
      },
      expression: call('conv2d', x, filter, ...tail),
    };
  };
  for (const [window, strides, pad] of half(
    windows,
    [1, 2, [2, 1], [1, 3]],
    ['valid', 'same', 1, explicit],
  )) {
    if (pad === 1 && !even(window, strides)) continue;
    yield draft(window, [strides, pad, ...(pad === 1 ? ['NHWC', 1, 'floor'] : [])]);
  }
  for (const mode of modes) {
    yield draft(2, [2, choices.int(1, 2), 'NHWC', 1, mode]);
  }
  yield draft([2, 3], [1, 1], 'numberPad');
  yield draft(2, [[1, 2], 1, 'NHWC', 1, 'floor'], 'numberPad');
  for (const pad of ['valid', 'same']) {
    yield draft([2, 3], [[1, 2], pad], undefined, []);
    for (const dilations of [2, [1, 2], [2, 1]]) {
      for (const window of [2, [2, 1]]) yield draft(window, [1, pad, 'NHWC', dilations], 'dilation');
    }
  }
  const explicitAfterChannels = [explicit[0], ...explicit.slice(0, 3)];
  for (const window of [2, [2, 3]]) {
    for (const [strides, pad] of [
      [1, 'valid'],
      [2, 'same'],
      [[1, 2], 'same'],
      [[2, 1], explicitAfterChannels],
    ]) {
      yield draft(window, [strides, pad, 'NCHW'], 'NCHW');
    }
  }
  yield draft(2, [1, 1, 'NCHW'], 'NCHW');
}

/** A transposed convolution whose output is as large as its strides and padding allow. */
function transposed(
  op: string,
  {
    size,
    window,
    strides,
    pad,
    batch = [2],
  }: {
    size: readonly number[];
    window: Size;
    strides: Size;
    pad: string | number;
    batch?: number[];
  },
  [c, f]: number[],
): CaseDraft {
  const rank = size.length;
  const [windowSizes, steps] = [each(window, rank), each(strides, rank)];
  const outSize = size.map((n, i) =>
    pad === 'same'
      ? n * steps[i]
      : (n - 1) * steps[i] + windowSizes[i] - (pad === 'valid' ? 0 : 2 * Number(pad)),
  );
  return {
    op,
    inputs: { x: real([...batch, ...size, c]), filter: real([...windowSizes, f, c]) },
    expression: call(op, x, filter, [...batch, ...outSize, f], strides, pad),
  };
}

function* transposes(choices: Choices): Iterable<CaseDraft> {
  const pads = ['valid', 'same'];
  for (const [window, strides, pad] of half([1, 2, [3, 2], [2, 3]], [1, 2, [2, 1], [1, 3]], pads)) {
    const size = choices.shuffle([2, 3]);
    yield transposed('conv2dTranspose', { size, window, strides, pad }, choices.shuffle([1, 2]));
  }
  for (const strides of [1, 2]) {
    yield transposed(
      'conv2dTranspose',
      { size: [2, 3], window: 3, strides, pad: 1 },
      choices.shuffle([1, 2]),
    );
  }
  yield transposed(
    'conv2dTranspose',
    { size: [2, 3], window: 2, strides: 2, pad: 'same', batch: [] },
    choices.shuffle([1, 2]),
  );
  for (const [window, strides, pad] of half([1, 2, [2, 1, 3]], [1, [2, 2, 2], [1, 2, 1]], pads)) {
    const size = choices.shuffle([1, 2, 2]);
    const inAndOut = strides === 1 ? choices.shuffle([1, 2]) : [2, 1];
    yield { ...transposed('conv3dTranspose', { size, window, strides, pad }, inAndOut), order: 1 };
  }
  yield transposed(
    'conv3dTranspose',
    { size: [2, 1, 2], window: 2, strides: 1, pad: 'valid', batch: [] },
    [2, 1],
  );
}

function* conv3d(choices: Choices): Iterable<CaseDraft> {
  const draft = (window: Size, tail: Argument[], variant?: string, batch: number[] = [2]): CaseDraft => {
    const size = choices.shuffle([2, 3, 3]);
    return {
      op: 'conv3d',
      ...(variant && { variant }),
      order: 1,
      inputs: { x: real([...batch, ...size, 1]), filter: real([...each(window, 3), 1, choices.int(1, 2)]) },
      expression: call('conv3d', x, filter, ...tail),
    };
  };
  for (const [window, strides, pad] of half([1, 2, [2, 1, 2]], [1, 2, [1, 2, 1]], ['valid', 'same'])) {
    yield draft(window, [strides, pad]);
  }
  for (const strides of [1, [2, 1, 1]]) yield draft([1, 2, 3], [strides, 'same']);
  for (const dilations of [2, [1, 2, 1]]) yield draft(2, [1, 'same', 'NDHWC', dilations], 'dilation');
  yield draft(2, [1, 'same'], undefined, []);
  const [shape, filterShape] = [
    [2, 2, 3, 2, 2],
    [2, 1, 2, 2, 1],
  ];
  for (const pad of ['valid', 'same']) {
    yield {
      op: 'conv3d',
      inputs: { x: real(shape), filter: real(filterShape) },
      expression: call('conv3d', x, filter, 1, pad),
      order: 1,
    };
  }
}

function* depthwise(choices: Choices): Iterable<CaseDraft> {
  const draft = (
    window: Size,
    multiplier: number,
    tail: Argument[],
    variant?: string,
    batch: number[] = [2],
  ): CaseDraft => {
    const [c] = choices.pick(channels);
    return {
      op: 'depthwiseConv2d',
      ...(variant && { variant }),
      inputs: {
        x: real([...batch, ...choices.shuffle([3, 4]), c]),
        filter: real([...each(window), c, multiplier]),
      },
      expression: call('depthwiseConv2d', x, filter, ...tail),
    };
  };
  for (const multiplier of [1, 2]) {
    for (const [window, strides, pad] of half([1, 2, [3, 2], [1, 3]], [1, 2, [2, 1]], ['valid', 'same'])) {
      yield draft(window, multiplier, [strides, pad]);
    }
    for (const dilations of [2, [1, 2]]) {
      for (const pad of ['valid', 'same']) {
        yield draft([2, 2], multiplier, [1, pad, 'NHWC', dilations], 'dilation');
      }
    }
    yield draft(2, multiplier, [2, 1, 'NHWC', 1, choices.pick(modes)]);
    yield draft([1, 2], multiplier, [1, explicit]);
    yield draft([2, 3], multiplier, [[1, 2], 'same'], undefined, []);
  }
}

function* separable(choices: Choices): Iterable<CaseDraft> {
  const steps: [Size, Size][] = [
    [1, 1],
    [2, 1],
    [[1, 2], 1],
    [1, [2, 1]],
  ];
  for (const multiplier of [1, 2]) {
    for (const [window, [strides, dilations], pad] of half([2, [1, 3]], steps, ['valid', 'same'])) {
      const [c] = choices.pick(channels);
      yield {
        op: 'separableConv2d',
        ...(dilations !== 1 && { variant: 'dilation' }),
        inputs: {
          x: real([2, ...choices.shuffle([3, 4]), c]),
          depthwise: real([...each(window), c, multiplier]),
          pointwise: real([1, 1, c * multiplier, 2]),
        },
        expression: call(
          'separableConv2d',
          x,
          input('depthwise'),
          input('pointwise'),
          strides,
          pad,
          dilations,
        ),
        order: c * multiplier > 2 ? 1 : 2,
      };
    }
  }
}

function* dilation(choices: Choices): Iterable<CaseDraft> {
  const steps: [Size, Size][] = [
    [1, 1],
    [2, 1],
    [[2, 1], 1],
    [1, 2],
    [1, [1, 2]],
  ];
  for (const [window, [strides, dilations], pad] of half([1, 2, [1, 3], [3, 2]], steps, ['valid', 'same'])) {
    const [c] = choices.pick(channels);
    const size = Array.isArray(window) && window[0] > window[1] ? [5, 4] : [4, 5];
    yield {
      op: 'dilation2d',
      ...(dilations !== 1 && { variant: 'dilation' }),
      inputs: {
        x: real([c === 1 ? 2 : 1, ...size, c]),
        filter: real([...each(window), c]),
      },
      expression: call('dilation2d', x, filter, strides, pad, dilations),
    };
  }
  yield {
    op: 'dilation2d',
    inputs: { x: real([3, 4, 2]), filter: real([2, 2, 2]) },
    expression: call('dilation2d', x, filter, 1, 'same'),
  };
}

/** Pads in numbers and lists, around windows and strides of unequal sizes, and channels that do not come last. */
function* pads(): Iterable<CaseDraft> {
  const none = [0, 0];
  const draft = (
    op: string,
    variant: string,
    shapes: readonly [readonly number[], readonly number[]],
    ...tail: Argument[]
  ): CaseDraft => ({
    op,
    variant,
    inputs: { x: real(shapes[0]), filter: real(shapes[1]) },
    expression: call(op, x, filter, ...tail),
    order: 1,
  });
  for (const [width, stride, pad] of [
    [3, 1, 1],
    [2, 1, 1],
    [3, 2, 2],
    [1, 1, 0],
  ]) {
    yield draft(
      'conv1d',
      'numberPad',
      [
        [2, 4, 2],
        [width, 2, 1],
      ],
      stride,
      pad,
    );
  }
  yield draft(
    'conv1d',
    'explicitPad',
    [
      [2, 4, 1],
      [2, 1, 2],
    ],
    2,
    [none, none, [2, 0], none],
  );
  for (const [window, strides, pad] of [
    [[1, 3], 1, 1],
    [[3, 1], 1, 1],
    [[2, 2], [1, 2], 1],
    [[2, 2], [2, 1], 0],
  ] as const) {
    yield draft(
      'conv2d',
      'numberPad',
      [
        [2, 4, 3, 1],
        [...window, 1, 2],
      ],
      strides,
      pad,
      'NHWC',
      1,
      'floor',
    );
    yield draft(
      'depthwiseConv2d',
      'numberPad',
      [
        [2, 4, 3, 2],
        [...window, 2, 1],
      ],
      strides,
      pad,
      'NHWC',
      1,
      'floor',
    );
  }
  yield draft(
    'depthwiseConv2d',
    'explicitPad',
    [
      [2, 4, 3, 2],
      [2, 2, 2, 1],
    ],
    1,
    [none, [1, 0], [0, 2], none],
  );
  for (const pad of ['same', 'valid']) {
    yield draft(
      'depthwiseConv2d',
      'NCHW',
      [
        [1, 1, 2, 3],
        [1, 1, 1, 1],
      ],
      1,
      pad,
      'NCHW',
    );
    yield draft(
      'depthwiseConv2d',
      'NCHW',
      [
        [2, 2, 3, 4],
        [2, 2, 2, 1],
      ],
      1,
      pad,
      'NCHW',
    );
  }
  for (const [window, strides] of [
    [[2, 3], 1],
    [
      [3, 2],
      [2, 1],
    ],
  ] as const) {
    const out = [2, 3].map((n, i) => (n - 1) * each(strides)[i] + window[i] - 2);
    yield draft(
      'conv2dTranspose',
      'numberPad',
      [
        [2, 2, 3, 2],
        [...window, 1, 2],
      ],
      [2, ...out, 1],
      strides,
      1,
    );
  }
  for (const strides of [2, [1, 2, 1], [2, 1, 3]]) {
    for (const window of [
      [1, 1, 1],
      [2, 1, 1],
      [1, 2, 3],
    ]) {
      yield draft(
        'conv3d',
        'unequal',
        [
          [1, 3, 4, 3, 1],
          [...window, 1, 1],
        ],
        strides,
        'same',
      );
    }
  }
}

export const convolution: Family = {
  name: 'convolution',
  *cases(choices: Choices): Iterable<CaseDraft> {
    for (const make of [conv1d, conv2d, transposes, conv3d, depthwise, separable, dilation]) {
      yield* make(choices);
    }
    yield* pads();
  },
};
