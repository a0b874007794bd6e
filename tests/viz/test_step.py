import itertools
import random
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from nn.bridge import from_scalar, scalar_twin
from nn.matrix import Network
from nn.scalar import MLP
from viz import draw_step
from viz.heat import Block, heat, table, text_on
from viz.numerals import short
from viz.theme import DARK, LIGHT, PAPER

X, Y = [[1.0, -0.5, 0.3]], [[0.5, 0.0]]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def net():
    return Network([3, 4, 3, 2], rng=0)


def numbers(drawing, block):
    """Return the numbers in the cells of one matrix, from the first row on."""
    label = re.search(rf"^\t*m{block} \[label=<(.*?)> (?:class|id)=", drawing.source, re.MULTILINE | re.DOTALL)[1]
    cells = re.findall(r'<FONT COLOR="#(?:010101|fcfcfc)">(?:<B>)?([^<]*)<', label)
    return [float(cell.replace("\N{NO-BREAK SPACE}", "")) for cell in cells]


def test_the_four_blocks_hold_the_numbers_of_the_matrix_step(net):
    drawing = draw_step(net, 2, X, Y)
    gradients, (z, _) = net.gradients(X, Y), net.layers(X)
    slopes = 1 / np.cosh(z[0][0]) ** 2
    expected = [gradients.deltas[0][0], slopes, net.weights[1].T.ravel(), gradients.deltas[1][0]]
    for block, numbers_expected in enumerate(expected):
        assert numbers(drawing, block) == pytest.approx(numbers_expected, abs=6e-4)


def test_the_drawn_equation_holds(net):
    drawing = draw_step(net, 3, X, Y)
    below, slopes, weights, above = (np.array(numbers(drawing, block)) for block in range(4))
    assert slopes * (weights.reshape(3, 2) @ above) == pytest.approx(below, abs=3e-3)


def test_the_row_and_the_grad_of_the_scalar_node_are_the_same_number(net):
    for unit in range(4):
        said = draw_step(net, 2, X, Y, unit=unit).description
        delta = short(net.gradients(X, Y).deltas[0][0, unit])
        assert f"= {delta}\n" in said
        assert f"the scalar node z₁[{unit}] has grad {delta}" in said


def test_the_neurons_boxes_hold_the_scalar_nodes(net):
    twin = scalar_twin(net, np.array(X), np.array(Y))
    twin.loss.backward()
    source = draw_step(net, 2, X, Y, unit=1).source
    for node in [twin.node(1, 1), *(twin.node(2, j) for j in range(3))]:
        assert f"data {node.data}, grad {node.grad}" in source


def test_the_row_is_lit_in_every_matrix_that_has_it(net):
    drawing = draw_step(net, 2, X, Y, unit=2)
    lit = [re.search(rf"^\t*m{block} .*", drawing.source, re.MULTILINE)[0].count('BORDER="2"') for block in range(4)]
    assert lit == [1, 1, 3, 3]


def test_a_large_layer_gets_an_ellipsis_and_still_shows_the_unit():
    net = Network([4, 32, 10], "relu", "softmax", "cross_entropy", rng=0)
    source = draw_step(net, 2, unit=15).source
    assert "z₁[15]" in source
    assert "⋮" in source
    assert "(32, 10)" in source.replace("\N{NO-BREAK SPACE}", " ")
    assert "… 5 more" in source


def test_a_scalar_network_is_drawn_like_its_matrix_twin():
    model = MLP(3, [4, 1], activation="tanh", rng=random.Random(0))
    assert draw_step(model, 2, X, [[0.5]]).source == draw_step(from_scalar(model), 2, X, [[0.5]]).source


def test_of_a_batch_one_sample_is_drawn(net):
    batch = np.random.default_rng(0).normal(size=(5, 3))
    targets = np.zeros((5, 2))
    assert draw_step(net, 2, batch, targets, sample=3).source == draw_step(net, 2, batch[3:4], targets[3:4]).source


@pytest.mark.parametrize(("output", "loss"), [("identity", "hinge"), ("sigmoid", "binary_cross_entropy")])
def test_without_samples_there_are_some_numbers_to_look_at(output, loss):
    assert "δ₁" in draw_step(Network([2, 3, 2], "tanh", output, loss, rng=0), 2).source


def test_a_layer_without_an_activation_is_one_node():
    source = draw_step(Network([2, 3, 1], "identity", rng=0), 2, [[1.0, 2.0]], [[0.0]]).source
    assert 'z -> "u0:op"' in source or "z -> u0:op" in source


def test_the_matrix_stands_above_the_neuron_and_its_users_in_order(net):
    pytest.importorskip("pygraphviz")
    root = ElementTree.fromstring(draw_step(net, 2, X, Y).picture().decode())
    heights = {
        group.get("id").rpartition("_")[2]: float(group.find(f"{SVG}text").get("y"))
        for group in root.iter(f"{SVG}g")
        if (group.get("class") or "").startswith("node")
    }
    assert heights["m0"] < heights["z"]
    assert heights["u0"] < heights["u1"] < heights["u2"]


def test_what_is_no_step_is_refused(net):
    with pytest.raises(ValueError, match="k = 2 to 3, got k=4"):
        draw_step(net, 4)
    with pytest.raises(IndexError, match="units 0 to 3, got unit=4"):
        draw_step(net, 2, unit=4)
    with pytest.raises(IndexError, match="samples 0 to 0, got sample=1"):
        draw_step(net, 2, sample=1)
    with pytest.raises(ValueError, match="max_units must be at least 3"):
        draw_step(net, 2, max_units=2)
    with pytest.raises(TypeError, match="cannot draw a step of list"):
        draw_step([2, 3, 1], 2)
    with pytest.raises(ValueError, match="too many for the scalar form"):
        draw_step(Network([784, 300, 10], rng=0), 2)
    with pytest.raises(ValueError, match="layer 1 is no row of neurons"):
        draw_step(Network([2, 3, 1], ["softmax"], rng=0), 2)


def test_a_cell_tells_sign_and_size_and_its_number_can_be_read():
    for look in (LIGHT, DARK, PAPER):
        colours = [heat(x, 1.0, look) for x in (-1.0, -0.5, 0.0, 0.5, 1.0)]
        assert len(set(colours)) >= (5 if look is not PAPER else 3)  # print has greys, and the minus sign
        for colour in colours:
            assert contrast(colour, text_on(colour)) >= 4.5
    assert heat(float("nan"), 1.0, LIGHT) == LIGHT.alarm
    assert heat(0.0, 0.0, LIGHT) == "#fefefe"


def contrast(a, b):
    """Return the contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_a_zero_by_construction_is_an_empty_cell():
    made = table(Block("D", "(2, 2)", [0, 1], [0, 1], {(0, 0): 1.0, (1, 1): 0.0}), LIGHT)
    assert made.count("<TD></TD>") == 2
    assert made.count("BGCOLOR") == 2


def test_the_matrices_and_the_neuron_stand_side_by_side_and_are_tied(net):
    pytest.importorskip("pygraphviz")
    root = ElementTree.fromstring(draw_step(net, 2, X, Y, unit=2).picture("svg"))
    groups = {group.get("id", "").partition("_")[2]: group for group in root.iter(f"{SVG}g")}

    def across(name):
        points = [text.split(",") for text in groups[name].find(f".//{SVG}polygon").get("points").split()]
        return min(float(x) for x, _ in points), max(float(x) for x, _ in points)

    places = [across(name) for name in ("m0", "m1", "m2", "m3", "z", "f", "u0")]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(places))
    assert "row 2" in "".join(groups["tie"].itertext()).replace("\N{NO-BREAK SPACE}", " ")
