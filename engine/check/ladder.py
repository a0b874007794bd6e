"""The derivative of a black box in doubles, with an error bound from extrapolation and from measured noise.

No step suits every function. So each derivative is estimated on several ladders of steps, from wide to narrow; each
estimate has a bound of its own, from what the extrapolation still changes and from what the noise can do; and it
counts only if another ladder agrees with it. What remains open is called inconclusive, never wrong.

Sources: L. F. Richardson, 1911; C. J. F. Ridders, Accurate computation of F'(x) and F'(x) F''(x), 1982 (the triangle);
J. J. More and S. M. Wild, Estimating computational noise, 2011 (the difference table).

Glossary
--------
h: step.  rung: one step of a ladder; each is half of the one before.
central: (f(x + h) - f(x - h)) / (2 h).  gap: the forward difference minus the backward one; h f'' where f is smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

RUNGS = 4
STARTS = (2.0**-5, 2.0**-9, 2.0**-13, 2.0**-1, 2.0**-17, 2.0**-23)  # the first steps of the ladders, relative to x
UNIT = 2.0**-53
PLATEAU = 2.0**-33  # by so much f may have moved without a trace: numbers of size 1 inside, and a condition of 2**20
SMALLEST = 5e-324  # the smallest double
ENOUGH = 2.0**-20  # two ladders that agree to this, relatively, need no third
SPREADS = (1.0, 2.0**10, 2.0**20)  # of the points at which noise is measured, until f is seen to move
LOUD = 2.0**-20  # noise that is more than this share of f is none that a ladder can climb over
DECENT = 2.0**-10  # an estimate with such a bound, relatively, is evidence

Function = Callable[[Sequence[float]], Sequence[float]]
Moved = Callable[[float], Sequence[float]]
"""The results of f, as a function of the one number that moves."""


@dataclass(frozen=True)
class Estimate:
    """A derivative and a bound of its error; `kink` tells that the two sides of the point have different slopes."""

    value: float
    bound: float
    kink: bool = False
    sides: tuple[float, float] = (0.0, 0.0)


def noise_of(f: Function, x: Sequence[float]) -> list[float]:
    """Return the noise of every result of f near x: the standard deviation of what rounding makes of it.

    >>> noise_of(lambda x: [math.exp(x[0])], [1.0])[0] < 1e-14
    True
    >>> noise_of(lambda x: [round(x[0], 6)], [math.pi])[0] > 1e-8  # stairs
    True
    """
    rows = _neighbours(f, x, SPREADS[0])
    if any(isinstance(row, _Nans) for row in rows):  # f has no value beside x: nothing can be measured
        return [math.inf] * max(len(row) for row in rows)
    columns = list(zip(*rows, strict=True))
    # Where f has not moved, rounding may have made stairs of it, as float32 does: then look further.
    for spread in SPREADS[1:]:
        still = [k for k, values in enumerate(columns) if len(set(values)) <= 2]
        wider = _neighbours(f, x, spread) if still else []
        if not wider or any(isinstance(row, _Nans) for row in wider):
            break
        for k in still:
            columns[k] = tuple(row[k] for row in wider)
    noises = []
    for values in columns:
        floor = max(max(map(abs, values)) * UNIT, SMALLEST)  # what underflows is off by so much, too
        noises.append(max(_noise_of_table(list(values)), floor) if all(map(math.isfinite, values)) else math.inf)
    return noises


def _neighbours(f: Function, x: Sequence[float], spread: float) -> list[Sequence[float]]:
    """Return the results at nine points in a row: multiples of a small step, another one for each number."""
    steps = [_tiny(v) * spread * (1 + 0.37 * (i % 7)) for i, v in enumerate(x)]
    return [_safe(f, [v + k * h for v, h in zip(x, steps, strict=True)]) for k in range(-4, 5)]


def _tiny(v: float) -> float:
    return max(abs(v) * 2.0**-46, 2.0**-60 if v == 0 else 0.0, 5e-324)


def _noise_of_table(values: list[float]) -> float:
    """Return the noise by the difference table: differences of order 3 to 6 of a smooth function hold only noise."""
    found = []
    for order in range(1, 7):
        values = [b - a for a, b in pairwise(values)]
        if order >= 3:
            scale = math.factorial(order) ** 2 / math.factorial(2 * order)
            found.append(math.sqrt(scale * sum(d * d for d in values) / len(values)))
    return max(found)


def estimate(f: Moved, x: float, noise: Sequence[float], stretch: float = 1.0) -> list[Estimate]:
    """Return the derivative of every result of f at x; stretch multiplies all steps.

    >>> e = estimate(lambda x: [math.sin(x)], 1.0, [1e-16])[0]
    >>> abs(e.value - math.cos(1.0)) <= e.bound < 1e-10
    True
    >>> estimate(lambda x: [abs(x)], 0.0, [0.0])[0].kink
    True
    """
    center = _safe(f, x)
    scale = abs(x) or 1.0
    ladders: list[list[Estimate]] = []
    starts = [stretch * start for start in STARTS]
    for start in starts:
        ladders.append(_climb(f, x, scale * start, center, noise))
        if len(ladders) > 1 and all(_settled(found) for found in zip(*ladders, strict=True)):
            break
    else:
        if abs(x) < 2.0**-6:  # a small number may have a large scale
            ladders += [_climb(f, x, start, center, noise) for start in starts[:3]]
    return [_best(found) for found in zip(*ladders, strict=True)]


def _climb(f: Moved, x: float, h: float, center: Sequence[float], noise: Sequence[float]) -> list[Estimate]:
    """Return the estimates of one ladder, with the first step h."""
    pairs = []
    lost = min(abs(x), math.ulp(h)) if h > abs(x) else 0.0  # of x, in the rounding of x + h
    for rung in range(RUNGS):
        up, down = x + h / 2**rung, x - h / 2**rung
        pairs.append((up - x, x - down, _safe(f, up), _safe(f, down)))
    return [
        _triangle([(a, b, up[k], down[k]) for a, b, up, down in pairs], center[k], noise[k], lost)
        for k in range(len(center))
    ]


def _safe(f: Callable[[Any], Sequence[float]], x: Any) -> Sequence[float]:
    try:
        return f(x)
    except (ArithmeticError, ValueError):
        return _Nans()


class _Nans(Sequence[float]):
    """What a function gives outside its domain: as many nans as are asked for."""

    def __getitem__(self, index: object) -> float:  # type: ignore[override]  # no slices are taken
        return math.nan

    def __len__(self) -> int:
        return 1


def _triangle(rungs: list[tuple[float, float, float, float]], center: float, noise: float, lost: float) -> Estimate:
    """Extrapolate the central differences of one ladder to h = 0."""
    if any(not math.isfinite(v) or a == 0 or b == 0 for a, b, up, down in rungs for v in (up, down)):
        return Estimate(math.nan, math.inf)
    row = [(up - down) / (a + b) for a, b, up, down in rungs]
    smallest = min(rungs[-1][:2])
    if all(up == down for *_, up, down in rungs) and any(up == center for *_, up, _ in rungs):
        # A plateau: f is constant here, or rounding made it so, inside, where nothing of it can be measured.
        return Estimate(0.0, 4 * max(noise, PLATEAU) / min(rungs[0][:2]))
    size = max(abs(center), *(abs(v) for *_, up, down in rungs for v in (up, down)))
    if noise > LOUD * size:
        return Estimate(math.nan, math.inf)  # is it noise, or does f oscillate between two doubles?
    noise = max(noise, UNIT * size)
    rounding = 4 * noise / smallest
    steepest = max(map(abs, row))
    best, error = row[0], math.inf
    factor = 4.0
    while len(row) > 1:
        following = [(factor * fine - coarse) / (factor - 1) for coarse, fine in pairwise(row)]
        # What one more extrapolation changes tells how far the one before was off.
        for k, value in enumerate(following):
            changed = max(abs(value - row[k + 1]), abs(value - row[k]) / 64)
            if changed < error:
                best, error = value, changed
        row, factor = following, 4 * factor
    narrow, wide = _gap(rungs[-1], center), _gap(rungs[0], center)
    sides = ((center - rungs[-1][3]) / rungs[-1][1], (rungs[-1][2] - center) / rungs[-1][0])
    kink = abs(narrow) > 0.5 * abs(wide) and abs(narrow) > 20 * rounding and abs(narrow) > 1e-3 * max(map(abs, sides))
    if not kink and error > steepest / 8 and steepest > 5 * rounding:
        return Estimate(math.nan, math.inf)  # no step is fine enough for f: it oscillates, or has a pole
    # A step up that is not the step down, by rounding, brings in a share of the second derivative, which is gap / h.
    uneven = max(abs(_gap(r, center) * (r[0] - r[1]) / (r[0] + r[1])) for r in rungs) + lost * abs(narrow) / smallest
    return Estimate(best, 4 * error + rounding + 2 * uneven, kink, sides)


def _gap(rung: tuple[float, float, float, float], center: float) -> float:
    above, below, up, down = rung
    return (up - center) / above - (center - down) / below


def _agree(a: Estimate, b: Estimate) -> bool:
    return abs(a.value - b.value) <= a.bound + b.bound


def _settled(found: Sequence[Estimate]) -> bool:
    a, b = sorted(found, key=lambda e: e.bound)[:2]
    close = max(a.bound, b.bound) <= ENOUGH * (abs(a.value) or 1)
    return _agree(a, b) and close and not (a.kink or b.kink)


def _best(found: Sequence[Estimate]) -> Estimate:
    """Return the estimate with the smallest bound that another ladder agrees with; no bound at all where none does.

    Narrow ladders may agree on a stair of a function that rounding has made one, which wider ladders contradict: then
    the noise was not what it was measured to be, and the bound takes in what they say.
    """
    ordered = sorted((e for e in found if e.bound < math.inf), key=lambda e: e.bound)
    kinks = [e for e in found if e.kink]
    if kinks and found[-1].kink:  # narrow ladders see it too
        return kinks[-1]
    for k, e in enumerate(ordered[:-1]):
        others = [o for o in ordered[k + 1 :] if _agree(e, o)]
        if others and not e.kink:
            # Bounds are estimates: the distance to the nearest witness widens them.
            witness = min(abs(e.value - o.value) for o in others[:2])
            against = [o for o in ordered if o.bound <= DECENT * abs(o.value) and not _agree(e, o)]
            return Estimate(e.value, max(e.bound, witness, *(abs(e.value - o.value) for o in against)))
    return Estimate(math.nan, math.inf)
