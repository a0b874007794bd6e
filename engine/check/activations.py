"""Activations within f's graph, however they are written, and the derivatives that people mistake for theirs.

1 / (1 + exp(-z)) is an activation as much as tanh(z): a region of the graph, which z alone leads into.

Glossary
--------
region: a function y(z) within the graph, z being the only way into it: an activation, however it is written.
pair: a node y and the node z that it is a function of; slope: dy/dz.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.check.fields import as_double
from engine.check.places import Place
from engine.check.rules import RULES
from engine.check.sweeps import Graph, Plant, Source

STEPS = 8  # operations within a region, at most
MOST_LAYERS = 20

OF_SIGMOIDS: dict[str, Callable[[float, float], float]] = {
    "1 - y^2, that of tanh": lambda y, z: 1 - y * y,
    "y (1 - y), that of the sigmoid": lambda y, z: y * (1 - y),
    "1 - y": lambda y, z: 1 - y,
    "1 + y^2": lambda y, z: 1 + y * y,
    "y (1 + y)": lambda y, z: y * (1 + y),
    "1 - z^2, where z is the argument": lambda y, z: 1 - z * z,
    "z (1 - z), where z is the argument": lambda y, z: z * (1 - z),
}
OF_ANY: dict[str, Callable[[float, float], float]] = {
    "the argument itself": lambda y, z: z,
    "1 where the argument is not positive": lambda y, z: float(z <= 0),
}
"""What is written for the derivative of y(z) by mistake; the first where y is between -1 and 1, as that of tanh is."""


@dataclass(eq=False)
class Region:
    """Pairs of y and z, with dy/dz, and the nodes between them."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    inner: list[list[int]] = field(default_factory=list)


def mistaken_slopes(graph: Graph) -> Iterator[Plant]:
    """Yield a derivative D_k that is missing, applied twice, or another one."""
    found: dict[tuple[Place, Source], Region] = defaultdict(Region)
    for place in graph.by_place:
        for y in graph.results(place):
            for z, slope, inner in _ways_in(graph, y):
                region = found[place, graph.source(z)]
                region.pairs.append((y, z))
                region.slopes.append(slope)
                region.inner.append(inner)
    sets: dict[Any, list[tuple[Place, Region]]] = defaultdict(list)
    for (place, source), region in found.items():
        if any(abs(d - 1) > 1e-12 for d in region.slopes):
            always = place.always, source if isinstance(source, str) else source.always
            for key in dict.fromkeys(((place, source), always)):
                sets[key].append((place, region))
            names = {graph.nodes[y].name for y, _ in region.pairs}
            lengths = {len(inner) for inner in region.inner}
            if len(names) == len(lengths) == 1:
                sets[names.pop() if lengths == {1} else place.always, lengths.pop()].append((place, region))
    seen: set[tuple[int, ...]] = set()
    for members in sets.values():
        ids = tuple(id(region) for _, region in members)
        if ids not in seen:
            seen.add(ids)
            yield from _slopes(graph, members)
            if len(members) > 1:
                yield from itertools.islice(_of_other_layers(graph, members), MOST_LAYERS)


def _ways_in(graph: Graph, y: int) -> Iterator[tuple[int, float, list[int]]]:
    """Yield z, dy/dz and the nodes between, for the nodes that are the only way into y, the nearest first."""
    slopes = {y: 1.0}
    inner: list[int] = []
    heap = [-y]
    while heap and len(inner) < STEPS:
        if len(heap) == 1 and inner:
            yield -heap[0], slopes[-heap[0]], list(inner)
        top = -heapq.heappop(heap)
        if top in graph.block:
            return
        inner.append(top)
        for e in graph.into[top]:
            _, parent, partial = graph.edges[e]
            if parent not in slopes:
                slopes[parent] = 0.0
                heapq.heappush(heap, -parent)
            slopes[parent] += slopes[top] * partial


def _slopes(graph: Graph, members: Sequence[tuple[Place, Region]]) -> Iterator[Plant]:
    pairs = [pair for _, region in members for pair in region.pairs]
    right = [d for _, region in members for d in region.slopes]
    inner = [nodes for _, region in members for nodes in region.inner]
    at_values = [_slope_at(graph, y, z, nodes) for (y, z), nodes in zip(pairs, inner, strict=True)]
    if all(abs(d - other) <= 1e-12 * abs(d) for d, other in zip(right, at_values, strict=True)):
        return  # linear, and so no activation: its factors and terms are mistakes of other kinds
    both = [(graph.value[y], graph.value[z]) for y, z in pairs]
    variants = [
        ("is missing: no D_k", 2, [1.0] * len(pairs)),
        ("is taken at the wrong point: at its value, not at its argument", 3, at_values),
        ("has the wrong sign", 5, [-d for d in right]),
        ("is missing: the function itself stands in its place", 4, [y for y, _ in both]),
    ]
    if any(abs(d) not in (0, 1) for d in right):
        variants.append(("is applied twice", 4, [d * d for d in right]))
        variants.append(
            ("is divided by, where it must be multiplied with", 4, [1 / d if d else math.nan for d in right])
        )
    others = OF_ANY if any(abs(y) > 1 for y, _ in both) else OF_ANY | OF_SIGMOIDS
    variants += [(f"is another one: {words}", 6, [of(y, z) for y, z in both]) for words, of in others.items()]
    what = _named(graph, members, inner)
    edges = [e for y, _ in pairs for e in graph.into[y]]
    for words, rank, slopes in variants:
        if any(slopes) and all(map(math.isfinite, slopes)):  # where all are 0, a term is missing
            bypass = [(y, z, d) for (y, z), d in zip(pairs, slopes, strict=True)]
            # The nearer a region is to one operation, the likelier it is what was meant.
            yield Plant(
                f"the derivative of {what} {words}", rank + (len(inner[0]) > 1), dict.fromkeys(edges, 0.0), bypass
            )


def _of_other_layers(graph: Graph, regions: Sequence[tuple[Place, Region]]) -> Iterator[Plant]:
    """Yield the derivative of an activation that is taken from another run of it."""
    for (place, region), (other, stand_in) in itertools.permutations(regions, 2):
        if place.always == other.always and len(region.pairs) == len(stand_in.pairs) and place != other:
            words = f"the derivative of {graph.words(place)} is that of {graph.words(other)}"
            bypass = [(y, z, d) for (y, z), d in zip(region.pairs, stand_in.slopes, strict=True)]
            yield Plant(words, 5, {e: 0.0 for y, _ in region.pairs for e in graph.into[y]}, bypass)


def _named(graph: Graph, members: Sequence[tuple[Place, Region]], inner: Sequence[Sequence[int]]) -> str:
    """Return an activation by its name and line, any other function by its text."""
    name = graph.nodes[inner[0][0]].name
    lines = {place.line for place, _ in members}
    line = lines.pop() if len(lines) == 1 else ""
    place = members[0][0]
    if all(len(nodes) == 1 for nodes in inner) and name not in ("mul", "div", "pow"):
        where = ", ".join(filter(None, (line, graph.turn(place) if len(members) == 1 else "")))
        return f"{name} ({where})" if where else name
    text = graph.words(place if len(members) == 1 else place.always)
    return f"{text} ({line})" if line else text


def _slope_at(graph: Graph, y: int, z: int, inner: Sequence[int]) -> float:
    """Return dy/dz where z has the value that y has."""
    F = graph.tape.field
    values, slopes = {z: graph.nodes[y].value}, {z: F.one}
    try:
        for i in sorted(inner):
            node = graph.nodes[i]
            rule = RULES[node.name]
            arguments = [values.get(p.index, p.value) for p in node.parents]
            values[i] = rule.value(F, *arguments)
            partials = rule.partials(F, values[i], *arguments)
            terms = [d * slopes[p.index] for p, d in zip(node.parents, partials, strict=True) if p.index in slopes]
            slopes[i] = sum(terms[1:], terms[0])
        return as_double(slopes[y])
    except (ArithmeticError, ValueError, LookupError):
        return math.nan
