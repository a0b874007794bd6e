"""Taylor coefficients of any order: truncated power series pushed through the recorded graph.

The table's own rules are enough. If y = f(x_1, x_2, ...) with series in t for the arguments, then y' = sum of
partial_i * x_i', so the coefficient of order k of y needs the partials to order k - 1 alone, and a rule that is written
over any number computes those too: by induction on the order, without one rule for series (compare Griewank and
Walther, Evaluating Derivatives, section 13.2, where each function has its own recurrence).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from engine.elementary import TABLE, Row
from engine.functions import Number, data_of
from engine.graph import postorder
from engine.linear import Traced, exactly_like, is_plain_zero
from engine.value import Constant, Value, as_values, node

Memo = dict[Any, "Series"]


class Series:
    """A power series cut off after some order: coefficients[k] belongs to t^k.

    It takes part in the rules of `engine.elementary` as any number does: comparisons are by the first coefficient.

    >>> Series([1.0, 1.0, 0.0], {}) * Series([2.0, 0.0, 5.0], {})
    Series([2.0, 2.0, 5.0])
    """

    __slots__ = ("coefficients", "memo")

    row = None  # by which engine.functions knows a number that looks after itself

    def __init__(self, coefficients: list[Any], memo: Memo) -> None:
        self.coefficients = coefficients
        self.memo = memo

    @property
    def data(self) -> Number:
        """The value at t = 0, by which branches are chosen."""
        return data_of(self.coefficients[0])

    @staticmethod
    def apply(name: str, *arguments: Any) -> Series:
        """Return a row of the table over series and plain numbers."""
        memo: Memo = next(x.memo for x in arguments if isinstance(x, Series))
        return composed(TABLE[name], arguments, memo)

    def _paired(self, other: Any) -> tuple[list[Any], list[Any]]:
        theirs = other.coefficients if isinstance(other, Series) else [other, *[0] * (len(self.coefficients) - 1)]
        n = min(len(self.coefficients), len(theirs))
        return self.coefficients[:n], theirs[:n]

    def __add__(self, other: Any) -> Series:
        return Series([a + b for a, b in zip(*self._paired(other), strict=True)], self.memo)

    def __sub__(self, other: Any) -> Series:
        return Series([a - b for a, b in zip(*self._paired(other), strict=True)], self.memo)

    def __rsub__(self, other: Any) -> Series:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Series:
        a, b = self._paired(other)
        return Series([_convolved(a[: k + 1], b[: k + 1]) for k in range(len(a))], self.memo)

    def __truediv__(self, other: Any) -> Series:
        return _quotient(*self._paired(other), self.memo)

    def __rtruediv__(self, other: Any) -> Series:
        b, a = self._paired(other)
        return _quotient(a, b, self.memo)

    def __pow__(self, other: Any) -> Series:
        return Series.apply("pow", self, other)

    def __rpow__(self, other: Any) -> Series:
        return Series.apply("pow", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Series:
        return Series([-c for c in self.coefficients], self.memo)

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
        return f"Series({self.coefficients})"


def taylor(f: Callable[[Any], Any], x0: Number, n: int) -> list[Any]:
    """Return the Taylor coefficients of f at x0, f^(k)(x0) / k! for k = 0 .. n; exact for a Fraction.

    The work grows as n^3, not exponentially as that of nested derivatives.

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
    if n < 0:
        raise ValueError(f"n is the highest order and cannot be {n}; give 0, 1, 2, ...")
    traced = Traced(f, x0)
    output, (x,) = traced.one_output(), traced.inputs
    memo: Memo = {}
    zero = type(x.data)()
    rest = [zero + 1, *[zero] * (n - 1)] if n else []
    found: dict[Value, Series] = {x: Series([x if traced.nested else x.data, *rest], memo)}
    for v in postorder(output):
        if v.row is not None and v not in found and any(a in found for a in v.args):
            args = [found.get(a) or _plain(a, traced.nested) for a in v.args]
            found[v] = composed(v.row, args, memo)
    if output not in found:
        return [output if traced.nested else output.data, *[type(output.data)()] * n]
    return [exactly_like(c, output.data) for c in found[output].coefficients]  # a 0 may be an int


def _plain(v: Value, nested: bool) -> Any:
    return v if nested and not isinstance(v, Constant) else v.data


_PLAIN = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg}


def composed(row: Row, args: Any, memo: Memo) -> Series:
    """Return a row's function of series and plain numbers, to the order of the shortest series.

    >>> composed(TABLE["sin"], [Series([0.0, 1.0, 0.0, 0.0], {})], {})
    Series([0.0, 1.0, 0.0, -0.16666666666666666])
    """
    if row.name in _PLAIN:
        return _PLAIN[row.name](*args)  # type: ignore[no-any-return, operator]  # one of them is a Series
    length = min(len(a.coefficients) for a in args if isinstance(a, Series))
    lists = [a.coefficients[:length] if isinstance(a, Series) else [a] for a in args]
    key = (row.name, tuple((type(c), c) for coefficients in lists for c in (*coefficients, ...)))
    if key not in memo:
        memo[key] = Series(_coefficients(row, lists, memo), memo)
    return memo[key]


def _coefficients(row: Row, lists: list[list[Any]], memo: Memo) -> list[Any]:
    """Return all coefficients: the last from the partials, the others from the arguments without their last."""
    n = max(map(len, lists)) - 1
    if n == 0:
        firsts = [coefficients[0] for coefficients in lists]
        recorded = any(isinstance(c, Value) for c in firsts)
        return [node(row, as_values(firsts)) if recorded else row.value(*firsts)]
    lower = [Series(c[:-1], memo) if len(c) > 1 else c[0] for c in lists]
    y = composed(row, lower, memo)
    total: Any = 0
    for coefficients, partial in zip(lists, row.partials(y, *lower), strict=True):
        slope = [j * c for j, c in enumerate(coefficients)][1:]  # of x_i' = sum of j x_ij t^(j-1)
        if not all(map(is_plain_zero, slope)):
            p = partial.coefficients if isinstance(partial, Series) else [partial, *[0] * (n - 1)]
            total = total + _convolved(slope, p)
    return [*y.coefficients, total / exactly_like(n, data_of(y.coefficients[0]))]


def _convolved(a: list[Any], b: list[Any]) -> Any:
    """Return sum of a_j b_(k-j), leaving out what is plainly 0: so 0 * inf is 0."""
    total: Any = 0
    for x, y in zip(a, reversed(b), strict=True):
        if not is_plain_zero(x) and not is_plain_zero(y):
            total = total + x * y
    return total


def _quotient(a: list[Any], b: list[Any], memo: Memo) -> Series:
    """Return a / b from a = b c: c_k = (a_k - sum over j < k of c_j b_(k-j)) / b_0."""
    c: list[Any] = []
    for k, x in enumerate(a):
        c.append((x - _convolved(c, b[1 : k + 1])) / b[0])
    return Series(c, memo)
