"""A gradient test by properties: hypothesis looks for a point where the gradient is wrong, and shrinks it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection
from typing import Any

from engine.check.checking import check_gradient
from engine.check.extras import require
from engine.check.report import PASSES
from engine.check.structure import Point, flat_numbers, given_arguments


def gradient_property(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    *,
    oracle: str = "auto",
    on_kink: str = "report",
    accept: Collection[str] = PASSES,
    max_examples: int | None = None,
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Return a decorator that turns a strategy of points into a test: grad is the derivative of f at all of them.

    The decorated function returns the strategy; what it is called is what pytest calls the test. Points at which f has
    no value (ValueError, ZeroDivisionError, OverflowError) are left out, those that are not finite, and those where no
    oracle can tell; where only grad has none, the test fails unless the derivative does not exist either.

    >>> from hypothesis import strategies as st
    >>> @gradient_property(lambda x: x**3, lambda x: 3 * x**2)
    ... def test_the_cube_has_its_slope():
    ...     return st.floats(-10, 10)
    >>> test_the_cube_has_its_slope()

    The name is kept, so pytest finds it; a wrong gradient raises AssertionError with the report at the simplest point.
    """
    hypothesis = require("hypothesis")

    def decorate(points: Callable[..., Any]) -> Callable[[], None]:
        if inspect.signature(points).parameters:
            raise TypeError(f"{points.__name__} takes arguments; a property is a function of none, and no method")
        strategy = points()
        if not hasattr(strategy, "example"):
            raise TypeError(f"{points.__name__} must return a strategy of points, got {strategy!r}")

        def check(at: Any) -> None:
            __tracebackhide__ = True  # pytest shows the report, not this
            if not all(map(math.isfinite, flat_numbers(at))):
                hypothesis.reject()
            try:
                f(*given_arguments(at))
            except (ValueError, ArithmeticError):
                hypothesis.reject()
            try:
                grad(*given_arguments(at))
            except (ValueError, ArithmeticError) as error:
                if not _is_differentiable(f, at):
                    hypothesis.reject()
                raise AssertionError(f"grad raises {type(error).__name__} at {at!r}: {error}") from error
            report = check_gradient(f, grad, at, oracle=oracle, on_kink=on_kink)
            if report.verdict == "inconclusive" and "inconclusive" not in accept:
                hypothesis.reject()  # not counted as passed: too many of them, and hypothesis says so
            if report.verdict not in accept:
                raise AssertionError(str(report))

        check.__name__, check.__qualname__ = points.__name__, points.__qualname__
        check.__module__, check.__doc__ = points.__module__, points.__doc__
        test = hypothesis.given(strategy)(check)
        if max_examples is not None:
            test = hypothesis.settings(max_examples=max_examples)(test)
        found: Callable[[], None] = test
        return found

    return decorate


def _is_differentiable(f: Callable[..., Any], at: Any) -> bool:
    """Tell whether f has derivatives: then it is a mistake to say that there are none."""
    point = Point(at, f)
    count = len(point.numbers) * len(flat_numbers(f(*point.given())))
    return check_gradient(f, lambda *_: [math.nan] * count, at).verdict == "wrong"
