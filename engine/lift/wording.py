"""The text of one statement: NumPy code over a batch, with the samples as the last axis.

A template has holes for the arguments: $0 where an operand may stand beside an operator, and is bracketed where it must
be, #0 where any expression can stand (see `brackets`).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence

from engine.elementary import TABLE
from engine.lift.brackets import filled
from engine.lift.cells import CellTexts, Template, free
from engine.lift.forms import HELPERS as FORM_HELPERS
from engine.lift.forms import Form, pullback_form, slope_form, value_form
from engine.lift.infinite import infinite
from engine.lift.program import Leaf, Program, Statement, batched

_NAME_OR_NUMBER = re.compile(r"[A-Za-z_]\w*|\d[\d.]*(e[-+]?\d+)?")


class Wording(CellTexts):
    """The templates of a program's statements, and the functions and index arrays that they call."""

    def __init__(self, program: Program) -> None:
        super().__init__(program, batched(program))
        self.functions: dict[str, tuple[Form, str]] = {}
        self._names: dict[Form, str] = {}

    @functools.cached_property
    def infinite(self) -> list[bool]:
        """Whether each variable is an adjoint that may be infinite."""
        return infinite(self.program)

    def leaf(self, leaf: Leaf) -> str:
        """Return how a leaf is written: by its name; a single constant by its digits."""
        return number_text(leaf.cells[0]) if leaf.kind == "constant" and not leaf.shape else leaf.name

    def expression(self, s: Statement, template: Template, texts: Sequence[str]) -> str:
        """Return the text of a statement: its template with the arguments' texts."""
        return filled(template, texts)

    def is_repeated(self, expression: str) -> bool:
        """Return whether an expression is written wherever it is used, rather than given a name."""
        return _NAME_OR_NUMBER.fullmatch(expression) is not None

    def share_names(self, other: Wording) -> None:
        """Call the same functions by the same names as another wording of the same module."""
        self._names = other._names

    def template(self, s: Statement, v: int) -> Template:
        """Return the template of a statement, whose variable is v."""
        special = {
            "matmul": self._matmul, "by_weights": self._by_weights, "by_inputs": self._by_inputs,
            "by_bias": self._by_bias, "total": self._total, "inner": self._inner,
            "take": self._take, "pack": self._pack, "scatter": self._scatter,
            "reduce": self._reduce, "spread": self._spread,
            "sum": self._sum, "dot": self._dot, "logsumexp": self._reduction, "hypot": self._reduction,
            "pullback": self._pullback,
        }  # fmt: skip
        return special[s.operation](s, v) if s.operation in special else self._row(s, v)

    # --- rows of the table ------------------------------------------------------------------------

    def _row(self, s: Statement, v: int) -> Template:
        holes = [self._hole(s, v, i) for i in range(len(s.args))]
        if s.operation == "mul" and self.infinite[s.args[0]] and not self.program.number(s.args[1]):  # None, or 0
            return self._share(holes[0], free(holes[1]))
        form = value_form(s.operation, self._constants(s.args))
        title = f"{s.operation} of {' and '.join(n for n in form.names if n != 'g')}"
        return self._fill(form, s.operation, title, {f"x{i}": hole for i, hole in enumerate(holes)})

    def _pullback(self, s: Statement, v: int) -> Template:
        row, position = s.detail
        g, y, *xs = (self._hole(s, v, i) for i in range(len(s.args)))
        shares = self.infinite[s.args[0]]
        if row in ("logsumexp", "hypot"):
            self.helpers.add(f"{row}_pullback")
            text = f"{row}_pullback({'1.0' if shares else free(g)}, {free(xs[0])}, xp)"
            return self._share(g, text) if shares else text
        holes = {"g": g, "y": y} | {f"x{i}": x for i, x in enumerate(xs)}
        suffix = f"_{position + 1}" if TABLE[row].arity != 1 else ""
        constants, title = self._constants(s.args[2:]), f"the derivative of {row} by x{position}"
        slope = slope_form(row, constants, position) if shares else None
        if slope is not None and slope.names:  # else the slope is one number
            return self._share(g, self._fill(slope, f"{row}_slope{suffix}", title, holes))
        form = pullback_form(row, constants, position)
        return self._fill(form, f"{row}_pullback{suffix}", f"g times {title}", holes)

    def _share(self, g: str, slope: Template) -> Template:
        """Return g * slope where g may be infinite: a slope of 0 passes nothing on."""
        self.helpers.add("share")
        return f"share({free(g)}, {slope}, xp)"

    def _fill(self, form: Form, name: str, title: str, holes: dict[str, str]) -> Template:
        """Return the formula with the holes in place of its names, or the call of a function with it."""
        self._need(form)
        if form.is_short:
            return in_place(form, holes)
        if form not in self._names:
            same = [n for n in self.functions if n == name or n.startswith(f"{name}_")]
            self._names[form] = f"{name}_{len(same) + 1}" if name in self.functions else name
            self.functions[self._names[form]] = form, title
        return f"{self._names[form]}({', '.join(free(holes[n]) for n in form.names)}, xp)"

    def _need(self, form: Form) -> None:
        self.helpers |= {name for name in FORM_HELPERS if form.contains(name)}

    # --- sums and products ------------------------------------------------------------------------

    def _sum(self, s: Statement, v: int) -> Template:
        return " + ".join(self._hole(s, v, i) for i in range(len(s.args)))

    def _dot(self, s: Statement, v: int) -> Template:
        half = len(s.args) // 2
        terms = [f"{self._hole(s, v, i)} * {self._hole(s, v, i + half)}" for i in range(half)]
        return " + ".join([*terms, *(self._hole(s, v, i) for i in range(2 * half, len(s.args)))])

    def _reduction(self, s: Statement, v: int) -> Template:
        """Hypot or logsumexp, over the first axis of an array."""
        self.helpers.add(s.operation)
        return f"{s.operation}(#0, xp)"

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
        rank = len(self.program.shape(s.args[0])) + self.batched[s.args[0]]
        over = [*range(axes), *([-1] if samples else [])]
        return self._summed("#0", "None" if len(over) == rank else _axes(over))

    def _spread(self, s: Statement, v: int) -> Template:
        rows = s.shape[: len(s.shape) - len(self.program.shape(s.args[0]))]
        if not self.batched[v]:
            return f"xp.broadcast_to(#0, {s.shape})"
        return f"xp.broadcast_to($0, ({', '.join(map(str, rows))}, *$0.shape))"

    # --- matrix products --------------------------------------------------------------------------

    def _matmul(self, s: Statement, v: int) -> Template:
        (n, k), points = self.program.shape(s.args[0]), s.shape[1:]
        both = bool(points) and self.batched[s.args[1]]
        if both:
            product = f"xp.reshape({self._times('$0', f'xp.reshape(#1, ({k}, -1))', k)}, ({n}, {points[0]}, -1))"
        else:
            product = self._times("$0", "$1", k if points or self.batched[s.args[1]] else 0)
        if len(s.args) == 2:
            return product
        extra = len(points) + self.batched[v] if self.program.shape(s.args[2]) else 0
        return f"{product} + $2" + (f"[:, {', '.join(['None'] * extra)}]" if extra else "")

    def _by_weights(self, s: Statement, v: int) -> Template:
        g, F = s.args
        points, samples = len(self.program.shape(g)) > 1, (self.batched[g], self.batched[F])
        if self.batched[v]:  # a matrix for every sample
            left, right = self._hole(s, v, 0), self._hole(s, v, 1)
            outer = f"{left}[:, None, ...] * {right}[None, ...]"
            return self._summed(outer, "2") if points else outer
        left = self._summed("#0", "-1") if samples == (True, False) else "$0"
        axes = points + all(samples)
        if axes == 0:
            return f"{left}[:, None] * $1[None, :]"
        if axes == 1:
            return f"{left} @ $1.T"
        n, k = s.shape
        return f"xp.reshape(#0, ({n}, -1)) @ xp.reshape(#1, ({k}, -1)).T"

    def _by_inputs(self, s: Statement, v: int) -> Template:
        (n, k), points = self.program.shape(s.args[0]), s.shape[1:]
        if points and self.batched[s.args[1]]:
            product = self._times("$0.T", f"xp.reshape(#1, ({n}, -1))", n)
            return f"xp.reshape({product}, ({k}, {points[0]}, -1))"
        return self._times("$0.T", "$1", n if points or self.batched[s.args[1]] else 0)

    def _by_bias(self, s: Statement, v: int) -> Template:
        return self._summed("#0", "(1, 2)" if s.detail else "1")

    def _times(self, left: str, right: str, k: int) -> str:
        """Return the matrix product; one column times one row is an outer product, which NumPy's matmul does slowly."""
        return f"{left} * {right}" if k == 1 else f"{left} @ {right}"

    def _summed(self, text: str, axis: str) -> str:
        self.helpers.add("total")
        return f"total({text}, {axis}, xp)"


def number_text(number: float) -> str:
    """Return a constant as code.

    >>> number_text(0.5), number_text(-math.inf)
    ('0.5', '-xp.inf')
    """
    return repr(number) if math.isfinite(number) else repr(number).replace("inf", "xp.inf").replace("nan", "xp.nan")


def in_place(form: Form, holes: dict[str, str]) -> Template:
    """Return a short formula with the holes in place of its names.

    >>> in_place(pullback_form("mul", (None, None), 0), {"g": "$0", "x1": "$2"})
    '$0 * $2'
    """
    text = re.sub(r"\b(g|y|x\d+)\b", lambda found: holes[found[1]], form.line())
    return re.sub(r"(?<=\w)\(\$(\d+)\)", r"(#\1)", text)


def _axes(axes: Sequence[int]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))
