import itertools
import math

import pytest

from engine import Value
from nn.scalar import Neuron
from viz import frames
from viz.steps import STATES
from viz.view import view

RANK = {state: place for place, state in enumerate(STATES)}


def last_numbers(strip):
    return {node.name: strip[-1].grad[node.number].strip() for node in strip.diagram.nodes}


def test_a_message_reads_as_the_line_of_code_that_does_it(neuron):
    captions = [step.caption for step in frames(neuron)]
    assert "w1.grad += x1.data * x1*w1.grad = 2.0 * 0.5 = 1.0" in captions
    assert "n.grad += tanh'(n.data) * o.grad = 0.5 * 1.0 = 0.5" in captions


def test_there_is_a_step_for_every_operation_and_for_every_use(neuron):
    strip = frames(neuron)
    operations = sum(bool(node.operation) for node in strip.diagram.nodes)
    assert [step.phase for step in strip] == (
        ["forward"] * (1 + operations) + ["backward"] * (1 + len(strip.diagram.uses)) + ["done"]
    )


def test_both_uses_of_x_in_x_times_x_are_steps_and_the_second_adds():
    x = Value(3.0, label="x")
    said = [step.caption for step in frames(x * x) if "x.grad +=" in step.caption]
    assert said == [
        "x.grad += x.data * #1.grad = 3.0 * 1.0 = 3.0",
        "x.grad += x.data * #1.grad = 3.0 * 1.0 = 3.0\nx.grad = 3.0 + 3.0 = 6.0",
    ]


def test_the_last_grads_are_those_of_backward(neuron):
    neuron.backward()
    assert frames(neuron)[-1].grad == {node.number: node.grad for node in view(neuron, level="op").nodes}


def test_no_grad_is_touched(neuron, square):
    frames(neuron)
    assert neuron.grad == 0
    before = square.args[1].grad
    frames(square)
    assert square.args[1].grad == before


def test_a_node_that_gets_no_message_ends_with_zero_and_infinity_is_never_multiplied_by_it():
    x = Value(-1.0, label="x")
    strip = frames(x.relu().sqrt())
    assert "#1.grad += sqrt'(#1.data) * #2.grad = inf * 1.0 = inf" in strip[3].caption + strip[4].caption
    assert last_numbers(strip)["x"] == "0.0000"


@pytest.mark.parametrize("phase", ["forward", "backward"])
def test_states_only_move_forward_within_a_sweep(neuron, phase):
    steps = [step for step in frames(neuron) if step.phase == phase]
    for earlier, later in itertools.pairwise(steps):
        for place, state in earlier.edges.items():
            assert RANK[later.edges[place]] >= RANK[state]
        for number, state in earlier.nodes.items():
            assert later.nodes[number] != "pending" or state != "done"


def test_a_grad_is_done_only_when_all_uses_have_sent(square):
    strip = frames(square)
    x = next(node.number for node in strip.diagram.nodes if node.name == "x")
    sent = [step for step in strip if step.phase == "backward"]
    assert [step.nodes[x] for step in sent] == ["pending", "pending", "current", "current", "current"]
    assert strip[-1].nodes[x] == "done"


def test_an_adjoint_is_a_dash_until_its_first_message(neuron):
    strip = frames(neuron)
    assert {text.strip() for text in strip[0].grad.values()} == {"-"}
    assert [text.strip() for text in strip[0].data.values()].count("-") == 5


def test_a_leaf_alone_has_steps(neuron):
    assert [step.caption for step in frames(Value(2.0, label="x"))] == [
        "given: x = 2.0",
        "x.grad = 1.0, where back-propagation starts",
        "found: x.grad = 1.0",
    ]


def test_a_dot_product_sends_to_weights_inputs_and_bias():
    n = Neuron(3, activation="tanh")
    y = n([1.0, 2.0, 3.0])
    strip = frames(y, names={"n": n})
    said = [step.caption for step in strip if "+=" in step.caption]
    assert any(caption.startswith("n.w[2].grad += 3.0 * #") for caption in said)
    assert any(caption.startswith("n.b.grad += 1 * #") for caption in said)


def test_an_undefined_local_derivative_is_nan():
    x = Value(0.5, label="x")
    y = x.asin()
    x.data = 2.0  # after the graph was recorded
    assert math.isnan(float(last_numbers(frames(y))["x"]))


def test_a_graph_that_is_too_large_is_refused_with_the_cure(chain):
    with pytest.raises(ValueError, match=r"max_nodes=100001 makes them all the same; draw\(\) shows all"):
        frames(chain)
    with pytest.raises(ValueError, match="more than anybody watches"):
        frames(chain, max_nodes=200_000)


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match=r"float 2\.0"):
        frames(2.0)


def test_a_strip_is_a_sequence_and_says_how_to_see_it(square):
    strip = frames(square)
    assert strip[:2] == strip.steps[:2]
    assert 'viz.save(frames, "steps.html")' in repr(strip)
    assert len(strip.text().splitlines()) == len(strip)
