"""The computation graph, one box per value: ``draw``.

A box reads ``operation | name | data | grad``; each edge carries the local derivative by which a message is multiplied
on its way back. A value that is used twice has two edges, and its box shows the sum of what comes back along them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from engine.value import Value
from viz import theme as themes
from viz.boxes import box, plain, quiet, words
from viz.diagram import Diagram, Node, diagram
from viz.drawing import Drawing, digest
from viz.excerpt import MAX_ARGUMENTS, MAX_NODES, excerpt, label_of
from viz.numerals import TIMES, short
from viz.roles import ROLES
from viz.text import outline
from viz.theme import MONOSPACE, Theme

# Where an edge enters a box and where it leaves a value, by the direction of the drawing.
SIDES = {"LR": ("op:w", "e"), "TB": ("n", "s"), "RL": ("op:e", "w"), "BT": ("s", "n")}
LONG = 600  # the length of all edges, in ranks, from which edges are drawn straight
# Round corners, a heavy frame, a double frame: a role can be seen without colour.
SHAPES = {
    "input": {"style": "rounded,filled", "penwidth": "1.2"},
    "parameter": {"style": "filled", "penwidth": "2.4"},
    "operation": {"style": "filled", "penwidth": "1"},
    "output": {"style": "filled", "penwidth": "1.2", "peripheries": "2"},
}


def draw(
    value: Value,
    *,
    title: str | None = None,
    theme: str | Theme = "light",
    direction: str = "LR",
    max_nodes: int = MAX_NODES,
    max_arguments: int = MAX_ARGUMENTS,
    parameters: Iterable[Value] | None = None,
    legend: bool = True,
) -> Drawing:
    """Draw the computation graph of a value, one box per value and one edge per use.

    Parameters
    ----------
    value : Value
        The output.
    title : str, optional
        The line on top; by default the output's name and number. An empty one leaves the top free.
    theme : str or Theme
        light, dark, paper (black on white, for print) or auto (an SVG that follows the reader's screen).
    direction : str
        Where the computation runs: LR, TB, RL or BT.
    max_nodes : int
        The most nodes to draw; a larger graph is cut to the nodes nearest the output, and says so.
    max_arguments : int
        The most arguments of one node to draw.
    parameters : iterable of Value, optional
        The leaves to show as parameters; by default those that stand or are named like weights and biases.
    legend : bool
        Whether to explain the boxes and edges.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph``. Nodes are ``n<id>``, the id being the position in ``Graph(value).nodes``.

    Raises
    ------
    TypeError
        If it is not a Value.
    ValueError
        If the theme or direction is unknown, or a limit is too small.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> drawing = draw(x * x)
    >>> drawing.source.count("n0 -> n1")
    2
    >>> draw(x, direction="up")
    Traceback (most recent call last):
        ...
    ValueError: unknown direction 'up': choose one of LR, TB, RL, BT
    """
    if direction not in SIDES:
        raise ValueError(f"unknown direction {direction!r}: choose one of {', '.join(SIDES)}")
    look = themes.named(theme)
    part = excerpt(value, max_nodes, max_arguments)
    made = diagram(part, parameters)
    if title is None:
        title = f"{label_of(value) or 'output'} = {short(value.data)}"
    scope = f"g{digest(repr((made, title, look, direction, legend)))}"
    drawing = Drawing("computation", graph_attr=_graph_attributes(made, look, direction, scope))
    if title or legend:
        drawing.attr(label=_caption(title, made, look, legend))
    drawing.attr(
        "node", shape="box", margin="0", height="0", width="0", fontname=MONOSPACE, fontsize="11", fontcolor=look.ink
    )
    drawing.attr(
        "edge", fontname=MONOSPACE, fontsize="10", fontcolor=look.ink, color=look.edge, arrowsize="0.6", penwidth="1"
    )
    for node in made.nodes:
        _add_node(drawing, node, look, scope, direction)
    _add_constants(drawing, made, look, scope)
    into, out_of = SIDES[direction]
    gap = " " if direction in ("TB", "BT") else ""  # a label beside a vertical line would touch it
    for use in made.uses:
        drawing.edge(
            f"n{use.source}",
            f"n{use.target}:{into}",
            tailport=out_of,
            label=plain(f"{gap}{use.label}"),
            edgetooltip=plain(use.tooltip),
            labeltooltip=plain(use.tooltip),
            id=f"{scope}_e{use.target}_{use.position}",
            **{"class": "use"},
        )
    drawing.title, drawing.description = title or "computation graph", made.description()
    drawing.text, drawing.dark_mode = outline(part), theme == "auto"
    return drawing


def _graph_attributes(made: Diagram, look: Theme, direction: str, scope: str) -> dict[str, str]:
    fan_in = max(Counter(use.target for use in made.uses).values(), default=0)
    # Routing curves past hundreds of boxes takes dot minutes, straight lines a second.
    hurry = {"splines": "line", "nslimit": "2", "mclimit": "0.1"} if _length(made) > LONG else {}
    return hurry | {
        "id": scope,
        "rankdir": direction,
        "bgcolor": look.background,
        "fontname": MONOSPACE,
        "fontcolor": look.ink,
        "fontsize": "11",
        "labelloc": "t",
        "labeljust": "l",
        "nodesep": "0.18",
        "ranksep": f"{min(0.3 + 0.04 * fan_in, 0.9):.2f}",  # many edges into one box need room to bend
        "pad": "0.2",
    }


def _length(made: Diagram) -> int:
    """Return how many ranks all edges together span, a node standing one rank after the last of its arguments."""
    ranks = dict.fromkeys((node.number for node in made.nodes), 0)
    for use in made.uses:  # in topological order: the ranks of the arguments are final
        ranks[use.target] = max(ranks[use.target], ranks[use.source] + 1)
    return sum(ranks[use.target] - ranks[use.source] for use in made.uses)


def _add_node(drawing: Drawing, node: Node, look: Theme, scope: str, direction: str) -> None:
    drawing.node(
        f"n{node.number}",
        label=box(node, look, direction),
        color=look.frame_of(node.role),
        fillcolor=look.fill_of(node.role),
        tooltip=plain(node.tooltip),
        id=f"{scope}_n{node.number}",
        **{"class": node.role},
        **SHAPES[node.role],
    )


def _add_constants(drawing: Drawing, made: Diagram, look: Theme, scope: str) -> None:
    """Add what is no value of the graph: plain numbers, and the count of arguments that are not shown."""
    faint = {"shape": "plain", "fontcolor": look.muted, "fontsize": "10"}
    for constant in made.constants:
        name = f"c{constant.target}_{constant.position}"
        said = {"id": f"{scope}_{name}", "tooltip": plain(f"the constant {constant.text}"), "class": "constant"}
        drawing.node(name, label=plain(constant.text), **said, **faint)
        drawing.edge(name, f"n{constant.target}", style="dotted", arrowhead="none", **{"class": "constant"})
    for target, count in made.hidden.items():
        text = f"… {count:,} more {'argument' if count == 1 else 'arguments'}"
        drawing.node(f"h{target}", label=text, id=f"{scope}_h{target}", tooltip=text, **{"class": "hidden"}, **faint)
        drawing.edge(f"h{target}", f"n{target}", style="dashed", arrowhead="none", **{"class": "hidden"})


def _caption(title: str, made: Diagram, look: Theme, legend: bool) -> str:
    lines = []
    if title:
        lines.append(f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="14"><B>{words(title)}</B></FONT></TD></TR>')
    lines += [f'<TR><TD ALIGN="LEFT">{quiet(line, look)}</TD></TR>' for line in made.note.split("; ")]
    if legend:
        lines.append(f'<TR><TD ALIGN="LEFT">{_legend(made, look)}</TD></TR>')
    lines.append('<TR><TD HEIGHT="6"></TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(lines)}</TABLE>>'


def _legend(made: Diagram, look: Theme) -> str:
    present = {node.role for node in made.nodes}
    swatches = {
        "input": 'BORDER="1" STYLE="ROUNDED"',
        "parameter": 'BORDER="2"',
        "operation": 'BORDER="1"',
        "output": 'BORDER="1"',
    }
    cells = []
    for role in ROLES:
        if role in present:
            colours = f'COLOR="{look.frame_of(role)}" BGCOLOR="{look.fill_of(role)}"'
            cell = f"<TD {swatches[role]} {colours}>{role}</TD>"
            if role == "output":
                inner = f'<TABLE BORDER="0" CELLSPACING="1"><TR>{cell}</TR></TABLE>'
                cell = f'<TD BORDER="1" CELLPADDING="1" {colours}>{inner}</TD>'
            cells.append(cell)
    cells.append(f"<TD>{quiet(f'edge: {TIMES} the local derivative', look)}</TD>")
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"><TR>{"".join(cells)}</TR></TABLE>'
