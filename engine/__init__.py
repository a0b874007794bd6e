"""Scalars: a number that remembers where it came from, and what can be done with that.

=====================  ==============================================================================
to                     use
=====================  ==============================================================================
differentiate          ``Value``: calculate with it, then ``y.backward()`` and ``x.grad``
a Python function      ``derivative(f, x)``, ``grad(f)``, ``value_and_grad(f)``
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
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "gelu",
    "grad",
    "hypot",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logsumexp",
    "maximum",
    "minimum",
    "relu",
    "sech",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "sum_",
    "tan",
    "tanh",
    "value_and_grad",
]
