import random

import numpy as np
import pytest
from budget import examples
from hypothesis import given
from hypothesis import strategies as st
from rounding import bounds

from engine import Value, sum_
from nn.bridge import from_scalar, scalar_twin, to_scalar
from nn.matrix import Network
from nn.scalar import MLP

HIDDEN = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu")
ENDS = (
    ("identity", "squared_error"),
    ("sigmoid", "squared_error"),
    ("softmax", "squared_error"),
    ("modified_softmax", "squared_error"),
    ("tanh", "absolute_error"),
    ("identity", "hinge"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("modified_softmax", "cross_entropy"),
)


def problem(sizes, hidden, output, cost, seed, m, reduction="mean"):
    network = Network(sizes, hidden, output, cost, rng=seed, reduction=reduction)
    rng = np.random.default_rng(seed)
    width = sizes[-1] + (output == "modified_softmax")
    shares = rng.multinomial(64, np.ones(width) / width, m) / 64  # of 64ths, so that they sum to 1 to the bit
    Y = {
        "hinge": rng.choice([-1.0, 1.0], (m, width)),
        "cross_entropy": shares if seed % 2 else rng.integers(0, width, m),
        "binary_cross_entropy": rng.choice([0.0, 0.25, 1.0], (m, width)),
    }.get(cost, rng.standard_normal((m, width)))
    return network, rng.standard_normal((m, sizes[0])), Y


@examples(60)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.sampled_from(HIDDEN),
    st.sampled_from(ENDS),
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.sampled_from(["mean", "sum"]),
)
def test_every_delta_and_every_gradient_is_the_one_of_its_scalar_node(sizes, hidden, end, seed, m, reduction):
    network, X, Y = problem(sizes, hidden, *end, seed, m, reduction)
    g = network.gradients(X, Y)
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()

    gradients_apart = bounds(twin.loss).gradients
    data_apart = bounds(sum_([twin.loss, *np.ravel(twin.f[-1])])).data  # a loss of logits does without the last f

    def same_data(nodes, matrix):
        for node, number in zip(np.ravel(nodes), np.ravel(matrix), strict=True):
            assert abs(node.data - number) <= 2 * float(data_apart[node])

    def same_gradients(nodes, matrix):
        for node, number in zip(np.ravel(nodes), np.ravel(matrix), strict=True):
            assert abs(float(node.grad) - number) <= 2 * float(gradients_apart.get(node, 0))

    same_data(twin.loss, g.loss)
    z, f = network.layers(X)
    ends_with_logits = network.cost.name == "cross_entropy"
    for k, delta in enumerate(g.deltas):
        same_gradients(twin.z[k], delta)
        same_data(twin.z[k], z[k])
        if k < len(z) - 1 or not ends_with_logits:
            same_data(twin.f[k], f[k + 1])
    for layer, W, b in zip(twin.model.layers, g.weights, g.biases, strict=True):
        same_gradients([neuron.w for neuron in layer.neurons], W)
        same_gradients([neuron.b for neuron in layer.neurons], b)
    same_gradients(twin.inputs, g.input)


def test_a_node_is_found_by_layer_unit_and_sample():
    network, X, Y = problem([2, 3, 1], "tanh", "identity", "squared_error", 1, 2)
    twin = scalar_twin(network, X, Y)
    twin.loss.backward()
    g = network.gradients(X, Y)
    node = twin.node(1, 2, sample=1)
    assert node.row.name == "dot"
    neuron = twin.model.layers[0].neurons[2]
    assert node.args == (*neuron.w, *twin.inputs[1], neuron.b)
    assert float(node.grad) == pytest.approx(g.deltas[0][1, 2], rel=1e-14)
    for layer in (0, 3, -1):
        with pytest.raises(IndexError, match=rf"layers are counted from 1 to 2, got {layer}"):
            twin.node(layer, 0)


def test_the_users_own_model_gets_the_gradients():
    model = MLP(2, [3, 1], activation="tanh", rng=random.Random(3))
    network = Network.from_scalar(model)
    X, Y = np.array([[1.0, -2.0]]), np.array([[0.5]])
    scalar_twin(network, X, Y, model).loss.backward()
    g = network.gradients(X, Y)
    assert [float(p.grad) for p in model.layers[0].neurons[1].parameters()] == pytest.approx(
        [*g.weights[0][1], g.biases[0][1]], rel=1e-13
    )
    network.weights[0][0, 0] += 1
    with pytest.raises(ValueError, match="model and network differ in their weights"):
        scalar_twin(network, X, Y, model)


@pytest.mark.parametrize("activation", HIDDEN)
def test_both_forms_compute_the_same_outputs_there_and_back(activation):
    model = MLP(3, [4, 2], activation=activation, rng=random.Random(7))
    network = Network.from_scalar(model)
    x = [0.5, -1.0, 2.0]
    outputs = [value.data for value in model([Value(number) for number in x])]
    assert network.forward([x])[0].tolist() == pytest.approx(outputs, rel=1e-14)
    back = network.to_scalar()
    assert repr(back) == repr(model)
    assert [p.data for p in back.parameters()] == [p.data for p in model.parameters()]


def test_the_copy_is_a_copy():
    model = MLP(2, [1], rng=random.Random(0))
    network = from_scalar(model)
    network.weights[0][:] = 9.0
    assert 9.0 not in [p.data for p in model.parameters()]
    assert to_scalar(network).layers[0].neurons[0].w[0].data == 9.0


def test_float32_weights_are_carried_over_exactly():
    network = Network([2, 3, 1], dtype="float32", rng=5)
    again = from_scalar(to_scalar(network), dtype="float32")
    assert all((a == b).all() for a, b in zip(network.parameters, again.parameters, strict=True))


def test_what_has_no_counterpart_is_refused():
    with pytest.raises(ValueError, match="unknown activation 'step'"):
        to_scalar(Network([2, 3, 1], "step"))
    model = MLP(2, [2, 1])
    model.layers[0].neurons[0].activation = "tanh"
    with pytest.raises(ValueError, match="layer 1 mixes the activations relu, tanh"):
        from_scalar(model)
    model = MLP(2, [2, 1], activation="sin")
    with pytest.raises(ValueError, match="unknown activation 'sin'"):
        from_scalar(model)
    network = Network([2, 1])
    with pytest.raises(ValueError, match="X has 2 samples, but Y has 1 rows"):
        scalar_twin(network, np.ones((2, 2)), np.ones((1, 1)))
    with pytest.raises(ValueError, match="X has 3 features per sample"):
        scalar_twin(network, np.ones((1, 3)), np.ones((1, 1)))
