"""Who tells the truth: the derivatives of f, enclosed, by one of four oracles.

interval: reverse accumulation over intervals of 50 digits encloses every derivative; 150 and 400 digits where needed.
rerun: f itself over numbers of 150 to 400 digits, differenced there; it knows no derivative at all.
complex, ladder: for black boxes, `engine.check.blackbox`.

The interval oracle is fast, but its own rules could be wrong; the rerun oracle cannot be. `directions_agree` holds
the one against the other along a random direction, which tests all derivatives at once.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.check.decisions import Follow
from engine.check.fields import FIFTY_DIGITS, IntervalField, RealField, context
from engine.check.runs import Run, run
from engine.check.structure import Point
from engine.check.tape import Decision

DIGITS = {FIFTY_DIGITS: 50, 501: 150, 1331: 400}
"""Bits of precision -> decimal digits, in the order in which they are tried."""

MOST = max(DIGITS)
MOST_CHOICES = 64  # at the tied comparisons of a Hessian; of more, two are tried
CHOICES_BUDGET = 200_000  # operations of f that these may take, times a few
FINE = 6000  # bits, of which f may lose a third to the size of its arguments


@dataclass(eq=False)
class Truth:
    """What an oracle says: for each derivative an enclosure [low, high], as mpmath numbers; how, and at what cost."""

    low: list[Any]
    high: list[Any]
    oracle: str
    cost: str
    outputs: int
    proof: bool  # the enclosure is one of intervals; else a bound that was estimated
    run: Run | None = None
    unlike: tuple[Callable[..., Any], Truth] | None = None  # f and its proof, where f over doubles has another value
    kinks: dict[int, tuple[Any, Any]] | None = None  # by the ladder: the slopes of both sides; of a Hessian: hulls
    complete: bool = True  # of a Hessian: every choice at its tied comparisons was tried

    def middle(self, i: int) -> Any:
        """Return the middle of an enclosure."""
        return (self.low[i] + self.high[i]) / 2


def interval(f: Callable[..., Any], point: Point) -> Truth:
    """Enclose the derivatives of f by every number of the point. Raises NotRunnable for a black box."""
    started = time.perf_counter()
    for bits in DIGITS:
        found = run(f, point, IntervalField(bits))
        enclosures = found.jacobian()
        undecided = any(s.tied and s.margin.value.sign() is None for s in found.tape.switches)
        if not undecided and all(map(_sharp, enclosures)):
            break
    cost = f"{found.tape.operations} operations with {DIGITS[bits]} digits, {_milliseconds(started)}"
    ends = context(MOST)
    low, high = ([ends.make_mpf(e.raw[k]) for e in enclosures] for k in (0, 1))
    return Truth(low, high, "interval", cost, len(found.outputs), True, found)


def _sharp(enclosure: Any) -> bool:
    """Tell whether an enclosure is far narrower than a double's last place, or nothing but 0."""
    low, high = enclosure.low, enclosure.high
    if low == high:
        return True
    return bool(low * high > 0 and (high - low) < abs(low) * 2.0**-70)


def rerun(f: Callable[..., Any], point: Point) -> Truth:
    """Difference f over numbers of 150 digits, then 400: with a step h the error is about h^2, far below a double's."""
    started = time.perf_counter()
    calls = 0
    for bits in (501, MOST):
        field = RealField(bits)
        columns = []
        for i in range(len(point.numbers)):
            step = field.number(abs(point.numbers[i]) or 1.0)
            slopes = []
            for shift in (bits // 4, bits // 4 + 20):
                h = field.context.ldexp(step, -shift)
                up, down = (_values(f, point, field, i, d) for d in (h, -h))
                slopes.append([(u - v) / (2 * h) for u, v in zip(up, down, strict=True)])
                calls += 2
            columns.append(slopes)
        found = [(c[0][k], c[1][k]) for k in range(len(columns[0][0])) for c in columns]
        if all(_same(a, b) for a, b in found):
            break
    cost = f"{calls} calls with {DIGITS[bits]} digits, {_milliseconds(started)}"
    # The narrow step is nearer by 2**40; the distance between the two bounds the error of both.
    low = [b - abs(a - b) for a, b in found]
    high = [b + abs(a - b) for a, b in found]
    return Truth(low, high, "rerun", cost, len(columns[0][0]), False)


def _values(f: Callable[..., Any], point: Point, field: Any, i: int, h: Any) -> list[Any]:
    numbers = [field.number(x) for x in point.numbers]
    numbers[i] += h
    outputs = run(f, point, field, numbers=numbers, recording=False).outputs
    return [field.undefined if node.value is None else node.value for node in outputs]


def _same(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= abs(b) * 2.0**-80) or a == b


def directions_agree(f: Callable[..., Any], point: Point, truth: Truth) -> bool:
    """Tell whether f, re-run and differenced along a random direction, moves as the interval oracle says.

    Where f has no value beside the point, nothing is said against it. Where f turns fast, as sin x does at 1e300, only
    the finer step tells.
    """
    return any(_agrees(f, point, truth, bits, shift) for bits, shift in ((MOST, 300), (FINE, FINE // 2)))


def _agrees(f: Callable[..., Any], point: Point, truth: Truth, bits: int, shift: int) -> bool:
    field = RealField(bits)
    rng = random.Random(1)
    direction = [field.number(rng.uniform(0.5, 1) * (abs(x) or 1.0)) for x in point.numbers]
    h = field.context.ldexp(1, -shift)
    taken = Follow({k: s.outcome for k, s in enumerate(truth.run.tape.switches)}) if truth.run else None
    sides = []
    for sign in (1, -1):
        moved = [field.number(x) + sign * h * d for x, d in zip(point.numbers, direction, strict=True)]
        # Recorded, so that the switches are numbered as they were at the point.
        outputs = run(f, point, field, numbers=moved, decision=taken).outputs
        sides.append([node.value for node in outputs])
    width = len(point.numbers)
    for k, (up, down) in enumerate(zip(*sides, strict=True)):
        terms = [truth.middle(k * width + i) * d for i, d in enumerate(direction)]
        if up is None or down is None or not field.context.isfinite(sum(terms)):
            continue
        if abs((up - down) / (2 * h) - sum(terms)) > sum(map(abs, terms)) * 2.0**-60 + abs(up) * 2.0**-900:
            return False
    return True


def hessian(f: Callable[..., Any], point: Point, columns: Sequence[int] | None = None) -> Truth:
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
    cost = f"{gradients.count} gradients with 400 digits, {_milliseconds(started)}"
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


def _milliseconds(started: float) -> str:
    return f"{1000 * (time.perf_counter() - started):.3g} ms"
