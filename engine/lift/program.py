"""A program: arrays that are given (leaves), and statements that each make one array of others, in order.

Glossary
--------
variable: a number, the position of a leaf or a statement; leaves come first, arguments before their uses.
shape: of one sample, without the batch: () for a number, (16,) for the activations of a layer.
cell: one number of an array, counted row by row; every array of a lifted program consists of traced scalars.
batched: depends on an input, so that it has one more axis at run time, the samples, and this axis is the last one.

In the programs of the first passes every shape is () and every operation a row of `engine.elementary.TABLE`. Later
passes add the operations on whole arrays:

============  ========================================================================================================
a row         of arguments that have the statement's shape, or its last axes; sum and dot take any number of them
matmul        W, F, and perhaps b: W @ F + b, W of shape (n, k), F of shape (k,) or (k, p), b of shape (n,) or ()
total         the sum of one array over its first axis; hypot and logsumexp of one array reduce its first axis too
inner         the sum of the product of two arrays over the first axis
take          the cells of one array that `detail` lists
pack          the cells of all arguments, one after the other, in the statement's shape
pullback      g * dy/dx_i of g, y, x_1, ..., x_n; `detail` is (row, i): the chain rule through one row
by_weights    of g and F: g @ F.T, the adjoint of matmul by W
by_inputs     of W and g: W.T @ g, the adjoint of matmul by F
by_bias       of g, of shape (n, p): the sum over the points, and over the samples where `detail`
reduce        the sum over the first `detail[0]` axes, and over the samples where `detail[1]`
spread        one array repeated along new first axes, the adjoint of total
scatter       the adjoint of takes: the arguments added into the cells that `detail` lists for each
============  ========================================================================================================
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

Shape = tuple[int, ...]


class Leaf(NamedTuple):
    """An array that is given.

    kind is "parameter", "input", "constant" or "seed" (the adjoint of an output). cells holds, for each cell, the
    number of the parameter, the position in the input, or the constant itself; for an input, `number` says which one.
    """

    kind: str
    cells: tuple[Any, ...]
    shape: Shape = ()
    number: int = 0
    name: str = ""


class Statement(NamedTuple):
    """One operation on variables; `detail` is what the operation needs besides, see the module's table."""

    operation: str
    args: tuple[int, ...]
    shape: Shape = ()
    detail: Any = None
    name: str = ""


class Program(NamedTuple):
    """Leaves, statements, and the variables that are the results.

    >>> x, two = Leaf("input", (0,)), Leaf("constant", (2.0,))
    >>> program = Program((x, two), (Statement("mul", (0, 1)),), (2,))
    >>> program
    <Program of 1 statement: mul 1>
    >>> print(program)
    v0 = input 0
    v1 = constant 2.0
    v2 = mul(v0, v1)
    return v2
    """

    leaves: tuple[Leaf, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[int, ...]
    forward: int = -1
    """The number of statements that make the function; those after it make its adjoint. -1 where there is none."""
    inputs: tuple[Shape, ...] = ()
    """The shape of each argument."""

    def shape(self, variable: int) -> Shape:
        """Return the shape of a variable for one sample."""
        return self.definition(variable).shape

    def definition(self, variable: int) -> Leaf | Statement:
        """Return the leaf or statement of a variable."""
        n = len(self.leaves)
        return self.leaves[variable] if variable < n else self.statements[variable - n]

    def number(self, variable: int) -> float | None:
        """Return the number of a variable that is a single constant, else None."""
        leaf = self.leaves[variable] if variable < len(self.leaves) else None
        return leaf.cells[0] if leaf is not None and leaf.kind == "constant" and not leaf.shape else None

    def operations(self) -> Counter[str]:
        """Count the statements by operation."""
        return Counter(s.operation for s in self.statements)

    def __repr__(self) -> str:
        n = len(self.statements)
        counts = ", ".join(f"{operation} {count:,}" for operation, count in self.operations().most_common())
        return f"<Program of {n:,} statement{'s' * (n != 1)}{': ' * (n > 0)}{counts}>"

    def __str__(self) -> str:
        lines = [f"v{i} = {leaf.kind} {_cells(leaf)}{_shape(leaf)}" for i, leaf in enumerate(self.leaves)]
        for i, s in enumerate(self.statements, len(self.leaves)):
            detail = f", {_short(s.detail)}" if s.detail is not None else ""
            lines.append(f"v{i} = {s.operation}({', '.join(f'v{a}' for a in s.args)}{detail}){_shape(s)}")
        return "\n".join([*lines, f"return {', '.join(f'v{v}' for v in self.outputs)}"])


def batched(program: Program) -> list[bool]:
    """Return, for each variable, whether it depends on an input (or on the adjoint of an output that does)."""
    found = [leaf.kind == "input" or (leaf.kind == "seed" and leaf.number == 1) for leaf in program.leaves]
    for s in program.statements:
        found.append(not sums_samples(s) and any(found[a] for a in s.args))
    return found


def sums_samples(s: Statement) -> bool:
    """Return whether a statement adds up the samples of a batch, so that its result has none."""
    return bool(s.detail[1] if s.operation == "reduce" else s.operation in ("by_weights", "by_bias") and s.detail)


def size(shape: Shape) -> int:
    """Return the number of cells."""
    return math.prod(shape)


def _cells(leaf: Leaf) -> str:
    return ", ".join(map(str, leaf.cells[:3])) + (", ..." if len(leaf.cells) > 3 else "")


def _shape(item: Leaf | Statement) -> str:
    return f"  # {item.shape}" if item.shape else ""


def _short(detail: Any) -> str:
    text = str(detail)
    return text if len(text) <= 40 else f"{text[:37]}..."
