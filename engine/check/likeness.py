"""Whether people's code does the same over the oracles' numbers as over doubles, and the same again when called again.

A branch on types, or what is remembered of an earlier call, would make another function of it: then a proof is one
about that other function. Random numbers, or sums that go on from call to call, make no function at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.check.fields import middle
from engine.check.runs import NotRunnable, Run, over_doubles, run, trials
from engine.check.structure import Point
from engine.check.tape import CONSTANT

UNLIKE = 2.0**-10  # of a result: by so much two ways to compute it may differ without a question
ROUNDING = 2.0**35  # times what rounding to doubles does: what rounding to float32 does, and 64 times that
ASIDE = (2.0**-6, 2.0**-12, 2.0**-30)  # how far, relatively, points are that tell whether f moves
REPEATED = 2.0**-20  # relative: by more two calls with the same arguments do not differ by rounding
BESIDE = 3 * 2.0**-9  # and one that differs from these


class Unlike(NotRunnable):
    """The function runs over the oracles' numbers, but does something else there than over doubles."""


class Remembers(Unlike):
    """The function hands out what it remembers of an earlier call, at other numbers."""


def aside(point: Point, step: float = BESIDE) -> list[float]:
    """Return the numbers of a point that is a step away, relatively."""
    return [x + step * (abs(x) or 1.0) for x in point.numbers]


def check_repeats(name: str, first: Sequence[float], second: Sequence[float]) -> None:
    """Raise a ValueError where two calls with the same arguments gave different numbers.

    >>> check_repeats("f", [1.0], [1.0 + 1e-12])
    >>> check_repeats("grad", [2.0, 3.0], [2.0, 6.0])
    Traceback (most recent call last):
    ...
    ValueError: grad gives 3.0 and then 6.0 for the same arguments: a sum that is not set back to 0, or random numbers?
    """
    for a, b in zip(first, second, strict=False):
        if abs(a - b) > REPEATED * max(abs(a), abs(b)):
            cure = "a sum that is not set back to 0, or random numbers?"
            raise ValueError(f"{name} gives {a!r} and then {b!r} for the same arguments: {cure}")


def check_likeness(f: Callable[..., Any], point: Point, found: Run, doubles: Sequence[float]) -> None:
    """Raise Unlike where a run of f gives other results than f gives over doubles, as a branch on types would have it.

    A result that depends on nothing is no proof of a derivative of 0 where f over doubles moves: then f remembers it.
    """
    if len(doubles) != len(found.outputs):
        raise Unlike(f"it returns {len(found.outputs)} number(s) there, and {len(doubles)} over doubles")
    constant = [k for k, node in enumerate(found.outputs) if node.index == CONSTANT and node.value is not None]
    if constant:
        _check_constants(f, point, found, doubles, constant)
    far = [k for k, y in enumerate(doubles) if _distance(found.outputs[k].value, y) > UNLIKE * abs(y) + 2.0**-1000]
    if not far:
        return
    noisy = trials(f, point, found)
    for k in far:
        value = middle(found.outputs[k].value)
        others = [trial.outputs[k] for trial in noisy if k < len(trial.outputs)]
        scattered = max((abs(other - value) for other in others if other is not None), default=0)
        if _distance(found.outputs[k].value, doubles[k]) > ROUNDING * scattered:
            raise Unlike(f"it gives {value.context.nstr(value, 12)} there, and {doubles[k]!r} over doubles")


def _check_constants(
    f: Callable[..., Any], point: Point, found: Run, doubles: Sequence[float], which: Sequence[int]
) -> None:
    """Raise Unlike where results that depend on nothing are remembered ones: over doubles they move on both sides.

    The constant of one branch, as 0 in relu, stays the same on one side, and jumps move by as much for any step. With a
    tie f may be defined apart at just this point; what is remembered for all points nearby stands still there.
    """
    moved = []
    for side in (1, -1):
        try:
            wide, narrow, _, still = (
                over_doubles(f, point, aside(point, side * step)) for step in (*ASIDE[:2], 0.0, ASIDE[2])
            )
        except Exception:  # f has no value there
            return
        if not len(wide) == len(narrow) == len(still) == len(doubles):
            return
        moved.append(
            {
                k: still[k] == doubles[k] and _would_show(wide[k] - doubles[k], narrow[k] - doubles[k], doubles[k])
                for k in which
                if narrow[k] not in (doubles[k], wide[k])
            }
        )
    both = moved[0].keys() & moved[1].keys()
    if not both:
        return
    tied = any(s.tied for s in found.tape.switches)
    if not tied or any(moved[0][k] and moved[1][k] for k in both):
        raise Remembers("it returns what it remembers of an earlier call")
    run(f, point, found.tape.field, numbers=aside(point, BESIDE))  # NotRunnable where it was the memory that ran
    again = run(f, point, found.tape.field)  # with another memory
    if any(again.outputs[k].index != CONSTANT for k in both):
        raise Remembers("it returns what it remembers of an earlier call")


def _would_show(wide: float, narrow: float, value: float) -> bool:
    """Tell whether doubles show the third of three moves of f, each a power smaller than the one before by as much."""
    smallest = abs(narrow) * abs(narrow / wide) ** 3 if wide else 0.0
    return smallest > 2.0**-48 * abs(value)


def _distance(value: Any, y: float) -> Any:
    """Return the distance of a double from a number or an interval; 0 where one of them is undefined or infinite."""
    if value is None or y - y != 0:
        return 0
    low, high = (value.low, value.high) if hasattr(value, "low") else (value, value)
    distance = max(low - y, y - high, 0)
    return distance if distance - distance == 0 else 0


def check_remembered(grad: Callable[..., Any], point: Point, found: Sequence[float]) -> None:
    """Raise Unlike where a gradient of plain numbers is the one in doubles, and moves there."""
    try:
        here = over_doubles(grad, point)
        sides = [[over_doubles(grad, point, aside(point, side * step)) for step in ASIDE[:2]] for side in (1, -1)]
    except Exception:  # it has no value there
        return
    if here == list(found) and all(here != narrow != wide for wide, narrow in sides):
        raise Remembers("it returns what it remembers of an earlier call")
