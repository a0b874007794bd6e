"""The README is run: its REPL transcripts are doctests, and its two commands are what they should be."""

import doctest
import re
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.S)


def as_doctest(transcript: str) -> str:
    """Mark the empty lines of printed output, which doctest would take for its end."""
    lines = transcript.splitlines()
    for i, line in enumerate(lines):
        if not line and i + 1 < len(lines) and not lines[i + 1].startswith(">>>"):
            lines[i] = "<BLANKLINE>"
    return "\n".join([*lines, "", ""])


def test_every_transcript_in_the_readme_is_what_python_prints() -> None:
    # One session, as a reader would type it: later blocks use the names of earlier ones.
    session = "\n".join(as_doctest(block) for block in blocks("pycon"))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 10
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    results = runner.run(test, out=report.append)
    assert results.failed == 0, "".join(report)


def test_quick_start_is_two_commands_each_alone_in_a_block() -> None:
    section = re.split(r"^## ", README.split("## Quick start", 1)[1], flags=re.M)[0]
    commands = [block.strip().splitlines() for block in blocks("sh", section)]
    assert [len(lines) for lines in commands] == [1, 1]
    assert commands[0][0].endswith("python -m nn compare")
    assert commands[1][0].endswith("python -m pytest")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_relative_link_leads_somewhere(link: str) -> None:
    root = Path(__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file() or not (root / "engine").is_dir():
        pytest.skip("the tests run outside a checkout, where the linked files are not")
    assert (root / link).exists(), link
