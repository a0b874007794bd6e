"""Taylor coefficients of any order: power series pushed through the recorded graph, one coefficient after the other.

The table's own rules are enough. If y = f(x_1, x_2, ...) with series in t for the arguments, then y' = sum of
partial_i * x_i', so the coefficient of order k of y needs the partials to order k - 1 alone, and a rule that is written
over any number computes those too: by induction on the order, without one rule for series (compare Griewank and
Walther, Evaluating Derivatives, section 13.2, where each function has its own recurrence).

A series knows its first coefficient; the others are computed when they are asked for, and kept. So a rule is run once,
over series whose later coefficients nobody knows yet, and it may lead back to itself: the partial of exp is exp. Each
coefficient of a product, quotient or function costs as many multiplications as its order, so n of them cost n^2 (van
der Hoeven, Relax, but don't be too lazy, 2002, section 2: lazy power series).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from engine.calculus import must_be_number
from engine.elementary import TABLE, Row
from engine.functions import Number, data_of
from engine.graph import postorder
from engine.linear import Traced, exactly_like, is_plain_zero
from engine.value import Constant, Value, as_values, node

Memo = dict[Any, "Series"]

ARITHMETIC = frozenset("add sub mul div neg pos".split())
"""Rows that need nothing but one of + - * /, which series have."""

CHAIN = range(9)
"""Whole exponents n for which x^n is taken as a power of its own: x^3, x^2, x, 1 end in plain zeros."""


class Series:
    """A power series in t: series[k] is the coefficient of t^k.

    It takes part in the rules of `engine.elementary` as any number does: comparisons are by the first coefficient.

    Attributes
    ----------
    coefficients: those that are known, the first one at least.
    memo: every function of series that was met, by its arguments, so that none is computed twice.

    >>> x = variable(2.0, {})
    >>> (x * x * x).upto(4), (1 / x).upto(2)
    ([8.0, 12.0, 6.0, 1.0, 0], [0.5, -0.25, 0.125])
    """

    __slots__ = ("_following", "_undone", "coefficients", "memo")

    row = None  # by which engine.functions knows a number that looks after itself

    def __init__(self, first: Any, following: Callable[[int], Any], memo: Memo) -> None:
        self.coefficients = [first]
        self.memo = memo
        self._following = following
        self._undone: tuple[str, Series] | None = None

    def __getitem__(self, k: int) -> Any:
        known = self.coefficients
        while len(known) <= k:
            known.append(self._following(len(known)))
        return known[k]

    def upto(self, k: int) -> list[Any]:
        """Return the coefficients of orders 0 to k."""
        self[k]
        return self.coefficients[: k + 1]

    @property
    def data(self) -> Number:
        """The value at t = 0, by which branches are chosen."""
        return data_of(self.coefficients[0])

    @staticmethod
    def apply(name: str, *arguments: Any) -> Series:
        """Return a row of the table over series and plain numbers."""
        memo: Memo = next(x.memo for x in arguments if isinstance(x, Series))
        return composed(TABLE[name], arguments, memo)

    def _each(self, step: str, f: Callable[[Any], Any]) -> Series:
        """Return f of each coefficient; the very series that this one came from where the step undoes the last one."""
        if self._undone is not None and self._undone[0] == step:
            return self._undone[1]
        made = Series(f(self.coefficients[0]), lambda k: f(self[k]), self.memo)
        if step in _UNDO:
            made._undone = (_UNDO[step], self)
        return made

    def __add__(self, other: Any) -> Series:
        if not isinstance(other, Series):
            return Series(self.coefficients[0] + other, self.__getitem__, self.memo)
        return Series(self.coefficients[0] + other.coefficients[0], lambda k: self[k] + other[k], self.memo)

    def __sub__(self, other: Any) -> Series:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Series:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Series:
        if not isinstance(other, Series):
            return self._each(_step("*", other), lambda c: _convolved([c], [other]))
        first = _convolved(self.coefficients[:1], other.coefficients[:1])
        return Series(first, lambda k: _convolved(self.upto(k), other.upto(k)), self.memo)

    def __truediv__(self, other: Any) -> Series:
        if not isinstance(other, Series):
            return self._each(_step("/", other), lambda c: c / other)
        return _quotient(self, other)

    def __rtruediv__(self, other: Any) -> Series:
        return _quotient(variable(other, self.memo, slope=0), self)

    def __pow__(self, n: Any) -> Series:
        """Return x^n; where x^(n+1) is known, as it is in the rule for powers, its quotient by x."""
        if not isinstance(n, (Series, Value)) and self != 0 and not any(n == whole for whole in CHAIN):
            higher = self.memo.get(_key(TABLE["pow"], (self, n + 1)))
            if higher is not None:
                return higher / self
        return Series.apply("pow", self, n)

    def __rpow__(self, other: Any) -> Series:
        return Series.apply("pow", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Series:
        return self._each("neg", lambda c: -c)

    def __pos__(self) -> Series:
        return self

    def __abs__(self) -> Series:
        return Series.apply("abs", self)

    def __eq__(self, other: object) -> bool:
        return bool(self.data == data_of(other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.data < data_of(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.data <= data_of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.data > data_of(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.data >= data_of(other))

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Series({self.coefficients}, ...)"


_UNDO = {"*2": "/2", "/2": "*2", "neg": "neg"}
"""Steps that are undone exactly: tanh' has sigma'(2x), whose derivative has tanh(2x / 2), which is the first one."""


def _step(sign: str, number: Any) -> str:
    return f"{sign}2" if not isinstance(number, Value) and number == 2 else ""


def variable(first: Any, memo: Memo, slope: Any = 1.0) -> Series:
    """Return the series first + slope t.

    >>> variable(3.0, {}).upto(3)
    [3.0, 1.0, 0, 0]
    """
    return Series(first, lambda k: slope if k == 1 else 0, memo)


def taylor(f: Callable[[Any], Any], x0: Number, n: int) -> list[Any]:
    """Return the Taylor coefficients of f at x0, f^(k)(x0) / k! for k = 0 .. n; exact for a Fraction.

    The work grows as n^2, not exponentially as that of nested derivatives. (As n^3 for x**x, where every derivative
    brings a power that is new.)

    Raises ValueError for a negative n, TypeError where f does not return one number.

    >>> from engine.elementary import exp
    >>> from fractions import Fraction
    >>> taylor(exp, 0.0, 4)
    [1.0, 1.0, 0.5, 0.16666666666666666, 0.041666666666666664]
    >>> taylor(lambda x: 1 / (1 - x), Fraction(1, 2), 3)
    [Fraction(2, 1), Fraction(4, 1), Fraction(8, 1), Fraction(16, 1)]
    >>> taylor(exp, 0.0, -1)
    Traceback (most recent call last):
    ...
    ValueError: n is the highest order and cannot be -1; give 0, 1, 2, ...
    """
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"n is the highest order and cannot be {n!r}; give 0, 1, 2, ...")
    must_be_number(x0, "taylor")
    traced = Traced(f, x0)
    output, (x,) = traced.one_output(), traced.inputs
    memo: Memo = {}
    found = {x: variable(x if traced.nested else x.data, memo, slope=type(x.data)() + 1)}
    for v in postorder(output):
        if v.row is not None and v not in found and any(a in found for a in v.args):
            found[v] = composed(v.row, [found.get(a) or _plain(a, traced.nested) for a in v.args], memo)
    if output not in found:
        return [output if traced.nested else output.data, *[type(output.data)()] * n]
    for k in range(1, n + 1):
        for series in found.values():  # arguments first: so none asks for another that is not there, down a deep graph
            series[k]
    return [exactly_like(c, output.data) for c in found[output].upto(n)]  # a 0 may be an int


def _plain(v: Value, nested: bool) -> Any:
    return v if nested and not isinstance(v, Constant) else v.data


def composed(row: Row, args: Any, memo: Memo) -> Series:
    """Return a row's function of series and plain numbers.

    >>> memo = {}
    >>> composed(TABLE["sin"], [variable(0.0, memo)], memo).upto(3)
    [0.0, 1.0, 0.0, -0.16666666666666666]
    """
    if row.name in ARITHMETIC:
        return row.value(*args)  # type: ignore[no-any-return]  # one of them is a Series
    key = _key(row, args)
    if key not in memo:
        firsts = [a.coefficients[0] if isinstance(a, Series) else a for a in args]
        recorded = any(isinstance(c, Value) for c in firsts)
        first = node(row, as_values(firsts)) if recorded else row.value(*firsts)
        memo[key] = y = Series(first, lambda k: _next(y, k, pairs()), memo)
        pairs = cache(lambda: [(a, p) for a, p in zip(args, row.partials(y, *args), strict=True) if _is_series(a)])
    return memo[key]


def _key(row: Row, args: Any) -> Any:
    """Return what tells two functions of series apart: the series themselves, and numbers to the sign of a zero."""
    return (row.name, *[a if isinstance(a, (Series, Value)) else (type(a), a, str(a)) for a in args])


def _is_series(x: Any) -> bool:
    return isinstance(x, Series)


def _next(y: Series, k: int, pairs: list[tuple[Series, Any]]) -> Any:
    """Return y_k = sum over the arguments, and over j, of j x_j p_(k-j) / k."""
    total: Any = 0
    for x, partial in pairs:
        slope = [j * c for j, c in enumerate(x.upto(k))][1:]
        if isinstance(partial, Series):
            total = total + _convolved(slope, partial.upto(k - 1))
        else:
            total = total + _convolved(slope[-1:], [partial])
    return total / exactly_like(k, y.data)


def _convolved(a: list[Any], b: list[Any]) -> Any:
    """Return sum of a_j b_(k-j), leaving out what is plainly 0: so 0 * inf is 0."""
    total: Any = 0
    for x, y in zip(a, reversed(b), strict=True):
        if not is_plain_zero(x) and not is_plain_zero(y):
            total = total + x * y
    return total


def _quotient(a: Series, b: Series) -> Series:
    """Return c = a / b from a = b c: c_k = (a_k - sum over j < k of c_j b_(k-j)) / b_0."""
    b0 = b.coefficients[0]
    c = Series(a.coefficients[0] / b0, lambda k: (a[k] - _convolved(c.upto(k - 1), b.upto(k)[1:])) / b0, a.memo)
    return c
