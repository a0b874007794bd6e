"""The arithmetic that the oracles compute in: intervals that enclose the truth, and reals with many digits.

A field makes numbers (`number`), and knows the elementary functions of its numbers by name: `field.exp(x)`. The numbers
themselves know + - * /. A function has no value where a real number has none: it raises ArithmeticError or ValueError.

Glossary
--------
prec: bits of precision; 50 digits are 169 bits.
raw: mpmath's own form of an interval, a pair of its raw numbers (mpmath.libmp; what `mpmath.iv` computes with).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from engine.check.extras import require
from engine.check.huge import COSTLY, LARGEST, TooLarge, bounded

FIFTY_DIGITS = 169

GUARD = 20  # bits; mpmath's functions are right to a unit or so of their last bit, and are given this many more


@cache
def context(prec: int) -> Any:
    """Return a context of mpmath with this precision of its own, so that the user's `mpmath.mp` is never touched."""
    made = require("mpmath.ctx_mp").MPContext()
    made.prec = prec
    made.trap_complex = True  # the logarithm of -1 is an error here, not pi*i
    return made


@cache
def guarded_context(prec: int) -> Any:
    """Return a context whose numbers refuse to become doubles, as `math.sin(x)` would make them without a word."""
    made = require("mpmath.ctx_mp").MPContext()
    made.prec = prec

    def refuse(number: Any) -> float:
        raise TypeError(f"a number of {made.dps} digits does not become a double here")

    made.mpf.__float__ = refuse
    plain = context(prec)

    def guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: made.make_mpf(function(plain.make_mpf(made.convert(x)._mpf_))._mpf_)

    for name in COSTLY:
        setattr(made, name, guarded(bounded(name, plain)))
    return made


class Interval:
    """A closed interval [a, b] with ends of `prec` bits, rounded outward by every operation."""

    __slots__ = ("prec", "raw")

    def __init__(self, raw: Any, prec: int) -> None:
        self.raw = raw
        self.prec = prec

    def __add__(self, other: Interval) -> Interval:
        return Interval(_libmp().mpi_add(self.raw, other.raw, self.prec), self.prec)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(_libmp().mpi_sub(self.raw, other.raw, self.prec), self.prec)

    def __mul__(self, other: Interval) -> Interval:
        return Interval(_libmp().mpi_mul(self.raw, other.raw, self.prec), self.prec)

    def __truediv__(self, other: Interval) -> Interval:
        if other.sign() == 0:
            raise ZeroDivisionError("division by zero")
        return Interval(_libmp().mpi_div(self.raw, other.raw, self.prec), self.prec)

    def __neg__(self) -> Interval:
        return Interval(_libmp().mpi_neg(self.raw, self.prec), self.prec)

    def __repr__(self) -> str:
        return f"[{self.low}, {self.high}]"

    @property
    def low(self) -> Any:
        """The lower end, an mpmath number of the interval's precision."""
        return context(self.prec).make_mpf(self.raw[0])

    @property
    def high(self) -> Any:
        """The upper end."""
        return context(self.prec).make_mpf(self.raw[1])

    def sign(self) -> int | None:
        """Return -1, 0 or 1, or None where the interval holds numbers of different signs."""
        signs = {_libmp().mpf_sign(end) for end in self.raw}
        return signs.pop() if len(signs) == 1 else None


def is_sharp(x: Interval) -> bool:
    """Tell whether an interval is far narrower than the last place of a double, or holds nothing that is not tiny."""
    low, high = x.low, x.high
    size = max(abs(low), abs(high))
    return bool(low == high or high - low <= size * 2.0**-60 < context(x.prec).inf or size < 2.0**-1000)


def middle(x: Any) -> Any:
    """Return the middle of an interval, and any other number as it is."""
    return (x.low + x.high) / 2 if hasattr(x, "low") else x


def as_double(x: Any) -> float:
    """Return a field's number as a double: the middle of an interval, and nan where it is undefined or none holds it.

    >>> as_double(IntervalField(60).number(0.5)), as_double(None)
    (0.5, nan)
    """
    try:
        if isinstance(x, Interval):
            low, high = (float(_libmp().to_float(end)) for end in x.raw)
            return low if low == high else low / 2 + high / 2
        return math.nan if x is None else float(x)
    except OverflowError:
        return math.nan


@cache
def _libmp() -> Any:
    return require("mpmath.libmp")


class IntervalField:
    """Intervals of `prec` bits: what comes out holds the true result for every real in what went in.

    >>> x = IntervalField(60).number(0.5)
    >>> IntervalField(60).exp(x).sign()
    1
    """

    exact = True  # its comparisons can be undecided, never wrong

    def __init__(self, prec: int) -> None:
        self.prec = prec
        self.zero, self.one = self.number(0), self.number(1)
        ends = context(prec)
        self.undefined = Interval((ends.ninf._mpf_, ends.inf._mpf_), prec)
        self.infinity = Interval((ends.inf._mpf_, ends.inf._mpf_), prec)

    def number(self, x: Any) -> Interval:
        """Return an int, float, Fraction or mpmath number as the interval that holds just it."""
        below, above = _ends(x, self.prec)
        return Interval((below, above), self.prec)

    def sign(self, x: Interval) -> int | None:
        """Return the sign, or None where it is undecided."""
        return x.sign()

    def rounded(self, x: Interval, scale: float = 0.0) -> Interval:
        """Return x: intervals do their own rounding."""
        return x

    def power(self, x: Interval, n: int) -> Interval:
        """Return x**n for an integer n."""
        return Interval(_libmp().mpi_pow_int(x.raw, n, self.prec), self.prec)

    def log(self, x: Interval) -> Interval:
        """Return the natural logarithm; needs x > 0."""
        if _libmp().mpf_sign(x.raw[0]) <= 0:
            raise ValueError("log needs a positive number")
        return Interval(_libmp().mpi_log(x.raw, self.prec), self.prec)

    def sqrt(self, x: Interval) -> Interval:
        """Return the square root; needs x >= 0."""
        if _libmp().mpf_sign(x.raw[0]) < 0:
            raise ValueError("sqrt needs a number not below 0")
        return Interval(_libmp().mpi_sqrt(x.raw, self.prec), self.prec)

    def sin(self, x: Interval) -> Interval:
        """Return the sine."""
        _refuse_huge("sin", x)
        return Interval(_libmp().mpi_sin(x.raw, self.prec), self.prec)

    def cos(self, x: Interval) -> Interval:
        """Return the cosine."""
        _refuse_huge("cos", x)
        return Interval(_libmp().mpi_cos(x.raw, self.prec), self.prec)

    def cosh(self, x: Interval) -> Interval:
        """Return the hyperbolic cosine, half of exp(x) + exp(-x)."""
        twice: Interval = self.exp(x) + self.exp(-x)
        return twice / self.number(2)

    def atan2(self, y: Interval, x: Interval) -> Interval:
        """Return the angle of the point (x, y); mpmath's own intervals for it (1.3) do not always hold the truth."""
        right, above = x.sign(), y.sign()
        if right == 1:
            angle: Interval = self.atan(y / x)
            return angle
        half: Interval = self.number(2) * self.atan(self.one)
        if above in (1, -1):
            quarter = half if above == 1 else -half
            turned: Interval = self.atan(x / y)
            return quarter - turned
        if right == -1 and above == 0:
            return half + half
        raise ValueError("the angle jumps here")

    def __getattr__(self, name: str) -> Any:
        """Return a monotone function of mpmath's as one of intervals: its values at the ends, widened."""
        if name.startswith("_"):
            raise AttributeError(name)
        wide = context(self.prec + GUARD)
        function = bounded(name, wide)

        def of_interval(x: Interval) -> Interval:
            first = function(wide.make_mpf(x.raw[0]))
            second = first if x.raw[0] == x.raw[1] else function(wide.make_mpf(x.raw[1]))
            if wide.isnan(first) or wide.isnan(second):
                raise ValueError(f"{name} has no value at {x}")
            low, high = (first, second) if first <= second else (second, first)
            return Interval((_widened(low._mpf_, self.prec, -1), _widened(high._mpf_, self.prec, 1)), self.prec)

        setattr(self, name, of_interval)
        return of_interval


def _refuse_huge(name: str, x: Interval) -> None:
    if any(end[1] and end[2] + end[3] > LARGEST for end in x.raw):
        raise TooLarge(f"{name} of a number beyond 2**{LARGEST}")


def _ends(x: Any, prec: int) -> tuple[Any, Any]:
    """Return x rounded down and up to prec bits."""
    lib = _libmp()
    if isinstance(x, int):
        return lib.from_int(x, prec, "f"), lib.from_int(x, prec, "c")
    if isinstance(x, float):
        end = lib.from_float(x)
        return end, end
    if hasattr(x, "_mpf_"):
        return lib.mpf_pos(x._mpf_, prec, "f"), lib.mpf_pos(x._mpf_, prec, "c")
    return (
        lib.from_rational(x.numerator, x.denominator, prec, "f"),
        lib.from_rational(x.numerator, x.denominator, prec, "c"),
    )


def _widened(raw: Any, prec: int, direction: int) -> Any:
    """Return a raw number moved outward by 2**-(prec + 8) of itself, more than its function can be wrong by."""
    lib = _libmp()
    margin = lib.mpf_shift(lib.mpf_abs(raw), -(prec + 8))
    return lib.mpf_sub(raw, margin, prec, "f") if direction < 0 else lib.mpf_add(raw, margin, prec, "c")


class RealField:
    """Real numbers of `prec` bits, rounded to nearest.

    With noise (a random.Random) every result is moved by up to half a unit in the last place of a double, as if it had
    been rounded to one: what a derivative scatters by over several such runs is what rounding can do to it (Monte Carlo
    arithmetic: D. S. Parker, 1997).

    >>> f = RealField(169)
    >>> print(f.exp(f.number(1)))
    2.7182818284590452353602874713526624977572470937
    """

    exact = False

    def __init__(self, prec: int, noise: random.Random | None = None, *, textbook: bool = False) -> None:
        self.prec = prec
        self.noise = noise
        self.textbook = textbook
        self.context = context(prec)
        self.zero, self.one = self.context.mpf(0), self.context.mpf(1)
        self.undefined, self.infinity = self.context.nan, self.context.inf

    def number(self, x: Any) -> Any:
        """Return an int, float, Fraction or mpmath number in this precision."""
        if isinstance(x, (int, float)) or hasattr(x, "_mpf_"):
            return self.context.mpf(x)
        return self.context.mpf(x.numerator) / x.denominator

    def sign(self, x: Any) -> int:
        """Return -1, 0 or 1."""
        return int(_libmp().mpf_sign(x._mpf_))

    def rounded(self, x: Any, scale: float = 0.0) -> Any:
        """Return x moved by the noise; in the textbook's forms, such as 1 - y*y, by that of a number of size scale."""
        if self.noise is None:
            return x
        # A factor between 1 - 2**-53 and 1 + 2**-53, as a raw number: this runs for every operation.
        mantissa = 2**106 + (int(self.noise.random() * 2**54) - 2**53 | 1)
        factor = (0, mantissa, -106, mantissa.bit_length())
        moved = self.context.make_mpf(_libmp().mpf_mul(x._mpf_, factor, self.prec, "n"))
        return moved + scale * self.context.mpf(self.noise.uniform(-1, 1)) / 2**53 if self.textbook and scale else moved

    def power(self, x: Any, n: int) -> Any:
        """Return x**n for an integer n."""
        return x**n

    def log(self, x: Any) -> Any:
        """Return the natural logarithm; needs x > 0."""
        if x <= 0:
            raise ValueError("log needs a positive number")
        return self.context.log(x)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        function = getattr(self.context, name) if name == "atan2" else bounded(name, self.context)
        setattr(self, name, function)
        return function
