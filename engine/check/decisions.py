"""How a run decides its comparisons otherwise than by its numbers: to stay on a branch, or to see what lies on others.

A tape asks its decision at every comparison that depends on the arguments. `Follow` takes the branches of another run.
`Signs` gives every margin one sign, as at a point beside this one: comparisons of the same numbers agree.

Glossary: `engine.check.tape`.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.check.tape import Holds, Key, Node, Tape, key_of


class Follow:
    """Given outcomes, such as another run's, by the number of the comparison; of others what the numbers say."""

    def __init__(self, outcomes: Mapping[int, bool]) -> None:
        self.outcomes = outcomes

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return the outcome that is given for the next comparison."""
        return self.outcomes.get(len(tape.switches), holds(sign or 0))


class Signs:
    """A sign for each of some margins, by their key: what is compared twice comes out alike."""

    def __init__(self, signs: Mapping[Key, int]) -> None:
        self.signs = signs

    def __call__(self, tape: Tape, margin: Node, sign: int | None, holds: Holds) -> bool:
        """Return what follows from the margin's sign."""
        key, turned = key_of(margin)
        return holds(turned * self.signs[key] if key in self.signs else sign or 0)
