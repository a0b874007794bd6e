"""Hessians: second derivatives from differences of exact gradients, and the verdict on each of them.

Nothing is enclosed here: two steps of 400 digits bound the error of each other.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.check.case import Case, Component, component_name, ulps_between
from engine.check.decisions import Follow
from engine.check.fields import RealField
from engine.check.oracles import MOST, Truth, milliseconds
from engine.check.runs import Run, run
from engine.check.structure import Point
from engine.check.tape import Decision

MOST_CHOICES = 64  # at the tied comparisons of a Hessian; of more, two are tried
CHOICES_BUDGET = 200_000  # operations of f that these may take, times a few


def truth(f: Callable[..., Any], point: Point, columns: Sequence[int] | None = None) -> Truth:
    """Difference the gradient of 400-digit numbers: the second derivatives by every pair of numbers.

    Where comparisons are tied, each choice among them gives second derivatives of its own; `kinks` has the smallest
    interval that holds them all. Raises ValueError where f returns more than one number.
    """
    started = time.perf_counter()
    wanted = list(range(len(point.numbers)) if columns is None else columns)
    gradients = _Gradients(f, point)
    here = gradients.at({}, 0, 0)
    tied = [k for k, s in enumerate(here.tape.switches) if s.tied]
    if not tied:
        low, high = gradients.differences(wanted)
        kinks, complete = None, True
    else:
        low, high, kinks, complete = _at_ties(gradients, here, tied, wanted)
    cost = f"{gradients.count} gradients with 400 digits, {milliseconds(started)}"
    return Truth(low, high, "rerun", cost, 1, False, kinks=kinks, complete=complete)


class _Gradients:
    """Gradients of f with 400 digits, at and beside a point, with comparisons settled by a decision."""

    def __init__(self, f: Callable[..., Any], point: Point) -> None:
        self.f, self.point, self.field = f, point, RealField(MOST)
        self.count = 0
        self.decision: Decision | None = None

    def at(self, steps: Mapping[int, Any], aside: int, seed: int) -> Run:
        """Return the run at a point that is moved by some steps, and all numbers aside, by 2**-700 with that sign."""
        self.count += 1
        rng = random.Random(seed)
        numbers = [self.field.number(x) for x in self.point.numbers]
        for i, x in enumerate(numbers):
            off = self.field.context.ldexp(self._scale(i), -700) * rng.uniform(-1, 1) * aside
            numbers[i] = x + off + steps.get(i, 0)
        found = run(self.f, self.point, self.field, numbers=numbers, decision=self.decision)
        if len(found.outputs) != 1:
            raise ValueError(f"a Hessian is that of one number, but f returned {len(found.outputs)}")
        return found

    def differences(self, columns: Sequence[int]) -> tuple[list[Any], list[Any]]:
        """Return bounds of the second derivatives, from central differences of two steps."""
        pairs: list[list[tuple[Any, Any]]] = []
        for j in columns:
            slopes = []
            for shift in (300, 340):
                h = self._step(j, shift)
                up, down = (self.at({j: d}, 0, 0).gradient() for d in (h, -h))
                slopes.append([(u - v) / (2 * h) for u, v in zip(up, down, strict=True)])
            pairs.append(list(zip(*slopes, strict=True)))
        found = [_settled(*column[i]) for i in range(len(self.point.numbers)) for column in pairs]
        return [b - abs(a - b) for a, b in found], [b + abs(a - b) for a, b in found]

    def sides(self, columns: Sequence[int]) -> list[list[Any]]:
        """Return the second derivatives beside the point, entry by entry: on both sides, to two more sides of these."""
        found = []
        for j in columns:
            h = self._step(j, 300)
            slopes = []
            for aside, side in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                near, far = (self.at({j: side * k * h}, aside, j).gradient() for k in (1, 2))
                slopes.append([side * (v - u) / h for u, v in zip(near, far, strict=True)])
            found.append(list(zip(*slopes, strict=True)))
        return [list(column[i]) for i in range(len(self.point.numbers)) for column in found]

    def _scale(self, i: int) -> Any:
        return self.field.number(abs(self.point.numbers[i]) or 1.0)

    def _step(self, j: int, shift: int) -> Any:
        return self.field.context.ldexp(self._scale(j), -shift)


def _at_ties(
    gradients: _Gradients, here: Run, tied: Sequence[int], columns: Sequence[int]
) -> tuple[list[Any], list[Any], dict[int, tuple[Any, Any]], bool]:
    """Return bounds, the hulls where choices differ, and whether every choice was tried.

    Where f itself has a kink, so that its gradient jumps, there is no second derivative: the bounds are nan.
    """
    nan = gradients.field.undefined
    most = max(2, min(MOST_CHOICES, CHOICES_BUDGET // (here.tape.operations * len(columns) + 1)))
    every = itertools.product((False, True), repeat=len(tied))
    complete = 2 ** len(tied) <= most
    chosen = list(every) if complete else [(False,) * len(tied), (True,) * len(tied)]
    jacobians, hessians = [], []
    for outcomes in chosen:
        gradients.decision = Follow(dict(zip(tied, outcomes, strict=True)))
        found = gradients.at({}, 0, 0)
        lines = [[s.line for s in r.tape.switches[: tied[-1] + 1]] for r in (here, found)]
        if lines[0] != lines[1]:  # the other branch compares something else
            complete = False
            continue
        jacobians.append(found.gradient())
        hessians.append(gradients.differences(columns))
    gradients.decision = None
    beside = gradients.sides(columns)
    low, high, kinks = [], [], {}
    for i, slopes in enumerate(beside):
        lows, highs = [h[0][i] for h in hessians] + slopes, [h[1][i] for h in hessians] + slopes
        firsts = [g[i // len(columns)] for g in jacobians]
        if not _equal(firsts) or any(x - x != 0 for x in lows + highs):
            low.append(nan)
            high.append(nan)
            continue
        hull = min(lows), max(highs)
        low.append(min(slopes) if _equal(slopes) else hull[0])
        high.append(max(slopes) if _equal(slopes) else hull[1])
        if not _equal(lows + highs):
            kinks[i] = hull
    return low, high, kinks, complete


def _settled(coarse: Any, fine: Any) -> tuple[Any, Any]:
    """Return the slopes of two steps; 0 where they are nothing but the step, as those of x**3 at 0."""
    vanishes = abs(coarse) < 2.0**-200 and abs(fine) <= abs(coarse) * 2.0**-30
    return (fine * 0, fine * 0) if vanishes else (coarse, fine)


def _equal(numbers: Sequence[Any]) -> bool:
    """Tell whether numbers are the same, but for what steps of 2**-300 and 400 digits leave."""
    least, most = min(numbers), max(numbers)
    return bool(most - least <= max(abs(least), abs(most), 2.0**-1000) * 2.0**-150)


def judge(case: Case) -> list[Component]:
    """Return the components of a Hessian: right to rounding, right in its formula, a convention, or wrong."""
    sizes = [abs(case.truth.middle(i)) for i in range(len(case.claims))]
    largest = max((s for s in sizes if s - s == 0), default=0)
    return [_judge_second(case, i, largest) for i in range(len(case.claims))]


def _judge_second(case: Case, i: int, largest: Any) -> Component:
    claimed, low, high = case.claims[i], case.truth.low[i], case.truth.high[i]
    name = component_name(case.point, 1, i, 2)
    c = Component(name, claimed, case.truth.middle(i), low, high, ulps_between(claimed, low, high, case.unit))
    size = abs(c.truth)
    hull = (case.truth.kinks or {}).get(i)
    if low != low or (hull is None and high - low > 2.0**-60 * max(size, 2.0**-1074)):
        c.verdict, c.why = "inconclusive", "f has no second derivative here"
    elif c.ulps > 16 or (low, high) == hull:
        formula = case.formula[i] if case.formula is not None else None
        off = abs(claimed - c.truth) if formula is None else abs(formula - c.truth)
        if hull is not None and any(hull[0] <= x <= hull[1] for x in (claimed, formula) if x is not None):
            c.verdict, c.why = "kink", f"at a kink of the gradient: the sides, or choices, give {_between(*hull)}"
        elif off <= 2.0**-34 * size or (formula is None and off <= 2.0**-44 * largest):
            c.verdict, c.why = "inaccurate", "the formula is right; this evaluation of it lost digits"
        elif case.truth.complete:
            c.verdict = "wrong"
            c.why = f"at a kink of the gradient, and not {_between(*hull)}" if hull is not None else ""
        else:
            c.verdict, c.why = "inconclusive", "more comparisons are tied here than can all be tried"
    return c


def _between(low: Any, high: Any) -> str:
    return f"between {float(low):.17g} and {float(high):.17g}"
