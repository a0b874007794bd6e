import math
from fractions import Fraction

import pytest

from engine import Value, dot, sum_
from viz import captions

A, B = Value(3.0), Value(-0.5)


@pytest.mark.parametrize(
    ("value", "names", "said"),
    [
        (A * B, ["a", "b"], "y = a * b = 3.0 * -0.5 = -1.5"),
        (A - B, ["a", "b"], "y = a - b = 3.0 - -0.5 = 3.5"),
        (A / 2, ["a", "2"], "y = a / 2 = 3.0 / 2 = 1.5"),
        (A**2, ["a", "2"], "y = a ** 2 = 3.0 ** 2 = 9.0"),
        (-B, ["b"], "y = -b = -(-0.5) = 0.5"),
        (B.relu(), ["b"], "y = relu(b) = relu(-0.5) = 0.0"),
        (dot([A], [B], A), ["w", "x", "b"], "y = w * x + b = 3.0 * -0.5 + 3.0 = 1.5"),
        (sum_([A, A, B]), ["a", "a", "b"], "y = a + a + b = 3.0 + 3.0 + -0.5 = 5.5"),
    ],
)
def test_an_operation_is_said_in_names_then_in_numbers(value, names, said):
    assert captions.forward(value, "y", names) == said


def test_of_a_long_sum_the_first_and_last_terms_are_said():
    total = sum_([Value(float(i)) for i in range(9)])
    assert captions.forward(total, "y", [f"x{i}" for i in range(9)]).startswith("y = x0 + x1 + … + x8 = 0.0 + 1.0 + …")


@pytest.mark.parametrize(
    ("value", "position", "symbol"),
    [
        (A * B, 0, "b.data"),
        (A * B, 1, "a.data"),
        (A + B, 1, "0.25"),
        (A / B, 1, "d(y)/d(b)"),
        (dot([A], [B]), 1, "a.data"),
        (A.exp(), 0, "exp'(a.data)"),
    ],
)
def test_a_message_names_the_local_derivative(value, position, symbol):
    names = ["a", "b"][: len(value.args)]
    said = captions.backward(value, position, ("y", names), 0.25, 2.0, 0.5)
    assert said == f"{names[position]}.grad += {symbol} * y.grad = 0.25 * 2.0 = 0.5"


def test_a_constant_factor_is_its_number():
    assert captions.backward(A * 4.0, 0, ("y", ["a", "4.0"]), 4.0, 1.0, 4.0).startswith("a.grad += 4.0 * y.grad")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (1e20, "1e+20"),
        (7, "7"),
        (Fraction(3), "3"),
        (1j, "(0.000+1.000j)"),
    ],
)
def test_numbers_that_are_no_decimals_stay_readable(value, text):
    assert captions.number(value) == text
