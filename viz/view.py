"""What a picture of a value shows: all its nodes, or what they fold into, at the level that can be read.

Every kind of picture starts here, and none walks a graph on its own: ``draw``, ``tree``, TikZ and Mermaid.
"""

from __future__ import annotations

import contextlib
import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.record import Record, record
from engine.value import Value
from viz.diagram import Cluster, Diagram, diagram
from viz.excerpt import MAX_ARGUMENTS, MAX_NODES, check, excerpt
from viz.folded import folded_diagram
from viz.folding import LEVELS, READABLE, Folded, Level, fold, network_in
from viz.highlight import paths_from
from viz.names import names_of

_WEIGHT = re.compile(r"(.*)\.layers\[(\d+)\](?:\.neurons)?\[(\d+)\]\.(?:(w|b)(?:\[(\d+)\])?)")


def view(
    value: Value,
    *,
    level: Level = "auto",
    names: Mapping[str, Any] | None = None,
    highlight: Value | None = None,
    max_nodes: int = MAX_NODES,
    max_arguments: int = MAX_ARGUMENTS,
    parameters: Iterable[Value] | None = None,
) -> Diagram:
    """Choose what is shown of a value's graph, and put it into words; ``viz.draw`` explains the parameters.

    Raises
    ------
    TypeError
        If it is not a Value, or the level is neither a name nor a function.
    ValueError
        If the level is unknown, a limit is too small or too many groups are wanted.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> view(x * x).note
    '2 nodes; backward() has not run'
    >>> for _ in range(1000):
    ...     x = x * 0.5
    >>> view(x).note
    '1,001 nodes shown as 4 boxes, by shape; level="op", max_nodes=1001 shows all; backward() has not run'
    >>> view(x, level="all")
    Traceback (most recent call last):
        ...
    ValueError: unknown level 'all': choose one of auto, op, neuron, layer, shape, or give a function of a Value
    """
    check(value, max_nodes, max_arguments)
    if not callable(level) and level not in LEVELS:
        raise ValueError(f"unknown level {level!r}: choose one of {', '.join(LEVELS)}, or give a function of a Value")
    with _garbage_collection_paused():
        graph = record(value, {key: _brief(name) for key, name in names_of(names).items()})
        folded = _folded(graph, level, max_nodes, max_arguments)
        found = paths_from(graph, highlight, folded) if highlight is not None else None
        lit = found.lit if found else ()
        if folded is None:
            part = excerpt(value, max_nodes, max_arguments, graph.names)
            made = diagram(part, parameters, lit, _neuron_clusters(graph, part.shown))
        else:
            made = folded_diagram(folded, parameters, lit)
    return replace(made, highlights=found.lines) if found else made


def _brief(name: str) -> str:
    """Shorten the name of a network's weight: model.w1[2,3] is that of layer 1 from unit 3 to unit 2, from 1 as W_k is.

    Examples
    --------
    >>> _brief("model.layers[0].neurons[1].w[2]"), _brief("model.layers[1].neurons[0].b"), _brief("x[3]")
    ('model.w1[2,3]', 'model.b2[1]', 'x[3]')
    """
    found = _WEIGHT.fullmatch(name)
    if found is None:
        return name
    model, layer, unit, kind, source = found.groups()
    from_unit = f",{int(source) + 1}" if source else ""
    return f"{model}.{kind}{int(layer) + 1}[{int(unit) + 1}{from_unit}]"


@contextlib.contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Spare the collector from walking all Values again for every list made of them: half the time of a large graph."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _folded(graph: Record, level: Level, max_nodes: int, max_arguments: int) -> Folded | None:
    """Fold a graph at a level; None where its operations are to be shown."""
    total = graph.size
    fits = total <= max_nodes and max(map(len, graph.arguments)) <= max_arguments
    if level == "op" or (level == "auto" and fits):
        return None
    limit = min(max_nodes, READABLE)
    if level == "shape":
        return fold(graph, level, limit)
    if callable(level):
        return _few_enough(fold(graph, level, limit), max_nodes)
    network = network_in(graph)
    if not network.neurons:
        return None if total <= max_nodes else fold(graph, "shape", limit)
    if level == "neuron" or (level == "auto" and len(network.place) <= limit and network.fewest_lines() <= 2 * limit):
        by_neuron = fold(graph, "neuron", limit if level == "auto" else max_nodes, network)
        if level == "neuron" and len(by_neuron.units) <= max_nodes:
            return by_neuron
        if level == "auto" and len(by_neuron.units) <= limit and not _has_more_lines(by_neuron, 2 * limit):
            return by_neuron
    by_layer = fold(graph, "layer", limit, network)
    return by_layer if len(by_layer.units) <= max_nodes else fold(graph, "shape", limit)


def _has_more_lines(folded: Folded, limit: int) -> bool:
    """Whether more pairs of units are connected than a limit."""
    lines: set[tuple[int, int]] = set()
    for number, arguments in enumerate(folded.graph.arguments):
        if arguments:
            target = folded.unit[number]
            lines.update((folded.unit[argument], target) for argument in arguments)
            if len(lines) > limit:
                return True
    return False


def _few_enough(folded: Folded, max_nodes: int) -> Folded:
    count = len(folded.units)
    if count > max_nodes:
        raise ValueError(
            f"these groups leave {count} boxes, more than max_nodes={max_nodes}, which nobody reads: make fewer groups "
            f"(None leaves a Value alone), or max_nodes={count} draws them all the same"
        )
    return folded


def _neuron_clusters(graph: Record, shown: Iterable[int]) -> tuple[Cluster, ...]:
    """Return a frame for each neuron of a network that is drawn operation by operation; one neuron alone needs none."""
    network = network_in(graph)
    neurons = network.neurons
    if len(neurons) < 2 or not any(neuron.activation for neuron in neurons):
        return ()
    free = set(shown)
    found = []
    for neuron in neurons:
        k, i = network.place[neuron.parameters]
        numbers = tuple(sorted(free.intersection((*neuron.inner, *neuron.parameters))))
        free.difference_update(numbers)  # a weight of several samples stands in the first one's frame
        if numbers:
            found.append(Cluster(f"layer {k} \N{MIDDLE DOT} neuron {i}", numbers))
    return tuple(found)
