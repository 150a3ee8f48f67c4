/** Images: resizing, cropping, turning and warping, and the change between grey and colour. */
import { ints, real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { half } from './convolution.js';
import { call, input } from './expression.js';

const x = input('x');
const held = (shape: number[], values: number[]): InputDraft => ({ shape, values, constant: true });

function* resizing(choices: Choices): Iterable<CaseDraft> {
  for (const op of ['image.resizeBilinear', 'image.resizeNearestNeighbor']) {
    for (const [variant, ...flags] of [
      [undefined, false, false],
      ['alignCorners', true, false],
      ['halfPixelCenters', false, true],
    ] as const) {
      const draft = (shape: number[], size: number[]): CaseDraft => ({
        op,
        ...(variant && { variant }),
        inputs: { x: real(shape) },
        expression: call(op, x, size, ...flags),
      });
      for (const [height, width, ...size] of [
        [3, 4, 5, 6],
        [3, 4, 2, 3],
        [4, 3, 1, 2],
        [2, 3, 4, 6],
        [4, 2, 2, 1],
        [3, 2, 7, 2],
        [1, 1, 3, 3],
        [1, 3, 2, 5],
      ]) {
        yield draft([2, height, width, choices.int(1, 2)], size);
      }
      yield draft([3, 4, 2], [4, 5]);
      yield draft([1, 1, 1, 1], [3, 3]);
    }
  }
}

function* cropping(): Iterable<CaseDraft> {
  const boxes = [
    [0.1, 0.2, 0.8, 0.9],
    [0, 0, 1, 1],
    [-0.3, 0.15, 1.2, 0.7], // reaches beyond the image
    [0.9, 0.8, 0.2, 0.1], // upside down
  ];
  // Which box is cut, and from which image.
  const cuts = [
    [[0, 1]],
    [
      [0, 1],
      [1, 0],
    ],
    [
      [2, 0],
      [3, 1],
    ],
    [
      [0, 0],
      [2, 0],
      [3, 1],
    ],
  ];
  const sizes = [
    [2, 3],
    [4, 2],
    [1, 1],
  ];
  for (const [method, pairs, size] of half(['bilinear', 'nearest'], cuts, sizes)) {
    const n = pairs.length;
    yield {
      op: 'image.cropAndResize',
      inputs: {
        x: real([2, 3, 4, 1]),
        boxes: held(
          [n, 4],
          pairs.flatMap(([box]) => boxes[box]),
        ),
        index: ints(
          [n],
          pairs.map(([, index]) => index),
        ),
      },
      expression: call('image.cropAndResize', x, input('boxes'), input('index'), size, method, 0.5),
    };
  }
  yield {
    op: 'image.cropAndResize',
    variant: 'boxes',
    inputs: {
      x: { ...real([2, 4, 3, 1]), constant: true },
      boxes: { shape: [2, 4], values: [0.1, 0.2, 0.8, 0.9, 0.15, 0.05, 0.7, 0.9] },
      index: ints([2], [0, 1]),
    },
    expression: call('image.cropAndResize', x, input('boxes'), input('index'), [2, 3], 'bilinear', 0),
  };
}

/** The eight numbers of a projective transform, one row an image. */
const transforms = [
  [1, 0, 0, 0, 1, 0, 0, 0],
  [1, 0, 0.375, 0, 1, -0.625, 0, 0],
  [0.75, 0.25, 0.125, -0.25, 1.25, 0.375, 0, 0],
  [0.875, 0.125, 0.25, 0.125, 0.75, 0.125, 0.0625, 0.03125],
];

function* turning(): Iterable<CaseDraft> {
  for (const shape of [
    [2, 3, 4, 1],
    [2, 2, 3, 2],
  ]) {
    yield {
      op: 'image.flipLeftRight',
      inputs: { x: real(shape) },
      expression: call('image.flipLeftRight', x),
    };
    for (const [radians, fill, center] of [
      [0.4, 0, 0.5],
      [-1.1, 0.5, 0.5],
      [2.5, 0, [0.25, 0.75]],
      [Math.fround(Math.PI / 2), 0, 0.5],
    ] as const) {
      yield {
        op: 'image.rotateWithOffset',
        inputs: { x: real(shape) },
        expression: call('image.rotateWithOffset', x, radians, fill, center),
      };
    }
  }
  const warps: [number[], number[]][] = [
    [[0], [3, 4]],
    [[2], [3, 4]],
    [
      [1, 2],
      [4, 3],
    ],
    [
      [2, 3],
      [2, 5],
    ],
  ];
  const modes = ['constant', 'reflect', 'wrap', 'nearest'];
  for (const [[rows, size], interpolation, mode] of half(warps, ['nearest', 'bilinear'], modes)) {
    const numbers = rows.flatMap((row) => transforms[row]);
    yield {
      op: 'image.transform',
      inputs: { x: real([2, 3, 4, 1]), transforms: held([rows.length, 8], numbers) },
      expression: call('image.transform', x, input('transforms'), interpolation, mode, 0.5, size),
    };
  }
}

export const image: Family = {
  name: 'image',
  *cases(choices: Choices): Iterable<CaseDraft> {
    yield* resizing(choices);
    yield* cropping();
    yield* turning();
    for (const leading of [[3], [3, 2], [2, 3, 2], [2, 1, 3, 2], [1, 2, 1, 3, 2]]) {
      for (const [op, channels] of [
        ['image.grayscaleToRGB', 1],
        ['image.rgbToGrayscale', 3],
      ] as const) {
        yield { op, inputs: { x: real([...leading, channels]) }, expression: call(op, x) };
      }
    }
  },
};
