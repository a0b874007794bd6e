from pathlib import Path

import pytest

from engine import Value
from viz import draw


@pytest.mark.usefixtures("no_renderer")
def test_a_drawing_in_a_notebook_is_text_where_there_is_no_graphviz(square: Value) -> None:
    bundle = draw(square)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith("y = +")
    assert 'pip install "chainrule[render]"' in bundle["text/plain"].splitlines()[-1]


def test_a_drawing_in_a_notebook_is_an_svg_with_its_text(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    bundle = draw(square)._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"].startswith("y = +")


def test_pipe_and_render_work_as_a_digraphs_without_dot(
    square: Value, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pygraphviz")
    monkeypatch.setenv("PATH", "")
    drawing = draw(square)
    assert drawing.pipe("png").startswith(b"\x89PNG")
    assert drawing.pipe("svg", encoding="utf-8").startswith("<svg")
    path = drawing.render("picture", directory=tmp_path, format="svg", cleanup=True)
    assert Path(path) == tmp_path / "picture.svg"
    assert [file.name for file in tmp_path.iterdir()] == ["picture.svg"]


def test_a_copy_says_the_same(square: Value) -> None:
    pytest.importorskip("pygraphviz")
    drawing = draw(square, theme="auto")
    assert drawing.copy().picture() == drawing.picture()
