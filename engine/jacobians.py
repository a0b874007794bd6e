"""Derivatives of functions of many variables: Jacobians, Hessians, and their products with vectors.

Glossary
--------
J: the Jacobian, dy_i/dx_j.  H: the Hessian, d2y/dx_i dx_j.
jvp: J v, by one forward sweep.  vjp: w J, by one reverse sweep.
hvp: H v, by one forward sweep over the recorded gradient ("forward over reverse"); its cost is a few gradients, not n.

Arguments may be numbers, or lists, tuples, dicts and NumPy arrays of them, nested; results have their shapes. Inside
another derivative results are recorded, so all of these nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.calculus import must_be_callable, must_be_given, positions_of
from engine.functions import data_of
from engine.graph import adjoints
from engine.linear import Linearization, Traced, matching
from engine.structures import fill, filler, map_numbers
from engine.value import Value


def jvp(f: Callable[[Any], Any], x: Any, v: Any) -> tuple[Any, Any]:
    """Return f(x) and the derivative of f at x in the direction v, J v, by forward mode.

    >>> jvp(lambda x: [x[0] * x[1], x[0]], [2.0, 3.0], [1.0, 0.0])
    ([6.0, 2.0], [3.0, 1.0])
    >>> jvp(lambda x: x[0] * x[1], [2.0, 3.0], [1.0])
    Traceback (most recent call last):
    ...
    ValueError: the direction must have the shape of the argument: 2 numbers, not 1 number
    """
    traced = Traced(f, x, v)
    directions = matching(v, traced.variables, "the direction", "the argument")
    pushed = Linearization(traced.outputs, traced.inputs, recorded=traced.nested).push(directions)
    return traced.value(), fill(traced.result, pushed)


def vjp(f: Callable[[Any], Any], x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return f(x) and the function that maps weights w of its outputs to w J, by reverse mode.

    >>> value, pull = vjp(lambda x: [x[0] * x[1], x[0]], [2.0, 3.0])
    >>> value, pull([1.0, 10.0])
    ([6.0, 2.0], [13.0, 2.0])
    """
    traced = Traced(f, x)
    linear = Linearization(traced.outputs, traced.inputs, recorded=traced.nested)

    def pull(w: Any) -> Any:
        given = matching(w, traced.result, "the weights", "the function's result")
        return fill(traced.variables, linear.pull(given))

    return traced.value(), pull


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that gives dy/dx: in the shape of y, each entry in the shape of x (as JAX).

    With several argnums x is the tuple of these arguments.

    One forward sweep for each number of x, or one reverse sweep for each number of y, whichever are fewer.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    >>> jacobian(lambda x: {"square": x ** 2})(3.0)
    {'square': 6.0}
    >>> jacobian(lambda x, y: x ** 2 * y, argnums=(0, 1))(3.0, 5.0)
    (30.0, 9.0)
    """
    must_be_callable(f)
    positions = positions_of(argnums)

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        traced = Traced(*_of_arguments(f, positions, isinstance(argnums, int), args, kwargs))
        linear = Linearization(traced.outputs, traced.inputs, recorded=traced.nested)
        n, m = len(traced.inputs), len(traced.outputs)
        if n <= m:
            rows = [list(row) for row in zip(*linear.columns(), strict=True)] if n else [[] for _ in range(m)]
        else:
            rows = [linear.pull(row) for row in _unit_vectors(traced.outputs)]
        return _nest(traced.result, traced.variables, rows)

    return evaluate


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that gives the second derivatives of f, which returns one number: x's shape, twice.

    With several argnums x is the tuple of these arguments. The gradient is recorded once; each column is one forward
    sweep over it.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda x: x ** 3)(2.0)
    12.0
    >>> hessian(lambda x, y: x ** 2 * y, argnums=(0, 1))(3.0, 5.0)
    ((10.0, 6.0), (6.0, 0.0))
    """
    must_be_callable(f)
    positions = positions_of(argnums)

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        traced = Traced(*_of_arguments(f, positions, isinstance(argnums, int), args, kwargs))
        linear = _gradient(traced)
        rows = linear.columns()
        return _nest(traced.variables, traced.variables, rows)

    return evaluate


def hvp(f: Callable[[Any], Any], x: Any, v: Any) -> Any:
    """Return the Hessian of f at x times v, in the shape of x, without the Hessian (Pearlmutter, 1994).

    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 5.0], [1.0, 0.0])
    [10.0, 6.0]
    >>> hvp(lambda x: x[0] + x[1], [3.0, 5.0], [1.0, 1.0])
    [0.0, 0.0]
    """
    traced = Traced(f, x, v)
    direction = matching(v, traced.variables, "the direction", "the argument")
    return fill(traced.variables, _gradient(traced).push(direction))


def directional_derivative(f: Callable[[Any], Any], x: Any, v: Any) -> Any:
    """Return the derivative of f, which returns one number, at x along v: grad f . v; v is not normalized.

    >>> directional_derivative(lambda x: x[0] * x[1], [2.0, 3.0], [1.0, 1.0])
    5.0
    """
    traced = Traced(f, x, v)
    linear = Linearization([traced.one_output()], traced.inputs, recorded=traced.nested)
    return linear.push(matching(v, traced.variables, "the direction", "the argument"))[0]


def is_descent_direction(f: Callable[[Any], Any], x: Any, v: Any) -> bool:
    """Tell whether f decreases from x along v at first: whether grad f . v < 0.

    >>> square = lambda x: x[0] ** 2 + x[1] ** 2
    >>> is_descent_direction(square, [1.0, 2.0], [-2.0, -4.0]), is_descent_direction(square, [1.0, 2.0], [2.0, -1.0])
    (True, False)
    """
    return bool(data_of(directional_derivative(f, x, v)) < 0)


def _gradient(traced: Traced) -> Linearization:
    """Return the linearization of the recorded gradient; an entry that depends on nothing becomes a leaf."""
    found = adjoints(traced.one_output(), recorded=True)
    entries = [found.get(x, type(x.data)()) for x in traced.inputs]
    return Linearization(
        [g if isinstance(g, Value) else Value(g) for g in entries], traced.inputs, recorded=traced.nested
    )


def _of_arguments(
    f: Callable[..., Any], positions: Sequence[int], single: bool, args: Sequence[Any], kwargs: Any
) -> tuple[Callable[[Any], Any], Any]:
    """Return f as a function of some of its arguments alone, and what these are."""
    must_be_given(positions, args)

    def of_some(x: Any) -> Any:
        given = list(args)
        for position, part in zip(positions, [x] if single else x, strict=True):
            given[position] = part
        return f(*given, **kwargs)

    return of_some, args[positions[0]] if single else tuple(args[i] for i in positions)


def _unit_vectors(values: Sequence[Value]) -> list[list[Any]]:
    zeros = [type(v.data)() for v in values]
    return [[*zeros[:i], zero + 1, *zeros[i + 1 :]] for i, zero in enumerate(zeros)]


def _nest(outer: Any, inner: Any, rows: Sequence[Sequence[Any]]) -> Any:
    """Return the outer structure with a row in each place, each row in the inner structure; arrays make one array."""
    if getattr(outer, "ndim", 0) > 0:
        import numpy as np

        if isinstance(inner, dict):
            raise TypeError("a function of a dict cannot have an array's Jacobian; let it return a list")
        shape = np.shape(map_numbers(lambda _: 0.0, inner))
        found = np.array([list(row) for row in rows], dtype=object).reshape(outer.shape + shape)
        return found if any(isinstance(x, Value) for x in found.flat) else np.array(found.tolist())
    following, filled = iter(rows), filler(inner)
    return map_numbers(lambda _: filled(next(following)), outer)
