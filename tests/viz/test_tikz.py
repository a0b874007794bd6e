import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine import Value
from nn.scalar import MLP
from viz.theme import DARK
from viz.tikz import escape, tikz
from viz.view import view


def test_every_node_and_every_edge_has_a_line_of_its_own(square: Value) -> None:
    text = tikz(view(square))
    assert re.findall(r"^\\node\[\w+\] \((n\d)\)", text, re.MULTILINE) == ["n0", "n1", "n2"]
    ends = re.findall(r"^\\draw\[use\] \((n\d)\) to(\[bend \w+=12\])?.* \((n\d)\);$", text, re.MULTILINE)
    assert ends == [
        ("n0", "[bend left=12]", "n1"),
        ("n0", "[bend right=12]", "n1"),
        ("n1", "", "n2"),
        ("n0", "", "n2"),
    ]


def test_negative_is_dashed_and_a_highlight_is_heavy(neuron: Value) -> None:
    text = tikz(view(neuron))
    assert len(re.findall(r"^\\draw\[use, dashed\]", text, re.MULTILINE)) == 1
    made = view(neuron, highlight=neuron.args[0])
    assert len(re.findall(r"^\\draw\[use, lit\]", tikz(made), re.MULTILINE)) == 1


def test_what_means_something_to_tex_is_escaped() -> None:
    assert escape("\\{}$&#_%^~") == (r"\textbackslash{}\{\}\$\&\#\_\%\textasciicircum{}\textasciitilde{}")
    assert escape("λΩο\N{SNOWMAN}") == r"$\lambda$$\Omega$??"


def test_a_frame_with_its_title_stands_around_every_cluster_and_constants_stand_apart() -> None:
    text = tikz(view(MLP(2, [3, 1])([1.0, 2.0])))
    frames = re.findall(r"^\\node\[cluster, fit=((?:\(n\d+\))+)\] \(cluster\d\) \{\};$", text, re.MULTILINE)
    assert [frame.count("(") for frame in frames] == [5, 5, 5, 5]
    assert len(re.findall(r"^\\node\[cluster name\] .*\{layer~\d~\$\\cdot\$~neuron~\d\};$", text, re.MULTILINE)) == 4
    beside = re.findall(r"^\\node\[note, (above=3mm of n\d+[^]]*)\]", text, re.MULTILINE)
    assert len(set(beside)) == len(beside) == 6


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_the_computation_runs_in_the_direction_asked_for(square: Value, direction: str) -> None:
    text = tikz(view(square), direction=direction)
    at = dict(re.findall(r"\((n\d)\) at \(([^)]*)\)", text))
    (x0, y0), (x1, y1) = (map(float, at[name].split(",")) for name in ("n0", "n2"))
    assert {"LR": x1 > x0, "RL": x1 < x0, "TB": y1 < y0, "BT": y1 > y0}[direction]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex to compile with")
def test_pdflatex_compiles_it_whatever_the_labels(moons_loss: Value, neuron: Value, tmp_path: Path) -> None:
    hostile = Value(1.0, label="\\n{}%% | ^~$&_ \N{SNOWMAN} λ ]") * Value(2.0, label='<b>"x"</b> `a` #1;')
    views = [view(moons_loss), view(neuron, highlight=neuron.args[0]), view(hostile), view(moons_loss, level="neuron")]
    for place, made in enumerate(views):
        path = tmp_path / f"{place}.tex"
        path.write_text(tikz(made, title="a_b", look=DARK), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
