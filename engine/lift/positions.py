"""How to write that cells are taken from an array: an index, a slice, a row, a transposition, a list of positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from engine.lift.program import Shape, size

Positions = tuple[int, ...]


def index_text(shape: Shape, positions: Positions, result: Shape, *, samples: bool) -> tuple[str, Positions | None]:
    """Return the template that takes cells of an array of this shape, and the positions to put for INDEX, if any.

    >>> index_text((4,), (1,), (), samples=True), index_text((4,), (1,), (), samples=False)
    (('$0[1, ...]', None), ('$0[1]', None))
    >>> index_text((2, 3), (3, 4, 5), (3,), samples=True)
    ('$0[1, ...]', None)
    >>> index_text((6,), (0, 2, 4), (3,), samples=False)
    ('$0[0:5:2]', None)
    >>> index_text((4,), (3, 0, 0), (3,), samples=False)
    ('take($0, INDEX, xp)', (3, 0, 0))
    """
    if not shape:
        return _reshaped("#0", result, samples), None
    if not result:
        return f"$0[{', '.join(map(str, _unravel(positions[0], shape)))}{', ...' if samples else ''}]", None
    if positions == tuple(range(size(shape))):
        return _reshaped("#0", result, samples), None
    if len(shape) == 2 and positions == _transposed(shape) and result == shape[::-1]:
        return ("xp.moveaxis(#0, 0, 1)" if samples else "$0.T"), None
    part = _row_or_column(shape, positions, samples)
    index = None
    if part is None:
        flat = "$0" if len(shape) == 1 else _reshaped("#0", (size(shape),), samples)
        part = _sliced(flat, positions, samples)
        if part is None:
            part, index = f"take({flat}, INDEX, xp)", positions
    return (part if len(result) == 1 else _reshaped(part, result, samples)), index


def _unravel(position: int, shape: Shape) -> list[int]:
    indices: list[int] = []
    for length in reversed(shape):
        position, index = divmod(position, length)
        indices.insert(0, index)
    return indices


def _transposed(shape: Shape) -> Positions:
    rows, columns = shape
    return tuple([i * columns + j for j in range(columns) for i in range(rows)])


def _row_or_column(shape: Shape, positions: Positions, samples: bool) -> str | None:
    if len(shape) != 2:
        return None
    rows, columns = shape
    row, column = _unravel(positions[0], shape)
    if positions == tuple(range(row * columns, (row + 1) * columns)):
        return f"$0[{row}, ...]"
    if positions == tuple(range(column, rows * columns, columns)):
        return f"$0[:, {column}{', ...' if samples else ''}]"
    return None


def _sliced(flat: str, positions: Positions, samples: bool) -> str | None:
    """Return a slice where the positions are evenly spaced."""
    step = positions[1] - positions[0] if len(positions) > 1 else 1
    if step < 1 or positions != tuple(range(positions[0], positions[-1] + 1, step)):
        return None
    return f"{flat}[{positions[0]}:{positions[-1] + 1}{f':{step}' if step > 1 else ''}{', ...' if samples else ''}]"


def _reshaped(text: str, shape: Shape, samples: bool) -> str:
    sizes = [*map(str, shape), *(["-1"] if samples else [])]
    return f"xp.reshape({text}, ({', '.join(sizes)}{',' if len(sizes) == 1 else ''}))"


def described(name: str, cells: Sequence[int], shape: Shape, few: int = 8) -> str:
    """Return what an array of indices holds: a formula where they are evenly spaced, else the first of them.

    >>> described("I1", (0, 1, 2, 1, 2, 3), (2, 3)), described("I2", (4, 3, 2), (3,))
    ('I1[i, j] = i + j, (2, 3)', 'I2[i] = 4 - i, (3,)')
    >>> described("I3", (0, 4, 1), (3,))
    'I3 = 0, 4, 1, (3,)'
    """
    steps = []
    for axis in range(len(shape)):
        behind = math.prod(shape[axis + 1 :])
        steps.append(cells[behind] - cells[0] if shape[axis] > 1 else 0)
    places = product(*map(range, shape))
    if any(cells[0] + sum(map(int.__mul__, steps, place)) != cell for place, cell in zip(places, cells, strict=True)):
        more = ", ..." if len(cells) > few else ""
        return f"{name} = {', '.join(map(str, cells[:few]))}{more}, {shape}"
    letters = "ijkl"[: len(shape)]
    terms = [str(cells[0])] if cells[0] else []
    terms += [{1: x, -1: f"-{x}"}.get(step, f"{step} * {x}") for x, step in zip(letters, steps, strict=True) if step]
    formula = " + ".join(sorted(terms, key=lambda t: t.startswith("-"))).replace("+ -", "- ")
    return f"{name}[{', '.join(letters)}] = {formula or 0}, {shape}"
