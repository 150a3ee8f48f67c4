"""Normalisation."""

import numpy as np
import tensorflow as tf

from tensors import batched, confirmed, dims, f32, now, real


def batch_norm(x, mean, variance, offset=None, scale=None, varianceEpsilon=0.001):
    offset, scale = (None if part is None else real(part) for part in (offset, scale))
    return tf.nn.batch_normalization(real(x), real(mean), real(variance), offset, scale, varianceEpsilon)


@batched(4)
def local_response_normalization(x, depthRadius=5, bias=1, alpha=1, beta=0.5):
    depth = dims(x)[-1]
    near = np.abs(np.subtract.outer(np.arange(depth), np.arange(depth))) <= depthRadius
    sums = tf.tensordot(tf.square(x), tf.constant(near, now.real), 1)
    own = lambda: tf.nn.local_response_normalization(f32(x), depthRadius, bias, alpha, beta)
    return confirmed(x * (bias + alpha * sums) ** tf.constant(-beta, now.real), own)


FUNCTIONS = {
    **{f"batchNorm{suffix}": batch_norm for suffix in ("", "2d", "3d", "4d")},
    "localResponseNormalization": local_response_normalization,
}
