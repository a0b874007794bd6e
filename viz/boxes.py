"""The words in a box, in Graphviz's HTML-like labels: operation, name, data, grad and what grad is made of."""

from __future__ import annotations

import html

import graphviz

from viz.diagram import Node
from viz.numerals import WIDTH
from viz.theme import Theme


def box(node: Node, look: Theme, direction: str) -> str:
    """Return a node's label: ``operation | name | data | grad``, then the contributions that grad is the sum of.

    Parameters
    ----------
    node : Node
        What to say.
    look : Theme
        The colours.
    direction : str
        Where the drawing runs, so that boxes are short that way: data stands over grad where it runs to a side, and
        all in one line where it runs up or down. The operation is at the side where the arguments come in.
    """
    stacked = direction in ("LR", "RL")
    terms = len(node.terms)
    tall = f' ROWSPAN="{2 + terms}"' if stacked else ""
    cells = []
    if node.operation:
        cells.append(f'<TD PORT="op" BGCOLOR="{look.badge}"{tall}><B>{words(node.operation)}</B></TD>')
    if node.name:
        cells.append(f"<TD{tall}><B>{words(node.name)}</B></TD>")
    data = f"<TD>{quiet('data', look)} {words(node.data)}</TD>"
    grad = f"<TD>{quiet('grad', look)} {words(node.grad)}</TD>"
    if stacked:
        sums = [f"<TR><TD>{quiet(line, look)}</TD></TR>" for line in _ledger(node)]
        first = "<VR/>".join([*cells, data]) if direction == "LR" else data + "<VR/>".join(reversed(cells))
        rows = [f"<TR>{first}</TR><TR>{grad}</TR>", *sums]
    else:
        rows = [f"<TR>{'<VR/>'.join([*cells, data, grad])}</TR>"]
        if terms:
            line = f"grad {node.name} = {' + '.join(node.terms)} = {node.grad.strip()}"
            rows.append(f'<HR/><TR><TD COLSPAN="{len(cells) + 2}">{quiet(line, look)}</TD></TR>')
    body = "".join(rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" COLOR="{look.frame}">{body}</TABLE>>'


def _ledger(node: Node) -> list[str]:
    """Return the sum below grad, one contribution a line, digits under digits."""
    return [f"   {'+' if place else '='} {term.rjust(WIDTH)}" for place, term in enumerate(node.terms)]


def quiet(text: str, look: Theme) -> str:
    """Return a text for an HTML-like label in the muted colour."""
    return f'<FONT COLOR="{look.muted}">{words(text)}</FONT>'


def words(text: str) -> str:
    """Escape a text for an HTML-like label, keeping every space (Graphviz would fold them).

    Examples
    --------
    >>> words("a < b").split("\N{NO-BREAK SPACE}")
    ['a', '&lt;', 'b']
    """
    return html.escape(text).replace("\\", "\\\\").replace(" ", "\N{NO-BREAK SPACE}")


def plain(text: str) -> str:
    """Escape a text so that DOT and SVG show it as it is, whatever is in it.

    Examples
    --------
    >>> plain("a & b")
    'a &amp; b'
    """
    return str(graphviz.escape(html.escape(text, quote=False)))
