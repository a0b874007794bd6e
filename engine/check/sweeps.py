"""f's graph in doubles, and many sweeps over it at once, each with some derivatives changed.

Whoever writes a gradient by hand multiplies derivatives along the edges of f's graph, and adds up where edges meet. A
mistake is a change of some of these derivatives: a `Plant`. All plants are swept back together, a column each.

Glossary
--------
edge: one use of a number by an operation; its partial is the derivative of the operation by that number.
source: where a number comes from, a Place or the name of an argument.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.check.fields import as_double
from engine.check.places import NOWHERE, Place, PlacedTape
from engine.check.runs import Run
from engine.check.structure import Block, Point
from engine.check.tape import CONSTANT, Node

AT_ONCE = 64  # plants that are swept together
MOST_TURNS = 50  # of more runs of a line, none is looked at on its own

Source = Place | str


@dataclass(eq=False)
class Plant:
    """A mistake: its words, and what it changes.

    rank: of two that give the same gradient, the lower one is named.
    bypass: (y, z, partial) puts one edge in the place of the edges of y that were changed.
    linear: "count" where what is changed may also count twice, or with the wrong sign, or any number of times; "step"
        where it is a step of gradient descent, of size 1 or any other.
    """

    words: str
    rank: int
    changes: dict[int, float]
    bypass: Sequence[tuple[int, int, float]] = ()
    linear: str = ""


class Graph:
    """f's graph in doubles, and where each of its nodes was made: from a run over intervals, on a tape with places."""

    def __init__(self, run: Run, point: Point) -> None:
        assert isinstance(run.tape, PlacedTape)
        self.run = run
        self.point = point
        self.tape = run.tape
        self.nodes: list[Node] = self.tape.nodes
        self.value = [as_double(node.value) for node in self.nodes]
        self.edges: list[tuple[int, int, float]] = []  # child, parent, partial
        self.into: list[range] = []  # the edges that end in each node
        self.uses: list[list[int]] = [[] for _ in self.nodes]  # the edges that start in each node
        for node in self.nodes:
            first = len(self.edges)
            if node.parents and node.value is not None:
                for parent, partial in zip(node.parents, self.tape.partials_of(node), strict=True):
                    if parent.index != CONSTANT:
                        self.uses[parent.index].append(len(self.edges))
                        self.edges.append((node.index, parent.index, as_double(partial)))
            self.into.append(range(first, len(self.edges)))
        self.block: dict[int, Block] = {}
        self.offset: dict[int, int] = {}
        for b in point.blocks:
            for i, leaf in enumerate(self.run.leaves[b.start : b.start + b.size]):
                self.block[leaf.index], self.offset[leaf.index] = b, i
        places = [self.tape.places.get(i, NOWHERE) for i in range(len(self.nodes))]
        self.turns = Counter(place.always for place in set(places))
        self.place = [place if self.turns[place.always] <= MOST_TURNS else place.always for place in places]
        self.by_place: dict[Place, list[int]] = defaultdict(list)
        for i, place in enumerate(self.place):
            if i not in self.block:
                self.by_place[place].append(i)
        self.alive = self._needed()
        self._drop_shifts()

    def source(self, i: int) -> Source:
        """Return where a node comes from."""
        return self.block[i].name if i in self.block else self.place[i]

    def words(self, source: Source) -> str:
        """Return what a source is called."""
        if isinstance(source, str):
            return source
        turn = self.turn(source)
        return f"{source} ({turn})" if turn else f"{source}"

    def turn(self, place: Place) -> str:
        """Return which run of its line a place is, such as "run 2 of 3"; "" where it is the only one, or all."""
        turns = self.turns[place.always]
        return f"run {place.turn} of {turns}" if place.turn and turns > 1 else ""

    def results(self, place: Place) -> list[int]:
        """Return the nodes of a place that others use."""
        return [
            i
            for i in self.by_place[place]
            if i in self.alive
            and (not self.uses[i] or any(self.place[self.edges[e][0]] != place for e in self.uses[i]))
        ]

    @cached_property
    def scalars(self) -> dict[Source, float]:
        """The numbers that f computes, or is given, one at a time: their names and values."""
        found: dict[Source, float] = {
            b.name: self.value[self.run.leaves[b.start].index] for b in self.point.blocks if b.size == 1
        }
        for place in self.by_place:
            nodes = self.results(place)
            if len(nodes) == 1:
                found[place] = self.value[nodes[0]]
        return found

    @cached_property
    def classes(self) -> dict[tuple[Source, Place], list[int]]:
        """The edges between places, by where they come from and where they end."""
        found: dict[tuple[Source, Place], list[int]] = defaultdict(list)
        for e, (child, parent, _) in enumerate(self.edges):
            source, place = self.source(parent), self.place[child]
            if source != place:
                found[source, place].append(e)
        return found

    def sweep(self, plants: Sequence[Plant]) -> list[list[float]]:
        """Return the gradient that each plant gives, as flat as claims are."""
        found: list[list[float]] = []
        for start in range(0, len(plants), AT_ONCE):
            some = plants[start : start + AT_ONCE]
            by_output = [self._columns(some, node) for node in self.run.outputs]
            found += [[x for columns in by_output for x in columns[k]] for k in range(len(some))]
        return found

    def _needed(self) -> set[int]:
        """Return the nodes that the results depend on."""
        found = {node.index for node in self.run.outputs}
        for i in range(len(self.nodes) - 1, -1, -1):
            if i in found:
                found |= {self.edges[e][1] for e in self.into[i]}
        return found

    def _drop_shifts(self) -> None:
        """Leave out the largest number that is subtracted from all, as in a softmax, if the gradient stays the same.

        Nobody's gradient by hand has it, and a mistake that is planted beside it would change what it gives.
        """
        extremes = ("maximum", "minimum")
        shifts = [
            e
            for e, (i, p, _) in enumerate(self.edges)
            if self.nodes[i].name == "sub" and self.nodes[p].name in extremes
        ]
        if not shifts:
            return
        plain, without = self.sweep([Plant("", 0, {}), Plant("", 0, dict.fromkeys(shifts, 0.0))])
        size = max(map(abs, plain), default=0.0)
        if all(abs(a - b) <= 1e-9 * abs(a) + 1e-12 * size for a, b in zip(plain, without, strict=True)):
            for e in shifts:
                self.edges[e] = (*self.edges[e][:2], 0.0)

    def _columns(self, plants: Sequence[Plant], output: Node) -> list[list[float]]:
        import numpy as np

        if output.index == CONSTANT:
            return [[0.0] * len(self.run.leaves) for _ in plants]
        changed: dict[int, Any] = {}
        bypassed: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
        for k, plant in enumerate(plants):
            for e, partial in plant.changes.items():
                if e not in changed:
                    changed[e] = np.full(len(plants), self.edges[e][2])
                changed[e][k] = partial
            for y, z, partial in plant.bypass:
                bypassed[y].append((z, k, partial))
        adjoints = np.zeros((output.index + 1, len(plants)))
        adjoints[output.index] = 1.0
        with np.errstate(all="ignore"):
            for i in range(output.index, -1, -1):
                for e in self.into[i]:
                    _, parent, partial = self.edges[e]
                    adjoints[parent] += adjoints[i] * changed.get(e, partial)
                for z, k, partial in bypassed.get(i, ()):
                    adjoints[z, k] += adjoints[i, k] * partial
        leaves = [leaf.index for leaf in self.run.leaves]
        known = [i if i <= output.index else 0 for i in leaves]
        columns = adjoints[known] * np.array([[float(i <= output.index)] for i in leaves])
        return [[float(x) for x in column] for column in columns.T]
