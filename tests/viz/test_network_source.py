"""A network in the languages of other programs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nn.matrix import Network
from nn.scalar import MLP
from viz import draw_network, save
from viz.mermaid import MAX_EDGES
from viz.network_plan import THICK, plan_of
from viz.network_source import network_mermaid, network_tikz
from viz.theme import PAPER


def signed() -> Network:
    network = Network([2, 1], rng=0)
    network.weights[0][...] = [[-2.0, 1.0]]
    return network


def test_tikz_has_every_unit_and_every_weight_with_its_width_and_sign() -> None:
    lines = network_tikz(plan_of(signed()), title="2-1").splitlines()
    assert [
        re.match(r"\\node\[(\w+)\] \((u\d-\d)\)", line)[2] for line in lines if " (u" in line and "node[" in line
    ] == [
        "u0-0",
        "u0-1",
        "u1-0",
    ]
    drawn = [line for line in lines if line.startswith(r"\draw[")]
    assert drawn[0] == rf"\draw[negative, line width={THICK:.2f}pt] (u0-0) -- (u1-0);"
    assert drawn[1].startswith(r"\draw[positive, line width=2.15pt]")


def test_mermaid_has_every_unit_in_the_frame_of_its_layer_and_lines_as_wide_as_the_weights() -> None:
    text = network_mermaid(plan_of(signed()), title="2-1")
    assert re.findall(r'subgraph (layer\d)\["([^"]*)"\]', text) == [
        ("layer0", "input<br/>2 units"),
        ("layer1", "layer 1<br/>1 unit<br/>identity"),
    ]
    assert re.findall(r"(u\d_\d)\(\(\d\)\):::(\w+)", text) == [
        ("u0_0", "input"),
        ("u0_1", "input"),
        ("u1_0", "output"),
    ]
    assert "u0_0 -.- u1_0\n" in text
    assert "u0_1 --- u1_0\n" in text
    assert f"linkStyle 0 stroke:#D55E01,stroke-width:{THICK:g}px" in text


def test_an_ellipsis_stands_for_the_units_that_are_left_out() -> None:
    plan = plan_of([784, 32, 10])
    assert network_tikz(plan, title="").count(r"$\vdots$") == 3
    assert "777 more" in network_mermaid(plan, title="")


def test_what_mermaid_does_not_draw_is_refused_with_the_cure() -> None:
    plan = plan_of([30, 30], max_units=30)
    with pytest.raises(ValueError, match=f"up to {MAX_EDGES} edges.*this picture has 900 .*max_units="):
        network_mermaid(plan, title="")


def test_save_writes_a_network_by_its_suffix_and_says_what_else_it_takes(tmp_path: Path) -> None:
    net = Network([2, 3, 1], rng=0)
    assert save(net, tmp_path / "net.tex", theme="paper").read_text() == network_tikz(
        plan_of(net), title="2-3-1", look=PAPER
    )
    gradients = net.gradients([[1.0, 2.0]], [[0.5]])
    assert "size of a gradient" in save(net, tmp_path / "net.mmd", gradients=gradients).read_text()
    with pytest.raises(ValueError, match="from left to right, not 'TB'"):
        save(net, tmp_path / "net.tex", direction="TB")
    with pytest.raises(TypeError, match=r"not Drawing: give what it was drawn from, or save it as \.pdf"):
        save(draw_network(net), tmp_path / "net.tex")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex to compile with")
def test_pdflatex_compiles_a_network(tmp_path: Path) -> None:
    net = Network([784, 4, 2, 1], "relu", "sigmoid", rng=0)
    net.weights[2][...] = float("nan")
    path = save(net, tmp_path / "net.tex", title="784_4 & 50%")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_the_gradients_of_a_matrix_network_take_the_place_of_its_weights() -> None:
    net = Network([2, 3, 1], rng=0)
    found = net.gradients([[1.0, 2.0]], [[0.5]])
    plan = plan_of(net, gradients=found)
    assert plan.lines[1, 2, 0] == found.weights[0][2, 0]
    assert plan.lines[2, 0, 1] == found.weights[1][0, 1]
    assert f"from unit 1: gradient {found.weights[0][2, 0]}" in draw_network(net, gradients=found).source


def test_the_weights_of_an_mlp_hold_their_gradients() -> None:
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert plan_of(model, gradients=True).lines[1, 0, 1] == model.layers[0].neurons[0].w[1].grad


@pytest.mark.parametrize("gradients", [True, 3.0, Network([2, 2, 1], rng=0)])
def test_gradients_of_something_else_are_refused(gradients: object) -> None:
    with pytest.raises(TypeError, match="no gradients of a network 2-3-1"):
        plan_of(Network([2, 3, 1], rng=0), gradients=gradients)
