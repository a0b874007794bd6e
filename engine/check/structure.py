"""People's arguments and gradients, nested as they like, as one flat list of numbers with names.

A point may be a number, a list, tuple, dict or NumPy array of numbers, nested; a tuple at the top means several
arguments, f(*at). A gradient is accepted in any shape that has the right count of numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Block:
    """One array, or one lone number, among the arguments: its name, shape, and place in the flat list."""

    name: str
    shape: tuple[int, ...]
    start: int
    size: int

    def component(self, offset: int) -> str:
        """Return the name of one entry, such as `w[1, 2]`."""
        index = []
        for extent in reversed(self.shape):
            offset, i = divmod(offset, extent)
            index.append(str(i))
        return f"{self.name}[{', '.join(reversed(index))}]" if self.shape else self.name


class Point:
    """Where a gradient is checked: the numbers, their names, and how to call a function with others in their place.

    >>> point = Point(([1.0, 2.0], 3.0), lambda w, b: 0)
    >>> point.names
    ['w[0]', 'w[1]', 'b']
    >>> point.arguments([10, 20, 30])
    ([10, 20], 30)
    >>> Point([float("nan")], abs)
    Traceback (most recent call last):
    ...
    ValueError: x[0] is nan; a gradient is checked at finite numbers
    """

    def __init__(self, at: Any, f: Callable[..., Any]) -> None:
        self.several = isinstance(at, tuple) and not hasattr(at, "_fields")
        self.at = at
        self.blocks: list[Block] = []
        self.numbers: list[float] = []
        parts = at if self.several else (at,)
        for name, part in zip(_argument_names(f, len(parts)), parts, strict=True):
            self._add(name, part)
        self.names = [block.component(i) for block in self.blocks for i in range(block.size)]
        for name, x in zip(self.names, self.numbers, strict=True):
            if x - x != 0:
                raise ValueError(f"{name} is {x}; a gradient is checked at finite numbers")
        if not self.numbers:
            raise ValueError(f"there is no number in at={at!r}; give at least one")

    def _add(self, name: str, part: Any) -> None:
        if isinstance(part, dict):
            for key, item in part.items():
                self._add(f"{name}[{key!r}]", item)
        elif isinstance(part, (list, tuple)) and not _is_flat(part):
            for i, item in enumerate(part):
                self._add(f"{name}[{i}]", item)
        else:
            shape = _shape(part)
            found = [_as_float(x, name) for x in _flat(part)]
            self.blocks.append(Block(name, shape, len(self.numbers), len(found)))
            self.numbers += found

    def arguments(
        self, numbers: Sequence[Any], array: Callable[[list[Any], tuple[int, ...]], Any] | None = None
    ) -> tuple[Any, ...]:
        """Return the tuple of arguments with these numbers; array makes an array of a list and a shape."""
        left = list(reversed(numbers))

        def fill(part: Any) -> Any:
            if isinstance(part, dict):
                return {key: fill(item) for key, item in part.items()}
            if isinstance(part, tuple) and hasattr(part, "_fields"):
                return type(part)(*[fill(item) for item in part])
            if isinstance(part, (list, tuple)):
                return type(part)([fill(item) for item in part])
            if getattr(part, "ndim", 0) > 0:
                entries = [left.pop() for _ in range(part.size)]
                return (array or _float_array)(entries, part.shape)
            return left.pop()

        return tuple(fill(part) for part in (self.at if self.several else (self.at,)))


def flat_numbers(result: Any) -> list[Any]:
    """Return what a function returned as a flat list of numbers: Values give their data, dicts their values.

    >>> flat_numbers({"w": [1.0, (2.0, 3.0)], "b": 4.0})
    [1.0, 2.0, 3.0, 4.0]
    >>> flat_numbers(None)
    Traceback (most recent call last):
    ...
    TypeError: a function to be checked returns numbers, and this one returned None; is a return missing?
    """
    if result is None:
        raise TypeError("a function to be checked returns numbers, and this one returned None; is a return missing?")
    if isinstance(result, dict):
        return [x for part in result.values() for x in flat_numbers(part)]
    if isinstance(result, (list, tuple)):
        return [x for part in result for x in flat_numbers(part)]
    if getattr(result, "ndim", 0) > 0:
        return [x for part in result.ravel().tolist() for x in flat_numbers(part)]
    if hasattr(result, "row"):  # a Value
        return [result.data]
    if type(result).__module__ == "numpy":
        return flat_numbers(result.item())
    return [result]


def unit_roundoff(result: Any) -> float:
    """Return half a unit in the last place of 1.0, in the precision of a gradient's numbers: 2**-53, or of float32.

    >>> unit_roundoff([1.0]) == 2**-53
    True
    """
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return max(map(unit_roundoff, result), default=2.0**-53)
    bits = {"float16": 11, "float32": 24}.get(str(getattr(result, "dtype", "")), 53)
    return 2.0**-bits


def _is_flat(part: Any) -> bool:
    return all(_shape(x) == () and not isinstance(x, (dict, list, tuple)) for x in part)


def _shape(part: Any) -> tuple[int, ...]:
    if isinstance(part, (list, tuple)):
        return (len(part),)
    return tuple(getattr(part, "shape", ()))


def _flat(part: Any) -> list[Any]:
    if isinstance(part, (list, tuple)):
        return list(part)
    return part.ravel().tolist() if getattr(part, "ndim", 0) > 0 else [part]


def _as_float(x: Any, name: str) -> float:
    number = getattr(x, "data", x) if hasattr(x, "row") else x
    try:
        return float(number)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be made of real numbers, got {type(x).__name__} {x!r}") from None


def _float_array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np  # there is an array in the arguments, so it is there already

    return np.array(numbers, dtype=float).reshape(shape)


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(names) >= count:
        return names[:count]
    return ["x"] if count == 1 else [f"x{i}" for i in range(count)]
