"""What no linter looks for: a constant that takes the name, and so the place, of another one in its module."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
import nn
import viz

MODULES = [path for package in (engine, nn, viz) for path in sorted(Path(package.__path__[0]).rglob("*.py"))]


def names(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def twice(source: str) -> list[str]:
    return [name for name, count in Counter(names(source)).items() if count > 1]


def test_a_constant_that_is_given_again_is_seen() -> None:
    assert twice("ZERO = 1\nx: int\nx: int = 2\n\nZERO: float = 2\n\ndef f(): ...\nclass A: ...\n") == ["ZERO"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_gives_a_name_twice(path: Path) -> None:
    assert twice(path.read_text(encoding="utf-8")) == []
