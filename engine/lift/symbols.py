"""Symbols: run a row's own rule on symbols instead of numbers, and it writes down its formula.

So `engine.elementary.TABLE` stays the only place that knows a derivative. A symbol is one more type of number that the
rules run on, beside floats, fractions and 50-digit numbers. Where a rule branches on the data, both ways are followed
(`explore`); `joining` makes one formula of both, which chooses cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.elementary import TABLE

Term = Any
"""A Symbol, or a plain float."""

_SATISFIED = {"<": "<", "<=": "<=", "==": "=", "!=": "<>?", ">": ">", ">=": ">="}
_MIRRORED = str.maketrans("<>", "><")

LIBRARY = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10",
    "sqrt": "sqrt", "cbrt": "cbrt", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos",
    "atan": "atan", "atan2": "atan2", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "asinh",
    "acosh": "acosh", "atanh": "atanh", "abs": "abs", "maximum": "maximum", "minimum": "minimum",
    "logaddexp": "logaddexp", "erf": "erf", "erfc": "erfc",
}  # fmt: skip
"""The rows whose value every array library computes itself, and the array API's name for it."""


class Symbol:
    """One operation on terms, or a name; the number that the rules of the table are run on to get their formulas.

    It offers what the rules ask of a number: operators, comparisons, `data`, `real`, and a `context` of functions, as
    mpmath's numbers have.
    """

    __slots__ = ("args", "operation", "paths")

    row = None

    def __new__(cls, operation: Any, *args: Term, paths: Any = None) -> Any:
        """Return a symbol; a rule that writes `type(x)(0)` gets the plain number."""
        if not isinstance(operation, str):
            return float(operation)
        return object.__new__(cls)

    def __init__(self, operation: str, *args: Term, paths: Paths) -> None:
        self.operation, self.args, self.paths = operation, args, paths

    @property
    def data(self) -> Symbol:
        """The number behind this one: itself."""
        return self

    @property
    def real(self) -> Symbol:
        """The real part: itself."""
        return self

    @property
    def context(self) -> _Functions:
        """The functions of symbols."""
        return _Functions(self.paths)

    @staticmethod
    def apply(name: str, *args: Term) -> Term:
        """Return the row `name` of these terms: a call of the library, or the row's formula written out."""
        paths = next(a.paths for a in args if isinstance(a, Symbol))
        return paths.make(LIBRARY[name], *args) if name in LIBRARY else TABLE[name].value(*args)

    def __add__(self, other: Term) -> Term:
        return self if is_number(other, 0) else self.paths.make("+", self, other)

    def __radd__(self, other: Term) -> Term:
        return self if is_number(other, 0) else self.paths.make("+", other, self)

    def __sub__(self, other: Term) -> Term:
        return self if is_number(other, 0) else self.paths.make("-", self, other)

    def __rsub__(self, other: Term) -> Term:
        return -self if is_number(other, 0) else self.paths.make("-", other, self)

    def __mul__(self, other: Term) -> Term:
        if isinstance(other, Symbol):
            return self.paths.make("*", self, other)
        return (
            0.0 if other == 0 else self if other == 1 else -self if other == -1 else self.paths.make("*", self, other)
        )

    def __rmul__(self, other: Term) -> Term:
        return self * other if other in (0, 1, -1) else self.paths.make("*", other, self)

    def __truediv__(self, other: Term) -> Term:
        return self if is_number(other, 1) else self.paths.make("/", self, other)

    def __rtruediv__(self, other: Term) -> Term:
        return self.paths.make("/", other, self)

    def __pow__(self, other: Term) -> Term:
        if is_number(other, 1):
            return self
        return (
            self * self if is_number(other, 2) else 1.0 if is_number(other, 0) else self.paths.make("**", self, other)
        )

    def __rpow__(self, other: Term) -> Term:
        return self.paths.make("**", other, self)

    def __neg__(self) -> Term:
        return self.args[0] if self.operation == "neg" else self.paths.make("neg", self)

    def __pos__(self) -> Term:
        return self

    def __abs__(self) -> Term:
        return self.paths.make("abs", self)

    def __lt__(self, other: Term) -> bool:
        return self.paths.decide("<", self, other)

    def __le__(self, other: Term) -> bool:
        return self.paths.decide("<=", self, other)

    def __gt__(self, other: Term) -> bool:
        return self.paths.decide(">", self, other)

    def __ge__(self, other: Term) -> bool:
        return self.paths.decide(">=", self, other)

    def __eq__(self, other: object) -> bool:
        return self.paths.decide("==", self, other)

    def __ne__(self, other: object) -> bool:
        return self.paths.decide("!=", self, other)

    __hash__ = object.__hash__


class _Functions:
    """What the rules know as mpmath's context: `context.exp(x)`, `context.mpf(0.5)`."""

    mpc = ()
    one = 1.0

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    def __getattr__(self, name: str) -> Callable[..., Term]:
        def function(*args: Term) -> Term:
            if not any(isinstance(a, Symbol) for a in args):
                return TABLE[name].value(*args)
            return self.paths.make(LIBRARY[name], *args)

        return function

    @staticmethod
    def mpf(number: Any) -> float:
        """Return a constant; an interval, which no float is, is nan."""
        return math.nan if isinstance(number, tuple) else float(number)


class Choice(NamedTuple):
    """A branch that a rule took: what it asked, and the results where the answer is yes and where it is no."""

    asked: Symbol
    yes: Any
    no: Any


class Paths:
    """The ways through one rule: makes its symbols, each formula once, and answers its comparisons."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Symbol] = {}
        self._script: list[bool] = []
        self._asked: list[Symbol] = []
        self._facts: dict[tuple[Any, Any], set[str]] = {}

    def make(self, operation: str, *args: Term) -> Symbol:
        """Return the symbol of this operation on these terms; the same one for the same."""
        key = (operation, *map(key_of, args))
        if key not in self._made:
            self._made[key] = Symbol(operation, *args, paths=self)
        return self._made[key]

    def name(self, text: str) -> Symbol:
        """Return the symbol of an argument."""
        return self.make(text)

    def decide(self, sign: str, a: Symbol, b: Term) -> bool:
        """Answer a comparison: from what was answered before, else as the script says, else yes."""
        possible = self._possible(a, b)
        satisfied = {r for r in possible if r in _SATISFIED[sign]}
        if not satisfied or satisfied == possible:
            return bool(satisfied)
        number = len(self._asked)
        answer = self._script[number] if number < len(self._script) else True
        self._asked.append(self.make(sign, a, b))
        self._learn(a, b, satisfied if answer else possible - satisfied)
        return answer

    def _possible(self, a: Term, b: Term) -> set[str]:
        """Return which of <, =, > and ? (unordered: one is nan) may still hold between a and b."""
        mirrored = self._facts.get((key_of(b), key_of(a)))
        known = self._facts.get((key_of(a), key_of(b)))
        if known is None:
            known = {r.translate(_MIRRORED) for r in mirrored} if mirrored is not None else set("<=>?")
        if a is b:
            known = known & set("=?")
        nan_a = self._facts.get((key_of(a), key_of(a)), set("=?"))
        if isinstance(b, Symbol):
            nan_b = self._facts.get((key_of(b), key_of(b)), set("=?"))
        else:
            nan_b = set("?") if b != b else set("=")
        if nan_a == {"?"} or nan_b == {"?"}:
            return set("?")
        return known - {"?"} if nan_a == {"="} and nan_b == {"="} else known

    def _learn(self, a: Symbol, b: Term, relations: set[str]) -> None:
        self._facts[key_of(a), key_of(b)] = relations
        if "?" not in relations or (relations == {"?"} and not isinstance(b, Symbol)):
            is_nan = set("?") if relations == {"?"} else set("=")
            self._facts[key_of(a), key_of(a)] = is_nan
            if isinstance(b, Symbol):
                self._facts[key_of(b), key_of(b)] = is_nan

    def explore(self, rule: Callable[[], Term]) -> Term:
        """Run a rule along every way through its branches; return its result, a tree of Choices where it branches."""
        return self._explore(rule, [])

    def _explore(self, rule: Callable[[], Term], script: list[bool]) -> Term:
        self._script, self._asked, self._facts = script, [], {}
        try:
            result = rule()
        except ArithmeticError:  # a rule never raises where the value is fine; here there is none
            result = math.nan
        if len(self._asked) <= len(script):
            return result
        asked = self._asked[len(script)]
        return Choice(asked, self._explore(rule, [*script, True]), self._explore(rule, [*script, False]))


def symbols_in(term: Term) -> list[Term]:
    """Return the term and all its parts, each once, parts before what is made of them."""
    order: list[Term] = []
    seen: set[Any] = set()

    def visit(t: Term) -> None:
        if key_of(t) not in seen:
            seen.add(key_of(t))
            for x in t.args if isinstance(t, Symbol) else ():
                visit(x)
            order.append(t)

    visit(term)
    return order


def key_of(term: Term) -> Any:
    """Return what two terms have in common if they are the same: equal numbers are, equal symbols are made once.

    >>> key_of(0.0) == key_of(-0.0)
    False
    """
    return id(term) if isinstance(term, Symbol) else ("number", repr(float(term)))


def is_number(term: Term, number: float) -> bool:
    """Whether a term is this plain number."""
    return not isinstance(term, Symbol) and bool(term == number)
