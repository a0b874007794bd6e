import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from engine import Graph, Value, dot, sum_


def test_a_sum_adds_from_left_to_right() -> None:
    numbers = [0.1, 0.2, 0.3, -0.6, 1e-17, 1e16, -1e16]
    assert sum_(map(Value, numbers)).data == list(itertools.accumulate(numbers))[-1]


def test_a_dot_product_starts_with_the_bias_and_adds_from_left_to_right() -> None:
    rng = random.Random(1)
    w, x = ([rng.gauss(0, 1) for _ in range(50)] for _ in range(2))
    total = 0.3
    for a, b in zip(w, x, strict=True):
        total = total + a * b
    assert dot([Value(a) for a in w], x, Value(0.3)).data == total
    assert dot([Value(a) for a in w], [Value(b) for b in x], Value(0.3)).data == total
    assert dot(np.array(w), [Value(b) for b in x], 0.3).data == total


def test_without_a_bias_nothing_is_added() -> None:
    assert dot([Value(-0.0)], [1.0]).data.hex() == (-0.0).hex()


@pytest.mark.parametrize("bias", [None, Value(Fraction(1, 7)), Fraction(1, 7)])
def test_exact_numbers_stay_exact_and_make_one_node(bias: Any) -> None:
    w, x = [Value(Fraction(1, 3)), Value(Fraction(2, 3))], [Fraction(1, 2), 3]
    y = dot(w, x, bias)
    y.backward()
    assert y.data == Fraction(13, 6) + (0 if bias is None else Fraction(1, 7))
    assert [a.grad for a in w] == [Fraction(1, 2), 3]
    assert sum(v.row is not None for v in Graph(y).nodes) == 1


@pytest.mark.parametrize(
    ("calculation", "error", "message"),
    [
        (lambda: sum_([]), ValueError, "give at least one"),
        (lambda: sum_([Value(1.0), "a"]), TypeError, "not str 'a'"),
        (lambda: dot([], []), ValueError, "needs at least one weight, got 0 weights and 0 inputs"),
        (lambda: dot([Value(1.0)], [1.0, 2.0]), ValueError, "got 1 weights and 2 inputs"),
        (lambda: dot([Value(1.0)], [None], Value(0.0)), TypeError, "not NoneType None"),
        (lambda: dot([Value(1.0)], [1.0], [2.0]), TypeError, "not list"),
        (lambda: dot([Value(1.0)], [np.ones(2)], Value(0.0)), TypeError, "not ndarray"),
    ],
)
def test_a_mistake_is_named(calculation: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        calculation()
