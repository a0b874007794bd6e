"""Exact numbers for hypothesis: one draw from the list of them all, where st.fractions takes several and is slow."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st


def rationals(low: Fraction | int, high: Fraction | int, denominators: int) -> st.SearchStrategy[Fraction]:
    """Draw from the fractions in [low, high] with bounded denominators; they shrink to whole numbers near 0."""
    every = {Fraction(p, q) for q in range(1, denominators + 1) for p in range(ceil(low * q), floor(high * q) + 1)}
    return st.sampled_from(sorted(every, key=lambda x: (x.denominator, abs(x), x < 0)))
