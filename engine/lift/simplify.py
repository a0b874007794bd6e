"""The passes over scalars: sums without chains, products inside sums as dot products, constants, common expressions.

Each is a function from program to program; none changes a value by more than the rounding of a reordered sum.
"""

from __future__ import annotations

from collections import Counter

from engine.elementary import TABLE
from engine.lift.program import Leaf, Program, Statement

_COMMUTATIVE = frozenset(("add", "mul", "maximum", "minimum", "logaddexp"))


def sums(program: Program) -> Program:
    """Join chains of + into sums of many arguments: ((a + b) + c) + d becomes sum(a, b, c, d).

    A partial sum that is used elsewhere too stays a statement of its own.
    """
    n, uses = len(program.leaves), _uses(program)

    def joins(v: int) -> bool:
        return v >= n and program.statements[v - n].operation in ("add", "sum")

    merged: set[int] = set()
    made: dict[int, Statement] = {}
    for i in range(len(program.statements) - 1, -1, -1):
        s = program.statements[i]
        if i + n in merged or s.operation not in ("add", "sum"):
            continue
        terms: list[int] = []
        waiting = list(reversed(s.args))
        while waiting:
            a = waiting.pop()
            if joins(a) and uses[a] == 1:
                merged.add(a)
                waiting += reversed(program.statements[a - n].args)
            else:
                terms.append(a)
        if len(terms) > 2:
            made[i] = Statement("sum", tuple(terms))
    statements = tuple(made.get(i, s) for i, s in enumerate(program.statements))
    return without_unused(program._replace(statements=statements))


def dots(program: Program) -> Program:
    """Write sums of products as dot products: sum(a * b, c * d, e) becomes dot(a, c, b, d, e).

    A product, or an inner dot product, that is used elsewhere too stays, and so do dot products that share a factor:
    one neuron at several points is part of a matrix product. The bias is a leaf; what else is added stays in a sum
    around the dot product, as the other branch of a residual connection does.
    """
    n, uses = len(program.leaves), _uses(program)
    out = _Rewriter(program)
    for i, s in enumerate(program.statements):
        terms = s.args if s.operation in ("add", "sum") else (i + n,) if s.operation == "dot" else ()
        left: list[int] = []
        right: list[int] = []
        rest: list[int] = []
        joined = ("mul", "dot") if _are_apart([program.statements[a - n] for a in terms if a >= n]) else ("mul",)
        for a in terms:
            inner = program.statements[a - n] if a >= n and (uses[a] == 1 or a == i + n) else None
            if inner is not None and inner.operation in joined:
                half = len(inner.args) // 2
                left += inner.args[:half]
                right += inner.args[half : 2 * half]
                rest += inner.args[2 * half :]
            else:
                rest.append(a)
        if not left:
            out.keep(s)
            continue
        bias = _bias(program, rest)
        dot = Statement("dot", tuple(out.new[a] for a in (*left, *right, *bias)))
        others = [out.new[a] for a in rest if a not in bias]
        if others:
            inner_dot = out.add(dot)
            out.keep_as(Statement("sum" if len(others) > 1 else "add", (inner_dot, *others)))
        else:
            out.keep_as(dot)
    return without_unused(out.program())


def _are_apart(terms: list[Statement]) -> bool:
    """Whether no two dot products among these terms share a factor."""
    factors = [v for s in terms if s.operation == "dot" for v in set(s.args)]
    return len(set(factors)) == len(factors)


def _bias(program: Program, rest: list[int]) -> list[int]:
    """Return, of what is added to products, the one parameter; else the one constant; else nothing."""
    n = len(program.leaves)
    for kind in ("parameter", "constant"):
        found = [a for a in rest if a < n and program.leaves[a].kind == kind]
        if len(found) == 1:
            return found
    return []


def constants(program: Program) -> Program:
    """Compute what depends on constants alone, and leave out + 0, - 0, * 1 and / 1."""
    out = _Rewriter(program)
    value: dict[int, float] = {v: leaf.cells[0] for v, leaf in enumerate(program.leaves) if leaf.kind == "constant"}
    for s in program.statements:
        row, args = s.operation, [out.new[a] for a in s.args]
        known = [value[a] for a in args if a in value]
        if row in ("add", "sum") and 0 < len(known) < len(args):
            args = [a for a in args if a not in value] + ([out.constant(sum(known), value)] if sum(known) != 0 else [])
            row = "sum" if len(args) > 2 else "add"
        same = _same(row, args, value)
        if same is not None:
            out.new.append(same)
        elif len(known) == len(args):
            try:
                out.new.append(out.constant(float(TABLE[row].value(*known)), value))
            except (ArithmeticError, ValueError):  # what raises on the scalars becomes nan or inf in the program
                out.keep_as(Statement(row, tuple(args)))
        elif row == "mul" and value.get(args[1]) == -1:
            out.keep_as(Statement("neg", (args[0],)))
        elif row == "dot" and len(args) % 2 and value.get(args[-1]) == 0:
            out.keep_as(Statement("dot", tuple(args[:-1])))
        else:
            out.keep_as(Statement(row, tuple(args)))
    return without_unused(out.program())


def _same(row: str, args: list[int], value: dict[int, float]) -> int | None:
    """Return the argument that a statement only passes on, given the constants' values; None if it does more."""
    numbers = [value.get(a) for a in args]
    if row == "pos" or (row in ("add", "sum") and len(args) == 1) or (row == "sub" and numbers[1] == 0):
        return args[0]
    if row in ("mul", "div") and numbers[1] == 1:
        return args[0]
    return args[1] if row == "mul" and numbers[0] == 1 else None


def common(program: Program) -> Program:
    """Compute equal expressions once (a + b and b + a are equal)."""
    out = _Rewriter(program)
    seen: dict[tuple[str, tuple[int, ...]], int] = {}
    constant: dict[str, int] = {}
    for v, leaf in enumerate(program.leaves):
        if leaf.kind == "constant":
            out.new[v] = constant.setdefault(repr(leaf.cells[0]), v)  # 0.0 and -0.0 are two constants
    for s in program.statements:
        args = tuple(out.new[a] for a in s.args)
        key = (s.operation, tuple(sorted(args)) if s.operation in _COMMUTATIVE else args)
        if key in seen:
            out.new.append(seen[key])
        else:
            seen[key] = out.keep_as(Statement(s.operation, args))
    return without_unused(out.program())


def without_unused(program: Program) -> Program:
    """Leave out the leaves and statements that no output depends on."""
    n = len(program.leaves)
    used = [False] * (n + len(program.statements))
    for v in program.outputs:
        used[v] = True
    for i in range(len(program.statements) - 1, -1, -1):
        if used[n + i]:
            for a in program.statements[i].args:
                used[a] = True
    if all(used):
        return program
    new, number = [], 0
    for kept in used:
        new.append(number)
        number += kept
    leaves = tuple(leaf for leaf, kept in zip(program.leaves, used[:n], strict=True) if kept)
    statements = tuple(
        _with_args(s, tuple([new[a] for a in s.args]))
        for s, kept in zip(program.statements, used[n:], strict=True)
        if kept
    )
    outputs = tuple(new[v] for v in program.outputs)
    forward = sum(used[n : n + program.forward]) if program.forward >= 0 else -1
    return program._replace(leaves=leaves, statements=statements, outputs=outputs, forward=forward)


class _Rewriter:
    """A new program in the making: `new` maps each variable of the old one, so far, to its new name.

    New constants are made on the way. They are named by negative numbers until the program is complete.
    """

    def __init__(self, program: Program) -> None:
        self.old = program
        self.new: list[int] = list(range(len(program.leaves)))
        self.statements: list[Statement] = []
        self.more: list[Leaf] = []

    def add(self, statement: Statement) -> int:
        self.statements.append(statement)
        return len(self.old.leaves) + len(self.statements) - 1

    def keep_as(self, statement: Statement) -> int:
        self.new.append(self.add(statement))
        return self.new[-1]

    def keep(self, statement: Statement) -> None:
        self.keep_as(_with_args(statement, tuple([self.new[a] for a in statement.args])))

    def constant(self, number: float, value: dict[int, float]) -> int:
        self.more.append(Leaf("constant", (number,)))
        value[-len(self.more)] = number
        return -len(self.more)

    def program(self) -> Program:
        n, more = len(self.old.leaves), len(self.more)

        def final(v: int) -> int:
            return n - 1 - v if v < 0 else v + more if v >= n else v

        statements = tuple([_with_args(s, tuple([final(a) for a in s.args])) for s in self.statements])
        outputs = tuple(final(self.new[v]) for v in self.old.outputs)
        return self.old._replace(leaves=(*self.old.leaves, *self.more), statements=statements, outputs=outputs)


def _with_args(s: Statement, args: tuple[int, ...]) -> Statement:
    """Return the statement on other arguments; several times as fast as NamedTuple's _replace."""
    return Statement(s.operation, args, s.shape, s.detail, s.name)


def _uses(program: Program) -> Counter[int]:
    """Count the uses of each variable; an output has one more."""
    uses = Counter(program.outputs)
    for s in program.statements:
        uses.update(s.args)
    return uses
