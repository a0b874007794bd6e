import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from work import growth, halved

from engine import Graph, Value
from engine.lift import lift
from nn.matrix import Network
from nn.scalar import MLP
from viz import notebook


def test_a_value_shows_its_svg_and_its_tree(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    bundle = square._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]
    assert bundle["text/plain"].startswith("y = +")


@pytest.mark.usefixtures("no_renderer")
def test_without_graphviz_the_tree_comes_with_one_line_of_advice(square: Value) -> None:
    bundle = notebook.mimebundle(square)
    assert list(bundle) == ["text/plain"]
    *tree, advice = bundle["text/plain"].splitlines()
    assert len(tree) == 5
    assert 'pip install "chainrule[render]"' in advice


def test_a_dot_that_hangs_or_fails_gives_text_in_time(
    square: Value, fake_dot: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "SECONDS", 0.2)
    fake_dot("sleep 60")
    bundle = notebook.mimebundle(square)
    assert list(bundle) == ["text/plain"]
    assert "dot was not done after 0.2 s" in bundle["text/plain"]


def test_a_hundred_thousand_nodes_answer_folded(chain: Value) -> None:
    pytest.importorskip("pygraphviz")
    bundle = notebook.mimebundle(chain)
    assert "100,001 nodes shown as 4 boxes, by shape" in bundle["text/plain"]
    assert bundle["image/svg+xml"].count('class="node') == 4 + 3  # and the constants


@pytest.mark.usefixtures("no_renderer")
def test_the_work_of_an_answer_grows_with_the_number_of_nodes() -> None:
    assert growth(notebook.mimebundle, halved, 500) < 5


def test_only_what_is_asked_for_is_made(square: Value) -> None:
    assert list(notebook.mimebundle(square, include=["text/plain"])) == ["text/plain"]
    assert list(notebook.mimebundle(square, exclude=["image/svg+xml"])) == ["text/plain"]
    assert notebook.mimebundle(square, include=["text/html"]) == {}


def test_ipython_in_a_terminal_does_not_wait_for_a_picture(square: Value, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(display_formatter=SimpleNamespace(active_types=["text/plain"]))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert list(notebook.mimebundle(square)) == ["text/plain"]


def test_a_graph_shows_what_its_output_shows(square: Value) -> None:
    assert Graph(square)._repr_mimebundle_() == square._repr_mimebundle_()


@pytest.mark.parametrize("network", [MLP(2, [3, 1]), Network([2, 3, 1], rng=0), Network([2] * 40, rng=0)])
def test_a_network_shows_its_units_and_weights(network: object) -> None:
    pytest.importorskip("pygraphviz")
    bundle = network._repr_mimebundle_()
    assert bundle["text/plain"] == repr(network)
    assert 'role="img"' in bundle["image/svg+xml"]
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]
    assert list(network._repr_mimebundle_(include=["text/plain"])) == ["text/plain"]


@pytest.mark.usefixtures("no_renderer")
def test_a_network_without_graphviz_is_its_repr_and_one_line_of_advice() -> None:
    bundle = Network([2, 3, 1], rng=0)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert 'pip install "chainrule[render]"' in bundle["text/plain"].splitlines()[-1]


def test_a_lifted_program_shows_itself_beside_its_scalar_graph() -> None:
    pytest.importorskip("pygraphviz")
    lifted = lift(MLP(2, [3, 1]), [0.0, 0.0])
    bundle = lifted._repr_mimebundle_()
    assert bundle["text/plain"] == str(lifted)
    assert "7 operations on numbers" in bundle["image/svg+xml"]
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]


@pytest.mark.usefixtures("no_renderer")
def test_a_lifted_program_without_graphviz_is_its_text_and_one_line_of_advice() -> None:
    bundle = lift(lambda x: x.tanh(), 1.0)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert 'pip install "chainrule[render]"' in bundle["text/plain"].splitlines()[-1]


def test_the_report_of_a_check_is_a_table_with_the_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mpmath")
    from engine.check import check_gradient

    report = check_gradient(lambda a, b: abs(a) + b * b, lambda a, b: (0.5, 3 * b), at=(0.0, 2.0))
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == str(report)
    table = ElementTree.fromstring(f"<div>{bundle['text/html']}</div>")
    assert [row.get("scope") for row in table.iter("th")] == ["col"] * 6 + ["row"] * 2
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")][1:]
    assert rows[0][:4] == ["b", "✗ wrong", "6.0", "4.0"]
    assert rows[1][:4] == ["a", "∧ kink", "0.5", "-1.0 to 1.0"]
    assert "from engine.check import check_gradient" in "".join(table.itertext())
    shell = SimpleNamespace(display_formatter=SimpleNamespace(active_types=["text/plain"]))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert list(report._repr_mimebundle_()) == ["text/plain"]


def test_the_report_of_many_derivatives_shows_a_dozen_and_what_needs_escaping_is_escaped() -> None:
    pytest.importorskip("mpmath")
    from engine.check import check_gradient

    report = check_gradient(lambda v: sum(v), lambda v: [1.0] * 40, at=([1.0] * 40,))
    assert report._repr_mimebundle_()["text/html"].count("<tr>") == 1 + 12
    assert "and 28 more" in report._repr_mimebundle_()["text/html"]
    report.notes.append("<script>")
    assert "&lt;script&gt;" in report._repr_mimebundle_()["text/html"]


NOTEBOOK = """
import viz.notebook
viz.notebook.SECONDS = 600  # the machine may be busy
from engine import Graph, Value
x, w = Value(2.0), [Value(-3.0), Value(1.0)]
y = (x * w[0] + w[1]).tanh()
y.backward()
y
# ---
Graph(y)
# ---
from nn.scalar import MLP
MLP(2, [3, 1])
# ---
from nn.matrix import Network
Network([2, 3, 1], rng=0)
# ---
v = Value(0.5)
for _ in range(100_000):
    v = v * 0.5
v
# ---
from engine.lift import lift
lift(MLP(2, [3, 1]), [0.0, 0.0])
# ---
from engine.check import check_gradient
check_gradient(lambda x: x * x, lambda x: 3 * x, at=2.0)
# ---
import os
os.environ["PATH"] = ""
import importlib.util
importlib.util.find_spec = lambda name: None
y
"""


def test_in_a_real_notebook_every_output_has_its_picture_names_and_no_traceback() -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    if find_spec("ipykernel") is None:  # not imported: by that, nn.progress knows that it runs in a notebook
        pytest.skip("no ipykernel")
    pytest.importorskip("mpmath")
    pytest.importorskip("pygraphviz")
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in NOTEBOOK.split("# ---")]
    book = nbformat.v4.new_notebook(cells=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what jupyter's own libraries say about each other
        nbclient.NotebookClient(book, timeout=600, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in book.cells]
    assert [[output.output_type for output in shown] for shown in outputs] == [["execute_result"]] * 8
    *drawn, report, plain = [shown[0].data for shown in outputs]
    assert all(data["image/svg+xml"].startswith("<svg") for data in drawn)
    assert "w[0]" in drawn[0]["image/svg+xml"]  # the notebook's own names
    assert "100,001 nodes shown as 4 boxes" in drawn[4]["text/plain"]
    assert "gradient: wrong" in report["text/html"]
    assert "image/svg+xml" not in plain
    assert 'pip install "chainrule[render]"' in plain["text/plain"]
