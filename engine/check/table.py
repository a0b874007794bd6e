"""The ulp table: how far values and derivatives of every row of the engine's table are from the truth, at hard points.

The truth comes from `engine.check.rules` over intervals, which share no line with the rows they judge.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from engine.check.case import Case, ulps_between
from engine.check.oracles import interval
from engine.check.programs import apply
from engine.check.structure import Point
from engine.elementary import TABLE

BEYOND_DOUBLES = 2.0**-1022  # a derivative below this is no normal double, and may be lost
SHARE = 2.0**-60  # an enclosure that is wider than this, relatively, is not used


@dataclass(slots=True)
class Line:
    """One row's worst errors: of its value, of its derivatives, and of these per condition; and how many were lost."""

    name: str
    points: int = 0
    value: float = 0.0
    slope: float = 0.0
    conditioned: float = 0.0  # the worst of: ulp where they are at most 4, else ulp / (1 + kappa)
    lost: int = 0


def lines(points: int = 100, seed: int = 0, names: tuple[str, ...] = ()) -> Iterator[Line]:
    """Yield one line per row of the table, at so many hard points of its domain.

    >>> [line] = lines(20, names=("mul",))
    >>> line.name, line.points, line.value <= 0.5, line.lost
    ('mul', 20, True, 0)
    """
    for name in names or TABLE:
        yield _line(name, points, random.Random(f"{name} {seed}"))


def _line(name: str, points: int, rng: random.Random) -> Line:
    row, line = TABLE[name], Line(name)
    arity = 3 if row.arity is None else row.arity
    arity = 4 if name == "dot" else arity

    def f(*xs: object) -> object:
        return apply(name, *xs)

    for _ in range(20 * points):
        if line.points == points:
            break
        xs = tuple(hard(rng) for _ in range(arity))
        if row.kink is not None and row.kink(*xs) == 0:
            continue
        try:
            y = row.value(*xs)
        except (ArithmeticError, ValueError):
            continue
        if not math.isfinite(y):
            continue
        line.points += 1
        _measure(line, Case(f, f, Point(xs, f), interval(f, Point(xs, f)), list(row.partials(y, *xs))), y)
    return line


def _measure(line: Line, case: Case, y: float) -> None:
    assert case.truth.run is not None
    value = case.truth.run.outputs[0].value
    if value is not None:
        line.value = max(line.value, ulps_between(y, value.low, value.high))
    for i, claimed in enumerate(case.claims):
        low, high = case.truth.low[i], case.truth.high[i]
        if not high - low <= SHARE * abs(low):
            continue
        size = abs(low)
        ulps = ulps_between(claimed, low, high)
        if BEYOND_DOUBLES <= size <= sys.float_info.max and (claimed == 0 or not math.isfinite(claimed)):
            line.lost += 1
        elif math.isfinite(ulps):
            line.slope = max(line.slope, ulps)
            share = ulps if ulps <= 4 else min(ulps, ulps / (1 + (case.kappa(i) or 0.0)))
            line.conditioned = max(line.conditioned, share)


def hard(rng: random.Random) -> float:
    """Return a hard double: exponent and mantissa drawn as integers, or near an edge, or an ordinary one.

    >>> hard(random.Random(0)) == hard(random.Random(0))
    True
    """
    kind = rng.random()
    sign = rng.choice((1.0, -1.0))
    if kind < 0.35:
        return sign * rng.uniform(0, 4)
    if kind < 0.6:
        return sign * math.ldexp(rng.randrange(2**52, 2**53), rng.randint(-80, 12) - 52)
    if kind < 0.75:
        return sign * math.ldexp(rng.randrange(2**52, 2**53), rng.randint(-1074, 1023) - 52)
    if kind < 0.9:
        return sign * rng.choice((1.0, 2.0, 0.5, math.pi / 2, math.pi)) * (1 + rng.randint(-8, 8) * 2.0**-52)
    # Intervals have one zero only, so no -0.0 is drawn.
    return sign * rng.choice((0.0, 1.0, 2.0, 3.0, 20.0, 37.0, 40.0, 300.0, 710.0, 745.0, 1e6, 5e-324)) + 0.0


def text(points: int = 100) -> str:
    """Return the ulp table as text."""
    rows = [f"{'worst in ulp':16} {'points':>6} {'value':>8} {'gradient':>9} {'conditioned':>11} lost"]
    for line in lines(points):
        figures = f"{line.value:8.3g} {line.slope:9.3g} {line.conditioned:11.3g} {line.lost:4}"
        rows.append(f"{line.name:16} {line.points:6} {figures}")
    return "\n".join(rows)
