"""Functions of single numbers, arithmetic and comparisons."""

import math

import tensorflow as tf

from tensors import confirmed, dtype_of, match, now, real, summable, tensor


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
        return tf.fill(x.shape, tf.constant(low, now.real))
    return tf.clip_by_value(x, tf.constant(low, now.real), tf.constant(high, now.real))


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
    if not tf.is_tensor(exponent) and exponent in (1, 2, 3) and real(base).dtype == now.real:
        # TensorFlow's second order divides by the base.
        x = real(base)
        return confirmed(math.prod([x] * (int(exponent) - 1), start=x), lambda: tf.pow(x, tf.constant(exponent, now.real)))
    return tf.pow(*match(base, exponent))


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
}
