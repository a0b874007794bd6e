"""Compare all ways to one gradient: results, costs, verdicts, and for the wrong ones the smallest graph that shows it.

This answers the question asked most often about micrograd: why topological order?
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from engine.functions import Number
from engine.graph import Graph
from engine.names import namer
from engine.tables import Table, cut, shown
from engine.value import Value
from engine.ways import REVERSE, WAYS, Mistake, Run, Way

MOST_VISITS = 200_000
EPSILON = 2.0**-52


@dataclass(frozen=True)
class Example:
    """A small program on which a wrong way goes wrong, exactly: what it gives, and what is right."""

    program: tuple[str, ...]
    leaf: str
    wrong: Number
    right: Number

    def __str__(self) -> str:
        return f"{'; '.join(self.program)}: dy/d{self.leaf} = {self.wrong}, right is {self.right}"


@dataclass(frozen=True)
class Outcome:
    """What one way found and did; without a gradient where it would have taken too long.

    Attributes
    ----------
    name: of the way; gradient: by leaf, None if it was not run.
    multiplications, additions, visits: counted while it ran; the visits also where it was not run.
    seconds: the time of the run, without reading the graph.
    verdict: "right"; "off by 2e-11" or "no answer" (finite differences); "WRONG", "right by luck" or, without a mistake
        on this graph, "right here" (the wrong ways); or "not run".
    error: the largest deviation from reverse mode, relative to the largest entry.
    mistake: what went wrong first, if anything; example: the smallest program on which this way is wrong.
    """

    name: str
    gradient: dict[Value, Number] | None
    multiplications: int
    additions: int
    visits: int
    seconds: float
    verdict: str
    error: float
    mistake: Mistake | None
    example: Example | None


class Comparison:
    """The outcomes of all ways on one graph; shows itself as a table."""

    def __init__(self, y: Value, wrt: tuple[Value, ...], outcomes: tuple[Outcome, ...], names: Any = None) -> None:
        self.y, self.wrt, self.outcomes = y, wrt, outcomes
        self._name = namer(Graph(y).nodes, names)

    def __getitem__(self, name: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.name == name:
                return outcome
        raise KeyError(f"no way {name!r}; there are: {', '.join(o.name for o in self.outcomes)}")

    def table(self, columns: int = 2) -> Table:
        """Return the table, with the gradient by the first few leaves."""
        y, few = self._name(self.y), self._telling()[:columns]
        entries = [f">d/d{cut(self._name(x), 11)}" for x in few]
        heads = ("way", *entries, ">mult.", ">add.", ">visits", ">time", "verdict")
        rows, styles, notes = [], [], []
        for o in self.outcomes:
            entries = [shown(o.gradient[x]) if o.gradient else "" for x in few]
            counts = ["" if o.gradient is None else f"{n:,}" for n in (o.multiplications, o.additions)]
            took = "" if o.gradient is None else _duration(o.seconds)
            rows.append((o.name, *entries, *counts, _many(o.visits), took, o.verdict))
            styles.append("bad" if o.verdict == "WRONG" else "faint" if o.gradient is None else "")
            if o.mistake:
                what = f"{o.name}: {self._name(o.mistake.node)} {o.mistake.what}."
                notes.append(f"{what} Smallest example: {o.example}." if o.example else what)
        if len(self.wrt) > columns:
            notes.append(f"The gradient has {len(self.wrt):,} entries, all of them compared; the table shows a few.")
        size = f"{len(Graph(self.y)):,} nodes"
        title = f"Ways to the gradient of {y} = {shown(self.y.data)} ({size})"
        optional = (heads.index(">time"), *range(2, 1 + len(few)))
        return Table(title, heads, tuple(rows), tuple(styles), tuple(notes), optional)

    def _telling(self) -> list[Value]:
        """Return the leaves, those first at which most wrong ways go wrong."""
        right = self.outcomes[0].gradient or {}
        wrong = [o.gradient for o in self.outcomes if o.gradient and o.verdict == "WRONG"]
        return sorted(self.wrt, key=lambda x: -sum(shown(gradient[x]) != shown(right[x]) for gradient in wrong))

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_markdown_(self) -> str:
        return self.table().markdown()


def compare(
    y: Value,
    wrt: Sequence[Value] | Value | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    most_visits: int = MOST_VISITS,
) -> Comparison:
    """Run every way to the gradient of y, right and famously wrong, on one Graph of it.

    Parameters
    ----------
    wrt: leaves of y; by default all of them.
    names: names for Values without a label, such as locals().
    most_visits: a way that would visit more nodes is not run; how many it would visit is counted all the same.

    Raises ValueError for a wrt that y does not depend on, or that is no leaf. No `grad` is touched.

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> c = a + b
    >>> found = compare(c * (a * c))
    >>> found["reverse"].gradient[a], found["recursion without order"].gradient[a]
    (45.0, 55.0)
    >>> print(found["recursion without order"].mistake.what)
    was passed on too early, after 1 of its 2 uses
    >>> compare(a * b, wrt=[Value(3.0)])
    Traceback (most recent call last):
    ...
    ValueError: wrt must be leaves of y; Value(data=3.0, grad=0) is not in its graph
    """
    graph = Graph(y)
    wanted = (wrt,) if isinstance(wrt, Value) else graph.leaves if wrt is None else tuple(wrt)
    for x in wanted:
        if not isinstance(x, Value):
            raise TypeError(f"wrt must be leaves of y, Values themselves, got {type(x).__name__} {x!r}")
        if x not in graph.index or x.row is not None:
            problem = "is a node inside it" if x in graph.index else "is not in its graph"
            raise ValueError(f"wrt must be leaves of y; {x.label or repr(x)} {problem}")
    run = Run(graph, wanted)
    right = REVERSE.run(run)
    bounds = _rounding(run)
    return Comparison(y, wanted, tuple(_outcome(way, run, right, bounds, most_visits) for way in WAYS), names)


def _outcome(way: Way, run: Run, right: list[Number], bounds: list[float], most_visits: int) -> Outcome:
    run.start()
    visits = way.cost(run)
    example = None if way.right else smallest_example(way)
    if visits > most_visits:
        return Outcome(way.name, None, 0, 0, visits, 0.0, "not run", 0.0, None, None)
    start = time.perf_counter()
    gradient = way.run(run)
    seconds = time.perf_counter() - start
    error, wrong = _deviation(gradient, right, bounds)
    if way.name == "finite differences":
        verdict = "right" if error == 0 else f"off by {error:.0e}" if error == error else "no answer"
    elif way.right:
        verdict = "WRONG" if wrong else "right"
    else:
        verdict = "WRONG" if wrong else "right by luck" if run.mistake else "right here"
    found = dict(zip([run.graph.nodes[x] for x in run.wrt], gradient, strict=True))
    mistake = run.mistake
    counts = run.multiplications, run.additions, run.visits
    return Outcome(way.name, found, *counts, seconds, verdict, error, mistake, example if mistake else None)


def _rounding(run: Run) -> list[float]:
    """Return how far two right results may lie apart by the rounding of floats: 0 for exact numbers.

    Each path's product is rounded once per step, and each sum once per term: at most 2 gamma sum(|product|) over the
    paths (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). The sum is a reverse sweep over
    absolute values.
    """
    if isinstance(run.graph.output.data, Fraction):
        return [0.0] * len(run.wrt)
    sizes = [0.0] * len(run.graph)
    sizes[-1] = 1.0
    for v in reversed(range(len(run.graph))):
        for source, partial in run.uses[v]:
            sizes[source] += times_size(sizes[v], partial)
    terms = 2 * sum(map(len, run.uses)) + MOST_VISITS
    bounds = [terms * EPSILON * sizes[x] for x in run.wrt]
    return [bound if math.isfinite(bound) else 0.0 for bound in bounds]


def times_size(size: float, partial: Number) -> float:
    """Return size * |partial|, where a zero passes nothing on."""
    return size and _size(partial) and size * _size(partial)


def _deviation(found: list[Number], right: list[Number], bounds: list[float]) -> tuple[float, bool]:
    """Return the largest deviation relative to the largest entry, and whether any is more than rounding explains."""
    gaps = [0.0 if a == b or (a != a and b != b) else _size(a - b) for a, b in zip(found, right, strict=True)]
    scale = max(map(_size, right), default=0.0) or 1.0
    wrong = any(not gap <= bound for gap, bound in zip(gaps, bounds, strict=True))
    return max(gaps, default=0.0) / scale, wrong


def _size(number: Number) -> float:
    middle: Any = getattr(number, "mid", number)  # of an interval
    return float(abs(middle))


@cache
def smallest_example(way: Way) -> Example:
    """Return the shortest program of + and * over a = 2, b = 3 on which the way is wrong, found by trying them all.

    >>> from engine.ways import WAYS
    >>> print(smallest_example(WAYS[-1]))
    a = 2; y = a + a: dy/da = 1, right is 2
    >>> smallest_example(WAYS[0])
    Traceback (most recent call last):
    ...
    ValueError: no program of 3 operations shows 'reverse' to be wrong
    """
    longest = 3
    for length in range(1, longest + 1):
        for program in _programs(length):
            example = _try(way, program)
            if example:
                return example
    raise ValueError(f"no program of {longest} operations shows {way.name!r} to be wrong")


Step = tuple[str, int, int]


def _programs(length: int, before: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the programs of so many steps (operator, two earlier values) in which every step is used."""
    if length == len(before):
        used = {i for _, *pair in before for i in pair}
        if all(2 + step in used for step in range(length - 1)):
            yield before
        return
    known = 2 + len(before)
    for operator in "+*":
        for i in range(known):
            for j in range(i, known):
                yield from _programs(length, (*before, (operator, i, j)))


def _try(way: Way, program: tuple[Step, ...]) -> Example | None:
    names = ["a", "b", *"cde"[: len(program) - 1], "y"]
    values = [Value(Fraction(2)), Value(Fraction(3))]
    lines = []
    for (operator, i, j), name in zip(program, names[2:], strict=True):
        values.append(values[i] + values[j] if operator == "+" else values[i] * values[j])
        lines.append(f"{name} = {names[i]} {operator} {names[j]}")
    graph = Graph(values[-1])
    run = Run(graph, graph.leaves)
    right = REVERSE.run(run)
    run.start()
    for x, found, expected in zip(graph.leaves, way.run(run), right, strict=True):
        if found != expected:
            leaves = [f"{name} = {v.data}" for name, v in zip("ab", values, strict=False) if v in graph.index]
            return Example((*leaves, *lines), "ab"[x is values[1]], found, expected)
    return None


def _many(n: int) -> str:
    return f"{n:,}" if n < 10**7 else f"{n:.0e}".replace("e+", "e") if n < 10**300 else f"10^{len(str(n)) - 1}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} \N{MICRO SIGN}s" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"
