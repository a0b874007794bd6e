"""What can be trained, all by one function: a network, a loss lifted from scalar code, a class of one's own."""

import itertools
import random
from typing import Any

import numpy as np
import pytest

from engine import Value, logsumexp
from engine.lift import Lifted, lift
from nn.data import moons
from nn.lbfgs import lbfgs
from nn.matrix import Network
from nn.model import Classifier, Model
from nn.optimizers import Adam, GradientDescent
from nn.training import DivergenceError, accuracy, train


def by_hand(sizes: list[int]) -> list[list[tuple[list[Value], Value]]]:
    rng = random.Random(1)
    return [
        [([Value(rng.uniform(-1, 1)) for _ in range(n)], Value(0.0)) for _ in range(m)]
        for n, m in itertools.pairwise(sizes)
    ]


def twins() -> tuple[Lifted, Network, list[list[tuple[list[Value], Value]]]]:
    """Return the cross-entropy of one network twice, of the same weights: lifted from scalar code, and as matrices."""
    layers = by_hand([2, 8, 2])

    def loss(x: Any, y: Any) -> Value:
        for layer in layers:
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [zi.tanh() for zi in z]
        total = logsumexp(*z)
        return sum(yi * (total - zi) for yi, zi in zip(y, z, strict=True))

    lifted = lift(loss, [0.0, 0.0], [0.0, 0.0], parameters=layers)
    network = Network([2, 8, 2], "tanh", "softmax", "cross_entropy")
    for ours, theirs in zip(lifted.parameters, network.parameters, strict=True):
        theirs[...] = ours
    return lifted, network, layers


def test_scalar_code_trains_as_the_same_network_in_matrix_form_does() -> None:
    lifted, network, layers = twins()
    data = moons(60, rng=3)
    rows, validation = np.eye(2)[data.y_train], np.eye(2)[data.y_test]
    options: dict[str, Any] = {"epochs": 5, "batch_size": 16, "rng": 7}
    ours = train(lifted, data.x_train, rows, optimizer=Adam(0.01), validation=(data.x_test, validation), **options)
    theirs = train(network, data.x_train, rows, optimizer=Adam(0.01), validation=(data.x_test, validation), **options)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-10)
    assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-10)
    assert ours.epochs == len(ours.seconds) == 5
    for a, b in zip(lifted.parameters, network.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    lifted.write_back()
    assert layers[0][3][0][1].data == lifted.arrays["W1"][3, 1]


def test_scalar_code_trains_by_lbfgs_too() -> None:
    lifted, network, _ = twins()
    data = moons(60, rng=3)
    rows = np.eye(2)[data.y_train]
    ours = lbfgs(lifted, data.x_train, rows, iterations=8)
    theirs = lbfgs(network, data.x_train, rows, iterations=8)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)
    assert lifted.loss(data.x_train, rows) == pytest.approx(ours.loss[-1], rel=1e-12)


def test_keep_best_gives_a_lifted_program_back_its_best_parameters() -> None:
    lifted, _, _ = twins()
    data = moons(60, rng=3)
    rows = np.eye(2)[data.y_train]
    history = train(lifted, data.x_train, rows, optimizer=GradientDescent(40.0), epochs=12, keep_best=True)
    assert history.epochs == 12
    assert lifted.loss(data.x_train, rows) < min(history.loss[-3:])


def test_a_sample_of_any_shape_is_shuffled_with_its_target() -> None:
    w, b = Value(0.5), Value(0.0)

    def loss(image: Any, y: Any) -> Value:
        return 0.5 * (w * (image[0][0] - image[1][1]) + b - y) ** 2

    lifted = lift(loss, [[0.0, 0.0], [0.0, 0.0]], 0.0, parameters=[w, b])
    X = np.random.default_rng(0).normal(size=(40, 2, 2))
    history = train(lifted, X, 3 * (X[:, 0, 0] - X[:, 1, 1]) - 1, optimizer=Adam(0.1), epochs=80, batch_size=8)
    assert [float(array) for array in lifted.parameters] == pytest.approx([3, -1], abs=1e-4)
    assert history.accuracy == []  # a loss says no classes


def test_a_lifted_training_that_diverges_is_told() -> None:
    w = Value(0.5)
    lifted = lift(lambda x, y: (w * x - y) ** 2, 0.0, 0.0, parameters=[w])
    with pytest.raises(DivergenceError, match=r"in epoch \d+, batch 1: the training diverges with GradientDescent"):
        train(lifted, [1.0, 2.0], [1.0, 2.0], optimizer=GradientDescent(1e100), epochs=9)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1.0, 2.0]], [1, 0, 1], r"y needs one sample per row, shape \(m, 2\), got shape \(3,\); .* np.eye\(2\)\[y\]"),
        ([[1.0, np.nan]], [[1.0, 0.0]], r"x has nan in row 0, column 1"),
        ([[1.0, 2.0]], [[np.inf, 0.0]], r"y has inf in row 0, column 0"),
        ([[1.0, 2.0]], np.eye(2), "every sample needs a target; got 1 samples and 2 targets"),
        ([1.0, 2.0], np.eye(2), r"x needs one sample per row, shape \(m, 2\), got shape \(2,\); one sample is \[x\]"),
    ],
)
def test_samples_that_do_not_fit_the_scalar_code_are_refused_before_any_step(x: Any, y: Any, message: str) -> None:
    lifted, _, _ = twins()
    before = lifted.arrays["W1"].copy()
    with pytest.raises(ValueError, match=message):
        train(lifted, x, y)
    np.testing.assert_array_equal(lifted.arrays["W1"], before)


@pytest.mark.parametrize(
    ("f", "examples", "message"),
    [
        (lambda x: Value(2.0) * x, [1.0], "takes a loss of a sample and its target; this program has the arguments x"),
        (lambda x, y: x * y, [1.0, 1.0], "has no parameters, so there is nothing to train"),
        (lambda x, y: [Value(1.0) * x, y], [1.0, 1.0], "a gradient needs one number, but the function returns 2"),
    ],
)
def test_a_program_that_is_no_loss_of_a_sample_and_its_target_is_refused(f: Any, examples: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(lift(f, *examples), [1.0, 2.0], [1.0, 2.0])


class Line:
    """A line through points, by least squares: a model of one's own, with nothing of ours."""

    reduction = "sum"

    def __init__(self) -> None:
        self.parameters = [np.zeros(2)]

    def samples(self, X: Any) -> Any:
        return np.asarray(X, float)

    targets = samples

    def loss(self, X: Any, Y: Any) -> float:
        slope, offset = self.parameters[0]
        return float(((slope * X + offset - Y) ** 2).sum())

    def stepper(self, samples: int) -> Any:
        return self.gradients

    def gradients(self, X: Any, Y: Any) -> Any:
        self.loss_and_gradients = Gradients()
        slope, offset = self.parameters[0]
        residual = slope * X + offset - Y
        self.loss_and_gradients.loss = float((residual**2).sum())
        self.loss_and_gradients.parameters = [np.array([2 * (residual * X).sum(), 2 * residual.sum()])]
        return self.loss_and_gradients


class Gradients:
    loss: float
    parameters: list[Any]


def test_a_model_of_ones_own_is_trained() -> None:
    line: Model = Line()
    x = np.linspace(-1, 1, 20)
    history = train(line, x, 2 * x - 1, optimizer=GradientDescent(0.02), epochs=60, batch_size=10)
    assert line.parameters[0] == pytest.approx([2, -1], abs=1e-6)
    assert history.loss[-1] < 1e-9
    assert accuracy(line, x, x) is None
    assert lbfgs(Line(), x, 2 * x - 1).loss[-1] < 1e-12


def test_a_network_is_a_model_and_a_classifier() -> None:
    network: Model = Network([2, 2], output="softmax", loss="cross_entropy", rng=0)
    assert isinstance(network, Classifier)
    assert not isinstance(twins()[0], Classifier)


def test_checked_targets_of_another_shape_are_refused_where_they_would_be_broadcast() -> None:
    network, X = Network([2, 3], rng=0), np.ones((4, 2))
    for Y in (np.ones((4, 1)), np.ones(4), np.ones((4, 3, 1))):
        with pytest.raises(ValueError, match=r"Y needs one row of targets per sample, shape \(m, 3\).*got shape \(4"):
            network.gradients(X, Y, checked=True)
    with pytest.raises(ValueError, match="X has 4 samples, but Y has 1 rows of targets"):
        network.gradients(X, np.ones((1, 3)), checked=True)
    with pytest.raises(ValueError, match="X has 3 features per sample"):
        network.gradients(np.ones((4, 3)), np.ones((4, 3)), checked=True)
