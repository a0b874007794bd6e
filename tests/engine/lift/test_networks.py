"""Networks: scalar code becomes the theorem, and its gradients are those of the scalar graph and of nn.matrix."""

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting import assert_source_is_the_same_to_the_bit, scalar_loss, truth
from rounding import bounds

from engine import Value, logsumexp
from engine.lift import lift
from nn.bridge import from_scalar
from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.scalar import MLP

Layers = list[list[tuple[list[Value], Value]]]


def by_hand(sizes: list[int], seed: int) -> Layers:
    rng = random.Random(seed)
    return [
        [([Value(rng.uniform(-1, 1)) for _ in range(n)], Value(rng.uniform(-1, 1))) for _ in range(m)]
        for n, m in itertools.pairwise(sizes)
    ]


ENDS = [
    ("identity", "squared_error"),
    ("tanh", "squared_error"),
    ("identity", "absolute_error"),
    ("identity", "hinge"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("modified_softmax", "cross_entropy"),
]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Network, Any, Any]:
    """Draw a network, and a batch of one sample or more."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    hidden = draw(st.sampled_from(["tanh", "sigmoid", "relu", "softplus", "gelu", "leaky_relu", "identity"]))
    output, loss = draw(st.sampled_from(ENDS))
    sizes[-1] = max(2, sizes[-1]) if output == "softmax" else sizes[-1]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    network = Network(sizes, hidden, output, loss, rng=rng)
    m = draw(st.integers(1, 4))
    X = rng.normal(size=(m, sizes[0]))
    if loss == "cross_entropy":
        Y = network.targets(rng.integers(0, sizes[-1] + (output == "modified_softmax"), m))
    else:
        Y = rng.uniform(size=(m, sizes[-1]))
    return network, X, np.where(Y > 0.5, 1.0, -1.0) if loss == "hinge" else Y


@given(problems())
def test_the_lifted_network_agrees_with_the_scalar_one_and_with_the_matrix_form(problem: tuple[Any, Any, Any]) -> None:
    network, X, Y = problem
    loss, parameters = scalar_loss(network)
    made = lift(loss, X[0], Y[0], parameters=parameters)
    value, gradients = made.value_and_grad(X, Y)
    samples = list(zip(X.tolist(), Y.tolist(), strict=True))
    true_value, true_gradients, (of_value, *allowed) = truth(loss, parameters, samples)
    matrix = network.gradients(X, Y)
    assert abs(value - true_value) <= of_value
    assert abs(value - matrix.loss) <= of_value
    by_matrix = np.concatenate([g.ravel() for g in matrix.parameters])
    assert (np.abs(np.array(gradients.nested) - true_gradients) <= allowed).all()
    assert (np.abs(np.array(gradients.nested) - by_matrix) <= allowed).all()
    assert_source_is_the_same_to_the_bit(made, (X, Y))


def test_our_own_neurons_become_the_theorem() -> None:
    made = lift(MLP(2, [16, 16, 1], rng=random.Random(1)), [0.0, 0.0])
    text = str(made)
    for line in (
        "z1 = W1 @ x + b1              # (16,)",
        "f1 = relu(z1)                 # (16,)",
        "z2 = W2 @ f1 + b2             # (16,)",
        "d2 = relu'(z2) * (W3.T @ d3)  # (16,)",
        "d1 = relu'(z1) * (W2.T @ d2)  # (16,)",
        "dW1 = outer(d1, x)            # (16, 2)",
        "db1 = d1                      # (16,)",
    ):
        assert line in text.split("\n")
    assert made.passes["arrays"].operations() == {"matmul": 3, "relu": 2, "take": 1}


def test_micrograds_way_of_writing_gives_the_same_program_as_our_neurons() -> None:
    layers = by_hand([3, 4, 2], 1)

    def network(x: Any) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b).tanh() for w, b in layer]
        return x

    made = lift(network, [0.0] * 3, parameters=layers)
    ours = lift(MLP(3, [4, 2], activation="tanh"), [0.0] * 3)
    assert str(made).split("\n")[4:7] == str(ours).split("\n")[4:7]
    assert made.passes["arrays"].operations() == {"matmul": 2, "tanh": 2}


def test_a_loss_over_many_points_with_regularization_becomes_matrix_products() -> None:
    layers = by_hand([2, 5, 1], 2)
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]
    points = [(0.1 * i - 1, math.sin(i), 1 if i % 2 else -1) for i in range(20)]

    def loss() -> Value:
        losses = []
        for a, b, sign in points:
            x: Any = [Value(a), Value(b)]
            for layer in layers:
                x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b).tanh() for w, b in layer]
            losses.append((1 + -sign * x[0]).relu())
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)

    made = lift(loss, parameters=parameters)
    assert made.passes["arrays"].operations()["matmul"] == 2
    assert len(made.passes["arrays"].statements) < 25
    output = loss()
    output.backward()
    apart = bounds(output)
    value, gradients = made.value_and_grad()
    assert abs(value - output.data) <= 2 * float(apart.data[output])
    for found, p in zip(gradients.nested, parameters, strict=True):
        assert abs(found - p.grad) <= 2 * float(apart.gradients[p])


def compare(f: Any, parameters: list[Value], X: list[list[float]]) -> Any:
    """Check a lifted f against its graph on a batch, and return what was lifted."""
    made = lift(f, X[0], parameters=parameters)
    values, gradients = made.value_and_grad(X, reduction="none")
    for i, x in enumerate(X):
        for p in parameters:
            p.grad = 0
        output = f([Value(a) for a in x])
        output.backward()
        apart = bounds(output)
        assert abs(values[i] - output.data) <= 2 * float(apart.data[output])
        for found, p in zip(gradients.nested, parameters, strict=True):
            assert abs(found[i] - p.grad) <= 2 * float(apart.gradients[p])
    return made


def test_a_tiny_convolution_shares_its_kernel() -> None:
    rng = random.Random(3)
    kernel, bias, second = [Value(0.3), Value(-0.2), Value(0.5)], Value(0.1), [Value(0.7), Value(-0.4)]

    def convolution(x: Any) -> Value:
        z = [sum(k * x[i + j] for j, k in enumerate(kernel)) + bias for i in range(8)]
        f = [zi.tanh() for zi in z]
        return sum(sum(k * f[i + j] for j, k in enumerate(second)).tanh() for i in range(7))

    X = [[rng.uniform(-1, 1) for _ in range(10)] for _ in range(3)]
    made = compare(convolution, [*kernel, bias, *second], X)
    assert made.passes["arrays"].operations()["matmul"] == 2
    assert made.arrays["W1"].shape == (1, 3)


def test_a_convolution_in_two_dimensions_with_two_channels_is_a_matrix_product() -> None:
    rng = random.Random(4)
    kernels = [[Value(rng.uniform(-1, 1)) for _ in range(4)] for _ in range(2)]

    def convolution(image: Any) -> Value:
        maps = [
            [
                sum(k[2 * a + b] * image[3 * (i + a) + j + b] for a in range(2) for b in range(2)).relu()
                for i in range(2)
                for j in range(2)
            ]
            for k in kernels
        ]
        return sum(v * v for channel in maps for v in channel)

    made = compare(
        convolution, [p for k in kernels for p in k], [[rng.uniform(-1, 1) for _ in range(9)] for _ in range(2)]
    )
    assert made.passes["arrays"].operations()["matmul"] == 1
    assert made.arrays["W1"].shape == (2, 4)


def test_an_unrolled_recurrent_net_uses_one_matrix_at_every_step() -> None:
    rng = random.Random(5)
    U = [[Value(rng.uniform(-1, 1)) for _ in range(3)] for _ in range(3)]
    V = [[Value(rng.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
    c = [Value(rng.uniform(-1, 1)) for _ in range(3)]

    def recurrent(x: Any) -> Value:
        h: Any = [0.0, 0.0, 0.0]
        for t in range(0, 8, 2):
            h = [
                (
                    sum(u * v for u, v in zip(U[i], h, strict=True))
                    + sum(v * xt for v, xt in zip(V[i], x[t : t + 2], strict=True))
                    + c[i]
                ).tanh()
                for i in range(3)
            ]
        return sum(h)

    parameters = [*(u for row in U for u in row), *(v for row in V for v in row), *c]
    made = compare(recurrent, parameters, [[rng.uniform(-1, 1) for _ in range(8)] for _ in range(2)])
    assert list(made.arrays) == ["W1", "b1"]
    assert made.passes["arrays"].operations()["matmul"] == 4


def test_neurons_with_different_activations_share_their_matrix() -> None:
    layer = by_hand([3, 4], 6)[0]
    parameters = [p for w, b in layer for p in (*w, b)]

    def mixed(x: Any) -> Value:
        z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
        return sum(zi.tanh() if i < 2 else zi.sigmoid() for i, zi in enumerate(z))

    made = compare(mixed, parameters, [[0.1, -0.2, 0.3], [1.0, 2.0, -1.0]])
    assert made.passes["arrays"].operations()["matmul"] == 1


def test_a_residual_connection_and_an_inner_product_of_two_layers() -> None:
    layers = by_hand([3, 3, 3], 7)
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]

    def network(x: Any) -> Value:
        first = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b).tanh() for w, b in layers[0]]
        second = [
            sum((wi * xi for wi, xi in zip(w, first, strict=True)), b) + f
            for (w, b), f in zip(layers[1], first, strict=True)
        ]
        return sum(a * b for a, b in zip(first, second, strict=True))

    made = compare(network, parameters, [[0.1, -0.2, 0.3], [1.0, 2.0, -1.0]])
    assert made.passes["arrays"].operations()["inner"] == 1


def test_values_in_numpy_arrays_are_lifted_too() -> None:
    W = np.array([[Value(0.5), Value(-1.0)], [Value(2.0), Value(0.25)]])
    made = lift(lambda x: np.tanh(W @ x).sum(), np.array([0.0, 0.0]), parameters=W)
    X = np.array([[1.0, 2.0], [-0.5, 0.1]])
    np.testing.assert_allclose(made(X), np.tanh(X @ np.array([[0.5, 2.0], [-1.0, 0.25]])).sum(axis=1), rtol=1e-14)
    assert made.passes["arrays"].operations()["matmul"] == 1
    assert np.shape(made.value_and_grad(X)[1].nested) == (2, 2)


def test_one_sample_and_an_input_that_is_a_number_work() -> None:
    w, b = Value(2.0), Value(0.5)
    made = lift(lambda x: (w * x + b) ** 2, 1.0, parameters={"w": w, "b": b})
    value, gradients = made.value_and_grad([3.0])
    assert value == 42.25
    assert gradients.nested == {"w": 39.0, "b": 13.0}
    assert made([1.0, 2.0]).tolist() == [6.25, 20.25]


def test_gradients_come_as_arrays_and_in_the_shape_of_the_parameters() -> None:
    layers = by_hand([2, 3, 1], 8)
    made = lift(
        lambda x: sum((wi * xi for wi, xi in zip(layers[0][0][0], x, strict=True)), layers[0][0][1]).tanh(),
        [0.0, 0.0],
        parameters=layers,
    )
    _, gradients = made.value_and_grad([[1.0, 2.0], [0.5, 0.25], [0.0, 1.0]])
    assert {name: g.shape for name, g in gradients.arrays.items()} == {"W1": (1, 2), "b1": (1,)}
    (w, b), unused = gradients.nested[0][0], gradients.nested[1][0]
    assert w == gradients.arrays["W1"][0].tolist()
    assert b == gradients.arrays["b1"][0]
    assert unused == ([0.0, 0.0, 0.0], 0.0)
    _, each = made.value_and_grad([[1.0, 2.0], [0.5, 0.25], [0.0, 1.0]], reduction="none")
    assert each.arrays["W1"].shape == (3, 1, 2)
    assert each.nested[0][0][1].shape == (3,)
    assert (each.nested[1][0][1] == 0).all()


def test_training_the_arrays_and_writing_back_trains_the_values() -> None:
    model = MLP(1, [4, 1], activation="tanh", rng=random.Random(9))
    network = from_scalar(model)
    made = lift(lambda x, y: 0.5 * (model([x]) - y) ** 2, 0.0, 0.0, parameters=model)
    X = np.linspace(-1, 1, 20)
    Y = X**2
    ours, theirs = GradientDescent(0.3), GradientDescent(0.3)
    for _ in range(50):
        ours.step(made.parameters, made.gradients(X, Y).parameters)
        theirs.step(network.parameters, network.gradients(X[:, None], Y[:, None]).parameters)
    for a, b in zip(made.parameters, network.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    before = model.layers[0].neurons[2].w[0].data
    made.write_back()
    assert model.layers[0].neurons[2].w[0].data == made.arrays["W1"][2, 0] != before
    assert float(model([0.5]).data) == pytest.approx(float(network.forward(np.array([[0.5]]))[0, 0]), rel=1e-10)


def test_float32_stays_float32() -> None:
    model = MLP(3, [4, 2], activation="sigmoid", rng=random.Random(10))
    made = lift(lambda x: logsumexp(*model(x)) * 0.5, [0.0] * 3, parameters=model, dtype=np.float32)
    X = np.random.default_rng(0).normal(size=(5, 3))
    assert made(X).dtype == np.float32
    value, gradients = made.value_and_grad(X)
    assert all(g.dtype == np.float32 for g in gradients.parameters)
    double = lift(lambda x: logsumexp(*model(x)) * 0.5, [0.0] * 3, parameters=model)
    exact, expected = double.value_and_grad(X)
    assert value == pytest.approx(exact, rel=1e-6)
    for a, b in zip(gradients.parameters, expected.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_several_outputs_have_a_pullback() -> None:
    model = MLP(2, [3, 2], activation="tanh", rng=random.Random(11))
    made = lift(model, [0.0, 0.0])
    X, seed = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [0.5, 2.0]])
    value, gradients = made.pullback(X, seed=seed)
    outputs = [model(list(map(Value, x))) for x in X]
    assert value.shape == (2, 2)
    np.testing.assert_allclose(value, [[v.data for v in row] for row in outputs], rtol=1e-14)
    sum(
        float(s) * v for row, seeds in zip(outputs, seed, strict=True) for v, s in zip(row, seeds, strict=True)
    ).backward()
    np.testing.assert_allclose(gradients.nested, [p.grad for p in model.parameters()], rtol=1e-13)
    with pytest.raises(ValueError, match="returns 2: lift a loss of them, or use pullback"):
        made.value_and_grad(X)


def test_an_expression_that_is_no_network_runs_as_scalar_statements() -> None:
    a, b = Value(0.7), Value(-1.3)
    X = [[0.1, 0.2], [0.5, -0.4], [2.0, 1.0]]
    made = compare(lambda x: (a * x[0]).sin() / (x[1] * x[1] + 2) - (b * x[1]).exp() * a, [a, b], X)
    assert "matmul" not in made.passes["arrays"].operations()


def test_a_parameter_that_is_the_result_has_gradient_one() -> None:
    a, b = Value(3.0), Value(4.0)
    value, gradients = lift(lambda: a, parameters=[a, b]).value_and_grad()
    assert (value, gradients.nested) == (3.0, [1.0, 0.0])
