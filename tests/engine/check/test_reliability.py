"""What is said of reliability is true: the README's ulp table is not stale, each edge of the page is as it says."""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine
import viz
from engine import Value
from engine.check.case import ulps_between
from engine.check.table import lines
from engine.row import TABLE
from viz.numerals import TIMES

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "examples").is_dir() or p.parent == p)
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "reliability.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="docs are in the checkout only")

CURE = "write the output of python -m engine.check --table into README.md"


def shown() -> dict[str, list[float]]:
    """Return the figures of the README's table by row: points, value, gradient, conditioned, lost."""
    [block] = re.findall(r"```text\n(worst in ulp.*?)```", README.read_text(encoding="utf-8"), flags=re.S)
    return {line.split()[0]: [float(x) for x in line.split()[1:]] for line in block.splitlines()[1:]}


def test_the_ulp_table_of_the_readme_is_not_stale() -> None:
    written = shown()
    assert list(written) == list(TABLE), CURE
    for line in lines():
        points, value, gradient, conditioned, lost = written[line.name]
        assert (line.points, line.lost) == (points, lost), (line.name, CURE)
        # The functions of another C library round a little differently.
        for now, then in ((line.value, value), (line.conditioned, conditioned)):
            assert abs(now - then) <= 1 + 0.25 * then, (line.name, now, then, CURE)
        assert (line.slope <= 8) == (gradient <= 8) or abs(line.slope - gradient) <= 1, (line.name, CURE)


def test_no_derivative_of_the_table_is_lost_or_off_by_more_than_its_condition_explains() -> None:
    for name, (_, _, gradient, conditioned, lost) in shown().items():
        assert lost == 0, name
        assert gradient <= 4 or conditioned <= 8, name


def edges() -> list[tuple[str, str, str, str, str]]:
    """Return the rows of the page's table of edges."""
    section = TEXT.partition("## Edges")[2].partition("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("|")]
    return [tuple(cell.strip().strip("`") for cell in row) for row in rows[2:]]  # type: ignore[misc]  # five of them


def numbers(cell: str) -> list[float]:
    return [float(x) for x in cell.split(",")] if cell else []


NAMES: dict[str, Callable[..., Any]] = {name: getattr(engine, name) for name in TABLE if hasattr(engine, name)}


def is_same(found: float, expected: float) -> bool:
    return (math.isnan(found) and math.isnan(expected)) or ulps_between(float(found), expected, expected) <= 2


@pytest.mark.parametrize(("case", "formula", "at", "value", "derivatives"), edges(), ids=lambda cell: str(cell)[:40])
def test_an_edge_is_as_the_page_says(case: str, formula: str, at: str, value: str, derivatives: str) -> None:
    xs = [Value(x) for x in numbers(at)]
    names = {**NAMES, "x": xs[0], "y": xs[-1]}
    if value.endswith("Error"):
        with pytest.raises(getattr(builtins, value)):
            eval(formula, {}, names)
        return
    y = eval(formula, {}, names)
    y.backward()
    assert is_same(y.data, float(value)), case
    assert len(numbers(derivatives)) == len(xs)
    assert all(is_same(x.grad, d) for x, d in zip(xs, numbers(derivatives), strict=True)), [x.grad for x in xs]


REFERENCE = {
    "`x**y` | 0, 0", "`x**0` | 0", "`x**y` | 0, -1", "`x / y` | 1, 0", "`log(x)` | 0", "`log(x)` | -1",
    "`sqrt(x)` | -1", "`sqrt(x)` | 0", "`x**y` | -2, 3", "`abs(x)` | 0", "`relu(x)` | 0", "`leaky_relu(x, 0.01)` | 0",
    "`maximum(x, y)` | 2, 2", "`minimum(x, y)` | 2, 2", "`sin(x)` | nan", "`hypot(x, y)` | 0, 0",
    "`atan2(x, y)` | 0, 0", "`sigmoid(x)` | 1e6", "`tanh(x)` | -1e6", "`softplus(x)` | 1e6",
    "`logsumexp(x, y)` | 1e6, -1e6",
    "`softplus(x) - y * x` | -700, 0", "`x * y` | 5e-324, 3",
}  # fmt: skip


def test_the_page_has_every_edge_that_was_agreed_on() -> None:
    assert {row for row in REFERENCE if row not in TEXT} == set()


def test_a_long_chain_is_drawn_folded() -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(50_000):
        y = -(y + x)
    y.backward()
    text = viz.tree(y, width=100, color=False)
    assert f"+ {TIMES} 49,999" in text
    assert len(text.splitlines()) < 20
    assert len(viz.draw(y).source) < 20_000
