"""Classical mistakes of back-propagation, planted into f's own graph to see what gradient they would give.

Each maker yields plants (`engine.check.sweeps`): 1 where D_k was forgotten, 0 where a term is missing. Their words name
the operation as it is written.

Glossary
--------
turn: one of several runs of a line, as in a loop or in a function that is called for every layer.
class: the edges from one source into one place.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

from engine.check.activations import mistaken_slopes
from engine.check.fields import as_double
from engine.check.places import Place
from engine.check.sweeps import AT_ONCE, Graph, Plant, Source
from engine.check.tape import CONSTANT

MOST_STEPS = 200_000  # edges times sweeps
MOST_PARTNERS = 300


def plants(graph: Graph) -> list[Plant]:
    """Return the mistakes that can be planted into a graph, the likely ones first."""
    makers = (
        _overwritten,
        _wrong_axis,
        mistaken_slopes,
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
