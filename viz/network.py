"""A network as the lectures draw it: units in columns, a line for each weight.

The width of a line is |w|; a positive weight is solid, a negative one dashed. Of a layer with more than eight units
the first and the last are drawn, with an ellipsis between them.
"""

from __future__ import annotations

import math
from typing import Any

from viz import theme as themes
from viz.boxes import plain, quiet, words
from viz.drawing import Drawing, digest
from viz.layers import Layers, is_network, layers_of
from viz.legend import heading
from viz.numerals import exact, short
from viz.theme import MONOSPACE, Theme

__all__ = ["draw_network", "is_network"]

MAX_UNITS = 8
MAX_LAYERS = 24
COLUMN, ROW = 1.9, 0.52  # inches between layers and between units
THIN, THICK = 0.3, 4.0  # points: a line for |w| near 0, and for the largest


def draw_network(
    network: Any,
    *,
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
        If it is no network.
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
    layers = layers_of(network)
    if len(layers.sizes) > max_layers:
        raise ValueError(
            f"{len(layers.sizes)} layers are more than max_layers={max_layers}: nobody reads that; "
            f"max_layers={len(layers.sizes)} draws it all the same"
        )
    if max_units < 3:
        raise ValueError(
            f"max_units must be at least 3, for the first units, an ellipsis and the last, got {max_units}"
        )
    look = themes.named(theme)
    if title is None:
        title = "-".join(str(size) for size in layers.sizes)
    shown = [visible_units(size, max_units) for size in layers.sizes]
    weights = _weights(layers, shown)
    largest = max((abs(w) for w in weights.values() if w is not None and math.isfinite(w)), default=0.0)
    scope = f"g{digest(repr((title, layers.sizes, layers.activations, sorted(weights.items()), look, legend)))}"
    drawing = Drawing("network", engine="neato", graph_attr=_graph_attributes(look, scope))
    if title or legend:
        drawing.attr(
            label=_caption(title, [w for w in weights.values() if w is not None] if legend else [], largest, look)
        )
    small = {"fontname": MONOSPACE, "fontsize": "8", "fontcolor": look.muted}
    drawing.attr("node", shape="circle", fixedsize="true", width="0.34", style="filled", penwidth="1.2", **small)
    drawing.attr("edge", arrowhead="none", color=look.edge, penwidth="0.6")
    floor = -ROW * max(min(size, max_units) for size in layers.sizes) / 2 - 0.3
    for k, units in enumerate(shown):
        _add_layer(drawing, layers, k, units, floor, look, scope)
    for (k, i, j), weight in weights.items():
        drawing.edge(
            f"u{k - 1}_{j}", f"u{k}_{i}", id=f"{scope}_w{k}_{i}_{j}", **_line((k, i, j), weight, largest, look)
        )
    drawing.title, drawing.dark_mode = title or "network", theme == "auto"
    drawing.description = drawing.text = _in_words(layers, shown)
    return drawing


def visible_units(size: int, max_units: int) -> list[int]:
    """Return which units of a layer are drawn: all, or the first and last ones around an ellipsis.

    Examples
    --------
    >>> visible_units(4, 8), visible_units(784, 8)
    ([0, 1, 2, 3], [0, 1, 2, 3, 781, 782, 783])
    """
    if size <= max_units:
        return list(range(size))
    first = max_units // 2
    last = max_units - 1 - first  # the ellipsis takes the place of one unit
    return [*range(first), *range(size - last, size)]


def _weights(layers: Layers, shown: list[list[int]]) -> dict[tuple[int, int, int], float | None]:
    """Return the weights that are drawn, by layer, unit and unit before it; None where only the shape is known."""
    return {
        (k, i, j): layers.weight(k, i, j) if layers.weight else None
        for k in range(1, len(shown))
        for i in shown[k]
        for j in shown[k - 1]
    }


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


def _add_layer(
    drawing: Drawing, layers: Layers, k: int, units: list[int], floor: float, look: Theme, scope: str
) -> None:
    """Add a column: its units from top to bottom, the ellipsis, and the caption below."""
    role = "input" if k == 0 else "output" if k == len(layers.sizes) - 1 else "hidden"
    size = layers.sizes[k]
    folded = len(units) < size
    slots = len(units) + folded
    x = COLUMN * k
    heights = [ROW * ((slots - 1) / 2 - slot) for slot in range(slots)]
    gap = (len(units) + 1) // 2
    if folded:
        y = heights.pop(gap)
        hidden = f"{size - len(units):,} more units"
        drawing.node(
            f"more{k}",
            label="⋮",
            shape="plain",
            fixedsize="false",
            style="",
            fontsize="18",
            pos=_at(x, y),
            tooltip=hidden,
        )
    for unit, y in zip(units, heights, strict=True):
        bias = f": bias {exact(layers.bias(k, unit))}" if k and layers.bias else ""
        drawing.node(
            f"u{k}_{unit}",
            label=str(unit + 1),
            pos=_at(x, y),
            color=look.frame_of(role),
            fillcolor=look.fill_of(role),
            peripheries="2" if role == "output" else "1",
            tooltip=plain(f"{_layer_name(layers, k)}, unit {unit + 1}{bias}"),
            id=f"{scope}_u{k}_{unit}",
            **{"class": f"unit {role}"},
        )
    drawing.node(
        f"caption{k}",
        label=_column_caption(layers, k, look),
        shape="plain",
        fixedsize="false",
        style="",
        pos=_at(x, floor),
        tooltip=_layer_name(layers, k),
    )


def _at(x: float, y: float) -> str:
    return f"{x:.3f},{y:.3f}!"


def _layer_name(layers: Layers, k: int) -> str:
    return "input" if k == 0 else f"layer {k}"


def _column_caption(layers: Layers, k: int, look: Theme) -> str:
    size = layers.sizes[k]
    lines = [_layer_name(layers, k), f"{size:,} {'unit' if size == 1 else 'units'}"]
    if any(layers.activations):  # an empty line keeps the captions level
        lines.append((layers.activations[k - 1] if k else "") or " ")
    rows = "".join(f'<TR><TD><FONT POINT-SIZE="10">{quiet(line, look)}</FONT></TD></TR>' for line in lines)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>>'


def _line(place: tuple[int, int, int], weight: float | None, largest: float, look: Theme) -> dict[str, str]:
    """Return how a weight is drawn: its width, sign and tooltip."""
    if weight is None:
        return {"class": "weight"}
    k, i, j = place
    said = {
        "tooltip": f"layer {k}, unit {i + 1} from unit {j + 1}: weight {exact(weight)} = weights[{k - 1}][{i}, {j}]"
    }
    if not math.isfinite(weight):
        return said | {"class": "weight alarm", "color": look.alarm, "style": "dotted", "penwidth": f"{THICK}"}
    width = f"{THIN + (THICK - THIN) * abs(weight) / (largest or 1.0):.2f}"
    if weight < 0:
        return said | {"class": "weight negative", "color": look.negative, "style": "dashed", "penwidth": width}
    return said | {"class": "weight positive", "color": look.positive, "penwidth": width}


def _caption(title: str, weights: list[float], largest: float, look: Theme) -> str:
    lines = []
    kinds = [
        ("━━━", " positive weight", look.positive, any(weight >= 0 for weight in weights)),
        ("╍╍╍", " negative weight", look.negative, any(weight < 0 for weight in weights)),
        ("┅┅┅", " nan or infinite", look.alarm, not all(map(math.isfinite, weights))),
    ]
    if weights:
        samples = [
            f'<FONT COLOR="{colour}">{words(line)}</FONT>{words(name)}' for line, name, colour, used in kinds if used
        ]
        lines.append(words("   ").join(samples))
        lines.append(quiet(f"width: |weight|, the widest is {short(largest)}", look))
    return heading(title, lines)


def _in_words(layers: Layers, shown: list[list[int]]) -> str:
    said = [f"network {'-'.join(str(size) for size in layers.sizes)}"]
    for k, size in enumerate(layers.sizes):
        name = _layer_name(layers, k)
        activation = f", {layers.activations[k - 1]}" if k and layers.activations[k - 1] else ""
        count = f", {size * layers.sizes[k - 1]:,} weights" if k else ""
        drawn = f", {len(shown[k])} drawn" if len(shown[k]) < size else ""
        said.append(f"{name}: {size:,} {'unit' if size == 1 else 'units'}{activation}{count}{drawn}")
    return "\n".join(said)
