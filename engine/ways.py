"""Every way to one gradient, right and famously wrong, over one Graph; each counts what it does.

Seven ways, one loop each. What makes a backward sweep right is the order alone: a node may be passed on only when all
of its uses have delivered. So each wrong way is the right sweep with another order, or with = for +=.

Glossary
--------
visit: one node processed: its adjoint passed on to its arguments, or its tangent or value computed from them.
multiplication: adjoint times partial (backwards, along paths) or partial times tangent (forwards). The partials are
    computed once for all ways and not counted; finite differences need none, and count the arithmetic of the formula.
too early: a node was passed on before all of its uses had delivered their contribution.
again: a node was passed on in time, and then once more with all that it had delivered already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.functions import Number, context_of
from engine.graph import Graph
from engine.path import times
from engine.tables import shown
from engine.value import Constant, Value


@dataclass(frozen=True)
class Mistake:
    """What went wrong first: the node, and in words what happened to it."""

    node: Value
    what: str


class Run:
    """The recorded graph as lists, and what one way has done so far.

    Attributes
    ----------
    uses: for each node its arguments, as (id, partial); the constants of the formula are left out.
    fan_out: for each node how often it is used.
    wrt: the ids of the leaves whose gradient is wanted.
    adjoint, received, passed: of each node, as far as the sweep has come, how many contributions it has had, and
        whether it has passed them on.
    """

    def __init__(self, graph: Graph, wrt: Sequence[Value]) -> None:
        self.graph = graph
        self.uses: list[list[tuple[int, Number]]] = [[] for _ in graph.nodes]
        self.fan_out = [0] * len(graph)
        for edge, partial in zip(graph.edges, graph.partials(), strict=True):
            if not isinstance(graph.nodes[edge.source], Constant):
                self.uses[edge.target].append((edge.source, partial))
                self.fan_out[edge.source] += 1
        self.wrt = [graph.index[x] for x in wrt]
        self.start()

    def start(self) -> None:
        """Forget what was done, and set the output's adjoint to 1."""
        self.zero = type(self.graph.output.data)()
        self.adjoint: list[Number] = [self.zero] * len(self.graph)
        self.adjoint[-1] = self.zero + 1
        self.received = [0] * len(self.graph)
        self.passed = [False] * len(self.graph)
        self.multiplications = self.additions = self.visits = 0
        self.mistake: Mistake | None = None

    def process(self, v: int, *, overwrite: bool = False) -> None:
        """Pass the adjoint of node v on to its arguments."""
        self.visits += 1
        if self.uses[v] and self.received[v] < self.fan_out[v]:
            uses = self.fan_out[v]
            when = "before its use" if uses == 1 else f"after {self.received[v]} of its {uses} uses"
            self._blame(v, f"was passed on too early, {when}")
        elif self.uses[v] and self.passed[v] and self.mistake is None:  # the first is told; this is timed
            self._blame(v, f"was passed on again, though all of {shown(self.adjoint[v])} had been passed on before")
        self.passed[v] = True
        for source, partial in self.uses[v]:
            contribution = times(self.adjoint[v], partial)
            self.multiplications += 1
            if overwrite:
                if self.received[source]:
                    lost, written = shown(self.adjoint[source]), shown(contribution)
                    self._blame(source, f"lost {lost} when {written} was written over it")
                self.adjoint[source] = contribution
            else:
                self.adjoint[source] = self.adjoint[source] + contribution
                self.additions += 1
            self.received[source] += 1

    def gradient(self) -> list[Number]:
        """Return the adjoints of the leaves."""
        return [self.adjoint[x] for x in self.wrt]

    def _blame(self, v: int, what: str) -> None:
        self.mistake = self.mistake or Mistake(self.graph.nodes[v], what)


def reverse(run: Run) -> list[Number]:
    """Back-propagation: each node once, after all that use it."""
    for v in reversed(range(len(run.graph))):
        run.process(v)
    return run.gradient()


def recursive_without_order(run: Run) -> list[Number]:
    """WRONG: pass a node on and call the same for each of its arguments, as often as they are met.

    Proposed in micrograd's pull request 64 and issue 68, where the arguments are a set, each taken once.
    """
    stack = [len(run.graph) - 1]
    while stack:
        v = stack.pop()
        run.process(v)
        stack += reversed(list(dict.fromkeys(source for source, _ in run.uses[v])))
    return run.gradient()


def postorder(run: Run) -> list[Number]:
    """WRONG: depth first, pass a node on when its arguments are finished (micrograd's issue 96)."""
    for v in range(len(run.graph)):  # the graph's own order is this one
        run.process(v)
    return run.gradient()


def overwrite_instead_of_accumulate(run: Run) -> list[Number]:
    """WRONG: the right order, but `a.grad = ...` where `a.grad += ...` is needed."""
    for v in reversed(range(len(run.graph))):
        run.process(v, overwrite=True)
    return run.gradient()


def forward(run: Run) -> list[Number]:
    """Forward mode: one sweep of tangents for each leaf, d(node) = sum of partial * d(argument)."""
    gradient = []
    for x in run.wrt:
        tangent = [run.zero] * len(run.graph)
        tangent[x] = run.zero + 1
        for v, terms in enumerate(run.uses):
            run.visits += 1
            if terms:
                total = run.zero
                for source, partial in terms:
                    total = total + times(tangent[source], partial)
                tangent[v] = total
                run.multiplications += len(terms)
                run.additions += len(terms)
        gradient.append(tangent[-1])
    return gradient


def paths(run: Run) -> list[Number]:
    """Sum over all paths: walk from the output to the leaves, and multiply on the way."""
    sums = {x: run.zero for x in run.wrt}
    walks = [(len(run.graph) - 1, run.zero + 1)]
    while walks:
        v, product = walks.pop()
        run.visits += 1
        if v in sums:
            sums[v] = sums[v] + product
            run.additions += 1
        run.multiplications += len(run.uses[v])
        walks += [(source, times(product, partial)) for source, partial in run.uses[v]]
    return [sums[x] for x in run.wrt]


def finite_differences(run: Run) -> list[Number]:
    """Move each leaf up and down a little and compute everything anew, twice: an approximation."""
    nodes, gradient = run.graph.nodes, []
    args = [[run.graph.index[a] for a in v.args] for v in nodes]
    for x in run.wrt:
        at = nodes[x].data
        ends = []
        for step in (_step(at), -_step(at)):
            data = [v.data for v in nodes]
            data[x] = at + step
            for v, made_of in enumerate(args):
                run.visits += 1
                row = nodes[v].row
                if row is not None:
                    data[v] = row.value(*[data[a] for a in made_of])
                    multiplications, additions = _arithmetic(row.name, len(made_of))
                    run.multiplications += multiplications
                    run.additions += additions
            ends.append((data[-1], data[x]))
        (above, high), (below, low) = ends
        gradient.append((above - below) / (high - low))
        run.multiplications += 1
        run.additions += 4
    return gradient


def reverse_cost(run: Run) -> int:
    """Return the visits of one sweep."""
    return len(run.graph)


def sweeps_cost(run: Run) -> int:
    """Return the visits of a sweep for each leaf."""
    return len(run.graph) * len(run.wrt)


def differences_cost(run: Run) -> int:
    """Return the visits of two evaluations for each leaf."""
    return 2 * sweeps_cost(run)


def paths_cost(run: Run) -> int:
    """Return the number of paths from the output to any node, which is that of the visits, without walking them."""
    return _walks(run, [[source for source, _ in terms] for terms in run.uses])


def recursion_cost(run: Run) -> int:
    """Return the same for a recursion that takes each argument of a node once."""
    return _walks(run, [list(dict.fromkeys(source for source, _ in terms)) for terms in run.uses])


def _walks(run: Run, arguments: list[list[int]]) -> int:
    arrivals = [0] * len(run.graph)
    arrivals[-1] = 1
    for v in reversed(range(len(run.graph))):
        for source in arguments[v]:
            arrivals[source] += arrivals[v]
    return sum(arrivals)


@dataclass(frozen=True)
class Way:
    """One way to a gradient: its name, the function, what it costs in visits, and whether it is right."""

    name: str
    run: Callable[[Run], list[Number]]
    cost: Callable[[Run], int]
    right: bool = True


REVERSE = Way("reverse", reverse, reverse_cost)
WAYS = (
    REVERSE,
    Way("forward", forward, sweeps_cost),
    Way("paths", paths, paths_cost),
    Way("finite differences", finite_differences, differences_cost),
    Way("recursion without order", recursive_without_order, recursion_cost, right=False),
    Way("depth-first post-order", postorder, reverse_cost, right=False),
    Way("= instead of +=", overwrite_instead_of_accumulate, reverse_cost, right=False),
)
"""The ways that `engine.strategies.compare` runs, the reference first."""


def _step(at: Number) -> Number:
    """Return a step near cbrt(eps) (1 + |x|), the best for central differences, as a number of x's own type."""
    context = context_of(at)
    if context is not None:
        return context.mpf(2) ** -(context.prec // 3) * (1 + abs(at))
    tiny = 2.0**-17
    if isinstance(at, complex):
        return complex(tiny * (1 + abs(at)))
    return type(at)(tiny) * (1 + abs(at))


def _arithmetic(name: str, arguments: int) -> tuple[int, int]:
    """Return how many multiplications and additions an operator is; a function such as tanh counts as a visit alone."""
    if name in ("mul", "div", "pow"):
        return 1, 0
    if name == "dot":
        return arguments // 2, arguments // 2 - 1 + arguments % 2
    return 0, arguments - 1 if name in ("add", "sub", "sum") else 0
