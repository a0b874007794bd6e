"""Rules over Values, whose results can be differentiated again, against the same rules over floats, at hard points."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import pytest

from engine import Value
from engine.elementary import TABLE
from engine.graph import partials_of

HARD = (
    0.0, 5e-324, 1e-320, 1e-310, -1e-310, 1e-200, 1e-160, -1e-160, 1e-20, 0.3, 1.0, -2.5, 3.0, 50.0, 400.0, 800.0, 1e20,
    1e155, -1e155, 1e200, 1.7e308, -1.7e308, math.inf, -math.inf,
)  # fmt: skip
EXPONENTS = (0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -1.5, 1e-10, 300.0, -300.0)


def points(name: str) -> Any:
    if TABLE[name].arity == 1:
        return itertools.product(HARD)
    return itertools.product(HARD, EXPONENTS if name == "pow" else HARD)


@pytest.mark.parametrize("name", list(TABLE))
def test_recorded_partial_derivatives_are_the_plain_ones_to_a_few_ulp(name: str) -> None:
    row, compared = TABLE[name], 0
    for xs in points(name):
        values = [Value(x) for x in xs]
        try:
            y = Value.apply(name, *values)
        except (ArithmeticError, ValueError):
            continue
        plain = row.partials(y.data, *xs)
        recorded = [getattr(p, "data", p) for p in partials_of(y, tuple(values), True)]
        for expected, found in zip(plain, recorded, strict=True):
            compared += 1
            same = found == expected or (found != found and expected != expected)
            assert same or abs(found - expected) <= 8 * math.ulp(expected), (xs, expected, found)
    assert compared >= len(HARD) // 4


def second(name: str, xs: tuple[float, ...], i: int, j: int, number: Any) -> Any:
    values = [Value(number(x)) for x in xs]
    Value.apply(name, *values).backward(create_graph=True)
    slope = values[i].grad
    for v in values:
        v.grad = 0
    slope.backward()
    return values[j].grad


@pytest.mark.parametrize(
    ("name", "xs", "i", "j"),
    [
        ("hypot", (0.0, 1e-320), 1, 1),
        ("hypot", (1e-320, 1e-310), 0, 0),
        ("hypot", (1e200, 3e200), 0, 1),
        ("hypot", (1.7e308, 1e308), 0, 0),
        ("atan2", (1e-320, 1e-200), 0, 0),
        ("atan2", (3e-150, 1e-150), 0, 1),
        ("atan2", (1e155, 2e155), 0, 1),
        ("pow", (1e-310, 1e-10), 1, 1),
        ("pow", (1e-160, 2.0), 0, 0),
        ("pow", (1e200, 1.5), 0, 1),
        ("asin", (1e-20,), 0, 0),
        ("acos", (-1e-20,), 0, 0),
        ("acos", (1 - 2.0**-50,), 0, 0),
        ("atanh", (1e-20,), 0, 0),
    ],
)
def test_second_derivatives_keep_their_size_at_the_ends_of_floats_and_domains(
    name: str, xs: tuple[float, ...], i: int, j: int
) -> None:
    with mpmath.workdps(700):
        truth = second(name, xs, i, j, mpmath.mpf)
    found = second(name, xs, i, j, float)
    assert found == pytest.approx(float(truth), rel=1e-12)


def test_a_recorded_power_of_zero_has_slope_zero_at_the_smallest_numbers() -> None:
    x = Value(5e-324)
    (x ** Value(0.0)).backward(create_graph=True)
    assert x.grad.data == 0.0
