"""A computation graph as plain text and numbers, ready to be drawn: what every node and every edge says.

One edge is one use of a value. Its message on the way back is the chain rule:

    contribution = upstream x local        upstream = grad of the target, local = d target / d argument

and the grad of a value is the sum of the contributions of its uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.value import NO_GRAD, Value
from viz import numerals
from viz.excerpt import Excerpt
from viz.flags import flag, is_dead
from viz.roles import roles_of

LINEAR = frozenset({"add", "sub", "neg", "sum"})
MAX_TERMS = 4


@dataclass(frozen=True)
class Node:
    """One value, or several that are folded into one box: what is written in it, and its role.

    ``title`` is never empty: the name, or ``#id``. ``flag`` says what is remarkable about grad (see viz.flags), and
    ``notes`` are further lines below it.
    """

    number: int
    name: str
    role: str
    operation: str
    data: str
    grad: str
    terms: tuple[str, ...]  # the contributions that make up grad, where there are several
    tooltip: str
    title: str = ""
    flag: str = ""
    dead: bool = False
    lit: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Use:
    """One use of a value as an argument, or all uses between two boxes: an edge; ``negative`` if its derivative is."""

    source: int
    target: int
    position: int
    label: str
    tooltip: str
    negative: bool = False
    lit: bool = False


@dataclass(frozen=True)
class Constant:
    """A plain number among the arguments of a node."""

    target: int
    position: int
    text: str


@dataclass(frozen=True)
class Cluster:
    """Nodes that belong together, with a frame around them."""

    title: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Diagram:
    """Everything a drawing of a graph says, in a fixed order.

    ``hidden`` maps a shown node to the number of its arguments that are not shown; ``note`` says how much is shown,
    ``complete`` whether that is every node; ``name`` is the output's; ``highlights`` are lines about the lit paths.
    """

    nodes: tuple[Node, ...]
    uses: tuple[Use, ...]
    constants: tuple[Constant, ...]
    hidden: dict[int, int] = field(default_factory=dict)
    note: str = ""
    clusters: tuple[Cluster, ...] = ()
    complete: bool = True
    name: str = ""
    highlights: tuple[str, ...] = ()

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
        said = [self.note, *self.highlights, *(node.tooltip.split("\n")[0] for node in self.nodes)]
        return "\n".join([*said, *(use.tooltip.split("\n")[0] for use in self.uses)])


def diagram(
    part: Excerpt,
    parameters: Iterable[Value] | None = None,
    lit: Sequence[bool] = (),
    clusters: tuple[Cluster, ...] = (),
) -> Diagram:
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
    roles = roles_of(part.nodes, part.shown, part.label, parameters)
    ran = part.nodes[-1].grad is not NO_GRAD
    contributions: dict[int, list[Any]] = defaultdict(list)
    uses = []
    for edge in part.edges:
        local = locals_[edge.target][edge.position]
        upstream = part.nodes[edge.target].grad
        contribution = contribution_of(upstream, local)
        contributions[edge.source].append(contribution)
        label = factor(part, edge.target, edge.position, local)
        said = message(part, edge, upstream, local, contribution)
        uses.append(Use(*edge, label, said, is_negative(local), bool(lit) and lit[edge.source]))
    nodes = tuple(
        replace(node_of(part, number, roles[number], contributions[number], ran), lit=bool(lit) and lit[number])
        for number in part.shown
    )
    constants = tuple(
        Constant(target, position, numerals.brief(part.nodes[target].args[position]))
        for target, position in part.constants
        if not _says_its_constant(part.nodes[target])
    )
    note = part.count() + ("" if ran else "; backward() has not run")
    return Diagram(
        nodes, tuple(uses), constants, dict(part.hidden), note, clusters, part.complete, part.label(part.nodes[-1])
    )


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


def adjoint_of(node: Value, ran: bool) -> Any:
    """Return a node's grad; 0 where backward() has run and sent nothing there, as behind a dead ReLU.

    Examples
    --------
    >>> w = Value(2.0)
    >>> y = (w * -1.0).relu()
    >>> y.backward()
    >>> adjoint_of(w, ran=y.grad is not NO_GRAD)
    0.0
    """
    return 0.0 if node.grad is NO_GRAD and ran else node.grad


def is_negative(number: Any) -> bool:
    """Whether a number is below zero; what has no sign is not.

    Examples
    --------
    >>> is_negative(-0.5), is_negative(1j), is_negative(None)
    (True, False, False)
    """
    try:
        return bool(number < 0)
    except (TypeError, ArithmeticError):
        return False


def contribution_of(upstream: Any, local: Any) -> Any:
    """Return upstream x local; an adjoint of zero passes nothing on, so 0 x inf is 0."""
    if upstream is NO_GRAD or local is None:
        return None
    upstream = upstream.data if isinstance(upstream, Value) else upstream
    return upstream if upstream == 0 else upstream * local


def factor(part: Excerpt, target: int, position: int, local: Any) -> str:
    """Return an edge's text: the local derivative, and in symbols what it is where that is short to say."""
    node = part.nodes[target]
    if _is_linear(node, position) and local is not None:
        return f"{numerals.TIMES} {local:g}"  # always 1 or -1, whatever the data: nothing to line up
    number = "?" if local is None else numerals.short(local).ljust(numerals.WIDTH)
    symbol = _symbol(part, node, position)
    return f"{numerals.TIMES} {symbol} = {number}" if symbol else f"{numerals.TIMES} {number}"


def _is_linear(node: Value, position: int) -> bool:
    name = node.row.name if node.row else ""
    return name in LINEAR or (name == "dot" and position == len(node.args) // 2 * 2)  # the latter is the bias


def _symbol(part: Excerpt, node: Value, position: int) -> str:
    """Return the name of a local derivative: the other factor of a product, or f' for a function f."""
    name, count = (node.row.name, len(node.args)) if node.row else ("", 0)
    if name == "mul":
        return cut(part.label(node.args[1 - position]), 12)
    if name == "dot":
        pairs = count // 2
        return cut(part.label(node.args[(position + pairs) % (2 * pairs)]), 12)  # the bias is linear and has no symbol
    return f"{node._op}'" if count == 1 and node._op.isidentifier() else ""


def message(part: Excerpt, edge: tuple[int, int, int], upstream: Any, local: Any, contribution: Any) -> str:
    """Return an edge's tooltip: which use it is, its local derivative, and the message that goes back along it."""
    source, target, position = edge
    use = f"{part.name(source)} to {part.name(target)} (argument {position + 1} of {len(part.nodes[target].args)})"
    if local is None:
        return f"{use}: the local derivative is undefined here; was data changed after the graph was recorded?"
    if contribution is None:
        return f"{use}: local {numerals.exact(local)}\nbackward() has not run"
    up, here, back = numerals.exact(upstream), numerals.exact(local), numerals.exact(contribution)
    times = numerals.TIMES
    return f"{use}: local {here}, contribution {back}\nupstream {times} local = {up} {times} {here} = {back}"


def node_of(part: Excerpt, number: int, role: str, contributions: list[Any], ran: bool) -> Node:
    """Say what stands in the box of one value; ``ran`` tells whether backward() has."""
    value = part.nodes[number]
    operation = value._op
    adjoint = adjoint_of(value, ran)
    dead, remark = is_dead(value), flag(adjoint)
    equals = f" = {operation}" if operation else ""
    said = f"data {numerals.exact(value.data)}, grad {numerals.exact(adjoint)}"
    lines = [f"{part.name(number)}{equals}: {role}, {said}{', a dead ReLU' if dead else ''}"]
    terms = [contribution for contribution in contributions if contribution is not None]
    shown: tuple[str, ...] = ()
    if len(terms) > 1 and len(terms) == len(contributions):
        shown = _shown(terms)
        lines.append(f"contributions: {' + '.join(numerals.exact(term) for term in terms)}")
        if not _explains(terms, adjoint):
            shown = ()
            lines.append("grad holds more than these: uses outside this drawing, or an earlier backward()")
    if dead:
        lines.append("its argument is not positive, so it passes no gradient on")
    if remark:
        lines.append(f"the gradient is {remark}")
    return Node(
        number,
        cut(part.label(value), 24),
        role,
        operation,
        numerals.fixed(value.data),
        numerals.grad(adjoint),
        shown,
        "\n".join(lines),
        title=part.name(number),
        flag=remark,
        dead=dead,
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


def cut(text: str, width: int) -> str:
    """Shorten a text to a width in characters, ending in an ellipsis where something is lost.

    Examples
    --------
    >>> cut("weight", 6), cut("weights", 6)
    ('weight', 'weigh…')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
