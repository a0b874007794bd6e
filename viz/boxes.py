"""The words in a box, in Graphviz's HTML-like labels: operation, name, data, grad and what grad is made of."""

from __future__ import annotations

import html
from collections.abc import Sequence

import graphviz

from viz.diagram import Node
from viz.numerals import WIDTH
from viz.theme import Theme

HATCHED = 22  # points of a box of a dead ReLU in which its hatching is seen


def box(node: Node, look: Theme, direction: str) -> str:
    """Return a node's label: ``operation | name | data | grad``, then what grad is the sum of, then further lines.

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
    back = f' BGCOLOR="{look.fill_of(node.role)}"' if node.dead else ""  # no word stands on the hatching
    below = [*(ledger(node) if stacked else _sum_in_a_line(node)), *node.notes]
    tall = f' ROWSPAN="{2 + len(below)}"' if stacked else ""
    cells = []
    if node.operation:
        cells.append(f'<TD PORT="op" BGCOLOR="{look.badge}"{tall}><B>{words(node.operation)}</B></TD>')
    if node.name:
        cells.append(f"<TD{tall}{back}><B>{words(node.name)}</B></TD>")
    data = f'<TD ALIGN="LEFT"{back}>{quiet("data", look)} {words(node.data)}</TD>'
    grad = f'<TD ALIGN="LEFT"{back}>{quiet("grad", look)} {words(node.grad)}{_remark(node)}</TD>'
    hatched = f'<TD WIDTH="{HATCHED}"{tall}></TD>' if node.dead else ""
    if stacked:
        rows = "".join(f'<TR><TD ALIGN="LEFT"{back}>{quiet(line, look)}</TD></TR>' for line in below)
        first = "<VR/>".join([*cells, data]) + hatched
        if direction == "RL":
            first = hatched + "<VR/>".join([data, *reversed(cells)])
        body = f"<TR>{first}</TR><TR>{grad}</TR>{rows}"
    else:
        span = f'ALIGN="LEFT" COLSPAN="{len(cells) + 2 + node.dead}"{back}'
        rows = "".join(f"<HR/><TR><TD {span}>{quiet(line, look)}</TD></TR>" for line in below)
        body = f"<TR>{'<VR/>'.join([*cells, data, grad])}{hatched}</TR>{rows}"
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" COLOR="{look.frame}">{body}</TABLE>>'


def _remark(node: Node) -> str:
    """Return what is remarkable about the gradient, where the number alone does not cry out."""
    return f" <B>{words(f'! {node.flag}')}</B>" if node.flag in ("huge", "infinite", "nan", "zero") else ""


def _sum_in_a_line(node: Node) -> list[str]:
    return [f"grad {node.name} = {summed(node.terms)} = {node.grad.strip()}"] if node.terms else []


def ledger(node: Node) -> list[str]:
    """Return the sum below grad, one contribution a line, digits under digits."""
    first, *others = node.terms or ("",)
    lines = [f"   = {first.rjust(WIDTH)}"] if first else []
    return [*lines, *(f"   {sign} {size.rjust(WIDTH)}" for sign, size in map(signed, others))]


def summed(terms: Sequence[str]) -> str:
    """Return a sum as people write it.

    Examples
    --------
    >>> summed(["4.0000", "-0.5000", "-1.000+2.000j"])
    '4.0000 - 0.5000 + -1.000+2.000j'
    """
    first, *others = terms
    return " ".join([first, *(f"{sign} {size}" for sign, size in map(signed, others))])


def signed(term: str) -> tuple[str, str]:
    """Return the sign before a further term of a sum, and what stands behind it."""
    is_real = term.startswith("-") and "j" not in term
    return ("-", term[1:]) if is_real else ("+", term)


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
