"""How a run decides its comparisons otherwise than by its numbers: to stay on a branch, or to see what lies on others.

A tape asks its decision at every comparison that depends on the arguments. `Follow` takes the branches of another run.
`Signs` gives every margin one sign, as at a point beside this one: comparisons of the same numbers agree. `Choices`
lets each tied comparison choose for itself, as reverse accumulation does: |x| may take a half where relu(x) takes 0.

Glossary: `engine.check.tape`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from engine.check.tape import Holds, Key, Node, Tape, key_of

OURS = frozenset((__name__, "engine.check.tape", "engine.check.traced"))
"""The modules through which a comparison comes here."""


class Follow:
    """The outcomes of another run, comparison by comparison, and then what the numbers say."""

    def __init__(self, outcomes: Sequence[bool]) -> None:
        self.outcomes = outcomes

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the outcome that the other run had here."""
        k = len(tape.switches)
        return self.outcomes[k] if tape.depends(margin) and k < len(self.outcomes) else holds(sign or 0)


class Signs:
    """A sign for each of some margins, by their key: what is compared twice comes out alike."""

    def __init__(self, signs: Mapping[Key, int]) -> None:
        self.signs = signs

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return what follows from the margin's sign."""
        key, turned = key_of(margin)
        return holds(turned * self.signs[key] if key in self.signs else sign or 0)


class Choices:
    """A side for each choice, in the order in which they are made: `sides`, and False beyond; `made` counts them.

    A choice is a comparison that is tied, or whose margin is one of the `near` ones; also where an earlier choice has
    left a constant there, so that the choices after it keep their numbers. Its opposite right after it, in the same
    call, is none: an `x <= 0` that a function asks after it was told that `x > 0` is false.
    """

    def __init__(self, sides: Sequence[int], near: frozenset[Key] = frozenset()) -> None:
        self.sides, self.near = sides, near
        self.made = 0
        self._opposite: tuple[Any, ...] = ()  # of the choice before: who asked, for what margin, and what it says
        self._outcome = False

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the side that was chosen, or what follows from the choice before."""
        key, turned = key_of(margin)
        if sign and key not in self.near:
            return holds(sign)
        asking = _caller()
        says = [holds(turned * s) for s in (-1, 0, 1)]
        if self._opposite == (asking, key, says):
            self._opposite = ()
            return not self._outcome
        outcome = bool(self.sides[self.made]) if self.made < len(self.sides) else False
        self.made += 1
        self._opposite, self._outcome = (asking, key, [not said for said in says]), outcome
        return outcome


def _caller() -> FrameType | None:
    """Return the call under way that compares two numbers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in OURS:
        frame = frame.f_back
    return frame
