from __future__ import annotations

import math

import pytest
from hypothesis import given
from mpmath import iv
from programs import Program, floats, programs

from engine import Value, exp, find_nan, log, recording, sqrt
from engine.anomaly import is_finite


def test_the_first_node_with_a_nan_is_named_with_its_line() -> None:
    x = Value(math.inf, label="x")
    with recording():
        y = x - x
        z = y * 2 + x
    found = find_nan(z)
    assert found is not None
    assert found.node is y
    assert found.sweep == "forward"
    assert found.line.startswith("test_anomaly.py:")
    assert "y = x - x" in str(found)


def test_an_overflow_on_the_way_is_where_the_trouble_began() -> None:
    x = Value(1e200, label="x")
    y = x * x
    found = find_nan((y - y) * 0.5)
    assert found is not None
    assert found.node is y
    assert str(found) == "forward: #1 = x*x is inf, from x = 1e200, x = 1e200."


def test_a_sum_of_contributions_that_overflows_is_told_from_a_product_that_does() -> None:
    x = Value(0.1, label="x")
    found = find_nan(x * 1.5e308 + x * 1e308)
    assert found is not None
    assert found.sweep == "backward"
    assert str(found) == ("backward: the sum of the contributions to x overflows when 1 * 1.5e308 = 1.5e308 is added.")
    assert find_nan(x * 1e200 * 1e-200 * 1e200) is None
    found = find_nan((x * 1e-300) * 1e200 * 1e200)
    assert found is not None
    assert "the product overflows at" in str(found)


def test_a_leaf_that_is_nan_is_named_itself() -> None:
    x = Value(math.nan, label="x")
    found = find_nan(exp(x) + 1)
    assert found is not None
    assert found.node is x


def test_an_infinite_slope_is_found_backwards() -> None:
    x = Value(0.0, label="x")
    y = sqrt(x)
    found = find_nan(y * 2 + 1)
    assert found is not None
    assert (found.sweep, found.node, found.number) == ("backward", y, math.inf)


def test_a_product_that_overflows_backwards_is_found() -> None:
    x = Value(1e-200, label="x")
    y = (x * 1e200) * 1e200 * 1e-300
    assert find_nan(y) is None
    z = log(x) * 1e200
    found = find_nan(z)
    assert found is not None
    assert "overflows at" in str(found)


def test_a_constant_that_is_infinite_is_not_an_anomaly() -> None:
    assert find_nan(Value(2.0).minimum(math.inf)) is None


@given(programs(floats()))
def test_where_all_values_and_gradients_are_finite_nothing_is_found(program: Program) -> None:
    y, inputs = program.record()
    found = find_nan(y)
    y.backward()
    if found is None:
        assert all(is_finite(x.grad) for x in inputs)
    elif found.sweep == "forward":
        assert not is_finite(found.node.data)


def test_intervals_with_finite_ends_are_finite() -> None:
    assert is_finite(iv.mpf([0, 1]))
    assert not is_finite(iv.mpf([0, "inf"]))


def test_only_values_can_be_searched() -> None:
    with pytest.raises(TypeError, match="read from a Value, not float"):
        find_nan(3.0)  # type: ignore[arg-type]  # the mistake that is tested
