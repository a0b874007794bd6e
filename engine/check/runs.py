"""Running people's functions: over doubles, and over the oracles' numbers on a tape.

What people's code says to numbers that it was not made for may be any exception. A ValueError or ArithmeticError means
that a function has no value there, and passes as it is; any other means NotRunnable.
"""

from __future__ import annotations

import gc
import random
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.check.decisions import Follow
from engine.check.fields import RealField
from engine.check.structure import Point, flat_numbers
from engine.check.tape import CONSTANT, Decision, Node, Tape
from engine.check.traced import RUNNING, Traced

SELDOM = 100_000  # objects between two looks of the garbage collector
LONG = 5_000  # operations; a longer function is run with noise three times instead of six


class NotRunnable(Exception):
    """The function does not run over the oracles' numbers: it is a black box. The message says why."""


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

    def gradient(self, output: int = 0, *, generic: bool = False) -> list[Any]:
        """Return the derivative of one result by every variable."""
        node = self.outputs[output]
        if node.index == CONSTANT:
            return [self.tape.field.zero] * len(self.leaves)
        with collector_slowed():
            adjoints = self.tape.sweep(node, generic=generic)
        return [adjoints.get(leaf.index, self.tape.field.zero) for leaf in self.leaves]

    def jacobian(self, *, generic: bool = False) -> list[Any]:
        """Return the derivatives of all results, one result after the other."""
        return [d for k in range(len(self.outputs)) for d in self.gradient(k, generic=generic)]


def run(
    f: Callable[..., Any],
    point: Point,
    field: Any,
    *,
    numbers: Sequence[Any] | None = None,
    decision: Decision | None = None,
    recording: bool = True,
    rounded: bool = True,
    kind: type[Tape] = Tape,
) -> Run:
    """Run f over numbers of the field, at the point or at other numbers, and return the tape.

    With rounded=False noise leaves the numbers themselves alone; `kind` is that of the tape. Raises NotRunnable where f
    is made for doubles only.
    """
    tape = kind(field, decision, recording)
    chosen = point.numbers if numbers is None else numbers
    variables = [Traced(tape, tape.leaf(x, rounded=rounded)) for x in chosen]
    outputs = [node_of(tape, x) for x in call(f, point, variables, tape)]
    return Run(tape, [x.node for x in variables], outputs)


@contextmanager
def collector_slowed() -> Iterator[None]:
    """Let the garbage collector look seldom through a tape while it grows: there are no cycles on it.

    It would do so again and again, for a fifth of the time that a long run takes. It goes on, for what people's code
    leaves behind; several threads may be in here at once.
    """
    global _slowed, _threshold
    with _LOCK:
        if not _slowed:
            _threshold = gc.get_threshold()
            if _threshold[0]:
                gc.set_threshold(max(SELDOM, _threshold[0]), *_threshold[1:])
        _slowed += 1
    try:
        yield
    finally:
        with _LOCK:
            _slowed -= 1
            if not _slowed:
                gc.set_threshold(*_threshold)


_LOCK = threading.Lock()
_slowed = 0  # how many runs are under way, in whatever thread
_threshold = gc.get_threshold()


def call(f: Callable[..., Any], point: Point, variables: Sequence[Any], tape: Tape) -> list[Any]:
    """Return what a function gives for variables of a tape. Raises NotRunnable where it is made for doubles only."""
    token = RUNNING.set(tape)
    try:
        with collector_slowed():
            return _numbers_or_values(f, point, variables, tape)
    finally:
        RUNNING.reset(token)


def _numbers_or_values(f: Callable[..., Any], point: Point, variables: Sequence[Any], tape: Tape) -> list[Any]:
    """Return f's results for the first kind of numbers that it takes: arrays of no dimensions, lone ones, Values."""
    ways: list[Callable[[], tuple[Any, ...]]] = [lambda: point.arguments(variables, array_of)]
    if point.has_lone_arrays:
        ways.append(lambda: point.arguments(variables, _array_or_number))
    ways.append(lambda: point.arguments(_values(variables), _array_or_number))
    first: Exception | None = None
    for way in ways:
        if first is not None:
            if way is ways[-1] and isinstance(first, (ArithmeticError, ValueError)):
                break
            tape.forget(len(variables))
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


def array_of(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of numbers of an oracle; it has NumPy's functions where they are a tape's."""
    if not isinstance(numbers[0], Traced):
        import numpy as np

        array = np.empty(len(numbers), dtype=object)
        array[:] = numbers
        return array.reshape(shape)
    from engine.check.arrays import traced_array

    return traced_array(numbers, shape)


def _array_or_number(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    return array_of(numbers, shape) if shape else numbers[0]


def node_of(tape: Tape, result: Any) -> Node:
    """Return the node of a result: a number of the tape, or a constant. Raises NotRunnable for anything else."""
    if isinstance(result, Traced):
        if result.tape is not tape:
            raise NotRunnable("it returned a number that it remembers from another run")
        return result.node
    if isinstance(result, (int, float)) or hasattr(result, "_mpf_"):
        return tape.constant(result)
    raise NotRunnable(f"it returned {type(result).__name__} {result!r}, which is no real number")


def over_doubles(f: Callable[..., Any], point: Point, numbers: Sequence[float] | None = None) -> list[float]:
    """Return what f gives over doubles, at the point or at other numbers, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [float(y) for y in flat_numbers(f(*point.arguments(point.numbers if numbers is None else numbers)))]


@dataclass(frozen=True)
class Trial:
    """What a run in noisy doubles gave: results, derivatives, and margins of comparisons; None where undefined."""

    outputs: list[Any]
    jacobian: list[Any]
    margins: list[Any]


def trials(
    f: Callable[..., Any],
    point: Point,
    like: Run,
    *,
    textbook: bool = False,
    numbers: Sequence[float] | None = None,
) -> list[Trial]:
    """Return what f gives where every operation is rounded like a double, on the branches that `like` took."""
    count = 6 if like.tape.operations < LONG else 3
    taken = Follow({k: switch.outcome for k, switch in enumerate(like.tape.switches)})
    rng = random.Random(0)

    def trial(rounded: bool) -> Trial:
        field = RealField(113, rng, textbook=textbook)
        found = run(f, point, field, numbers=numbers, decision=taken, rounded=rounded)
        margins = [switch.margin.value for switch in found.tape.switches]
        return Trial([node.value for node in found.outputs], found.jacobian(), margins)

    found = [trial(True) for _ in range(count)]
    if any(value is None for t in found for value in t.outputs):
        found = [trial(False) for _ in range(count)]  # an integer exponent, say, must stay one
    return found
