"""Plain Python code on the oracles' numbers: what people do with floats, comparisons and infinities among it."""

import gc
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from engine import maximum, minimum, relu
from engine.check import check_gradient

Function = Callable[[Any], Any]


def sum_from_its_own_zero(x: Any) -> Any:
    total = type(x)(0)
    for _ in range(3):
        total += x * x
    return total


def largest_of(x: Any) -> Any:
    best = -math.inf
    for candidate in (x, 2 * x, -x):
        best = max(best, candidate)
    return best


def smallest_below_infinity(x: Any) -> Any:
    return x * x if -math.inf < x < math.inf else 0.0


CODE: dict[str, tuple[Function, Function, float]] = {
    "a power of a number": (lambda x: 2**x, lambda x: 2**x * math.log(2), 1.5),
    "divided by": (lambda x: 1 / x - 3.0 / x, lambda x: 2 / x**2, 1.5),
    "subtracted from": (lambda x: (1 - x) * 2, lambda x: -2.0, 1.5),
    "signs": (lambda x: +x - -x, lambda x: 2.0, 1.5),
    "a fraction": (lambda x: Fraction(1, 3) * x, lambda x: 1 / 3, 1.5),
    "abs": (abs, lambda x: math.copysign(1, x), -1.5),
    "its own zero": (sum_from_its_own_zero, lambda x: 6 * x, 1.5),
    "the largest, from -inf": (largest_of, lambda x: 2.0, 1.5),
    "below infinity": (smallest_below_infinity, lambda x: 2 * x, 1.5),
    "equal to itself": (lambda x: x * x if x == x else 0.0, lambda x: 2 * x, 1.5),
    "not equal": (lambda x: x * x if x != 3 else 0.0, lambda x: 2 * x, 1.5),
    "in a condition": (lambda x: x * x if x else 1.0, lambda x: 2 * x, 1.5),
    "not a string": (lambda x: 0.0 if x == "1.5" else x * x, lambda x: 2 * x, 1.5),
    "conjugate": (lambda x: x.conjugate() * x + x.real + x.imag, lambda x: 2 * x + 1, 1.5),
    "item": (lambda x: x.item() * x, lambda x: 2 * x, 1.5),
    "maximum with -inf": (lambda x: maximum(x, -math.inf) * x, lambda x: 2 * x, 1.5),
    "minimum with inf": (lambda x: minimum(math.inf, x) * x, lambda x: 2 * x, 1.5),
    "relu": (lambda x: relu(x) * x + relu(-x), lambda x: 2 * x, 1.5),
}


@pytest.mark.parametrize("what", CODE)
def test_code_on_floats_is_judged_by_intervals(what: str) -> None:
    f, slope, at = CODE[what]
    report = check_gradient(f, slope, at)
    assert (report.verdict, report.oracle) == ("ok", "interval"), str(report)
    assert check_gradient(f, lambda x: slope(x) * (1 + 1e-9), at).verdict == "wrong"


def test_code_that_needs_a_double_is_a_black_box() -> None:
    report = check_gradient(lambda x: math.sin(x), lambda x: math.cos(x), 1.5)
    assert report.verdict == "ok"
    assert report.oracle == "ladder"


def test_the_garbage_collector_is_left_as_it_was() -> None:
    def failing(x: Any) -> Any:
        raise ZeroDivisionError(gc.isenabled())

    def f(x: Any) -> Any:
        on.append(gc.isenabled())
        return x * x

    on: list[bool] = []
    with pytest.raises(ZeroDivisionError):
        check_gradient(failing, lambda x: 0.0, 1.0)
    assert gc.isenabled()
    check_gradient(f, lambda x: 2 * x, 1.0)
    assert gc.isenabled()
    assert set(on) == {True, False}  # on for doubles, of which some functions take thousands
    gc.disable()
    try:
        check_gradient(f, lambda x: 2 * x, 1.0)
        assert not gc.isenabled()
    finally:
        gc.enable()
