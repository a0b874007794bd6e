"""The scalar graph and the lifted program beside each other."""

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine import Value
from engine.lift import Lifted, lift
from nn.scalar import MLP
from viz import draw_program, save
from viz.numerals import TIMES


def network(sizes: list[int]) -> Lifted:
    return lift(MLP(sizes[0], sizes[1:], rng=random.Random(1)), [0.0] * sizes[0])


def test_a_small_graph_is_drawn_operation_by_operation() -> None:
    w, x = Value(2.0), 3.0
    source = draw_program(lift(lambda x: w * x * x, x, parameters=[w])).source
    assert source.count("s1 -> s2") == 1
    assert source.count("s1 -> s3") == 1
    assert "s2 -> s3" in source


def test_a_large_graph_is_folded_to_equal_operations_of_a_level_with_their_number() -> None:
    source = draw_program(network([2, 16, 16, 1])).source
    assert f'"16 {TIMES} dot"' in source
    assert f'"16 {TIMES} relu"' in source
    assert source.count(f'label="16 {TIMES} dot"') == 2


def test_every_statement_is_a_box_with_its_shape_and_edges_from_what_it_uses() -> None:
    source = draw_program(network([2, 16, 16, 1])).source.replace("\N{NO-BREAK SPACE}", " ")
    assert "z1 = W1 @ x + b1<" in source
    assert "d1 = relu" in source
    for edge in ("p_W1 -> p_z1", "p_x -> p_z1", "p_b1 -> p_z1", "p_z1 -> p_f1", "p_W2 -> p_d1", "p_d2 -> p_d1"):
        assert edge in source


def test_the_same_program_gives_the_same_drawing_and_the_text_is_the_program() -> None:
    first, second = draw_program(network([2, 3, 1])), draw_program(network([2, 3, 1]))
    assert first.source == second.source
    assert "z1 = W1 @ x + b1" in first.text
    assert first.title.startswith("7 operations on numbers, lifted to ")


def test_without_parameters_there_is_no_adjoint() -> None:
    drawing = draw_program(lift(lambda x: x.tanh() * x, 1.0))
    assert "adjoint" not in drawing.title


@pytest.mark.parametrize("theme", ["light", "dark", "paper", "auto"])
def test_it_renders_in_every_theme_and_auto_turns_dark(theme: str) -> None:
    pytest.importorskip("pygraphviz")
    drawing = draw_program(network([2, 3, 1]), theme=theme)
    svg = drawing.picture("svg").decode()
    outermost = ElementTree.fromstring(svg).find("{http://www.w3.org/2000/svg}g")
    assert outermost is not None
    assert outermost.get("id") == drawing.scope
    assert (f'#{drawing.scope} [fill="#ffffff"]' in svg) == (theme == "auto")


def test_a_role_is_seen_without_colour_and_the_adjoint_is_dashed() -> None:
    lines = draw_program(network([2, 3, 1]), theme="paper").source.splitlines()
    box = {line.split()[0]: line for line in lines if line.strip().startswith("p_") and " -> " not in line}
    assert "rounded" in box["p_x"]
    assert "penwidth=2.4" in box["p_W1"]
    assert "peripheries=2" in box["p_value"]
    assert "dashed" not in box["p_z1"]
    assert "dashed" in box["p_dW1"]


def test_saving_a_lifted_program_draws_it_in_the_format_of_the_suffix(tmp_path: Path) -> None:
    lifted = network([2, 3, 1])
    assert "z1 = W1 @ x + b1" in save(lifted, tmp_path / "p.txt").read_text()
    assert save(lifted, tmp_path / "p.dot", theme="paper").read_text() == draw_program(lifted, theme="paper").source
    pytest.importorskip("pygraphviz")
    assert "d1 = relu" in save(lifted, tmp_path / "p.svg").read_text().replace("\N{NO-BREAK SPACE}", " ")
