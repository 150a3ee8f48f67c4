"""Fused and recurrent ops."""

import tensorflow as tf

from tensors import NoWitness, invoke, real
from elementwise import prelu
from linear_algebra import mat_mul
from convolution import conv2d, depthwise_conv2d


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


FUNCTIONS = {
    "fused.matMul": fused(mat_mul, ["a", "b", "transposeA", "transposeB"]),
    "fused.conv2d": fused(conv2d, CONVOLUTION),
    "fused.depthwiseConv2d": fused(depthwise_conv2d, CONVOLUTION),
    "basicLSTMCell": basic_lstm_cell,
    "movingAverage": moving_average,
    "dropout": dropout,
}
