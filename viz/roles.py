"""What part a leaf plays: an input or a parameter, by where it stands and by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from engine.elementary import DOT
from engine.neurons import WEIGHT_NAME
from engine.value import Value

ROLES = ("input", "parameter", "operation", "output")
# Round corners, a heavy frame, a double frame: a role can be seen without colour.
SHAPES = {
    "input": {"style": "rounded,filled", "penwidth": "1.2"},
    "parameter": {"style": "filled", "penwidth": "2.4"},
    "operation": {"style": "filled", "penwidth": "1"},
    "output": {"style": "filled", "penwidth": "1.2", "peripheries": "2"},
}
BIAS_NAME = re.compile(r"(?:.*\.)?(b|bias|biases)($|[\d_\[(., ])", re.IGNORECASE)


def roles_of(
    nodes: Sequence[Value],
    shown: Sequence[int],
    label: Callable[[Value], str],
    parameters: Iterable[Value] | None = None,
) -> dict[int, str]:
    """Return the role of each shown node of a graph, whose last node is the output.

    Parameters
    ----------
    nodes : sequence of Value
        All nodes, arguments before uses.
    shown : sequence of int
        The ids to tell the role of.
    label : callable
        label(node) is a node's name, or nothing.
    parameters : iterable of Value, optional
        The leaves that are parameters. By default: the weights and bias of a dot product, and leaves that are named
        like weights (w, w1, model.w[3], theta) or, beside weights, like biases (b, bias).

    Examples
    --------
    >>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
    >>> roles_of([w, x, w * x], [0, 1, 2], lambda node: node.label)
    {0: 'parameter', 1: 'input', 2: 'output'}
    """
    leaves = [number for number in shown if nodes[number].row is None]
    if parameters is not None:
        chosen = {id(value) for value in parameters}
        known = {number for number in leaves if id(nodes[number]) in chosen}
    else:
        places = _weights_and_biases(nodes, shown)
        known = {n for n in leaves if id(nodes[n]) in places or WEIGHT_NAME.match(label(nodes[n]))}
        if known:
            known |= {number for number in leaves if BIAS_NAME.match(label(nodes[number]))}
    roles = dict.fromkeys(shown, "operation")
    roles |= {number: "parameter" if number in known else "input" for number in leaves}
    roles[len(nodes) - 1] = "output"
    return roles


def _weights_and_biases(nodes: Sequence[Value], shown: Sequence[int]) -> set[int]:
    """Return, by ``id``, what stands where the shown dot products have their weights and their bias."""
    found: set[int] = set()
    for number in shown:
        if nodes[number].row is DOT:
            arguments = nodes[number].args
            pairs = len(arguments) // 2
            found.update(id(argument) for argument in (*arguments[:pairs], *arguments[2 * pairs :]))
    return found
