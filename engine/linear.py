"""The derivative of a recorded computation as a linear map, applied forwards or backwards.

Glossary
--------
linearization: outputs, inputs and the local derivatives between them, computed once: the Jacobian J, never written out.
push: J t, one forward sweep, from tangents of the inputs to tangents of the outputs.
pull: w J, one reverse sweep, from weights of the outputs to adjoints of the inputs.

Sources: Griewank and Walther, Evaluating Derivatives, sections 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.calculus import is_nested, must_be_callable, output_value, recorded_inside, variable
from engine.functions import Number
from engine.graph import partials_of, passes_nothing, postorder, product
from engine.structures import aligned, map_numbers, numbers_of
from engine.value import Value

TOGETHER = 64  # unit vectors that are pushed at once

_NONE: dict[int, Any] = {}


class Traced:
    """One run of f on Values: the variables it was given and what it returned, both in the user's structure.

    Attributes
    ----------
    inputs, outputs: the Values in the structures, in order.
    nested: whether another derivative is under way, so that results must be recorded too.
    """

    def __init__(self, f: Callable[..., Any], x: Any, *others: Any) -> None:
        must_be_callable(f)
        self.nested = any(is_nested(numbers_of(part)) for part in (x, *others))
        self.variables = map_numbers(variable, x)
        with recorded_inside():
            self.result = map_numbers(output_value, called(f, self.variables))
        self.inputs: list[Value] = numbers_of(self.variables)
        self.outputs: list[Value] = numbers_of(self.result)

    def one_output(self) -> Value:
        """Return the only output, or raise."""
        if isinstance(self.result, Value):
            return self.result
        raise TypeError(f"the function must return one number, got {len(self.outputs)}; see jacobian for several")

    def value(self) -> Any:
        """Return what f returned: numbers, or Values inside another derivative."""
        return self.result if self.nested else map_numbers(lambda v: v.data, self.result)


class Linearization:
    """The local derivatives between inputs and outputs.

    >>> x, y = Value(2.0), Value(3.0)
    >>> J = Linearization([x * y, x + y], [x, y])
    >>> J.push([1.0, 0.0]), J.pull([1.0, 0.0])
    ([3.0, 1.0], [3.0, 2.0])
    """

    def __init__(self, outputs: Sequence[Value], inputs: Sequence[Value], *, recorded: bool = False) -> None:
        self.outputs, self.inputs = outputs, inputs
        index = {x: i for i, x in enumerate(inputs)}
        self._steps: list[tuple[int, list[tuple[int, Any]]]] = []
        for v in postorder(*outputs):
            if v.row is None or v in index or not any(a in index for a in v.args):
                continue
            pairs = zip(v.args, partials_of(v, v.args, recorded), strict=True)
            terms = [(index[a], partial) for a, partial in pairs if a in index]
            index[v] = len(index)
            self._steps.append((index[v], terms))
        self._size = len(index)
        self._ends = [index.get(v, -1) for v in outputs]
        self._share = _recorded_share if recorded else _plain_share
        kinds = {type(x.data) for x in inputs}
        kind = kinds.pop() if len(kinds) == 1 else None  # an output that is constant may be a float beside Fractions
        self._zeros = [(kind or type(v.data))() for v in outputs]

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """Return the tangents of the outputs."""
        found: list[Any] = [None] * self._size
        found[: len(self.inputs)] = [None if is_plain_zero(t) else t for t in tangents]
        share = self._share
        for target, terms in self._steps:
            total = None
            for source, partial in terms:
                tangent = found[source]
                if tangent is not None and (part := share(tangent, partial)) is not None:
                    total = part if total is None else total + part
            found[target] = total
        ends = [found[end] if end >= 0 else None for end in self._ends]
        return [zero if end is None else end for end, zero in zip(ends, self._zeros, strict=True)]

    def columns(self) -> list[list[Any]]:
        """Return the Jacobian by columns: J t for the unit vector t of each input.

        Tangents of several unit vectors go through each step together, and only those that are not 0: what an input
        does not reach costs nothing (sparse vector mode, Griewank and Walther, section 7.1). A few at a time, as each
        of them needs a number at every step.

        >>> x, y = Value(2.0), Value(3.0)
        >>> Linearization([x * y, x + 1], [x, y]).columns()
        [[3.0, 1.0], [2.0, 0.0]]
        """
        columns: list[list[Any]] = []
        for start in range(0, len(self.inputs), TOGETHER):
            few = range(start, min(start + TOGETHER, len(self.inputs)))
            ends = self._push_units(few)
            columns += [
                [zero if end is None else end.get(i, zero) for end, zero in zip(ends, self._zeros, strict=True)]
                for i in few
            ]
        return columns

    def _push_units(self, few: range) -> list[dict[int, Any] | None]:
        """Return for each output its tangents by the number of the input whose unit vector was pushed."""
        found: list[dict[int, Any] | None] = [None] * self._size
        for i in few:
            found[i] = {i: type(self.inputs[i].data)() + 1}
        share = self._share
        for target, terms in self._steps:
            total: dict[int, Any] = {}
            for source, partial in terms:
                for i, tangent in (found[source] or _NONE).items():
                    part = share(tangent, partial)
                    if part is not None:
                        total[i] = total[i] + part if i in total else part
            found[target] = total or None
        return [found[end] if end >= 0 else None for end in self._ends]

    def pull(self, weights: Sequence[Any]) -> list[Any]:
        """Return the adjoints of the inputs."""
        found: list[Any] = [None] * self._size
        for end, weight in zip(self._ends, weights, strict=True):
            if end >= 0:
                found[end] = weight if found[end] is None else found[end] + weight
        share = self._share
        for target, terms in reversed(self._steps):
            g = found[target]
            if g is None:
                continue
            for source, partial in terms:
                if (part := share(g, partial)) is not None:
                    found[source] = part if found[source] is None else found[source] + part
        ends = found[: len(self.inputs)]
        return [type(x.data)() if end is None else end for x, end in zip(self.inputs, ends, strict=True)]


def _plain_share(g: Number, partial: Number) -> Number | None:
    """Return g * partial, None where one is 0 and so nothing is passed on."""
    return None if partial == 0 or g == 0 else g * partial


def _recorded_share(g: Any, partial: Any) -> Any:
    """Return the same for numbers and Values: a recorded 0 counts, since it may change."""
    return None if passes_nothing(g, partial) or passes_nothing(partial, g) else product(g, partial)


def called(f: Callable[..., Any], x: Any) -> Any:
    """Return f(x); where f takes another number of arguments, say how it is written.

    >>> called(lambda x, y: x * y, (2.0, 3.0))
    Traceback (most recent call last):
    ...
    TypeError: <lambda>() missing 1 required positional argument: 'y'; the function gets one argument, which may be a list, tuple or dict: lambda p: p[0] * p[1]
    """  # noqa: E501 - an error is one line
    try:
        return f(x)
    except TypeError as error:
        inside = error.__traceback__ is not None and error.__traceback__.tb_next is not None
        if inside or "argument" not in str(error):
            raise
        how = "the function gets one argument, which may be a list, tuple or dict: lambda p: p[0] * p[1]"
        raise TypeError(f"{error}; {how}") from None


def matching(given: Any, structure: Any, what: str, other: str) -> list[Any]:
    """Return the numbers of what must have the shape of a structure of Values, as numbers of their types."""
    numbers = aligned(given, structure, f"{what} must have the shape of {other}")
    return [exactly_like(number, v.data) for number, v in zip(numbers, numbers_of(structure), strict=True)]


def is_plain_zero(x: Any) -> bool:
    """Tell whether x is a 0 that depends on nothing."""
    return not isinstance(x, Value) and bool(x == 0)


def exactly_like(number: Any, other: Number) -> Any:
    """Return the number in a form that mixes exactly with the other: 1 becomes Fraction(1) beside a Fraction.

    >>> from fractions import Fraction
    >>> exactly_like(1, Fraction(1, 3)), exactly_like(1, 0.5)
    (Fraction(1, 1), 1.0)
    """
    if isinstance(number, int) and not isinstance(number, bool):
        return type(other)(number)
    return number if isinstance(number, Value) else Value(number).data
