"""A tape: what a function did with its numbers, in any field, and reverse accumulation over it.

This is the oracles' own machinery, apart from the engine's. `Tape.apply` computes a number of the field and notes where
it came from; `sweep` multiplies the derivatives of `engine.check.rules` together. Intervals go in, so enclosures come
out (reverse accumulation: Griewank and Walther, Evaluating Derivatives, section 3.2; in intervals: Moore, Kearfott and
Cloud, Introduction to Interval Analysis, chapter 9).

Glossary
--------
switch: a comparison that depended on the arguments, where the function may have a kink. `margin` is the difference of
    its two sides; a switch is tied where that difference is 0, or not known to be other than 0.
decision: what settles the comparisons of a second run otherwise than by its numbers (`engine.check.decisions`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.check.huge import TooLarge
from engine.check.rules import RULES
from engine.lines import shown_line, users_line

CONSTANT = -1  # the index of a number that does not depend on the arguments


@dataclass(slots=True, eq=False)
class Node:
    """One number on the tape: its value (None where there is none, as nan), and what it was made from."""

    index: int
    name: str
    value: Any
    parents: tuple[Node, ...] = ()
    partials: tuple[Any, ...] | None = None  # given for a function with a kink; else computed when first asked for
    line: str = ""


Key = tuple[Any, ...]


def key_of(margin: Node) -> tuple[Key, int]:
    """Return what two numbers a margin compares, in a fixed order, and -1 where that turns its sign round."""
    if margin.name != "sub":
        return (margin.index,), 1
    a, b = (p.index if p.index != CONSTANT else _raw(p.value) for p in margin.parents)
    if isinstance(a, int) and isinstance(b, int) and b < a:
        return (b, a), -1
    return (a, b), 1


def _raw(value: Any) -> Any:
    """Return the raw number behind a constant: the same in every field, where it is a double."""
    return value.raw[0] if hasattr(value, "raw") else value._mpf_


@dataclass(slots=True, eq=False)
class Switch:
    """A comparison: the difference of its sides as a Node, whether it was true, and the line it stands in."""

    margin: Node
    outcome: bool
    tied: bool
    line: str
    equality: bool = False


Holds = Callable[[int], bool]
"""What a comparison says of its margin's sign, which is -1, 0 or 1."""


class Decision(Protocol):
    """What settles a comparison, given its margin, the margin's sign (None where unknown), and what is said of it."""

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the outcome."""


@dataclass(eq=False)
class Tape:
    """The record of one run of a function.

    >>> from engine.check.fields import RealField
    >>> tape = Tape(RealField(60))
    >>> x = tape.leaf(3.0)
    >>> y = tape.apply("mul", (x, x))
    >>> float(tape.sweep(y)[x.index])
    6.0
    """

    field: Any
    decision: Decision | None = None
    recording: bool = True
    nodes: list[Node] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    operations: int = 0
    too_large: str = ""  # why a number was not computed, where it is beyond all measure
    _constants: dict[Any, Any] = field(default_factory=dict)  # the data of a loss come again and again

    def leaf(self, x: Any, *, rounded: bool = True) -> Node:
        """Return a new variable."""
        number = self.field.number(x)
        node = Node(len(self.nodes), "", self.field.rounded(number) if rounded else number)
        self.nodes.append(node)
        return node

    def forget(self, leaves: int) -> None:
        """Leave nothing but the variables, after a run that failed."""
        del self.nodes[leaves:]
        self.switches.clear()
        self.operations, self.too_large = 0, ""

    def constant(self, x: Any) -> Node:
        """Return a number that depends on nothing."""
        number = self._constants.get(x)
        if number is None and x == x:
            number = self._constants[x] = self.field.number(x)
        return Node(CONSTANT, "", number)

    def apply(self, name: str, args: tuple[Node, ...], partials: tuple[Any, ...] | None = None) -> Node:
        """Return the node of a rule over the arguments."""
        value = self._value(name, [a.value for a in args])
        self.operations += 1
        if not self.recording or (args[0].index == CONSTANT and all(a.index == CONSTANT for a in args)):
            return Node(CONSTANT, name, value)
        return self.record(name, value, args, partials)

    def record(self, name: str, value: Any, args: tuple[Node, ...], partials: tuple[Any, ...] | None = None) -> Node:
        """Append a node whose value is known."""
        line = _line() if name not in _ARITHMETIC else ""
        node = Node(len(self.nodes), name, value, args, partials, line)
        self.nodes.append(node)
        return node

    def _value(self, name: str, values: list[Any]) -> Any:
        for value in values:
            if value is None:  # `None in values` would ask mpmath whether each of them is None
                return None
        try:
            return self.field.rounded(RULES[name].value(self.field, *values))
        except TooLarge as error:
            self.too_large = str(error)
            return None
        except (ArithmeticError, ValueError):
            return None  # NumPy goes on with nan, and so does this: the branch may not be the one that is used

    def compare(self, margin: Node, holds: Holds, *, equality: bool = False) -> bool:
        """Return whether a comparison holds, given its margin and what it says of the margin's sign."""
        if margin.value is None:
            return False
        sign = self.field.sign(margin.value)
        if margin.index == CONSTANT and self.recording:
            return holds(sign or 0)
        outcome = holds(sign or 0) if self.decision is None else self.decision(self, margin, sign, holds)
        self.switches.append(Switch(margin, outcome, not sign, _line(), equality))
        return outcome

    def partials_of(self, node: Node) -> tuple[Any, ...]:
        """Return the derivative of a node by each of its parents."""
        if node.partials is None:
            rule, F = RULES[node.name], self.field
            try:
                found = rule.partials(F, node.value, *[a.value for a in node.parents])
            except (ArithmeticError, ValueError):
                found = (F.undefined,) * len(node.parents)
            if getattr(F, "noise", None) is not None:
                found = tuple(p if p is F.one else F.rounded(p, rule.cancels) for p in found)
            node.partials = found
        return node.partials

    def sweep(self, output: Node, *, generic: bool = False) -> dict[int, Any]:
        """Return d(output)/d(node) by index, for the nodes that output depends on.

        At a generic point a derivative that is 0 is 0 all around, and so passes nothing on, be the adjoint infinite:
        the distance of a point from itself.
        """
        F = self.field
        adjoints: dict[int, Any] = {output.index: F.one}
        for node in reversed(self.nodes[: output.index + 1]):
            g = adjoints.get(node.index)
            if g is None or not node.parents or F.sign(g) == 0:
                continue
            if node.value is None:
                partials: Sequence[Any] = (F.undefined,) * len(node.parents)
            else:
                partials = self.partials_of(node)
            for parent, partial in zip(node.parents, partials, strict=True):
                i = parent.index
                if i == CONSTANT or (generic and F.sign(partial) == 0):
                    continue
                step = g if partial is F.one else g * partial
                known = adjoints.get(i)
                adjoints[i] = step if known is None else F.rounded(known + step)
        return adjoints


_ARITHMETIC = frozenset(("add", "sub", "mul", "div", "neg"))


def _line() -> str:
    """Return "file:line" of the user's code that is running."""
    return shown_line(*users_line(sys._getframe(2)))
