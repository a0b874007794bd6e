"""The pytest user's side: a property, the strategies, two ways to one gradient, and the missing extra."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from budget import examples
from hypothesis import find, given, settings
from hypothesis import strategies as st
from rounding import gradient_bounds

from engine import Value
from engine.check import gradient_property
from engine.check.extras import require
from engine.check.programs import Program
from engine.check.strategies import assert_paths_agree, hard_floats, near_kinks, networks, programs
from nn.matrix import Network
from nn.scalar import MLP


@gradient_property(lambda x, y: x * np.sin(y), lambda x, y: (np.sin(y), x * np.cos(y)))
def test_a_property_of_two_arguments() -> Any:
    return st.tuples(st.floats(-5, 5), st.floats(-5, 5))


def test_a_property_fails_with_the_report_at_a_simple_point() -> None:
    @gradient_property(lambda x: x**3, lambda x: 3 * x**2 if x < 10 else 2 * x**2)
    def test_cube() -> Any:
        return st.floats(0, 1e6)

    with pytest.raises(AssertionError, match=r"at=10\.0"):
        test_cube()


def test_a_property_without_a_strategy_is_refused() -> None:
    with pytest.raises(TypeError, match="must return a strategy"):
        gradient_property(abs, abs)(lambda: 3)


@given(programs(kinks=True))
def test_the_repr_of_a_program_makes_it_again(program: Program) -> None:
    again = eval(repr(program))
    assert again == program
    assert again(*again.point) == program(*program.point)


def test_programs_shrink_to_one_operation() -> None:
    once = settings(database=None)
    shared = find(programs(), lambda p: any(len(s) == 3 and s[1] == s[2] for s in p.steps), settings=once)
    assert len(shared.steps) == 1


@given(hard_floats(0.0, 1.0))
def test_hard_numbers_stay_within_their_bounds(x: float) -> None:
    assert 0 <= x <= 1


@examples(25)
@given(networks(activations=("tanh", "relu")))
def test_scalar_and_matrix_networks_agree(case: Any) -> None:
    hidden = case.activations[:-1]
    if len(set(hidden)) > 1:
        return
    network = Network(case.sizes, activation=hidden[0] if hidden else "tanh", reduction="sum")
    for mine, given_ in zip(network.weights + network.biases, case.weights + case.biases, strict=True):
        mine[:] = given_
    model = MLP(case.sizes[0], list(case.sizes[1:]), activation=hidden[0] if hidden else "tanh")
    for layer, W, b in zip(model.layers, case.weights, case.biases, strict=True):
        for neuron, row, bias in zip(layer.neurons, W, b, strict=True):
            neuron.b.data = bias
            for w, x in zip(neuron.w, row, strict=True):
                w.data = x
    total: Any = Value(0.0)
    for x, y in zip(case.X, case.Y, strict=True):
        out = model(list(x))
        for o, t in zip(out if isinstance(out, list) else [out], y, strict=True):
            total = total + 0.5 * (o - t) * (o - t)
    total.backward()
    g = network.gradients(np.array(case.X), np.array(case.Y))
    bounds = gradient_bounds(total)
    for layer, dW in zip(model.layers, g.weights, strict=True):
        weights = [w for neuron in layer.neurons for w in neuron.w]
        # Where the samples' shares cancel, ulps of the sum say nothing: each way is off by its rounding errors at most.
        explained = [
            m if abs(w.grad - m) <= 2 * bounds.get(w, 0) else float(w.grad)
            for w, m in zip(weights, dW.ravel(), strict=True)
        ]
        assert_paths_agree(explained, dW, terms=len(case.X) * max(case.sizes))


def test_two_ways_that_differ_are_both_shown() -> None:
    with pytest.raises(AssertionError, match="component 1 by"):
        assert_paths_agree([1.0, 2.0], [1.0, 2.001])
    with pytest.raises(AssertionError, match="1 and 2 numbers"):
        assert_paths_agree([1.0], [1.0, 2.0])


def test_with_the_function_the_wrong_way_of_two_is_named() -> None:
    f, right, wrong = lambda x: x * x, lambda x: 2 * x, lambda x: 2.1 * x
    assert_paths_agree(right, lambda x: x + x, 3.0, f=f)
    with pytest.raises(AssertionError, match="gradient: wrong"):
        assert_paths_agree(right, wrong, 3.0, f=f)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[check\]"'):
        require("mpmath")


def test_importing_the_checker_needs_neither_numpy_nor_the_extra() -> None:
    code = "import sys, engine.check; print([m for m in ('numpy', 'mpmath', 'hypothesis') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_a_property_hands_out_copies_of_its_points() -> None:
    at = np.array([0.5, -1.0])

    def doubled_in_place(w: Any) -> Any:
        w *= 2
        return w

    @gradient_property(lambda w: (w * w).sum(), doubled_in_place, max_examples=2)
    def test_squares() -> Any:
        return st.just(at)

    test_squares()
    assert at.tolist() == [0.5, -1.0]


@pytest.mark.parametrize(
    ("f", "grad", "words"),
    [
        (lambda x: x**3, lambda x: 3 * math.exp(2 * math.log(x)), r"grad raises ValueError at -1\.0"),
        (lambda x: (np.ones((8, 3)) @ np.ones(3) * x).sum(), lambda x: np.ones((3, 8)) @ np.ones(3), "matmul"),
        (lambda x: x * x, lambda x: x * x / x * 2, r"grad raises ZeroDivisionError at -?0\.0"),
    ],
)
def test_a_gradient_that_raises_where_there_is_a_derivative_fails(f: Any, grad: Any, words: str) -> None:
    @gradient_property(f, grad)
    def test_it() -> Any:
        return st.floats(-3, 3)

    with pytest.raises(AssertionError, match=words):
        test_it()


def test_a_gradient_may_raise_where_there_is_no_derivative() -> None:
    seen: list[float] = []

    def root(x: Any) -> Any:
        seen.append(x)
        return np.sqrt(x)

    @gradient_property(root, lambda x: 1 / (2 * math.sqrt(x)))
    def test_the_root() -> Any:
        return st.sampled_from([0.0, 0.25, 1.0])

    test_the_root()
    assert 0.0 in seen
    gradient_property(abs, lambda x: x / abs(x))(lambda: st.sampled_from([0.0, 1.0]))()


def test_points_that_are_not_finite_are_left_out() -> None:
    gradient_property(lambda x: 3 * x, lambda x: 3.0)(lambda: st.sampled_from([1.0, math.inf, math.nan]))()


def test_a_property_is_no_method() -> None:
    with pytest.raises(TypeError, match="takes arguments; a property is a function of none"):
        gradient_property(abs, abs)(lambda self: st.floats())


@pytest.mark.parametrize("numbers", [near_kinks(0.0), hard_floats(-1.0, 0.0)])
def test_a_failing_test_shows_the_number_and_not_how_it_was_made(numbers: Any) -> None:
    @given(numbers)
    def test_it(x: float) -> None:
        assert not -1e-3 < x < 0

    with pytest.raises(AssertionError) as failed:
        test_it()
    assert "lambda" not in failed.value.__notes__[0]
    assert "beside" not in failed.value.__notes__[0]
