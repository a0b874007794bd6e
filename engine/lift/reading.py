"""A program as a person would write it, for one sample: forward and adjoint, with the shapes as comments.

It is the program of the emitted module, statement by statement, and no code to run: f'(z) stands for the derivative of
f at z, softmax for that of logsumexp, and `add_at` for what adds values into the cells that they were taken from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import groupby

from engine.lift.brackets import NOTHING, PRODUCT, SIGN, binding, filled
from engine.lift.cells import Template
from engine.lift.emission import Body, body
from engine.lift.positions import described, index_text
from engine.lift.program import Leaf, Program, Shape, Statement, size
from engine.lift.simplify import without_unused
from engine.lift.wording import Wording

_OPERATORS = {"add": "$0 + $1", "sub": "$0 - $1", "mul": "$0 * $1", "div": "$0 / $1", "neg": "-$0", "pow": "$0**$1"}
_DERIVATIVES = {
    ("div", 0): "$0 / $3",
    ("div", 1): "-($0 * $1 / $3)",
    ("pow", 0): "$0 * $3 * $2**($3 - 1)",
    ("pow", 1): "$0 * $1 * log(#2)",
}
"""Those of operators, for y = x_1 / x_2 and so on: g, y, x_1 and x_2 are $0 to $3."""
_ONE = re.compile(r"(?<![\w.*])1 \* | \* 1(?![\w.*])")
_WIDTH = 64
"""Shapes are lined up behind lines of up to this length."""
_FEW = 8
"""So many numbers of an array are shown."""


def readable(program: Program) -> str:
    """Return the program for one sample, forward and adjoint, with the shapes as comments.

    >>> x, w = Leaf("input", (0, 1), (2,), 0, "x"), Leaf("parameter", (0, 1), (2,), 0, "p1")
    >>> print(readable(Program((x, w), (Statement("inner", (0, 1)),), (2,))))
    # input: x (2,)
    # parameters: p1 (2,)
    # forward
    value = x @ p1  # a number
    return value
    """
    program = without_reshaping(program)
    wording = Reading(program)
    made = body(program, wording)
    codes = [f"{line.name} = {line.expression}" for line in made.lines]
    width = max([len(code) for code in codes if len(code) <= _WIDTH], default=0)
    text = [*_given(program, wording), "# forward"]
    for i, (line, code) in enumerate(zip(made.lines, codes, strict=True)):
        if line.is_adjoint and (i == 0 or not made.lines[i - 1].is_adjoint):
            text.append("# adjoint")
        text.append(f"{code.ljust(width)}  # {_shape_text(line.shape)}")
    return "\n".join([*text, f"return {', '.join(made.outputs)}"])


def read_body(program: Program) -> Body:
    """Return the lines of a program as `readable` writes them."""
    program = without_reshaping(program)
    return body(program, Reading(program))


def without_reshaping(program: Program) -> Program:
    """Sum the cells of whole arrays without first putting them into one row, as NumPy's dot product needs them."""
    n = len(program.leaves)

    def whole(a: int) -> int:
        s = program.statements[a - n] if a >= n else None
        is_all = s is not None and s.operation == "take" and s.detail == tuple(range(size(program.shape(s.args[0]))))
        return s.args[0] if s is not None and is_all and program.shape(s.args[0]) else a

    def changed(s: Statement) -> Statement:
        args = tuple([whole(a) for a in s.args])
        same_shape = len({program.shape(a) for a in args}) == 1
        return s._replace(args=args) if s.operation in ("total", "inner") and not s.shape and same_shape else s

    return without_unused(program._replace(statements=tuple([changed(s) for s in program.statements])))


class Reading(Wording):
    """The templates of a program's statements for one sample."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.batched = [False] * len(self.batched)
        self.index_shapes: dict[str, Shape] = {}

    def leaf(self, leaf: Leaf) -> str:
        """Return how a leaf is written; the seed of a single number is 1."""
        if leaf.shape or leaf.kind not in ("constant", "seed"):
            return leaf.name
        return "1" if leaf.kind == "seed" else short_number(leaf.cells[0])

    def expression(self, s: Statement, template: Template, texts: Sequence[str]) -> str:
        """Return the text of a statement, without factors 1, and with subtractions instead of negative terms."""
        if s.operation in ("add", "sum"):
            return _signed_sum(texts)
        if s.operation == "mul" and "-1" in texts:
            template, texts = "-$0", [texts[1 - texts.index("-1")]]
        if template == "-$0" and texts[0].startswith("-") and binding(texts[0]) == SIGN:
            return unwrapped(texts[0][1:])
        return unwrapped(_ONE.sub("", filled(template, texts)))

    def is_repeated(self, expression: str) -> bool:
        """Return whether an expression is written wherever it is used: also a cell of an array, and any number."""
        name, bracket, index = expression.partition("[")
        return super().is_repeated(expression.removeprefix("-")) or (
            name.isidentifier() and bracket == "[" and index.replace(", ", "").removesuffix("]").isdigit()
        )

    # --- rows of the table ------------------------------------------------------------------------

    def _row(self, s: Statement, v: int) -> Template:
        names = ", ".join(f"#{i}" for i in range(len(s.args)))
        return _OPERATORS.get(s.operation, f"{s.operation}({names})")

    def _pullback(self, s: Statement, v: int) -> Template:
        row, position = s.detail
        xs = [f"#{i}" for i in range(2, len(s.args))]  # the arguments are g, y, x_0, x_1, ...
        n = self.program.number(s.args[-1])
        if row == "pow" and position == 0 and n is not None:
            less = f"**{short_number(n - 1)}" if n != 2 else ""
            return f"$0 * {short_number(n)} * $2{less}"
        if (row, position) in _DERIVATIVES:
            return _DERIVATIVES[row, position]
        varied = sum(self.program.number(a) is None for a in s.args[2:]) if row != "hypot" else 1
        name = "softmax" if row == "logsumexp" else f"{row}'{position + 1 if varied > 1 else ''}"
        return f"{name}({', '.join(xs)}) * $0"

    # --- sums and products ------------------------------------------------------------------------

    def _reduction(self, s: Statement, v: int) -> Template:
        return f"{s.operation}({', '.join(f'#{i}' for i in range(len(s.args)))})"

    def _total(self, s: Statement, v: int) -> Template:
        return self._summed("#0", "None" if not s.shape else "0")

    def _inner(self, s: Statement, v: int) -> Template:
        if len(self.program.shape(s.args[0])) == 1:
            return "$0 @ $1"
        return self._summed("$0 * $1", "None" if not s.shape else "0")

    def _reduce(self, s: Statement, v: int) -> Template:
        axes, rank = s.detail[0], len(self.program.shape(s.args[0]))
        text = "0" if axes == 1 else str(tuple(range(axes)))
        return self._summed("#0", "None" if axes == rank else text) if axes else "#0"

    def _spread(self, s: Statement, v: int) -> Template:
        return f"broadcast_to(#0, {s.shape})"

    def _by_weights(self, s: Statement, v: int) -> Template:
        return "$0 @ $1.T" if len(self.program.shape(s.args[0])) > 1 else "outer(#0, #1)"

    def _by_bias(self, s: Statement, v: int) -> Template:
        return "sum(#0, axis=1)"

    def _summed(self, text: str, axis: str) -> str:
        return f"sum({text})" if axis == "None" else f"sum({text}, axis={axis})"

    def _times(self, left: str, right: str, k: int) -> str:
        return f"{left} @ {right}"

    # --- cells ------------------------------------------------------------------------------------

    def _take(self, s: Statement, v: int) -> Template:
        shape = self.program.shape(s.args[0])
        text, index = index_text(shape, s.detail, s.shape, samples=False)
        if index is not None:
            flat = "$0" if len(shape) == 1 else f"reshape(#0, ({size(shape)},))"
            return f"{flat}[{self._index(index, s.shape)}]"
        return text.replace("xp.", "").replace(", ...", "")

    def _index(self, cells: tuple[int, ...], shape: Shape) -> str:
        name = self.indices.setdefault(cells, f"I{len(self.indices) + 1}")
        self.index_shapes.setdefault(name, shape)
        return name

    def _pack(self, s: Statement, v: int) -> Template:
        parts = []
        for is_number, group in groupby(range(len(s.args)), lambda i: not self.program.shape(s.args[i])):
            names = [f"#{i}" for i in group]
            parts += [f"[{', '.join(names)}]"] if is_number else names
        joined = parts[0] if len(parts) == 1 else f"concatenate([{', '.join(parts)}])"
        return joined if len(s.shape) == 1 else f"reshape({joined}, {s.shape})"

    def _scatter(self, s: Statement, v: int) -> Template:
        """Return the arguments, each among zeros, added up."""
        apart = sorted(enumerate(s.detail), key=lambda piece: piece[1])
        cells = [cell for _, piece in apart for cell in piece]
        if cells == sorted(set(cells)):
            text = self._among_zeros(s, apart)
            return text if len(s.shape) == 1 else f"reshape({text}, {s.shape})"
        terms = []
        for i, piece in enumerate(s.detail):
            where = ", ".join(map(str, piece)) if len(piece) == 1 else self._index(piece, self.program.shape(s.args[i]))
            terms.append(f"add_at(zeros({size(s.shape)}), {where}, #{i})")
        text = " + ".join(terms)
        return text if len(s.shape) == 1 else f"reshape({text}, {s.shape})"

    def _among_zeros(self, s: Statement, apart: Sequence[tuple[int, tuple[int, ...]]]) -> str:
        """Return pieces whose cells do not meet, in their order, with zeros between them."""
        numbers = {cell: f"#{i}" for i, cells in apart if not self.program.shape(s.args[i]) for cell in cells}
        if len(numbers) == len(apart) and size(s.shape) <= _FEW:
            return f"[{', '.join(numbers.get(cell, '0') for cell in range(size(s.shape)))}]"
        if not all(cells == tuple(range(cells[0], cells[0] + len(cells))) for _, cells in apart):
            return " + ".join(f"add_at(zeros({size(s.shape)}), {self._index(c, (len(c),))}, #{i})" for i, c in apart)
        parts, end = list[str](), 0
        for i, cells in apart:
            parts += [f"zeros({cells[0] - end})"] if cells[0] > end else []
            rank = len(self.program.shape(s.args[i]))
            if not rank and parts and parts[-1].startswith("["):  # another number beside it
                parts[-1] = f"{parts[-1][:-1]}, #{i}]"
            else:
                parts.append(f"[#{i}]" if not rank else f"#{i}" if rank == 1 else f"reshape(#{i}, ({len(cells)},))")
            end = cells[-1] + 1
        parts += [f"zeros({size(s.shape) - end})"] if end < size(s.shape) else []
        return parts[0] if len(parts) == 1 else f"concatenate([{', '.join(parts)}])"


def short_number(number: float) -> str:
    """Return a number as a person writes it.

    >>> short_number(2.0), short_number(0.1), short_number(-math.inf)
    ('2', '0.1', '-inf')
    """
    return f"{number:.0f}" if math.isfinite(number) and number == int(number) and abs(number) < 1e6 else repr(number)


def _signed_sum(terms: Sequence[str]) -> str:
    """Return a sum, a term that stands n times as its multiple, negative terms subtracted and after the others.

    >>> _signed_sum(["-a", "b * c", "b * c"])
    '2 * b * c - a'
    """
    counted = {t: sum(t == u for u in terms) for t in terms}
    written = [t if n == 1 else _multiple(n, t) for t, n in counted.items()]
    written.sort(key=lambda t: t.startswith("-"))  # stable
    first, *others = (t if binding(t) > NOTHING else f"({t})" for t in written)
    return first + "".join(_signed(t) for t in others)


def _multiple(n: int, term: str) -> str:
    return f"{n}" if term == "1" else f"{n} * {term if binding(term) >= PRODUCT else f'({term})'}"


def _signed(term: str) -> str:
    """Return a further term of a sum, with its sign."""
    if not term.startswith("-"):
        return f" + {term}"
    inner = unwrapped(term[1:])
    return f" - {inner if binding(inner) >= PRODUCT else term[1:]}"


def unwrapped(text: str) -> str:
    """Return an expression without brackets around all of it.

    >>> unwrapped("(a * (b + c))"), unwrapped("(a + b) * (c + d)")
    ('a * (b + c)', '(a + b) * (c + d)')
    """
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return text[1:-1] if character == ")" and text[0] == "(" and i == len(text) - 1 else text
    return text


def _given(program: Program, wording: Reading) -> list[str]:
    """Return, as comments, the names and shapes of the arrays that are given, and what the indices are."""
    words = {"input": "input", "parameter": "parameters", "constant": "constants", "seed": "adjoint of the output"}
    kinds: dict[str, list[str]] = {word: [] for word in words.values()}
    for leaf in sorted(program.leaves, key=lambda leaf: leaf.number if leaf.kind == "input" else 0):
        if leaf.name and wording.leaf(leaf) == leaf.name:
            numbers = f" = {_numbers(leaf.cells)}" if leaf.kind == "constant" and len(leaf.cells) <= _FEW else ""
            kinds[words[leaf.kind]].append(f"{leaf.name} {_shape_text(leaf.shape)}{numbers}")
    lines = [f"# {kind}: {', '.join(names)}" for kind, names in kinds.items() if names]
    for cells, name in wording.indices.items():
        lines.append(f"# cells: {described(name, cells, wording.index_shapes[name])}")
    return lines


def _numbers(cells: Sequence[float]) -> str:
    return f"[{', '.join(short_number(c) for c in cells)}]"


def _shape_text(shape: Shape) -> str:
    return str(shape) if shape else "a number"
