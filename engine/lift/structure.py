"""Nested parameters and array arguments: what a caller gives, as flat lists, and back in the caller's own shape."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.elementary import TABLE
from engine.lift.helpers import HELPERS
from engine.lift.program import Shape
from engine.structures import map_numbers
from engine.value import Value

_OURS = re.compile(
    r"(z|f|d|W|b|p|c|v|g|I)\d+|d\w+|xp|np|math|sys|importlib|parameters|value|seed|scale|namespace|\w*pullback\w*"
)


def parameter_structure(f: Callable[..., Any], parameters: Any) -> Any:
    """Return the nested parameters that are meant: given, or those of a network, or None (all that f uses)."""
    network = f if parameters is None else parameters
    method = getattr(network, "parameters", None)
    return method() if callable(method) else parameters


def flat_values(structure: Any) -> list[Value]:
    """Return the Values of nested parameters, each once; a TypeError names what is none."""
    found: list[Any] = []
    map_numbers(found.append, structure)
    for v in found:
        if not isinstance(v, Value):
            raise TypeError(f"parameters are Values, got {type(v).__name__} {v!r}; make it Value({v!r})")
    return list(dict.fromkeys(found))


def example_values(example: Any) -> tuple[Any, list[Value], Shape]:
    """Return an example with a Value for each number, these Values, and their shape.

    >>> nested, flat, shape = example_values([[1.0, 2.0], [3.0, 4.0]])
    >>> nested[1][0] is flat[2], shape
    (True, (2, 2))
    >>> example_values([[1.0], [2.0, 3.0]])
    Traceback (most recent call last):
    ...
    ValueError: an example is one sample: a number, or rows of equal length, got [[1.0], [2.0, 3.0]]
    """
    import numpy as np

    try:
        shape = np.shape(example)
    except ValueError:
        shape = (0,)
    if 0 in shape or isinstance(example, dict):
        raise ValueError(f"an example is one sample: a number, or rows of equal length, got {example!r}")
    flat: list[Value] = []

    def value(number: Any) -> Value:
        flat.append(Value(number.data if isinstance(number, Value) else number))
        return flat[-1]

    return map_numbers(value, example), flat, shape


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first parameters of f, changed where a name means something else in the program.

    >>> argument_names(lambda x, exp: x, 2), argument_names(max, 1)
    (['x', 'exp_'], ['x'])
    """
    try:
        found = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):  # a builtin
        found = []
    found = found[:count] if len(found) >= count else ["x", *(f"x{i}" for i in range(2, count + 1))][:count]
    clash = [bool(_OURS.fullmatch(n)) or n in TABLE or n in HELPERS or keyword.iskeyword(n) for n in found]
    return [f"{n}_" if c else n for n, c in zip(found, clash, strict=True)]


def filled(structure: Any, known: dict[Value, Any]) -> Any:
    """Return nested parameters with the entry of each Value in its place; lists, tuples and dicts keep their shape."""
    if isinstance(structure, dict):
        return {key: filled(part, known) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(filled(part, known) for part in structure)
    if getattr(structure, "ndim", 0) > 0:
        return [filled(part, known) for part in structure]
    return known[structure]


def outputs_of(result: Any) -> list[Value]:
    """Return the Values that a function returned: one, or a list of them."""
    found: Sequence[Any] = result if isinstance(result, (list, tuple)) else [result]
    if getattr(result, "ndim", 0) > 0:
        found = list(result.flat)
    values = list(_checked(found))
    if not values:
        raise TypeError("the function returned nothing; return a Value, or a list of Values")
    return values


def _checked(found: Sequence[Any]) -> Iterator[Value]:
    for v in found:
        if not isinstance(v, Value):
            cure = {"NoneType": "; end it with return", "list": "; put them all into one list"}.get(
                type(v).__name__, ""
            )
            raise TypeError(f"the function must return a Value or a list of Values, got {type(v).__name__} {v!r}{cure}")
        yield v
