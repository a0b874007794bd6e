"""A workspace: the gradient of :mod:`nn.backprop` into memory that is kept from one mini-batch to the next.

The same steps in the same order, on NumPy arrays: each product and each elementwise function writes where the last
batch wrote. That spares the allocations, and on small networks much of their time (see benchmarks/matrix.py).
Symbols and shapes are those of :mod:`nn.backprop`.
"""

import math
from itertools import pairwise
from typing import NoReturn

import numpy as np

from nn.activations import Activation, RowActivation
from nn.arrays import Array
from nn.backprop import Gradients, loss_and_delta
from nn.matrix import Network
from nn.samples import as_samples, refuse_non_finite

NARROW = 16  # units; below, the rows of z are so short that NumPy is faster with the columns in one piece


class InPlace:
    """An activation in place, by its own formula; a subclass spares the copies.

    Each is the formula of :mod:`nn.activations`, to a rounding. ``shared`` says that f may lie where z does.
    """

    shared = False

    def __init__(self, s: Activation, units: int, dtype: np.typing.DTypeLike) -> None:
        self.s = s
        self.one = np.ones((), dtype)  # an array of the same dtype costs NumPy half of what the number 1 does
        self.minus_one = np.full((), -1, dtype)
        self.zeros = np.zeros((1, units), dtype)  # and np.maximum with a row a third of what it does with 0

    def forward(self, z: Array, f: Array) -> None:
        """Write f = s(z)."""
        f[:] = self.s(z)

    def backward(self, z: Array, f: Array, g: Array) -> None:
        """Multiply g by s'(z); z may be spoiled."""
        g[:] = self.s.pullback(z, f, g)


class _Identity(InPlace):
    shared = True

    def forward(self, z: Array, f: Array) -> None:
        """Leave f, which lies where z does."""

    def backward(self, z: Array, f: Array, g: Array) -> None:
        """Leave g: the derivative is 1."""


class _Relu(InPlace):
    shared = True

    def forward(self, z: Array, f: Array) -> None:
        np.maximum(z, self.zeros, out=f)

    def backward(self, z: Array, f: Array, g: Array) -> None:
        np.multiply(g, f > 0, g)


class _Sigmoid(InPlace):
    def forward(self, z: Array, f: Array) -> None:
        # np.negative is wrong from a row with gaps of 16 bytes (64 for float64) into another with gaps (NumPy 2.4).
        np.multiply(z, self.minus_one, f)
        np.exp(f, f)
        np.add(f, self.one, f)
        np.reciprocal(f, f)

    def backward(self, z: Array, f: Array, g: Array) -> None:
        np.exp(z, z)
        np.add(z, self.one, z)
        np.divide(f, z, z)
        np.multiply(g, z, g)


class _Tanh(InPlace):
    def forward(self, z: Array, f: Array) -> None:
        np.tanh(z, f)

    def backward(self, z: Array, f: Array, g: Array) -> None:
        np.cosh(z, z)
        np.multiply(z, z, z)
        np.divide(g, z, g)  # a pass less than g * (1 / cosh^2)


IN_PLACE = {"identity": _Identity, "relu": _Relu, "sigmoid": _Sigmoid, "tanh": _Tanh}


class _OneColumn:
    """x w + b for one column x and one row w, as [x 1] times w over b: twice as fast as NumPy's outer product."""

    def __init__(self, samples: int, units: int, dtype: np.typing.DTypeLike) -> None:
        self.columns, self.rows = np.ones((samples, 2), dtype), np.zeros((2, units), dtype)

    def __call__(self, x: Array, w: Array, out: Array, b: Array | float = 0.0) -> None:
        columns = self.columns[: len(x)]
        columns[:, :1], self.rows[0], self.rows[1] = x, w, b
        np.matmul(columns, self.rows, out)


def _affine(x: Array, w: Array, out: Array, b: Array | None = None) -> None:
    """Write x w + b."""
    np.matmul(x, w, out)
    if b is not None:
        np.add(out, b, out)


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
            return np.empty((samples, units), network.dtype, order="F" if units < min(NARROW, samples) else "C")

        self.network = network
        self.samples = samples
        self._activations = [
            IN_PLACE.get(s.name, InPlace)(s, n, network.dtype)
            for s, n in zip(network.activations, network.sizes[1:], strict=True)
        ]
        self._layers: list[tuple[Array, Array, Array]] = []  # z_k, f_k, delta_k
        for n, s in zip(network.sizes[1:], self._activations, strict=True):
            z, delta = empty(n), empty(n)
            self._layers.append((z, z if s.shared else empty(n), delta))
        self._by_weights = [np.empty_like(W) for W in network.weights]
        self._by_biases = [np.empty_like(b) for b in network.biases]
        # n is the inner dimension: that of f_{k-1} W_k^T on the way up, that of delta_k W_k on the way down.
        self._up, self._down = (
            [_OneColumn(samples, units, network.dtype) if n == 1 else _affine for n, units in pairwise(sizes)]
            for sizes in (network.sizes, network.sizes[::-1])
        )
        self._in_place_output = not network.cost.fused and not isinstance(network.activations[-1], RowActivation)
        self._ones, self._count = np.ones(samples, network.dtype), np.zeros((), network.dtype)

    @np.errstate(over="ignore", invalid="ignore")
    def gradients(self, X: Array, Y: Array) -> Gradients:
        """Return the loss of a batch and its derivatives, without the one by the input.

        X has shape (m, n_0); Y are rows of targets from ``network.targets``.
        """
        network, m = self.network, len(X)
        X = as_samples(X, network.sizes[0], network.dtype)
        if m > self.samples or m != len(Y):
            self._refuse_count(m, len(Y))
        layers, ones, s = self._layers, self._ones, self._activations
        if m < self.samples:
            layers, ones = [(z[:m], f[:m], delta[:m]) for z, f, delta in layers], ones[:m]

        below, f = X, [X]
        for k, (z_k, f_k, _) in enumerate(layers):
            self._up[k](below, network.weights[k].T, z_k, network.biases[k])
            if k < len(layers) - 1 or self._in_place_output:
                s[k].forward(z_k, f_k)
            below = f_k
            f.append(f_k)

        if self._in_place_output:
            value, delta = network.cost.value_and_gradient(f_k, Y)
            s[-1].backward(z_k, f_k, delta)
        else:
            value, delta = loss_and_delta(network.activations[-1], network.cost, z_k, Y)
        loss = float(value)
        if network.reduction == "mean":
            loss /= m
            self._count[()] = m
            np.divide(delta, self._count, delta)

        deltas, outer = [delta], np.multiply if m == 1 else np.matmul
        for k in range(len(layers) - 1, -1, -1):  # delta is delta_{k+1}, and f_k lies below it
            outer(delta.T, f[k], self._by_weights[k])
            np.matmul(ones, delta, self._by_biases[k])
            if k:
                z_k, f_k, delta_k = layers[k - 1]
                self._down[-1 - k](delta, network.weights[k], delta_k)
                s[k - 1].backward(z_k, f_k, delta_k)
                delta = delta_k
                deltas.insert(0, delta)

        row = self._by_weights[0][0]
        if not math.isfinite(row.dot(row)):  # tells as much as the sum in Network.gradients, and sooner
            refuse_non_finite("X", X)
        return Gradients(loss, self._by_weights, self._by_biases, deltas, None)

    def _refuse_count(self, samples: int, targets: int) -> NoReturn:
        if samples > self.samples:
            held = f"this workspace holds batches of up to {self.samples} samples"
            raise ValueError(f"{held}, got {samples}; make a larger one")
        raise ValueError(f"X has {samples} samples, but Y has {targets} rows of targets")
