import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import Value
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
