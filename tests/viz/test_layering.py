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
