"""The measure of work of other tests tells linear from quadratic and exponential, and is the same every time."""

import random
import sys

import pytest
from work import growth, halved, lines_run

from engine import Value


def pairs(n: int) -> int:
    return sum(i < j for i in range(n) for j in range(n))


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def test_linear_work_grows_by_four_quadratic_by_sixteen_and_exponential_beyond() -> None:
    assert growth(lambda n: [i for i in range(n)], lambda n: n, 1000) == pytest.approx(4, rel=0.05)
    assert growth(pairs, lambda n: n, 40) == pytest.approx(16, rel=0.1)
    assert growth(fibonacci, lambda n: n, 4) > 50


def test_the_same_call_is_the_same_work_and_no_trace_is_left() -> None:
    before = sys.gettrace()
    assert len({lines_run(lambda: halved(50)) for _ in range(3)}) == 1
    with pytest.raises(ValueError, match="log needs a positive number"):
        lines_run(Value(-1.0).log)
    assert sys.gettrace() is before


def test_what_c_code_does_is_not_counted() -> None:
    numbers = [random.random() for _ in range(1000)]
    assert lines_run(lambda: sorted(numbers)) == lines_run(lambda: sorted(numbers[:1]))
