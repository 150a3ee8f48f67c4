/** Layers that give images of another size: as Keras has them, with pixels taken at their centres, in models too. */
import * as tf from '@tensorflow/tfjs';
import type { Wrap } from './class-methods.js';
import type { Fix } from './fix.js';
import { only, replacing } from './layer-class.js';

type Method = 'nearest' | 'bilinear';
type Images = tf.Tensor3D | tf.Tensor4D;

const sizeOfImages = ({ shape }: tf.Tensor): [rows: number, columns: number] => [
  shape[shape.length - 3],
  shape[shape.length - 2],
];

/** `height` rows and `width` columns from this row and this column on. */
const crop = (x: Images, top: number, left: number, height: number, width: number): Images =>
  tf.slice(
    x,
    [...(x.rank === 4 ? [0] : []), top, left, 0],
    [...(x.rank === 4 ? [-1] : []), height, width, -1],
  );

const resize = (x: Images, size: [number, number], method: Method = 'bilinear'): Images =>
  method === 'nearest'
    ? tf.image.resizeNearestNeighbor(x, size, false, true)
    : tf.image.resizeBilinear(x, size, false, true);

/**
 * The largest part in the middle with the sides' ratio of the size, in this size: Keras' `smart_resize`.
 *
 * @throws Error where an image has no pixel of such a part
 */
function resizeKeepingRatio(x: Images, [height, width]: [number, number], method?: Method): Images {
  const [rows, columns] = sizeOfImages(x);
  const keptRows = Math.min(rows, Math.floor((columns * height) / width));
  const keptColumns = Math.min(columns, Math.floor((rows * width) / height));
  if (keptRows === 0 || keptColumns === 0) {
    throw new Error(
      `resize: an image of ${rows}×${columns} has no part with the sides' ratio of ${height}×${width}. Give a larger image, or one of more alike sides.`,
    );
  }
  const top = Math.floor((rows - keptRows) / 2);
  const left = Math.floor((columns - keptColumns) / 2);
  return resize(crop(x, top, left, keptRows, keptColumns), [height, width], method);
}

/** The shape of a batch, or of one image, with other sides. */
function resizedShape(shape: tf.Shape, height: number | null, width: number | null): tf.Shape {
  const result = [...shape];
  result.splice(-3, 2, height, width);
  return result;
}

interface Sized extends tf.layers.Layer {
  height: number;
  width: number;
}

/** Of a layer with a height and a width. The given shape stays as it is. */
const sizedShape: Wrap = () =>
  function (this: Sized, inputShape: tf.Shape) {
    return resizedShape(inputShape, this.height, this.width);
  };

interface Resizing extends Sized {
  interpolation: Method;
  cropToAspectRatio: boolean;
}

const resizing = replacing('resizing-layer', 'Resizing', {
  call: () =>
    function (this: Resizing, inputs: tf.Tensor | tf.Tensor[]) {
      const { height, width, interpolation, cropToAspectRatio } = this;
      return tf.tidy(() =>
        (cropToAspectRatio ? resizeKeepingRatio : resize)(only(inputs), [height, width], interpolation),
      );
    },
  computeOutputShape: sizedShape,
});

const centerCrop = replacing('center-crop-layer', 'CenterCrop', {
  /** The part in the middle; of images that are smaller, what has its sides' ratio, enlarged. */
  call: () =>
    function (this: Sized, inputs: tf.Tensor | tf.Tensor[]) {
      const { height, width } = this;
      const x = only(inputs);
      return tf.tidy(() => {
        const [rows, columns] = sizeOfImages(x);
        if (rows < height || columns < width) return tf.cast(resizeKeepingRatio(x, [height, width]), x.dtype);
        return crop(x, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), height, width);
      });
    },
  computeOutputShape: sizedShape,
});

interface RandomWidth extends tf.layers.Layer {
  widthLower: number;
  widthUpper: number;
  interpolation: Method;
  randomGenerator: { next(): number };
}

const randomWidth = replacing('random-width-layer', 'RandomWidth', {
  /** `columns · (1 + a random number between the factors)` columns; as many as before where training is false. */
  call: () =>
    function (this: RandomWidth, inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }) {
      const { widthLower, widthUpper, interpolation, randomGenerator } = this;
      return tf.tidy(() => {
        const x = only(inputs);
        if (kwargs?.training === false) return tf.clone(x);
        const [rows, columns] = sizeOfImages(x);
        const seed = randomGenerator.next();
        const factor = tf.randomUniform([1], 1 + widthLower, 1 + widthUpper, 'float32', seed);
        return resize(x, [rows, Math.round(factor.dataSync()[0] * columns)], interpolation);
      });
    },
  /** The width is not known before. */
  computeOutputShape: () =>
    function (this: tf.layers.Layer, inputShape: tf.Shape) {
      return resizedShape(inputShape, inputShape[inputShape.length - 3], null);
    },
});

export const IMAGE_LAYER_FIXES: readonly Fix[] = [
  {
    id: 'resizing-layer',
    family: 'layers',
    ops: ['layers.resizing'],
    wrong:
      "It throws in a model, its output shape has no batch, pixels are taken at their corners, where Keras takes them at their centres, and cropToAspectRatio doesn't crop.",
    engine: resizing,
  },
  {
    id: 'center-crop-layer',
    family: 'layers',
    ops: ['layers.centerCrop'],
    wrong:
      'The part begins a column too late where one column is left out, and elsewhere it is sampled, which takes some rows and columns twice; images that are smaller throw in a model.',
    engine: centerCrop,
  },
  {
    id: 'random-width-layer',
    family: 'layers',
    ops: ['layers.randomWidth'],
    wrong:
      'It throws in a model, pixels are taken at their corners, where Keras takes them at their centres, and the width changes where training is false too.',
    engine: randomWidth,
  },
];
