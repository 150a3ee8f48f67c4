"""Sums, products, extremes and statistics along axes, cumulative ones too."""

import math

import tensorflow as tf

from tensors import NoWitness, confirmed, real, summable, tensor
from elementwise import logical


def axes_of(x, axis):
    rank = len(x.shape)
    return list(range(rank)) if axis is None else [int(n) % rank for n in (axis if isinstance(axis, list) else [axis])]


def reduction(function, kind=real):
    def reduce(x, axis=None, keepDims=False):
        x = kind(x)
        return function(x, axes_of(x, axis), keepDims)

    return reduce


def prod(x, axis=None, keepDims=False):
    x = summable(x)
    axes = axes_of(x, axis)
    if tf.reduce_all(x != 0):
        return tf.reduce_prod(x, axes, keepDims)
    # TensorFlow's gradients divide by x.
    own = x
    for one in sorted(axes, reverse=True):
        parts = tf.unstack(x, axis=one)
        x = parts[0]
        for part in parts[1:]:
            x = x * part
        x = tf.expand_dims(x, one) if keepDims else x
    return confirmed(x, lambda: tf.reduce_prod(own, axes, keepDims))


def cumprod(x, axis=0, exclusive=False, reverse=False):
    x = real(x)
    if tf.reduce_all(x != 0):
        return tf.math.cumprod(x, axis, exclusive, reverse)
    parts = tf.unstack(x, axis=axis)[:: -1 if reverse else 1]
    product, products = tf.ones_like(parts[0]), []
    for part in parts:
        products.append(product if exclusive else product * part)
        product = product * part
    return confirmed(
        tf.stack(products[:: -1 if reverse else 1], axis), lambda: tf.math.cumprod(x, axis, exclusive, reverse)
    )


def moments(x, axis=None, keepDims=False):
    x = real(x)
    axes = axes_of(x, axis)
    # In tf.nn.moments the variance's second order takes the mean for constant.
    variance = tf.reduce_mean(tf.square(x - tf.reduce_mean(x, axes, True)), axes, keepDims)
    return {
        "mean": tf.reduce_mean(x, axes, keepDims),
        "variance": confirmed(variance, lambda: tf.nn.moments(x, axes, keepdims=keepDims)[1]),
    }


def norm(x, ord="euclidean", axis=None, keepDims=False):
    x = real(x)
    axes = axes_of(x, axis)
    if axis is not None and len(axes) > 2 or axis is None and ord not in (1, 2, math.inf, -math.inf, "euclidean"):
        raise NoWitness(f"norm {ord} by axes {axis}")
    size = tf.abs(x)
    if ord in ("euclidean", "fro") or ord == 2 and (len(axes) == 1 or axis is None):
        result = tf.sqrt(tf.reduce_sum(tf.square(size), axes, True))
    elif ord == 1 or ord in (math.inf, -math.inf):
        extreme = tf.reduce_min if ord == -math.inf else tf.reduce_max
        if len(axes) == 1 or axis is None:
            result = tf.reduce_sum(size, axes, True) if ord == 1 else extreme(size, axes, True)
        else:
            first, then = axes if ord == 1 else axes[::-1]
            result = extreme(tf.reduce_sum(size, first, True), then, True)
    else:
        raise NoWitness(f"norm {ord} by axes {axis}")
    return result if keepDims else tf.squeeze(result, axes)


def softmax_by(function):
    def compute(logits, dim=-1):
        return function(real(logits), axis=dim)

    return compute


FUNCTIONS = {
    "sum": reduction(tf.reduce_sum, summable),
    "mean": reduction(tf.reduce_mean),
    "max": reduction(tf.reduce_max, tensor),
    "min": reduction(tf.reduce_min, tensor),
    "all": reduction(tf.reduce_all, logical(tf.identity)),
    "any": reduction(tf.reduce_any, logical(tf.identity)),
    "logSumExp": reduction(tf.reduce_logsumexp),
    "prod": prod,
    "argMax": lambda x, axis=0: tf.argmax(tensor(x), axis, tf.int32),
    "argMin": lambda x, axis=0: tf.argmin(tensor(x), axis, tf.int32),
    "moments": moments,
    "norm": norm,
    "euclideanNorm": lambda x, axis=None, keepDims=False: norm(x, "euclidean", axis, keepDims),
    "softmax": softmax_by(tf.nn.softmax),
    "logSoftmax": softmax_by(tf.nn.log_softmax),
    "cumsum": lambda x, axis=0, exclusive=False, reverse=False: tf.cumsum(tensor(x), axis, exclusive, reverse),
    "cumprod": cumprod,
}
