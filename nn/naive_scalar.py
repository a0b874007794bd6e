"""The slow ways to a gradient over scalars: finite differences, forward accumulation, and the sum over all paths.

======  ==========================================================================================================
symbol  name
======  ==========================================================================================================
v       a node of the recorded graph; the output is the loss C, the parameters are leaves
edge    one use of one node by another; its partial is d(target)/d(source)
path    a way along edges from the output down to a parameter; its product is that of the partials on it
dv      the tangent dv/dw of node v, for one parameter w
======  ==========================================================================================================

The derivative of C by w is the sum over all paths from C to w of their products (F. L. Bauer, Computational graphs and
rounding error, 1974). Finite differences and forward accumulation do W sweeps for W parameters; the number of paths
grows exponentially with the depth. Reverse mode, ``Value.backward``, visits each edge once.

Like the rest of the engine, these run on any kind of number, a :class:`nn.counting.Counting` too.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.functions import Number
from engine.graph import Graph
from engine.value import NO_GRAD, Value
from nn.naive import step


def reverse_mode(loss: Callable[[], Value], parameters: Sequence[Value]) -> list[Number]:
    """Return the gradient of loss() by ``backward``: the fast way, for comparison.

    >>> w = Value(3.0)
    >>> reverse_mode(lambda: w * w, [w])
    [6.0]
    """
    for p in parameters:
        p.grad = NO_GRAD
    loss().backward()
    return [p.grad for p in parameters]


def finite_differences(loss: Callable[[], Value], parameters: Sequence[Value]) -> list[Number]:
    """Return the gradient of loss() by central differences, two evaluations for each parameter.

    The step is that of `nn.naive.step`. Each parameter's data is moved and put back, whatever happens.

    >>> w = Value(3.0)
    >>> [round(g, 6) for g in finite_differences(lambda: w * w, [w])]
    [6.0]
    >>> w.data
    3.0
    """
    gradient = []
    for p in parameters:
        w, h = p.data, step(float(p.data))
        try:
            p.data = w + h
            above, loss_above = p.data, loss().data
            p.data = w - h
            below, loss_below = p.data, loss().data
        finally:
            p.data = w
        # What was really stepped, in the numbers that there are, rather than 2h.
        gradient.append((loss_above - loss_below) / (above - below))
    return gradient


def forward_accumulation(loss: Callable[[], Value], parameters: Sequence[Value]) -> list[Number]:
    """Return the gradient of loss() by one tangent sweep for each parameter, over the graph of one evaluation.

    A sweep goes through the whole graph, as an evaluation does: dv = sum over v's arguments of partial * d(argument).
    Constants and leaves other than the parameters, whose tangents are 0, are left out.

    >>> w, b = Value(3.0), Value(1.0)
    >>> forward_accumulation(lambda: w * w + 2 * b, [w, b])
    [6.0, 2.0]
    """
    graph = Graph(loss())
    inner = [(target, terms) for target, terms in enumerate(_uses(graph, parameters)) if terms]
    zero = type(graph.output.data)()
    gradient = []
    for p in parameters:
        tangents = [zero] * len(graph)
        if p in graph.index:
            tangents[graph.index[p]] = zero + 1
        for target, terms in inner:
            total = zero
            for source, partial in terms:
                total = total + tangents[source] * partial
            tangents[target] = total
        gradient.append(tangents[-1])
    return gradient


class Paths(NamedTuple):
    """What the enumeration found: the gradient, and the number of paths that were walked to their end."""

    gradient: list[Number]
    walked: int


def sum_over_paths(loss: Callable[[], Value], parameters: Sequence[Value]) -> Paths:
    """Return the gradient of loss() as the sum over all paths, each walked from the output to a parameter.

    A path's product is carried along, so an edge costs one multiplication each time that a path takes it. The number of
    paths may be astronomical: see `count_paths` first.

    >>> w = Value(3.0)
    >>> sum_over_paths(lambda: (w * w) * (w * w), [w])  # w^4
    Paths(gradient=[108.0], walked=4)
    """
    graph = Graph(loss())
    uses = _uses(graph, parameters)
    zero = type(graph.output.data)()
    sums: dict[int, Number] = {graph.index[p]: zero for p in parameters if p in graph.index}
    walked = 0
    branches = [(len(graph) - 1, zero + 1)]
    while branches:
        v, product = branches.pop()
        if v in sums:
            sums[v] = sums[v] + product
            walked += 1
        for source, partial in uses[v]:
            branches.append((source, product * partial))
    return Paths([sums[graph.index[p]] if p in graph.index else zero for p in parameters], walked)


def count_paths(output: Value, parameters: Sequence[Value]) -> int:
    """Return how many paths lead from the output to the parameters, exactly, and without walking them.

    The number of paths from the output to v is the sum of those to the nodes that use v, one term for each use.

    >>> w = v = Value(1.0)
    >>> for _ in range(100):
    ...     v = v * v
    >>> count_paths(v, [w]) == 2**100
    True
    """
    graph = Graph(output)
    counts = [0] * len(graph)
    counts[-1] = 1
    for target in range(len(graph) - 1, -1, -1):
        for a in graph.nodes[target].args:
            counts[graph.index[a]] += counts[target]
    return sum(counts[graph.index[p]] for p in parameters if p in graph.index)


def _uses(graph: Graph, parameters: Sequence[Value]) -> list[list[tuple[int, Number]]]:
    """Return for each node its arguments and the partials by them, without constants and other leaves."""
    wanted = set(parameters)
    uses: list[list[tuple[int, Number]]] = [[] for _ in graph.nodes]
    for edge, partial in zip(graph.edges, graph.partials(), strict=True):
        source = graph.nodes[edge.source]
        if source.row is not None or source in wanted:
            uses[edge.target].append((edge.source, partial))
    return uses
