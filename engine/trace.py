"""The forward trace and the reverse trace side by side, as in Griewank and Walther, Evaluating Derivatives, chapter 1.

Each row is one node: on the left its value from its arguments, read downwards; on the right its adjoint from the nodes
that use it, read upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.formulas import formula
from engine.functions import Number
from engine.graph import Graph
from engine.path import times
from engine.tables import TIMES, Table, shown
from engine.value import Constant, Value

MOST = 3  # terms of an adjoint that are written out


def trace_table(
    graph: Graph, adjoints: Sequence[Number], name: Callable[[Value], str], limit: int | None = None
) -> Table:
    """Return the table; with a limit only so many rows, half of them from each end.

    >>> from engine import Value
    >>> x = Value(3.0, label="x")
    >>> print(trace_table(Graph(x * x), [6.0, 1.0], lambda v: v.label or "y").text(width=60, ascii=True))
    Forward trace, read down; reverse trace, read up
    <BLANKLINE>
    node     value  dy/dnode  = upstream x local
    x            3         6  = 1 x 3 + 1 x 3
    y = x*x      9         1
    """
    terms: list[list[str]] = [[] for _ in graph.nodes]
    for edge, local in reversed(list(zip(graph.edges, graph.partials(), strict=True))):
        if times(adjoints[edge.target], local) != 0:
            terms[edge.source].append(f"{shown(adjoints[edge.target])} {TIMES} {shown(local)}")
    rows = []
    for v, adjoint, products in zip(graph.nodes, adjoints, terms, strict=True):
        if not isinstance(v, Constant):
            made = f"{name(v)} = {formula(v, name)}" if v.row else name(v)
            rows.append((made, shown(v.data), shown(adjoint), _sum(products)))
    notes = []
    if limit is not None and len(rows) > limit:
        notes.append(f"{len(rows):,} nodes shown as {limit}; limit=None shows all.")
        rows = [*rows[: limit // 2], ("...", "", "", ""), *rows[len(rows) - limit // 2 :]]
    heads = ("node", ">value", f">d{name(graph.output)}/dnode", f"= upstream {TIMES} local")
    title = "Forward trace, read down; reverse trace, read up"
    return Table(title, heads, tuple(rows), notes=tuple(notes))


def _sum(products: Sequence[str]) -> str:
    more = [f"{len(products) - MOST} more"] if len(products) > MOST else []
    return f"= {' + '.join([*products[:MOST], *more])}" if products else ""
