"""Whether float32 has a part in a gradient: in its claims, or in the data and constants that its code sees.

A constant that was computed in float32, such as G = A.T @ A, is off by a relative 1e-8 to 1e-7, and no run with 400
digits can tell that from a mistake of this size.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Iterator
from types import CodeType
from typing import Any

from engine.check.case import Case
from engine.check.seen import is_own, names_in, seen_by

COARSER = 2.0**29  # float32's rounding, in that of doubles
MOST_SEEN = 500  # things that are looked at
COMPARED = 50  # components that may be off by one factor
SAME = 2.0**-10  # relative errors that differ by less are one factor


def explains(case: Case, i: int) -> bool:
    """Tell whether float32 constants may be what a formula of 400 digits is off by in component i.

    They are not where all components are off by one factor.
    """
    assert case.formula is not None
    error = abs(case.formula[i] - case.components[i].truth)
    room = 64 * COARSER * max(case.noise[i] * 2.0**-53 / case.unit, 2.0**-53 * abs(case.components[i].truth))
    if not error <= room or not sees_float32(case.f, case.grad):
        return False
    pairs = [(x, c.truth) for x, c in zip(case.formula, case.components, strict=True) if 0 < abs(c.truth) < math.inf]
    ratios = [(x - truth) / truth for x, truth in pairs[:COMPARED]]
    return len(ratios) < 2 or max(ratios) - min(ratios) > SAME * max(map(abs, ratios))


def claims_are_float32(case: Case) -> bool:
    """Tell whether a gradient was computed in float32, though it may have been returned as float64."""
    if not all(map(_is_float32, case.claims)):
        return False
    return case.unit > 2.0**-53 or sees_float32(case.f, case.grad, case.point.at)


def _is_float32(x: float) -> bool:
    try:
        return x != x or bool(struct.unpack("f", struct.pack("f", x))[0] == x)
    except OverflowError:
        return False


def sees_float32(*things: Any) -> bool:
    """Tell whether float32 numbers are among some things, or among what functions find by their names, or call.

    >>> import numpy as np
    >>> sees_float32([1.0, np.ones(3, dtype=np.float32)]), sees_float32(abs, [1.0, np.ones(3)])
    (True, False)
    """
    open_, seen = deque(things), set[int]()
    while open_ and len(seen) < MOST_SEEN:
        thing = open_.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if str(getattr(thing, "dtype", "")) in ("float32", "float16"):
            return True
        open_ += _inside(thing)
        code = getattr(thing, "__code__", None)
        if isinstance(code, CodeType) and is_own(thing) and _names_float32(code):
            return True
    return False


def _inside(thing: Any) -> Iterator[Any]:
    """Yield what a thing holds: a function's variables and defaults, a container's items, an object's attributes."""
    if isinstance(thing, dict):
        yield from list(thing.values())[:MOST_SEEN]
    elif isinstance(thing, (list, tuple)):
        yield from thing[:20]
    elif callable(thing):
        yield from (held for _, held in seen_by(thing))
    elif is_own(type(thing)):
        yield from list(getattr(thing, "__dict__", {}).values())[:MOST_SEEN]


def _names_float32(code: CodeType) -> bool:
    return any(name in ("float32", "float16", "single", "half", "f4") for name in names_in(code))
