/** Layers of tf.layers whose own arithmetic is wrong. Their classes belong to the copy of TensorFlow.js that this package imports. */
import * as tf from '@tensorflow/tfjs';
import type { EngineChange, Fix } from './fix.js';

type Call = (
  this: Record<string, unknown>,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: Record<string, unknown>,
) => tf.Tensor | tf.Tensor[];

interface LayerClass {
  prototype: { call: Call };
}

const beforeKey = Symbol.for('gradparity.fixes.layer');

type Replaced = Call & { [beforeKey]?: Call };

/** A layer's class, by the name it is saved by. */
function layerClass(name: string): LayerClass {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  return classNameMap[name][0] as unknown as LayerClass;
}

/** Another `call` for a layer. */
function layerCall(name: string, make: (before: Call) => Call): EngineChange {
  const current = (): Replaced => layerClass(name).prototype.call;
  return {
    isApplied: () => current()[beforeKey] !== undefined,
    apply: () => {
      const before = current();
      if (before[beforeKey]) return;
      const call: Replaced = make(before);
      call[beforeKey] = before;
      layerClass(name).prototype.call = call;
    },
    remove: () => {
      const before = current()[beforeKey];
      if (before) layerClass(name).prototype.call = before;
    },
  };
}

/** In training it reads the scale and the centre that it was told not to have; batchNorm takes neither. */
const batchNormalization = layerCall(
  'BatchNormalization',
  (before) =>
    function (inputs, kwargs) {
      const missing = ['gamma', 'beta'].filter((name) => this[name] == null);
      if (kwargs.training !== true || missing.length === 0) return before.call(this, inputs, kwargs);
      const own = missing.map((name) => this[name]);
      const none = { read: () => null };
      for (const name of missing) this[name] = none;
      try {
        return before.call(this, inputs, kwargs);
      } finally {
        missing.forEach((name, i) => (this[name] = own[i]));
      }
    },
);

interface Depthwise {
  dilationRate?: number | number[];
  depthwiseKernel: { read(): tf.Tensor4D; shape: number[] };
}

/** The filter with zeros between its entries, which is a dilated one. */
function spread(filter: tf.Tensor4D, rates: readonly [number, number]): tf.Tensor4D {
  const [h, w, c, m] = filter.shape;
  const [r, s] = rates;
  const apart = tf.reshape(filter, [h, 1, w, 1, c * m]);
  const padded = tf.pad(apart, [[0, 0], [0, r - 1], [0, 0], [0, s - 1], [0, 0]]);
  const long = tf.reshape(padded, [h * r, w * s, c, m]);
  return tf.slice(long, [0, 0, 0, 0], [(h - 1) * r + 1, (w - 1) * s + 1, c, m]) as tf.Tensor4D;
}

/** It forgets the dilation. A dilated filter is a larger one with zeros between its entries. */
const depthwiseConv2d = layerCall(
  'DepthwiseConv2D',
  (before) =>
    function (inputs, kwargs) {
      const layer = this as unknown as Depthwise;
      const rate = layer.dilationRate ?? 1;
      const rates = (typeof rate === 'number' ? [rate, rate] : rate.length === 1 ? [rate[0], rate[0]] : rate) as [number, number];
      if (rates.every((one) => one === 1)) return before.call(this, inputs, kwargs);
      const { depthwiseKernel } = layer;
      return tf.tidy(() => {
        layer.depthwiseKernel = Object.assign(Object.create(depthwiseKernel) as typeof depthwiseKernel, {
          read: () => spread(depthwiseKernel.read(), rates),
        });
        try {
          return before.call(this, inputs, kwargs);
        } finally {
          layer.depthwiseKernel = depthwiseKernel;
        }
      });
    },
);

/** Between pixels, Keras measures from their centres. */
const upSampling2d = layerCall(
  'UpSampling2D',
  (before) =>
    function (inputs, kwargs) {
      const { interpolation, size, dataFormat } = this as unknown as {
        interpolation: string;
        size: number[];
        dataFormat: string;
      };
      if (interpolation === 'nearest') return before.call(this, inputs, kwargs);
      return tf.tidy(() => {
        const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
        const isFirst = dataFormat === 'channelsFirst';
        const images = isFirst ? tf.transpose(x, [0, 2, 3, 1]) : x;
        const [, height, width] = images.shape;
        const resized = tf.image.resizeBilinear(images, [size[0] * height, size[1] * width], false, true);
        return isFirst ? tf.transpose(resized, [0, 3, 1, 2]) : resized;
      });
    },
);

const family = 'layers';

export const layers: readonly Fix[] = [
  {
    id: 'layers.batchNormalization',
    family,
    ops: ['layers.batchNormalization'],
    wrong: 'Training throws without scale or centre.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/2868',
    engine: batchNormalization,
  },
  {
    id: 'layers.depthwiseConv2d',
    family,
    ops: ['layers.depthwiseConv2d'],
    wrong: 'The dilation is ignored.',
    engine: depthwiseConv2d,
  },
  {
    id: 'layers.upSampling2d',
    family,
    ops: ['layers.upSampling2d'],
    wrong: 'Bilinear interpolation measures from the pixels’ corners, where Keras does from their centres.',
    engine: upSampling2d,
  },
];
