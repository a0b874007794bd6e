"""A table of text that fits its page: for a terminal, as Markdown, and as LaTeX."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from engine.functions import Number, context_of

NARROWEST = 40
NARROWEST_WORDS = 12  # of a column of words
LONGEST = 15  # characters of an exact number; a longer one is written as a float
COLOURS = {"": "", "head": "2", "strong": "1", "good": "32", "bad": "1;31", "faint": "2"}
TOGETHER = "\N{NO-BREAK SPACE}"  # inside a note: a space at which no line ends
ELLIPSIS, TIMES = "\N{HORIZONTAL ELLIPSIS}", "\N{MULTIPLICATION SIGN}"
ASCII = str.maketrans({ELLIPSIS: "~", TIMES: "x", "\N{MICRO SIGN}": "u", "\N{RIGHTWARDS ARROW}": ">"})


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of text under headings, with a title above and notes below.

    Attributes
    ----------
    title: the line above; may be empty.
    heads: the headings; one that starts with ">" is that of a column aligned to the right.
    rows: the cells, as many in each row as there are headings.
    styles: for each row a key of COLOURS; none for plain rows.
    notes: sentences below, wrapped to the width.
    optional: columns to leave out where the page is too narrow, the first one first.

    >>> print(Table("squares", ("n", ">n * n"), (("3", "9"), ("12", "144"))).text(width=40))
    squares
    <BLANKLINE>
    n   n * n
    3       9
    12    144
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    styles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    optional: tuple[int, ...] = ()

    def text(self, width: int | None = None, *, ascii: bool | None = None, color: bool | None = None) -> str:
        """Return the table for a terminal: no line is longer than width, down to 40 columns, and no number is cut.

        Where the page is too narrow, words are wrapped within their column; where even that is too little, each row
        becomes a paragraph, with its headings in front of the numbers.

        Parameters
        ----------
        width: columns; by default those of the terminal, or 80.
        ascii: plain ASCII; by default only where the standard output cannot show more.
        color: by default only on a terminal, and never where the environment has NO_COLOR (no-color.org).
        """
        width = max(width or shutil.get_terminal_size((80, 24)).columns, NARROWEST)
        color = _wants_color() if color is None else color
        body = self._in_columns(width) or self._in_paragraphs(width)
        lines = [*_filled(self.title, width), ""] if self.title else []
        lines += [_paint(line.rstrip(), style, color) for line, style in body]
        for note in self.notes:
            lines += ["", *_filled(note, width)]
        text = "\n".join(lines).replace(TOGETHER, " ")
        return text.translate(ASCII) if ascii or (ascii is None and not _shows(text)) else text

    def _styled(self) -> Iterator[tuple[tuple[str, ...], str]]:
        return zip(self.rows, self.styles or ("",) * len(self.rows), strict=True)

    def _in_columns(self, width: int) -> list[tuple[str, str]]:
        """Return each line with its style; nothing where the columns do not fit."""
        heads = tuple(head.lstrip(">") for head in self.heads)
        right = [head.startswith(">") for head in self.heads]
        columns = list(range(len(heads)))
        widths = [max(map(len, column)) for column in zip(heads, *self.rows, strict=True)]
        for drop in self.optional:
            if _total(widths, columns) > width:
                columns.remove(drop)
        words = [i for i in columns if not right[i]]
        if not _narrow(widths, columns, words, width):
            return []
        lines = []
        for row, style in ((heads, "head"), *self._styled()):
            cells = [[row[i]] if right[i] else wrapped(row[i], widths[i]) for i in columns]
            for parts in zip_longest(*cells, fillvalue=""):
                placed = [
                    part.rjust(widths[i]) if right[i] else part.ljust(widths[i])
                    for i, part in zip(columns, parts, strict=True)
                ]
                lines.append(("  ".join(placed), style))
        return lines

    def _in_paragraphs(self, width: int) -> list[tuple[str, str]]:
        """Return the same with a paragraph for each row: its first cell, then each heading with its cell."""
        heads = [head.lstrip(">") for head in self.heads]
        lines = []
        for row, style in self._styled():
            lines += [(line, style) for line in wrapped(row[0], width) if line]
            pairs = [f"{head} {cell}" for head, cell in zip(heads[1:], row[1:], strict=True) if cell]
            line = ""
            for pair in pairs:
                if line and len(line) + 2 + len(pair) > width:
                    lines.append((line, style))
                    line = ""
                first, *others = wrapped(pair, width - 2)
                lines += [(f"  {part}", style) for part in ([line.lstrip(), first, *others[:-1]] if others else [])]
                line = f"{line}  {first}" if not others else f"  {others[-1]}"
            lines.append((line, style))
        return lines

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def markdown(self) -> str:
        r"""Return the table in GitHub's Markdown.

        >>> print(Table("", ("n", ">n*n"), (("3", "9"),)).markdown())
        | n | n\*n |
        | :-- | --: |
        | 3 | 9 |
        """
        lines = [f"**{_escape(self.title, _MARKDOWN)}**", ""] if self.title else []
        lines.append(_bars(_escape(head.lstrip(">"), _MARKDOWN) for head in self.heads))
        lines.append(_bars("--:" if head.startswith(">") else ":--" for head in self.heads))
        lines += [_bars(_escape(cell, _MARKDOWN) for cell in row) for row in self.rows]
        for note in self.notes:
            lines += ["", _escape(note, _MARKDOWN)]
        return "\n".join(lines)

    def latex(self) -> str:
        r"""Return the table as an array, for LaTeX with amsmath and for MathJax.

        >>> print(Table("", ("n", ">n^2"), (("3", "9"),)).latex())
        \begin{array}{lr}
        \text{n} & \text{n\textasciicircum{}2} \\ \hline
        \text{3} & \text{9} \\
        \end{array}
        """
        heads = [rf"\text{{{_escape(head.lstrip('>'), _LATEX)}}}" for head in self.heads]
        lines = [rf"\begin{{array}}{{{''.join('r' if head.startswith('>') else 'l' for head in self.heads)}}}"]
        lines.append(" & ".join(heads) + r" \\ \hline")
        lines += [" & ".join(rf"\text{{{_escape(cell, _LATEX)}}}" if cell else "" for cell in row) + r" \\"
                  for row in self.rows]  # fmt: skip
        return "\n".join([*lines, r"\end{array}"])


def shown(number: Number, digits: int = 6) -> str:
    """Write a number for a table: some significant digits; exact numbers as they are if short, else with a ~.

    >>> from fractions import Fraction
    >>> shown(2.0), shown(1 / 3), shown(1.5e-17), shown(Fraction(1, 3)), shown(-0.0)
    ('2', '0.333333', '1.5e-17', '1/3', '0')
    >>> shown(Fraction(10**20, 3)), shown(1 + 2j), shown(2 + 0j)
    ('~3.33333e19', '1+2j', '2')
    """
    number = getattr(number, "data", number) if hasattr(number, "row") else number
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        text = f"{number:.{digits}g}"
        mantissa, e, exponent = text.partition("e")
        return "0" if text == "-0" else f"{mantissa}e{int(exponent)}" if e else text
    if isinstance(number, complex):
        return f"{number:.{digits - 2}g}" if number.imag else shown(number.real, digits - 2)
    context = context_of(number)
    if context is not None:
        return _of_mpmath(number, digits)
    text = str(number)
    return text if len(text) <= LONGEST else f"~{_nearly(number, digits)}"


def _of_mpmath(number: Any, digits: int) -> str:
    import mpmath  # it is there, since the number is

    low, high = getattr(number, "a", None), getattr(number, "b", None)
    if low is not None and high is not None and hasattr(number, "delta"):
        return f"[{shown(float(low), digits)}, {shown(float(high), digits)}]"
    text: str = mpmath.nstr(number, digits)
    return text.removesuffix(".0")


def _nearly(number: Any, digits: int) -> str:
    """Write a Fraction or Decimal that would be too long, even where no float can hold it."""
    try:
        return shown(float(number), digits)
    except OverflowError:
        return f"1e{len(str(int(abs(number)))) - 1}" if number > 0 else f"-1e{len(str(int(abs(number)))) - 1}"


def cut(text: str, width: int) -> str:
    """Return the text, its end replaced by an ellipsis where it is too long.

    >>> cut("topological", 5), cut("dag", 5)
    ('topo…', 'dag')
    """
    return text if len(text) <= width else text[: max(width - 1, 0)] + ELLIPSIS


_MARKDOWN = {"\\": r"\\", "|": r"\|", "*": r"\*", "_": r"\_", "<": "&lt;", "#": r"\#", "\n": " "}
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", TIMES: r"$\times$", ELLIPSIS: r"\ldots{}", "<": r"$<$",
    ">": r"$>$", "\N{MICRO SIGN}": r"$\mu$", "\N{RIGHTWARDS ARROW}": r"$\to$",
}  # fmt: skip


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text)


def _bars(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def wrapped(text: str, width: int) -> list[str]:
    """Return the text as lines of a column: broken at spaces, else before a point or bracket, else anywhere.

    >>> wrapped("model.layers[0].neurons[1].w[0]", 16)
    ['model.layers[0]', ' .neurons[1]', ' .w[0]']
    >>> wrapped("x*y", 16)
    ['x*y']
    """
    lines = []
    while len(text) > width:
        breaks = (text.rfind(mark, 2, width + 1) for mark in " .[(")
        at = next((place for place in breaks if place > 0), width)
        lines.append(text[:at].rstrip())
        text = f" {text[at:].lstrip()}"
    return [*lines, text]


def _filled(text: str, width: int) -> list[str]:
    parts = (part if len(part) <= width - 2 else part.replace(TOGETHER, " ") for part in text.split(" "))
    return textwrap.wrap(" ".join(parts), width, subsequent_indent="  ", break_on_hyphens=False)


def _total(widths: Sequence[int], columns: Sequence[int]) -> int:
    return sum(widths[i] for i in columns) + 2 * (len(columns) - 1)


def _narrow(widths: list[int], columns: Sequence[int], words: Sequence[int], width: int) -> bool:
    """Take from the widest column of words, letter by letter, until the row fits; tell whether it does."""
    for _ in range(_total(widths, columns) - width):
        widest = max(words, key=lambda i: widths[i])
        if widths[widest] <= NARROWEST_WORDS:
            return False
        widths[widest] -= 1
    return True


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if color and COLOURS[style] and text else text


def _wants_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _shows(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
