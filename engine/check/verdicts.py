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
from engine.check.doubts import is_refuted
from engine.check.formula import formula_is_right, holds_beside
from engine.check.kinks import Neighbourhood, around, beside_near_ties, near_ties
from engine.check.ladder import Estimate
from engine.check.oracles import directions_agree

FREE = 4.0  # ulp
NOTHING = 2.0**-900  # by so much a derivative may move on the way to the points beside, 2**-1100 off
ROUNDED = 2.0**-60  # relative: a formula of 400 digits that is off by more has another constant in it
CONFIRMED = 24  # components of a black box whose mistake is looked at twice, at most
CONDITIONED = 5  # components whose kappa is computed, at most


def judge(case: Case) -> list[Component]:
    """Return the components of a gradient with their verdicts, for an oracle that proves what it says."""
    case.components = [_component(case, i) for i in range(len(case.claims))]
    assert case.truth.run is not None
    undefined = any(c.verdict == "inconclusive" for c in case.components)
    off = [i for i, c in enumerate(case.components) if c.verdict != "ok"]
    ties = around(case.f, case.point, case.truth.run, off, beside=undefined)
    if ties is not None:
        for i in range(len(case.components)):
            _at_tie(case, i, ties)
    open_ = [i for i, c in enumerate(case.components) if c.verdict == ""]
    if open_:
        _settle(case, open_)
    if ties is not None:
        for i in open_:
            _by_convention(case, i, ties)
    return case.components


def _by_convention(case: Case, i: int, ties: Neighbourhood) -> None:
    """Take back that a component is wrong where kinks cancel or meet, and the gradient is right all around.

    Reverse accumulation decides kink by kink, with relu'(0) = 0, a half for each side of a minimum, or equal shares:
    that is a convention, and may not be the derivative, nor between those of the sides.
    """
    c = case.components[i]
    if c.verdict != "wrong" or not ties.switches:
        return
    is_right = holds_beside(case, i)
    if is_right:
        c.verdict, c.why = "kink", f"kinks meet here ({ties.where}); all around the gradient is right"
    elif is_right is None or i in ties.unsure:
        c.verdict, c.why = "inconclusive", f"a kink ({ties.where}), and nothing nearby tells"


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


def _at_tie(case: Case, i: int, ties: Neighbourhood) -> None:
    """Judge a component at tied comparisons: what lies in its hull is a convention."""
    c = case.components[i]
    undefined = c.verdict == "inconclusive"
    if c.verdict == "ok" and abs(c.truth) == math.inf:
        return  # by the chain rule, though slopes beside may not be steep yet, as those of cbrt(1e-600 x)
    if c.claimed != c.claimed and (undefined or (i in ties.hulls and i not in ties.smooth)):
        c.verdict, c.why = "kink", "nan says that there is no derivative: the chain rule meets a kink, or inf * 0"
        return
    if i in ties.smooth and (undefined or abs(c.truth - ties.smooth[i]) > NOTHING):
        c.truth = c.low = c.high = ties.smooth[i] if abs(ties.smooth[i]) > NOTHING else ties.smooth[i] * 0
        c.ulps = ulps_between(c.claimed, c.low, c.high, case.unit)
        c.verdict, c.why = ("ok", "") if c.ulps <= FREE else ("", "")
        if undefined and c.verdict == "":
            _at_inf_times_0(case, i, c)
    if i in ties.hulls and i not in ties.smooth:
        _against_hull(case, c, ties, i)


def _at_inf_times_0(case: Case, i: int, c: Component) -> None:
    """Judge a claim that is not the derivative beside the point, where the chain rule has none."""
    is_right = holds_beside(case, i)
    is_wide = _is_wide(case.truth.low[i], case.truth.high[i])
    cause = "400 digits are not enough here" if is_wide else "the chain rule fails here, at inf * 0 or 0 / 0"
    c.why = f"{cause}; beside the point the derivative is {float(c.truth):g}"
    if is_right and abs(c.claimed - c.truth) <= abs(c.truth) * 2.0**-34:
        c.verdict, c.why = ("ok", "") if c.ulps <= 64 else ("inaccurate", "the formula is right; it lost digits here")
    else:
        c.verdict = "wrong" if is_right is False and not is_wide else "inconclusive"


def _against_hull(case: Case, c: Component, ties: Neighbourhood, i: int) -> None:
    low, high = ties.hulls[i]
    where = ties.where or "a root or a length of 0"
    sides = f"between {float(low):.17g} and {float(high):.17g}"
    if ties.holds(i, c.claimed):
        c.verdict, c.why = "kink", f"at a kink ({where}): a claim {sides} is a convention, not a mistake"
    elif case.formula is not None and ties.holds(i, case.formula[i]):
        c.verdict, c.why = "inaccurate", f"at a kink ({where}); the formula is right, but lost digits"
    else:
        c.verdict = "wrong" if ties.is_known else "inconclusive"
        c.why = f"at a kink ({where}), and not {sides}" if ties.inside else "on the border of f's domain"
        _by_convention(case, i, ties)
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
        is_apart = abs(c.claimed - c.truth) > abs(c.truth) * 2.0**-20 + 8 * case.noise[i]
        if near is not None and i in near.hulls and is_apart and (near.holds(i, c.claimed) or holds_beside(case, i)):
            c.verdict, c.why = "kink", f"rounding decides on which side of a kink this is ({near.where})"
            c.low, c.high = near.hulls[i]
            continue
        if count < (CONDITIONED if case.is_short else 1):
            c.kappa = case.kappa(i)
        _judge_one(case, i, c)


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
    elif case.formula is not None and case.formula[i] != case.formula[i]:
        c.verdict, c.why = "wrong", "the formula meets 0/0 or inf - inf here, with any number of digits"
    elif error <= allowed and 2 * error < size:
        c.verdict = "ok"
    else:
        c.verdict = "inaccurate"
        apart = 0 if case.formula is None or c.is_zero else abs(case.formula[i] - c.truth) / size
        if apart > ROUNDED:
            c.why = f"by any number of digits the formula is off by {float(apart):.2g}: a constant in it is rounded"
            return
        lost = "all of them: the truth is 0 to doubles" if c.is_zero else "digits"
        c.why = f"the formula is right; this evaluation of it lost {lost}"
        if not math.isfinite(c.claimed):
            c.why = f"the formula is right; this evaluation of it overflows, and gives {c.claimed}"


def _near(case: Case) -> Neighbourhood | None:
    assert case.truth.run is not None
    near = near_ties(case.truth.run, case.trials)
    return beside_near_ties(case.f, case.point, case.truth.run, near) if near else None


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
    if case.truth.oracle != "rerun":
        _confirm(case)
    return case.components


def _confirm(case: Case) -> None:
    """Look twice before a black box's gradient is called wrong: at the largest errors, and so at all."""
    components = case.components
    wrong = [i for i, c in enumerate(components) if c.verdict == "wrong"]
    wrong.sort(key=lambda i: -components[i].ulps)
    asked = wrong[:CONFIRMED]
    refuted = [i for i in asked if _is_refuted(case, i)]
    left = asked if refuted else wrong
    for i in left:
        if i not in refuted:
            c = components[i]
            c.verdict, c.why = "inconclusive", "ladders of other steps do not tell, or rounding hides it"


def _is_refuted(case: Case, i: int) -> bool:
    found = Estimate(case.truth.middle(i), (case.truth.high[i] - case.truth.low[i]) / 2)
    if case.truth.oracle == "complex step" and found.bound <= 2.0**-24 * abs(found.value):
        return True  # it takes no difference, and a ladder has vouched for it
    return is_refuted(case.f, case.grad, case.point, i, case.claims[i], found)
