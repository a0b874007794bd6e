import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import Graph, Value
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


def test_a_hundred_thousand_nodes_answer_quickly_and_folded(chain: Value) -> None:
    pytest.importorskip("pygraphviz")
    start = time.perf_counter()
    bundle = notebook.mimebundle(chain)
    assert time.perf_counter() - start < 5  # measured 0.8 s; the machine may be busy
    assert "100,001 nodes shown as 4 boxes, by shape" in bundle["text/plain"]
    assert bundle["image/svg+xml"].count('class="node') == 4 + 3  # and the constants


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


NOTEBOOK = """
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
import os
os.environ["PATH"] = ""
import importlib.util
importlib.util.find_spec = lambda name: None
y
"""


def test_in_a_real_notebook_every_output_has_its_picture_names_and_no_traceback() -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pygraphviz")
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in NOTEBOOK.split("# ---")]
    book = nbformat.v4.new_notebook(cells=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what jupyter's own libraries say about each other
        nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in book.cells]
    assert [[output.output_type for output in shown] for shown in outputs] == [["execute_result"]] * 6
    *drawn, plain = [shown[0].data for shown in outputs]
    assert all(data["image/svg+xml"].startswith("<svg") for data in drawn)
    assert "w[0]" in drawn[0]["image/svg+xml"]  # the notebook's own names
    assert "100,001 nodes shown as 4 boxes" in drawn[4]["text/plain"]
    assert "image/svg+xml" not in plain
    assert 'pip install "chainrule[render]"' in plain["text/plain"]
