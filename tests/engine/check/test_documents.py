"""What the documentation and the examples show is what happens."""

from __future__ import annotations

import doctest
import fnmatch
import re
import runpy
import shlex
from pathlib import Path

import pytest

from engine.check import main

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "examples").is_dir() or p.parent == p)
DOCUMENT = ROOT / "docs" / "checking.md"
EXAMPLES = sorted((ROOT / "examples").glob("checking_*.py"))

pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason="docs and examples are in the checkout only")


@pytest.fixture(autouse=True)
def _in_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    monkeypatch.chdir(ROOT / "examples")


def test_every_session_of_the_document_runs_as_shown() -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=flags)
    test = parser.get_doctest(DOCUMENT.read_text(encoding="utf-8"), {}, "checking.md", str(DOCUMENT), 0)
    shown: list[str] = []
    runner.run(test, out=shown.append)
    assert not shown, "".join(shown)
    assert runner.tries > 20


def test_every_command_of_the_document_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    [transcript] = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.S)
    for command, expected in re.findall(r"^\$ (.*?)\n(.*?)(?=^\$|\Z)", transcript, flags=re.S | re.M):
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "engine.check"]
        main(words[3:])
        assert fnmatch.fnmatchcase(capsys.readouterr().out, expected.replace("[", "[[]").replace("...", "*"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_passes_the_right_gradient_and_names_the_mistake(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(example), run_name="__main__")
    right, wrong = capsys.readouterr().out.split("\n\n")
    assert right.startswith("gradient: ok")
    assert wrong.startswith("gradient: wrong")
    assert "likely mistake: " in wrong
