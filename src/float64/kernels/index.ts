/**
 * The double-precision backend's own kernels: instead of cpu kernels that are wrong, that are written for float32 and would answer
 * in single precision however they are run, or that are slow. All others are the cpu backend's, on Float64Arrays.
 */
import type * as tf from '@tensorflow/tfjs';
import { convolutionKernels } from './convolution.js';
import { einsumKernels } from './einsum.js';
import { elementwiseKernels } from './elementwise.js';
import { fourierKernels } from './fourier.js';
import { matmulKernels } from './matmul.js';
import { normalisationKernels } from './normalisation.js';
import { placeKernels } from './places.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reductions.js';
import { resizeKernels } from './resize.js';
import { scatterKernels } from './scatter.js';
import { sequenceKernels } from './sequences.js';

export const doubleKernels: Readonly<Record<string, tf.KernelFunc | undefined>> = {
  ...placeKernels,
  ...elementwiseKernels,
  ...matmulKernels,
  ...einsumKernels,
  ...convolutionKernels,
  ...poolingKernels,
  ...resizeKernels,
  ...reductionKernels,
  ...normalisationKernels,
  ...fourierKernels,
  ...scatterKernels,
  ...sequenceKernels,
};
