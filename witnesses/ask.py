"""TensorFlow for Python as a second witness of the sweep's cases, in double precision where it can.

`python witnesses/ask.py < cases.json > answers.json`. On stdin

    {"cases": [{"key", "inputs": {name: {"shape", "dtype", "values", "constant"?}}, "expression", "cotangent": [numbers],
                "cotangent2"?: {name: [numbers]}}]}

with expressions as in src/sweep/cases/expression.ts; null is an argument left out, and "Infinity", "-Infinity", "NaN" are numbers.
On stdout {"by", "cases": [...]}, for each case

    {"key", "precision", "composed"?, "forward": [numbers], "shape": [numbers], "gradients": {name: [numbers] | null}, "second"?, "secondError"?}

or {"key", "error"}. A gradient is null where TensorFlow finds no way from the input to the output: it is 0. `second` is the
gradient of Σ cotangent2 · gradient by each input, and by the cotangent under the name dy.

With `--serve` it prints its name and then answers cases one by one, a line each.

The families' FUNCTIONS hold what TensorFlow.js' functions mean. Where TensorFlow has the function, it is called; where its
gradient lacks a kernel or a second order, the function is composed of simpler ones and `confirmed` by TensorFlow's own.
"""

import json
import math
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import tensorflow as tf

import convolution
import elementwise
import fused
import gradients
import gather
import image
import linear_algebra
import losses
import made
import merging
import normalisation
import optimizers
import pooling
import reductions
import shape
import spectral
from layers import layer
from tensors import NoWitness, begin, dims, invoke, now

FAMILIES = [
    elementwise, reductions, shape, gather, linear_algebra, convolution, pooling, image, normalisation, spectral, fused,
    losses, made, gradients, merging,
]
FUNCTIONS = {name: function for family in FAMILIES for name, function in family.FUNCTIONS.items()}
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
        if part["call"].startswith("layers.") and part["call"] not in FUNCTIONS:
            # A layer within another's configuration.
            return {"layer": part["call"][len("layers."):], "config": evaluate((part["args"] or [{}])[0], inputs)}
        if part["call"] not in FUNCTIONS:
            raise NoWitness(f"{part['call']} is not in the table")
        return invoke(FUNCTIONS[part["call"]], [evaluate(one, inputs) for one in part["args"]])
    if "layers" in part:
        # A model's weights are those that are trained, then the others.
        last = len(part["weights"]) - 2 * sum(name == "batchNormalization" for name, _ in part["layers"])
        trained, others = iter(part["weights"][:last]), iter(part["weights"][last:])
        x, mask = evaluate(part["of"], inputs), None
        for name, config in part["layers"]:
            config = evaluate(config, inputs)
            before = mask
            if name == "masking":
                mask = tf.reduce_any(x != (config.get("maskValue") or 0), -1)
            elif name == "embedding" and config.get("maskZero"):
                mask = x != 0
            x = layer(
                name, config, x, lambda rest=False: inputs[next(others if rest else trained)], part.get("training"), before
            )
        if next(trained, None) is not None or next(others, None) is not None:
            raise NoWitness("the layers left weights over")
        return x
    if "parameters" in part:
        names, body = part["parameters"], part["body"]
        return lambda *given: evaluate(body, {**inputs, **dict(zip(names, given))})
    if "apply" in part:
        return evaluate(part["apply"], inputs)(*(evaluate(one, inputs) for one in part["args"]))
    if "train" in part:
        return optimizers.train(part, inputs, evaluate)
    if "get" in part:
        return evaluate(part["of"], inputs)[part["get"]]
    return {name: evaluate(one, inputs) for name, one in part.items()}


def numbers(values):
    return [{math.inf: "Infinity", -math.inf: "-Infinity"}.get(n, "NaN" if n != n else n) for n in np.ravel(values).tolist()]


def flat(x):
    return numbers(tf.cast(x, now.real).numpy())


def constant(values, shape, kind):
    values = [NUMBERS.get(n, n) if isinstance(n, str) else n for n in values]
    if None in values:
        raise NoWitness("null is no number")
    return tf.constant(np.array(values, dtype="float64").reshape(shape), dtype=tf.float64 if kind != tf.bool else None) \
        if kind == tf.float64 else tf.cast(tf.constant(np.array(values, dtype="float64").reshape(shape)), kind)


def testimony(case, precision):
    begin(precision)
    kinds = {"float32": now.real, "int32": tf.int32, "bool": tf.bool}
    inputs = {
        name: constant(one["values"], one["shape"], kinds[one["dtype"]]) for name, one in case["inputs"].items()
    }
    names = [
        name for name, one in case["inputs"].items() if one["dtype"] == "float32" and not one.get("constant")
    ]
    now.watched = sources = [inputs[name] for name in names]
    cotangent2 = case.get("cotangent2")
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            result = evaluate(case["expression"], inputs)
            if not tf.is_tensor(result):
                raise NoWitness("the expression gives no tensor, or several")
            if result.dtype == now.complex:
                raise NoWitness("the output is complex")
            value = tf.cast(result, now.real)
            if len(case["cotangent"]) != tf.size(result):
                # TensorFlow.js' output has another shape: there is no common cotangent, but there are values to say so.
                return {"key": case["key"], "precision": precision, "forward": flat(value), "shape": dims(result), "gradients": {}}
            dy = constant(case["cotangent"], dims(result), now.real)
            outer.watch(dy)
            total = tf.reduce_sum(dy * value)
        gradients = [None if g is None else tf.convert_to_tensor(g) for g in inner.gradient(total, sources)]
        if cotangent2:
            parts = [
                tf.reduce_sum(constant(cotangent2[name], dims(g), now.real) * g)
                for name, g in zip(names, gradients)
                if g is not None and cotangent2.get(name) is not None
            ]
            total2 = tf.add_n(parts) if parts else None
    answer = {
        "key": case["key"],
        "precision": "float32" if now.rounded else precision,
        **({"composed": True} if now.composed else {}),
        "forward": flat(result),
        "shape": dims(result),
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
    by = f"TensorFlow {tf.__version__}"
    if "--serve" in sys.argv:
        print(by, flush=True)
        for line in sys.stdin:
            print(json.dumps({"by": by, **witness(json.loads(line))}), flush=True)
    else:
        answers = [witness(case) for case in json.load(sys.stdin)["cases"]]
        json.dump({"by": by, "cases": answers}, sys.stdout)
