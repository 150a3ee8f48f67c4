/** Layers whose values are not Keras': methods of TensorFlow.js' layer classes that take others' place. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from './fix.js';
import { only, replacing } from './layer-class.js';

interface DepthwiseConv2D extends tf.layers.Layer {
  depthwiseKernel: tf.LayerVariable;
  bias: tf.LayerVariable | null;
  strides: [number, number];
  padding: 'same' | 'valid';
  dataFormat: 'channelsFirst' | 'channelsLast';
  dilationRate: [number, number];
  kernelSize: [number, number];
  activation: { apply(x: tf.Tensor): tf.Tensor } | null;
}

const isDilated = ({ dilationRate }: DepthwiseConv2D): boolean => dilationRate.some((rate) => rate !== 1);

const depthwise = replacing('depthwise-layer-dilation', 'DepthwiseConv2D', {
  /** `activation(depthwise convolution of x with the filter, dilated, + bias)`. */
  call: (own) =>
    function (this: tf.layers.Layer, inputs: tf.Tensor | tf.Tensor[], kwargs: object) {
      const layer = this as DepthwiseConv2D;
      if (!isDilated(layer)) return own.call(this, inputs, kwargs);
      const { depthwiseKernel, bias, strides, padding, dataFormat, dilationRate, activation } = layer;
      const isFirst = dataFormat === 'channelsFirst';
      return tf.tidy(() => {
        const x = isFirst ? tf.transpose(only(inputs), [0, 2, 3, 1]) : only(inputs);
        const filter = depthwiseKernel.read() as tf.Tensor4D;
        let y: tf.Tensor = tf.depthwiseConv2d(x, filter, strides, padding, 'NHWC', dilationRate);
        if (bias) y = tf.add(y, bias.read());
        if (isFirst) y = tf.transpose(y, [0, 3, 1, 2]);
        return activation ? activation.apply(y) : y;
      });
    },
  /** As of a window that reaches as far as the dilated one. */
  computeOutputShape: (own) =>
    function (this: tf.layers.Layer, inputShape: tf.Shape) {
      const layer = this as DepthwiseConv2D;
      const { kernelSize, dilationRate } = layer;
      const reach = kernelSize.map((size, axis) => (size - 1) * dilationRate[axis] + 1);
      return own.call(Object.create(layer, { kernelSize: { value: reach } }) as tf.layers.Layer, inputShape);
    },
});

interface UpSampling2D extends tf.layers.Layer {
  size: [number, number];
  dataFormat: 'channelsFirst' | 'channelsLast';
  interpolation: 'nearest' | 'bilinear';
}

const upSampling = replacing('upsampling-layer-bilinear', 'UpSampling2D', {
  /** Images of another size, each pixel taken at its centre. */
  call: (own) =>
    function (this: tf.layers.Layer, inputs: tf.Tensor | tf.Tensor[], kwargs: object) {
      const { size, dataFormat, interpolation } = this as UpSampling2D;
      if (interpolation !== 'bilinear') return own.call(this, inputs, kwargs);
      return tf.tidy(() => {
        const isFirst = dataFormat === 'channelsFirst';
        const x = isFirst ? tf.transpose(only(inputs), [0, 2, 3, 1]) : only(inputs);
        const y = tf.image.resizeBilinear(x, [size[0] * x.shape[1], size[1] * x.shape[2]], false, true);
        return isFirst ? tf.transpose(y, [0, 3, 1, 2]) : y;
      });
    },
});

interface BatchNormalization extends tf.layers.Layer {
  gamma?: Pick<tf.LayerVariable, 'read'>;
  beta?: Pick<tf.LayerVariable, 'read'>;
  movingMean: tf.LayerVariable;
}

const batchNormalization = replacing('batch-normalization-layer', 'BatchNormalization', {
  /** In training, a scale of 1 and an offset of 0 where the layer has none. */
  call: (own) =>
    function (this: tf.layers.Layer, inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }) {
      const layer = this as BatchNormalization;
      const isWhole = layer.gamma !== undefined && layer.beta !== undefined;
      if (!kwargs.training || isWhole) return own.call(this, inputs, kwargs);
      const { gamma, beta, movingMean } = layer;
      const { shape } = movingMean;
      try {
        layer.gamma ??= { read: () => tf.ones(shape as number[]) };
        layer.beta ??= { read: () => tf.zeros(shape as number[]) };
        return own.call(this, inputs, kwargs);
      } finally {
        if (!gamma) delete layer.gamma;
        if (!beta) delete layer.beta;
      }
    },
});

interface Concatenate extends tf.layers.Layer {
  axis: number;
}

const concatenate = replacing('concatenate-layer-axis', 'Concatenate', {
  /** Along an axis that is counted from the end as along the same one counted from the beginning. */
  mergeFunction: (own) =>
    function (this: tf.layers.Layer, inputs: tf.Tensor[]) {
      const { axis } = this as Concatenate;
      if (axis >= 0) return own.call(this, inputs);
      return own.call(
        Object.create(this, { axis: { value: axis + inputs[0].rank } }) as tf.layers.Layer,
        inputs,
      );
    },
});

export const LAYER_FIXES: readonly Fix[] = [
  {
    id: 'depthwise-layer-dilation',
    family: 'layers',
    ops: ['layers.depthwiseConv2d'],
    wrong: 'dilationRate is not looked at.',
    engine: depthwise,
  },
  {
    id: 'upsampling-layer-bilinear',
    family: 'layers',
    ops: ['layers.upSampling2d'],
    wrong: 'Bilinear interpolation takes pixels at their corners, where Keras takes them at their centres.',
    engine: upSampling,
  },
  {
    id: 'batch-normalization-layer',
    family: 'layers',
    ops: ['layers.batchNormalization'],
    wrong: "In training, without scale or centre, it throws “reading 'read'”.",
    upstream: 'https://github.com/tensorflow/tfjs/issues/2868',
    engine: batchNormalization,
  },
  {
    id: 'concatenate-layer-axis',
    family: 'layers',
    ops: ['layers.concatenate'],
    wrong: 'Every negative axis is taken for the last one.',
    engine: concatenate,
  },
];
