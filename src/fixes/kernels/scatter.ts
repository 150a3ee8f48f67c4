/** Updates at places. */
import type * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { replacement, tensorOn, valuesOf, type Replacement } from './call.js';

/** The cpu backend writes the updates into the tensor that it is given; here, into a copy. */
const update: Replacement = (call, stock) => {
  const tensor = call.inputs.tensor as tf.TensorInfo;
  const { disposeData } = call.backend as { disposeData(dataId: object): boolean };
  const copy = tensorOn(call.backend, tensor.shape, tensor.dtype, valuesOf(call.backend, tensor).slice());
  try {
    return stock({ ...call, inputs: { ...call.inputs, tensor: copy } });
  } finally {
    // The result has numbers of its own by now, or the copy's.
    disposeData.call(call.backend, copy.dataId);
  }
};

export const SCATTER_KERNELS: readonly Fix[] = [
  {
    id: 'scatter-update-in-place',
    family: 'kernels: entry by entry',
    ops: ['tensorScatterUpdate'],
    wrong: 'On cpu the tensor that is given is overwritten.',
    kernels: [replacement('cpu', 'TensorScatterUpdate', update)],
  },
];
