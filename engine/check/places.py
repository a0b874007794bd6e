"""Where in people's code each operation of a tape stands: the text that made it, such as `X @ w + b`.

A place is one operation as it is written, in one of its runs: NumPy's `X @ w` is a single one, however many products
and sums it takes. Python knows the columns of every instruction (PEP 657), so a place has its own text, not a line's.
"""

from __future__ import annotations

import itertools
import linecache
import sys
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from engine.check.tape import Node, Tape
from engine.lines import shown_line, users_frame

LONGEST = 60  # characters of a text


class Place(NamedTuple):
    """An instruction of people's code, and which of its runs this is, from 1; 0 stands for all of them."""

    code: CodeType | None
    instruction: int
    turn: int = 0

    @property
    def always(self) -> Place:
        """The same instruction in all of its runs."""
        return self._replace(turn=0)

    @property
    def line(self) -> str:
        """The line, as "file:line"."""
        return (
            "" if self.code is None else shown_line(self.code.co_filename, _span(self.code, self.instruction)[0] or 0)
        )

    def __str__(self) -> str:
        return "?" if self.code is None else _text(self.code, self.instruction) or self.line


Span = tuple[int | None, int | None, int | None, int | None]


@lru_cache(maxsize=4096)
def _span(code: CodeType, instruction: int) -> Span:
    """Return the first and the last line, and the first and the last column in bytes."""
    return next(itertools.islice(code.co_positions(), instruction // 2, None))


@lru_cache(maxsize=4096)
def _text(code: CodeType, instruction: int) -> str:
    """Return what stands there, "" where it cannot be read."""
    first, last, start, end = _span(code, instruction)
    text = linecache.getline(code.co_filename, first or 0)
    if first == last and start is not None and end is not None:
        whole = text.encode()
        text = whole[start:end].decode(errors="replace") if end <= len(whole) else ""
    text = " ".join(text.split())
    return text and f"`{text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}`"


class PlacedTape(Tape):
    """A tape that also keeps the place of every operation.

    >>> from engine.check.fields import RealField
    >>> tape = PlacedTape(RealField(60))
    >>> x = tape.leaf(3.0)
    >>> y = tape.apply("mul", (x, x))
    >>> tape.places[y.index].turn
    1
    """

    def __init__(self, *options: Any) -> None:
        super().__init__(*options)
        self.places: dict[int, Place] = {}
        self._last: tuple[CodeType | None, int] = (None, -1)
        self._turns: dict[tuple[CodeType | None, int], int] = {}

    def record(self, name: str, value: Any, args: tuple[Node, ...], partials: tuple[Any, ...] | None = None) -> Node:
        """Append a node whose value is known, and note where it was made."""
        node = super().record(name, value, args, partials)
        frame = users_frame(sys._getframe(1))
        here = (frame.f_code, frame.f_lasti) if frame is not None else (None, -1)
        if here != self._last:
            self._turns[here] = self._turns.get(here, 0) + 1
            self._last = here
        self.places[node.index] = Place(here[0], here[1], self._turns[here])
        return node
