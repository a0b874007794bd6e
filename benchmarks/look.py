"""Pictures, measured: how long each takes from the value to the bytes, and how large it is.

    python benchmarks/look.py [--quick]

Times are medians over the rounds, in which the rows take turns: CPU time with that of the processes that lay out the
pictures (Graphviz runs in one of its own), and the time on the clock, which a busy machine makes longer. A target is
for the CPU time. The exit code is 0 if every target was reached.
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine import Value
from nn.matrix import Network
from viz import draw, draw_network, frames, save, tree
from viz.notebook import mimebundle
from viz.render import renderers


@dataclass
class Row:
    """What is made, its targets in seconds and bytes, and how to make it: from nothing to its bytes."""

    name: str
    seconds: float | None
    size: float | None
    make: Callable[[], bytes]


def lecture_neuron() -> Value:
    """Return Karpathy's neuron with tanh written out, (e - 1) / (e + 1), e = exp(2n), after backward(): 14 nodes."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    e = (2 * (x1 * w1 + x2 * w2 + b)).exp()
    o = (e - 1) / (e + 1)
    o.backward()
    return o


def moons_loss(samples: int = 10) -> Value:
    """Return the loss of micrograd's demo, 2-16-16-1, operation by operation as it writes it, after backward()."""
    rng = random.Random(1337)
    layers = [
        [([Value(rng.uniform(-1, 1)) for _ in range(below)], Value(0.0)) for _ in range(units)]
        for below, units in pairwise([2, 16, 16, 1])
    ]

    def model(x: list[Value]) -> Value:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [z.relu() for z in x] if layer is not layers[-1] else x
        return x[0]

    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]
    points = [[Value(rng.uniform(-1, 2)), Value(rng.uniform(-1, 1))] for _ in range(samples)]
    margins = [(1 + -rng.choice([-1.0, 1.0]) * model(x)).relu() for x in points]
    loss = sum(margins) * (1.0 / samples) + 1e-4 * sum(p * p for p in parameters)
    assert isinstance(loss, Value)
    loss.backward()
    return loss


def small_graph() -> Value:
    value = Value(0.5, label="x0")
    for k in range(1, 13):
        value = (value * Value(0.1 * k, label=f"x{k}")).tanh() if k % 2 else value * value + value
    return value


def chain(operations: int) -> Value:
    value = Value(0.5, label="x")
    for _ in range(operations):
        value = value * 0.5
    return value


def doubled(times: int) -> tuple[Value, Value]:
    """Return a value and what comes of adding it to itself so often: 2^times paths. The numbers stay small."""
    y = x = Value(1.0, label="x")
    for _ in range(times):
        y = y + y
        y.data = 1.0
    return x, y


def as_page(value: Value) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save(frames(value), Path(folder) / "steps.html").read_bytes()


def bundle(value: Value) -> bytes:
    """Return what a notebook gets; its picture must be there, for without it this would be quick."""
    found = mimebundle(value)
    return (found["image/svg+xml"] + found["text/plain"]).encode()


def rows() -> list[Row]:
    """Return the rows of the table; the values that they draw are made beforehand."""
    neuron, moons, small, large = lecture_neuron(), moons_loss(), small_graph(), chain(100_000)
    x, y = doubled(2000)
    wide = Network([784, 300, 100, 10], "relu", "softmax", "cross_entropy", rng=0)
    return [
        Row("a neuron of 14 nodes", 0.15, 100_000, lambda: draw(neuron).picture()),
        Row("moons loss of 10 samples, folded", 2.0, 100_000, lambda: draw(moons).picture()),
        Row("steps of a graph of 31 nodes, one page", 1.0, 300_000, lambda: as_page(small)),
        Row("100,000 nodes in a notebook", 1.0, 100_000, lambda: bundle(large)),
        Row("the last 150 of 100,000 nodes, DOT", None, None, lambda: draw(large, level="op").source.encode()),
        Row("the last 10 of 100,000 nodes, text", None, None, lambda: tree(large, level="op", max_nodes=10).encode()),
        Row("2,000 nodes with 2^2000 paths lit, text", None, None, lambda: tree(y, highlight=x).encode()),
        Row("network 784-300-100-10", None, 100_000, lambda: draw_network(wide).picture()),
    ]


def cpu() -> float:
    """Return the CPU time so far, with that of the processes that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> int:
    """Print a row for each picture; the exit code is 0 if every target was reached."""
    parser = argparse.ArgumentParser(description="Pictures: their time and size.")
    parser.add_argument("--quick", action="store_true", help="three rounds instead of eleven")
    rounds = 3 if parser.parse_args().quick else 11
    found = renderers()
    if not found:
        raise SystemExit('no Graphviz to measure: pip install "chainrule[render]", or put dot on PATH')
    print(f"Python {platform.python_version()}, {found[0]}, {platform.machine()}, medians of {rounds} rounds")
    table = rows()
    seconds: dict[str, list[tuple[float, float]]] = {row.name: [] for row in table}
    sizes = {row.name: len(row.make()) for row in table}  # warm, too
    for _ in range(rounds):
        for row in table:
            start, began = cpu(), time.perf_counter()
            row.make()
            seconds[row.name].append((cpu() - start, time.perf_counter() - began))
    print(f"{'':42}{'CPU, s':>8}{'target':>8}{'clock, s':>10}{'bytes':>10}{'target':>11}")
    reached = True
    for row in table:
        used, clock = (statistics.median(column) for column in zip(*seconds[row.name], strict=True))
        within = (row.seconds is None or used < row.seconds) and (row.size is None or sizes[row.name] < row.size)
        reached &= within
        targets = [f"< {row.seconds:g}" if row.seconds else "", f"< {row.size:,.0f}" if row.size else ""]
        print(
            f"{row.name:42}{used:8.3f}{targets[0]:>8}{clock:10.3f}{sizes[row.name]:10,}{targets[1]:>11}"
            f"{'' if within else '  NOT reached'}"
        )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
