import math
import random
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from work import growth

from nn.matrix import Network
from nn.scalar import MLP
from viz import draw_network
from viz.network_plan import THICK, THIN, visible_units

UNIT = re.compile(r"^\t(u\d+_\d+) \[(.*)\]$", re.MULTILINE)
WEIGHT = re.compile(r"^\t(u\d+_\d+) -> (u\d+_\d+) \[(.*)\]$", re.MULTILINE)


def attribute(text: str, name: str) -> str:
    found = re.search(rf'(?:^| ){name}=(?:"([^"]*)"|(\S+))', text)
    assert found is not None
    return found[1] or found[2]


def test_every_unit_and_every_weight_is_drawn() -> None:
    source = draw_network(Network([6, 2, 6, 4, 1], rng=0)).source
    assert len(UNIT.findall(source)) == 6 + 2 + 6 + 4 + 1
    assert len(WEIGHT.findall(source)) == 12 + 12 + 24 + 4


def test_layers_stand_in_columns_and_units_in_rows() -> None:
    source = draw_network([2, 3, 1]).source
    places = {name: attribute(text, "pos").rstrip("!").split(",") for name, text in UNIT.findall(source)}
    columns = [{x for name, (x, _) in places.items() if name.startswith(f"u{k}_")} for k in range(3)]
    assert [len(column) for column in columns] == [1, 1, 1]
    heights = [float(places[f"u1_{i}"][1]) for i in range(3)]
    assert heights == sorted(heights, reverse=True)


def test_width_is_the_size_of_a_weight_and_a_negative_one_is_dashed() -> None:
    network = Network([2, 1], rng=0)
    network.weights[0][...] = [[-2.0, 1.0]]
    (negative, positive) = [text for _, _, text in WEIGHT.findall(draw_network(network).source)]
    assert float(attribute(negative, "penwidth")) == THICK
    assert float(attribute(positive, "penwidth")) == pytest.approx((THIN + THICK) / 2)
    assert attribute(negative, "style") == "dashed"
    assert "style" not in positive
    assert attribute(positive, "color") == "#0072B2"
    assert attribute(positive, "tooltip") == "layer 1, unit 1 from unit 2: weight 1.0 = weights[0][0, 1]"


def test_a_scalar_network_is_drawn_like_the_matrix_one_with_its_weights() -> None:
    mlp = MLP(2, [3, 1], activation="tanh", rng=random.Random(0))
    network = Network([2, 3, 1], activation="tanh", rng=0)
    for k, layer in enumerate(mlp.layers):
        network.weights[k][...] = [[w.data for w in neuron.w] for neuron in layer.neurons]
        network.biases[k][...] = [neuron.b.data for neuron in layer.neurons]
    assert draw_network(mlp).source == draw_network(network).source


def test_a_layer_of_many_units_gets_an_ellipsis_and_its_count() -> None:
    drawing = draw_network(Network([784, 32, 10], "sigmoid", "softmax", "cross_entropy", rng=0))
    assert len(UNIT.findall(drawing.source)) == 3 * 7
    assert drawing.source.count("⋮") == 3
    assert 'tooltip="777 more units"' in drawing.source
    assert "input: 784 units, 7 drawn" in drawing.description
    assert "layer 2: 10 units, softmax, 320 weights, 7 drawn" in drawing.description
    assert visible_units(784, 8)[-1] == 783


def test_a_weight_that_is_not_finite_is_flagged_and_widens_nothing() -> None:
    network = Network([3, 1], rng=0)
    network.weights[0][...] = [[math.nan, math.inf, 0.5]]
    nan, inf, half = [text for _, _, text in WEIGHT.findall(draw_network(network).source)]
    assert attribute(nan, "style") == attribute(inf, "style") == "dotted"
    assert float(attribute(half, "penwidth")) == THICK


def test_weights_of_zero_are_thin_lines() -> None:
    network = Network([2, 2], rng=0)
    network.weights[0][...] = 0.0
    assert {attribute(text, "penwidth") for _, _, text in WEIGHT.findall(draw_network(network).source)} == {
        f"{THIN:.2f}"
    }


def test_the_picture_keeps_the_given_places() -> None:
    pytest.importorskip("pygraphviz")
    root = ElementTree.fromstring(draw_network([2, 3, 1], theme="auto").picture().decode())
    svg = "{http://www.w3.org/2000/svg}"
    units = [g for g in root.iter(f"{svg}g") if (g.get("class") or "").startswith("node unit")]
    centres = [(float(e.get("cx")), float(e.get("cy"))) for e in (unit.find(f"{svg}ellipse") for unit in units)]
    assert len({x for x, _ in centres}) == 3
    assert np.ptp([x for x, _ in centres]) == pytest.approx(2 * 1.9 * 72, abs=0.1)


def test_the_work_of_a_drawing_is_that_of_the_units_drawn_however_wide_the_layers() -> None:
    def made(scale: int) -> Network:
        return Network([16 * scale, 10 * scale, 12 * scale, 10], "relu", "softmax", "cross_entropy", rng=0)

    drawing = draw_network(made(50))
    assert len(UNIT.findall(drawing.source)) == 4 * 7
    assert len(WEIGHT.findall(drawing.source)) == 3 * 7 * 7
    assert growth(draw_network, made, 10) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("sizes", [[3], [], [2, 0, 1]])
def test_sizes_that_make_no_network_are_refused_and_shown(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"got sizes {sizes}")):
        draw_network(sizes)


def test_too_many_layers_or_too_few_units_are_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match="max_layers=30 draws it all the same"):
        draw_network([1] * 30)
    with pytest.raises(ValueError, match="max_units must be at least 3"):
        draw_network([5, 5], max_units=2)
    with pytest.raises(TypeError, match="cannot draw str as a network"):
        draw_network("2-3-1")
