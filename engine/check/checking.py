"""`check_gradient`: is this gradient the derivative of this function? And `assert_gradient`, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from engine.check import blackbox, oracles
from engine.check.case import Case, Component, component_name, ulps_between
from engine.check.diagnosis import likely_mistake
from engine.check.kinks import nearest
from engine.check.oracles import Truth
from engine.check.report import WORST_FIRST, Report
from engine.check.reproduction import reproduction
from engine.check.runs import NotRunnable
from engine.check.structure import Point, flat_numbers, unit_roundoff
from engine.check.verdicts import judge, judge_estimates

ORACLES = ("auto", "interval", "rerun", "complex", "ladder")
MATH = "with NumPy's functions, or those of engine.elementary, in place of math's its gradient could be proved"
ON_KINK = ("report", "accept", "fail")


def check_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    at: Any,
    *,
    order: int = 1,
    oracle: str = "auto",
    on_kink: str = "report",
) -> Report:
    """Return a report on whether grad gives the derivatives of f at a point.

    Parameters
    ----------
    f
        A function of numbers, Values or NumPy arrays that returns one number, or several for a Jacobian.
    grad
        What is checked: grad(at) has one number for each number of `at`; for a Jacobian, shape (results, numbers).
    at
        A number, or a list, dict or NumPy array of numbers, nested. A tuple is several arguments: f(*at).
    order
        1 for gradients and Jacobians, 2 where `grad` gives the Hessian, shape (numbers, numbers).
    oracle
        "auto" takes the best one that f allows: "interval", else "complex" and "ladder" for functions of doubles only.
        "rerun" differences f over numbers of 150 and 400 digits.
    on_kink
        What a claim within the kink's hull is called: "report" kink, "accept" ok, "fail" wrong.

    Raises
    ------
    ValueError
        For an unknown oracle, an order other than 1 and 2, numbers that are not finite, or a gradient of another size.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> from engine.elementary import sin
    >>> check_gradient(lambda x: x * sin(x), lambda x: math.sin(x) + x * math.cos(x), at=2.0).verdict
    'ok'
    >>> report = check_gradient(lambda w: w @ w, lambda w: w, at=np.array([1.0, 2.0]))
    >>> report.verdict, report.likely
    ('wrong', 'half of the truth everywhere: a factor 2 is missing')
    """
    _check_options(order, oracle, on_kink)
    point = Point(at, f)
    result = grad(*point.arguments(point.numbers) if _all_floats(at) else _as_given(at))
    claims = [_real(x) for x in flat_numbers(result)]
    notes: list[str] = []
    truth = _truth(f, point, order, oracle, notes)
    expected = len(point.numbers) * (len(point.numbers) if order == 2 else truth.outputs)
    if len(claims) != expected:
        raise ValueError(f"the gradient has {len(claims)} number(s), but f has {expected} derivative(s) here")
    case = Case(f, grad, point, truth, claims, unit_roundoff(result), order)
    if order == 2:
        components = _judge_hessian(case)
    elif truth.run is not None:
        components = judge(case)
    else:
        components = judge_estimates(case)
    for c in components:
        if c.verdict == "kink" and on_kink != "report":
            c.verdict = "ok" if on_kink == "accept" else "wrong"
    report = Report(components, truth.oracle, truth.cost, order, notes=notes)
    report.kink = nearest(f, point, truth)
    if report.verdict not in ("ok", "kink"):
        report.likely = likely_mistake(case)
    if report.verdict != "ok":
        report.reproduction = reproduction(f, grad, at, order)
    return report


def assert_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    at: Any,
    *,
    order: int = 1,
    oracle: str = "auto",
    on_kink: str = "report",
    accept: Collection[str] = ("ok", "kink", "inaccurate"),
) -> Report:
    """Raise an AssertionError with the report unless the gradient's verdict is one of `accept`; return the report.

    By default a gradient passes that is right but lost digits; accept=("ok", "kink") asks for the digits too.

    >>> assert_gradient(lambda x: x * x, lambda x: 2 * x, at=3.0).verdict
    'ok'
    >>> try:
    ...     assert_gradient(lambda x: x * x, lambda x: -2 * x, at=3.0)
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[0])
    gradient: wrong   (1 component: 1 wrong)
    """
    unknown = set(accept) - set(WORST_FIRST)
    if unknown:
        raise ValueError(f"accept names verdicts, of {', '.join(WORST_FIRST)}; got {sorted(unknown)[0]!r}")
    report = check_gradient(f, grad, at, order=order, oracle=oracle, on_kink=on_kink)
    if report.verdict not in accept:
        raise AssertionError(str(report))
    return report


def _check_options(order: int, oracle: str, on_kink: str) -> None:
    if order not in (1, 2):
        raise ValueError(f"order must be 1 (gradient, Jacobian) or 2 (Hessian), got {order!r}")
    if oracle not in ORACLES:
        raise ValueError(f"oracle must be one of {', '.join(ORACLES)}; got {oracle!r}")
    if on_kink not in ON_KINK:
        raise ValueError(f"on_kink must be one of {', '.join(ON_KINK)}; got {on_kink!r}")


def _all_floats(at: Any) -> bool:
    return isinstance(at, (int, float))


def _as_given(at: Any) -> tuple[Any, ...]:
    return at if isinstance(at, tuple) and not hasattr(at, "_fields") else (at,)


def _real(x: Any) -> float:
    try:
        return float(x)
    except (TypeError, ValueError):
        raise TypeError(f"the gradient must be made of real numbers, got {type(x).__name__} {x!r}") from None


def _truth(f: Callable[..., Any], point: Point, order: int, oracle: str, notes: list[str]) -> Truth:
    """Return what the oracle says; a function that it cannot run is a black box where that was left open."""
    try:
        if order == 2:
            return oracles.hessian(f, point)
        if oracle == "rerun":
            return oracles.rerun(f, point)
        if oracle in ("auto", "interval"):
            return oracles.interval(f, point)
    except NotRunnable as error:
        if order == 2 or oracle != "auto":
            raise ValueError(f"f does not run on numbers of many digits, which this oracle needs: {error}") from None
        notes.append(f"f is a black box, it runs on doubles only: {error}")
        if "must be real number" in str(error):
            notes.append(MATH)
    found, name, calls = blackbox.estimates(f, point, complex_too=oracle != "ladder")
    low, high = [e.value - e.bound for e in found], [e.value + e.bound for e in found]
    kinks = {i: e.sides for i, e in enumerate(found) if e.kink}
    return Truth(low, high, name, f"{calls} calls of f", len(found) // len(point.numbers), False, kinks=kinks)


def _judge_hessian(case: Case) -> list[Component]:
    """Return the components of a Hessian: right to rounding, right in its formula, or wrong."""
    largest = max(abs(case.truth.middle(i)) for i in range(len(case.claims)))
    found = []
    for i, claimed in enumerate(case.claims):
        low, high = case.truth.low[i], case.truth.high[i]
        name = component_name(case.point, 1, i, 2)
        c = Component(name, claimed, case.truth.middle(i), low, high, ulps_between(claimed, low, high, case.unit))
        error, size = abs(claimed - c.truth), abs(c.truth)
        if low != low or high - low > 2.0**-60 * max(size, 2.0**-1074):
            c.verdict, c.why = "inconclusive", "f has no second derivative here"
        elif c.ulps > 16:
            formula = case.formula
            off = abs(formula[i] - c.truth) if formula is not None else error
            if off <= 2.0**-34 * size or (formula is None and error <= 2.0**-44 * largest):
                c.verdict, c.why = "inaccurate", "the formula is right; this evaluation of it lost digits"
            else:
                c.verdict = "wrong"
        found.append(c)
    return found
