"""At and around kinks: which derivatives a function has on each side, and which a gradient may claim.

A function meets a kink where one of its comparisons is tied. Two questions are asked, and both are answered by
running the function again over intervals or numbers of 400 digits. What are the derivatives just beside the point? If
they agree, it was no kink (the largest logit that is subtracted may well be tied). And what would they be if the tied
comparisons came out otherwise? Between those lies every convention that a gradient can follow, such as relu'(0) = 0.

Glossary
--------
hull: the smallest interval that holds a component's derivative on every side, and for every outcome of the ties.
complete: every combination of outcomes was tried, so nothing outside of the hull can be right.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.check.decisions import Choices, Signs
from engine.check.fields import FIFTY_DIGITS, RealField, context
from engine.check.oracles import MOST, Truth
from engine.check.runs import LONG, NotRunnable, Run, run
from engine.check.structure import Point
from engine.check.tape import Key, Switch, key_of

MOST_TIES = 6  # for so many, all 2**6 combinations of outcomes are tried
MOST_CHOICES = 24  # of so many, those that decide something are looked for
DIRECTIONS = 4  # each with its opposite
INFINITE = 2.0**250  # a slope that is so large at a distance of 2**-1100 grows without bound
CLOSE = 64.0  # a comparison is near-tied where rounding, times this, could decide it


@dataclass(eq=False)
class Neighbourhood:
    """The derivatives of f around a point with ties: the smooth ones as they are, the others by their hull."""

    switches: list[Switch]
    complete: bool
    conventions: Callable[[], list[Sequence[Any]] | None]
    smooth: dict[int, Any] = field(default_factory=dict)
    hulls: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    jump: bool = False

    def chosen(self, i: int, claim: Any, truth: Any, noise: Any) -> bool:
        """Tell whether a claim is, but for rounding, what another choice at the comparisons gives: a side, a half."""
        allowed = self.conventions()
        if allowed is None:
            return self.holds(i, claim)
        others = [m[i] for m in allowed if abs(m[i] - truth) > abs(truth) * 2.0**-34 + noise]
        return any(abs(claim - m) <= abs(m) * 2.0**-34 + noise for m in others)

    def allows(self, which: Sequence[int], claims: Sequence[Any]) -> bool | None:
        """Tell whether some components are, all at once, what a convention gives; None where that cannot be told."""
        allowed = self.conventions()
        if allowed is None:
            return None
        return any(all(_is_nearly(claims[i], m[i]) for i in which) for m in allowed)

    def holds(self, i: int, claim: Any) -> bool:
        """Tell whether a claim lies in a component's hull, but for rounding."""
        if i not in self.hulls:
            return False
        low, high = self.hulls[i]
        slack = max(abs(low), abs(high)) * 2.0**-40
        return bool(low - slack <= claim <= high + slack)


def around(
    f: Callable[..., Any], point: Point, found: Run, near: Sequence[int] = (), *, beside: bool = False
) -> Neighbourhood | None:
    """Return what lies around a point where comparisons are tied, or near-tied; None where none is.

    With `beside` the sides of the point are looked at without any tie, too.
    """
    ties = [k for k, s in enumerate(found.tape.switches) if (s.tied or k in near)]
    near_keys = frozenset(key_of(found.tape.switches[k].margin)[0] for k in near)
    exact = any(found.tape.switches[k].tied for k in ties)
    if not ties and not beside:
        return None
    outcomes = list(_outcomes(f, point, found, ties)) if ties else []
    sides = list(_beside(f, point)) if exact or beside else []
    values = [value for _, value in sides]
    inside = len(sides) == 2 * DIRECTIONS  # else the point is on the border of f's domain
    few = len({key_of(found.tape.switches[k].margin)[0] for k in ties}) <= MOST_TIES
    by_itself = functools.cache(lambda: conventions(f, point, near_keys))
    result = Neighbourhood([found.tape.switches[k] for k in ties], few and inside, by_itself)
    result.jump = any(_jumps(a, b) for v in values for a, b in zip(v, values[0], strict=True))
    for i in range(len(found.outputs) * len(found.leaves)):
        one_sided = [gradient[i] for gradient, _ in sides if gradient[i] - gradient[i] == 0]
        every = one_sided + [gradient[i] for gradient in outcomes if gradient[i] - gradient[i] == 0]
        if not every:
            continue
        low, high = min(every), max(every)
        if inside and one_sided and min(map(abs, one_sided)) > INFINITE and low * high > 0:
            result.smooth[i] = one_sided[0] * math.inf
        elif inside and one_sided and _close(min(one_sided), max(one_sided)) and not result.jump:
            result.smooth[i] = one_sided[0]
        if i not in result.smooth or not _close(low, high):
            result.hulls[i] = (low, high)
    return result


def conventions(f: Callable[..., Any], point: Point, near: frozenset[Key]) -> list[Sequence[Any]] | None:
    """Return the gradients that follow when each comparison that is tied, or near-tied, chooses by itself.

    It takes one side, the other, or half of each, as reverse accumulation does with relu'(0) = 0 and a half for each
    side of a minimum. Where kinks cancel, as in min(relu(x), x), or meet, as in 3 relu(x) - |x|, that is no derivative
    on any side; but it is a convention, not a mistake. None: too many choices, or one leads through inf * 0.
    """
    made = 0

    def gradient(sides: Sequence[int]) -> list[Any] | None:
        nonlocal made
        choices = Choices(sides, near)
        try:
            return run(f, point, RealField(MOST), decision=choices).jacobian()
        except (NotRunnable, ArithmeticError, ValueError):
            return None
        finally:
            made = max(made, choices.made)

    count = -1
    deciding: Sequence[int] = ()
    gradients: dict[tuple[int, ...], list[Any]] = {}
    while made > count:  # one side may lead to more choices than the other
        count = made
        deciding = range(count) if count <= MOST_TIES else _deciding(gradient, count)
        if len(deciding) > MOST_TIES:
            return None
        gradients = {}
        for chosen in itertools.product((0, 1), repeat=len(deciding)):
            side = dict(zip(deciding, chosen, strict=True))
            found = gradient([side.get(k, 0) for k in range(count)])
            if found is not None:
                gradients[chosen] = found
    if not all(d - d == 0 for found in gradients.values() for d in found):
        return None
    return list(mixtures(gradients))


def _deciding(gradient: Callable[[Sequence[int]], list[Any] | None], count: int) -> Sequence[int]:
    """Return the choices that make a difference to the gradient, by their number; of very many, all.

    One function may make several, of which some decide nothing: turned alone, in six settings of the others.
    """
    if count > MOST_CHOICES:
        return range(count)
    rng = random.Random(3)
    settings = [[0] * count, [1] * count, *([rng.randrange(2) for _ in range(count)] for _ in range(4))]
    before = [gradient(sides) for sides in settings]

    def decides(k: int) -> bool:
        flipped = (gradient([*sides[:k], 1 - sides[k], *sides[k + 1 :]]) for sides in settings)
        return any(a != b for a, b in zip(before, flipped, strict=True))

    return [k for k in range(count) if decides(k)]


def mixtures(gradients: Mapping[tuple[int, ...], Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the gradients that follow where each choice takes one side, the other, or half of each.

    The keys say for each choice which side was taken, 1 or not. The gradient is linear in the share of each choice.

    >>> list(mixtures({(0,): [1.0], (1,): [3.0]}))
    [[1.0], [3.0], [2.0]]
    """
    if () in gradients:
        yield gradients[()]
        return
    first, second = ({k[1:]: g for k, g in gradients.items() if k[0] == side} for side in (0, 1))
    if first:
        yield from mixtures(first)
    if second and second != first:
        yield from mixtures(second)
        both = {k: zip(first[k], second[k], strict=True) for k in first.keys() & second.keys()}
        if both:
            yield from mixtures({k: [(a + b) / 2 for a, b in pairs] for k, pairs in both.items()})


def _jumps(a: Any, b: Any) -> bool:
    """Tell whether two values of f, 2**-1100 apart in x, are further from each other than any slope explains."""
    return bool(abs(a - b) > max(1, abs(a), abs(b)) / 2**900)


def _is_nearly(claim: Any, m: Any) -> bool:
    return bool(abs(claim - m) <= 1e-12 * max(abs(claim), abs(m)) + 1e-300)


def _close(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= max(abs(a) / 2**60, abs(b) / 2**60, context(MOST).ldexp(1, -1000)))


def _outcomes(f: Callable[..., Any], point: Point, found: Run, ties: Sequence[int]) -> Iterator[list[Any]]:
    """Yield the derivatives at the point itself that signs of the tied margins lead to, in many ways."""
    keys = list(dict.fromkeys(key_of(found.tape.switches[k].margin)[0] for k in ties))
    if len(keys) <= MOST_TIES:
        choices: Iterable[Sequence[int]] = itertools.product((1, -1), repeat=len(keys))
    else:
        rng = random.Random(1)
        choices = [[1] * len(keys), [-1] * len(keys)]
        choices += [[rng.choice((1, -1)) for _ in keys] for _ in range(8)]
    for signs in choices:
        decision = Signs(dict(zip(keys, signs, strict=True)))
        try:
            yield run(f, point, RealField(MOST), decision=decision).jacobian()
        except (NotRunnable, ArithmeticError, ValueError):
            continue  # comparisons that contradict each other lead nowhere


def _beside(f: Callable[..., Any], point: Point) -> Iterable[tuple[list[Any], list[Any]]]:
    """Yield the derivatives just beside the point, on opposite sides, nearer than any other double."""
    real = RealField(MOST)
    rng = random.Random(2)
    for _ in range(DIRECTIONS):
        direction = [real.context.ldexp(rng.uniform(-1, 1), -1100) for _ in point.numbers]
        for sign in (1, -1):
            moved = [real.number(x) + sign * d for x, d in zip(point.numbers, direction, strict=True)]
            try:
                other = run(f, point, real, numbers=moved)
            except (NotRunnable, ArithmeticError, ValueError):
                continue
            values = [node.value for node in other.outputs]
            if None not in values:
                yield other.jacobian(), values


def near_ties(found: Run, noisy: Sequence[Run]) -> list[int]:
    """Return the numbers of the comparisons that rounding may decide: their margin is within its own scatter."""
    near = []
    for k, switch in enumerate(found.tape.switches):
        margins = [other.tape.switches[k].margin.value for other in noisy if k < len(other.tape.switches)]
        if switch.tied or switch.margin.value is None or None in margins or len(margins) < len(noisy):
            continue
        center = _middle(switch.margin.value)
        if abs(center) <= CLOSE * max(abs(m - center) for m in margins):
            near.append(k)
    return near


def _middle(x: Any) -> Any:
    return (x.low + x.high) / 2 if hasattr(x, "low") else x


@dataclass(frozen=True)
class Nearest:
    """The kink that is nearest to a point: how far one number would have to move, and where in the code it sits."""

    name: str
    distance: float
    line: str


def nearest(f: Callable[..., Any], point: Point, truth: Truth, tries: int = 4) -> Nearest | None:
    """Return the nearest kink, by the number that needs to move least to tie a comparison, to first order.

    A comparison that leaves the gradient as it is, such as which of the logits is the largest, is no kink.
    """
    if truth.run is None:
        return None
    tape = truth.run.tape
    found: dict[Key, Switch] = {}
    for switch in tape.switches:
        if switch.margin.value is not None and not switch.equality:
            found.setdefault(key_of(switch.margin)[0], switch)
    candidates = sorted(found.items(), key=lambda item: abs(_middle(item[1].margin.value)))[:tries]
    by_distance = []
    for key, switch in candidates:
        adjoints = tape.sweep(switch.margin)
        slopes = [abs(_middle(adjoints.get(leaf.index, tape.field.zero))) for leaf in truth.run.leaves]
        steepest = max(range(len(slopes)), key=slopes.__getitem__)
        if slopes[steepest] > 0:
            distance = float(abs(_middle(switch.margin.value)) / slopes[steepest])
            sign = tape.field.sign(switch.margin.value)
            side = sign and sign * key_of(switch.margin)[1]
            by_distance.append((distance, Nearest(point.names[steepest], distance, switch.line), key, side))
    for _, kink, key, side in sorted(by_distance, key=lambda item: item[0])[: tries if tape.operations < LONG else 1]:
        if _matters(f, point, truth, key, side):
            return kink
    return None


def _matters(f: Callable[..., Any], point: Point, truth: Truth, key: Key, side: int | None) -> bool:
    """Tell whether the derivatives are others on the other side of a comparison; side: the one here, if it is known."""
    assert truth.run is not None
    field = RealField(FIFTY_DIGITS)
    here = [truth.middle(i) for i in range(len(truth.low))]
    try:
        sides = [here] if side else []
        others = [Signs({key: sign}) for sign in ((-side,) if side else (1, -1))]
        sides += [run(f, point, field, decision=signs).jacobian() for signs in others]
    except (NotRunnable, ArithmeticError, ValueError):
        return True
    return any(not _close(a, b) for a, b in zip(*sides, strict=True))
