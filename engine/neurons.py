"""Neurons and layers, told from the structure of a graph alone: nothing needs to be recorded while it is built.

A neuron is s(w . x + b): a dot product with leaves for weights, or the same written with * and +, and then perhaps an
activation. Two of these with the same weights are one neuron at work on two samples; neurons over the same inputs
are one layer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.elementary import ADD, DOT, MUL, SUM
from engine.record import Record
from engine.value import Constant

ACTIVATIONS = frozenset("relu leaky_relu elu sigmoid tanh softplus silu gelu erf atan sin".split())
SUMS = frozenset({ADD, SUM})
WEIGHT_NAME = re.compile(r"(?:.*\.)?(w|weights?|theta)($|[\d_\[(., ])", re.IGNORECASE)


class Neuron(NamedTuple):
    """One neuron at work on one sample, as ids.

    Attributes
    ----------
    output: its activation, or the sum where it has none.
    inner: every operation it is made of, the output too.
    weights, inputs: w and x, pair by pair.
    bias: b, if there is one.
    activation: the name of s; empty where there is none.
    """

    output: int
    inner: tuple[int, ...]
    weights: tuple[int, ...]
    inputs: tuple[int, ...]
    bias: int | None
    activation: str

    @property
    def parameters(self) -> tuple[int, ...]:
        """The weights, then the bias if there is one: what makes two of these the same neuron."""
        return self.weights if self.bias is None else (*self.weights, self.bias)


@dataclass(frozen=True)
class Layer:
    """The neurons of a layer, each as the tuple of its parameters' ids, in the order in which they are computed."""

    neurons: tuple[tuple[int, ...], ...]
    activations: tuple[str, ...]


def find_neurons(graph: Record) -> list[Neuron]:
    """Return every neuron at work, in topological order.

    >>> from engine import Value, dot
    >>> from engine.record import record
    >>> hidden = [dot([Value(1.0), Value(2.0)], [3.0, 4.0]).tanh() for _ in range(2)]
    >>> found = find_neurons(record(dot([Value(5.0), Value(6.0)], hidden, Value(7.0))))
    >>> [(len(neuron.weights), neuron.activation) for neuron in found]
    [(2, 'tanh'), (2, 'tanh'), (2, '')]
    """
    found = []
    for number, node in enumerate(graph.nodes):
        if node.row is DOT:
            parts = _of_dot(graph, number)
        elif node.row is ADD or node.row is SUM:
            user = graph.nodes[graph.user[number]]
            inside = graph.uses[number] == 1 and user.row in SUMS
            parts = None if inside else _of_sum(graph, number)
        else:
            continue
        if parts is not None:
            found.append(_with_activation(graph, number, *parts))
    outputs = {neuron.output for neuron in found}
    return [neuron for neuron in found if _is_plausible(graph, neuron, outputs)]


_Ids = tuple[int, ...]
_Parts = tuple[_Ids, _Ids, _Ids, int | None]  # inner operations, weights, inputs, bias


def _of_dot(graph: Record, number: int) -> _Parts | None:
    arguments = graph.arguments[number]
    pairs = len(arguments) // 2
    weights, inputs = arguments[:pairs], arguments[pairs : 2 * pairs]
    bias = arguments[-1] if len(arguments) % 2 else None
    is_leaf = graph.is_leaf.__getitem__
    if not all(map(is_leaf, weights)):
        weights, inputs = inputs, weights
        if not all(map(is_leaf, weights)):
            return None
    return ((number,), weights, inputs, bias) if bias is None or graph.nodes[bias].row is None else None


def _of_sum(graph: Record, root: int) -> _Parts | None:
    """Read w1*x1 + w2*x2 + ... + b, whatever the order; None if it is another kind of sum."""
    terms, inner = graph.sum_terms(root, SUMS, labelled=True)
    weights, inputs, bias = [], [], None
    for term in terms:
        node = graph.nodes[term]
        if node.row is MUL and graph.uses[term] == 1:
            pair = _weight_first(graph, *graph.arguments[term])
            if pair is None:
                return None
            inner.append(term)
            weights.append(pair[0])
            inputs.append(pair[1])
        elif graph.is_leaf[term] and bias is None:
            bias = term
        elif not (isinstance(node, Constant) and node.data == 0):  # sum() starts with 0
            return None
    if not weights or (len(weights) == 1 and bias is None) or not set(weights).isdisjoint(inputs):
        return None
    return tuple(sorted(inner)), tuple(weights), tuple(inputs), bias


def _weight_first(graph: Record, a: int, b: int) -> tuple[int, int] | None:
    """Tell the weight of a product from its input: the leaf; of two leaves the one that is named so, else the first."""
    if not graph.is_leaf[a]:
        return (b, a) if graph.is_leaf[b] else None
    if not graph.is_leaf[b]:
        return a, b
    named_so = bool(WEIGHT_NAME.match(graph.label(b))) and not WEIGHT_NAME.match(graph.label(a))
    return (b, a) if named_so else (a, b)


def _with_activation(graph: Record, root: int, inner: _Ids, weights: _Ids, inputs: _Ids, bias: int | None) -> Neuron:
    output, name = root, ""
    if graph.uses[root] == 1:
        user = graph.user[root]
        row = graph.nodes[user].row
        if row is not None and row.name in ACTIVATIONS and graph.arguments[user][0] == root:
            output, name, inner = user, row.name, (*inner, user)
    return Neuron(output, inner, weights, inputs, bias, name)


def _is_plausible(graph: Record, neuron: Neuron, outputs: set[int]) -> bool:
    """Whether it is more than some sum of products: a dot product, or followed by an activation, or fed by neurons."""
    if neuron.activation or not outputs.isdisjoint(neuron.inputs):
        return True
    return any(graph.nodes[number].row is DOT for number in neuron.inner)


def find_layers(graph: Record, neurons: Sequence[Neuron]) -> list[Layer]:
    """Return the layers that neurons form, those nearest the inputs first.

    >>> from engine import Value, dot
    >>> from engine.record import record
    >>> hidden = [dot([Value(1.0), Value(2.0)], [3.0, 4.0]).tanh() for _ in range(2)]
    >>> graph = record(dot([Value(5.0), Value(6.0)], hidden, Value(7.0)))
    >>> [len(layer.neurons) for layer in find_layers(graph, find_neurons(graph))]
    [2, 1]
    """
    number_of: dict[_Ids, int] = {}
    numbers = [number_of.setdefault(neuron.parameters, len(number_of)) for neuron in neurons]
    keys, parent = list(number_of), list(range(len(number_of)))
    activations = dict(zip(reversed(numbers), (neuron.activation for neuron in reversed(neurons)), strict=True))
    over: dict[tuple[object, ...], int] = {}  # the inputs of a sample -> a neuron that reads them
    for number, neuron in zip(numbers, neurons, strict=True):
        other = over.get(neuron.inputs)
        if other is None:
            same = tuple([_same(graph, argument) for argument in neuron.inputs])
            other = over[neuron.inputs] = over.setdefault(same, number)
        if other != number:
            parent[_root(parent, number)] = _root(parent, other)
    groups: dict[int, list[int]] = {}
    for number in range(len(keys)):
        groups.setdefault(_root(parent, number), []).append(number)
    depths = _depths(graph, dict(zip((neuron.output for neuron in neurons), numbers, strict=True)))
    ordered = sorted(groups.values(), key=lambda group: min(depths[number] for number in group))
    return [
        Layer(tuple(keys[number] for number in group), tuple(activations[number] for number in group))
        for group in ordered
    ]


def _same(graph: Record, number: int) -> object:
    """Return what makes two inputs the same one: every neuron gets its own copies of plain numbers."""
    return ("constant", str(graph.nodes[number].data)) if graph.is_constant[number] else number


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = number = parent[parent[number]]
    return number


def _depths(graph: Record, at: dict[int, int]) -> dict[int, int]:
    """Return for each neuron the least number of neurons, itself included, on its longest way from the leaves."""
    depth = [0] * len(graph.nodes)
    found: dict[int, int] = {}
    for node, arguments in enumerate(graph.arguments) if at else ():
        if arguments:
            depth[node] = max(map(depth.__getitem__, arguments))
            number = at.get(node)
            if number is not None:
                depth[node] += 1
                found[number] = min(depth[node], found.get(number, depth[node]))
    return found
