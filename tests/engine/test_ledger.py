from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from networks import moons
from programs import EXACT, Program, floats, fractions, programs
from work import growth

from engine import Graph, Value, dot, explain, recording, sqrt
from engine.digest import levels
from engine.graph import adjoints
from engine.ledger import Ledger
from engine.tables import ELLIPSIS
from nn.scalar import MLP


def small() -> tuple[Value, Value, Value]:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = x * y + x**2
    f.label = "f"
    return x, y, f


def grouped(ledger: Ledger) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for use in ledger.uses:
        found.setdefault(use.node, []).append(use)
    return found


@given(programs(fractions(), EXACT))
def test_the_contributions_to_a_node_sum_to_its_gradient_exactly(program: Program) -> None:
    y, inputs = program.record()
    y.backward()
    ledger = explain(y)
    for node, uses in grouped(ledger).items():
        v = ledger.graph.nodes[node]
        assert sum(use.contribution for use in uses) == uses[-1].running_sum == v.grad
        assert all(use.contribution == use.upstream * use.local for use in uses)
    assert {x: g for x, g in ledger.gradient().items() if x in inputs} == {
        x: x.grad for x in inputs if x in ledger.graph.index
    }


@given(programs(floats()))
def test_the_gradient_has_the_bits_of_the_plain_rule(program: Program) -> None:
    y, inputs = program.record()
    ledger = explain(y, wrt=inputs)
    found = adjoints(y)
    assert all(float(ledger.gradient()[x]).hex() == float(found[x]).hex() for x in inputs if x in found)


def test_contributions_of_one_node_are_added_in_the_order_of_its_arguments() -> None:
    x = Value(1.0)
    y = dot([x, x, x], [1e16, 1.0, -1e16])
    assert [use.running_sum for use in explain(y, wrt=x).uses] == [1e16, 1e16, 0.0]
    y.backward()
    assert x.grad == 0.0


@given(programs(fractions(), EXACT))
def test_every_use_is_listed_once_and_after_its_user_is_complete(program: Program) -> None:
    y, _ = program.record()
    ledger = explain(y)
    edges = [(e.source, e.target, e.position) for e in ledger.graph.edges]
    assert sorted((use.node, use.user, use.position) for use in ledger.uses) == sorted(edges)
    assert all(use.upstream == ledger.adjoints[use.user] for use in ledger.uses)
    order = [use.node for use in ledger.uses]
    assert order == sorted(order, reverse=True)


def test_with_respect_to_one_leaf_only_what_lies_between_is_listed() -> None:
    x, _, f = small()
    ledger = explain(f, wrt=x)
    assert {ledger.name(ledger.graph.nodes[use.node]) for use in ledger.uses} == {"#2", "#4", "x"}
    assert ledger.gradient() == {x: 7.0}


def test_the_table_reads_like_the_chain_rule() -> None:
    x, _, f = small()
    lines = f.explain(wrt=x).text(80, ascii=True, color=False).splitlines()
    assert lines[-3].split() == ["#2", "=", "x*y", "1", "3", "3", "7"]
    assert lines[-1] == "df/dx = 7"


def test_no_gradient_is_touched_and_backward_need_not_have_run() -> None:
    x, y, f = small()
    explain(f).text()
    assert [v.grad for v in (x, y, f)] == [0, 0, 0]


def test_names_come_from_labels_then_from_variables_then_from_ids() -> None:
    x, w = Value(2.0, label="x"), [Value(3.0)]
    y = dot([x], w) * 2
    ledger = explain(y, names={"w": w, "x_elsewhere": x})
    assert [ledger.name(v) for v in ledger.graph.nodes] == ["x", "w[0]", "#2", "2", "#4"]


def test_the_source_line_stands_beside_each_use_when_it_was_recorded() -> None:
    x = Value(2.0, label="x")
    with recording():
        y = x * x
    assert "test_ledger.py:" in explain(y).text(100)
    assert "test_ledger.py:" not in explain(x * x).text(100)
    node = json.loads(explain(y).json())["nodes"][-1]
    assert node["source"] == "y = x * x"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    model = MLP(2, [2, 1], rng=random.Random(1))
    with recording():
        loss = (model([1.0, 2.0]) - 0.5) ** 2
    for shown in (explain(loss, names={"model": model}), explain(loss).trace(), explain(loss, limit=3)):
        assert max(map(len, shown.text(width).splitlines())) <= width


def of_a_network() -> Ledger:
    model = MLP(2, [2, 1], rng=random.Random(1))
    return explain((model([1.0, 2.0]) - 0.5) ** 2, names={"model": model})


def test_long_names_are_wrapped_in_their_column_and_never_cut() -> None:
    _, _, heads, *lines = of_a_network().text(80, color=False).splitlines()
    names: list[str] = []
    for line in lines[: lines.index("")]:
        cell = line[: heads.index("used in")].rstrip()
        if cell.startswith(" "):
            names[-1] += cell.strip()
        elif cell:
            names.append(cell)
    assert names == [row[0] for row in of_a_network().table().rows if row[0]]
    assert "model.layers[0].neurons[1].w[0]" in names


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_number_is_cut_where_the_page_is_narrow(width: int) -> None:
    ledger = of_a_network()
    text = ledger.text(width)
    assert ELLIPSIS not in text
    assert all(number in text for row in ledger.table().rows for number in row[2:])


def test_on_forty_columns_each_use_is_a_paragraph_with_its_headings() -> None:
    _, _, f = small()
    assert f.explain().text(40, ascii=True, color=False).splitlines()[-7:-2] == [
        "x",
        "  used in #4 = x**2  upstream 1",
        "  x local 4  = product 4  df/dnode 4",
        "  used in #2 = x*y  upstream 1",
        "  x local 3  = product 3  df/dnode 7",
    ]


def test_ascii_is_plain_and_colours_are_only_added_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, f = small()
    assert explain(f).text(80, ascii=True).isascii()
    assert "\x1b[" not in explain(f).text(80)
    assert "\x1b[32m" in explain(f).text(80, color=True)


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, f = small()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in explain(f).text(80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in explain(f).text(80)


def test_markdown_is_a_table_with_as_many_cells_in_each_row() -> None:
    _, _, f = small()
    rows = [line for line in explain(f).markdown().splitlines() if line.startswith("|")]
    assert len({line.count("|") - line.count(r"\|") for line in rows}) == 1
    assert r"\#2 = x\*y" in rows[-1] or any(r"x\*y" in row for row in rows)


def test_latex_is_one_balanced_array() -> None:
    _, _, f = small()
    latex = explain(f).latex()
    assert latex.startswith(r"\begin{array}{llrrrr}")
    assert latex.endswith(r"\end{array}")
    body = latex.splitlines()[1:-1]
    assert {line.count(" & ") for line in body} == {5}
    assert latex.replace(r"\{", "").count("{") == latex.replace(r"\}", "").count("}")


def test_json_holds_every_number_and_survives_what_json_lacks() -> None:
    _, _, f = small()
    found = json.loads(explain(f).json())
    assert found["gradient"] == {"x": 7.0, "y": 2.0}
    assert len(found["uses"]) == 5
    assert found["uses"][-1]["running_sum"] == 7.0
    exact = Value(Fraction(1, 3), label="t")
    assert json.loads(explain(exact * exact).json())["gradient"] == {"t": "2/3"}
    zero = Value(0.0, label="z")
    assert json.loads(explain(sqrt(zero)).json())["gradient"] == {"z": "inf"}


def test_the_trace_shows_values_down_and_adjoints_up() -> None:
    _, _, f = small()
    lines = explain(f).trace().text(80, ascii=True).splitlines()
    assert lines[0] == "Forward trace, read down; reverse trace, read up"
    assert lines[3].split() == "x 2 7 = 1 x 4 + 1 x 3".split()
    assert lines[-1].split() == "f = #2 + #4 10 1".split()


# --- large graphs ----------------------------------------------------------------------------------


def test_a_network_folds_to_one_row_for_each_operation_of_a_layer() -> None:
    model = MLP(3, [16, 16, 1], rng=random.Random(1), activation="tanh")
    loss = (model([1.0, 2.0, 3.0]) - 1) ** 2
    table = explain(loss).table()
    assert [(row[0], row[1], row[2]) for row in table.rows] == [
        ("level 7", "**", "1"), ("level 6", "-", "1"), ("layer 3", "dot", "1"), ("layer 2", "tanh", "16"),
        ("layer 2", "dot", "16"), ("layer 1", "tanh", "16"), ("layer 1", "dot", "16"),
    ]  # fmt: skip
    ledger = explain(loss)
    assert sum(int(row[3]) for row in table.rows) == len(ledger.uses)
    assert "uses shown as 7 rows" in table.text(80)


def test_a_batch_through_micrograds_network_folds_into_its_three_layers_and_its_long_sums() -> None:
    loss = moons()
    table = explain(loss).table()
    cells = [(row[0], row[1]) for row in table.rows]
    assert [cell for cell in cells if cell[0].startswith("layer")] == [
        ("layer 3", "+"), ("layer 3", "*"), ("layer 2", "ReLU"), ("layer 2", "+"), ("layer 2", "*"),
        ("layer 1", "ReLU"), ("layer 1", "+"), ("layer 1", "*"),
    ]  # fmt: skip
    assert [row[2] for row in table.rows if row[:2] == ("layer 2", "ReLU")] == ["160"]  # 16 neurons, 10 samples
    # sum(margins) adds 10 numbers, sum(p * p) the squares of 337 parameters: each starts from a 0.
    assert [row[2] for row in table.rows if row[0].startswith("levels") and row[1] == "+"] == ["337", "10"]
    assert sum(int(row[3].replace(",", "")) for row in table.rows) == len(explain(loss).uses)


def test_a_network_of_more_layers_than_half_the_limit_has_one_row_for_each() -> None:
    model = MLP(3, [4] * 40 + [1], rng=random.Random(1), activation="tanh")
    rows = explain((model([1.0, 2.0, 3.0]) - 1) ** 2).table().rows
    assert [row[0] for row in rows] == ["level 83", "level 82", *(f"layer {k}" for k in range(41, 0, -1))]
    assert rows[3][1] == "dot, tanh"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20, 60])
def test_a_folded_ledger_has_no_more_rows_than_asked_for_and_counts_every_use(limit: int) -> None:
    for y in (moons(2), chain(200)[0], MLP(2, [8, 8, 1], rng=random.Random(1))([1.0, 2.0])):
        ledger = explain(y, limit=limit)
        rows = ledger.table().rows
        assert len(rows) <= limit or len(rows) == 1 + len(ledger.uses)
        if len(ledger.uses) > limit:
            assert sum(int(row[3].replace(",", "")) for row in rows) == len(ledger.uses)


def test_dead_neurons_show_as_zeros() -> None:
    model = MLP(2, [4, 1], rng=random.Random(1))
    for neuron in model.layers[0].neurons:
        neuron.b.data = -100.0
    rows = explain(model([1.0, 1.0]), limit=20).table().rows
    assert [row[1] for row in rows] == ["dot", "ReLU", "dot"]
    assert rows[-1][3:5] == ("12", "12")  # two weights and a bias for each of four neurons, and each contribution is 0


def chain(operations: int) -> tuple[Value, Value]:
    v = x = Value(1.0, label="x")
    for i in range(operations):
        v = v * 1.0001 if i % 2 else v + x
    return v, x


def test_a_graph_of_a_hundred_thousand_nodes_is_folded_and_only_printed_whole_on_request() -> None:
    y, x = chain(50_000)
    text = explain(y).text(80)
    assert len(text.splitlines()) < 80
    assert "limit=None everything" in text
    assert len(explain(y, wrt=x, limit=None).table().rows) > 50_000


@pytest.mark.parametrize("limit", [None, 60], ids=["unfolded", "folded"])
@pytest.mark.parametrize("form", ["text", "markdown", "latex", "json", "trace"])
def test_the_work_of_a_ledger_grows_with_the_number_of_operations(form: str, limit: int | None) -> None:
    assert growth(lambda y: getattr(explain(y, limit=limit), form)(), lambda n: chain(n)[0], 250) < 5


def test_levels_are_longest_ways_to_a_leaf() -> None:
    x = Value(2.0)
    y = (x * x + x) * x
    assert levels(Graph(y)) == [0, 1, 2, 3]


# --- hints -----------------------------------------------------------------------------------------


def hints(y: Value, **options: Any) -> str:
    return " ".join(explain(y, **options).hints)


def test_a_zero_because_x_is_not_in_the_graph_is_said_to_be_one() -> None:
    x, z = Value(2.0, label="x"), Value(5.0, label="z")
    y = x * z.data
    assert explain(y, wrt=z).gradient() == {z: 0.0}
    assert "is 0 because z is not in the graph" in hints(y, wrt=z)
    assert hints(y, wrt=x) == ""


def test_a_leaf_that_holds_an_older_gradient_gets_one_hint() -> None:
    x, y, f = small()
    f.backward()
    assert hints(f) == ""
    f.backward()
    assert hints(f).count("leaves add up over backward passes") == 1
    assert "x.grad holds 14, not 7" in hints(f)
    x.grad = y.grad = 0
    assert hints(f) == ""


def test_data_set_on_an_inner_node_is_noticed() -> None:
    x, _, f = small()
    inner = f.args[0]
    inner.data = 100.0
    assert "#2 holds 100, but is 6 by its arguments" in hints(f)
    Graph(f).forward()
    assert hints(f) == ""
    assert x.data == 2.0


def test_a_leaf_alone_is_said_to_be_one() -> None:
    assert "made from nothing" in hints(Value(3.0, label="x"))


def test_a_nan_is_pointed_at() -> None:
    assert "backward: d(#1)/d(x) is inf" in hints(sqrt(Value(0.0, label="x")))


@pytest.mark.parametrize("bad", [3.0, [1.0], None])
def test_a_plain_number_has_no_history_and_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="has forgotten what it was made from"):
        explain(bad)
    if bad is not None:
        with pytest.raises(TypeError, match="wrt must be a Value or several"):
            explain(Value(1.0) * 2, wrt=[bad])


def test_a_name_in_place_of_a_value_is_refused_as_one() -> None:
    with pytest.raises(TypeError, match="got the text 'x': give the Value itself, not its name"):
        explain(small()[2], wrt="x")  # type: ignore[arg-type]  # the mistake is tested


@pytest.mark.parametrize("limit", [0, -1, 2.5])
def test_a_limit_below_one_is_refused_with_what_shows_everything(limit: Any) -> None:
    with pytest.raises(ValueError, match="1 or more, or None for all of them; got"):
        explain(small()[2], limit=limit)
