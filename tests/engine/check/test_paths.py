"""Four ways to one gradient: scalar reverse mode, forward mode, the lifted program, the matrix form.

They agree within 8 (1 + kappa) ulp, times sqrt(n) where sums of n terms are added in different orders. kappa is that of
a derivative by everything that goes in, the sample and its target too: then each term of each sum has a number of its
own. A sum over samples has not, where their shares cancel; `tests/test_agreement.py` bounds those by an error analysis.
In a program it is by every step too: sin x - tanh x is well conditioned at 0.18, and loses two digits all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from budget import examples
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from engine import Value
from engine.calculus import grad
from engine.check.case import Case, ulps_between
from engine.check.oracles import interval
from engine.check.programs import Program, apply
from engine.check.strategies import NetworkCase, networks, programs
from engine.check.structure import Point
from engine.jacobians import jvp
from engine.lift import lift
from nn.bridge import to_scalar
from nn.matrix import Network

SMOOTH = ("tanh", "sigmoid", "softplus", "identity")
LIFTED = ("add", "mul", "sub", "sin", "cos", "tanh", "sigmoid", "exp", "softplus", "atan", "erf")
NORMAL = 2.0**-1022
QUICK = (Phase.explicit, Phase.generate)  # kappa takes thousands of digits: shrinking would take minutes


def disagreements(
    f: Callable[..., Any], at: Sequence[float], ways: dict[str, Sequence[float]], terms: int, count: int
) -> list[str]:
    """Return the components, of the first count, in which two ways are further apart than 8 (1 + kappa) sqrt(terms)."""
    found = []
    case: Case | None = None
    for i in range(count):
        numbers = {name: float(gradient[i]) for name, gradient in ways.items()}
        low, high = min(numbers.values()), max(numbers.values())
        ulps = ulps_between(low, high, high)
        if ulps <= 8 * math.sqrt(terms) or max(abs(low), abs(high)) < NORMAL:
            continue
        if case is None:
            point = Point(tuple(at), f)
            case = Case(f, f, point, interval(f, point), [0.0] * len(at))
        kappa = case.kappa(i)
        if kappa is not None and not ulps <= 8 * (1 + kappa) * math.sqrt(terms):
            found.append(f"component {i}: {numbers} are {ulps:.3g} ulp apart, kappa {kappa:.3g}")
    return found


def parts_of(case: NetworkCase, network: Network) -> tuple[Callable[..., Any], list[float]]:
    """Return the loss of one sample as a function of all numbers, and the numbers: parameters, sample, target."""
    parameters = [float(p) for a in network.parameters for p in a.ravel()]

    def loss(*numbers: Any) -> Any:
        left = list(numbers)
        take = lambda count: [left.pop(0) for _ in range(count)]  # noqa: E731 - a word for what is read twelve times
        layers = [([take(n) for _ in range(m)], take(m)) for m, n in zip(case.sizes[1:], case.sizes, strict=False)]
        out = take(case.sizes[0])
        for (W, b), name in zip(layers, case.activations, strict=True):
            z = [sum((w * x for w, x in zip(row, out, strict=True)), bias) for row, bias in zip(W, b, strict=True)]
            out = [activate(name, zi) for zi in z]
        return sum((o - t) * (o - t) for o, t in zip(out, left, strict=True)) / 2

    return loss, [*parameters, *case.X[0], *case.Y[0]]


def activate(name: str, z: Any) -> Any:
    return z if name == "identity" else getattr(z, name)() if hasattr(z, name) else getattr(z.context, name)(z)


def network_of(case: NetworkCase) -> Network:
    hidden = case.activations[0] if len(case.activations) > 1 else "tanh"
    network = Network(case.sizes, activation=hidden, reduction="sum")
    for mine, given_ in zip(network.weights + network.biases, case.weights + case.biases, strict=True):
        mine[:] = given_
    return network


def one_activation(case: NetworkCase) -> bool:
    return len(set(case.activations[:-1])) <= 1


def ways_of(case: NetworkCase) -> tuple[Callable[..., Any], list[float], dict[str, Sequence[float]], int]:
    network = network_of(case)
    loss, at = parts_of(case, network)
    count = sum(p.size for p in network.parameters)
    model = to_scalar(network)
    y = case.Y[0]

    def of_a_sample(x: Any) -> Any:
        out = model(x)
        return sum((o - t) * (o - t) for o, t in zip(out if isinstance(out, list) else [out], y, strict=True)) / 2

    leaves = [Value(x) for x in at]
    loss(*leaves).backward()
    forward = [jvp(lambda w: loss(*w), at, [float(i == j) for j in range(len(at))])[1] for i in range(count)]
    lifted = lift(of_a_sample, list(case.X[0]), parameters=in_order(model)).value_and_grad(np.array(case.X))[1].nested
    matrix = [d for a in network.gradients(np.array(case.X), np.array(case.Y)).parameters for d in a.ravel()]
    ways: dict[str, Sequence[float]] = {
        "reverse": [leaf.grad for leaf in leaves[:count]],
        "forward": forward,
        "lifted": lifted,
        "matrix": matrix,
    }
    return loss, at, ways, count


def in_order(model: Any) -> list[Value]:
    return [
        p
        for layer in model.layers
        for p in (*[w for neuron in layer.neurons for w in neuron.w], *[neuron.b for neuron in layer.neurons])
    ]


@settings(examples(40), phases=QUICK)
@given(networks(max_batch=1, max_units=3, activations=SMOOTH).filter(one_activation))
def test_four_ways_to_the_gradient_of_a_network_agree_within_its_condition(case: NetworkCase) -> None:
    loss, at, ways, count = ways_of(case)
    assert disagreements(loss, at, ways, max(case.sizes), count) == []


@pytest.mark.parametrize("way", ["reverse", "forward", "lifted", "matrix"])
def test_a_way_that_is_off_by_a_billionth_disagrees(way: str) -> None:
    rng = np.random.default_rng(0)
    weights, biases = (rng.normal(size=(2, 3)), rng.normal(size=(1, 2))), (rng.normal(size=2), rng.normal(size=1))
    X, Y = rng.normal(size=(1, 3)).tolist(), rng.normal(size=(1, 1)).tolist()
    case = NetworkCase((3, 2, 1), ("tanh", "identity"), "squared_error", weights, biases, X, Y)
    loss, at, ways, count = ways_of(case)
    assert disagreements(loss, at, ways, 3, count) == []
    ways[way] = [(1 + 1e-9) * d for d in ways[way]]
    assert len(disagreements(loss, at, ways, 3, count)) == count


@settings(examples(60), phases=QUICK)
@given(programs(operations=LIFTED, max_steps=6, numbers=st.floats(-3, 3)))
@example(Program(point=(0.18212972293371177,), steps=(("sin", 0), ("tanh", 0), ("sub", 2, 1), ("cos", 3))))
def test_three_ways_to_the_gradient_of_a_program_agree_within_its_condition(program: Program) -> None:
    count = len(program.point)
    at = list(program.point)
    leaves = [Value(x) for x in at]
    made = lift(lambda: program(*leaves), parameters=leaves) if any_used(program) else None
    ways: dict[str, Sequence[float]] = {
        "reverse": grad(program, range(count))(*at),
        "forward": [jvp(lambda w: program(*w), at, [float(i == j) for j in range(count)])[1] for i in range(count)],
    }
    if made is not None:
        ways["lifted"] = made.value_and_grad()[1].nested
    assert disagreements(*with_roundings(program), ways, len(program.steps), count) == []


def with_roundings(program: Program) -> tuple[Callable[..., Any], list[float]]:
    """Return the program as a function of its numbers and of a factor 1 for each step, and the point."""

    def f(*numbers: Any) -> Any:
        values, factors = list(numbers[: len(program.point)]), numbers[len(program.point) :]
        for (name, *which), factor in zip(program.steps, factors, strict=True):
            values.append(apply(name, *[values[i] for i in which]) * factor)
        return values[-1]

    return f, [*program.point, *[1.0] * len(program.steps)]


def any_used(program: Program) -> bool:
    """Tell whether the last step depends on all inputs: a lifted program has no place for others."""
    needed = {len(program.point) + len(program.steps) - 1}
    for k in reversed(range(len(program.steps))):
        if len(program.point) + k in needed:
            needed.update(program.steps[k][1:])
    return set(range(len(program.point))) <= needed
