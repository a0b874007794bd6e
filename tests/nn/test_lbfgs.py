"""L-BFGS on flattened parameters: there and back, its minimum, and what Ctrl-C leaves."""

from typing import Any

import numpy as np
import pytest

from nn.lbfgs import flatten, lbfgs, unflatten
from nn.matrix import Network
from nn.workspace import Workspace

# The loss of an iteration was summed in another order, and its residuals, of 1e-3, are differences of numbers near 1.
ROUNDING = 1e-10


def samples() -> tuple[Any, Any]:
    x = np.linspace(-1, 1, 40)[:, None]
    return x, np.sin(np.pi * x)


def test_flattening_and_back_changes_nothing() -> None:
    network, other = Network([3, 4, 2], rng=0), Network([3, 4, 2], rng=1)
    unflatten(flatten(network.parameters), other.parameters)
    for a, b in zip(network.parameters, other.parameters, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_linear_network_ends_at_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    network = Network([4, 2], rng=0)
    lbfgs(network, x, y)
    solution = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y, rcond=None)[0]
    np.testing.assert_allclose(np.column_stack([network.weights[0], network.biases[0]]), solution.T, atol=1e-7)


def test_the_loss_never_rises_and_the_network_has_the_last_one() -> None:
    network, (x, y) = Network([1, 10, 1], rng=0), samples()
    history = lbfgs(network, x, y, iterations=60)
    assert history.loss == sorted(history.loss, reverse=True)
    assert history.loss[-1] < 1e-3
    assert network.loss(x, y) == pytest.approx(history.loss[-1], rel=ROUNDING)


def test_it_stops_when_the_loss_is_low_enough() -> None:
    network, (x, y) = Network([1, 10, 1], rng=0), samples()
    history = lbfgs(network, x, y, iterations=500, stop_below=1e-2)
    assert history.loss[-1] < 1e-2 <= history.loss[-2]
    assert network.loss(x, y) == pytest.approx(history.loss[-1], rel=ROUNDING)


def test_ctrl_c_keeps_the_last_whole_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    network, (x, y) = Network([1, 10, 1], rng=0), samples()
    real, calls = Workspace.gradients, iter(range(100))

    def gradients(*args: Any) -> Any:
        if next(calls) == 9:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(Workspace, "gradients", gradients)
    history = lbfgs(network, x, y)
    assert history.interrupted
    assert network.loss(x, y) == pytest.approx(history.loss[-1], rel=ROUNDING)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((39, 1)), "every sample needs a target; got 40 samples and 39 targets"),
        (np.full((40, 1), np.nan), "Y has nan in row 0, column 0"),
    ],
)
def test_targets_that_do_not_fit_are_refused_as_by_train(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lbfgs(Network([1, 1], rng=0), samples()[0], y)
