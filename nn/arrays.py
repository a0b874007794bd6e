"""Arrays of any library: which namespace an array's functions live in, and the few functions that the names differ for.

The formulas of this package are written over the array API (https://data-apis.org/array-api), so the same lines run on
NumPy, CuPy, JAX and PyTorch arrays, and on NumPy arrays of objects: Values, Fractions, numbers that count their
operations. NumPy calls an object's own method for a function (``np.exp`` calls ``element.exp()``), so such objects need
the arithmetic operators and the methods of the functions that a formula uses.
"""

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np

Array = Any  # an array of any of these libraries; Python has no common type for them
Namespace = Any  # its module of functions

Thing = TypeVar("Thing")


def namespace(array: Array) -> Namespace:
    """Return the module whose functions work on this array.

    >>> namespace(np.zeros(3)).__name__
    'numpy'
    >>> namespace([0.0])
    Traceback (most recent call last):
        ...
    TypeError: expected an array, got [0.0] (list); make one with numpy.asarray
    """
    if isinstance(array, (np.ndarray, np.generic)):
        return np
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    library = sys.modules[type(array).__module__.partition(".")[0]]
    if hasattr(library, "matmul"):  # PyTorch: its tensors do not name their namespace, but their module is one
        return library
    raise TypeError(f"expected an array, got {array!r} ({type(array).__name__}); make one with numpy.asarray")


def has_method(array: Array, name: str) -> bool:
    """Say whether this is an array of objects that know the function by themselves, as a Value knows ``sigmoid``.

    >>> has_method(np.array([1.0]), "sigmoid")
    False
    """
    return isinstance(array, np.ndarray) and array.dtype.hasobject and array.size > 0 and hasattr(array.flat[0], name)


def call_method(array: Array, name: str) -> Array:
    """Return the array of ``element.name()``.

    >>> call_method(np.array([1.5, 2.0], dtype=object), "is_integer")
    array([False, True], dtype=object)
    """
    call: Callable[[Any], Any] = lambda element: getattr(element, name)()  # noqa: E731 - named by its parameter
    return np.frompyfunc(call, 1, 1)(array)


def largest(array: Array, axis: int) -> Array:
    """Return the largest entries along an axis.

    >>> largest(np.array([[1.0, 3.0], [2.0, 0.0]]), axis=0)
    array([2., 3.])
    """
    if isinstance(array, np.ndarray):
        return array.max(axis=axis)
    xp = namespace(array)  # PyTorch's max answers with positions too; its amax is what the others call max
    return getattr(xp, "amax", xp.max)(array, axis=axis)


def total(array: Array, axis: int | None = None) -> Array:
    """Return the sum along an axis, or of all entries.

    NumPy's method does what its function does, without the layer of Python that costs more than a small sum.

    >>> total(np.array([[1.0, 3.0], [2.0, 0.0]]), axis=1)
    array([4., 2.])
    """
    return array.sum(axis=axis) if isinstance(array, np.ndarray) else namespace(array).sum(array, axis=axis)


def sum_of_squares(array: Array) -> Array:
    """Return the sum of the squares of all entries.

    >>> float(sum_of_squares(np.array([[3.0], [4.0]])))
    25.0
    """
    floats = isinstance(array, np.ndarray) and not array.dtype.hasobject
    return np.vdot(array, array) if floats else total(array * array)


def lookup(kind: str, name: object, table: Mapping[str, Thing]) -> Thing:
    """Return the entry of a table by its name.

    Raises
    ------
    ValueError
        If there is none; the message names the closest one.

    >>> lookup("fruit", "aple", {"apple": 1, "pear": 2})
    Traceback (most recent call last):
        ...
    ValueError: unknown fruit 'aple'; did you mean 'apple'? (there are: apple, pear)
    """
    if isinstance(name, str) and name in table:
        return table[name]
    close = get_close_matches(name, table, n=1) if isinstance(name, str) else []
    hint = f"did you mean {close[0]!r}? (there are: {', '.join(table)})" if close else f"there are: {', '.join(table)}"
    raise ValueError(f"unknown {kind} {name!r}; {hint}")
