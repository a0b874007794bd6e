"""The lines that repeat a check: they run, and give the point again to the last bit."""

import ast
import math
from typing import Any

import numpy as np
import pytest

from engine.check.reproduction import LONGEST, reproduction


def point_of(lines: str) -> Any:
    """Run the imports, and evaluate what stands after at=."""
    scope: dict[str, Any] = {}
    *imports, call = ast.parse(lines).body
    exec(compile(ast.Module(imports, []), "lines", "exec"), scope)
    assert isinstance(call, ast.Expr)
    [at] = [k.value for node in ast.walk(call) if isinstance(node, ast.Call) for k in node.keywords if k.arg == "at"]
    return eval(compile(ast.Expression(at), "at", "eval"), scope)


@pytest.mark.parametrize(
    "at",
    [
        0.1,
        -0.0,
        5e-324,
        (2.0, -3.0),
        (0.1 + 0.2,),
        [2.0, [1.0, 1 / 3]],
        {"w": [0.1], 3: (1.0, 2.0)},
        np.array([[0.1, 1 / 3], [1e300, -5e-324]]),
        (np.array([0.1]), 2.0),
        {"w": np.array([[1.0]])},
        np.array([0.1], dtype=np.float32),
    ],
)
def test_the_lines_give_the_point_to_the_last_bit(at: Any) -> None:
    assert repr(point_of(reproduction(math.sin, math.cos, at))) == repr(at)


def test_functions_are_imported_from_where_they_are_and_others_told_by_their_line() -> None:
    lines = reproduction(math.sin, lambda x: math.cos(x), 0.5).splitlines()
    assert lines[0] == "from math import sin"
    assert lines[1].startswith("# grad is ")
    assert " of test_reproduction.py" in lines[1]
    assert lines[-1] == "print(check_gradient(sin, grad, at=0.5))"


def test_an_order_is_repeated_and_a_large_point_named_rather_than_written_out() -> None:
    assert "order=2" in reproduction(math.sin, math.cos, 0.5, order=2)
    lines = reproduction(math.sin, math.cos, [0.1] * LONGEST)
    assert len(lines) < LONGEST
    assert "0.1, 0.1" not in lines
