/** The list of what is mended, family by family. */
import type { Fix } from './fix.js';
import { KERNEL_FIXES } from './kernels/index.js';
import { applyTapeOrder, isTapeOrdered, removeTapeOrder } from './tape-order.js';

const tapeOrder: Fix = {
  id: 'tape-order',
  family: 'engine',
  ops: ['grad', 'grads', 'valueAndGrad', 'valueAndGrads', 'variableGrads'],
  wrong:
    'Derivatives of second and higher order through an op that saves its output (exp, sigmoid, tanh, softmax, …) are wrong, or throw.',
  upstream: 'https://github.com/tensorflow/tfjs/issues/3252',
  engine: { apply: applyTapeOrder, remove: removeTapeOrder, isApplied: isTapeOrdered },
};

/** Everything that is mended. */
export const FIXES: readonly Fix[] = [tapeOrder, ...KERNEL_FIXES];
