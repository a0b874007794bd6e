"""Running people's functions: over doubles, and over the oracles' numbers, f on a tape and their gradient without one.

What people's code says to numbers that it was not made for may be any exception. A ValueError or ArithmeticError means
that a function has no value there, and passes as it is; any other means NotRunnable.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.check.decisions import Follow
from engine.check.fields import RealField, guarded_context, middle
from engine.check.structure import Point, copied, flat_numbers
from engine.check.tape import CONSTANT, Decision, Node, Tape
from engine.check.traced import RUNNING, Traced

FORMULA_BITS = 1331
LONG = 5_000  # operations; a longer function is run with noise three times instead of six
UNLIKE = 2.0**-10  # of a result: by so much two ways to compute it may differ without a question
ROUNDING = 2.0**35  # times what rounding to doubles does: what rounding to float32 does, and 64 times that
ASIDE = (2.0**-6, 2.0**-12, 2.0**-30)  # how far, relatively, points are that tell whether f moves
BESIDE = 3 * 2.0**-9  # and one that differs from these


class NotRunnable(Exception):
    """The function does not run over the oracles' numbers: it is a black box. The message says why."""


class Unlike(NotRunnable):
    """The function runs over the oracles' numbers, but does something else there than over doubles."""


class Remembers(Unlike):
    """The function hands out what it remembers of an earlier call, at other numbers."""


@dataclass(eq=False)
class Run:
    """One run of f on a tape: its variables, in the order of the point's numbers, and its results."""

    tape: Tape
    leaves: list[Node]
    outputs: list[Node]

    @property
    def is_decided(self) -> bool:
        """Whether intervals decided all comparisons; else the branches that were taken are guesses."""
        margins = [switch.margin.value for switch in self.tape.switches]
        return all(value is None or self.tape.field.sign(value) is not None for value in margins)

    def gradient(self, output: int = 0, **sweep: Any) -> list[Any]:
        """Return the derivative of one result by every variable."""
        node = self.outputs[output]
        if node.index == CONSTANT:
            return [self.tape.field.zero] * len(self.leaves)
        adjoints = self.tape.sweep(node, **sweep)
        return [adjoints.get(leaf.index, self.tape.field.zero) for leaf in self.leaves]

    def jacobian(self, **sweep: Any) -> list[Any]:
        """Return the derivatives of all results, one result after the other."""
        return [d for k in range(len(self.outputs)) for d in self.gradient(k, **sweep)]


def run(
    f: Callable[..., Any],
    point: Point,
    field: Any,
    *,
    numbers: Sequence[Any] | None = None,
    decision: Decision | None = None,
    recording: bool = True,
    rounded: bool = True,
) -> Run:
    """Run f over numbers of the field, at the point or at other numbers, and return the tape.

    With rounded=False noise leaves the numbers themselves alone. Raises NotRunnable where f is made for doubles only.
    """
    tape = Tape(field, decision, recording)
    chosen = point.numbers if numbers is None else numbers
    variables = [Traced(tape, tape.leaf(x, rounded=rounded)) for x in chosen]
    outputs = [_node(tape, x) for x in _call(f, point, variables, tape)]
    return Run(tape, [x.node for x in variables], outputs)


def _call(f: Callable[..., Any], point: Point, variables: Sequence[Any], tape: Tape) -> list[Any]:
    token = RUNNING.set(tape)
    try:
        return _numbers_or_values(f, point, variables, tape)
    finally:
        RUNNING.reset(token)


def _numbers_or_values(f: Callable[..., Any], point: Point, variables: Sequence[Any], tape: Tape) -> list[Any]:
    """Return f's results for the first kind of numbers that it takes: arrays of no dimensions, lone ones, Values."""
    ways: list[Callable[[], tuple[Any, ...]]] = [lambda: point.arguments(variables, _array)]
    if point.has_lone_arrays:
        ways.append(lambda: point.arguments(variables, _array_or_number))
    ways.append(lambda: point.arguments(_values(variables), _array_or_number))
    first: Exception | None = None
    for way in ways:
        if first is not None:
            if way is ways[-1] and isinstance(first, (ArithmeticError, ValueError)):
                break
            _forget(tape, len(variables))
        try:
            return flat_numbers(f(*way()))
        except Exception as error:
            first = first or error
    if isinstance(first, (ArithmeticError, ValueError)):
        raise first
    raise NotRunnable(f"{type(first).__name__}: {first}") from None


def _values(variables: Sequence[Any]) -> list[Any]:
    from engine.value import Value

    return [Value(x) for x in variables]


def _forget(tape: Tape, leaves: int) -> None:
    """Leave nothing but the variables on a tape, after a run that failed."""
    del tape.nodes[leaves:]
    tape.switches.clear()
    tape.operations, tape.too_large = 0, ""


def _array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    if not isinstance(numbers[0], Traced):
        import numpy as np

        array = np.empty(len(numbers), dtype=object)
        array[:] = numbers
        return array.reshape(shape)
    from engine.check.arrays import traced_array

    return traced_array(numbers, shape)


def _array_or_number(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    return _array(numbers, shape) if shape else numbers[0]


def _node(tape: Tape, result: Any) -> Node:
    if isinstance(result, Traced):
        if result.tape is not tape:
            raise NotRunnable("it returned a number that it remembers from another run")
        return result.node
    if isinstance(result, (int, float)) or hasattr(result, "_mpf_"):
        return tape.constant(result)
    raise NotRunnable(f"it returned {type(result).__name__} {result!r}, which is no real number")


def exact_claims(grad: Callable[..., Any], point: Point, numbers: Sequence[Any] | None = None) -> list[Any]:
    """Return what the user's gradient gives with 400 digits: its formula, free of rounding. Raises NotRunnable."""
    field = RealField(FORMULA_BITS)
    chosen = point.numbers if numbers is None else numbers
    tape = Tape(field, recording=False)
    variables = [Traced(tape, tape.leaf(x)) for x in chosen]
    try:
        found = _call(grad, point, variables, tape)
        if all(isinstance(x, (int, float)) for x in found):
            _check_remembered(grad, point, found)
        results = [_node(tape, x).value for x in found]
    except Unlike:
        raise
    except NotRunnable:
        # The engine's own gradients take mpmath's numbers.
        plain = [guarded_context(FORMULA_BITS).mpf(x) for x in chosen]
        try:
            results = [_node(tape, x).value for x in flat_numbers(grad(*point.arguments(plain, _array)))]
        except Exception as error:
            raise NotRunnable(f"{type(error).__name__}: {error}") from None
    except (ArithmeticError, ValueError) as error:
        raise NotRunnable(f"{type(error).__name__}: {error}") from None
    return [field.undefined if x is None else x for x in results]


def over_doubles(f: Callable[..., Any], point: Point, numbers: Sequence[float] | None = None) -> list[float]:
    """Return what f gives over doubles, at the point or at other numbers, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [float(y) for y in flat_numbers(f(*point.arguments(point.numbers if numbers is None else numbers)))]


def aside(point: Point, step: float = BESIDE) -> list[float]:
    """Return the numbers of a point that is a step away, relatively."""
    return [x + step * (abs(x) or 1.0) for x in point.numbers]


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
    noisy = noisy_runs(f, point, found)
    for k in far:
        value = middle(found.outputs[k].value)
        others = [other.outputs[k].value for other in noisy if k < len(other.outputs)]
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


def _check_remembered(grad: Callable[..., Any], point: Point, found: Sequence[float]) -> None:
    """Raise Unlike where a gradient of plain numbers is the one in doubles, and moves there."""
    try:
        here = over_doubles(grad, point)
        sides = [[over_doubles(grad, point, aside(point, side * step)) for step in ASIDE[:2]] for side in (1, -1)]
    except Exception:  # it has no value there
        return
    if here == list(found) and all(here != narrow != wide for wide, narrow in sides):
        raise Remembers("it returns what it remembers of an earlier call")


def after(f: Callable[..., Any], grad: Callable[..., Any]) -> Callable[..., Any]:
    """Return grad as it is used after f at the same arguments: it may need what f has remembered there."""

    def gradient(*arguments: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                f(*map(copied, arguments))
        except Exception:  # f may take other numbers than grad does
            pass
        return grad(*arguments)

    return gradient


def noisy_runs(
    f: Callable[..., Any],
    point: Point,
    like: Run,
    *,
    textbook: bool = False,
    numbers: Sequence[float] | None = None,
) -> list[Run]:
    """Return runs of f in which every operation is rounded like a double, on the branches that `like` took."""
    count = 6 if like.tape.operations < LONG else 3
    taken = Follow({k: switch.outcome for k, switch in enumerate(like.tape.switches)})
    rng = random.Random(0)

    def trial(rounded: bool) -> Run:
        field = RealField(113, rng, textbook=textbook)
        return run(f, point, field, numbers=numbers, decision=taken, rounded=rounded)

    found = [trial(True) for _ in range(count)]
    if any(node.value is None for r in found for node in r.outputs):
        found = [trial(False) for _ in range(count)]  # an integer exponent, say, must stay one
    return found
