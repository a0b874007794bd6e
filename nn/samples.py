"""Samples and targets: what a network accepts, and what it says about everything else.

A batch is one sample per row: X has shape (m, n_0), and Y one row of targets per sample, or one class label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.arrays import Array
from nn.losses import Loss, one_hot

Dtype = np.dtype[Any]


def as_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes n_0, ..., n_L of the layers, checked.

    >>> as_sizes([784, 32, 10])
    (784, 32, 10)
    >>> as_sizes([784])
    Traceback (most recent call last):
        ...
    ValueError: a network needs at least an input and an output size, got [784]; for example [784, 32, 10]
    >>> as_sizes([2, 0, 1])
    Traceback (most recent call last):
        ...
    ValueError: sizes must be whole numbers from 1 on, got 0 in [2, 0, 1]
    """
    if isinstance(sizes, int | str) or len(sizes) < 2:
        raise ValueError(
            f"a network needs at least an input and an output size, got {sizes!r}; for example [784, 32, 10]"
        )
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"sizes must be whole numbers from 1 on, got {size!r} in {sizes!r}")
    return tuple(int(size) for size in sizes)


def as_samples(X: Array, inputs: int, dtype: Dtype) -> Array:
    """Return X as an array of this dtype and of shape (m, inputs).

    >>> as_samples([[1, 2]], 2, np.dtype("float32"))
    array([[1., 2.]], dtype=float32)
    >>> as_samples([1.0, 2.0], 2, np.dtype("float64"))
    Traceback (most recent call last):
        ...
    ValueError: X needs one sample per row, shape (m, 2), got shape (2,); one sample x is x[None, :], \
one feature x[:, None]
    """
    array = X if isinstance(X, np.ndarray) and X.dtype is dtype else _as_numbers("X", X, dtype)
    if array.ndim != 2:
        cure = "one sample x is x[None, :], one feature x[:, None]"
        raise ValueError(f"X needs one sample per row, shape (m, {inputs}), got shape {array.shape}; {cure}")
    if array.shape[1] != inputs:
        raise ValueError(
            f"X has {array.shape[1]} features per sample, shape {array.shape}, but the network has {inputs} inputs"
        )
    if array.shape[0] == 0:
        raise ValueError(f"X has no samples, shape {array.shape}; give at least one row")
    return array


def as_targets(Y: Array, width: int, loss: Loss, dtype: Dtype) -> Array:
    """Return Y as rows of targets of shape (m, width): class labels become rows with a single 1.

    Where width is 1, one target per sample may also be given as shape (m,).

    >>> from nn.losses import LOSSES
    >>> as_targets([1, 0], 2, LOSSES["cross_entropy"], np.dtype("float64"))
    array([[0., 1.],
           [1., 0.]])
    >>> as_targets([[0.5]], 1, LOSSES["hinge"], np.dtype("float64"))
    Traceback (most recent call last):
        ...
    ValueError: hinge needs targets -1 or 1, got 0.5 in row 0; write classes 0 and 1 as 2 * y - 1
    """
    classes = loss.name == "cross_entropy"
    array = np.asarray(Y)
    if classes and array.ndim == 1:
        return one_hot(_as_labels(array), width, dtype)
    array = _as_numbers("Y", array, dtype)
    if array.ndim == 1 and width == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width:
        labels = ", or class labels of shape (m,)" if classes else ""
        raise ValueError(f"Y needs one row of targets per sample, shape (m, {width}){labels}, got shape {array.shape}")
    refuse_non_finite("Y", array)
    if loss.targets == "signs":
        _refuse(array, abs(array) == 1, "hinge needs targets -1 or 1", "write classes 0 and 1 as 2 * y - 1")
    if loss.targets == "probabilities":
        _refuse(array, (array >= 0) & (array <= 1), f"{loss.name} needs targets from 0 to 1", "they are probabilities")
    if classes:
        _refuse_sums(array)
    return array


def refuse_non_finite(name: str, array: Array) -> None:
    """Raise a ValueError that names the first nan or infinity, if there is one.

    >>> refuse_non_finite("X", np.array([[0.0, np.nan]]))
    Traceback (most recent call last):
        ...
    ValueError: X has nan in row 0, column 1 (1 of 2 entries is not finite); remove or replace such samples
    """
    bad = ~np.isfinite(array)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        count = int(bad.sum())
        raise ValueError(
            f"{name} has {array[row, column]} in row {row}, column {column} ({count} of {array.size} entries "
            f"{'is' if count == 1 else 'are'} not finite); remove or replace such samples"
        )


def _as_numbers(name: str, given: Array, dtype: Dtype) -> Array:
    if isinstance(given, np.ndarray) and given.dtype == dtype:
        return given
    try:
        array = np.asarray(given)
        if array.dtype.kind in "fiub":
            return array.astype(dtype)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} is no table of numbers: {error}") from error
    raise TypeError(f"{name} must hold real numbers, got {array.dtype}; convert with {name}.astype(float)")


def _as_labels(given: Array) -> Array:
    if given.dtype.kind in "iub" or (given.dtype.kind == "f" and (given == np.round(given)).all()):
        return given
    raise ValueError(f"labels must be whole numbers, got {given.dtype}, for example {given[:3].tolist()}")


def _refuse(Y: Array, good: Array, need: str, cure: str) -> None:
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise ValueError(f"{need}, got {Y[row, column]} in row {row}; {cure}")


def _refuse_sums(Y: Array) -> None:
    sums = Y.sum(axis=1)
    off = np.abs(sums - 1) > np.sqrt(np.finfo(Y.dtype).eps)
    if off.any():
        row = int(off.argmax())
        raise ValueError(
            f"cross_entropy needs rows of Y that sum to 1, got {sums[row]} in row {row}; divide by the sums"
        )
