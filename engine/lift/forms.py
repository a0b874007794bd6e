"""Formulas of the table's rows as Python text over arrays, made by running the rows' own rules (see `symbols`).

>>> print(value_form("sigmoid", (None,)).text())
e = xp.exp(-xp.abs(x0))
return xp.where(x0 < 0.0, e, 1.0) / (1.0 + e)
>>> print(pullback_form("mul", (None, None), 0).text())
return g * x1
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.elementary import TABLE
from engine.lift.helpers import INVERSES
from engine.lift.joining import join
from engine.lift.rescaled import RESCALED, is_rescaled
from engine.lift.symbols import LIBRARY, Paths, Symbol, Term, is_number, symbols_in

Constants = tuple[float | None, ...]
"""For each argument its number, where it is a constant that the formula may use, else None."""

HELPERS = frozenset(("erf", "erfc", "cbrt", "tiny", *INVERSES))
"""Functions that NumPy lacks, or another library: the emitted module brings them along."""

_INFIX = frozenset(("+", "-", "*", "/", "**", "<", "<=", "==", "!=", ">", ">="))


class Form(NamedTuple):
    """A formula over the names g (the adjoint), y (the value), x0, x1, ... (the arguments)."""

    term: Term

    @property
    def names(self) -> list[str]:
        """The names that the formula uses, in the order g, y, x0, x1, ..."""
        found = {t.operation for t in symbols_in(self.term) if isinstance(t, Symbol) and not t.args}
        return sorted(found, key=lambda name: ("gyx".index(name[0]), name))

    @property
    def operations(self) -> int:
        """The number of operations."""
        return sum(isinstance(t, Symbol) and bool(t.args) for t in symbols_in(self.term))

    @property
    def is_short(self) -> bool:
        """Whether it is written in place, rather than in a function of its own."""
        once = all(t == 1 for t in _uses(self.term).values())
        return self.operations <= 3 and once and not self.contains("where")

    def contains(self, operation: str) -> bool:
        """Whether the formula has this operation."""
        return any(isinstance(t, Symbol) and t.args and t.operation == operation for t in symbols_in(self.term))

    def line(self) -> str:
        """Return the formula as one expression."""
        return _write(self.term, {})

    def text(self) -> str:
        """Return the formula as the body of a function: what is used more than once has a line of its own."""
        uses, names, lines = _uses(self.term), dict[int, str](), []
        letters = iter("eabcdhijklmnopqrstuvwz")
        for t in symbols_in(self.term):
            if isinstance(t, Symbol) and t.args and uses.get(id(t), 0) > 1 and not _is_cheap(t):
                name = next(letters)
                lines.append(f"{name} = {_write(t, names)}")
                names[id(t)] = name
        return "\n".join([*lines, f"return {_write(self.term, names)}"])


@functools.cache
def value_form(name: str, constants: Constants) -> Form:
    """Return y = f(x_1, ..., x_n) of a row of fixed arity; constants among the arguments are worked in."""
    paths = Paths()
    xs = [paths.name(f"x{i}") if c is None else c for i, c in enumerate(constants)]
    return Form(_typed(paths, _value_term(paths, name, xs)))


def _value_term(paths: Paths, name: str, xs: Sequence[Term]) -> Term:
    if name in LIBRARY:
        array = next((x for x in xs if isinstance(x, Symbol)), None)
        arrays = [x if isinstance(x, Symbol) else paths.make("full_like", array, x) for x in xs]
        return paths.make(LIBRARY[name], *arrays)
    return _shortened(paths, join(paths, paths.explore(lambda: TABLE[name].value(*xs))))


@functools.cache
def pullback_form(name: str, constants: Constants, position: int) -> Form:
    """Return g * dy/dx_i of a row of fixed arity.

    Where the derivative may be infinite, an adjoint of 0 passes nothing on: 0 * inf must not become nan.
    """
    paths = Paths()
    g = paths.name("g")
    term = _pullback_term(paths, name, constants, position, g)
    if not is_rescaled(name, constants, position) and _may_be_infinite(term):
        term = paths.make("where", paths.make("==", g, 0.0), 0.0, term)
    return Form(_typed(paths, term))


@functools.cache
def slope_form(name: str, constants: Constants, position: int) -> Form:
    """Return dy/dx_i of a row of fixed arity.

    >>> slope_form("exp", (None,), 0).line(), slope_form("mul", (None, None), 0).line()
    ('y', 'x1')
    """
    paths = Paths()
    return Form(_typed(paths, _pullback_term(paths, name, constants, position, 1.0)))


def _pullback_term(paths: Paths, name: str, constants: Constants, position: int, g: Term) -> Term:
    y = paths.name("y")
    xs = [paths.name(f"x{i}") if c is None else c for i, c in enumerate(constants)]
    if is_rescaled(name, constants, position):
        return RESCALED[name](paths, g, y, position, *xs)
    tree = paths.explore(lambda: g * TABLE[name].partials(y, *xs)[position])
    term = _shortened(paths, join(paths, tree))
    value = _value_term(paths, name, xs)
    return _with(paths, term, {id(value): y} if isinstance(value, Symbol) else {})


def _may_be_infinite(term: Term) -> bool:
    """Whether the rule names an infinite slope, or divides by u + 0.0 (see `joining`)."""
    parts = symbols_in(term)
    poles = (
        t.operation == "/"
        and isinstance(t.args[1], Symbol)
        and t.args[1].operation == "+"
        and not isinstance(t.args[1].args[1], Symbol)
        and t.args[1].args[1] == 0
        for t in parts
        if isinstance(t, Symbol) and t.args
    )
    return any(not isinstance(t, Symbol) and math.isinf(t) for t in parts) or any(poles)


def _shortened(paths: Paths, term: Term) -> Term:
    """Return the same term, for floats to the last bit or closer to the truth, with fewer operations.

    a * (1 / b) is a / b; x or -x, whichever is negative, is -abs(x). The two shapes of a rule that branches at 0, and
    keeps a nan, are max(x, 0) and its slope, the sign of max(x, 0).
    """
    if not isinstance(term, Symbol) or not term.args:
        return term
    args = [_shortened(paths, a) for a in term.args]
    if (
        term.operation == "*"
        and isinstance(args[1], Symbol)
        and args[1].operation == "/"
        and is_number(args[1].args[0], 1)
    ):
        return paths.make("/", args[0], args[1].args[1])
    term = paths.make(term.operation, *args)
    if term.operation == "where" and isinstance(args[1], Symbol) and args[2] is paths.make("neg", args[1]):
        if args[0] is paths.make("<", args[1], 0.0):
            return paths.make("neg", paths.make("abs", args[1]))
    if term.operation == "where" and isinstance(args[2], Symbol) and args[2].operation == "where":
        asked, yes, (asked_next, low, otherwise) = args[0], args[1], args[2].args
        x = asked.args[0]
        if asked is paths.make(">", x, 0.0):
            positive = paths.make("maximum", x, paths.make("zeros_like", x))
            if yes is x and asked_next is paths.make("!=", x, x) and low is x and is_number(otherwise, 0):
                return positive
            is_nan_kept = isinstance(otherwise, Symbol) and otherwise is paths.make("*", yes, math.nan)
            if asked_next is paths.make("<=", x, 0.0) and is_number(low, 0) and is_nan_kept:
                return paths.make("*", yes, paths.make("sign", positive))
    return term


def _with(paths: Paths, term: Term, instead: dict[int, Symbol]) -> Term:
    """Return the term with the parts that are known already in place of what computes them."""
    if not isinstance(term, Symbol) or not term.args:
        return term
    if id(term) in instead:
        return instead[id(term)]
    return paths.make(term.operation, *[_with(paths, a, instead) for a in term.args])


def _typed(paths: Paths, term: Term) -> Term:
    """Give a choice between two constants the type of the arrays, by the condition's argument."""
    if not isinstance(term, Symbol) or not term.args:
        return term
    args = [_typed(paths, a) for a in term.args]
    if term.operation == "where" and not any(isinstance(a, Symbol) for a in args[1:]):
        like = next(a for a in args[0].args if isinstance(a, Symbol))
        args[1] = paths.make("full_like", like, args[1])
    return paths.make(term.operation, *args)


def _uses(term: Term) -> dict[int, int]:
    uses: dict[int, int] = {}
    for t in symbols_in(term):
        for a in t.args if isinstance(t, Symbol) else ():
            if isinstance(a, Symbol) and a.args:
                uses[id(a)] = uses.get(id(a), 0) + 1
    return uses


def _is_cheap(t: Symbol) -> bool:
    return t.operation == "neg" and not t.args[0].args


def _write(term: Term, names: dict[int, str]) -> str:
    if not isinstance(term, Symbol):
        number = float(term)
        return repr(number) if math.isfinite(number) else f"{'-' if number == -math.inf else ''}xp.{abs(number)!r}"
    if id(term) in names:
        return names[id(term)]
    if not term.args:
        return term.operation
    args = [_write(a, names) for a in term.args]
    if term.operation in _INFIX:
        left, right = (_bracketed(a, t) for a, t in zip(args, term.args, strict=True))
        return f"{left} {term.operation} {right}"
    if term.operation == "neg":
        return f"-{_bracketed(args[0], term.args[0])}"
    if term.operation in HELPERS:
        return f"{term.operation}({', '.join(args)}, xp)"
    return f"xp.{term.operation}({', '.join(args)})"


def _bracketed(text: str, term: Term) -> str:
    """Bracket an operand that is an expression with an operator."""
    compound = (
        (" " in text and (term.operation in _INFIX or term.operation == "neg")) or text.startswith("-")
        if isinstance(term, Symbol)
        else text.startswith("-")
    )
    return f"({text})" if compound else text
