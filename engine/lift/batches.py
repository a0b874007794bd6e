"""Batches: what a lifted program accepts for its arguments, one sample per row, and what it says about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.lift.program import Shape

Array = Any
"""An array of NumPy, or of another library that has the functions of the array API."""


def as_batches(given: Sequence[Any], names: Sequence[str], shapes: Sequence[Shape], dtype: Any) -> list[Array]:
    """Return one array for each argument, all with the same number of samples; ValueErrors say what does not fit.

    >>> [array.shape for array in as_batches([[[1, 2], [3, 4]], [5, 6]], ["x", "y"], [(2,), ()], "float64")]
    [(2, 2), (2,)]
    >>> as_batches([[5, 6]], ["x", "y"], [(2,), ()], "float64")
    Traceback (most recent call last):
    ...
    ValueError: this program takes 2 batch(es), x, y, got 1
    """
    if len(given) != len(shapes):
        raise ValueError(f"this program takes {len(shapes)} batch(es), {', '.join(names) or 'none'}, got {len(given)}")
    arrays = [as_batch(batch, name, shape, dtype) for batch, name, shape in zip(given, names, shapes, strict=True)]
    for name, array in zip(names, arrays, strict=True):
        if len(array) != len(arrays[0]):
            raise ValueError(f"{name} has {len(array)} samples, but {names[0]} has {len(arrays[0])}")
    return arrays


def as_batch(given: Any, name: str, shape: Shape, dtype: Any) -> Array:
    """Return one batch as an array with samples of this shape; one of another library stays as it is.

    >>> as_batch([0, 1], "y", (3,), "float64")
    Traceback (most recent call last):
    ...
    ValueError: y needs one sample per row, shape (m, 3), got shape (2,); class labels become rows by np.eye(3)[y]
    """
    import numpy as np

    is_array = hasattr(given, "shape") and not isinstance(given, np.ndarray)
    try:
        array = given if is_array else np.asarray(given, dtype)
    except (TypeError, ValueError) as error:  # words, or rows of different lengths
        raise type(error)(f"{name} needs one sample per row, all numbers: {error}") from None
    if tuple(array.shape[1:]) != shape or not array.ndim:
        want = ", ".join(["m", *map(str, shape)]) + ("," if not shape else "")
        cure = _cure(given, name, shape, tuple(array.shape))
        raise ValueError(f"{name} needs one sample per row, shape ({want}), got shape {tuple(array.shape)}{cure}")
    if not len(array):
        raise ValueError(f"{name} has no samples; give one row for each, at least one")
    return array


def _cure(given: Any, name: str, shape: Shape, found: Shape) -> str:
    """Return what to do about a batch of another shape, where that can be guessed."""
    import numpy as np

    if found == shape:
        return f"; one sample is {name}[None]" if hasattr(given, "shape") else f"; one sample is [{name}]"
    if len(found) == 1 and len(shape) == 1 and np.asarray(given).dtype.kind in "iu":
        return f"; class labels become rows by np.eye({shape[0]})[{name}]"
    if shape == () and found[1:] == (1,):
        return f"; {name}[:, 0] is one number per sample"
    return ""
