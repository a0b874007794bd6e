"""Every way to the gradient of a random network agrees with the others: scalars and matrices, backward and forward."""

from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from rounding import UNIT, bounds

from engine import Graph, Value
from nn import naive
from nn.bridge import scalar_twin
from nn.matrix import Network

Floats = npt.NDArray[np.float64]
Problem = tuple[Network, Floats, Any]

HEADS = {
    ("identity", "squared_error"): "numbers",
    ("sigmoid", "squared_error"): "numbers",
    ("sigmoid", "binary_cross_entropy"): "shares",
    ("softmax", "cross_entropy"): "labels",
}


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Draw a network and a batch: depths, widths, activations, losses, sizes of the batch."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    (output, loss), targets = draw(st.sampled_from(sorted(HEADS.items())))
    sizes[-1] = max(sizes[-1], 2) if targets == "labels" else sizes[-1]
    hidden = draw(st.sampled_from(["tanh", "sigmoid", "relu", "softplus", "gelu", "leaky_relu", "identity"]))
    network = Network(sizes, hidden, output, loss, rng=draw(st.integers(0, 10**6)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    m = draw(st.integers(1, 4))
    for b in network.biases:
        b[:] = rng.normal(size=b.shape)
    X = rng.normal(size=(m, sizes[0]))
    Y: Any = rng.normal(size=(m, sizes[-1]))
    if targets == "shares":
        Y = rng.random((m, sizes[-1]))
    elif targets == "labels":
        Y = rng.integers(0, sizes[-1], size=m)
    return network, X, Y


def flat(arrays: Any) -> Floats:
    return np.concatenate([np.asarray(a, dtype=float).ravel() for a in arrays])


def bound(twin: Any) -> tuple[float, Floats]:
    """Return how far two ways to the loss, and to each derivative, may lie apart: twice their rounding errors."""
    found = bounds(twin.loss)
    apart = [2.0 * float(found.gradients.get(p, 0.0)) for p in in_order(twin.model)]
    return 2.0 * float(found.data[twin.loss]), np.array(apart)


def in_order(model: Any) -> list[Value]:
    """Return the scalar parameters in the order of Network.parameters: W_1, b_1, W_2, ..."""
    return [
        p
        for layer in model.layers
        for p in (*[w for neuron in layer.neurons for w in neuron.w], *[neuron.b for neuron in layer.neurons])
    ]


@given(problems())
def test_scalar_reverse_mode_and_the_matrix_form_agree_on_every_gradient(problem: Problem) -> None:
    network, X, Y = problem
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()
    found = network.gradients(X, Y)
    matrix = flat(a for pair in zip(found.weights, found.biases, strict=True) for a in pair)
    scalar = np.array([float(p.grad) for p in in_order(twin.model)])
    of_the_loss, of_each = bound(twin)
    assert abs(found.loss - twin.loss.data) <= of_the_loss
    assert (np.abs(matrix - scalar) <= of_each).all()


@given(problems())
def test_forward_accumulation_agrees_with_reverse_mode(problem: Problem) -> None:
    network, X, Y = problem
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()
    forward = flat(naive.forward_accumulation(network, X, Y).parameters)
    scalar = np.array([float(p.grad) for p in in_order(twin.model)])
    assert (np.abs(forward - scalar) <= bound(twin)[1]).all()


def exact_loss(twin: Any, parameter: Value, at: Any) -> Any:
    """Return the loss with one parameter moved, in mpmath's precision."""
    exact: dict[Value, Any] = {}
    for v in Graph(twin.loss).nodes:
        moved = at if v is parameter else mpmath.mpf(v.data)
        exact[v] = moved if v.row is None else mpmath.mpf(v.row.value(*[exact[a] for a in v.args]))
    return exact[twin.loss]


@given(problems(), st.integers(0, 10**6))
def test_a_finite_difference_is_off_by_its_truncation_and_the_rounding_of_two_losses(
    problem: Problem, choice: int
) -> None:
    network, X, Y = problem
    twin = scalar_twin(network, X, Y)
    number = choice % len(in_order(twin.model))
    parameter = in_order(twin.model)[number]
    difference = flat(naive.finite_differences(network, X, Y).parameters)[number]
    gradient = flat(network.gradients(X, Y).parameters)[number]
    w, h = float(parameter.data), naive.step(parameter.data, 2 * UNIT)
    with mpmath.workdps(60):
        above, below, tiny = mpmath.mpf(w + h), mpmath.mpf(w - h), mpmath.mpf(10) ** -25
        quotient = (exact_loss(twin, parameter, above) - exact_loss(twin, parameter, below)) / (above - below)
        truth = (exact_loss(twin, parameter, w + tiny) - exact_loss(twin, parameter, w - tiny)) / (2 * tiny)
        found = bounds(twin.loss)
        rounding = 2 * found.data[twin.loss] / (above - below) + 4 * UNIT * abs(quotient)
        assert abs(difference - quotient) <= rounding
        assert abs(difference - gradient) <= rounding + abs(quotient - truth) + found.gradients[parameter]
