"""Sums and dot products as one node each: a neuron's pre-activation w . x + b is one node, not 2 n."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.elementary import DOT, SUM
from engine.functions import Number
from engine.value import Value, as_values, node, record


def sum_(values: Iterable[Value | Number]) -> Value:
    """Return the sum as one node, added from left to right (a + b + c would make two nodes).

    Raises ValueError for no values, and TypeError for what is no number.

    >>> sum_([Value(1.0), 2.0, Value(3.5)])
    Value(data=6.5, grad=0)
    >>> sum_([])
    Traceback (most recent call last):
    ...
    ValueError: the sum of no Values has no graph; give at least one
    """
    args = as_values(tuple(values))
    if not args:
        raise ValueError("the sum of no Values has no graph; give at least one")
    return node(SUM, args)


def dot(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None = None
) -> Value:
    """Return bias + weights[0]*inputs[0] + ... as one node, added from left to right: a neuron's pre-activation.

    Raises ValueError where the lengths differ or are 0, and TypeError for what is no number.

    >>> dot([Value(2.0), Value(-1.0)], [3.0, 4.0], bias=Value(0.5))
    Value(data=2.5, grad=0)
    >>> dot([Value(2.0)], [3.0, 4.0])
    Traceback (most recent call last):
    ...
    ValueError: a dot product needs as many inputs as weights, got 1 weights and 2 inputs
    """
    if len(weights) != len(inputs) or not len(weights):
        need = "at least one weight" if not len(weights) and not len(inputs) else "as many inputs as weights"
        raise ValueError(f"a dot product needs {need}, got {len(weights)} weights and {len(inputs)} inputs")
    if bias is None:
        return node(DOT, as_values((*weights, *inputs)))
    args = (*weights, *inputs, bias)
    try:  # Values of floats, which is what networks are made of, need no tuple of data
        total = bias.data
        for w, x in zip(weights, inputs, strict=True):
            total += w.data * x.data
    except (AttributeError, TypeError):
        total = None  # plain numbers among them
    known = type(total) is float or (total is not None and all(isinstance(v, Value) for v in args))
    return record(DOT, args, total) if known else node(DOT, as_values(args))
