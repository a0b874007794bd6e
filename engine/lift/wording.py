"""The text of one statement: as NumPy code over a batch, or for one sample as a reader would write it.

A template has holes for the arguments: $0 where an operand stands beside an operator, and must be bracketed if it is
an expression, #0 where any expression can stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from engine.elementary import TABLE
from engine.lift.forms import Form, pullback_form, value_form
from engine.lift.positions import index_text
from engine.lift.program import Program, Shape, Statement, batched, size

Template = str


class Wording:
    """The templates of a program's statements, and the functions and index arrays that they call.

    batch: whether the arrays have a last axis for the samples; without it, the text is that for one sample, and a
    derivative is written f'(z).
    """

    def __init__(self, program: Program, *, batch: bool) -> None:
        self.program = program
        self.batch = batch
        self.batched = batched(program) if batch else [False] * (len(program.leaves) + len(program.statements))
        self.functions: dict[str, Form] = {}
        self.helpers: set[str] = set()
        self.indices: dict[tuple[int, ...], str] = {}
        self._names: dict[Form, str] = {}

    def share_names(self, other: Wording) -> None:
        """Call the same functions by the same names as another wording of the same module."""
        self._names = other._names

    def template(self, s: Statement, v: int) -> Template:
        """Return the template of a statement, whose variable is v."""
        special = {
            "matmul": self._matmul, "by_weights": self._by_weights, "by_inputs": self._by_inputs,
            "total": self._total, "inner": self._inner, "take": self._take, "pack": self._pack,
            "reduce": self._reduce, "spread": self._spread, "scatter": self._scatter,
            "sum": self._sum, "dot": self._dot, "logsumexp": self._reduction, "hypot": self._reduction,
            "pullback": self._pullback,
        }  # fmt: skip
        return special[s.operation](s, v) if s.operation in special else self._row(s, v)

    # --- rows of the table ------------------------------------------------------------------------

    def _row(self, s: Statement, v: int) -> Template:
        holes = [self._hole(s, v, i) for i in range(len(s.args))]
        if not self.batch and s.operation not in _OPERATORS:
            return f"{s.operation}({', '.join(map(_free, holes))})"
        form = value_form(s.operation, self._constants(s.args))
        return self._fill(form, s.operation, {f"x{i}": hole for i, hole in enumerate(holes)})

    def _pullback(self, s: Statement, v: int) -> Template:
        row, position = s.detail
        g, y, *xs = (self._hole(s, v, i) for i in range(len(s.args)))
        if row in ("logsumexp", "hypot"):
            self.helpers.add(f"{row}_pullback")
            return f"{row}_pullback({_free(g)}, {_free(xs[0])}, xp)" if self.batch else f"{row}'({_free(xs[0])}) * {g}"
        constants = self._constants(s.args[2:])
        form = pullback_form(row, constants, position)
        if not self.batch and (len(xs) == 1 or not form.is_short):
            shown = ", ".join(_free(x) for x in xs)
            return f"{row}'({shown}) * {g}" if len(xs) == 1 else f"{row}'{position + 1}({shown}) * {g}"
        holes = {"g": g, "y": y} | {f"x{i}": x for i, x in enumerate(xs)}
        suffix = f"_{position + 1}" if TABLE[row].arity != 1 else ""
        return self._fill(form, f"{row}_pullback{suffix}", holes)

    def _constants(self, args: Sequence[int]) -> tuple[float | None, ...]:
        leaves = self.program.leaves
        is_constant = [a < len(leaves) and leaves[a].kind == "constant" and not leaves[a].shape for a in args]
        found = tuple(leaves[a].cells[0] if c else None for a, c in zip(args, is_constant, strict=True))
        return (None, *found[1:]) if None not in found else found

    def _fill(self, form: Form, name: str, holes: dict[str, str]) -> Template:
        """Return the formula with the holes in place of its names, or the call of a function with it."""
        self._need(form)
        if form.is_short or not self.batch:
            text = re.sub(r"\b(g|y|x\d+)\b", lambda found: holes[found[1]], form.line())
            text = re.sub(r"(?<=\w)\(\$(\d+)\)", r"(#\1)", text)
            return text if self.batch else text.replace("xp.", "").replace(", xp)", ")")
        if form not in self._names:
            same = [n for n in self.functions if n == name or n.startswith(f"{name}_")]
            self._names[form] = f"{name}_{len(same) + 1}" if name in self.functions else name
            self.functions[self._names[form]] = form
        return f"{self._names[form]}({', '.join(_free(holes[n]) for n in form.names)}, xp)"

    def _need(self, form: Form) -> None:
        self.helpers |= {name for name in ("erf", "erfc", "cbrt") if form.contains(name)}

    def _hole(self, s: Statement, v: int, i: int) -> str:
        """Return the hole of an argument; one without samples gets an axis for them where the statement has samples."""
        a = s.args[i]
        lifted = self.batched[v] and not self.batched[a] and self.program.shape(a)
        return f"${i}[..., None]" if lifted else f"${i}"

    # --- sums and products ------------------------------------------------------------------------

    def _sum(self, s: Statement, v: int) -> Template:
        return " + ".join(self._hole(s, v, i) for i in range(len(s.args)))

    def _dot(self, s: Statement, v: int) -> Template:
        half = len(s.args) // 2
        terms = [f"{self._hole(s, v, i)} * {self._hole(s, v, i + half)}" for i in range(half)]
        return " + ".join([*terms, *(self._hole(s, v, i) for i in range(2 * half, len(s.args)))])

    def _reduction(self, s: Statement, v: int) -> Template:
        """Hypot or logsumexp: over the first axis of one array, or of several numbers."""
        if not self.batch:
            return f"{s.operation}({', '.join(f'#{i}' for i in range(len(s.args)))})"
        self.helpers.add(s.operation)
        if len(s.args) == 1:
            return f"{s.operation}(#0, xp)"
        return f"{s.operation}({self._pack(s._replace(shape=(len(s.args),)), v)}, xp)"

    def _total(self, s: Statement, v: int) -> Template:
        axis = "0" if len(self.program.shape(s.args[0])) + self.batched[v] > 1 else "None"
        return self._summed("#0", axis)

    def _inner(self, s: Statement, v: int) -> Template:
        a, b = self._hole(s, v, 0), self._hole(s, v, 1)
        if len(self.program.shape(s.args[0])) + self.batched[v] == 1:
            return f"{a} @ {b}"
        return self._summed(f"{a} * {b}", "0")

    def _reduce(self, s: Statement, v: int) -> Template:
        axes, samples = s.detail
        if not self.batch:
            return self._summed("#0", _axes(range(axes))) if axes else "#0"
        rank = len(self.program.shape(s.args[0])) + self.batched[s.args[0]]
        over = [*range(axes), *([-1] if samples else [])]
        return self._summed("#0", "None" if len(over) == rank else _axes(over))

    def _spread(self, s: Statement, v: int) -> Template:
        rows = s.shape[: len(s.shape) - len(self.program.shape(s.args[0]))]
        if not self.batched[v]:
            return self._call(f"broadcast_to(#0, {s.shape})")
        return self._call(f"broadcast_to($0, ({', '.join(map(str, rows))}, *$0.shape))")

    # --- matrix products --------------------------------------------------------------------------

    def _matmul(self, s: Statement, v: int) -> Template:
        (n, k), points = self.program.shape(s.args[0]), s.shape[1:]
        both = bool(points) and self.batched[s.args[1]]
        if both:
            product = self._call(f"reshape({_times('$0', f'xp.reshape(#1, ({k}, -1))', k)}, ({n}, {points[0]}, -1))")
        else:
            product = _times("$0", "$1", k if points or self.batched[s.args[1]] else 0)
        if len(s.args) == 2:
            return product
        extra = len(points) + self.batched[v] if self.program.shape(s.args[2]) else 0
        return f"{product} + $2" + (f"[:, {', '.join(['None'] * extra)}]" if extra else "")

    def _by_weights(self, s: Statement, v: int) -> Template:
        g, F = s.args
        points, samples = len(self.program.shape(g)) > 1, (self.batched[g], self.batched[F])
        if self.batched[v]:  # a matrix for every sample
            left, right = self._hole(s, v, 0), self._hole(s, v, 1)
            outer = f"{left}[:, None] * {right}[None, :]"
            return self._summed(outer, "2") if points else outer
        left = self._summed("#0", "-1") if samples == (True, False) else "$0"
        axes = points + all(samples)
        if axes == 0:
            return f"{left}[:, None] * $1[None, :]" if self.batch else "outer(#0, #1)"
        if axes == 1:
            return f"{left} @ $1.T"
        n, k = s.shape
        return f"xp.reshape(#0, ({n}, -1)) @ xp.reshape(#1, ({k}, -1)).T"

    def _by_inputs(self, s: Statement, v: int) -> Template:
        (n, k), points = self.program.shape(s.args[0]), s.shape[1:]
        if points and self.batched[s.args[1]]:
            product = _times("$0.T", f"xp.reshape(#1, ({n}, -1))", n)
            return f"xp.reshape({product}, ({k}, {points[0]}, -1))"
        return _times("$0.T", "$1", n if points or self.batched[s.args[1]] else 0)

    # --- cells ------------------------------------------------------------------------------------

    def _take(self, s: Statement, v: int) -> Template:
        shape = self.program.shape(s.args[0])
        text, index = index_text(shape, s.detail, s.shape, samples=self.batched[v])
        if index is not None:
            text = text.replace("INDEX", self.indices.setdefault(index, f"I{len(self.indices) + 1}"))
        return text if self.batch else text.replace("xp.", "")

    def _pack(self, s: Statement, v: int) -> Template:
        rows = [self._rows(s, v, i) for i in range(len(s.args))]
        joined = self._call(f"concatenate([{', '.join(rows)}])")
        if all(not self.program.shape(a) for a in s.args) and all(self.batched[a] == self.batched[v] for a in s.args):
            joined = self._call(f"stack([{', '.join(self._scalar(s, i) for i in range(len(s.args)))}])")
        return joined if len(s.shape) == 1 else self._reshaped(joined, s.shape, v)

    def _scalar(self, s: Statement, i: int) -> str:
        return f"#{i}" if self._constants([s.args[i], s.args[i]])[1] is None else self._call(f"asarray(#{i})")

    def _rows(self, s: Statement, v: int, i: int) -> str:
        """Return an argument as rows of cells, and of samples where the statement has them."""
        a = s.args[i]
        shape, samples = self.program.shape(a), self.batched[a]
        if not shape:
            rows = f"${i}[None]" if samples or not self._is_constant(a) else self._call(f"asarray([#{i}])")
        elif len(shape) == 1:
            rows = f"${i}" if self.batched[v] and not samples else f"#{i}"
        else:
            rows = self._call(f"reshape(#{i}, ({size(shape)}{', -1' if samples else ','}))")
        if self.batched[v] and not samples:
            like = next(j for j, b in enumerate(s.args) if self.batched[b])
            row = f"${like}[:1]" if self.program.shape(s.args[like]) else f"${like}[None]"
            if len(self.program.shape(s.args[like])) > 1:
                row = f"xp.reshape(#{like}, ({size(self.program.shape(s.args[like]))}, -1))[:1]"
            if not shape:
                return f"xp.zeros_like({row}) + ${i}"
            return f"{rows}[:, None] + xp.zeros_like({row})"
        return rows

    def _is_constant(self, a: int) -> bool:
        return a < len(self.program.leaves) and self.program.leaves[a].kind == "constant"

    def _scatter(self, s: Statement, v: int) -> Template:
        """Put each argument's cells back to where they were taken, and add up what meets."""
        n, layers = size(s.shape), []
        waiting = sorted(enumerate(s.detail), key=lambda piece: piece[1][0])
        general = [(i, cells) for i, cells in waiting if not _is_range(cells)]
        waiting = [(i, cells) for i, cells in waiting if _is_range(cells)]
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
        return parts[0] if len(parts) == 1 else self._call(f"concatenate([{', '.join(parts)}])")

    def _gathered(self, s: Statement, i: int, cells: tuple[int, ...], n: int) -> list[str]:
        """Return, for cells taken in any order, perhaps more than once, terms that take them back from the piece."""
        uses: list[list[int]] = [[] for _ in range(n)]
        for position, cell in enumerate(cells):
            uses[cell].append(position)
        piece = self._piece(s, i)
        padded = self._call(f"concatenate([{piece}, {self._zeros(1, piece)}])")
        terms = []
        for layer in range(max(map(len, uses))):
            index = tuple(u[layer] if layer < len(u) else len(cells) for u in uses)
            terms.append(f"{padded}[{self.indices.setdefault(index, f'I{len(self.indices) + 1}')}]")
        return terms

    def _piece(self, s: Statement, i: int) -> str:
        """Return an argument as rows of cells."""
        shape = self.program.shape(s.args[i])
        if len(shape) == 1:
            return f"${i}"
        if not shape:
            return f"${i}[None]" if self.batch else f"[#{i}]"
        return self._call(f"reshape(#{i}, ({size(shape)}{', -1' if self.batched[s.args[i]] else ','}))")

    def _zeros(self, rows: int, like: str) -> str:
        if not self.batch:
            return f"zeros({rows})"
        self.helpers.add("zeros")
        return f"zeros({rows}, {like}, xp)"

    def _reshaped(self, text: str, shape: Shape, v: int) -> str:
        sizes = [*map(str, shape), *(["-1"] if self.batched[v] else [])]
        return self._call(f"reshape({text}, ({', '.join(sizes)}{',' if len(sizes) == 1 else ''}))")

    def _summed(self, text: str, axis: str) -> str:
        if not self.batch:
            return f"sum({text})" if axis == "None" else f"sum({text}, axis={axis})"
        self.helpers.add("total")
        return f"total({text}, {axis}, xp)"

    def _call(self, text: str) -> str:
        return f"xp.{text}" if self.batch else text


_OPERATORS = frozenset(("add", "sub", "mul", "div", "neg", "pos", "pow"))


def number_text(number: float) -> str:
    """Return a constant as code.

    >>> number_text(0.5), number_text(-math.inf)
    ('0.5', '-xp.inf')
    """
    return repr(number) if math.isfinite(number) else repr(number).replace("inf", "xp.inf").replace("nan", "xp.nan")


def _free(hole: str) -> str:
    """Return the hole for any expression, unless something is attached to it."""
    return f"#{hole[1:]}" if hole[1:].isdigit() else hole


def _times(left: str, right: str, k: int) -> str:
    """Return the matrix product; one column times one row is an outer product, which NumPy's matmul does slowly."""
    return f"{left} * {right}" if k == 1 else f"{left} @ {right}"


def _axes(axes: Sequence[int]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def _is_range(cells: tuple[int, ...]) -> bool:
    return cells == tuple(range(cells[0], cells[0] + len(cells)))
