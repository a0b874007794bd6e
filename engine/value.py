"""A number that remembers where it came from, and reverse-mode differentiation over such numbers.

The whole idea in five lines:

>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x        # every operation makes a new Value that knows its row in the table and its arguments
>>> y.backward()             # visit the nodes, each one before its arguments, and apply the chain rule:
>>> x.grad                   # argument.grad += node.grad * (d node / d argument)
8.0

Glossary
--------
leaf: a Value made by hand, `Value(3.0)`. Leaves add up gradients over several backward passes, as in PyTorch.
node: a Value made by an operation; its `row` (see `engine.elementary`) knows the value and the partial derivatives.
constant: a plain number inside a formula, the 2 of `2 * x`. It takes part in the graph but asks for no gradient.
adjoint of v: d(output)/dv, found in `v.grad` after `output.backward()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.elementary import ADD, DOT, MUL, SUM, TABLE, Row
from engine.errors import explained, refuse_float
from engine.functions import Number, as_number, data_of, like

NO_GRAD = 0
"""The gradient of a Value that no backward pass has reached: the int 0, which adds to any type of number exactly."""

POW = TABLE["pow"]

_new = object.__new__  # skips __init__: a node is made millions of times, and nothing in it needs checking


def _operator(row: Row) -> Callable[[Value, Any], Value]:
    def operator(self: Value, other: Any) -> Any:
        if not isinstance(other, Value) and (other := constant(other, self.data)) is NotImplemented:
            return NotImplemented
        return node(row, (self, other))

    return operator


def _reflected(row: Row) -> Callable[[Value, Any], Value]:
    def operator(self: Value, other: Any) -> Any:
        first = constant(other, self.data)
        return first if first is NotImplemented else node(row, (first, self))

    return operator


class Value:
    """A scalar that records the operations it goes through.

    Parameters
    ----------
    data: the number. float; int, bool and NumPy scalars become float; Fraction, Decimal, complex and mpmath's numbers
        and intervals stay what they are, so that derivatives can be exact or have 50 digits.
    label: a name for pictures and tables.

    Raises TypeError for anything that is not one number.

    >>> a, b = Value(2.0), Value(-3.0, label="b")
    >>> a * b
    Value(data=-6.0, grad=0)
    >>> Value([1.0, 2.0])
    Traceback (most recent call last):
    ...
    TypeError: a Value holds one number, not list [1.0, 2.0]. For arrays use nn.matrix, or one Value per element
    """

    # Two argument slots instead of a tuple: half as many objects for the garbage collector, twice as fast to build.
    # _a and _b are the arguments; with more than two, or any number, _b is the tuple of all of them (_a the first).
    __slots__ = ("_a", "_b", "data", "grad", "label", "row")

    data: Number
    grad: Number
    label: str
    row: Row | None
    _a: Any
    _b: Any

    def __init__(self, data: Number, *, label: str = "") -> None:
        self.data = data if type(data) is float else as_number(data)
        self.grad = NO_GRAD
        self.label = label
        self.row = self._a = self._b = None

    @property
    def args(self) -> tuple[Value, ...]:
        """The ordered arguments; () for a leaf, and x twice for `x * x`."""
        a, b = self._a, self._b
        if b is None:
            return () if a is None else (a,)
        return b if b.__class__ is tuple else (a, b)

    # Addition and multiplication make up most graphs and are written out; the other operators come from the table.

    def __add__(self, other: Any) -> Value:
        if other.__class__ is not Value and not isinstance(other, Value):
            other = constant(other, self.data)
            if other is NotImplemented:
                return NotImplemented
        out = _new(Value)
        try:
            out.data = self.data + other.data
        except (ArithmeticError, TypeError):
            return node(ADD, (self, other))  # raises the same, and says what to do
        out.grad = NO_GRAD
        out.label = ""
        out.row = ADD
        out._a = self
        out._b = other
        return out

    def __mul__(self, other: Any) -> Value:
        if other.__class__ is not Value and not isinstance(other, Value):
            other = constant(other, self.data)
            if other is NotImplemented:
                return NotImplemented
        out = _new(Value)
        try:
            out.data = self.data * other.data
        except (ArithmeticError, TypeError):
            return node(MUL, (self, other))  # raises the same, and says what to do
        out.grad = NO_GRAD
        out.label = ""
        out.row = MUL
        out._a = self
        out._b = other
        return out

    @staticmethod
    def apply(name: str, *arguments: Any) -> Value:
        """Return the node of the table's row `name` over the arguments, Values or plain numbers.

        >>> Value.apply("atan2", Value(1.0), 1.0)
        Value(data=0.7853981633974483, grad=0)
        >>> Value.apply("hypotenuse", Value(3.0), 4.0)
        Traceback (most recent call last):
        ...
        ValueError: no function 'hypotenuse' in the table; see engine.elementary.TABLE for the names
        """
        row = TABLE.get(name)
        if row is None:
            raise ValueError(f"no function {name!r} in the table; see engine.elementary.TABLE for the names")
        if len(arguments) != row.arity and (row.arity is not None or not arguments):
            raise TypeError(f"{name} takes {row.arity or 'one or more'} argument(s), got {len(arguments)}")
        return node(row, as_values(arguments))

    def backward(self, *, create_graph: bool = False) -> None:
        """Set `grad` of every node to d(self)/d(node), and add to the `grad` of every leaf, as PyTorch does.

        With create_graph the gradients are Values themselves, made of recorded operations: differentiate them again.
        Reverse accumulation as in Griewank and Walther, Evaluating Derivatives, section 3.2.

        >>> x = Value(2.0)
        >>> (x ** 3).backward(create_graph=True)
        >>> slope, x.grad = x.grad, 0
        >>> slope.backward()
        >>> slope.data, x.grad                               # 3 x^2 and 6 x
        (12.0, 12.0)
        """
        from engine.backward import propagate, record_adjoints, topological_order  # here, as they are built on Value

        if create_graph:
            record_adjoints(self)
        else:
            propagate(topological_order(self), self)

    def explain(self, wrt: Any = None, **options: Any) -> Any:
        """Return the ledger: every product of the chain rule that makes up a gradient; see `engine.ledger.explain`."""
        from engine.ledger import explain

        return explain(self, wrt, **options)

    __radd__ = _reflected(ADD)
    __rmul__ = _reflected(MUL)
    __sub__, __rsub__ = _operator(TABLE["sub"]), _reflected(TABLE["sub"])
    __truediv__, __rtruediv__ = _operator(TABLE["div"]), _reflected(TABLE["div"])
    __pow__, __rpow__ = _operator(POW), _reflected(POW)

    def __neg__(self) -> Value:
        return node(TABLE["neg"], (self,))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return node(TABLE["abs"], (self,))

    if TYPE_CHECKING:  # the table's functions become methods at the end of this file

        def __getattr__(self, name: str) -> Callable[..., Value]: ...

    # --- comparisons are by data; the hash is by identity, so a Value can be a key of a dict -----

    def __eq__(self, other: object) -> Any:
        return self.data == data_of(other)

    def __lt__(self, other: Any) -> Any:
        return self.data < data_of(other)

    def __le__(self, other: Any) -> Any:
        return self.data <= data_of(other)

    def __gt__(self, other: Any) -> Any:
        return self.data > data_of(other)

    def __ge__(self, other: Any) -> Any:
        return self.data >= data_of(other)

    def __bool__(self) -> bool:
        return bool(self.data)

    __hash__ = object.__hash__
    __float__ = refuse_float  # math.sin(v) would drop the derivative

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the graph in a notebook; the picture is made by viz, which is imported only here."""
        from viz.notebook import mimebundle

        return mimebundle(self, include, exclude)

    # --- Python's own copies would go down a graph by recursion; these do not ---------------------

    def __copy__(self) -> Value:
        out = _new(type(self))
        for slot in Value.__slots__:
            setattr(out, slot, getattr(self, slot))
        return out

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from engine.copying import deep_copy

        return deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from engine.copying import flattened

        return flattened(self)

    # --- micrograd's names, so that its notebooks' trace() and draw_dot() run unchanged ----------

    @property
    def _op(self) -> str:
        if self.row is POW and isinstance(self._b, Constant):
            return f"**{self._b.data}"
        return self.row.symbol if self.row else ""

    @property
    def _prev(self) -> set[Value]:
        return {self._a} if self.row is POW and isinstance(self._b, Constant) else set(self.args)


class Constant(Value):
    """A plain number in a formula, such as the 2 of `2 * x`: an argument whose gradient nobody asks for."""

    __slots__ = ()


def as_constant(data: Number) -> Constant:
    """Return a Constant that holds this very number."""
    out = _new(Constant)
    out.data = data
    out.grad = NO_GRAD
    out.label = ""
    out.row = out._a = out._b = None
    return out


def constant(number: Any, like: Number) -> Any:
    """Return a Constant that mixes exactly with `like`, or NotImplemented where the operand is no number (an array).

    >>> from fractions import Fraction
    >>> constant(2, like=Fraction(1, 3)).data, constant(2, like=0.5).data, constant([2], like=0.5)
    (Fraction(2, 1), 2, NotImplemented)
    """
    kind = type(number)
    if kind is float or (kind is int and type(like) is float):
        return as_constant(number)
    if isinstance(number, int):  # bool too
        return as_constant(type(like)(int(number)))
    try:
        return as_constant(as_number(number))
    except TypeError:
        return NotImplemented


def as_values(numbers: Sequence[Any]) -> tuple[Value, ...]:
    """Return the arguments as Values, plain numbers as Constants; a TypeError names what is neither."""
    like = next((x.data for x in numbers if isinstance(x, Value)), 0.0)
    values = []
    for x in numbers:
        value = x if isinstance(x, Value) else constant(x, like)
        values.append(value if value is not NotImplemented else as_constant(as_number(x)))  # raises, and names x
    return tuple(values)


def node(row: Row, args: tuple[Value, ...]) -> Value:
    """Return a new node: the row's function of the arguments' data, with the row and the arguments remembered.

    Raises what Python raises for the same numbers (ZeroDivisionError, ValueError, OverflowError, TypeError), with a
    message that names the function, its arguments and what it needs.
    """
    try:
        data = row.value(*[a.data for a in args])
        # max(x, 3) may be the constant 3 itself. A node's data is never an int: one zero would serve all of its kind.
        return record(row, args, float(data) if type(data) is int else data)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise type(error)(explained(error, row, args)) from None


def record(row: Row, args: tuple[Value, ...], data: Number, label: str = "") -> Value:
    """Return a new node with its data already known."""
    out = _new(Value)
    out.data = data
    out.grad = NO_GRAD
    out.label = label
    out.row = row
    out._a = args[0]
    out._b = args if row.arity is None else args[1] if row.arity == 2 else None
    return out


def _method(row: Row) -> Callable[..., Value]:
    def unary(self: Value) -> Value:
        return node(row, (self,))

    def any_arity(self: Value, *others: Any) -> Value:
        missing = row.defaults[len(others) :] if row.arity == 1 + len(row.defaults) else ()
        return Value.apply(row.name, self, *others, *[like(self.data, default) for default in missing])

    method = unary if row.arity == 1 else any_arity
    method.__name__ = row.name
    method.__qualname__ = f"Value.{row.name}"
    method.__doc__ = f"Return {row.name} as a node; see engine.elementary.TABLE[{row.name!r}]."
    return method


# Every row is a method, under NumPy's name too: np.arctan(array_of_values) calls each element's .arctan().
for _row in TABLE.values():
    for _name in (_row.name, *_row.aliases):
        if not hasattr(Value, _name) and _row not in (SUM, DOT):  # np.sum(x) would call x.sum(axis=None, ...)
            setattr(Value, _name, _method(_row))
