"""Straight lines through measured points: the exponent of a power law, the growth of an exponential, with uncertainty.

========  ============================================================
symbol    name
========  ============================================================
x, y      the points, y = slope x + intercept; n of them
s         standard error of the slope
========  ============================================================

Ordinary least squares; the standard error is s^2 = sum of squared residuals / (n - 2) / sum (x - mean x)^2, which needs
three points (Draper and Smith, Applied Regression Analysis, 3rd edition, section 1.4). Residuals of exact counts are no
noise but the lower-order terms; their s then says how far the points are from one pure power.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """A fitted line: y = slope x + intercept, error is the standard error of the slope (nan for two points)."""

    slope: float
    error: float
    intercept: float

    def __str__(self) -> str:
        """Return the slope with its uncertainty, two decimals each."""
        return f"{self.slope:.2f} ± {self.error:.2f}" if math.isfinite(self.error) else f"{self.slope:.2f}"


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the least-squares line; None where there are fewer than two different x, so that no line is determined.

    >>> print(fit_line([1, 2, 3], [3, 5, 7]))
    2.00 ± 0.00
    >>> print(fit_line([1, 2], [3, 5]))
    2.00
    >>> fit_line([1, 1], [3, 5]) is None
    True
    >>> fit_line([1, 2], [3])
    Traceback (most recent call last):
    ...
    ValueError: a line needs as many y as x, got 2 x and 1 y
    """
    if len(x) != len(y):
        raise ValueError(f"a line needs as many y as x, got {len(x)} x and {len(y)} y")
    if len(set(x)) < 2:
        return None
    n, mean_x, mean_y = len(x), math.fsum(x) / len(x), math.fsum(y) / len(y)
    spread = math.fsum((a - mean_x) ** 2 for a in x)
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    intercept = mean_y - slope * mean_x
    residuals = math.fsum((b - slope * a - intercept) ** 2 for a, b in zip(x, y, strict=True))
    return Line(slope, math.sqrt(residuals / (n - 2) / spread) if n > 2 else math.nan, intercept)


def fit_power(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the line through the logarithms: y = exp(intercept) x^slope; None as for `fit_line`.

    >>> print(fit_power([1, 10, 100], [3, 300, 30000]))
    2.00 ± 0.00
    >>> fit_power([1, 2], [0, 1])
    Traceback (most recent call last):
    ...
    ValueError: a power law needs positive points, got (1, 0)
    """
    for a, b in zip(x, y, strict=False):
        if not (a > 0 and b > 0):
            raise ValueError(f"a power law needs positive points, got ({a}, {b})")
    return fit_line([math.log(a) for a in x], [math.log(b) for b in y])


def fit_growth(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the line through (x, log y): each step of x multiplies y by exp(slope); None as for `fit_line`.

    >>> line = fit_growth([1, 2, 3], [8, 16, 32])
    >>> round(math.exp(line.slope), 6)
    2.0
    """
    return fit_line(x, [math.log(b) for b in y])
