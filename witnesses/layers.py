"""Layers, channels last, with their weights in TensorFlow.js' order."""

import inspect
import re

import tensorflow as tf

from tensors import NoWitness, dims, now, several
from elementwise import where
from convolution import conv1d, conv2d, conv3d, depthwise_conv2d, separable_conv2d
from pooling import pools

CONVOLUTIONS = {"conv1d": conv1d, "conv2d": conv2d, "conv3d": conv3d}

ACTIVATIONS = {
    "linear": tf.identity, "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu, "selu": tf.nn.selu,
    "sigmoid": tf.sigmoid, "tanh": tf.tanh, "softmax": tf.nn.softmax, "softplus": tf.nn.softplus,
    "softsign": lambda x: x / (1 + tf.abs(x)), "swish": tf.nn.swish,
    "hardSigmoid": lambda x: tf.clip_by_value(0.2 * x + 0.5, tf.cast(0, now.real), tf.cast(1, now.real)),
    "logSoftmax": tf.nn.log_softmax, "gelu": tf.nn.gelu, "gelu_new": lambda x: tf.nn.gelu(x, True),
    "mish": lambda x: x * tf.tanh(tf.nn.softplus(x)),
}


# By their names in TensorFlow.js, and what it has for other defaults.
KERAS = {
    "simpleRNN": ("SimpleRNN", {}),
    "gru": ("GRU", {"recurrent_activation": "hard_sigmoid", "reset_after": False}),
    "lstm": ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
    "convLstm2d": ("ConvLSTM2D", {}),
    "conv2dTranspose": ("Conv2DTranspose", {}),
    "conv3dTranspose": ("Conv3DTranspose", {}),
    "batchNormalization": ("BatchNormalization", {}),
    "layerNormalization": ("LayerNormalization", {}),
    "upSampling2d": ("UpSampling2D", {}),
    "zeroPadding2d": ("ZeroPadding2D", {}),
    "cropping2D": ("Cropping2D", {}),
    "centerCrop": ("CenterCrop", {}),
    "thresholdedReLU": ("ThresholdedReLU", {}),
    "reLU": ("ReLU", {}),
    "prelu": ("PReLU", {}),
    "embedding": ("Embedding", {}),
    "masking": ("Masking", {}),
    "flatten": ("Flatten", {}),
    "dropout": ("Dropout", {}),
    "spatialDropout1d": ("SpatialDropout1D", {}),
    "gaussianDropout": ("GaussianDropout", {}),
    "gaussianNoise": ("GaussianNoise", {}),
    "alphaDropout": ("AlphaDropout", {}),
    "rnn": ("RNN", {}),
    "resizing": ("Resizing", {}),
    "randomWidth": ("RandomWidth", {}),
}


def snake(name):
    return re.sub("(?<=[a-z])([A-Z])", r"_\1", name).lower()


def in_keras(name, config):
    """The layer or cell of tf.keras, and what its configuration has in it."""
    cell = name[: -len("Cell")] if name.endswith("Cell") else None
    if name == "stackedRNNCells":
        return tf.keras.layers.StackedRNNCells([in_keras(one["layer"], one["config"]) for one in config["cells"]])
    keras, defaults = KERAS[cell or name]
    options = dict(defaults)
    for key, value in config.items():
        if value is not None and key not in ("inputShape", "batchInputShape", "name", "seed"):
            if isinstance(value, dict) and "layer" in value:
                value = in_keras(value["layer"], value["config"])
            options[snake(key)] = snake(value) if isinstance(value, str) else value
    return getattr(tf.keras.layers, keras + ("Cell" if cell else ""))(**options, dtype=now.real)


def by_keras(name, config, x, take, training, mask=None):
    """The layer of tf.keras, with the case's tensors in place of its trained variables."""
    if training and "ropout" in name or training and name == "gaussianNoise":
        raise NoWitness("dropout is random")
    made = in_keras(name, config)
    if name != "embedding":
        x = tf.cast(x, now.real)
    made.build(x.shape)
    weights = [(weight, take()) for weight in made.trainable_weights]
    weights += [(weight, take(True)) for weight in made.non_trainable_weights]
    cell = getattr(made, "cell", None)
    owners = [part for part in (made, cell, *getattr(cell, "cells", [])) if part is not None]
    for weight, value in weights:
        if training and not weight.trainable:
            weight.assign(value)
            continue
        for owner in owners:
            for key, held in list(vars(owner).items()):
                if held is weight:
                    object.__setattr__(owner, key, value)
    takes = inspect.signature(made.call).parameters
    more = {"training": bool(training)} if "training" in takes else {}
    if mask is not None and "mask" in takes:
        more["mask"] = mask
    return made.call(x, **more)


def wrapper(name, config, x, take, training, mask):
    inner = config["layer"]["layer"], config["layer"]["config"]
    if name == "timeDistributed":
        size = dims(x)
        y = layer(*inner, tf.reshape(x, [size[0] * size[1], *size[2:]]), take, training)
        return tf.reshape(y, [size[0], size[1], *dims(y)[1:]])
    forward = layer(*inner, x, take, training, mask)
    back = layer(inner[0], {**inner[1], "goBackwards": not inner[1].get("goBackwards")}, x, take, training, mask)
    if inner[1].get("returnSequences"):
        back = tf.reverse(back, [1])
    merge = {
        "concat": lambda: tf.concat([forward, back], -1),
        "sum": lambda: forward + back,
        "ave": lambda: (forward + back) / 2,
        "mul": lambda: forward * back,
    }
    return merge[config.get("mergeMode") or "concat"]()


def option(config, name, default):
    value = config.pop(name, None)
    return default if value is None else value


def layer(name, config, x, take, training, mask=None):
    config = dict(config)
    if name in ("timeDistributed", "bidirectional"):
        return wrapper(name, config, x, take, training, mask)
    if config.get("dataFormat") == "channelsFirst" and name != "flatten":
        # The CPU has kernels for channels that come last.
        rank = len(x.shape)
        last = [0, *range(2, rank), 1]
        y = layer(name, {**config, "dataFormat": None}, tf.transpose(x, last), take, training)
        return tf.transpose(y, [0, rank - 1, *range(1, rank - 1)]) if len(y.shape) == rank else y
    if name in KERAS:
        return by_keras(name, config, x, take, training, mask)
    for ignored in ("inputShape", "batchInputShape", "name", "trainable", "kernelInitializer", "biasInitializer"):
        config.pop(ignored, None)

    def affine(compute, *kernels):
        config.pop("filters", None), config.pop("units", None)
        bias = option(config, "useBias", True)
        activation = ACTIVATIONS[option(config, "activation", "linear")]
        y = compute(*kernels)
        return activation(y + take() if bias else y)

    kernel_size = several(config.get("kernelSize") or 1, 1)[0]

    def windowed(default_stride=1):
        config.pop("kernelSize", None)
        return option(config, "strides", default_stride), option(config, "padding", "valid")

    if name == "dense":
        y = affine(lambda kernel: tf.tensordot(x, kernel, 1), take())
    elif name in ("conv1d", "conv2d", "conv3d"):
        strides, padding = windowed()
        rates = option(config, "dilationRate", 1)
        if padding == "causal":
            reach = several(rates, 1)[0] * (kernel_size - 1)
            x, padding = tf.pad(x, [[0, 0], [reach, 0], [0, 0]]), "valid"
        formats = {"conv1d": "NWC", "conv2d": "NHWC", "conv3d": "NDHWC"}
        y = affine(lambda kernel: CONVOLUTIONS[name](x, kernel, strides, padding, formats[name], rates), take())
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
    elif name == "rescaling":
        y = x * option(config, "scale", 1) + option(config, "offset", 0)
    elif name == "elu":
        y = where(x > 0, x, option(config, "alpha", 1) * tf.math.expm1(x))
    else:
        raise NoWitness(f"layer {name} is not in the table")
    if option(config, "dataFormat", "channelsLast") != "channelsLast" or any(v is not None for v in config.values()):
        raise NoWitness(f"layer {name} with {', '.join(config) or 'channelsFirst'}")
    return y
