"""Plain Python code on the oracles' numbers: what people do with floats, comparisons and infinities among it."""

import gc
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest

from engine import maximum, minimum, relu
from engine.check import check_gradient
from engine.check.runs import SELDOM

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
        raise ZeroDivisionError(seen.append(gc.get_threshold()))

    def f(x: Any) -> Any:
        seen.append(gc.get_threshold())
        return x * x

    def check(_: int) -> str:
        return check_gradient(f, lambda x: 2 * x, 1.0).verdict

    seen: list[tuple[int, int, int]] = []
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError):
        check_gradient(failing, lambda x: 0.0, 1.0)
    assert check(0) == "ok"
    assert {before, (SELDOM, *before[1:])} == set(seen)  # as it was for doubles: some functions take thousands
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(check, range(64))) == {"ok"}
    assert gc.get_threshold() == before
    gc.set_threshold(0)
    try:
        seen.clear()
        assert check(0) == "ok"
        assert {threshold[0] for threshold in seen} == {0}
    finally:
        gc.set_threshold(*before)
