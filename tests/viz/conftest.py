"""What the tests of pictures share: the classical expressions, and a PATH without Graphviz."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from networks import lecture_neuron, moons, named

from engine import Value


@pytest.fixture
def neuron() -> Value:
    """micrograd's neuron before backward()."""
    return lecture_neuron()


@pytest.fixture
def square() -> Value:
    """y = x*x + x at 3, after backward(): x is used three times, twice by one node."""
    x = Value(3.0, label="x")
    y = named(x * x + x, "y")
    y.backward()
    return y


@pytest.fixture
def chain() -> Value:
    """A hundred thousand operations."""
    value = Value(0.5, label="x")
    for _ in range(100_000):
        value = value * 0.5
    return value


@pytest.fixture
def no_renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither dot nor pygraphviz."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def fake_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Put an executable ``dot`` with the given shell body in front on PATH."""
    if os.name == "nt":
        pytest.skip("the stand-in for dot is a shell script")

    def install(body: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "dot"
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return script

    return install


@pytest.fixture
def moons_loss() -> Value:
    """The loss of micrograd's demo over ten samples, operation by operation, after backward()."""
    loss = moons()
    loss.backward()
    return loss
