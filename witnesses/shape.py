"""Shapes, parts and paddings."""

import tensorflow as tf

from tensors import real, tensor
from reductions import axes_of
from convolution import channels_last


def squeeze(x, axis=None):
    x = tensor(x)
    return tf.squeeze(x, None if axis is None else axes_of(x, axis))


def transpose(x, perm=None, conjugate=False):
    return tf.transpose(tensor(x), perm, conjugate)


def reverse(x, axis=None):
    x = tensor(x)
    return tf.reverse(x, axes_of(x, axis)) if x.shape.rank else x


def concat(tensors, axis=0):
    return tf.concat([tensor(part) for part in tensors], axis)


def split(x, numOrSizeSplits, axis=0):
    return tf.split(tensor(x), numOrSizeSplits, axis)


def slice_(x, begin, size=None):
    x = tensor(x)
    rank = len(x.shape)
    begin = begin if isinstance(begin, list) else [begin]
    size = [-1] * rank if size is None else size if isinstance(size, list) else [size]
    return tf.slice(x, begin + [0] * (rank - len(begin)), size + [-1] * (rank - len(size)))


def strided_slice(
    x, begin, end, strides=None, beginMask=0, endMask=0, ellipsisMask=0, newAxisMask=0, shrinkAxisMask=0
):
    strides = [1] * len(begin) if strides is None else strides
    return tf.strided_slice(
        tensor(x), begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask
    )


def pad(x, paddings, constantValue=0):
    x = tensor(x)
    return tf.pad(x, paddings, constant_values=tf.cast(constantValue, x.dtype))


def depth_to_space(x, blockSize, dataFormat="NHWC"):
    return channels_last(lambda image: tf.nn.depth_to_space(image, blockSize), dataFormat)(real(x))


def meshgrid(x, y=None, options={}):
    parts = [tensor(part) for part in (x, y) if part is not None]
    if len(parts) == 1:
        return parts
    return tf.meshgrid(*parts, indexing=options.get("indexing") or "xy")


FUNCTIONS = {
    "reshape": lambda x, shape: tf.reshape(tensor(x), shape),
    "expandDims": lambda x, axis=0: tf.expand_dims(tensor(x), axis),
    "squeeze": squeeze,
    "transpose": transpose,
    **{f"reverse{suffix}": reverse for suffix in ("", "1d", "2d", "3d", "4d")},
    "tile": lambda x, reps: tf.tile(tensor(x), reps),
    "broadcastTo": lambda x, shape: tf.broadcast_to(tensor(x), shape),
    **{f"concat{suffix}": concat for suffix in ("", "1d", "2d", "3d", "4d")},
    "stack": lambda tensors, axis=0: tf.stack([tensor(part) for part in tensors], axis),
    "unstack": lambda x, axis=0: tf.unstack(tensor(x), axis=axis),
    "split": split,
    **{f"slice{suffix}": slice_ for suffix in ("", "1d", "2d", "3d", "4d")},
    "stridedSlice": strided_slice,
    **{f"pad{suffix}": pad for suffix in ("", "2d", "3d", "4d")},
    "pad1d": lambda x, paddings, constantValue=0: pad(x, [paddings], constantValue),
    "mirrorPad": lambda x, paddings, mode: tf.pad(tensor(x), paddings, mode.upper()),
    "spaceToBatchND": lambda x, blockShape, paddings: tf.space_to_batch(tensor(x), blockShape, paddings),
    "batchToSpaceND": lambda x, blockShape, crops: tf.batch_to_space(tensor(x), blockShape, crops),
    "depthToSpace": depth_to_space,
    "diag": lambda x: tf.linalg.tensor_diag(tensor(x)),
    "meshgrid": meshgrid,
}
