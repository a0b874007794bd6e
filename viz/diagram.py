"""A computation graph as plain text and numbers, ready to be drawn: what every node and every edge says.

One edge is one use of a value. Its message on the way back is the chain rule:

    contribution = upstream x local        upstream = grad of the target, local = d target / d argument

and the grad of a value is the sum of the contributions of its uses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.value import NO_GRAD, Value
from viz import numerals
from viz.excerpt import Excerpt, label_of

ROLES = ("input", "parameter", "operation", "output")
LINEAR = frozenset({"add", "sub", "neg", "sum"})
MAX_TERMS = 4
_WEIGHT_NAME = re.compile(r"(w|weights?|theta)($|[\d_\[(., ])", re.IGNORECASE)
_BIAS_NAME = re.compile(r"(b|bias|biases)($|[\d_\[(., ])", re.IGNORECASE)


@dataclass(frozen=True)
class Node:
    """One value: what is written in its box, and its role."""

    number: int
    name: str
    role: str
    operation: str
    data: str
    grad: str
    terms: tuple[str, ...]  # the contributions that make up grad, where there are several
    tooltip: str


@dataclass(frozen=True)
class Use:
    """One use of a value as an argument: an edge."""

    source: int
    target: int
    position: int
    label: str
    tooltip: str


@dataclass(frozen=True)
class Constant:
    """A plain number among the arguments of a node."""

    target: int
    position: int
    text: str


@dataclass(frozen=True)
class Diagram:
    """Everything a drawing of a graph says, in a fixed order.

    ``hidden`` maps a shown node to the number of its arguments that are not shown; ``note`` says how much is shown.
    """

    nodes: tuple[Node, ...]
    uses: tuple[Use, ...]
    constants: tuple[Constant, ...]
    hidden: dict[int, int] = field(default_factory=dict)
    note: str = ""

    def description(self) -> str:
        """Return the picture in words: every value, then every edge; for readers who do not see it.

        Examples
        --------
        >>> from viz.excerpt import excerpt
        >>> x = Value(3.0, label="x")
        >>> print(diagram(excerpt(x * x)).description())
        2 nodes; backward() has not run
        x: input, data 3.0, grad -
        #1 = *: output, data 9.0, grad -
        x to #1 (argument 1 of 2): local 3.0
        x to #1 (argument 2 of 2): local 3.0
        """
        said = [self.note, *(node.tooltip.split("\n")[0] for node in self.nodes)]
        return "\n".join([*said, *(use.tooltip.split("\n")[0] for use in self.uses)])


def diagram(part: Excerpt, parameters: Iterable[Value] | None = None) -> Diagram:
    """Put a part of a graph into words and numbers.

    Parameters
    ----------
    part : Excerpt
        What of the graph is shown.
    parameters : iterable of Value, optional
        The leaves that are parameters. By default: the weights and bias of a dot product, and leaves that are named
        like weights (w, w1, W_12, theta) or, beside weights, like biases (b, bias).

    Examples
    --------
    >>> from viz.excerpt import excerpt
    >>> w, x = Value(2.0, label="w"), Value(-3.0, label="x")
    >>> made = diagram(excerpt(w * x))
    >>> [(node.name, node.role) for node in made.nodes]
    [('w', 'parameter'), ('x', 'input'), ('', 'output')]
    >>> [use.label.replace(numerals.TIMES, "x") for use in made.uses]
    ['x x = -3.0000', 'x w = 2.0000 ']
    """
    locals_ = {target: local_derivatives(part.nodes[target]) for target in dict.fromkeys(e.target for e in part.edges)}
    roles = _roles(part, parameters)
    contributions: dict[int, list[Any]] = defaultdict(list)
    uses = []
    for edge in part.edges:
        local = locals_[edge.target][edge.position]
        upstream = part.nodes[edge.target].grad
        contribution = _contribution(upstream, local)
        contributions[edge.source].append(contribution)
        label = _factor(part, edge.target, edge.position, local)
        uses.append(Use(*edge, label, _message(part, edge, upstream, local, contribution)))
    nodes = tuple(_node(part, number, roles[number], contributions[number]) for number in part.shown)
    constants = tuple(
        Constant(target, position, cut(numerals.exact(part.nodes[target].args[position]), 10))
        for target, position in part.constants
        if not _says_its_constant(part.nodes[target])
    )
    note = part.count() + ("; backward() has not run" if part.nodes[-1].grad is NO_GRAD else "")
    return Diagram(nodes, tuple(uses), constants, dict(part.hidden), note)


def local_derivatives(node: Value) -> tuple[Any, ...]:
    """Return d node / d argument for each argument, numbers; None where the data no longer allows it.

    The latter happens when the data of a leaf was changed after the graph was recorded.

    Examples
    --------
    >>> x = Value(3.0)
    >>> local_derivatives(x * 4.0), local_derivatives(x)
    ((4.0, 3.0), ())
    """
    if node.row is None:
        return ()
    try:
        return tuple(node.row.partials(node.data, *(argument.data for argument in node.args)))
    except (ArithmeticError, ValueError):
        return (None,) * len(node.args)


def _contribution(upstream: Any, local: Any) -> Any:
    """Return upstream x local; an adjoint of zero passes nothing on, so 0 x inf is 0."""
    if upstream is NO_GRAD or local is None:
        return None
    upstream = upstream.data if isinstance(upstream, Value) else upstream
    return upstream if upstream == 0 else upstream * local


def _factor(part: Excerpt, target: int, position: int, local: Any) -> str:
    """Return an edge's text: the local derivative, and in symbols what it is where that is short to say."""
    node = part.nodes[target]
    if _is_linear(node, position) and local is not None:
        return f"{numerals.TIMES} {local:g}"  # always 1 or -1, whatever the data: nothing to line up
    number = "?" if local is None else numerals.short(local).ljust(numerals.WIDTH)
    symbol = _symbol(node, position)
    return f"{numerals.TIMES} {symbol} = {number}" if symbol else f"{numerals.TIMES} {number}"


def _is_linear(node: Value, position: int) -> bool:
    name = node.row.name if node.row else ""
    return name in LINEAR or (name == "dot" and position == len(node.args) // 2 * 2)  # the latter is the bias


def _symbol(node: Value, position: int) -> str:
    """Return the name of a local derivative: the other factor of a product, or f' for a function f."""
    name, count = (node.row.name, len(node.args)) if node.row else ("", 0)
    if name == "mul":
        return cut(label_of(node.args[1 - position]), 12)
    if name == "dot":
        pairs = count // 2
        return cut(label_of(node.args[(position + pairs) % (2 * pairs)]), 12)  # the bias is linear and has no symbol
    return f"{node._op}'" if count == 1 and node._op.isidentifier() else ""


def _message(part: Excerpt, edge: Any, upstream: Any, local: Any, contribution: Any) -> str:
    """Return an edge's tooltip: which use it is, its local derivative, and the message that goes back along it."""
    source, target = part.name(edge.source), part.name(edge.target)
    use = f"{source} to {target} (argument {edge.position + 1} of {len(part.nodes[edge.target].args)})"
    if local is None:
        return f"{use}: the local derivative is undefined here; was data changed after the graph was recorded?"
    if contribution is None:
        return f"{use}: local {numerals.exact(local)}\nbackward() has not run"
    up, here, back = numerals.exact(upstream), numerals.exact(local), numerals.exact(contribution)
    times = numerals.TIMES
    return f"{use}: local {here}, contribution {back}\nupstream {times} local = {up} {times} {here} = {back}"


def _node(part: Excerpt, number: int, role: str, contributions: list[Any]) -> Node:
    value = part.nodes[number]
    operation = value._op
    equals = f" = {operation}" if operation else ""
    said = f"data {numerals.exact(value.data)}, grad {numerals.exact(value.grad)}"
    lines = [f"{part.name(number)}{equals}: {role}, {said}"]
    terms = [contribution for contribution in contributions if contribution is not None]
    shown: tuple[str, ...] = ()
    if len(terms) > 1 and len(terms) == len(contributions):
        shown = _shown(terms)
        lines.append(f"contributions: {' + '.join(numerals.exact(term) for term in terms)}")
        if not _explains(terms, value.grad):
            shown = ()
            lines.append("grad holds more than these: uses outside this drawing, or an earlier backward()")
    name = cut(label_of(value), 24)
    return Node(
        number, name, role, operation, numerals.fixed(value.data), numerals.grad(value.grad), shown, "\n".join(lines)
    )


def _shown(terms: list[Any]) -> tuple[str, ...]:
    rest = len(terms) - MAX_TERMS
    return (*(numerals.short(term) for term in terms[:MAX_TERMS]), *([f"{rest} more"] if rest > 0 else []))


def _explains(terms: list[Any], grad: Any) -> bool:
    """Whether the shown contributions add up to the grad, up to rounding."""
    grad = grad.data if isinstance(grad, Value) else grad
    try:
        scale = sum(abs(term) for term in terms)
        return bool(abs(sum(terms) - grad) <= 1e-9 * scale)
    except (TypeError, ArithmeticError):
        return False


def _says_its_constant(node: Value) -> bool:
    """Whether the operation itself shows the constant, as ``**2`` does."""
    return node.row is not None and node.row.name == "pow" and node._op != node.row.symbol


def _roles(part: Excerpt, parameters: Iterable[Value] | None) -> dict[int, str]:
    leaves = [number for number in part.shown if not part.nodes[number].args]
    if parameters is not None:
        chosen = {id(value) for value in parameters}
        known = {number for number in leaves if id(part.nodes[number]) in chosen}
    else:
        known = _weights_and_biases(part) | {n for n in leaves if _WEIGHT_NAME.match(part.nodes[n].label)}
        if known:
            known |= {number for number in leaves if _BIAS_NAME.match(part.nodes[number].label)}
    roles = dict.fromkeys(part.shown, "operation")
    roles |= {number: "parameter" if number in known else "input" for number in leaves}
    roles[len(part.nodes) - 1] = "output"
    return roles


def _weights_and_biases(part: Excerpt) -> set[int]:
    """Return the leaves that stand where a dot product has its weights and its bias."""
    found = set()
    for edge in part.edges:
        node = part.nodes[edge.target]
        pairs = len(node.args) // 2
        is_dot = node.row is not None and node.row.name == "dot"
        if is_dot and not pairs <= edge.position < 2 * pairs and not part.nodes[edge.source].args:
            found.add(edge.source)
    return found


def cut(text: str, width: int) -> str:
    """Shorten a text to a width in characters, ending in an ellipsis where something is lost.

    Examples
    --------
    >>> cut("weight", 6), cut("weights", 6)
    ('weight', 'weigh…')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
