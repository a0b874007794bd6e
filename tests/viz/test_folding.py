import math
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value, sum_
from engine.record import record
from engine.value import Constant
from nn.scalar import MLP
from viz.diagram import Diagram, Node
from viz.folding import fold
from viz.numerals import TIMES
from viz.view import view


def boxes(made: Diagram) -> dict[str, Node]:
    return {node.title: node for node in made.nodes}


@given(
    st.lists(st.tuples(st.sampled_from("+*-t"), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=120),
    st.sampled_from(["shape", "neuron", "layer"]),
    st.integers(5, 60),
)
def test_every_node_is_in_exactly_one_unit_and_shapes_keep_to_the_limit(
    steps: list[tuple[str, int, int]], level: str, limit: int
) -> None:
    made = [Value(0.5, label="x"), Value(-0.25)]
    for sign, i, j in steps:
        a, b = made[i % len(made)], made[j % len(made)]
        made.append({"+": a + b, "*": a * b, "-": a - b, "t": a.tanh()}[sign])
    graph = record(sum_(made))
    folded = fold(graph, level, limit)
    own = [n for n, node in enumerate(graph.nodes) if not isinstance(node, Constant)]
    assert sum(unit.size for unit in folded.units) == len(own)
    assert all(folded.unit[n] >= 0 for n in own)
    assert [unit.number for unit in folded.units] == sorted({unit.number for unit in folded.units})
    assert folded.units[-1].number == len(graph.nodes) - 1
    if level == "shape":
        assert len(folded.units) <= max(limit, 9)  # as many as there are operations and names


def test_equal_shapes_are_one_box_that_counts_them() -> None:
    total = sum_([Value(float(i)) ** 2 for i in range(16)])
    made = view(total, level="shape")
    assert [node.title for node in made.nodes[:2]] == [f"leaf {TIMES} 16", f"**2 {TIMES} 16"]
    assert made.nodes[0].data == "0.0000 … 15.000"
    assert [use.label for use in made.uses] == ["16 edges", "16 edges"]


def test_a_network_folds_into_layers_that_count_neurons_samples_and_parameters(moons_loss: Value) -> None:
    made = view(moons_loss, level="layer")
    first = boxes(made)["layer 1"]
    assert first.operation == "ReLU(W x + b)"
    assert first.notes[0] == f"16 neurons {TIMES} 10 samples"
    assert first.notes[1].startswith("48 parameters, grad norm ")
    assert boxes(made)[f"* {TIMES} 337"].grad.startswith("norm ")


def test_the_dead_are_counted(moons_loss: Value) -> None:
    graph = record(moons_loss)
    dead = sum(node._op == "ReLU" and node.data == 0 for node in graph.nodes)
    counted = [note for node in view(moons_loss).nodes for note in node.notes if note.endswith("are dead")]
    assert sum(int(note.split()[0]) for note in counted) == dead


def test_an_edge_into_a_neuron_carries_the_derivative_through_it() -> None:
    model, x = MLP(2, [3, 1], activation="tanh", rng=random.Random(5)), [Value(0.5, label="a"), Value(-1.0, label="b")]
    y = model(x)
    y.backward()
    made = view(y, level="neuron")
    title = {node.number: node.title for node in made.nodes}
    neuron = model.layers[0].neurons[1]
    slope = 1 - math.tanh(0.5 * neuron.w[0].data - neuron.w[1].data) ** 2
    (use,) = [u for u in made.uses if title[u.source] == "a" and title[u.target] == "layer 1 · neuron 2"]
    local = float(use.tooltip.split("local ")[1].split(",")[0])
    assert local == pytest.approx(slope * neuron.w[0].data)


def test_contributions_into_neurons_add_up_to_the_gradient() -> None:
    model, x = (
        MLP(2, [4, 3, 1], activation="tanh", rng=random.Random(7)),
        [Value(0.5, label="a"), Value(1.0, label="b")],
    )
    y = model(x)
    y.backward()
    made = view(y, level="neuron")
    title = {node.number: node.title for node in made.nodes}
    for leaf in x:
        sent = [float(u.tooltip.split("contribution ")[1]) for u in made.uses if title[u.source] == leaf.label]
        assert len(sent) == 4
        assert sum(sent) == pytest.approx(leaf.grad)


def test_the_caller_can_fold_by_a_function_of_a_value(square: Value) -> None:
    made = view(square, level=lambda v: "inner" if v.row is not None else None)
    assert [(node.title, node.notes) for node in made.nodes] == [("x", ()), ("inner", ("2 nodes",))]
    assert [use.label for use in made.uses] == ["3 edges"]


def test_too_many_groups_are_refused_with_the_call_that_draws_them() -> None:
    total = sum_([Value(float(i)) for i in range(200)])
    with pytest.raises(ValueError, match="max_nodes=201 draws them all"):
        view(total, level=lambda v: id(v))


def test_a_small_graph_without_neurons_is_shown_by_operation_at_every_level(square: Value) -> None:
    assert view(square, level="neuron").complete
    assert view(square, level="layer").complete


def test_more_neurons_than_can_be_shown_fold_into_layers() -> None:
    model = MLP(2, [100, 100, 1], rng=random.Random(0))
    assert ", by layer" in view(model([1.0, 2.0]), level="neuron").note


def test_plain_numbers_that_a_network_reads_are_one_box() -> None:
    made = view(MLP(2, [3, 1], rng=random.Random(0))([1.0, 2.0]), level="layer")
    assert (made.nodes[0].title, made.nodes[0].notes, made.nodes[0].data) == (
        "input",
        ("plain numbers",),
        "1.0000 … 2.0000",
    )


def test_a_long_loop_folds_into_its_body() -> None:
    x = Value(1.5, label="x")
    for _ in range(500):
        x = x - (x * x - 2) / (2 * x)
    made = view(x)
    assert len(made.nodes) < 20
    assert any(use.source >= use.target for use in made.uses)


def test_a_network_whose_neurons_have_more_inputs_than_can_be_drawn_folds_by_itself() -> None:
    y = MLP(10, [3, 1], rng=random.Random(0))([Value(float(i)) for i in range(10)])
    assert ", by neuron" in view(y).note
    assert view(y, max_arguments=21).complete
    assert not view(sum_([Value(float(i)) for i in range(40)])).complete


@pytest.mark.parametrize("level", ["auto", "neuron", "shape"])
def test_a_folded_picture_does_not_depend_on_the_hash_seed(level: str) -> None:
    program = f"""
import random
from engine import Value
from nn.scalar import MLP
from viz import draw
model = MLP(2, [8, 8, 1], rng=random.Random(0))
loss = sum((model([Value(float(i)), Value(1.0)]) - 1.0) ** 2 for i in range(10))
print(draw(loss, level={level!r}).source)
"""
    sources = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    ]
    assert sources[0] == sources[1]


def test_more_layers_than_can_be_shown_fold_by_shape() -> None:
    made = view(MLP(1, [1] * 200, activation="tanh", rng=random.Random(0))([Value(1.0)]), level="layer")
    assert ", by shape" in made.note
    assert len(made.nodes) < 10
