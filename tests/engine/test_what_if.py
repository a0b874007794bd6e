from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import EXACT, Program, fractions, programs

from engine import Graph, Value, sqrt


@given(programs(fractions(), ("add", "mul", "sub", "neg", "sum", "dot")), st.lists(fractions(), min_size=3, max_size=3))
def test_the_truth_is_what_the_program_gives_and_nothing_changes(program: Program, changes: list[Fraction]) -> None:
    y, inputs = program.record()
    graph = Graph(y)
    before = [(v.data, v.grad) for v in graph.nodes]
    used = {x: d for x, d in zip(inputs, changes, strict=False) if x in graph.index}
    found = graph.what_if(used)
    assert found.truth == program.on_numbers(*[x.data + used.get(x, 0) for x in inputs])
    assert [(v.data, v.grad) for v in graph.nodes] == before
    y.backward()
    assert found.predicted == y.data + sum(x.grad * d for x, d in used.items())


@given(programs(fractions(), EXACT, inputs=1))
def test_no_change_predicts_the_value_itself(program: Program) -> None:
    y, inputs = program.record()
    graph = Graph(y)
    found = graph.what_if({inputs[0]: 0} if inputs[0] in graph.index else {})
    assert found.before == found.predicted == found.truth == y.data


def test_a_prediction_is_off_by_second_order() -> None:
    x = Value(3.0, label="x")
    graph = Graph(x**3)
    errors = [abs(graph.what_if(x=d).truth - graph.what_if(x=d).predicted) for d in (0.1, 0.05, 0.025)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_it_is_shown_as_a_sum() -> None:
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    assert repr(Graph(x * y).what_if(x=0.5, y=-1)).splitlines() == [
        "x: 3 changes by 0.5, times 2 = 1",
        "y: 2 changes by -1, times 3 = -3",
        "first order: 6 + -2 = 4; truth: 3.5; off by -0.5",
    ]


def test_a_mistake_is_named() -> None:
    x, same = Value(3.0, label="x"), Value(4.0, label="x")
    inner = x * same
    graph = Graph(sqrt(inner))
    with pytest.raises(ValueError, match="what_if needs a change, such as"):
        Graph(Value(1.0) * 2).what_if()
    with pytest.raises(ValueError, match="2 leaves are called 'x'"):
        graph.what_if(x=1)
    with pytest.raises(ValueError, match="no leaf is called 'w'; the leaves are: x, x"):
        graph.what_if(w=1)
    with pytest.raises(ValueError, match="is no leaf of this graph"):
        graph.what_if({inner: 1})
    with pytest.raises(ValueError, match=r"sqrt needs a number not below 0, got -28\.0"):
        graph.what_if({x: -10})


def test_backward_after_data_was_set_on_an_inner_node_says_so() -> None:
    x = Value(3.0, label="x")
    inner = x * x
    inner.label = "square"
    graph = Graph(inner + 1)
    inner.data = 7.0
    with pytest.raises(RuntimeError, match=r"inner node 'square' changed from 9\.0 to 7\.0 .* change leaves"):
        graph.backward()
    graph.forward()
    graph.backward()
    assert x.grad == 6.0


def test_replay_outside_the_domain_names_the_leaf_and_its_new_number() -> None:
    x = Value(3.0, label="x")
    graph = Graph(sqrt(x))
    x.data = -1.0
    with pytest.raises(ValueError, match=r"sqrt needs a number not below 0, got -1\.0 \(node 'x'\)"):
        graph.forward()
