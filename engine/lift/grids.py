"""Matrix products among scalars: dot products that share their weights or their inputs.

The neurons of a layer share their inputs; one neuron over many points, or along a sequence, shares its weights. Where
each of n lists of weights meets each of p lists of inputs, the n * p dot products are one product of an (n, k) by a
(k, p) matrix.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.lift.program import Program

Cells = tuple[int, ...]


class Grid(NamedTuple):
    """n * p dot products at one level: results[i][j] = biases[i] + sum over l of weights[i][l] * inputs[j][l]."""

    level: int
    weights: tuple[Cells, ...]
    inputs: tuple[Cells, ...]
    biases: Cells
    results: tuple[Cells, ...]


def levels(program: Program) -> list[int]:
    """Return, for each variable, the longest way to it from a leaf."""
    found = [0] * len(program.leaves)
    for s in program.statements:
        found.append(1 + max([found[a] for a in s.args]))
    return found


def grids(program: Program, level: list[int]) -> list[Grid]:
    """Return the matrix products of a program of scalars, in the order of their levels.

    >>> from engine.lift.program import Leaf, Statement
    >>> leaves = (*(Leaf("parameter", (i,)) for i in range(4)), Leaf("input", (0,)), Leaf("input", (1,)))
    >>> neurons = Statement("dot", (0, 1, 4, 5)), Statement("dot", (2, 3, 4, 5))
    >>> program = Program(leaves, neurons, (6, 7))
    >>> grids(program, levels(program))
    [Grid(level=1, weights=((0, 1), (2, 3)), inputs=((4, 5),), biases=(), results=((6,), (7,)))]
    """
    ranks = _ranks(program)
    by_weights: dict[tuple[int, Cells, Cells], dict[Cells, int]] = {}
    for v, s in enumerate(program.statements, len(program.leaves)):
        if s.operation == "dot" and (linear := _linear(s.args, ranks)):
            weights, inputs, bias = linear
            by_weights.setdefault((level[v], weights, bias), {})[inputs] = v
    by_inputs: dict[tuple[int, tuple[Cells, ...], bool], list[tuple[Cells, Cells]]] = {}
    for (height, weights, bias), found in by_weights.items():
        by_inputs.setdefault((height, tuple(found), bool(bias)), []).append((weights, bias))
    made = []
    for (height, columns, has_bias), neurons in by_inputs.items():
        rows = tuple(weights for weights, _ in neurons)
        results = tuple(tuple(by_weights[height, w, b][x] for x in columns) for w, b in neurons)
        biases = tuple(b[0] for _, b in neurons) if has_bias else ()
        if _is_worthwhile(rows, columns, ranks):
            made.append(Grid(height, rows, columns, biases, results))
    return sorted(made, key=lambda grid: grid.level)


def _ranks(program: Program) -> list[int]:
    """Say for each variable how likely it is a weight: 0 parameter, 1 constant, 2 made of these, 3 from the inputs."""
    kinds = {"parameter": 0, "constant": 1, "input": 3}
    found = [kinds[leaf.kind] for leaf in program.leaves]
    for s in program.statements:
        found.append(max(2, *[found[a] for a in s.args]))
    return found


def _linear(args: Cells, ranks: list[int]) -> tuple[Cells, Cells, Cells] | None:
    """Return the weights, inputs and bias of a dot product of weights with inputs; None if it is none."""
    half = len(args) // 2
    pairs = []
    for a, b in zip(args[:half], args[half : 2 * half], strict=True):
        if ranks[a] == ranks[b]:
            return None
        pairs.append((b, a) if ranks[a] < ranks[b] else (a, b))
    bias = args[2 * half :]
    if max([ranks[w] for _, w in pairs]) > 2 or (bias and ranks[bias[0]] > 1):
        return None
    if max([ranks[w] for _, w in pairs]) == 0:  # in one order wherever these parameters are used
        pairs.sort(key=lambda pair: pair[1])
    return tuple([w for _, w in pairs]), tuple([x for x, _ in pairs]), bias


def _is_worthwhile(weights: tuple[Cells, ...], inputs: tuple[Cells, ...], ranks: list[int]) -> bool:
    """Whether there are weights to share, or this is a neuron: one dot product with parameters for weights."""
    products, k = len(weights) * len(inputs), len(weights[0])
    of_parameters = all(ranks[w] == 0 for w in weights[0])
    if k == 1:
        return of_parameters and len(weights) > 1
    return products > 1 or of_parameters
