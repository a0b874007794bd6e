import math

import numpy as np
import pytest

from engine import Value
from nn.counting import FUNCTIONS, Counting, counted


def test_products_quotients_and_powers_count_as_one_each():
    x = Counting(3.0)
    with counted() as tally:
        results = [x * x, x * 2, 2 * x, x / 2, 2 / x, x**2]
    assert tally.multiplications == 6
    assert [float(y) for y in results] == [9, 6, 6, 1.5, 2 / 3, 9]


def test_sums_signs_comparisons_and_functions_count_as_none():
    x = Counting(3.0)
    with counted() as tally:
        results = [x + x, x + 1, 1 + x, x - 1, 1 - x, -x, +x, abs(-x), x.exp()]
        assert x > 2
        assert x >= Counting(3)
        assert x < 4
        assert x <= 3
        assert x == 3
        assert x
    assert tally.multiplications == 0
    assert [float(y) for y in results] == [6, 4, 4, 2, -2, -3, 3, 3, math.exp(3)]


def test_counting_goes_on_through_sums_and_functions():
    x = Counting(0.5)
    with counted() as tally:
        (x.tanh() + 1.0) * 2.0
    assert tally.multiplications == 1


def test_an_inner_count_is_apart_from_the_outer_one():
    x = Counting(2.0)
    with counted() as outer:
        x * x
        with counted() as inner:
            x * x * x
        x * x
    assert (outer.multiplications, inner.multiplications) == (2, 2)


def test_a_count_ends_with_its_block_even_after_an_error():
    x = Counting(2.0)
    with counted() as outer:
        with pytest.raises(ZeroDivisionError), counted():
            x / 0
        x * x
    assert outer.multiplications == 1


def test_a_matrix_product_of_counting_numbers_counts_every_product():
    a = np.array([[Counting(1.0)] * 3] * 2, dtype=object)
    with counted() as tally:
        product = a @ a.T
    assert tally.multiplications == 2 * 3 * 2
    assert float(product[0, 1]) == 3


def test_a_value_of_a_counting_number_counts_its_backward_pass():
    x, y = Value(Counting(3.0)), Value(Counting(4.0))
    with counted() as tally:
        (x * y).backward()
    # x * y forward; 1 * y and 1 * x backward.
    assert tally.multiplications == 3
    assert (float(x.grad), float(y.grad)) == (4, 3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_math(name):
    x = 1.25 if name == "acosh" else 0.25
    result = getattr(Counting(x), name)()
    assert type(result) is Counting
    assert float(result) == getattr(math, name)(x)


@pytest.mark.parametrize("wrong", ["0.5", None, [1.0]])
def test_what_is_no_real_number_is_refused(wrong):
    with pytest.raises(TypeError, match="made from a real number"):
        Counting(wrong)


def test_a_counting_number_times_a_string_is_a_type_error():
    with pytest.raises(TypeError):
        Counting(2.0) * "ab"
