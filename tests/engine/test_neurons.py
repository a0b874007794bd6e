import random

import pytest
from networks import lecture_neuron, moons

from engine import Value, dot
from engine.neurons import find_layers, find_neurons
from engine.record import record
from nn.scalar import MLP


def layers_of(value: Value) -> list[tuple[int, set[str]]]:
    graph = record(value)
    return [(len(layer.neurons), set(layer.activations)) for layer in find_layers(graph, find_neurons(graph))]


def test_a_network_of_dot_products_and_one_of_products_and_sums_have_the_same_layers() -> None:
    assert layers_of(moons()) == [(16, {"relu"}), (16, {"relu"}), (1, {""})]
    model = MLP(2, [16, 16, 1], rng=random.Random(0))
    total = model([0.5, 1.0]) + model([Value(2.0), Value(3.0)])
    assert layers_of(total) == [(16, {"relu"}), (16, {"relu"}), (1, {""})]


def test_a_neuron_at_work_on_ten_samples_is_found_ten_times() -> None:
    found = find_neurons(record(moons()))
    assert len(found) == 10 * 33
    assert len({neuron.parameters for neuron in found}) == 33


def test_micrograds_neuron_is_one_with_its_names_telling_weights_from_inputs() -> None:
    graph = record(lecture_neuron())
    (found,) = find_neurons(graph)
    assert [graph.nodes[n].label for n in found.weights] == ["w1", "w2"]
    assert [graph.nodes[n].label for n in found.inputs] == ["x1", "x2"]
    assert graph.nodes[found.bias].label == "b"
    assert found.activation == "tanh"


@pytest.mark.parametrize("name", ["square", "product", "sum", "constants"])
def test_other_sums_are_no_neurons(name: str) -> None:
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    value = {
        "square": lambda: a * a + b * b,
        "product": lambda: a * b + c,
        "sum": lambda: (a + b + c).tanh(),
        "constants": lambda: (2.0 * a.exp() + 3.0 * b.exp()).tanh(),
    }[name]()
    assert find_neurons(record(value)) == []


def test_weights_may_stand_second_in_a_dot_product() -> None:
    x, w = [Value(1.0).exp(), Value(2.0).exp()], [Value(3.0), Value(4.0)]
    graph = record(dot(x, w, Value(0.5)))
    (found,) = find_neurons(graph)
    assert [graph.nodes[n].data for n in found.weights] == [3.0, 4.0]


def test_a_recurrent_network_is_one_layer() -> None:
    h, w, u, b = Value(0.0), Value(0.5), Value(0.4), Value(0.1)
    for step in range(30):
        h = (w * h + u * float(step) + b).tanh()
    assert layers_of(h) == [(1, {"tanh"})]
