"""The functions and networks of the examples, lifted: their values and gradients stay what they are, in every pass."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifting import assert_agrees, scalar_loss, truth, values_after_each_pass
from networks import OpByOpMLP

from engine import Value, logaddexp, logsumexp, sin
from nn.matrix import Network

FOLDER = Path(__file__).resolve().parents[3] / "examples"
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def examples_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def example(name: str) -> Any:
    return importlib.import_module(name)


def values(array: Any) -> Any:
    return [values(row) for row in array] if np.ndim(array) else Value(float(array))


def flat(nested: Any) -> list[Value]:
    return [v for part in nested for v in flat(part)] if isinstance(nested, list) else [nested]


# A case is a function of Values, its parameters, and its batches.

Case = tuple[Callable[..., Value], list[Value], tuple[Any, ...]]


def moons() -> Case:
    """micrograd's demo, op by op: the loss of points with their signs, all in one, and its penalty."""
    import random

    model = OpByOpMLP([2, 4, 4, 1], random.Random(1337))
    points = [(0.3, 1.1, -1), (1.4, -0.2, 1), (-0.9, 0.4, -1), (0.1, 0.2, 1), (1.0, 0.1, -1)]

    def loss() -> Value:
        losses = [(1 + -sign * model([Value(a), Value(b)])).relu() for a, b, sign in points]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())

    return loss, model.parameters(), ()


def moons_of_one_point() -> Case:
    network = example("micrograd_moons").model()

    def loss(point: Any, sign: Any) -> Value:
        return (1 - sign * network(point)).relu()

    return loss, network.parameters(), (rng.normal(size=(4, 2)), np.array([1.0, -1.0, 1.0, -1.0]))


def logistic_regression() -> Case:
    module = example("checking_logistic_regression")
    w = values(module.w)

    def loss(x: Any, y: Any) -> Value:
        z = sum(wi * xi for wi, xi in zip(w, x, strict=True))
        return logaddexp(z, 0.0) - y * z

    return loss, w, (module.X, module.y)


def softmax() -> Case:
    module = example("checking_softmax")
    W = values(module.W)

    def loss(x: Any, y: Any) -> Value:
        z = [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in W]
        return sum(yi * (logsumexp(*z) - zi) for yi, zi in zip(y, z, strict=True))

    return loss, flat(W), (module.X, module.Y)


def two_layers() -> Case:
    """The example's own function of arrays, called on arrays of Values, all samples in one."""
    module = example("checking_two_layers")
    arrays = [np.array(values(p), dtype=object) for p in module.parameters]
    return lambda: module.loss(*arrays), [v for array in arrays for v in array.ravel()], ()


def chain_rule() -> Case:
    malik = example("malik_cs189")
    r = Value(1.5)
    return lambda t: malik.u(r, sin(t)), [r], (np.array([0.7, -1.2, 2.0]),)


def valley() -> Case:
    p = values([0.3, -1.2])
    return lambda: example("malik_cs189").valley(p), p, ()


def banana() -> Case:
    p = values([0.3])
    return lambda x: example("malik_cs189").banana([*p, x]), p, (np.array([0.5, -0.4]),)


def layer_of_the_jacobian() -> Case:
    network, _, _ = example("roch_3_7").small_network()
    w = values(np.column_stack([network.weights[0], network.biases[0]]))

    def units(x: Any) -> Value:
        return sum(sum((a * b for a, b in zip(row, x, strict=False)), row[-1]).sigmoid() for row in w)

    return units, flat(w), (rng.normal(size=(3, 3)),)


CASES = [
    moons,
    moons_of_one_point,
    logistic_regression,
    softmax,
    two_layers,
    chain_rule,
    valley,
    banana,
    layer_of_the_jacobian,
]


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
@pytest.mark.parametrize("size", [1, 3])
def test_a_function_of_an_example_has_the_scalar_graphs_value_and_gradients_and_keeps_them(
    build: Any, size: int
) -> None:
    f, parameters, batches = build()
    made = assert_agrees(f, parameters, *[batch[:size] for batch in batches])
    sample = [np.asarray(batch)[0].tolist() for batch in batches]
    value, _, (allowed, *_) = truth(f, parameters, [sample])
    found = values_after_each_pass(made, [p.data for p in parameters], sample)
    assert {name: abs(v - value) <= allowed for name, v in found.items()} == dict.fromkeys(found, True)


# The networks of the examples, in matrix form: the lifted scalar form agrees with it.

NETWORKS: dict[str, Callable[[], Network]] = {
    "Calder, the figure": lambda: Network(example("calder_lecture22").SIZES, rng=0),
    "Calder, a fit": lambda: Network([1, 12, 1], "relu", rng=0),
    "Roch, modified softmax": lambda: example("roch_3_7").small_network()[0],
    "Hasegawa-Johnson, the triangle": lambda: example("hasegawa_johnson_ece417").triangle(),
    "Hasegawa-Johnson, the parabola": lambda: example("hasegawa_johnson_ece417").designed(),
    "Malik, squared error": lambda: Network([2, 1], output="sigmoid", rng=0),
    "Malik, cross-entropy": lambda: Network([2, 1], output="sigmoid", loss="binary_cross_entropy", rng=0),
    "Malik, two layers": lambda: Network([3, 4, 2], "tanh", "tanh", rng=0),
    "Nielsen": lambda: Network(example("schweizer_nielsen").SIZES, "sigmoid", "sigmoid", init="normal", rng=0),
    "Nielsen, a saturated neuron": lambda: example("schweizer_nielsen").perceptron([50.0], 50.0, "sigmoid"),
    "Barron": lambda: Network([2, 5, 1], init="normal", rng=0),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [1, 3])
def test_a_network_of_an_example_agrees_lifted_with_its_scalar_and_its_matrix_form(name: str, size: int) -> None:
    network = NETWORKS[name]()
    network.reduction = "mean"
    draw = np.random.default_rng(1)
    X = draw.normal(size=(size, network.sizes[0]))
    classes = network.sizes[-1] + (network.activations[-1].name == "modified_softmax")
    Y = network.targets(
        np.arange(size) % classes if network.cost.name == "cross_entropy" else draw.uniform(size=(size, classes))
    )
    loss, parameters = scalar_loss(network)
    made = assert_agrees(loss, parameters, X, Y)
    _, _, (_, *allowed) = truth(loss, parameters, list(zip(X.tolist(), Y.tolist(), strict=True)))
    matrix = np.concatenate([g.ravel() for g in network.gradients(X, Y).parameters])
    assert (np.abs(np.array(made.gradients(X, Y).nested) - matrix) <= allowed).all()
