"""What speaks against calling a claim about a black box wrong, although a ladder of steps says so.

The bound of a ladder is an estimate, from the noise that was seen. What f loses inside leaves no trace in its values,
and steps that are powers of two are all rounded alike: log1p(h) - h seems to have the slope 2e-17 at 0. So a claim is
wrong only if ladders of other steps say so, too, and if nothing else explains it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from engine.check.blackbox import Doubles, nearby
from engine.check.ladder import Estimate, estimate, noise_of
from engine.check.structure import Point, flat_numbers

STRETCHES = (1.2345678, 0.7071067, 0.0123456)  # of the steps of other ladders, none a power of 2; slopes may diverge
SURE = 12.0  # times the bound of an estimate: a claim that is further off is wrong
GROSS = 4.0  # times the slope that was seen: a claim that is larger may be that of something narrower than all steps
SEEN = 2.0**10  # times the noise of f: by so much f must move for its slope to be seen
ORDINARY = (2.0**-20, 2.0**20)  # the sizes of numbers at which little is lost inside
UNDERFLOWS = 2.0**-700  # a slope below this may be a product of which a part was 0 to doubles


def is_refuted(
    f: Callable[..., Any], grad: Callable[..., Any], point: Point, i: int, claimed: float, found: Estimate
) -> bool:
    """Tell whether a claim about the flat derivative i, which a ladder calls wrong, is wrong beyond doubt."""
    if max(abs(claimed), abs(found.value)) < UNDERFLOWS:
        return False
    doubles, width = Doubles(f, point), len(point.numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        noises = noise_of(doubles, point.numbers)
        columns, x = doubles.moved(i % width), point.numbers[i % width]
        others = [estimate(columns, x, noises, stretch)[i // width] for stretch in STRETCHES]
        if not _agree([found, *others], claimed, _scatter(grad, point, i, claimed)):
            return False
        if abs(claimed) <= GROSS * (abs(found.value) + found.bound):
            return True
        moved = lambda v: columns(v)[i // width]  # noqa: E731 - the one result that is looked at
        hidden = _is_too_narrow(moved, x, claimed, noises[i // width]) or _is_lost(moved, x, point.numbers)
    return not hidden


def _scatter(grad: Callable[..., Any], point: Point, i: int, claimed: float) -> float:
    """Return how far claims at neighbouring points are from the one that is judged."""
    distances = [0.0]
    for numbers in nearby(point.numbers):
        try:
            distances.append(abs(float(flat_numbers(grad(*point.arguments(numbers)))[i]) - claimed))
        except Exception:  # people's code may not expect these numbers
            continue
    return max(distances)


def _agree(estimates: Sequence[Estimate], claimed: float, scatter: float) -> bool:
    """Tell whether all ladders say that a claim is wrong, which itself scatters by so much over neighbouring points."""
    slopes = [e.value for e in estimates]
    room = max(slopes) - min(slopes) + scatter
    if not room < math.inf or any(e.kink for e in estimates):
        return False
    return all(abs(claimed - e.value) > SURE * (e.bound + room) + 2.0**-34 * abs(e.value) for e in estimates)


def _is_too_narrow(f: Callable[[float], float], x: float, claimed: float, noise: float) -> bool:
    """Tell whether f may have the claimed slope in a neighbourhood of x that is narrower than the steps of ladders."""
    h = SEEN * noise / abs(claimed)
    if x and h > abs(x) / 16:
        return abs(x) < ORDINARY[0]  # over a small number's own size, such a slope cannot be seen
    above, below = x + h, x - h
    if above == below:
        return False
    try:
        slope = (f(above) - f(below)) / (above - below)
    except Exception:  # f has no value there, or people's code does not expect it
        return True
    return not abs(slope - claimed) > abs(claimed) / 4


def _is_lost(f: Callable[[float], float], x: float, numbers: Sequence[float]) -> bool:
    """Tell whether f does not move at x, though it does elsewhere, by the rounding of numbers that are far from 1."""
    if all(v == 0 or ORDINARY[0] <= abs(v) <= ORDINARY[1] for v in numbers):
        return False
    here = f(x)
    if any(_value(f, x + k * 2.0**-26 * (abs(x) or 1.0)) != here for k in range(-4, 5)):
        return False
    largest = max(1.0, *map(abs, numbers))
    far = [
        -x,
        *(s * v for v in (1.0, 1e6, 3 * largest, 1e6 * largest, x * 2**-10, x / 2, x * 2, x * 2**10) for s in (1, -1)),
    ]
    return any(_value(f, v) not in (here, None) for v in far if math.isfinite(v))


def _value(f: Callable[[float], float], x: float) -> float | None:
    try:
        value = f(x)
    except Exception:  # f has no value there, or people's code does not expect it
        return None
    return value if value == value else None
