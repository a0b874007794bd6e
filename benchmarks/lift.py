"""Lifted scalar code beside what it has to equal: micrograd's scalars, hand-written NumPy, the matrix form.

    python benchmarks/lift.py [--quick] [--data DIR]

Each figure is a ratio of CPU times (``time.process_time``), the contenders taking turns in one process, on one thread:
the median over the rounds. The gradients are compared before anything is timed. "moons" is micrograd's training step as
micrograd writes it, 100 points in one loss; its contender is micrograd with the recursion limit lifted and the garbage
collector off. With --data, the folder of MNIST's four files, a whole training of 20 epochs is raced against nn.matrix.
"""

from __future__ import annotations

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.pop("OPENBLAS_CORETYPE", None)

import argparse
import gc
import itertools
import operator
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from micrograd.engine import Value as MicrogradValue

from engine import Value, cos, exp, logsumexp, sin, tanh
from engine.lift import Lifted, lift
from nn.data import mnist
from nn.matrix import Network
from nn.optimizers import Adam
from nn.training import train

Step = Callable[[], Any]


def ratio(ours: Step, theirs: Step, rounds: int, seconds: float = 0.1) -> tuple[float, float]:
    """Return the median ratio of the CPU times of one call, and the median time of ours."""
    counts = [max(1, round(seconds / timed(step, 1))) for step in (ours, theirs)]
    times = [(timed(ours, counts[0]), timed(theirs, counts[1])) for _ in range(rounds)]
    return statistics.median(a / b for a, b in times), statistics.median(a for a, _ in times)


def timed(step: Step, count: int) -> float:
    """Return the CPU seconds of one call; what the contender before has left behind is collected first."""
    gc.collect()
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def agree(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    """Stop where two gradients differ by more than rounding can explain."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if not np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max():
        raise SystemExit("the gradients differ; nothing was timed")


def show(name: str, measured: float, target: float, note: str = "") -> None:
    met = "reached" if measured <= target else "MISSED"
    print(f"{name:46}{measured:10.5f}  <= {target:<6g} {met:9}{note}", flush=True)


def show_lifting(build: Callable[[], Lifted], seconds_target: float, megabytes_target: float) -> Lifted:
    """Time the tracing and lifting, and measure its peak memory."""
    start = time.process_time()
    lifted = build()
    show("  its tracing and lifting, seconds", time.process_time() - start, seconds_target)
    tracemalloc.start()
    build()
    show("  its peak memory, MB", tracemalloc.get_traced_memory()[1] / 1e6, megabytes_target)
    tracemalloc.stop()
    return lifted


# --- micrograd's moons step ----------------------------------------------------------------------


def moons(kind: Any) -> tuple[Callable[[], Any], list[Any]]:
    """Return micrograd's demo, op by op as it writes it: 2-16-16-1 ReLU, 100 points, hinge loss, regularization."""
    rng = random.Random(1337)
    points = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(100)]
    signs = [1 if x * y > 0 else -1 for x, y in points]
    sizes = [2, 16, 16, 1]
    layers = [
        [([kind(rng.uniform(-1, 1)) for _ in range(a)], kind(0)) for _ in range(b)]
        for a, b in itertools.pairwise(sizes)
    ]
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]

    def model(x: Any) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [z.relu() for z in x] if layer is not layers[-1] else x
        return x[0]

    def loss() -> Any:
        scores = [model([kind(a) for a in point]) for point in points]
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)

    return loss, parameters


def race_moons(rounds: int) -> None:
    (ours, parameters), (theirs, expected) = moons(Value), moons(MicrogradValue)
    theirs().backward()
    lifted = lift(ours, parameters=parameters)
    agree(lifted.value_and_grad()[1].nested, [p.grad for p in expected])

    def micrograd() -> None:
        gc.disable()
        theirs().backward()
        gc.enable()

    measured, seconds = ratio(lifted.value_and_grad, micrograd, rounds)
    show("moons step, gradient / micrograd", measured, 0.001, f"{seconds * 1e6:.0f} us")
    show_lifting(lambda: lift(ours, parameters=parameters), 2.0, 500)


# --- 784-32-10 -----------------------------------------------------------------------------------


Layers = list[list[tuple[list[Value], Value]]]


def layers_by_hand(sizes: list[int], rng: random.Random) -> Layers:
    return [
        [([Value(rng.uniform(-1, 1) / b**0.5) for _ in range(b)], Value(0.0)) for _ in range(a)]
        for b, a in itertools.pairwise(sizes)
    ]


def digits_loss(layers: Layers) -> Callable[[Any, Any], Value]:
    """Return the cross-entropy of a sigmoid network, one neuron at a time, one multiplication at a time."""

    def loss(x: Any, y: Any) -> Value:
        for layer in layers:
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [zi.sigmoid() for zi in z]
        total = logsumexp(*z)
        return sum(yi * (total - zi) for yi, zi in zip(y, z, strict=True))

    return loss


def by_hand(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> tuple[float, list[Any]]:
    """Compute the same in NumPy, as a tutorial writes it."""
    f1 = 1 / (1 + np.exp(-(X @ W1.T + b1)))
    z2 = f1 @ W2.T + b2
    shifted = z2 - z2.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(sums[:, 0]) - (Y * shifted).sum(axis=1)))
    d2 = (powers / sums - Y) / len(X)
    d1 = (d2 @ W2) * f1 * (1 - f1)
    return loss, [d1.T @ X, d1.sum(axis=0), d2.T @ f1, d2.sum(axis=0)]


def race_matrix(rounds: int) -> None:
    layers = layers_by_hand([784, 32, 10], random.Random(1))
    parameters = [[(w, b) for w, b in layer] for layer in layers]
    rng = np.random.default_rng(1)
    X, Y = rng.uniform(0, 1, (128, 784)), np.eye(10)[rng.integers(0, 10, 128)]
    build = lambda: lift(digits_loss(layers), X[0], Y[0], parameters=parameters)  # noqa: E731 - named by its use
    lifted = build()
    arrays = lifted.parameters
    for a, b in zip(lifted.value_and_grad(X, Y)[1].parameters, by_hand(*arrays, X, Y)[1], strict=True):
        agree(a, b)
    measured, seconds = ratio(lambda: lifted.value_and_grad(X, Y), lambda: by_hand(*arrays, X, Y), rounds)
    show("784-32-10, batch 128, gradient / NumPy by hand", measured, 1.3, f"{seconds * 1e6:.0f} us")
    show_lifting(build, 3.0, 500)


# --- an irregular expression ---------------------------------------------------------------------

INPUTS, LEAVES = 5, 10
FUNCTIONS: dict[str, Any] = {"sin": sin, "cos": cos, "tanh": tanh, "exp": exp}
OPERATORS: dict[str, Any] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
FORWARD = {"+": "v{a} + v{b}", "-": "v{a} - v{b}", "*": "v{a} * v{b}", "/": "v{a} / v{b}"}
BACKWARD = {
    "+": ("g{i}", "g{i}"),
    "-": ("g{i}", "-g{i}"),
    "*": ("g{i} * v{b}", "g{i} * v{a}"),
    "/": ("g{i} / v{b}", "-g{i} * v{i} / v{b}"),
    "sin": ("g{i} * np.cos(v{a})",),
    "cos": ("-g{i} * np.sin(v{a})",),
    "tanh": ("g{i} * (1 - v{i} * v{i})",),
    "exp": ("g{i} * v{i}",),
}

Script = list[tuple[str, int, int]]


def irregular(operations: int) -> tuple[Script, list[int]]:
    """Return random operations, each on two of the thousand numbers before it, and the results that are not used.

    Exponentials are of numbers between -1 and 1, quotients by exponentials, so that nothing overflows.
    """
    rng = random.Random(3)
    kinds, script, unused = ["leaf"] * LEAVES, Script(), set(range(LEAVES))
    for i in range(LEAVES, LEAVES + operations):
        name = rng.choice([*FORWARD, *FUNCTIONS])
        a, b = (rng.randrange(max(0, i - 1000), i) for _ in range(2))
        name = "tanh" if name == "exp" and kinds[a] not in ("sin", "cos", "tanh") else name
        name = "*" if name == "/" and kinds[b] != "exp" else name
        name = "sin" if name == "*" and not {kinds[a], kinds[b]} <= {"sin", "cos", "tanh", "exp"} else name
        script.append((name, a, b))
        kinds.append(name)
        unused -= {a, b} if name in FORWARD else {a}
        unused.add(i)
    return script, sorted(unused)


def irregular_source(script: Script, unused: list[int]) -> str:
    """Return NumPy by hand: each operation and each step of its adjoint in a line of its own."""
    lines = ["def by_hand(p, X):"]
    lines += [f"    v{i} = X[:, {i}]" for i in range(INPUTS)]
    lines += [f"    v{i} = p[{i - INPUTS}]" for i in range(INPUTS, LEAVES)]
    for i, (name, a, b) in enumerate(script, LEAVES):
        lines.append(f"    v{i} = " + FORWARD.get(name, f"np.{name}(v{{a}})").format(a=a, b=b))
    lines.append("    total = " + " + ".join(f"v{i}" for i in unused))
    lines += ["    seed = np.full(len(X), 1 / len(X))", *(f"    g{i} = seed" for i in unused)]
    started = set(unused)
    active = [False] * INPUTS + [True] * (LEAVES - INPUTS)
    for name, a, b in script:
        active.append(active[a] or (name in FORWARD and active[b]))
    for i, (name, a, b) in reversed(list(enumerate(script, LEAVES))):
        if active[i]:
            for target, term in zip((a, b), BACKWARD[name], strict=False):
                if active[target]:
                    before = f"g{target} + " if target in started else ""
                    lines.append(f"    g{target} = {before}{term.format(i=i, a=a, b=b)}")
                    started.add(target)
    sums = ", ".join(f"g{i}.sum()" for i in range(INPUTS, LEAVES))
    return "\n".join([*lines, f"    return total.mean(), [{sums}]"])


def race_irregular(rounds: int, operations: int) -> None:
    script, unused = irregular(operations)
    p = [Value(0.1 * i) for i in range(INPUTS, LEAVES)]

    def expression(x: Any) -> Value:
        v = [*x, *p]
        for name, a, b in script:
            if name in FUNCTIONS:
                v.append(FUNCTIONS[name](v[a]))
            else:
                v.append(OPERATORS[name](v[a], v[b]))
        return sum(v[i] for i in unused)

    namespace: dict[str, Any] = {"np": np}
    exec(compile(irregular_source(script, unused), "<by hand>", "exec"), namespace)
    X = np.random.default_rng(3).uniform(-1, 1, (1000, INPUTS))
    numbers = [np.float64(v.data) for v in p]
    lifted = lift(expression, X[0], parameters=p)
    hand = lambda: namespace["by_hand"](numbers, X)  # noqa: E731 - a step
    agree(lifted.value_and_grad(X)[1].nested, hand()[1], 1e-7)
    measured, seconds = ratio(lambda: lifted.value_and_grad(X), hand, rounds)
    show(f"irregular, {operations:,} operations, 1,000 points / NumPy", measured, 1.1, f"{seconds * 1e3:.1f} ms")


# --- MNIST ---------------------------------------------------------------------------------------


def digits_network(layers: Layers) -> Callable[[Any], list[Value]]:
    """Return the scores of the same network, to say which digit it sees."""

    def scores(x: Any) -> list[Value]:
        for layer in layers:
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [zi.sigmoid() for zi in z]
        return z

    return scores


def race_mnist(folder: Path, epochs: int) -> None:
    """Train 784-32-10, sigmoid and softmax, with Adam on batches of 128, in float32: lifted scalars and nn.matrix.

    Both by nn.training.train, an epoch of one after an epoch of the other, so that both see the same machine.
    """
    data = mnist(folder, dtype=np.float32)
    sizes = [data.features, 32, data.classes]
    layers = layers_by_hand(sizes, random.Random(1))
    parameters = [[(w, b) for w, b in layer] for layer in layers]
    network = Network(sizes, "sigmoid", "softmax", "cross_entropy", dtype=np.float32, rng=1)
    no_digit: list[list[float]] = [[0.0] * data.features, [0.0] * data.classes]
    lifted = lift(digits_loss(layers), *no_digit, parameters=parameters, dtype=np.float32)
    for ours, theirs in zip(lifted.parameters, network.parameters, strict=True):
        ours[...] = theirs
    rows = network.targets(data.y_train)
    contenders = [(model, Adam(0.006), np.random.default_rng(1)) for model in (lifted, network)]
    seconds: dict[Any, list[float]] = {lifted: [], network: []}
    for _ in range(epochs):
        for model, optimizer, rng in contenders:
            history = train(model, data.x_train, rows, optimizer=optimizer, epochs=1, batch_size=128, rng=rng)
            seconds[model] += history.seconds  # of its steps alone
    lifted.write_back()  # to the neurons, which say the digits
    predicted = lift(digits_network(layers), no_digit[0], parameters=parameters, dtype=np.float32)(data.x_test)
    for name, classes in (("lifted", predicted.argmax(axis=1)), ("nn.matrix", network.predict(data.x_test))):
        right = float((classes == data.y_test).mean())
        print(f"  {name}: {right:.2%} of the test images after {epochs} epochs (the lecture's notebook: 96.13%)")
    whole = sum(seconds[lifted])
    show("MNIST training, lifted / nn.matrix", whole / sum(seconds[network]), 1.5, f"{whole:.1f} s")


def main(rounds: int, operations: int, data: Path | None, epochs: int) -> None:
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, one thread, medians of {rounds} rounds")
    race_moons(rounds)
    race_matrix(rounds)
    race_irregular(rounds, operations)
    if data is not None:
        race_mnist(data, epochs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds, and two epochs")
    parser.add_argument("--data", type=Path, help="the folder of MNIST's four files")
    arguments = parser.parse_args()
    sys.setrecursionlimit(10**6)
    threading.stack_size(512 * 1024 * 1024)  # micrograd sorts by recursion
    quick = arguments.quick
    thread = threading.Thread(target=main, args=(3 if quick else 9, 10_000, arguments.data, 2 if quick else 20))
    thread.start()
    thread.join()
