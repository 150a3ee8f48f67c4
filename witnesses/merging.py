"""Layers of several inputs, regularizers and constraints: Keras' own, applied to tensors."""

import tensorflow as tf

from layers import snake
from tensors import now, tensor

MERGERS = ("add", "average", "multiply", "maximum", "minimum", "concatenate", "dot")


def options_of(config):
    return {
        snake(key): tuple(value) if isinstance(value, list) else value
        for key, value in (config or {}).items()
        if value is not None
    }


def merger(name):
    def make(config=None):
        made = getattr(tf.keras.layers, name.capitalize())(**options_of(config), dtype=now.real)
        return {"apply": lambda given: made([tf.cast(tensor(one), now.real) for one in given])}

    return make


def category_encoding(config=None):
    config = options_of(config)

    def apply(x, more=None):
        one_hot = tf.one_hot(tf.cast(x, tf.int32), config["num_tokens"], dtype=now.real)
        weights = (more or {}).get("countWeights")
        made = tf.keras.layers.CategoryEncoding(**config)
        own = made(tf.cast(x, tf.int32), **({} if weights is None else {"count_weights": tf.cast(weights, tf.float32)}))
        value = tf.reduce_sum(one_hot if weights is None else one_hot * weights[..., None], 1)
        tf.debugging.assert_near(tf.cast(own, now.real), value, 1e-5, 1e-5)
        return value

    return {"apply": apply}


def regularizer(name):
    def make(config=None):
        # In TensorFlow.js a part of l1l2 that is left out has its default, as in Keras' functions by name.
        config = {**({"l1": 0.01, "l2": 0.01} if name == "L1L2" else {}), **(config or {})}
        made = getattr(tf.keras.regularizers, name)(**config)
        return {"apply": lambda x: made(x)}

    return make


def constraint(name):
    def make(config=None):
        made = getattr(tf.keras.constraints, name)(**options_of(config))
        return {"apply": lambda x: made(x)}

    return make


FUNCTIONS = {
    **{f"layers.{name}": merger(name) for name in MERGERS},
    "layers.categoryEncoding": category_encoding,
    **{f"regularizers.{name}": regularizer(keras) for name, keras in (("l1", "L1"), ("l2", "L2"), ("l1l2", "L1L2"))},
    **{
        f"constraints.{name}": constraint(name[0].upper() + name[1:])
        for name in ("maxNorm", "minMaxNorm", "unitNorm", "nonNeg")
    },
}
