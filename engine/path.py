"""The chain rule as a sum over paths: every way from a node down to an argument, and the product along it.

dy/dx = sum over all paths from y to x of the product of the local derivatives on the path (F. L. Bauer, Computational
graphs and rounding error, 1974). Paths are made one at a time, since their number may grow exponentially with the
depth; how many there are is counted without making them.

Glossary
--------
path: a chain of uses y <- ... <- x. `x * x` makes two paths of length 1, one for each position.
product: the local derivatives on the path, multiplied from y down to x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.functions import Number
from engine.graph import Edge, Graph
from engine.names import namer
from engine.tables import shown
from engine.value import Value


@dataclass(frozen=True, repr=False)
class Path:
    """One way from y down to x.

    Attributes
    ----------
    nodes: the Values on it, y first, x last.
    partials: the local derivative of each step, one fewer than the nodes.
    product: their product, this path's share of dy/dx.
    names: what the nodes are called: labels, the caller's variables, or ids in `Graph(y)`.
    """

    nodes: tuple[Value, ...]
    partials: tuple[Number, ...]
    product: Number
    names: tuple[str, ...]

    def __str__(self) -> str:
        factors = " * ".join(map(shown, self.partials)) or "1"
        return f"{' <- '.join(self.names)}: {factors} = {shown(self.product)}"

    __repr__ = __str__


class Paths:
    """All paths from y to x, made one at a time while they are iterated over.

    Attributes
    ----------
    count: how many there are, exactly, counted without making them.
    """

    def __init__(self, y: Value, x: Value) -> None:
        graph = Graph(y)
        self.y, self.x = y, x
        self._nodes = graph.nodes
        self._name = namer(graph.nodes)
        self._end = graph.index.get(x, -1)
        self._ways = ways_to(graph, self._end)
        self._steps: list[list[tuple[Edge, Number]]] = [[] for _ in graph.nodes]
        for edge, partial in zip(graph.edges, graph.partials(), strict=True):
            if self._ways[edge.source]:
                self._steps[edge.target].append((edge, partial))
        self.count = self._ways[-1]

    def __iter__(self) -> Iterator[Path]:
        """Walk depth first, from the left, with the product carried along; a 0 on the way makes the product 0."""
        if not self.count:
            return
        one: Number = 1.0 if type(self.y.data) is float else 1
        top = len(self._nodes) - 1
        nodes, partials, products = [self.y], list[Number](), [one]
        branches = [iter(self._steps[top])]
        if top == self._end:
            yield self._path(nodes, partials, one)
        while branches:
            step = next(branches[-1], None)
            if step is None:
                branches.pop()
                nodes.pop()
                products.pop()
                del partials[len(branches) - 1 :]
                continue
            edge, partial = step
            nodes.append(self._nodes[edge.source])
            partials.append(partial)
            products.append(times(products[-1], partial))
            if edge.source == self._end:
                yield self._path(nodes, partials, products[-1])
            branches.append(iter(self._steps[edge.source]))

    def _path(self, nodes: list[Value], partials: list[Number], product: Number) -> Path:
        return Path(tuple(nodes), tuple(partials), product, tuple(map(self._name, nodes)))

    def sum(self) -> Number:
        """Return the sum of the products, which is dy/dx: exactly, for exact numbers.

        >>> x = Value(3.0)
        >>> paths((x * x) * (x * x), x).sum()
        108.0
        """
        total = type(self.y.data)()
        for path in self:
            total = total + path.product
        return total

    def __repr__(self) -> str:
        shares = 6
        lines = [f"{self.count:,} path{'' if self.count == 1 else 's'}"]
        for path in self:
            if len(lines) > shares:
                lines.append(f"... and {self.count - shares:,} more")
                break
            lines.append(f"  {path}")
        return "\n".join(lines)


def paths(y: Value, x: Value) -> Paths:
    """Return every path from y to x with its product of local derivatives, made one at a time.

    Raises TypeError where y or x is not a Value. If y does not depend on x there is no path, and the sum is 0.

    >>> x = Value(3.0, label="x")
    >>> paths(x * x + x, x)
    3 paths
      #2 <- #1 <- x: 1 * 3 = 3
      #2 <- #1 <- x: 1 * 3 = 3
      #2 <- x: 1 = 1
    >>> v = x
    >>> for _ in range(100):
    ...     v = v * v
    >>> paths(v, x).count == 2**100, next(iter(paths(v, Value(3.0))), "none")
    (True, 'none')
    """
    if not isinstance(x, Value):
        other = "name" if isinstance(x, str) else "data"
        raise TypeError(f"paths lead to a Value, not {type(x).__name__} {x!r}; give the Value itself, not its {other}")
    return Paths(y, x)


def ways_to(graph: Graph, end: int) -> list[int]:
    """Return for each node the number of paths from it down to the node with id `end`, exactly.

    >>> x = Value(1.0)
    >>> ways_to(Graph(x * x), 0)
    [1, 2]
    """
    ways = [0] * len(graph)
    if end >= 0:
        ways[end] = 1
    for edge in graph.edges:  # by target, arguments first: the ways of the source are complete
        ways[edge.target] += ways[edge.source]
    return ways


def times(g: Number, partial: Number) -> Number:
    """Return the product, where a zero passes nothing on: 0 * inf is 0, as in back-propagation.

    >>> times(0.0, float("inf")), times(2.0, 3.0)
    (0.0, 6.0)
    """
    return g if g == 0 else partial if partial == 0 else g * partial
