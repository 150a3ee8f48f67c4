"""Tensors, and what all families make their functions with."""

import inspect
import itertools
from types import SimpleNamespace

import numpy as np
import tensorflow as tf


class NoWitness(Exception):
    """Why TensorFlow cannot testify."""


FLOATS = {"float64": (tf.float64, tf.complex128), "float32": (tf.float32, tf.complex64)}
# Of the case at hand: its dtypes, the inputs by which gradients are asked for, whether some function of it computed in single
# precision, and whether one is composed of others.
now = SimpleNamespace(real=tf.float64, complex=tf.complex128, watched=[], rounded=False, composed=False)


def begin(precision):
    now.real, now.complex = FLOATS[precision]
    now.watched, now.rounded, now.composed = [], False, False


def tensor(value):
    """As TensorFlow.js' convertToTensor: numbers are float32 there, booleans bool."""
    if tf.is_tensor(value):
        return value
    if isinstance(value, list) and any(tf.is_tensor(part) or isinstance(part, list) for part in value):
        return tf.stack([tensor(part) for part in value])
    if isinstance(value, dict) or isinstance(value, str) or value is None:
        raise NoWitness(f"{value!r} is not a tensor")
    array = np.array(value)
    return tf.constant(array) if array.dtype == bool else tf.constant(array, now.real)


def ints(value):
    return tf.cast(tensor(value), tf.int32)


def real(value):
    value = tensor(value)
    return value if value.dtype in (now.real, now.complex) else tf.cast(value, now.real)


def match(a, b):
    a, b = tensor(a), tensor(b)
    for kind in (now.complex, now.real, tf.int32, tf.bool):
        if kind in (a.dtype, b.dtype):
            return tf.cast(a, kind), tf.cast(b, kind)
    raise NoWitness(f"dtypes {a.dtype}, {b.dtype}")


def dims(x):
    return [int(n) for n in x.shape]


def several(value, count):
    return [int(n) for n in value] if isinstance(value, list) else [int(value)] * count


def dtype_of(name):
    return {"float32": now.real, "int32": tf.int32, "bool": tf.bool, "complex64": now.complex}[name]


def rounded(result):
    now.rounded = True
    return result


def confirmed(value, by):
    """A composed function's value, once TensorFlow's own function gives the same."""
    now.composed = True
    own = tf.cast(by(), now.real).numpy()
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


def summable(x):
    x = tensor(x)
    return tf.cast(x, tf.int32) if x.dtype == tf.bool else x


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
