"""The peers' gradient checks, by their default settings, in float64: reads a problem on stdin, writes the results as JSON.

Each function is made a scalar by a fixed cotangent, so that every checker differentiates the same thing. The closed form that
numerical gradients are held against is PyTorch's analytic gradient.
"""

import json
import statistics
import sys
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch_gradcheck = torch.autograd.gradcheck
numerical_jacobian = sys.modules["torch.autograd.gradcheck"]._get_numerical_jacobian

try:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    import jax.numpy as jnp
    from jax import test_util as jax_test_util
    from jax._src.public_test_util import numerical_jvp
except ImportError:
    jax = None
import numdifftools

problem = json.load(sys.stdin)
deadline = problem["secondsEach"]


def functions(m):
    """The functions with the operations of a namespace: numpy, torch or jax.numpy."""

    def softmax(x):
        e = m.exp(x - m.amax(x, axis=-1, keepdims=True))
        return e / m.sum(e, axis=-1, keepdims=True)

    def log_softmax(x):
        z = x - m.amax(x, axis=-1, keepdims=True)
        return z - m.log(m.sum(m.exp(z), axis=-1, keepdims=True))

    def layer_norm(x, gamma, beta):
        centred = x - m.mean(x, axis=-1, keepdims=True)
        return gamma * centred / m.sqrt(m.mean(centred**2, axis=-1, keepdims=True) + 1e-5) + beta

    def conv(x, k):
        padded = m.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        height, width = x.shape[1:3]
        y = 0
        for i in range(3):
            for j in range(3):
                y = y + m.einsum("bhwc,cd->bhwd", padded[:, i : i + height, j : j + width], k[i, j])
        y = y * (y > 0)
        b, h, w, d = y.shape
        return m.amax(m.reshape(y, (b, h // 2, 2, w // 2, 2, d)), axis=(2, 4))

    def sigmoid(a):
        return 1 / (1 + m.exp(-a))

    def network(x, W1, b1, W2, b2, t):
        return -m.mean(m.sum(t * log_softmax(sigmoid(x @ W1 + b1) @ W2 + b2), axis=-1))

    return {
        "softmax": softmax,
        "layer norm": layer_norm,
        "dense": lambda x, W, b: m.tanh(x @ W + b),
        "conv, relu, pool": conv,
        "cross-entropy": lambda x, t: -m.mean(m.sum(t * log_softmax(x), axis=-1)),
        "network 20-8-5": network,
        "network 784-50-10": network,
    }


class TorchNamespace:
    """numpy's names for torch's operations."""

    def __getattr__(self, name):
        return getattr(torch, name)

    amax = staticmethod(lambda x, axis, keepdims=False: torch.amax(x, dim=axis, keepdim=keepdims))
    sum = staticmethod(lambda x, axis, keepdims=False: torch.sum(x, dim=axis, keepdim=keepdims))
    pad = staticmethod(lambda x, widths: torch.nn.functional.pad(x, [w for pair in reversed(widths) for w in pair]))

    @staticmethod
    def mean(x, axis=None, keepdims=False):
        return torch.mean(x) if axis is None else torch.mean(x, dim=axis, keepdim=keepdims)


class ScaledTorch(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor, None


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def timed(run):
    """The result, and the median time of up to nine runs, fewer where they take long."""
    seconds = []
    while not seconds or (len(seconds) < 9 and sum(seconds) < deadline):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return result, statistics.median(seconds)


def verdict(run):
    try:
        return "right" if run() is not False else "wrong"
    except (AssertionError, torch.autograd.gradcheck.__globals__["GradcheckError"]):
        return "wrong"


def error(numerical, exact):
    numerical, exact = (np.concatenate([np.ravel(a) for a in part]) for part in (numerical, exact))
    return float(np.max(np.abs(numerical - exact)) / np.max(np.abs(exact)))


results = {}
for name, given in problem["functions"].items():
    print(name, file=sys.stderr)
    arrays = [np.array(entry["values"]).reshape(entry["shape"]) for entry in given["inputs"]]
    active = given["active"]
    c = np.array(given["cotangent"]["values"]).reshape(given["cotangent"]["shape"])
    entry = results[name] = {}

    def scalar(m, array):
        f = functions(m)[name]
        constants = [array(a) for a in arrays]
        weight = array(c)

        def value(*moving):
            args = list(constants)
            for place, one in zip(active, moving):
                args[place] = one
            return (f(*args) * weight).sum()

        return value

    F = scalar(TorchNamespace(), torch.tensor)
    tensors = [torch.tensor(arrays[i], requires_grad=True) for i in active]
    exact = [g.numpy() for g in torch.autograd.grad(F(*tensors), tensors)]
    one_by_one = not given["fastOnly"]
    entry["exact"] = [np.ravel(g).tolist() for g in exact]

    def torch_row(fast):
        counted = Counted(F)
        said, seconds = timed(lambda: verdict(lambda: torch_gradcheck(counted, tensors, fast_mode=fast)))
        counted.calls = 0
        verdict(lambda: torch_gradcheck(counted, tensors, fast_mode=fast))
        noticed = {
            str(size): verdict(
                lambda: torch_gradcheck(lambda *x: ScaledTorch.apply(F(*x), 1 + size), tensors, fast_mode=fast)
            )
            == "wrong"
            for size in problem["errors"]
        }
        return {"verdict": said, "seconds": seconds, "evaluations": counted.calls, "noticed": noticed}

    if one_by_one:
        entry["PyTorch, slow"] = torch_row(False)
        numerical = [column[0].detach().numpy() for column in numerical_jacobian(F, tensors, eps=1e-6)]
        entry["PyTorch, slow"]["error"] = error(numerical, exact)
    entry["PyTorch, fast"] = torch_row(True)

    if jax:
        G = scalar(jnp, jnp.asarray)
        points = [jnp.asarray(arrays[i]) for i in active]

        def scaled(factor):
            @jax.custom_vjp
            def op(y):
                return y

            op.defvjp(lambda y: (y, None), lambda _, dy: (dy * factor,))
            return lambda *x: op(G(*x))

        counted = Counted(G)
        check = lambda f: jax_test_util.check_grads(f, tuple(points), order=1, modes=["rev"])
        said, seconds = timed(lambda: verdict(lambda: check(counted)))
        counted.calls = 0
        verdict(lambda: check(counted))
        entry["JAX check_grads"] = {
            "verdict": said,
            "seconds": seconds,
            "evaluations": counted.calls,
            "noticed": {str(size): verdict(lambda: check(scaled(1 + size))) == "wrong" for size in problem["errors"]},
        }
    if jax and one_by_one:
        compiled = jax.jit(G)
        numerical = []
        for i, point in enumerate(points):
            zeros = [jnp.zeros_like(p) for p in points]
            column = np.zeros(point.size)
            for j in range(point.size):
                unit = np.zeros(point.size)
                unit[j] = 1
                zeros[i] = jnp.asarray(unit.reshape(point.shape))
                column[j] = numerical_jvp(compiled, tuple(points), tuple(zeros), eps=1e-4)
            numerical.append(column)
        entry["JAX check_grads"]["error"] = error(numerical, exact)

    if not one_by_one:
        continue
    N = scalar(np, np.asarray)
    sizes = [arrays[i].size for i in active]
    splits = np.cumsum(sizes)[:-1]
    flat = np.concatenate([arrays[i].ravel() for i in active])
    counted = Counted(
        lambda x: N(*[part.reshape(arrays[i].shape) for part, i in zip(np.split(x, splits), active)])
    )
    gradient, seconds = timed(lambda: numdifftools.Gradient(counted)(flat))
    counted.calls = 0
    numdifftools.Gradient(counted)(flat)
    entry["numdifftools"] = {
        "seconds": seconds,
        "evaluations": counted.calls,
        "error": error([gradient], exact),
    }

json.dump(
    {
        "versions": {
            "torch": torch.__version__,
            "numdifftools": numdifftools.__version__,
            "numpy": np.__version__,
            **({"jax": jax.__version__} if jax else {}),
        },
        "results": results,
    },
    sys.stdout,
)
