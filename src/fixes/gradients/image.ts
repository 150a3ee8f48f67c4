/** Ops on images [batch, height, width, channels]: y takes x at places, or between them. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { addRows, byComposition, float, gradient, run, zeros } from './support.js';

const family = 'image';

/** Interpolation is linear in the image: the transpose of its transpose is itself. */
const resizeGrad = (kernelName: string, forward: string): tf.GradConfig =>
  gradient<{ alignCorners: boolean; halfPixelCenters?: boolean }>(
    kernelName,
    { inputs: ['dy', 'images'] },
    (g, [dy, images], { alignCorners, halfPixelCenters = false }) => ({
      dy: () =>
        run(forward, { images: g }, { alignCorners, halfPixelCenters, size: [dy.shape[1], dy.shape[2]] }),
      images: zeros(images.shape),
    }),
  );

/**
 * The image at coordinates (row, column), each [boxes, height, width], of the image that `batch` names, [boxes]: between four pixels with the weights
 * of their distances, or at the nearest one. Outside of the image it is `fill`, which a pixel beside the border can be, too.
 */
function sampled(
  image: tf.Tensor,
  batch: tf.Tensor,
  row: tf.Tensor,
  column: tf.Tensor,
  method: 'nearest' | 'bilinear',
  fill: number,
): tf.Tensor {
  const [, height, width, channels] = image.shape;
  const pixels = tf.reshape(image, [-1, channels]);
  const starts = tf.reshape(tf.mul(batch, tf.scalar(height * width, 'int32')), [-1, 1, 1]);
  /** The pixels at whole coordinates. */
  const at = (y: tf.Tensor, x: tf.Tensor): tf.Tensor => {
    const [inY, inX] = [tf.clipByValue(y, 0, height - 1), tf.clipByValue(x, 0, width - 1)];
    const isInside = tf.logicalAnd(tf.equal(inY, y), tf.equal(inX, x));
    const place = tf.cast(tf.add(tf.mul(inY, width), inX), 'int32');
    const found = tf.gather(pixels, tf.cast(tf.add(place, starts), 'int32'));
    const wide = tf.logicalAnd(tf.expandDims(isInside, -1), tf.ones(found.shape, 'bool'));
    return tf.where(wide, found, tf.fill(found.shape, fill));
  };
  if (method === 'nearest') return at(tf.floor(tf.add(row, 0.5)), tf.floor(tf.add(column, 0.5)));
  const [top, left] = [tf.floor(row), tf.floor(column)];
  const [down, right] = [tf.expandDims(tf.sub(row, top), -1), tf.expandDims(tf.sub(column, left), -1)];
  const between = (a: tf.Tensor, b: tf.Tensor, share: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(tf.sub(1, share), a), tf.mul(share, b));
  const beside = tf.add(left, 1);
  const upper = between(at(top, left), at(top, beside), right);
  const below = tf.add(top, 1);
  const lower = between(at(below, left), at(below, beside), right);
  return between(upper, lower, down);
}

interface Crop {
  cropSize: [number, number];
  method: 'nearest' | 'bilinear';
  extrapolationValue: number;
}

/** Boxes [boxes, 4] of corners (y1, x1, y2, x2), in shares of the image's sides, are resized to `cropSize`. By the boxes it has a derivative too. */
const cropAndResize = byComposition<Crop>(
  'CropAndResize',
  ['image', 'boxes'],
  ['boxInd'],
  ([image, boxes], [boxInd], { cropSize, method, extrapolationValue }) => {
    const [, height, width] = image.shape;
    const count = boxes.shape[0];
    const corner = (i: number): tf.Tensor => tf.slice(boxes, [0, i], [count, 1]);
    /** The coordinates along one side, [boxes, n]: n of them from the first corner to the second, or the middle. */
    const along = (from: tf.Tensor, to: tf.Tensor, size: number, n: number): tf.Tensor => {
      if (n === 1) return tf.mul(0.5 * (size - 1), tf.add(from, to));
      const step = tf.mul(tf.sub(to, from), (size - 1) / (n - 1));
      return tf.add(tf.mul(from, size - 1), tf.mul(step, tf.reshape(tf.range(0, n), [1, n])));
    };
    const [h, w] = cropSize;
    const rows = along(corner(0), corner(2), height, h);
    const columns = along(corner(1), corner(3), width, w);
    const within = (c: tf.Tensor, size: number): tf.Tensor =>
      float(tf.logicalAnd(tf.greaterEqual(c, 0), tf.lessEqual(c, size - 1)));
    const all = tf.ones([count, h, w]);
    const isInside = tf.mul(
      tf.mul(
        tf.reshape(within(rows, height), [count, h, 1]),
        tf.reshape(within(columns, width), [count, 1, w]),
      ),
      all,
    );
    const row = tf.mul(tf.reshape(rows, [count, h, 1]), all);
    const column = tf.mul(tf.reshape(columns, [count, 1, w]), all);
    const taken = sampled(image, boxInd, row, column, method, 0);
    const mask = tf.greater(tf.mul(tf.expandDims(isInside, -1), tf.ones(taken.shape)), 0);
    return tf.where(mask, taken, tf.fill(taken.shape, extrapolationValue));
  },
);

/** How far whole lengths go into positive numbers. */
const times = (c: tf.Tensor, length: number): tf.Tensor => tf.floor(tf.div(c, length));

/** A coordinate beyond the image of `n` pixels as one within, as TensorFlow's `MapCoordinate` has it. */
const mapped: Record<string, (c: tf.Tensor, n: number) => tf.Tensor> = {
  constant: (c) => c,
  nearest: (c, n) => tf.clipByValue(c, 0, n - 1),
  /** dcba|abcd|dcba */
  reflect: (c, n) => {
    if (n <= 1) return tf.zerosLike(c);
    const before = tf.add(c, tf.mul(2 * n, times(tf.neg(c), 2 * n)));
    const left = tf.where(tf.less(before, -n), tf.add(before, 2 * n), tf.sub(tf.neg(before), 1));
    const after = tf.sub(c, tf.mul(2 * n, times(c, 2 * n)));
    const right = tf.where(tf.greaterEqual(after, n), tf.sub(2 * n - 1, after), after);
    const inside = tf.where(tf.greater(c, n - 1), right, c);
    return tf.clipByValue(tf.where(tf.less(c, 0), left, inside), 0, n - 1);
  },
  /** abcd|abcd|abcd */
  wrap: (c, n) => {
    if (n <= 1) return tf.zerosLike(c);
    const left = tf.add(c, tf.mul(n, tf.add(times(tf.neg(c), n - 1), 1)));
    const right = tf.sub(c, tf.mul(n, times(c, n - 1)));
    const inside = tf.where(tf.greater(c, n - 1), right, c);
    return tf.clipByValue(tf.where(tf.less(c, 0), left, inside), 0, n - 1);
  },
};

interface Projection {
  interpolation: 'nearest' | 'bilinear';
  fillMode: string;
  fillValue: number;
  outputShape?: [number, number] | null;
}

/** Pixel (r, c) of y is x at `((a0·c + a1·r + a2)/p, (b0·c + b1·r + b2)/p)`, `p = c0·c + c1·r + 1`. By the projection it has a derivative too. */
const transform = byComposition<Projection>(
  'Transform',
  ['image', 'transforms'],
  [],
  ([image, transforms], _constants, { interpolation, fillMode, fillValue, outputShape }) => {
    const [batch, height, width] = image.shape;
    const [h, w] = outputShape ?? [height, width];
    const all = tf.ones([batch, h, w]);
    const r = tf.mul(tf.reshape(tf.range(0, h), [1, h, 1]), all);
    const c = tf.mul(tf.reshape(tf.range(0, w), [1, 1, w]), all);
    const entry = (i: number): tf.Tensor =>
      tf.reshape(tf.slice(transforms, [0, i], [transforms.shape[0], 1]), [-1, 1, 1]);
    const linear = (i: number): tf.Tensor => tf.add(tf.mul(entry(i), c), tf.mul(entry(i + 1), r));
    const p = tf.add(linear(6), 1);
    const isInfinite = tf.equal(p, 0);
    const divisor = tf.where(isInfinite, tf.onesLike(p), p);
    const map = mapped[fillMode] ?? mapped.constant;
    const column = map(tf.div(tf.add(linear(0), entry(2)), divisor), width);
    const row = map(tf.div(tf.add(linear(3), entry(5)), divisor), height);
    const taken = sampled(image, tf.range(0, batch, 1, 'int32'), row, column, interpolation, fillValue);
    const isBeyond = tf.logicalAnd(tf.expandDims(isInfinite, -1), tf.ones(taken.shape, 'bool'));
    return tf.where(isBeyond, tf.fill(taken.shape, fillValue), taken);
  },
);

/** Where each pixel comes from is what the op itself says of an image of the pixels' numbers; 0 where it comes from outside. */
const rotateWithOffset = gradient<{ radians: number; center: number | [number, number] }>(
  'RotateWithOffset',
  {},
  (dy, _saved, { radians, center }) => ({
    image: () => {
      const [batch, height, width, channels] = dy.shape;
      const pixels = height * width;
      const numbers = tf.reshape(tf.range(1, pixels + 1, 1, 'float32'), [1, height, width, 1]);
      const from = tf.sub(run('RotateWithOffset', { image: numbers }, { radians, center, fillValue: 0 }), 1);
      const byPixel = tf.transpose(tf.reshape(dy, [batch, pixels, channels]), [1, 0, 2]);
      const sums = addRows(
        tf.reshape(byPixel, [pixels, batch * channels]),
        tf.reshape(tf.cast(from, 'int32'), [-1]),
        pixels,
      );
      return tf.reshape(tf.transpose(tf.reshape(sums, [pixels, batch, channels]), [1, 0, 2]), dy.shape);
    },
  }),
);

export const image: readonly Fix[] = [
  {
    id: 'resize',
    family,
    ops: ['image.resizeBilinear', 'image.resizeNearestNeighbor', 'layers.upSampling2d'],
    wrong: 'The gradient has no gradient.',
    gradients: [
      resizeGrad('ResizeBilinearGrad', 'ResizeBilinear'),
      resizeGrad('ResizeNearestNeighborGrad', 'ResizeNearestNeighbor'),
    ],
  },
  {
    id: 'cropAndResize',
    family,
    ops: ['image.cropAndResize', 'layers.centerCrop'],
    wrong: 'There is no gradient.',
    gradients: [cropAndResize],
  },
  {
    id: 'transform',
    family,
    ops: ['image.transform'],
    wrong: 'There is no gradient.',
    since: '2021-03',
    gradients: [transform],
  },
  {
    id: 'rotateWithOffset',
    family,
    ops: ['image.rotateWithOffset'],
    wrong: 'There is no gradient.',
    since: '2020-07',
    gradients: [rotateWithOffset],
  },
];
