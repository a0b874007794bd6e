from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from programs import EXACT, Program, fractions, programs

from engine import Graph, Value, paths, relu, sqrt
from engine.path import ways_to


@given(programs(fractions(), EXACT, largest=7))
def test_the_products_over_all_paths_sum_to_the_gradient_exactly(program: Program) -> None:
    y, inputs = program.record()
    y.backward()
    for x in inputs:
        found = paths(y, x)
        if found.count < 3000:
            assert found.sum() == x.grad


@given(programs(fractions(), EXACT, largest=7))
def test_the_paths_are_counted_without_walking_them(program: Program) -> None:
    y, inputs = program.record()
    for x in inputs:
        found = paths(y, x)
        if found.count < 3000:
            assert found.count == sum(1 for _ in found)


@given(programs(fractions(), EXACT, largest=7))
def test_each_path_is_a_chain_of_uses_and_its_product_that_of_its_partials(program: Program) -> None:
    y, inputs = program.record()
    for path in itertools.islice(paths(y, inputs[0]), 100):
        assert path.nodes[0] is y
        assert path.nodes[-1] is inputs[0]
        assert all(any(a is below for a in v.args) for v, below in itertools.pairwise(path.nodes))
        assert path.product == math.prod(path.partials)


def test_no_two_paths_are_the_same_chain_of_uses() -> None:
    x = Value(Fraction(3))
    square = x * x
    assert [path.partials for path in paths(square * square, x)] == [(9, 3)] * 4


def test_paths_are_made_one_at_a_time() -> None:
    v = x = Value(1.0)
    for _ in range(200):
        v = v * v
    found = paths(v, x)
    assert found.count == 2**200
    assert [path.product for path in itertools.islice(found, 3)] == [1.0] * 3


def test_a_path_a_hundred_thousand_steps_long_is_walked_without_recursion() -> None:
    v = x = Value(1.0)
    for _ in range(100_000):
        v = v * 1.0
    (path,) = paths(v, x)
    assert len(path.nodes) == 100_001
    assert path.product == 1.0


def test_the_path_from_a_node_to_itself_is_empty_and_its_product_is_one() -> None:
    x = Value(3.0, label="x")
    (path,) = paths(x, x)
    assert (path.nodes, path.partials, path.product, str(path)) == ((x,), (), 1.0, "x: 1 = 1")


def test_there_is_no_path_to_what_the_output_does_not_depend_on() -> None:
    found = paths(Value(3.0) * 2, Value(3.0))
    assert (found.count, list(found), found.sum()) == (0, [], 0.0)


def test_a_zero_on_the_way_passes_nothing_on_as_in_back_propagation() -> None:
    x = Value(-1.0)
    assert paths(sqrt(relu(x)), x).sum() == 0.0


def test_paths_to_an_inner_node_are_its_adjoint() -> None:
    x = Value(3.0)
    inner = x * x
    y = inner * inner + inner
    y.backward()
    assert paths(y, inner).sum() == inner.grad


def test_paths_lead_to_values_only() -> None:
    with pytest.raises(TypeError, match="give the Value itself"):
        paths(Value(3.0), 3.0)  # type: ignore[arg-type]  # the mistake that is tested


def test_the_listing_shows_the_first_paths_and_counts_the_rest() -> None:
    v = x = Value(1.0, label="x")
    for _ in range(4):
        v = v * v
    lines = repr(paths(v, x)).splitlines()
    assert lines[0] == "16 paths"
    assert lines[1] == "  #4 <- #3 <- #2 <- #1 <- x: 1 * 1 * 1 * 1 = 1"
    assert lines[-1] == "... and 10 more"


def test_ways_are_counted_from_every_node() -> None:
    x = Value(1.0)
    y = (x + x) * x
    assert ways_to(Graph(y), 0) == [1, 2, 3]


def test_a_path_shows_itself_as_the_chain_rule() -> None:
    x = Value(3.0, label="x")
    assert repr(list(paths(x.exp() * 0, x))) == "[#2 <- #0 <- x: 0 * 20.0855 = 0]".replace("#0", "#1").replace(
        "#2", "#3"
    )
    with pytest.raises(TypeError, match="give the Value itself, not its name"):
        paths(x, "x")  # type: ignore[arg-type]  # the mistake is tested
