"""The text of statements that move cells: taken from an array, joined to one, and put back where they were taken.

The samples are the last axis; the cells of an array are numbered row by row, as in `positions`.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.lift.positions import index_text
from engine.lift.program import Program, Shape, Statement, size

Template = str
"""Text with holes for the arguments, see `brackets`."""


class CellTexts:
    """The templates of take, pack and scatter, and the index arrays and helper functions that they use."""

    def __init__(self, program: Program, batched: Sequence[bool]) -> None:
        self.program = program
        self.batched = batched
        self.helpers: set[str] = set()
        self.indices: dict[tuple[int, ...], str] = {}

    def _hole(self, s: Statement, v: int, i: int) -> str:
        """Return the hole of an argument; one without samples gets an axis for them where the statement has samples."""
        a = s.args[i]
        lifted = self.batched[v] and not self.batched[a] and self.program.shape(a)
        return f"${i}[..., None]" if lifted else f"${i}"

    def _constants(self, args: Sequence[int]) -> tuple[float | None, ...]:
        """Return the numbers of the arguments that are single constants; not all of them, as a formula needs a name."""
        found = tuple(self.program.number(a) for a in args)
        return (None, *found[1:]) if None not in found else found

    def _take(self, s: Statement, v: int) -> Template:
        shape = self.program.shape(s.args[0])
        text, index = index_text(shape, s.detail, s.shape, samples=self.batched[v])
        if index is not None:
            text = text.replace("INDEX", self.indices.setdefault(index, f"I{len(self.indices) + 1}"))
            self.helpers.add("take")
        return text

    def _pack(self, s: Statement, v: int) -> Template:
        rows = [self._rows(s, v, i) for i in range(len(s.args))]
        if all(not self.program.shape(a) for a in s.args) and all(self.batched[a] == self.batched[v] for a in s.args):
            joined = f"xp.stack([{', '.join(f'#{i}' for i in range(len(s.args)))}])"
        else:
            joined = self._joined(rows)
        return joined if len(s.shape) == 1 else self._reshaped(joined, s.shape, v)

    def _joined(self, rows: Sequence[str]) -> str:
        self.helpers.add("concatenate")
        return f"concatenate([{', '.join(rows)}], xp)"

    def _rows(self, s: Statement, v: int, i: int) -> str:
        """Return an argument as rows of cells, and of samples where the statement has them."""
        a = s.args[i]
        shape, samples = self.program.shape(a), self.batched[a]
        if not shape:
            rows = f"${i}[None, ...]"
        elif len(shape) == 1:
            rows = f"${i}" if self.batched[v] and not samples else f"#{i}"
        else:
            rows = f"xp.reshape(#{i}, ({size(shape)}{', -1' if samples else ','}))"
        if self.batched[v] and not samples:
            like = next(j for j, b in enumerate(s.args) if self.batched[b])
            row = f"${like}[:1, ...]" if self.program.shape(s.args[like]) else f"${like}[None, ...]"
            if len(self.program.shape(s.args[like])) > 1:
                row = f"xp.reshape(#{like}, ({size(self.program.shape(s.args[like]))}, -1))[:1, ...]"
            if not shape:
                return f"xp.zeros_like({row}) + ${i}"
            return f"{rows}[:, None] + xp.zeros_like({row})"
        return rows

    def _scatter(self, s: Statement, v: int) -> Template:
        """Put each argument's cells back to where they were taken, and add up what meets."""
        n, layers = size(s.shape), []
        waiting = sorted(enumerate(s.detail), key=lambda piece: piece[1][0])
        general = [(i, cells) for i, cells in waiting if not is_range(cells)]
        waiting = [(i, cells) for i, cells in waiting if is_range(cells)]
        while waiting:
            layer, end, later = [], 0, []
            for i, cells in waiting:
                if cells[0] >= end:
                    layer.append((i, cells))
                    end = cells[-1] + 1
                else:
                    later.append((i, cells))
            layers.append(self._layer(s, layer, n))
            waiting = later
        for i, cells in general:
            layers += self._gathered(s, i, cells, n)
        if len(s.shape) == 1:
            return " + ".join(layers)
        return self._reshaped(" + ".join(layers), s.shape, v)

    def _layer(self, s: Statement, pieces: Sequence[tuple[int, tuple[int, ...]]], n: int) -> str:
        """Return the pieces, in order and apart, with zeros between them."""
        parts, end = [], 0
        rows = {i: self._piece(s, i) for i, _ in pieces}
        like = rows[pieces[0][0]]
        for i, cells in pieces:
            if cells[0] > end:
                parts.append(self._zeros(cells[0] - end, like))
            parts.append(rows[i])
            end = cells[-1] + 1
        if end < n:
            parts.append(self._zeros(n - end, like))
        return parts[0] if len(parts) == 1 else self._joined(parts)

    def _gathered(self, s: Statement, i: int, cells: tuple[int, ...], n: int) -> list[str]:
        """Return, for cells taken in any order, perhaps more than once, terms that take them back from the piece."""
        uses: list[list[int]] = [[] for _ in range(n)]
        for position, cell in enumerate(cells):
            uses[cell].append(position)
        piece = self._piece(s, i)
        padded = self._joined([piece, self._zeros(1, piece)])
        self.helpers.add("take")
        terms = []
        for layer in range(max(map(len, uses))):
            index = tuple(u[layer] if layer < len(u) else len(cells) for u in uses)
            terms.append(f"take({padded}, {self.indices.setdefault(index, f'I{len(self.indices) + 1}')}, xp)")
        return terms

    def _piece(self, s: Statement, i: int) -> str:
        """Return an argument as rows of cells."""
        shape = self.program.shape(s.args[i])
        if len(shape) == 1:
            return f"${i}"
        if not shape:
            return f"${i}[None, ...]"
        return f"xp.reshape(#{i}, ({size(shape)}{', -1' if self.batched[s.args[i]] else ','}))"

    def _zeros(self, rows: int, like: str) -> str:
        self.helpers.add("zeros")
        return f"zeros({rows}, {like}, xp)"

    def _reshaped(self, text: str, shape: Shape, v: int) -> str:
        sizes = [*map(str, shape), *(["-1"] if self.batched[v] else [])]
        return f"xp.reshape({text}, ({', '.join(sizes)}{',' if len(sizes) == 1 else ''}))"


def free(hole: str) -> str:
    """Return the hole for any expression, unless something is attached to it.

    >>> free("$0"), free("$0[..., None]")
    ('#0', '$0[..., None]')
    """
    return f"#{hole[1:]}" if hole[1:].isdigit() else hole


def is_range(cells: tuple[int, ...]) -> bool:
    """Whether these are cells side by side."""
    return cells == tuple(range(cells[0], cells[0] + len(cells)))
