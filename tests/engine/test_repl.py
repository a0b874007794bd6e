from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

import engine
from engine.repl import GREETING

SESSION = """\
x = Value(2.0)
y = x * sin(x) + x**2
explain(y, wrt=x)
derivative(lambda t: t**3, Fraction(1, 3))
"""


def run(session: str, *options: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "engine", *options]
    return subprocess.run(command, input=session, capture_output=True, timeout=600, env=env, encoding="utf-8")


def test_the_greeting_has_three_lines_that_fit_a_terminal() -> None:
    lines = GREETING.format(version="3.11.10").splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 96


def test_what_the_greeting_suggests_runs() -> None:
    suggested = "x = Value(2.0); y = x * sin(x) + x**2; explain(y, wrt=x)"
    assert suggested in GREETING
    done = run(f"{suggested}\nstrategies.compare(y)\npaths(y, x)\n", "--plain")
    assert "Error" not in done.stderr
    assert "dy/dx = 4.077" in done.stdout
    assert "= instead of +=" in done.stdout
    assert "3 paths" in done.stdout


def test_everything_is_imported_and_names_are_found_by_themselves() -> None:
    done = run(SESSION + "sorted(n for n in engine.__all__ if n not in globals())\n", "--plain")
    assert done.returncode == 0
    assert "y = #2 + #4 = 5.81859" in done.stdout
    assert "#2 = x*#1" in done.stdout
    assert "Fraction(1, 3)" in done.stdout
    assert "[]" in done.stdout
    assert "chainrule on Python" in done.stderr


def test_a_mistake_in_the_repl_shows_its_lesson_and_goes_on() -> None:
    done = run("import math\nx = Value(-1.0, label='x')\nmath.sin(x)\nlog(x)\n1 + 1\n", "--plain")
    assert "use engine.sin(v) or v.sin() for math.sin(v)" in done.stderr
    assert "log needs a positive number, got -1.0 (node 'x')" in done.stderr
    assert "2" in done.stdout


def test_source_lines_are_those_of_the_prompt() -> None:
    done = run("x = Value(2.0)\nwith recording():\n    y = x * x\n\nexplain(y)\n", "--plain")
    assert "<console>:2" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("IPython") is None, reason="IPython is not installed")
def test_ipython_is_used_where_it_is_installed() -> None:
    done = run(SESSION)
    assert "In [1]:" in done.stdout
    assert "chainrule on Python" in done.stdout
    assert "y = #2 + #4 = 5.81859" in done.stdout


def test_everything_public_can_be_imported_and_is_documented() -> None:
    for name in engine.__all__:
        assert getattr(engine, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'explian'"):
        engine.explian  # noqa: B018 - the mistake is looking it up
