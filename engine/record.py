"""A recorded graph as lists of ids, which is what every pass that folds a large graph reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.graph import postorder
from engine.names import one_line
from engine.value import Constant, Value


@dataclass(frozen=True)
class Record:
    """A graph: an id is a position in `nodes`, as in `Graph(output).nodes`.

    Attributes
    ----------
    nodes: every Value, arguments before uses; the output is last.
    arguments: the ids of each node's arguments, in order.
    uses: how often each node is used as an argument.
    user: the last node that uses it; -1 for the output.
    names: names for Values without a label, by `id`.
    """

    nodes: tuple[Value, ...]
    arguments: list[tuple[int, ...]]
    uses: list[int]
    user: list[int]
    names: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def is_constant(self) -> list[bool]:
        """Whether each node is a plain number of the formula."""
        return [isinstance(node, Constant) for node in self.nodes]

    @cached_property
    def is_leaf(self) -> list[bool]:
        """Whether each node is a leaf, constants apart."""
        return [node.row is None and not constant for node, constant in zip(self.nodes, self.is_constant, strict=True)]

    @property
    def size(self) -> int:
        """How many nodes there are, constants apart."""
        return len(self.nodes) - sum(self.is_constant)

    def label(self, number: int) -> str:
        """Return a node's own label, or the name that its caller has for it, or nothing."""
        node = self.nodes[number]
        return one_line(node.label) if node.label else self.names.get(id(node), "") if self.names else ""

    def sum_terms(self, root: int, rows: frozenset[Any], labelled: bool) -> tuple[list[int], list[int]]:
        """Return the terms of a sum that was written with several +, and the ids of its inner additions.

        A partial sum that is used elsewhere too is a term of its own, and so is one with a name unless `labelled`.

        >>> a = Value(1.0)
        >>> found = record(a + a.exp() + a)
        >>> found.sum_terms(3, frozenset({found.nodes[3].row}), labelled=True)
        ([0, 1, 0], [3, 2])
        """
        terms, inner, stack = [], [], [root]
        while stack:
            number = stack.pop()
            opens = number == root or (
                self.nodes[number].row in rows and self.uses[number] == 1 and (labelled or not self.label(number))
            )
            if opens:
                inner.append(number)
                stack.extend(reversed(self.arguments[number]))
            else:
                terms.append(number)
        return terms, inner


def record(output: Value, names: Mapping[int, str] | None = None) -> Record:
    """Read the graph of a Value.

    >>> x = Value(3.0)
    >>> found = record(x * x)
    >>> found.arguments, found.uses, found.user
    ([(), (0, 0)], [2, 0], [1, -1])
    """
    return record_of(tuple(postorder(output)), names)


def record_of(nodes: tuple[Value, ...], names: Mapping[int, str] | None = None) -> Record:
    """Return the same for nodes that are in order already, as those of a Graph are.

    >>> x = Value(3.0)
    >>> record_of((x, x.exp())).user
    [1, -1]
    """
    # A notebook shows 10^5 nodes in less than a second, so what is done for each of them counts here.
    number = dict(zip(nodes, range(len(nodes)), strict=True))
    arguments: list[tuple[int, ...]] = []
    for node in nodes:
        if node.row is None:
            arguments.append(())
        elif node._b is None or node._b.__class__ is tuple:
            arguments.append(tuple(map(number.__getitem__, node.args)))
        else:  # most nodes have two arguments
            arguments.append((number[node._a], number[node._b]))
    uses, user = [0] * len(nodes), [-1] * len(nodes)
    for target, numbers in enumerate(arguments):
        for argument in numbers:
            uses[argument] += 1
            user[argument] = target
    return Record(nodes, arguments, uses, user, names or {})
