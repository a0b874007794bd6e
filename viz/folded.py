"""A folded graph in words and numbers: what each box that stands for many values says.

Of one value a box says what it says of it everywhere. Of several it says between which numbers their data lie, and the
Euclidean norm of their gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from engine.value import NO_GRAD, Constant, Value
from viz import numerals
from viz.diagram import Cluster, Diagram, Node, adjoint_of, cut, node_of
from viz.diagram import Constant as Number
from viz.excerpt import Excerpt
from viz.flags import HUGE, flag, is_dead
from viz.folded_edges import uses_of
from viz.folding import Folded, Unit
from viz.roles import roles_of

TIMES = numerals.TIMES
WORST_FIRST = ("nan", "infinite", "huge")


def folded_diagram(folded: Folded, parameters: Iterable[Value] | None = None, lit: Sequence[bool] = ()) -> Diagram:
    """Put a folded graph into words and numbers.

    Parameters
    ----------
    folded : Folded
        The graph.
    parameters : iterable of Value, optional
        The leaves that are parameters; by default told from names and places.
    lit : sequence of bool
        Which nodes a highlight lights, by id.

    Examples
    --------
    >>> from nn.scalar import MLP
    >>> from viz.folding import fold
    >>> from engine.record import record
    >>> made = folded_diagram(fold(record(MLP(2, [3, 1])([1.0, 2.0])), "layer", 60))
    >>> [(node.title, node.operation) for node in made.nodes]
    [('input', ''), ('layer 1', 'ReLU(W x + b)'), ('layer 2', 'W x + b')]
    >>> [use.label for use in made.uses]
    ['6 edges', '3 edges']
    """
    graph = folded.graph
    numbers = tuple(unit.number for unit in folded.units)
    part = Excerpt(graph.nodes, numbers, (), (), {}, graph.names)
    ran = graph.nodes[-1].grad is not NO_GRAD
    roles = roles_of(graph.nodes, [*numbers, len(graph.nodes) - 1], part.label, parameters)
    titles = [title_of(folded, unit) for unit in folded.units]
    bright = {folded.unit[number] for number, is_lit in enumerate(lit) if is_lit}
    nodes = [
        _node(folded, part, unit, title, roles[unit.number], ran, place in bright)
        for place, (unit, title) in enumerate(zip(folded.units, titles, strict=True))
    ]
    layers = sorted({unit.layer for unit in folded.units if unit.kind == "neuron"})
    return Diagram(
        tuple(nodes),
        tuple(uses_of(folded, part, titles, ran, lit)),
        tuple(_constants(folded)),
        note=_count(folded) + ("" if ran else "; backward() has not run"),
        complete=False,
        name=part.label(graph.nodes[-1]),
        clusters=tuple(
            Cluster(f"layer {k}", tuple(unit.number for unit in folded.units if unit.layer == k)) for k in layers
        ),
    )


def title_of(folded: Folded, unit: Unit) -> str:
    """Return what a unit is called in words, never nothing."""
    times = f" {TIMES} {len(unit.outputs):,}" if len(unit.outputs) > 1 else ""
    if unit.kind == "numbers":
        return "input"
    if unit.title:
        return unit.title + (times if unit.kind == "neuron" else "")
    graph, number = folded.graph, unit.number
    node = graph.nodes[number]
    if not times:
        return graph.label(number) or f"#{number}"
    return f"{_common_name(folded, unit) or node._op or 'leaf'}{times}"


def _common_name(folded: Folded, unit: Unit) -> str:
    """Return what the names of several nodes start with, w of w[0] and w[1]."""
    labels = {folded.graph.label(number) for number in unit.outputs[:1000]}
    first, last = min(labels), max(labels)
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same].rstrip("0123456789[(._, ")


def _node(folded: Folded, part: Excerpt, unit: Unit, title: str, role: str, ran: bool, lit: bool) -> Node:
    values = [folded.graph.nodes[number] for number in unit.outputs]
    if unit.kind == "value" and len(values) == 1:
        return replace(node_of(part, unit.number, role, [], ran), lit=lit)
    adjoints = [adjoint_of(value, ran) for value in values]
    dead = sum(map(is_dead, values))
    notes = _notes(folded, unit, dead, ran)
    operation = _operation(folded, unit)
    data, grad = _range([value.data for value in values]), _size(adjoints)
    said = f"{title}{f' = {operation}' if operation else ''}: {role}, data {data.strip()}, grad {grad.strip()}"
    return Node(
        unit.number,
        _name(folded, unit, title),
        role,
        operation,
        data,
        grad if unit.kind != "numbers" else "none",
        (),
        "; ".join([said, *notes]),
        title=cut(title, 40),
        flag=_worst(adjoints),
        dead=dead == len(values),
        lit=lit,
        notes=notes,
    )


def _name(folded: Folded, unit: Unit, title: str) -> str:
    """Return what stands in the box: of a neuron not the layer, which its frame says, of a shape not its operation."""
    if unit.kind == "neuron":
        return title.rpartition("\N{MIDDLE DOT} ")[2]
    if unit.title or unit.kind == "numbers":
        return cut(title, 24)
    if len(unit.outputs) == 1:
        return cut(folded.graph.label(unit.number), 24)
    return cut(f"{_common_name(folded, unit)} {TIMES} {len(unit.outputs):,}".strip(), 24)


def _operation(folded: Folded, unit: Unit) -> str:
    if unit.kind in ("group", "numbers"):
        return ""
    if unit.kind == "sum":
        return "sum"
    if not unit.layer:
        return folded.graph.nodes[unit.number]._op
    layer = folded.layers[unit.layer - 1]
    weights = "W x + b" if unit.kind == "layer" else "w\N{MIDDLE DOT}x + b"
    name = layer.activations[0] and folded.graph.nodes[unit.number]._op
    return f"{name}({weights})" if name else weights


def _notes(folded: Folded, unit: Unit, dead: int, ran: bool) -> tuple[str, ...]:
    """Return the further lines of a box: how many neurons, samples, parameters or terms it stands for."""
    graph, count = folded.graph, len(unit.outputs)
    notes = []
    if unit.kind == "layer":
        neurons = len(folded.layers[unit.layer - 1].neurons)
        samples = f" {TIMES} {count // neurons:,} samples" if count > neurons else ""
        notes.append(f"{neurons:,} {'neuron' if neurons == 1 else 'neurons'}{samples}")
    if unit.parameters:
        leaves = [graph.nodes[number] for number in unit.parameters]
        size = f", grad {_size([adjoint_of(leaf, ran) for leaf in leaves]).strip()}" if ran else ""
        notes.append(f"{len(leaves):,} parameters{size}")
    if unit.kind == "sum":
        notes.append(f"{unit.terms:,} terms")
    if unit.kind == "group" and unit.size > 1:
        notes.append(f"{unit.size:,} nodes")
    if unit.kind == "numbers":
        notes.append("plain numbers")
    if dead and count > 1:
        notes.append(f"{dead:,} of {count:,} are dead")
    return tuple(notes)


def _range(data: Sequence[Any]) -> str:
    """Return between which numbers several lie; one alone as always."""
    if len(data) == 1:
        return numerals.fixed(data[0])
    try:
        low, high = min(data), max(data)
    except (TypeError, ArithmeticError):
        return f"{len(data):,} numbers"
    if any(number != number for number in data):
        return "some nan"
    return numerals.short(low) if low == high else f"{numerals.short(low)} … {numerals.short(high)}"


def _size(adjoints: Sequence[Any]) -> str:
    """Return one gradient as always, of several their Euclidean norm."""
    if len(adjoints) == 1 or all(adjoint is NO_GRAD for adjoint in adjoints):
        return numerals.grad(adjoints[0])
    norm = _norm(adjoints)
    return "many" if norm is None else f"norm {numerals.short(norm)}"


def _norm(adjoints: Sequence[Any]) -> float | None:
    """Return the Euclidean norm of several gradients; None where they have no sizes, or those are no floats."""
    try:
        return math.hypot(*adjoints)
    except (TypeError, ValueError, ArithmeticError):
        pass
    try:
        plain = (adjoint.data if isinstance(adjoint, Value) else adjoint for adjoint in adjoints)
        return math.hypot(*(float(abs(number)) for number in plain))
    except (TypeError, ValueError, ArithmeticError):
        return None


def _worst(adjoints: Sequence[Any]) -> str:
    norm = _norm(adjoints)
    if norm is not None and 0 < norm <= HUGE:
        return ""  # so none of them is huge, infinite or nan, and not all are zero
    found = {flag(adjoint) for adjoint in adjoints}
    return next((word for word in WORST_FIRST if word in found), "zero" if found == {"zero"} else "")


def _constants(folded: Folded) -> Iterable[Number]:
    """Return the plain numbers beside the boxes that are one operation; ``**2`` says its own."""
    nodes = folded.graph.nodes
    for unit in folded.units:
        number = unit.number
        if unit.kind != "value" or nodes[number]._op.startswith("**"):
            continue
        for position, argument in enumerate(folded.graph.arguments[number]):
            if isinstance(nodes[argument], Constant):
                same = {str(nodes[folded.graph.arguments[n][position]].data) for n in unit.outputs[:1000]}
                text = numerals.brief(nodes[argument].data) if len(same) == 1 else f"{len(unit.outputs):,} numbers"
                yield Number(number, position, cut(text, 14))


def _count(folded: Folded) -> str:
    """Say how many nodes are shown as how many boxes, and which call shows more."""
    total = folded.graph.size
    count = len(folded.units)
    more = 'level="neuron" shows more, ' if folded.level == "layer" and folded.layers else ""
    return (
        f"{total:,} nodes shown as {count:,} {'box' if count == 1 else 'boxes'}, by {folded.level}; "
        f'{more}level="op", max_nodes={total} {"shows all" if not more else "all"}'
    )
