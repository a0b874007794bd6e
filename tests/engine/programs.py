"""Straight-line programs with shared nodes, as a hypothesis strategy: they find graph bugs, which trees never do.

Each instruction applies a row of the table to any values before it, so values are used twice and more. A program runs
over any number, and over Values; its repr is Python that runs. It shrinks towards few instructions on small numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st

from engine import Value
from engine.elementary import TABLE
from engine.functions import Number

EXACT = ("add", "mul", "sub", "neg", "div", "abs", "relu", "maximum", "minimum", "sum", "dot")
"""Rows whose value and derivatives of Fractions are Fractions."""

LARGEST = 1e6
"""Instructions whose result would be larger are left out."""


class Instruction(NamedTuple):
    """A row's name, and the positions of its arguments among the inputs and the results so far."""

    name: str
    args: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Instructions on the inputs x0, x1, ...; the last result is the program's."""

    point: tuple[Number, ...]
    instructions: tuple[Instruction, ...]

    def values(self, apply: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
        """Return the inputs and the result of every instruction, each computed by apply(name, *arguments)."""
        values = list(inputs)
        for name, args in self.instructions:
            values.append(apply(name, *[values[i] for i in args]))
        return values

    def on_numbers(self, *inputs: Number) -> Number:
        """Return the result for plain numbers."""
        return self.values(on_numbers, inputs)[-1]

    def on_values(self, *inputs: Value) -> Value:
        """Return the result for Values, recorded."""
        result: Value = self.values(Value.apply, inputs)[-1]
        return result

    def record(self) -> tuple[Value, list[Value]]:
        """Return the recorded result at the program's point, and the inputs."""
        inputs = [Value(x) for x in self.point]
        return self.on_values(*inputs), inputs

    def __repr__(self) -> str:
        lines = [f"x{i} = Value({x!r})" for i, x in enumerate(self.point)]
        for i, (name, args) in enumerate(self.instructions, len(self.point)):
            lines.append(f"x{i} = Value.apply({name!r}, {', '.join(f'x{a}' for a in args)})")
        return "\n" + "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # what hypothesis shows

    def without_unused(self) -> Program:
        """Return the program without the instructions that its result does not depend on."""
        n = len(self.point)
        used = {n + len(self.instructions) - 1}
        for i in reversed(range(n, n + len(self.instructions))):
            if i in used:
                used.update(self.instructions[i - n].args)
        place = {old: new for new, old in enumerate(sorted(used | set(range(n))))}
        kept = [step for i, step in enumerate(self.instructions, n) if i in used]
        return Program(self.point, tuple(Instruction(name, tuple(place[a] for a in args)) for name, args in kept))


def on_numbers(name: str, *xs: Number) -> Number:
    """Apply a row to plain numbers."""
    return TABLE[name].value(*xs)


@st.composite
def programs(
    draw: st.DrawFn,
    numbers: st.SearchStrategy[Number],
    names: Sequence[str] = tuple(TABLE),
    largest: int = 10,
    inputs: int = 3,
) -> Program:
    """Draw a program over a few inputs; an instruction without a value, or with a huge one, is left out."""
    point = tuple(draw(st.lists(numbers, min_size=1, max_size=inputs)))
    values = list(point)
    instructions = []
    for _ in range(draw(st.integers(1, largest))):
        name = draw(st.sampled_from(names))
        # dot takes as many weights as inputs, and a bias where their number is odd.
        arity = TABLE[name].arity or draw(st.integers(2, 5))
        # Positions count from the latest value, which shrinks to a chain and keeps most results in use.
        args = tuple(len(values) - 1 - draw(st.integers(0, len(values) - 1)) for _ in range(arity))
        try:
            value = on_numbers(name, *[values[i] for i in args])
        except (ArithmeticError, ValueError):
            continue
        if not isinstance(value, complex) and abs(value) <= LARGEST:
            instructions.append(Instruction(name, args))
            values.append(value)
    if not instructions:
        instructions.append(Instruction("add", (0, 0)))
    return Program(point, tuple(instructions))


def fractions() -> st.SearchStrategy[Fraction]:
    """Small exact numbers, zero and negative ones among them."""
    return st.builds(Fraction, st.integers(-6, 6), st.integers(1, 4))


def floats() -> st.SearchStrategy[float]:
    """Floats of ordinary size, with all their bits."""
    return st.floats(-3.0, 3.0, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-3)
