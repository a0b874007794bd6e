"""Every path from one value to the output, and the product of the local derivatives along each.

    d output / d w = the sum over all paths from w to the output of the product of the local derivatives on it

(the chain rule of several variables; Bauer, Computational graphs and rounding error, 1974). A graph can have more paths
than anybody can list: they are counted, and the first few are written out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.record import Record
from engine.value import Value
from viz import numerals
from viz.diagram import contribution_of, cut, local_derivatives
from viz.folding import Folded

SHOWN = 4  # paths
COUNTED = 10**12
LONG = 7  # nodes of a path that are written out


@dataclass(frozen=True)
class Highlight:
    """Which nodes lie on a path, by id, and what a caption says: the derivative, then a line for each path."""

    lit: list[bool]
    lines: tuple[str, ...]


def paths_from(graph: Record, value: Value, folded: Folded | None = None) -> Highlight:
    """Light every path from a value to the output.

    Parameters
    ----------
    graph : Record
        The graph.
    value : Value
        Where the paths start.
    folded : Folded, optional
        What the graph is folded into: a path then names neurons and layers, not the operations inside.

    Raises
    ------
    ValueError
        If the value is no part of the graph.

    Examples
    --------
    >>> from engine.record import record
    >>> x = Value(3.0, label="x")
    >>> y = x * x + x
    >>> y.label = "y"
    >>> for line in paths_from(record(y), x).lines:
    ...     print(line.replace(numerals.TIMES, "x"))
    d y / d x = 7.0000, the sum over 3 paths
    x → #1 → y: 3.0000 x 1.0000 = 3.0000
    x → #1 → y: 3.0000 x 1.0000 = 3.0000
    x → y: 1.0000
    >>> paths_from(record(y), Value(3.0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: no path leads from Value(data=3.0, grad=0) to the output: it is no part of this graph, ...
    """
    start = next((number for number, node in enumerate(graph.nodes) if node is value), None)
    if start is None:
        raise ValueError(
            f"no path leads from {value!r} to the output: it is no part of this graph, and the derivative by it is 0"
        )
    lit, count = [False] * len(graph.nodes), [0] * len(graph.nodes)
    lit[start], count[start] = True, 1
    for number in range(start + 1, len(lit)):
        below = [argument for argument in graph.arguments[number] if lit[argument]]
        if below:
            lit[number] = True
            count[number] = min(sum(count[argument] for argument in below), COUNTED)
    total = count[-1]
    listed = list(itertools.islice(_paths(graph, lit, start), SHOWN))
    if folded is not None:
        listed = [_outside(folded, numbers, locals_) for numbers, locals_ in listed]
    names = _names(graph, folded)
    lines = [_line(names, numbers, locals_) for numbers, locals_ in listed]
    paths = "path" if total == 1 else "paths"
    counted = f"{total:,}" if total < COUNTED else f"at least {COUNTED:.0e}"
    head = f"d {_name(graph, len(lit) - 1)} / d {names(start)} = {_written(_derivative(graph, lit, start))}"
    first = f", the first {SHOWN}:" if total > SHOWN else ""
    return Highlight(lit, (f"{head}, the sum over {counted} {paths}{first}", *lines))


def _derivative(graph: Record, lit: list[bool], start: int) -> Any:
    """Return d output / d start: reverse accumulation over the lit nodes; None where it is undefined."""
    adjoints: dict[int, Any] = {len(lit) - 1: 1.0}
    for number in range(len(lit) - 1, start, -1):
        if not lit[number]:
            continue
        for argument, local in zip(graph.arguments[number], local_derivatives(graph.nodes[number]), strict=True):
            if lit[argument]:
                back = contribution_of(adjoints[number], local)
                if back is None:
                    return None
                adjoints[argument] = adjoints[argument] + back if argument in adjoints else back
    return adjoints[start]


def _paths(graph: Record, lit: list[bool], start: int) -> Iterator[tuple[list[int], list[Any]]]:
    """Yield the nodes of each path and the local derivatives along it, from the value to the output."""
    Chain = tuple[int, Any, Any]  # a node, the derivative of the next by it, and the rest of the path
    stack: list[Chain] = [(len(lit) - 1, None, None)]
    while stack:
        chain = stack.pop()
        number = chain[0]
        if number == start:
            numbers, locals_, rest = [], [], chain
            while rest is not None:
                numbers.append(rest[0])
                locals_.append(rest[1])
                rest = rest[2]
            yield numbers, locals_[:-1]
            continue
        derivatives = local_derivatives(graph.nodes[number])
        for argument, local in reversed(list(zip(graph.arguments[number], derivatives, strict=True))):
            if lit[argument]:
                stack.append((argument, local, chain))


def _outside(folded: Folded, numbers: list[int], locals_: list[Any]) -> tuple[list[int], list[Any]]:
    """Leave out the operations inside of neurons; their local derivatives are multiplied."""
    kept, products = [numbers[0]], []
    product: Any = 1.0
    for number, local in zip(numbers[1:], locals_, strict=True):
        product = contribution_of(product, local) if product is not None else None
        if folded.root[number] == number:
            kept.append(number)
            products.append(product)
            product = 1.0
    return kept, products


def _names(graph: Record, folded: Folded | None) -> Callable[[int], str]:
    def name(number: int) -> str:
        unit = folded.units[folded.unit[number]] if folded is not None else None
        is_output = number == len(graph.nodes) - 1
        if unit is not None and unit.layer and graph.nodes[number].row is not None and not is_output:
            return unit.title
        return _name(graph, number)

    return name


def _line(name: Callable[[int], str], numbers: list[int], locals_: list[Any]) -> str:
    names = ["…" if number is ... else name(number) for number in _ends(numbers)]
    factors = [_written(local) for local in _ends(locals_)]
    product: Any = 1.0
    for local in reversed(locals_):
        product = contribution_of(product, local)
        if product is None:
            break
    equals = f" = {_written(product)}" if len(locals_) > 1 else ""
    return f"{' → '.join(names)}: {f' {numerals.TIMES} '.join(factors) or '1'}{equals}"


def _ends(things: list[Any]) -> list[Any]:
    """Return a long list without its middle, an ellipsis in its place."""
    if len(things) <= LONG:
        return things
    return [*things[: LONG // 2], ..., *things[-LONG // 2 + 1 :]]


def _name(graph: Record, number: int) -> str:
    name = graph.label(number) or ("output" if number == len(graph.nodes) - 1 else f"#{number}")
    return cut(name, 24)


def _written(number: Any) -> str:
    return "…" if number is ... else "undefined" if number is None else numerals.short(number)
