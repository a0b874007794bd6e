import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import nn
from engine import Graph, Value
from engine.elementary import TABLE
from nn.scalar import MLP, Layer, Module, Neuron, check_activation


def test_a_small_network_worked_out_by_hand() -> None:
    # x = (1, 2);  hidden: z = (1*1 - 1*2 + 1, 2*1 + 1*2 - 1) = (0, 3), relu: (0, 3);  out: 2*0 - 1*3 + 1/2 = -5/2
    # C = out^2 = 25/4;  dC/dout = -5;  dC/dw_out = (0, -15), dC/db_out = -5;  delta_hidden = (0, (-5)(-1)(1)) = (0, 5)
    # dC/dW_hidden = ((0, 0), (5, 10)), dC/db_hidden = (0, 5)
    model = MLP(2, [2, 1])
    numbers = [1, -1, 1, 2, 1, -1, 2, -1, Fraction(1, 2)]
    for p, number in zip(model.parameters(), numbers, strict=True):
        p.data = Fraction(number)
    cost = model([Fraction(1), Fraction(2)]) ** 2
    cost.backward()
    assert cost.data == Fraction(25, 4)
    assert [p.grad for p in model.parameters()] == [0, 0, 0, 5, 10, 5, 0, -15, -5]


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softplus", "gelu", "leaky_relu", "elu", "sin"])
def test_a_neuron_is_one_dot_node_and_its_activation(activation: str) -> None:
    neuron = Neuron(3, activation=activation, rng=random.Random(0))
    x = [0.5, -1.0, 2.0]
    out = neuron(x)
    z = neuron.b.data
    for w, a in zip(neuron.w, x, strict=True):
        z += w.data * a
    row = TABLE[activation]
    assert out.data == row.value(z, *row.defaults)
    assert [v.row.name for v in Graph(out).nodes if v.row] == ["dot", activation]


def test_the_last_layer_has_no_activation_and_one_neuron_gives_one_value() -> None:
    model = MLP(2, [3, 1], activation="tanh", rng=random.Random(0))
    out = model([1.0, 2.0])
    assert isinstance(out, Value)
    assert out.row is TABLE["dot"]
    assert [n.nonlin for layer in model.layers for n in layer.neurons] == [True, True, True, False]
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert isinstance(MLP(1, [1, 1, 1])([Value(1.0)]), Value)


@pytest.mark.parametrize("rng", [random.Random(3), np.random.default_rng(3)])
def test_weights_come_from_the_given_generator_and_lie_within_one(rng: Any) -> None:
    state = random.getstate()
    weights = [w.data for w in Neuron(200, rng=rng).w]
    assert random.getstate() == state
    assert all(type(w) is float and -1 <= w <= 1 for w in weights)
    assert len(set(weights)) == 200
    assert abs(sum(weights)) < 4 * math.sqrt(200 / 3)


def test_zero_grad_forgets_and_gradients_add_up_without_it() -> None:
    model = MLP(1, [2, 1], activation="tanh", rng=random.Random(1))
    loss = model([0.5]) * 1.0
    loss.backward()
    once = [p.grad for p in model.parameters()]
    loss.backward()
    assert [p.grad for p in model.parameters()] == [2 * g for g in once]
    model.zero_grad()
    assert all(p.grad == 0 for p in model.parameters())


def test_inputs_may_be_values_numbers_or_an_array() -> None:
    neuron = Neuron(2, rng=random.Random(2))
    results = [neuron(x).data for x in ([0.5, 1.0], (Value(0.5), 1), np.array([0.5, 1.0]))]
    assert len(set(results)) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(2, []), r"at least one layer, got nouts=\[\]"),
        (lambda: MLP(2, [3, 0]), "at least one neuron, got nout=0"),
        (lambda: MLP(0, [1]), "at least one input, got nin=0"),
        (lambda: Layer(2, -1), "at least one neuron, got nout=-1"),
        (lambda: Neuron(2)([1.0]), r"ReLUNeuron\(2\) takes 2 inputs, got 1"),
        (lambda: MLP(2, [3, 1])([1.0, 2.0, 3.0]), r"ReLUNeuron\(2\) takes 2 inputs, got 3"),
        (lambda: Neuron(2, activation="sigmod"), "unknown activation 'sigmod'; did you mean 'sigmoid'"),
        (lambda: check_activation("atan2"), "unknown activation 'atan2'"),
    ],
)
def test_a_mistake_is_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_micrograds_names_are_those_of_the_package_and_others_are_refused() -> None:
    assert [getattr(nn, name) for name in nn.__all__] == [MLP, Layer, Module, Neuron]
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'Conv2d'; its modules are imported by name"):
        _ = nn.Conv2d


def test_a_module_without_parameters_has_none_to_forget() -> None:
    module = Module()
    module.zero_grad()
    assert module.parameters() == []
