"""A number that remembers where it came from, and reverse-mode differentiation over such numbers.

The whole idea in five lines:

>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x        # every operation makes a new Value that knows its row in the table and its arguments
>>> y.backward()             # visit the nodes, each one before its arguments, and apply the chain rule:
>>> x.grad                   # argument.grad += node.grad * (d node / d argument)
8.0

Glossary
--------
node: a Value made by an operation; its `row` (see `engine.elementary`) knows the value and the partial derivatives.
leaf: a Value made by hand, `Value(3.0)`. Leaves add up gradients over several backward passes, as in PyTorch.
constant: a plain number inside a formula, the 2 of `2 * x`. It takes part in the graph but asks for no gradient.
adjoint of v: d(output)/dv, found in `v.grad` after `output.backward()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.elementary import ADD, DOT, MUL, SUM, TABLE, Row
from engine.functions import Number, as_number, data_of

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
        if not isinstance(other, Value) and (other := constant(other, self.data)) is NotImplemented:
            return NotImplemented
        out = _new(Value)
        out.data = self.data + other.data
        out.grad = NO_GRAD
        out.label = ""
        out.row = ADD
        out._a = self
        out._b = other
        return out

    def __mul__(self, other: Any) -> Value:
        if not isinstance(other, Value) and (other := constant(other, self.data)) is NotImplemented:
            return NotImplemented
        out = _new(Value)
        out.data = self.data * other.data
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
        """
        row = TABLE[name]
        if row.arity not in (None, len(arguments)):
            raise TypeError(f"{name} takes {row.arity} argument(s), got {len(arguments)}")
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
        if create_graph:
            self._backward_recorded()
            return
        order = topological_order(self)
        propagate(order, self)

    def _backward_recorded(self) -> None:
        from engine.graph import adjoints  # here, because the graph is built on Values

        for v, adjoint in adjoints(self, recorded=True).items():
            gradient = adjoint if isinstance(adjoint, Value) else Value(adjoint)
            v.grad = v.grad + gradient if v.row is None and v.grad is not NO_GRAD else gradient

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

    def __bool__(self) -> bool:
        return bool(self.data)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the graph in a notebook; the picture is made by viz, which is imported only here."""
        from viz.notebook import mimebundle

        return mimebundle(self)

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


def constant(number: Any, like: Number) -> Any:
    """Return a Constant that mixes exactly with `like`, or NotImplemented where the operand is no number (an array)."""
    out = _new(Constant)
    if type(number) is float or type(number) is int:
        out.data = number if type(number) is float or type(like) is float else type(like)(number)
    else:
        try:
            out.data = as_number(number)
        except TypeError:
            return NotImplemented
    out.grad = NO_GRAD
    out.label = ""
    out.row = out._a = out._b = None
    return out


def as_values(numbers: Sequence[Any]) -> tuple[Value, ...]:
    """Return the arguments as Values, plain numbers as Constants; a TypeError names what is neither."""
    like = next((x.data for x in numbers if isinstance(x, Value)), 0.0)
    values = tuple(x if isinstance(x, Value) else constant(x, like) for x in numbers)
    for x, value in zip(numbers, values, strict=True):
        if value is NotImplemented:
            as_number(x)  # raises the TypeError that names x
    return values


def node(row: Row, args: tuple[Value, ...]) -> Value:
    """Return a new node: the row's function of the arguments' data, with the row and the arguments remembered.

    Raises what Python raises for the same numbers (ZeroDivisionError, ValueError, OverflowError, TypeError), with a
    message that names the function, its arguments and what it needs.
    """
    try:
        data = row.value(*[a.data for a in args])
    except (ArithmeticError, ValueError) as error:
        got = ", ".join(f"{a.data} (node {a.label!r})" if a.label else f"{a.data}" for a in args)
        needs = f"{row.name} needs {row.domain}, got {got}"
        unexpected = isinstance(error, OverflowError) or not row.domain
        raise type(error)(f"{row.name}({got}): {error}" if unexpected else needs) from None
    return _record(row, args, data)


def _record(row: Row, args: tuple[Value, ...], data: Number) -> Value:
    out = _new(Value)
    out.data = data
    out.grad = NO_GRAD
    out.label = ""
    out.row = row
    out._a = args[0]
    out._b = args if row.arity is None else args[1] if row.arity == 2 else None
    return out


def topological_order(output: Value) -> list[Value]:
    """Return the nodes (not the leaves) that output was made from, arguments before uses, each grad reset to zero.

    Depth-first, with a list instead of recursion, so that a chain of a million operations is fine. A node is marked as
    visited by its grad being this call's own zero, the very object: that spares a set of all nodes, the dearest part.
    """
    order: list[Value] = []
    if output.row is None:
        return order
    visited = type(output.data)()
    path: list[Value] = []
    push, pop, append = path.append, path.pop, order.append
    v = output
    while True:  # go down to the first argument that was not visited; come back to v for the next one
        a = v._a
        if a.row is not None and a.grad is not visited:
            push(v)
            v = a
            continue
        b = v._b
        if b.__class__ is Value:
            if b.row is not None and b.grad is not visited:
                push(v)
                v = b
                continue
        elif b.__class__ is tuple and (several := [c for c in b if c.row is not None and c.grad is not visited]):
            push(v)
            path += several
            v = pop()
            continue
        if v.grad is not visited:  # of several arguments one may have been visited through another
            v.grad = visited
            append(v)
        if not path:
            return order
        v = pop()


def propagate(order: list[Value], output: Value) -> None:
    """Apply the chain rule to the nodes in reverse order, from d(output)/d(output) = 1; their grads must be zero."""
    output.grad += 1.0 if type(output.data) is float else 1
    for v in reversed(order):
        g = v.grad
        if not g:
            continue  # a node whose adjoint is 0 passes nothing on, so 0 * inf never becomes nan
        row = v.row
        if row is ADD:  # the rows that most graphs consist of, written out: a third of the time of the table's rule
            v._a.grad += g
            v._b.grad += g
        elif row is MUL:
            a, b = v._a, v._b
            a.grad += g * b.data
            b.grad += g * a.data
        elif row is DOT:
            args = v._b
            n = len(args) // 2
            for w, x in zip(args[:n], args[n : 2 * n], strict=True):
                w.grad += g * x.data
                x.grad += g * w.data
            if len(args) % 2:
                args[-1].grad += g
        elif row is not None:
            args = v.args
            for a, partial in zip(args, row.partials(v.data, *[a.data for a in args]), strict=True):
                a.grad += g * partial


def sum_(values: Iterable[Value | Number]) -> Value:
    """Return the sum as one node, added from left to right (a + b + c would make two nodes).

    >>> sum_([Value(1.0), 2.0, Value(3.5)])
    Value(data=6.5, grad=0)
    """
    args = as_values(tuple(values))
    if not args:
        raise ValueError("the sum of no Values has no graph; give at least one")
    return node(SUM, args)


def dot(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None = None
) -> Value:
    """Return bias + weights[0]*inputs[0] + ... as one node, added from left to right: a neuron's pre-activation.

    >>> dot([Value(2.0), Value(-1.0)], [3.0, 4.0], bias=Value(0.5))
    Value(data=2.5, grad=0)
    >>> dot([Value(2.0)], [3.0, 4.0])
    Traceback (most recent call last):
    ...
    ValueError: a dot product needs as many inputs as weights, got 1 weights and 2 inputs
    """
    if len(weights) != len(inputs) or not len(weights):
        raise ValueError(
            f"a dot product needs as many inputs as weights, got {len(weights)} weights and {len(inputs)} inputs"
        )
    args = (*weights, *inputs) if bias is None else (*weights, *inputs, bias)
    try:  # Values of floats, which is what networks are made of, need no tuple of data
        total = 0.0 if bias is None else bias.data
        for w, x in zip(weights, inputs, strict=True):
            total += w.data * x.data
    except (AttributeError, TypeError):
        total = None
    return _record(DOT, args, total) if total is not None and bias is not None else node(DOT, as_values(args))


def _method(row: Row) -> Callable[..., Value]:
    if row.arity == 1:

        def method(self: Value) -> Value:
            return node(row, (self,))

    else:

        def method(self: Value, *others: Any) -> Value:
            missing = row.defaults[len(others) :] if row.arity == 1 + len(row.defaults) else ()
            return Value.apply(row.name, self, *others, *missing)

    method.__name__ = row.name
    method.__qualname__ = f"Value.{row.name}"
    method.__doc__ = f"Return {row.name} as a node; see engine.elementary.TABLE[{row.name!r}]."
    return method


# Every row is a method, under NumPy's name too: np.arctan(array_of_values) calls each element's .arctan().
for _row in TABLE.values():
    for _name in (_row.name, *_row.aliases):
        if not hasattr(Value, _name):
            setattr(Value, _name, _method(_row))
