"""Pullbacks of rows whose rule looks into the bits of a float, which a symbol has not: scaled by other means.

For one number the rules of `engine.elementary` take mantissa and exponent apart where a step leaves the normal floats
(see `engine.stable`). For arrays powers of two, hypot and fourth roots do the same, in the cells that need it. The
formulas are tested against the rows, number by number.

Symbols: g the adjoint of y = f(x_1, ..., x_n), for position i the result is g * dy/dx_i; 1.0 for g gives the slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.lift.symbols import Paths, Symbol, Term

_SCALE = 2.0**64
"""Times a subnormal float, of 32 or 64 bits, this is normal."""
_EXPONENTS = (0.1, 8.0)
"""For constant exponents of this size n x^(n-1) loses less than 8 ulp, wherever it underflows."""


def atan2(paths: Paths, g: Term, y: Symbol, position: int, *xs: Term) -> Term:
    """G x_2 / r^2 and -g x_1 / r^2; hypot, divided by twice, scales as well as the row does."""
    r = paths.make("hypot", *xs)
    slope = xs[1] / r / r if position == 0 else -xs[0] / r / r
    return paths.make("where", paths.make("==", r, math.inf), 0.0, g * slope)


def asinh(paths: Paths, g: Term, y: Symbol, position: int, x: Term) -> Term:
    """G / sqrt(1 + x^2), the root by hypot: the row chooses another form for floats whose square overflows."""
    return g / paths.make("hypot", x, paths.make("full_like", x, 1.0))


def div(paths: Paths, g: Term, y: Symbol, position: int, a: Term, b: Term) -> Term:
    """G / b and -g y / b; a subnormal y has lost bits, so there the division is done again, scaled."""
    if position == 0:
        return g / b
    again = a * _SCALE / b / b / _SCALE
    return -(g * paths.make("where", paths.make("tiny", y), again, y / b))


def power(paths: Paths, g: Term, y: Symbol, position: int, x: Term, n: Term) -> Term:
    """G n x^(n-1) and g y log x, from |x|^(n/4) where a step underflows, and with their limits at x = 0.

    As in `engine.stable.power_partials`; where n - 1 is rounded, which the power would amplify, x^(n-1) is y / x.
    """
    root = abs(x) ** (n / 4.0)
    is_finite = paths.make("<", abs(x) + abs(n), math.inf)

    def choose(condition: Symbol, yes: Term, no: Term) -> Symbol:
        return paths.make("where", condition, yes, no)

    def underflows(term: Term) -> Symbol:
        return paths.make("logical_and", paths.make("tiny", term), is_finite)

    if position == 1:
        log = paths.make("log", x) if isinstance(x, Symbol) else math.log(x) if x > 0 else math.nan
        slope = choose(underflows(y), root * root * root * log * root, y * log)
        if isinstance(x, Symbol):  # 0 for 0^n, and for inf^-1, which is 0
            vanishes = paths.make("logical_and", paths.make("==", abs(x), math.inf), paths.make("==", y, 0.0))
            slope = choose(paths.make("logical_or", paths.make("==", x, 0.0), vanishes), 0.0, slope)
        return g * slope
    m = n - 1.0
    if isinstance(n, Symbol):
        is_exact = paths.make("logical_and", paths.make("==", m + 1.0, n), paths.make("!=", n, m))
        one_less = choose(is_exact, x**m, y / x)
    else:
        one_less = x**m if m + 1.0 == n != m else y / x
    signed = paths.make("copysign", n * root * root * root / x * root, n * one_less)
    overflows = paths.make("logical_and", paths.make("==", abs(one_less), math.inf), paths.make("<", abs(y), math.inf))
    slope = choose(underflows(one_less), signed, choose(overflows, n * y / x, n * one_less))
    at_zero = n * x**m
    if isinstance(n, Symbol):
        at_zero = choose(paths.make("<", m, 0.0), math.inf, at_zero)
    slope = choose(paths.make("==", x, 0.0), at_zero, slope)
    if isinstance(n, Symbol):
        slope = choose(paths.make("==", n, 0.0), 0.0, slope)
    return choose(paths.make("==", g, 0.0), 0.0, g * slope) if isinstance(g, Symbol) else slope


RESCALED: dict[str, Callable[..., Term]] = {"atan2": atan2, "asinh": asinh, "div": div, "pow": power}
"""Row -> f(paths, g, y, position, *xs)."""


def is_rescaled(name: str, constants: tuple[float | None, ...], position: int) -> bool:
    """Whether a row's pullback comes from here: with constants among its arguments, its rule may do.

    >>> is_rescaled("pow", (None, None), 0), is_rescaled("pow", (None, 2.0), 0), is_rescaled("exp", (None,), 0)
    (True, False, False)
    """
    if name == "div":
        return constants == (None, None)
    if name == "pow" and None in constants[1:]:
        base = constants[0]
        return position == 0 or base is None or not 1e-3 <= base <= 1e3  # |log x| < 8
    if name == "pow":
        n = constants[1]
        return n is not None and n != 0 and not _EXPONENTS[0] <= abs(n) <= _EXPONENTS[1]
    return name in RESCALED
