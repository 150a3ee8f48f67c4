"""A second witness of the sweep's cases: the same computations in TensorFlow for Python, in double precision where it can.

`python witnesses.py < cases.json > witnesses.json`. On stdin

    {"cases": [{"key", "inputs": {name: {"shape", "dtype", "values", "constant"?}}, "expression", "cotangent": [numbers],
                "cotangent2"?: {name: [numbers]}}]}

with expressions as in src/sweep/expression.ts; null is an argument left out, and "Infinity", "-Infinity", "NaN" are numbers.
On stdout {"by", "cases": [...]}, for each case

    {"key", "precision", "forward": [numbers], "gradients": {name: [numbers] | null}, "second"?, "secondError"?}

or {"key", "error"}. A gradient is null where TensorFlow finds no way from the input to the output: it is 0. `second` is the
gradient of Σ cotangent2 · gradient by each input, and by the cotangent under the name dy.

FUNCTIONS holds what TensorFlow.js' functions mean. Where TensorFlow has the function, it is called; where its gradient lacks
a kernel or a second order, the function is composed of simpler ones and `confirmed` by TensorFlow's own.
"""

import inspect
import itertools
import json
import math
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import tensorflow as tf

FLOATS = {"float64": (tf.float64, tf.complex128), "float32": (tf.float32, tf.complex64)}
FLOAT, COMPLEX = FLOATS["float64"]
# The case's inputs by which gradients are asked for.
WATCHED = []
# Whether some function of the case computed in single precision.
ROUNDED = False


class NoWitness(Exception):
    """Why TensorFlow cannot testify."""


# Tensors


def tensor(value):
    """As TensorFlow.js' convertToTensor: numbers are float32 there, booleans bool."""
    if tf.is_tensor(value):
        return value
    if isinstance(value, list) and any(tf.is_tensor(part) or isinstance(part, list) for part in value):
        return tf.stack([tensor(part) for part in value])
    if isinstance(value, dict) or isinstance(value, str) or value is None:
        raise NoWitness(f"{value!r} is not a tensor")
    array = np.array(value)
    return tf.constant(array) if array.dtype == bool else tf.constant(array, FLOAT)


def ints(value):
    return tf.cast(tensor(value), tf.int32)


def real(value):
    value = tensor(value)
    return value if value.dtype in (FLOAT, COMPLEX) else tf.cast(value, FLOAT)


def match(a, b):
    a, b = tensor(a), tensor(b)
    for kind in (COMPLEX, FLOAT, tf.int32, tf.bool):
        if kind in (a.dtype, b.dtype):
            return tf.cast(a, kind), tf.cast(b, kind)
    raise NoWitness(f"dtypes {a.dtype}, {b.dtype}")


def dims(x):
    return [int(n) for n in x.shape]


def several(value, count):
    return [int(n) for n in value] if isinstance(value, list) else [int(value)] * count


def dtype_of(name):
    return {"float32": FLOAT, "int32": tf.int32, "bool": tf.bool, "complex64": COMPLEX}[name]


def rounded(result):
    global ROUNDED
    ROUNDED = True
    return result


def confirmed(value, by):
    """A composed function's value, once TensorFlow's own function gives the same."""
    own = tf.cast(by(), FLOAT).numpy()
    if own.shape != tuple(value.shape) or not np.allclose(own, value.numpy(), rtol=1e-4, atol=1e-5, equal_nan=True):
        raise NoWitness("the composed function is not TensorFlow's own here")
    return value


def f32(x):
    return tf.cast(tf.stop_gradient(x), tf.float32)


def batched(rank):
    """Gives a function of one example, too."""

    def decorate(function):
        def one_or_many(x, *rest):
            x = real(x)
            if len(x.shape) == rank:
                return function(x, *rest)
            if len(x.shape) != rank - 1:
                raise NoWitness(f"rank {len(x.shape)}")
            return function(x[None], *rest)[0]

        one_or_many.__signature__ = inspect.signature(function)
        return one_or_many

    return decorate


# Elementwise


def unary(function):
    return lambda x: function(real(x))


def binary(function):
    return lambda a, b: function(*match(a, b))


def arithmetic(function):
    def compute(a, b):
        a, b = match(a, b)
        return function(tf.cast(a, tf.int32), tf.cast(b, tf.int32)) if a.dtype == tf.bool else function(a, b)

    return compute


def div(a, b):
    a, b = match(a, b)
    return a // b if a.dtype == tf.int32 else a / b


def prelu(x, alpha):
    x, alpha = match(x, alpha)
    return tf.where(x < 0, alpha * x, x)


def step(x, alpha=0):
    x = real(x)
    return tf.where(tf.math.is_nan(x), x, tf.where(x > 0, tf.ones_like(x), tf.ones_like(x) * alpha))


def clip_by_value(x, low, high):
    x = real(x)
    if low == high:
        return tf.fill(x.shape, tf.constant(low, FLOAT))
    return tf.clip_by_value(x, tf.constant(low, FLOAT), tf.constant(high, FLOAT))


def where(condition, a, b):
    a, b = tensor(a), tensor(b)
    if a.dtype != b.dtype:
        a, b = match(a, b)
    return tf.where(tf.cast(tensor(condition), tf.bool), a, b)


def absolute(x):
    return tf.abs(tensor(x))


def logical(function):
    return lambda *parts: function(*(tf.cast(tensor(part), tf.bool) for part in parts))


def pow_(base, exponent):
    if not tf.is_tensor(exponent) and exponent in (1, 2, 3) and real(base).dtype == FLOAT:
        # TensorFlow's second order divides by the base.
        x = real(base)
        return confirmed(math.prod([x] * (int(exponent) - 1), start=x), lambda: tf.pow(x, tf.constant(exponent, FLOAT)))
    return tf.pow(*match(base, exponent))


# Reductions


def axes_of(x, axis):
    rank = len(x.shape)
    return list(range(rank)) if axis is None else [int(n) % rank for n in (axis if isinstance(axis, list) else [axis])]


def reduction(function, kind=real):
    def reduce(x, axis=None, keepDims=False):
        x = kind(x)
        return function(x, axes_of(x, axis), keepDims)

    return reduce


def summable(x):
    x = tensor(x)
    return tf.cast(x, tf.int32) if x.dtype == tf.bool else x


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


def norm(x, *options):
    return norm_with(x, *(["euclidean"] if not options else options))


def norm_with(x, ord, axis=None, keepDims=False):
    # JSON has no Infinity.
    if ord is None:
        raise NoWitness('norm without an ord: write "euclidean" or "Infinity"')
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


# Shapes


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


# Indices


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
        return tf.math.bincount(x, minlength=size, maxlength=size, axis=-1, binary_output=bool(binaryOutput), dtype=FLOAT)
    rows = tf.one_hot(x, size, dtype=FLOAT) * tf.expand_dims(tf.reshape(weights, x.shape), -1)
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


# Products of matrices


def mat_mul(a, b, transposeA=False, transposeB=False):
    a, b = match(a, b)
    return tf.matmul(a, b, transposeA, transposeB)


def dot(a, b):
    return tf.tensordot(*match(a, b), 1)


def einsum(equation, *tensors):
    return tf.einsum(equation, *(real(part) for part in tensors))


def qr(x, fullMatrices=False):
    """Q and R are theirs up to signs of R's rows: these are taken from TensorFlow.js' reflections."""
    x = real(x)
    rows, columns = dims(x)[-2:]
    if fullMatrices and rows > columns:
        raise NoWitness("the last columns of Q are any that complete the basis")
    q, r = tf.linalg.qr(x)
    signs = []
    for matrix in x.numpy().reshape(-1, rows, columns):
        left = matrix.copy()
        diagonal = []
        for j in range(min(rows, columns)):
            column = left[j:, j]
            length = np.linalg.norm(column) * (-1 if left[j, j] > 0 else 1)
            w = column.copy()
            w[0] -= length
            left[j:] -= 2 * np.outer(w, w @ left[j:]) / max(w @ w, 1e-300)
            diagonal.append(np.sign(length))
        signs.append(diagonal)
    signs = np.array(signs).reshape(dims(x)[:-2] + [-1]) * np.sign(tf.linalg.diag_part(r).numpy())
    return [q * tf.constant(signs[..., None, :], FLOAT), r * tf.constant(signs[..., :, None], FLOAT)]


def gram_schmidt(xs):
    listed = isinstance(xs, list)
    found = []
    for x in [real(one) for one in xs] if listed else tf.unstack(real(xs)):
        for earlier in found:
            x = x - tf.reduce_sum(earlier * x) * earlier
        found.append(x / tf.sqrt(tf.reduce_sum(tf.square(x))))
    return found if listed else tf.stack(found)


# Convolutions and pooling


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
        full = tf.einsum("hwiq,ij->hwijq", filter, tf.eye(depth, dtype=FLOAT))
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
    padded = tf.pad(x, spatial(widths), constant_values=tf.constant(-np.inf, FLOAT))
    sums = tf.stack([part + filter[place] for place, part in windows(padded, kernel, strides, dilations, outs)], -1)
    largest = tf.gather(sums, tf.argmax(sums, -1), axis=-1, batch_dims=4)
    return confirmed(largest, lambda: tf.nn.dilation2d(
        tf.pad(f32(x), spatial(widths), constant_values=-1e30), f32(filter), [1, *strides, 1], "VALID", "NHWC",
        [1, *dilations, 1],
    )[:, : outs[0], : outs[1]])


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
            y = own(tf.pad(x, spatial(widths), constant_values=tf.constant(-np.inf, FLOAT)), kernel, steps, "VALID")
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


# Images


def linear_in(x, function):
    """A function of an image alone, linear but for what it fills in, by what TensorFlow makes of each single pixel."""
    batch, height, width, channels = dims(x)
    count = height * width
    pixels = tf.reshape(tf.eye(count, dtype=tf.float32), [count, height, width, 1])
    results = []
    for example in range(batch):
        nothing = function(tf.zeros([1, height, width, 1]), example)
        weights = function(pixels, example) - nothing
        _, out_height, out_width, _ = dims(weights)
        flat = tf.reshape(tf.cast(weights, FLOAT), [count, -1])
        y = tf.matmul(flat, tf.reshape(x[example], [count, channels]), True) + tf.reshape(tf.cast(nothing, FLOAT), [-1, 1])
        results.append(tf.reshape(y, [out_height, out_width, channels]))
    return rounded(tf.stack(results))


def interpolation(size, out, alignCorners, halfPixelCenters):
    """The weights of the inputs in each output along an axis."""
    scale = (size - 1) / (out - 1) if alignCorners and out > 1 else size / out
    matrix = np.zeros((out, size))
    for i in range(out):
        at = (i + 0.5) * scale - 0.5 if halfPixelCenters else i * scale
        low, high = max(math.floor(at), 0), min(math.ceil(at), size - 1)
        matrix[i, min(low, size - 1)] += 1 - (at - math.floor(at))
        matrix[i, high] += at - math.floor(at)
    return tf.constant(matrix, FLOAT)


@batched(4)
def resize_bilinear(images, size, alignCorners=False, halfPixelCenters=False):
    down, across = (interpolation(n, out, alignCorners, halfPixelCenters) for n, out in zip(dims(images)[1:3], size))
    return confirmed(tf.einsum("bhwc,ih,jw->bijc", images, down, across), lambda: tf.raw_ops.ResizeBilinear(
        images=f32(images), size=size, align_corners=bool(alignCorners), half_pixel_centers=bool(halfPixelCenters)
    ))


@batched(4)
def resize_nearest(images, size, alignCorners=False, halfPixelCenters=False):
    batch, height, width, channels = dims(images)
    places = tf.reshape(tf.range(height * width), [1, height, width, 1])
    taken = tf.raw_ops.ResizeNearestNeighbor(
        images=places, size=size, align_corners=bool(alignCorners), half_pixel_centers=bool(halfPixelCenters)
    )
    return tf.gather(tf.reshape(images, [batch, height * width, channels]), taken[0, :, :, 0], axis=1)


def crop_and_resize(image, boxes, boxInd, cropSize, method="bilinear", extrapolationValue=0):
    image, boxes, which = real(image), real(boxes), ints(boxInd)
    _, height, width, _ = dims(image)
    own = lambda pictures: tf.image.crop_and_resize(pictures, f32(boxes), which, cropSize, method, extrapolationValue)

    def places(size, out, start, stop):
        if out > 1:
            steps = tf.range(out, dtype=FLOAT) / (out - 1)
            return (start[:, None] + steps * (stop - start)[:, None]) * (size - 1)
        return 0.5 * (start + stop)[:, None] * (size - 1)

    y = places(height, cropSize[0], boxes[:, 0], boxes[:, 2])
    x = places(width, cropSize[1], boxes[:, 1], boxes[:, 3])
    outside = ((y < 0) | (y > height - 1))[:, :, None] | ((x < 0) | (x > width - 1))[:, None, :]
    pictures = tf.gather(image, which)

    def at(rows, columns):
        rows = tf.clip_by_value(tf.cast(rows, tf.int32), 0, height - 1)
        columns = tf.clip_by_value(tf.cast(columns, tf.int32), 0, width - 1)
        return tf.gather(tf.gather(pictures, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)

    if method == "nearest":
        result = at(tf.floor(y + 0.5), tf.floor(x + 0.5))
    else:
        fy, fx = (y - tf.floor(y))[:, :, None, None], (x - tf.floor(x))[:, None, :, None]
        top = at(tf.floor(y), tf.floor(x)) * (1 - fx) + at(tf.floor(y), tf.math.ceil(x)) * fx
        bottom = at(tf.math.ceil(y), tf.floor(x)) * (1 - fx) + at(tf.math.ceil(y), tf.math.ceil(x)) * fx
        result = top * (1 - fy) + bottom * fy
    result = tf.where(outside[..., None], tf.constant(extrapolationValue, FLOAT), result)
    return confirmed(result, lambda: own(f32(image)))


def rgb_to_grayscale(image):
    image = tensor(image)
    return tf.cast(tf.tensordot(real(image), tf.constant([[0.2989], [0.587], [0.114]], FLOAT), 1), image.dtype)


def transform(image, transforms, interpolation="nearest", fillMode="constant", fillValue=0, outputShape=None):
    image, transforms = real(image), tensor(transforms)
    if interpolation == "bilinear" and any(transforms is one for one in WATCHED):
        raise NoWitness("TensorFlow has no gradient by the transforms")
    matrices = f32(transforms)

    def own(pictures, example):
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures, transforms=matrices[:1] if len(matrices) == 1 else matrices[example : example + 1],
            output_shape=outputShape or dims(image)[1:3], fill_value=tf.constant(fillValue, tf.float32),
            interpolation=interpolation.upper(), fill_mode=fillMode.upper(),
        )

    return linear_in(image, own)


def rotate_with_offset(image, radians, fillValue=0, center=0.5):
    """From the nearest pixel that the rotation about the centre brings to each."""
    image = real(image)
    _, height, width, channels = dims(image)
    right, down = center if isinstance(center, list) else (center, center)
    cx, cy, sine, cosine = width * right, height * down, math.sin(radians), math.cos(radians)
    columns, rows = np.meshgrid(np.arange(width) - cx, np.arange(height) - cy)
    places = np.stack([columns * cosine - rows * sine + cx, columns * sine + rows * cosine + cy])
    if np.any(np.abs(places % 1 - 0.5) < 1e-4):
        raise NoWitness("a pixel lies between two")
    matrix = [[cosine, -sine, cx - cosine * cx + sine * cy, sine, cosine, cy - sine * cx - cosine * cy, 0.0, 0.0]]
    if not isinstance(fillValue, list):
        return transform(image, matrix, "nearest", "constant", fillValue)
    fills = [*fillValue, 255][:channels]
    return tf.concat(
        [transform(image[..., c : c + 1], matrix, "nearest", "constant", fills[c]) for c in range(channels)], -1
    )


# Normalization


def batch_norm(x, mean, variance, offset=None, scale=None, varianceEpsilon=0.001):
    offset, scale = (None if part is None else real(part) for part in (offset, scale))
    return tf.nn.batch_normalization(real(x), real(mean), real(variance), offset, scale, varianceEpsilon)


@batched(4)
def local_response_normalization(x, depthRadius=5, bias=1, alpha=1, beta=0.5):
    depth = dims(x)[-1]
    near = np.abs(np.subtract.outer(np.arange(depth), np.arange(depth))) <= depthRadius
    sums = tf.tensordot(tf.square(x), tf.constant(near, FLOAT), 1)
    own = lambda: tf.nn.local_response_normalization(f32(x), depthRadius, bias, alpha, beta)
    return confirmed(x * (bias + alpha * sums) ** tf.constant(-beta, FLOAT), own)


# Signals


def as_complex(x):
    return tf.cast(tensor(x), COMPLEX)


def rfft(input, fftLength=None):
    # TensorFlow's gradient knows no input of another length.
    input = real(input)
    length = input.shape[-1] if fftLength is None else int(fftLength)
    paddings = [[0, 0]] * (len(input.shape) - 1) + [[0, max(0, length - input.shape[-1])]]
    return tf.signal.rfft(tf.pad(input[..., :length], paddings))


def irfft(input):
    input = as_complex(input)
    if input.shape[-1] < 2:
        raise NoWitness("tf.signal.irfft takes at least two numbers")
    return tf.signal.irfft(input)


def frame(signal, frameLength, frameStep, padEnd=False, padValue=0):
    return tf.signal.frame(real(signal), frameLength, frameStep, bool(padEnd), padValue)


def stft(signal, frameLength, frameStep, fftLength=None):
    return tf.signal.stft(real(signal), frameLength, frameStep, fftLength)


# Fused and recurrent


def activated(y, activation=None, alpha=None, slope=None):
    if activation in (None, "linear"):
        return y
    if activation == "prelu":
        return prelu(y, alpha)
    if activation == "leakyrelu":
        return tf.nn.leaky_relu(y, 0.2 if slope is None else slope)
    return {"relu": tf.nn.relu, "elu": tf.nn.elu, "relu6": tf.nn.relu6, "sigmoid": tf.sigmoid}[activation](y)


def fused(function, names):
    def compute(options):
        y = invoke(function, [options.get(name) for name in names])
        if options.get("bias") is not None:
            bias = real(options["bias"])
            if options.get("dataFormat") == "NCHW" and len(bias.shape) == 1:
                bias = tf.reshape(bias, [-1, 1, 1])
            y = y + bias
        alpha = options.get("preluActivationWeights")
        if alpha is not None and options.get("dataFormat") == "NCHW":
            raise NoWitness("prelu by channels in the middle")
        return activated(y, options.get("activation"), alpha, options.get("leakyreluAlpha"))

    return compute


CONVOLUTION = ["x", "filter", "strides", "pad", "dataFormat", "dilations", "dimRoundingMode"]


def basic_lstm_cell(forgetBias, lstmKernel, lstmBias, data, c, h):
    gates = tf.matmul(tf.concat([real(data), real(h)], 1), real(lstmKernel)) + real(lstmBias)
    i, j, f, o = tf.split(gates, 4, 1)
    new = tf.sigmoid(i) * tf.tanh(j) + real(c) * tf.sigmoid(real(forgetBias) + f)
    return [new, tf.tanh(new) * tf.sigmoid(o)]


def moving_average(v, x, decay, step=None, zeroDebias=True):
    v, x, decay = real(v), real(x), real(decay)
    update = (x - v) * (1 - decay)
    return v + (update / (1 - tf.pow(decay, real(step))) if zeroDebias else update)


def dropout(x, rate, *_):
    if rate != 0:
        raise NoWitness("dropout is random")
    return tf.identity(real(x))


# Losses and metrics


def weighted_loss(losses, weights=None, reduction=3):
    losses = real(losses)
    total = losses if weights is None else losses * real(weights)
    if reduction == 0:
        return total
    if reduction == 2:
        return tf.reduce_sum(total)
    if weights is None:
        return tf.reduce_mean(total)
    spread = real(weights) * tf.ones_like(losses)
    count = spread if reduction == 1 else tf.cast(tf.not_equal(spread, 0), FLOAT)
    return tf.reduce_sum(total) / tf.reduce_sum(count)


def loss(function):
    def compute(labels, predictions, weights=None, reduction=3):
        return weighted_loss(function(real(labels), real(predictions)), weights, reduction)

    return compute


def cosine_distance(labels, predictions, axis, weights=None, reduction=3):
    return weighted_loss(1 - tf.reduce_sum(real(labels) * real(predictions), axis, True), weights, reduction)


def huber_loss(labels, predictions, weights=None, delta=1, reduction=3):
    error = tf.abs(real(predictions) - real(labels))
    quadratic = tf.minimum(error, tf.constant(delta, FLOAT))
    return weighted_loss(0.5 * tf.square(quadratic) + delta * (error - quadratic), weights, reduction)


def log_loss(labels, predictions, weights=None, epsilon=1e-7, reduction=3):
    z, p = real(labels), real(predictions)
    return weighted_loss(-z * tf.math.log(p + epsilon) - (1 - z) * tf.math.log(1 - p + epsilon), weights, reduction)


def sigmoid_cross_entropy(multiClassLabels, logits, weights=None, labelSmoothing=0, reduction=3):
    z = real(multiClassLabels) * (1 - labelSmoothing) + 0.5 * labelSmoothing
    return weighted_loss(tf.nn.sigmoid_cross_entropy_with_logits(z, real(logits)), weights, reduction)


def softmax_cross_entropy(onehotLabels, logits, weights=None, labelSmoothing=0, reduction=3):
    z, x = real(onehotLabels), real(logits)
    if labelSmoothing > 0:
        if len(z.shape) != 2:
            raise NoWitness("label smoothing is of matrices")
        z = z * (1 - labelSmoothing) + labelSmoothing / z.shape[1]
    # TensorFlow's own function has a wrong second order where the labels do not sum to 1.
    losses = -tf.reduce_sum(z * tf.nn.log_softmax(x), -1)
    return weighted_loss(losses, weights, reduction)


EPSILON = 1e-7


def metric(function):
    return lambda yTrue, yPred: function(real(yTrue), real(yPred))


def binary_crossentropy(z, p):
    p = tf.clip_by_value(p, tf.constant(EPSILON, FLOAT), tf.constant(1 - EPSILON, FLOAT))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(z, tf.math.log(p / (1 - p))), -1)


def categorical_crossentropy(z, p):
    p = p / tf.reduce_sum(p, -1, True)
    p = tf.clip_by_value(p, tf.constant(EPSILON, FLOAT), tf.constant(1 - EPSILON, FLOAT))
    return -tf.reduce_sum(z * tf.math.log(p), -1)


def cosine_proximity(z, p):
    unit = lambda x: x / tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(x), -1, True), tf.constant(EPSILON, FLOAT)))
    return -tf.reduce_sum(unit(z) * unit(p), -1)


def mean_absolute_percentage_error(z, p):
    return 100 * tf.reduce_mean(tf.abs((z - p) / tf.maximum(tf.abs(z), tf.constant(EPSILON, FLOAT))), -1)


def r2_score(z, p):
    return 1 - tf.reduce_sum(tf.square(z - p)) / tf.reduce_sum(tf.square(z - tf.reduce_mean(z)))


mean_absolute_error = metric(lambda z, p: tf.reduce_mean(tf.abs(p - z), -1))
mean_squared_error = metric(lambda z, p: tf.reduce_mean(tf.square(p - z), -1))


# Made from numbers


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
    return tf.cast(tf.range(tf.constant(start, FLOAT), stop, step), dtype_of(dtype))


FUNCTIONS = {
    **{
        name: unary(function)
        for name, function in {
            "acos": tf.acos, "acosh": tf.acosh, "asin": tf.asin, "asinh": tf.asinh, "atan": tf.atan, "atanh": tf.atanh,
            "ceil": tf.math.ceil, "cos": tf.cos, "cosh": tf.cosh, "elu": tf.nn.elu, "erf": tf.math.erf, "exp": tf.exp,
            "expm1": tf.math.expm1, "floor": tf.floor, "isFinite": tf.math.is_finite, "isInf": tf.math.is_inf,
            "isNaN": tf.math.is_nan, "log": tf.math.log, "log1p": tf.math.log1p, "logSigmoid": tf.math.log_sigmoid,
            "reciprocal": tf.math.reciprocal, "relu": tf.nn.relu, "relu6": tf.nn.relu6, "round": tf.round,
            "rsqrt": tf.math.rsqrt, "selu": tf.nn.selu, "sigmoid": tf.sigmoid, "sign": tf.sign, "sin": tf.sin,
            "sinh": tf.sinh, "softplus": tf.nn.softplus, "sqrt": tf.sqrt, "tan": tf.tan, "tanh": tf.tanh,
        }.items()
    },
    "abs": absolute,
    "neg": lambda x: -summable(x),
    "square": lambda x: tf.square(summable(x)),
    "leakyRelu": lambda x, alpha=0.2: tf.nn.leaky_relu(real(x), alpha),
    "prelu": prelu,
    "step": step,
    "clipByValue": clip_by_value,
    "cast": lambda x, dtype: tf.cast(tensor(x), dtype_of(dtype)),
    "clone": lambda x: tf.identity(tensor(x)),
    "ensureShape": lambda x, shape: tf.ensure_shape(tensor(x), shape),
    "zerosLike": lambda x: tf.zeros_like(tensor(x)),
    "onesLike": lambda x: tf.ones_like(tensor(x)),
    "add": arithmetic(tf.add),
    "sub": arithmetic(tf.subtract),
    "mul": arithmetic(tf.multiply),
    "div": div,
    "divNoNan": binary(tf.math.divide_no_nan),
    "floorDiv": binary(tf.math.floordiv),
    "mod": binary(tf.math.floormod),
    "pow": pow_,
    "maximum": arithmetic(tf.maximum),
    "minimum": arithmetic(tf.minimum),
    "squaredDifference": binary(tf.math.squared_difference),
    "atan2": binary(tf.atan2),
    "addN": lambda tensors: tf.add_n([tensor(part) for part in tensors]),
    "equal": binary(tf.equal),
    "notEqual": binary(tf.not_equal),
    "less": binary(tf.less),
    "lessEqual": binary(tf.less_equal),
    "greater": binary(tf.greater),
    "greaterEqual": binary(tf.greater_equal),
    "logicalAnd": logical(tf.logical_and),
    "logicalOr": logical(tf.logical_or),
    "logicalNot": logical(tf.logical_not),
    "logicalXor": logical(tf.math.logical_xor),
    "where": where,
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
    "euclideanNorm": lambda x, axis=None, keepDims=False: norm_with(x, "euclidean", axis, keepDims),
    "softmax": softmax_by(tf.nn.softmax),
    "logSoftmax": softmax_by(tf.nn.log_softmax),
    "cumsum": lambda x, axis=0, exclusive=False, reverse=False: tf.cumsum(tensor(x), axis, exclusive, reverse),
    "cumprod": cumprod,
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
    "matMul": mat_mul,
    "dot": dot,
    "outerProduct": lambda a, b: real(a)[:, None] * real(b)[None],
    "einsum": einsum,
    "linalg.bandPart": lambda a, numLower, numUpper: tf.linalg.band_part(
        tensor(a), *(ints(n) for n in (numLower, numUpper))
    ),
    "linalg.qr": qr,
    "linalg.gramSchmidt": gram_schmidt,
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv3d": conv3d,
    "conv2dTranspose": transposed(tf.nn.conv2d_transpose, 2),
    "conv3dTranspose": transposed(tf.nn.conv3d_transpose, 3),
    "depthwiseConv2d": depthwise_conv2d,
    "separableConv2d": separable_conv2d,
    "dilation2d": dilation2d,
    "avgPool": pools["avg", 2],
    "maxPool": pools["max", 2],
    "avgPool3d": pools["avg", 3],
    "maxPool3d": pools["max", 3],
    "pool": pool,
    "maxPoolWithArgmax": max_pool_with_argmax,
    "image.resizeBilinear": resize_bilinear,
    "image.resizeNearestNeighbor": resize_nearest,
    "image.cropAndResize": crop_and_resize,
    "image.flipLeftRight": lambda image: tf.reverse(tensor(image), [2]),
    "image.grayscaleToRGB": lambda image: tf.repeat(tensor(image), 3, -1),
    "image.rgbToGrayscale": rgb_to_grayscale,
    "image.transform": transform,
    "image.rotateWithOffset": rotate_with_offset,
    **{f"batchNorm{suffix}": batch_norm for suffix in ("", "2d", "3d", "4d")},
    "localResponseNormalization": local_response_normalization,
    "complex": lambda real_, imag: tf.complex(real(real_), real(imag)),
    "real": lambda x: tf.math.real(tensor(x)),
    "imag": lambda x: tf.math.imag(tensor(x)),
    **{
        f"{path}{name}": function
        for path in ("spectral.", "")
        for name, function in {
            "fft": lambda input: tf.signal.fft(as_complex(input)),
            "ifft": lambda input: tf.signal.ifft(as_complex(input)),
            "rfft": rfft,
            "irfft": irfft,
        }.items()
    },
    "signal.frame": frame,
    "signal.stft": stft,
    "signal.hammingWindow": lambda windowLength: tf.signal.hamming_window(windowLength, dtype=FLOAT),
    "signal.hannWindow": lambda windowLength: tf.signal.hann_window(windowLength, dtype=FLOAT),
    "fused.matMul": fused(mat_mul, ["a", "b", "transposeA", "transposeB"]),
    "fused.conv2d": fused(conv2d, CONVOLUTION),
    "fused.depthwiseConv2d": fused(depthwise_conv2d, CONVOLUTION),
    "basicLSTMCell": basic_lstm_cell,
    "movingAverage": moving_average,
    "dropout": dropout,
    "losses.computeWeightedLoss": weighted_loss,
    "losses.absoluteDifference": loss(lambda z, p: tf.abs(z - p)),
    "losses.meanSquaredError": loss(tf.math.squared_difference),
    "losses.hingeLoss": loss(lambda z, p: tf.nn.relu(1 - (2 * z - 1) * p)),
    "losses.cosineDistance": cosine_distance,
    "losses.huberLoss": huber_loss,
    "losses.logLoss": log_loss,
    "losses.sigmoidCrossEntropy": sigmoid_cross_entropy,
    "losses.softmaxCrossEntropy": softmax_cross_entropy,
    "metrics.binaryCrossentropy": metric(binary_crossentropy),
    "metrics.categoricalCrossentropy": metric(categorical_crossentropy),
    "metrics.cosineProximity": metric(cosine_proximity),
    "metrics.meanAbsoluteError": mean_absolute_error,
    **{f"metrics.{name}": mean_squared_error for name in ("meanSquaredError", "MSE", "mse")},
    **{
        f"metrics.{name}": metric(mean_absolute_percentage_error) for name in ("meanAbsolutePercentageError", "MAPE", "mape")
    },
    "metrics.r2Score": metric(r2_score),
    **{f"tensor{suffix}": made for suffix in ("", "2d", "3d", "4d", "5d", "6d")},
    "tensor1d": lambda values, dtype="float32": made(values, None, dtype),
    "scalar": lambda value, dtype=None: filled([], value, dtype),
    "ones": lambda shape, dtype="float32": filled(shape, 1, dtype),
    "zeros": lambda shape, dtype="float32": filled(shape, 0, dtype),
    "fill": filled,
    "eye": eye,
    "linspace": lambda start, stop, num: tf.linspace(tf.constant(start, FLOAT), tf.constant(stop, FLOAT), num),
    "range": steps_of,
}


# Layers, channels last, with their weights in TensorFlow.js' order

ACTIVATIONS = {
    "linear": tf.identity, "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu, "selu": tf.nn.selu,
    "sigmoid": tf.sigmoid, "tanh": tf.tanh, "softmax": tf.nn.softmax, "softplus": tf.nn.softplus,
    "softsign": lambda x: x / (1 + tf.abs(x)), "swish": tf.nn.swish,
    "hardSigmoid": lambda x: tf.clip_by_value(0.2 * x + 0.5, tf.cast(0, FLOAT), tf.cast(1, FLOAT)),
    "logSoftmax": tf.nn.log_softmax, "gelu": tf.nn.gelu, "gelu_new": lambda x: tf.nn.gelu(x, True),
    "mish": lambda x: x * tf.tanh(tf.nn.softplus(x)),
}


def option(config, name, default):
    value = config.pop(name, None)
    return default if value is None else value


def layer(name, config, x, take, training):
    config = dict(config)
    for ignored in ("inputShape", "batchInputShape", "name", "trainable", "kernelInitializer", "biasInitializer"):
        config.pop(ignored, None)

    def affine(compute, *kernels):
        config.pop("filters", None), config.pop("units", None)
        bias = option(config, "useBias", True)
        activation = ACTIVATIONS[option(config, "activation", "linear")]
        y = compute(*kernels)
        return activation(y + take() if bias else y)

    def windowed(default_stride=1):
        config.pop("kernelSize", None)
        return option(config, "strides", default_stride), option(config, "padding", "valid")

    if name == "dense":
        y = affine(lambda kernel: tf.tensordot(x, kernel, 1), take())
    elif name in ("conv1d", "conv2d", "conv3d"):
        strides, padding = windowed()
        rates = option(config, "dilationRate", 1)
        formats = {"conv1d": "NWC", "conv2d": "NHWC", "conv3d": "NDHWC"}
        y = affine(lambda kernel: FUNCTIONS[name](x, kernel, strides, padding, formats[name], rates), take())
    elif name == "depthwiseConv2d":
        strides, padding = windowed()
        config.pop("depthMultiplier", None)
        rates = option(config, "dilationRate", 1)
        y = affine(lambda kernel: depthwise_conv2d(x, kernel, strides, padding, "NHWC", rates), take())
    elif name == "separableConv2d":
        strides, padding = windowed()
        config.pop("depthMultiplier", None)
        rates = option(config, "dilationRate", 1)
        y = affine(lambda deep, point: separable_conv2d(x, deep, point, strides, padding, rates), take(), take())
    elif name in ("maxPooling2d", "averagePooling2d", "maxPooling3d", "averagePooling3d"):
        rank = int(name[-2])
        size = option(config, "poolSize", 2)
        kind = "max" if name.startswith("max") else "avg"
        y = pools[kind, rank](x, size, option(config, "strides", size), option(config, "padding", "valid"))
    elif name in ("maxPooling1d", "averagePooling1d"):
        size = several(option(config, "poolSize", 2), 1)
        steps = several(option(config, "strides", size), 1)
        kind = "max" if name.startswith("max") else "avg"
        y = pools[kind, 2](x[:, None], [1, *size], [1, *steps], option(config, "padding", "valid"))[:, 0]
    elif name in ("globalMaxPooling1d", "globalMaxPooling2d"):
        y = tf.reduce_max(x, list(range(1, len(x.shape) - 1)))
    elif name in ("globalAveragePooling1d", "globalAveragePooling2d"):
        y = tf.reduce_mean(x, list(range(1, len(x.shape) - 1)))
    elif name == "flatten":
        y = tf.reshape(x, [x.shape[0], -1])
    elif name == "reshape":
        y = tf.reshape(x, [x.shape[0], *config.pop("targetShape")])
    elif name == "permute":
        y = tf.transpose(x, [0, *config.pop("dims")])
    elif name == "repeatVector":
        y = tf.repeat(x[:, None], config.pop("n"), 1)
    elif name == "activation":
        y = ACTIVATIONS[config.pop("activation")](x)
    elif name == "softmax":
        y = tf.nn.softmax(x, option(config, "axis", -1))
    elif name == "leakyReLU":
        y = tf.nn.leaky_relu(x, option(config, "alpha", 0.3))
    elif name == "prelu":
        config.pop("sharedAxes", None)
        y = prelu(x, take())
    elif name == "rescaling":
        y = x * option(config, "scale", 1) + option(config, "offset", 0)
    elif name == "elu":
        y = FUNCTIONS["where"](x > 0, x, option(config, "alpha", 1) * tf.math.expm1(x))
    elif name == "reLU" and option(config, "maxValue", None) is None:
        y = tf.nn.relu(x)
    elif name == "layerNormalization":
        axes = axes_of(x, option(config, "axis", -1))
        if axes != [len(x.shape) - 1]:
            raise NoWitness(f"layer {name} by axes {axes}")
        both = moments(x, axes, True)
        y = (x - both["mean"]) * tf.math.rsqrt(both["variance"] + option(config, "epsilon", 1e-3))
        y = y * take() if option(config, "scale", True) else y
        y = y + take() if option(config, "center", True) else y
    elif name == "batchNormalization" and not training:
        if axes_of(x, option(config, "axis", -1)) != [len(x.shape) - 1]:
            raise NoWitness(f"layer {name} by another axis than the last")
        gamma = take() if option(config, "scale", True) else None
        beta = take() if option(config, "center", True) else None
        config.pop("momentum", None)
        y = tf.nn.batch_normalization(x, take(True), take(True), beta, gamma, option(config, "epsilon", 1e-3))
    elif name == "upSampling2d" and config.get("interpolation") in (None, "nearest"):
        config.pop("interpolation", None)
        down, across = several(option(config, "size", 2), 2)
        y = tf.repeat(tf.repeat(x, down, 1), across, 2)
    elif name == "zeroPadding2d":
        widths = option(config, "padding", 1)
        widths = several(widths, 2) if not isinstance(widths, list) or not isinstance(widths[0], list) else widths
        y = tf.pad(x, spatial([w if isinstance(w, list) else [w, w] for w in widths]))
    elif name == "dropout" and not training:
        config.pop("rate", None)
        y = tf.identity(x)
    else:
        raise NoWitness(f"layer {name} is not in the table")
    if option(config, "dataFormat", "channelsLast") != "channelsLast" or any(v is not None for v in config.values()):
        raise NoWitness(f"layer {name} with {', '.join(config) or 'channelsFirst'}")
    return y


# Expressions


def invoke(function, args):
    """Arguments that are null are left out."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return function(*args)
    if len(args) > len(parameters):
        if any(value is not None for value in args[len(parameters) :]):
            raise NoWitness(f"an argument too many: {args[len(parameters):]}")
        args = args[: len(parameters)]
    values = []
    for parameter, value in itertools.zip_longest(parameters, args):
        if value is None:
            if parameter.default is parameter.empty:
                raise NoWitness(f"no argument {parameter.name}")
            value = parameter.default
        values.append(value)
    return function(*values)


NUMBERS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def evaluate(part, inputs):
    if isinstance(part, list):
        return [evaluate(one, inputs) for one in part]
    if isinstance(part, str):
        return NUMBERS.get(part, part)
    if not isinstance(part, dict):
        return part
    if "input" in part:
        return inputs[part["input"]]
    if "call" in part:
        if part["call"] not in FUNCTIONS:
            raise NoWitness(f"{part['call']} is not in the table")
        return invoke(FUNCTIONS[part["call"]], [evaluate(one, inputs) for one in part["args"]])
    if "layers" in part:
        # A model's weights are those that are trained, then the others.
        last = len(part["weights"]) - 2 * sum(name == "batchNormalization" for name, _ in part["layers"])
        trained, others = iter(part["weights"][:last]), iter(part["weights"][last:])
        x = evaluate(part["of"], inputs)
        for name, config in part["layers"]:
            config = evaluate(config, inputs)
            x = layer(
                name, config, x, lambda rest=False: inputs[next(others if rest else trained)], part.get("training")
            )
        if next(trained, None) is not None or next(others, None) is not None:
            raise NoWitness("the layers left weights over")
        return x
    if "get" in part:
        return evaluate(part["of"], inputs)[part["get"]]
    return {name: evaluate(one, inputs) for name, one in part.items()}


# Witnesses


def numbers(values):
    return [{math.inf: "Infinity", -math.inf: "-Infinity"}.get(n, "NaN" if n != n else n) for n in np.ravel(values).tolist()]


def flat(x):
    return numbers(tf.cast(x, FLOAT).numpy())


def constant(values, shape, kind):
    values = [NUMBERS.get(n, n) if isinstance(n, str) else n for n in values]
    if None in values:
        raise NoWitness("null is no number")
    return tf.constant(np.array(values, dtype="float64").reshape(shape), dtype=tf.float64 if kind != tf.bool else None) \
        if kind == tf.float64 else tf.cast(tf.constant(np.array(values, dtype="float64").reshape(shape)), kind)


def testimony(case, precision):
    global FLOAT, COMPLEX, WATCHED, ROUNDED
    FLOAT, COMPLEX = FLOATS[precision]
    ROUNDED = False
    kinds = {"float32": FLOAT, "int32": tf.int32, "bool": tf.bool}
    inputs = {
        name: constant(one["values"], one["shape"], kinds[one["dtype"]]) for name, one in case["inputs"].items()
    }
    names = [
        name for name, one in case["inputs"].items() if one["dtype"] == "float32" and not one.get("constant")
    ]
    WATCHED = sources = [inputs[name] for name in names]
    cotangent2 = case.get("cotangent2")
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            result = evaluate(case["expression"], inputs)
            if not tf.is_tensor(result):
                raise NoWitness("the expression gives no tensor, or several")
            if result.dtype == COMPLEX:
                raise NoWitness("the output is complex")
            value = tf.cast(result, FLOAT)
            if len(case["cotangent"]) != tf.size(result):
                # TensorFlow.js' output has another shape: there is no common cotangent, but there are values to say so.
                return {"key": case["key"], "precision": precision, "forward": flat(value), "gradients": {}}
            dy = constant(case["cotangent"], dims(result), FLOAT)
            outer.watch(dy)
            total = tf.reduce_sum(dy * value)
        gradients = [None if g is None else tf.convert_to_tensor(g) for g in inner.gradient(total, sources)]
        if cotangent2:
            parts = [
                tf.reduce_sum(constant(cotangent2[name], dims(g), FLOAT) * g)
                for name, g in zip(names, gradients)
                if g is not None and cotangent2.get(name) is not None
            ]
            total2 = tf.add_n(parts) if parts else None
    answer = {
        "key": case["key"],
        "precision": "float32" if ROUNDED else precision,
        "forward": flat(result),
        "gradients": {name: None if g is None else flat(g) for name, g in zip(names, gradients)},
    }
    if cotangent2:
        try:
            targets = [*sources, dy]
            second = (
                [tf.zeros_like(one) for one in targets]
                if total2 is None
                else outer.gradient(total2, targets, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            )
            answer["second"] = {name: flat(tf.convert_to_tensor(g)) for name, g in zip([*names, "dy"], second)}
        except (tf.errors.OpError, LookupError, NotImplementedError, TypeError, ValueError) as error:
            answer["secondError"] = said(error)
    return answer


def said(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def witness(case):
    try:
        return testimony(case, "float64")
    except NoWitness as error:
        return {"key": case["key"], "error": said(error)}
    except Exception as error:  # TensorFlow lacks a kernel, or what is asked for is wrong.
        first = error
    try:
        if not any(word in str(first) for word in ("float64", "double", "DOUBLE", "complex128")):
            raise first
        return testimony(case, "float32")
    except Exception:
        return {"key": case["key"], "error": f"{type(first).__name__}: {said(first)}"}


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    answers = [witness(case) for case in json.load(sys.stdin)["cases"]]
    json.dump({"by": f"TensorFlow {tf.__version__}", "cases": answers}, sys.stdout)
