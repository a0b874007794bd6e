"""A number that counts: run a formula on it, and know exactly how many multiplications the formula took.

The engine and the matrix form run on any kind of number (Values of it, NumPy object arrays of it), so nothing is
estimated: the code that computes the gradient is the code that is counted. A division and a power count as one
multiplication each; sums, comparisons and functions such as exp and tanh count as none.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any


@dataclass(slots=True)
class Tally:
    """How many multiplications, divisions and powers were done."""

    multiplications: int = 0


_tally = Tally()
_new = object.__new__  # a number is made with every operation, so __init__ is left out there


@contextmanager
def counted() -> Iterator[Tally]:
    """Count the multiplications of Counting numbers within a block; blocks may be nested, the inner ones count apart.

    >>> with counted() as tally:
    ...     y = Counting(2.0) * 3.0 + 1.0
    >>> y, tally.multiplications
    (Counting(7.0), 1)
    >>> with counted() as tally:
    ...     y = Counting(2.0) + 1.0
    >>> tally.multiplications
    0
    """
    global _tally
    outer, _tally = _tally, Tally()
    try:
        yield _tally
    finally:
        _tally = outer


class Counting:
    """A real number whose multiplications are counted (see `counted`); everything that it meets becomes one, too.

    >>> x = Counting(0.5)
    >>> with counted() as tally:
    ...     y = x * x / 4 - x.exp() * 2
    >>> tally.multiplications
    3
    >>> Counting("0.5")
    Traceback (most recent call last):
    ...
    TypeError: a Counting number is made from a real number, got str '0.5'
    """

    __slots__ = ("value",)

    value: float

    def __init__(self, value: float = 0.0) -> None:
        if isinstance(value, str) or not hasattr(value, "__float__"):
            raise TypeError(f"a Counting number is made from a real number, got {type(value).__name__} {value!r}")
        self.value = float(value)

    # Sums and products are nearly all that is ever run; they are written out because a call more doubles their time.

    def __mul__(self, other: Any) -> Counting:
        if type(other) is Counting:
            other = other.value
        elif not isinstance(other, (int, float)):
            return NotImplemented
        _tally.multiplications += 1
        product = _new(Counting)
        product.value = self.value * other
        return product

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Counting:
        if type(other) is Counting:
            other = other.value
        elif not isinstance(other, (int, float)):
            return NotImplemented
        total = _new(Counting)
        total.value = self.value + other
        return total

    __radd__ = __add__

    def __sub__(self, other: Any) -> Counting:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Counting:
        return (-self).__add__(other)

    def __truediv__(self, other: Any) -> Counting:
        _tally.multiplications += 1
        return Counting(self.value / float(other))

    def __rtruediv__(self, other: Any) -> Counting:
        _tally.multiplications += 1
        return Counting(float(other) / self.value)

    def __pow__(self, other: Any) -> Counting:
        _tally.multiplications += 1
        return Counting(self.value ** float(other))

    def __neg__(self) -> Counting:
        return Counting(-self.value)

    def __pos__(self) -> Counting:
        return self

    def __abs__(self) -> Counting:
        return Counting(abs(self.value))

    @property
    def real(self) -> Counting:
        """The number itself: what formulas for complex numbers ask of a real one."""
        return self

    @property
    def imag(self) -> float:
        """The imaginary part, 0."""
        return 0.0

    def __float__(self) -> float:
        return self.value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if type(other) is Counting else other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < float(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= float(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > float(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= float(other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Counting({self.value!r})"

    if TYPE_CHECKING:  # the functions below become methods at the end of this file

        def __getattr__(self, name: str) -> Callable[[], Counting]: ...


FUNCTIONS = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "erf", "erfc"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)


def _method(name: str) -> Callable[[Counting], Counting]:
    function = getattr(math, name)

    def method(self: Counting) -> Counting:
        return Counting(function(self.value))

    method.__name__ = name
    method.__doc__ = f"Return math.{name} of the number; it counts as no multiplication."
    return method


for _name in FUNCTIONS:
    setattr(Counting, _name, _method(_name))

numbers.Number.register(Counting)  # so that a Value accepts it as data
