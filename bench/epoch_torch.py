"""One epoch of MNIST for the article's network in PyTorch, its data from epoch.mjs; prints a JSON list of rows."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

BATCH, RATE = 100, 0.1


def epoch(x, t):
    generator = torch.Generator().manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(784, 50), torch.nn.Sigmoid(), torch.nn.Linear(50, 10))
    for layer in (model[0], model[2]):
        torch.nn.init.normal_(layer.weight, std=0.01, generator=generator)
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    started = time.perf_counter()
    for rows in torch.randperm(len(x), generator=generator).split(BATCH):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), t[rows]).backward()
        optimizer.step()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        return seconds, (model(x).argmax(1) == t).double().mean().item()


def main(folder, repeats):
    t = torch.tensor(np.fromfile(folder / "t.bin", np.int32), dtype=torch.int64)
    x = torch.tensor(np.fromfile(folder / "x.bin", np.float32).reshape(len(t), 784))
    rows = []
    for threads in sorted({1, os.cpu_count()}):
        torch.set_num_threads(threads)
        runs = sorted(epoch(x, t) for _ in range(repeats))
        seconds, accuracy = runs[len(runs) // 2]
        rows.append(
            {
                "method": "PyTorch, SGD",
                "by": f"torch {torch.__version__}, {threads} thread{'s' if threads > 1 else ''}",
                "seconds": seconds,
                "fastest": runs[0][0],
                "slowest": runs[-1][0],
                "accuracy": accuracy,
            }
        )
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
