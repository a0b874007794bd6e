"""The arrays of a program in the making: which scalar stands where, and how to get an array with given cells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from engine.lift.program import Leaf, Program, Shape, Statement, size

_MANY_PARTS = 8
"""More pieces than this are not joined one by one: the arrays are joined whole, and the cells taken from there."""


class Builder:
    """Leaves and statements of arrays, each made once, and the place of every scalar among them.

    Until the program is complete, leaves have negative numbers and statements those from 0 on.
    """

    def __init__(self, scalars: Program) -> None:
        self.scalars = scalars
        self.leaves: list[Leaf] = []
        self.statements: list[Statement] = []
        self.place: dict[int, tuple[int, int]] = {}
        self._made: dict[Statement | Leaf, int] = {}
        self._operands: dict[tuple[tuple[int, ...], Shape], int] = {}
        used: dict[int, int] = {}
        for v, leaf in enumerate(scalars.leaves):
            if leaf.kind == "input":
                if leaf.number not in used:
                    shape = scalars.inputs[leaf.number]
                    whole = Leaf("input", tuple(range(size(shape))), shape, leaf.number)
                    used[leaf.number] = self.add_leaf(whole)
                self.place[v] = (used[leaf.number], leaf.cells[0])

    def add_leaf(self, leaf: Leaf) -> int:
        """Return the number of a leaf; an equal one is made once."""
        if leaf not in self._made:
            self.leaves.append(leaf)
            self._made[leaf] = -len(self.leaves)
        return self._made[leaf]

    def add(self, statement: Statement) -> int:
        """Return the number of a statement; an equal one is made once."""
        if statement not in self._made:
            self.statements.append(statement)
            self._made[statement] = len(self.statements) - 1
        return self._made[statement]

    def put(self, array: int, cells: Sequence[int]) -> None:
        """Note that these scalars are the cells of an array."""
        for position, v in enumerate(cells):
            self.place[v] = (array, position)

    def shape(self, array: int) -> Shape:
        """Return the shape of an array."""
        return (self.leaves[-1 - array] if array < 0 else self.statements[array]).shape

    def constant(self, v: int) -> float | None:
        """Return the number of a constant, None for anything else."""
        if v < len(self.scalars.leaves) and self.scalars.leaves[v].kind == "constant":
            number: float = self.scalars.leaves[v].cells[0]
            return number
        return None

    def is_free(self, cells: Sequence[int]) -> bool:
        """Whether these are parameters that stand in no array yet."""
        leaves = self.scalars.leaves
        return all(v < len(leaves) and leaves[v].kind == "parameter" and v not in self.place for v in cells)

    def is_whole(self, cells: Sequence[int]) -> bool:
        """Whether these are all cells of one array, in their order."""
        if cells[0] not in self.place:
            return False
        array, _ = self.place[cells[0]]
        if size(self.shape(array)) != len(cells) or not self.shape(array):
            return False
        return all(self.place.get(v) == (array, i) for i, v in enumerate(cells))

    def is_matrix(self, cells: Sequence[int], rows: int, columns: int) -> bool:
        """Whether these cells, row by row, stand at even distances in one array, along the rows and the columns."""
        places = [self.place.get(v) for v in cells]
        first = places[0]
        if first is None or any(p is None or p[0] != first[0] for p in places):
            return False
        at = [p[1] for p in places if p is not None]
        across, down = (at[1] - at[0] if columns > 1 else 0), (at[columns] - at[0] if rows > 1 else 0)
        return all(at[i * columns + j] == at[0] + i * down + j * across for i in range(rows) for j in range(columns))

    def claim(self, cells: Sequence[int], shape: Shape) -> None:
        """Make an array of these cells if they are parameters that stand in none yet, each once."""
        if cells and self.is_free(cells) and len(set(cells)) == len(cells):
            numbers = tuple(self.scalars.leaves[v].cells[0] for v in cells)
            self.put(self.add_leaf(Leaf("parameter", numbers, shape)), cells)

    def scalar(self, v: int) -> int:
        """Return the array of shape () that is this scalar."""
        number = self.constant(v)
        if number is not None:
            return self.add_leaf(Leaf("constant", (number,)))
        self.claim([v], ())
        array, position = self.place[v]
        return self._take(array, [position], ()) if self.shape(array) else array

    def same_or_operand(self, cells: Sequence[int], shape: Shape) -> int:
        """Return one number where all cells are the same, else the array of the cells."""
        constants = {self.constant(v) for v in cells}
        if len(set(cells)) == 1 or (len(constants) == 1 and None not in constants):
            return self.scalar(cells[0])
        return self.operand(cells, shape)

    def operand(self, cells: Sequence[int], shape: Shape) -> int:
        """Return an array with these cells: one that is there, or made of what is there."""
        key = (tuple(cells), shape)
        if key not in self._operands:
            self._operands[key] = self._make(cells, shape)
        return self._operands[key]

    def _make(self, cells: Sequence[int], shape: Shape) -> int:
        numbers = [self.constant(v) for v in cells]
        if None not in numbers:
            return self.add_leaf(Leaf("constant", tuple(numbers), shape))
        self.claim(cells, shape)
        places = self._places(cells, numbers)
        pieces: list[tuple[int, list[int]]] = []
        for array, position in places:
            if pieces and pieces[-1][0] == array and self.shape(array):
                pieces[-1][1].append(position)
            else:
                pieces.append((array, [position]))
        if len(pieces) == 1:
            return self._take(*pieces[0], shape)
        arrays = list(dict.fromkeys(array for array, _ in pieces))
        if len(pieces) > max(_MANY_PARTS, 2 * len(arrays)):
            return self._from_all(arrays, places, shape)
        parts = [
            self._take(array, positions, (len(positions),) if len(positions) > 1 else ()) for array, positions in pieces
        ]
        return self.add(Statement("pack", tuple(parts), shape))

    def _places(self, cells: Sequence[int], numbers: Sequence[float | None]) -> list[tuple[int, int]]:
        """Return where each cell stands; constants side by side stand in an array of their own."""
        found: list[tuple[int, int]] = []
        for is_number, group in itertools.groupby(zip(cells, numbers, strict=True), lambda pair: pair[1] is not None):
            if is_number:
                constants = tuple([number for _, number in group])
                leaf = self.add_leaf(Leaf("constant", constants, (len(constants),)))
                found += [(leaf, i) for i in range(len(constants))]
            else:
                found += [self.place[v] if v in self.place else (self.scalar(v), 0) for v, _ in group]
        return found

    def _from_all(self, arrays: list[int], places: list[tuple[int, int]], shape: Shape) -> int:
        start, total = {}, 0
        for array in arrays:
            start[array] = total
            total += size(self.shape(array))
        joined = self.add(Statement("pack", tuple(arrays), (total,))) if len(arrays) > 1 else arrays[0]
        return self._take(joined, [start[array] + position for array, position in places], shape)

    def _take(self, array: int, positions: list[int], shape: Shape) -> int:
        if shape == self.shape(array) and positions == list(range(size(shape))):
            return array
        return self.add(Statement("take", (array,), shape, tuple(positions)))

    def outputs(self, variables: Sequence[int]) -> tuple[int, ...]:
        """Return the one array that holds the outputs: a scalar if there is one, else their vector."""
        if len(variables) == 1:
            return (self.scalar(variables[0]),)
        return (self.operand(variables, (len(variables),)),)

    def program(self, outputs: tuple[int, ...]) -> Program:
        """Return the program, leaves first."""
        n = len(self.leaves)

        def final(v: int) -> int:
            return n + v if v >= 0 else -1 - v

        statements = tuple(s._replace(args=tuple([final(a) for a in s.args])) for s in self.statements)
        return Program(tuple(self.leaves), statements, tuple(map(final, outputs)), inputs=self.scalars.inputs)


def spacing(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the steps from one list of positions to the next.

    >>> spacing((0, 5), (2, 5))
    (2, 0)
    """
    return tuple([y - x for x, y in zip(a, b, strict=True)])
