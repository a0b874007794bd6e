"""Places for the boxes of a small graph, without Graphviz: columns along the computation, few crossings.

Layered drawing after Sugiyama, Tagawa and Toda (Methods for visual understanding of hierarchical system structures,
1981): a rank for each node, then sweeps that put each node near the middle of its neighbours. Groups that get a frame
are blocks of columns and rows that share no place with any other node; what feeds a group stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 8
GAP = 0.6  # rows between a frame and what is above it, for its title

Neighbours = Mapping[int, Sequence[int]]


def places(
    numbers: Sequence[int], edges: Iterable[tuple[int, int]], groups: Sequence[Sequence[int]] = ()
) -> dict[int, tuple[int, float]]:
    """Return each node's column, from 0, and its row, around 0.

    Parameters
    ----------
    numbers : sequence of int
        The nodes, in topological order.
    edges : iterable of (int, int)
        Source and target; edges that lead back do not count.
    groups : sequence of sequences of int
        Nodes that get a frame around them.

    Examples
    --------
    >>> places([0, 1, 2, 3], [(0, 2), (1, 2), (2, 3), (1, 3)])
    {0: (0, -0.5), 1: (0, 0.5), 2: (1, 0.0), 3: (2, 0.0)}
    >>> places([0, 1, 2, 3], [(0, 1), (0, 2), (2, 3)], groups=[[0, 2]])[3]
    (2, 0.0)
    """
    order = {number: place for place, number in enumerate(numbers)}
    above: dict[int, list[int]] = {number: [] for number in numbers}
    below: dict[int, list[int]] = {number: [] for number in numbers}
    for source, target in edges:
        if order[source] < order[target]:
            above[target].append(source)
            below[source].append(target)
    ranks = _ranks(numbers, above, below, groups)
    rows = _rows(numbers, ranks, above, below)
    if groups:
        rows = _rows_of_blocks(numbers, ranks, rows, groups)
    return {number: (ranks[number], rows[number]) for number in numbers}


def _ranks(
    numbers: Sequence[int], above: Neighbours, below: Neighbours, groups: Sequence[Sequence[int]]
) -> dict[int, int]:
    """Return the column of each node: after its arguments, and after every group that feeds its own."""
    group_of = {number: place for place, group in enumerate(groups) for number in group}
    feeds: dict[int, set[int]] = {place: set() for place in range(len(groups))}
    for target in numbers:
        for source in above[target]:
            if target in group_of and group_of.get(source, group_of[target]) != group_of[target]:
                feeds[group_of[target]].add(group_of[source])
    first = [0] * len(groups)  # the first column that each group may use
    ranks: dict[int, int] = {}
    for turn in range(len(groups) + 1):
        if turn == len(groups):  # groups that feed each other in a circle: none waits for another
            first = [0] * len(groups)
        for number in numbers:
            earliest = first[group_of[number]] if number in group_of else 0
            ranks[number] = max([earliest, *(ranks[source] + 1 for source in above[number])])
        last = [max(ranks[number] for number in group) for group in groups]
        after = [max((last[other] + 1 for other in feeds[place]), default=0) for place in range(len(groups))]
        if after == first:
            break
        first = after
    for number in numbers:
        if not above[number] and below[number]:  # a leaf stands right before its first use
            ranks[number] = min(ranks[target] for target in below[number]) - 1
    return ranks


def _rows(numbers: Sequence[int], ranks: Mapping[int, int], above: Neighbours, below: Neighbours) -> dict[int, float]:
    """Return the row of each node: near the middle of its neighbours."""
    columns: list[list[int]] = [[] for _ in range(1 + max(ranks.values()))]
    for number in numbers:
        columns[ranks[number]].append(number)
    rows = {number: _row(column, place) for column in columns for place, number in enumerate(column)}
    for sweep in range(SWEEPS):
        ahead = sweep % 2 == 0
        for column in columns if ahead else reversed(columns):
            _sort(column, above if ahead else below, rows)
    return rows


def _rows_of_blocks(
    numbers: Sequence[int], ranks: Mapping[int, int], rows: Mapping[int, float], groups: Sequence[Sequence[int]]
) -> dict[int, float]:
    """Stack the groups, and the nodes in none, so that no frame holds what is not its own."""
    grouped = {number for group in groups for number in group}
    blocks = [list(group) for group in groups] + [[number] for number in numbers if number not in grouped]
    blocks.sort(key=lambda block: (sum(rows[number] for number in block) / len(block), block[0]))
    free: dict[int, float] = {}  # the first free row of each column
    found: dict[int, float] = {}
    for block in blocks:
        used = {ranks[number] for number in block}
        span = range(min(used), max(used) + 1)
        columns = [sorted((n for n in block if ranks[n] == rank), key=rows.__getitem__) for rank in span]
        height = max(map(len, columns))
        top = max(free.get(rank, 0.0) for rank in span) + GAP * (len(block) > 1)
        for column in columns:
            for place, number in enumerate(column):
                found[number] = top + (height - 1) / 2 + _row(column, place)
        free |= dict.fromkeys(span, top + height)
    return _centred(found, ranks, blocks)


def _centred(rows: Mapping[int, float], ranks: Mapping[int, int], blocks: Sequence[Sequence[int]]) -> dict[int, float]:
    """Move neighbouring columns that blocks hold together so that their middle is row 0."""
    ends: list[list[int]] = []
    for low, high in sorted((min(ranks[n] for n in block), max(ranks[n] for n in block)) for block in blocks):
        if ends and low <= ends[-1][1]:
            ends[-1][1] = max(ends[-1][1], high)
        else:
            ends.append([low, high])
    found: dict[int, float] = {}
    for low, high in ends:
        inside = [number for number in rows if low <= ranks[number] <= high]
        middle = (min(rows[n] for n in inside) + max(rows[n] for n in inside)) / 2
        found |= {number: rows[number] - middle for number in inside}
    return found


def _sort(column: list[int], neighbours: Neighbours, rows: dict[int, float]) -> None:
    def middle(number: int) -> float:
        near = neighbours[number]
        return sum(rows[other] for other in near) / len(near) if near else rows[number]

    column.sort(key=middle)
    for place, number in enumerate(column):
        rows[number] = _row(column, place)


def _row(column: Sequence[int], place: int) -> float:
    return place - (len(column) - 1) / 2
