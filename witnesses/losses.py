"""Losses and metrics."""

import tensorflow as tf

from tensors import NoWitness, now, real


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
    count = spread if reduction == 1 else tf.cast(tf.not_equal(spread, 0), now.real)
    return tf.reduce_sum(total) / tf.reduce_sum(count)


def loss(function):
    def compute(labels, predictions, weights=None, reduction=3):
        return weighted_loss(function(real(labels), real(predictions)), weights, reduction)

    return compute


def cosine_distance(labels, predictions, axis, weights=None, reduction=3):
    return weighted_loss(1 - tf.reduce_sum(real(labels) * real(predictions), axis, True), weights, reduction)


def huber_loss(labels, predictions, weights=None, delta=1, reduction=3):
    error = tf.abs(real(predictions) - real(labels))
    quadratic = tf.minimum(error, tf.constant(delta, now.real))
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
    p = tf.clip_by_value(p, tf.constant(EPSILON, now.real), tf.constant(1 - EPSILON, now.real))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(z, tf.math.log(p / (1 - p))), -1)


def categorical_crossentropy(z, p):
    p = p / tf.reduce_sum(p, -1, True)
    p = tf.clip_by_value(p, tf.constant(EPSILON, now.real), tf.constant(1 - EPSILON, now.real))
    return -tf.reduce_sum(z * tf.math.log(p), -1)


def cosine_proximity(z, p):
    unit = lambda x: x / tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(x), -1, True), tf.constant(EPSILON, now.real)))
    return -tf.reduce_sum(unit(z) * unit(p), -1)


def mean_absolute_percentage_error(z, p):
    return 100 * tf.reduce_mean(tf.abs((z - p) / tf.maximum(tf.abs(z), tf.constant(EPSILON, now.real))), -1)


def r2_score(z, p):
    return 1 - tf.reduce_sum(tf.square(z - p)) / tf.reduce_sum(tf.square(z - tf.reduce_mean(z)))


mean_absolute_error = metric(lambda z, p: tf.reduce_mean(tf.abs(p - z), -1))
mean_squared_error = metric(lambda z, p: tf.reduce_mean(tf.square(p - z), -1))


FUNCTIONS = {
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
}
