"""Reverse mode: put the nodes in topological order, then apply the chain rule from the output back to the leaves.

Both steps run over every node of every training step, so they are written for speed: a list in place of recursion, and
the rows that most graphs consist of written out. `engine.graph.adjoints` is the same rule in its plainest form.

Glossary
--------
order: the nodes (not the leaves), each after its arguments; the output is last.
g: the adjoint of the node at hand, d(output)/d(node), complete once every node that uses it has been visited.
"""

from __future__ import annotations

import math
from typing import Any

from engine.elementary import ADD, DOT, MUL
from engine.functions import Number
from engine.value import NO_GRAD, Value

_INF = math.inf


def zero_of(output: Value) -> Number:
    """Return a zero of the output's type of number: a new object each time, by which one backward pass is known.

    >>> zero_of(Value(2.0)), zero_of(Value(1j))
    (0.0, 0j)
    """
    return type(output.data)()


def topological_order(output: Value) -> list[Value]:
    """Return the nodes (not the leaves) that output was made from, arguments before uses, each grad reset to zero.

    Depth-first, with a list instead of recursion, so that a chain of a million operations is fine. A node is marked as
    visited by its grad being this call's own zero, the very object: that spares a set of all nodes, the dearest part.

    >>> x = Value(2.0, label="x")
    >>> square = x * x
    >>> topological_order(square + x) == [square, square + x]
    True
    >>> topological_order(x)
    []
    """
    order: list[Value] = []
    if output.row is None:
        return order
    visited = zero_of(output)
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
        elif b is not None and b.__class__ is not tuple and b.row is not None and b.grad is not visited:
            push(v)  # b is of a subclass of Value
            v = b
            continue
        if v.grad is not visited:  # of several arguments one may have been visited through another
            v.grad = visited
            append(v)
        if not path:
            return order
        v = pop()


def propagate(order: list[Value], output: Value) -> None:
    """Apply the chain rule to the nodes in reverse order, from d(output)/d(output) = 1; their grads must be zero.

    A zero passes nothing on, be it an adjoint or a partial derivative, so 0 * inf never becomes nan: sqrt(relu(x)) has
    derivative 0 at x = -1. (Only after an infinite partial do products have to be looked at one by one.)

    >>> x = Value(-1.0)
    >>> y = x.relu().sqrt()
    >>> propagate(topological_order(y), y)
    >>> x.grad
    0
    """
    output.grad += 1.0 if type(output.data) is float else 1
    finite = True
    for v in reversed(order):
        g = v.grad
        if not g:
            continue
        row: Any = v.row
        if row is ADD:  # the rows that most graphs consist of, written out: a third of the time of the table's rule
            v._a.grad += g
            v._b.grad += g
        elif row is MUL and finite:
            a, b = v._a, v._b
            a.grad += g * b.data
            b.grad += g * a.data
        elif row is DOT and finite:
            args = v._b
            n = len(args) // 2
            for w, x in zip(args[:n], args[n : 2 * n], strict=True):
                w.grad += g * x.data
                x.grad += g * w.data
            if len(args) % 2:
                args[-1].grad += g
        else:
            args = v.args
            partials = row.partials(v.data, *[a.data for a in args])
            finite = finite and _INF not in partials and -_INF not in partials
            for a, partial in zip(args, partials, strict=True):
                if partial:
                    a.grad += g * partial


def record_adjoints(output: Value) -> None:
    """Set the grads as backward() does, to recorded Values; a node that nothing reaches gets none."""
    from engine.graph import adjoints, postorder  # here, because the graph is built on this module

    found = adjoints(output, recorded=True)
    for v in postorder(output):
        if v not in found:
            v.grad = v.grad if v.row is None else NO_GRAD
            continue
        adjoint = found[v]
        gradient = adjoint if isinstance(adjoint, Value) else Value(adjoint)
        v.grad = v.grad + gradient if v.row is None and v.grad is not NO_GRAD else gradient
