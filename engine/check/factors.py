"""Constant factors between a gradient and the truth: whether there is one, and in words where it may come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from engine.check.seen import seen_by

FACTOR_NEAR = 1e-11  # by so much a constant ratio may vary
ROUNDING = 2.0**-44  # of the largest claim: what smaller ones may have lost in sums
UNSURE = 2.0**-6  # a ratio that is known no better tells nothing
SURE = 3.0  # times the error of an estimate
LARGEST = 1000  # n of a factor n or 1/n


def ratio_of(
    claims: Sequence[float],
    truth: Sequence[float],
    part: Sequence[int],
    near: float = FACTOR_NEAR,
    errors: Sequence[float] | None = None,
) -> float | None:
    """Return the one factor between claims and truth, None where there is none.

    near tells by how much of itself it may vary, errors how far the truth may be off where it is an estimate.

    >>> ratio_of([2.0, 4.0], [1.0, 2.0], [0, 1])
    2.0
    >>> ratio_of([2.0, 5.0], [1.0, 2.0], [0, 1]) is None
    True
    >>> ratio_of([2.0, 4.0, 1e-16], [1.0, 2.0, 0.0], [0, 1, 2])
    2.0
    >>> ratio_of([2.0, 4.0], [1.0, 2.001], [0, 1], errors=[0.001, 0.001])
    2.0
    """
    lead = max(part, key=lambda i: abs(truth[i]))
    if not truth[lead] or not claims[lead]:
        return None
    ratio = claims[lead] / truth[lead]
    if not ratio or not math.isfinite(ratio):
        return None
    error = errors or [0.0] * len(truth)
    near = max(near, SURE * error[lead] / abs(truth[lead]))
    if near > UNSURE:
        return None
    lost = ROUNDING * abs(claims[lead])  # where the truth is 0, say, and sums of doubles are not
    room = [near * max(abs(ratio), 1) * abs(truth[i]) + SURE * abs(ratio) * error[i] + lost for i in part]
    if any(abs(claims[i] - ratio * truth[i]) > r for i, r in zip(part, room, strict=True)):
        return None
    return ratio if near == FACTOR_NEAR else _simplified(ratio, near)


def _simplified(ratio: float, near: float) -> float:
    """Return n, 1/n or the nearest other fraction, if a ratio that is not known well may be that."""
    whole, part = round(ratio), round(1 / ratio)
    candidates = [float(whole), 1 / part if part else 0.0, float(Fraction(ratio).limit_denominator(LARGEST))]
    return next((simple for simple in candidates if simple and abs(simple - ratio) <= near * abs(ratio)), ratio)


def is_simple(ratio: float) -> bool:
    """Tell whether a factor is n or 1/n, with n from 2 to 1000.

    >>> is_simple(0.125), is_simple(-3.0), is_simple(1.5)
    (True, True, False)
    """
    if not math.isfinite(ratio):
        return False
    nearest = Fraction(ratio).limit_denominator(LARGEST)
    one, n = sorted((abs(nearest.numerator), nearest.denominator))
    return one == 1 < n <= LARGEST and abs(float(nearest) - ratio) <= 1e-12 * abs(ratio)


def factor_words(ratio: float, where: str, sizes: dict[int, str]) -> str:
    """Return a constant factor in words: a sign, 2, the number of samples, or just the factor.

    >>> factor_words(0.25, "everywhere", {4: "X has length 4"})
    '1/4 of the truth everywhere: divided by 4 once too often, or not multiplied by it (X has length 4)'
    >>> factor_words(1.001, "everywhere", {}), factor_words(1 + 1e-9, "everywhere", {})  # doctest: +ELLIPSIS
    ('1.001 times the truth everywhere: ...', '(1 + 1e-09) times the truth everywhere: ...')
    """
    if abs(ratio + 1) < 1e-9:
        return f"the sign is wrong {where}" if where == "everywhere" else f"{where} the truth with the wrong sign"
    place = f"of the truth {where}" if where == "everywhere" else "of the truth"
    start = "" if where == "everywhere" else f"{where} "
    if abs(ratio - 2) < 1e-9:
        return f"{start}twice {'the truth everywhere' if not start else 'the truth'}: a factor 2 too much"
    if abs(ratio - 0.5) < 1e-9:
        return f"{start}half {place}: a factor 2 is missing"
    if is_simple(ratio):
        nearest = Fraction(ratio).limit_denominator(LARGEST)
        n = max(abs(nearest.numerator), nearest.denominator)
        hint = f" ({sizes[n]})" if n in sizes else ""
        sign = "minus " if ratio < 0 else ""
        if nearest.denominator == 1:
            times = f"{start}{sign}{n} times the truth{'' if start else ' everywhere'}"
            return f"{times}: a division by {n} is missing{hint}"
        return f"{start}{sign}1/{n} {place}: divided by {n} once too often, or not multiplied by it{hint}"
    for n, hint in sizes.items():
        for m, other in sizes.items():
            if abs(ratio * m - n) < 1e-12 * n:
                return f"{start}{n}/{m} {place}: divided by {m} ({other}) where {n} is needed ({hint})"
        for exact, how in ((math.sqrt(n), "a division by"), (1 / math.sqrt(n), "a factor of")):
            if abs(ratio - exact) < 1e-12 * exact:
                return f"{start}{ratio:.6g} {place}: {how} the root of {n} is missing ({hint})"
    return f"{start}{_decimal(ratio)} times the truth{'' if start else ' everywhere'}: a constant factor is wrong"


def _decimal(ratio: float) -> str:
    """Return a ratio with six digits, or as a short number and what it is off by, where six digits do not show that.

    >>> _decimal(1.001), _decimal(1 - 1e-9), _decimal(2 + 2e-8)
    ('1.001', '(1 - 1e-09)', '(2 + 2e-08)')
    """
    short = float(f"{ratio:.3g}")
    off = ratio - short
    if abs(ratio) * 1e-12 < abs(off) < abs(ratio) * 1e-5:
        return f"({short:g} {'+' if off > 0 else '-'} {abs(off):.3g})"
    return f"{ratio:.6g}"


def sizes_of(f: Callable[..., Any]) -> dict[int, str]:
    """Return the lengths of the arrays that a function can see, with words for each: candidates for n.

    >>> from functools import partial
    >>> sizes_of(partial(max, data=[1.0, 2.0, 3.0]))
    {3: 'data has length 3'}
    """
    found: dict[int, str] = {}
    for name, thing in seen_by(f):
        shape = getattr(thing, "shape", None) or ((len(thing),) if isinstance(thing, (list, tuple)) else ())
        if not isinstance(shape, tuple):
            continue
        for axis, n in enumerate(shape):
            if n > 2:
                found.setdefault(n, f"{name} has length {n}" if len(shape) == 1 else f"{name}.shape[{axis}] is {n}")
    return found
