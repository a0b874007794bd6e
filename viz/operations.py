"""The computation graph as boxes and edges: ``draw``.

A box reads ``operation | name | data | grad``; each edge carries the local derivative by which a message is multiplied
on its way back. A value that is used twice has two edges, and its box shows the sum of what comes back along them.
Large graphs are folded: a box then stands for a neuron, a layer, or all values of one shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from engine.value import Value
from viz import theme as themes
from viz.boxes import box, plain
from viz.diagram import Diagram, Node, Use
from viz.drawing import Drawing, digest
from viz.excerpt import MAX_ARGUMENTS, MAX_NODES
from viz.flags import ALARMS
from viz.folding import Level
from viz.legend import caption
from viz.numerals import short
from viz.roles import SHAPES
from viz.text import outline
from viz.theme import MONOSPACE, Theme
from viz.view import view

# Where an edge enters a box and where it leaves a value, by the direction of the drawing.
SIDES = {"LR": ("op:w", "e"), "TB": ("n", "s"), "RL": ("op:e", "w"), "BT": ("s", "n")}
STRIPES = 1.2  # pairs of stripes per letter of a box's width: the hatching of a dead ReLU
LONG = 600  # the length of all edges, in ranks, from which edges are drawn straight


def draw(
    value: Value,
    *,
    level: Level = "auto",
    names: Mapping[str, Any] | None = None,
    highlight: Value | None = None,
    title: str | None = None,
    theme: str | Theme = "light",
    direction: str = "LR",
    max_nodes: int = MAX_NODES,
    max_arguments: int = MAX_ARGUMENTS,
    parameters: Iterable[Value] | None = None,
    legend: bool = True,
) -> Drawing:
    """Draw the computation graph of a value, one edge per use; a large one folded.

    Parameters
    ----------
    value : Value
        The output.
    level : str or callable
        What a box stands for: op (one operation), neuron, layer, shape (all values that are computed alike), or auto:
        op as far as ``max_nodes`` goes, then whatever can be read. A function that gives a Value the name of its
        group, or None, folds each group into a box.
    names : mapping of str to anything, optional
        Where Values without a label get their names from, ``names=locals()``; a REPL's or notebook's own by default.
    highlight : Value, optional
        Every path from it to the output is lit, and the product of the local derivatives along each is written out.
    title : str, optional
        The line on top; by default the output's name and number. An empty one leaves the top free.
    theme : str or Theme
        light, dark, paper (black on white, for print) or auto (an SVG that follows the reader's screen).
    direction : str
        Where the computation runs: LR, TB, RL or BT.
    max_nodes : int
        The most nodes to draw; level="op" cuts a larger graph to the nodes nearest the output. The picture says so.
    max_arguments : int
        The most arguments of one node to draw.
    parameters : iterable of Value, optional
        The leaves to show as parameters; by default those that stand or are named like weights and biases.
    legend : bool
        Whether to explain the boxes and edges.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph``. Nodes are ``n<id>``, the id being the position in ``Graph(value).nodes``; a box that
        stands for several has the id of the last.

    Raises
    ------
    TypeError
        If it is not a Value.
    ValueError
        If the level, theme or direction is unknown, a limit is too small, or there is nothing to highlight.

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
    themes.named(theme)  # before the work
    made = view(
        value,
        level=level,
        names=names,
        highlight=highlight,
        max_nodes=max_nodes,
        max_arguments=max_arguments,
        parameters=parameters,
    )
    return draw_view(made, value, title=title, theme=theme, direction=direction, legend=legend)


def draw_view(
    made: Diagram,
    value: Value,
    *,
    title: str | None = None,
    theme: str | Theme = "light",
    direction: str = "LR",
    legend: bool = True,
) -> Drawing:
    """Return the drawing of what ``viz.view.view`` shows of a value."""
    if title is None:
        title = f"{made.name or 'output'} = {short(value.data)}"
    drawing = paint(made, title=title, look=themes.named(theme), direction=direction, legend=legend)
    drawing.dark_mode = theme == "auto"
    return drawing


def paint(made: Diagram, *, title: str, look: Theme, direction: str = "LR", legend: bool = True) -> Drawing:
    """Return the drawing of a diagram; ``draw`` explains the parameters."""
    scope = f"g{digest(repr((made, title, look, direction, legend)))}"
    drawing = Drawing("computation", graph_attr=_graph_attributes(made, look, direction, scope))
    if title or legend:
        drawing.attr(label=caption(title, made, look, legend))
    drawing.attr(
        "node", shape="box", margin="0", height="0", width="0", fontname=MONOSPACE, fontsize="11", fontcolor=look.ink
    )
    drawing.attr(
        "edge", fontname=MONOSPACE, fontsize="10", fontcolor=look.ink, color=look.edge, arrowsize="0.6", penwidth="1"
    )
    for node in made.nodes:
        _add_node(drawing, node, look, scope, direction)
    _add_constants(drawing, made, look, scope)
    for place, cluster in enumerate(made.clusters):
        with drawing.subgraph(name=f"cluster_{place}") as frame:
            frame.attr(
                label=plain(cluster.title),
                id=f"{scope}_c{place}",
                style="rounded",
                color=look.muted,
                fontcolor=look.muted,
                fontname=MONOSPACE,
                fontsize="10",
                penwidth="0.8",
                margin="10",
                labeljust="l",
            )
            for number in cluster.numbers:
                frame.node(f"n{number}")
    highlighted = any(use.lit for use in made.uses)
    operations = {node.number for node in made.nodes if node.operation}
    for use in made.uses:
        _add_use(drawing, use, look, scope, direction, highlighted, use.target in operations)
    drawing.title, drawing.description = title or "computation graph", made.description()
    drawing.text = outline(made)
    return drawing


def _add_use(
    drawing: Drawing, use: Use, look: Theme, scope: str, direction: str, highlighted: bool, has_port: bool
) -> None:
    into, out_of = SIDES[direction]
    gap = " " if direction in ("TB", "BT") and use.label else ""  # a label beside a vertical line would touch it
    kind = "use" + " negative" * use.negative + " lit" * use.lit
    line = {"style": "dashed"} if use.negative else {}
    if use.lit:
        line |= {"color": look.positive, "fontcolor": look.positive, "penwidth": "3"}
    elif highlighted:
        line |= {"color": look.frame, "fontcolor": look.muted}
    drawing.edge(
        f"n{use.source}",
        f"n{use.target}" + (f":{into}" if has_port else ""),
        tailport=out_of,
        label=plain(f"{gap}{use.label}"),
        edgetooltip=plain(use.tooltip),
        labeltooltip=plain(use.tooltip),
        id=f"{scope}_e{use.target}_{use.position}",
        **{"class": kind},
        **line,
    )


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
    forward = [use for use in made.uses if use.source < use.target]  # a folded loop has edges that lead back
    for use in forward:  # in topological order: the ranks of the arguments are final
        ranks[use.target] = max(ranks[use.target], ranks[use.source] + 1)
    return sum(ranks[use.target] - ranks[use.source] for use in forward)


def _add_node(drawing: Drawing, node: Node, look: Theme, scope: str, direction: str) -> None:
    shape = dict(SHAPES[node.role])
    fill, frame = look.fill_of(node.role), look.frame_of(node.role)
    if node.dead:
        shape["style"] = "striped"
        fill = ":".join([look.badge, fill] * _stripes(node, direction))
    if node.flag in ALARMS:
        shape["penwidth"], frame = "3", look.alarm
    if node.lit:
        shape["penwidth"], frame = "3", look.positive
    kinds = [node.role, *(["dead"] if node.dead else []), *([node.flag] if node.flag else [])]
    drawing.node(
        f"n{node.number}",
        label=box(node, look, direction),
        color=frame,
        fillcolor=fill,
        tooltip=plain(node.tooltip),
        id=f"{scope}_n{node.number}",
        **{"class": " ".join([*kinds, *(["lit"] if node.lit else [])])},
        **shape,
    )


def _stripes(node: Node, direction: str) -> int:
    """Return how many stripes hatch a box, so that they are equally narrow in boxes of all widths."""
    numbers = [len(f"data {node.data}"), len(f"grad {node.grad}")]
    stacked = direction in ("LR", "RL")
    inner = max(*numbers, *map(len, node.notes), 0) if stacked else sum(numbers)
    return round(STRIPES * (len(node.operation) + len(node.name) + inner + 3))


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
        drawing.edge(f"h{target}", f"n{target}", style="dotted", arrowhead="none", **{"class": "hidden"})
