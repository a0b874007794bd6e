"""The oracles' own arithmetic: enclosures enclose, and every rule is the derivative of its value."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.check import check_gradient
from engine.check.fields import FIFTY_DIGITS, IntervalField, RealField, context
from engine.check.huge import bounded
from engine.check.rules import RULES
from engine.check.runs import run
from engine.check.structure import Point
from engine.check.traced import Traced

ARITY = {"add": 2, "sub": 2, "mul": 2, "div": 2, "pow": 2, "atan2": 2}
INSIDE = {"acosh": (1.01, 9), "asin": (-0.99, 0.99), "acos": (-0.99, 0.99), "atanh": (-0.99, 0.99), "log1p": (-0.9, 9)}
POSITIVE = ("log", "log2", "log10", "sqrt", "pow")


def points(name: str, count: int) -> list[list[float]]:
    rng = random.Random(name)
    low, high = INSIDE.get(name, (0.01, 9) if name in POSITIVE else (-9, 9))
    return [[rng.uniform(low, high) for _ in range(ARITY.get(name, 1))] for _ in range(count)]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_the_derivative_of_its_own_value_to_fifty_digits(name: str) -> None:
    field = RealField(501)
    h = field.context.ldexp(1, -160)
    for xs in points(name, 8):
        numbers = [field.number(x) for x in xs]
        rule = RULES[name]
        partials = rule.partials(field, rule.value(field, *numbers), *numbers)
        for i, partial in enumerate(partials):
            sides = [rule.value(field, *[x + s * h * (i == k) for k, x in enumerate(numbers)]) for s in (1, -1)]
            slope = (sides[0] - sides[1]) / (2 * h)
            assert abs(slope - partial) <= abs(partial) * 2.0**-170 + field.context.ldexp(1, -250)


@pytest.mark.parametrize("name", RULES)
def test_intervals_enclose_value_and_derivative_of_four_hundred_digits(name: str) -> None:
    narrow, wide = IntervalField(FIFTY_DIGITS), RealField(1331)
    ends = context(1331)
    for xs in points(name, 8):
        exact = [wide.number(x) for x in xs]
        inner = [narrow.number(x) for x in xs]
        rule = RULES[name]
        value, enclosure = rule.value(wide, *exact), rule.value(narrow, *inner)
        pairs = [(value, enclosure)]
        pairs += zip(rule.partials(wide, value, *exact), rule.partials(narrow, enclosure, *inner), strict=True)
        for truth, found in pairs:
            low, high = (ends.make_mpf(end) for end in found.raw)
            assert low <= truth <= high
            assert high - low <= abs(truth) * 2.0**-140 + 2.0**-160


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_sums_and_products_of_intervals_hold_the_exact_ones(a: float, b: float) -> None:
    field, exact = IntervalField(60), context(4000)
    x, y = field.number(a), field.number(b)
    for found, truth in ((x + y, exact.mpf(a) + b), (x - y, exact.mpf(a) - b), (x * y, exact.mpf(a) * b)):
        assert exact.make_mpf(found.raw[0]) <= truth <= exact.make_mpf(found.raw[1])


def test_the_users_precision_of_mpmath_is_left_alone() -> None:
    import mpmath

    before = mpmath.mp.prec
    run(lambda x: x.exp(), Point(1.0, abs), IntervalField(1331))
    assert mpmath.mp.prec == before


def test_a_traced_number_refuses_to_become_a_double() -> None:
    seen: list[Traced] = []
    run(lambda x: seen.append(x) or x, Point(1.0, abs), RealField(60))
    with pytest.raises(TypeError, match="Traced"):
        float(seen[0])  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("name", ["exp", "expm1", "sinh", "cosh", "erfc"])
def test_huge_arguments_are_enclosed_as_ordinary_ones_are(name: str) -> None:
    narrow, ends = IntervalField(FIFTY_DIGITS), context(1331)
    for mag in (41, 300, 1024, 2100):
        for sign in (1, -1):
            x = ends.ldexp(sign * 1.5, mag)
            found = getattr(narrow, name)(narrow.number(x))
            exact = bounded(name, context(3 * mag + 1331))(context(3 * mag + 1331).mpf(x))
            low, high = (context(3 * mag + 1331).make_mpf(end) for end in found.raw)
            assert low <= exact <= high
            assert high - low <= abs(exact) * 2.0**-140


def test_the_tail_of_exp_is_that_of_mpmath() -> None:
    wide = context(700)
    for n in (2**40, -(2**40) - 12345):
        assert abs(bounded("exp", wide)(wide.mpf(n)) / wide.exp(n) - 1) < wide.ldexp(1, -690)


def test_a_tower_of_exponentials_is_refused_at_once_and_named() -> None:
    tower = lambda x: np.tanh(np.exp(np.exp(x)))  # noqa: E731 - 1.0 in doubles, where exp is inf
    with np.errstate(over="ignore"):
        report = check_gradient(tower, lambda x: 0.0, np.float64(20.0))
    assert report.verdict == "inconclusive"
    assert report.worst.why == "tanh of a number beyond 2**4096"
