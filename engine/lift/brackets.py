"""Brackets: what an expression needs around it where it stands beside an operator, so that it is evaluated as meant.

A template has holes: $0 for an operand, which is bracketed where the operators beside it bind as tightly as its own or
more so, and #0 for an argument between brackets or commas. No bracket is left out that changes the order of evaluation:
(a + b) + c is a + b + c, but a + (b + c) stays, because floats round differently there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NOTHING, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly the loosest operator of an expression binds; an atom has none outside of brackets."""

_HOLES = re.compile(r"\$(\d+)|#(\d+)")
_LOOSEST = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "**": POWER}


def holes(template: str) -> list[int]:
    """Return the numbers of the arguments that a template uses, as often as it uses them.

    >>> holes("$0 * $0 + f(#2)")
    [0, 0, 2]
    """
    return [int(hole[1] or hole[2]) for hole in _HOLES.finditer(template)]


def filled(template: str, arguments: Sequence[str]) -> str:
    """Return a template with the arguments in its holes, bracketed where they must be.

    >>> filled("$0 + $1", ["a + b", "c * d"]), filled("$0 * $1", ["a + b", "c * d"])
    ('a + b + c * d', '(a + b) * (c * d)')
    >>> filled("$0 - f(#1)", ["a", "b - c"]), filled("-$0", ["-a"]), filled("$0[1]", ["a.T"])
    ('a - f(b - c)', '-(-a)', 'a.T[1]')
    """

    def fill(hole: re.Match[str]) -> str:
        if hole[1] is None:
            return arguments[int(hole[2])]
        text = arguments[int(hole[1])]
        needed = _needed(template[: hole.start()], template[hole.end() :])
        is_signed = text.startswith("-") and hole.start() > 0 and template[hole.start() - 1] not in "([{"
        bracketed = needed > binding(text) or (is_signed and needed > NOTHING)
        return f"({text})" if bracketed else text

    return _HOLES.sub(fill, template)


def binding(text: str) -> int:
    """Return how tightly the loosest operator outside of brackets binds.

    >>> binding("a * b + c") == SUM, binding("a @ b") == PRODUCT, binding("-a") == SIGN, binding("f(a + b)") == ATOM
    (True, True, True, True)
    """
    outside, depth = [], 0
    for character in text:
        depth -= character in ")]}"
        if not depth:
            outside.append(character)
        depth += character in "([{"
    words = "".join(outside).split(" ")
    signed = [SIGN] if text.startswith("-") else []
    return min([_LOOSEST.get(word, NOTHING) for word in words[1::2]] + signed, default=ATOM)


def _needed(before: str, after: str) -> int:
    """Return how tightly an operand must bind between what stands before and after it."""
    if after.startswith((".", "[", "**", " ** ")) or before.endswith(("**", " ** ", " * ", " / ", " @ ")):
        return ATOM
    if before.endswith("-") and not before.endswith(" -"):
        return ATOM
    if before.endswith(("+ ", "- ")) or after.startswith((" * ", " / ", " @ ")):
        return PRODUCT
    return SUM if after.startswith((" + ", " - ")) else NOTHING
