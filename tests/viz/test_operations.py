import os
import random
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import graphviz
import pytest
from work import growth, halved

from engine import Value, sum_
from nn.scalar import MLP
from viz import draw
from viz.numerals import TIMES
from viz.roles import SHAPES

SVG = "{http://www.w3.org/2000/svg}"
NODE = re.compile(r"^\tn(\d+) \[", re.MULTILINE)
EDGE = re.compile(r"^\tn(\d+) -> n(\d+)", re.MULTILINE)


def structure(svg: str) -> tuple[list[tuple[str | None, str | None, str | None]], list[str | None]]:
    """Return ids, classes and tooltips of all groups, and all texts, of an SVG."""
    root = ElementTree.fromstring(svg)
    groups = [(g.get("id"), g.get("class"), g.findtext(f"{SVG}title")) for g in root.iter(f"{SVG}g")]
    return groups, [text.text for text in root.iter(f"{SVG}text")]


def test_a_drawing_is_a_digraph_with_one_box_per_value_and_one_edge_per_use(neuron: Value) -> None:
    drawing = draw(neuron)
    assert isinstance(drawing, graphviz.Digraph)
    assert [int(number) for number in NODE.findall(drawing.source)] == list(range(10))
    assert len(EDGE.findall(drawing.source)) == 9


def test_the_square_of_a_node_has_two_edges_of_its_own(square: Value) -> None:
    source = draw(square).source
    assert EDGE.findall(source) == [("0", "1"), ("0", "1"), ("1", "2"), ("0", "2")]
    assert len(set(re.findall(r"id=(\w+_e\w+)", source))) == 4


def test_a_box_reads_operation_name_data_grad(neuron: Value) -> None:
    pytest.importorskip("pygraphviz")
    neuron.backward()
    root = ElementTree.fromstring(draw(neuron).picture().decode())
    box = next(group for group in root.iter(f"{SVG}g") if group.get("class") == "node output")
    said = [text.text.replace("\N{NO-BREAK SPACE}", " ").split() for text in box.iter(f"{SVG}text")]
    assert said == [["tanh"], ["o"], ["data"], ["0.7071"], ["grad"], ["1.0000"]]


def test_a_shared_node_adds_up_in_its_box(square: Value) -> None:
    assert "= \N{NO-BREAK SPACE}3.0000".replace(" ", "\N{NO-BREAK SPACE}") in draw(square).source
    line = "grad x = 3.0000 + 3.0000 + 1.0000 = 7.0000".replace(" ", "\N{NO-BREAK SPACE}")
    assert line in draw(square, direction="TB").source


def test_only_changed_numbers_change_so_a_layout_stays_still() -> None:
    def boxes(at: float) -> list[tuple[str | None, ...]]:
        x = Value(at, label="x")
        y = x.tanh() * x + 0.5
        y.backward()
        root = ElementTree.fromstring(draw(y).picture().decode())
        shapes = [
            shape for group in root.iter(f"{SVG}g") if group.get("class", "").startswith("node") for shape in group
        ]
        return [(shape.get("points"), shape.get("d"), shape.get("x"), shape.get("y")) for shape in shapes]

    pytest.importorskip("pygraphviz")
    assert boxes(-0.75) == boxes(31.5)


def test_roles_differ_in_shape_as_well_as_in_colour() -> None:
    assert len({tuple(sorted(shape.items())) for shape in SHAPES.values()}) == len(SHAPES)


def test_the_svg_has_a_title_a_description_and_classes_for_roles(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    root = ElementTree.fromstring(draw(square).picture().decode())
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "y = 12.000"
    assert "x to y (argument 2 of 2): local 1, contribution 1.0" in root.findtext(f"{SVG}desc")
    classes = [group.get("class") for group in root.iter(f"{SVG}g")]
    assert classes == ["graph", "node input", "node operation", *["edge use"] * 2, "node output", *["edge use"] * 2]


def test_tooltips_carry_the_message(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    groups, _ = structure(draw(square).picture().decode())
    assert f"upstream {TIMES} local = 1.0 {TIMES} 3.0 = 3.0" in groups[3][2]


def test_the_same_graph_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    pytest.importorskip("pygraphviz")
    program = """
import sys
from engine import Value
from viz import draw, draw_network
a, b = Value(-4.0, label="a"), Value(2.0, label="b")
c = a * b + a ** 3 + (b - a).relu() * (a + b + 1)
c.backward()
for theme in ("light", "auto"):
    for suffix in ("svg", "png", "pdf"):
        sys.stdout.buffer.write(draw(c, theme=theme).picture(suffix))
sys.stdout.buffer.write(draw_network([3, 12, 2]).picture())
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"<svg") == 3


@pytest.mark.skipif(not shutil.which("dot"), reason="no dot on PATH to compare pygraphviz with")
def test_dot_and_pygraphviz_draw_the_same_structure(square: Value, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    pytest.importorskip("pygraphviz")
    by_dot = structure(draw(square).picture().decode())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert structure(draw(square).picture().decode()) == by_dot


def test_different_figures_have_different_ids_and_equal_ones_equal_ids() -> None:
    def scope(at: float) -> str:
        return draw(Value(at, label="x") * 2).scope

    assert scope(1.0) == scope(1.0) != scope(3.0)


def test_themes_differ_and_auto_follows_the_screen(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    pictures = {theme: draw(square, theme=theme).picture().decode() for theme in ("light", "dark", "paper", "auto")}
    assert len(set(pictures.values())) == 4
    assert [theme for theme, picture in pictures.items() if "prefers-color-scheme: dark" in picture] == ["auto"]
    assert 'fill="#12161b"' in pictures["dark"]


def test_a_hundred_thousand_operations_can_be_cut_to_a_part_that_says_so(chain: Value) -> None:
    drawing = draw(chain, level="op")
    assert len(NODE.findall(drawing.source)) == 150
    assert "150 of 100,001 nodes shown, nearest the output".replace(" ", "\N{NO-BREAK SPACE}") in drawing.source
    assert "1\N{NO-BREAK SPACE}more" not in drawing.source
    assert "1 more argument" in drawing.source


def test_a_large_graph_folds_and_says_into_how_many_boxes(chain: Value) -> None:
    drawing = draw(chain)
    assert len(NODE.findall(drawing.source)) == 4
    assert "100,001 nodes shown as 4 boxes".replace(" ", "\N{NO-BREAK SPACE}") in drawing.source
    assert 'level="op", max_nodes=100001 shows all' in drawing.description


@pytest.mark.parametrize("level", ["op", "shape", "auto"])
def test_the_work_of_a_drawing_grows_with_the_number_of_operations(level: str) -> None:
    assert growth(lambda value: draw(value, level=level), halved, 500) < 5


def test_the_work_of_a_folded_network_grows_with_the_number_of_samples() -> None:
    model = MLP(2, [3, 3, 1], rng=random.Random(0))

    def total(samples: int) -> Value:
        return sum_([model([0.1 * k, 1.0]).tanh() for k in range(samples)])

    assert "shown as 9 boxes, by neuron" in draw(total(200)).description
    assert growth(draw, total, 50) < 5


def test_the_moons_loss_is_folded_and_drawn_by_layer(moons_loss: Value) -> None:
    pytest.importorskip("pygraphviz")
    drawing = draw(moons_loss)
    assert len(drawing.source) < 30_000  # all that Graphviz gets to lay out; a picture of every node has 9 MB
    picture = drawing.picture().decode()
    names = [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert {"layer\N{NO-BREAK SPACE}1", "layer\N{NO-BREAK SPACE}2", "layer\N{NO-BREAK SPACE}3"} <= set(names)
    assert "nodes shown as 13 boxes, by layer" in drawing.description
    assert "16 neurons \N{MULTIPLICATION SIGN} 10 samples" in drawing.description


def test_neurons_drawn_by_operations_stand_in_frames_with_their_layer() -> None:
    model = MLP(2, [2, 1], rng=random.Random(0))
    source = draw(model([Value(1.0), Value(2.0)]), names={"model": model}).source
    frames = re.findall(r'subgraph cluster_\d+ \{\n.*label="([^"]+)"', source)
    assert frames == ["layer 1 · neuron 1", "layer 1 · neuron 2", "layer 2 · neuron 1"]
    assert "model.w1[2,1]" in source


def test_a_dead_relu_is_hatched_and_what_gets_no_gradient_is_flagged() -> None:
    w, x = Value(2.0, label="w"), Value(-1.0, label="x")
    y = (w * x).relu() * 3.0
    y.backward()
    source = draw(y).source
    hatched = re.findall(r'class="([^"]*dead[^"]*)".*style=striped', source)
    assert hatched == ["operation dead"]
    assert source.count("!\N{NO-BREAK SPACE}zero") == 3
    assert "hatched:" in source
    assert "hatched:" not in draw(w * x).source


def test_a_huge_or_broken_gradient_gets_a_heavy_frame_of_its_own() -> None:
    x = Value(1e-8, label="x")
    (x.log() * 1.0).backward()
    y = x.log()
    y.backward()
    source = draw(y).source
    assert re.search(r'class="input huge" color="#CC79A7".* penwidth=3', source)


def test_a_negative_derivative_is_dashed(neuron: Value) -> None:
    edges = [statement for statement in draw(neuron).body if " -> " in statement]
    assert ["style=dashed" in edge for edge in edges] == ["use negative" in edge for edge in edges]
    (dashed,) = [edge for edge in edges if "style=dashed" in edge]
    assert "w1 = -3.0000" in dashed


def test_a_highlight_lights_its_paths_and_writes_out_their_products(square: Value) -> None:
    x = square.args[1]
    drawing = draw(square, highlight=x)
    assert drawing.source.count('class="use lit"') == 4
    assert drawing.description.splitlines()[1] == "d y / d x = 7.0000, the sum over 3 paths"
    assert "x → y: 1.0000" in drawing.description
    with pytest.raises(ValueError, match="no path leads from"):
        draw(square, highlight=Value(3.0))


def test_a_picture_in_grey_still_tells_what_colour_tells(square: Value) -> None:
    """A lit edge is heavier, a negative one dashed, a dead unit hatched, an alarm in words: no colour is needed."""
    light = draw(square, highlight=square.args[1]).source
    paper = draw(square, highlight=square.args[1], theme="paper").source
    for attribute in ("penwidth", "style", "peripheries"):
        pattern = rf'{attribute}="?([^"\s]+)'
        assert re.findall(pattern, light) == re.findall(pattern, paper)


def test_a_long_comb_is_drawn_with_straight_lines_in_time() -> None:
    pytest.importorskip("pygraphviz")
    x = Value(0.5, label="x")
    value = x
    for _ in range(140):
        value = value * x
    drawing = draw(value)
    assert drawing.graph_attr["splines"] == "line"
    assert drawing.picture(seconds=20).startswith(b"<svg")


def test_a_sum_of_many_shows_the_first_and_the_last_and_counts_the_rest() -> None:
    drawing = draw(sum_([Value(float(i)) for i in range(100)]), max_arguments=5)
    assert len(EDGE.findall(drawing.source)) == 5
    assert "… 95 more arguments" in drawing.source


def test_constants_are_shown_but_are_no_nodes() -> None:
    source = draw(Value(3.0, label="x") * 2.5).source
    assert len(NODE.findall(source)) == 2
    assert re.search(r"\tc\d+_1 \[label=2\.5 ", source)


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_a_drawing_can_run_in_every_direction(direction: str, square: Value) -> None:
    pytest.importorskip("pygraphviz")
    drawing = draw(square, direction=direction)
    assert drawing.graph_attr["rankdir"] == direction
    assert drawing.picture().startswith(b"<svg")


@pytest.mark.parametrize("label", ['<b>&"x"</b>', "\\N\\G\\l", "<<TABLE>>", "--></svg><script>", "]]>", "a\nb", "\x00"])
def test_a_hostile_label_is_shown_as_it_is(label: str) -> None:
    pytest.importorskip("pygraphviz")
    x = Value(2.0, label=label)
    root = ElementTree.fromstring(draw(x * x).picture().decode())
    shown = label.replace("\n", " ").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    texts = [text.text.replace("\N{NO-BREAK SPACE}", " ") for text in root.iter(f"{SVG}text")]
    assert shown in texts
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_title_and_legend_can_be_left_out(square: Value) -> None:
    source = draw(square, title="", legend=False).source
    assert "legend" not in source
    assert "3 nodes" not in source.replace("\N{NO-BREAK SPACE}", " ")
    assert "my\N{NO-BREAK SPACE}loss" in draw(square, title="my loss").source


def test_an_unknown_theme_or_direction_is_refused_with_the_known_ones(square: Value) -> None:
    with pytest.raises(ValueError, match="'neon': choose one of light, dark, paper, auto"):
        draw(square, theme="neon")
    with pytest.raises(ValueError, match="'LTR': choose one of LR, TB, RL, BT"):
        draw(square, direction="LTR")
    with pytest.raises(TypeError, match="only a Value"):
        draw([square])
