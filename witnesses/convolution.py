"""Convolutions of every kind."""

import itertools
import math

import numpy as np
import tensorflow as tf

from tensors import NoWitness, batched, confirmed, dims, f32, now, real, several


def channels_last(function, dataFormat):
    if dataFormat in ("NHWC", "NDHWC", "NWC"):
        return function
    if dataFormat != "NCHW":
        raise NoWitness(f"dataFormat {dataFormat}")
    return lambda x: tf.transpose(function(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2])


def paddings_of(pad, sizes, kernel, strides, dilations, rounding, dataFormat="NHWC"):
    """What goes before and after each axis so that the windows inside are those of TensorFlow.js, and how many there are."""
    first = 2 if dataFormat == "NCHW" else 1
    result, outs = [], []
    for axis, (size, k, stride, dilation) in enumerate(zip(sizes, kernel, strides, dilations)):
        window = (k - 1) * dilation + 1
        if pad == "same":
            out = -(-size // stride)
            total = max((out - 1) * stride + window - size, 0)
            before, after = total // 2, total - total // 2
        else:
            before, after = (
                (0, 0) if pad == "valid" else pad[first + axis] if isinstance(pad, list) else (int(pad), int(pad))
            )
            places = (size + before + after - window) / stride + 1
            out = {"ceil": math.ceil, "round": lambda n: math.floor(n + 0.5)}.get(rounding, math.floor)(places)
        after += max(0, (out - 1) * stride + window - size - before - after)
        result.append((before, after))
        outs.append(out)
    return result, outs


def spatial(widths):
    return [(0, 0), *widths, (0, 0)]


def windows(x, kernel, strides, dilations, outs):
    """For each place in the kernel, what of x it meets."""
    last = len(x.shape) - 1
    for place in itertools.product(*(range(k) for k in kernel)):
        begin = [0, *(i * d for i, d in zip(place, dilations)), 0]
        end = [x.shape[0], *(b + (o - 1) * s + 1 for b, o, s in zip(begin[1:], outs, strides)), x.shape[last]]
        yield place, tf.strided_slice(x, begin, end, [1, *strides, 1])


def convolution(x, filter, strides, pad, dilations, rounding=None, dataFormat="NHWC"):
    """Of images or volumes, channels last."""
    rank = len(x.shape) - 2
    strides, dilations, kernel = several(strides, rank), several(dilations, rank), dims(filter)[:rank]
    own = tf.nn.conv2d if rank == 2 else tf.nn.conv3d
    if max(dilations) == 1 and isinstance(pad, str):
        return own(x, filter, [1, *strides, 1], pad.upper())
    widths, outs = paddings_of(pad, dims(x)[1:-1], kernel, strides, dilations, rounding, dataFormat)
    x = tf.pad(x, spatial(widths))
    if max(dilations) == 1:
        y = own(x, filter, [1, *strides, 1], "VALID")
        return tf.slice(y, [0] * (rank + 2), [y.shape[0], *outs, y.shape[-1]])
    # TensorFlow's gradients on the CPU know no dilations.
    total = tf.add_n([tf.tensordot(part, filter[place], 1) for place, part in windows(x, kernel, strides, dilations, outs)])
    if rank == 3:
        return total
    options = dict(strides=[1, *strides, 1], padding="VALID", dilations=[1, *dilations, 1])
    return confirmed(total, lambda: tf.nn.conv2d(f32(x), f32(filter), **options)[:, : outs[0], : outs[1]])


@batched(3)
def conv1d(x, filter, stride, pad, dataFormat="NWC", dilation=1, dimRoundingMode=None):
    if not isinstance(pad, str):
        pad = [[0, 0], [0, 0], pad[2] if isinstance(pad, list) else [int(pad)] * 2, [0, 0]]
    y = convolution(
        x[:, None], real(filter)[None], [1, *several(stride, 1)], pad, [1, *several(dilation, 1)], dimRoundingMode
    )
    return y[:, 0]


@batched(4)
def conv2d(x, filter, strides, pad, dataFormat="NHWC", dilations=1, dimRoundingMode=None):
    return channels_last(
        lambda image: convolution(image, real(filter), strides, pad, dilations, dimRoundingMode, dataFormat), dataFormat
    )(x)


@batched(5)
def conv3d(x, filter, strides, pad, dataFormat="NDHWC", dilations=1):
    return convolution(x, real(filter), strides, pad, dilations)


def transposed(own, rank):
    @batched(rank + 2)
    def compute(x, filter, outputShape, strides, pad, dimRoundingMode=None):
        filter = real(filter)
        shape = [x.shape[0], *outputShape[-rank - 1 :]]
        strides = several(strides, rank)
        if isinstance(pad, str):
            return own(x, filter, shape, [1, *strides, 1], pad.upper())
        widths, _ = paddings_of(pad, shape[1:-1], dims(filter)[:rank], strides, [1] * rank, dimRoundingMode)
        full = [shape[0], *(n + a + b for n, (a, b) in zip(shape[1:-1], widths)), shape[-1]]
        return tf.slice(own(x, filter, full, [1, *strides, 1], "VALID"), [0, *(a for a, _ in widths), 0], shape)

    return compute


@batched(4)
def depthwise_conv2d(x, filter, strides, pad, dataFormat="NHWC", dilations=1, dimRoundingMode=None):
    filter = real(filter)
    steps, rates = several(strides, 2), several(dilations, 2)
    height, width, depth, multiplier = dims(filter)

    def compute(image):
        if steps[0] == steps[1] and max(rates) == 1 and isinstance(pad, str):
            return tf.nn.depthwise_conv2d(image, filter, [1, *steps, 1], pad.upper())
        # A convolution whose channels do not meet.
        full = tf.einsum("hwiq,ij->hwijq", filter, tf.eye(depth, dtype=now.real))
        full = tf.reshape(full, [height, width, depth, depth * multiplier])
        return convolution(image, full, steps, pad, rates, dimRoundingMode, dataFormat)

    return channels_last(compute, dataFormat)(x)


@batched(4)
def separable_conv2d(x, depthwiseFilter, pointwiseFilter, strides, pad, dilation=1, dataFormat="NHWC"):
    if dataFormat != "NHWC":
        raise NoWitness(f"dataFormat {dataFormat}")
    return conv2d(depthwise_conv2d(x, depthwiseFilter, strides, pad, dataFormat, dilation), pointwiseFilter, 1, "valid")


@batched(4)
def dilation2d(x, filter, strides, pad, dilations=1, dataFormat="NHWC"):
    filter = real(filter)
    strides, dilations, kernel = several(strides, 2), several(dilations, 2), dims(filter)[:2]
    widths, outs = paddings_of(pad, dims(x)[1:-1], kernel, strides, dilations, None)
    padded = tf.pad(x, spatial(widths), constant_values=tf.constant(-np.inf, now.real))
    sums = tf.stack([part + filter[place] for place, part in windows(padded, kernel, strides, dilations, outs)], -1)
    largest = tf.gather(sums, tf.argmax(sums, -1), axis=-1, batch_dims=4)
    return confirmed(largest, lambda: tf.nn.dilation2d(
        tf.pad(f32(x), spatial(widths), constant_values=-1e30), f32(filter), [1, *strides, 1], "VALID", "NHWC",
        [1, *dilations, 1],
    )[:, : outs[0], : outs[1]])


FUNCTIONS = {
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv3d": conv3d,
    "conv2dTranspose": transposed(tf.nn.conv2d_transpose, 2),
    "conv3dTranspose": transposed(tf.nn.conv3d_transpose, 3),
    "depthwiseConv2d": depthwise_conv2d,
    "separableConv2d": separable_conv2d,
    "dilation2d": dilation2d,
}
