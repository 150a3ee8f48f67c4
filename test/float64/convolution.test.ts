/** Convolutions and their gradients by plain loops over the definition: every geometry, and channels in groups of four and alone. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { sizeOf } from '../../src/shapes.js';
import { mismatch } from '../support/close.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const numbers = (shape: number[], shift: number): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + shift));

interface Geometry {
  /** [batch, depth, height, width, channels]; of an image the depth is 1. */
  x: number[];
  /** [depth, height, width, channels in, channels out]. */
  filter: number[];
  strides: number[];
  pad: 'same' | 'valid';
}

/** Calls `visit` with flat indices of y, x without its channel, and the filter's tap, for all that lie inside. */
function loops(
  { x, filter, strides, pad }: Geometry,
  visit: (o: number, e: number, tap: number) => void,
): number[] {
  const [batch, ...rest] = x;
  const sizes = rest.slice(0, 3);
  const outputs = sizes.map((size, a) =>
    pad === 'same' ? Math.ceil(size / strides[a]) : Math.floor((size - filter[a]) / strides[a]) + 1,
  );
  const before = sizes.map((size, a) =>
    pad === 'same' ? Math.floor(Math.max(0, (outputs[a] - 1) * strides[a] + filter[a] - size) / 2) : 0,
  );
  const indices = (lengths: readonly number[]): number[][] =>
    lengths.reduce<number[][]>(
      (all, n) => all.flatMap((one) => Array.from({ length: n }, (_, i) => [...one, i])),
      [[]],
    );
  const flat = (at: number[], lengths: readonly number[]): number =>
    at.reduce((sum, i, a) => sum * lengths[a] + i, 0);
  for (const [b, ...o] of indices([batch, ...outputs])) {
    for (const tap of indices(filter.slice(0, 3))) {
      const e = o.map((at, a) => at * strides[a] - before[a] + tap[a]);
      if (e.some((at, a) => at < 0 || at >= sizes[a])) continue;
      visit(flat([b, ...o], [batch, ...outputs]), flat([b, ...e], [batch, ...sizes]), flat(tap, filter));
    }
  }
  return [batch, ...outputs];
}

const geometries: [string, Geometry][] = [
  [
    'a volume, every axis padded and strided',
    { x: [2, 5, 4, 6, 3], filter: [3, 2, 3, 3, 9], strides: [2, 1, 2], pad: 'same' },
  ],
  [
    'a volume without padding',
    { x: [2, 5, 4, 6, 2], filter: [2, 3, 2, 2, 6], strides: [1, 1, 3], pad: 'valid' },
  ],
  ['an image', { x: [2, 1, 7, 5, 5], filter: [1, 3, 4, 5, 10], strides: [1, 2, 1], pad: 'same' }],
];

describe.each(geometries)('%s', (_name, geometry) => {
  const { x, filter, strides, pad } = geometry;
  const isImage = x[1] === 1;
  const shapeOf = (shape: number[], axis: number): number[] => shape.filter((_, a) => !isImage || a !== axis);
  const exact = { maxRelativeToLargest: 1e-14 };
  const [input, weights] = [numbers(x, 0.3), numbers(filter, 1.1)];

  test('values and both gradients', () => {
    const [channels, columns] = filter.slice(3) as [number, number];
    const outputs = loops(geometry, () => {});
    const slopes = numbers([...outputs, columns], 2.3);
    const y = new Float64Array(slopes.length);
    const dx = new Float64Array(input.length);
    const dw = new Float64Array(weights.length);
    loops(geometry, (o, e, tap) => {
      for (let i = 0; i < channels; i++) {
        for (let j = 0; j < columns; j++) {
          const w = (tap * channels + i) * columns + j;
          y[o * columns + j] += input[e * channels + i] * weights[w];
          dx[e * channels + i] += slopes[o * columns + j] * weights[w];
          dw[w] += slopes[o * columns + j] * input[e * channels + i];
        }
      }
    });
    const convolution = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      isImage
        ? tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, strides.slice(1) as [number, number], pad)
        : tf.conv3d(a as tf.Tensor5D, w as tf.Tensor5D, strides as [number, number, number], pad);
    const got = inFloat64(() => {
      const at = [tf.tensor(input, shapeOf(x, 1)), tf.tensor(weights, shapeOf(filter, 0))];
      const dy = tf.tensor(slopes, shapeOf([...outputs, columns], 1));
      return [convolution(at[0], at[1]), ...tf.grads(convolution)(at, dy)].map((tensor) => tensor.dataSync());
    });
    [y, dx, dw].forEach((expected, k) => {
      expect(mismatch(got[k], expected, exact)).toBeUndefined();
      expect(
        mismatch(
          got[k],
          expected.map((value, i) => (i === 3 ? value + 1e-12 : value)),
          exact,
        ),
      ).toBeDefined();
    });
  });

  if (!isImage) return;
  test('each channel by itself: values and both gradients', () => {
    const [channels, multiplier] = [filter[3], 2];
    const own = numbers([...filter.slice(0, 4), multiplier], 1.1);
    const even = { ...geometry, strides: [1, 1, 1] };
    const outputs = loops(even, () => {});
    const slopes = numbers([...outputs, channels * multiplier], 2.3);
    const y = new Float64Array(slopes.length);
    const dx = new Float64Array(input.length);
    const dw = new Float64Array(own.length);
    loops(even, (o, e, tap) => {
      for (let i = 0; i < channels; i++) {
        for (let m = 0; m < multiplier; m++) {
          const [out, w] = [(o * channels + i) * multiplier + m, (tap * channels + i) * multiplier + m];
          y[out] += input[e * channels + i] * own[w];
          dx[e * channels + i] += slopes[out] * own[w];
          dw[w] += slopes[out] * input[e * channels + i];
        }
      }
    });
    const f = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      tf.depthwiseConv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, pad);
    const got = inFloat64(() => {
      const at = [tf.tensor(input, shapeOf(x, 1)), tf.tensor(own, [...filter.slice(1, 4), multiplier])];
      const dy = tf.tensor(slopes, shapeOf([...outputs, channels * multiplier], 1));
      return [f(at[0], at[1]), ...tf.grads(f)(at, dy)].map((tensor) => tensor.dataSync());
    });
    [y, dx, dw].forEach((expected, k) => expect(mismatch(got[k], expected, exact)).toBeUndefined());
  });
});

describe('channels first', () => {
  const [depth, height, width, channels, columns] = [3, 4, 5, 2, 6];
  type Attributes = Record<string, unknown>;
  const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: Attributes): tf.Tensor =>
    tf.engine().runKernel(kernel, inputs, attrs as unknown as tf.NamedAttrMap);
  const toFirst = (x: tf.Tensor): tf.Tensor =>
    tf.transpose(x, [0, x.rank - 1, ...[1, 2, 3].slice(0, x.rank - 2)]);

  test.each([
    ['an image', 'NCHW', 'NHWC', ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']],
    ['a volume', 'NCDHW', 'NDHWC', ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2']],
  ] as const)('%s: the numbers of %s are those of channels that come last', (_name, first, last, kernels) => {
    const isImage = first === 'NCHW';
    const axes = isImage ? [height, width] : [depth, height, width];
    const common = { strides: isImage ? [2, 1] : [1, 2, 1], pad: 'same', dilations: 1 };
    const [forward, byInput, byFilter] = kernels;
    const [got, expected] = inFloat64(() => {
      const [shape, window] = [
        [2, ...axes, channels],
        [...axes.map(() => 2), channels, columns],
      ];
      const [x, filter] = [tf.tensor(numbers(shape, 0.3), shape), tf.tensor(numbers(window, 1.1), window)];
      const all = (dataFormat: string, turned: (one: tf.Tensor) => tf.Tensor): tf.Tensor[] => {
        const own = { ...common, dataFormat };
        const at = turned(x);
        const y = run(forward, { x: at, filter }, own);
        const dy = turned(tf.tensor(numbers(yLast, 2.3), yLast));
        const dx = run(byInput, { dy, filter }, { ...own, inputShape: at.shape });
        const dw = run(byFilter, { x: at, dy }, { ...own, filterShape: window });
        return [y, dx, dw];
      };
      const yLast = run(forward, { x, filter }, { ...common, dataFormat: last }).shape;
      const [y, dx, dw] = all(last, (one) => one);
      return [all(first, toFirst), [toFirst(y), toFirst(dx), dw]].map((list) =>
        list.map((one) => ({ shape: one.shape, values: Array.from(one.dataSync()) })),
      );
    });
    got.forEach(({ shape, values }, i) => {
      expect(shape).toEqual(expected[i].shape);
      expect(mismatch(values, expected[i].values, { maxRelativeToLargest: 1e-14 })).toBeUndefined();
      expect(new Set(values).size).toBeGreaterThan(20);
    });
  });
});
