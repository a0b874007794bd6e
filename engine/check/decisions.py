"""How a run decides its comparisons otherwise than by its numbers: to stay on a branch, or to see what lies on others.

A tape asks its decision at every comparison that depends on the arguments. `Follow` takes the branches of another run.
`Signs` gives every margin one sign, as at a point beside this one: comparisons of the same numbers agree. `Choices`
lets each tied comparison choose for itself, as reverse accumulation does: |x| may take a half where relu(x) takes 0.

Glossary: `engine.check.tape`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.check.tape import Holds, Key, Node, Tape, key_of


class Follow:
    """The outcomes of another run, comparison by comparison, and then what the numbers say."""

    def __init__(self, outcomes: Sequence[bool]) -> None:
        self.outcomes = outcomes

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the outcome that the other run had here."""
        k = len(tape.switches)
        return self.outcomes[k] if k < len(self.outcomes) else holds(sign or 0)


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

    A choice is a comparison that is tied, or whose margin is one of the `near` ones. Its opposite right after it is
    none: an `x <= 0` that is asked where `x > 0` was false, and nothing was computed since.
    """

    def __init__(self, sides: Sequence[int], near: frozenset[Key] = frozenset()) -> None:
        self.sides, self.near = sides, near
        self.made = 0
        self._opposite: tuple[Key, list[bool]] = ((), [])  # of the choice before, by the margin's sign
        self._outcome = False
        self._nodes = 0

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the side that was chosen, or what follows from the choice before."""
        key, turned = key_of(margin)
        if sign and key not in self.near:
            return holds(sign)
        says = [holds(turned * s) for s in (-1, 0, 1)]
        computed = len(tape.nodes) - (margin.index >= self._nodes) - self._nodes  # the margin itself aside
        if not computed and self._opposite == (key, says):
            outcome = not self._outcome
        else:
            outcome = bool(self.sides[self.made]) if self.made < len(self.sides) else False
            self.made += 1
        self._opposite, self._outcome, self._nodes = (key, [not said for said in says]), outcome, len(tape.nodes)
        return outcome
