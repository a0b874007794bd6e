"""What a diagnosis goes by: the claims, the truth, f's graph, and the lengths of the arrays that f sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.check.case import Case
from engine.check.factors import FACTOR_NEAR, ratio_of, sizes_of
from engine.check.fields import as_double
from engine.check.precision import claims_are_float32
from engine.check.sweeps import Graph

COARSE = 2.0**-16  # relative: how well numbers of float32 are what they are said to be


@dataclass(eq=False)
class Evidence:
    """What is claimed, what is true, and what may explain the difference.

    claims, truth: one number per component. wrong: the indices of the components that are called wrong.
    """

    case: Case
    claims: Sequence[float]
    truth: Sequence[float]
    wrong: Sequence[int]

    @cached_property
    def sizes(self) -> dict[int, str]:
        """The lengths of the arrays that f sees."""
        return sizes_of(self.case.f)

    @cached_property
    def graph(self) -> Graph | None:
        """F's graph in doubles; None for a black box."""
        run = self.case.truth.run
        return Graph(run, self.case.point) if run is not None else None

    @cached_property
    def blocks(self) -> list[tuple[str, list[int]]]:
        """The arguments' arrays, each with the indices of its components; for a Jacobian in every row."""
        width = self.case.width
        rows = len(self.claims) // width
        return [
            (b.name, [k * width + i for k in range(rows) for i in range(b.start, b.start + b.size)])
            for b in self.case.point.blocks
        ]

    @cached_property
    def parts(self) -> list[tuple[str, list[int]]]:
        """All components under the name "", then each argument's, of those that hold everything that is wrong."""
        parts = [("", list(range(len(self.truth)))), *(self.blocks if len(self.blocks) > 1 else [])]
        return [(name, part) for name, part in parts if set(self.wrong) <= set(part)]

    @cached_property
    def is_coarse(self) -> bool:
        """Whether the claims have float32's digits only."""
        return claims_are_float32(self.case)

    def ratio(self, part: Sequence[int]) -> float | None:
        """Return the one factor between claims and truth, None where there is none."""
        return ratio_of(self.claims, self.truth, part, COARSE if self.is_coarse else FACTOR_NEAR, self.errors)

    @cached_property
    def errors(self) -> list[float] | None:
        """How far the truth may be off, where no proof tells it."""
        truth = self.case.truth
        if truth.proof:
            return None
        return [as_double(high - low) / 2 for low, high in zip(truth.low, truth.high, strict=True)]

    def with_factor(self, part: Sequence[int], factor: float) -> list[float]:
        """Return the truth with a factor on some components."""
        result = list(self.truth)
        for i in part:
            result[i] = factor * self.truth[i]
        return result
