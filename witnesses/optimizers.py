"""The optimizers, by Keras' of the same names: what they make of variables in some steps."""

import tensorflow as tf

from tensors import NoWitness, invoke, now, real

# What TensorFlow.js adds where no epsilon is given.
EPSILON = 1e-7


def keras(name, *args, **options):
    """With epsilon where TensorFlow.js has it: added to what the root is taken of, but for Adam and Adamax."""
    return getattr(tf.keras.optimizers, name)(*args, **options, jit_compile=False)


def momentum(learningRate, momentum, useNesterov=False):
    """v = m·v + g; x -= lr·v, as TensorFlow's own; Keras has the learning rate within v."""
    return tf.compat.v1.train.MomentumOptimizer(learningRate, momentum, use_nesterov=useNesterov)


OPTIMIZERS = {
    "sgd": lambda learningRate: keras("SGD", learningRate),
    "momentum": momentum,
    "adagrad": lambda learningRate, initialAccumulatorValue=0.1: keras(
        "Adagrad", learningRate, initialAccumulatorValue, EPSILON
    ),
    "adadelta": lambda learningRate=0.001, rho=0.95, epsilon=EPSILON: keras("Adadelta", learningRate, rho, epsilon),
    "adam": lambda learningRate=0.001, beta1=0.9, beta2=0.999, epsilon=EPSILON: keras(
        "Adam", learningRate, beta1, beta2, epsilon
    ),
    # The older one alone has a decay.
    "adamax": lambda learningRate=0.002, beta1=0.9, beta2=0.999, epsilon=EPSILON, decay=0.0: (
        tf.keras.optimizers.legacy.Adamax(learningRate, beta1, beta2, epsilon, decay=decay)
    ),
    "rmsprop": lambda learningRate, decay=0.9, momentum=0.0, epsilon=EPSILON, centered=False: keras(
        "RMSprop", learningRate, decay, momentum, epsilon, centered
    ),
}


def set_option(optimizer, option, value):
    if isinstance(optimizer, tf.compat.v1.train.MomentumOptimizer):
        setattr(optimizer, {"LearningRate": "_learning_rate", "Momentum": "_momentum"}[option], value)
    elif option == "LearningRate":
        optimizer.learning_rate = value
    else:
        raise NoWitness(f"set{option}")


def train(part, inputs, evaluate):
    if part["train"] not in OPTIMIZERS:
        raise NoWitness(f"train.{part['train']} is not in the table")
    optimizer = invoke(OPTIMIZERS[part["train"]], evaluate(part["args"], inputs))
    variables = {
        name: tf.Variable(real(evaluate(of, inputs)), dtype=now.real) for name, of in part["variables"].items()
    }
    if isinstance(optimizer, tf.keras.optimizers.Optimizer):
        optimizer.build(list(variables.values()))
    for step in part["steps"]:
        if "gradients" in step:
            named = step["gradients"].items()
            optimizer.apply_gradients([(real(evaluate(of, inputs)), variables[name]) for name, of in named])
        elif "minimize" in step:
            over = [variables[name] for name in step.get("over") or variables]
            with tf.GradientTape() as tape:
                cost = evaluate(step["minimize"], {**inputs, **{k: tf.convert_to_tensor(v) for k, v in variables.items()}})
            optimizer.apply_gradients(zip(tape.gradient(cost, over), over))
        else:
            set_option(optimizer, step["set"], step["to"])
    return tf.convert_to_tensor(variables[part["result"]])
