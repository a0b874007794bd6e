"""The edges of a folded graph: all uses of one box's values by another's, as one line.

A line into a box that several operations are folded into carries the derivative of the box's output by what stands at
its other end: the sum over the paths inside (vertex elimination: Griewank and Walther, Evaluating Derivatives,
chapter 9). Where a line stands for several uses it says how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from engine.record import Record
from viz import numerals
from viz.diagram import Use, contribution_of, factor, is_negative, local_derivatives, message
from viz.excerpt import Excerpt
from viz.folding import Folded, Unit

MANY = 60  # lines; further labels would hide each other, and stand in the tooltips alone
_Edge = tuple[int, int, int]  # source, target and position, as in engine.graph.Edge


def uses_of(folded: Folded, part: Excerpt, titles: Sequence[str], ran: bool, lit: Sequence[bool]) -> list[Use]:
    """Return the lines between the units of a folded graph, by target and source.

    Parameters
    ----------
    folded : Folded
        The graph.
    part : Excerpt
        Its nodes and their names.
    titles : sequence of str
        What each unit is called.
    ran : bool
        Whether backward() has.
    lit : sequence of bool
        Which nodes a highlight lights, by id.
    """
    pairs = _pairs(folded)
    many = len(pairs) > MANY
    places: dict[int, int] = defaultdict(int)
    found = []
    for (target, source), edges in sorted(pairs.items()):
        for label, tooltip, local in _lines(folded, part, titles, source, target, edges, ran):
            number = folded.units[target].number
            is_lit = any(lit[edge[0]] for edge in edges) if lit else False
            place = places[number]
            places[number] += 1
            label = "" if many and not is_lit else label
            ends = folded.units[source].number, number
            found.append(Use(*ends, place, label, tooltip, is_negative(local), is_lit))
    return found


def _pairs(folded: Folded) -> dict[tuple[int, int], list[_Edge]]:
    """Return the edges of the graph by the places of the units that they connect, target first."""
    pairs: dict[tuple[int, int], list[_Edge]] = defaultdict(list)
    unit, root, graph = folded.unit, folded.root, folded.graph
    for target, arguments in enumerate(graph.arguments):
        to = unit[target]
        for position, source in enumerate(arguments):
            start = unit[source]
            if start >= 0 and (start != to or _comes_back(folded.units[to], graph, root, source, target)):
                pairs[to, start].append((source, target, position))
    return pairs


def _comes_back(unit: Unit, graph: Record, root: Sequence[int], source: int, target: int) -> bool:
    """Whether an edge leads from one instance to the next of the same unit, as in a loop."""
    is_parameter = unit.layer > 0 and graph.nodes[source].row is None
    return root[source] != root[target] and unit.kind != "group" and not is_parameter


def _lines(
    folded: Folded, part: Excerpt, titles: Sequence[str], source: int, target: int, edges: list[_Edge], ran: bool
) -> Iterator[tuple[str, str, Any]]:
    """Yield label, tooltip and local derivative of each line between two units: one, or one per use of two."""
    unit = folded.units[target]
    single = unit.kind == "value" and len(unit.outputs) == 1
    if single and len(edges) <= 2:
        for start, end, position in edges:
            local = local_derivatives(part.nodes[end])[position]
            upstream = part.nodes[end].grad
            contribution = contribution_of(upstream, local)
            said = message(part, (start, end, position), upstream, local, contribution)
            yield factor(part, end, position, local), said, local
        return
    starts = {edge[0] for edge in edges}
    words = f"{titles[source]} to {titles[target]}"
    if len(unit.outputs) == 1 and len(starts) == 1 and unit.kind != "group":
        local = _through(folded, unit, starts.pop())
        if local is not None:
            upstream = part.nodes[unit.number].grad
            number, back = numerals.exact(local), contribution_of(upstream, local)
            said = f"{words}: local {number}" + (f", contribution {numerals.exact(back)}" if ran else "")
            yield f"{numerals.TIMES} {numerals.short(local)}", said, local
            return
    leaves = set(folded.units[source].parameters)
    thing = "parameter" if starts and starts <= leaves else "edge"
    count = len(starts) if thing == "parameter" else len(edges)
    counted = f"{count:,} {thing}{'' if count == 1 else 's'}"
    yield counted, f"{words}: {counted}", None


def _through(folded: Folded, unit: Unit, source: int) -> Any:
    """Return d output / d source over all paths inside a unit of one instance; None where it is undefined."""
    graph, output = folded.graph, unit.number
    adjoints: dict[int, Any] = {output: 1.0}
    waiting = [output]
    found: Any = 0.0
    inside = _members(folded, output)
    while waiting:
        number = waiting.pop()
        for argument, local in zip(graph.arguments[number], local_derivatives(graph.nodes[number]), strict=True):
            if local is None:
                return None
            back = contribution_of(adjoints[number], local)
            if argument == source:
                found = found + back
            elif argument in inside:  # it has this one use
                adjoints[argument] = back
                waiting.append(argument)
    return found


def _members(folded: Folded, output: int) -> set[int]:
    """Return the operations of an instance but its output; they lie between its arguments and itself."""
    found, waiting = set(), [output]
    while waiting:
        for argument in folded.graph.arguments[waiting.pop()]:
            if folded.root[argument] == output and argument != output:
                found.add(argument)
                waiting.append(argument)
    return found
