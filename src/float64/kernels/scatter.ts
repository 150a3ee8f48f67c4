/** Updates of parts of a tensor. The cpu kernel writes them into the tensor that it is given. */
import * as tf from '@tensorflow/tfjs';
import { kernel } from './kernel.js';

interface TensorScatterUpdateInputs {
  tensor: tf.TensorInfo;
  indices: tf.TensorInfo;
  updates: tf.TensorInfo;
}

/** `y = tensor`, but `y[indices_n] = updates_n`; of several updates of one place the last one counts. */
const tensorScatterUpdate = kernel<TensorScatterUpdateInputs>(({ tensor, indices, updates }, _, backend) => {
  const numbers = (info: tf.TensorInfo): ArrayLike<number> =>
    backend.data.get(info.dataId).values as ArrayLike<number>;
  const { sliceRank, numUpdates, sliceSize, strides, outputSize } = tf.backend_util.calculateShapes(
    updates,
    indices,
    tensor.shape,
  );
  const values = (numbers(tensor) as Float64Array).slice();
  const [places, from] = [numbers(indices), numbers(updates)];
  for (let update = 0; update < numUpdates; update++) {
    const index = Array.from({ length: sliceRank }, (_entry, axis) => places[update * sliceRank + axis]);
    const start = index.reduce((sum, at, axis) => sum + at * strides[axis], 0);
    if (start < 0 || start >= outputSize / sliceSize) {
      throw new Error(`Invalid indices: ${index.join(',')} does not index into ${tensor.shape.join(',')}`);
    }
    for (let k = 0; k < sliceSize; k++) values[start * sliceSize + k] = from[update * sliceSize + k];
  }
  return backend.makeTensorInfo(tensor.shape, tensor.dtype, values);
});

export const scatterKernels: Readonly<Record<string, tf.KernelFunc>> = {
  TensorScatterUpdate: tensorScatterUpdate,
};
