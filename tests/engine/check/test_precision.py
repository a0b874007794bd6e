"""float32 among the data, ladders that rounding deceives, and kinks of a gradient: no right claim is called wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient
from engine.check.precision import sees_float32

SEEDS = range(5)
COMMON = (1 + 1e-9, 1 - 1e-9, 1 + 1e-7)


def least_squares(seed: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(40, 5)).astype(np.float32), rng.normal(size=40).astype(np.float32), rng.normal(size=5)


@pytest.mark.parametrize("seed", SEEDS)
def test_constants_that_were_computed_in_float32_are_not_called_a_mistake(seed: int) -> None:
    A, b, w = least_squares(seed)
    G, c = A.T @ A, A.T @ b
    for at in (w, w.astype(np.float32)):
        report = check_gradient(lambda w: np.sum((A @ w - b) ** 2) / 2, lambda w: G @ w - c, at)
        assert report.verdict in ("ok", "inaccurate", "inconclusive")
        report = check_gradient(lambda w: np.sum((A @ w - b) ** 2) / 2, lambda w: (G @ w - c) * np.float32(1.001), at)
        assert report.verdict == "wrong"


@pytest.mark.parametrize("factor", COMMON)
def test_one_factor_on_all_components_is_wrong_beside_float32_data_too(factor: float) -> None:
    A, b, w = least_squares(0)
    wrong = lambda w: factor * (A.T @ (A @ w - b))  # noqa: E731 - a lambda, as people write them
    assert check_gradient(lambda w: np.sum((A @ w - b) ** 2) / 2, wrong, w).verdict == "wrong"


@pytest.mark.parametrize("factor", COMMON)
@pytest.mark.parametrize("where", [slice(None), slice(2, 3)])
def test_a_factor_in_a_gradient_of_doubles_is_wrong_in_one_component_or_all(factor: float, where: slice) -> None:
    A, b, w = (x.astype(float) for x in least_squares(1))
    off = np.ones(5)
    off[where] = factor
    wrong = lambda w: off * (A.T @ (A @ w - b))  # noqa: E731 - a lambda, as people write them
    assert check_gradient(lambda w: np.sum((A @ w - b) ** 2) / 2, wrong, w).verdict == "wrong"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_gradient_that_was_computed_in_float32_but_returned_as_float64_is_not_called_wrong(seed: int) -> None:
    A, _, w = least_squares(seed)

    def gradient(w: Any) -> Any:
        return (A.T @ (1 - np.tanh(A @ w) ** 2)).astype(np.float64)

    for at, grad in ((w.astype(np.float32), gradient), (w, lambda w: gradient(w.astype(np.float32)))):
        assert check_gradient(lambda w: np.sum(np.tanh(A @ w)), grad, at).verdict in ("ok", "inaccurate")
    assert check_gradient(lambda w: np.sum(np.tanh(A @ w)), lambda w: 1.001 * gradient(w), w).verdict == "wrong"


def test_a_claim_that_happens_to_be_a_float32_number_has_no_excuse() -> None:
    def f(x: Any) -> Any:
        return 0.5 * x + 1e-8 * x * x  # the claim forgets the second term

    assert check_gradient(f, lambda x: 0.5, 0.3).verdict == "wrong"


@pytest.mark.parametrize("seed", [0, 5, 18, 23, 32])
def test_a_black_box_that_computes_in_float32_is_a_stair_whose_noise_is_seen(seed: int) -> None:
    rng = np.random.default_rng
    w = rng(seed).normal(size=5) * 10 ** rng(seed).uniform(-3, 1)

    def f(w: Any) -> float:
        return float(np.sum(np.asarray(w, np.float32) ** 2))

    assert check_gradient(f, lambda w: 2 * np.asarray(w, np.float32), w).verdict in ("ok", "inconclusive")
    assert check_gradient(f, lambda w: 2.2 * np.asarray(w, np.float32), w).verdict == "wrong"


def test_float32_is_found_in_data_defaults_attributes_and_casts() -> None:
    data = np.ones(3, dtype=np.float32)

    class Model:
        def __init__(self) -> None:
            self.data = data

        def loss(self, w: Any) -> Any:
            return self.data @ w

    def helper(w: Any) -> Any:
        return data @ w

    assert sees_float32(lambda w: helper(w))
    assert sees_float32(lambda w, X=data: X @ w)
    assert sees_float32(Model().loss)
    assert sees_float32(lambda w: w.astype("float32"))
    assert not sees_float32(lambda w: np.tanh(w))
    assert not sees_float32(math.sin)


# --- ladders -------------------------------------------------------------------------------------


def boxed(f: Callable[..., float]) -> Callable[..., float]:
    def box(*xs: Any) -> float:
        if not all(isinstance(x, float) for x in xs):
            raise TypeError("for doubles only")
        return float(f(*xs))

    return box


DECEIVED: dict[str, tuple[Callable[..., float], Callable[..., Any], Any]] = {
    "log1p(x) - x at 0": (lambda x: x - math.log1p(x), lambda x: 0.0, 0.0),
    "a sine between two doubles": (lambda x: x + math.sin(x), lambda x: 1 + math.cos(x), -2.6119557908058447e130),
    "a sine of all that was lost": (lambda x: math.sin(math.tan(math.atan(x))), math.cos, 1380155133007.1855),
    "lost beside a huge number": (lambda x, y: (x + y) - y, lambda x, y: (1.0, 0.0), (0.7, 9.154426492487966e246)),
    "steep within a tiny number": (lambda x: math.erfc(1e6 * x), lambda x: -1e6 * 2 / math.sqrt(math.pi), -8e-175),
    "lost beside 1": (lambda x: math.log2(math.cosh(x)), lambda x: x / math.log(2), 1.1e-16),
}


@pytest.mark.parametrize("name", DECEIVED)
def test_a_ladder_that_rounding_deceives_calls_nothing_wrong(name: str) -> None:
    f, grad, at = DECEIVED[name]
    assert check_gradient(boxed(f), grad, at).verdict in ("ok", "inconclusive")


def test_a_number_that_a_black_box_ignores_has_the_slope_0_even_if_it_is_huge() -> None:
    report = check_gradient(boxed(lambda x, y: math.sin(x)), lambda x, y: (math.cos(x), 0.1), (0.5, 1e40))
    assert [c.verdict for c in report.components] == ["ok", "wrong"]


def test_a_flat_part_of_a_black_box_has_the_slope_0() -> None:
    assert check_gradient(boxed(lambda x: max(x, 0.0)), lambda x: 1.0, -1.0).verdict == "wrong"


def test_where_the_complex_step_is_taken_small_mistakes_are_still_found() -> None:
    def f(x: Any) -> Any:
        if not isinstance(x, (float, complex)):
            raise TypeError("for doubles only")
        return 1e8 + np.exp(x) * np.sin(x)

    wrong = lambda x: np.exp(x) * (np.sin(x) + np.cos(x)) * (1 + 1e-8)  # noqa: E731 - a lambda, as people write them
    report = check_gradient(f, wrong, 1.2)
    assert (report.oracle, report.verdict) == ("complex step", "wrong")


def test_many_wrong_components_of_a_black_box_are_all_wrong() -> None:
    w = np.random.default_rng(0).normal(size=60)
    report = check_gradient(lambda w: float(np.sum(np.sin(w))), lambda w: 1.01 * np.cos(w), w)
    assert {c.verdict for c in report.components} == {"wrong"}


# --- second derivatives --------------------------------------------------------------------------


def relu2(x: Any) -> Any:
    return np.maximum(x, 0) ** 2


def huber(x: Any) -> Any:
    return np.where(abs(x) <= 1.5, x * x / 2, 1.5 * (abs(x) - 0.75))


def second(f: Callable[..., Any], claim: Any, at: Any) -> str:
    return check_gradient(f, lambda x: claim, at, order=2).verdict


@pytest.mark.parametrize(
    ("f", "at", "conventions", "mistakes"),
    [
        (relu2, 0.0, (0.0, 1.0, 2.0), (-1.0, 2 + 1e-9, 3.0)),
        (huber, 1.5, (0.0, 0.5, 1.0), (-0.1, 1.1)),
        (lambda x: 3 * relu2(x) - abs(x) * x, 0.0, (0.0, 2.0, 4.0), (-3.0, 9.0)),
        (lambda x: relu2(x) + relu2(-x), 0.0, (0.0, 4.0), (-1.0, 5.0)),
    ],
)
def test_a_hessian_at_a_kink_of_the_gradient(f: Any, at: float, conventions: Any, mistakes: Any) -> None:
    assert {second(f, claim, at) for claim in conventions} == {"kink"}
    assert {second(f, claim, at) for claim in mistakes} == {"wrong"}


def test_kinks_of_a_gradient_that_cancel_leave_a_second_derivative() -> None:
    assert second(lambda x: relu2(x) + relu2(-x), 2.0, 0.0) == "ok"


def test_a_hessian_at_a_kink_of_the_function_itself_is_inconclusive() -> None:
    assert {second(abs, claim, 0.0) for claim in (0.0, 1.0)} == {"inconclusive"}


def test_entries_of_a_hessian_that_a_kink_does_not_touch_are_judged_as_ever() -> None:
    def f(w: Any) -> Any:
        return np.sum(relu2(w)) + w[0] ** 3 * w[2]

    w = np.array([0.3, 0.0, -1.0])
    right = np.array([[2 + 6 * w[0] * w[2], 0, 3 * w[0] ** 2], [0, 0, 0], [3 * w[0] ** 2, 0, 0]])
    assert second(f, right, w) == "kink"
    report = check_gradient(f, lambda w: right * (1 + 1e-9), w, order=2)
    assert [c.verdict for c in report.components] == ["wrong", "ok", "wrong", "ok", "kink", "ok", "wrong", "ok", "ok"]


def test_a_hessian_with_more_ties_than_can_be_tried_is_inconclusive_outside_of_what_was_seen() -> None:
    def f(w: Any) -> Any:
        return np.sum(relu2(w))

    assert second(f, np.zeros((10, 10)), np.zeros(10)) == "kink"
    assert second(f, 7 * np.eye(10), np.zeros(10)) == "inconclusive"


def test_a_hessian_that_vanishes_with_the_step_is_0() -> None:
    assert second(lambda w: np.sum(w**4), np.zeros((2, 2)), np.zeros(2)) == "ok"
