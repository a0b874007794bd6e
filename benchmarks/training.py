"""A whole training on MNIST beside PyTorch: the CPU time of all epochs and the accuracy that comes of it.

Run ``python benchmarks/training.py --data DIR`` with the folder of MNIST's four files (``--quick`` for two epochs).
Each trains a 784-32-10 network, sigmoid and softmax cross-entropy, with Adam on mini-batches of 128, its learning rate
falling linearly, in float32 on one thread, from the same parameters. They take turns, a whole training each, and the
ratio is the median over the seeds. Timed is all that a training takes: the shuffling, the batches, the steps; ours
includes the checks of the data and the training accuracy after each epoch. Times are CPU time (``time.process_time``),
the garbage collector is on. The accuracy on the test samples is taken at the end.

PyTorch runs as its tutorials write it, eagerly, its batches picked by a shuffled index (a DataLoader takes longer); a
second one has Adam's fused step. It is optional (``pip install "chainrule[bench]"``).
"""

import os

# Before NumPy is imported: one thread, and the kernel that OpenBLAS itself finds best (a machine may export another).
FORCED_KERNEL = os.environ.pop("OPENBLAS_CORETYPE", None)
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from machine import print_machine

from nn.data import Dataset, mnist
from nn.matrix import Network
from nn.optimizers import Adam
from nn.schedules import SCHEDULES
from nn.training import accuracy, train

EPOCHS, BATCH, RATE = 20, 128, 0.006
ACCURACY = 0.9613  # of the lecture's notebook (Roch, Math 535, topic 3.7)
SHARE = 0.5  # of PyTorch's time


# A contender trains from a seed, and returns a function that tells its accuracy on the test samples.
Contender = Callable[[Dataset, int, int], Callable[[], float]]


def initial_network(seed: int, data: Dataset) -> Network:
    return Network(
        [data.features, 32, data.classes],
        activation="sigmoid",
        output="softmax",
        loss="cross_entropy",
        dtype=np.float32,
        rng=seed,
    )


def ours(data: Dataset, seed: int, epochs: int) -> Callable[[], float]:
    network = initial_network(seed, data)
    train(
        network,
        data.x_train,
        data.y_train,
        optimizer=Adam(RATE),
        epochs=epochs,
        batch_size=BATCH,
        rng=seed,
        schedule=SCHEDULES["linear"],
    )
    return lambda: accuracy(network, data.x_test, data.y_test) or 0.0


def pytorch(data: Dataset, seed: int, epochs: int, fused: bool | None = None) -> Callable[[], float]:
    import torch

    torch.set_num_threads(1)
    network = torch.nn.Sequential(
        torch.nn.Linear(data.features, 32), torch.nn.Sigmoid(), torch.nn.Linear(32, data.classes)
    )
    with torch.no_grad():
        for parameter, start in zip(network.parameters(), initial_network(seed, data).parameters, strict=True):
            parameter.copy_(torch.from_numpy(start))
    optimizer, cost = torch.optim.Adam(network.parameters(), lr=RATE, fused=fused), torch.nn.CrossEntropyLoss()
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        order = torch.randperm(len(x), generator=generator)
        for begin in range(0, len(x), BATCH):
            batch = order[begin : begin + BATCH]
            optimizer.zero_grad()
            cost(network(x[batch]), y[batch]).backward()
            optimizer.step()

    def test_accuracy() -> float:
        with torch.no_grad():
            predicted = network(torch.from_numpy(data.x_test)).argmax(dim=1).numpy()
        return float((predicted == data.y_test).mean())

    return test_accuracy


def race(data: Dataset, seeds: list[int], epochs: int) -> bool:
    """Let all train from each seed in turn, print a line for each, and return whether both targets were reached."""
    racing: dict[str, Contender] = {"ours": ours}
    if find_spec("torch"):
        racing |= {"PyTorch": pytorch, "PyTorch, fused Adam": partial(pytorch, fused=True)}
    for contender in racing.values():
        contender(data, 0, 1)  # warm
    seconds: dict[str, list[float]] = {name: [] for name in racing}
    right = True
    for seed in seeds:
        for name, contender in racing.items():
            start = time.process_time()
            test_accuracy = contender(data, seed, epochs)
            seconds[name].append(time.process_time() - start)
            share = test_accuracy()
            right &= name != "ours" or share >= ACCURACY
            print(f"  seed {seed}  {name:20} {seconds[name][-1]:7.2f} s   test accuracy {share:.2%}", flush=True)
    print(f"target: test accuracy >= {ACCURACY:.2%} from every seed: {'reached' if right else 'NOT reached'}")
    for name in list(racing)[1:]:
        ratio = statistics.median(a / b for a, b in zip(seconds["ours"], seconds[name], strict=True))
        print(f"ours / {name}: {ratio:.3f}")
        if name == "PyTorch":
            right &= ratio <= SHARE
            print(f"target: ours / PyTorch <= {SHARE}: {'reached' if ratio <= SHARE else 'NOT reached'}")
    if "PyTorch" not in racing:
        print("PyTorch is not installed: no ratio")
    return right and "PyTorch" in racing


def main() -> int:
    """Train from each seed; the exit code is 0 if every target was reached."""
    parser = argparse.ArgumentParser(description="A whole training on MNIST beside PyTorch.")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of MNIST's four files")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="one training each (0 1 2)"
    )
    parser.add_argument("--quick", action="store_true", help="two epochs: a look, not a measurement")
    options = parser.parse_args()
    print_machine(FORCED_KERNEL)
    data = mnist(options.data, dtype=np.float32)
    return 0 if race(data, options.seeds, 2 if options.quick else EPOCHS) else 1


if __name__ == "__main__":
    sys.exit(main())
