import math
from decimal import Decimal
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value
from engine.value import NO_GRAD
from viz import numerals


@given(st.floats())
def test_every_float_takes_exactly_seven_characters(number: float) -> None:
    assert len(numerals.fixed(number)) == numerals.WIDTH


@given(st.floats(min_value=1e-3, max_value=999_999))
def test_a_usual_number_is_read_back_to_at_least_four_decimals_or_five_digits(number: float) -> None:
    assert float(numerals.fixed(number)) == pytest.approx(number, rel=5e-5, abs=5e-5)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-300, max_value=1e300))
def test_a_change_of_sign_moves_no_digit(number: float) -> None:
    assert numerals.fixed(-number).replace("-", " ", 1) == numerals.fixed(number)


def test_a_dash_stands_where_backward_has_not_been_and_a_zero_where_it_has() -> None:
    assert numerals.grad(NO_GRAD).strip() == "-"
    assert numerals.grad(0.0).strip() == "0.0000"
    assert len(numerals.grad(NO_GRAD)) == numerals.WIDTH


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(2, 3), "2/3"),
        (Fraction(123_456, 789_013), "0.1565"),
        (Fraction(10**400, 3), "3e399"),
        (Decimal("-1e-400"), "-1e-400"),
        (mpmath.mpf("1e400"), "1e400"),
        (Decimal("Infinity"), "inf"),
        (Fraction(0), "0"),
        (Decimal("0.5"), "0.5000"),
        (mpmath.mpf(2), "2.0000"),
        (complex(1, -2), "1.000-2.000j"),
        (Value(-1.5), "-1.5000"),
        (mpmath.iv.mpf([1, 2]), "[1.0000, 2.0000]"),
        (math.inf, "inf"),
        (1e-320, "1e-320"),
        (999_999.6, "1.00e6"),
    ],
)
def test_each_kind_of_number_has_a_short_form(number: object, text: str) -> None:
    assert numerals.short(number) == text


def test_the_exact_form_loses_nothing() -> None:
    assert float(numerals.exact(0.1 + 0.2)) == 0.1 + 0.2


def test_a_negative_zero_is_a_zero() -> None:
    assert numerals.fixed(-0.0) == numerals.fixed(0.0)
    assert numerals.exact(-0.0) == "-0.0"
