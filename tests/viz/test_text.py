import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth, halved

from engine import Value, sum_
from viz import tree
from viz.numerals import TIMES
from viz.text import columns


def lines(value: Value, **options: object) -> list[str]:
    return tree(value, **{"width": 80, "ascii": False, "color": False, **options}).splitlines()


def test_the_tree_shows_a_shared_node_once_and_then_refers_to_it(square: Value) -> None:
    assert lines(square) == [
        "y = +       data  12.000 | grad  1.0000",
        f"├─ #1 = *   data  9.0000 | grad  1.0000 | {TIMES} 1",
        f"│  ├─ x     data  3.0000 | grad  7.0000 | {TIMES} x = 3.0000",
        f"│  └─ ↑ x                               | {TIMES} x = 3.0000",
        f"└─ ↑ x                                  | {TIMES} 1",
    ]


def test_ascii_is_ascii(square: Value) -> None:
    text = tree(square, ascii=True, color=False, width=80)
    assert text.isascii()
    assert len(text.splitlines()) == 5


def test_constants_stand_in_their_place() -> None:
    assert [line.strip("└├─│ ").split()[0] for line in lines(10.0 / Value(4.0, label="x"))] == ["#2", "10.0", "x"]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=60), st.integers(40, 200))
def test_no_line_is_wider_than_the_page_and_every_node_is_shown_exactly_once(
    steps: list[tuple[int, int]], width: int
) -> None:
    made = [Value(1.0, label="x"), Value(-2.0, label="y")]
    for one, other in steps:
        made.append(made[one % len(made)] + made[other % len(made)])
    total = sum_(made)
    text = lines(total, width=width, max_arguments=100, max_nodes=1000)
    assert max(map(len, text)) <= max(width, 48)
    assert sum("data" in line for line in text) == len(made) + 1


def test_a_deep_chain_goes_on_below_instead_of_running_out_of_the_page() -> None:
    value = Value(1.0, label="x")
    for _ in range(40):
        value = value.tanh()
    text = lines(value)
    assert "" in text
    assert sum("data" in line for line in text) == 41
    assert max(map(len, text)) <= 80


def test_a_hundred_thousand_nodes_are_cut_and_counted(chain: Value) -> None:
    text = lines(chain, max_nodes=10, level="op")
    assert "10 of 100,001 nodes shown" in text[-2]
    assert len(text) < 40


@pytest.mark.parametrize("options", [{"level": "op", "max_nodes": 10}, {"level": "op", "max_nodes": 10**6}, {}])
def test_the_work_grows_with_the_number_of_nodes(options: dict[str, object]) -> None:
    assert growth(lambda value: lines(value, **options), halved, 500) < 5


def test_a_large_graph_is_folded_and_says_so(chain: Value) -> None:
    text = lines(chain, ascii=True)
    assert sum("data" in line for line in text) == 4
    assert any("* x 99,998" in line for line in text)
    assert "100,001 nodes shown as 4 boxes" in text[-2]


def test_what_is_lit_has_a_star_and_the_paths_stand_below(square: Value) -> None:
    text = lines(square, highlight=square.args[1])
    assert [line.split("data")[0].strip() for line in text if "data" in line and "*" in line.split("data")[0]] == [
        "y = + *",
        "├─ #1 = * *",
        "│  ├─ x *",
    ]
    assert text[-4] == "d y / d x = 7.0000, the sum over 3 paths"


def test_names_come_from_the_caller() -> None:
    a = Value(1.0)
    assert lines(a.tanh(), names={"a": a})[1].startswith("└─ a ")


def test_colours_are_for_terminals_and_respect_no_color(square: Value, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert "\x1b[" not in tree(square)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert "\x1b[" in tree(square)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in tree(square)
    assert "\x1b[" in tree(square, color=True)


def test_an_output_that_cannot_show_boxes_gets_ascii(square: Value, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert tree(square, color=False).isascii()


def test_a_repl_shows_the_tree_as_it_is(square: Value) -> None:
    assert repr(tree(square)) == str(tree(square))


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="only a Value has a graph"):
        tree(3)


def test_wide_letters_take_two_columns_and_nothing_is_wider_than_asked() -> None:
    x, y = Value(2.0, label="\N{CJK UNIFIED IDEOGRAPH-6570}" * 30), Value(3.0, label="e\N{COMBINING ACUTE ACCENT}" * 9)
    lines = tree(x * y + 1, width=60, color=False).splitlines()
    bars = {columns(line[: line.index("|")]) for line in lines if "grad" in line}
    assert len(bars) == 1
    assert max(map(columns, lines)) <= 60
