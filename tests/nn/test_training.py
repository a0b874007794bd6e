"""Training: what an epoch does, what is measured, and how it ends when it does not end well."""

import itertools
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.data import digits, mnist, moons
from nn.matrix import Network
from nn.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum
from nn.schedules import SCHEDULES
from nn.training import DivergenceError, History, accuracy, train
from nn.workspace import Workspace


def classifier(features: int = 2, classes: int = 2, **options: Any) -> Network:
    return Network([features, 8, classes], output="softmax", loss="cross_entropy", **{"rng": 0, **options})


def line(samples: int = 12) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    x = np.linspace(-1, 1, samples)[:, np.newaxis]
    return x, 2 * x - 1


class StoppedBy(GradientDescent):
    """Gradient descent that an exception, or a signal, stops before a given step; None makes it stand still from it."""

    def __init__(self, step: int, stop: Callable[[], None] | None) -> None:
        super().__init__(0.1)
        self.last, self.stop = step - 1, stop

    def step(self, parameters: Any, gradients: Any) -> None:
        if self.steps == self.last:
            if self.stop is None:
                return
            self.stop()
        super().step(parameters, gradients)


def ctrl_c() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored in the background
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


# What a step, an epoch and a training are.


def test_full_batch_training_is_gradient_descent_step_by_step() -> None:
    x, y = line()
    trained, by_hand = Network([1, 4, 1], rng=1), Network([1, 4, 1], rng=1)
    train(trained, x, y, optimizer=GradientDescent(0.3), epochs=5)
    for _ in range(5):
        g = by_hand.gradients(x, y)
        for parameter, gradient in zip(by_hand.parameters, g.parameters, strict=True):
            parameter -= 0.3 * gradient
    for a, b in zip(trained.parameters, by_hand.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)  # sums in another order, five steps long


def test_an_epoch_of_mini_batches_visits_every_sample_once_in_shuffled_order(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.arange(10.0)[:, np.newaxis] / 10, np.zeros((10, 1))
    seen: list[np.ndarray[Any, Any]] = []
    real = Workspace.gradients

    def watched(workspace: Workspace, samples: Any, targets: Any) -> Any:
        seen.append(samples[:, 0].copy())
        return real(workspace, samples, targets)

    monkeypatch.setattr(Workspace, "gradients", watched)
    train(Network([1, 1], rng=0), x, y, optimizer=GradientDescent(0.01), epochs=2, batch_size=4, rng=0)
    assert [len(batch) for batch in seen] == [4, 4, 2, 4, 4, 2]
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == x[:, 0].tolist()
    assert first.tolist() != x[:, 0].tolist()
    assert first.tolist() != second.tolist()


def test_a_sample_keeps_its_target_when_the_order_is_shuffled() -> None:
    x, y = line(64)
    network = Network([1, 1], rng=0)
    train(network, x, y, optimizer=GradientDescent(0.1), epochs=200, batch_size=5)
    assert network.weights[0].item() == pytest.approx(2, abs=1e-9)
    assert network.biases[0].item() == pytest.approx(-1, abs=1e-9)


def test_the_loss_of_an_epoch_weighs_each_batch_by_its_size() -> None:
    x, y = np.zeros((5, 1)), np.array([[0.0], [0.0], [0.0], [0.0], [6.0]])
    network = Network([1, 1], rng=0)
    network.biases[0][:] = 0
    # Nearly standing still, so the losses are those of the first network: 36 / 2 / 5, whatever the batches were.
    history = train(network, x, y, optimizer=GradientDescent(1e-15), epochs=1, batch_size=2)
    assert history.loss == [pytest.approx(3.6, rel=1e-12)]


def test_with_sums_instead_of_means_the_loss_of_an_epoch_is_a_sum() -> None:
    x, y = np.zeros((5, 1)), np.array([[0.0], [0.0], [0.0], [0.0], [6.0]])
    network = Network([1, 1], rng=0, reduction="sum")
    network.biases[0][:] = 0
    history = train(network, x, y, optimizer=GradientDescent(1e-15), epochs=1, batch_size=2)
    assert history.loss == [pytest.approx(18, rel=1e-12)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_seed_fixes_the_training_to_the_bit(dtype: type[Any]) -> None:
    data = moons(60, rng=3)
    runs = []
    for seed in (1, 1, 2):
        network = classifier(dtype=dtype)
        history = train(network, data.x_train, data.y_train, epochs=3, batch_size=16, rng=seed)
        runs.append((history.loss, np.concatenate([p.ravel() for p in network.parameters]).tobytes()))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_training_can_be_continued_as_if_it_had_not_stopped() -> None:
    data = moons(60, rng=3)
    once, twice = classifier(), classifier()
    one, two = Adam(0.01), Adam(0.01)
    train(once, data.x_train, data.y_train, optimizer=one, epochs=4, batch_size=16, rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    for _ in range(2):
        train(twice, data.x_train, data.y_train, optimizer=two, epochs=2, batch_size=16, rng=rng)
    for a, b in zip(once.parameters, twice.parameters, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("stop", [None, ctrl_c])
def test_a_schedule_scales_the_rate_by_epoch_and_gives_it_back(stop: Callable[[], None] | None) -> None:
    rates = []

    class Watched(StoppedBy):
        def step(self, parameters: Any, gradients: Any) -> None:
            rates.append(self.learning_rate)
            super().step(parameters, gradients)

    optimizer = Watched(7, stop)
    train(Network([1, 1], rng=0), *line(), optimizer=optimizer, epochs=4, batch_size=6, schedule=SCHEDULES["linear"])
    expected = [0.1, 0.1, 0.075, 0.075, 0.05, 0.05, 0.025, 0.025]
    assert rates == pytest.approx(expected[: len(rates)])
    assert len(rates) == (8 if stop is None else 7)
    assert optimizer.learning_rate == 0.1


def test_a_constant_schedule_is_the_default() -> None:
    a, b = Network([1, 4, 1], rng=0), Network([1, 4, 1], rng=0)
    losses = train(a, *line(), epochs=3).loss
    assert train(b, *line(), epochs=3, schedule=SCHEDULES["constant"]).loss == losses


# What is measured.


def test_the_history_holds_one_number_per_epoch() -> None:
    data = moons(60, rng=3)
    network = classifier()
    history = train(network, data.x_train, data.y_train, epochs=3, batch_size=16, validation=(data.x_test, data.y_test))
    assert history.epochs == 3
    assert not history.interrupted
    assert history.accuracy[-1] == (network.predict(data.x_train) == data.y_train).mean()
    assert history.validation_accuracy[-1] == (network.predict(data.x_test) == data.y_test).mean()
    assert history.validation_loss[-1] == network.loss(data.x_test, data.y_test)
    assert {len(v) for v in vars(history).values() if isinstance(v, list)} == {3}
    assert min(history.seconds) > 0


def test_a_regression_has_no_accuracy_and_without_validation_there_are_no_such_numbers() -> None:
    history = train(Network([1, 1], rng=0), *line(), epochs=2)
    assert len(history.loss) == 2
    assert history.accuracy == history.validation_loss == history.validation_accuracy == []


@pytest.mark.parametrize(
    ("output", "loss", "targets"),
    [("sigmoid", "binary_cross_entropy", [0, 1, 1, 1]), ("identity", "hinge", [-1, 1, 1, 1])],
)
def test_accuracy_counts_the_classes_of_other_losses_too(output: str, loss: str, targets: list[int]) -> None:
    network = Network([1, 1], output=output, loss=loss, rng=0)
    network.weights[0][:], network.biases[0][:] = 1, 0
    x = np.array([[-1.0], [1.0], [2.0], [-2.0]])
    assert accuracy(network, x, np.array(targets)) == 0.75
    assert accuracy(network, x, np.array(targets)[:, np.newaxis]) == 0.75


def test_accuracy_is_the_same_for_labels_and_rows_and_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = digits(rng=1)
    network = classifier(64, 10)
    whole = (network.predict(data.x_train) == data.y_train).mean()
    monkeypatch.setattr("nn.training.CHUNK", 100)
    assert accuracy(network, data.x_train, data.y_train) == pytest.approx(whole, rel=1e-14)
    assert accuracy(network, data.x_train, np.eye(10)[data.y_train]) == pytest.approx(whole, rel=1e-14)


def test_the_accuracy_of_many_samples_is_measured_on_some_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.training.JUDGED", 4)
    x = np.concatenate([np.full((9, 1), -1.0), np.full((9, 1), 1.0)])  # sorted by class
    network = Network([1, 2], output="softmax", loss="cross_entropy", rng=0)
    network.weights[0][:], network.biases[0][:] = [[0], [0]], [0, 10]  # everything is class 1
    history = train(network, x, np.repeat([0, 1], 9), optimizer=GradientDescent(1e-9), epochs=1)
    assert history.accuracy == [0.5]  # of samples 0, 5, 10, 15


def test_a_history_survives_a_file(tmp_path: Path) -> None:
    history = train(classifier(), *moon_samples(), epochs=2)
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history
    assert json.loads((tmp_path / "history.json").read_text())["loss"] == history.loss


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"losses": []}', "\0"])
def test_a_file_that_holds_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"other.json holds no history: .*; give a file written by History.save"):
        History.load(path)


def moon_samples() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    data = moons(60, rng=3)
    return data.x_train, data.y_train


# How well it learns.


@pytest.mark.parametrize(("name", "rate"), [("sgd", 0.5), ("momentum", 0.05), ("adam", 0.003)])
def test_the_digits_are_learnt_by_every_optimizer(name: str, rate: float) -> None:
    data = digits(rng=0, dtype=np.float32)
    network = Network([64, 32, 10], output="softmax", loss="cross_entropy", dtype=np.float32, rng=0)
    train(network, data.x_train, data.y_train, optimizer=OPTIMIZERS[name](rate), epochs=30, batch_size=32)
    assert accuracy(network, data.x_test, data.y_test) > 0.96


def test_mnist_is_learnt_to_more_than_90_percent_in_one_epoch(mnist_folder: Path) -> None:
    data = mnist(mnist_folder, dtype=np.float32)
    network = Network(
        [784, 32, 10], activation="sigmoid", output="softmax", loss="cross_entropy", dtype=np.float32, rng=0
    )
    history = train(
        network,
        data.x_train,
        data.y_train,
        optimizer=Adam(0.003),
        epochs=1,
        batch_size=128,
        validation=(data.x_test, data.y_test),
    )
    assert history.validation_accuracy[0] > 0.9
    assert network.predict(data.x_test[:1]).tolist() == [7]


# How it ends.


def test_a_divergence_names_epoch_batch_and_cure_and_keeps_the_history() -> None:
    x, y = line()
    network = Network([1, 1], rng=0)
    with pytest.raises(DivergenceError, match=r"the loss became (inf|nan) in epoch \d+, batch \d+") as caught:
        train(network, x, y, optimizer=GradientDescent(50), epochs=500, batch_size=4)
    assert "GradientDescent(learning_rate=50.0); try learning_rate=5, and inputs scaled" in str(caught.value)
    losses = caught.value.history.loss
    assert losses
    assert np.isfinite(losses).all()
    assert losses[-1] > 1e100
    assert f"in epoch {len(losses) + 1}," in str(caught.value)


def test_the_last_step_of_an_epoch_that_overflows_the_weights_is_told() -> None:
    network = Network([1, 1], dtype=np.float32, rng=0)
    with pytest.raises(DivergenceError, match="a parameter became nan or infinite in epoch 1, batch 1"):
        train(network, np.ones((1, 1)), np.full((1, 1), 1e18), optimizer=GradientDescent(1e30), epochs=1)


def test_ctrl_c_keeps_the_epochs_and_the_weights_so_far() -> None:
    x, y = line()
    stopped, expected = Network([1, 4, 1], rng=0), Network([1, 4, 1], rng=0)
    history = train(stopped, x, y, optimizer=StoppedBy(12, ctrl_c), epochs=50, batch_size=4)
    whole = train(expected, x, y, optimizer=StoppedBy(12, None), epochs=4, batch_size=4)
    assert history.interrupted
    assert history.loss == whole.loss[:3]  # the 12th step is the third of the fourth epoch
    for a, b in zip(stopped.parameters, expected.parameters, strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(history) == f"History: 3 epochs, loss {history.loss[-1]:.4f}, interrupted"


def test_ctrl_c_while_an_epoch_is_measured_leaves_no_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    network, calls = classifier(), itertools.count()
    real = network.predict

    def predict(x: Any) -> Any:
        if next(calls) == 3:  # twice in each epoch: the second number of the second epoch
            raise KeyboardInterrupt
        return real(x)

    monkeypatch.setattr(network, "predict", predict)
    x, y = moon_samples()
    history = train(network, x, y, epochs=5, validation=(x, y))
    assert history.interrupted
    assert {len(v) for v in vars(history).values() if isinstance(v, list)} == {1}


def best_by_hand(epochs: int) -> tuple[list[float], list[list[Any]]]:
    """Return the validation loss and a copy of the parameters after each epoch of a training that overfits."""
    losses, kept, network = [], [], overfitter()
    optimizer, rng = Adam(0.05), np.random.default_rng(0)
    (x, y), validation = noisy(0), noisy(1)
    for _ in range(epochs):
        train(network, x, y, optimizer=optimizer, epochs=1, batch_size=8, rng=rng)
        losses.append(network.loss(*validation))
        kept.append([array.copy() for array in network.parameters])
    return losses, kept


def overfitter() -> Network:
    return Network([1, 20, 1], rng=0)


def noisy(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (16, 1))
    return x, np.sin(3 * x) + rng.normal(0, 0.5, x.shape)


def test_keep_best_gives_back_the_parameters_of_the_epoch_with_the_least_validation_loss() -> None:
    losses, kept = best_by_hand(60)
    best = int(np.argmin(losses))
    assert 0 < best < 59  # it overfits, or the test would say nothing
    network = overfitter()
    history = train(
        network,
        *noisy(0),
        optimizer=Adam(0.05),
        epochs=60,
        batch_size=8,
        rng=np.random.default_rng(0),
        validation=noisy(1),
        keep_best=True,
    )
    assert history.validation_loss == losses
    for a, b in zip(network.parameters, kept[best], strict=True):
        np.testing.assert_array_equal(a, b)


def test_patience_stops_after_so_many_epochs_without_a_new_least_loss() -> None:
    losses, kept = best_by_hand(60)
    best = next(e for e in range(60) if min(losses[e + 1 : e + 4]) >= losses[e] == min(losses[: e + 1]))
    network = overfitter()
    arguments: dict[str, Any] = {"epochs": 60, "batch_size": 8, "rng": np.random.default_rng(0), "patience": 3}
    history = train(network, *noisy(0), optimizer=Adam(0.05), validation=noisy(1), **arguments)
    assert history.epochs == best + 4 < 60
    for a, b in zip(network.parameters, kept[best], strict=True):
        np.testing.assert_array_equal(a, b)


def test_ctrl_c_keeps_the_best_weights_so_far() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    network, other = overfitter(), overfitter()
    x, y = noisy(0)
    rate = StoppedBy(7, stop)
    rate.learning_rate = 4.0  # far too large: the loss goes up and down
    history = train(network, x, y, optimizer=rate, epochs=50, keep_best=True)
    assert history.interrupted
    losses = []
    optimizer = GradientDescent(4.0)
    for _ in range(history.epochs):
        train(other, x, y, optimizer=optimizer, epochs=1)
        losses.append(other.loss(x, y))
    assert network.loss(x, y) == min(losses)
    assert min(losses) != losses[-1]


def test_ctrl_c_in_the_first_epoch_keeps_what_it_has_learned() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    network = Network([64, 8, 10], output="softmax", loss="cross_entropy", rng=0)
    data = digits()
    before = network.loss(data.x_train, data.y_train)
    rate = StoppedBy(30, stop)
    history = train(network, data.x_train, data.y_train, optimizer=rate, epochs=50, batch_size=10, keep_best=True)
    assert history.interrupted
    assert history.epochs == 0
    assert network.loss(data.x_train, data.y_train) < 0.9 * before


def test_other_exceptions_are_not_swallowed() -> None:
    def stop() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        train(Network([1, 1], rng=0), *line(), optimizer=StoppedBy(2, stop), epochs=5)


# Bad input.


@pytest.mark.parametrize("value", [0, -3, 2.5, True, "10"])
@pytest.mark.parametrize("name", ["epochs", "batch_size", "patience"])
def test_epochs_and_batch_sizes_that_are_no_positive_whole_number_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 on, got {value!r}"):
        train(Network([1, 1]), *line(), **{name: value})


def test_a_batch_larger_than_the_data_is_the_full_batch() -> None:
    a, b = Network([1, 1], rng=0), Network([1, 1], rng=0)
    assert train(a, *line(), epochs=2, batch_size=1000).loss == train(b, *line(), epochs=2).loss


def test_samples_without_a_target_each_are_refused() -> None:
    x, y = line()
    with pytest.raises(ValueError, match="every sample needs a target; got 12 samples and 11 targets"):
        train(Network([1, 1]), x, y[:-1])
    with pytest.raises(ValueError, match="every sample needs a target; got 12 samples and 5 targets"):
        train(Network([1, 1]), x, y, validation=(x, y[:5]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused_before_any_step(value: float) -> None:
    x, y = line()
    x[7] = value
    x[3] = -1e308  # the sum of finite numbers may overflow too
    network = Network([1, 1], rng=0)
    before = network.weights[0].copy()
    with pytest.raises(ValueError, match=rf"{value} in row 7, column 0"):
        train(network, x, y, batch_size=1)
    np.testing.assert_array_equal(network.weights[0], before)


def test_labels_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="labels must be classes from 0 to 1, got 2 in row 1"):
        train(classifier(), np.zeros((2, 2)), np.array([0, 2]))


def test_the_optimizer_of_another_network_is_refused() -> None:
    optimizer = Momentum()
    train(Network([1, 1], rng=0), *line(), optimizer=optimizer, epochs=1)
    with pytest.raises(ValueError, match="make a new optimizer for a new network"):
        train(Network([1, 2, 1], rng=0), *line(), optimizer=optimizer, epochs=1)
