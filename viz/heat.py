"""A matrix as a table of signed heat cells: colour tells sign and size, the number in it both exactly.

Positive is blue, negative vermilion, zero the background; the largest number of a matrix has the full colour. The
minus sign stands in the cell, so nothing is lost in greyscale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from viz import numerals
from viz.boxes import quiet, words
from viz.theme import Theme, luminance

STRONG = 0.85  # of the full colour: the number in the cell stays readable
DECIMALS = 3
GAP = None  # in the place of a row or column: an ellipsis
# Neither is a colour of the theme: a picture that turns dark on a dark screen keeps its cells and what is in them.
DARK_TEXT, LIGHT_TEXT, ZERO = "#010101", "#fcfcfc", "#fefefe"


@dataclass(frozen=True)
class Block:
    """One matrix of an equation.

    Attributes
    ----------
    symbol, note : str
        What stands above it: its symbol, then its shape.
    rows, columns : sequence of int or None
        Which are drawn; None is an ellipsis.
    numbers : dict
        The numbers by row and column; what is missing is a zero by construction and stays empty.
    lit_rows, lit_columns : set of int
        Cells of these have a heavy frame; with both sets empty none has.
    """

    symbol: str
    note: str
    rows: Sequence[int | None]
    columns: Sequence[int | None]
    numbers: dict[tuple[int, int], float]
    lit_rows: frozenset[int] = frozenset()
    lit_columns: frozenset[int] = frozenset()


def table(block: Block, look: Theme) -> str:
    """Return a block as an HTML-like label of Graphviz.

    Examples
    --------
    >>> from viz.theme import LIGHT
    >>> block = Block("A", "(1, 2)", [0], [0, 1], {(0, 0): 1.0, (0, 1): -2.0})
    >>> table(block, LIGHT).count("<TD")
    4
    """
    largest = max((abs(x) for x in block.numbers.values() if math.isfinite(x)), default=0.0)
    wide = f'COLSPAN="{len(block.columns)}"'
    rows = [
        f'<TR><TD {wide}><FONT POINT-SIZE="14"><B>{words(block.symbol)}</B></FONT></TD></TR>',
        f"<TR><TD {wide}>{quiet(block.note, look)}</TD></TR>",
    ]
    for row in block.rows:
        rows.append(f"<TR>{''.join(_cell(block, row, column, largest, look) for column in block.columns)}</TR>")
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="3">{"".join(rows)}</TABLE>>'


def _cell(block: Block, row: int | None, column: int | None, largest: float, look: Theme) -> str:
    if row is GAP or column is GAP:
        mark = "⋱" if row is GAP and column is GAP else "⋮" if row is GAP else "⋯"
        return f"<TD>{quiet(mark, look)}</TD>"
    if (row, column) not in block.numbers:
        return "<TD></TD>"
    number = block.numbers[row, column]
    colour = heat(number, largest, look)
    lit = row in block.lit_rows or column in block.lit_columns
    frame = f'BORDER="2" COLOR="{look.ink}"' if lit else f'BORDER="1" COLOR="{look.frame}"'
    text = words(numerals.short(number, DECIMALS).rjust(numerals.WIDTH - 1))
    text = f"<B>{text}</B>" if lit else text
    return f'<TD {frame} BGCOLOR="{colour}"><FONT COLOR="{text_on(colour)}">{text}</FONT></TD>'


def heat(number: float, largest: float, look: Theme) -> str:
    """Return the colour of a number, ``#rrggbb``, given the largest of its matrix; what is not finite is alarming.

    Examples
    --------
    >>> from viz.theme import LIGHT
    >>> heat(0.0, 1.0, LIGHT), heat(1.0, 1.0, LIGHT), heat(-1.0, 1.0, LIGHT)
    ('#fefefe', '#2687bd', '#db7627')
    """
    if not math.isfinite(number):
        return look.alarm
    ground = ZERO if look.background == "#ffffff" else look.background
    share = STRONG * abs(number) / largest if largest else 0.0
    full = look.negative if number < 0 else look.positive
    if luminance(full) < 0.01:  # paper: black would hide the number
        share *= 0.45
    mixed = (round(int(ground[i : i + 2], 16) * (1 - share) + int(full[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def text_on(colour: str) -> str:
    """Return dark or light, whichever is easier to read on a colour (WCAG 2.2, contrast ratio).

    Examples
    --------
    >>> text_on("#ffffff"), text_on("#0072B2")
    ('#010101', '#fcfcfc')
    """
    light = luminance(colour)
    return DARK_TEXT if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else LIGHT_TEXT
