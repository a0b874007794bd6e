"""Which nodes of a graph have the same shape: the expressions that they are the result of look alike.

Constants look alike whatever their number, and so do leaves of one name but for its digits, where names must go.
Each comparison is coarser than the one before, down to the operation alone.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence

from engine.record import Record
from engine.value import POW

CONSTANT, PARAMETER = -1, -2  # in the place of a shape
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
        self.parameters = [n for n in owner if graph.is_leaf[n]]
        self.instances = [
            n for n, constant in enumerate(graph.is_constant) if root[n] == n and (n in owner or not constant)
        ]

    def each(self) -> Shapes:
        """Return shapes that all differ, but for those of one owner."""
        return _numbered({n: self.owner.get(n, n) for n in self.instances})

    def fewest(self) -> int:
        """Return how many shapes there are at least where all differ: a node that nobody owns has its own."""
        return sum(number not in self.owner for number in self.instances)

    def coarser(self, limit: int) -> Iterator[Shapes]:
        """Yield ever coarser shapes; whole expressions are not compared where there must be more than a limit."""
        if not self._is_deeper_than(limit):
            yield self._whole(named=True)
            yield self._whole(named=False)
        for depth in DEPTHS:
            yield self._near(depth)

    def _is_deeper_than(self, limit: int) -> bool:
        """Whether the longest way through the graph is longer: there are at least as many whole expressions."""
        height = [0] * len(self.graph.nodes)
        for number in self.instances:
            arguments = self.graph.arguments[number]
            if arguments and number not in self.owner:
                height[number] = 1 + max(map(height.__getitem__, arguments))
                if height[number] > limit:
                    return True
        return False

    def _whole(self, named: bool) -> Shapes:
        known: dict[Hashable, int] = {}
        found: Shapes = {}
        seen = self._seen()
        last = self.instances[-1]
        for number in self.instances:
            shape: Hashable = self.owner.get(number)
            if shape is None:
                shape = (self._looks(number, named), number == last, self._below(number, seen))
            found[number] = known.setdefault(shape, len(known))
            if seen[number] != PARAMETER:
                seen[number] = found[number]
        return found

    def _near(self, depth: int) -> Shapes:
        last = self.instances[-1]
        owner, looks = self.owner, self._looks
        nodes, names = self.graph.nodes, self.graph.names
        known: dict[Hashable, int] = {}
        first: Shapes = {}
        for n in self.instances:
            if n in owner:
                shape = owner[n]
            elif names or nodes[n].label or nodes[n].row is POW or n in self.sums:
                shape = looks(n, named=False)
            else:
                shape = nodes[n].row  # most nodes of large graphs
            first[n] = known.setdefault(shape, len(known))
        if last not in owner:
            first[last] = len(first)  # the output is alone
        found = first
        for _ in range(depth):
            seen = self._seen()
            for n, shape in found.items():
                seen[n] = seen[n] if seen[n] == PARAMETER else shape
            below = self._below
            found = _numbered({n: first[n] if n in owner else (first[n], below(n, seen)) for n in self.instances})
        return found

    def _seen(self) -> list[int]:
        """Return what is seen of each node as an argument: of any parameter the same, whichever neuron's it is."""
        seen = [CONSTANT] * len(self.graph.nodes)
        for number in self.parameters:
            seen[number] = PARAMETER
        return seen

    def _below(self, number: int, seen: Sequence[int]) -> tuple[int, ...]:
        """Return the shapes of what an instance is made from."""
        if number in self.sums:
            return tuple(sorted({seen[term] for term in self.sums[number]}))
        return tuple(map(seen.__getitem__, self.graph.arguments[number]))

    def _looks(self, number: int, named: bool) -> Hashable:
        node = self.graph.nodes[number]
        name = self.graph.label(number)
        if not name and node.row is not POW and number not in self.sums:
            return node.row
        name = name if named else _DIGITS.sub("", name)
        return (node._op if node.row is not None else None), number in self.sums, name


def _numbered(shapes: Mapping[int, Hashable]) -> Shapes:
    known: dict[Hashable, int] = {}
    return {number: known.setdefault(shape, len(known)) for number, shape in shapes.items()}
