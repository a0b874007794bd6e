import importlib.util
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from viz.render import NoRendererError, RenderError, render, renderers

EDGE = "digraph { a -> b }"


@pytest.mark.usefixtures("no_renderer")
def test_without_graphviz_one_line_says_how_to_get_one() -> None:
    assert renderers() == []
    with pytest.raises(NoRendererError) as caught:
        render(EDGE, "svg")
    message = str(caught.value)
    assert "\n" not in message
    assert 'pip install "chainrule[render]"' in message
    assert "dot on PATH" in message


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pygraphviz_draws_every_format_where_there_is_no_dot(
    suffix: str, start: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pygraphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert renderers() == ["pygraphviz"]
    assert render(EDGE, suffix).startswith(start)


def test_a_pdf_holds_no_time_of_making() -> None:
    pytest.importorskip("pygraphviz")
    assert b"CreationDate (D:19700101000000" in render(EDGE, "pdf")


def test_dot_is_asked_first(fake_dot: Callable[[str], Path]) -> None:
    fake_dot('echo "$@"; cat')
    assert renderers()[0] == "dot"
    assert render(EDGE, "svg", engine="neato").decode() == f"-Kneato -Tsvg\n{EDGE}"


def test_a_dot_that_fails_gives_way_to_pygraphviz(fake_dot: Callable[[str], Path]) -> None:
    pytest.importorskip("pygraphviz")
    fake_dot("echo 'Format: \"svg\" not recognized' >&2; exit 1")
    assert b"<svg" in render(EDGE, "svg")


def test_a_dot_that_fails_alone_is_quoted_in_one_line(
    fake_dot: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    fake_dot("echo first >&2; echo 'no layout engine' >&2; exit 3")
    with pytest.raises(RenderError, match=r"^no svg was made: dot failed \(no layout engine\)$"):
        render(EDGE, "svg")


def test_a_dot_that_cannot_start_is_named(fake_dot: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    fake_dot("").write_text("#!/no/such/shell\n")
    with pytest.raises(RenderError, match="dot did not start"):
        render(EDGE, "svg")


def test_broken_dot_source_is_an_error_of_one_line() -> None:
    pytest.importorskip("pygraphviz")
    with pytest.raises(RenderError) as caught:
        render("digraph {", "svg")
    assert "\n" not in str(caught.value)


def test_a_layout_that_takes_too_long_is_ended_with_everything_it_started(
    fake_dot: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, communicate = tmp_path / "child", subprocess.Popen.communicate

    def once_it_has_a_child(process: subprocess.Popen[bytes], source: bytes, timeout: float) -> Any:
        while not (child.exists() and child.read_text()):
            time.sleep(0.01)
        return communicate(process, source, timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", once_it_has_a_child)
    fake_dot(f"sleep 3600 & echo $! > {child}; wait")
    with pytest.raises(RenderError, match=r"dot was not done after 0\.5 s: draw less with max_nodes"):
        render(EDGE, "svg", seconds=0.5)
    assert not _runs(int(child.read_text()))


def _runs(pid: int) -> bool:
    for _ in range(1200):  # two minutes, only so that a failure ends
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and ") Z" in state.read_text():  # ended, but its adopter has not asked yet
                return False
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True
