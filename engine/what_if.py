"""What if a leaf were changed: what the gradient predicts beside what happens.

f(x + d) = f(x) + grad f . d + O(|d|^2): the prediction is off by a term of second order, a quarter for half the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.errors import explained
from engine.functions import Number
from engine.graph import Graph, adjoints
from engine.linear import exactly_like
from engine.names import namer
from engine.tables import shown
from engine.value import Constant, Value


@dataclass(frozen=True, repr=False)
class WhatIf:
    """A change of leaves and what comes of it.

    Attributes
    ----------
    terms: for each leaf its name, its data, the change, and the derivative of the output by it.
    before: the output's data; predicted: before + sum of derivative * change; truth: the output computed anew.
    """

    terms: tuple[tuple[str, Number, Number, Number], ...]
    before: Number
    predicted: Number
    truth: Number

    def __repr__(self) -> str:
        lines = [
            f"{name}: {shown(data)} changes by {shown(change)}, times {shown(slope)} = {shown(slope * change)}"
            for name, data, change, slope in self.terms
        ]
        step = shown(self.predicted - self.before)
        sums = f"first order: {shown(self.before)} + {step} = {shown(self.predicted)}"
        return "\n".join([*lines, f"{sums}; truth: {shown(self.truth)}; off by {shown(self.truth - self.predicted)}"])


def what_if(graph: Graph, changes: Mapping[Value | str, Number]) -> WhatIf:
    """Return what the gradient predicts for a change of leaves, and the truth; no Value is touched.

    Raises ValueError for no change, a name that no leaf or more than one has, or a Value that is no leaf; and what
    the operations raise where they are not defined at the changed point.

    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> found = what_if(Graph(x * y), {x: 1, "y": -1})
    >>> found.predicted, found.truth, x.data
    (5.0, 4.0, 3.0)
    >>> what_if(Graph(x * y), {"z": 1})
    Traceback (most recent call last):
    ...
    ValueError: no leaf is called 'z'; the leaves are: x, y
    """
    if not changes:
        raise ValueError("what_if needs a change, such as what_if(x=+0.1) or what_if({x: +0.1})")
    name = namer(graph.nodes)
    leaves = {_leaf(graph, key, name): change for key, change in changes.items()}
    slopes = adjoints(graph.output)
    before = graph.output.data
    data: dict[Value, Number] = {v: v.data for v in graph.nodes}
    terms = []
    predicted = before
    for x, given in leaves.items():
        change = exactly_like(given, x.data)
        slope = slopes.get(x, type(before)())
        terms.append((name(x), x.data, change, slope))
        predicted = predicted + slope * change
        data[x] = x.data + change
    for v in graph.nodes:
        if v.row is not None:
            arguments = [data[a] for a in v.args]
            try:
                data[v] = v.row.value(*arguments)
            except (ArithmeticError, ValueError) as error:
                raise type(error)(explained(error, v.row, v.args, arguments)) from None
    return WhatIf(tuple(terms), before, predicted, data[graph.output])


def _leaf(graph: Graph, key: Value | str, name: Callable[[Value], str]) -> Value:
    if isinstance(key, Value):
        if key not in graph.index or key.row is not None or isinstance(key, Constant):
            raise ValueError(f"{name(key) if key in graph.index else repr(key)} is no leaf of this graph")
        return key
    found = [x for x in graph.leaves if name(x) == key]
    if len(found) == 1:
        return found[0]
    some = ", ".join(name(x) for x in graph.leaves[:10])
    problem = "no leaf is" if not found else f"{len(found)} leaves are"
    raise ValueError(f"{problem} called {key!r}; the leaves are: {some}")
