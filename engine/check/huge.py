"""mpmath's functions with their cost bounded: at huge arguments by their tails, beyond all measure not at all.

mpmath (1.3) takes seconds for exp(1e300) with 400 digits, memory without end for erfc(exp(1e9)), and overflows in
erfc(1e160). A double reaches 2**1024, so formulas over doubles meet such arguments; numbers beyond 2**LARGEST are
met only by towers of exponentials, which no double computation survives.

Glossary
--------
mag: the binary exponent of a number: 2**(mag - 1) <= |x| < 2**mag.
prec: bits of precision. Functions here are right to a few units of their last bit, as mpmath's are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from engine.check.extras import require

LARGEST = 4096  # the mag beyond which no function is computed
TAIL = 40  # the mag from which on the tails are as good as the functions, for any precision here
SLOW = 600  # bits; from here on mpmath's exp of an integer takes as many squarings as its mag


class TooLarge(ValueError):
    """A number is beyond 2**LARGEST: what depends on it cannot be told at a bounded cost."""


def magnitude(x: Any) -> int:
    """Return the mag of an mpmath number; 0 has that of 1, and so have inf and nan.

    >>> from engine.check.fields import context
    >>> magnitude(context(60).mpf(8)), magnitude(context(60).mpf(0))
    (4, 1)
    """
    _, mantissa, exponent, bits = x._mpf_
    return int(exponent + bits) if mantissa else 1


def bounded(name: str, context: Any) -> Callable[[Any], Any]:
    """Return a context's function of one number by its name, at a bounded cost.

    >>> from engine.check.fields import context
    >>> mp = context(169)
    >>> print(bounded("erfc", mp)(mp.mpf(10)**200) < bounded("erfc", mp)(mp.mpf(10)**160))
    True
    >>> bounded("exp", mp)(mp.mpf(2)**5000)
    Traceback (most recent call last):
    ...
    engine.check.huge.TooLarge: exp of a number beyond 2**4096
    """
    function: Callable[[Any], Any] = getattr(context, name)
    tail = _TAILS.get(name)

    def of_number(x: Any) -> Any:
        mag = magnitude(x)
        if mag > LARGEST and name not in _CHEAP:
            raise TooLarge(f"{name} of a number beyond 2**{LARGEST}")
        return function(x) if tail is None or mag < TAIL else tail(context, x)

    return of_number


def exp(context: Any, x: Any) -> Any:
    """Return e**x, as 2**n e**r with a small r: as many more bits as x is large, once."""
    lib = _libmp()
    prec, mag = context.prec, magnitude(x)
    _, _, exponent, _ = x._mpf_
    if prec <= SLOW or exponent < 0 or mag < TAIL:
        return context.exp(x)
    wide = prec + mag + 20
    log2 = lib.mpf_ln2(wide)
    n = int(lib.to_int(lib.mpf_div(x._mpf_, log2, wide)))  # mpmath has gmpy2's integers where that is installed
    rest = lib.mpf_sub(x._mpf_, lib.mpf_mul(lib.from_int(n), log2), prec + 20)
    return context.make_mpf(lib.mpf_shift(lib.mpf_exp(rest, prec), n))


def _sinh(context: Any, x: Any) -> Any:
    half = exp(context, abs(x)) / 2
    return half if x > 0 else -half


def _expm1(context: Any, x: Any) -> Any:
    return exp(context, x) - 1


def _erfc(context: Any, x: Any) -> Any:
    """Return the complementary error function: e**(-x**2) / (x sqrt(pi)) (1 - 1/(2 x**2) + ...).

    As many terms are taken as change anything; they alternate, so that each bounds the rest (Abramowitz and Stegun,
    7.1.23).
    """
    if x < 0:
        return context.mpf(2) - _erfc(context, -x)
    square = context.make_mpf(_libmp().mpf_mul(x._mpf_, x._mpf_))  # exact: its last bits count in the exponent
    total = term = context.mpf(1)
    k = 1
    while abs(term) > context.ldexp(1, -context.prec - 8):
        term = -term * (2 * k - 1) / (2 * square)
        total += term
        k += 1
    return exp(context, -square) * total / (x * context.sqrt(context.pi))


_TAILS: dict[str, Callable[[Any, Any], Any]] = {
    "exp": exp,
    "sinh": _sinh,
    "cosh": lambda context, x: exp(context, abs(x)) / 2,
    "expm1": _expm1,
    "erfc": _erfc,
}

_CHEAP = frozenset(("log", "sqrt", "cbrt", "atan", "asinh", "acosh", "log1p", "erf"))
"""Functions whose cost does not grow with the mag."""

COSTLY = tuple("exp expm1 sin cos tan sinh cosh tanh erfc".split())
"""Functions whose cost does."""


@cache
def _libmp() -> Any:
    return require("mpmath.libmp")
