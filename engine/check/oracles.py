"""Who tells the truth: the derivatives of f, enclosed, by one of four oracles.

interval: reverse accumulation over intervals of 50 digits encloses every derivative; 150 and 400 digits where needed.
rerun: f itself over numbers of 150 to 400 digits, differenced there; it knows no derivative at all.
complex, ladder: for black boxes, `engine.check.blackbox`.

The interval oracle is fast, but its own rules could be wrong; the rerun oracle cannot be. `directions_agree` holds
the one against the other along a random direction, which tests all derivatives at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.check.decisions import Follow
from engine.check.fields import FIFTY_DIGITS, IntervalField, RealField, context
from engine.check.places import PlacedTape
from engine.check.runs import Run, run
from engine.check.structure import Point

DIGITS = {FIFTY_DIGITS: 50, 501: 150, 1331: 400}
"""Bits of precision -> decimal digits, in the order in which they are tried."""

MOST = max(DIGITS)
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
        found = run(f, point, IntervalField(bits), kind=PlacedTape)  # its graph is asked for the name of a mistake
        enclosures = found.jacobian()
        undecided = any(s.tied and s.margin.value.sign() is None for s in found.tape.switches)
        if not undecided and all(map(_sharp, enclosures)):
            break
    cost = f"{found.tape.operations} operations with {DIGITS[bits]} digits, {milliseconds(started)}"
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
    cost = f"{calls} calls with {DIGITS[bits]} digits, {milliseconds(started)}"
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


def milliseconds(started: float) -> str:
    """Return the time since a start, in words."""
    return f"{1000 * (time.perf_counter() - started):.3g} ms"
