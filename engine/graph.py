"""The recorded computation as plain data: nodes, edges, partial derivatives; replay; adjoints without side effects.

Glossary
--------
node i: `graph.nodes[i]`, a Value. Arguments come before the nodes that use them; the output is last.
edge: one use of one node by another, (source, target, position). `x * x` has two edges from x, at positions 0 and 1.
partial of an edge: d(target)/d(source at that position), the local derivative.
stale: a leaf's data was changed after the nodes above it were computed; `forward()` computes them anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from engine.backward import propagate, zero_of
from engine.elementary import DOT
from engine.errors import explained
from engine.functions import Number, data_of
from engine.value import Constant, Value

if TYPE_CHECKING:
    from engine.what_if import WhatIf

Part = TypeVar("Part")


class Edge(NamedTuple):
    """One use of one node: ids of the argument and of the node that uses it, and which of its arguments it is."""

    source: int
    target: int
    position: int


class Graph:
    """The computation that led to an output, as plain data.

    Parameters
    ----------
    output: the Value whose history to read. Nothing is changed by reading it.

    Attributes
    ----------
    nodes: every Value (leaves and constants included), arguments before uses, in a fixed order: depth first, from the
        left. A node's id is its position here.
    edges: one Edge per use, by target and position.

    >>> x = Value(3.0, label="x")
    >>> graph = Graph(x * x)
    >>> graph.edges
    (Edge(source=0, target=1, position=0), Edge(source=0, target=1, position=1))
    >>> graph.partials()
    [3.0, 3.0]
    >>> x.data = 5.0
    >>> graph.forward()
    25.0
    """

    def __init__(self, output: Value) -> None:
        if not isinstance(output, Value):
            raise TypeError(f"a Graph is read from a Value, not {type(output).__name__} {output!r}")
        self.output = output
        self.nodes: tuple[Value, ...] = tuple(postorder(output))
        self.index: dict[Value, int] = {v: i for i, v in enumerate(self.nodes)}
        self.edges: tuple[Edge, ...] = tuple(
            Edge(self.index[a], target, position)
            for target, v in enumerate(self.nodes)
            for position, a in enumerate(v.args)
        )
        self._data = self._read()

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.edges)} edges, output={self.output!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the graph in a notebook; the picture is made by viz, which is imported only here."""
        from viz.notebook import mimebundle

        return mimebundle(self.output, include, exclude)

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The Values made by hand, without the constants of the formula."""
        return tuple(v for v in self.nodes if v.row is None and not isinstance(v, Constant))

    def partials(self) -> list[Number]:
        """Return the local derivative of every edge, aligned with `edges`."""
        found: list[Number] = []
        for v in self.nodes:
            if v.row is not None:
                found += v.row.partials(v.data, *[a.data for a in v.args])
        return found

    def stale_leaves(self) -> tuple[Value, ...]:
        """Return the leaves whose data changed since the graph was built or last computed."""
        return tuple(v for v in self._changed() if v.row is None)

    def forward(self) -> Number:
        """Compute every node anew from the leaves, in place, and return the output's data.

        Raises what the operations raise (ValueError, ZeroDivisionError, OverflowError); then no node has been changed.
        """
        computed: dict[Value, Number] = {}
        for v in self.nodes:
            if v.row is not None:
                data = [computed[a] if a in computed else a.data for a in v.args]
                try:
                    computed[v] = v.row.value(*data)
                except (ArithmeticError, TypeError, ValueError) as error:
                    raise type(error)(explained(error, v.row, v.args, data)) from None
        for v, data in computed.items():
            v.data = data
        self._data = self._read()
        return self.output.data

    def backward(self) -> None:
        """Do the output's backward() over the stored order, without sorting again.

        Raises RuntimeError where the data of a leaf, or of an inner node, was changed since the nodes were computed.

        >>> x = Value(2.0, label="x")
        >>> graph = Graph(x ** 3)
        >>> x.data = 1.0
        >>> graph.backward()
        Traceback (most recent call last):
        ...
        RuntimeError: leaf 'x' changed from 2.0 to 1.0 after the graph was computed; call forward() first
        """
        for v in self._changed():
            kind = "leaf" if v.row is None else "inner node"
            name = f"{kind} {v.label!r}" if v.label else f"the {kind} with id {self.index[v]}"
            change = f"changed from {self._data[v]} to {v.data}"
            inner = "it is made from others: change leaves, and call forward()"
            cure = inner if v.row is not None else "call forward() first"
            raise RuntimeError(f"{name} {change} after the graph was computed; {cure}")
        order = [v for v in self.nodes if v.row is not None]
        zero = zero_of(self.output)
        for v in order:
            v.grad = zero
        propagate(order, self.output)

    def what_if(self, changes: dict[Any, Number] | None = None, **by_name: Number) -> WhatIf:
        """Return the first-order prediction of a change of leaves beside the truth; nothing is changed.

        The changes are differences, by Value or by label; see `engine.what_if`.

        >>> x = Value(3.0, label="x")
        >>> Graph(x * x).what_if(x=+0.5)
        x: 3 changes by 0.5, times 6 = 3
        first order: 9 + 3 = 12; truth: 12.25; off by 0.25
        """
        from engine.what_if import what_if

        return what_if(self, (changes or {}) | by_name)

    def _read(self) -> dict[Value, Number]:
        return {v: v.data for v in self.nodes if not isinstance(v, Constant)}

    def _changed(self) -> list[Value]:
        return [v for v, data in self._data.items() if v.data is not data and v.data != data]


def postorder(*outputs: Value) -> Iterator[Value]:
    """Yield each Value that the outputs were made from, arguments before uses, from the left; without recursion."""
    met: set[Value] = set()
    path: list[Value | tuple[Value]] = list(reversed(outputs))
    while path:
        v = path.pop()
        if isinstance(v, tuple):  # what stood above it on the path, its arguments, is done
            yield v[0]
        elif v not in met:
            met.add(v)
            if v.row is None:
                yield v
            else:
                path.append((v,))
                path += reversed(v.args)


def adjoints(output: Value, *, recorded: bool = False) -> dict[Value, Any]:
    """Return d(output)/dv for every v that output depends on, touching no `grad`.

    With recorded=True the adjoints are made of recorded operations (Values), so they can be differentiated again; an
    adjoint that depends on nothing stays a plain number. The same rules serve both.

    >>> x, y = Value(2.0), Value(5.0)
    >>> adjoints(x * y)[x]
    5.0
    >>> adjoints(x * y, recorded=True)[x] is y
    True
    """
    order = [v for v in postorder(output) if v.row is not None]
    found: dict[Value, Any] = {output: 1.0 if type(output.data) is float else 1}
    for v in reversed(order):
        g = found.get(v, 0)
        if passes_nothing(g, 0):
            continue
        args = v.args
        for a, partial in in_turn(v, list(zip(args, partials_of(v, args, recorded), strict=True))):
            if not isinstance(a, Constant) and not passes_nothing(g, partial) and not passes_nothing(partial, g):
                contribution = product(g, partial)
                found[a] = found[a] + contribution if a in found else contribution
    return found


def in_turn(v: Value, parts: list[Part]) -> list[Part]:
    """Return something for each argument of a node in the order in which backward() passes on to them.

    That is their own order, but of a dot product pair by pair: where a Value is both a weight and an input, the sum of
    its contributions is rounded in the same way everywhere.

    >>> from engine import dot
    >>> w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    >>> in_turn(dot(w, x, Value(5.0)), ["w0", "w1", "x0", "x1", "b"])
    ['w0', 'x0', 'w1', 'x1', 'b']
    """
    if v.row is not DOT:
        return parts
    n = len(parts) // 2
    return [part for pair in zip(parts[:n], parts[n : 2 * n], strict=True) for part in pair] + parts[2 * n :]


def partials_of(v: Value, args: Sequence[Value], recorded: bool) -> Sequence[Any]:
    """Return the local derivatives of a node, as recorded Values or as plain numbers."""
    assert v.row is not None
    if recorded:
        return v.row.partials(v, *[a.data if isinstance(a, Constant) and not _is_interval(a.data) else a for a in args])
    return v.row.partials(v.data, *[a.data for a in args])


def passes_nothing(x: Any, other: Any) -> bool:
    """Tell whether x * other is left out: x is a plain 0, or a 0 that was recorded and would meet inf or nan."""
    number = data_of(x)
    return bool(number == 0) and (number is x or not abs(data_of(other)) < math.inf)


def product(g: Any, partial: Any) -> Any:
    """Multiply, but record no multiplication by a plain 1: derivative graphs stay as small as the algebra allows."""
    if isinstance(partial, Value) and not isinstance(g, Value) and g == 1:
        return partial
    if isinstance(g, Value) and not isinstance(partial, Value) and partial == 1:
        return g
    return partial * g if isinstance(partial, Value) else g * partial


def _is_interval(number: Number) -> bool:
    """Tell whether it is an mpmath interval, whose operators raise where a Value could answer in their place."""
    return hasattr(number, "delta")
