"""Tensors made from numbers."""

import tensorflow as tf

from tensors import dtype_of, now, several, tensor


def made(values, shape=None, dtype="float32"):
    x = tf.cast(tensor(values), dtype_of(dtype))
    return x if shape is None else tf.reshape(x, shape)


def filled(shape, value, dtype=None):
    kind = dtype_of(dtype or ("bool" if isinstance(value, bool) else "float32"))
    return tf.fill(several(shape, 1) if isinstance(shape, list) else [shape], tf.cast(value, kind))


def eye(numRows, numColumns=None, batchShape=None, dtype="float32"):
    return tf.eye(numRows, numColumns, batchShape, dtype_of(dtype))


def steps_of(start, stop, step=1, dtype="float32"):
    if step == 1 and stop < start:
        step = -1
    return tf.cast(tf.range(tf.constant(start, now.real), stop, step), dtype_of(dtype))


FUNCTIONS = {
    **{f"tensor{suffix}": made for suffix in ("", "2d", "3d", "4d", "5d", "6d")},
    "tensor1d": lambda values, dtype="float32": made(values, None, dtype),
    "scalar": lambda value, dtype=None: filled([], value, dtype),
    "ones": lambda shape, dtype="float32": filled(shape, 1, dtype),
    "zeros": lambda shape, dtype="float32": filled(shape, 0, dtype),
    "fill": filled,
    "eye": eye,
    "linspace": lambda start, stop, num: tf.linspace(tf.constant(start, now.real), tf.constant(stop, now.real), num),
    "range": steps_of,
}
