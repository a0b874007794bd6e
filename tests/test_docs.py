"""Pages are run: their REPL transcripts are doctests, and their shell commands succeed."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = [page for page in (DOCS / "exploring.md", DOCS / "lectures.md") if page.is_file()]


def blocks(language: str, page: Path) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_transcript_is_what_python_prints(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mpmath")
    monkeypatch.setenv("COLUMNS", "80")
    # One session, as a reader would type it: later blocks use the names of earlier ones. A blank line in a transcript
    # is one that Python printed, so it is marked as doctest wants it.
    session = "\n".join(_marked(block) for block in blocks("pycon", page))
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    results = runner.run(test, out=report.append)
    assert results.failed == 0, "".join(report)


def _marked(block: str) -> str:
    lines = block.rstrip("\n").splitlines()
    return "\n".join(line or "<BLANKLINE>" for line in lines) + "\n"


def commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks("sh", page) for line in block.splitlines()]
    return [line for line in lines if line.startswith("python -m")]  # the examples have tests of their own


@pytest.mark.parametrize("command", commands())
def test_every_command_of_a_page_runs(command: str) -> None:
    words = shlex.split(command)
    env = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, timeout=120, env=env, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert ("f = " if words[2] == "engine" else "test loss") in done.stdout or "--json" in words


def test_the_page_on_exploring_is_a_real_session() -> None:
    page = DOCS / "exploring.md"
    if not page.is_file():
        pytest.skip("the tests run outside a checkout, where the pages are not")
    assert sum(block.count(">>> ") for block in blocks("pycon", page)) > 60
