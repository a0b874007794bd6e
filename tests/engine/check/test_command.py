"""The checker from a shell: functions by name, points as literals, exit codes, and mistakes in one line."""

import sys
from pathlib import Path

import pytest

from engine.check import main

MODEL = """
import numpy as np

def loss(w, b):
    return ((w * 2.0 + b) ** 2).sum()

def gradient(w, b):
    d = 2 * (w * 2.0 + b)
    return 2.0 * d, d.sum()

def wrong(w, b):
    return gradient(w, b)[0], 0.5 * gradient(w, b)[1]

def named(p):
    return (p["w"] ** 3).sum() * p["b"]

def named_gradient(p):
    return {"w": 3 * p["w"] ** 2 * p["b"], "b": (p["w"] ** 3).sum()}

def cube(x):
    return x**3

def curvature(x):
    return [[6 * x]]

def steps(x):
    return float(np.floor(1e3 * float(x)))

def slope(x):
    return 1e3

def relu(x):
    return np.maximum(x, 0)

def relu_slope(x):
    return 0.0

point = (np.array([1.0, 2.0]), 0.5)
"""


@pytest.fixture(autouse=True)
def _a_folder_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_to_check.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "model_to_check", raising=False)


def check(f: str, grad: str, *options: str) -> int:
    return main([f"model_to_check:{f}", f"model_to_check:{grad}", *options])


@pytest.mark.parametrize(
    ("words", "status", "shown"),
    [
        ("loss gradient --array --at ([1,2],0.5)", 0, "gradient: ok   (3 components: 3 ok)"),
        ("loss gradient --at model_to_check:point", 0, "oracle: interval"),
        ("loss wrong --at model_to_check:point", 1, "b: wrong"),
        ("named named_gradient --array --at {'w':[1,2],'b':3}", 0, "3 components: 3 ok"),
        ("cube curvature --order 2 --at 1.5", 0, "Hessian: ok"),
        ("cube cube --oracle rerun --at 2.0", 1, "oracle: rerun"),
        ("relu relu_slope --at 0.0", 0, "gradient: kink"),
        ("relu relu_slope --at 0.0 --on-kink fail", 1, "gradient: wrong"),
        ("steps slope --at 0.1234", 3, "gradient: inconclusive"),
    ],
)
def test_the_exit_code_is_the_verdict(words: str, status: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    f, grad, *options = words.split()
    assert check(f, grad, *options) == status
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("model_to_check model_to_check:cube --at 1", "'model_to_check' names no function; write module:function"),
        ("model_to_check:cubes model_to_check:cube --at 1", "has no 'cubes'; did you mean 'cube'?"),
        ("model_to_check:zzzz model_to_check:cube --at 1", "module 'model_to_check' has no 'zzzz'"),
        ("no_such_module:f model_to_check:cube --at 1", "No module named 'no_such_module'; it is looked for in "),
        ("model_to_check.py:cube model_to_check:cube --at 1", "names a file; write the module, model_to_check:cube"),
        ("model_to_check:cube model_to_check:cube --at one", "--at 'one' is neither a number, a list nor module:name"),
        ("model_to_check:cube model_to_check:cube --at [open('f:w')]", "is neither a number, a list nor module:name"),
        ("model_to_check:cube model_to_check:cube --at inf", "is neither a number"),
        ("model_to_check:cube model_to_check:cube --at []", "there is no number in at=[]"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(words: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    shown = capsys.readouterr().out
    assert shown.startswith("error: ")
    assert problem in shown
    assert shown.count("\n") == 1


def test_nothing_of_the_point_is_ever_run(tmp_path: Path) -> None:
    assert check("cube", "cube", "--at", f"__import__('pathlib').Path({str(tmp_path / 'run')!r}).touch()") == 2
    assert not (tmp_path / "run").exists()


def test_a_point_that_is_missing_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        check("cube", "cube")
    assert stopped.value.code == 2
    assert "name a function, its gradient and a point" in capsys.readouterr().err


def test_the_folder_is_searched_only_while_the_check_runs(tmp_path: Path) -> None:
    before = list(sys.path)
    assert check("cube", "no_such", "--at", "1") == 2
    assert sys.path == before


def test_the_table_loses_no_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", "--points", "3"]) == 0
    heads, *rows = capsys.readouterr().out.splitlines()
    assert heads.split()[-1] == "lost"
    assert {row.split()[0] for row in rows} >= {"exp", "tanh", "dot", "pow"}
    assert {row.split()[-1] for row in rows} == {"0"}
