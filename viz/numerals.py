"""How a number is written in a picture: always the same width, so that a layout stays still when values change.

The rule: as many decimals, up to four, as fit into seven characters with the sign; numbers that would lose
everything that way are written with a short exponent (``1.39e6``), never with ``e+06``. The full number stands in
the tooltip.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.value import NO_GRAD, Value

WIDTH = 7
TIMES = "\N{MULTIPLICATION SIGN}"


def fixed(number: Any, decimals: int = 4) -> str:
    """Write a number into exactly seven characters, aligned to the right.

    Parameters
    ----------
    number : float, Fraction, Decimal, complex, mpmath number or Value
        What a node's data or grad may be; of a Value its data is written.
    decimals : int
        The most digits after the point.

    Returns
    -------
    str
        Seven characters for real numbers; complex numbers and intervals take what they need.

    Examples
    --------
    >>> fixed(-0.36021), fixed(24.70408), fixed(138.8338)
    ('-0.3602', ' 24.704', ' 138.83')
    >>> fixed(0.00012), fixed(-1.5e300), fixed(float("nan"))
    (' 1.2e-4', ' -2e300', '    nan')
    """
    return short(number, decimals).rjust(WIDTH)


def short(number: Any, decimals: int = 4) -> str:
    """Write a number in at most seven characters, without padding.

    Examples
    --------
    >>> short(2), short(-0.5, decimals=3), short(Fraction(1, 3))
    ('2.0000', '-0.500', '1/3')
    >>> short(0.0), short(1234567.0), short(complex(1, -2))
    ('0.0000', '1.23e6', '1.000-2.000j')
    """
    if isinstance(number, Value):
        number = number.data
    if isinstance(number, complex):
        return f"{number.real:.3f}{number.imag:+.3f}j"
    if isinstance(number, Fraction) and len(str(number)) <= WIDTH:
        return str(number)
    try:
        real = float(number)
        beyond = not (real and math.isfinite(real)) and real == real and number != real
    except OverflowError:
        real, beyond = math.inf, True
    except (TypeError, ValueError):
        ends = getattr(number, "a", None), getattr(number, "b", None)  # an interval of mpmath's, else unknown
        return str(number)[: 3 * WIDTH] if None in ends else f"[{short(ends[0], decimals)}, {short(ends[1], decimals)}]"
    return _beyond(number) if beyond else _real(real, decimals)


def grad(adjoint: Any) -> str:
    """Write an adjoint into seven characters: a dash until backward() has reached the node.

    Examples
    --------
    >>> grad(0.5), grad(NO_GRAD)
    (' 0.5000', ' -     ')
    """
    if adjoint is NO_GRAD:
        return " -".ljust(WIDTH)
    return fixed(adjoint)


def exact(number: Any) -> str:
    """Write a number in full, as a tooltip shows it; a dash for an adjoint that is not there yet.

    Examples
    --------
    >>> exact(0.1), exact(Fraction(1, 3)), exact(NO_GRAD)
    ('0.1', '1/3', '-')
    """
    if number is NO_GRAD:
        return "-"
    return str(number.data if isinstance(number, Value) else number)


def brief(number: Any, width: int = 10) -> str:
    """Write a constant of a formula as it is, or rounded where that takes more than a width in characters.

    Examples
    --------
    >>> brief(0.5), brief(1e10), brief(Fraction(123456789, 1000003))
    ('0.5', '1.0e10', '123.46')
    """
    return exact(number) if len(exact(number)) <= width else short(number)


def _beyond(number: Any) -> str:
    """Write an exact or long number that no float is near to, such as 10^400."""
    ratio = isinstance(number, Fraction)
    decimal = Decimal(number.numerator) / Decimal(number.denominator) if ratio else Decimal(str(number))
    mantissa, exponent = f"{decimal:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _real(real: float, decimals: int) -> str:
    if not math.isfinite(real):
        return str(real)
    room = WIDTH - 1  # one character is kept for the sign, so that a change of sign moves nothing
    real += 0.0  # -0.0 becomes 0.0
    magnitude = abs(real)
    if magnitude == 0.0 or 1e-3 <= magnitude < 999_999.5:
        for digits in range(decimals, -1, -1):
            text = f"{real:.{digits}f}"
            if len(text.lstrip("-")) <= room:
                return text
    for digits in (2, 1, 0):
        mantissa, exponent = f"{real:.{digits}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text.lstrip("-")) <= room:
            return text
    return text
