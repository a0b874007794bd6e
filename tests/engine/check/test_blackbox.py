"""Black boxes: functions of doubles only are judged by a ladder of steps, or not at all where noise drowns it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient

TYPICAL: dict[str, tuple[Callable[[float], float], Callable[[float], float], tuple[float, float]]] = {
    "sin": (math.sin, math.cos, (-10, 10)),
    "exp": (math.exp, math.exp, (-20, 20)),
    "log": (math.log, lambda x: 1 / x, (1e-6, 1e6)),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x), (1e-6, 1e6)),
    "cubic": (lambda x: float(x) ** 3 - 2 * float(x), lambda x: 3 * x * x - 2, (-5, 5)),
    "abs": (lambda x: math.fabs(x), lambda x: math.copysign(1, x), (0.1, 9)),
}
HARD: dict[str, tuple[Callable[[float], float], Callable[[float], float], tuple[float, float]]] = {
    "oscillating": (lambda x: math.sin(1 / x), lambda x: -math.cos(1 / x) / x**2, (1e-3, 1)),
    "on a plateau": (math.tanh, lambda x: 1 / math.cosh(x) ** 2, (5, 20)),
    "beside a large constant": (lambda x: 1e8 + math.sin(x), math.cos, (-3, 3)),
    "cancelling": (
        lambda x: math.fsum([x**7, -7 * x**6, 21 * x**5, -35 * x**4, 35 * x**3, -21 * x**2, 7 * x, -1]),
        lambda x: 7 * (x - 1) ** 6,
        (0.5, 1.5),
    ),
    "next to a kink": (lambda x: math.fabs(x - 1), lambda x: math.copysign(1, x - 1), (1 - 1e-9, 1 + 1e-9)),
}


@pytest.mark.parametrize("name", TYPICAL | HARD)
def test_a_right_gradient_of_a_black_box_is_never_called_wrong(name: str) -> None:
    f, slope, (low, high) = (TYPICAL | HARD)[name]
    rng = random.Random(name)
    verdicts = [check_gradient(f, slope, rng.uniform(low, high)).verdict for _ in range(100)]
    assert "wrong" not in verdicts
    if name in TYPICAL:
        assert set(verdicts) == {"ok"}


@pytest.mark.parametrize("name", TYPICAL)
def test_a_gradient_of_a_black_box_that_is_off_by_a_thousandth_is_caught(name: str) -> None:
    f, slope, (low, high) = TYPICAL[name]
    rng = random.Random(name)
    for _ in range(50):
        assert check_gradient(f, lambda x: slope(x) * 1.001, rng.uniform(low, high)).verdict == "wrong"


def test_one_wrong_entry_of_many_is_found_in_a_black_box() -> None:
    w = np.random.default_rng(0).normal(size=200)

    def f(w: Any) -> float:
        return float(np.sum(np.sin(w) * np.roll(w, 1)))

    def gradient(w: Any) -> Any:
        return np.cos(w) * np.roll(w, 1) + np.roll(np.sin(w), -1)

    assert check_gradient(f, gradient, w).verdict == "ok"
    off = np.ones(200)
    off[123] = 1.001
    report = check_gradient(f, lambda w: off * gradient(w), w)
    assert [c.name for c in report.components if c.verdict == "wrong"] == ["w[123]"]


def test_the_complex_step_is_taken_only_where_the_ladder_vouches_for_it() -> None:
    def analytic(x: Any) -> Any:
        if not isinstance(x, (float, complex)):
            raise TypeError("for doubles only")
        return 1e8 + np.exp(x) * np.sin(x)  # differences drown in the rounding of 1e8, imaginary parts do not

    def broken(x: Any) -> Any:  # its real part has no derivative in the complex plane
        if not isinstance(x, (float, complex)):
            raise TypeError("for doubles only")
        return 1e8 + np.exp(np.real(x)) * np.sin(x)

    right = lambda x: np.exp(x) * (np.sin(x) + np.cos(x))  # noqa: E731 - the derivative of both, on the real line
    assert check_gradient(analytic, right, 1.2).oracle == "complex step"
    report = check_gradient(broken, right, 1.2)
    assert report.oracle == "ladder"
    assert report.verdict in ("ok", "inconclusive")


def test_a_kink_of_a_black_box_is_not_called_wrong() -> None:
    for claim in (-1.0, 0.0, 1.0):
        assert check_gradient(lambda x: math.fabs(x), lambda x, claim=claim: claim, 0.0).verdict == "kink"


def doubles_only(f: Callable[..., Any]) -> Callable[..., float]:
    def box(*xs: Any) -> float:
        if not all(isinstance(x, float) for x in xs):
            raise TypeError("for doubles only")
        return float(f(*xs))

    return box


HIDDEN: dict[str, tuple[Callable[[float], float], Callable[[float], float], float]] = {
    "a square that underflows": (lambda x: x * x, lambda x: 2 * x, 9.931185776442896e-285),
    "a square that is lost beside 1": (lambda x: math.log10(1 / math.cosh(x)), lambda x: -x / math.log(10), 6.3e-9),
    "oscillating between two doubles": (math.sin, math.cos, 7.819113996292362e16),
    "a pole nearer than any step": (lambda x: x / math.log2(x), lambda x: -1.4058695031733122e31, 1.0000000000000002),
    "the double root of a square": (
        lambda x: math.log10(x) ** 2,
        lambda x: 2 * math.log10(x) / (x * math.log(10)),
        0.9999999999999999,
    ),
    "stairs": (
        lambda x: x * x / math.acosh(math.exp(x)) - (1 - math.exp(x)),
        lambda x: 1.0000127115179387,
        1.4362580244054706e-10,
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_no_step_of_doubles_can_see_is_inconclusive_not_wrong(name: str) -> None:
    f, slope, x = HIDDEN[name]
    assert check_gradient(doubles_only(f), slope, x).verdict == "inconclusive"


def test_a_claim_of_infinity_or_nan_is_not_judged_by_steps() -> None:
    for claim in (math.inf, -math.inf, math.nan):
        report = check_gradient(doubles_only(math.sin), lambda x, claim=claim: claim, 1.0)
        assert report.verdict == "inconclusive"
        assert "nearby the slope is about 0.54" in report.worst.why


def test_a_small_component_beside_a_large_one_is_not_waved_through() -> None:
    box = doubles_only(lambda x, y, z: (x - z) * y)
    at = (1.8201667844832308, -700.0, 146466714369.4386)
    report = check_gradient(box, lambda x, y, z: (1.001 * y, x - z, -y), at)
    assert report.components[0].verdict in ("wrong", "inconclusive")


def test_a_function_that_has_no_value_beside_the_point_is_inconclusive() -> None:
    box = doubles_only(lambda x, n: math.pow(x, n))  # no root of a negative number
    assert check_gradient(box, lambda x, n: (3 * x * x, 0.0), (-0.47, 3.0)).verdict == "inconclusive"
