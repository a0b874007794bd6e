"""Hessian-vector products: exact over Fractions, to 50 digits with mpmath, and as the scalar graph has them."""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rationals import rationals

from engine import Value
from engine.graph import adjoints
from nn import backprop
from nn.activations import ACTIVATIONS, activation
from nn.bridge import scalar_twin
from nn.counting import Counting, counted
from nn.curvature import SECOND_DERIVATIVES, hessian_vector_product
from nn.losses import loss
from nn.matrix import Network

fractions = rationals(-3, 3, 8)
SMOOTH = ["tanh", "sigmoid", "softplus", "gelu", "identity"]
ENDS = [
    ("identity", "squared_error"),
    ("sigmoid", "squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("modified_softmax", "cross_entropy"),
    ("softmax", "squared_error"),
    ("modified_softmax", "squared_error"),
    ("identity", "absolute_error"),
    ("tanh", "hinge"),
]


def exact(*shape: int) -> st.SearchStrategy[Any]:
    size = int(np.prod(shape))
    return st.lists(fractions, min_size=size, max_size=size).map(lambda n: np.array(n, dtype=object).reshape(shape))


@given(
    st.tuples(exact(3, 2), exact(3), exact(2, 3), exact(2)),
    st.tuples(exact(3, 2), exact(3), exact(2, 3), exact(2)),
    exact(2, 2),
    exact(2, 2),
    st.sampled_from(["relu", "identity"]),
)
def test_the_product_is_the_exact_coefficient_of_t_in_the_gradient_over_fractions(
    parameters: Any, vector: Any, X: Any, Y: Any, name: str
) -> None:
    hidden, identity, squares = activation(name), activation("identity"), loss("squared_error", "identity")

    def gradient(t: Fraction) -> list[Any]:
        moved = [p + t * v for p, v in zip(parameters, vector, strict=True)]
        return backprop.gradients(moved[::2], moved[1::2], [hidden, identity], squares, X, Y).parameters

    found = hessian_vector_product(parameters[::2], parameters[1::2], [hidden, identity], squares, X, Y, vector)
    # Along a line the gradient of a network of two linear pieces is a polynomial of degree 3, where no relu switches:
    # the five-point difference is exact for degree 4.
    h = Fraction(1, 10**12)
    z, _ = backprop.forward(parameters[::2], parameters[1::2], [hidden, identity], X)
    assume(name != "relu" or (z[0] != 0).all())
    at = {t: gradient(t * h) for t in (-2, -1, 1, 2)}
    for k, part in enumerate(found):
        slope = (8 * (at[1][k] - at[-1][k]) - (at[2][k] - at[-2][k])) / (12 * h)
        assert (part == slope).all()


@pytest.mark.parametrize("name", [name for name in SECOND_DERIVATIVES if name in SMOOTH])
@pytest.mark.parametrize("z", [-30.0, -2.5, -1e-3, 0.3, 1.7, 30.0])
def test_every_second_derivative_keeps_its_digits(name: str, z: float) -> None:
    formulas: dict[str, Any] = {
        "tanh": mpmath.tanh,
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
        "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
        "identity": lambda x: x,
    }
    with mpmath.workdps(120):
        truth = float(mpmath.diff(formulas[name], mpmath.mpf(z), 2, h=mpmath.mpf(10) ** -40))
    array = np.array([z])
    s = ACTIVATIONS[name]
    found = SECOND_DERIVATIVES[name](array, s(array), s.derivative(array), np)
    np.testing.assert_allclose(found, [truth], rtol=1e-14, atol=1e-200)


def test_every_activation_of_one_unit_has_a_second_derivative() -> None:
    assert set(SECOND_DERIVATIVES) == {name for name in ACTIVATIONS if "softmax" not in name}


@pytest.mark.parametrize(("output", "cost"), ENDS)
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "relu", "leaky_relu", "gelu", "softplus"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_product_is_the_derivative_of_the_scalar_graphs_gradient(
    hidden: str, output: str, cost: str, reduction: str
) -> None:
    rng = np.random.default_rng(1)
    network = Network([2, 3, 2, 2], hidden, output, cost, rng=rng, reduction=reduction)
    X = rng.normal(size=(2, 2))
    width = 3 if output == "modified_softmax" else 2
    Y = rng.uniform(size=(2, width)) if cost not in ("cross_entropy", "hinge") else rng.integers(2, size=2)
    if cost == "hinge":
        Y = np.where(np.eye(2) > 0, 1.0, -1.0)
    vector = [rng.normal(size=p.shape) for p in network.parameters]

    twin = scalar_twin(network, X, Y)
    parameters = [
        (p, layer, unit, position)
        for layer, neurons in enumerate(twin.model.layers)
        for unit, neuron in enumerate(neurons.neurons)
        for position, p in enumerate([*neuron.w, neuron.b])
    ]
    first = adjoints(twin.loss, recorded=True)
    rows = [np.column_stack([V, v]) for V, v in zip(vector[::2], vector[1::2], strict=True)]
    along = sum(first[p] * float(rows[layer][unit, j]) for p, layer, unit, j in parameters if p in first)
    second = adjoints(along)
    expected = [np.zeros_like(p) for p in network.parameters]
    for p, layer, unit, j in parameters:
        place = expected[2 * layer + 1] if j == len(vector[2 * layer][unit]) else expected[2 * layer]
        place[unit if place.ndim == 1 else (unit, j)] = second.get(p, 0.0)
    for found, right in zip(network.hessian_vector_product(X, Y, vector), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("end", [("identity", "squared_error"), ("sigmoid", "binary_cross_entropy")])
def test_the_product_is_right_to_30_digits_over_mpmath(hidden: str, end: tuple[str, str]) -> None:
    rng = np.random.default_rng(4)
    shapes = [(3, 2), (3,), (2, 3), (2,)]
    s, cost = [activation(hidden), activation(end[0])], loss(end[1], end[0])
    with mpmath.workdps(60):

        def values(numbers: Any) -> Any:
            return np.array([Value(mpmath.mpf(float(n))) for n in numbers.ravel()]).reshape(numbers.shape)

        W, V = ([values(rng.normal(size=shape)) for shape in shapes] for _ in range(2))
        X, Y = values(rng.normal(size=(2, 2))), values(rng.uniform(size=(2, 2)))

        def gradient(t: Any) -> Any:
            moved = [w + t * v for w, v in zip(W, V, strict=True)]
            parts = backprop.gradients(moved[::2], moved[1::2], s, cost, X, Y).parameters
            return [n.data for part in parts for n in part.ravel()]

        h = mpmath.mpf(10) ** -18
        slopes = [(a - b) / (2 * h) for a, b in zip(gradient(h), gradient(-h), strict=True)]
        product = hessian_vector_product(W[::2], W[1::2], s, cost, X, Y, V)
        found = [n.data for part in product for n in part.ravel()]
        for a, b in zip(found, slopes, strict=True):
            assert abs(a - b) <= mpmath.mpf(10) ** -30 * (1 + abs(b))


def test_the_hessian_is_symmetric() -> None:
    rng = np.random.default_rng(2)
    network = Network([4, 6, 5, 3], output="softmax", loss="cross_entropy", rng=rng)
    X, Y = rng.normal(size=(7, 4)), rng.integers(3, size=7)
    u, v = ([rng.normal(size=p.shape) for p in network.parameters] for _ in range(2))
    uHv, vHu = (
        sum(float((a * b).sum()) for a, b in zip(x, network.hessian_vector_product(X, Y, y), strict=True))
        for x, y in ((u, v), (v, u))
    )
    assert uHv == pytest.approx(vHu, rel=1e-12)


@pytest.mark.parametrize("sizes", [(60, 60, 60, 60), (20, 40), (50, 60, 40, 30)])
def test_the_cost_is_that_of_about_two_gradients(sizes: tuple[int, ...]) -> None:
    """Counted are multiplications of numbers; nearly all are in the products of matrices, and no other product is made.

    One product of layer k takes m n_k n_{k-1}. The gradient makes, for every layer, z and dC/dW, and above the first
    dC/df below. H v makes, for every layer, z, f V^T and R{delta}^T f, and above the first R{f} W^T, delta^T R{f},
    delta W, delta V and R{delta} W: never more than 8/3 of the gradient's. Column by column, H would take a gradient
    for each parameter. What remains is a few multiplications for each unit and sample.
    """
    m, rng = 3, np.random.default_rng(3)
    W = [rng.normal(size=shape) / 5 for shape in zip(sizes[1:], sizes, strict=False)]
    b = [rng.normal(size=n) for n in sizes[1:]]
    vector = [rng.normal(size=p.shape) for pair in zip(W, b, strict=True) for p in pair]
    X, Y = rng.normal(size=(m, sizes[0])), np.eye(sizes[-1])[:m]
    counting = [np.frompyfunc(Counting, 1, 1)(array) for array in (*W, *b, *vector, X, Y)]
    L = len(W)
    W, b, vector, (X, Y) = counting[:L], counting[L : 2 * L], counting[2 * L : 4 * L], counting[4 * L :]
    s, cost = [activation("tanh")] * (L - 1) + [activation("softmax")], loss("cross_entropy", "softmax")

    with counted() as gradient:
        backprop.gradients(W, b, s, cost, X, Y, input_gradient=False)
    with counted() as product:
        hessian_vector_product(W, b, s, cost, X, Y, vector)
    every, above = m * sum(w.size for w in W), m * sum(w.size for w in W[1:])
    small = 10 * m * sum(sizes)
    assert 2 * every + above <= gradient.multiplications < 2 * every + above + small
    assert 3 * every + 5 * above <= product.multiplications < 3 * every + 5 * above + small
