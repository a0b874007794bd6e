"""Textbook definitions through exp, log and sqrt, for numbers that bring only those: Decimal, complex, intervals.

They are chosen so that nothing cancels: near 0, where sinh(x) = (exp(x) - exp(-x)) / 2 would, everything goes through
expm1 and log1p. Source: fdlibm's comments (e_cosh.c, s_asinh.c, s_tanh.c, e_atanh.c).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn


def _odd(positive: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda f, x: -positive(f, -x) if x < 0 else positive(f, x)


def _tanh(f: Any, x: Any) -> Any:
    e = f.expm1(-2 * x)
    return -e / (e + 2)


# Each takes the functions f of one type of number (exp, log, sqrt, expm1, log1p, for intervals atan2 too) and x.
DEFINITIONS: dict[str, Callable[..., Any]] = {
    "exp": lambda f, x: f.exp(x),
    "log": lambda f, x: f.log(x),
    "expm1": lambda f, x: f.expm1(x),
    "log1p": lambda f, x: f.log1p(x),
    "log2": lambda f, x: f.log(x) / f.log(f.number(2)),
    "log10": lambda f, x: f.log(x) / f.log(f.number(10)),
    "cbrt": _odd(lambda f, x: x if x == 0 else f.exp(f.log(x) / 3)),
    "sinh": lambda f, x: (f.expm1(x) + f.expm1(x) / f.exp(x)) / 2,
    "cosh": lambda f, x: (f.exp(x) + 1 / f.exp(x)) / 2,
    "tanh": _odd(_tanh),
    "asinh": _odd(lambda f, x: f.log1p(x + x * x / (1 + f.sqrt(1 + x * x)))),
    "acosh": lambda f, x: f.log1p((x - 1) + f.sqrt((x - 1) * (x + 1))),
    "atanh": _odd(lambda f, x: f.log1p(2 * x / (1 - x)) / 2),
    "hypot": lambda f, *xs: f.sqrt(sum(x * x for x in xs)),
    "asin": lambda f, x: f.atan2(x, f.sqrt((1 - x) * (1 + x))),
    "acos": lambda f, x: f.atan2(f.sqrt((1 - x) * (1 + x)), x),
    "atan": lambda f, x: f.atan2(x, f.number(1)),
    "atan2": lambda f, y, x: f.atan2(y, x),
}
_WITH_ARCS = frozenset(("asin", "acos", "atan", "atan2"))
_OF_COMPLEX = frozenset(("expm1", "log1p", "log2"))


def _kahan(exp: Callable[[Any], Any], log: Callable[[Any], Any]) -> dict[str, Callable[[Any], Any]]:
    """Return expm1 and log1p made of exp and log, without loss near 0: the rounding error of u = exp(x) cancels.

    Source: Kahan; Higham, Accuracy and Stability of Numerical Algorithms, section 1.14.1 and problem 1.5.
    """

    def expm1(x: Any) -> Any:
        u = exp(x)
        if u == 1:
            return x
        return (u - 1) * x / log(u) if abs(x) < 1 else u - 1

    def log1p(x: Any) -> Any:
        u = 1 + x
        return x if u == 1 else log(u) * x / (u - 1) if u != 0 else log(u)

    return {"exp": exp, "log": log, "expm1": expm1, "log1p": log1p}


_complex = SimpleNamespace(**_kahan(cmath.exp, cmath.log), sqrt=cmath.sqrt, number=complex)


def of_complex(name: str, xs: tuple[Any, ...]) -> Any:
    """Return the function of complex numbers that cmath lacks, where it is analytic.

    >>> of_complex("log2", (-8j,)).real
    3.0
    """
    if name not in _OF_COMPLEX:
        refuse(name, "complex number", "use a float, or mpmath.mpc")
    return DEFINITIONS[name](_complex, *xs)


def of_decimal(name: str, xs: tuple[Any, ...]) -> Any:
    """Return the function of Decimals in the precision of the current context.

    >>> from decimal import Decimal
    >>> of_decimal("tanh", (Decimal("1e-20"),))
    Decimal('1E-20')
    """
    import decimal  # here, because a plain `import engine` has no use for it

    if name not in DEFINITIONS or name in _WITH_ARCS:
        refuse(name, "Decimal", f"use a float, or for many digits mpmath.mpf({str(xs[0])!r})")
    functions = SimpleNamespace(
        **_kahan(decimal.Decimal.exp, decimal.Decimal.ln), sqrt=decimal.Decimal.sqrt, number=decimal.Decimal
    )
    with decimal.localcontext() as context:
        context.prec += 10
        result = DEFINITIONS[name](functions, *xs)
    return +result


def of_interval(context: Any, name: str, xs: tuple[Any, ...]) -> Any:
    """Return the function of an interval, as the hull of its values at both ends: all but cosh are monotonic.

    >>> from mpmath import iv
    >>> print(of_interval(iv, "tanh", (iv.mpf([-1, 2]),)))
    [-0.76159415595576496205, 0.96402758007581690336]
    """
    if name not in DEFINITIONS or name == "hypot":
        refuse(name, "interval", "mpmath has no interval function for it; use mpmath.mpf with more digits")
    precision = context.prec
    ends = [x for interval in xs for x in (interval.a, interval.b)]
    # What cancels near 0 has twice the digits of the smallest number to spare.
    context.prec = precision + 20 + 2 * max(0, *(-math.frexp(float(end))[1] for end in ends))
    try:
        functions = _interval_functions(context)
        if name == "atan2":
            results = [functions.atan2(*xs)]
        else:
            results = [DEFINITIONS[name](functions, end) for end in ends]
    finally:
        context.prec = precision
    low, high = min(y.a for y in results), max(y.b for y in results)
    return +context.mpf((1 if name == "cosh" and 0 in xs[0] else low, high))


def _interval_functions(context: Any) -> SimpleNamespace:
    """Return mpmath's interval functions; exp, log and atan2 widened by an ulp, which they miss near 0 and 1."""

    def widened(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *xs: f(*map(context.mpf, xs)) * context.mpf((1 - context.eps, 1 + context.eps))

    exp, log = widened(context.exp), widened(context.log)
    return SimpleNamespace(
        exp=exp,
        log=log,
        sqrt=context.sqrt,
        atan2=widened(context.atan2),
        number=context.mpf,
        expm1=lambda x: exp(x) - 1,
        log1p=lambda x: log(1 + x),
    )


def refuse(name: str, what: str, cure: str) -> NoReturn:
    """Raise the TypeError for a function that a type of number lacks."""
    article = "an" if what[0] in "aeiou" else "a"
    raise TypeError(f"{name} of {article} {what} is not available: {cure}")
