/** Ops that take entries from places, or put them there, which whole numbers name: sparse and ragged tensors too. */
import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../shapes.js';
import { engine } from '../engine-methods.js';
import type { Fix } from '../fix.js';
import { addRows, axesOf, float, gradient, stockGradient, sumTo, zeros } from './support.js';

const family = 'indexing';

/** Whole numbers as TensorFlow.js' kernels want them. */
const whole = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'int32');

/** Places [n, k] among the first k axes as numbers of rows, and how many rows there are. */
function rowsAt(places: tf.Tensor, shape: readonly number[]): { rows: tf.Tensor; count: number } {
  const k = places.shape[places.rank - 1];
  const lengths = shape.slice(0, k);
  const steps = lengths.map((_, i) => sizeOf(lengths.slice(i + 1)));
  const flat = tf.reshape(places, [-1, k]);
  const rows =
    k === 0
      ? tf.zeros([flat.shape[0]], 'int32')
      : tf.sum(tf.mul(flat, tf.tensor2d([steps], [1, k], 'int32')), 1);
  return { rows: whole(rows), count: sizeOf(lengths) };
}

/** `y[b, o, i, n] = x[b, o, ids[b, i], n]`. TensorFlow.js' gradient knows one axis of batches at most. */
const gather = gradient<{ axis: number; batchDims: number }>(
  'GatherV2',
  { inputs: ['x', 'indices'] },
  (dy, [x, indices], attributes) => ({
    x: () => {
      const axis = axesOf(attributes.axis, x.shape)[0];
      const batchDims = attributes.batchDims < 0 ? attributes.batchDims + indices.rank : attributes.batchDims;
      if (batchDims <= 1)
        return stockGradient('GatherV2', dy, [x, indices], { ...attributes, axis, batchDims }).x();
      const n = x.shape[axis];
      const [batch, outer, inner] = [
        x.shape.slice(0, batchDims),
        x.shape.slice(batchDims, axis),
        x.shape.slice(axis + 1),
      ].map(sizeOf);
      const taken = indices.size / batch;
      const starts = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(n, 'int32'));
      const rows = tf.add(tf.reshape(indices, [batch, taken]), tf.reshape(starts, [batch, 1]));
      const apart = tf.transpose(tf.reshape(dy, [batch, outer, taken, inner]), [0, 2, 1, 3]);
      const sums = addRows(
        tf.reshape(apart, [batch * taken, outer * inner]),
        tf.reshape(whole(rows), [-1]),
        batch * n,
      );
      return tf.reshape(tf.transpose(tf.reshape(sums, [batch, n, outer, inner]), [0, 2, 1, 3]), x.shape);
    },
    indices: zeros(indices.shape),
  }),
);

/** `y[i] = x[places_i]`, so that `dx` has each dy_i added up at its place. */
const gatherNd = gradient('GatherNd', { inputs: ['params', 'indices'] }, (dy, [x, places]) => ({
  params: () => {
    const { rows, count } = rowsAt(places, x.shape);
    return tf.reshape(addRows(tf.reshape(dy, [rows.size, x.size / count]), rows, count), x.shape);
  },
  indices: zeros(places.shape),
}));

/** The other way round: updates are added up at their places, and each has the derivative of its place. */
const scatterNd = gradient('ScatterNd', { inputs: ['indices', 'updates'] }, (dy, [places, updates]) => ({
  indices: zeros(places.shape),
  updates: () => tf.reshape(tf.gatherND(dy, places), updates.shape),
}));

/** Updates take the place of what was there. Of two for one place the last counts, as far as that is told. */
const tensorScatterUpdate = gradient(
  'TensorScatterUpdate',
  { inputs: ['indices', 'updates'] },
  (dy, [places, updates]) => ({
    tensor: () => {
      const isTaken = tf.scatterND(places, tf.ones(updates.shape), dy.shape);
      return tf.mul(dy, float(tf.equal(isTaken, 0)));
    },
    indices: zeros(places.shape),
    updates: () => tf.reshape(tf.gatherND(dy, places), updates.shape),
  }),
);

/** Places of rank 0, 1 or 2, as [n, k]. */
const asMatrix = (places: tf.Tensor): tf.Tensor =>
  tf.reshape(places, [-1, places.rank < 2 ? 1 : Number(places.shape[1])]);

/** Values at places, and everywhere else the default. */
const sparseToDense = gradient(
  'SparseToDense',
  { inputs: ['sparseIndices', 'sparseValues'] },
  (dy, [places, values]) => ({
    sparseIndices: zeros(places.shape),
    sparseValues: () => sumTo(tf.gatherND(dy, asMatrix(places)), values.shape),
    defaultValue: () => {
      const at = asMatrix(places);
      const isTaken = tf.scatterND(at, tf.ones([at.shape[0]]), dy.shape);
      return tf.sum(tf.mul(dy, float(tf.equal(isTaken, 0))));
    },
  }),
);

/** `y_s = Σ_{i: s_i = s} x[ids_i]`, or their mean. */
const segments = (kernelName: string, isMean: boolean): tf.GradConfig =>
  gradient(kernelName, { inputs: ['data', 'indices', 'segmentIds'] }, (dy, [x, places, ids]) => ({
    data: () => {
      let g = tf.gather(dy, whole(ids));
      if (isMean) {
        const counts = addRows(tf.ones(ids.shape), whole(ids), dy.shape[0]);
        const each = tf.reshape(tf.gather(counts, whole(ids)), [ids.size, ...x.shape.slice(1).map(() => 1)]);
        g = tf.div(g, each);
      }
      return addRows(g, whole(places), x.shape[0]);
    },
    indices: zeros(places.shape),
    segmentIds: zeros(ids.shape),
  }));

/** Empty rows get the default; the op says where each value went. */
const sparseFillEmptyRows: tf.GradConfig = {
  kernelName: 'SparseFillEmptyRows',
  inputsToSave: ['indices', 'denseShape'],
  outputsToSave: [false, false, false, true],
  gradFunc: (dys, [places, shape, wentTo]) => {
    const dy = (dys as tf.Tensor[])[1];
    const ofValues = (): tf.Tensor => tf.gather(dy, whole(wentTo));
    return {
      indices: zeros(places.shape),
      denseShape: zeros(shape.shape),
      values: ofValues,
      defaultValue: () => tf.sub(tf.sum(dy), tf.sum(ofValues())),
    };
  },
};

/** Rows of the values are taken whole: which ones is what the op itself says of their numbers. */
const raggedGather: tf.GradConfig = {
  kernelName: 'RaggedGather',
  inputsToSave: ['paramsDenseValues', 'indices', 'paramsNestedSplits'],
  gradFunc: (dys, [values, indices, ...paramsNestedSplits], attributes) => ({
    paramsDenseValues: () => {
      const count = values.shape[0];
      const paramsDenseValues = tf.range(0, count, 1, 'int32');
      const outputs = engine().runKernel(
        'RaggedGather',
        { paramsNestedSplits, paramsDenseValues, indices },
        attributes,
      ) as tf.Tensor[];
      return addRows((dys as tf.Tensor[]).at(-1) as tf.Tensor, whole(outputs.at(-1) as tf.Tensor), count);
    },
    indices: zeros(indices.shape),
  }),
};

/** As above, with numbers from 1, and 0 where the default stands. */
const raggedTensorToTensor: tf.GradConfig = {
  kernelName: 'RaggedTensorToTensor',
  inputsToSave: ['shape', 'values', 'defaultValue', 'rowPartitionTensors'],
  gradFunc: (dys, [shape, values, defaultValue, ...rowPartitionTensors], attributes) => {
    const dy = Array.isArray(dys) ? dys[0] : dys;
    const count = values.shape[0];
    const numbers = (): tf.Tensor =>
      engine().runKernel(
        'RaggedTensorToTensor',
        {
          shape: tf.slice(shape, [0], [shape.size - (values.rank - 1)]),
          values: tf.range(1, count + 1, 1, 'float32'),
          defaultValue: tf.scalar(0),
          rowPartitionTensors,
        },
        attributes,
      ) as tf.Tensor;
    return {
      shape: zeros(shape.shape),
      values: () => {
        const at = tf.reshape(numbers(), [-1]);
        const rows = tf.reshape(dy, [at.size, ...values.shape.slice(1)]);
        return addRows(rows, whole(tf.sub(at, 1)), count);
      },
      defaultValue: () => {
        const at = numbers();
        const isDefault = tf.reshape(float(tf.equal(at, 0)), [
          ...at.shape,
          ...values.shape.slice(1).map(() => 1),
        ]);
        return sumTo(tf.mul(dy, isDefault), defaultValue.shape);
      },
    };
  },
};

/** Equal entries have equal shares of what becomes of them, since they have to move together to stay equal. */
const unique: tf.GradConfig = {
  kernelName: 'Unique',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, [x, ids], attributes) => ({
    x: () => {
      const dy = (dys as tf.Tensor[])[0];
      const { axis } = attributes as { axis?: number };
      const along = axesOf(axis ?? 0, x.shape)[0];
      const counts = addRows(tf.ones(ids.shape), whole(ids), dy.shape[along]);
      const each = tf.reshape(
        tf.gather(counts, whole(ids)),
        x.shape.map((size, i) => (i === along ? size : 1)),
      );
      return tf.div(tf.gather(dy, whole(ids), along), each);
    },
  }),
};

const missing = 'There is no gradient.';

export const indexing: readonly Fix[] = [
  {
    id: 'gather-batches',
    family,
    ops: ['gather'],
    wrong:
      'The gradient throws for more than one axis of batches, and where the places depend on what is differentiated by.',
    gradients: [gather],
  },
  {
    id: 'gatherND',
    family,
    ops: ['gatherND'],
    wrong: missing,
    upstream: 'https://github.com/tensorflow/tfjs/issues/1795',
    gradients: [gatherNd],
  },
  { id: 'scatterND', family, ops: ['scatterND'], wrong: missing, gradients: [scatterNd] },
  {
    id: 'tensorScatterUpdate',
    family,
    ops: ['tensorScatterUpdate'],
    wrong: missing,
    since: '2023-01',
    gradients: [tensorScatterUpdate],
  },
  { id: 'sparseToDense', family, ops: ['sparseToDense'], wrong: missing, gradients: [sparseToDense] },
  {
    id: 'sparse-segments',
    family,
    ops: ['sparse.sparseSegmentSum', 'sparse.sparseSegmentMean'],
    wrong: missing,
    since: '2021-05',
    gradients: [segments('SparseSegmentSum', false), segments('SparseSegmentMean', true)],
  },
  {
    id: 'sparseFillEmptyRows',
    family,
    ops: ['sparse.sparseFillEmptyRows'],
    wrong: missing,
    since: '2021-04',
    gradients: [sparseFillEmptyRows],
  },
  {
    id: 'ragged',
    family,
    ops: ['raggedGather', 'raggedTensorToTensor'],
    wrong: missing,
    since: '2022-08',
    gradients: [raggedGather, raggedTensorToTensor],
  },
  { id: 'unique', family, ops: ['unique'], wrong: missing, since: '2020-10', gradients: [unique] },
];
