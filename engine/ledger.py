"""The ledger: where a gradient came from, every product of the chain rule with its factors.

df/dv is a sum with one term for each use of v: upstream x local, where upstream is the adjoint of the node that uses v
and local the derivative of that node by v. The ledger lists every term, in the order in which back-propagation adds
them up; the running sum of the last one is the gradient.

Glossary
--------
use: one appearance of a node as an argument; `x * x` uses x twice.
upstream: d(output)/d(node that uses v), complete before it is passed on.
local: d(node that uses v)/dv.
contribution: upstream * local, what this use adds to d(output)/dv.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from engine.digest import folded
from engine.formulas import formula
from engine.functions import Number
from engine.graph import Graph, in_turn
from engine.hints import hints
from engine.lines import line_of, source_of
from engine.names import namer
from engine.path import times
from engine.tables import TIMES, TOGETHER, Table, shown
from engine.trace import trace_table
from engine.value import Constant, Value

LIMIT = 60  # rows that a reader can be expected to read
MOST = 8  # entries of a gradient in one sentence


class Use(NamedTuple):
    """One use of a node: ids in the Graph of the node and of its user, the argument's position, and the product."""

    node: int
    user: int
    position: int
    upstream: Number
    local: Number
    contribution: Number
    running_sum: Number


class Ledger:
    """Every product of the chain rule between an output and what it was made from.

    Attributes
    ----------
    graph: the Graph of the output.
    wrt: the leaves (or nodes) that were asked about.
    uses: one Use for each term, grouped by node, from the output to the leaves.
    adjoints: d(output)/d(node) by id.
    hints: sentences about what is remarkable, such as a leaf that holds an older gradient.

    It shows itself as a table; see also `text`, `markdown`, `latex`, `json` and `trace`.
    """

    def __init__(
        self, y: Value, wrt: Sequence[Value] | None, names: Mapping[str, Any] | None, limit: int | None
    ) -> None:
        self.graph = Graph(y)
        self.wrt = tuple(wrt) if wrt is not None else self.graph.leaves
        self.limit = limit
        self.name = namer((*self.graph.nodes, *self.wrt), names)
        self._asked = wrt is not None
        self.adjoints, self.uses = _sweep(self.graph, _relevant(self.graph, wrt))

    @cached_property
    def hints(self) -> tuple[str, ...]:
        """Sentences about what is remarkable."""
        return tuple(hints(self.graph, self.wrt, self.adjoints, self.name))

    def gradient(self) -> dict[Value, Number]:
        """Return d(output)/d(leaf) for what was asked about; 0 where the output does not depend on it.

        >>> x = Value(3.0)
        >>> explain(x * x).gradient() == {x: 6.0}
        True
        """
        zero = type(self.graph.output.data)()
        return {x: self.adjoints[self.graph.index[x]] if x in self.graph.index else zero for x in self.wrt}

    def table(self) -> Table:
        """Return the ledger as a table; folded where it has more rows than the limit."""
        y = self.graph.output
        title = f"{self.name(y)} = {formula(y, self.name)} = {shown(y.data)}" if y.row else f"{self.name(y)} is a leaf"
        if self.limit is not None and len(self.uses) > self.limit:
            return folded(self.graph, self.uses, self.name, title, self.limit, self._closing())
        adjoint = f">d{self.name(y)}/dnode"
        heads = ("node", "used in", ">upstream", f">{TIMES} local", ">= product", adjoint)
        lines = [line_of(v) for v in self.graph.nodes]
        rows: list[tuple[str, ...]] = [(self.name(y), "(the output)", "", "", "1", "1", lines[-1])]
        styles = ["strong"]
        for i, use in enumerate(self.uses):
            node, user = self.graph.nodes[use.node], self.graph.nodes[use.user]
            first = not i or self.uses[i - 1].node != use.node
            last = i + 1 == len(self.uses) or self.uses[i + 1].node != use.node
            numbers = map(shown, (use.upstream, use.local, use.contribution, use.running_sum))
            used_in = f"{self.name(user)} = {formula(user, self.name)}"
            rows.append((self.name(node) if first else "", used_in, *numbers, lines[use.user]))
            styles.append("good" if last and node.row is None else "")
        if any(lines):
            return Table(title, (*heads, "line"), tuple(rows), tuple(styles), self._closing(), optional=(6,))
        return Table(title, heads, tuple(row[:-1] for row in rows), tuple(styles), self._closing())

    def trace(self) -> Table:
        """Return the forward and the reverse trace side by side, as in textbooks of automatic differentiation."""
        return trace_table(self.graph, self.adjoints, self.name, self.limit)

    def text(self, width: int | None = None, *, ascii: bool | None = None, color: bool | None = None) -> str:
        """Return the ledger for a terminal; see Table.text."""
        return self.table().text(width, ascii=ascii, color=color)

    def markdown(self) -> str:
        """Return the ledger in Markdown."""
        return self.table().markdown()

    def latex(self) -> str:
        """Return the ledger as a LaTeX array."""
        return self.table().latex()

    def json(self, indent: int | None = None) -> str:
        """Return everything as JSON: nodes, uses and gradients; numbers that JSON lacks are strings.

        >>> import json
        >>> x = Value(3.0, label="x")
        >>> json.loads(explain(x * x).json())["gradient"]
        {'x': 6.0}
        """
        nodes = [
            {"id": i, "name": self.name(v), "operation": v.row.name if v.row else "constant" if isinstance(v, Constant)
             else "leaf", "arguments": [self.graph.index[a] for a in v.args], "value": _plain(v.data),
             "adjoint": _plain(self.adjoints[i]), "line": line_of(v), "source": source_of(v)}
            for i, v in enumerate(self.graph.nodes)
        ]  # fmt: skip
        uses = [{key: _plain(number) for key, number in use._asdict().items()} for use in self.uses]
        gradient = {self.name(x): _plain(number) for x, number in self.gradient().items()}
        found = {"output": nodes[-1]["name"], "value": nodes[-1]["value"], "gradient": gradient, "nodes": nodes,
                 "uses": uses, "hints": list(self.hints)}  # fmt: skip
        return json.dumps(found, indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _closing(self) -> tuple[str, ...]:
        sentence = self.sentence()
        return ((sentence,) if sentence else ()) + self.hints

    def sentence(self) -> str:
        """Return the gradient as a sentence, for a few leaves, in which the = are kept together with their numbers.

        >>> x = Value(3.0, label="x")
        >>> explain((x * x).exp()).sentence().replace(TOGETHER, " ")
        'd#2/dx = 48618.5'
        """
        y = self.name(self.graph.output)
        found = sorted(self.gradient().items(), key=lambda pair: self.name(pair[0]).startswith("#"))  # the named first
        shown_ones = [f"d{y}/d{self.name(x)}{TOGETHER}={TOGETHER}{shown(number)}" for x, number in found[:MOST]]
        more = [f"... and {len(found) - MOST:,} more"] if len(found) > MOST else []
        return ", ".join(shown_ones + more) if self.graph.output.row else ""


def explain(
    y: Value,
    wrt: Value | Sequence[Value] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    limit: int | None = LIMIT,
) -> Ledger:
    """Return the ledger of dy/dx: for each use of each node upstream * local = contribution, and the running sum.

    Parameters
    ----------
    wrt: one Value or several; only what lies between them and y is listed. By default all leaves.
    names: variables to take names from, such as locals(); in a REPL or notebook they are found without it.
    limit: with more rows the ledger is folded by layer of a network, else by level; None never folds.

    Raises TypeError where y is not a Value, ValueError for a limit below 1. No `grad` is touched, and backward() need
    not have run.

    >>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
    >>> f = x * y + x ** 2
    >>> f.label = "f"
    >>> print(explain(f, wrt=x).text(width=80, ascii=True))
    f = #2 + #4 = 10
    <BLANKLINE>
    node  used in      upstream  x local  = product  df/dnode
    f     (the output)                            1         1
    #4    f = #2 + #4         1        1          1         1
    #2    f = #2 + #4         1        1          1         1
    x     #4 = x**2           1        4          4         4
          #2 = x*y            1        3          3         7
    <BLANKLINE>
    df/dx = 7
    >>> explain(3.0)
    Traceback (most recent call last):
    ...
    TypeError: explain needs a Value, got float 3.0: a plain number (such as .data) has forgotten what it was made from
    """
    if not isinstance(y, Value):
        raise TypeError(_no_history("explain needs a Value", y))
    if isinstance(wrt, Value):
        wrt = (wrt,)
    for x in wrt or ():
        if not isinstance(x, Value):
            raise TypeError(_no_history("wrt must be a Value or several", x))
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit is the most rows of the table, 1 or more, or None for all of them; got {limit!r}")
    return Ledger(y, wrt, names, limit)


def _no_history(need: str, number: Any) -> str:
    if isinstance(number, str):
        return f"{need}, got the text {number!r}: give the Value itself, not its name"
    lost = "a plain number (such as .data) has forgotten what it was made from"
    return f"{need}, got {type(number).__name__} {number!r}: {lost}"


def _relevant(graph: Graph, wrt: Sequence[Value] | None) -> list[bool]:
    """Tell for each node whether it lies between the output and what was asked about."""
    if wrt is None:
        return [not isinstance(v, Constant) for v in graph.nodes]
    asked = set(wrt)
    found = [v in asked for v in graph.nodes]
    for edge in graph.edges:
        found[edge.target] = found[edge.target] or found[edge.source]
    return found


def _sweep(graph: Graph, relevant: list[bool]) -> tuple[list[Number], tuple[Use, ...]]:
    """Run reverse mode over the graph and note every product; the notes are sorted by node, the output's side first."""
    zero = type(graph.output.data)()
    adjoints: list[Number] = [zero] * len(graph)
    adjoints[-1] = zero + 1
    noted: list[list[Use]] = [[] for _ in graph.nodes]
    edges = list(zip(graph.edges, graph.partials(), strict=True))
    end = len(edges)
    while end:  # the uses by one node stand together
        start = end
        while start and edges[start - 1][0].target == edges[end - 1][0].target:
            start -= 1
        for edge, local in in_turn(graph.nodes[edges[start][0].target], edges[start:end]):
            upstream = adjoints[edge.target]
            contribution = times(upstream, local)
            total = adjoints[edge.source] = adjoints[edge.source] + contribution
            if relevant[edge.source]:
                noted[edge.source].append(Use(*edge, upstream, local, contribution, total))
        end = start
    return adjoints, tuple(use for uses in reversed(noted) for use in uses)


def _plain(number: Any) -> Any:
    if isinstance(number, int) or (isinstance(number, float) and math.isfinite(number)):
        return number
    return str(number)
