"""Is the formula right, whatever this evaluation of it lost? The question between inaccurate and wrong."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.check.case import Case
from engine.check.claims import exact_claims
from engine.check.fields import IntervalField, is_sharp, middle
from engine.check.precision import COARSER, claims_are_float32, explains
from engine.check.runs import Run, run, trials
from engine.check.structure import flat_numbers

VANISHED = 300  # bits: so much smaller 400 digits make a claim that is nothing but rounding
OVERFLOWED = 2.0**-400  # the same for a claim that is infinite or nan
SCALES: dict[str, tuple[float | None, ...]] = {
    "near": (0.96, 0.96, 1.04, 1.04),
    "nearer": (0.96, 1.04),  # and zeros move by less than any other number
    "far": (0.5, 0.125, 8.0, 0.03, None, None),  # None: of size 1
}
"""How far other points are -> what the numbers are multiplied by there."""

STAND_IN = 2.0**-10  # what stands for a number that is 0, of the smallest other one if that is meant
LEAST, LEAST_EXACT = 2.0**-200, 2.0**-1040  # smallest numbers, for gradients in doubles and for those of 400 digits
SMALL, LARGE = 2.0**-34, 2.0**-18  # relative: errors of doubles that need no excuse, and that excuse no other one
RIGHT = 2.0**-36  # about 1.5e-11: a formula that is nearer to the truth than this has a rounded constant, not a mistake


def formula_is_right(case: Case, i: int) -> bool | None:
    """Tell whether the gradient's formula is the derivative, whatever this evaluation of it lost; None: no telling."""
    truth = case.components[i].truth
    size = abs(truth)
    if case.formula is not None:
        error = abs(case.formula[i] - truth)
        claimed = abs(case.claims[i])
        vanished = case.components[i].is_zero and error * 2**VANISHED <= (claimed if claimed < math.inf else OVERFLOWED)
        if error <= RIGHT * size or vanished:
            return True
        # Lost in the formula itself, as inf - inf; or a constant that f and its gradient round differently is blown up
        # by cancellation: look elsewhere.
        lost = not error < math.inf or error <= 64 * case.noise[i]
        holds = _holds(case, i, "near") if lost else False
        return None if holds is False and explains(case, i) else holds
    error = abs(case.claims[i] - truth)
    if error <= 64 * case.textbook_noise[i] * _coarser(case):
        near, far = _holds(case, i, "near"), _holds(case, i, "far")
        return None if near is far is None else near is not False and far is not False
    # Lost altogether, as 1 - y*y is where y rounds to 1: then it is right where nothing is lost, and the loss is small.
    return _holds(case, i, "far") if error <= 2.0**-40 * _usual_size(case, i) else False


@dataclass(eq=False)
class Witness:
    """Another point: f's tape there, and what is true and claimed there."""

    case: Case
    numbers: list[float]
    run: Run

    @cached_property
    def truth(self) -> list[Any]:
        """The derivatives of all results, the middles of their enclosures; nan for what intervals do not tell."""
        enclosures, decided = self.run.jacobian(generic=True), self.run.is_decided
        return [middle(d) if decided and is_sharp(d) else d.low * math.nan for d in enclosures]

    @cached_property
    def claims(self) -> list[Any] | None:
        """The user's gradient: with 400 digits where it runs so, else in doubles; None where it has no value."""
        case = self.case
        try:
            if case.formula is not None:
                return exact_claims(case.grad, case.point, self.numbers)
            return [float(x) for x in flat_numbers(case.grad(*case.point.arguments(self.numbers)))]
        except Exception:  # people's code may not expect these numbers
            return None

    @cached_property
    def noise(self) -> list[Any]:
        """What rounding does to derivatives in the textbook's forms here."""
        found = trials(self.case.f, self.case.point, self.run, textbook=True, numbers=self.numbers)
        scale = self.case.unit * 2**53
        return [max(abs(t.jacobian[i] - truth) for t in found) * scale for i, truth in enumerate(self.truth)]


def _witnesses(case: Case, how_far: str) -> list[Witness]:
    """Return other points: a few percent off on both sides, or far: by factors, and of size 1."""
    if how_far not in case.elsewhere:
        case.elsewhere[how_far] = [w for w in _moved(case, how_far) if all(n.value is not None for n in w.run.outputs)]
    found: list[Witness] = case.elsewhere[how_far]
    return found


def _moved(case: Case, how_far: str) -> Iterator[Witness]:
    rng = random.Random(3)
    assert case.truth.run is not None
    bits = case.truth.run.tape.field.prec  # what was needed at the point itself
    scales = SCALES[how_far]
    smallest = min((abs(x) for x in case.point.numbers if x), default=1.0) if how_far == "nearer" else 1.0
    least = LEAST if case.formula is None else LEAST_EXACT
    if how_far == "nearer" and (all(case.point.numbers) or not least < smallest < 1):
        return  # these are the near points, or the gradient would underflow
    signs = [rng.choice((1, -1)) for _ in case.point.numbers]
    for scale in scales if case.is_short else scales[::2]:
        numbers = []
        signs = [-sign for sign in signs]  # zeros move to both sides, as there may be a kink between
        for x, sign in zip(case.point.numbers, signs, strict=True):
            factor = rng.uniform(0.98, 1.02)
            moved = math.copysign(factor * rng.uniform(0.5, 2), x) if scale is None else x * scale * factor
            numbers.append(moved or sign * factor * STAND_IN * smallest)
        try:
            yield Witness(case, numbers, run(case.f, case.point, IntervalField(bits), numbers=numbers))
        except Exception:  # people's code may not expect these numbers
            continue


def _coarser(case: Case) -> float:
    """Return how much coarser than doubles the gradient's numbers are."""
    return max(COARSER * 2.0**-53 / case.unit, 1.0) if claims_are_float32(case) else 1.0


def _usual_size(case: Case, i: int) -> Any:
    return max((abs(w.truth[i]) for w in _witnesses(case, "far")), default=0)


def holds_beside(case: Case, i: int) -> bool | None:
    """Tell whether the gradient is right at all of some points nearby; None where none of them tells."""
    tried, disagreements = _compared(case, i, "near", zeros=True)
    if disagreements == 0:
        more, disagreements = _compared(case, i, "nearer", zeros=True)
        tried += more
    return disagreements == 0 if tried else None


def _holds(case: Case, i: int, how_far: str) -> bool | None:
    """Tell whether the gradient agrees with the truth at most of some other points; None where none of them tells."""
    tried, disagreements = _compared(case, i, how_far)
    return 2 * disagreements < tried if tried else None


def _compared(case: Case, i: int, how_far: str, *, zeros: bool = False) -> tuple[int, int]:
    """Return how many of some other points tell whether a component is right, and at how many of these it is not.

    Where the truth is 0 a formula of digits tells only by being 0 as well; that counts where `zeros` is given.
    """
    disagreements = tried = 0
    for w in _witnesses(case, how_far):
        truth = abs(w.truth[i])
        if w.claims is None:
            continue
        off = abs(w.claims[i] - w.truth[i])
        agrees = allowed = RIGHT * truth
        if case.formula is None:
            agrees, allowed = _rooms(case, i, w, excuses=not zeros)
        if truth > allowed or (zeros and truth == 0):  # else rounding may hide any mistake there
            disagrees = not off <= allowed
            tried += disagrees or bool(off <= agrees)
            disagreements += disagrees
    return tried, disagreements


def _rooms(case: Case, i: int, w: Witness, *, excuses: bool) -> tuple[Any, Any]:
    """Return within what a gradient in doubles agrees with the truth at another point, and beyond what it does not.

    What excuses an error here as one of rounding is a point where rounding, and the error, are smaller than that.
    """
    truth, coarser = abs(w.truth[i]), _coarser(case)
    part = SMALL if coarser == 1 else 2.0**-18
    near = part * truth + 64 * w.noise[i] * coarser
    allowed = near + 2.0**-44 * _usual_size(case, i) * coarser
    if coarser > 1:
        return allowed, allowed
    if not excuses:
        return near, allowed
    c = case.components[i]
    error = abs(c.claimed - c.truth) / abs(c.truth) if c.truth and math.isfinite(c.claimed) else 1
    return min(max(error / 4, SMALL), LARGE) * truth, allowed
