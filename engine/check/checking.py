"""`check_gradient`: is this gradient the derivative of this function? And `assert_gradient`, for tests."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any

from engine.check import blackbox, hessians, oracles
from engine.check.case import Case, Component
from engine.check.claims import after
from engine.check.diagnosis import likely_mistake
from engine.check.fields import RealField
from engine.check.kinks import nearest
from engine.check.ladder import estimate, noise_of
from engine.check.likeness import Remembers, Unlike, aside, check_likeness, check_repeats
from engine.check.oracles import Truth
from engine.check.report import PASSES, WORST_FIRST, Report
from engine.check.reproduction import reproduction
from engine.check.runs import NotRunnable, over_doubles, run
from engine.check.shapes import misfits, wrong_count
from engine.check.structure import Point, copied, flat_numbers, unit_roundoff
from engine.check.verdicts import judge, judge_estimates

ORACLES = ("auto", "interval", "rerun", "complex", "ladder")
CURES = {
    "must be real number": "with NumPy's functions, or those of engine.elementary, in place of math's its gradient "
    "could be proved",
    "float() argument": "its gradient could be proved without float(x), and with np.zeros_like(x) or a list in place "
    "of np.zeros(n), which holds doubles only",
}
"""What a black box says of itself -> how its gradient could be proved."""

HINTS = {
    "positional argument": "several arguments are a tuple of them: at=(w, b) calls f(w, b)",
    "'list' and": "for NumPy code give an array: at=np.array([1.0, 2.0])",
    "'float' object has no attribute": "for code on Values give Values: at=Value(0.5)",
}
"""What Python says of people's code at a point of another kind -> what may be meant."""

ASKED = 3  # components that are called wrong, of which steps of doubles are asked a second opinion
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
        A number, or a list, dict or NumPy array of numbers, nested. A tuple is several arguments: f(*at). The
        functions are given copies. A gradient with keys is matched by them.
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
        For an unknown oracle, an order other than 1 and 2, numbers that are not finite, a gradient of another size or
        with other keys than the arguments', or a function that runs on doubles only where order=2 or the oracle that
        was asked for needs numbers of many digits.
    TypeError
        For arguments or a gradient that are not made of real numbers.

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
    _check_callable(f=f, grad=grad)
    point = Point(at, f)
    claimed = after(f, grad)
    with _hinted():
        result = copied(claimed(*point.given()))
    check_repeats("grad", *[[_real(x) for x in flat_numbers(y)] for y in (result, _again(claimed, point))])
    notes: list[str] = []
    with _hinted():
        truth, run_as = _truth(f, point, order, oracle, notes)
    case = _case(run_as, claimed, point, truth, result, order)
    if order == truth.outputs == 1:
        notes += misfits(point, result)
    components = _judged(case, oracle, notes)
    for c in components:
        if c.verdict == "kink" and on_kink != "report":
            c.verdict = "ok" if on_kink == "accept" else "wrong"
    report = Report(components, case.truth.oracle, case.truth.cost, order, notes=notes)
    report.kink = nearest(f, point, case.truth)
    if report.verdict not in ("ok", "kink"):
        with contextlib.suppress(Exception):  # a report without the name of the mistake is better than none
            report.likely = likely_mistake(case)
    if report.verdict != "ok":
        report.reproduction = reproduction(f, grad, at, order)
    with contextlib.suppress(Exception):
        _again(claimed, point)  # so that an object whose methods these are holds doubles again
    return report


def assert_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    at: Any,
    *,
    order: int = 1,
    oracle: str = "auto",
    on_kink: str = "report",
    accept: Collection[str] = PASSES,
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
    __tracebackhide__ = True  # pytest shows the report, not this
    if isinstance(accept, str):
        raise ValueError(f"accept is a collection of verdicts, such as ({accept!r},); got {accept!r}")
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


def _check_callable(**functions: Any) -> None:
    for name, function in functions.items():
        if not callable(function):
            kind = type(function).__name__
            raise TypeError(f"{name} must be a function, got {kind}: give the function itself, and do not call it")


@contextlib.contextmanager
def _hinted() -> Iterator[None]:
    """Add to an error of people's code what may be meant, where the point is of another kind than they take."""
    try:
        yield
    except (TypeError, AttributeError) as error:
        for symptom, cure in HINTS.items():
            if symptom in str(error):
                error.add_note(cure)
        raise


def _again(claimed: Callable[..., Any], point: Point) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were seen the first time
        return claimed(*point.given())


def _real(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:  # an int
        return math.inf if x > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(f"the gradient must be made of real numbers, got {type(x).__name__} {x!r}") from None


def _case(f: Callable[..., Any], grad: Callable[..., Any], point: Point, truth: Truth, result: Any, order: int) -> Case:
    """Return the case of a gradient that gave this result; its claims are in the order of the point's numbers."""

    def in_order(result: Any) -> list[Any]:
        return point.hessian_in_order(result) if order == 2 else point.in_order(result, truth.outputs)

    claims = [_real(x) for x in in_order(result)]
    expected = len(point.numbers) * (len(point.numbers) if order == 2 else truth.outputs)
    if len(claims) != expected:
        raise ValueError(wrong_count(point, result, len(claims), truth.outputs, order))
    return Case(f, lambda *xs: in_order(grad(*xs)), point, truth, claims, unit_roundoff(result), order)


def _truth(
    f: Callable[..., Any], point: Point, order: int, oracle: str, notes: list[str]
) -> tuple[Truth, Callable[..., Any]]:
    """Return what the oracle says, and of which function: one that it cannot run is boxed where that was left open."""
    doubles: list[float] = []
    failed: Exception | None = None
    try:
        doubles = over_doubles(f, point)
    except Exception as error:  # it may be made for Values
        failed = error
    else:
        check_repeats("f", doubles, over_doubles(f, point))
        notes += [f"f is {y} here over doubles" for y in doubles if y - y != 0][:1]
    if oracle in ("complex", "ladder") and order == 1:
        return blackbox.truth(f, point, oracle)
    try:
        if order == 1 and oracle != "rerun":
            truth = oracles.interval(f, point)
            found = truth.run
        else:
            found = run(f, point, RealField(oracles.MOST))
        if found is not None and failed is None:
            check_likeness(f, point, found, doubles)
        if order == 2:
            return hessians.truth(f, point), f
        return (oracles.rerun(f, point) if oracle == "rerun" else truth), f
    except NotRunnable as error:
        if failed is not None and not isinstance(failed, (ArithmeticError, ValueError)) and order == 1:
            raise failed from None
        estimate, box = _of_black_box(f, point, error, order, oracle, notes)
        if isinstance(error, Unlike) and not isinstance(error, Remembers):
            estimate.unlike = f, truth
        return estimate, box
    except (ArithmeticError, ValueError) as error:
        if failed is not None or order == 2:
            raise
        return _of_black_box(f, point, error, order, oracle, notes)


def _of_black_box(
    f: Callable[..., Any], point: Point, error: Exception, order: int, oracle: str, notes: list[str]
) -> tuple[Truth, Callable[..., Any]]:
    reason = str(error) if isinstance(error, NotRunnable) else f"{type(error).__name__}: {error}"
    cures = [cure for symptom, cure in CURES.items() if symptom in reason]
    if order == 2 or oracle != "auto":
        who = "order=2" if order == 2 else f"oracle={oracle!r}"
        said = "; ".join([f"{who} needs f on numbers of many digits, and f does not run on them: {reason}", *cures])
        raise ValueError(said) from None
    if isinstance(error, Unlike):
        notes.append(f"f is taken as a black box, it does something else over numbers of many digits: {reason}")
    else:
        notes.append(f"f is a black box, it runs on doubles only: {reason}")
    notes += cures
    other = point.arguments(aside(point)) if isinstance(error, Remembers) else None
    return blackbox.truth(f, point, oracle, other)


def _judged(case: Case, oracle: str, notes: list[str]) -> list[Component]:
    """Return the components with their verdicts; where f is not to be trusted beside the point, as a black box's."""
    if case.order == 2:
        case.components = hessians.judge(case)
        return case.components
    if case.truth.run is None:
        return _agreed(case, judge_estimates(case))
    try:
        components = judge(case)
        if not _contradicted(case, components):
            return components
        error: Exception = Unlike("it has other derivatives there than over doubles")
    except (NotRunnable, ArithmeticError, ValueError) as raised:  # by f, at other numbers than the point's
        error = raised
    case.truth, case.f = _of_black_box(case.f, case.point, error, case.order, oracle, notes)
    return judge_estimates(case)


def _agreed(case: Case, components: list[Component]) -> list[Component]:
    """Take back that a component is wrong by steps of doubles, where it is not by a proof for a function unlike f.

    f over doubles has another value: it takes another branch, or only underflows. Who is right cannot be told.
    """
    wrong = [c for c in components if c.verdict == "wrong"]
    if case.truth.unlike is None or not wrong:
        return components
    f, truth = case.truth.unlike
    try:
        proved = judge(Case(f, case.grad, case.point, truth, case.claims, case.unit))
    except Exception:  # f at other numbers
        return components
    for c, other in zip(components, proved, strict=True):
        if c.verdict == "wrong" and other.verdict != "wrong":
            c.verdict, c.why = "inconclusive", f"steps of doubles say wrong, numbers of many digits {other.verdict}"
    return components


def _contradicted(case: Case, components: list[Component]) -> bool:
    """Tell whether a claim that is called wrong is what steps of doubles find, while they exclude what the tape says.

    Then f computes something else over doubles, and that is what its gradient belongs to.
    """
    wrong = [i for i, c in enumerate(components) if c.verdict == "wrong"][:ASKED]
    doubles = blackbox.Doubles(case.f, case.point)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            noise = noise_of(doubles, case.point.numbers) if wrong else []
            for i in wrong:
                row, column = divmod(i, case.width)
                e = estimate(doubles.moved(column), case.point.numbers[column], noise)[row]
                near = abs(components[i].claimed - e.value) <= 3 * e.bound
                if near and not e.kink and abs(components[i].truth - e.value) > 12 * e.bound:
                    return True
    except Exception:  # f takes no doubles
        return False
    return False
