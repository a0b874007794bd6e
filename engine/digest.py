"""A long ledger in a few rows: uses of the same kind in the same layer, or at the same level, taken together.

Glossary
--------
layer: of a network, found in the graph by `engine.neurons`; of several samples it is still one.
level: of a node, the longest way down to a leaf; it stands for the layer where there is no network.
band: levels next to each other, taken together where there are too many of them.
place: a pair, ("layer", number) or ("level", band).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from engine.graph import Graph
from engine.neurons import SUMS, find_layers, find_neurons
from engine.record import Record, record_of
from engine.tables import Table, shown
from engine.value import Value

if TYPE_CHECKING:
    from engine.ledger import Use

ANY = ""  # in place of one operation: several of them in one row
MOST = 3  # of these that are named
Key = tuple[str, int, str]  # a place, and the operation that uses


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


def layers(graph: Graph) -> list[int]:
    """Return for each node the layer, from 1, whose neurons it is a step of; 0 for none.

    >>> from engine import dot
    >>> weights = [Value(1.0), Value(2.0)]
    >>> layers(Graph(dot(weights, [3.0, 4.0]).tanh() * 2))
    [0, 0, 0, 0, 1, 1, 0, 0]
    """
    return _layers(record_of(graph.nodes))


def _layers(record: Record) -> list[int]:
    found = [0] * len(record.nodes)
    neurons = find_neurons(record)
    number = {key: k for k, layer in enumerate(find_layers(record, neurons), 1) for key in layer.neurons}
    for neuron in neurons:
        for i in neuron.inner:
            found[i] = number[neuron.parameters]
    return found


def _with_sums_at_their_ends(record: Record, level: Sequence[int]) -> list[int]:
    """Return the levels, but for the additions of one long sum the level of its last one."""
    found = list(level)
    for end, node in enumerate(record.nodes):
        user = record.nodes[record.user[end]]
        if node.row in SUMS and not (record.uses[end] == 1 and user.row in SUMS):
            _, inner = record.sum_terms(end, SUMS, labelled=True)
            for i in inner:
                found[i] = level[end]
    return found


def folded(
    graph: Graph, uses: Sequence[Use], name: Callable[[Value], str], title: str, limit: int, notes: tuple[str, ...]
) -> Table:
    """Return a table with one row for all uses by one operation in one layer, or at one level or band of levels."""
    record = record_of(graph.nodes)
    level = levels(graph)
    at, layer = _with_sums_at_their_ends(record, level), _layers(record)
    groups: dict[Key, list[Use]] = {}
    for key in _keys(graph, at, layer, limit):
        groups = {}
        for use in uses:
            groups.setdefault(key(use), []).append(use)
        if len(groups) <= limit:
            break
    top = {key: max(at[use.user] for use in group) for key, group in groups.items()}
    in_layers = any(place == "layer" for place, _, _ in groups)
    ordered = sorted(groups, key=lambda key: (top[key], key), reverse=True)
    rows = [(_where(key, groups[key], level, in_layers), *_cells(graph, groups[key])) for key in ordered]
    heads = (
        "where" if in_layers else "level",
        "uses in",
        ">nodes",
        ">uses",
        ">zero",
        ">smallest |product|",
        ">largest",
    )
    how = f"{len(graph):,} nodes and {len(uses):,} uses shown as {len(rows):,} row{'s' * (len(rows) != 1)}"
    by = "by layer, the rest by level" if in_layers else "by level"
    more = "wrt= lists what lies between the output and one leaf, limit=None everything."
    return Table(title, heads, tuple(rows), notes=(f"{how}, {by}; {more}", *notes), optional=(2,))


def _keys(graph: Graph, level: Sequence[int], layer: Sequence[int], limit: int) -> Iterator[Callable[[Use], Key]]:
    """Yield ways to group uses, each coarser than the one before; the last makes one group."""

    def key(bands: int, by_layer: bool, by_operation: str) -> Callable[[Use], Key]:
        def of(use: Use) -> Key:
            row: Any = graph.nodes[use.user].row
            inside = by_layer and layer[use.user]
            operation = row.symbol if by_operation == "always" or (by_operation == "outside" and not inside) else ANY
            if inside:
                return ("layer", layer[use.user], operation)
            return ("level", (level[use.user] - 1) * bands // level[-1], operation)

        return of

    yield key(level[-1], True, "always")
    for by_layer, by_operation in ((True, "always"), (True, "outside"), (False, "always"), (False, "never")):
        bands = min(limit, level[-1])
        while bands:
            yield key(bands, by_layer, by_operation)
            bands //= 2


def _where(key: Key, group: Sequence[Use], level: Sequence[int], in_layers: bool) -> str:
    place, number, _ = key
    if place == "layer":
        return f"layer {number}"
    ends = {level[use.user] for use in group}
    low, high = min(ends), max(ends)
    span = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return (f"level {span}" if low == high else f"levels {span}") if in_layers else span


def _cells(graph: Graph, group: Sequence[Use]) -> tuple[str, ...]:
    rows: list[Any] = [graph.nodes[use.user].row for use in group]
    symbols = sorted({row.symbol for row in rows})
    operations = ", ".join([*symbols[:MOST], *(["..."] if len(symbols) > MOST else [])])
    sizes = [abs(use.contribution) for use in group if use.contribution != 0]
    ends = (shown(min(sizes)), shown(max(sizes))) if sizes else ("", "")
    nodes = len({use.user for use in group})
    return (operations, f"{nodes:,}", f"{len(group):,}", f"{len(group) - len(sizes):,}", *ends)
