"""The lines on top of a graph: its title, how much of it is shown, and what boxes and edges mean."""

from __future__ import annotations

from viz.boxes import quiet, words
from viz.diagram import Diagram
from viz.flags import ALARMS, HUGE
from viz.numerals import TIMES
from viz.roles import ROLES
from viz.theme import Theme

SWATCHES = {
    "input": 'BORDER="1" STYLE="ROUNDED"',
    "parameter": 'BORDER="2"',
    "operation": 'BORDER="1"',
    "output": 'BORDER="1"',
}


def caption(title: str, made: Diagram, look: Theme, legend: bool) -> str:
    """Return the HTML-like label of a whole drawing."""
    lines = []
    if title:
        lines.append(f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="14"><B>{words(title)}</B></FONT></TD></TR>')
    remarks = (*made.note.split("; "), *made.highlights)
    lines += [f'<TR><TD ALIGN="LEFT">{quiet(line, look)}</TD></TR>' for line in remarks]
    if legend:
        lines.append(f'<TR><TD ALIGN="LEFT">{_roles(made, look)}</TD></TR>')
        lines += [f'<TR><TD ALIGN="LEFT">{quiet(line, look)}</TD></TR>' for line in _marks(made)]
    lines.append('<TR><TD HEIGHT="6"></TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(lines)}</TABLE>>'


def _roles(made: Diagram, look: Theme) -> str:
    present = {node.role for node in made.nodes}
    cells = []
    for role in ROLES:
        if role in present:
            colours = f'COLOR="{look.frame_of(role)}" BGCOLOR="{look.fill_of(role)}"'
            cell = f"<TD {SWATCHES[role]} {colours}>{role}</TD>"
            if role == "output":
                inner = f'<TABLE BORDER="0" CELLSPACING="1"><TR>{cell}</TR></TABLE>'
                cell = f'<TD BORDER="1" CELLPADDING="1" {colours}>{inner}</TD>'
            cells.append(cell)
    cells.append(f"<TD>{quiet(f'edge: {TIMES} the local derivative', look)}</TD>")
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"><TR>{"".join(cells)}</TR></TABLE>'


def _marks(made: Diagram) -> list[str]:
    """Explain the marks that this picture has, and no others."""
    flags = {node.flag for node in made.nodes}
    said = [
        ("dashed: a negative derivative", any(use.negative for use in made.uses)),
        ("hatched: a dead ReLU", any(node.dead for node in made.nodes)),
        ("heavy: on a path", any(use.lit for use in made.uses)),
        (f"!: a gradient that is zero, beyond {HUGE:.0e}, infinite or nan", bool(flags & (ALARMS | {"zero"}))),
    ]
    return [", ".join(words for words, present in said if present)] if any(present for _, present in said) else []
