"""The elementary functions of any number, so that one formula serves floats, exact numbers, 50 digits and Values.

`exp(x)` is `math.exp(x)` for a float, `cmath.exp(x)` for a complex number, `x.exp()` for a Decimal, mpmath's function
in mpmath's precision for its numbers and intervals, and a recorded node for a `Value`. The rules in
`engine.elementary` are written with these names alone, which is why they need writing only once.
"""

from __future__ import annotations

import cmath
import math
import numbers
from collections.abc import Callable
from typing import Any

Number = Any
"""A scalar: float, Fraction, Decimal, complex, an mpmath number or interval, or a Value."""

NORMAL_MIN = 2.0**-1022
"""The smallest positive float that still has all its 53 bits."""

# Decimal's methods that have other names.
_DECIMAL_NAMES = {"log": "ln"}


def as_number(data: Any) -> Number:
    """Return data as a number that a Value can hold: int, bool and NumPy scalars as float, other numbers as they are.

    >>> as_number(True), as_number(2 + 1j)
    (1.0, (2+1j))
    """
    if isinstance(data, (int, float)):  # bool and np.float64 too
        return float(data)
    if type(data).__module__ == "numpy" and getattr(data, "ndim", None) == 0:
        scalar = data.item()
        return scalar if isinstance(scalar, complex) else float(scalar)
    if isinstance(data, numbers.Number) or context_of(data) is not None:
        return data
    shown = repr(data)
    hint = "For arrays use nn.matrix, or one Value per element" if hasattr(data, "__len__") else "Give a number"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    raise TypeError(f"a Value holds one number, not {type(data).__name__} {shown}. {hint}")


def data_of(x: Number) -> Number:
    """Return the plain number behind x: a Value's data, any other number itself."""
    return x.data if hasattr(x, "row") else x


def is_negative(x: Number) -> bool:
    """Tell on which side of zero x lies (by the real part), to choose between two forms of one formula.

    >>> is_negative(-2.0), is_negative(complex(-1, 5)), is_negative(0.0)
    (True, True, False)
    """
    number = data_of(x)
    return bool((number.real if isinstance(number, complex) else number) < 0)


def is_nan(x: Number) -> bool:
    """Tell whether x is not equal to itself."""
    number = data_of(x)
    return bool(number != number)


def context_of(x: Number) -> Any:
    """Return mpmath's context (precision and functions) of an mpmath number or interval, else None."""
    return getattr(x, "context", None) or getattr(x, "ctx", None)


def like(x: Number, constant: float) -> Number:
    """Return the constant as a number that mixes with x: a number of mpmath's, a Decimal, or itself."""
    number = data_of(x)
    context = context_of(number)
    if context is not None:
        return context.mpf(constant)
    return type(number)(constant) if hasattr(number, "as_tuple") else constant


def dispatching(name: str, on_numbers: Callable[..., Number]) -> Callable[..., Number]:
    """Return the function that records a node when an argument is a Value, and calls on_numbers when none is."""

    def function(*arguments: Number) -> Number:
        for x in arguments:
            if hasattr(x, "row"):
                return type(x).apply(name, *arguments)
        return on_numbers(*arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return {name} of its arguments: a number for numbers, a recorded Value if one of them is one."
    return function


def native(name: str) -> Callable[..., Number]:
    """Return Python's own function of that name for whatever type of number comes: never a second implementation."""
    on_float: Callable[..., Number] = getattr(math, name)
    on_complex: Callable[..., Number] | None = getattr(cmath, name, None)

    def on_numbers(*xs: Number) -> Number:
        for x in xs:
            if type(x) is float:
                continue
            context = context_of(x)
            if context is not None:
                return _of_mpmath(context, name, xs)
            if isinstance(x, complex) and on_complex is not None:
                return on_complex(*xs)
            method = getattr(x, _DECIMAL_NAMES.get(name, name), None)
            if method is not None:
                return method(*xs[1:])
        return on_float(*xs)

    on_numbers.__name__ = name
    return on_numbers


def _of_mpmath(context: Any, name: str, xs: tuple[Number, ...]) -> Number:
    """Return mpmath's function in its own precision; its interval context has a few functions only."""
    if name in ("log2", "log10"):
        return context.log(*xs) / context.log(int(name[3:]))
    if name == "cbrt" and is_negative(xs[0]):
        return -_of_mpmath(context, name, (-xs[0],))  # the real root, as math.cbrt; mpmath's own is the principal one
    if name == "hypot":
        return context.sqrt(sum(x * x for x in xs))
    if not context.__class__.__name__ == "MPIntervalContext" or name in _INTERVAL_FUNCTIONS:
        return getattr(context, name)(*xs)
    if name not in _BY_EXPONENTIALS:
        raise TypeError(f"{name} of an interval is not available: mpmath has no interval function for it")
    return _BY_EXPONENTIALS[name](context, *xs)


_INTERVAL_FUNCTIONS = frozenset(("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "atan2"))

# Textbook definitions for intervals, which have digits to spare.
_BY_EXPONENTIALS: dict[str, Callable[..., Number]] = {
    "cbrt": lambda c, x: c.exp(c.log(x) / 3),
    "sinh": lambda c, x: (c.exp(x) - c.exp(-x)) / 2,
    "cosh": lambda c, x: (c.exp(x) + c.exp(-x)) / 2,
    "tanh": lambda c, x: 1 - 2 / (c.exp(2 * x) + 1),
    "asinh": lambda c, x: c.log(x + c.sqrt(x * x + 1)),
    "acosh": lambda c, x: c.log(x + c.sqrt(x * x - 1)),
    "atanh": lambda c, x: c.log((1 + x) / (1 - x)) / 2,
    "asin": lambda c, x: c.atan2(x, c.sqrt(1 - x * x)),
    "acos": lambda c, x: c.atan2(c.sqrt(1 - x * x), x),
    "atan": lambda c, x: c.atan2(x, c.mpf(1)),
}


def product(*factors: Number, over: tuple[Number, ...] = ()) -> Number:
    """Return the product of the factors over the product of the divisors, without over- or underflow on the way.

    For floats, when an intermediate result leaves the normal range, mantissas and exponents are combined apart; so
    1e300 * 1e300 / 1e300 is 1e300. Other numbers, and Values, are multiplied as they are.

    >>> product(1e300, 1e300, over=(1e300, 1e10)) == 1e290
    True
    >>> product(3.0, 2.0, over=(4.0,))
    1.5
    """
    result = factors[0]
    safe = type(result) is float
    for factor in factors[1:]:
        result = result * factor
        safe = safe and type(result) is float and 1e-290 < abs(result) < 1e290
    for divisor in over:
        result = result / divisor
        safe = safe and type(result) is float and 1e-290 < abs(result) < 1e290
    if safe or not all(isinstance(x, (float, int)) for x in (*factors, *over)):
        return result
    mantissa, exponent = 1.0, 0
    for factor in factors:
        part, power = math.frexp(factor)
        mantissa, exponent = mantissa * part, exponent + power
    for divisor in over:
        part, power = math.frexp(divisor)
        mantissa, exponent = mantissa / part, exponent - power
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)
