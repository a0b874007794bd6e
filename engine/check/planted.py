"""Classical mistakes of back-propagation, planted into f's own graph to see what gradient they would give.

Each maker yields plants (`engine.check.sweeps`): 1 where D_k was forgotten, 0 where a term is missing. Their words name
the operation as it is written.

Glossary
--------
region: a function y(z) within the graph, z being the only way into it: an activation, however it is written.
turn: one of several runs of a line, as in a loop or in a function that is called for every layer.
class: the edges from one source into one place.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.check.places import Place
from engine.check.rules import RULES
from engine.check.sweeps import AT_ONCE, Graph, Plant, Source, as_double
from engine.check.tape import CONSTANT

STEPS = 8  # operations within a region, at most
MOST_STEPS = 200_000  # edges times sweeps
MOST_PARTNERS = 300
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


def plants(graph: Graph) -> list[Plant]:
    """Return the mistakes that can be planted into a graph, the likely ones first."""
    makers = (
        _overwritten,
        _wrong_axis,
        _regions,
        _parts,
        _factors,
        _transposes,
        _updated,
        _choices,
        _softmaxes,
        _partners,
    )
    found = [plant for make in makers for plant in make(graph) if plant.changes]
    found.sort(key=lambda plant: plant.rank)
    return found[: max(AT_ONCE, MOST_STEPS * AT_ONCE // (len(graph.edges) * len(graph.run.outputs) + 1))]


def _overwritten(graph: Graph) -> Iterator[Plant]:
    """Yield = where += is needed: only one use of an argument, or of any number, counts."""
    words = "= where += is needed: of several uses of one number only the {} counts"
    several = {i: found for i, found in enumerate(graph.uses) if len(found) > 1}
    leaves = [several[i] for i in several if i in graph.block]
    # Of uses in different places, one may as well be a term that is missing.
    alike = [found for found in leaves if len({graph.place[graph.edges[e][0]].always for e in found}) == 1]
    for some, rank in ((alike, 1), (leaves, 7)):
        yield Plant(words.format("last"), rank, {e: 0.0 for found in some for e in found[:-1]})
        yield Plant(words.format("first"), rank, {e: 0.0 for found in some for e in found[1:]})
    # Reverse accumulation meets the uses in the opposite order.
    yield Plant(words.format("last written"), 7, {e: 0.0 for found in several.values() for e in found[1:]})


def _wrong_axis(graph: Graph) -> Iterator[Plant]:
    """Yield a bias whose sum runs over the units instead of the samples, where there are as many of both."""
    for b in graph.point.blocks:
        leaves = [leaf.index for leaf in graph.run.leaves[b.start : b.start + b.size]]
        if b.size > 1 and all(len(graph.uses[leaf]) == b.size for leaf in leaves):
            edges = [e for leaf in leaves for e in graph.uses[leaf]]
            turned = [
                (graph.edges[e][0], leaves[k], graph.edges[e][2])
                for leaf in leaves
                for k, e in enumerate(graph.uses[leaf])
            ]
            words = f"the sum in the gradient by {b.name} runs over the wrong axis"
            yield Plant(words, 1, dict.fromkeys(edges, 0.0), turned)


def _regions(graph: Graph) -> Iterator[Plant]:
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
    line = f" ({lines.pop()})" if len(lines) == 1 else ""
    if all(len(nodes) == 1 for nodes in inner) and name not in ("mul", "div", "pow"):
        return f"{name}{line}"
    place = members[0][0]
    return graph.words(place if len(members) == 1 else place.always) + line


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


def _parts(graph: Graph) -> Iterator[Plant]:
    """Yield a term that is missing, counts twice, or has the wrong sign: what one operation adds to another."""
    always: dict[tuple[Source, Place], list[int]] = defaultdict(list)
    for (source, place), edges in reversed(graph.classes.items()):  # of a chain its end, where it meets the other terms
        words = f"the part of {graph.words(place)} that comes from {graph.words(source)}"
        yield Plant(words, 4, dict.fromkeys(edges, 0.0), linear="count")
        always[source if isinstance(source, str) else source.always, place.always] += edges
    alone: dict[Place, set[int]] = defaultdict(set)
    for (_, place), edges in graph.classes.items():
        alone[place.always].add(len(edges))
    for (source, place), edges in always.items():
        if len(edges) not in alone[place]:
            words = f"the part of {graph.words(place)} that comes from {graph.words(source)} is missing"
            yield Plant(words, 6, dict.fromkeys(edges, 0.0))


def _factors(graph: Graph) -> Iterator[Plant]:
    """Yield a factor, or a division, that is missing on the way back through a product."""
    for (source, place), edges in graph.classes.items():
        names = {graph.nodes[graph.edges[e][0]].name for e in edges}
        if len(names) == 1 and names <= {"mul", "div"} and any(graph.edges[e][2] != 1 for e in edges):
            what = "the division" if names == {"div"} else "the other factor"
            words = f"{what} of {graph.words(place)} is missing on the way back to {graph.words(source)}"
            yield Plant(words, 3, dict.fromkeys(edges, 1.0))
            twice = f"{what} of {graph.words(place)} counts twice on the way back to {graph.words(source)}"
            yield Plant(twice, 5, {e: graph.edges[e][2] * graph.edges[e][2] for e in edges})


def _transposes(graph: Graph) -> Iterator[Plant]:
    """Yield W where W^T is needed, on the way down through a square matrix, or through all of them."""
    together: dict[int, float] = {}
    blocks = [b for b in graph.point.blocks if len(b.shape) == 2 and b.shape[0] == b.shape[1] > 1]
    for b in blocks:
        n = b.shape[0]
        changes = {}
        for e, parent, other in _products(graph):
            if graph.block.get(other) is b and graph.block.get(parent) is not b:
                k = graph.offset[other]
                changes[e] = graph.value[graph.run.leaves[b.start + (k % n) * n + k // n].index]
        together |= changes
        yield Plant(f"{b.name} where its transpose is needed, on the way back", 1, changes)
    if len(blocks) > 1:
        yield Plant("every square matrix where its transpose is needed, on the way back", 1, together)


def _updated(graph: Graph) -> Iterator[Plant]:
    """Yield weights that took their step of gradient descent before the way back went through them."""
    if len(graph.run.outputs) > 1:
        return
    (gradient,) = graph.sweep([Plant("", 0, {})])
    for b in graph.point.blocks:
        changes = {
            e: graph.value[other] - gradient[b.start + graph.offset[other]]
            for e, parent, other in _products(graph)
            if graph.block.get(other) is b and graph.block.get(parent) is not b
        }
        yield Plant(f"{b.name} was updated before it was used on the way back", 3, changes, linear="step")


def _products(graph: Graph) -> Iterator[tuple[int, int, int]]:
    """Yield the edges into products: the edge, where it comes from, and the other factor, CONSTANT for data."""
    for node in graph.nodes:
        if node.name == "mul" and node.value is not None:
            a, b = (p.index for p in node.parents)
            for e in graph.into[node.index]:
                parent = graph.edges[e][1]
                yield e, parent, b if parent == a else a


def _choices(graph: Graph) -> Iterator[Plant]:
    """Yield a maximum or minimum whose every argument gets a derivative, or the other one."""
    found: dict[Place, list[int]] = defaultdict(list)
    for e, (child, _, _) in enumerate(graph.edges):
        if graph.nodes[child].name in ("maximum", "minimum"):
            found[graph.place[child].always].append(e)
    for place, edges in found.items():
        where = graph.words(place)
        yield Plant(
            f"the choice in {where} is left out: every argument gets a derivative", 4, dict.fromkeys(edges, 1.0)
        )
        yield Plant(f"the choice in {where} is turned round", 4, {e: 1 - graph.edges[e][2] for e in edges})


def _softmaxes(graph: Graph) -> Iterator[Plant]:
    """Yield the Jacobian of a softmax, e_i / sum of e_j, that is taken for its diagonal."""
    found: dict[Place, dict[int, float]] = defaultdict(dict)
    for node in graph.nodes:
        if node.name != "div" or len(graph.into[node.index]) != 2:
            continue
        top, total = (p.index for p in node.parents)
        if graph.value[total] and top in _addends(graph, total):
            for e in graph.into[node.index]:
                own = (1 - graph.value[node.index]) / graph.value[total]
                found[graph.place[node.index]][e] = own if graph.edges[e][1] == top else 0.0
    for place, changes in found.items():
        words = f"the Jacobian of the softmax {graph.words(place)} is taken for its diagonal, p (1 - p)"
        yield Plant(words, 2, changes)


def _addends(graph: Graph, total: int) -> set[int]:
    found: set[int] = set()
    seen, open_ = {total}, [total]
    while open_:
        i = open_.pop()
        if graph.nodes[i].name == "add":
            parents = {p.index for p in graph.nodes[i].parents if p.index != CONSTANT} - seen
            seen |= parents
            open_ += parents
        else:
            found.add(i)
    return found


def _partners(graph: Graph) -> Iterator[Plant]:
    """Yield another array of the same size in the place of a product's other factor."""
    blocks = graph.point.blocks
    arrays: dict[Source, list[int]] = {
        b.name: [leaf.index for leaf in graph.run.leaves[b.start : b.start + b.size]] for b in blocks
    }
    arrays |= {place: graph.results(place) for place in graph.by_place}
    arrays = {source: nodes for source, nodes in arrays.items() if len(nodes) > 1}
    owner = {i: (source, k) for source, nodes in arrays.items() for k, i in enumerate(nodes)}
    values: dict[Source, list[float]] = {
        source: [graph.value[i] for i in nodes] for source, nodes in arrays.items()
    } | _inputs(graph)
    by_size: dict[int, list[Source]] = defaultdict(list)
    for source, numbers in values.items():
        by_size[len(numbers)].append(source)
    uses: dict[tuple[Source, Source, Place], list[tuple[int, int]]] = defaultdict(list)
    for e, parent, other in _products(graph):
        if other in owner:
            source, k = owner[other]
            uses[source, graph.source(parent), graph.place[graph.edges[e][0]]].append((e, k))
    every = (
        (source, to, place, found, stand_in)
        for (source, to, place), found in uses.items()
        for stand_in in by_size[len(arrays[source])]
        if stand_in != source
    )
    for source, to, place, found, stand_in in itertools.islice(every, MOST_PARTNERS):
        stands = f"{graph.words(stand_in)} stands where {graph.words(source)} is needed"
        words = f"{stands}, in the derivative of {graph.words(place)} by {graph.words(to)}"
        yield Plant(words, 5, {e: values[stand_in][k] for e, k in found})


def _inputs(graph: Graph) -> dict[Source, list[float]]:
    """Return the data that matrix products multiply with the weights of an argument, row by row."""
    found: dict[Source, list[float]] = {}
    for place, nodes in graph.by_place.items():
        products = [graph.nodes[i].parents for i in nodes if graph.nodes[i].name == "mul"]
        blocks = {
            id(graph.block[p.index]): graph.block[p.index] for pair in products for p in pair if p.index in graph.block
        }
        data = [as_double(p.value) for pair in products for p in pair if p.index == CONSTANT]
        if len(blocks) == 1 and len(data) == len(products) > 1:
            (b,) = blocks.values()
            first, second = (
                next(graph.offset[p.index] for p in pair if p.index in graph.block) for pair in products[:2]
            )
            if len(b.shape) != 2 or second - first not in (1, b.shape[1]) or len(data) % b.size:
                continue
            depth = b.shape[1] if second - first == 1 else b.shape[0]  # along which the products run
            starts = range(0, len(data), b.size)  # of products[sample][unit][input]
            found[f"the data of {graph.words(place)}"] = [x for k in starts for x in data[k : k + depth]]
    return found
