"""A gradient that is to be judged: what is claimed, what is true, and what rounding may do to it.

Glossary
--------
ulp: unit in the last place of the truth. unit: half of the one of 1.0, 2**-53, or 2**-24 for float32.
kappa_i: sum_j |x_j d2f/dx_i dx_j| / |df/dx_i|, by how much a relative error in x grows in the derivative.
noise: what the derivative scatters by when every operation of f and of its derivative is rounded to doubles at random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.check.claims import exact_claims
from engine.check.fields import RealField
from engine.check.oracles import Truth
from engine.check.runs import LONG, NotRunnable, Trial, run, trials
from engine.check.structure import Point

LINEAR = 2.0**-16  # a relative change of a derivative over a step that is small enough
CONDITION_BITS = 2000  # for kappa, and more for small numbers: a quarter of them go to the step

Base = tuple[RealField, list[Any], list[Any]]
"""What kappa's differences start from: numbers of many digits, the gradient in them, and its errors."""


@dataclass(slots=True)
class Component:
    """One component of a gradient, and what is said of it."""

    name: str
    claimed: float
    truth: Any
    low: Any
    high: Any
    ulps: float
    verdict: str = "ok"
    why: str = ""
    kappa: float | None = None

    @property
    def is_zero(self) -> bool:
        """Whether the truth is 0 to doubles."""
        return bool(self.low <= 0 <= self.high or 2 * abs(self.truth) <= 2.0**-1074)


@dataclass(eq=False)
class Case:
    """One gradient to be judged: the functions, the point, what is claimed and what is true."""

    f: Callable[..., Any]
    grad: Callable[..., Any]
    point: Point
    truth: Truth
    claims: list[float]
    unit: float = 2.0**-53
    order: int = 1
    components: list[Component] = field(default_factory=list)
    elsewhere: dict[str, Any] = field(default_factory=dict)  # what `engine.check.formula` saw at other points

    @property
    def width(self) -> int:
        """The number of variables: component k * width + i is the derivative of result k by variable i."""
        return len(self.point.numbers)

    @property
    def is_short(self) -> bool:
        """Whether f takes so few operations that it may be run dozens of times."""
        return self.truth.run is None or self.truth.run.tape.operations < LONG

    @cached_property
    def trials(self) -> list[Trial]:
        """What f gives in noisy doubles."""
        assert self.truth.run is not None
        return trials(self.f, self.point, self.truth.run)

    @cached_property
    def noise(self) -> list[Any]:
        """What rounding does to each derivative, the largest of several trials."""
        return scatter(self.truth, self.trials, self.unit)

    @cached_property
    def textbook_noise(self) -> list[Any]:
        """The same where derivatives are computed in forms that cancel, such as 1 - y*y."""
        assert self.truth.run is not None
        return scatter(self.truth, trials(self.f, self.point, self.truth.run, textbook=True), self.unit)

    @cached_property
    def formula(self) -> list[Any] | None:
        """The user's gradient with 400 digits, or None where it runs on doubles only."""
        try:
            found = exact_claims(self.grad, self.point)
        except NotRunnable:
            return None
        return found if len(found) == len(self.claims) else None

    @cached_property
    def _proved(self) -> Base:
        """The truth itself, with its errors: what does not show beside these counts as 0."""
        assert self.truth.run is not None
        middles = [self.truth.middle(i) for i in range(self.width)]
        widths = [high - low for low, high in zip(self.truth.low, self.truth.high, strict=True)]
        return RealField(self.truth.run.tape.field.prec), middles, widths

    @cached_property
    def _fine(self) -> Base:
        """The gradient in enough digits for a step of the smallest number, times another as small, to show beside 1."""
        field = RealField(CONDITION_BITS + 2 * max(abs(math.frexp(x)[1]) for x in self.point.numbers))
        return field, run(self.f, self.point, field).gradient(), [0] * self.width

    def kappa(self, i: int) -> float | None:
        """Return the condition of derivative i, for a single result: one more gradient gives a row of the Hessian.

        Of a long function the truth serves as the other gradient, unless its step is too wide for so large a kappa.
        """
        size = abs(self.truth.middle(i))
        if self.truth.outputs != 1 or self.truth.run is None or not 0 < size < math.inf:
            return None
        if not self.is_short:
            step = _step(self._proved)
            found = self._from(self._proved, i) / size
            if found * 2.0**-step < LINEAR:
                return float(found)
        found = self._from(self._fine, i) / size
        return float(found) if found < 1e300 else None

    def _from(self, base: Base, i: int) -> Any:
        """Return sum_j |x_j d2f/dx_i dx_j|, by a step away from a gradient."""
        field, here, errors = base
        numbers = [field.number(x) for x in self.point.numbers]
        h = field.context.ldexp(abs(numbers[i]) or field.one, -_step(base))
        numbers[i] += h
        there = run(self.f, self.point, field, numbers=numbers).gradient()
        changes = [max(abs(u - v) - error, 0) for u, v, error in zip(there, here, errors, strict=True)]
        return sum(abs(x) * change for x, change in zip(self.point.numbers, changes, strict=True)) / h


def _step(base: Base) -> int:
    """Return the number of bits by which a step is smaller than its number: a quarter of the digits."""
    return min(base[0].prec, CONDITION_BITS) // 4


def scatter(truth: Truth, found: Sequence[Trial], unit: float) -> list[Any]:
    """Return the largest distance from the truth that noisy derivatives reach, scaled to the claims' precision."""
    scale = unit * 2**53
    result = []
    for i in range(len(truth.low)):
        middle = truth.middle(i)
        distances = [abs(t.jacobian[i] - middle) for t in found]
        result.append(max((d for d in distances if d - d == 0), default=0) * scale)
    return result


def ulps_between(claimed: float, low: Any, high: Any, unit: float = 2.0**-53) -> float:
    """Return the distance of a claim from an enclosure, in units in the last place of the truth.

    >>> ulps_between(1.0 + 2**-50, 1, 1)
    4.0
    >>> ulps_between(0.0, 0, 0)
    0.0
    """
    if claimed != claimed:
        return math.inf
    nearest = low if claimed < low else high if claimed > high else None
    if nearest is None:
        return 0.0
    try:
        size = float(nearest)
    except OverflowError:
        size = math.inf
    if math.isinf(size) or math.isinf(claimed):
        return 0.0 if claimed == size else math.inf
    return float(abs(claimed - nearest) / (math.ulp(size) * (unit * 2**53)))


def component_name(point: Point, outputs: int, i: int, order: int = 1) -> str:
    """Return what a report calls component i: the variable, or for a Jacobian the result as well."""
    width = len(point.names)
    if order == 2:
        return f"d2/d {point.names[i // width]} d {point.names[i % width]}"
    return point.names[i] if outputs == 1 else f"result {i // width} by {point.names[i % width]}"
