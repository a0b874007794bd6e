"""A network as the lectures draw it: units in columns, a line for each weight.

The width of a line is |w|; a positive weight is solid, a negative one dashed. Of a layer with more than eight units
the first and the last are drawn, with an ellipsis between them.
"""

from __future__ import annotations

from typing import Any

from viz import theme as themes
from viz.boxes import plain, quiet, words
from viz.drawing import Drawing, digest
from viz.legend import heading
from viz.network_plan import MAX_LAYERS, MAX_UNITS, Line, Plan, plan_of
from viz.numerals import exact, short
from viz.theme import MONOSPACE, Theme


def draw_network(
    network: Any,
    *,
    gradients: Any = None,
    title: str | None = None,
    theme: str | Theme = "light",
    max_units: int = MAX_UNITS,
    max_layers: int = MAX_LAYERS,
    legend: bool = True,
) -> Drawing:
    """Draw a network's units and weights.

    Parameters
    ----------
    network : nn.matrix.Network, nn.scalar.MLP or sequence of int
        The network; a list of layer sizes is drawn without weights.
    gradients : Gradients or bool, optional
        What the lines show in place of the weights: what ``Network.gradients`` returned, or True for an MLP, whose
        weights hold theirs.
    title : str, optional
        The line on top; by default the sizes, as in 784-32-10.
    theme : str or Theme
        light, dark, paper or auto.
    max_units : int
        The most units of a layer to draw, at least 3; a larger layer gets an ellipsis and keeps its count.
    max_layers : int
        The most layers, input included.
    legend : bool
        Whether to explain the lines.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph`` with positions, for Graphviz's neato. Unit i of layer k is ``u<k>_<i>``, from 0.

    Raises
    ------
    TypeError
        If it is no network, or the gradients are none of this one.
    ValueError
        If it has too many layers or too few, or the theme is unknown.

    Examples
    --------
    >>> drawing = draw_network([2, 3, 1])
    >>> drawing.source.count(" -> ")
    9
    >>> draw_network([2] * 100)
    Traceback (most recent call last):
        ...
    ValueError: 100 layers are more than max_layers=24: nobody reads that; max_layers=100 draws it all the same
    """
    look = themes.named(theme)
    plan = plan_of(network, gradients=gradients, max_units=max_units, max_layers=max_layers)
    title = plan.title if title is None else title
    scope = f"g{digest(repr((title, plan.words(), plan.layers.what, sorted(plan.lines.items()), look, legend)))}"
    drawing = Drawing("network", engine="neato", graph_attr=_graph_attributes(look, scope))
    if title or legend:
        drawing.attr(label=heading(title, _legend(plan, look) if legend else []))
    small = {"fontname": MONOSPACE, "fontsize": "8", "fontcolor": look.muted}
    drawing.attr("node", shape="circle", fixedsize="true", width="0.34", style="filled", penwidth="1.2", **small)
    drawing.attr("edge", arrowhead="none", color=look.edge, penwidth="0.6")
    for k in range(len(plan.shown)):
        _add_layer(drawing, plan, k, look, scope)
    for (k, i, j), number in plan.lines.items():
        line = _line(plan, (k, i, j), number, look)
        drawing.edge(f"u{k - 1}_{j}", f"u{k}_{i}", id=f"{scope}_w{k}_{i}_{j}", **line)
    drawing.title, drawing.dark_mode = title or "network", theme == "auto"
    drawing.description = drawing.text = plan.words()
    return drawing


def _graph_attributes(look: Theme, scope: str) -> dict[str, str]:
    return {
        "id": scope,
        "bgcolor": look.background,
        "fontname": MONOSPACE,
        "fontcolor": look.ink,
        "fontsize": "11",
        "labelloc": "t",
        "labeljust": "l",
        "splines": "line",
        "outputorder": "edgesfirst",
        "pad": "0.2",
    }


def _add_layer(drawing: Drawing, plan: Plan, k: int, look: Theme, scope: str) -> None:
    """Add a column: its units from top to bottom, the ellipsis, and the caption below."""
    words_alone = {"shape": "plain", "fixedsize": "false", "style": ""}
    role, bias = plan.role(k), plan.layers.bias
    x = 0.0
    for unit, x, y in plan.column(k):
        if unit is None:
            hidden = f"{plan.hidden(k):,} more units"
            drawing.node(f"more{k}", label="⋮", fontsize="18", pos=_at(x, y), tooltip=hidden, **words_alone)
            continue
        has_bias = f": bias {exact(bias(k, unit))}" if k and bias else ""
        drawing.node(
            f"u{k}_{unit}",
            label=str(unit + 1),
            pos=_at(x, y),
            color=look.frame_of(role),
            fillcolor=look.fill_of(role),
            peripheries="2" if role == "output" else "1",
            tooltip=plain(f"{plan.name(k)}, unit {unit + 1}{has_bias}"),
            id=f"{scope}_u{k}_{unit}",
            **{"class": f"unit {role}"},
        )
    lines = (f'<FONT POINT-SIZE="10">{quiet(line, look)}</FONT>' for line in plan.caption(k))
    rows = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
    label = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>>'
    drawing.node(f"caption{k}", label=label, pos=_at(x, plan.floor), tooltip=plan.name(k), **words_alone)


def _at(x: float, y: float) -> str:
    return f"{x:.3f},{y:.3f}!"


def _line(plan: Plan, place: Line, number: float | None, look: Theme) -> dict[str, str]:
    """Return how a weight is drawn: its width, sign and tooltip."""
    if number is None:
        return {"class": "weight"}
    kind = plan.kind(number)
    colour = {"alarm": look.alarm, "negative": look.negative, "positive": look.positive}[kind]
    dashes = {"alarm": {"style": "dotted"}, "negative": {"style": "dashed"}, "positive": {}}[kind]
    said = {"tooltip": plan.tooltip(place, number), "class": f"weight {kind}"}
    return said | {"color": colour, "penwidth": f"{plan.width(number):.2f}"} | dashes


def _legend(plan: Plan, look: Theme) -> list[str]:
    kinds = {plan.kind(number) for number in plan.numbers}
    samples = [
        f'<FONT COLOR="{colour}">{words(line)}</FONT>{words(name)}'
        for kind, line, name, colour in (
            ("positive", "━━━", f" positive {plan.layers.what}", look.positive),
            ("negative", "╍╍╍", f" negative {plan.layers.what}", look.negative),
            ("alarm", "┅┅┅", " nan or infinite", look.alarm),
        )
        if kind in kinds
    ]
    width = quiet(f"width: |{plan.layers.what}|, the widest is {short(plan.largest)}", look)
    return [words("   ").join(samples), width] if samples else []
