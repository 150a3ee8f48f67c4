/** What the double-precision kernels share, and moved images. Oracles: index arithmetic by hand; TensorFlow's rules for what is outside. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { createBackend } from '../../src/float64/backend.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { broadcastPlaces, placesOf, transposedMatrices } from '../../src/float64/kernels/kernel.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

describe('places', () => {
  test.each<[number[], number[], number[]]>([
    [[3], [2, 3], [0, 1, 2, 0, 1, 2]],
    [
      [2, 1],
      [2, 3],
      [0, 0, 0, 1, 1, 1],
    ],
    [
      [1, 3],
      [2, 3],
      [0, 1, 2, 0, 1, 2],
    ],
    [
      [2, 3],
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
    [[], [2, 2], [0, 0, 0, 0]],
    [[1], [2], [0, 0]],
    [
      [2, 1, 2],
      [2, 2, 2],
      [0, 1, 0, 1, 2, 3, 2, 3],
    ],
    [[], [], [0]],
    [[1], [0], []],
  ])('%j broadcast to %j', (from, shape, places) => {
    expect(Array.from(broadcastPlaces(from, shape))).toEqual(places);
  });

  test.each<[number[], number[]]>([
    [[2, 3], [3]],
    [[2], [2, 3]],
    [
      [2, 3],
      [2, 4],
    ],
  ])('%j is not broadcast to %j', (from, shape) => {
    expect(() => broadcastPlaces(from, shape)).toThrow(
      `A tensor of shape [${from.join(',')}] can't be broadcast to [${shape.join(',')}].`,
    );
  });

  test('of a box by strides', () => {
    expect(Array.from(placesOf([2, 3], [1, 10]))).toEqual([0, 10, 20, 1, 11, 21]);
    expect(Array.from(placesOf([], []))).toEqual([0]);
  });

  test('of matrices that are turned round', () => {
    const turned = transposedMatrices(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 2, 3);
    expect(Array.from(turned)).toEqual([1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]);
  });
});

test('a pixel at its own place takes nothing of the next one, be that infinite', () => {
  for (const shape of [
    [1, 1, 3, 1],
    [1, 3, 1, 1],
  ] as [number, number, number, number][]) {
    const [, height, width] = shape;
    const resized = inFloat64(() =>
      Array.from(tf.image.resizeBilinear(tf.tensor4d([1, Infinity, 2], shape), [height, width]).dataSync()),
    );
    expect(resized).toEqual([1, Infinity, 2]);
  }
});

test('rows at their own places take nothing of the next ones, where columns are between two, and the other way round', () => {
  const image = [1, 3, Infinity, Infinity];
  const resized = (values: number[], size: [number, number]): number[] =>
    inFloat64(() =>
      Array.from(tf.image.resizeBilinear(tf.tensor4d(values, [1, 2, 2, 1]), size, true).dataSync()),
    );
  expect(resized(image, [2, 3])).toEqual([1, 2, 3, Infinity, Infinity, Infinity]);
  expect(resized([1, Infinity, 3, Infinity], [3, 2])).toEqual([1, Infinity, 2, Infinity, 3, Infinity]);
  // Between both, each of the four counts.
  expect(resized([1, 3, 5, 11], [3, 3])).toEqual([1, 2, 3, 3, 5, 7, 5, 8, 11]);
});

test('whole numbers beside real ones of another shape are the cpu backend’s, as ops do not have them', () => {
  const sum = (isFirst: boolean, run: (name: string, inputs: tf.NamedTensorMap) => tf.Tensor) => {
    const [whole, real] = [tf.ones([8, 10], 'int32'), tf.fill([10], 0.75)];
    const { dtype, shape } = run('Add', isFirst ? { a: whole, b: real } : { a: real, b: whole });
    return { dtype, shape };
  };
  const runKernel = (name: string, inputs: tf.NamedTensorMap): tf.Tensor =>
    tf.engine().runKernel(name, inputs);
  for (const isFirst of [true, false]) {
    const expected = tf.tidy(() => sum(isFirst, runKernel));
    expect(inFloat64(() => sum(isFirst, runKernel))).toEqual(expected);
    expect(expected.dtype).toBe(isFirst ? 'int32' : 'float32');
  }
});

test('a sequence of equal steps ends at its end, whatever the step rounds to', () => {
  for (let n = 2; n < 80; n++) {
    const numbers = inFloat64(() => tf.linspace(0.1, 0.7, n).dataSync());
    expect([numbers[0], numbers[n - 1]]).toEqual([0.1, 0.7]);
  }
});

test('a tensor that is moved to the backend is its own', () => {
  const backend = createBackend(() => {
    throw new Error('nothing is read');
  });
  const id = {};
  expect(backend.owns(id)).toBe(false);
  backend.data.set(id, { values: new Float32Array([1, 2]), dtype: 'float32', refCount: 1 });
  expect(backend.owns(id)).toBe(true);
  expect(backend.data.has(id)).toBe(true);
  expect(backend.data.numDataIds()).toBe(1);
  expect(Array.from(backend.readSync(id) as Float32Array)).toEqual([1, 2]);
  expect(backend.data.delete(id)).toBe(true);
  expect([backend.owns(id), backend.data.numDataIds()]).toEqual([false, 0]);
});

/** Rows of five pixels, 10 … 14, moved: each pixel of the result is that at its place + `by`. */
describe('an image moved', () => {
  type Fill = 'constant' | 'reflect' | 'wrap' | 'nearest';
  const moved = (
    by: number,
    fill: Fill,
    axis: 'x' | 'y' = 'x',
    interpolation: 'nearest' | 'bilinear' = 'nearest',
  ) =>
    inFloat64(() => {
      const image = tf.tensor4d([10, 11, 12, 13, 14], axis === 'x' ? [1, 1, 5, 1] : [1, 5, 1, 1]);
      const transform = tf.tensor2d([axis === 'x' ? [1, 0, by, 0, 1, 0, 0, 0] : [1, 0, 0, 0, 1, by, 0, 0]]);
      return Array.from(tf.image.transform(image, transform, interpolation, fill, -7).dataSync());
    });
  const row = (at: (place: number) => number, by: number): number[] =>
    [0, 1, 2, 3, 4].map((place) => at(place + by));
  const inside = (place: number): number => Math.min(Math.max(place, 0), 4);

  /** abcde is continued as edcba|abcde|edcba, again and again. */
  const reflected = (place: number): number => {
    const within = ((place % 10) + 10) % 10;
    return 10 + (within < 5 ? within : 9 - within);
  };
  /** TensorFlow's rule, which takes the distance of the outer pixels for the period when it counts periods. */
  const wrapped = (place: number): number => {
    if (place < 0) return 10 + inside(place + 5 * (Math.trunc(-place / 4) + 1));
    return 10 + (place > 4 ? inside(place - 5 * Math.trunc(place / 4)) : place);
  };
  const rules: [Fill, (place: number) => number][] = [
    ['constant', (place) => (place < 0 || place > 4 ? -7 : 10 + place)],
    ['nearest', (place) => 10 + inside(place)],
    ['reflect', reflected],
    ['wrap', wrapped],
  ];

  test.each(rules)('%s', (fill, at) => {
    for (let by = -27; by <= 27; by++) {
      for (const axis of ['x', 'y'] as const) expect(moved(by, fill, axis)).toEqual(row(at, by));
    }
  });

  test('by parts of a pixel, between two of them', () => {
    expect(moved(0.25, 'nearest', 'x', 'bilinear')).toEqual([10.25, 11.25, 12.25, 13.25, 14]);
    expect(moved(-0.25, 'constant', 'y', 'bilinear')).toEqual([
      0.25 * -7 + 0.75 * 10,
      10.75,
      11.75,
      12.75,
      13.75,
    ]);
    // A half goes away from 0.
    expect(moved(0.5, 'nearest')).toEqual([11, 12, 13, 14, 14]);
    expect(moved(-0.5, 'constant')).toEqual([-7, 11, 12, 13, 14]);
  });

  test('a single pixel is everywhere', () => {
    for (const fill of ['reflect', 'wrap', 'nearest'] as const) {
      const pixel = inFloat64(() =>
        Array.from(
          tf.image
            .transform(
              tf.fill<tf.Rank.R4>([1, 1, 1, 1], 3),
              tf.tensor2d([[1, 0, 5, 0, 1, -5, 0, 0]]),
              'nearest',
              fill,
            )
            .dataSync(),
        ),
      );
      expect(pixel).toEqual([3]);
    }
  });
});
