"""What is wrong with an expression in text, in words; for "invalid syntax" the mistake that it probably is."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Container

CURES: dict[type[ast.AST], str] = {
    ast.BitXor: "^ is no power here: write **",
    ast.FloorDiv: "// has no derivative: write /",
    ast.Mod: "% has no derivative",
    ast.MatMult: "@ is for matrices; an expression holds single numbers",
    ast.Compare: "a comparison has no derivative",
    ast.BoolOp: "and, or have no derivative",
    ast.Not: "not has no derivative",
    ast.Invert: "~ has no derivative",
    ast.IfExp: "an expression has no branches",
    ast.Lambda: "functions cannot be defined in an expression",
    ast.Attribute: "only functions of the table can follow a point, as in x.tanh()",
    ast.Subscript: "an expression holds single numbers, which have no elements",
    ast.Tuple: "a comma can only stand between the arguments of a function; for a decimal point write .",
    ast.List: "an expression holds single numbers, no lists",
    ast.NamedExpr: "numbers for names stand behind the expression, as x=1.5",
}
"""For each part of Python's syntax that an expression may not have, what to say."""

LETTERS = {
    "\N{MULTIPLICATION SIGN}": "*", "\N{DOT OPERATOR}": "*", "\N{DIVISION SIGN}": "/", "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-", "\N{SUPERSCRIPT TWO}": "**2", "\N{SUPERSCRIPT THREE}": "**3", "\N{SQUARE ROOT}": "sqrt(...)",
}  # fmt: skip
"""Signs of mathematics, and how they are typed."""

_ATOM = r"[^\W\d]\w*|[\d.]+(?:e[+-]?\d+)?"
_BEFORE, _AFTER = re.compile(rf"({_ATOM}|\))\s+$", re.IGNORECASE), re.compile(rf"({_ATOM}|\()", re.IGNORECASE)


def of_syntax(text: str, error: SyntaxError, functions: Container[str]) -> tuple[str, int, int]:
    """Return what is probably meant by a text that Python cannot parse, and where the mistake starts and ends.

    >>> try:
    ...     ast.parse("sin x", mode="eval")
    ... except SyntaxError as error:
    ...     of_syntax("sin x", error, {"sin"})
    ('a function takes parentheses: write sin(...)', 0, 5)
    """
    start = min(max((error.offset or 0) - 1, 0), len(text))
    end = (error.end_offset or 0) - 1 if error.end_lineno == 1 else start + 1
    problem = error.msg
    if problem.startswith("invalid decimal literal"):
        return "a number runs into a name: write 2*x, not 2x", start, end
    if problem.startswith("invalid character"):
        cure = LETTERS.get(text[start : start + 1])
        return (f"{text[start]} cannot be read: write {cure}" if cure else problem), start, start + 1
    if text[start : start + 1] == "=" or problem.startswith(("invalid syntax. Maybe you meant '=='", "cannot assign")):
        return "numbers for names stand behind the expression, as x=1.5", start, end
    if re.search(r"[-+*/(,]\s*$", text) and "never closed" not in problem:
        return "a number or a name is missing at the end", len(text), len(text) + 1
    if problem.startswith("invalid syntax"):
        gap = re.search(r"(?<=[\w)])\s+(?=[\w(])", text[start:end]) if "comma" in problem else None
        start += gap.end() if gap else 0
        return _between(text, start, functions) or ("this cannot be read as an expression", start, end)
    return problem, start, end


def _between(text: str, start: int, functions: Container[str]) -> tuple[str, int, int] | None:
    """Return the mistake where a number, a name or a parenthesis follows another one without a sign."""
    before, after = _BEFORE.search(text[:start]), _AFTER.match(text[start:])
    if before is None or after is None or keyword.iskeyword(before[1]) or keyword.iskeyword(after[1]):
        return None
    if before[1] in functions:
        return f"a function takes parentheses: write {before[1]}(...)", before.start(1), start + after.end(1)
    return f"a sign is missing before {after[1]}: write * for a product", start, start + after.end(1)
