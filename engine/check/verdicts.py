"""The verdict on each component of a gradient: ok, inaccurate, wrong, kink, or inconclusive.

ok            within 4 ulp of the truth, or within what its condition makes of any computation in doubles
inaccurate    the formula is right, but this evaluation of it lost digits
wrong         another function than the derivative
kink          there is no derivative here, or rounding decides on which side of a kink we are; the claim is one of those
              that the sides, or the usual conventions, allow
inconclusive  the oracle cannot tell, and says so

Whether a formula is right is not guessed from the size of its error. The user's own gradient is run with 400 digits,
where rounding plays no part; where it runs on doubles only, it is held against the truth at other points too.

Glossary
--------
ulp: unit in the last place of the truth. unit: half of the one of 1.0, 2**-53, or 2**-24 for float32.
kappa_i: sum_j |x_j d2f/dx_i dx_j| / |df/dx_i|, by how much a relative error in x grows in the derivative.
noise: what the derivative scatters by when every operation of f and of its derivative is rounded to doubles at random.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.check.fields import FIFTY_DIGITS, IntervalField, RealField
from engine.check.kinks import Neighbourhood, around, near_ties
from engine.check.oracles import Truth, directions_agree
from engine.check.runs import NotRunnable, Run, exact_claims, noisy_runs, run
from engine.check.structure import Point, flat_numbers

FREE = 4.0  # ulp
RIGHT = 2.0**-36  # about 1.5e-11: a formula that is nearer to the truth than this has a rounded constant, not a mistake
LOST = 2.0**-1060  # an enclosure of 0 this narrow is 0 to a double
CONDITION_BITS = 401  # for kappa: half of them go to the step, half to the digits of the difference
CONDITIONED = 5  # components whose kappa is computed, at most


@dataclass(slots=True)
class Component:
    """One component of a gradient, and what is said of it."""

    name: str
    claimed: float
    truth: Any
    low: Any
    high: Any
    ulps: float
    verdict: str = "ok"
    why: str = ""
    kappa: float | None = None


@dataclass(eq=False)
class Case:
    """One gradient to be judged: the functions, the point, what is claimed and what is true."""

    f: Callable[..., Any]
    grad: Callable[..., Any]
    point: Point
    truth: Truth
    claims: list[float]
    unit: float = 2.0**-53
    order: int = 1
    components: list[Component] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of variables: component k * width + i is the derivative of result k by variable i."""
        return len(self.point.numbers)

    @cached_property
    def noisy(self) -> list[Run]:
        """Runs of f in noisy doubles."""
        assert self.truth.run is not None
        return noisy_runs(self.f, self.point, self.truth.run)

    @cached_property
    def noise(self) -> list[Any]:
        """What rounding does to each derivative, the largest of several trials."""
        return scatter(self.truth, self.noisy, self.unit)

    @cached_property
    def textbook_noise(self) -> list[Any]:
        """The same where derivatives are computed in forms that cancel, such as 1 - y*y."""
        assert self.truth.run is not None
        return scatter(self.truth, noisy_runs(self.f, self.point, self.truth.run, textbook=True), self.unit)

    @cached_property
    def formula(self) -> list[Any] | None:
        """The user's gradient with 400 digits, or None where it runs on doubles only."""
        try:
            found = exact_claims(self.grad, self.point)
        except NotRunnable:
            return None
        return found if len(found) == len(self.claims) else None

    @cached_property
    def _gradient(self) -> list[Any]:
        return run(self.f, self.point, RealField(CONDITION_BITS)).gradient()

    def kappa(self, i: int) -> float | None:
        """Return the condition of derivative i, for a single result: one more gradient gives a row of the Hessian."""
        size = abs(self.truth.middle(i))
        if self.truth.outputs != 1 or self.truth.run is None or not 0 < size < math.inf:
            return None
        field = RealField(CONDITION_BITS)
        numbers = [field.number(x) for x in self.point.numbers]
        h = field.context.ldexp(abs(numbers[i]) or field.one, -CONDITION_BITS // 2)
        numbers[i] += h
        moved = run(self.f, self.point, field, numbers=numbers).gradient()
        row = [(u - v) / h for u, v in zip(moved, self._gradient, strict=True)]
        total = sum(abs(x * second) for x, second in zip(self.point.numbers, row, strict=True)) / size
        return float(total) if total < 1e300 else None


def scatter(truth: Truth, runs: Sequence[Run], unit: float) -> list[Any]:
    """Return the largest distance from the truth that noisy derivatives reach, scaled to the claims' precision."""
    jacobians = [r.jacobian() for r in runs]
    scale = unit * 2**53
    result = []
    for i in range(len(truth.low)):
        middle = truth.middle(i)
        result.append(max(abs(j[i] - middle) for j in jacobians) * scale)
    return result


def ulps_between(claimed: float, low: Any, high: Any, unit: float = 2.0**-53) -> float:
    """Return the distance of a claim from an enclosure, in units in the last place of the truth.

    >>> ulps_between(1.0 + 2**-50, 1, 1)
    4.0
    >>> ulps_between(0.0, 0, 0)
    0.0
    """
    if claimed != claimed:
        return math.inf
    nearest = low if claimed < low else high if claimed > high else None
    if nearest is None:
        return 0.0
    try:
        size = float(nearest)
    except OverflowError:
        size = math.inf
    if math.isinf(size) or math.isinf(claimed):
        return 0.0 if claimed == size else math.inf
    return float(abs(claimed - nearest) / (math.ulp(size) * (unit * 2**53)))


def judge(case: Case) -> list[Component]:
    """Return the components of a gradient with their verdicts, for an oracle that proves what it says."""
    case.components = [_component(case, i) for i in range(len(case.claims))]
    assert case.truth.run is not None
    undefined = any(c.verdict == "inconclusive" for c in case.components)
    ties = around(case.f, case.point, case.truth.run, beside=undefined)
    if ties is not None:
        _at_ties(case, ties)
    open_ = [i for i, c in enumerate(case.components) if c.verdict == ""]
    if open_:
        _settle(case, open_)
    return case.components


def _component(case: Case, i: int) -> Component:
    low, high = case.truth.low[i], case.truth.high[i]
    claimed, name = case.claims[i], component_name(case.point, case.truth.outputs, i)
    c = Component(name, claimed, case.truth.middle(i), low, high, ulps_between(claimed, low, high, case.unit))
    if low != low or high != high or (low == -math.inf and high == math.inf) or high - low == math.inf:
        c.verdict, c.why = "inconclusive", "f has no derivative here, or no value beside the point"
    elif high - low > max(abs(low) * 2.0**-60, LOST):
        c.verdict, c.why = "inconclusive", "400 digits are not enough to tell this derivative"
    elif abs(low) == math.inf:
        right = claimed == float(low)
        c.verdict = "ok" if right else "inconclusive"
        c.why = "" if right else f"the derivative is infinite here, {float(low)}"
    else:
        c.verdict = "ok" if c.ulps <= FREE else ""
    return c


def component_name(point: Point, outputs: int, i: int, order: int = 1) -> str:
    """Return what a report calls component i: the variable, or for a Jacobian the result as well."""
    width = len(point.names)
    if order == 2:
        return f"d2/d {point.names[i // width]} d {point.names[i % width]}"
    return point.names[i] if outputs == 1 else f"result {i // width} by {point.names[i % width]}"


def _at_ties(case: Case, ties: Neighbourhood) -> None:
    """Judge what depends on a tied comparison: between the derivatives of the sides any claim will do, none outside."""
    for i, c in enumerate(case.components):
        if c.claimed != c.claimed and (i in ties.hulls or c.verdict == "inconclusive"):
            c.verdict, c.why = "kink", "nan says that there is no derivative: the chain rule meets a kink, or inf * 0"
            continue
        if i in ties.smooth:
            c.truth = c.low = c.high = ties.smooth[i]
            c.ulps = ulps_between(c.claimed, c.low, c.high, case.unit)
            c.verdict, c.why = ("ok", "") if c.ulps <= FREE else ("", "")
            if abs(c.truth) == math.inf and c.verdict == "":
                c.verdict, c.why = "inconclusive", f"the derivative grows to {float(c.truth)} here"
        if c.verdict != "ok" and i in ties.hulls:
            _against_hull(case, c, ties, i)


def _against_hull(case: Case, c: Component, ties: Neighbourhood, i: int) -> None:
    low, high = ties.hulls[i]
    where = ", ".join(sorted({s.line for s in ties.switches if s.line})[:3]) or "a root or a length of 0"
    sides = f"between {float(low):.17g} and {float(high):.17g}"
    if ties.holds(i, c.claimed):
        c.verdict, c.why = "kink", f"at a kink ({where}): a claim {sides} is a convention, not a mistake"
    elif i in ties.smooth:
        return
    elif ties.switches and ties.complete and not ties.jump:
        c.verdict, c.why = "wrong", f"at a kink ({where}), and not {sides}"
    else:
        c.verdict, c.why = "inconclusive", f"at a kink ({where}), and not {sides}"
    c.low, c.high, c.truth = low, high, (low + high) / 2
    c.ulps = ulps_between(c.claimed, low, high, case.unit)


def _settle(case: Case, open_: list[int]) -> None:
    """Judge the components that are more than 4 ulp off."""
    left = []
    for i in open_:
        c = case.components[i]
        allowed = 8 * case.noise[i]
        if abs(c.claimed - c.truth) <= allowed <= 2.0**-34 * abs(c.truth):
            c.verdict = "ok"
        else:
            left.append(i)
    if not left:
        return
    if not directions_agree(case.f, case.point, case.truth):
        for i in left:
            case.components[i].verdict, case.components[i].why = "inconclusive", "the oracles contradict each other"
        return
    near = _near(case)
    # The largest errors first: they are the ones that a report spells out, with kappa.
    for count, i in enumerate(sorted(left, key=lambda i: -case.components[i].ulps)):
        c = case.components[i]
        if near is not None and near.holds(i, c.claimed):
            where = ", ".join(sorted({s.line for s in near.switches if s.line})[:3])
            c.verdict, c.why = "kink", f"rounding decides on which side of a kink this is ({where})"
            c.low, c.high = near.hulls[i]
            continue
        if count < CONDITIONED:
            c.kappa = case.kappa(i)
        _judge_one(case, i, c)


def _judge_one(case: Case, i: int, c: Component) -> None:
    error, size = abs(c.claimed - c.truth), abs(c.truth)
    ulp = _ulp(size, case.unit)
    allowed = max(FREE * ulp, 8 * (1 + (c.kappa or 0.0)) * ulp, 8 * case.noise[i])
    within = bool(error <= allowed)
    if within and allowed <= 2.0**-34 * size:
        c.verdict = "ok"
    elif _formula_is_right(case, i):
        c.verdict = "ok" if within else "inaccurate"
        c.why = "" if within else "the formula is right; this evaluation of it lost digits"
    else:
        c.verdict = "wrong"


def _near(case: Case) -> Neighbourhood | None:
    assert case.truth.run is not None
    near = near_ties(case.truth.run, case.noisy)
    return around(case.f, case.point, case.truth.run, near) if near else None


def _ulp(size: Any, unit: float) -> float:
    try:
        return math.ulp(float(size)) * (unit * 2**53)
    except OverflowError:
        return math.inf


def _formula_is_right(case: Case, i: int) -> bool:
    """Tell whether the gradient's formula is the derivative, whatever this evaluation of it lost."""
    truth = case.components[i].truth
    size = abs(truth)
    if case.formula is not None:
        error = abs(case.formula[i] - truth)
        if error <= RIGHT * size or error <= case.noise[i] / 2**50:
            return True
        if not error < math.inf:  # lost in the formula itself, as inf - inf
            return not _persists(case, i, spread=2.0**-4)
        # A constant that f and its gradient round differently may be blown up by cancellation: look elsewhere.
        return bool(error <= 64 * case.noise[i]) and not _persists(case, i, spread=2.0**-4)
    error = abs(case.claims[i] - truth)
    if error <= 64 * case.textbook_noise[i] and case.claims[i] != 0:
        return not _persists(case, i, spread=2.0**-4)
    # Lost altogether, as 1 - y*y is where y rounds to 1: then it is right where nothing is lost, and the loss is small.
    usual = _usual_size(case, i)
    return bool(error <= 2.0**-40 * usual) and not _persists(case, i, spread=0.9)


def _moved(case: Case, spread: float) -> list[tuple[list[float], Run]]:
    """Return other points, every number up to `spread` of itself nearer to 0, with f's tape there."""
    rng = random.Random(3)
    found = []
    for _ in range(4):
        shifts = [rng.uniform(spread / 2, spread) for _ in case.point.numbers]
        numbers = [x * (1 - shift) or shift * 2**-10 for x, shift in zip(case.point.numbers, shifts, strict=True)]
        try:
            other = run(case.f, case.point, IntervalField(FIFTY_DIGITS), numbers=numbers)
        except (ArithmeticError, ValueError):
            continue
        if all(node.value is not None for node in other.outputs):
            found.append((numbers, other))
    return found


def _usual_size(case: Case, i: int) -> Any:
    k, j = divmod(i, case.width)
    return max((abs(_middle(other.gradient(k)[j])) for _, other in _moved(case, 0.9)), default=0)


def _middle(x: Any) -> Any:
    return (x.low + x.high) / 2


def _persists(case: Case, i: int, spread: float) -> bool:
    """Tell whether the gradient disagrees with the truth at half of some other points too, beyond any rounding."""
    k, j = divmod(i, case.width)
    disagreements = tried = 0
    usual = _usual_size(case, i) if spread > 0.5 else 0
    for numbers, other in _moved(case, spread):
        truth = _middle(other.gradient(k)[j])
        try:
            if case.formula is not None:
                claim, allowed = exact_claims(case.grad, case.point, numbers)[i], RIGHT * abs(truth)
            else:
                claim = float(flat_numbers(case.grad(*case.point.arguments(numbers)))[i])
                allowed = 2.0**-34 * abs(truth) + 2.0**-44 * usual
        except (NotRunnable, ArithmeticError, ValueError):
            continue
        tried += 1
        disagreements += not abs(claim - truth) <= allowed
    return tried == 0 or 2 * disagreements >= tried


def judge_estimates(case: Case) -> list[Component]:
    """Return the components with their verdicts, for a black box: its bounds are estimates, and so get room."""
    case.components = []
    sizes = [abs(low) for low in case.truth.low if low - low == 0]
    largest = max(sizes, default=0.0)
    for i, claimed in enumerate(case.claims):
        low, high = case.truth.low[i], case.truth.high[i]
        name = component_name(case.point, case.truth.outputs, i, case.order)
        c = Component(name, claimed, (low + high) / 2, low, high, ulps_between(claimed, low, high, case.unit))
        bound = (high - low) / 2
        sides = (case.truth.kinks or {}).get(i)
        slack = 2.0**-30 * max(abs(c.truth), abs(claimed))
        if sides is not None:
            inside = min(sides) - slack <= claimed <= max(sides) + slack
            c.verdict = "kink" if inside else "inconclusive"
            c.why = f"the slopes of the two sides are {sides[0]:.6g} and {sides[1]:.6g}"
        elif not bound < math.inf:
            c.verdict, c.why = "inconclusive", "no two ladders of steps agree"
        elif abs(claimed - c.truth) <= 3 * bound + 64 * case.unit * max(abs(c.truth), abs(claimed)):
            fine = bound <= 2.0**-13 * max(abs(c.truth), abs(claimed)) or bound <= 2.0**-20 * largest or bound == 0
            c.verdict, c.why = ("ok", "") if fine else ("inconclusive", "the truth is lost in the noise of f")
        elif abs(claimed - c.truth) > 12 * bound + 2.0**-34 * abs(c.truth):
            c.verdict = "wrong"
        else:
            c.verdict, c.why = "inconclusive", "at the edge of what the noise of f allows"
        case.components.append(c)
    return case.components
