"""The computations of the nn-zero-to-hero lecture on micrograd and of its exercises, as its students write them."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from engine import Value, explain


def test_the_lectures_neuron_with_labels() -> None:
    x1 = Value(2.0, label="x1")
    x2 = Value(0.0, label="x2")
    w1 = Value(-3.0, label="w1")
    w2 = Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x1w1.label = "x1*w1"
    x2w2 = x2 * w2
    x2w2.label = "x2*w2"
    n = x1w1 + x2w2 + b
    n.label = "n"
    e = (2 * n).exp()  # tanh from its parts, as the lecture breaks it up
    o = (e - 1) / (e + 1)
    o.label = "o"
    o.backward()
    assert o.data == pytest.approx(math.sqrt(0.5), rel=1e-14)
    # 1 - o^2 = 1/2, times the other factor.
    assert [x1.grad, w1.grad, x2.grad, w2.grad] == pytest.approx([-1.5, 1.0, 0.5, 0.0], rel=1e-14)
    assert "x1*w1" in explain(o).text(80)


def test_a_value_used_twice_adds_up_its_gradient() -> None:
    a = Value(3.0, label="a")
    b = a + a
    b.label = "b"
    b.backward()
    assert a.grad == 2.0


def test_an_expression_in_which_inner_nodes_are_used_twice() -> None:
    a, b = Value(-2.0, label="a"), Value(3.0, label="b")
    d = a * b
    e = a + b
    f = d * e
    f.backward()
    assert (a.grad, b.grad) == (3.0 * 1.0 + -6.0, -2.0 * 1.0 + -6.0)


def test_the_exercise_with_sine_powers_and_division() -> None:
    a, b, c = Value(2.0, label="a"), Value(3.0, label="b"), Value(4.0, label="c")
    f = -(a**3) + (3 * b).sin() - 1.0 / c + b**2.5 - a**0.5
    f.backward()
    by_hand = [-3 * 4 - 0.5 * 2**-0.5, 3 * math.cos(9) + 2.5 * 3**1.5, 1 / 16]
    assert [a.grad, b.grad, c.grad] == pytest.approx(by_hand, rel=1e-15)


def test_the_exercise_with_softmax_and_the_negative_log_likelihood() -> None:
    def softmax(logits: list[Value]) -> list[Value]:
        counts = [logit.exp() for logit in logits]
        denominator = sum(counts)
        return [c / denominator for c in counts]

    logits = [Value(0.0), Value(3.0), Value(-2.0), Value(1.0)]
    loss = -softmax(logits)[3].log()
    loss.backward()
    total = sum(math.exp(v.data) for v in logits)
    probabilities = [math.exp(v.data) / total for v in logits]
    assert loss.data == pytest.approx(-math.log(probabilities[3]), rel=1e-15)
    wanted = [p - (i == 3) for i, p in enumerate(probabilities)]
    assert [v.grad for v in logits] == pytest.approx(wanted, rel=1e-14)


def test_the_lectures_nudge_of_one_number_and_its_step_along_the_gradient() -> None:
    def forward(a: Value, b: Value, c: Value, f: Value) -> Value:
        e = a * b
        d = e + c
        return d * f

    leaves = [Value(v, label=name) for v, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f"))]
    L = forward(*leaves)
    L.backward()
    nudged = forward(Value(2.001, label="a"), *leaves[1:])
    assert (nudged.data - L.data) / 0.001 == pytest.approx(leaves[0].grad, rel=1e-9)  # L is linear in a
    for leaf in leaves:
        leaf.data += 0.01 * leaf.grad
    assert L.data == -8.0
    assert forward(*leaves).data > -8.0


class Neuron:
    """As it is written in the lecture."""

    def __init__(self, nin: int) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))

    def __call__(self, x: Any) -> Value:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.tanh()

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


def test_the_lectures_training_loop_lowers_its_loss() -> None:
    random.seed(4)
    hidden = [Neuron(3) for _ in range(4)]
    last = Neuron(4)
    parameters = [p for neuron in (*hidden, last) for p in neuron.parameters()]
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(40):
        predictions = [last([neuron(x) for neuron in hidden]) for x in xs]
        loss = sum((out - y) ** 2 for y, out in zip(ys, predictions, strict=True))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data += -0.05 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.1 * losses[0]
