import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import EXACT, Program, fractions, programs

from engine import Graph, Value, dot, explain, sum_
from engine.graph import Edge, adjoints, postorder


@given(programs(st.floats(-10, 10)))
def test_replaying_a_graph_gives_the_same_bits(program: Program) -> None:
    output, _ = program.record()
    graph = Graph(output)
    before = [float(v.data).hex() for v in graph.nodes]
    graph.forward()
    assert [float(v.data).hex() for v in graph.nodes] == before


@given(programs(fractions(), EXACT), st.lists(fractions(), min_size=3, max_size=3))
def test_replay_after_leaves_changed_is_building_anew(program: Program, elsewhere: list[Fraction]) -> None:
    program = program.without_unused()
    output, inputs = program.record()
    graph = Graph(output)
    moved = elsewhere[: len(inputs)]
    for x, number in zip(inputs, moved, strict=True):
        x.data = number
    try:
        expected = program.on_numbers(*moved)
    except ZeroDivisionError:
        before = [v.data for v in graph.nodes]
        with pytest.raises(ZeroDivisionError):
            graph.forward()
        assert [v.data for v in graph.nodes] == before  # nothing is half done
        return
    assert graph.forward() == expected
    graph.backward()
    replayed = [x.grad for x in inputs]
    anew, fresh = Program(tuple(moved), program.instructions).record()
    anew.backward()
    assert replayed == [x.grad for x in fresh]


@given(programs(fractions(), EXACT))
def test_nodes_are_in_topological_order_and_every_use_is_one_edge(program: Program) -> None:
    output, _ = program.record()
    graph = Graph(output)
    assert graph.nodes[-1] is output
    assert all(edge.source < edge.target for edge in graph.edges)
    uses = [(a, v, i) for v in graph.nodes for i, a in enumerate(v.args)]
    assert [(graph.nodes[e.source], graph.nodes[e.target], e.position) for e in graph.edges] == uses
    assert list(map(id, Graph(output).nodes)) == list(map(id, graph.nodes))
    assert len(graph.partials()) == len(graph.edges)


@given(programs(fractions(), EXACT))
def test_backward_over_the_stored_order_is_backward(program: Program) -> None:
    output, _ = program.record()
    graph = Graph(output)
    graph.backward()
    stored = [v.grad for v in graph.nodes if v.row is not None]
    output.backward()
    assert [v.grad for v in graph.nodes if v.row is not None] == stored


def test_an_argument_used_twice_has_two_edges() -> None:
    x = Value(3.0)
    graph = Graph(x * x)
    assert graph.edges == (Edge(0, 1, 0), Edge(0, 1, 1))
    assert graph.partials() == [3.0, 3.0]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=6), st.booleans())
def test_values_that_are_weights_and_inputs_of_one_dot_product_get_the_same_bits_everywhere(
    pairs: list[tuple[int, int]], with_bias: bool
) -> None:
    leaves = [Value(0.1), Value(1e16 / 3), Value(-7e15)]
    y = dot([leaves[i] for i, _ in pairs], [leaves[j] for _, j in pairs], leaves[0] if with_bias else None)
    y.backward()
    found, ledger = adjoints(y), explain(y, wrt=leaves).gradient()
    for x in leaves:
        assert x.grad == found.get(x, 0) == ledger[x]


def test_nodes_come_depth_first_from_the_left() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    c = dot([a], [b])
    c.label = "c"
    d = sum_([c, a, c])
    d.label = "d"
    assert [v.label for v in postorder(d)] == ["a", "b", "c", "d"]


def test_a_stale_leaf_is_named_with_the_cure() -> None:
    x, y = Value(2.0, label="x"), Value(1.0)
    graph = Graph(x * y)
    y.data = 5.0
    with pytest.raises(RuntimeError, match=r"the leaf with id 1 changed from 1.0 to 5.0 .* call forward\(\) first"):
        graph.backward()
    assert graph.stale_leaves() == (y,)
    graph.forward()
    assert graph.stale_leaves() == ()
    graph.backward()
    assert x.grad == 5.0


def test_a_leaf_that_is_nan_is_stale_only_if_it_was_replaced() -> None:
    x = Value(math.nan)
    graph = Graph(x * 2)
    assert graph.stale_leaves() == ()
    x.data = 1.0
    assert graph.stale_leaves() == (x,)


def test_a_graph_is_read_from_a_value_only() -> None:
    with pytest.raises(TypeError, match=r"a Graph is read from a Value, not float 3.0"):
        Graph(3.0)  # type: ignore[arg-type]  # the mistake is tested


def test_reading_changes_nothing() -> None:
    x = Value(2.0)
    y = x * x
    y.backward()
    graph = Graph(y)
    adjoints(y, recorded=True)
    assert (x.grad, y.grad, len(graph), graph.leaves) == (4.0, 1.0, 2, (x,))


def test_a_recorded_zero_keeps_its_own_derivative() -> None:
    x = Value(0.0)
    (x * x * x).backward(create_graph=True)
    first, x.grad = x.grad, 0
    first.backward(create_graph=True)
    second, x.grad = x.grad, 0
    second.backward()
    assert (first.data, second.data, x.grad) == (0.0, 0.0, 6.0)


def test_huge_exact_numbers_at_a_zero_adjoint_are_no_overflow() -> None:
    huge = Fraction(10) ** 400
    x = Value(Fraction(0))
    (x**2 * huge).backward(create_graph=True)
    slope, x.grad = x.grad, 0
    slope.backward()
    assert x.grad == 2 * huge
