import numpy as np
import pytest

from nn import naive
from nn.matrix import Network


def _batch(network, samples=3, classes=False):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(samples, network.sizes[0]))
    return X, rng.integers(0, network.sizes[-1], samples) if classes else rng.normal(size=(samples, network.sizes[-1]))


NETWORKS = {
    "one layer": lambda: Network([3, 2], rng=0),
    "tanh": lambda: Network([3, 4, 2], rng=0),
    "deep sigmoid": lambda: Network([2, 3, 3, 2], "sigmoid", rng=0),
    "summed over the batch": lambda: Network([3, 4, 2], rng=0, reduction="sum"),
    "softmax inside": lambda: Network([3, 4, 3, 2], ["softmax", "tanh"], rng=0),
    "tanh output": lambda: Network([3, 4, 2], "softplus", "tanh", rng=0),
    "softmax and cross-entropy": lambda: Network([3, 4, 3], output="softmax", loss="cross_entropy", rng=0),
    "one logit less": lambda: Network([3, 4, 3], output="modified_softmax", loss="cross_entropy", rng=0),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_accumulation_is_the_gradient_of_back_propagation(name):
    network = NETWORKS[name]()
    X, Y = _batch(network, classes=network.cost.name == "cross_entropy")
    natural, reverse = naive.forward_accumulation(network, X, Y), network.gradients(X, Y)
    for a, b in zip(natural.parameters, reverse.parameters, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NETWORKS)
def test_finite_differences_are_right_to_nine_digits(name):
    # Error of a central difference: epsilon C / h + h^2 / 6 C''' with h = 6e-6, about 1e-10 for C near 1.
    network = NETWORKS[name]()
    X, Y = _batch(network, classes=network.cost.name == "cross_entropy")
    differences, reverse = naive.finite_differences(network, X, Y), network.gradients(X, Y)
    for a, b in zip(differences.parameters, reverse.parameters, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_a_network_worked_out_by_hand():
    # f = 2 * 3 + 1 = 7, C = (7 - 5)^2 / 2, dC/df = 2, dC/dW = 2 * 3, dC/db = 2.
    network = Network([1, 1], rng=0)
    network.weights[0][:], network.biases[0][:] = 2.0, 1.0
    natural = naive.forward_accumulation(network, [[3.0]], [[5.0]])
    assert natural.weights[0].tolist() == [[6.0]]
    assert natural.biases[0].tolist() == [2.0]


def test_float32_networks_give_float32_gradients():
    network = Network([3, 4, 2], rng=0, dtype=np.float32)
    X, Y = _batch(network)
    reverse = network.gradients(X, Y)
    for way, tolerance in ((naive.forward_accumulation, 1e-5), (naive.finite_differences, 1e-3)):
        for a, b in zip(way(network, X, Y).parameters, reverse.parameters, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def test_finite_differences_take_two_forward_passes_for_each_weight(monkeypatch):
    network = Network([2, 3, 1], rng=0)
    passes = []
    forward = Network.loss
    monkeypatch.setattr(Network, "loss", lambda *arguments: passes.append(1) or forward(*arguments))
    naive.finite_differences(network, [[1.0, 2.0]], [[0.5]])
    assert len(passes) == 2 * 13


def test_weights_are_put_back_after_an_interruption(monkeypatch):
    network = Network([2, 3, 1], rng=0)
    before = [array.copy() for array in network.parameters]

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "loss", interrupt)
    with pytest.raises(KeyboardInterrupt):
        naive.finite_differences(network, [[1.0, 2.0]], [[0.5]])
    for array, kept in zip(network.parameters, before, strict=True):
        assert (array == kept).all()


@pytest.mark.parametrize("way", [naive.finite_differences, naive.forward_accumulation])
@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        ([[1.0]], [[1.0]], "1 features"),
        ([[1.0, np.nan]], [[1.0]], "nan"),
        ([[1.0, 2.0]], [[1.0], [2.0]], "1 samples"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_as_by_the_network(way, X, Y, message):
    with pytest.raises(ValueError, match=message):
        way(Network([2, 1], rng=0), X, Y)


def test_the_step_grows_with_the_weight_so_that_it_is_never_lost():
    for w in (0.0, 1.0, -1e10, 1e300):
        assert w + naive.step(w) != w
