"""Scalars: a number that remembers where it came from, and what can be done with that.

=====================  ==============================================================================
to                     use
=====================  ==============================================================================
differentiate          ``Value``: calculate with it, then ``y.backward()`` and ``x.grad``
a Python function      ``derivative(f, x)``, ``grad(f)``, ``value_and_grad(f)``
... of many variables  ``jacobian(f)``, ``hessian(f)``, ``jvp``, ``vjp``, ``hvp``, ``taylor(f, x0, n)``
... along a direction  ``directional_derivative(f, x, v)``, ``is_descent_direction(f, x, v)``
ask for the reasons    ``explain(y, wrt=x)``: every product of the chain rule; ``paths(y, x)``; ``find_nan(y)``
see lines of code      ``with recording():`` before, then ``explain`` names the line of each operation
compare the ways       ``strategies.compare(y)``: right and famously wrong ways to one gradient, and what they cost
write formulas         ``exp``, ``tanh``, ``logsumexp``, ...: every function of the table, on any number
sum in one node        ``sum_(values)``, ``dot(weights, inputs, bias)``
read the computation   ``Graph(y)``: nodes, edges, partial derivatives; set leaves and replay
=====================  ==============================================================================

>>> from engine import Value, derivative, sin
>>> x = Value(3.0, label="x")
>>> y = x * x
>>> y.backward()
>>> x.grad
6.0
>>> derivative(sin, 0.0)
1.0
"""

import importlib
from typing import TYPE_CHECKING, Any

from engine.calculus import derivative, grad, value_and_grad
from engine.elementary import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    cos,
    cosh,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logsumexp,
    maximum,
    minimum,
    relu,
    sech,
    sigmoid,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    tan,
    tanh,
)
from engine.graph import Graph
from engine.sums import dot, sum_
from engine.value import Value

if TYPE_CHECKING:
    from engine import strategies as strategies
    from engine.anomaly import find_nan as find_nan
    from engine.jacobians import directional_derivative as directional_derivative
    from engine.jacobians import hessian as hessian
    from engine.jacobians import hvp as hvp
    from engine.jacobians import is_descent_direction as is_descent_direction
    from engine.jacobians import jacobian as jacobian
    from engine.jacobians import jvp as jvp
    from engine.jacobians import vjp as vjp
    from engine.ledger import explain as explain
    from engine.lines import recording as recording
    from engine.path import paths as paths
    from engine.series import taylor as taylor

_JACOBIANS = ("directional_derivative", "hessian", "hvp", "is_descent_direction", "jacobian", "jvp", "vjp")
_HOMES = {
    "explain": "ledger", "find_nan": "anomaly", "paths": "path", "recording": "lines", "taylor": "series",
    **dict.fromkeys(_JACOBIANS, "jacobians"),
}  # fmt: skip

__all__ = [
    "Graph",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "derivative",
    "directional_derivative",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "explain",
    "expm1",
    "find_nan",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "hypot",
    "is_descent_direction",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logsumexp",
    "maximum",
    "minimum",
    "paths",
    "recording",
    "relu",
    "sech",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "strategies",
    "sum_",
    "tan",
    "tanh",
    "taylor",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    """Import what explores and explains when it is first asked for, so that `import engine` stays quick."""
    if name == "strategies":
        return importlib.import_module("engine.strategies")
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(importlib.import_module(f"engine.{_HOMES[name]}"), name)
