"""Is the formula right, whatever this evaluation of it lost? The question between inaccurate and wrong."""

from __future__ import annotations

import math
import random
from typing import Any

from engine.check.case import Case
from engine.check.fields import FIFTY_DIGITS, IntervalField
from engine.check.runs import NotRunnable, Run, exact_claims, noisy_runs, run
from engine.check.structure import flat_numbers

ZERO = 2.0**-700  # a formula of 400 digits that is nearer to a truth of 0 is right
RIGHT = 2.0**-36  # about 1.5e-11: a formula that is nearer to the truth than this has a rounded constant, not a mistake


def formula_is_right(case: Case, i: int) -> bool:
    """Tell whether the gradient's formula is the derivative, whatever this evaluation of it lost."""
    truth = case.components[i].truth
    size = abs(truth)
    if case.formula is not None:
        error = abs(case.formula[i] - truth)
        sizes = [abs(case.truth.middle(k)) for k in range(len(case.claims))]
        largest = max((s for s in sizes if s < math.inf), default=0)
        is_zero = case.components[i].low <= 0 <= case.components[i].high
        if error <= RIGHT * size or (is_zero and error <= max(largest / 2**300, ZERO)):
            return True
        if not error < math.inf:  # lost in the formula itself, as inf - inf
            return not _persists(case, i, far=False)
        # A constant that f and its gradient round differently may be blown up by cancellation: look elsewhere.
        return bool(error <= 64 * case.noise[i]) and not _persists(case, i, far=False)
    error = abs(case.claims[i] - truth)
    if error <= 64 * case.textbook_noise[i]:
        return not _persists(case, i, far=False) and not _persists(case, i, far=True)
    # Lost altogether, as 1 - y*y is where y rounds to 1: then it is right where nothing is lost, and the loss is small.
    return bool(error <= 2.0**-40 * _usual_size(case, i)) and not _persists(case, i, far=True)


def _moved(case: Case, *, far: bool) -> list[tuple[list[float], Run]]:
    """Return other points, with f's tape there: nearer to 0 by a few percent, or far: by factors, and of size 1."""
    rng = random.Random(3)
    found = []
    for scale in (0.5, 0.125, 0.03, 8.0, None, None) if far else (0.96,) * 4:
        numbers = []
        for x in case.point.numbers:
            factor = rng.uniform(0.98, 1.02)
            moved = math.copysign(factor * rng.uniform(0.5, 2), x) if scale is None else x * scale * factor
            numbers.append(moved or factor * 2**-10)
        try:
            other = run(case.f, case.point, IntervalField(FIFTY_DIGITS), numbers=numbers)
        except (ArithmeticError, ValueError):
            continue
        if all(node.value is not None for node in other.outputs):
            found.append((numbers, other))
    return found


def _usual_size(case: Case, i: int) -> Any:
    k, j = divmod(i, case.width)
    return max((abs(_middle(other.gradient(k)[j])) for _, other in _moved(case, far=True)), default=0)


def _middle(x: Any) -> Any:
    return (x.low + x.high) / 2


def _persists(case: Case, i: int, *, far: bool) -> bool:
    """Tell whether the gradient disagrees with the truth at half of some other points too, beyond any rounding."""
    k, j = divmod(i, case.width)
    disagreements = tried = 0
    usual = _usual_size(case, i) if case.formula is None else 0
    for numbers, other in _moved(case, far=far):
        truth = _middle(other.gradient(k)[j])
        try:
            if case.formula is not None:
                claim, allowed = exact_claims(case.grad, case.point, numbers)[i], RIGHT * abs(truth)
            else:
                claim = float(flat_numbers(case.grad(*case.point.arguments(numbers)))[i])
                noisy = noisy_runs(case.f, case.point, other, textbook=True, numbers=numbers)
                noise = max(abs(r.gradient(k)[j] - truth) for r in noisy) * (case.unit * 2**53)
                allowed = 2.0**-34 * abs(truth) + 2.0**-44 * usual + 64 * noise
        except (NotRunnable, ArithmeticError, ValueError):
            continue
        if abs(truth) > allowed:  # else rounding may hide any mistake there
            tried += 1
            disagreements += not abs(claim - truth) <= allowed
    return 0 < tried <= 2 * disagreements
