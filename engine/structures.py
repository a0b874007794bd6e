"""Numbers in lists, tuples, dicts and NumPy arrays, nested in any way: what functions take and return.

The structure of x is what is left of it when its numbers are forgotten. A gradient has the structure of its argument;
a direction must have it, where a list may stand for a tuple or an array of the same length, and the keys of a dict may
come in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def map_numbers(f: Callable[[Any], Any], structure: Any) -> Any:
    """Apply f to every number of a nested structure, which keeps its shape (list, tuple, dict, NumPy array).

    >>> map_numbers(lambda x: 2 * x, {"a": [1, (2, 3)], "b": 4})
    {'a': [2, (4, 6)], 'b': 8}
    """
    if isinstance(structure, dict):
        return {key: map_numbers(f, part) for key, part in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[map_numbers(f, part) for part in structure])
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_numbers(f, part) for part in structure)
    if getattr(structure, "ndim", 0) > 0:
        import numpy as np

        mapped = np.array([f(x) for x in structure.flat], dtype=object).reshape(structure.shape)
        recorded = any(hasattr(x, "row") for x in mapped.flat)
        # A list forgets that an empty array had shape (0, 3).
        return mapped if recorded else np.array(mapped.tolist()).reshape(structure.shape)
    return f(structure)


def numbers_of(structure: Any) -> list[Any]:
    """Return the numbers of a nested structure, in order.

    >>> numbers_of({"a": [1, (2, 3)], "b": 4})
    [1, 2, 3, 4]
    """
    found: list[Any] = []
    map_numbers(found.append, structure)
    return found


def fill(structure: Any, numbers: Any) -> Any:
    """Return the structure with other numbers in it, in the same order.

    >>> fill({"a": [1, 2], "b": 3}, [7, 8, 9])
    {'a': [7, 8], 'b': 9}
    """
    following = iter(numbers)
    return map_numbers(lambda _: next(following), structure)


def filler(structure: Any) -> Callable[[Any], Any]:
    """Return the function that fills a structure, for filling it often: a flat list or tuple needs no walk.

    >>> filler([1, 2])((7, 8)), filler([1, [2]])((7, 8))
    ([7, 8], [7, [8]])
    """
    if type(structure) in (list, tuple) and not any(isinstance(x, dict) or _is_sequence(x) for x in structure):
        return type(structure)
    return lambda numbers: fill(structure, numbers)


def aligned(given: Any, like: Any, what: str) -> list[Any]:
    """Return the numbers of a structure in the order of another one, which it must have the structure of.

    Parameters
    ----------
    what: of which both, for the error: "the direction must have the shape of the argument".

    Raises ValueError that names the place where they differ.

    >>> aligned({"b": 2, "a": [1]}, {"a": [5.0], "b": 6.0}, "")
    [1, 2]
    >>> aligned({"a": [1, 0]}, {"a": [5.0]}, "both must have one shape")
    Traceback (most recent call last):
    ...
    ValueError: both must have one shape: at ['a'] 1 number, not 2 numbers
    """
    found: list[Any] = []
    _align(given, like, what, "", found)
    return found


def _align(given: Any, like: Any, what: str, place: str, found: list[Any]) -> None:
    if isinstance(like, dict):
        if not isinstance(given, dict) or given.keys() != like.keys():
            raise _mismatch(given, like, what, place)
        for key, part in like.items():
            _align(given[key], part, what, f"{place}[{key!r}]", found)
    elif _is_sequence(like):
        if not _is_sequence(given) or len(given) != len(like):
            raise _mismatch(given, like, what, place)
        for i, part in enumerate(like):
            _align(given[i], part, what, f"{place}[{i}]", found)
    elif isinstance(given, dict) or _is_sequence(given):
        raise _mismatch(given, like, what, place)
    else:
        found.append(given)


def _is_sequence(x: Any) -> bool:
    return isinstance(x, (list, tuple)) or getattr(x, "ndim", 0) > 0


def _mismatch(given: Any, like: Any, what: str, place: str) -> ValueError:
    return ValueError(f"{what}: {f'at {place} ' if place else ''}{_described(like)}, not {_described(given)}")


def _described(x: Any) -> str:
    """Describe the outermost level.

    >>> _described([1.0, 2.0]), _described([[1.0], [2.0]]), _described({"a": 1}), _described(3.0)
    ('2 numbers', 'a list of 2', "a dict with 'a'", 'a number')
    """
    if isinstance(x, dict):
        return f"a dict with {', '.join(map(repr, x)) or 'nothing'}"
    if getattr(x, "ndim", 0) > 0:
        return f"an array of shape {x.shape}"
    if _is_sequence(x):
        flat = not any(isinstance(part, dict) or _is_sequence(part) for part in x)
        return f"{len(x)} number{'s' * (len(x) != 1)}" if flat else f"a {type(x).__name__} of {len(x)}"
    return "a number" if not isinstance(x, str) else f"the text {x!r}"
