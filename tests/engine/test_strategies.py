from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from programs import EXACT, Program, floats, fractions, programs

from engine import Graph, Value, strategies, tanh
from engine.strategies import Example, compare, smallest_example
from engine.ways import WAYS, Run

RIGHT = ["reverse", "forward", "paths"]
WRONG = ["recursion without order", "depth-first post-order", "= instead of +="]


def issue_68() -> tuple[Value, Value, Value]:
    """The example under micrograd's issue 68."""
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    c, d = a + b, a * b
    y = (c + d) + c * d
    return a, b, y


@given(programs(fractions(), EXACT, largest=8))
def test_the_right_ways_agree_exactly_over_fractions(program: Program) -> None:
    y, _ = program.record()
    found = compare(y)
    y.backward()
    for name in RIGHT:
        gradient = found[name].gradient
        if gradient is not None:
            assert found[name].verdict == "right"
            assert gradient == {x: x.grad for x in found.wrt}


@given(programs(floats(), ("add", "mul", "sub", "sin", "tanh", "sum", "dot"), largest=8))
def test_the_right_ways_agree_within_rounding_over_floats(program: Program) -> None:
    found = compare(program.record()[0])
    assert {found[name].verdict for name in RIGHT} <= {"right", "not run"}


@given(programs(fractions(), EXACT, largest=8))
def test_a_wrong_way_is_wrong_only_where_it_names_its_first_mistake(program: Program) -> None:
    found = compare(program.record()[0])
    for name in WRONG:
        if found[name].verdict == "WRONG":
            assert found[name].mistake is not None
        if found[name].mistake is None:
            assert found[name].gradient == found["reverse"].gradient


def test_a_node_that_was_passed_on_in_time_and_then_again_is_the_mistake() -> None:
    a = Value(Fraction(2), label="a")
    b = (a + a) + (a + a)
    c = a + a
    found = compare((c + c) + c)["recursion without order"]  # c has all of 3 when it is met by c + c, and is met again
    assert found.verdict == "WRONG"
    assert found.mistake is not None
    assert found.mistake.node is c
    assert found.mistake.what == "was passed on again, though all of 3 had been passed on before"
    assert compare(b)["recursion without order"].mistake is None  # every node but the leaf has one use


def test_the_example_of_micrograds_issue_68() -> None:
    a, b, y = issue_68()
    found = compare(y)
    # By hand: c = 5, d = 6; dy/dc = 1 + d = 7, dy/dd = 1 + c = 6; dy/da = 7 + 6 b, dy/db = 7 + 6 a.
    assert found["reverse"].gradient == {a: 25.0, b: 19.0}
    # Recursion: c is passed on with 1, d with 1, then c with 1 + 6 and d with 1 + 5 again:
    # a gets 1 + 3 + 7 + 6 * 3, b gets 1 + 2 + 7 + 6 * 2.
    assert found["recursion without order"].gradient == {a: 29.0, b: 22.0}
    assert found["recursion without order"].mistake is not None
    assert found["recursion without order"].mistake.what == "was passed on too early, after 1 of its 2 uses"


def test_the_example_of_micrograds_issue_96_sends_nothing_to_the_leaves() -> None:
    a, b, y = issue_68()
    outcome = compare(y)["depth-first post-order"]
    assert outcome.gradient == {a: 0.0, b: 0.0}
    assert outcome.mistake is not None
    assert outcome.mistake.what == "was passed on too early, after 0 of its 2 uses"


def test_the_example_of_micrograds_pull_request_64() -> None:
    # a = 1, b = a + a, c = b + b: with each argument taken once, as in micrograd's sets, recursion happens to be right.
    a = Value(1.0)
    b = a + a
    assert compare(b + b)["recursion without order"].verdict == "right here"


def test_the_counts_are_those_made_by_hand() -> None:
    a, b = Value(2.0), Value(3.0)
    y = a * b + a  # nodes a, b, a*b, y; edges 4; leaves 2; paths 3
    found = compare(y)
    counted = {o.name: (o.multiplications, o.additions, o.visits) for o in found.outcomes}
    assert counted["reverse"] == (4, 4, 4)
    assert counted["forward"] == (8, 8, 8)
    assert counted["paths"] == (4, 3, 5)  # two edges from the top and two below; visits y, a, a*b, a, b
    assert counted["finite differences"] == (2 * (2 + 1), 2 * (2 + 4), 16)
    assert counted["= instead of +="] == (4, 0, 4)


def test_the_cost_of_enumeration_is_counted_and_not_paid() -> None:
    v = Value(1.0)
    for _ in range(100):
        v = v * v
    outcome = compare(v)["paths"]
    assert outcome.verdict == "not run"
    assert outcome.visits == 2**101 - 1
    assert outcome.gradient is None


@given(programs(fractions(), EXACT, largest=6))
def test_the_visits_that_are_predicted_are_the_visits_that_are_made(program: Program) -> None:
    graph = Graph(program.record()[0])
    run = Run(graph, graph.leaves)
    for way in WAYS[:4] + WAYS[5:]:
        run.start()
        way.run(run)
        assert run.visits == way.cost(run)


@pytest.mark.parametrize(
    ("way", "program"),
    [
        ("recursion without order", ("a = 2", "c = a + a", "d = a + c", "y = c + d")),
        ("depth-first post-order", ("a = 2", "c = a + a", "y = a + c")),
        ("= instead of +=", ("a = 2", "y = a + a")),
    ],
)
def test_the_smallest_examples_are_wrong_when_run(way: str, program: tuple[str, ...]) -> None:
    found = next(w for w in WAYS if w.name == way)
    example = smallest_example(found)
    assert example.program == program
    names: dict[str, Value] = {}
    for line in program:
        name, _, formula = line.partition(" = ")
        names[name] = Value(float(formula), label=name) if formula.isdigit() else names[formula[0]] + names[formula[4]]
    outcome = compare(names["y"])[way]
    assert outcome.verdict == "WRONG"
    assert outcome.gradient == {names["a"]: float(example.wrong)}
    names["y"].backward()
    assert names["a"].grad == float(example.right)


def test_no_small_program_shows_back_propagation_to_be_wrong() -> None:
    with pytest.raises(ValueError, match="no program of 3 operations"):
        smallest_example(WAYS[0])


def test_finite_differences_say_how_far_off_they_are() -> None:
    x = Value(0.5)
    verdict = compare(tanh(x))["finite differences"].verdict
    assert verdict.startswith("off by ")
    assert float(verdict.removeprefix("off by ")) < 1e-9


@pytest.mark.parametrize("number", [Fraction(1, 3), 0.5, 0.5 + 0.25j, mpmath.mpf("0.5"), mpmath.iv.mpf([0.5, 0.75])])
def test_every_type_of_number_is_compared(number: object) -> None:
    x = Value(number)
    found = compare((x * x + 2) * x)
    assert [found[name].verdict for name in RIGHT] == ["right"] * 3
    assert found["= instead of +="].verdict == "WRONG"


def test_comparing_touches_no_gradient() -> None:
    a, b, y = issue_68()
    y.backward()
    before = [v.grad for v in Graph(y).nodes]
    compare(y)
    assert [v.grad for v in Graph(y).nodes] == before
    assert (a.data, b.data) == (2.0, 3.0)


def test_the_table_fits_a_terminal_and_names_the_mistakes() -> None:
    shown = str(strategies.compare(issue_68()[2]).table().text(80, color=False))
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.splitlines()[2].split()[:3] == ["way", "d/da", "d/db"]
    assert "was passed on too early, after 1 of its 2 uses" in shown
    assert "Smallest example: a = 2; y = a + a: dy/da = 1" in shown.replace("\n  ", " ")


def test_of_many_leaves_all_are_compared_and_a_few_are_shown_where_ways_go_wrong() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(1, 13)]
    shown = strategies.compare(sum(xs[:-1]) + xs[-1] * xs[-1]).table().text(100, color=False)
    assert "The gradient has 12 entries, all of them compared; the table shows a few." in shown
    assert "d/dx12" in shown.splitlines()[2]
    assert "d/dx11" not in shown
    assert "#2 was passed on too early, before its use." in shown


def test_leaves_are_asked_for_by_identity_not_by_their_number() -> None:
    a, b = Value(2.0), Value(3.0)
    with pytest.raises(ValueError, match="is not in its graph"):
        compare(a * b, wrt=Value(3.0))
    inner = a * b
    with pytest.raises(ValueError, match="is a node inside it"):
        compare(inner.exp(), wrt=inner)
    inner.label = "inner"
    with pytest.raises(ValueError, match="wrt must be leaves of y; inner is a node inside it"):
        compare(inner.exp(), wrt=inner)
    with pytest.raises(TypeError, match="Values themselves, got str 'a'"):
        compare(inner, wrt=["a"])  # type: ignore[list-item]  # the mistake is tested


def test_an_unknown_way_is_refused_with_the_names() -> None:
    with pytest.raises(KeyError, match="there are: reverse, forward"):
        compare(issue_68()[2])["backwards"]


def test_an_example_reads_as_a_sentence() -> None:
    assert str(Example(("a = 2", "y = a + a"), "a", 1, 2)) == "a = 2; y = a + a: dy/da = 1, right is 2"
