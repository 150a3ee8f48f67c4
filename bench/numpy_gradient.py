"""The textbook's numerical gradient in numpy: the peer that `npm run bench -- gradient` measures against.

Reads a network and a batch that gradient.mjs wrote, runs the book's loop (softmax by row, any shape of parameter) for a sample
of the parameters, and prints one JSON document: seconds a forward, and the gradient in float64 by central differences of the
sample and in closed form for all parameters.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

EPSILON = 1e-7  # inside the logarithm, as the book has it


def forward(p, x):
    z1 = 1 / (1 + np.exp(-(x @ p["W1"] + p["b1"])))
    a2 = z1 @ p["W2"] + p["b2"]
    e = np.exp(a2 - a2.max(axis=1, keepdims=True))
    return z1, e / e.sum(axis=1, keepdims=True)


def loss(p, x, t):
    _, y = forward(p, x)
    return -np.log(y[np.arange(len(t)), t] + EPSILON).mean()


def central_difference(p, name, index, x, t, h):
    value = p[name][index]
    p[name][index] = value + h
    ahead = loss(p, x, t)
    p[name][index] = value - h
    behind = loss(p, x, t)
    p[name][index] = value
    return (ahead - behind) / (2 * h)


def closed_form(p, x, t):
    z1, y = forward(p, x)
    rows = np.arange(len(t))
    probability = y[rows, t]
    da2 = y.copy()
    da2[rows, t] -= 1
    da2 *= (probability / (probability + EPSILON))[:, None] / len(t)
    da1 = (da2 @ p["W2"].T) * z1 * (1 - z1)
    return {"W1": x.T @ da1, "b1": da1.sum(axis=0), "W2": z1.T @ da2, "b2": da2.sum(axis=0)}


def read_network(folder):
    """What gradient.mjs wrote: its specification, the parameters and the inputs in float64, the labels."""
    spec = json.loads((folder / "spec.json").read_text())
    read = lambda name, kind: np.fromfile(folder / f"{name}.bin", kind)  # noqa: E731
    p = {name: read(name, np.float32).reshape(shape).astype(np.float64) for name, shape in spec["parameters"].items()}
    x = read("x", np.float32).reshape(spec["x"]).astype(np.float64)
    return spec, p, x, read("t", np.int32)


def main(folder, forwards):
    spec, p, x, t = read_network(folder)
    places = [(name, i) for name, shape in spec["parameters"].items() for i in range(int(np.prod(shape)))]
    rng = np.random.default_rng(0)
    sample = places if forwards >= 2 * len(places) else [places[i] for i in rng.choice(len(places), forwards // 2, replace=False)]
    for name, flat in sample[:50]:  # warm up
        central_difference(p, name, np.unravel_index(flat, p[name].shape), x, t, spec["h"])
    started = time.perf_counter()
    differences = [
        central_difference(p, name, np.unravel_index(flat, p[name].shape), x, t, spec["h"]) for name, flat in sample
    ]
    seconds = time.perf_counter() - started
    json.dump(
        {
            "numpy": np.__version__,
            "forwards": 2 * len(sample),
            "secondsPerForward": seconds / (2 * len(sample)),
            "parameters": len(places),
            "differences": [[name, flat, value] for (name, flat), value in zip(sample, differences)],
            "closedForm": {name: g.ravel().tolist() for name, g in closed_form(p, x, t).items()},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
