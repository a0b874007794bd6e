"""Copies of recorded computations, in memory and on disk, without recursion: a chain of a million nodes is fine.

`copy.copy(y)` is a second node over the same arguments, `copy.deepcopy(y)` a second graph; `pickle` writes the graph as
a flat list, with the leaves as objects of their own: a model and a loss that share weights still do when they are read.
"""

from __future__ import annotations

import copy
from typing import Any

from engine.elementary import TABLE
from engine.functions import Number
from engine.graph import postorder
from engine.value import NO_GRAD, Constant, Value, as_constant, record

Recipe = tuple[str, Number, str, tuple[int, ...]]
"""One node on disk: the name of its row ("" for a constant), its data, its label, the positions of its arguments."""


def deep_copy(output: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of the node and of everything that it was made from; the memo is that of copy.deepcopy.

    >>> x = Value(3.0)
    >>> left, right = copy.deepcopy([x * x, x])
    >>> left.backward()
    >>> right.grad, x.grad
    (6.0, 0)
    """
    copied = [v for v in postorder(output) if id(v) not in memo]
    for v in copied:
        memo[id(v)] = record(v.row, tuple(memo[id(a)] for a in v.args), v.data, v.label) if v.row else copy.copy(v)
    for v in copied:  # afterwards: the gradient of create_graph=True is made of these very nodes
        memo[id(v)].grad = copy.deepcopy(v.grad, memo)
    return memo[id(output)]  # type: ignore[no-any-return]  # copy's memo holds anything


def flattened(output: Value) -> tuple[Any, ...]:
    """Return what pickle needs to make the Value again: see object.__reduce__.

    Gradients are set last: those of create_graph=True are made of these very Values.

    >>> import pickle
    >>> x = Value(3.0)
    >>> left, right = pickle.loads(pickle.dumps([x * x, x]))
    >>> left.backward()
    >>> right.grad
    6.0
    """
    if output.row is None:
        return _leaf, (type(output), output.data, output.label), output.grad, None, None, _set_grad
    nodes = list(postorder(output))
    index = {v: i for i, v in enumerate(nodes)}
    steps = tuple(
        (v.row.name if v.row else "", v.data, v.label, tuple(index[a] for a in v.args))
        if v.row or isinstance(v, Constant)
        else v
        for v in nodes
    )
    grads = {i: v.grad for i, v in enumerate(nodes) if v.row and v.grad is not NO_GRAD}
    return _rebuilt, (steps,), grads, None, None, _restore


def _leaf(kind: type[Value], data: Number, label: str) -> Value:
    leaf = kind.__new__(kind)  # an __init__ of a subclass may want other arguments
    Value.__init__(leaf, 0.0, label=label)
    leaf.data = data  # the int of a constant stays an int
    return leaf


def _set_grad(v: Value, grad: Number) -> None:
    v.grad = grad


def _rebuilt(steps: tuple[Value | Recipe, ...]) -> Value:
    nodes: list[Value] = []
    for step in steps:
        if isinstance(step, Value):
            nodes.append(step)
            continue
        name, data, label, args = step
        nodes.append(record(TABLE[name], tuple(nodes[i] for i in args), data, label) if name else as_constant(data))
    return nodes[-1]


def _restore(output: Value, grads: dict[int, Number]) -> None:
    """Give the nodes of a graph that was read back their gradients, by their positions."""
    for i, v in enumerate(postorder(output)):
        if i in grads:
            v.grad = grads[i]
