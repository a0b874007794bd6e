"""An oracle for exact derivatives: dual numbers x + x' e with e^2 = 0 (Clifford, 1873), over Fractions.

It shares no rule with the engine. Where there is no derivative it follows the documented choice: 0 for abs and relu at
0, one half for each side of a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from programs import Program


class Dual:
    """A number and its derivative by one input."""

    def __init__(self, x: Any, slope: Any = 0) -> None:
        self.x, self.slope = Fraction(x), Fraction(slope)

    @staticmethod
    def of(number: Any) -> Dual:
        return number if isinstance(number, Dual) else Dual(number)

    def __add__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.x + other.x, self.slope + other.slope)

    def __mul__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.x * other.x, self.slope * other.x + self.x * other.slope)

    def __neg__(self) -> Dual:
        return Dual(-self.x, -self.slope)

    def inverse(self) -> Dual:
        return Dual(1 / self.x, -self.slope / (self.x * self.x))

    def __sub__(self, other: Any) -> Dual:
        return self + -Dual.of(other)

    def __rsub__(self, other: Any) -> Dual:
        return Dual.of(other) - self

    def __truediv__(self, other: Any) -> Dual:
        return self * Dual.of(other).inverse()

    def __rtruediv__(self, other: Any) -> Dual:
        return Dual.of(other) * self.inverse()

    def __pow__(self, n: int) -> Dual:
        return Dual(self.x**n, n * self.x ** (n - 1) * self.slope)

    __radd__, __rmul__ = __add__, __mul__

    def relu(self) -> Dual:
        return self if self.x > 0 else Dual(0)


def _maximum(a: Dual, b: Dual) -> Dual:
    return Dual(a.x, (a.slope + b.slope) / 2) if a.x == b.x else a if a.x > b.x else b


def _dot(*xs: Dual) -> Dual:
    n, bias = divmod(len(xs), 2)
    total = xs[-1] if bias else Dual(0)
    for i in range(n):
        total = total + xs[i] * xs[n + i]
    return total


RULES: dict[str, Callable[..., Dual]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": lambda a: a if a.x > 0 else Dual(-a.x, -a.slope if a.x else 0),
    "relu": Dual.relu,
    "maximum": _maximum,
    "minimum": lambda a, b: -_maximum(-a, -b),
    "sum": lambda *xs: sum(xs, Dual(0)),
    "dot": _dot,
}


def exact_gradient(program: Program) -> list[Fraction]:
    """Return the derivative by every input: one forward sweep for each."""
    sweeps = [[Dual(x, i == j) for j, x in enumerate(program.point)] for i in range(len(program.point))]
    return [program.values(lambda name, *xs: RULES[name](*xs), inputs)[-1].slope for inputs in sweeps]
