"""Places for the boxes of a small graph, without Graphviz: columns along the computation, few crossings.

Layered drawing after Sugiyama, Tagawa and Toda (Methods for visual understanding of hierarchical system structures,
1981): a rank for each node, then sweeps that put each node near the middle of its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 8


def places(numbers: Sequence[int], edges: Iterable[tuple[int, int]]) -> dict[int, tuple[int, float]]:
    """Return each node's column, from 0, and its row, around 0.

    Parameters
    ----------
    numbers : sequence of int
        The nodes, in topological order.
    edges : iterable of (int, int)
        Source and target; edges that lead back do not count.

    Examples
    --------
    >>> places([0, 1, 2, 3], [(0, 2), (1, 2), (2, 3), (1, 3)])
    {0: (0, -0.5), 1: (0, 0.5), 2: (1, 0.0), 3: (2, 0.0)}
    """
    order = {number: place for place, number in enumerate(numbers)}
    above: dict[int, list[int]] = {number: [] for number in numbers}
    below: dict[int, list[int]] = {number: [] for number in numbers}
    for source, target in edges:
        if order[source] < order[target]:
            above[target].append(source)
            below[source].append(target)
    rank: dict[int, int] = {}
    for number in numbers:
        rank[number] = 1 + max((rank[source] for source in above[number]), default=-1)
    for number in numbers:
        if not above[number] and below[number]:  # a leaf stands right before its first use
            rank[number] = min(rank[target] for target in below[number]) - 1
    columns: list[list[int]] = [[] for _ in range(1 + max(rank.values()))]
    for number in numbers:
        columns[rank[number]].append(number)
    rows = {number: _row(column, place) for column in columns for place, number in enumerate(column)}
    for sweep in range(SWEEPS):
        ahead = sweep % 2 == 0
        for column in columns if ahead else reversed(columns):
            _sort(column, above if ahead else below, rows)
    return {number: (rank[number], rows[number]) for number in numbers}


def _sort(column: list[int], neighbours: Mapping[int, list[int]], rows: dict[int, float]) -> None:
    def middle(number: int) -> float:
        near = neighbours[number]
        return sum(rows[other] for other in near) / len(near) if near else rows[number]

    column.sort(key=middle)
    for place, number in enumerate(column):
        rows[number] = _row(column, place)


def _row(column: Sequence[int], place: int) -> float:
    return place - (len(column) - 1) / 2
