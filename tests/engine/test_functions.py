"""The elementary functions of any number: each type keeps its own exactness, or says clearly that it cannot."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import iv, mp, mpf

from engine import Value
from engine.elementary import TABLE, exp, log1p, logaddexp, logsumexp, relu, sigmoid, softplus, tanh
from engine.functions import as_number, between, by_sign, context_of, data_of, is_complex, is_nan, is_negative, like
from engine.stable import length, product

ROWS = list(TABLE)
KINKED = ("abs", "maximum", "minimum", "relu", "leaky_relu", "elu")
NO_DECIMAL = ("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "erf", "erfc", "gelu")
NO_COMPLEX = ("cbrt", "atan2", "hypot", "erf", "erfc", "gelu", *KINKED)
NO_INTERVAL = ("erf", "erfc", "gelu")


def ordinary_point(name: str) -> tuple[float, ...]:
    return (1.75,) if name == "acosh" else (0.375, 0.625, 0.25)[: TABLE[name].arity or 3]


def value_and_partials(name: str, xs: tuple[Any, ...]) -> tuple[Any, ...]:
    y = TABLE[name].value(*xs)
    return (y, *TABLE[name].partials(y, *xs))


def reference(name: str, xs: tuple[Any, ...], digits: int = 80) -> tuple[Any, ...]:
    """The value and its derivatives by differencing the value, with many digits more than are asked of the row."""
    f = TABLE[name].value
    with mp.workdps(digits):
        xs = tuple(map(mp.mpmathify, xs))
        return f(*xs), *(mpmath.diff(lambda x, i=i: f(*xs[:i], x, *xs[i + 1 :]), xs[i]) for i in range(len(xs)))


# --- floats, exact numbers, Decimals -------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [(True, 1.0), (3, 3.0), (np.int8(-7), -7.0), (np.float32(0.5), 0.5), (np.complex64(1j), 1j), (np.array(2.0), 2.0),
     (Fraction(1, 3), Fraction(1, 3)), (Decimal("0.1"), Decimal("0.1"))],
)  # fmt: skip
def test_integers_and_numpy_scalars_become_floats_and_other_numbers_stay(data: Any, expected: Any) -> None:
    assert as_number(data) == expected
    assert type(as_number(data)) is type(expected)


@pytest.mark.parametrize("data", ["3", [1.0], np.zeros(3), None])
def test_what_is_no_number_is_refused_by_name(data: Any) -> None:
    with pytest.raises(TypeError, match=type(data).__name__):
        as_number(data)


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [
        ("add", ("1/3", "1/7"), ("10/21", 1, 1)),
        ("sub", ("1/3", "1/7"), ("4/21", 1, -1)),
        ("mul", ("1/3", "1/7"), ("1/21", "1/7", "1/3")),
        ("div", ("1/3", "1/7"), ("7/3", 7, "-49/3")),
        ("maximum", ("1/3", "1/3"), ("1/3", "1/2", "1/2")),
        ("minimum", ("1/3", "1/7"), ("1/7", 0, 1)),
        ("abs", ("-1/3",), ("1/3", -1)),
        ("relu", ("-1/3",), (0, 0)),
        ("sum", ("1/3", "1/7", "1/2"), ("41/42", 1, 1, 1)),
        ("dot", ("1/3", "1/7", "1/2"), ("23/42", "1/7", "1/3", 1)),
        ("leaky_relu", ("-1/3", "1/4"), ("-1/12", "1/4", "-1/3")),
    ],
)
def test_fractions_stay_exact(name: str, xs: tuple[str, ...], expected: tuple[Any, ...]) -> None:
    got = value_and_partials(name, tuple(map(Fraction, xs)))
    assert got == tuple(map(Fraction, expected))
    assert all(isinstance(x, (Fraction, int)) for x in got)


def test_a_power_of_a_fraction_with_a_constant_exponent_stays_exact_and_never_raises() -> None:
    x = Value(Fraction(2, 3))
    y = x**3 / 2 + 1 / x
    y.backward()
    assert (y.data, x.grad) == (Fraction(4, 27) + Fraction(3, 2), Fraction(2, 3) - Fraction(9, 4))
    huge = Value(Fraction(10) ** 400)
    (huge**2).backward()  # d/dn = x^n log x fits no float, but nobody asked for it
    assert huge.grad == 2 * Fraction(10) ** 400


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NO_DECIMAL])
def test_a_decimal_keeps_the_digits_of_its_context(name: str) -> None:
    with localcontext() as context:
        context.prec = 40
        got = value_and_partials(name, tuple(Decimal(x) for x in ordinary_point(name)))
    for mine, truth in zip(got, reference(name, ordinary_point(name)), strict=True):
        assert isinstance(mine, (Decimal, int))
        with mp.workdps(60):
            assert abs(mpf(str(mine)) - truth) <= mpf(10) ** -37 * max(1, abs(truth))


@pytest.mark.parametrize("name", [n for n in ROWS if n in NO_DECIMAL])
def test_a_function_that_decimal_lacks_is_refused_with_the_cure(name: str) -> None:
    with pytest.raises(TypeError, match=r"of a Decimal is not available: .*mpmath\.mpf\("):
        TABLE[name].value(*(Decimal(x) for x in ordinary_point(name)))


@pytest.mark.parametrize("name", ["expm1", "log1p", "sinh", "tanh", "asinh", "atanh"])
@pytest.mark.parametrize("x", ["1e-30", "-1e-3000"])
def test_a_tiny_decimal_keeps_its_digits(name: str, x: str) -> None:
    assert abs(TABLE[name].value(Decimal(x)) / Decimal(x) - 1) < Decimal("1e-27")


@pytest.mark.parametrize("x", [-2500, -800, 800, 2500])
def test_decimals_far_out_neither_overflow_nor_vanish(x: int) -> None:
    y, slope = value_and_partials("sigmoid", (Decimal(x),))
    assert 0 < slope < Decimal("1e-300")
    assert (y < Decimal("1e-300")) == (x < 0)
    assert TABLE["tanh"].value(Decimal(x)) == (1 if x > 0 else -1)


def test_the_logarithm_of_a_decimal_zero_has_an_infinite_slope_and_does_not_raise() -> None:
    assert value_and_partials("log", (Decimal(0),)) == (Decimal("-inf"), Decimal("inf"))


def test_a_sum_of_one_exponential_is_its_argument_for_every_type() -> None:
    assert value_and_partials("logsumexp", (Decimal("0.1"),)) == (Decimal("0.1"), 1)
    assert value_and_partials("logsumexp", (Fraction(1, 3),)) == (Fraction(1, 3), 1)


def test_constants_mix_with_every_type() -> None:
    assert like(Decimal(1), 0.5) == Decimal("0.5")
    assert type(like(Decimal(1), math.inf)) is Decimal
    assert type(like(mpf(1), 0.5)) is mpf
    assert like(Fraction(1, 3), math.inf) == math.inf
    assert like(Value(Fraction(1, 3)), 0.5) == Fraction(1, 2)


# --- complex numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NO_COMPLEX])
@pytest.mark.parametrize("z", [0.3 + 0.4j, -0.6 + 0.2j, 1e-9j])
def test_a_complex_derivative_is_that_of_the_holomorphic_function(name: str, z: complex) -> None:
    xs = tuple(z * (1 + 0.5 * i) for i in range(TABLE[name].arity or 3))
    for mine, truth in zip(value_and_partials(name, xs), reference(name, xs), strict=True):
        assert abs(mine - truth) <= 1e-14 * max(1, abs(truth))


def test_complex_numbers_near_zero_lose_nothing() -> None:
    z = 1e-12 + 2e-12j
    for name in ("expm1", "log1p"):
        truth = getattr(mpmath, name)(mp.mpc(z))
        assert abs(TABLE[name].value(z) - truth) <= 1e-15 * abs(truth)


def test_the_absolute_value_of_a_complex_number_has_no_derivative() -> None:
    y, slope = value_and_partials("abs", (3 + 4j,))
    assert y == 5.0
    assert math.isnan(slope)


@pytest.mark.parametrize("name", NO_COMPLEX[:-6])
def test_a_function_of_real_numbers_refuses_complex_ones(name: str) -> None:
    with pytest.raises(TypeError, match="complex"):
        TABLE[name].value(*((1 + 1j,) * (TABLE[name].arity or 2)))


def test_an_angle_of_complex_mpmath_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="two real numbers"):
        TABLE["atan2"].value(mp.mpc(1, 1), mp.mpc(1, 0))


# --- mpmath: many digits, and intervals ----------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_fifty_digits_go_in_and_forty_eight_come_out(name: str) -> None:
    with mp.workdps(50):
        got = value_and_partials(name, tuple(map(mpf, ordinary_point(name))))
    for mine, truth in zip(got, reference(name, ordinary_point(name), 120), strict=True):
        assert abs(mine - truth) <= mpf(10) ** -48 * max(1, abs(truth))


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NO_COMPLEX or n in NO_INTERVAL])
def test_complex_numbers_of_fifty_digits_work_too(name: str) -> None:
    xs = tuple(mp.mpc(x, 0.125) for x in ordinary_point(name))
    with mp.workdps(50):
        got = value_and_partials(name, xs)
    for mine, truth in zip(got, reference(name, xs, 120), strict=True):
        assert abs(mine - truth) <= mpf(10) ** -47 * max(1, abs(truth))


def encloses(interval: Any, x: Any) -> bool:
    interval = iv.mpf(interval)
    return bool(interval.a <= x <= interval.b)


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NO_INTERVAL])
@pytest.mark.parametrize("width", [0.0, 0.0625])
def test_an_interval_encloses_what_its_points_give(name: str, width: float) -> None:
    point = ordinary_point(name)
    got = value_and_partials(name, tuple(iv.mpf([x - width, x + width]) for x in point))
    for corner in (-width, -width / 3, 0.0, width):
        for mine, truth in zip(got, reference(name, tuple(x + corner for x in point)), strict=True):
            assert encloses(mine, truth)


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NO_INTERVAL and TABLE[n].arity == 1])
def test_a_thin_interval_stays_thin_however_small_or_large(name: str) -> None:
    for x in (1e-300, -1e-300, 0.5, 300.0, -300.0, 1.0 + 2**-40):
        point = iv.mpf(x)
        try:
            got = value_and_partials(name, (point,))
            truths = reference(name, (x,), 400)
        except (ValueError, TypeError, ZeroDivisionError):
            continue  # outside of the domain
        if any(isinstance(t, mp.mpc) for t in truths):
            continue
        for mine, truth in zip(got, truths, strict=True):
            assert encloses(mine, truth) or abs(truth) < mpf(10) ** -320
            assert iv.mpf(mine).delta.b <= 1e-11 * abs(truth) + 1e-320


@pytest.mark.parametrize("name", NO_INTERVAL)
def test_a_function_that_intervals_lack_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="of an interval is not available"):
        TABLE[name].value(iv.mpf([0, 1]))


@pytest.mark.parametrize("name", KINKED)
def test_an_interval_around_a_kink_gives_the_hull_of_both_sides(name: str) -> None:
    other = {"maximum": (iv.mpf([-0.5, 1]),), "minimum": (iv.mpf([-0.5, 1]),), "leaky_relu": (0.25,), "elu": (2.0,)}
    rest = other.get(name, ())
    got = value_and_partials(name, (iv.mpf([-1, 2]), *rest))
    for x in (-1.0, -0.75, -0.25, 0.0, 0.25, 2.0):
        for y in (-0.5, 0.125, 1.0) if name in ("maximum", "minimum") else rest or (None,):
            point = (x,) if y is None else (x, y)
            for mine, truth in zip(got, value_and_partials(name, point), strict=True):
                assert encloses(mine, truth)
    assert iv.mpf(got[1]).b - iv.mpf(got[1]).a <= 2.01  # a hull, not everything


def test_equal_wide_intervals_are_no_tie() -> None:
    wide = iv.mpf([1, 2])
    assert encloses(value_and_partials("maximum", (wide, wide))[1], 0)
    assert encloses(value_and_partials("maximum", (wide, wide))[1], 1)


def test_a_recorded_kink_inside_an_interval_is_an_error_that_names_the_cure() -> None:
    with pytest.raises(ValueError, match="split it at 0"):
        by_sign(Value(iv.mpf([-1, 1])), lambda x: x, lambda x: x)


@pytest.mark.parametrize("name", ["exp", "log", "atan"])
def test_an_interval_encloses_the_truth_however_near_it_lies_to_a_representable_number(name: str) -> None:
    for k, side in itertools.product(range(1, 300), (1, -1)):
        near_one = iv.mpf(1) + side * iv.mpf(2) ** -k if k < 53 else iv.mpf(1)
        for x in (near_one, side * iv.mpf(2) ** -k):
            if name == "log" and x.a <= 0:
                continue
            y = TABLE[name].value(x)
            with mp.workprec(1500):
                truth = getattr(mp, name)(mp.make_mpf(x.a._mpi_[0]))
                assert mp.make_mpf(y._mpi_[0]) <= truth <= mp.make_mpf(y._mpi_[1])


def test_an_interval_context_gets_its_precision_back() -> None:
    before = iv.prec
    with pytest.raises(mpmath.libmp.ComplexResult):
        TABLE["acosh"].value(iv.mpf([0.25, 0.5]))
    assert iv.prec == before


# --- the helpers ---------------------------------------------------------------------------------


def test_questions_about_numbers_look_through_values() -> None:
    assert data_of(Value(2.0)) == 2.0
    assert is_negative(Value(-2.0))
    assert not is_negative(mp.mpc(1, -5))
    assert is_nan(Value(math.nan))
    assert is_complex(mp.mpc(1, 0))
    assert not is_complex(Value(1.0))
    assert context_of(1.0) is None
    assert math.isnan(between(math.nan, 0, 1))


def test_functions_record_values_and_compute_numbers() -> None:
    assert tanh(0.5) == math.tanh(0.5)
    assert isinstance(tanh(Value(0.5)), Value)
    assert exp(Decimal(1)) == Decimal(1).exp()
    assert relu(-2.0) == 0.0
    assert isinstance(logaddexp(1.0, Value(2.0)), Value)


def test_far_out_values_neither_overflow_nor_vanish() -> None:
    assert softplus(1e308) == 1e308
    assert softplus(-740.0) == math.exp(-740.0)
    assert sigmoid(-740.0) == math.exp(-740.0)
    assert logsumexp(1e308, 1e308) == 1e308
    assert logsumexp(-1e308) == -1e308
    assert log1p(5e-324) == 5e-324


def test_a_product_goes_where_its_steps_cannot() -> None:
    assert product(1e-200, 1e-200, over=(1e-300,)) == pytest.approx(1e-100, rel=1e-15)
    assert product(5e-324, over=(5e-324,)) == 1.0
    assert product(1e300, 1e300, over=(1e-300,)) == math.inf
    assert product(Fraction(1, 3), Fraction(3, 5), over=(Fraction(1, 7),)) == Fraction(7, 5)
    assert math.isnan(product(0.0, math.inf))


def test_a_length_is_scaled_by_an_exact_power_of_two() -> None:
    r, exponent = length(5e-324, 0.0)
    assert math.ldexp(r, exponent) == 5e-324
    assert length(1e308, 1e308, 1e308, 1e308) == (length(1e308)[0] * 2, length(1e308)[1])


def test_importing_the_engine_imports_no_numpy_no_fractions_and_no_decimal() -> None:
    unwanted = {"numpy", "mpmath", "fractions", "decimal", "graphviz"}
    code = f"import sys, engine; print(sorted({unwanted} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
