"""One step of back-propagation in both forms: a row of the matrix step beside the neuron that it is about.

    delta_{k-1} = D_{k-1} W_k^T delta_k        (J. Calder, Math 5467, lecture 22, Theorem 1; one sample, as columns)

Glossary
--------
k                  a layer, from 2 to L; the step goes from layer k to the one below
delta_k            dC/dz_k, shape (n_k, 1)
W_k                weights, shape (n_k, n_{k-1});  D_{k-1} = diag s'(z_{k-1}), shape (n_{k-1}, n_{k-1})
row i of the step  delta_{k-1}[i] = s'(z_{k-1}[i]) * sum over j of W_k[j, i] * delta_k[j]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from viz import numerals
from viz import theme as themes
from viz.boxes import box, plain, quiet, words
from viz.diagram import Node
from viz.drawing import Drawing, digest
from viz.heat import GAP, Block, table
from viz.legend import heading
from viz.network_plan import visible_units
from viz.step_numbers import Step, step_of
from viz.theme import MONOSPACE, Theme

MAX_UNITS = 6
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def draw_step(
    network: Any,
    k: int,
    X: Any = None,
    Y: Any = None,
    *,
    sample: int = 0,
    unit: int = 0,
    title: str | None = None,
    theme: str | Theme = "light",
    max_units: int = MAX_UNITS,
    legend: bool = True,
) -> Drawing:
    """Draw the step from delta_k to delta_{k-1}: its matrices as heat cells, and beside them one neuron's own graph.

    Parameters
    ----------
    network : nn.matrix.Network or nn.scalar.MLP
        The network, with at least two layers.
    k : int
        From which layer the step goes down, from 2 to the number of layers.
    X, Y : arrays, optional
        Samples of shape (m, n_0) and targets as the network takes them. By default one sample of ones, and the target
        zero (the class 0; 1 for the hinge loss): some numbers to look at.
    sample : int
        Which sample, from 0.
    unit : int
        Which unit of layer k-1 is shown as a neuron, from 0; its row is lit in the matrices and tied to it.
    title : str, optional
        The line on top; by default the equation.
    theme : str or Theme
        light, dark, paper or auto.
    max_units : int
        The most units of a layer to draw, at least 3.
    legend : bool
        Whether to explain the colours.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph``.

    Raises
    ------
    ImportError
        If NumPy is missing.
    IndexError
        If there is no such sample or unit.
    TypeError
        If it is no network.
    ValueError
        If there is no such step, or the layer below has no derivative for each unit (softmax).

    Examples
    --------
    >>> from nn.matrix import Network
    >>> net = Network([2, 3, 1], rng=0)
    >>> draw_step(net, 2, [[1.0, 2.0]], [[0.5]]).title
    'δ₁ = D₁ W₂ᵀ δ₂'
    >>> draw_step(net, 1)
    Traceback (most recent call last):
        ...
    ValueError: a step goes from layer k to the layer below it, k = 2 to 2, got k=1
    """
    if max_units < 3:
        raise ValueError(f"max_units must be at least 3, got {max_units}")
    look = themes.named(theme)
    step = step_of(network, k, X, Y, sample, unit)
    low, high = str(k - 1).translate(SUBSCRIPTS), str(k).translate(SUBSCRIPTS)
    if title is None:
        title = f"δ{low} = D{low} W{high}ᵀ δ{high}"
    blocks = _blocks(step, low, high, max_units)
    said = _sentence(step, low, high)
    scope = f"g{digest(repr((title, blocks, said, look, legend)))}"
    drawing = Drawing("step", graph_attr=_graph_attributes(look, scope))
    drawing.attr(label=_caption(title, said, look, legend))
    drawing.attr("node", shape="plain", fontname=MONOSPACE, fontsize="11", fontcolor=look.ink, color=look.frame)
    drawing.attr("edge", fontname=MONOSPACE, fontsize="10", fontcolor=look.ink, color=look.edge, arrowsize="0.6")
    with drawing.subgraph(name="cluster_matrix") as frame:
        _frame(frame, "matrix form", look)
        _add_blocks(frame, blocks, look, scope)
    with drawing.subgraph(name="cluster_scalar") as frame:
        _frame(frame, f"scalar form: neuron [{step.unit}] of layer {k - 1}", look)
        _add_neuron(frame, step, (low, high), look, scope, _places(len(step.users), max_units))
    drawing.edge(  # from frame to frame
        f"m{len(blocks) - 1}",
        "z",
        label=f" row {step.unit} ",
        ltail="cluster_matrix",
        lhead="cluster_scalar",
        style="dotted",
        arrowhead="none",
        fontcolor=look.muted,
        tooltip=plain(said[-1]),
        id=f"{scope}_tie",
        **{"class": "tie"},
    )
    drawing.title, drawing.dark_mode = title, theme == "auto"
    drawing.description = drawing.text = "\n".join([title, *said, *(f"{b.symbol}: shape {b.note}" for b in blocks)])
    return drawing


def _add_blocks(drawing: Any, blocks: Sequence[Block], look: Theme, scope: str) -> None:
    """Add the matrices, with an equals sign and the signs of their product between them."""
    for place, block in enumerate(blocks):
        drawing.node(
            f"m{place}",
            label=table(block, look),
            id=f"{scope}_m{place}",
            tooltip=plain(f"{block.symbol}, shape {block.note}"),
            **{"class": "matrix"},
        )
    for place, sign in enumerate(("=", "·", "·")):
        drawing.node(f"sign{place}", label=sign, fontsize="16", width="0.1", tooltip=sign, **{"class": "sign"})
        drawing.edge(f"m{place}", f"sign{place}", style="invis", weight="9")
        drawing.edge(f"sign{place}", f"m{place + 1}", style="invis", weight="9")


def _blocks(step: Step, low: str, high: str, max_units: int) -> list[Block]:
    below, above = len(step.below), len(step.above)
    rows, columns = _places(below, max_units, step.unit), _places(above, max_units)
    shown = [i for i in rows if i is not None]
    inner = [j for j in columns if j is not None]
    lit = frozenset({step.unit})
    return [
        Block(f"δ{low}", f"({below}, 1)", rows, [0], {(i, 0): float(step.below[i]) for i in shown}, lit),
        Block(f"D{low}", f"({below}, {below})", rows, rows, {(i, i): float(step.slopes[i]) for i in shown}, lit),
        Block(
            f"W{high}ᵀ",
            f"({below}, {above})",
            rows,
            columns,
            {(i, j): float(step.weights[j, i]) for i in shown for j in inner},
            lit,
        ),
        Block(
            f"δ{high}",
            f"({above}, 1)",
            columns,
            [0],
            {(j, 0): float(step.above[j]) for j in inner},
            lit_columns=frozenset({0}),
        ),
    ]


def _places(size: int, max_units: int, wanted: int = 0) -> list[int | None]:
    """Return which units are drawn, the wanted one among them, with an ellipsis wherever some are left out."""
    units = sorted({*visible_units(size, max_units), wanted})
    places: list[int | None] = []
    for before, unit in zip([-1, *units], units, strict=False):
        places += [unit] if unit == before + 1 else [GAP, unit]
    return places


def _sentence(step: Step, low: str, high: str) -> list[str]:
    """Return the lit row in numbers, and what the scalar node says."""
    i, count = step.unit, len(step.above)
    times = numerals.TIMES
    slope = numerals.short(step.slopes[i])
    terms = [
        f"{numerals.short(step.weights[j, i])} {times} {numerals.short(step.above[j])}" for j in range(min(count, 3))
    ]
    more = f" + … {count - 3} more" if count > 3 else ""
    prime = f"{step.activation}'(z{low}[{i}])"
    return [
        f"row {i}: δ{low}[{i}] = {prime} {times} Σⱼ W{high}[j, {i}] {times} δ{high}[j]",
        f"       = {slope} {times} ({' + '.join(terms)}{more}) = {numerals.short(step.below[i])}",
        f"the scalar node z{low}[{i}] has grad {numerals.short(step.z.grad)}",
    ]


def _add_neuron(
    drawing: Any, step: Step, marks: tuple[str, str], look: Theme, scope: str, shown: Sequence[int | None]
) -> None:
    """Add the neuron's own graph: z, its activation, and the neurons above that use it."""
    (low, high), i, times = marks, step.unit, numerals.TIMES
    _add_box(drawing, "z", f"z{low}[{i}]", step.z, look, scope)
    last = "z"
    if step.f is not step.z:
        terms = [numerals.short(step.weights[j, i] * step.above[j]) for j in shown if j is not GAP]
        _add_box(drawing, "f", f"f{low}[{i}]", step.f, look, scope, terms)
        slope = f"{times} {step.activation}' = {numerals.short(step.slopes[i])}"
        drawing.edge("z", "f:op", label=slope, id=f"{scope}_ef", **_sign(step.slopes[i], look))
        last = "f"
    for j in reversed(shown):  # from the bottom, as dot orders what runs to the right
        if j is GAP:
            drawing.node("more", label=f"… {len(step.users) - len(shown) + 1:,} more", fontcolor=look.muted)
            drawing.edge(last, "more", style="dotted", arrowhead="none")
            continue
        _add_box(drawing, f"u{j}", f"z{high}[{j}]", step.users[j], look, scope)
        weight = step.weights[j, i]
        label = f"{times} W{high}[{j}, {i}] = {numerals.short(weight)}"
        drawing.edge(last, f"u{j}:op", label=label, id=f"{scope}_eu{j}", **_sign(weight, look))


def _add_box(drawing: Any, key: str, name: str, value: Any, look: Theme, scope: str, terms: Sequence[str] = ()) -> None:
    several = tuple(terms) if 1 < len(terms) <= 4 else ()
    said = f"{name} = {value._op}: data {numerals.exact(value.data)}, grad {numerals.exact(value.grad)}"
    node = Node(
        0, name, "operation", value._op, numerals.fixed(value.data), numerals.grad(value.grad), several, said, name
    )
    drawing.node(
        key,
        label=box(node, look, "LR"),
        shape="box",
        style="filled",
        margin="0",
        width="0",
        height="0",
        fillcolor=look.fill,
        color=look.ink if key == "z" else look.frame,
        penwidth="2" if key == "z" else "1",
        tooltip=plain(said),
        id=f"{scope}_{key}",
        **{"class": "operation"},
    )


def _sign(number: float, look: Theme) -> dict[str, str]:
    if number < 0:
        return {"class": "use negative", "style": "dashed", "color": look.negative}
    return {"class": "use", "color": look.positive}


def _frame(drawing: Any, title: str, look: Theme) -> None:
    drawing.attr(
        label=plain(title),
        style="rounded",
        color=look.muted,
        fontcolor=look.muted,
        fontname=MONOSPACE,
        fontsize="10",
        penwidth="0.8",
        margin="12",
        labeljust="l",
    )


def _graph_attributes(look: Theme, scope: str) -> dict[str, str]:
    return {
        "id": scope,
        "rankdir": "LR",
        "compound": "true",
        "ordering": "out",
        "bgcolor": look.background,
        "fontname": MONOSPACE,
        "fontcolor": look.ink,
        "fontsize": "11",
        "labelloc": "t",
        "labeljust": "l",
        "nodesep": "0.2",
        "ranksep": "0.1",
        "pad": "0.2",
    }


def _caption(title: str, said: Sequence[str], look: Theme, legend: bool) -> str:
    lines = [words(line) for line in said]
    if legend:
        lines.append(
            quiet("cells and edges: ", look)
            + f'<FONT COLOR="{look.positive}">positive</FONT>{quiet(", ", look)}'
            + f'<FONT COLOR="{look.negative}">negative (dashed)</FONT>'
            + quiet("; the deeper, the nearer to the largest of its block; empty: zero; heavy: the row", look)
        )
    return heading(title, lines)
