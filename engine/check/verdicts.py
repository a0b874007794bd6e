"""The verdict on each component of a gradient: ok, inaccurate, wrong, kink, or inconclusive.

ok            within 4 ulp of the truth, or within what its condition makes of any computation in doubles
inaccurate    the formula is right, but this evaluation of it lost digits
wrong         another function than the derivative
kink          there is no derivative here, or rounding decides on which side of a kink we are; the claim is one of those
              that the sides, or the usual conventions, allow
inconclusive  the oracle cannot tell, and says so

Whether a formula is right is not guessed from the size of its error. The user's own gradient is run with 400 digits,
where rounding plays no part; where it runs on doubles only, it is held against the truth at other points too
(`engine.check.formula`). The glossary stands in `engine.check.case`.
"""

from __future__ import annotations

import math
from typing import Any

from engine.check.case import Case, Component, component_name, ulps_between
from engine.check.formula import formula_is_right
from engine.check.kinks import Neighbourhood, around, near_ties
from engine.check.oracles import directions_agree

FREE = 4.0  # ulp
NOTHING = 2.0**-900  # by so much a derivative may move on the way to the points beside, 2**-1100 off
CONDITIONED = 5  # components whose kappa is computed, at most


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
        assert case.truth.run is not None
        too_large = case.truth.run.tape.too_large
        c.verdict, c.why = "inconclusive", too_large or "f has no derivative here, or no value beside the point"
    elif _is_wide(low, high):
        c.verdict, c.why = "inconclusive", "400 digits are not enough to tell this derivative"
    elif abs(low) == math.inf:
        right = claimed == float(low)
        c.verdict = "ok" if right else "inconclusive"
        c.why = "" if right else f"the derivative is infinite here, {float(low)}"
    else:
        c.verdict = "ok" if c.ulps <= FREE else ""
    return c


def _is_wide(low: Any, high: Any) -> bool:
    """Tell whether an enclosure leaves open the last place of a double, be it the smallest one, 2**-1074."""
    return bool((high - low) * 2**60 > max(abs(low), 2.0**-1020))


def _at_ties(case: Case, ties: Neighbourhood) -> None:
    """Judge what depends on a tied comparison: between the derivatives of the sides any claim will do, none outside."""
    _at_each(case, ties)
    off = [i for i, c in enumerate(case.components) if c.verdict == "wrong" or (c.verdict == "" and i in ties.smooth)]
    if off:
        verdict, why = _by_convention(case, ties, off)
        for i in off if verdict else ():
            case.components[i].verdict, case.components[i].why = verdict, why


def _by_convention(case: Case, ties: Neighbourhood, off: list[int]) -> tuple[str, str]:
    """Return a verdict where kinks cancel or meet, and each by itself may follow a convention; none for a mistake."""
    allowed = ties.allows(off, case.claims)
    if allowed:
        return "kink", "kinks cancel or meet here; each by itself follows a convention"
    if allowed is None:
        return "inconclusive", "kinks meet here, and their conventions are too many to be tried, or lead to inf * 0"
    if case.formula is not None and ties.allows(off, case.formula):
        return "inaccurate", "kinks cancel or meet here; the formula follows a convention, but lost digits"
    return "", ""


def _at_each(case: Case, ties: Neighbourhood) -> None:
    for i, c in enumerate(case.components):
        undefined = c.verdict == "inconclusive"
        if c.verdict == "ok" and abs(c.truth) == math.inf:
            continue  # by the chain rule, though slopes beside may not be steep yet, as those of cbrt(1e-600 x)
        if c.claimed != c.claimed and (undefined or (i in ties.hulls and i not in ties.smooth)):
            c.verdict, c.why = "kink", "nan says that there is no derivative: the chain rule meets a kink, or inf * 0"
            continue
        if i in ties.smooth and (undefined or abs(c.truth - ties.smooth[i]) > NOTHING):
            c.truth = c.low = c.high = ties.smooth[i] if abs(ties.smooth[i]) > NOTHING else ties.smooth[i] * 0
            c.ulps = ulps_between(c.claimed, c.low, c.high, case.unit)
            c.verdict, c.why = ("ok", "") if c.ulps <= FREE else ("", "")
            if undefined and c.verdict == "":
                c.verdict = "inconclusive"
                c.why = f"the chain rule fails here, at inf * 0 or 0 / 0; beside the point it gives {float(c.truth):g}"
        if i in ties.hulls and i not in ties.smooth:
            _against_hull(case, c, ties, i)


def _against_hull(case: Case, c: Component, ties: Neighbourhood, i: int) -> None:
    low, high = ties.hulls[i]
    where = ", ".join(sorted({s.line for s in ties.switches if s.line})[:3]) or "a root or a length of 0"
    sides = f"between {float(low):.17g} and {float(high):.17g}"
    if ties.holds(i, c.claimed):
        c.verdict, c.why = "kink", f"at a kink ({where}): a claim {sides} is a convention, not a mistake"
    elif case.formula is not None and ties.holds(i, case.formula[i]):
        c.verdict, c.why = "inaccurate", f"at a kink ({where}); the formula is right, but lost digits"
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
        if near is not None and near.chosen(i, c.claimed, c.truth, 8 * case.noise[i]):
            where = ", ".join(sorted({s.line for s in near.switches if s.line})[:3])
            c.verdict, c.why = "kink", f"rounding decides on which side of a kink this is ({where})"
            c.low, c.high = near.hulls.get(i, (c.low, c.high))
            continue
        if count < (CONDITIONED if case.is_short else 1):
            c.kappa = case.kappa(i)
        _judge_one(case, i, c)
        if c.verdict == "wrong" and near is not None and near.conventions() is None:
            c.verdict, c.why = "inconclusive", "rounding may decide more comparisons here than can all be tried"


def _judge_one(case: Case, i: int, c: Component) -> None:
    error, size = abs(c.claimed - c.truth), abs(c.truth)
    ulp = _ulp(size, case.unit)
    allowed = max(FREE * ulp, 8 * (1 + (c.kappa or 0.0)) * ulp, 8 * case.noise[i])
    if error <= allowed <= 2.0**-34 * size:
        c.verdict = "ok"
        return
    right = formula_is_right(case, i)
    if right is None:
        c.verdict, c.why = "inconclusive", "rounding may be this far off here, and so may a mistake"
    elif not right:
        c.verdict = "wrong"
    elif error <= allowed and 2 * error < size:
        c.verdict = "ok"
    else:
        c.verdict = "inaccurate"
        lost = "all of them: the truth is 0 to doubles" if c.low <= 0 <= c.high else "digits"
        c.why = f"the formula is right; this evaluation of it lost {lost}"


def _near(case: Case) -> Neighbourhood | None:
    assert case.truth.run is not None
    near = near_ties(case.truth.run, case.noisy)
    return around(case.f, case.point, case.truth.run, near) if near else None


def _ulp(size: Any, unit: float) -> float:
    try:
        return math.ulp(float(size)) * (unit * 2**53)
    except OverflowError:
        return math.inf


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
        elif not math.isfinite(claimed):
            c.verdict, c.why = "inconclusive", f"no step tells {claimed}; nearby the slope is about {c.truth:.6g}"
        elif abs(claimed - c.truth) <= 3 * bound + 64 * case.unit * max(abs(c.truth), abs(claimed)):
            fine = bound <= max(2.0**-13 * abs(claimed), 2.0**-1022) or (claimed == 0 and bound <= 2.0**-20 * largest)
            c.verdict, c.why = ("ok", "") if fine else ("inconclusive", "the truth is lost in the noise of f")
        elif abs(claimed - c.truth) > 12 * bound + 2.0**-34 * abs(c.truth):
            c.verdict = "wrong"
        else:
            c.verdict, c.why = "inconclusive", "at the edge of what the noise of f allows"
        case.components.append(c)
    return case.components
