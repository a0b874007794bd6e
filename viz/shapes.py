"""Which nodes of a graph have the same shape: the expressions that they are the result of look alike.

Constants look alike whatever their number, and so do leaves of one name but for its digits, where names must go.
Each comparison is coarser than the one before, down to the operation alone.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence

from engine.record import Record
from engine.value import POW, Constant

Shapes = dict[int, int]  # the last node of each instance -> the number of its shape
DEPTHS = (1, 0)  # how far back two nodes are compared where whole expressions are too many
_DIGITS = re.compile(r"[\d\[\](){}.,_\s]+")


class Comparison:
    """A graph in which some operations already count as one.

    Parameters
    ----------
    graph : Record
        The graph.
    root : sequence of int
        For each node the last operation of the instance that it is a part of; often itself.
    owner : mapping
        What is known of some nodes: those of one owner have the same shape, whatever they look like.
    sums : mapping of int to sequence of int
        The terms of a node that stands for a long sum; their order and number do not matter.

    Examples
    --------
    >>> from engine import Value
    >>> from engine.record import record
    >>> x, y = Value(1.0), Value(2.0)
    >>> graph = record(x * x + y * y)
    >>> [len(set(shapes.values())) for shapes in Comparison(graph, range(5), {}, {}).coarser(100)]
    [3, 3, 3, 3]
    """

    def __init__(
        self,
        graph: Record,
        root: Sequence[int],
        owner: Mapping[int, Hashable],
        sums: Mapping[int, Sequence[int]],
    ) -> None:
        self.graph, self.owner, self.sums = graph, owner, sums
        self.parameters = {n for n in owner if graph.nodes[n].row is None and not isinstance(graph.nodes[n], Constant)}
        self.instances = [
            n for n, node in enumerate(graph.nodes) if root[n] == n and (n in owner or not isinstance(node, Constant))
        ]

    def each(self) -> Shapes:
        """Return shapes that all differ, but for those of one owner."""
        return _numbered({n: self.owner.get(n, n) for n in self.instances})

    def coarser(self, limit: int) -> Iterator[Shapes]:
        """Yield ever coarser shapes; whole expressions are not compared where there must be more than a limit."""
        if self._height() <= limit:
            yield self._whole(named=True)
            yield self._whole(named=False)
        for depth in DEPTHS:
            yield self._near(depth)

    def _height(self) -> int:
        """Return the length of the longest way through the graph: there are at least as many whole expressions."""
        height = [0] * len(self.graph.nodes)
        for number in self.instances:
            arguments = self.graph.arguments[number]
            if arguments and number not in self.owner:
                height[number] = 1 + max([height[argument] for argument in arguments])
        return max(height)

    def _whole(self, named: bool) -> Shapes:
        known: dict[Hashable, int] = {}
        found: dict[int, int] = {}
        last = self.instances[-1]
        for number in self.instances:
            shape: Hashable = self.owner.get(number)
            if shape is None:
                shape = (self._looks(number, named), number == last, *self._below(number, found))
            found[number] = known.setdefault(shape, len(known))
        return found

    def _near(self, depth: int) -> Shapes:
        last = self.instances[-1]
        owner, looks = self.owner, self._looks
        first = _numbered({n: owner[n] if n in owner else looks(n, named=False) for n in self.instances})
        if last not in owner:
            first[last] = len(first)  # the output is alone
        found = first
        for _ in range(depth):
            below = self._below
            found = _numbered({n: first[n] if n in owner else (first[n], *below(n, found)) for n in self.instances})
        return found

    def _below(self, number: int, found: Shapes) -> Sequence[int]:
        """Return the shapes of what an instance is made from, constants as -1."""
        if number in self.sums:
            return sorted({self._seen(term, found) for term in self.sums[number]})
        return [self._seen(argument, found) for argument in self.graph.arguments[number]]

    def _seen(self, argument: int, found: Shapes) -> int:
        """Return the shape of an argument: -1 for a constant, -2 for any parameter, whichever neuron's it is."""
        return -2 if argument in self.parameters else found.get(argument, -1)

    def _looks(self, number: int, named: bool) -> Hashable:
        node = self.graph.nodes[number]
        name = self.graph.label(number)
        if not name and node.row is not POW and number not in self.sums:
            return node.row  # most nodes of large graphs
        name = name if named else _DIGITS.sub("", name)
        return (node._op if node.row is not None else None), number in self.sums, name


def _numbered(shapes: Mapping[int, Hashable]) -> Shapes:
    known: dict[Hashable, int] = {}
    return {number: known.setdefault(shape, len(known)) for number, shape in shapes.items()}
