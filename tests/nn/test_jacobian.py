"""Roch's layer-Jacobian form: the blocks against autodiff, and its gradient against back-propagation."""

from typing import Any

import numpy as np
import pytest

from engine import Value
from engine.graph import adjoints
from nn.jacobian import layer_jacobians, layer_pass, softmax_jacobian
from nn.matrix import Network

ENDS = [
    ("identity", "squared_error"),
    ("sigmoid", "squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("modified_softmax", "cross_entropy"),
    ("modified_softmax", "squared_error"),
]


def by_autodiff(outputs: list[Value], inputs: list[Value]) -> Any:
    return np.array([[adjoints(y).get(x, 0.0) for x in inputs] for y in outputs])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softplus"])
def test_the_blocks_of_A_and_B_are_what_autodiff_finds(name: str) -> None:
    rng = np.random.default_rng(0)
    W, b, z = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    w_values = [[Value(n) for n in (*row, bias)] for row, bias in zip(W, b, strict=True)]
    z_values = [Value(n) for n in z]
    sums = [row[0] * z_values[0] + row[1] * z_values[1] + row[2] for row in w_values]
    g = [getattr(total, name)() for total in sums]
    from nn.activations import activation

    A, B = layer_jacobians(z, activation(name).derivative(W @ z + b), W)
    np.testing.assert_allclose(A, by_autodiff(g, [w for row in w_values for w in row]), rtol=1e-14)
    np.testing.assert_allclose(B, by_autodiff(g, z_values), rtol=1e-14)
    assert (A[0, 3:] == 0).all()  # a block per unit


@pytest.mark.parametrize("K", [2, 3, 5])
def test_the_jacobian_of_the_modified_softmax_is_what_autodiff_finds(K: int) -> None:
    numbers = np.random.default_rng(K).normal(size=K - 1)
    z = [Value(n) for n in numbers]
    log_sum = Value.apply("logsumexp", *z, 0.0)
    probabilities = [*((x - log_sum).exp() for x in z), (-log_sum).exp()]
    C = softmax_jacobian(np.array([p.data for p in probabilities]), K - 1)
    assert C.shape == (K, K - 1)
    np.testing.assert_allclose(C, by_autodiff(probabilities, z), rtol=1e-13)


@pytest.mark.parametrize(("output", "cost"), ENDS)
def test_the_layer_loops_give_back_propagations_gradient(output: str, cost: str) -> None:
    rng = np.random.default_rng(1)
    network = Network([3, 4, 5, 2], "sigmoid", output, cost, rng=rng)
    x = rng.normal(size=3)
    y = 1 if cost == "cross_entropy" else rng.uniform(size=3 if output == "modified_softmax" else 2)
    found, g = layer_pass(network, x, y), network.gradients(x[None], np.asarray(y)[None])
    stacked = [np.column_stack([dW, db]).ravel() for dW, db in zip(g.weights, g.biases, strict=True)]
    np.testing.assert_allclose(found.gradient, np.concatenate(stacked[::-1]), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(found.q[0], g.input[0], rtol=1e-10)
    assert len(found.z) == len(found.q) == 4 + ("softmax" in output)


@pytest.mark.parametrize(("output", "cost"), [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")])
def test_a_saturated_output_with_the_right_answer_gives_no_nan(output: str, cost: str) -> None:
    network = Network([1, 2], output=output, loss=cost, rng=0)
    network.weights[0][:], network.biases[0][:] = [[1000.0], [-1000.0]], 0.0  # probabilities 1 and 0, to the last bit
    found = layer_pass(network, [1.0], [1.0, 0.0])
    assert (found.gradient == 0).all()


def test_a_saturated_sigmoid_keeps_the_complement() -> None:
    network = Network([1, 1], output="sigmoid", loss="binary_cross_entropy", rng=0)
    network.weights[0][:], network.biases[0][:] = 40.0, 0.0
    found, g = layer_pass(network, [1.0], [0.0]), network.gradients([[1.0]], [[0.0]])
    assert found.gradient == pytest.approx([g.weights[0][0, 0], g.biases[0][0]], rel=1e-14)
