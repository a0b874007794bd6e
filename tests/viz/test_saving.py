import xml.etree.ElementTree as ElementTree
from pathlib import Path

import graphviz
import pytest

from engine import Value
from nn.matrix import Network
from viz import draw, draw_step, save
from viz.render import NoRendererError


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<svg")]
)
def test_the_suffix_says_the_format(square: Value, tmp_path: Path, suffix: str, start: bytes) -> None:
    pytest.importorskip("pygraphviz")
    path = save(square, tmp_path / f"y{suffix}")
    assert path == tmp_path / f"y{suffix}"
    assert path.read_bytes().startswith(start)


@pytest.mark.usefixtures("no_renderer")
def test_dot_and_text_need_no_graphviz(square: Value, tmp_path: Path) -> None:
    assert save(square, tmp_path / "y.dot").read_text(encoding="utf-8") == draw(square).source
    assert save(square, str(tmp_path / "y.txt")).read_text(encoding="utf-8").startswith("y = +")
    assert save(draw(square), tmp_path / "z.txt").read_text(encoding="utf-8").startswith("y = +")


@pytest.mark.usefixtures("no_renderer")
def test_a_picture_without_graphviz_is_one_line_of_advice_and_no_file(square: Value, tmp_path: Path) -> None:
    with pytest.raises(NoRendererError, match=r'^no Graphviz found to make svg: pip install "chainrule\[render\]"'):
        save(square, tmp_path / "y.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["y.jpeg", "y", "y.svg.gz"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(square: Value, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"choose one of \.svg, \.pdf, \.png, \.dot, \.txt, \.tex, \.mmd"):
        save(square, tmp_path / name)


def test_a_missing_folder_is_named(square: Value, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing"):
        save(square, tmp_path / "missing" / "y.txt")


def test_any_digraph_can_be_saved(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    digraph = graphviz.Digraph("mine")
    digraph.edge("a", "b")
    root = ElementTree.fromstring(save(digraph, tmp_path / "g.svg").read_bytes())
    assert root.get("role") == "img"
    with pytest.raises(TypeError, match="theme"):
        save(digraph, tmp_path / "g.svg", theme="dark")


def test_a_network_can_be_saved(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    network = Network([2, 3, 1], rng=0)
    assert b"tanh" in save(network, tmp_path / "net.svg", theme="paper").read_bytes()
    assert save(network, tmp_path / "net.txt").read_text().startswith("network 2-3-1\n")


def test_what_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot draw str 'hello'"):
        save("hello", tmp_path / "x.svg")


@pytest.mark.usefixtures("no_renderer")
def test_tikz_and_mermaid_need_no_graphviz_and_know_draws_options(square: Value, tmp_path: Path) -> None:
    tex = save(square, tmp_path / "y.tex", theme="paper", direction="TB", highlight=square.args[1]).read_text()
    assert r"\definecolor{ink}{HTML}{000000}" in tex
    mmd = save(square, tmp_path / "y.mmd", direction="BT", title="the square").read_text()
    assert mmd.startswith("flowchart BT\n  accTitle: the square\n")


def test_what_is_no_value_and_no_network_becomes_neither_tikz_nor_mermaid(tmp_path: Path) -> None:
    with pytest.raises(
        TypeError, match=r"a Value or a network can be saved as \.tex, not Drawing: .* save it as \.pdf"
    ):
        save(draw_step(Network([2, 2, 1], rng=0), 2), tmp_path / "step.tex")
