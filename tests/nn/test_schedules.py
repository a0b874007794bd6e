"""Schedules: where they start and end, and how a training follows them."""

from typing import Any

import numpy as np
import pytest

from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.schedules import SCHEDULES, exponential, linear, steps, warmup
from nn.training import train


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_starts_at_1_and_never_rises_or_becomes_negative(name: str) -> None:
    factors = [SCHEDULES[name](done) for done in np.linspace(0, 1, 101)]
    assert factors[0] == 1
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] >= 0


@pytest.mark.parametrize(("name", "last"), [("constant", 1), ("linear", 0), ("cosine", 0), ("exponential", 0.01)])
def test_a_schedule_ends_where_it_says(name: str, last: float) -> None:
    assert SCHEDULES[name](1.0) == pytest.approx(last, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "done", "factor"),
    [
        ("linear", 0.3, 0.7),
        ("cosine", 1 / 3, 3 / 4),  # cos 60 degrees is 1/2
        ("cosine", 2 / 3, 1 / 4),
        ("exponential", 0.25, 10**-0.5),
        ("steps", 0.49, 1),
        ("steps", 0.5, 0.1),
        ("steps", 0.75, 0.01),
    ],
)
def test_a_schedule_has_its_closed_form_on_the_way(name: str, done: float, factor: float) -> None:
    assert SCHEDULES[name](done) == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize(("arguments", "message"), [((0.0,), "factor must be"), ((0.5, (0.5, 1.0)), "at must hold")])
def test_steps_that_cannot_be_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        steps(*arguments)


def test_the_exponential_falls_by_one_factor_per_epoch() -> None:
    schedule = exponential(0.1)
    ratios = [schedule((k + 1) / 10) / schedule(k / 10) for k in range(10)]
    assert ratios == pytest.approx([0.1**0.1] * 10)


def test_a_warm_up_rises_and_then_runs_the_whole_of_the_other() -> None:
    schedule = warmup(steps(0.5, at=(0.5,)), share=0.5)
    assert [schedule(done) for done in (0.0, 0.25, 0.5, 0.74, 0.75)] == [0, 0.5, 1, 1, 0.5]


def test_a_training_takes_the_schedules_rate_in_each_epoch() -> None:
    rates: list[float] = []

    class Noted(GradientDescent):
        def step(self, parameters: Any, gradients: Any) -> None:
            rates.append(self.learning_rate)
            super().step(parameters, gradients)

    optimizer = Noted(0.5)
    x = np.linspace(-1, 1, 4)[:, None]
    train(Network([1, 1], rng=0), x, x, optimizer=optimizer, epochs=4, schedule=linear)
    assert rates == [0.5, 0.375, 0.25, 0.125]
    assert optimizer.learning_rate == 0.5
