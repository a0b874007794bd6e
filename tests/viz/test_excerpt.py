import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value, dot, sum_
from engine.graph import Graph
from viz.excerpt import excerpt, visible_positions


def test_a_small_graph_is_shown_whole_with_the_ids_of_its_graph(neuron: Value) -> None:
    part, graph = excerpt(neuron), Graph(neuron)
    assert part.nodes == graph.nodes
    assert part.shown == tuple(range(len(graph)))
    assert part.edges == graph.edges
    assert part.complete


def test_the_square_of_a_node_has_two_edges(square: Value) -> None:
    part = excerpt(square)
    assert [(edge.source, edge.position) for edge in part.edges if edge.target == 1] == [(0, 0), (0, 1)]


def test_a_constant_is_no_node_but_is_not_lost() -> None:
    part = excerpt(Value(3.0) * 2)
    assert len(part.shown) == 2
    assert part.constants == ((len(part.nodes) - 1, 1),)
    assert part.count() == "2 nodes"


def test_a_large_graph_is_cut_to_the_nodes_nearest_the_output_and_counted(chain: Value) -> None:
    part = excerpt(chain, max_nodes=5)
    assert len(part.shown) == 5
    assert part.shown[-1] == len(part.nodes) - 1
    assert part.count() == "5 of 100,001 nodes shown, nearest the output; max_nodes=100001 shows all"


def test_the_call_that_the_count_names_shows_all() -> None:
    wide = sum_([Value(float(i)) for i in range(40)])
    part = excerpt(wide)
    assert "max_nodes=41, max_arguments=40 show all" in part.count()
    assert excerpt(wide, max_nodes=41, max_arguments=40).complete


def test_a_dot_product_keeps_weights_and_inputs_in_pairs_and_its_bias() -> None:
    node = dot([Value(1.0) for _ in range(784)], [Value(2.0) for _ in range(784)], Value(0.5))
    positions = visible_positions(node, 12)
    weights = [position for position in positions if position < 784]
    assert positions == [*weights, *(784 + position for position in weights), 1568]
    assert len(positions) <= 12


@given(st.integers(1, 60), st.integers(2, 30), st.booleans())
def test_a_folded_node_shows_at_most_what_was_asked_for_and_always_its_last_argument(
    count: int, limit: int, product: bool
) -> None:
    leaves = [Value(float(i)) for i in range(count)]
    node = dot(leaves, leaves) if product else sum_(leaves)
    positions = visible_positions(node, limit)
    assert len(positions) <= max(limit, 2)
    assert positions == sorted(set(positions))
    assert len(node.args) <= limit or len(positions) < 3 or positions[-1] == len(node.args) - 1


@pytest.mark.parametrize("limits", [{"max_nodes": 0}, {"max_arguments": 1}])
def test_a_limit_that_shows_nothing_is_refused_by_name(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        excerpt(Value(1.0), **limits)


def test_what_is_no_value_is_refused_and_named() -> None:
    with pytest.raises(TypeError, match=r"float 3\.5"):
        excerpt(3.5)
