"""The number that an oracle hands to a user's function: it behaves like a float, and writes everything on a tape.

NumPy's functions on arrays of such numbers call their methods (`np.tanh(a)` calls `x.tanh()`), the engine's functions
find theirs through `context`, and both leave the derivative to the tape. There is no `__float__`: code that turns a
number into a double fails loudly, and is treated as a black box.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from engine.check.rules import RULES
from engine.check.tape import Node, Tape

RUNNING: ContextVar[Tape] = ContextVar("the tape of the run that is under way")


class Traced:
    """One real number on a tape.

    >>> from engine.check.fields import RealField
    >>> tape = Tape(RealField(60))
    >>> x = Traced(tape, tape.leaf(2.0))
    >>> y = (1 / x + x * x).sqrt()
    >>> print(tape.field.context.nstr(tape.sweep(y.node)[x.node.index], 12))
    0.883883476483
    >>> float(x)
    Traceback (most recent call last):
    ...
    TypeError: float() argument must be a string or a real number, not 'Traced'
    """

    __slots__ = ("node", "tape")

    def __init__(self, tape: Any = 0, node: Node | None = None) -> None:
        if node is None:  # type(x)(0), as generic code makes the zero of a number's type
            number, tape = tape, RUNNING.get()
            node = tape.constant(number)
        self.tape: Tape = tape
        self.node = node

    def lift(self, other: Any) -> Node | None:
        """Return the other operand as a node of this tape, or None where it is no real number."""
        if isinstance(other, Traced):
            return other.node
        if isinstance(other, (int, float, Fraction)) or hasattr(other, "_mpf_"):
            return self.tape.constant(other)
        kind = type(other)
        if kind.__module__ == "numpy" and getattr(other, "ndim", None) == 0 and other.dtype.kind in "biuf":
            return self.tape.constant(float(other) if other.dtype.kind == "f" else int(other))
        return None

    def apply(self, name: str, *others: Any) -> Any:
        """Return a rule of this number and the others."""
        args = [self.node]
        for other in others:
            node = self.lift(other)
            if node is None:
                return NotImplemented
            args.append(node)
        return Traced(self.tape, self.tape.apply(name, tuple(args)))

    def _reflected(self, name: str, other: Any) -> Any:
        node = self.lift(other)
        return NotImplemented if node is None else Traced(self.tape, self.tape.apply(name, (node, self.node)))

    def __add__(self, other: Any) -> Any:
        return self.apply("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._reflected("add", other)

    def __sub__(self, other: Any) -> Any:
        return self.apply("sub", other)

    def __rsub__(self, other: Any) -> Any:
        return self._reflected("sub", other)

    def __mul__(self, other: Any) -> Any:
        return self.apply("mul", other)

    def __rmul__(self, other: Any) -> Any:
        return self._reflected("mul", other)

    def __truediv__(self, other: Any) -> Any:
        return self.apply("div", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._reflected("div", other)

    def __pow__(self, other: Any) -> Any:
        return self.apply("pow", other)

    def __rpow__(self, other: Any) -> Any:
        return self._reflected("pow", other)

    def __neg__(self) -> Any:
        return self.apply("neg")

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        positive = self._compare(0, lambda sign: sign >= 0)
        return self._chosen("abs", self if positive else -self, (self,), (1 if positive else -1,))

    # --- comparisons: each is a switch, at which the function may have a kink --------------------

    def _compare(self, other: Any, holds: Callable[[int], bool], *, equality: bool = False) -> Any:
        node = self.lift(other)
        if node is None:
            return NotImplemented
        if node is self.node:
            return node.value is not None and holds(0)
        if node.value is not None and self.tape.field.sign(node.value) == 0 and node.index < 0:
            return self.tape.compare(self.node, holds, equality=equality)
        if _infinite(other):
            return holds(-1 if other > 0 else 1)
        return self.tape.compare(self.tape.apply("sub", (self.node, node)), holds, equality=equality)

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign < 0)

    def __le__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign <= 0)

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign > 0)

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign >= 0)

    def __eq__(self, other: Any) -> Any:
        return self._compare(other, lambda sign: sign == 0, equality=True)

    def __ne__(self, other: Any) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __bool__(self) -> bool:
        return bool(self != 0)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Traced({self.node.value})"

    # --- functions that choose -------------------------------------------------------------------

    def _chosen(self, name: str, result: Any, parents: tuple[Traced, ...], slopes: tuple[int, ...]) -> Traced:
        """Return a number that was chosen, as one node that remembers between what."""
        tape, F = self.tape, self.tape.field
        node = result.node if isinstance(result, Traced) else tape.constant(result)
        value = None if any(p.node.value is None for p in parents) else node.value
        if not tape.recording or all(p.node.index < 0 for p in parents):
            return Traced(tape, node if value is not None else Node(-1, "", None))
        units = {0: F.zero, 1: F.one, -1: -F.one}
        parts = tuple(p.node for p in parents)
        return Traced(tape, tape.record(name, value, parts, tuple(units[s] for s in slopes)))

    def relu(self) -> Traced:
        """Return the positive part."""
        positive = self._compare(0, lambda sign: sign > 0)
        return self._chosen("relu", self if positive else 0, (self,), (int(positive),))

    def maximum(self, other: Any) -> Any:
        """Return the larger one."""
        return self._extreme("maximum", other, self.__ge__(other))

    def minimum(self, other: Any) -> Any:
        """Return the smaller one."""
        return self._extreme("minimum", other, self.__le__(other))

    def _extreme(self, name: str, other: Any, mine: Any) -> Any:
        node = self.lift(other)
        if node is None:
            return NotImplemented
        if name == "maximum" and node.index < 0 and node.value is not None and self.tape.field.sign(node.value) == 0:
            return self._chosen("relu", self if mine else 0, (self,), (int(mine),))
        if _infinite(other):
            return self if mine or self.node.value is None else other
        second = Traced(self.tape, node)
        return self._chosen(name, self if mine else second, (self, second), (int(mine), int(not mine)))

    def leaky_relu(self, slope: Any = 0.01) -> Any:
        """Return x where it is positive, else slope * x."""
        return self if self._compare(0, lambda sign: sign > 0) else slope * self

    def elu(self, alpha: Any = 1.0) -> Any:
        """Return x where it is positive, else alpha (e**x - 1)."""
        return self if self._compare(0, lambda sign: sign > 0) else alpha * self.apply("expm1")

    def signum(self) -> Any:
        """Return -1, 0 or 1, or this number where it is undefined."""
        if self.node.value is None:
            return self
        return 1 if self > 0 else -1 if self < 0 else 0

    # --- functions of several arguments ----------------------------------------------------------

    def hypot(self, *others: Any) -> Any:
        """Return the length of a vector, whose kink is the zero vector."""
        total = self * self
        for other in others:
            total = total + other * other
        defined = total.node.value is not None
        return 0 * self if defined and not total._compare(0, lambda sign: sign > 0) else total.sqrt()

    def logsumexp(self, *others: Any) -> Any:
        """Return log(exp(x) + ...), shifted by a constant: the largest argument."""
        xs = [x for x in (self, *others) if not (_infinite(x) and x < 0)]  # exp(-inf) is 0
        F = self.tape.field
        values = [x.node.value if isinstance(x, Traced) else self.tape.constant(x).value for x in xs]
        if None in values:
            return Traced(self.tape, Node(-1, "", None))
        if any(map(_infinite, xs)):
            return float("inf")
        largest = values[0]
        for value in values[1:]:
            largest = value if F.sign(value - largest) == 1 else largest
        shift = Traced(self.tape, Node(-1, "", largest))
        total: Any = 0
        for x in xs:
            total = total + (x - shift).apply("exp")
        return shift + total.apply("log")

    def logaddexp(self, other: Any) -> Any:
        """Return log(exp(a) + exp(b))."""
        return self.logsumexp(other)

    # --- what NumPy and the engine ask for -------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from engine.check.arrays import dispatch  # NumPy is there: it has just called

        return dispatch(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from engine.check.arrays import call

        return call(func, types, args, kwargs)

    def item(self) -> Traced:
        """Return the number itself, as NumPy's numbers give theirs."""
        return self

    def square(self) -> Any:
        """Return x * x."""
        return self * self

    def log_sigmoid(self) -> Any:
        """Return log(sigmoid(x))."""
        return -(-self).apply("softplus")

    def conjugate(self) -> Traced:
        """Return the number itself: it is real."""
        return self

    @property
    def real(self) -> Traced:
        """The number itself."""
        return self

    @property
    def imag(self) -> int:
        """0: the number is real."""
        return 0

    @property
    def context(self) -> Context:
        """The functions of these numbers, where the engine looks for an mpmath number's."""
        return Context(self.tape)


class Context:
    """The functions by name, of Traced numbers and plain ones: `context.exp(x)`, as mpmath's contexts have them."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    one = 1

    class mpc:
        """No number of this kind exists here: Traced numbers are real."""

    def mpf(self, x: float) -> Traced:
        """Return a constant."""
        return Traced(self._tape, self._tape.constant(x))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in METHODS:
            raise AttributeError(name)

        def function(*xs: Any) -> Any:
            first = xs[0] if isinstance(xs[0], Traced) else self.mpf(xs[0])
            return getattr(first, name)(*xs[1:])

        return function


def _infinite(x: Any) -> bool:
    return isinstance(x, float) and x in (float("inf"), -float("inf"))


ALIASES = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "expit": "sigmoid",
    "logistic": "sigmoid",
    "swish": "silu",
}
"""NumPy's and SciPy's names of the rules."""

_OPERATORS = frozenset(("add", "sub", "mul", "div", "neg"))


def _method(name: str) -> Callable[..., Any]:
    def method(self: Traced, *others: Any) -> Any:
        return self.apply(name, *others)

    method.__name__ = name
    method.__doc__ = f"Return {name} of this number."
    return method


for _name in RULES.keys() - _OPERATORS:
    setattr(Traced, _name, _method(_name))
for _alias, _name in ALIASES.items():
    setattr(Traced, _alias, _method(_name))

_CHOOSING = frozenset(("relu", "leaky_relu", "elu", "hypot", "logsumexp", "logaddexp", "maximum", "minimum"))
METHODS = frozenset((RULES.keys() | ALIASES.keys() | _CHOOSING) - _OPERATORS)
"""The functions that NumPy, SciPy and the engine find on a Traced number by their names."""
