"""Back-propagation step by step: one layout, and for each step what is done, at work and still to come.

Glossary
--------
forward sweep     each operation once, arguments first: its value
backward sweep    each use of each value once, from the output back: one message, upstream x local, added to a grad
pending           nothing is known yet; current: what this step computes; done: final for this sweep
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from engine.graph import postorder
from engine.value import Constant, Value
from viz import captions, numerals
from viz.diagram import Diagram, contribution_of, local_derivatives
from viz.view import view

MAX_NODES = 60
MAX_FRAMES = 2000
STATES = ("pending", "current", "done")
DASH = " -".ljust(numerals.WIDTH)
Place = tuple[int, int]  # an edge: its target, and which of the target's arguments it is


@dataclass(frozen=True)
class Frame:
    """One step: what it says, and the state of every box and edge.

    Attributes
    ----------
    caption : str
        The step with its numbers; a second line where a grad was there before.
    phase : str
        forward, backward or done.
    nodes, edges : dict
        pending, current or done, by a node's id, and by an edge's target and position.
    data, grad : dict of int to str
        What stands in each box.
    focus : int
        The node that gets a number in this step.
    """

    caption: str
    phase: str
    nodes: Mapping[int, str]
    edges: Mapping[Place, str]
    data: Mapping[int, str]
    grad: Mapping[int, str]
    focus: int


@dataclass(frozen=True, repr=False)
class Frames(Sequence[Frame]):
    """All steps of a forward and a backward sweep over one diagram; a sequence of Frame."""

    diagram: Diagram
    steps: tuple[Frame, ...]
    title: str

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | Sequence[Frame]:
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        boxes = len(self.diagram.nodes)
        return f'Frames: {len(self)} steps over {boxes} nodes; viz.save(frames, "steps.html") shows them'

    def text(self) -> str:
        """Return every caption with its number, one step a line."""
        width = len(str(len(self)))
        return "\n".join(
            f"{number:>{width}}  {step.phase:<8}  {'; '.join(step.caption.splitlines())}"
            for number, step in enumerate(self, 1)
        )


def frames(
    output: Value,
    *,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
    max_nodes: int = MAX_NODES,
    parameters: Iterable[Value] | None = None,
) -> Frames:
    """Return the forward and the backward sweep of a value, step by step; no grad is touched.

    Parameters
    ----------
    output : Value
        Where the forward sweep ends and the backward sweep starts.
    names : mapping of str to anything, optional
        Where Values without a label get their names from, ``names=locals()``.
    title : str, optional
        What stands above the steps; by default the output's name and number.
    max_nodes : int
        The largest graph that is shown; nobody watches thousands of steps.
    parameters : iterable of Value, optional
        The leaves to show as parameters, as for ``draw``.

    Returns
    -------
    Frames
        A sequence of steps; ``save`` writes them as .html, numbered .svg, .pdf or .png, .gif, or .txt.

    Raises
    ------
    TypeError
        If it is not a Value.
    ValueError
        If the graph is too large for steps.

    Examples
    --------
    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> out = w * x
    >>> out.label = "out"
    >>> for step in frames(out):
    ...     print(step.caption)
    given: w = 0.5, x = 2.0
    out = w * x = 0.5 * 2.0 = 1.0
    out.grad = 1.0, where back-propagation starts
    w.grad += x.data * out.grad = 2.0 * 1.0 = 2.0
    x.grad += w.data * out.grad = 0.5 * 1.0 = 0.5
    found: w.grad = 2.0, x.grad = 0.5
    >>> w.grad == 0
    True
    >>> frames(out, max_nodes=2)
    Traceback (most recent call last):
        ...
    ValueError: 3 nodes are too many for steps: max_nodes=3 makes them all the same; draw() shows all
    """
    nodes = tuple(postorder(output)) if isinstance(output, Value) else ()
    count = sum(not isinstance(node, Constant) for node in nodes)
    messages = sum(not isinstance(argument, Constant) for node in nodes for argument in node.args)
    if count > max_nodes:
        raise ValueError(
            f"{count:,} nodes are too many for steps: max_nodes={count} makes them all the same; draw() shows all"
        )
    if messages > MAX_FRAMES:
        raise ValueError(f"{messages:,} messages are more than anybody watches ({MAX_FRAMES:,}); draw() shows all")
    widest = max((len(node.args) for node in nodes), default=0)
    made = view(
        output,
        level="op",
        names=names,
        max_nodes=max(count, 1),
        max_arguments=max(widest, 2),
        parameters=parameters,
    )
    titles = {node.number: node.title for node in made.nodes}
    if title is None:
        title = f"{titles[len(nodes) - 1]} = {numerals.short(output.data)}"
    blank = tuple(
        replace(node, name=node.name or node.title, grad=DASH, terms=(), flag="", tooltip=f"{node.title}: {node.role}")
        for node in made.nodes
    )
    uses = tuple(replace(use, tooltip=use.tooltip.split("\n")[0].split(", contribution")[0]) for use in made.uses)
    sweep = _Sweep(nodes, made, titles)
    return Frames(replace(made, nodes=blank, uses=uses, note="", highlights=()), tuple(sweep.steps()), title)


@dataclass
class _Sweep:
    """Both sweeps over one graph: the numbers so far, and a frame after each step."""

    nodes: tuple[Value, ...]
    diagram: Diagram
    titles: Mapping[int, str]
    data: dict[int, str] = field(default_factory=dict)
    grad: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = [node.number for node in self.diagram.nodes]
        self.operations = [number for number in self.numbers if self.nodes[number].row is not None]
        self.arguments: dict[int, list[tuple[int, int]]] = {number: [] for number in self.numbers}
        for use in self.diagram.uses:
            self.arguments[use.target].append((use.position, use.source))
        self.uses_left = dict.fromkeys(self.numbers, 0)
        for use in self.diagram.uses:
            self.uses_left[use.source] += 1

    def steps(self) -> Iterator[Frame]:
        yield from self._forward()
        yield from self._backward()
        leaves = [number for number in self.numbers if self.nodes[number].row is None]
        found = captions.listed([self.titles[n] for n in leaves], [self.grad.get(n, 0.0) for n in leaves], ".grad")
        self.grad = {number: self.grad.get(number, 0.0) for number in self.numbers}
        yield self._frame(f"found: {found}", "done", self.numbers[-1], set(self.numbers), set(self._places()))

    def _forward(self) -> Iterator[Frame]:
        leaves = [number for number in self.numbers if self.nodes[number].row is None]
        self.data.update({number: numerals.fixed(self.nodes[number].data) for number in leaves})
        given = captions.listed([self.titles[n] for n in leaves], [self.nodes[n].data for n in leaves])
        yield self._frame(f"given: {given}", "forward", leaves[0], set(), set(), set(leaves))
        done, passed = set(leaves), set[Place]()
        for number in self.operations:
            node = self.nodes[number]
            self.data[number] = numerals.fixed(node.data)
            at_work = {(number, position) for position, _ in self.arguments[number]}
            said = captions.forward(node, self.titles[number], self._names(number))
            yield self._frame(said, "forward", number, done, passed, {number}, at_work)
            done, passed = done | {number}, passed | at_work

    def _backward(self) -> Iterator[Frame]:
        last = self.numbers[-1]
        seed = 1.0 if type(self.nodes[last].data) is float else 1
        self.grad[last] = seed
        start = f"{self.titles[last]}.grad = {captions.number(seed)}, where back-propagation starts"
        yield self._frame(start, "backward", last, set(), set(), {last})
        done, passed = {last}, set[Place]()
        for number in reversed(self.operations):
            node, names = self.nodes[number], self._names(number)
            locals_ = local_derivatives(node)
            upstream = self.grad.setdefault(number, 0.0)
            for position, source in self.arguments[number]:
                local = math.nan if locals_[position] is None else locals_[position]
                sent = local if local == 0 else contribution_of(upstream, local)
                said = captions.backward(node, position, (self.titles[number], names), local, upstream, sent)
                if source in self.grad:
                    before, self.grad[source] = self.grad[source], self.grad[source] + sent
                    said += "\n" + captions.accumulated(self.titles[source], before, sent, self.grad[source])
                else:
                    self.grad[source] = sent
                yield self._frame(said, "backward", source, done, passed, {number, source}, {(number, position)})
                passed = passed | {(number, position)}
                self.uses_left[source] -= 1
                done = done | ({source} if not self.uses_left[source] else set())

    def _names(self, number: int) -> list[str]:
        """Return the names of a node's arguments; a constant's is its number."""
        known = {position: self.titles[source] for position, source in self.arguments[number]}
        arguments = self.nodes[number].args
        return [known.get(position) or captions.number(a.data) for position, a in enumerate(arguments)]

    def _places(self) -> list[Place]:
        return [(use.target, use.position) for use in self.diagram.uses]

    def _frame(
        self,
        caption: str,
        phase: str,
        focus: int,
        done: set[int],
        passed: set[Place],
        at_work: Iterable[int] = (),
        messages: Iterable[Place] = (),
    ) -> Frame:
        return Frame(
            caption,
            phase,
            {number: _state(number, at_work, done) for number in self.numbers},
            {place: _state(place, messages, passed) for place in self._places()},
            {number: self.data.get(number, DASH) for number in self.numbers},
            {number: numerals.fixed(self.grad[number]) if number in self.grad else DASH for number in self.numbers},
            focus,
        )


def _state(thing: Any, at_work: Iterable[Any], done: Iterable[Any]) -> str:
    return "current" if thing in at_work else "done" if thing in done else "pending"
