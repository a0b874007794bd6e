"""A workspace: the gradient of :mod:`nn.backprop` into memory that is kept from one mini-batch to the next.

The same steps in the same order, on NumPy arrays: each product and each elementwise function writes where the last
batch wrote. That spares the allocations, and on small networks much of their time (see benchmarks/matrix.py).
Symbols and shapes are those of :mod:`nn.backprop`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.activations import Activation, RowActivation
from nn.arrays import Array
from nn.backprop import Gradients, loss_and_delta
from nn.matrix import Network
from nn.samples import as_samples, refuse_non_finite

NARROW = 16  # units; below, the rows of z are so short that NumPy is faster with the columns in one piece


@dataclass(frozen=True)
class InPlace:
    """An activation in place: ``forward`` writes f = s(z), ``backward`` multiplies g by s'(z) and spoils z.

    Each takes the very steps of the formula in :mod:`nn.activations`, so the results are the same to the last bit.
    """

    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array, Array], None]


def _sigmoid(z: Array, f: Array) -> None:
    np.negative(z, f)
    _sigmoid_of_minus(f)


def _sigmoid_of_minus(z: Array) -> None:
    np.exp(z, z)
    np.add(z, 1, z)
    np.reciprocal(z, z)


def _sigmoid_backward(z: Array, f: Array, g: Array) -> None:
    _sigmoid_of_minus(z)
    np.multiply(f, z, z)
    np.multiply(g, z, g)


def _tanh_backward(z: Array, f: Array, g: Array) -> None:
    np.cosh(z, z)
    np.reciprocal(z, z)
    np.square(z, z)
    np.multiply(g, z, g)


def _in_place(s: Activation) -> InPlace:
    """Return an activation in place, by its own formula where there is no special one."""

    def forward(z: Array, f: Array) -> None:
        f[:] = s(z)

    def backward(z: Array, f: Array, g: Array) -> None:
        g[:] = s.pullback(z, f, g)

    return IN_PLACE.get(s.name) or InPlace(forward, backward)


IN_PLACE = {
    "sigmoid": InPlace(_sigmoid, _sigmoid_backward),
    "tanh": InPlace(lambda z, f: np.tanh(z, f), _tanh_backward),
    "relu": InPlace(
        lambda z, f: np.maximum(z, np.zeros_like(z[:1]), f),
        lambda z, f, g: np.multiply(g, z > 0, g),
    ),
}


class Workspace:
    """Gradients of a network on batches of up to ``samples`` rows; the arrays of a result last until the next call.

    >>> network = Network([2, 3, 1], rng=0)
    >>> workspace = Workspace(network, samples=4)
    >>> X, Y = np.ones((4, 2)), network.targets([1.0, 2.0, 3.0, 4.0])
    >>> g = workspace.gradients(X, Y)
    >>> g.loss == network.gradients(X, Y).loss, g.input is None
    (True, True)
    >>> workspace.gradients(np.ones((5, 2)), np.ones((5, 1)))
    Traceback (most recent call last):
        ...
    ValueError: this workspace holds batches of up to 4 samples, got 5; make a larger one
    """

    def __init__(self, network: Network, samples: int) -> None:
        def empty(units: int) -> Array:
            return np.empty((samples, units), network.dtype, order="F" if units < NARROW else "C")

        self.network = network
        self.samples = samples
        units = network.sizes[1:]
        self._layers = [(empty(n), empty(n), empty(n)) for n in units]  # z_k, f_k, delta_k
        self._by_weights = [np.empty_like(W) for W in network.weights]
        self._by_biases = [np.empty_like(b) for b in network.biases]
        self._activations = [_in_place(s) for s in network.activations]
        self._in_place_output = not network.cost.fused and not isinstance(network.activations[-1], RowActivation)
        self._ones = np.ones(samples, network.dtype)

    @np.errstate(over="ignore")  # as in the activations: exp = inf gives the right limit
    def gradients(self, X: Array, Y: Array) -> Gradients:
        """Return the loss of a batch and its derivatives, without the one by the input.

        X has shape (m, n_0); Y are rows of targets from ``network.targets``.
        """
        network, m = self.network, len(X)
        X = as_samples(X, network.sizes[0], network.dtype)
        if m > self.samples:
            raise ValueError(
                f"this workspace holds batches of up to {self.samples} samples, got {m}; make a larger one"
            )
        layers, ones, activations = self._layers, self._ones, self._activations
        if m < self.samples:
            layers, ones = [tuple(a[:m] for a in layer) for layer in layers], ones[:m]

        f = [X]
        for k, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
            z_k, f_k, _ = layers[k]
            _product(f[k], W.T, z_k)
            np.add(z_k, b, z_k)
            if k < len(layers) - 1:
                activations[k].forward(z_k, f_k)
                f.append(f_k)

        if self._in_place_output:
            activations[-1].forward(z_k, f_k)
            value, delta = network.cost.value_and_gradient(f_k, Y)
            activations[-1].backward(z_k, f_k, delta)
        else:
            value, delta = loss_and_delta(network.activations[-1], network.cost, z_k, Y)
        if network.reduction == "mean":
            value, delta = value / m, np.divide(delta, m, delta)

        deltas = [delta]
        for k in range(len(layers) - 1, -1, -1):  # delta is delta_{k+1}, and below it lies f_k
            _product(delta.T, f[k], self._by_weights[k])
            np.matmul(ones, delta, self._by_biases[k])
            if k:
                z_k, f_k, delta_k = layers[k - 1]
                _product(delta, network.weights[k], delta_k)
                activations[k - 1].backward(z_k, f_k, delta_k)
                delta = delta_k
                deltas.insert(0, delta)

        if not math.isfinite(self._by_weights[0][0].sum()):
            refuse_non_finite("X", X)
        return Gradients(float(value), self._by_weights, self._by_biases, deltas, None)


def _product(A: Array, B: Array, out: Array) -> None:
    if A.shape[1] == 1:  # as in nn.backprop.product
        np.multiply(A, B, out)
    else:
        np.matmul(A, B, out)
