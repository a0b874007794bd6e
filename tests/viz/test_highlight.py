import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth

from engine import Value
from engine.record import record
from nn.scalar import MLP
from viz.highlight import SHOWN, paths_from
from viz.view import view


@given(st.lists(st.tuples(st.sampled_from("+*-"), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=7))
def test_the_products_along_all_paths_add_up_to_the_gradient_exactly(steps: list[tuple[str, int, int]]) -> None:
    x = Value(Fraction(2, 3), label="x")
    made = [x, Value(Fraction(-1, 2), label="y")]
    for sign, i, j in steps:
        a, b = made[i % len(made)], made[j % len(made)]
        made.append({"+": a + b, "*": a * b, "-": a - b}[sign])
    output = made[-1] + x
    output.backward()
    lines = paths_from(record(output), x).lines
    assert lines[0].startswith("d output / d x = ")
    count = int(lines[0].split("over ")[1].split()[0].replace(",", ""))
    assert len(lines) - 1 == min(count, SHOWN)
    if count <= SHOWN and all("e" not in line and "." not in line for line in lines[1:]):
        products = [Fraction(line.rpartition("= ")[2].rpartition(": ")[2]) for line in lines[1:]]
        assert sum(products) == x.grad


def test_what_lies_on_a_path_is_lit_and_nothing_else() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    output = x.exp() * (y + 1.0)
    graph = record(output)
    lit = [node for node, on in zip(graph.nodes, paths_from(graph, x).lit, strict=True) if on]
    assert [node._op for node in lit] == ["", "exp", "*"]


def doubled(times: int) -> tuple[Value, Value]:
    """Return x and what x is doubled to by adding it to itself: 2^times paths."""
    y = x = Value(1.0, label="x")
    for _ in range(times):
        y = y + y
        y.data = 1.0  # the numbers do not matter, only that they stay small
    return x, y


def test_the_work_grows_with_the_nodes_and_not_with_the_paths() -> None:
    assert growth(lambda ends: paths_from(record(ends[1]), ends[0]), doubled, 100) < 5


def test_paths_beyond_counting_are_counted_at_least_and_the_first_are_written_out() -> None:
    x, y = doubled(2000)
    lines = paths_from(record(y), x).lines
    assert "at least 1e+12 paths, the first 4:" in lines[0]
    assert len(lines) == 1 + SHOWN
    assert all("…" in line and len(line) < 200 for line in lines[1:])


def test_a_path_through_nothing_is_the_value_itself() -> None:
    x = Value(3.0, label="x")
    assert paths_from(record(x), x).lines == ("d x / d x = 1.0000, the sum over 1 path", "x: 1")


def test_a_shut_way_stays_shut_where_a_slope_is_infinite() -> None:
    x = Value(0.0, label="x")
    assert "d output / d x = 0.0000" in paths_from(record(x.sqrt() * 0.0), x).lines[0]


def test_data_that_was_changed_afterwards_gives_no_traceback() -> None:
    x = Value(0.5, label="x")
    y = x.acos() * 2.0
    x.data = 3.0
    assert "undefined" in paths_from(record(y), x).lines[0]


@pytest.mark.parametrize("value", [Value(1.0), Value(math.nan)])
def test_a_stranger_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match="it is no part of this graph"):
        paths_from(record(Value(1.0).exp()), value)


def test_in_a_folded_picture_a_path_names_neurons_and_multiplies_through_them() -> None:
    model, x = MLP(2, [2, 1], activation="tanh", rng=random.Random(1)), Value(0.5, label="x")
    y = model([x, Value(1.0)])
    y.backward()
    whole, first, second = view(y, level="neuron", highlight=x).highlights
    assert whole.endswith("the sum over 2 paths")
    assert first.startswith("x → layer 1 · neuron 1 → output: ")
    assert second.startswith("x → layer 1 · neuron 2 → output: ")
    products = [float(line.rpartition("= ")[2]) for line in (first, second)]
    assert sum(products) == pytest.approx(x.grad, abs=1e-3)
