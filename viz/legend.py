"""The lines on top of a graph: its title, how much of it is shown, and what boxes and edges mean."""

from __future__ import annotations

from collections.abc import Sequence

from viz.boxes import quiet, words
from viz.diagram import Diagram
from viz.flags import ALARMS
from viz.numerals import TIMES
from viz.roles import ROLES
from viz.theme import Theme

DERIVATIVE = f"edge: {TIMES} the local derivative"
SWATCHES = {
    "input": 'BORDER="1" STYLE="ROUNDED"',
    "parameter": 'BORDER="2"',
    "operation": 'BORDER="1"',
    "output": 'BORDER="1"',
}


def caption(title: str, made: Diagram, look: Theme, legend: bool) -> str:
    """Return the HTML-like label of a whole drawing."""
    lines = [quiet(line, look) for line in (*made.note.split("; "), *made.highlights)]
    if legend:
        lines.append(swatches({node.role for node in made.nodes}, DERIVATIVE, look))
        lines += [quiet(line, look) for line in _marks(made)]
    return heading(title, lines)


def heading(title: str, lines: Sequence[str]) -> str:
    """Return the lines on top of a drawing, each an HTML-like label, with its title above them if it has one.

    Examples
    --------
    >>> heading("y = 2.0000", ["3 nodes"]).count("<TR>"), heading("", []).count("<TR>")
    (3, 1)
    """
    above = [f'<FONT POINT-SIZE="14"><B>{words(title)}</B></FONT>'] if title else []
    rows = "".join(f'<TR><TD ALIGN="LEFT">{line}</TD></TR>' for line in (*above, *lines))
    rows += '<TR><TD HEIGHT="6"></TD></TR>'  # room before the drawing
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{rows}</TABLE>>'


def swatches(present: set[str], remark: str, look: Theme) -> str:
    """Return a sample of each role that a drawing has, and a remark, as a row of an HTML-like label.

    Examples
    --------
    >>> from viz.theme import LIGHT
    >>> swatches({"input", "output"}, "dashed: the adjoint", LIGHT).count("<TABLE")
    2
    """
    cells = []
    for role in ROLES:
        if role in present:
            colours = f'COLOR="{look.frame_of(role)}" BGCOLOR="{look.fill_of(role)}"'
            cell = f"<TD {SWATCHES[role]} {colours}>{role}</TD>"
            if role == "output":
                inner = f'<TABLE BORDER="0" CELLSPACING="1"><TR>{cell}</TR></TABLE>'
                cell = f'<TD BORDER="1" CELLPADDING="1" {colours}>{inner}</TD>'
            cells.append(cell)
    cells.append(f"<TD>{quiet(remark, look)}</TD>")
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"><TR>{"".join(cells)}</TR></TABLE>'


def _marks(made: Diagram) -> list[str]:
    """Explain the marks that this picture has, and no others."""
    flags = {node.flag for node in made.nodes}
    said = [
        ("dashed: a negative derivative", any(use.negative for use in made.uses)),
        ("hatched: a dead ReLU", any(node.dead for node in made.nodes)),
        ("heavy: on a path", any(use.lit for use in made.uses)),
        ("!: a gradient that is zero, more than a million, infinite or nan", bool(flags & (ALARMS | {"zero"}))),
    ]
    return [", ".join(words for words, present in said if present)] if any(present for _, present in said) else []
