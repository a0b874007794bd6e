import subprocess
import sys
from pathlib import Path

import pytest

from viz.__main__ import main

NEURON = ["tanh(w*x + b)", "w=-3", "x=2", "b=6.5"]


def test_without_a_file_it_prints_the_tree_with_its_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEURON, "--ascii"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("#5 = tanh")
    assert sum("| grad" in line for line in lines) == 6
    assert "grad  -" not in "".join(lines)


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<svg"), ("dot", b"digraph"), ("tex", b"\\doc"), ("mmd", b"flow")]
)
def test_the_file_has_the_format_of_its_suffix(
    suffix: str, start: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if suffix == "svg":
        pytest.importorskip("pygraphviz")
    path = tmp_path / f"neuron.{suffix}"
    options = ["--theme", "dark", "--highlight", "w", "--level", "op", "--direction", "TB"]
    assert main([*NEURON, "-o", str(path), *options]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert path.read_bytes().startswith(start)


def test_it_opens_nothing_unless_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    path = tmp_path / "x.txt"
    assert main(["x*x", "x=3", "-o", str(path)]) == 0
    assert opened == []
    assert main(["x*x", "x=3", "-o", str(path), "--open"]) == 0
    assert opened == [path.as_uri()]


def test_steps_are_a_page_or_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x*y", "x=2", "y=3", "--steps"]) == 0
    assert "x.grad += y.data" in capsys.readouterr().out
    pytest.importorskip("pygraphviz")
    assert main(["x*y", "x=2", "y=3", "--steps", "-o", str(tmp_path / "steps.html")]) == 0
    assert "<script" in (tmp_path / "steps.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sigmod(x)", "x=1"], "did you mean 'sigmoid'?\n  sigmod(x)\n  ^^^^^^"),
        (["x*y", "x=1"], "y has no number: give y=...; known: x\n  x*y\n    ^"),
        (["x", "x=1", "y=2"], "y does not occur in 'x'"),
        (["x", "x=one"], "write x=1.5"),
        (["x", "x=1", "-o", "x.jpeg"], "choose one of .svg"),
        (["x", "x=1", "-o", "no/such/folder/x.svg"], "create it first"),
        (["x", "x=1", "--highlight", "y"], "no variable 'y' to highlight; there are: x"),
        (["x", "x=1", "--open"], "name one with -o"),
        ([], "there is no expression; give one"),
        (["x", "x=1", "--theme", "dark"], "--theme is for a picture"),
        (["x", "x=1", "--direction", "TB", "-o", "x.txt"], "--direction is for a picture"),
        (["x", "x=1", "--ascii", "-o", "x.svg"], "--ascii is for a tree of text"),
        (["x", "x=1", "--steps", "--level", "op"], "--steps shows every operation"),
        (["x", "x=1", "--steps", "--highlight", "x"], "without --steps"),
    ],
)
def test_a_mistake_is_a_message_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_an_expression_may_begin_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-x**2", "x=3", "--ascii"]) == 0
    assert "-9.0000" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipe")
def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    command = f"{sys.executable} -m viz 'x*x' x=3 | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_it_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "viz", "x*x", "x=3", "--ascii"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("#1 = *")
