"""Every way to the gradient of a random network agrees with the others: scalars and matrices, backward and forward."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import assume, given
from hypothesis import strategies as st
from rounding import gradient_bounds

from engine import Value
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


def bound(twin: Any) -> Floats:
    """Return how far two ways to each derivative may lie apart: each is off by its rounding errors at most."""
    found = gradient_bounds(twin.loss)
    return np.array([2.0 * float(found.get(p, 0.0)) for p in in_order(twin.model)])


def in_order(model: Any) -> list[Value]:
    """Return the scalar parameters in the order of Network.parameters: W_1, b_1, W_2, ..."""
    return [
        p
        for layer in model.layers
        for p in (*[w for neuron in layer.neurons for w in neuron.w], *[neuron.b for neuron in layer.neurons])
    ]


def is_smooth(network: Network, X: Floats) -> bool:
    """Tell whether no pre-activation is so near 0 that a step of a difference would cross a kink there."""
    zs, _ = network.layers(X)
    return all((np.abs(z) > 1e-3).all() for z in zs)


@given(problems())
def test_scalar_reverse_mode_and_the_matrix_form_agree_on_every_gradient(problem: Problem) -> None:
    network, X, Y = problem
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()
    found = network.gradients(X, Y)
    matrix = flat(a for pair in zip(found.weights, found.biases, strict=True) for a in pair)
    scalar = np.array([float(p.grad) for p in in_order(twin.model)])
    assert abs(found.loss - twin.loss.data) <= 1e-13 * max(1.0, abs(found.loss))
    assert (np.abs(matrix - scalar) <= bound(twin)).all()


@given(problems())
def test_forward_accumulation_agrees_with_reverse_mode(problem: Problem) -> None:
    network, X, Y = problem
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()
    forward = flat(naive.forward_accumulation(network, X, Y).parameters)
    scalar = np.array([float(p.grad) for p in in_order(twin.model)])
    assert (np.abs(forward - scalar) <= bound(twin)).all()


@given(problems())
def test_finite_differences_agree_to_the_ten_digits_that_they_have(problem: Problem) -> None:
    network, X, Y = problem
    assume(is_smooth(network, X))
    found = network.gradients(X, Y)
    matrix = flat(a for pair in zip(found.weights, found.biases, strict=True) for a in pair)
    differences = flat(naive.finite_differences(network, X, Y).parameters)
    h = 2.0 ** (-52 / 3)
    # Truncation h^2 C'''/6 and rounding epsilon C / h, both of the order of h^2; the third derivative and the loss are
    # bounded by the same products of weights and inputs that bound the gradient.
    scale = 1.0 + abs(found.loss) + np.abs(matrix).max()
    size = 1.0 + max(np.abs(X).max(), *(np.abs(W).sum(axis=1).max() for W in network.weights))
    assert (np.abs(matrix - differences) <= 10 * h**2 * scale * size**3).all()
