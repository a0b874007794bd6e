from fractions import Fraction

import pytest

from engine import Value, dot
from engine.graph import Graph
from viz.diagram import Diagram, diagram
from viz.excerpt import excerpt
from viz.numerals import TIMES


def of(value: Value) -> Diagram:
    return diagram(excerpt(value))


def labels(made: Diagram) -> list[str]:
    return [use.label.strip() for use in made.uses]


def test_every_edge_carries_its_local_derivative(neuron: Value) -> None:
    assert labels(of(neuron)) == [
        f"{TIMES} w1 = -3.0000",
        f"{TIMES} x1 = 2.0000",
        f"{TIMES} w2 = 1.0000",
        f"{TIMES} x2 = 0.0000",
        f"{TIMES} 1",
        f"{TIMES} 1",
        f"{TIMES} 1",
        f"{TIMES} 1",
        f"{TIMES} tanh' = 0.5000",
    ]


def test_the_local_derivatives_are_those_of_the_graph(neuron: Value) -> None:
    made, graph = of(neuron), Graph(neuron)
    assert [use.tooltip.split("local ")[1].split("\n")[0] for use in made.uses] == [str(p) for p in graph.partials()]


def test_before_backward_every_grad_is_a_dash_and_the_note_says_why(neuron: Value) -> None:
    made = of(neuron)
    assert {node.grad.strip() for node in made.nodes} == {"-"}
    assert made.note == "10 nodes; backward() has not run"
    assert all("backward() has not run" in use.tooltip for use in made.uses)


def test_after_backward_a_message_is_upstream_times_local(neuron: Value) -> None:
    neuron.backward()
    made = of(neuron)
    into_product = next(use for use in made.uses if use.label.startswith(f"{TIMES} x1"))
    upstream = Graph(neuron).nodes[into_product.target].grad
    message = f"upstream {TIMES} local = {upstream} {TIMES} 2.0 = {upstream * 2.0}"
    assert upstream == pytest.approx(0.5)
    assert into_product.tooltip.endswith(message)


def test_a_node_that_is_used_more_than_once_shows_what_its_grad_is_the_sum_of(square: Value) -> None:
    made = of(square)
    assert made.nodes[0].terms == ("3.0000", "3.0000", "1.0000")
    assert made.nodes[0].grad.strip() == "7.0000"
    assert made.nodes[1].terms == ()


def test_a_grad_that_also_holds_other_uses_is_not_called_their_sum() -> None:
    x = Value(3.0, label="x")
    y = x * x
    (y + x).backward()
    made = of(y)
    assert made.nodes[0].terms == ()
    assert "grad holds more than these" in made.nodes[0].tooltip


def test_an_adjoint_of_zero_passes_nothing_on_even_over_an_infinite_slope() -> None:
    x = Value(0.0, label="x")
    y = x.sqrt() * 0.0
    y.backward()
    assert "contribution 0.0" in of(y).uses[0].tooltip


def test_roles_are_told_from_names_and_from_the_places_in_a_dot_product(neuron: Value) -> None:
    roles = {node.name: node.role for node in of(neuron).nodes if node.role != "operation"}
    assert roles == {
        "x1": "input",
        "w1": "parameter",
        "x2": "input",
        "w2": "parameter",
        "b": "parameter",
        "o": "output",
    }
    z = dot([Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], Value(5.0))
    assert [node.role for node in of(z).nodes] == ["parameter"] * 2 + ["input"] * 2 + ["parameter", "output"]


def test_a_leaf_named_b_is_an_input_where_nothing_is_named_like_a_weight() -> None:
    made = of(Value(1.0, label="a") * Value(2.0, label="b"))
    assert [node.role for node in made.nodes] == ["input", "input", "output"]


def test_the_caller_can_say_which_leaves_are_parameters() -> None:
    a, w = Value(1.0, label="a"), Value(2.0, label="w")
    made = diagram(excerpt(a * w), parameters=[a])
    assert [node.role for node in made.nodes] == ["parameter", "input", "output"]


def test_a_constant_exponent_stands_in_the_operation_and_other_constants_beside_it() -> None:
    made = of(Value(3.0) ** 2 * 5)
    assert [node.operation for node in made.nodes] == ["", "**2", "*"]
    assert [constant.text for constant in made.constants] == ["5"]


def test_exact_numbers_stay_exact() -> None:
    p = Value(Fraction(1, 3), label="p")
    y = p * p
    y.backward()
    made = of(y)
    assert labels(made) == [f"{TIMES} p = 1/3"] * 2
    assert made.nodes[0].grad.strip() == "2/3"


def test_adjoints_that_are_values_themselves_are_shown_by_their_data() -> None:
    x = Value(2.0, label="x")
    (x**3).backward(create_graph=True)
    assert of(x).nodes[0].grad.strip() == "12.000"


def test_data_that_was_changed_afterwards_gives_no_traceback() -> None:
    x = Value(1.0, label="x")
    y = x.sqrt()
    x.data = -1.0
    assert labels(of(y))[0].startswith(TIMES)


@pytest.mark.parametrize("label", ["two\nlines", "bell\a", "half \ud800", "x" * 1000])
def test_a_strange_label_becomes_one_short_printable_line(label: str) -> None:
    name = of(Value(1.0, label=label)).nodes[0].name
    assert name.isprintable()
    assert len(name) <= 24


def test_the_description_lists_values_and_edges(square: Value) -> None:
    assert of(square).description().splitlines() == [
        "3 nodes",
        "x: input, data 3.0, grad 7.0",
        "#1 = *: operation, data 9.0, grad 1.0",
        "y = +: output, data 12.0, grad 1.0",
        "x to #1 (argument 1 of 2): local 3.0, contribution 3.0",
        "x to #1 (argument 2 of 2): local 3.0, contribution 3.0",
        "#1 to y (argument 1 of 2): local 1, contribution 1.0",
        "x to y (argument 2 of 2): local 1, contribution 1.0",
    ]


def test_what_no_gradient_reached_shows_zero_once_backward_has_run() -> None:
    w, x = Value(2.0, label="w"), Value(-1.0, label="x")
    y = (w * x).relu()
    assert [node.grad.strip() for node in of(y).nodes] == ["-"] * 4
    y.backward()
    made = of(y)
    assert [node.grad.strip() for node in made.nodes] == ["0.0000", "0.0000", "0.0000", "1.0000"]
    assert [node.flag for node in made.nodes] == ["zero", "zero", "zero", ""]
    assert "grad 0.0" in made.nodes[0].tooltip
    assert "backward() has not run" not in made.description()


def test_a_dead_relu_says_so(square: Value) -> None:
    dead = of(Value(-1.0).relu()).nodes[-1]
    assert dead.dead
    assert "passes no gradient on" in dead.tooltip
    assert not any(node.dead for node in of(square).nodes)


def test_names_from_the_caller_stand_in_boxes_and_on_edges_but_a_label_is_stronger() -> None:
    a, w = Value(2.0), Value(3.0, label="weight")
    made = diagram(excerpt(a * w, names={id(a): "a", id(w): "other"}))
    assert [node.name for node in made.nodes] == ["a", "weight", ""]
    assert labels(made) == [f"{TIMES} weight = 3.0000", f"{TIMES} a = 2.0000"]


def test_an_edge_knows_whether_its_derivative_is_negative(neuron: Value) -> None:
    assert [use.negative for use in of(neuron).uses] == [True, *[False] * 8]


def test_a_long_constant_is_rounded_and_never_cut_short() -> None:
    said = [constant.text for constant in diagram(excerpt(Value(1.0) * 12345678901.5 + 0.1)).constants]
    assert said == ["1.2e10", "0.1"]
