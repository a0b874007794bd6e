"""The pass from scalars to arrays: level by level, equal rows over whole argument lists become array statements.

The dot products of `grids` come first, as they say which parameters form a matrix. Then each level's operations are
grouped by their row and by the arrays their arguments stand in. A group becomes an array statement where each
argument list is regular: one array, or evenly spaced cells of one, or one number for all. What is not regular stays a
statement of scalars: it costs no gathering of cells, and over a batch it is an array operation anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.lift.arrays import Builder, spacing
from engine.lift.grids import Cells, Grid, grids, levels
from engine.lift.program import Program, Statement
from engine.lift.simplify import without_unused

FEW = 4
"""From this many cells on, a part of an array is worth a statement of its own."""

_REDUCED = frozenset(("sum", "dot", "hypot", "logsumexp"))
_BY_CONSTANT = frozenset(("pow", "leaky_relu", "elu"))  # their formulas depend on the constant: x**2 is x * x


def arrays(program: Program) -> Program:
    """Turn a program of scalars into one of arrays.

    >>> from engine.lift.program import Leaf
    >>> x = tuple(Leaf("input", (i,)) for i in range(4))
    >>> tanhs = tuple(Statement("tanh", (i,)) for i in range(4))
    >>> print(arrays(Program((*x,), tanhs, (4, 5, 6, 7), inputs=((4,),))))
    v0 = input 0, 1, 2, ...  # (4,)
    v1 = tanh(v0)  # (4,)
    return v1
    """
    return _Grouping(program).program()


class _Grouping:
    """One run of the pass."""

    def __init__(self, program: Program) -> None:
        self.old = program
        self.builder = Builder(program)
        level = levels(program)
        self.grids = grids(program, level)
        in_grid = {v for grid in self.grids for row in grid.results for v in row}
        self.levels: dict[int, list[int]] = {}
        for v in range(len(program.leaves), len(level)):
            if v not in in_grid:
                self.levels.setdefault(level[v], []).append(v)
        self.grids_at: dict[int, list[Grid]] = {}
        for grid in self.grids:
            self.levels.setdefault(grid.level, [])
            self.grids_at.setdefault(grid.level, []).append(grid)

    def program(self) -> Program:
        for grid in self.grids:
            self._claim(grid)
        for level in sorted(self.levels):
            for grid in self.grids_at.get(level, ()):
                self._matmul(grid)
            reduced: dict[Any, list[int]] = {}
            elementwise: dict[Any, list[int]] = {}
            for v in self.levels[level]:
                s = self._statement(v)
                if s.operation not in _REDUCED or (s.operation in ("sum", "dot") and len(s.args) <= FEW):
                    elementwise.setdefault((s.operation, *[self._source(s, a) for a in s.args]), []).append(v)
                else:
                    reduced.setdefault((s.operation, len(s.args), self._arrays_of(s.args)), []).append(v)
            for members in elementwise.values():
                for v in self._elementwise(members):
                    s = self._statement(v)
                    if s.operation in _REDUCED:
                        reduced.setdefault((s.operation, len(s.args), self._arrays_of(s.args)), []).append(v)
                    else:
                        self._scalar(v)
            for members in reduced.values():
                self._reduce(members)
        outputs = self.builder.outputs(self.old.outputs)
        return without_unused(self.builder.program(outputs))

    def _statement(self, v: int) -> Statement:
        return self.old.statements[v - len(self.old.leaves)]

    # --- matrix products --------------------------------------------------------------------------

    def _claim(self, grid: Grid) -> None:
        """Make the matrix of a grid's weights, and the vector of its biases, before anything else uses them."""
        n, k = len(grid.weights), len(grid.weights[0])
        self.builder.claim([w for row in grid.weights for w in row], (n, k))
        self.builder.claim(list(grid.biases), (n,))

    def _matmul(self, grid: Grid) -> None:
        n, k, p = len(grid.weights), len(grid.weights[0]), len(grid.inputs)
        W = self.builder.operand([w for row in grid.weights for w in row], (n, k))
        columns = [column[i] for i in range(k) for column in grid.inputs]
        F = self.builder.operand(columns, (k, p) if p > 1 else (k,))
        same = self.builder.same_or_operand if n > 1 else self.builder.operand
        bias = (same(grid.biases, (n,)),) if grid.biases else ()
        z = self.builder.add(Statement("matmul", (W, F, *bias), (n, p) if p > 1 else (n,)))
        self.builder.put(z, [v for row in grid.results for v in row])

    # --- elementwise rows -------------------------------------------------------------------------

    def _source(self, s: Statement, a: int) -> Any:
        """Say where an argument stands: what a group must have in common."""
        constant = self.builder.constant(a)
        if constant is not None:
            return ("constant", constant if s.operation in _BY_CONSTANT else 0)
        place = self.builder.place.get(a)
        return "parameter" if place is None else place[0]

    def _elementwise(self, members: list[int]) -> list[int]:
        """Make one statement for each regular run of a group; return the rest."""
        rest: list[int] = []
        arity = len(self._statement(members[0]).args)
        positions = {v: tuple([self._position(a) for a in self._statement(v).args]) for v in members}
        members.sort(key=lambda v: positions[v])
        for run in _runs([positions[v] for v in members]):
            group = [members[i] for i in run]
            columns = [[self._statement(v).args[j] for v in group] for j in range(arity)]
            if len(group) > 1 and self._is_regular(columns):
                shape = self._shape(columns)
                args = tuple(self.builder.same_or_operand(column, shape) for column in columns)
                made = self.builder.add(Statement(self._statement(group[0]).operation, args, shape))
                self.builder.put(made, group)
            else:
                rest += group
        return rest

    def _position(self, a: int) -> int:
        place = self.builder.place.get(a)
        return place[1] if place is not None else 0

    def _is_regular(self, columns: Sequence[Sequence[int]]) -> bool:
        """Whether an array is used whole, or enough of it; parameters that are in no array yet may form one."""
        free = [c for c in columns if self.builder.is_free(c)]
        if any(len(set(c)) not in (1, len(c)) for c in free):
            return False
        whole = any(self.builder.is_whole(c) for c in columns)
        return whole or len(columns[0]) >= FEW

    def _shape(self, columns: Sequence[Sequence[int]]) -> tuple[int, ...]:
        for column in columns:
            if self.builder.is_whole(column):
                return self.builder.shape(self.builder.place[column[0]][0])
        return (len(columns[0]),)

    def _scalar(self, v: int) -> None:
        s = self._statement(v)
        cells = sorted(s.args, key=self._cell_key)
        if s.operation == "add" and self.builder.is_whole(cells):  # of an array with two cells
            self._finish(v, self._totals(cells))
            return
        made = self.builder.add(s._replace(args=tuple([self.builder.scalar(a) for a in s.args])))
        self.builder.put(made, [v])

    # --- sums, dot products, hypot, logsumexp -----------------------------------------------------

    def _arrays_of(self, args: Cells) -> Any:
        places = [self.builder.place.get(a) for a in args]
        return frozenset(p[0] if p else -1 for p in places)

    def _reduce(self, members: list[int]) -> None:
        """Reduce the first axis of a (k, p) array, for p equal reductions of k cells; else each by itself."""
        parts = {v: self._parts(v) for v in members}
        members.sort(key=lambda v: self._sort_key(parts[v][0]))
        sides = [[cell for i in range(len(side)) for cell in self._column(parts, members, j, i)]
                 for j, side in enumerate(parts[members[0]][:-1])]  # fmt: skip
        k, p = len(parts[members[0]][0]), len(members)
        no_bias = not parts[members[0]][-1]
        if p > 1 and no_bias and k >= 2 and all(self.builder.is_matrix(side, k, p) for side in sides):
            args = tuple(self.builder.operand(side, (k, p)) for side in sides)
            operation = {"sum": "total", "dot": "inner"}.get(self._statement(members[0]).operation)
            made = self.builder.add(Statement(operation or self._statement(members[0]).operation, args, (p,)))
            self.builder.put(made, members)
            return
        for v in members:
            row = self._statement(v).operation
            if row == "sum":
                self._finish(v, self._totals(parts[v][0]))
            elif row == "dot":
                left, right, bias = parts[v]
                self._finish_dot(v, left, right, bias)
            else:
                cells = parts[v][0]
                made = self.builder.add(Statement(row, (self.builder.operand(cells, (len(cells),)),), ()))
                self.builder.put(made, [v])

    def _column(self, parts: dict[int, tuple[list[int], ...]], members: list[int], j: int, i: int) -> list[int]:
        return [parts[v][j][i] for v in members]

    def _parts(self, v: int) -> tuple[list[int], ...]:
        """Return the cells of a reduction, sorted by where they stand; of a dot product both factors and the bias."""
        s = self._statement(v)
        if s.operation != "dot":
            return sorted(s.args, key=self._cell_key), []
        half = len(s.args) // 2
        pairs = [
            (a, b) if self._cell_key(a) <= self._cell_key(b) else (b, a)
            for a, b in zip(s.args[:half], s.args[half : 2 * half], strict=True)
        ]
        pairs.sort(key=lambda pair: (self._cell_key(pair[0]), self._cell_key(pair[1])))
        return [a for a, _ in pairs], [b for _, b in pairs], list(s.args[2 * half :])

    def _cell_key(self, a: int) -> tuple[int, int, int]:
        place = self.builder.place.get(a)
        return (place[0], place[1], a) if place is not None else (1 << 60, 0, a)

    def _sort_key(self, cells: Sequence[int]) -> tuple[int, int, int]:
        return self._cell_key(cells[0])

    def _totals(self, cells: Sequence[int]) -> list[int]:
        """Return the terms of a sum: the total of each array's cells, and the other scalars."""
        terms = []
        for part in self._by_array([(c,) for c in cells]):
            column = [c for (c,) in part]
            if self._is_worth(part):
                operand = self.builder.operand(column, (len(column),))
                terms.append(self.builder.add(Statement("total", (operand,), ())))
            else:
                terms += [self.builder.scalar(c) for c in column]
        return terms

    def _finish(self, v: int, terms: list[int]) -> None:
        made = self.builder.add(Statement("sum", tuple(terms), ())) if len(terms) > 1 else terms[0]
        self.builder.put(made, [v])

    def _finish_dot(self, v: int, left: Sequence[int], right: Sequence[int], bias: Sequence[int]) -> None:
        terms, few_left, few_right = [], [], []
        for part in self._by_array(list(zip(left, right, strict=True))):
            if self._is_worth(part):
                columns = ([c[j] for c in part] for j in (0, 1))
                args = tuple(self.builder.operand(column, (len(part),)) for column in columns)
                terms.append(self.builder.add(Statement("inner", args, ())))
            else:
                few_left += [self.builder.scalar(a) for a, _ in part]
                few_right += [self.builder.scalar(b) for _, b in part]
        scalars = [self.builder.scalar(b) for b in bias]
        if few_left:
            made = self.builder.add(Statement("dot", (*few_left, *few_right, *(scalars if not terms else ())), ()))
            scalars = scalars if terms else []
            terms.append(made)
        self._finish(v, [*terms, *scalars])

    def _by_array(self, tuples: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
        parts: dict[Any, list[tuple[int, ...]]] = {}
        for cells in tuples:
            places = [self.builder.place.get(c) for c in cells]
            parts.setdefault(tuple(p[0] if p else None for p in places), []).append(cells)
        return list(parts.values())

    def _is_worth(self, part: Sequence[tuple[int, ...]]) -> bool:
        columns = [[cells[j] for cells in part] for j in range(len(part[0]))]
        whole = [self.builder.is_whole(c) for c in columns]
        return all(whole) if len(part) == 1 else len(part) >= FEW or any(whole)


def _runs(positions: list[tuple[int, ...]]) -> list[range]:
    """Split a sorted list of positions into runs with equal steps.

    >>> _runs([(0, 5), (1, 5), (2, 5), (7, 5), (9, 5)])
    [range(0, 3), range(3, 5)]
    """
    runs, start = [], 0
    while start < len(positions):
        end = start + 1
        if end < len(positions):
            step = spacing(positions[start], positions[end])
            while end < len(positions) and spacing(positions[end - 1], positions[end]) == step:
                end += 1
        runs.append(range(start, end))
        start = end
    return runs
