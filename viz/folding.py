"""Folding: many nodes of a graph as one box, by neuron, by layer, by repeated shape, or as the caller says.

Two nodes have the same shape where the expressions that they are the result of look the same, whatever the numbers.
Where even the different shapes are too many (a loop that ran a thousand times has a thousand), only the last few
operations that led to a node are compared, so that every turn of the loop falls on the same boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.neurons import SUMS, Layer, Neuron, find_layers, find_neurons
from engine.record import Record
from engine.value import Constant, Value
from viz.shapes import Comparison, Shapes

LEVELS = ("auto", "op", "neuron", "layer", "shape")
Level = str | Callable[[Value], Hashable]
READABLE = 60  # boxes; a folded picture should be read at a glance
LONG_SUM = 3  # additions


@dataclass(frozen=True)
class Unit:
    """What one box stands for.

    Attributes
    ----------
    kind : str
        value, sum, neuron, layer, group, or numbers: constants that neurons read.
    title : str
        "layer 1 · neuron 2", the caller's group, or nothing.
    outputs : tuple of int
        The last node of each instance, ascending: one if it is there once, 16 if it stands for 16 of a shape.
    parameters : tuple of int
        The leaves that belong to it, of a neuron or layer.
    size : int
        How many nodes it stands for, constants apart.
    layer : int
        Which layer it belongs to, from 1; 0 for none.
    terms : int
        How many numbers a sum adds up.
    """

    kind: str
    title: str
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    size: int
    layer: int = 0
    terms: int = 0

    @property
    def number(self) -> int:
        """The id of its last output, which stands for it."""
        return self.outputs[-1]


@dataclass(frozen=True)
class Folded:
    """A graph and the units it is folded into, ascending by their number.

    ``unit`` maps each node's id to its unit's place, most constants to -1; ``root`` maps it to its instance's output.
    """

    graph: Record
    level: str
    units: tuple[Unit, ...]
    unit: list[int]
    root: list[int]
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Network:
    """The neurons in a graph, each once for every sample, and its layers.

    ``place`` has the layer and the place in it of a neuron, both from 1, by the neuron's parameters.
    """

    neurons: list[Neuron]
    layers: list[Layer]
    place: dict[tuple[int, ...], tuple[int, int]]

    def fewest_lines(self) -> int:
        """Return how many pairs of neurons are connected, at least: those in the first sample of each."""
        outputs = {neuron.output for neuron in self.neurons}
        first = {neuron.parameters: neuron for neuron in reversed(self.neurons)}
        return sum(len(outputs.intersection(neuron.inputs)) for neuron in first.values())


def network_in(graph: Record) -> Network:
    """Find the neurons and layers of a graph.

    Examples
    --------
    >>> from engine.record import record
    >>> from nn.scalar import MLP
    >>> found = network_in(record(MLP(2, [3, 1])([1.0, 2.0])))
    >>> len(found.neurons), sorted(found.place.values()), found.fewest_lines()
    (4, [(1, 1), (1, 2), (1, 3), (2, 1)], 3)
    """
    neurons = find_neurons(graph)
    layers = find_layers(graph, neurons)
    place = {key: (k, i) for k, layer in enumerate(layers, 1) for i, key in enumerate(layer.neurons, 1)}
    return Network(neurons, layers, place)


def fold(graph: Record, level: Level, limit: int, network: Network | None = None) -> Folded:
    """Fold a graph.

    Parameters
    ----------
    graph : Record
        What to fold.
    level : str or callable
        neuron, layer, shape, or a function that gives each Value the name of its group, or None to leave it alone.
    limit : int
        The most units there should be; shapes are told apart less and less until they are as few. Neurons and groups
        can be more.
    network : Network, optional
        The neurons and layers in the graph, where they are found already.

    Examples
    --------
    >>> from engine import sum_
    >>> from engine.record import record
    >>> squares = record(sum_([Value(float(i)) ** 2 for i in range(16)]))
    >>> [(unit.kind, len(unit.outputs)) for unit in fold(squares, "shape", 10).units]
    [('value', 16), ('value', 16), ('value', 1)]
    """
    root = list(range(len(graph.nodes)))
    owner: dict[int, Hashable] = {}  # output or parameter -> what it is known to belong to
    layers: list[Layer] = []
    repeated = level == "shape"
    if callable(level):
        _claim_groups(graph, level, owner)
    elif level != "shape":
        network = network or network_in(graph)
        layers = network.layers
        _claim_neurons(graph, network, level, root, owner)
        repeated = len(network.neurons) > len(network.place)  # several samples
    sums = _claim_sums(graph, root, owner)
    comparison = Comparison(graph, root, owner, sums)
    shapes: Shapes = {}
    if not repeated and comparison.fewest() <= limit:
        shapes = comparison.each()
    if not 0 < len(set(shapes.values())) <= limit:
        for shapes in comparison.coarser(limit):
            if len(set(shapes.values())) <= limit:
                break
    return _gather(graph, "groups" if callable(level) else level, root, shapes, owner, sums, layers)


def _claim_groups(graph: Record, level: Callable[[Value], Hashable], owner: dict[int, Hashable]) -> None:
    for number, node in enumerate(graph.nodes):
        group = None if isinstance(node, Constant) else level(node)
        if group is not None:
            owner[number] = ("group", group, 0)


def _claim_neurons(graph: Record, network: Network, level: str, root: list[int], owner: dict[int, Hashable]) -> None:
    known: set[tuple[int, ...]] = set()
    for neuron in network.neurons:
        key = neuron.parameters
        k, i = network.place[key]
        unit = ("neuron", k, i) if level == "neuron" else ("layer", k, 0)
        owner[neuron.output] = unit
        for number in neuron.inner:
            root[number] = neuron.output
        if key not in known:
            known.add(key)
            for parameter in key:
                owner.setdefault(parameter, unit)
        if neuron.inputs not in known:
            known.add(neuron.inputs)
            for number in neuron.inputs:
                if isinstance(graph.nodes[number], Constant):
                    owner[number] = ("numbers", k, 0)


def _claim_sums(graph: Record, root: list[int], owner: Mapping[int, Hashable]) -> dict[int, list[int]]:
    """Make the additions of each long sum one instance; return its terms, by its last addition."""
    sums = {}
    for number, node in enumerate(graph.nodes):
        if node.row not in SUMS or root[number] != number or number in owner:
            continue
        user = graph.user[number]
        if graph.uses[number] == 1 and graph.nodes[user].row in SUMS and user not in owner and root[user] == user:
            if not graph.label(number):
                continue  # a partial sum
        terms, inner = graph.sum_terms(number, SUMS, labelled=False)
        if len(inner) >= LONG_SUM and not any(member in owner for member in inner):
            sums[number] = terms
            for member in inner:
                root[member] = number
    return sums


def _gather(
    graph: Record,
    level: str,
    root: list[int],
    shapes: Shapes,
    owner: Mapping[int, Hashable],
    sums: Mapping[int, list[int]],
    layers: list[Layer],
) -> Folded:
    """Put what has the same shape into one unit."""
    size = Counter(root)
    members: dict[int, list[int]] = {}
    for number, shape in shapes.items():
        members.setdefault(shape, []).append(number)
    units = []
    for numbers in members.values():
        kind, k, i = _kind(owner.get(numbers[0]), numbers[0] in sums)
        in_network = kind in ("neuron", "layer")
        leaves = [n for n in numbers if in_network and graph.nodes[n].row is None]
        outputs = [n for n in numbers if graph.nodes[n].row is not None] if in_network else numbers
        title = {"neuron": f"layer {k} \N{MIDDLE DOT} neuron {i}", "layer": f"layer {k}", "group": f"{k}"}.get(kind, "")
        total = sum(size[n] for n in numbers) if kind != "numbers" else 0
        # sum() starts with a 0 that nobody wrote.
        terms = sum(not _is_zero(graph.nodes[term]) for term in sums.get(numbers[0], ()))
        units.append(Unit(kind, title, tuple(outputs), tuple(leaves), total, k if in_network else 0, terms))
    units.sort(key=lambda unit: unit.number)
    unit_at = {n: place for place, unit in enumerate(units) for n in (*unit.outputs, *unit.parameters)}
    unit = [unit_at.get(at, -1) for at in root]
    return Folded(graph, level, tuple(units), unit, root, tuple(layers))


def _is_zero(node: Value) -> bool:
    return isinstance(node, Constant) and bool(node.data == 0)


def _kind(owner: Any, is_sum: bool) -> tuple[str, Any, int]:
    return owner if owner is not None else ("sum" if is_sum else "value", "", 0)
