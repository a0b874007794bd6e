from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given
from programs import Program, fractions, programs
from work import growth

from engine import derivative, dot, exp, grad, hypot, log, logsumexp, series, sin, sum_, tanh, taylor
from engine.elementary import TABLE
from engine.value import Value

ORDER = 8


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.arity == 1])
def test_the_coefficients_of_every_function_are_those_of_50_digit_differences(name: str) -> None:
    x0 = 1.75 if name == "acosh" else 0.375
    found = taylor(lambda x: Value.apply(name, x), x0, ORDER)
    with mpmath.workdps(50):
        expected = mpmath.taylor(TABLE[name].value, mpmath.mpf(x0), ORDER)
    # Each order adds a few roundings; all coefficients are of ordinary size here.
    for a, b in zip(found, expected, strict=True):
        assert abs(a - b) <= 1e-13 * max(abs(b), 1e-3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**0.5, lambda x: 2.0**x, lambda x: x**x, lambda x: hypot(x, 1.0, 2.0), lambda x: 1 / (1 + x * x),
        lambda x: logsumexp(x, 2 * x, 0.25), lambda x: x.atan2(2.0) if hasattr(x, "row") else mpmath.atan2(x, 2.0),
    ],
)  # fmt: skip
def test_the_coefficients_of_functions_of_several_arguments(f: Any) -> None:
    found = taylor(f, 0.375, ORDER)
    with mpmath.workdps(50):
        expected = mpmath.taylor(f, mpmath.mpf("0.375"), ORDER)
    assert found == pytest.approx([float(c) for c in expected], rel=1e-11, abs=1e-14)


@given(programs(fractions(), ("add", "mul", "sub", "div", "neg", "sum", "dot"), largest=6, inputs=1))
def test_the_coefficients_are_the_nested_derivatives_exactly(program: Program) -> None:
    x0 = program.point[0]
    found = taylor(lambda x: program.on_values(x), x0, 3)
    assert found == [derivative(lambda x: program.on_values(x), x0, n) / math.factorial(n) for n in range(4)]


def test_a_polynomial_is_its_own_series() -> None:
    f = taylor(lambda x: x**3 - 2 * x + 1, Fraction(0), 5)
    assert f == [1, -2, 0, 1, 0, 0]
    assert all(type(c) is Fraction for c in f)


def test_a_power_at_zero_and_a_kink() -> None:
    assert taylor(lambda x: x**3, 0.0, 4) == [0.0, 0.0, 0.0, 1.0, 0.0]
    assert taylor(abs, -2.0, 2) == [2.0, -1.0, 0.0]


def test_fifty_digits_intervals_and_complex_numbers() -> None:
    with mpmath.workdps(50):
        assert abs(taylor(exp, mpmath.mpf(0), 10)[10] * math.factorial(10) - 1) < mpmath.mpf(10) ** -48
    enclosure = taylor(exp, mpmath.iv.mpf([0, 0.125]), 3)[3]
    assert 1 / 6 in enclosure
    assert taylor(exp, 1j, 2)[2] == exp(1j) / 2


def test_order_zero_is_the_value_and_a_constant_has_no_slope() -> None:
    assert taylor(sin, 0.5, 0) == [math.sin(0.5)]
    assert taylor(lambda x: 3.0, 0.5, 2) == [3.0, 0.0, 0.0]
    assert taylor(lambda x: x, 0.5, 2) == [0.5, 1.0, 0.0]


def test_coefficients_can_be_differentiated_by_what_the_function_closes_over() -> None:
    assert derivative(lambda a: taylor(lambda x: sin(a * x), 0.0, 3)[3], 2.0) == -(2.0**2) / 2
    assert grad(lambda a: taylor(lambda x: exp(a * x), 0.0, 2)[2])(3.0) == 3.0


def test_derivatives_inside_the_function_are_followed() -> None:
    assert taylor(lambda x: derivative(sin, x), 0.0, 4) == [1.0, 0.0, -0.5, 0.0, 1 / 24]


def test_the_work_grows_with_the_square_of_the_order_and_not_exponentially() -> None:
    def coefficients(order: int) -> list[Any]:
        return taylor(lambda x: tanh(dot([x, x], [sin(x), 1.0])), 0.25, order)

    assert growth(coefficients, lambda order: order, 20) < 4**2
    assert all(map(math.isfinite, coefficients(40)))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.arity == 1])
def test_n_coefficients_of_a_function_take_n_squared_products(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    products = 0
    convolved = series._convolved

    def counted(a: list[Any], b: list[Any]) -> Any:
        nonlocal products
        products += len(a)
        return convolved(a, b)

    monkeypatch.setattr(series, "_convolved", counted)
    counts = []
    for order in (20, 40, 80):
        products = 0
        taylor(lambda x: Value.apply(name, x), 1.75 if name == "acosh" else 0.375, order)
        counts.append(products)
    assert all(larger <= 4.25 * smaller for smaller, larger in itertools.pairwise(counts))
    assert counts[-1] < 6 * 80**2  # silu is the dearest


@pytest.mark.parametrize("exponent", [3, 2.5, -1, -0.5, 100])
def test_the_work_of_a_power_grows_with_the_square_of_the_order_whatever_the_exponent(exponent: float) -> None:
    assert growth(lambda n: taylor(lambda x: x**exponent, 0.375, n), lambda n: n, 20) < 16


def test_wide_sums_and_deep_graphs_have_series_without_recursion() -> None:
    assert taylor(lambda x: sum_([x] * 5000), 0.5, 3) == [2500.0, 5000.0, 0.0, 0.0]
    assert taylor(lambda x: dot([x] * 4000, [x] * 4000), 0.5, 3) == [1000.0, 4000.0, 4000.0, 0.0]

    def deep(x: Any) -> Any:
        for _ in range(5000):
            x = -x + 1
        return x * x

    assert taylor(deep, 0.5, 3) == [0.25, 1.0, 1.0, 0.0]


def test_the_same_function_of_zeros_of_either_sign_is_not_taken_for_one() -> None:
    assert taylor(lambda y: y.atan2(-0.0) - y.atan2(0.0), 0.0, 0) == [math.pi]


@pytest.mark.parametrize("f", [lambda x: x**0.5, lambda x: x**-1.5, lambda x: x**12, lambda x: x**x, lambda x: 3.0**x])
@pytest.mark.parametrize("x0", [0.5, 0.3, 2.75])
def test_powers_of_every_kind_agree_with_50_digits(f: Any, x0: float) -> None:
    found = taylor(f, x0, 12)
    with mpmath.workdps(50):
        expected = mpmath.taylor(f, mpmath.mpf(x0), 12)
    assert found == pytest.approx([float(c) for c in expected], rel=1e-11, abs=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: taylor(sin, 0.0, -1), "cannot be -1"),
        (lambda: taylor(sin, 0.0, 2.5), "cannot be 2.5"),
        (lambda: taylor(sin, [0.0], 2), "taylor takes a function of one number, got list"),
        (lambda: taylor(lambda x: [x, x], 0.0, 1), "must return one number, got 2"),
        (lambda: taylor(log, 0.0, 1), "log needs a positive number"),
    ],
)
def test_a_mistake_is_named(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call()
