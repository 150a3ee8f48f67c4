/**
 * Convolutions. One by a filter w of x, and the two products with the transpose of its Jacobian, are the three faces of one trilinear form
 *
 *     T(x, w, z) = Σ z[o]·w[k]·x[o·stride + k·dilation - pad]
 *
 * y is its derivative by z, `BackpropInput` that by x, `BackpropFilter` that by w. So the gradients of each are the two others.
 *
 * A dilated filter is a larger one with zeros between its entries, so that the kernels without dilation serve.
 */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import type { Fix } from '../fix.js';
import { gradient, run } from './support.js';

const family = 'convolution';

interface Attributes {
  strides: number | number[];
  pad: unknown;
  dataFormat?: string;
  dimRoundingMode?: string;
  dilations?: number | number[] | null;
}

/** One number for each axis of space. */
const each = (value: number | number[] | null | undefined, axes: number): number[] =>
  value == null
    ? new Array<number>(axes).fill(1)
    : typeof value === 'number' || value.length === 1
      ? new Array<number>(axes).fill(Number(value))
      : value.slice(-axes);

/** The filter with d - 1 zeros between neighbours along its first axes. */
function dilate(w: tf.Tensor, dilations: readonly number[]): tf.Tensor {
  let spread = w;
  dilations.forEach((d, axis) => {
    if (d === 1) return;
    const [before, n, after] = [
      spread.shape.slice(0, axis),
      spread.shape[axis],
      spread.shape.slice(axis + 1),
    ];
    const apart = tf.reshape(spread, [sizeOf(before), n, 1, sizeOf(after)]);
    const padded = tf.pad(apart, [
      [0, 0],
      [0, 0],
      [0, d - 1],
      [0, 0],
    ]);
    const long = tf.reshape(padded, [sizeOf(before), n * d, sizeOf(after)]);
    const cut = tf.slice(long, [0, 0, 0], [sizeOf(before), (n - 1) * d + 1, sizeOf(after)]);
    spread = tf.reshape(cut, [...before, (n - 1) * d + 1, ...after]);
  });
  return spread;
}

/** The entries of a dilated filter that are there without dilation. */
function undilate(w: tf.Tensor, dilations: readonly number[]): tf.Tensor {
  let close = w;
  dilations.forEach((d, axis) => {
    if (d === 1) return;
    const [before, long, after] = [
      close.shape.slice(0, axis),
      close.shape[axis],
      close.shape.slice(axis + 1),
    ];
    const n = (long - 1) / d + 1;
    const flat = tf.reshape(close, [sizeOf(before), long, sizeOf(after)]);
    const padded = tf.pad(flat, [
      [0, 0],
      [0, n * d - long],
      [0, 0],
    ]);
    const apart = tf.reshape(padded, [sizeOf(before), n, d, sizeOf(after)]);
    close = tf.reshape(tf.slice(apart, [0, 0, 0, 0], [sizeOf(before), n, 1, sizeOf(after)]), [
      ...before,
      n,
      ...after,
    ]);
  });
  return close;
}

/** The three kernels of a kind of convolution, and how many axes of space it has. */
interface Faces {
  forward: string;
  input: string;
  filter: string;
  axes: number;
}

/** Their gradients by each other. */
function trilinear({ forward, input, filter, axes }: Faces): tf.GradConfig[] {
  const plain = ({ strides, pad, dataFormat, dimRoundingMode }: Attributes): object => ({
    strides,
    pad,
    ...(dataFormat !== undefined && { dataFormat }),
    dimRoundingMode,
  });
  const one = new Array<number>(axes).fill(1);
  /** By z: the convolution. */
  const convolve = (x: tf.Tensor, w: tf.Tensor, attributes: Attributes): tf.Tensor =>
    run(forward, { x, filter: w }, { ...plain(attributes), dilations: one });
  const toInput = (dy: tf.Tensor, w: tf.Tensor, inputShape: number[], attributes: Attributes): tf.Tensor =>
    run(input, { dy, filter: w }, { ...plain(attributes), dilations: one, inputShape });
  const toFilter = (x: tf.Tensor, dy: tf.Tensor, filterShape: number[], attributes: Attributes): tf.Tensor =>
    run(filter, { x, dy }, { ...plain(attributes), dilations: one, filterShape });
  return [
    gradient<Attributes>(forward, { inputs: ['x', 'filter'] }, (dy, [x, w], attributes) => {
      const dilations = each(attributes.dilations, axes);
      const wide = (): tf.Tensor => dilate(w, dilations);
      const wideShape = w.shape.map((n, i) => (i < axes ? (n - 1) * dilations[i] + 1 : n));
      return {
        x: () => toInput(dy, wide(), x.shape, attributes),
        filter: () => undilate(toFilter(x, dy, wideShape, attributes), dilations),
      };
    }),
    gradient<Attributes>(input, { inputs: ['dy', 'filter'] }, (g, [dy, w], attributes) => ({
      dy: () => convolve(g, w, attributes),
      filter: () => toFilter(g, dy, w.shape, attributes),
    })),
    gradient<Attributes>(filter, { inputs: ['x', 'dy'] }, (g, [x, dy], attributes) => ({
      x: () => toInput(dy, g, x.shape, attributes),
      dy: () => convolve(x, g, attributes),
    })),
  ];
}

/** The kernels of depthwise convolutions take channels last alone. */
function withChannelsLast(config: tf.GradConfig): tf.GradConfig {
  return {
    ...config,
    gradFunc: (dy, [x, w], attributes) => {
      if (attributes.dataFormat !== 'NCHW') return config.gradFunc(dy, [x, w], attributes);
      const [last, first] = [
        [0, 2, 3, 1],
        [0, 3, 1, 2],
      ];
      const made = config.gradFunc(tf.transpose(dy as tf.Tensor, last), [tf.transpose(x, last), w], {
        ...attributes,
        dataFormat: 'NHWC',
      });
      return { ...made, x: () => tf.transpose(made.x(), first) };
    },
  };
}

const flat = trilinear({
  forward: 'Conv2D',
  input: 'Conv2DBackpropInput',
  filter: 'Conv2DBackpropFilter',
  axes: 2,
});
const deep = trilinear({
  forward: 'Conv3D',
  input: 'Conv3DBackpropInputV2',
  filter: 'Conv3DBackpropFilterV2',
  axes: 3,
});
const [depthwiseForward, ...depthwiseBack] = trilinear({
  forward: 'DepthwiseConv2dNative',
  input: 'DepthwiseConv2dNativeBackpropInput',
  filter: 'DepthwiseConv2dNativeBackpropFilter',
  axes: 2,
});
const depthwise = [withChannelsLast(depthwiseForward), ...depthwiseBack];

export { depthwise, flat };

export const convolution: readonly Fix[] = [
  {
    id: 'conv2d',
    family,
    ops: ['conv1d', 'conv2d', 'conv2dTranspose'],
    wrong: 'The gradient throws for dilations, and the gradient by the filter has no gradient.',
    gradients: flat,
  },
  {
    id: 'depthwiseConv2d',
    family,
    ops: ['depthwiseConv2d', 'separableConv2d'],
    wrong: 'The gradient throws for dilations and for channels first, and has no gradient.',
    gradients: depthwise,
  },
  {
    id: 'conv3d',
    family,
    ops: ['conv3d', 'conv3dTranspose'],
    wrong: 'The gradient throws for dilations and has no gradient; conv3dTranspose has none.',
    gradients: deep,
  },
];
