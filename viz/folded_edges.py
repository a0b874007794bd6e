"""The edges of a folded graph: all uses of one box's values by another's, as one line.

A line into a box that several operations are folded into carries the derivative of the box's output by what stands at
its other end: the sum over the paths inside (vertex elimination: Griewank and Walther, Evaluating Derivatives,
chapter 9). Where a line stands for several uses it says how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

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
    for (target, source), bundle in sorted(pairs.items()):
        for label, tooltip, local in _lines(folded, part, titles, source, target, bundle, ran):
            number = folded.units[target].number
            is_lit = any(lit[edge[0]] for edge in bundle) if lit else False
            place = places[number]
            places[number] += 1
            label = "" if many and not is_lit else label
            ends = folded.units[source].number, number
            found.append(Use(*ends, place, label, tooltip, is_negative(local), is_lit))
    return found


class _Bundle:
    """All edges between two units, by the nodes that use the others and which of their arguments those are."""

    def __init__(self, arguments: list[tuple[int, ...]]) -> None:
        self.arguments = arguments
        self.uses: list[tuple[list[int], list[int]]] = []

    def __len__(self) -> int:
        return sum(len(targets) * len(positions) for targets, positions in self.uses)

    def __iter__(self) -> Iterator[_Edge]:
        for targets, positions in self.uses:
            for target in targets:
                for position in positions:
                    yield self.arguments[target][position], target, position


def _pairs(folded: Folded) -> dict[tuple[int, int], _Bundle]:
    """Return the edges of the graph by the places of the units that they connect, target first.

    The nodes of a large graph whose arguments come from the same units, position by position, are taken together.
    """
    graph, root, units = folded.graph, folded.root, folded.units
    # A parameter of a layer is told from its activations: at -2, -3, ... in the place of 0, 1, ...
    unit = [
        -2 - place if leaf and place >= 0 and units[place].layer else place
        for place, leaf in zip(folded.unit, graph.is_leaf, strict=True)
    ]
    alike: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    for target, arguments in enumerate(graph.arguments):
        if arguments:
            alike[unit[target], tuple(map(unit.__getitem__, arguments))].append(target)
    pairs: dict[tuple[int, int], _Bundle] = defaultdict(lambda: _Bundle(graph.arguments))
    for (to, starts), targets in alike.items():
        places: dict[int, list[int]] = defaultdict(list)
        for position, start in enumerate(starts):
            places[start].append(position)
        for start, positions in places.items():
            if start == to and units[to].kind != "group":  # as in a loop, from one instance to the next
                for p in positions:
                    steps = [t for t in targets if root[graph.arguments[t][p]] != root[t]]
                    if steps:
                        pairs[to, to].uses.append((steps, [p]))
            elif start not in (-1, to, -2 - to):
                pairs[to, start if start >= 0 else -2 - start].uses.append((targets, positions))
    return pairs


def _lines(
    folded: Folded, part: Excerpt, titles: Sequence[str], source: int, target: int, bundle: _Bundle, ran: bool
) -> Iterator[tuple[str, str, Any]]:
    """Yield label, tooltip and local derivative of each line between two units: one, or one per use of two."""
    unit, count = folded.units[target], len(bundle)
    single = unit.kind == "value" and len(unit.outputs) == 1
    if single and count <= 2:
        for start, end, position in sorted(bundle, key=lambda edge: edge[1:]):
            local = local_derivatives(part.nodes[end])[position]
            upstream = part.nodes[end].grad
            contribution = contribution_of(upstream, local)
            said = message(part, (start, end, position), upstream, local, contribution)
            yield factor(part, end, position, local), said, local
        return
    words = f"{titles[source]} to {titles[target]}"
    first = next(iter(bundle))[0]
    if len(unit.outputs) == 1 and unit.kind != "group" and all(edge[0] == first for edge in bundle):
        local = _through(folded, unit, first)
        if local is not None:
            upstream = part.nodes[unit.number].grad
            number, back = numerals.exact(local), contribution_of(upstream, local)
            said = f"{words}: local {number}" + (f", contribution {numerals.exact(back)}" if ran else "")
            yield f"{numerals.TIMES} {numerals.short(local)}", said, local
            return
    leaves = set(folded.units[source].parameters)
    thing = "edge"
    if all(edge[0] in leaves for edge in bundle):
        thing, count = "parameter", len({edge[0] for edge in bundle})
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
