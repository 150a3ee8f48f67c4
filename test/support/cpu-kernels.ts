/** The double-precision backend with the cpu backend's kernels where it has its own. */
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../src/float64/in-float64.js';

const BACKEND = 'float64';

/** Runs `f` in double precision with the cpu backend's kernels of these names. */
export function withCpuKernels<T>(names: readonly string[], f: () => T): T {
  // Registers all kernels, where none has run yet.
  inFloat64(() => {});
  const own = names.map((name) => tf.getKernel(name, BACKEND));
  try {
    own.forEach((config) => {
      replace({ ...tf.getKernel(config.kernelName, 'cpu'), backendName: BACKEND });
    });
    return inFloat64(f);
  } finally {
    own.forEach(replace);
  }
}

function replace(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}
