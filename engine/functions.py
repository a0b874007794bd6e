"""The elementary functions of any number, so that one formula serves floats, exact numbers, 50 digits and Values.

`exp(x)` is `math.exp(x)` for a float, `cmath.exp(x)` for a complex number, `x.exp()` for a Decimal, mpmath's function
in mpmath's precision for its numbers and intervals, and a recorded node for a `Value`. The rules in
`engine.elementary` are written with these names alone, which is why they need writing only once.

A comparison of intervals has three answers: yes, no, and None where they overlap. Two forms of one smooth function may
be chosen by such a comparison (both enclose it); at a kink the functions `between` and `by_sign` return the hull.
"""

from __future__ import annotations

import cmath
import math
import numbers
from collections.abc import Callable
from typing import Any

from engine.definitions import of_complex, of_decimal, of_interval, refuse

Number = Any
"""A scalar: float, Fraction, Decimal, complex, an mpmath number or interval, or a Value."""

# Decimal's own methods, which are correctly rounded.
_DECIMAL_METHODS = {"exp": "exp", "log": "ln", "log10": "log10", "sqrt": "sqrt"}


def as_number(data: Any) -> Number:
    """Return data as a number that a Value can hold: int, bool and NumPy scalars as float, other numbers as they are.

    >>> as_number(True), as_number(2 + 1j)
    (1.0, (2+1j))
    """
    if isinstance(data, (int, float)):  # bool and np.float64 too
        try:
            return float(data)
        except OverflowError:
            size = f"an int of {data.bit_length()} bits"  # type: ignore[union-attr]  # only an int overflows
            raise OverflowError(f"{size} is too large for a float; give Fraction(n) to keep it exact") from None
    if type(data).__module__ == "numpy" and getattr(data, "ndim", None) == 0:
        scalar = data.item()
        return scalar if isinstance(scalar, complex) else float(scalar)
    if isinstance(data, numbers.Number) or context_of(data) is not None:
        return data
    shown = repr(data)
    several = hasattr(data, "__len__") and not isinstance(data, (str, bytes))
    hint = "For arrays use nn.matrix, or one Value per element" if several else "Give a number"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    raise TypeError(f"a Value holds one number, not {type(data).__name__} {shown}. {hint}")


def data_of(x: Number) -> Number:
    """Return the plain number behind x: a Value's data, any other number itself."""
    return x.data if type(x) is not float and hasattr(x, "row") else x


def is_negative(x: Number) -> bool:
    """Tell on which side of zero x lies (by the real part), to choose between two forms of one formula.

    >>> is_negative(-2.0), is_negative(complex(-1, 5)), is_negative(0.0)
    (True, True, False)
    """
    return x < 0 if type(x) is float else bool(data_of(x).real < 0)


def is_nan(x: Number) -> bool:
    """Tell whether x is not equal to itself."""
    number = data_of(x)
    return bool(number != number)


def is_complex(x: Number) -> bool:
    """Tell whether x is a complex number, Python's or mpmath's."""
    number = data_of(x)
    context = context_of(number)
    return isinstance(number, complex) or (context is not None and isinstance(number, context.mpc))


def context_of(x: Number) -> Any:
    """Return mpmath's context (precision and functions) of an mpmath number or interval, else None."""
    return getattr(x, "context", None) or getattr(x, "ctx", None)


def like(x: Number, constant: float) -> Number:
    """Return the constant as a number that mixes exactly with x: an mpmath number, a Decimal, a Fraction, or itself.

    >>> from fractions import Fraction
    >>> like(Fraction(1, 3), 0.5), like(2.0, 0.5), like(Fraction(1, 3), math.inf)
    (Fraction(1, 2), 0.5, inf)
    """
    number = data_of(x)
    if type(number) is float or isinstance(number, (int, complex)):
        return constant
    context = context_of(number)
    if context is not None:
        return context.mpf(constant)
    # Decimal knows inf and nan; a rational number does not.
    return type(number)(constant) if hasattr(number, "as_tuple") or math.isfinite(constant) else constant


def between(x: Number, low: Number, high: Number) -> Number:
    """Return what jumps from low to high at x = 0 is there: [low, high] on an interval, nan at nan."""
    context = context_of(data_of(x))
    return like(x, math.nan) if context is None or is_nan(x) else context.mpf((low, high))


def by_sign(x: Number, above: Callable[[Number], Number], below: Callable[[Number], Number]) -> Number:
    """Return above(x) where x > 0, else below(x); on an interval around 0 the hull of both, each on its own side.

    Raises ValueError for a Value that holds an interval around 0: its derivative there cannot be recorded.

    >>> by_sign(-3.0, lambda x: x, lambda x: 0.5 * x)
    -1.5
    """
    if x > 0:
        return above(x)
    context = context_of(data_of(x))
    if x <= 0 or is_nan(x) or context is None:
        return below(x)
    if hasattr(x, "row"):
        raise ValueError(f"the interval {x.data} holds a kink, at 0, and cannot be recorded there; split it at 0")
    lower, upper = context.mpf(below(context.mpf((x.a, 0)))), context.mpf(above(context.mpf((0, x.b))))
    return context.mpf((min(lower.a, upper.a), max(lower.b, upper.b)))


def dispatching(name: str, on_numbers: Callable[..., Number]) -> Callable[..., Number]:
    """Return the function that records a node when an argument is a Value, and calls on_numbers when none is."""

    def function(*arguments: Number) -> Number:
        for x in arguments:
            if type(x) is not float and hasattr(x, "row"):  # the test for float is much the faster one
                return type(x).apply(name, *arguments)
        return on_numbers(*arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return {name} of its arguments: a number for numbers, a recorded Value if one of them is one."
    return function


def native(name: str) -> Callable[..., Number]:
    """Return Python's own function of that name for whatever type of number comes: never a second implementation.

    >>> native("exp")(1j * math.pi).real
    -1.0
    >>> from decimal import Decimal
    >>> native("sin")(Decimal("0.5"))
    Traceback (most recent call last):
    ...
    TypeError: sin of a Decimal is not available: use a float, or for many digits mpmath.mpf('0.5')
    """
    on_float: Callable[..., Number] = getattr(math, name)

    def on_numbers(x: Number, *others: Number) -> Number:
        if type(x) is float and not others:
            return on_float(x)
        return _of_other_numbers(name, on_float, (x, *others))

    on_numbers.__name__ = name
    return on_numbers


def _of_other_numbers(name: str, on_float: Callable[..., Number], xs: tuple[Number, ...]) -> Number:
    for x in xs:
        context = context_of(x)
        if context is not None:
            return _of_mpmath(context, name, xs)
        if isinstance(x, complex):
            on_complex = getattr(cmath, name, None)
            return on_complex(*xs) if on_complex is not None else of_complex(name, xs)
        if hasattr(x, "as_tuple"):
            method = _DECIMAL_METHODS.get(name)
            return getattr(x, method)() if method is not None else of_decimal(name, xs)
    return on_float(*xs)  # int and Fraction, which math converts


def _of_mpmath(context: Any, name: str, xs: tuple[Number, ...]) -> Number:
    """Return mpmath's function in its own precision; its intervals have a few functions only."""
    if name == "atan2" and any(map(is_complex, xs)):
        refuse(name, "complex number", "it is a function of two real numbers")
    if name == "hypot":
        return context.sqrt(sum(x**2 for x in xs))
    if hasattr(context.one, "mid"):  # only an interval has a middle
        if name in _INTERVAL_FUNCTIONS:
            return getattr(context, name)(*xs)
        return of_interval(context, name, tuple(map(context.mpf, xs)))
    if name == "log2":
        return context.log(*xs) / context.log(2)
    if name == "cbrt" and is_negative(xs[0]) and not is_complex(xs[0]):
        return -context.cbrt(-xs[0])  # the real root, as math.cbrt; mpmath's own is the principal one
    return getattr(context, name)(*xs)


# The others go through their definitions: mpmath 1.3 rounds exp, log and atan2 of an interval inwards near 0 and 1.
_INTERVAL_FUNCTIONS = frozenset(("sqrt", "sin", "cos", "tan"))
