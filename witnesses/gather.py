"""What takes indices."""

import numpy as np
import tensorflow as tf

from tensors import NoWitness, confirmed, dtype_of, ints, now, real, tensor


def sparse_to_dense(sparseIndices, sparseValues, outputShape, defaultValue=0):
    indices, values = ints(sparseIndices), tensor(sparseValues)
    if indices.shape.rank < 2:
        indices = tf.reshape(indices, [-1, 1])
    if len(np.unique(indices.numpy(), axis=0)) < len(indices):
        raise NoWitness("an index appears twice")
    values = tf.broadcast_to(values, [indices.shape[0]])
    default = tf.cast(tensor(defaultValue), values.dtype)
    dense = tf.tensor_scatter_nd_update(tf.broadcast_to(default, outputShape), indices, values)
    return confirmed(dense, lambda: tf.raw_ops.SparseToDense(
        sparse_indices=indices, output_shape=outputShape, sparse_values=values, default_value=default,
        validate_indices=False,
    ))


def tensor_scatter_update(x, indices, updates):
    indices = ints(indices)
    flat = indices.numpy().reshape(-1, indices.shape[-1])
    if len(np.unique(flat, axis=0)) < len(flat):
        raise NoWitness("an index appears twice")
    return tf.tensor_scatter_nd_update(tensor(x), indices, tensor(updates))


def topk(x, k=1, sorted=True):
    if not sorted and k > 1:
        raise NoWitness("what is not sorted comes in any order")
    values, indices = tf.math.top_k(tensor(x), k, sorted)
    return {"values": values, "indices": indices}


def one_hot(indices, depth, onValue=1, offValue=0, dtype="int32"):
    kind = dtype_of(dtype)
    return tf.one_hot(ints(indices), depth, tf.cast(onValue, kind), tf.cast(offValue, kind))


def segments(own, function):
    def compute(data, indices, segmentIds):
        data, indices, ids = real(data), ints(indices), ints(segmentIds)
        return confirmed(function(tf.gather(data, indices), ids), lambda: own(data, indices, ids))

    return compute


def bincount(x, weights, size, binaryOutput=False):
    x, weights = ints(x), real(weights)
    if binaryOutput or 0 in weights.shape:
        return tf.math.bincount(x, minlength=size, maxlength=size, axis=-1, binary_output=bool(binaryOutput), dtype=now.real)
    rows = tf.one_hot(x, size, dtype=now.real) * tf.expand_dims(tf.reshape(weights, x.shape), -1)
    own = lambda: tf.math.bincount(x, weights, minlength=size, maxlength=size, axis=-1)
    return confirmed(tf.reduce_sum(rows, -2), own)


def sparse_fill_empty_rows(indices, values, denseShape, defaultValue):
    values = tensor(values)
    default = tf.cast(tensor(defaultValue), values.dtype)
    places, filled_in, empty, moved = tf.raw_ops.SparseFillEmptyRows(
        indices=tf.cast(tensor(indices), tf.int64), values=values, dense_shape=tf.cast(tensor(denseShape), tf.int64),
        default_value=default,
    )
    count = len(values)
    sources = tf.tensor_scatter_nd_update(tf.fill([len(places)], count), moved[:, None], tf.range(count))
    taken = tf.gather(tf.concat([values, default[None]], 0), sources)
    return {
        "outputIndices": places,
        "outputValues": confirmed(taken, lambda: filled_in),
        "emptyRowIndicator": empty,
        "reverseIndexMap": moved,
    }


def ragged_gather(paramsNestedSplits, paramsDenseValues, indices, outputRaggedRank):
    splits, values = tf.raw_ops.RaggedGather(
        params_nested_splits=[ints(one) for one in paramsNestedSplits], params_dense_values=tensor(paramsDenseValues),
        indices=ints(indices), OUTPUT_RAGGED_RANK=outputRaggedRank,
    )
    return {"outputNestedSplits": list(splits), "outputDenseValues": values}


def ragged_to_tensor(shape, values, defaultValue, rowPartitionTensors, rowPartitionTypes):
    values = tensor(values)
    return tf.raw_ops.RaggedTensorToTensor(
        shape=ints(shape), values=values, default_value=tf.cast(tensor(defaultValue), values.dtype),
        row_partition_tensors=[ints(one) for one in rowPartitionTensors], row_partition_types=rowPartitionTypes,
    )


FUNCTIONS = {
    "gather": lambda x, indices, axis=0, batchDims=0: tf.gather(
        tensor(x), ints(indices), axis=axis, batch_dims=batchDims
    ),
    "gatherND": lambda x, indices: tf.gather_nd(tensor(x), ints(indices)),
    "scatterND": lambda indices, updates, shape: tf.scatter_nd(ints(indices), tensor(updates), shape),
    "tensorScatterUpdate": tensor_scatter_update,
    "sparseToDense": sparse_to_dense,
    "unsortedSegmentSum": lambda x, segmentIds, numSegments: tf.math.unsorted_segment_sum(
        tensor(x), ints(segmentIds), numSegments
    ),
    "topk": topk,
    "oneHot": one_hot,
    "bincount": bincount,
    "denseBincount": bincount,
    "sparse.sparseSegmentSum": segments(tf.sparse.segment_sum, tf.math.segment_sum),
    "sparse.sparseSegmentMean": segments(tf.sparse.segment_mean, tf.math.segment_mean),
    "sparse.sparseFillEmptyRows": sparse_fill_empty_rows,
    "raggedGather": ragged_gather,
    "raggedTensorToTensor": ragged_to_tensor,
}
