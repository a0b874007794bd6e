"""A gradient test by properties: hypothesis looks for a point where the gradient is wrong, and shrinks it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from engine.check.checking import check_gradient
from engine.check.extras import require
from engine.check.structure import given_arguments


def gradient_property(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    *,
    oracle: str = "auto",
    on_kink: str = "report",
    accept: Collection[str] = ("ok", "kink", "inaccurate"),
    max_examples: int | None = None,
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Return a decorator that turns a strategy of points into a test: grad is the derivative of f at all of them.

    The decorated function returns the strategy; what it is called is what pytest calls the test. Points at which f or
    grad has no value (ValueError, ZeroDivisionError, OverflowError) are left out, and those where no oracle can tell.

    >>> from hypothesis import strategies as st
    >>> @gradient_property(lambda x: x**3, lambda x: 3 * x**2)
    ... def test_the_cube_has_its_slope():
    ...     return st.floats(-10, 10)
    >>> test_the_cube_has_its_slope()

    The name is kept, so pytest finds it; a wrong gradient raises AssertionError with the report at the simplest point.
    """
    hypothesis = require("hypothesis")

    def decorate(points: Callable[..., Any]) -> Callable[[], None]:
        strategy = points()
        if not hasattr(strategy, "example"):
            raise TypeError(f"{points.__name__} must return a strategy of points, got {strategy!r}")

        def check(at: Any) -> None:
            try:
                f(*given_arguments(at))
                grad(*given_arguments(at))
            except (ValueError, ArithmeticError):
                hypothesis.reject()
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
