"""A table of text that fits its page: for a terminal, as Markdown, and as LaTeX."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.functions import Number, context_of

NARROWEST = 40
LONGEST = 15  # characters of an exact number; a longer one is written as a float
COLOURS = {"": "", "head": "2", "strong": "1", "good": "32", "bad": "1;31", "faint": "2"}
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
        """Return the table for a terminal: no line is longer than width, down to 40 columns.

        Parameters
        ----------
        width: columns; by default those of the terminal, or 80.
        ascii: plain ASCII; by default only where the standard output cannot show more.
        color: by default only on a terminal, and never where the environment has NO_COLOR (no-color.org).
        """
        width = max(width or shutil.get_terminal_size((80, 24)).columns, NARROWEST)
        color = _wants_color() if color is None else color
        heads = tuple(head.lstrip(">") for head in self.heads)
        columns = list(range(len(heads)))
        widths = [max(map(len, column)) for column in zip(heads, *self.rows, strict=True)]
        for drop in (*self.optional, None):
            if _total(widths, columns) <= width or drop is None:
                break
            columns.remove(drop)
        _narrow(widths, columns, width)
        lines = [*textwrap.wrap(self.title, width), ""] if self.title else []
        for row, style in zip((heads, *self.rows), ("head", *(self.styles or ("",) * len(self.rows))), strict=True):
            cells = [_cell(row[i], widths[i], self.heads[i].startswith(">")) for i in columns]
            lines.append(_paint("  ".join(cells).rstrip(), style, color))
        for note in self.notes:
            lines += ["", *textwrap.wrap(note, width, subsequent_indent="  ")]
        text = "\n".join(lines)
        return text.translate(ASCII) if ascii or (ascii is None and not _shows(text)) else text

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
    >>> shown(Fraction(10**20, 3)), shown(1 + 2j)
    ('~3.33333e19', '1+2j')
    """
    number = getattr(number, "data", number) if hasattr(number, "row") else number
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        text = f"{number:.{digits}g}"
        mantissa, e, exponent = text.partition("e")
        return "0" if text == "-0" else f"{mantissa}e{int(exponent)}" if e else text
    if isinstance(number, complex):
        return f"{number:.{digits - 2}g}"
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


def _total(widths: Sequence[int], columns: Sequence[int]) -> int:
    return sum(widths[i] for i in columns) + 2 * (len(columns) - 1)


def _narrow(widths: list[int], columns: Sequence[int], width: int) -> None:
    """Take from the widest column, letter by letter, until the row fits."""
    for _ in range(_total(widths, columns) - width):
        widths[max(columns, key=lambda i: widths[i])] -= 1


def _cell(text: str, width: int, right: bool) -> str:
    text = cut(text, width)
    return text.rjust(width) if right else text.ljust(width)


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
