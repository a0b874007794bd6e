"""The oracles' own derivatives: textbook formulas over any field, written apart from the engine's table on purpose.

With 50 digits or more, and intervals that say how much was lost, the plainest formula is the best one: nothing here is
stable in doubles, and nothing has to be. A rule shares no line with `engine.elementary`; the two are compared by tests.
Formulas: Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 4 (elementary) and 7 (error function).

F is the field (`engine.check.fields`), y the value, x (or a, b) the arguments, all numbers of that field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

LARGEST_POWER = 2**16  # beyond it, x**n for an integer n comes from the logarithm


class Rule(NamedTuple):
    """One function over a field, its derivative by each argument, and the size of what its textbook form cancels."""

    value: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    cancels: float = 0.0


def _inverse(F: Any, x: Any) -> Any:
    """Return 1/x, and infinity where x is 0: the slope of a root at 0."""
    return F.infinity if F.sign(x) == 0 else F.one / x


def _square(x: Any) -> Any:
    return x * x


def _integer(n: Any) -> int | None:
    """Return a number of a field as an int where it is one integer, and a small one, else None."""
    low, high = (n.low, n.high) if hasattr(n, "low") else (n, n)
    if low != high or abs(low) > LARGEST_POWER or int(low) != low:
        return None
    return int(low)


def _is_odd(n: Any) -> bool | None:
    """Tell whether an integer is odd; None where n is no integer."""
    low, high = (n.low, n.high) if hasattr(n, "low") else (n, n)
    if low != high:
        return None
    _, mantissa, exponent, _ = low._mpf_  # the mantissa is odd, or 0
    return None if exponent < 0 else bool(mantissa and exponent == 0)


def _power(F: Any, x: Any, n: Any) -> Any:
    exponent = _integer(n)
    if exponent is not None:
        if exponent < 0:
            return F.one / F.power(x, -exponent)
        return F.power(x, exponent)
    sign = F.sign(x)
    if sign == 0:
        if F.sign(n) != 1:
            raise ZeroDivisionError("0 to a negative power")
        return F.zero
    if sign == 1:
        return F.exp(n * F.log(x))
    odd = _is_odd(n)
    if sign is None or odd is None:
        raise ValueError("a negative base needs an integer exponent")
    magnitude = F.exp(n * F.log(-x))
    return -magnitude if odd else magnitude


def _power_partials(F: Any, y: Any, x: Any, n: Any) -> tuple[Any, Any]:
    sign = F.sign(x)
    if sign == 0:
        slope = F.zero
        if F.sign(n) == 1:
            slopes = {-1: F.infinity, 0: F.one, 1: F.zero}
            slope = slopes.get(F.sign(n - F.one), F.undefined)
        return slope, F.zero
    exponent = _integer(n)
    slope = n * _power(F, x, F.number(exponent - 1)) if exponent is not None else n * y / x
    return slope, y * F.log(x) if sign == 1 else F.undefined


def _root3(F: Any, x: Any) -> Any:
    sign = F.sign(x)
    return F.zero if sign == 0 else F.cbrt(x) if sign == 1 else -F.cbrt(-x)


def _sigmoid(F: Any, x: Any) -> Any:
    return F.one / (F.one + F.exp(-x))


def _softplus(F: Any, x: Any) -> Any:
    return F.log1p(F.exp(x)) if F.sign(x) == -1 else x + F.log1p(F.exp(-x))


def _bell(F: Any, x: Any) -> Any:
    """Return 2 exp(-x^2) / sqrt(pi), the derivative of erf; pi is 4 atan 1."""
    return F.number(2) * F.exp(-_square(x)) / F.sqrt(F.number(4) * F.atan(F.one))


def _below(F: Any, x: Any) -> Any:
    """Return the probability that a standard normal variable is below x."""
    return F.erfc(-x / F.sqrt(F.number(2))) / F.number(2)


def _over_circle(F: Any, x: Any) -> Any:
    """Return 1 / sqrt(1 - x^2), infinite at the ends."""
    return _inverse(F, F.sqrt((F.one - x) * (F.one + x)))


def _logistic_slope(F: Any, x: Any) -> Any:
    return F.one / _square(F.number(2) * F.cosh(x / F.number(2)))


def _silu_slope(F: Any, x: Any) -> Any:
    return _sigmoid(F, x) + x * _logistic_slope(F, x)


def _gelu_slope(F: Any, x: Any) -> Any:
    return _below(F, x) + x * _bell(F, x / F.sqrt(F.number(2))) / F.sqrt(F.number(8))


def _angle_partials(F: Any, angle: Any, y: Any, x: Any) -> tuple[Any, Any]:
    square = _square(x) + _square(y)
    return x / square, -y / square


def _angle(F: Any, y: Any, x: Any) -> Any:
    if F.sign(x) == 0 and F.sign(y) == 0:
        raise ValueError("the origin has no angle")
    return F.atan2(y, x)


RULES: dict[str, Rule] = {
    "add": Rule(lambda F, a, b: a + b, lambda F, y, a, b: (F.one, F.one)),
    "sub": Rule(lambda F, a, b: a - b, lambda F, y, a, b: (F.one, -F.one)),
    "mul": Rule(lambda F, a, b: a * b, lambda F, y, a, b: (b, a)),
    "div": Rule(lambda F, a, b: a / b, lambda F, y, a, b: (F.one / b, -a / _square(b))),
    "neg": Rule(lambda F, x: -x, lambda F, y, x: (-F.one,)),
    "pow": Rule(_power, _power_partials),
    "exp": Rule(lambda F, x: F.exp(x), lambda F, y, x: (y,)),
    "expm1": Rule(lambda F, x: F.expm1(x), lambda F, y, x: (F.exp(x),)),
    "exp2": Rule(lambda F, x: F.exp(x * F.log(F.number(2))), lambda F, y, x: (y * F.log(F.number(2)),)),
    "log": Rule(lambda F, x: F.log(x), lambda F, y, x: (F.one / x,)),
    "log1p": Rule(lambda F, x: F.log1p(x), lambda F, y, x: (F.one / (F.one + x),)),
    "log2": Rule(lambda F, x: F.log(x) / F.log(F.number(2)), lambda F, y, x: (F.one / (x * F.log(F.number(2))),)),
    "log10": Rule(lambda F, x: F.log(x) / F.log(F.number(10)), lambda F, y, x: (F.one / (x * F.log(F.number(10))),)),
    "sqrt": Rule(lambda F, x: F.sqrt(x), lambda F, y, x: (_inverse(F, F.number(2) * y),)),
    "cbrt": Rule(_root3, lambda F, y, x: (_inverse(F, F.number(3) * _square(y)),)),
    "sin": Rule(lambda F, x: F.sin(x), lambda F, y, x: (F.cos(x),)),
    "cos": Rule(lambda F, x: F.cos(x), lambda F, y, x: (-F.sin(x),)),
    "tan": Rule(lambda F, x: F.sin(x) / F.cos(x), lambda F, y, x: (F.one / _square(F.cos(x)),)),
    "asin": Rule(lambda F, x: F.asin(x), lambda F, y, x: (_over_circle(F, x),)),
    "acos": Rule(lambda F, x: F.acos(x), lambda F, y, x: (-_over_circle(F, x),)),
    "atan": Rule(lambda F, x: F.atan(x), lambda F, y, x: (F.one / (F.one + _square(x)),)),
    "atan2": Rule(_angle, _angle_partials),
    "sinh": Rule(lambda F, x: F.sinh(x), lambda F, y, x: (F.cosh(x),)),
    "cosh": Rule(lambda F, x: F.cosh(x), lambda F, y, x: (F.sinh(x),)),
    "tanh": Rule(lambda F, x: F.tanh(x), lambda F, y, x: (F.one / _square(F.cosh(x)),), 1.0),
    "sech": Rule(lambda F, x: F.one / F.cosh(x), lambda F, y, x: (-F.sinh(x) * _square(y),)),
    "asinh": Rule(lambda F, x: F.asinh(x), lambda F, y, x: (F.one / F.sqrt(F.one + _square(x)),)),
    "acosh": Rule(lambda F, x: F.acosh(x), lambda F, y, x: (_inverse(F, F.sqrt((x - F.one) * (x + F.one))),)),
    "atanh": Rule(lambda F, x: F.atanh(x), lambda F, y, x: (F.one / ((F.one - x) * (F.one + x)),)),
    "erf": Rule(lambda F, x: F.erf(x), lambda F, y, x: (_bell(F, x),)),
    "erfc": Rule(lambda F, x: F.erfc(x), lambda F, y, x: (-_bell(F, x),)),
    "sigmoid": Rule(_sigmoid, lambda F, y, x: (_logistic_slope(F, x),), 1.0),
    "softplus": Rule(_softplus, lambda F, y, x: (_sigmoid(F, x),), 1.0),
    "silu": Rule(lambda F, x: x * _sigmoid(F, x), lambda F, y, x: (_silu_slope(F, x),), 1.0),
    "gelu": Rule(lambda F, x: x * _below(F, x), lambda F, y, x: (_gelu_slope(F, x),), 1.0),
}
"""Name -> rule. Functions with kinks (abs, relu, max) and those of many arguments are made of these in `traced`."""
