"""What the shapes of a gradient tell: which argument's part is of another size, and which would not fit a step.

Numbers are judged one by one, whatever array they come in; but `w - step * gradient` goes by shapes.
"""

from __future__ import annotations

import math
from typing import Any

from engine.check.structure import Block, Point


def misfits(point: Point, result: Any) -> list[str]:
    """Return a note for each array of a gradient that has its argument's size but another shape.

    >>> import numpy as np
    >>> misfits(Point(np.ones(3), abs), np.ones((3, 1)))
    ['the gradient by x has shape (3, 1), and x has (3,): x - step * gradient would not keep its shape']
    """
    return [
        f"the gradient by {b.name} has shape {shape}, and {b.name} has {b.shape}: "
        f"{b.name} - step * gradient would not keep its shape"
        for b, shape in _shaped(point, result)
        if shape != b.shape and math.prod(shape) == b.size
    ]


def wrong_count(point: Point, result: Any, found: int, outputs: int, order: int) -> str:
    """Return what is said of a gradient with another count of numbers than f has derivatives.

    >>> wrong_count(Point((1.0, 2.0), lambda w, b: 0), 3.0, 1, 1, 1)
    'the gradient has 1 number(s), but f has 2 derivative(s) here: one for each of w, b'
    """
    width = len(point.numbers)
    if order == 2:
        return f"the Hessian has {found} number(s), but f has {width * width} second derivatives: shape {width, width}"
    words = f"the gradient has {found} number(s), but f has {outputs * width} derivative(s) here"
    if outputs > 1:
        if found == 1 and outputs == width:
            return f"{words}: are f and grad the other way round?"
        return f"{words}: f returns {outputs} numbers, whose Jacobian has shape {outputs, width}. Does f lack a sum?"
    off = [
        f"by {b.name} it has shape {shape}, and {b.name} has {b.shape}"
        for b, shape in _shaped(point, result)
        if math.prod(shape) != b.size
    ]
    if off:
        return f"{words}: {'; '.join(off)}"
    return f"{words}: one for each of {', '.join(b.name for b in point.blocks)}" if len(point.blocks) > 1 else words


def _shaped(point: Point, result: Any) -> list[tuple[Block, tuple[int, ...]]]:
    """Return the arguments' arrays and the shapes of what the gradient has for them, where that is arrays."""
    pieces = point.pieces(result)
    return [(b, tuple(piece.shape)) for b, piece in pieces if hasattr(piece, "shape") and hasattr(piece, "dtype")]
