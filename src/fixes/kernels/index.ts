/** Right kernels, family by family. */
import type { Fix } from '../fix.js';
import { COMPLEX_KERNELS } from './complex.js';
import { CONVOLUTION_KERNELS } from './convolutions.js';
import { ENTRY_KERNELS } from './entries.js';
import { IMAGE_KERNELS } from './images.js';
import { MISSING_KERNELS } from './missing.js';
import { NATIVE_KERNELS } from './native.js';
import { POOL_KERNELS } from './pools.js';
import { PRODUCT_KERNELS } from './products.js';
import { ROW_KERNELS } from './rows.js';
import { SCATTER_KERNELS } from './scatter.js';
import { SHADER_KERNELS } from './shaders.js';

export const KERNEL_FIXES: readonly Fix[] = [
  ...CONVOLUTION_KERNELS,
  ...POOL_KERNELS,
  ...NATIVE_KERNELS,
  ...PRODUCT_KERNELS,
  ...ROW_KERNELS,
  ...SCATTER_KERNELS,
  ...IMAGE_KERNELS,
  ...ENTRY_KERNELS,
  ...SHADER_KERNELS,
  ...COMPLEX_KERNELS,
  ...MISSING_KERNELS,
];
