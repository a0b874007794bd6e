from hypothesis import given
from hypothesis import strategies as st

from viz.layering import places


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80))
def test_every_edge_goes_forward_and_no_two_nodes_share_a_place(pairs: list[tuple[int, int]]) -> None:
    edges = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    found = places(range(31), edges)
    assert all(found[source][0] < found[target][0] for source, target in edges)
    assert len(set(found.values())) == 31


def test_edges_that_can_do_without_do_not_cross() -> None:
    found = places(range(6), [(0, 4), (1, 3), (2, 5)])
    assert [found[source][1] - found[target][1] for source, target in [(0, 4), (1, 3), (2, 5)]] == [0, 0, 0]


def test_an_edge_that_leads_back_does_not_count() -> None:
    assert places([0, 1], [(0, 1), (1, 0), (1, 1)]) == {0: (0, 0.0), 1: (1, 0.0)}


def test_a_group_shares_no_place_with_other_nodes_and_stands_after_what_feeds_it() -> None:
    # Two groups of three over one input, and a third one over both with a leaf of its own.
    edges = [(0, 2), (1, 2), (2, 3), (0, 5), (4, 5), (5, 6), (3, 8), (6, 8), (7, 8)]
    groups = [[1, 2, 3], [4, 5, 6], [7, 8]]
    found = places(range(9), edges, groups)
    boxes = []
    for group in groups:
        columns, rows = zip(*(found[number] for number in group), strict=True)
        boxes.append((min(columns), max(columns), min(rows), max(rows)))
    for number, (column, row) in found.items():
        for group, (left, right, low, high) in zip(groups, boxes, strict=True):
            assert (left <= column <= right and low <= row <= high) == (number in group)
    assert boxes[2][0] > max(boxes[0][1], boxes[1][1])
    assert len(set(found.values())) == 9


def test_groups_that_feed_each_other_in_a_circle_still_get_places() -> None:
    found = places(range(4), [(0, 1), (1, 2), (2, 3)], [[0, 2], [1, 3]])
    assert len(set(found.values())) == 4
