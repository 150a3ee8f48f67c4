/** Kernels of images: resized, moved and turned. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { inDoubles, onCpu, replacement, replacements, type Replacement } from './call.js';

interface ResizeAttributes {
  alignCorners?: boolean;
  halfPixelCenters?: boolean;
}

/** The gradient as it is, whose shape the cpu kernel tells with height and width exchanged; none of the kernels looks at halfPixelCenters. */
const bilinearGradient =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { images } = call.inputs as { images: tf.TensorInfo };
    const { alignCorners, halfPixelCenters } = call.attrs as ResizeAttributes;
    // A row or a column of one pixel makes webgl's shader divide by 0.
    const isOne = images.shape[1] === 1 || images.shape[2] === 1;
    if (halfPixelCenters || (backendName === 'webgl' && alignCorners && isOne))
      return inDoubles('ResizeBilinearGrad')(call);
    const result = stock(call) as tf.TensorInfo;
    return backendName === 'cpu' ? { ...result, shape: [...images.shape] } : result;
  };

/** The cpu kernel reads dy as if it were as large as the images, and never ends where corners are aligned in one row or column. */
const nearestGradient =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { images } = call.inputs as { images: tf.TensorInfo };
    const { alignCorners, halfPixelCenters } = call.attrs as ResizeAttributes;
    const isRight =
      !halfPixelCenters &&
      !(alignCorners && backendName !== 'tensorflow') &&
      !(backendName === 'cpu' && images.shape[0] > 1);
    return isRight ? stock(call) : inDoubles('ResizeNearestNeighborGrad')(call);
  };

/** The cpu kernel moves the first image of a batch alone, wasm's goes another way where pixels outside are mirrored or repeated. */
const transform =
  (backendName: string): Replacement =>
  (call, stock) => {
    const { image } = call.inputs as { image: tf.TensorInfo };
    const { fillMode } = call.attrs as { fillMode: string };
    const isRight =
      backendName === 'cpu' ? image.shape[0] === 1 : fillMode === 'constant' || fillMode === 'nearest';
    return isRight ? stock(call) : inDoubles('Transform')(call);
  };

export const IMAGE_KERNELS: readonly Fix[] = [
  {
    id: 'resize-gradients',
    family: 'kernels: images',
    ops: ['image.resizeBilinear', 'image.resizeNearestNeighbor', 'layers.upSampling2d'],
    wrong:
      'On cpu the bilinear gradient has height and width exchanged, and the nearest one is right for the first image alone and never ends where corners are aligned in a row or a column of one pixel. No backend looks at halfPixelCenters, and webgl throws where corners are aligned in a row or a column of one pixel.',
    kernels: [
      ...replacements(['cpu', 'wasm', 'tensorflow', 'webgl'], ['ResizeBilinearGrad'], bilinearGradient),
      ...replacements(['cpu', 'wasm', 'tensorflow', 'webgl'], ['ResizeNearestNeighborGrad'], nearestGradient),
    ],
  },
  {
    id: 'transform-kernel',
    family: 'kernels: images',
    ops: ['image.transform'],
    wrong:
      "On cpu all images of a batch but the first are lost; on wasm the fill modes 'reflect' and 'wrap' go astray.",
    kernels: replacements(['cpu', 'wasm'], ['Transform'], transform),
  },
  {
    id: 'rotate-on-wasm',
    family: 'kernels: images',
    ops: ['image.rotateWithOffset'],
    wrong:
      'A fill value that is no whole number is rounded, and so are the coordinates, to the next pixel at right angles.',
    kernels: [replacement('wasm', 'RotateWithOffset', onCpu('RotateWithOffset'))],
  },
];
