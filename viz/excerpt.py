"""What of a graph is shown: all of it, or the part nearest the output, so that no picture grows past reading.

Two limits work together. A drawing shows at most ``max_nodes`` nodes, those nearest the output first (breadth-first,
arguments in order); and of a node with many arguments, such as a dot product over 784 inputs, only the first few and
the last. What is left out is counted, never silently dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.graph import Edge, postorder
from engine.names import one_line
from engine.value import Constant, Value

MAX_NODES = 150
MAX_ARGUMENTS = 12


@dataclass(frozen=True)
class Excerpt:
    """The part of a graph that is shown.

    Attributes
    ----------
    nodes : tuple of Value
        All nodes of the graph in topological order, constants included; an id is a position in it.
    shown : tuple of int
        The ids of the nodes that are shown, ascending; constants are told apart and do not count.
    edges : tuple of Edge
        The edges between shown nodes that are shown, by target and position.
    constants : tuple of (int, int)
        Target and position of each shown argument that is a plain number.
    hidden : dict of int to int
        For each shown node with arguments that are not shown, how many those are.
    names : mapping of int to str
        Names for Values without a label, by ``id``; see viz.names.
    """

    nodes: tuple[Value, ...]
    shown: tuple[int, ...]
    edges: tuple[Edge, ...]
    constants: tuple[tuple[int, int], ...]
    hidden: dict[int, int]
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every node and every argument is shown."""
        return not self.hidden

    def count(self) -> str:
        """Say how much is shown, and which call shows more if it is not all.

        Examples
        --------
        >>> a = Value(2.0)
        >>> excerpt(a * a + a).count()
        '3 nodes'
        >>> excerpt(a * a + a, max_nodes=2).count()
        '2 of 3 nodes shown, nearest the output; max_nodes=3 shows all'
        """
        total = sum(not isinstance(node, Constant) for node in self.nodes)
        if self.complete:
            return f"{total:,} {'node' if total == 1 else 'nodes'}"
        widest = max(len(self.nodes[target].args) for target in self.hidden)
        cure = [f"max_nodes={total}"] if len(self.shown) < total else []
        cure += [f"max_arguments={widest}"] if widest > MAX_ARGUMENTS else []
        verb = "shows" if len(cure) == 1 else "show"
        return f"{len(self.shown):,} of {total:,} nodes shown, nearest the output; {', '.join(cure)} {verb} all"

    def name(self, number: int) -> str:
        """Return the label of a node, or ``#id`` where it has none."""
        return self.label(self.nodes[number]) or f"#{number}"

    def label(self, node: Value) -> str:
        """Return a node's own label, or the name that its caller has for it, or nothing."""
        return one_line(node.label) or self.names.get(id(node), "")


def excerpt(
    value: Value,
    max_nodes: int = MAX_NODES,
    max_arguments: int = MAX_ARGUMENTS,
    names: Mapping[int, str] | None = None,
) -> Excerpt:
    """Choose what of a value's graph is shown.

    Parameters
    ----------
    value : Value
        The output.
    max_nodes : int
        The most nodes to show, at least 1.
    max_arguments : int
        The most arguments of one node to show, at least 2.
    names : mapping of int to str, optional
        Names for Values without a label, by ``id``.

    Raises
    ------
    TypeError
        If it is not a Value.
    ValueError
        If a limit is too small to show anything.

    Examples
    --------
    >>> a = Value(2.0, label="a")
    >>> both = excerpt(a * a)
    >>> both.shown, [edge.position for edge in both.edges]
    ((0, 1), [0, 1])
    >>> excerpt(a, max_nodes=0)
    Traceback (most recent call last):
        ...
    ValueError: max_nodes must be at least 1, got 0
    """
    check(value, max_nodes, max_arguments)
    nodes = tuple(postorder(value))  # the nodes of a Graph in its order; its edges would take twice as long
    ids = {id(node): number for number, node in enumerate(nodes)}
    shown = _nearest(nodes, ids, max_nodes, max_arguments)
    edges, constants, hidden = [], [], {}
    for target in sorted(shown):
        arguments = nodes[target].args
        missing = len(arguments)
        for position in visible_positions(nodes[target], max_arguments):
            argument = arguments[position]
            if isinstance(argument, Constant):
                constants.append((target, position))
                missing -= 1
            elif ids[id(argument)] in shown:
                edges.append(Edge(ids[id(argument)], target, position))
                missing -= 1
        if missing:
            hidden[target] = missing
    return Excerpt(nodes, tuple(sorted(shown)), tuple(edges), tuple(constants), hidden, names or {})


def check(value: Value, max_nodes: int, max_arguments: int) -> None:
    """Refuse what has no graph, and limits that would show nothing."""
    if not isinstance(value, Value):
        cure = "; draw_network draws a network" if hasattr(value, "layers") else ""
        raise TypeError(f"only a Value has a graph to show, got {type(value).__name__} {value!r:.80}{cure}")
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
    if max_arguments < 2:
        raise ValueError(f"max_arguments must be at least 2, got {max_arguments}")


def _nearest(nodes: tuple[Value, ...], ids: dict[int, int], max_nodes: int, max_arguments: int) -> set[int]:
    last = len(nodes) - 1
    shown, queue = {last}, deque([last])
    while queue:
        node = nodes[queue.popleft()]
        for position in visible_positions(node, max_arguments):
            if len(shown) == max_nodes:
                return shown
            argument = node.args[position]
            number = ids[id(argument)]
            if not isinstance(argument, Constant) and number not in shown:
                shown.add(number)
                queue.append(number)
    return shown


def visible_positions(node: Value, max_arguments: int) -> list[int]:
    """Return which arguments of a node are shown: all, or the first ones and the last.

    A dot product (arguments: weights, inputs, perhaps a bias) keeps its pairs together.

    Examples
    --------
    >>> from engine import sum_
    >>> visible_positions(sum_([Value(float(i)) for i in range(100)]), 4)
    [0, 1, 2, 99]
    """
    count = len(node.args)
    if count <= max_arguments:
        return list(range(count))
    if node.row is not None and node.row.name == "dot":
        pairs, bias = divmod(count, 2)
        kept = max(1, (max_arguments - bias) // 2)
        first = [*range(kept - 1), pairs - 1] if kept > 1 else [0]
        return [*first, *(pairs + position for position in first), *([count - 1] if bias else [])]
    return [*range(max_arguments - 1), count - 1]
