/** Ops that move entries: each entry of y is one of x, so that each of dx is a sum of entries of dy. */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import type { Fix } from '../fix.js';
import { addRows, gradient, stockGradient, sumTo } from './support.js';

const family = 'shape';

/** x is there several times along each axis: `dx` is the sum of its copies. TensorFlow.js' own goes up to four axes. */
const tile = gradient<{ reps: number[] }>('Tile', { inputs: ['x'] }, (dy, saved, attributes) => ({
  x: () => {
    const [x] = saved;
    if (x.rank > 0 && x.rank <= 4) return stockGradient('Tile', dy, saved, attributes).x();
    const apart = x.shape.flatMap((size, i) => [attributes.reps[i], size]);
    let g: tf.Tensor = dy;
    // An axis at a time: kernels of TensorFlow.js take six axes at most.
    x.shape.forEach((size, i) => {
      const [before, after] = [g.shape.slice(0, i), g.shape.slice(i + 1)];
      const copies = apart[2 * i];
      g = tf.reshape(tf.sum(tf.reshape(g, [sizeOf(before), copies, size * sizeOf(after)]), 1), [
        ...before,
        size,
        ...after,
      ]);
    });
    return tf.reshape(g, x.shape);
  },
}));

const broadcastTo = gradient<{ inputShape?: number[] }>('BroadcastTo', { inputs: ['x'] }, (dy, [x]) => ({
  x: () => sumTo(dy, x.shape),
}));

/** What a gradient of an op with several outputs is given, of which there may be one alone. */
const parts = (dy: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(dy) ? dy : [dy]);

const splitV: tf.GradConfig = {
  kernelName: 'SplitV',
  gradFunc: (dy, _saved, { axis }) => ({ x: () => tf.concat(parts(dy), axis as number) }),
};

const unpack: tf.GradConfig = {
  kernelName: 'Unpack',
  gradFunc: (dy, _saved, { axis }) => ({ value: () => tf.stack(parts(dy), axis as number) }),
};

/** The border repeats entries of x in the opposite order: `dx` is the inner part of dy, and the border's parts turned back onto it. */
const mirrorPad = gradient<{ paddings: [number, number][]; mode: 'reflect' | 'symmetric' }>(
  'MirrorPad',
  { inputs: ['x'] },
  (dy, [x], { paddings, mode }) => ({
    x: () => {
      // 'reflect' leaves out the edge itself.
      const edge = mode === 'reflect' ? 1 : 0;
      let g: tf.Tensor = dy;
      paddings.forEach(([left, right], axis) => {
        const n = x.shape[axis];
        const cut = (begin: number, size: number): tf.Tensor =>
          tf.slice(
            g,
            g.shape.map((_, i) => (i === axis ? begin : 0)),
            g.shape.map((whole, i) => (i === axis ? size : whole)),
          );
        const fold = (part: tf.Tensor, before: number): tf.Tensor =>
          tf.pad(
            tf.reverse(part, axis),
            g.shape.map((_, i) => (i === axis ? [before, n - before - part.shape[axis]] : [0, 0])),
          );
        let sum = cut(left, n);
        if (left > 0) sum = tf.add(sum, fold(cut(0, left), edge));
        if (right > 0) sum = tf.add(sum, fold(cut(left + n, right), n - edge - right));
        g = sum;
      });
      return g;
    },
  }),
);

interface Strided {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

/** Which entries of x are taken is what the op itself says of their places: `dx` has dy there, and 0 elsewhere. */
const stridedSlice = gradient<Strided>('StridedSlice', { inputs: ['x'] }, (dy, [x], attributes) => ({
  x: () => {
    if (dy.size === 0) return tf.zerosLike(x);
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    // The wasm backend gives the result of whole numbers out as real ones. Up to 2^24 these are exact.
    const isExact = x.size <= 2 ** 24;
    const taken = tf.stridedSlice(
      tf.reshape(tf.range(0, x.size, 1, isExact ? 'float32' : 'int32'), x.shape),
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    return tf.reshape(addRows(tf.reshape(dy, [-1]), tf.reshape(taken, [-1]), x.size), x.shape);
  },
}));

/** Mirroring is its own inverse. */
const flipLeftRight = gradient('FlipLeftRight', {}, (dy) => ({
  image: () => tf.image.flipLeftRight(dy as tf.Tensor4D),
}));

/** `Y[i, i] = x[i]`, with as many axes again for an x of several: `dx` is dy's diagonal. */
const diag = gradient('Diag', { inputs: ['x'] }, (dy, [x]) => ({
  x: () =>
    tf.reshape(
      tf.gather(
        tf.reshape(dy, [-1]),
        tf.mul(tf.range(0, x.size, 1, 'int32'), tf.scalar(x.size + 1, 'int32')),
      ),
      x.shape,
    ),
}));

/** Blocks of b·b entries come from channels and go back there. */
const depthToSpace = gradient<{ blockSize: number; dataFormat: 'NHWC' | 'NCHW' }>(
  'DepthToSpace',
  {},
  (dy, _saved, { blockSize: b, dataFormat }) => ({
    x: () => {
      if (dataFormat === 'NCHW') {
        const [n, c, h, w] = dy.shape;
        const apart = tf.reshape(dy, [n, c, h / b, b, w / b, b]);
        return tf.reshape(tf.transpose(apart, [0, 3, 5, 1, 2, 4]), [n, b * b * c, h / b, w / b]);
      }
      const [n, h, w, c] = dy.shape;
      const apart = tf.reshape(dy, [n, h / b, b, w / b, b, c]);
      return tf.reshape(tf.transpose(apart, [0, 1, 3, 2, 4, 5]), [n, h / b, w / b, b * b * c]);
    },
  }),
);

export const shapes: readonly Fix[] = [
  {
    id: 'tile',
    family,
    ops: ['tile', 'broadcastTo', 'image.grayscaleToRGB'],
    wrong: 'The gradient throws for tensors of no axis and of more than four.',
    gradients: [tile, broadcastTo],
  },
  {
    id: 'split-one-part',
    family,
    ops: ['split', 'unstack', 'linalg.gramSchmidt', 'linalg.bandPart'],
    wrong: 'The gradient throws where there is one part.',
    gradients: [splitV, unpack],
  },
  {
    id: 'mirrorPad',
    family,
    ops: ['mirrorPad'],
    wrong: 'The gradient leaves out what the mirrored border adds.',
    since: '2020-10',
    gradients: [mirrorPad],
  },
  {
    id: 'stridedSlice',
    family,
    ops: ['stridedSlice'],
    wrong: 'There is no gradient.',
    gradients: [stridedSlice],
  },
  {
    id: 'flipLeftRight',
    family,
    ops: ['image.flipLeftRight'],
    wrong: 'There is no gradient.',
    gradients: [flipLeftRight],
  },
  { id: 'diag', family, ops: ['diag'], wrong: 'There is no gradient.', gradients: [diag] },
  {
    id: 'depthToSpace',
    family,
    ops: ['depthToSpace'],
    wrong: 'There is no gradient.',
    gradients: [depthToSpace],
  },
];
