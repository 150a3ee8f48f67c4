"""Layers, channels last, with their weights in TensorFlow.js' order."""

import tensorflow as tf

from tensors import NoWitness, now, several
from elementwise import prelu, where
from reductions import axes_of, moments
from convolution import conv1d, conv2d, conv3d, depthwise_conv2d, separable_conv2d, spatial
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
        y = where(x > 0, x, option(config, "alpha", 1) * tf.math.expm1(x))
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
