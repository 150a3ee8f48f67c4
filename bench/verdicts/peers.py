"""PyTorch's gradcheck and JAX' check_grads, by their default settings, in float64, on the compositions that come as lines of JSON.

The first line out names the versions; then for each line in there is one line of answers: what the checker says, evaluations, seconds. A case's own framework gradient is held against the
reference first; a checker whose framework differentiates a right case otherwise is not asked about it.
"""

import json
import sys
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
import jax.numpy as jnp
from jax import test_util as jax_test_util
from jax.scipy.special import erf as jax_erf

MOST_ENTRIES = int(sys.argv[1])
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Torch:
    """The ops of a composition in PyTorch."""

    array = staticmethod(lambda values, shape: torch.tensor(values).reshape(shape))
    integers = staticmethod(torch.tensor)
    sin, cos, tanh, sigmoid, exp, log = torch.sin, torch.cos, torch.tanh, torch.sigmoid, torch.exp, torch.log
    sqrt, reciprocal, abs, relu, erf = torch.sqrt, torch.reciprocal, torch.abs, torch.relu, torch.erf
    round, floor, reshape, where, matmul = torch.round, torch.floor, torch.reshape, torch.where, torch.matmul
    # softplus(x) is x itself above its threshold.
    softplus = staticmethod(lambda x: torch.nn.functional.softplus(x, threshold=40))
    leaky_relu = staticmethod(lambda x, k: torch.nn.functional.leaky_relu(x, k))
    elu = staticmethod(torch.nn.functional.elu)
    selu = staticmethod(torch.nn.functional.selu)
    softmax = staticmethod(lambda x: torch.softmax(x, -1))
    log_softmax = staticmethod(lambda x: torch.log_softmax(x, -1))
    concat = staticmethod(lambda parts, axis: torch.cat(parts, axis))
    permute = staticmethod(lambda x, perm: x.permute(perm))

    @staticmethod
    def reduce(name, x, axis, keep):
        f = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[name]
        axes = tuple(range(x.ndim)) if axis is None else (axis,)
        return x if x.ndim == 0 else f(x, dim=axes, keepdim=keep)


class Jax:
    """The ops of a composition in JAX."""

    array = staticmethod(lambda values, shape: jnp.asarray(np.array(values, dtype=np.float64).reshape(shape)))
    integers = staticmethod(jnp.asarray)
    sin, cos, tanh, exp, log, sqrt, abs = jnp.sin, jnp.cos, jnp.tanh, jnp.exp, jnp.log, jnp.sqrt, jnp.abs
    sigmoid, relu, softplus, elu, selu = jax.nn.sigmoid, jax.nn.relu, jax.nn.softplus, jax.nn.elu, jax.nn.selu
    round, floor, reshape, where, matmul, erf = jnp.round, jnp.floor, jnp.reshape, jnp.where, jnp.matmul, jax_erf
    reciprocal = staticmethod(lambda x: 1 / x)
    leaky_relu = staticmethod(lambda x, k: jax.nn.leaky_relu(x, k))
    softmax = staticmethod(lambda x: jax.nn.softmax(x, -1))
    log_softmax = staticmethod(lambda x: jax.nn.log_softmax(x, -1))
    concat = staticmethod(lambda parts, axis: jnp.concatenate(parts, axis))
    permute = staticmethod(lambda x, perm: jnp.transpose(x, perm))

    @staticmethod
    def reduce(name, x, axis, keep):
        f = {"sum": jnp.sum, "mean": jnp.mean, "max": jnp.max}[name]
        return f(x, axis=axis, keepdims=keep)


def layer_norm(m, x):
    centred = x - m.reduce("mean", x, x.ndim - 1, True)
    return centred / m.sqrt(m.reduce("mean", centred * centred, x.ndim - 1, True) + 1e-5)


def apply(m, node, args):
    op, k, axis, keep = node["op"], node.get("k"), node.get("axis"), node.get("keepDims", False)
    x = args[0]
    if op in ("sin", "cos", "tanh", "sigmoid", "exp", "log", "softplus", "sqrt", "reciprocal", "abs", "relu", "elu", "selu", "erf", "softmax"):
        return getattr(m, op)(x)
    if op in ("sum", "mean", "max"):
        return m.reduce(op, x, axis, keep)
    return {
        "square": lambda: x * x,
        "neg": lambda: -x,
        "leakyRelu": lambda: m.leaky_relu(x, k),
        "scale": lambda: x * k,
        "shift": lambda: x + k,
        "quantise": lambda: m.round(x * k) / k,
        "floor": lambda: m.floor(x * k) / k,
        "add": lambda: x + args[1],
        "sub": lambda: x - args[1],
        "mul": lambda: x * args[1],
        "div": lambda: x / args[1],
        "norm": lambda: m.sqrt(m.reduce("sum", x * x, axis, keep)),
        "logSoftmax": lambda: m.log_softmax(x),
        "layerNorm": lambda: layer_norm(m, x),
        "matMul": lambda: m.matmul(x, args[1]),
        "reshape": lambda: m.reshape(x, tuple(node["shape"])),
        "transpose": lambda: m.permute(x, tuple(node["perm"])),
        "concat": lambda: m.concat((x, args[1]), axis),
        "slice": lambda: x[tuple(slice(b, b + n) for b, n in zip(node["begin"], node["size"]))],
        "gather": lambda: x[m.integers(node["indices"])],
    }[op]()


def interpreter(m, problem):
    constants = {i: m.array(node["values"], node["shape"]) for i, node in enumerate(problem["nodes"]) if node["op"] == "constant"}

    def f(*inputs):
        every = list(inputs)
        for i, node in enumerate(problem["nodes"]):
            every.append(constants[i] if i in constants else apply(m, node, [every[arg] for arg in node["args"]]))
        return every[-1]

    return f


def backward_of(m, false):
    """dy -> the wrong gradient of the identity."""
    if false["kind"] == "transposed":
        return lambda dy: m.permute(dy, (1, 0))
    if false["kind"] == "dy ignored":
        return lambda dy: dy * 0 + 1

    def masked(dy):
        size = int(np.prod(dy.shape))
        start, stop = false["range"] or (0, size)
        mask = np.ones(size)
        mask[start:stop] += false["error"]
        return dy * m.array(mask.tolist(), tuple(dy.shape))

    return masked


def torch_identity(false):
    backward = backward_of(Torch, false)

    class Falsified(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, dy):
            return backward(dy)

    return Falsified.apply


def jax_identity(false):
    backward = backward_of(Jax, false)
    identity = jax.custom_vjp(lambda x: x)
    identity.defvjp(lambda x: (x, None), lambda _, dy: (backward(dy),))
    return identity


def falsified(f, identity, false):
    if false["kind"] == "dy ignored":
        return lambda *xs: identity(f(*xs))
    return lambda *xs: f(*(identity(x) if false["input"] in (None, i) else x for i, x in enumerate(xs)))


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def answer(f, check):
    counted = Counted(f)
    start = time.perf_counter()
    try:
        said = "wrong" if check(counted) is False else "right"
    except AssertionError:
        said = "wrong"
    except torch.autograd.gradcheck.__globals__["GradcheckError"]:
        said = "wrong"
    except Exception as error:  # what else a checker ends with is an answer too
        print(f"{type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
        said = "threw"
    return {
        "said": said,
        "passed": said == "right",
        "evaluations": counted.calls,
        "seconds": time.perf_counter() - start,
    }


def agrees(gradients, reference, allowed):
    for ours, exact, limit in zip(gradients, reference, allowed):
        ours, exact, limit = np.ravel(np.asarray(ours)), np.array(exact), np.array(limit)
        if not np.all(np.abs(ours - exact) <= 1e-10 * np.abs(exact) + limit):
            return False
    return True


print(json.dumps({"torch": torch.__version__, "jax": jax.__version__}), flush=True)
for line in sys.stdin:
    problem = json.loads(line)
    arrays = [np.array(one["values"], dtype=np.float64).reshape(one["shape"]) for one in problem["inputs"]]
    false = problem["falsification"]
    limits = problem["reference"], problem["allowed"]
    answers = {}

    f = interpreter(Torch, problem)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    if agrees([g.numpy() for g in torch.autograd.grad(f(*tensors).sum(), tensors)], *limits):
        g = falsified(f, torch_identity(false), false) if false else f
        modes = {"PyTorch, slow": False, "PyTorch, fast": True}
        for name, fast in modes.items():
            if fast or sum(a.size for a in arrays) <= MOST_ENTRIES:
                answers[name] = answer(g, lambda h: torch.autograd.gradcheck(h, tensors, fast_mode=fast, raise_exception=False))

    f = interpreter(Jax, problem)
    points = tuple(jnp.asarray(a) for a in arrays)
    ours = jax.grad(lambda *xs: f(*xs).sum(), tuple(range(len(points))))(*points)
    if agrees(ours, *limits):
        g = falsified(f, jax_identity(false), false) if false else f
        answers["JAX check_grads"] = answer(g, lambda h: jax_test_util.check_grads(h, points, order=1, modes=["rev"]))

    print(json.dumps(answers), flush=True)
