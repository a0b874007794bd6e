"""A long ledger in a few rows: uses of the same kind at the same level taken together.

Glossary
--------
level: of a node, the longest way down to a leaf; the nodes of one layer of a network share it.
band: levels next to each other, taken together where there are too many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.graph import Graph
from engine.tables import Table, shown
from engine.value import Value

if TYPE_CHECKING:
    from engine.ledger import Use


def levels(graph: Graph) -> list[int]:
    """Return the level of each node.

    >>> x = Value(3.0)
    >>> levels(Graph(x * x + x))
    [0, 1, 2]
    """
    found = [0] * len(graph)
    for edge in graph.edges:  # by target: the sources are complete
        found[edge.target] = max(found[edge.target], found[edge.source] + 1)
    return found


def folded(
    graph: Graph, uses: Sequence[Use], name: Callable[[Value], str], title: str, limit: int, notes: tuple[str, ...]
) -> Table:
    """Return a table with one row for all uses by one operation at one level (or band of levels)."""
    level = levels(graph)
    groups = _grouped(graph, uses, level, level[-1])
    bands = limit
    while len(groups) > limit and bands > 1:  # a level has several operations
        bands = (bands + 1) // 2
        groups = _grouped(graph, uses, level, bands)
    rows = [_row(graph, groups[key], level) for key in sorted(groups, reverse=True)]
    heads = ("level", "uses in", ">nodes", ">uses", ">zero", ">smallest |product|", ">largest")
    how = f"{len(graph):,} nodes and {len(uses):,} uses shown as {len(rows):,} rows, by level"
    more = "wrt= lists what lies between the output and one leaf, limit=None everything."
    return Table(title, heads, tuple(rows), notes=(f"{how}; {more}", *notes), optional=(2,))


def _grouped(graph: Graph, uses: Sequence[Use], level: Sequence[int], bands: int) -> dict[tuple[int, str], list[Use]]:
    """Return the uses by band and operation of the node that uses."""
    groups: dict[tuple[int, str], list[Use]] = {}
    for use in uses:
        row: Any = graph.nodes[use.user].row
        groups.setdefault(((level[use.user] - 1) * bands // level[-1], row.name), []).append(use)
    return groups


def _row(graph: Graph, group: Sequence[Use], level: Sequence[int]) -> tuple[str, ...]:
    row: Any = graph.nodes[group[0].user].row
    between = sorted({level[use.user] for use in group})
    span = f"{between[0]}" if len(between) == 1 else f"{between[0]} to {between[-1]}"
    sizes = [abs(use.contribution) for use in group if use.contribution != 0]
    ends = (shown(min(sizes)), shown(max(sizes))) if sizes else ("", "")
    nodes = len({use.user for use in group})
    return (span, row.symbol, f"{nodes:,}", f"{len(group):,}", f"{len(group) - len(sizes):,}", *ends)
