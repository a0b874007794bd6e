import copy
import pickle
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from programs import EXACT, Program, fractions, programs

from engine import Graph, Value, exp
from nn.scalar import MLP


def deep_copied(thing: Any) -> Any:
    return copy.deepcopy(thing)


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


@pytest.fixture(params=[deep_copied, pickled], ids=["deepcopy", "pickle"])
def copied(request: pytest.FixtureRequest) -> Any:
    return request.param


@given(programs(fractions(), EXACT))
def test_copies_have_the_same_graph_and_the_same_gradient(program: Program) -> None:
    output, inputs = program.record()
    output.label = "out"
    for way in (deep_copied, pickled):
        theirs, their_inputs = way((output, inputs))
        mine, other = Graph(output), Graph(theirs)
        assert other.edges == mine.edges
        assert [(v.data, v.row, v.label) for v in other.nodes] == [(v.data, v.row, v.label) for v in mine.nodes]
        assert not set(map(id, mine.nodes)) & set(map(id, other.nodes))
        theirs.backward()
        assert all(x.grad == 0 for x in inputs)
        exact = [x.grad for x in their_inputs]
        output.backward()
        assert exact == [x.grad for x in inputs]
        for x in inputs:
            x.grad = 0


def test_a_model_and_its_loss_still_share_weights(copied: Any) -> None:
    model = MLP(2, [3, 1], activation="tanh", rng=random.Random(0))
    loss = model([1.0, -2.0]) ** 2
    other, its_loss = copied((model, loss))
    its_loss.backward()
    assert any(p.grad != 0 for p in other.parameters())
    assert all(p.grad == 0 for p in model.parameters())


def test_gradients_are_copied_even_where_they_are_recorded(copied: Any) -> None:
    x = Value(Fraction(3))
    y = x**3
    y.backward(create_graph=True)
    other_y, other_x = copied((y, x))
    assert (other_y.grad, other_x.grad.data) == (1, 27)
    slope, other_x.grad = other_x.grad, 0
    slope.backward()
    assert other_x.grad == 18
    assert x.grad.data == 27


def test_a_gradient_that_is_made_of_the_node_itself_is_no_endless_loop(copied: Any) -> None:
    x = Value(1.0)
    y = exp(x)
    (y * y).backward(create_graph=True)
    other_y, other_x = copied((y, x))
    assert other_x.grad.data == x.grad.data
    assert other_y.grad.data == y.grad.data


def test_a_shallow_copy_is_a_second_node_over_the_same_arguments() -> None:
    x = Value(2.0, label="x")
    y = x * 3
    twin = copy.copy(y)
    assert twin is not y
    assert twin.args[0] is x
    twin.backward()
    assert x.grad == 3.0
    assert copy.copy(x).label == "x"


def test_deep_graphs_are_copied_without_recursion(copied: Any) -> None:
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = y + x
    other = copied(y)
    assert other.data == 50_001.0
    assert len(Graph(other)) == 50_001
