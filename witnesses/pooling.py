"""Pooling."""

import numpy as np
import tensorflow as tf

from tensors import NoWitness, batched, dims, now, real, several
from convolution import paddings_of, spatial


def pooling(kind, rank):
    own = {("avg", 2): tf.nn.avg_pool2d, ("max", 2): tf.nn.max_pool2d, ("avg", 3): tf.nn.avg_pool3d,
           ("max", 3): tf.nn.max_pool3d}[kind, rank]

    @batched(rank + 2)
    def compute(x, filterSize, strides, pad, dimRoundingMode=None, dataFormat=None):
        if dataFormat not in (None, "NHWC", "NDHWC"):
            raise NoWitness(f"dataFormat {dataFormat}")
        kernel, steps = several(filterSize, rank), several(1 if strides is None else strides, rank)
        if isinstance(pad, str):
            return own(x, kernel, steps, pad.upper())
        widths, outs = paddings_of(pad, dims(x)[1:-1], kernel, steps, [1] * rank, dimRoundingMode)
        # A window in the padding alone has no mean and no largest number.
        for size, k, step, out, (before, _) in zip(dims(x)[1:-1], kernel, steps, outs, widths):
            if before >= k or (out - 1) * step >= size + before:
                raise NoWitness("a window lies in the padding alone")
        if kind == "max":
            y = own(tf.pad(x, spatial(widths), constant_values=tf.constant(-np.inf, now.real)), kernel, steps, "VALID")
        else:
            y = own(tf.pad(x, spatial(widths)), kernel, steps, "VALID")
            y = y / own(tf.pad(tf.ones_like(x), spatial(widths)), kernel, steps, "VALID")
        return tf.slice(y, [0] * (rank + 2), [y.shape[0], *outs, y.shape[-1]])

    return compute


pools = {(kind, rank): pooling(kind, rank) for kind in ("avg", "max") for rank in (2, 3)}


@batched(4)
def pool(input, windowShape, poolingType, pad, dilations=1, strides=1, dimRoundingMode=None):
    rates = several(dilations, 2)
    if max(rates) == 1:
        return pools[poolingType, 2](input, windowShape, strides, pad, dimRoundingMode)
    if not isinstance(pad, str) and pad != 0:
        raise NoWitness("tf.nn.pool takes no numbers as padding")
    padding = "VALID" if pad == 0 else pad.upper()
    return tf.nn.pool(input, several(windowShape, 2), poolingType.upper(), several(strides, 2), padding, dilations=rates)


def max_pool_with_argmax(x, filterSize, strides, pad, includeBatchInIndex=False):
    x = real(x)
    kernel, steps = several(filterSize, 2), several(strides, 2)
    if not isinstance(pad, str):
        if pad != 0:
            raise NoWitness("maxPoolWithArgmax with numbers as padding")
        pad = "valid"
    _, indexes = tf.nn.max_pool_with_argmax(
        tf.stop_gradient(x), kernel, steps, pad.upper(), include_batch_in_index=bool(includeBatchInIndex)
    )
    return {"result": tf.nn.max_pool2d(x, kernel, steps, pad.upper()), "indexes": indexes}


FUNCTIONS = {
    "avgPool": pools["avg", 2],
    "maxPool": pools["max", 2],
    "avgPool3d": pools["avg", 3],
    "maxPool3d": pools["max", 3],
    "pool": pool,
    "maxPoolWithArgmax": max_pool_with_argmax,
}
