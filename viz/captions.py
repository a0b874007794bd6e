"""What a step of a sweep says: an operation with its numbers, or one message of the chain rule.

forward    n = x * w + b = 2.0 * 0.5 + 1.0 = 2.0
backward   w.grad += x.data * n.grad = 2.0 * 1.0 = 2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from engine.value import Constant, Value
from viz import numerals
from viz.diagram import LINEAR, cut

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
MOST = 4  # terms of a sum that are written out
LONGEST = 24  # characters of a name


def number(value: Any) -> str:
    """Write a number as in a program, with at most four significant digits.

    Examples
    --------
    >>> number(2.0), number(-0.70710678), number(1e-9), number(1), number(Fraction(1, 3))
    ('2.0', '-0.7071', '1e-09', '1', '(1/3)')
    """
    if isinstance(value, float):
        text = f"{value:.4g}"
        return text if set(text) & set(".enf") else f"{text}.0"  # of inf and nan, too, an n
    if isinstance(value, int):
        return str(value)
    if isinstance(value, complex):
        return f"({numerals.short(value)})"
    return f"({value})" if isinstance(value, Fraction) and value.denominator > 1 else numerals.short(value)


def forward(node: Value, name: str, arguments: Sequence[str]) -> str:
    """Say how a node is computed: in names, in numbers, and the result.

    Parameters
    ----------
    node : Value
        An operation.
    name : str
        Its name.
    arguments : sequence of str
        The names of its arguments, in order; a constant's is its number.

    Examples
    --------
    >>> x = Value(3.0)
    >>> forward(x * x, "y", ["x", "x"])
    'y = x * x = 3.0 * 3.0 = 9.0'
    >>> forward(x.tanh(), "y", ["x"])
    'y = tanh(x) = tanh(3.0) = 0.9951'
    """
    names = [cut(argument, LONGEST) for argument in arguments]
    numbers = [number(argument.data) for argument in node.args]
    return f"{cut(name, LONGEST)} = {_formula(node, names)} = {_formula(node, numbers)} = {number(node.data)}"


def backward(node: Value, position: int, names: tuple[str, Sequence[str]], local: Any, upstream: Any, sent: Any) -> str:
    """Say what one argument of a node gets: the local derivative times the adjoint of the node.

    Parameters
    ----------
    node : Value
        The node that sends.
    position : int
        Which of its arguments is meant.
    names : tuple of str and sequence of str
        The names of the node and of its arguments.
    local, upstream, sent : numbers
        d node / d argument, d output / d node, and their product.

    Examples
    --------
    >>> w, x = Value(3.0), Value(2.0)
    >>> backward(w * x, 0, ("out", ["w", "x"]), 2.0, 0.5, 1.0)
    'w.grad += x.data * out.grad = 2.0 * 0.5 = 1.0'
    >>> backward(w.exp(), 0, ("y", ["w"]), 20.0855, 1.0, 20.0855)
    "w.grad += exp'(w.data) * y.grad = 20.09 * 1.0 = 20.09"
    """
    name, arguments = cut(names[0], LONGEST), [cut(argument, LONGEST) for argument in names[1]]
    symbol = _derivative(node, position, name, arguments, local)
    product = f"{number(local)} * {number(upstream)} = {number(sent)}"
    return f"{arguments[position]}.grad += {symbol} * {name}.grad = {product}"


def accumulated(name: str, before: Any, sent: Any, after: Any) -> str:
    """Say what a grad becomes that was there before: the sum.

    Examples
    --------
    >>> accumulated("x", 3.0, 4.0, 7.0)
    'x.grad = 3.0 + 4.0 = 7.0'
    """
    return f"{cut(name, LONGEST)}.grad = {number(before)} + {number(sent)} = {number(after)}"


def listed(names: Sequence[str], numbers: Sequence[Any], suffix: str = "", most: int = 6) -> str:
    """List names with their numbers; of many, the first.

    Examples
    --------
    >>> listed(["x", "y", "z"], [1.0, 2.0, 3.0], ".grad", most=2)
    'x.grad = 1.0, y.grad = 2.0, and 1 more'
    """
    pairs = [f"{cut(name, LONGEST)}{suffix} = {number(n)}" for name, n in zip(names, numbers, strict=True)]
    rest = len(pairs) - most
    return ", ".join([*pairs[:most], *([f"and {rest} more"] if rest > 0 else [])])


def _formula(node: Value, words: Sequence[str]) -> str:
    """Return an operation on words, which are names or numbers."""
    name = node.row.name if node.row else ""
    if name in INFIX and len(words) == 2:
        return f"{words[0]} {INFIX[name]} {words[1]}"
    if name == "neg":
        return f"-{words[0]}" if words[0][0] not in "-(" else f"-({words[0]})"
    if name == "sum":
        return " + ".join(_few(words))
    if name == "dot":
        pairs = len(words) // 2
        products = [f"{w} * {x}" for w, x in zip(words[:pairs], words[pairs : 2 * pairs], strict=True)]
        return " + ".join([*_few(products), *words[2 * pairs :]])
    return f"{name}({', '.join(_few(words))})"


def _few(words: Sequence[str]) -> list[str]:
    return list(words) if len(words) <= MOST else [*words[: MOST - 2], "…", words[-1]]


def _derivative(node: Value, position: int, name: str, arguments: Sequence[str], local: Any) -> str:
    """Return the local derivative in symbols: the other factor of a product, f' of a function, else d/d."""
    row = node.row.name if node.row else ""
    pairs = len(arguments) // 2
    if row in LINEAR or (row == "dot" and position == 2 * pairs):
        return number(local)
    if row == "mul" or row == "dot":
        other = 1 - position if row == "mul" else (position + pairs) % (2 * pairs)
        return arguments[other] + ("" if isinstance(node.args[other], Constant) else ".data")
    if len(arguments) == 1:
        return f"{row}'({arguments[0]}.data)"
    return f"d({name})/d({arguments[position]})"
