"""Where in people's code each operation of a tape stands: the text that made it, such as `X @ w + b`.

A place is one operation as it is written, in one of its runs: NumPy's `X @ w` is a single one, however many products
and sums it takes. Python knows the columns of every instruction (PEP 657), so a place has its own text, not a line's.
"""

from __future__ import annotations

import itertools
import linecache
import sys
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from engine.check.tape import Node, Tape
from engine.lines import shown_line, users_frame

LONGEST = 60  # characters of a text


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """An instruction of people's code, and which of its runs this is, from 1; 0 stands for all of them.

    A tape has one object for each place, so that two are the same where they are one.
    """

    code: CodeType | None
    instruction: int
    turn: int = 0
    whole: Place | None = None

    @property
    def always(self) -> Place:
        """The same instruction in all of its runs."""
        return self.whole or self

    @property
    def line(self) -> str:
        """The line, as "file:line"."""
        return (
            "" if self.code is None else shown_line(self.code.co_filename, _span(self.code, self.instruction)[0] or 0)
        )

    def __str__(self) -> str:
        return "?" if self.code is None else _text(self.code, self.instruction) or self.line


NOWHERE = Place(None, -1)

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
        self._last = NOWHERE
        self._turns: dict[tuple[int, int], tuple[Place, int]] = {}
        self._codes: dict[CodeType, CodeType] = {}
        self._known: dict[int, tuple[CodeType, CodeType]] = {}

    def record(self, name: str, value: Any, args: tuple[Node, ...], partials: tuple[Any, ...] | None = None) -> Node:
        """Append a node whose value is known, and note where it was made."""
        node = super().record(name, value, args, partials)
        frame = users_frame(sys._getframe(1))
        if frame is not None:
            if frame.f_code is not self._last.code or frame.f_lasti != self._last.instruction:
                self._last = self._next(frame.f_code, frame.f_lasti)
            self.places[node.index] = self._last
        return node

    def forget(self, leaves: int) -> None:
        """Leave nothing but the variables: the runs of a line are counted anew."""
        super().forget(leaves)
        self.places.clear()
        self._turns.clear()
        self._last = NOWHERE

    def _next(self, code: CodeType, instruction: int) -> Place:
        if id(code) not in self._known:  # the hash of a code object takes longer than all the rest: once for each
            self._known[id(code)] = code, self._codes.setdefault(code, code)  # the first, as its id must stay its own
        _, same = self._known[id(code)]  # code that was compiled again, by eval in a loop, is the same code
        key = id(same), instruction
        whole, turns = self._turns.get(key) or (Place(same, instruction), 0)
        self._turns[key] = whole, turns + 1
        return Place(code, instruction, turns + 1, whole)
