"""Functions of functions: derivatives of ordinary Python functions, of any order, leaving no state behind.

The function may be written over numbers, as in `lambda x: x ** 2 + sin(x)` with `from engine.elementary import sin`. It
is run once on Values; its gradient comes from `engine.graph.adjoints`. Derivatives nest: inside another derivative the
result is recorded too, so `grad(grad(f))` is the second derivative.

Arguments may be numbers, or lists, tuples, dicts and NumPy arrays of them, nested; a gradient has its argument's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from engine.elementary import TABLE
from engine.functions import Number
from engine.graph import adjoints
from engine.structures import map_numbers, numbers_of
from engine.value import Value, node

_depth: ContextVar[int] = ContextVar("depth of nested derivatives", default=0)


def derivative(f: Callable[[Any], Any], x: Number, n: int = 1) -> Any:
    """Return the n-th derivative of f, a function of one number, at x; exact for a Fraction.

    >>> derivative(lambda x: x ** 3, 2.0)
    12.0
    >>> from fractions import Fraction
    >>> derivative(lambda x: 1 / x, Fraction(1, 3), n=2)
    Fraction(54, 1)
    >>> derivative(lambda x: x ** 3, 2.0, n=-1)
    Traceback (most recent call last):
    ...
    ValueError: n counts derivatives and cannot be -1; give 0, 1, 2, ...
    """
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"n counts derivatives and cannot be {n!r}; give 0, 1, 2, ...")
    must_be_callable(f)
    must_be_number(x, "derivative")
    for _ in range(n):
        f = grad(f)
    return f(x)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that gives the gradient of f with respect to one argument, or a tuple for several (as JAX).

    Raises TypeError where f returns no single number. A result that does not depend on the argument has gradient 0.

    >>> grad(lambda x, y: x * y)(2.0, 5.0)
    5.0
    >>> grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)
    >>> grad(lambda p: p["w"][0] * p["w"][1] + p["b"])({"w": [2.0, 3.0], "b": 1.0})
    {'w': [3.0, 2.0], 'b': 1.0}
    >>> grad(grad(lambda x: x ** 3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that gives (f, gradient of f), computed together.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    >>> value_and_grad(lambda x: 7.0)(3.0)
    (7.0, 0.0)
    """
    must_be_callable(f)
    positions = positions_of(argnums)

    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        must_be_given(positions, args)
        nested = is_nested([x for i in positions for x in numbers_of(args[i])])
        variables = {i % len(args): map_numbers(variable, args[i]) for i in positions}
        with recorded_inside():
            output = f(*[variables.get(i, a) for i, a in enumerate(args)], **kwargs)
        if not isinstance(output, Value):
            output = output_value(output)
        found = adjoints(output, recorded=nested)
        zero = type(output.data)()
        gradients = tuple(map_numbers(lambda v: found.get(v, zero), variables[i % len(args)]) for i in positions)
        return (output if nested else output.data), (gradients[0] if isinstance(argnums, int) else gradients)

    return evaluate


def positions_of(argnums: Any) -> tuple[int, ...]:
    """Return the positions of arguments as a tuple, or raise.

    >>> positions_of(1), positions_of([0, 2]), positions_of(range(2))
    ((1,), (0, 2), (0, 1))
    >>> positions_of(3.0)
    Traceback (most recent call last):
    ...
    TypeError: argnums is the position of an argument, or several, not 3.0; the point comes after: grad(f)(3.0)
    """
    if isinstance(argnums, int):
        return (argnums,)
    if isinstance(argnums, (list, tuple, range)) and all(isinstance(i, int) for i in argnums):
        return tuple(argnums)
    point = f"the point comes after: grad(f)({argnums!r})"
    raise TypeError(f"argnums is the position of an argument, or several, not {argnums!r}; {point}")


def must_be_given(positions: Sequence[int], args: Sequence[Any]) -> None:
    """Raise TypeError where an argument was not passed by its position."""
    for i in positions:
        if not -len(args) <= i < len(args):
            got = f"the function was called with {len(args)} argument(s) by position"
            raise TypeError(f"argnums names argument {i}, but {got}; pass it by position, or change argnums")


def must_be_callable(f: Any) -> None:
    """Raise TypeError where something else stands in the place of a function.

    >>> must_be_callable(Value(2.0))
    Traceback (most recent call last):
    ...
    TypeError: a Value is a result, not a function: write lambda x: ..., or call its backward()
    >>> must_be_callable(3.0)
    Traceback (most recent call last):
    ...
    TypeError: a function is needed, such as lambda x: x**2, got float 3.0
    """
    if isinstance(f, Value):
        raise TypeError("a Value is a result, not a function: write lambda x: ..., or call its backward()")
    if not callable(f):
        raise TypeError(f"a function is needed, such as lambda x: x**2, got {type(f).__name__} {f!r}")


def must_be_number(x: Any, what: str) -> None:
    """Raise TypeError where a function of one number is given several."""
    if isinstance(x, (list, tuple, dict)) or getattr(x, "ndim", 0) > 0:
        several = "grad, jacobian and hessian take several"
        raise TypeError(f"{what} takes a function of one number, got {type(x).__name__} {x!r}; {several}")


def is_nested(arguments: Sequence[Any]) -> bool:
    """Tell whether another derivative is under way around these arguments, so that this one must be recorded."""
    return _depth.get() > 0 or any(isinstance(x, Value) for x in arguments)


def variable(x: Any) -> Value:
    """Return a Value for one argument: a new leaf, or a node on top of an outer derivative's Value.

    The node keeps apart what is the same number in two roles: in `grad(lambda x: grad(lambda y: x * y)(x))` the inner
    derivative is for y alone (perturbation confusion: Siskind and Pearlmutter, 2005).
    """
    return node(TABLE["pos"], (x,)) if isinstance(x, Value) else Value(x)


@contextmanager
def recorded_inside() -> Iterator[None]:
    """Let derivatives inside the with statement record themselves, to be differentiated again."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)


def output_value(output: Any) -> Value:
    """Return the Value in a NumPy array of no dimensions, or a leaf for a number that depends on nothing; or raise."""
    if getattr(output, "ndim", None) == 0:
        output = output.item()
    try:
        return output if isinstance(output, Value) else Value(output)
    except TypeError:
        raise TypeError(f"the function must return one number, got {type(output).__name__} {output!r}") from None
