"""The life of Values, in any order: build, change leaves, replay, backward, rebuild, forget; gradients stay right.

The model beside it is plain: a program over numbers, whose derivatives come from the checker's tape, not the engine's.
"""

from __future__ import annotations

import weakref
from typing import Any

from budget import examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine import Value
from engine.check.case import ulps_between
from engine.check.fields import IntervalField
from engine.check.programs import Program
from engine.check.runs import run
from engine.check.structure import Point
from engine.graph import Graph

SMOOTH = ("add", "mul", "sub", "sin", "tanh", "sigmoid")
STEPS = st.tuples(st.sampled_from(SMOOTH), st.integers(0, 9), st.integers(0, 9))
ULPS = 2.0**30  # far beyond rounding in a program of these sizes, far below any mistake of bookkeeping


class Lives(RuleBasedStateMachine):
    """Leaves that live on, and graphs over them that come and go."""

    outputs = Bundle("outputs")

    def __init__(self) -> None:
        super().__init__()
        self.leaves: list[Value] = []
        self.expected: list[float] = []
        self.steps: list[Any] = []

    @initialize(numbers=st.lists(st.floats(0.25, 2), min_size=2, max_size=3))
    def plant(self, numbers: list[float]) -> None:
        self.leaves = [Value(x) for x in numbers]
        self.expected = [0.0] * len(numbers)

    @rule(target=outputs, draws=st.lists(STEPS, max_size=6))
    def build(self, draws: list[tuple[str, int, int]]) -> tuple[Program, Graph]:
        steps: list[Any] = [("mul", 0, 1)]
        for name, i, j in draws:
            count = len(self.leaves) + len(steps)
            steps.append((name, i % count, j % count) if name in ("add", "mul", "sub") else (name, i % count))
        program = Program(tuple(leaf.data for leaf in self.leaves), tuple(steps))
        return program, Graph(program(*self.leaves))

    @rule(which=st.integers(0, 2), number=st.floats(0.25, 2))
    def change_a_leaf(self, which: int, number: float) -> None:
        self.leaves[which % len(self.leaves)].data = number

    @rule(made=outputs)
    def replay_and_go_backward(self, made: tuple[Program, Graph]) -> None:
        program, graph = made
        graph.forward()
        graph.backward()
        self.add_the_truth(program)

    @rule(made=outputs)
    def rebuild_and_go_backward(self, made: tuple[Program, Graph]) -> None:
        program, _ = made
        program(*self.leaves).backward()
        self.add_the_truth(program)

    @precondition(lambda self: self.leaves)
    @rule()
    def forget_the_gradients(self) -> None:
        for leaf in self.leaves:
            leaf.grad = 0
        self.expected = [0.0] * len(self.leaves)

    @rule(made=outputs)
    def free_a_graph(self, made: tuple[Program, Graph]) -> None:
        program, _ = made
        output = program(*self.leaves)

        class Probe(Value):
            __slots__ = ("__weakref__",)

        probe = Probe(1.0)
        total = output + probe
        gone = weakref.ref(probe)
        del total, probe
        assert gone() is None  # by reference counting alone: a graph holds no cycle

    def add_the_truth(self, program: Program) -> None:
        point = Point(tuple(leaf.data for leaf in self.leaves), program)
        gradient = run(program, point, IntervalField(169)).gradient()
        self.expected = [e + float((d.low + d.high) / 2) for e, d in zip(self.expected, gradient, strict=True)]

    @invariant()
    def every_leaf_holds_the_sum_of_its_gradients(self) -> None:
        for leaf, expected in zip(self.leaves, self.expected, strict=True):
            near = abs(float(leaf.grad) - expected) <= 1e-9
            assert near or ulps_between(float(leaf.grad), expected, expected) <= ULPS


TestLives = Lives.TestCase
TestLives.settings = settings(examples(30), stateful_step_count=20)
