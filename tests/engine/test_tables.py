from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables import Table, cut, shown, wrapped

CELLS = st.text(st.sampled_from("ab |*_\\{}$&#%^~<>\N{MULTIPLICATION SIGN}…"), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), st.integers(40, 100))
def test_no_table_is_wider_than_asked_and_no_row_is_lost(rows: list[tuple[str, ...]], width: int) -> None:
    table = Table("", ("left", ">right", "more"), tuple(rows), optional=(2,))
    lines = table.text(width, color=False).split("\n")
    assert len(lines) == 1 + len(rows)
    assert max(map(len, lines)) <= width


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_markdown_cells_cannot_break_out_of_their_row(rows: list[tuple[str, ...]]) -> None:
    lines = Table("", ("a", ">b"), tuple(rows)).markdown().splitlines()
    assert len(lines) == 2 + len(rows)
    for line in lines:
        bars = [i for i, letter in enumerate(line) if letter == "|" and _backslashes_before(line, i) % 2 == 0]
        assert len(bars) == 3


def _backslashes_before(line: str, i: int) -> int:
    return len(line[:i]) - len(line[:i].rstrip("\\"))


@given(CELLS)
def test_latex_braces_balance_whatever_a_cell_holds(cell: str) -> None:
    latex = Table("", ("a",), ((cell,),)).latex()
    depth = 0
    for i, letter in enumerate(latex):
        if letter in "{}" and _backslashes_before(latex, i) % 2 == 0:
            depth += 1 if letter == "{" else -1
            assert depth >= 0
    assert depth == 0


def test_optional_columns_go_first_where_the_page_is_narrow() -> None:
    table = Table("", ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccccccccccccc"), (("1", "2", "3"),), optional=(1,))
    assert "bbbbbbbbbb" in table.text(60)
    assert table.text(40).splitlines()[0] == "aaaaaaaaaa  cccccccccccccccccccc"


def test_a_table_shows_itself_in_a_repl_and_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    table = Table("title", ("a",), (("1",),), notes=("a note " * 20,))
    assert repr(table) == table.text(50)
    assert table._repr_markdown_() == table.markdown()
    assert os.environ["COLUMNS"] == "50"
    assert max(map(len, repr(table).splitlines())) <= 50


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"), (-0.0, "0"), (1 / 3, "0.333333"), (1e300, "1e300"), (float("nan"), "nan"), (float("-inf"), "-inf"),
        (Fraction(-3, 7), "-3/7"), (Fraction(10**30, 7), "~1.42857e29"), (Fraction(-(10**400), 3), "~-1e399"),
        (Decimal("0.1"), "0.1"), (Decimal(1) / 3, "~0.333333"), (1 - 2j, "1-2j"), (mpmath.mpf(1) / 3, "0.333333"),
        (mpmath.mpf(2), "2"), (mpmath.iv.mpf([1, 2]), "[1, 2]"), (mpmath.mpc(1, 2), "(1.0 + 2.0j)"),
    ],
)  # fmt: skip
def test_every_type_of_number_is_written_short(number: Any, text: str) -> None:
    assert shown(number) == text


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


@given(st.text(st.sampled_from("ab .[(*"), max_size=60), st.integers(12, 30))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(len, lines)) <= width
