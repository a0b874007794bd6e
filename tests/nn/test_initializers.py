"""Initializers: their variances and ranges, and how a network takes them."""

import math

import numpy as np
import pytest

from nn.initializers import INITIALIZERS
from nn.matrix import Network

STANDARD_DEVIATIONS = {
    "glorot": np.sqrt(2 / 700),
    "he": np.sqrt(2 / 400),
    "lecun": np.sqrt(1 / 400),
    "uniform": np.sqrt(1 / 3),
    "normal": 1.0,
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_weights_have_the_stated_deviation_and_shape(name: str) -> None:
    W, b = INITIALIZERS[name](np.random.default_rng(0), 400, 300)
    assert W.shape == (300, 400)
    assert b.shape == (300,)
    # The deviation of 120,000 numbers is known to 0.2%; 1% is five times that.
    assert W.std() == pytest.approx(STANDARD_DEVIATIONS[name], rel=0.01)
    assert abs(W.mean()) < 5 * W.std() / np.sqrt(W.size)
    assert (b == 0).all() == (name in ("he", "lecun", "uniform"))


@pytest.mark.parametrize(("name", "bound"), [("glorot", math.sqrt(6 / 700)), ("uniform", 1.0)])
def test_uniform_weights_fill_their_interval_and_nothing_else(name: str, bound: float) -> None:
    W, b = INITIALIZERS[name](np.random.default_rng(0), 400, 300)
    assert 0.999 * bound < np.abs(W).max() <= bound
    quarters = np.histogram(W, 4, (-bound, bound))[0]
    np.testing.assert_allclose(quarters, W.size / 4, rtol=0.03)  # 30,000 in each, give or take 150
    assert np.abs(b).max() <= bound


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_network_draws_its_layers_one_after_the_other(name: str) -> None:
    network = Network([3, 4, 2], init=name, rng=5)
    rng = np.random.default_rng(5)
    for below, units, W, b in ((3, 4, *network.parameters[:2]), (4, 2, *network.parameters[2:])):
        expected = INITIALIZERS[name](rng, below, units)
        np.testing.assert_array_equal(W, expected[0])
        np.testing.assert_array_equal(b, expected[1])


def test_he_keeps_the_signal_of_many_relu_layers_and_lecun_halves_it_in_each() -> None:
    X = np.random.default_rng(0).normal(size=(50, 256))
    signal = {}
    for name in ("he", "lecun"):
        f = Network([256] * 11, "relu", "relu", init=name, rng=1).forward(X)
        signal[name] = float((f**2).mean())
    assert 0.2 < signal["he"] < 5
    assert signal["lecun"] / signal["he"] == pytest.approx(2.0**-10, rel=1e-9)


def test_an_unknown_name_is_told_with_the_others() -> None:
    with pytest.raises(ValueError, match="unknown initializer 'hee'; did you mean 'he'"):
        Network([1, 1], init="hee")
