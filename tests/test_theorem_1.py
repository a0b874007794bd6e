"""Calder, Math 5467, lecture 22, Theorem 1: its equations (7), (8) and each step of the proof, over exact fractions.

========  ============================================================================  ====================
symbol    meaning                                                                       shape
========  ============================================================================  ====================
f_0 = x   the input
z_k       W_k f_{k-1} + b_k                                                             (n_k,)
f_k       s_k(z_k)                                                                      (n_k,)
E         the loss of f_L, here |f_L - y|^2 / 2
D_k       the diagonal matrix of s_k'(z_k)                                              (n_k, n_k)
delta_k   dE/dz_k                                                                       (n_k,)
========  ============================================================================  ====================

Every left-hand side is what the engine finds by following single numbers; every right-hand side is a formula of the
lecture over matrices of fractions. So = means equal, and nothing is known of one side by the other.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rationals import rationals

from engine import Value
from engine.graph import adjoints
from nn.activations import Activation, activation
from nn.backprop import backward, forward, gradients
from nn.losses import loss

# s and s'. The square has another slope everywhere, so that s'(z) is no s'(f), no 1 and no 0.
SQUARE = Activation("square of z", "z^2", lambda z, xp: z * z, lambda z, f, xp: 2 * z)
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Activation]] = {
    "square": (lambda z: z * z, lambda z: 2 * z, SQUARE),
    "relu": (lambda z: z.relu(), lambda z: Fraction(z > 0), activation("relu")),
    "identity": (lambda z: z, lambda z: Fraction(1), activation("identity")),
}


class Problem(NamedTuple):
    """A network, one sample and its target, as arrays of fractions; s holds the names of s_1, ..., s_L."""

    W: list[Any]
    b: list[Any]
    s: list[str]
    x: Any
    y: Any


class Recorded(NamedTuple):
    """The same as Values: W_k and b_k are leaves, z_k and f_k what is computed, E the loss."""

    W: list[Any]
    b: list[Any]
    z: list[Any]
    f: list[Any]
    E: Value


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=4))
    fractions = rationals(-2, 2, 3)

    def array(*shape: int) -> Any:
        size = int(np.prod(shape))
        return np.array(draw(st.lists(fractions, min_size=size, max_size=size)), dtype=object).reshape(shape)

    layers = list(zip(sizes[1:], sizes, strict=False))
    return Problem(
        [array(n, below) for n, below in layers],
        [array(n) for n, _ in layers],
        [draw(st.sampled_from(sorted(FUNCTIONS))) for _ in layers],
        array(sizes[0]),
        array(sizes[-1]),
    )


def values(numbers: Any) -> Any:
    """Return an array of leaves."""
    leaves = np.empty(numbers.shape, dtype=object)
    for place, number in np.ndenumerate(numbers):
        leaves[place] = Value(number)
    return leaves


def objects(nodes: list[Any]) -> Any:
    array = np.empty(len(nodes), dtype=object)
    array[:] = nodes
    return array


def record(problem: Problem) -> Recorded:
    """Compute E number by number."""
    W, b = [values(W_k) for W_k in problem.W], [values(b_k) for b_k in problem.b]
    z, f = [], [values(problem.x)]
    for W_k, b_k, name in zip(W, b, problem.s, strict=True):
        sums = [
            sum((w * f_j for w, f_j in zip(row, f[-1], strict=True)), b_i) for row, b_i in zip(W_k, b_k, strict=True)
        ]
        z.append(objects(sums))
        f.append(objects([FUNCTIONS[name][0](z_i) for z_i in z[-1]]))
    E = sum((f_i - y_i) ** 2 for f_i, y_i in zip(f[-1], problem.y, strict=True)) / 2
    return Recorded(W, b, z, f, E)


def data(nodes: Any) -> Any:
    return objects([node.data for node in nodes])


def by(output: Value, nodes: Any) -> Any:
    """Return the derivatives of one node by others, of their shape: 0 by what it does not depend on."""
    found = adjoints(output)
    return objects([found.get(node, Fraction(0)) for node in nodes.flat]).reshape(nodes.shape)


def D(problem: Problem, recorded: Recorded, k: int) -> Any:
    """Return D_k; layers are counted from 1."""
    slope = FUNCTIONS[problem.s[k - 1]][1]
    return np.diag(objects([slope(z_i.data) for z_i in recorded.z[k - 1]]))


def layers(recorded: Recorded) -> range:
    return range(1, len(recorded.W) + 1)


@given(problems())
def test_step_1_the_derivative_of_z_k_by_W_k_is_f_k_1_in_its_row_and_by_b_k_it_is_1(problem: Problem) -> None:
    net = record(problem)
    for k in layers(net):
        for i, z_i in enumerate(net.z[k - 1]):
            by_W, by_b = by(z_i, net.W[k - 1]), by(z_i, net.b[k - 1])
            row = np.arange(len(by_W)) == i
            assert (by_W == np.outer(row, data(net.f[k - 1]))).all()
            assert (by_b == row).all()


@given(problems())
def test_step_2_the_derivative_of_f_k_by_z_k_is_D_k(problem: Problem) -> None:
    net = record(problem)
    for k in layers(net):
        assert (np.array([by(f_i, net.z[k - 1]) for f_i in net.f[k]]) == D(problem, net, k)).all()


@given(problems())
def test_step_3_the_derivative_of_z_k_by_z_k_1_is_W_k_D_k_1(problem: Problem) -> None:
    net = record(problem)
    for k in layers(net)[1:]:
        jacobian = np.array([by(z_i, net.z[k - 2]) for z_i in net.z[k - 1]])
        assert (jacobian == problem.W[k - 1] @ D(problem, net, k - 1)).all()


@given(problems())
def test_step_4_the_last_delta_is_D_L_times_the_derivative_of_the_loss(problem: Problem) -> None:
    net = record(problem)
    L = len(net.W)
    assert (by(net.E, net.z[-1]) == D(problem, net, L) @ (data(net.f[-1]) - problem.y)).all()


@given(problems())
def test_equation_7_delta_k_1_is_D_k_1_times_W_k_transposed_times_delta_k(problem: Problem) -> None:
    net = record(problem)
    for k in layers(net)[1:]:
        delta_below, delta = by(net.E, net.z[k - 2]), by(net.E, net.z[k - 1])
        assert (delta_below == D(problem, net, k - 1) @ problem.W[k - 1].T @ delta).all()


@given(problems())
def test_equation_8_the_derivatives_by_W_k_and_b_k_are_delta_k_f_k_1_transposed_and_delta_k(problem: Problem) -> None:
    net = record(problem)
    for k in layers(net):
        delta = by(net.E, net.z[k - 1])
        assert (by(net.E, net.W[k - 1]) == np.outer(delta, data(net.f[k - 1]))).all()
        assert (by(net.E, net.b[k - 1]) == delta).all()


@given(problems())
def test_the_librarys_loop_is_the_theorem(problem: Problem) -> None:
    net = record(problem)
    s = [FUNCTIONS[name][2] for name in problem.s]
    z, f = forward(problem.W, problem.b, s, problem.x[None])
    deltas, by_W, by_b = backward(problem.W, s, z, f, by(net.E, net.z[-1])[None])
    for k in layers(net):
        assert (z[k - 1][0] == data(net.z[k - 1])).all()
        assert (deltas[k - 1][0] == by(net.E, net.z[k - 1])).all()
        assert (by_W[k - 1] == by(net.E, net.W[k - 1])).all()
        assert (by_b[k - 1] == by(net.E, net.b[k - 1])).all()


@given(problems(), st.data())
def test_the_loss_of_a_batch_is_the_sum_over_its_samples_and_so_are_its_derivatives(
    problem: Problem, source: st.DataObject
) -> None:
    def another(row: Any) -> Any:
        return objects(source.draw(st.lists(rationals(-2, 2, 3), min_size=len(row), max_size=len(row))))

    batch = [problem, problem._replace(x=another(problem.x), y=another(problem.y))]
    s = [FUNCTIONS[name][2] for name in problem.s]
    cost = loss("squared_error", "identity")
    X, Y = np.array([p.x for p in batch]), np.array([p.y for p in batch])
    whole = gradients(problem.W, problem.b, s, cost, X, Y, reduction="sum")
    each = [record(p) for p in batch]
    assert float(whole.loss) == pytest.approx(float(sum(net.E.data for net in each)), rel=1e-15)
    for k in layers(each[0]):
        assert (whole.weights[k - 1] == sum(by(net.E, net.W[k - 1]) for net in each)).all()
        assert (whole.biases[k - 1] == sum(by(net.E, net.b[k - 1]) for net in each)).all()
