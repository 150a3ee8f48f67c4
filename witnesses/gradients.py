"""tf.grad and its like: functions of functions."""

import tensorflow as tf


def gradients_of(f, xs, dy=None):
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return tape.gradient(y, xs, output_gradients=dy, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def each_for_itself(xs):
    """One tensor given twice is two inputs."""
    return [tf.identity(x) for x in xs]


def custom_grad(f):
    @tf.custom_gradient
    def compute(*xs):
        saved = []
        made = f(*xs, saved.append)

        def gradient(dy):
            return made["gradFunc"](dy, saved[-1] if saved else [])

        return tf.identity(made["value"]), gradient

    return compute


FUNCTIONS = {
    "grad": lambda f: lambda x, dy=None: gradients_of(f, [x], dy)[0],
    "grads": lambda f: lambda xs, dy=None: gradients_of(f, each_for_itself(xs), dy),
    "valueAndGrad": lambda f: lambda x, dy=None: {"value": f(x), "grad": gradients_of(f, [x], dy)[0]},
    "valueAndGrads": lambda f: lambda xs, dy=None: {"value": f(*xs), "grads": gradients_of(f, each_for_itself(xs), dy)},
    "customGrad": custom_grad,
}
