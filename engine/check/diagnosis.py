"""The likely mistake behind a wrong gradient: the classical error that, made on purpose, gives the same numbers.

Each hypothesis predicts what a gradient with one particular mistake would be: from the true derivatives alone (a
factor, a sign, a transposed matrix), or from f's tape, swept back with the mistake planted (= for +=, a missing
derivative). Nothing is guessed from a single number where several are there to tell.

Glossary
--------
claims, truth: lists of floats, one per component.  wrong: the indices of the components with another verdict than ok.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from engine.check.case import Case
from engine.check.planted import Mistakes
from engine.check.seen import seen_by
from engine.check.structure import Block

NEAR = 1e-7  # relative to the prediction; a claim that has lost more digits is not diagnosed
FACTOR_NEAR = 1e-11  # by so much a constant ratio may vary


def likely_mistake(case: Case) -> str:
    """Return the mistake that explains the claims, in words, or "" if none does."""
    truth = [_float(case.truth.middle(i)) for i in range(len(case.claims))]
    claims = case.claims
    wrong = [i for i, c in enumerate(case.components) if c.verdict == "wrong"]
    if not wrong or not all(map(math.isfinite, truth + claims)):
        return ""
    for words, predicted in _hypotheses(case, claims, truth, wrong):
        if matches(claims, predicted, truth, wrong):
            return words
    return ""


def _float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf


def matches(claims: Sequence[float], predicted: Sequence[float], truth: Sequence[float], wrong: Sequence[int]) -> bool:
    """Tell whether a prediction explains every wrong claim, and leaves the right ones right.

    >>> matches([2.0, 4.0], [2.0, 4.0], [1.0, 2.0], [0, 1])
    True
    """
    scale = max((abs(p) for p in predicted if math.isfinite(p)), default=0.0)
    if not all(map(math.isfinite, predicted)):
        return False
    near = all(abs(c - p) <= NEAR * abs(p) + 1e-9 * scale for c, p in zip(claims, predicted, strict=True))
    # A prediction must be nearer to the claims than the truth is, or a tiny error would fit anything.
    return near and all(abs(claims[i] - predicted[i]) < 0.1 * abs(claims[i] - truth[i]) for i in wrong)


Hypothesis = tuple[str, Sequence[float]]


def _hypotheses(
    case: Case, claims: Sequence[float], truth: Sequence[float], wrong: Sequence[int]
) -> Iterator[Hypothesis]:
    """Yield what each mistake is called and what it would give, the simplest first."""
    yield from _factors(case, claims, truth, wrong)
    yield from _exchanges(case, truth)
    if case.order == 1 and case.truth.run is not None:
        mistakes = Mistakes(case.truth.run, case.point)
        yield from mistakes.overwritten()
        yield from mistakes.activations()
        yield from mistakes.not_transposed()
        yield from mistakes.uses()
        yield from mistakes.other_points(case.f)
    yield from _terms(case, claims, truth, wrong)
    if len(wrong) < len(claims):
        for i in wrong[:3]:  # components that are wrong each in its own way
            if truth[i] and len(wrong) == 1:
                words = _factor_words(claims[i] / truth[i], f"{case.components[i].name} alone is", sizes_of(case.f))
                yield words, [claims[k] if k == i else t for k, t in enumerate(truth)]


def _blocks(case: Case) -> list[tuple[str, list[int]]]:
    """Return the arguments' arrays, each with the indices of its components; for a Jacobian in every row."""
    width = case.width
    rows = len(case.claims) // width
    return [
        (b.name, [k * width + i for k in range(rows) for i in range(b.start, b.start + b.size)])
        for b in case.point.blocks
    ]


def _factors(case: Case, claims: Sequence[float], truth: Sequence[float], wrong: Sequence[int]) -> Iterator[Hypothesis]:
    """Yield a constant factor: on everything, or on the derivatives by one argument."""
    parts: list[tuple[str, list[int]]] = [("", list(range(len(claims))))]
    blocks = _blocks(case)
    if len(blocks) > 1:
        parts += blocks
    for name, part in parts:
        if not set(wrong) <= set(part):
            continue
        pairs = [(claims[i], truth[i]) for i in part]
        where = f"by {name}, the claim is" if name else "everywhere"
        if all(c == 0 for c, _ in pairs):
            yield f"the gradient{f' by {name}' if name else ''} is 0: it was never computed", _with(truth, part, 0.0)
            continue
        lead, size = max(pairs, key=lambda pair: abs(pair[1]))
        if size == 0:
            continue
        ratio = lead / size
        if len(part) > 1 and all(abs(c - ratio * t) <= FACTOR_NEAR * max(abs(ratio * t), abs(t)) for c, t in pairs):
            yield _factor_words(ratio, where, sizes_of(case.f)), _with(truth, part, ratio)
        elif len(part) == 1 and (_simple(ratio) or abs(ratio + 1) < 1e-9):
            yield _factor_words(ratio, where, sizes_of(case.f)), _with(truth, part, ratio)


def _with(truth: Sequence[float], part: Sequence[int], factor: float) -> list[float]:
    result = list(truth)
    for i in part:
        result[i] = factor * truth[i]
    return result


def _simple(ratio: float) -> bool:
    if not math.isfinite(ratio):
        return False
    nearest = Fraction(ratio).limit_denominator(1000)
    one, n = sorted((abs(nearest.numerator), nearest.denominator))
    return one == 1 < n and abs(float(nearest) - ratio) <= 1e-12 * abs(ratio)


def _factor_words(ratio: float, where: str, sizes: dict[int, str]) -> str:
    """Return a constant factor in words: a sign, 2, the number of samples, or just the factor.

    >>> _factor_words(0.25, "everywhere", {4: "X has length 4"})
    '1/4 of the truth everywhere: divided by 4 once too often, or not multiplied by it (X has length 4)'
    """
    if abs(ratio + 1) < 1e-9:
        return f"the sign is wrong {where}" if where == "everywhere" else f"{where} the truth with the wrong sign"
    place = f"of the truth {where}" if where == "everywhere" else "of the truth"
    start = "" if where == "everywhere" else f"{where} "
    if abs(ratio - 2) < 1e-9:
        return f"{start}twice {'the truth everywhere' if not start else 'the truth'}: a factor 2 too much"
    if abs(ratio - 0.5) < 1e-9:
        return f"{start}half {place}: a factor 2 is missing"
    if _simple(ratio):
        nearest = Fraction(ratio).limit_denominator(1000)
        n = max(abs(nearest.numerator), nearest.denominator)
        hint = f" ({sizes[n]})" if n in sizes else ""
        sign = "minus " if ratio < 0 else ""
        if nearest.denominator == 1:
            times = f"{start}{sign}{n} times the truth{'' if start else ' everywhere'}"
            return f"{times}: a division by {n} is missing{hint}"
        return f"{start}{sign}1/{n} {place}: divided by {n} once too often, or not multiplied by it{hint}"
    return f"{start}{_decimal(ratio)} times the truth{'' if start else ' everywhere'}: a constant factor is wrong"


def _decimal(ratio: float) -> str:
    return f"(1 {'+' if ratio > 1 else '-'} {abs(ratio - 1):.3g})" if abs(ratio - 1) < 1e-3 else f"{ratio:.6g}"


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


def _exchanges(case: Case, truth: Sequence[float]) -> Iterator[Hypothesis]:
    """Yield the right numbers in the wrong places: transposed, swapped, reversed."""
    blocks = case.point.blocks if case.order == 1 and case.truth.outputs == 1 else []
    for b in blocks:
        if len(b.shape) == 2 and min(b.shape) > 1:
            yield f"the gradient by {b.name} is transposed", _replaced(truth, b, _transposed(truth, b))
    for k, a in enumerate(blocks):
        for b in blocks[k + 1 :]:
            if a.size == b.size:
                swapped = list(truth)
                swapped[a.start : a.start + a.size], swapped[b.start : b.start + b.size] = (
                    truth[b.start : b.start + b.size],
                    truth[a.start : a.start + a.size],
                )
                yield f"the gradients by {a.name} and {b.name} are swapped", swapped
    if case.truth.outputs > 1:
        rows, width = case.truth.outputs, case.width
        flat = [truth[k * width + i] for i in range(width) for k in range(rows)]
        yield "the Jacobian is transposed: it has one row per result, one column per variable", flat
    if 1 < len(truth) <= 64:
        yield "the components are in reverse order", list(reversed(truth))
        for i in range(len(truth)):
            for j in range(i + 1, len(truth)):
                swapped = list(truth)
                swapped[i], swapped[j] = truth[j], truth[i]
                names = [c.name for c in case.components]
                yield f"the derivatives by {names[i]} and {names[j]} are swapped", swapped


def _transposed(truth: Sequence[float], b: Block) -> list[float]:
    rows, columns = b.shape
    return [truth[b.start + i * columns + j] for j in range(columns) for i in range(rows)]


def _replaced(truth: Sequence[float], b: Block, part: Sequence[float]) -> list[float]:
    return [*truth[: b.start], *part, *truth[b.start + b.size :]]


def _terms(case: Case, claims: Sequence[float], truth: Sequence[float], wrong: Sequence[int]) -> Iterator[Hypothesis]:
    """Yield a term that is missing or too much: one proportional to the variables themselves, or a constant."""
    if case.order != 1 or case.truth.outputs != 1:
        return
    x = case.point.numbers
    blocks = [(b.name, list(range(b.start, b.start + b.size))) for b in case.point.blocks]
    for name, part in [("", list(range(len(truth)))), *blocks]:
        if not set(wrong) <= set(part) or len(part) < 3:
            continue
        off = {i: truth[i] - claims[i] for i in part}
        largest = max(part, key=lambda i: abs(x[i]))
        if x[largest]:
            rate = off[largest] / x[largest]
            predicted = [t - rate * x[i] if i in off else t for i, t in enumerate(truth)]
            what = f"{abs(rate):.6g} * {name or 'x'}"
            yield f"a term {what} {'is missing' if rate > 0 else 'is too much'}: the derivative of a penalty", predicted
        shift = off[part[0]]
        predicted = [t - shift if i in off else t for i, t in enumerate(truth)]
        how = "is missing from" if shift > 0 else "is too much in"
        yield f"a constant {abs(shift):.6g} {how} every component", predicted
