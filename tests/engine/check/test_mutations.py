"""The mutation gate: every planted bug is caught within 200 examples by the ordinary property.

The ordinary property is that of every gradient test here: `check_gradient` does not call the gradient wrong. Each test
plants one bug, runs the property, and adds to the score, which is printed at the end and must be 100%.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from engine import Value
from engine.calculus import grad
from engine.check import check_gradient
from engine.check.programs import Program
from engine.check.strategies import NetworkCase, programs
from engine.elementary import TABLE
from engine.graph import Graph
from nn import backprop
from nn.activations import activation
from nn.losses import loss

EXAMPLES = 200
SCORE: dict[str, bool] = {}

INSIDE = {"acosh": (1.1, 4.0), "asin": (-0.9, 0.9), "acos": (-0.9, 0.9), "atanh": (-0.9, 0.9), "log1p": (-0.9, 4.0)}
POSITIVE = ("log", "log2", "log10", "sqrt", "pow", "cbrt")


@pytest.fixture(scope="module", autouse=True)
def score(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    caught = sum(SCORE.values())
    terminal = pytestconfig.pluginmanager.getplugin("terminalreporter")
    terminal.write_line(f"\nplanted bugs caught: {caught} of {len(SCORE)} ({100 * caught / max(len(SCORE), 1):.0f}%)")
    assert caught == len(SCORE), sorted(name for name, was in SCORE.items() if not was)


def examples_of(name: str) -> Iterator[Program]:
    """Yield programs of one to three operations around a row, at points of its domain."""
    rng = random.Random(name)
    low, high = INSIDE.get(name, (0.1, 4.0) if name in POSITIVE else (-4.0, 4.0))
    arity = {"sum": 3, "dot": 4}.get(name) or TABLE[name].arity or 2
    for k in range(EXAMPLES):
        point = tuple(rng.uniform(low, high) for _ in range(arity))
        step = (name, *range(arity))
        after = [(), (("mul", arity, arity),), (("mul", arity, 0), ("add", arity + 1, 0))][k % 3]
        yield Program(point, (step, *after))


def is_caught(program: Program) -> bool:
    try:
        report = check_gradient(program, grad(program, range(len(program.point))), program.point)
    except (ArithmeticError, ValueError, OverflowError):
        return False
    return report.verdict == "wrong"


def planted(name: str, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Any:
    row, wrong = TABLE[name], copy.copy(TABLE[name])
    wrong.partials = lambda y, *xs: change(row.partials(y, *xs))
    return wrong


ROW_BUGS: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "first times 1 + 1e-9": lambda p: (p[0] * (1 + 1e-9), *p[1:]),
    "last times 1 + 1e-9": lambda p: (*p[:-1], p[-1] * (1 + 1e-9)),
    "all times 1 - 1e-9": lambda p: tuple(d * (1 - 1e-9) for d in p),
    "sign": lambda p: (-p[0], *p[1:]),
    "first dropped": lambda p: (0.0, *p[1:]),
}
BUGS_OF_SEVERAL: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "swapped": lambda p: (p[1], p[0], *p[2:]),
    "last dropped": lambda p: (*p[:-1], 0.0),
    "first one in all places": lambda p: (p[0],) * len(p),
}


def bugs_of(name: str) -> dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    """Return the bugs that change anything: the two partials of a + b are alike, and may be swapped."""
    if TABLE[name].arity == 1:
        return ROW_BUGS
    alike = name in ("add", "sum")
    unchanged = ("swapped", "first one in all places") if alike else ()
    return ROW_BUGS | {bug: change for bug, change in BUGS_OF_SEVERAL.items() if bug not in unchanged}


@pytest.mark.parametrize(("name", "bug"), [(name, bug) for name in TABLE for bug in bugs_of(name)])
def test_a_wrong_partial_in_any_row_is_caught(name: str, bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_caught(next(examples_of(name))), "the row is wrong before anything is planted"
    monkeypatch.setitem(TABLE, name, planted(name, bugs_of(name)[bug]))
    caught = next((p for p in examples_of(name) if is_caught(p)), None)
    SCORE[f"{name}: {bug}"] = caught is not None
    assert caught is not None
    assert len(caught.steps) <= 3


def reverse(output: Value, leaves: list[Value], bug: str) -> list[float]:
    """Return the gradient by reverse accumulation over a Graph, with one classical bug in it."""
    graph = Graph(output)
    partials = graph.partials()
    into: dict[int, list[tuple[int, float]]] = {}
    for edge, partial in zip(graph.edges, partials, strict=True):
        into.setdefault(edge.target, []).append((edge.source, partial))
    adjoint = [0.0] * len(graph)
    adjoint[-1] = 1.0
    order = list(reversed(range(len(graph))))
    if bug == "wrong order":  # breadth first: a node is passed on before all of its uses have arrived
        order, seen = [len(graph) - 1], {len(graph) - 1}
        for i in order:
            for source, _ in into.get(i, []):
                if source not in seen:
                    seen.add(source)
                    order.append(source)
    for i in order:
        parents = into.get(i, [])
        if bug == "parents as a set":  # x * x has one parent, and one edge
            parents = list(dict(parents).items())
        for source, partial in parents:
            step = adjoint[i] * partial
            adjoint[source] = step if bug == "overwritten" else adjoint[source] + step
    return [adjoint[graph.index[leaf]] if leaf in graph.index else 0.0 for leaf in leaves]


def by_reverse(program: Program, bug: str) -> Callable[..., list[float]]:
    def gradient(*xs: float) -> list[float]:
        if not all(isinstance(x, float) for x in xs):
            raise TypeError("this way is for doubles")
        leaves = [Value(x) for x in xs]
        output = program(*leaves)
        if bug == "stale":  # the leaves move after the forward pass, and only they
            for leaf in leaves:
                leaf.data *= 1.001
        return reverse(output, leaves, bug)

    return gradient


OPERATIONS = ("add", "mul", "sin", "exp", "sub")


@pytest.mark.parametrize("bug", ["overwritten", "wrong order", "parents as a set", "stale"])
def test_a_bug_of_the_sweep_is_caught_by_three_operations(bug: str) -> None:
    def wrong(program: Program) -> bool:
        return check_gradient(program, by_reverse(program, bug), program.point).verdict == "wrong"

    everything = settings(max_examples=EXAMPLES, database=None, derandomize=True, deadline=None)
    try:
        smallest = find(programs(operations=OPERATIONS, max_steps=7), wrong, settings=everything)
    except NoSuchExample:
        SCORE[f"sweep: {bug}"] = False
        raise
    SCORE[f"sweep: {bug}"] = True
    assert wrong(smallest)
    assert len(smallest.steps) <= 3


def test_the_sweep_without_a_bug_is_never_caught() -> None:
    some = settings(max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, phases=[Phase.generate])
    with pytest.raises(NoSuchExample):
        find(
            programs(operations=OPERATIONS, max_steps=6),
            lambda p: check_gradient(p, by_reverse(p, ""), p.point).verdict == "wrong",
            settings=some,
        )


# --- Theorem 1 with bugs ------------------------------------------------------------------------


def backward(bug: str) -> Callable[..., Any]:
    """Return `nn.backprop.backward`, written out again, with one bug."""

    def wrong(weights: Any, activations: Any, z: Any, f: Any, delta: Any) -> Any:
        deltas = [delta]
        for k in range(len(weights) - 1, 0, -1):
            W = weights[k].T if bug == "W for its transpose" else weights[k]
            below = deltas[0] @ W
            at = k if bug == "D_k of the layer above" else k - 1
            g = below if bug == "no D_k" else activations[k - 1].pullback(z[at], activations[k - 1](z[at]), below)
            deltas.insert(0, g)
        inputs = [f[max(k - 1, 0)] for k in range(len(f))] if bug == "f of the layer below" else f
        scale = len(delta) if bug == "a factor of the batch" else 1
        axis = 1 if bug == "biases summed over the wrong axis" else 0
        by_weights = [scale * d.T @ x for d, x in zip(deltas, inputs, strict=True)]
        if bug == "no transpose in dW":
            by_weights = [g.T for g in by_weights]
        return deltas, by_weights, [d.sum(axis=axis) for d in deltas]

    return wrong


NETWORK_BUGS = [
    "no D_k",
    "D_k of the layer above",
    "W for its transpose",
    "f of the layer below",
    "a factor of the batch",
    "biases summed over the wrong axis",
    "no transpose in dW",
]


def network_is_wrong(case: Any) -> bool:
    """Tell whether the checker calls nn's gradient of a square network wrong."""
    shapes = [np.shape(W) for W in case.weights]
    activations = [activation(name) for name in case.activations]
    X, Y = np.array(case.X), np.array(case.Y)
    cost = loss("squared_error", "identity")

    def unpack(w: Any) -> tuple[list[Any], list[Any]]:
        weights, biases, start = [], [], 0
        for rows, columns in shapes:
            weights.append(w[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
            biases.append(w[start : start + rows])
            start += rows
        return weights, biases

    def f(w: Any) -> Any:
        weights, biases = unpack(w)
        z, _ = backprop.forward(weights, biases, activations, X)
        return ((z[-1] - Y) ** 2).sum() / 2 / len(X)

    def gradient(w: Any) -> Any:
        g = backprop.gradients(*unpack(w), activations, cost, X, Y)
        return np.concatenate([a.ravel() for a in g.parameters])

    parts = [np.ravel(a) for pair in zip(case.weights, case.biases, strict=True) for a in pair]
    return check_gradient(f, gradient, np.concatenate(parts)).verdict == "wrong"


@pytest.mark.parametrize("bug", NETWORK_BUGS)
def test_a_bug_in_theorem_1_is_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)

    def sample() -> Any:
        # Equal widths, and as many samples as units: no bug is found out by its shapes.
        matrices, vectors = rng.normal(size=(5, 2, 2)).tolist(), rng.normal(size=(3, 2)).tolist()
        activations = ("tanh", "softplus", "identity")
        return NetworkCase((2,) * 4, activations, "squared_error", tuple(matrices[:3]), tuple(vectors), *matrices[3:])

    assert not network_is_wrong(sample())
    monkeypatch.setattr(backprop, "backward", backward(""))
    assert not network_is_wrong(sample())
    monkeypatch.setattr(backprop, "backward", backward(bug))
    caught = any(network_is_wrong(sample()) for _ in range(EXAMPLES))
    SCORE[f"network: {bug}"] = caught
    assert caught
