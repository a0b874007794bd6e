"""Where a nan or an infinity came from: the first node of the forward sweep, or else of the reverse sweep."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.formulas import formula
from engine.functions import Number
from engine.graph import Graph
from engine.lines import line_of, source_of
from engine.names import namer
from engine.path import times
from engine.tables import shown
from engine.value import Constant, Value


@dataclass(frozen=True, repr=False)
class Anomaly:
    """The first number that is nan or infinite although what it was made from is not.

    Attributes
    ----------
    sweep: "forward" or "backward".
    node: forward, the node whose value it is; backward, the node whose rule gave the product.
    number: the nan or the infinity.
    line: "file:line" of the node, if it was made under `recording()`.
    what: a sentence.
    """

    sweep: str
    node: Value
    number: Number
    line: str
    what: str

    def __repr__(self) -> str:
        return self.what


def find_nan(y: Value, *, names: Mapping[str, Any] | None = None) -> Anomaly | None:
    """Return the first node where a nan or an infinity arose, in the values or in the adjoints; None if there is none.

    Raises TypeError where y is not a Value.

    >>> x = Value(0.0, label="x")
    >>> find_nan(x.sqrt() * 2)
    backward: d(#1)/d(x) is inf at #1 = sqrt(x) = 0, so 2 * inf = inf goes to x.
    >>> find_nan(x * float("inf"))
    forward: #2 = x*inf is nan, from x = 0, inf = inf.
    >>> find_nan(x.exp()) is None
    True
    """
    graph = Graph(y)
    return first_anomaly(graph, namer(graph.nodes, names))


def first_anomaly(graph: Graph, name: Callable[[Value], str]) -> Anomaly | None:
    """Return what find_nan does, for a graph that was read already and with names for its nodes.

    >>> first_anomaly(Graph(Value(2.0)), str) is None
    True
    """
    return _forward(graph, name) or _backward(graph, name)


def _forward(graph: Graph, name: Callable[[Value], str]) -> Anomaly | None:
    known: set[Value] = set()  # leaves that are not finite: constants such as inf may be meant
    for v in graph.nodes:
        if is_finite(v.data):
            continue
        if v.row is None:
            known.add(v)
            if v.data != v.data:
                what = f"forward: the leaf {name(v)} is {shown(v.data)}."
                return Anomaly("forward", v, v.data, "", what)
        elif all(is_finite(a.data) or a in known for a in v.args):
            made_from = ", ".join(f"{name(a)} = {shown(a.data)}" for a in v.args[:4])
            what = f"forward: {name(v)} = {formula(v, name)} is {shown(v.data)}, from {made_from}{_where(v)}."
            return Anomaly("forward", v, v.data, line_of(v), what)
    return None


def _backward(graph: Graph, name: Callable[[Value], str]) -> Anomaly | None:
    adjoints: list[Number] = [type(graph.output.data)()] * len(graph)
    adjoints[-1] = adjoints[-1] + 1
    partials = graph.partials()
    for edge, local in zip(reversed(graph.edges), reversed(partials), strict=True):
        if isinstance(graph.nodes[edge.source], Constant):
            continue
        upstream = adjoints[edge.target]
        contribution = times(upstream, local)
        total = adjoints[edge.source] + contribution
        if not is_finite(total):
            v, x = graph.nodes[edge.target], graph.nodes[edge.source]
            product = f"{shown(upstream)} * {shown(local)} = {shown(contribution)}"
            at = f"{name(v)} = {formula(v, name)} = {shown(v.data)}"
            if is_finite(contribution):
                what = f"the sum of the contributions to {name(x)} overflows when {product} is added"
            elif is_finite(local):
                what = f"the product overflows at {at}: {product} goes to {name(x)}"
            else:
                what = f"d({name(v)})/d({name(x)}) is {shown(local)} at {at}, so {product} goes to {name(x)}"
            return Anomaly("backward", v, total, line_of(v), f"backward: {what}{_where(v)}.")
        adjoints[edge.source] = total
    return None


def is_finite(number: Number) -> bool:
    """Tell whether a number of any type is neither nan nor infinite.

    >>> is_finite(1e300), is_finite(float("nan")), is_finite(complex("inf"))
    (True, False, False)
    """
    return bool(number - number == 0) or _is_wide_interval(number)


def _is_wide_interval(number: Number) -> bool:
    """Tell whether it is an interval with finite ends: minus itself it is an interval around 0, not 0."""
    low, high = getattr(number, "a", None), getattr(number, "b", None)
    return low is not None and high is not None and bool(low > -math.inf) and bool(high < math.inf)


def _where(v: Value) -> str:
    line = line_of(v)
    source = source_of(v)
    return f" ({line}{': ' + source if source else ''})" if line else ""
