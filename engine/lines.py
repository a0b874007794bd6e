"""Where a Value was made: the source line of each operation, recorded only while it is asked for.

Outside of `with recording():` nothing is recorded and nothing is spent, not even a test: the with statement swaps the
one function by which nodes are made. The nodes made inside it are of a subclass with a place for the line.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from engine import value
from engine.value import Value

_HERE = os.path.dirname(__file__) + os.sep
_BETWEEN = (_HERE, os.path.join(os.path.dirname(os.path.dirname(__file__)), "nn") + os.sep)
_NUMPY = f"{os.sep}numpy{os.sep}"

_plainly = value._new
_running = 0  # how many recordings are under way, in whatever thread


class Recorded(Value):
    """A Value that knows the line that made it, as (file name, line number)."""

    __slots__ = ("line",)

    line: tuple[str, int]


@contextmanager
def recording() -> Iterator[None]:
    """Record the source line of every operation inside the with statement; recordings nest.

    >>> from engine import Value
    >>> with recording():
    ...     y = Value(2.0) * 3.0
    >>> line_of(y).endswith(":2")
    True
    >>> line_of(y * y)
    ''
    """
    global _running
    _running += 1
    value._new = _with_its_line  # type: ignore[assignment]  # it makes Values alone, not any object
    try:
        yield
    finally:
        _running -= 1
        if not _running:
            value._new = _plainly


def line_of(v: Value) -> str:
    """Return "file:line" of the operation that made a Value; "" where it was not recorded.

    >>> from engine import Value
    >>> line_of(Value(1.0))
    ''
    """
    line = getattr(v, "line", None)
    return shown_line(*line) if line else ""


def source_of(v: Value) -> str:
    """Return the text of the line that made a Value; "" where it was not recorded or cannot be read.

    >>> from engine import Value
    >>> source_of(Value(1.0))
    ''
    """
    line = getattr(v, "line", None)
    return linecache.getline(*line).strip() if line else ""


def _with_its_line(kind: type[Value]) -> Any:
    if kind is not Value:
        return _plainly(kind)
    out = _plainly(Recorded)
    out.line = users_line(sys._getframe(2))
    return out


def shown_line(file: str, number: int) -> str:
    """Return "file:line" without the folder.

    >>> shown_line("/home/someone/model.py", 12)
    'model.py:12'
    """
    return f"{os.path.basename(file)}:{number}"


def users_line(frame: FrameType | None) -> tuple[str, int]:
    """Return the innermost line outside of engine, nn and NumPy, which stand between the user and the new node.

    >>> users_line(sys._getframe())[1]
    1
    """
    frame = users_frame(frame)
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("?", 0)


def users_frame(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame outside of engine, nn and NumPy; the outermost, where all are inside.

    >>> users_frame(sys._getframe()) is sys._getframe()
    True
    """
    while frame is not None and frame.f_back is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_BETWEEN) and _NUMPY not in file:
            break
        frame = frame.f_back
    return frame
