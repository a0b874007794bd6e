"""The likely mistake behind a wrong gradient: the classical error that, made on purpose, gives the same numbers.

Each hypothesis predicts what a gradient with one particular mistake would be: from the true derivatives alone (a
factor, a sign, a transposed matrix), or from f's tape, swept back with the mistake planted (= for +=, a missing
derivative). Nothing is guessed from a single number where several are there to tell.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from engine.check.blackbox import Doubles
from engine.check.case import Case
from engine.check.evidence import COARSE, Evidence
from engine.check.factors import FACTOR_NEAR, SURE, factor_words, is_simple
from engine.check.fields import RealField, as_double
from engine.check.ladder import estimate, noise_of
from engine.check.likeness import aside
from engine.check.planted import plants
from engine.check.runs import NotRunnable, over_doubles, run
from engine.check.structure import Block
from engine.check.sweeps import Graph, Plant

NEAR = 1e-7  # relative to the prediction; a claim that has lost more digits is not diagnosed
TERM_NEAR = 1e-9  # relative to what a term changes
ENOUGH = 3  # components that a term must move for its count to be believed, unless it is a plain one
BITS = 120  # for derivatives at other points
DOUBLES = 700.0  # logarithms of numbers that doubles hold
OTHER_POINTS = 30_000  # operations that derivatives at other points may take
STEPS = (2.0**-17, 2.0**-27)  # relative, of differences over doubles
ROUNDING = 2.0**-44  # relative, what a long f may lose to rounding
MOST_ARGUMENTS = 5  # whose gradients may come in any order
SWAPPED = 16  # numbers of which any two may be swapped
TIMES = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "counts twice", 0.5: "counts half"}
"""How often a term counts -> how that is said."""

POWERS = {1.0: "{}", -1.0: "1 / {}", 2.0: "{}^2", -2.0: "1 / {}^2", 0.5: "{}^(1/2)", -0.5: "{}^(-1/2)"}
"""The powers of a number that f computes -> how they are written."""
MANY = " times"

Hypothesis = tuple[str, Sequence[float]]


def likely_mistake(case: Case) -> str:
    """Return the mistake that explains the claims, in words, or "" if none does."""
    truth = [as_double(case.truth.middle(i)) for i in range(len(case.claims))]
    wrong = [i for i, c in enumerate(case.components) if c.verdict == "wrong"]
    if not wrong or not all(map(math.isfinite, truth + case.claims)):
        return ""
    e = Evidence(case, case.claims, truth, wrong)
    near = COARSE if e.is_coarse else NEAR
    return next((words for words, found in _hypotheses(e) if matches(e.claims, found, truth, wrong, near)), "")


def matches(
    claims: Sequence[float],
    predicted: Sequence[float],
    truth: Sequence[float],
    wrong: Sequence[int],
    near: float = NEAR,
) -> bool:
    """Tell whether a prediction explains every wrong claim, and leaves the right ones right.

    >>> matches([2.0, 4.0], [2.0, 4.0], [1.0, 2.0], [0, 1])
    True
    """
    if not all(map(math.isfinite, predicted)):
        return False
    slack = near / 100 * max(map(abs, predicted), default=0.0)
    fits = all(abs(c - p) <= near * abs(p) + slack for c, p in zip(claims, predicted, strict=True))
    # A prediction must be nearer to the claims than the truth is, or a tiny error would fit anything.
    return fits and all(abs(claims[i] - predicted[i]) < 0.1 * abs(claims[i] - truth[i]) for i in wrong)


def _hypotheses(e: Evidence) -> Iterator[Hypothesis]:
    """Yield what each mistake is called and what it would give, the simplest first."""
    yield from _factors(e)
    yield from _exchanges(e.case, e.truth)
    graph = e.graph if e.case.order == 1 else None
    is_gradient = e.case.order == e.case.truth.outputs == 1
    if graph is not None:
        yield from _planted(e, graph)
    if is_gradient:
        yield from _penalties(e)
    if graph is not None:
        yield from _named_factors(e, graph)
        yield from _other_points(e.case)
    if is_gradient:
        yield from _constants(e)
    yield from _lone(e)


def _factors(e: Evidence) -> Iterator[Hypothesis]:
    """Yield a constant factor: on everything, or on the derivatives by one argument."""
    for name, part in e.parts:
        where = f"by {name}, the claim is" if name else "everywhere"
        if all(e.claims[i] == 0 for i in part):
            yield f"the gradient{f' by {name}' if name else ''} is 0: it was never computed", e.with_factor(part, 0.0)
            continue
        ratio = e.ratio(part)
        if ratio is None:
            continue
        # One number has any factor, and several have one only if there is one.
        if (len(part) > 1 and (is_simple(ratio) or abs(ratio + 1) < 1e-9)) or _is_constant(e, part[0], ratio):
            yield factor_words(ratio, where, e.sizes), e.with_factor(part, ratio)


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
    if 1 < len(blocks) <= MOST_ARGUMENTS:
        for order in itertools.permutations(blocks):
            moved = [t for b in order for t in truth[b.start : b.start + b.size]]
            found = ", ".join(b.name for b in order)
            yield f"the gradients come in another order than the arguments: by {found}", moved
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


def _penalties(e: Evidence) -> Iterator[Hypothesis]:
    """Yield a term that is missing or too much, and is proportional to the variables themselves."""
    x = e.case.point.numbers
    for name, part in e.parts:
        largest = max(part, key=lambda i: abs(x[i]))
        if len(part) < ENOUGH or not x[largest] or e.ratio(part) is not None:
            continue
        rate = (e.truth[largest] - e.claims[largest]) / x[largest]
        inside = set(part)
        what = f"{abs(rate):.6g} * {name or ('x' if len(e.blocks) > 1 else e.blocks[0][0])}"
        words = f"a term {what} {'is missing' if rate > 0 else 'is too much'}: the derivative of a penalty"
        yield words, [t - rate * x[i] if i in inside else t for i, t in enumerate(e.truth)]


def _constants(e: Evidence) -> Iterator[Hypothesis]:
    """Yield a constant that is missing from every component, or too much in it."""
    for name, part in e.parts:
        if len(part) >= ENOUGH:
            shift = e.truth[part[0]] - e.claims[part[0]]
            inside = set(part)
            how = "is missing from" if shift > 0 else "is too much in"
            words = f"a constant {abs(shift):.6g} {how} every component{f' of {name}' if name else ''}"
            yield words, [t - shift if i in inside else t for i, t in enumerate(e.truth)]


def _planted(e: Evidence, graph: Graph) -> Iterator[Hypothesis]:
    """Yield what each mistake in f's graph would give: in all of the gradient, then in the arguments that are off."""
    found = plants(graph)
    predictions = graph.sweep(found)
    off = [(name, part) for name, part in e.blocks if set(part) & set(e.wrong)]
    touched = {i for _, part in off for i in part}
    where = f"in the gradient by {' and '.join(name for name, _ in off)}, "
    for prefix, inside in (("", set(range(len(e.truth)))), (where, touched)):
        tried: list[tuple[int, Hypothesis]] = []
        for plant, swept in zip(found, predictions, strict=True):
            predicted: Sequence[float] = [swept[i] if i in inside else t for i, t in enumerate(e.truth)]
            if plant.linear:
                terms = _along(e, graph, plant, predicted)
                tried += [(plant.rank + 3 * words.endswith(MANY), (words, predicted)) for words, predicted in terms]
            else:
                tried.append((plant.rank, (plant.words, predicted)))
        tried.sort(key=lambda item: item[0])
        yield from ((prefix + words, predicted) for _, (words, predicted) in tried)


def _along(e: Evidence, graph: Graph, plant: Plant, other: Sequence[float]) -> Iterator[Hypothesis]:
    """Yield how often a term counts, or how long a step is, that explains the claims; nothing if none does."""
    change = [o - t for o, t in zip(other, e.truth, strict=True)]
    square = sum(d * d for d in change)
    largest = max(map(abs, change), default=0.0)
    if not 0 < square < math.inf or largest <= 1e-9 * max(map(abs, e.truth)):
        return
    share = sum((c - t) * d for c, t, d in zip(e.claims, e.truth, change, strict=True)) / square
    predicted = [t + share * d for t, d in zip(e.truth, change, strict=True)]
    error = max(abs(c - p) for c, p in zip(e.claims, predicted, strict=True))
    near = COARSE if e.is_coarse else TERM_NEAR
    if not error <= near * max(abs(c - t) for c, t in zip(e.claims, e.truth, strict=True)):
        return
    count = 1 - share
    plain = next((said for exact, said in TIMES.items() if abs(count - exact) < near), None)
    moved = [i for i, d in enumerate(change) if abs(d) > 1e-9 * largest]
    is_sure = len(moved) >= ENOUGH and e.ratio(moved) is None
    if plant.linear == "step":
        if is_sure:
            yield f"{plant.words}, by a step of {share:.6g}", predicted
        return
    if plain is not None:
        yield f"{plant.words} {plain}", predicted
        return
    for n, where in e.sizes.items():
        for exact, said in ((n, f"{n} times"), (1 / n, f"1/{n} times")):
            if abs(count - exact) < near * exact:
                yield f"{plant.words} counts {said} ({where})", predicted
                return
    if is_sure:
        power = _as_power(graph, count)
        yield f"{plant.words} counts {count:.6g}{f' = {power}' if power else ''}{MANY}", predicted


def _as_power(graph: Graph, ratio: float) -> str:
    """Return a ratio as a power of a number that f computes, "" where it is none."""
    for power, said in POWERS.items():
        exponent = math.log(abs(ratio)) / power
        number = math.exp(exponent) if abs(exponent) < DOUBLES else math.nan
        for source, v in graph.scalars.items():
            if abs(abs(v) - number) <= TERM_NEAR * number:
                return said.format(graph.words(source))
    return ""


def _named_factors(e: Evidence, graph: Graph) -> Iterator[Hypothesis]:
    """Yield a factor on everything, or on one argument, that is a number which f computes: an inner derivative."""
    for name, part in e.parts:
        ratio = e.ratio(part)
        if ratio is not None and abs(abs(ratio) - 1) > FACTOR_NEAR:
            power = _as_power(graph, ratio)
            where = f"by {name}, the claim is" if name else "everywhere, the claim is"
            sign = "minus " if ratio < 0 else ""
            if power:
                words = f"{where} {sign}the truth times {power}: a factor is missing, or too much"
                yield words, e.with_factor(part, ratio)


def _other_points(case: Case) -> Iterator[Hypothesis]:
    """Yield the derivative at another point: the mirrored one, 0, or with two numbers swapped."""
    x = case.point.numbers
    points: list[tuple[str, list[float]]] = [("-x", [-v for v in x]), ("0", [0.0] * len(x))]
    if len(x) <= SWAPPED:
        names = case.point.names
        for i, j in itertools.combinations(range(len(x)), 2):
            swapped = list(x)
            swapped[i], swapped[j] = x[j], x[i]
            points.append((f"x with {names[i]} and {names[j]} swapped", swapped))
    assert case.truth.run is not None
    for words, numbers in points[: max(2, OTHER_POINTS // max(1, case.truth.run.tape.operations))]:
        if not case.is_short and not _may_belong_to(case, numbers):
            continue
        try:
            other = run(case.f, case.point, RealField(BITS), numbers=numbers)
        except (NotRunnable, ArithmeticError, ValueError):
            continue
        if not any(switch.tied for switch in other.tape.switches):
            yield f"it is the derivative at the wrong point, at {words}", [as_double(d) for d in other.jacobian()]


def _may_belong_to(case: Case, numbers: Sequence[float]) -> bool:
    """Tell whether the claims may be derivatives at other numbers: whether f moves so there, over doubles."""
    directions = [(abs(x) or 1.0) * (1 + k % 3) for k, x in enumerate(case.point.numbers)]

    def moves_so(step: float) -> bool:
        up, down = (
            over_doubles(case.f, case.point, [x + h * d for x, d in zip(numbers, directions, strict=True)])
            for h in (step, -step)
        )
        for k, (above, below) in enumerate(zip(up, down, strict=True)):
            terms = [case.claims[k * case.width + i] * d for i, d in enumerate(directions)]
            rounding = ROUNDING * (abs(above) + abs(below)) / step
            if abs((above - below) / (2 * step) - sum(terms)) > 0.01 * sum(map(abs, terms)) + rounding:
                return False
        return True

    try:
        return any(map(moves_so, STEPS))  # where f turns fast only the finer one tells
    except Exception:  # it takes no doubles, or has no value there
        return True


def _lone(e: Evidence) -> Iterator[Hypothesis]:
    """Yield the factor of a single component that is wrong; any number is one, so it must be the same nearby."""
    if len(e.wrong) == 1 and e.truth[e.wrong[0]]:
        (i,) = e.wrong
        ratio = e.ratio([i])
        if ratio is not None and _is_constant(e, i, ratio):
            yield factor_words(ratio, f"{e.case.components[i].name} alone is", e.sizes), e.with_factor([i], ratio)


def _is_constant(e: Evidence, i: int, ratio: float) -> bool:
    """Tell whether a claim is the same multiple of the truth at another point."""
    case, numbers = e.case, aside(e.case.point)
    try:
        there, error = _derivative(case, i, numbers)
        claimed = over_doubles(case.grad, case.point, numbers)[i]
    except Exception:  # people's code need not have a value there
        return False
    by = abs(ratio - 1)  # the factor's own size: what is less shows that it is the same
    near = min(COARSE if e.is_coarse else NEAR, 0.01 * by) * abs(ratio * there) + abs(ratio) * error
    return bool(abs(claimed - ratio * there) <= near <= 0.1 * by * abs(there))


def _derivative(case: Case, i: int, numbers: list[float]) -> tuple[Any, float]:
    """Return derivative i at other numbers, and its error, which an estimate of a black box has."""
    if case.truth.run is not None:
        return run(case.f, case.point, RealField(BITS), numbers=numbers).jacobian()[i], 0.0
    row, column = divmod(i, case.width)
    doubles = Doubles(case.f, case.point)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step may leave the domain
        found = estimate(doubles.moved(column, numbers), numbers[column], noise_of(doubles, numbers))[row]
    return found.value, SURE * found.bound
