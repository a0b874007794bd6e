"""What is remarkable about a gradient, in sentences: the mistakes that a ledger alone would not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.anomaly import first_anomaly
from engine.functions import Number
from engine.graph import Graph
from engine.tables import shown
from engine.value import NO_GRAD, Value


def hints(
    graph: Graph, wrt: Sequence[Value], adjoints: Sequence[Number], name: Callable[[Value], str]
) -> Iterator[str]:
    """Yield a sentence for each remarkable thing.

    >>> x = Value(2.0, label="x")
    >>> y = x * 3.0
    >>> x.data = 5.0
    >>> list(hints(Graph(y), [x], [3.0, 0.0, 1.0], lambda v: v.label or "y"))
    ['y holds 6, but is 15 by its arguments: data was changed; Graph(output).forward() computes anew.']
    """
    y = graph.output
    if y.row is None:
        yield f"{name(y)} is a leaf: it was made from nothing, so there is nothing to differentiate."
    for x in wrt:
        if x not in graph.index:
            yield (
                f"d{name(y)}/d{name(x)} is 0 because {name(x)} is not in the graph of {name(y)}: perhaps a plain "
                f"number ({name(x)}.data, a float) was used in its place, or {name(x)} was made anew later."
            )
    held = [x for x in wrt if x in graph.index and x.grad is not NO_GRAD]
    older = [x for x in held if _differs(x.grad, adjoints[graph.index[x]])]
    if older:
        x = older[0]
        others = f" (so do {len(older) - 1:,} more leaves)" if len(older) > 1 else ""
        yield (
            f"{name(x)}.grad holds {shown(x.grad)}, not {shown(adjoints[graph.index[x]])}{others}: leaves add up over "
            f"backward passes. Set {name(x)}.grad = 0 before the next one."
        )
    stale = _stale(graph)
    if stale is not None:
        v, anew = stale
        yield (
            f"{name(v)} holds {shown(v.data)}, but is {shown(anew)} by its arguments: data was changed; "
            "Graph(output).forward() computes anew."
        )
    anomaly = first_anomaly(graph, name)
    if anomaly is not None:
        yield str(anomaly)


def _differs(a: Number, b: Number) -> bool:
    if isinstance(a, Value):
        a = a.data
    return bool(a != b) and not abs(a - b) <= 1e-9 * abs(b)


def _stale(graph: Graph) -> tuple[Value, Number] | None:
    """Return the first node that is not what its arguments make it, and what they make it."""
    for v in graph.nodes:
        if v.row is not None:
            try:
                anew = v.row.value(*[a.data for a in v.args])
            except (ArithmeticError, ValueError):
                continue  # the leaf was moved to where the function is not defined; forward() says so
            if anew != v.data and anew == anew:
                return v, anew
    return None
