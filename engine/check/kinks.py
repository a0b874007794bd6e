"""At and around kinks: which derivatives a function has on each side of a point.

A function meets a kink where one of its comparisons is tied. Its derivatives just beside the point are enclosed there:
if they agree, it was no kink (the largest logit that is subtracted may well be tied); if not, any claim between them is
a convention, such as relu'(0) = 0 or a half for each side of a minimum. Where rounding may decide a comparison, both
outcomes are looked at.

Glossary
--------
side: the derivatives at a point 2**-1100 away, nearer than any other double.
hull: the smallest interval that holds a component's derivative on every side, or for every outcome of near ties.
smooth: a component that is the same on all sides.
sure: enclosed sharply, so that nothing cancelled there.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.check.decisions import Signs
from engine.check.fields import FIFTY_DIGITS, IntervalField, RealField, context, is_sharp, middle
from engine.check.oracles import FINE, MOST, Truth
from engine.check.runs import LONG, Run, Trial, run
from engine.check.structure import Point
from engine.check.tape import Key, Switch, key_of

MOST_TIES = 6  # of so many, all 2**6 combinations of outcomes are tried
SAMPLES = 10  # of more
BUDGET = 100_000  # operations that looking around may take
DIRECTIONS = 4  # each with its opposite
AWAY = -1100  # the sides are 2**-1100 away
INFINITE = 2.0**250  # a slope that is so large at a distance of 2**-1100 grows without bound
CLOSE = 64.0  # a comparison is near-tied where rounding, times this, could decide it


@dataclass(eq=False)
class Neighbourhood:
    """The derivatives of f around a point: the smooth ones as they are, the others by their hull."""

    switches: list[Switch]
    smooth: dict[int, Any] = field(default_factory=dict)
    hulls: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    unsure: set[int] = field(default_factory=set)
    inside: bool = True  # else the point is on the border of f's domain
    jump: bool = False

    def holds(self, i: int, claim: Any) -> bool:
        """Tell whether a claim lies in a component's hull, but for rounding."""
        if i not in self.hulls:
            return False
        low, high = self.hulls[i]
        slack = max(abs(low), abs(high)) * 2.0**-40
        return bool(low - slack <= claim <= high + slack)

    @property
    def is_known(self) -> bool:
        """Whether all sides of a kink are known, so that hulls are whole."""
        return bool(self.switches) and self.inside and not self.jump

    @property
    def where(self) -> str:
        """The lines in which the comparisons stand."""
        return ", ".join(sorted({s.line for s in self.switches if s.line})[:3])


def around(
    f: Callable[..., Any], point: Point, found: Run, asked: Sequence[int] = (), *, beside: bool = False
) -> Neighbourhood | None:
    """Return what lies around a point where comparisons are tied; None where none is.

    The components that are asked for are looked at along their own axis, too. With `beside` the sides of the point are
    looked at without any tie.
    """
    switches = [s for s in found.tape.switches if s.tied]
    if not switches and not beside:
        return None
    sides = _Sides(f, point, found)
    sides.look(asked)
    result = Neighbourhood(switches, unsure=sides.unsure, inside=sides.inside, jump=sides.jump)
    for i in range(len(found.outputs) * len(found.leaves)):
        slopes = [side[i] for side in sides.gradients if side[i] - side[i] == 0]
        if not slopes or i in sides.unsure:
            continue
        low, high = min(slopes), max(slopes)
        if sides.inside and min(map(abs, slopes)) > INFINITE and low * high > 0:
            result.smooth[i] = slopes[0] * math.inf
        elif sides.inside and _close(low, high) and not result.jump:
            result.smooth[i] = slopes[0]
        else:
            result.hulls[i] = low, high
    return result


def beside_near_ties(f: Callable[..., Any], point: Point, found: Run, near: Sequence[int]) -> Neighbourhood:
    """Return the derivatives at the point itself for both outcomes of the near-tied comparisons."""
    switches = [found.tape.switches[k] for k in near]
    keys = list(dict.fromkeys(key_of(s.margin)[0] for s in switches))
    combinations: Iterable[Sequence[int]] = itertools.product((1, -1), repeat=len(keys))
    if len(keys) > MOST_TIES:
        rng = random.Random(1)
        combinations = [[1] * len(keys), [-1] * len(keys)]
        combinations += [[rng.choice((1, -1)) for _ in keys] for _ in range(SAMPLES - 2)]
    gradients = []
    for signs in combinations:
        decision = Signs(dict(zip(keys, signs, strict=True)))
        try:
            gradients.append(run(f, point, RealField(MOST), decision=decision).jacobian())
        except Exception:  # comparisons that contradict each other lead anywhere, and people's code with them
            continue
    result = Neighbourhood(switches)
    for i, outcomes in enumerate(zip(*gradients, strict=True)):
        low, high = min(outcomes), max(outcomes)
        if not _close(low, high):
            result.hulls[i] = low, high
    return result


class _Sides:
    """The derivatives beside a point, in random directions and along the axes that matter, enclosed."""

    def __init__(self, f: Callable[..., Any], point: Point, found: Run) -> None:
        self.f, self.point = f, point
        self.width = len(point.numbers)
        self.gradients: list[list[Any]] = []
        self.unsure: set[int] = set()
        self.inside = True  # else the point is on the border of f's domain
        self.jump = False
        self._left = BUDGET // max(found.tape.operations, 1)
        self._values: list[Any] = []

    def look(self, asked: Sequence[int]) -> None:
        """Look in random directions, and along the axis of each component that is asked for."""
        rng = random.Random(2)
        for _ in range(max(1, min(DIRECTIONS, self._left // 2))):
            self._pair([rng.uniform(-1, 1) for _ in range(self.width)])
        for j in dict.fromkeys(i % self.width for i in asked):
            if self._left < 2:
                break
            self._pair([1.0 if i == j else rng.uniform(-1, 1) * 2.0**-40 for i in range(self.width)])

    def _pair(self, direction: Sequence[float]) -> None:
        self._left -= 2
        ends = context(FINE)
        for sign in (1, -1):
            steps = [ends.ldexp(sign * d, AWAY) for d in direction]
            moved = [ends.mpf(x) + step for x, step in zip(self.point.numbers, steps, strict=True)]
            for bits in (MOST, FINE):  # so many where something cancels
                try:
                    other = run(self.f, self.point, IntervalField(bits), numbers=moved)
                    gradient = other.jacobian(generic=True)
                except Exception:  # f has no value there, or people's code does not expect it
                    continue
                unsure = _unsure(other, gradient)
                if bits == FINE or not unsure:
                    self._add([node.value for node in other.outputs], gradient, unsure)
                    break
            else:
                self.inside = False

    def _add(self, values: list[Any], gradient: list[Any], unsure: set[int]) -> None:
        if None in values:
            self.inside = False
            return
        middles = [middle(value) for value in values]
        self._values = self._values or middles
        self.jump = self.jump or any(_jumps(a, b) for a, b in zip(middles, self._values, strict=True))
        self.unsure |= unsure
        self.gradients.append([middle(d) for d in gradient])


def _unsure(found: Run, gradient: Sequence[Any]) -> set[int]:
    """Return the components that intervals do not tell: all, where they did not decide a comparison."""
    decided = found.is_decided
    return {i for i, d in enumerate(gradient) if not (decided and is_sharp(d))}


def _jumps(a: Any, b: Any) -> bool:
    """Tell whether two values of f, 2**-1100 apart in x, are further from each other than any slope explains."""
    return bool(abs(a - b) > max(1, abs(a), abs(b)) / 2**900)


def _close(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= max(abs(a) / 2**60, abs(b) / 2**60, context(MOST).ldexp(1, -1000)))


def near_ties(found: Run, noisy: Sequence[Trial]) -> list[int]:
    """Return the numbers of the comparisons that rounding may decide: their margin is within its own scatter."""
    near = []
    for k, switch in enumerate(found.tape.switches):
        margins = [trial.margins[k] for trial in noisy if k < len(trial.margins)]
        if switch.tied or switch.margin.value is None or None in margins or len(margins) < len(noisy):
            continue
        center = middle(switch.margin.value)
        if abs(center) <= CLOSE * max(abs(m - center) for m in margins):
            near.append(k)
    return near


@dataclass(frozen=True)
class Nearest:
    """The kink that is nearest to a point: how far one number would have to move, and where in the code it sits."""

    name: str
    distance: float
    line: str


def nearest(f: Callable[..., Any], point: Point, truth: Truth, tries: int = 4) -> Nearest | None:
    """Return the nearest kink, by the number that needs to move least to tie a comparison, to first order.

    A comparison that leaves the gradient as it is, such as which of the logits is the largest, is no kink.
    """
    if truth.run is None:
        return None
    tape = truth.run.tape
    found: dict[Key, Switch] = {}
    for switch in tape.switches:
        if switch.margin.value is not None and not switch.equality:
            found.setdefault(key_of(switch.margin)[0], switch)
    candidates = sorted(found.items(), key=lambda item: abs(middle(item[1].margin.value)))[:tries]
    by_distance = []
    for key, switch in candidates:
        adjoints = tape.sweep(switch.margin)
        slopes = [abs(middle(adjoints.get(leaf.index, tape.field.zero))) for leaf in truth.run.leaves]
        steepest = max(range(len(slopes)), key=slopes.__getitem__)
        if slopes[steepest] > 0:
            distance = float(abs(middle(switch.margin.value)) / slopes[steepest])
            sign = tape.field.sign(switch.margin.value)
            side = sign and sign * key_of(switch.margin)[1]
            by_distance.append((distance, Nearest(point.names[steepest], distance, switch.line), key, side))
    for _, kink, key, side in sorted(by_distance, key=lambda item: item[0])[: tries if tape.operations < LONG else 1]:
        if _matters(f, point, truth, key, side):
            return kink
    return None


def _matters(f: Callable[..., Any], point: Point, truth: Truth, key: Key, side: int | None) -> bool:
    """Tell whether the derivatives are others on the other side of a comparison; side: the one here, if it is known."""
    assert truth.run is not None
    field = RealField(FIFTY_DIGITS)
    here = [truth.middle(i) for i in range(len(truth.low))]
    try:
        sides = [here] if side else []
        others = [Signs({key: sign}) for sign in ((-side,) if side else (1, -1))]
        sides += [run(f, point, field, decision=signs).jacobian() for signs in others]
    except Exception:  # as above
        return True
    return any(not _close(a, b) for a, b in zip(*sides, strict=True))
