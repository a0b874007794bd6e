"""The scalar graph and the lifted program beside each other."""

import random

import pytest

from engine import Value
from engine.lift import Lifted, lift
from nn.scalar import MLP
from viz.program import draw_program


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
    assert '"16 x dot"' in source
    assert '"16 x relu"' in source
    assert source.count(" x dot") == 3


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
def test_it_renders_in_every_theme(theme: str) -> None:
    pytest.importorskip("pygraphviz")
    assert b"<svg" in draw_program(network([2, 3, 1]), theme=theme).picture("svg")
