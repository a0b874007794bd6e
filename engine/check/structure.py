"""People's arguments and gradients, nested as they like, as one flat list of numbers with names.

A point may be a number, a list, tuple, dict or NumPy array of numbers, nested; a tuple at the top means several
arguments, f(*at). A gradient is accepted in any shape that has the right count of numbers; what has keys is matched by
them, in any order.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
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
    >>> Point({"a": 1.0, "b": 2.0}, abs).in_order({"b": 20, "a": 10})
    [10, 20]
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
        self.has_lone_arrays = False  # arrays of no dimensions, which a function may take for arrays or for numbers
        parts = at if self.several else (at,)
        self.named = dict(zip(_argument_names(f, len(parts)), parts, strict=True))
        for name, part in self.named.items():
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
            items = _flat(part)
            found = [_as_float(x, name) for x in items]
            self.has_lone_arrays |= any(_is_array(x) and not x.ndim for x in (part, *items))
            self.blocks.append(Block(name, shape, len(self.numbers), len(found)))
            self.numbers += found

    def arguments(
        self, numbers: Sequence[Any], array: Callable[[list[Any], tuple[int, ...]], Any] | None = None
    ) -> tuple[Any, ...]:
        """Return the tuple of arguments with these numbers; array makes an array of a list and a shape, such as ()."""
        taken = 0

        def take(count: int) -> Sequence[Any]:
            nonlocal taken
            taken += count
            return numbers[taken - count : taken]

        def fill(part: Any) -> Any:
            if isinstance(part, dict):
                made = copy.copy(part)
                made.update({key: fill(item) for key, item in part.items()})
                return made
            if isinstance(part, tuple) and hasattr(part, "_fields"):
                return type(part)(*[fill(item) for item in part])
            if isinstance(part, (list, tuple)):
                return type(part)([fill(item) for item in part])
            if _is_array(part):
                entries = take(part.size)
                return _float_array(entries, part.shape) if array is None else array(list(entries), part.shape)
            (number,) = take(1)
            return _float_array([number], ())[()] if hasattr(part, "dtype") and type(number) is float else number

        return tuple(fill(part) for part in self.named.values())

    def given(self) -> tuple[Any, ...]:
        """Return copies of the arguments as they were given, in their own precision; a lone int becomes a float."""
        return (float(self.at),) if isinstance(self.at, int) else given_arguments(self.at)

    def in_order(self, result: Any, rows: int = 1) -> list[Any]:
        """Return a gradient's numbers in the order of the point's, matched by keys; of a Jacobian row by row.

        Raises ValueError where keys are missing, or others than the arguments'.
        """
        if rows > 1 and type(result) in (list, tuple) and len(result) == rows:
            return [x for row in result for x in self.in_order(row)]
        numbers = _matched(result, self._whole(), "", lambda piece, part: flat_numbers(piece))
        if rows == 1 or _keyed(result) is None or len(numbers) != rows * len(self.numbers):
            return numbers
        # Each argument came with all of its rows.
        return [
            x
            for row in range(rows)
            for b in self.blocks
            for x in numbers[rows * b.start + row * b.size : rows * b.start + (row + 1) * b.size]
        ]

    def pieces(self, result: Any) -> list[tuple[Block, Any]]:
        """Return the arguments' arrays, each with what a gradient has for it; nothing where that cannot be told."""
        found: list[Any] = []

        def note(piece: Any, part: Any) -> list[Any]:
            found.append(piece)
            return []

        _matched(result, self._whole(), "", note)
        return list(zip(self.blocks, found, strict=True)) if len(found) == len(self.blocks) else []

    def hessian_in_order(self, result: Any) -> list[Any]:
        """Return a Hessian's numbers row by row; with keys it is a gradient of gradients: result["a"]["b"]."""
        if _keyed(result) is None:
            return self.in_order(result, len(self.numbers))
        return _matched(result, self._whole(), "", lambda piece, part: self.in_order(piece, len(flat_numbers(part))))

    def _whole(self) -> Any:
        return self.named if self.several else self.at


def given_arguments(at: Any) -> tuple[Any, ...]:
    """Return copies of the arguments that a point stands for, so that a function may change what it is given.

    >>> w = [1.0, 2.0]
    >>> given_arguments(w)[0] is w, given_arguments((w, 3.0))
    (False, ([1.0, 2.0], 3.0))
    """
    several = isinstance(at, tuple) and not hasattr(at, "_fields")
    return tuple(copied(part) for part in (at if several else (at,)))


def copied(part: Any) -> Any:
    """Return a copy of nested numbers: the containers and arrays are new, the Values in them are the same.

    Arrays of integers become arrays of floats: a derivative is by a real number, and integers would cut it off.
    """
    if isinstance(part, dict):
        made = copy.copy(part)
        made.update({key: copied(item) for key, item in part.items()})
        return made
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)(*map(copied, part))
    if isinstance(part, (list, tuple)):
        return type(part)(map(copied, part))
    if hasattr(part, "dtype"):
        return part.astype(float) if part.dtype.kind in "iub" else copy.copy(part)
    return part


def _keyed(part: Any) -> Mapping[Any, Any] | None:
    """Return a dict or a named tuple by its keys, None for anything else."""
    if isinstance(part, dict):
        return part
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return dict(zip(part._fields, part, strict=True))
    return None


def _matched(result: Any, part: Any, path: str, leaf: Callable[[Any, Any], list[Any]]) -> list[Any]:
    """Return what leaf gives for each piece of a gradient and the part it belongs to, in the order of the parts."""
    mine, theirs = _keyed(part), _keyed(result)
    if mine is not None and theirs is not None and (isinstance(result, dict) or set(mine) == set(theirs)):
        _check_keys(mine, theirs, path)
        return [x for key in mine for x in _matched(theirs[key], mine[key], f"{path}[{key!r}]", leaf)]
    parts = list(mine.values()) if mine is not None else part
    if isinstance(result, (list, tuple)) and isinstance(parts, (list, tuple)) and (mine or not _is_flat(parts)):
        if len(parts) == len(result):
            pairs = enumerate(zip(result, parts, strict=True))
            return [x for i, (piece, own) in pairs for x in _matched(piece, own, f"{path}[{i}]", leaf)]
        if len(result) == 1:  # a Jacobian of one row
            return _matched(result[0], part, path, leaf)
    return leaf(result, part)


def _check_keys(mine: Mapping[Any, Any], theirs: Mapping[Any, Any], path: str) -> None:
    said = []
    for what, keys in (
        ("lacks", [key for key in mine if key not in theirs]),
        ("has the unknown", [key for key in theirs if key not in mine]),
    ):
        if keys:
            said.append(f"{what} {', '.join(map(repr, keys))}")
    if said:
        where = f"'s part {path}" if path else ""
        raise ValueError(
            f"the gradient{where} {' and '.join(said)}: a gradient with keys has those of the arguments, "
            f"{', '.join(map(repr, mine))}"
        )


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
    if hasattr(result, "dtype"):
        number = result.item()
        return [float(number)] if hasattr(number, "dtype") else flat_numbers(number)  # a long double stays one
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


def _is_array(part: Any) -> bool:
    """Tell an array, which may have no dimensions, from a NumPy number."""
    return hasattr(part, "dtype") and hasattr(part, "__setitem__")


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


def _float_array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
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
