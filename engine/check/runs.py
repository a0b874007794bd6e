"""Running people's functions over the oracles' numbers: f on a tape, their gradient without one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.check.decisions import Follow
from engine.check.fields import RealField, guarded_context
from engine.check.structure import Point, flat_numbers
from engine.check.tape import CONSTANT, Decision, Node, Tape
from engine.check.traced import RUNNING, Traced

FORMULA_BITS = 1331
LONG = 5_000  # operations; a longer function is run with noise three times instead of six


class NotRunnable(Exception):
    """The function does not run over the oracles' numbers: it is a black box. The message says why."""


@dataclass(eq=False)
class Run:
    """One run of f on a tape: its variables, in the order of the point's numbers, and its results."""

    tape: Tape
    leaves: list[Node]
    outputs: list[Node]

    def gradient(self, output: int = 0, **sweep: Any) -> list[Any]:
        """Return the derivative of one result by every variable."""
        node = self.outputs[output]
        if node.index == CONSTANT:
            return [self.tape.field.zero] * len(self.leaves)
        adjoints = self.tape.sweep(node, **sweep)
        return [adjoints.get(leaf.index, self.tape.field.zero) for leaf in self.leaves]

    def jacobian(self) -> list[Any]:
        """Return the derivatives of all results, one result after the other."""
        return [d for k in range(len(self.outputs)) for d in self.gradient(k)]


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
        return _numbers_or_values(f, point, variables)
    finally:
        RUNNING.reset(token)


def _numbers_or_values(f: Callable[..., Any], point: Point, variables: Sequence[Any]) -> list[Any]:
    try:
        return flat_numbers(f(*point.arguments(variables, _array)))
    except (TypeError, AttributeError, NotImplementedError) as error:
        first = error
    try:
        from engine.value import Value

        return flat_numbers(f(*point.arguments([Value(x) for x in variables])))
    except (TypeError, AttributeError, NotImplementedError):
        raise NotRunnable(f"{type(first).__name__}: {first}") from None


def _array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    if not isinstance(numbers[0], Traced):
        import numpy as np

        array = np.empty(len(numbers), dtype=object)
        array[:] = numbers
        return array.reshape(shape)
    from engine.check.arrays import traced_array

    return traced_array(numbers, shape)


def _node(tape: Tape, result: Any) -> Node:
    if isinstance(result, Traced):
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
        results = [_node(tape, x).value for x in _call(grad, point, variables, tape)]
    except NotRunnable:
        # The engine's own gradients take mpmath's numbers.
        plain = [guarded_context(FORMULA_BITS).mpf(x) for x in chosen]
        try:
            results = [_node(tape, x).value for x in flat_numbers(grad(*point.arguments(plain, _array)))]
        except (TypeError, AttributeError, ArithmeticError, ValueError) as error:
            raise NotRunnable(f"{type(error).__name__}: {error}") from None
    except (ArithmeticError, ValueError) as error:
        raise NotRunnable(f"{type(error).__name__}: {error}") from None
    return [field.undefined if x is None else x for x in results]


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
    taken = Follow([switch.outcome for switch in like.tape.switches])
    rng = random.Random(0)

    def trial(rounded: bool) -> Run:
        field = RealField(113, rng, textbook=textbook)
        return run(f, point, field, numbers=numbers, decision=taken, rounded=rounded)

    found = [trial(True) for _ in range(count)]
    if any(node.value is None for r in found for node in r.outputs):
        found = [trial(False) for _ in range(count)]  # an integer exponent, say, must stay one
    return found
