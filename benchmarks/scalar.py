"""Scalar reverse mode beside its peers: time and memory per operation, in one interleaved run.

    python benchmarks/scalar.py [--quick]

Every figure is a ratio of CPU times measured in turn within one process; medians over the rounds. The time is that of
building the graph and of backward(); results are kept alive until the clock has stopped. "micrograd+" is micrograd with
the recursion limit lifted and the garbage collector off while it is timed, which is most favourable to it; "micrograd"
is micrograd as shipped, collector on. Ours runs with the collector on (and once more with it off, for comparison).
autograd, PyTorch and JAX, where installed, run a shorter chain of the same operations, collector on for all.
Before anything is timed, the gradients are compared.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from micrograd.engine import Value as MicrogradValue
from micrograd.nn import MLP as MicrogradMLP
from scalar_peers import PEERS

from engine import Value
from engine.graph import Graph
from nn.scalar import MLP

POINTS, CHAIN, SHORT_CHAIN = 100, 100_000, 2_000
START = 0.999, 0.001  # w and b of the chains


def moons_net(kind: Any) -> Callable[[], tuple[Any, list[Any]]]:
    """Micrograd's demo, op by op as it writes it: 2-16-16-1 ReLU, 100 points, hinge loss and L2 regularization."""
    rng = random.Random(1337)
    points = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(POINTS)]
    signs = [1 if x * y > 0 else -1 for x, y in points]
    sizes = [2, 16, 16, 1]
    start = [[[rng.uniform(-1, 1) for _ in range(a)] for _ in range(b)] for a, b in pairwise(sizes)]

    def build() -> tuple[Any, list[Any]]:
        layers = [[([kind(w) for w in row], kind(0)) for row in layer] for layer in start]
        parameters = [p for layer in layers for w, b in layer for p in (*w, b)]

        def model(x: Any) -> Any:
            for layer in layers:
                x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
                x = [z.relu() for z in x] if layer is not layers[-1] else x
            return x[0]

        scores = [model([kind(a) for a in point]) for point in points]
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters), parameters

    return build


def chain(kind: Any) -> Callable[[], tuple[Any, list[Any]]]:
    """100,000 operations, each on the result of the one before: multiplications and additions in turn."""

    def build() -> tuple[Any, list[Any]]:
        w, b = map(kind, START)
        return multiply_add(w, b, CHAIN), [w, b]

    return build


def multiply_add(w: Any, b: Any, operations: int) -> Any:
    """Return w w + b, times w, plus b, and so on."""
    x = w
    for _ in range(operations // 2):
        x = x * w + b
    return x


def one_sample(kind: Any) -> Callable[[], tuple[Any, list[Any]]]:
    """One sample through 64-64-10 with each library's own neurons, and the sum of the squared outputs."""
    random.seed(1337)
    model = (MLP if kind is Value else MicrogradMLP)(64, [64, 10])
    x = [kind(random.uniform(0, 1)) for _ in range(64)]

    def build() -> tuple[Any, list[Any]]:
        for p in model.parameters():
            p.grad = 0
        return sum(out * out for out in model(x)), model.parameters()

    return build


def timed(build: Callable[[], tuple[Any, list[Any]]], collector: bool) -> float:
    """Return the CPU seconds of build and backward."""
    gc.collect()
    (gc.enable if collector else gc.disable)()
    start = time.process_time()
    output, parameters = build()
    output.backward()
    seconds = time.process_time() - start
    gc.enable()
    del output, parameters
    return seconds


def check(ours: Callable[..., Any], theirs: Callable[..., Any], exact: bool) -> int:
    """Compare the two gradients and return the number of operations; both run the same sums in the same order."""
    (a, ours_parameters), (b, their_parameters) = ours(), theirs()
    operations = sum(v.row is not None for v in Graph(a).nodes)
    a.backward()
    b.backward()
    pairs = [(p.grad, q.grad) for p, q in zip(ours_parameters, their_parameters, strict=True)]
    scale = max(abs(q) for _, q in pairs)
    if any(abs(p - q) > (0 if exact else 1e-13 * scale) for p, q in pairs):
        raise SystemExit("the gradients differ; nothing was timed")
    return operations


def memory(build: Callable[[], tuple[Any, list[Any]]]) -> int:
    """Return the bytes that the graph holds after backward()."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    output, _parameters = build()
    output.backward()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def print_peers(rounds: int) -> None:
    """Print the time per operation of a short chain for each library that is installed."""
    contenders: dict[str, Callable[[], tuple[float, ...]]] = {}
    for name, (module, make) in PEERS.items():
        if find_spec(module):
            contenders[name] = make(lambda w, b: multiply_add(w, b, SHORT_CHAIN), START)
            for theirs, ours in zip(contenders[name](), contenders["ours"](), strict=True):  # warm now, too
                if abs(theirs - ours) > SHORT_CHAIN * sys.float_info.epsilon * abs(ours):  # all terms are positive
                    raise SystemExit(f"{name} has {theirs}, ours is {ours}; nothing was timed")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    print(f"\nchain of {SHORT_CHAIN:,} operations, collector on{'ns/op':>12}{'ours / it':>12}")
    for name, measured in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["ours"], measured, strict=True))
        print(f"{name:44}{statistics.median(measured) / SHORT_CHAIN * 1e9:10,.0f}{ratio:12.4f}")


def main(rounds: int) -> None:
    """Print one row per workload: ratios to micrograd+, the target, and whether it was reached."""
    print(f"Python {sys.version.split()[0]}, CPU time, medians of {rounds} interleaved rounds; micrograd+ = 1.00")
    print(f"{'workload':34}{'ns/op':>7}{'ours':>8}{'gc off':>8}{'target':>9}{'shipped':>9}{'target':>9}")
    for name, workload, target, shipped_target in (
        ("moons net, op by op", moons_net, 0.37, 0.07),
        ("chain of 100,000 operations", chain, 0.42, None),
        ("one sample, 64-64-10, our neurons", one_sample, 0.08, None),
    ):
        ours, theirs = workload(Value), workload(MicrogradValue)
        # micrograd's chain cannot run as shipped (RecursionError); here the limit is lifted for everything.
        operations = check(ours, theirs, exact=False)
        times: dict[str, list[float]] = {"ours": [], "ours, gc off": [], "micrograd+": [], "micrograd": []}
        for _ in range(rounds):
            times["ours"].append(timed(ours, collector=True))
            times["micrograd+"].append(timed(theirs, collector=False))
            times["ours, gc off"].append(timed(ours, collector=False))
            if shipped_target:
                times["micrograd"].append(timed(theirs, collector=True))

        def ratio(other: str, times: dict[str, list[float]] = times) -> float:
            return statistics.median(a / b for a, b in zip(times["ours"], times[other], strict=True))

        gc_off = statistics.median(a / b for a, b in zip(times["ours, gc off"], times["micrograd+"], strict=True))
        nanoseconds = statistics.median(times["ours"]) / operations * 1e9
        shipped = f"{ratio('micrograd'):9.3f}{shipped_target:9.2f}" if shipped_target else ""
        print(f"{name:34}{nanoseconds:7.0f}{ratio('micrograd+'):8.3f}{gc_off:8.3f}{target:9.2f}{shipped}")
    operations = check(moons_net(Value), moons_net(MicrogradValue), exact=False)
    for name, kind in (("ours", Value), ("micrograd", MicrogradValue)):
        print(f"memory per operation, moons net, {name}: {memory(moons_net(kind)) / operations:.0f} bytes")
    print("target: <= 170 bytes")
    print_peers(rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of eleven")
    arguments = parser.parse_args()
    sys.setrecursionlimit(10**6)
    threading.stack_size(512 * 1024 * 1024)  # micrograd sorts by recursion: 100,000 deep
    thread = threading.Thread(target=main, args=(3 if arguments.quick else 11,))
    thread.start()
    thread.join()
