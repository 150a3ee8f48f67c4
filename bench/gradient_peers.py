"""Other libraries' gradients of the network and batch that gradient.mjs wrote: PyTorch's vmap over perturbations, numdifftools'
Gradient and PyTorch's autograd. Prints one JSON document: seconds for a whole gradient (of a sample, extrapolated, where `sampled` is
less than all parameters) and the worst error against the closed form, relative to the parameter's largest entry.
"""

import json
import os
import sys
import time
from pathlib import Path

import numdifftools as nd
import numpy as np
import torch

from numpy_gradient import EPSILON, closed_form, read_network, loss as numpy_loss

NAMES = ["W1", "b1", "W2", "b2"]


def torch_loss(W1, b1, W2, b2, x, t):
    y = torch.softmax(torch.sigmoid(x @ W1 + b1) @ W2 + b2, dim=1)
    return -torch.log(y[torch.arange(len(t)), t] + EPSILON).mean()


def best(function, repeats):
    """Median of the seconds of some runs, after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def flat_error(got, indices, exact, sizes):
    """Worst error of entries of the flat gradient, each relative to the largest entry of its parameter."""
    largest = np.repeat([np.abs(exact[name]).max() for name in NAMES], sizes)
    flat = np.concatenate([exact[name].ravel() for name in NAMES])
    return float((np.abs(got - flat[indices]) / largest[indices]).max())


def vmap_over_perturbations(p, x, t, h, indices, exact, sizes):
    shapes = [p[name].shape for name in NAMES]
    theta = torch.tensor(np.concatenate([p[name].ravel() for name in NAMES]))
    tx, tt = torch.tensor(x), torch.tensor(t, dtype=torch.int64)
    at = torch.arange(len(theta))

    def moved(i, by):
        parts = torch.split(theta + by * (at == i), [int(size) for size in sizes])
        return torch_loss(*[part.reshape(shape) for part, shape in zip(parts, shapes)], tx, tt)

    difference = lambda i: (moved(i, h) - moved(i, -h)) / (2 * h)  # noqa: E731
    chosen = torch.tensor(indices)

    def run(chunk, threads, count):
        torch.set_num_threads(threads)
        return torch.func.vmap(difference, chunk_size=chunk)(chosen[:count])

    with torch.no_grad():
        tried = [
            (best(lambda: run(chunk, threads, 64), 1), chunk, threads)  # noqa: B023
            for chunk in (8, 32, 64)
            for threads in sorted({1, os.cpu_count()})
        ]
        _, chunk, threads = min(tried)
        started = time.perf_counter()
        got = run(chunk, threads, len(indices))
        seconds = (time.perf_counter() - started) / len(indices) * len(theta)
    return {
        "method": "torch.func.vmap",
        "library": f"torch {torch.__version__}, float64, chunks of {chunk}, {threads} threads",
        "seconds": seconds,
        "sampled": len(indices),
        "error": flat_error(got.numpy(), indices, exact, sizes),
    }


def by_numdifftools(p, x, t, indices, exact, sizes):
    starts = np.concatenate([[0], np.cumsum(sizes)])
    places = [(int(np.searchsorted(starts, i, side="right")) - 1, int(i)) for i in indices]

    def f(values):
        for (k, i), value in zip(places, values):
            p[NAMES[k]].flat[i - starts[k]] = value
        return numpy_loss(p, x, t)

    before = np.array([p[NAMES[k]].flat[i - starts[k]] for k, i in places])
    started = time.perf_counter()
    got = nd.Gradient(f)(before.copy())
    seconds = (time.perf_counter() - started) / len(indices) * starts[-1]
    f(before)
    return {
        "method": "numdifftools",
        "library": f"numdifftools {nd.__version__}, float64",
        "seconds": float(seconds),
        "sampled": len(indices),
        "error": flat_error(got, indices, exact, sizes),
    }


def autograd(p, x, t, exact, sizes):
    parameters = [torch.tensor(p[name], dtype=torch.float32, requires_grad=True) for name in NAMES]
    tx, tt = torch.tensor(x, dtype=torch.float32), torch.tensor(t, dtype=torch.int64)
    step = lambda: torch.autograd.grad(torch_loss(*parameters, tx, tt), parameters)  # noqa: E731
    timed = []
    for threads in sorted({1, os.cpu_count()}):
        torch.set_num_threads(threads)
        timed.append((best(step, 20), threads))
    seconds, threads = min(timed)
    got = np.concatenate([gradient.numpy().ravel() for gradient in step()])
    return {
        "method": "PyTorch autograd",
        "library": f"torch {torch.__version__}, float32, {threads} threads",
        "seconds": seconds,
        "sampled": int(sum(sizes)),
        "error": flat_error(got, np.arange(sum(sizes)), exact, sizes),
    }


def main(folder):
    spec, p, x, t = read_network(folder)
    exact = closed_form(p, x, t)
    sizes = [p[name].size for name in NAMES]
    indices = np.random.default_rng(1).choice(sum(sizes), 512, replace=False)
    peers = [
        vmap_over_perturbations(p, x, t, spec["h"], indices, exact, sizes),
        by_numdifftools(p, x, t, indices[:16], exact, sizes),
        autograd(p, x, t, exact, sizes),
    ]
    json.dump(peers, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
