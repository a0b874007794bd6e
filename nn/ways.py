"""The ways to one gradient that the comparison runs: on plain floats to be timed, on counting numbers to be counted.

All of them differentiate the same thing: the cross-entropy of one sample, of one network of tanh layers with softmax.
A way is prepared once (weights turned into Values, arrays copied), so what is timed and counted is the gradient alone:
the evaluation and the differentiation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.functions import Number
from engine.value import Value
from nn import backprop, naive_scalar
from nn.arrays import Array
from nn.matrix import Network
from nn.scalar import MLP

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """A network and one sample: x of shape (n_0,) and its class.

    >>> case = Case.of([2, 3, 2], [0.5, 1.0], label=1, seed=0)
    >>> case
    2-3-2, 17 weights
    """

    network: Network
    x: tuple[float, ...]
    label: int

    @classmethod
    def of(cls, sizes: Sequence[int], x: Sequence[float], *, label: int, seed: int) -> Case:
        """Return the case of a new network of these sizes, tanh layers and softmax, its weights drawn by the seed."""
        network = Network(sizes, "tanh", output="softmax", loss="cross_entropy", rng=seed, reduction="sum")
        return cls(network, tuple(map(float, x)), label)

    @property
    def weights(self) -> int:
        """The number of weights, biases included."""
        return sum(array.size for array in self.network.parameters)

    @property
    def X(self) -> Array:
        """The sample as a batch, shape (1, n_0)."""
        return np.array([self.x])

    @cached_property
    def recorded(self) -> tuple[Value, list[Value]]:
        """The loss as a recorded Value of floats, and its parameters."""
        loss, parameters = self.scalar(float)
        return loss(), parameters

    def scalar(self, number: Callable[[float], Number]) -> tuple[Callable[[], Value], list[Value]]:
        """Return the loss as a function that records it anew, and the weights in the order of Network.parameters."""
        sizes = self.network.sizes
        model = MLP(sizes[0], sizes[1:], activation="tanh", rng=random.Random(0))
        parameters: list[Value] = []
        for layer, W, b in zip(model.layers, self.network.weights, self.network.biases, strict=True):
            for neuron, row, bias in zip(layer.neurons, W, b, strict=True):
                for value, w in zip(neuron.w, row, strict=True):
                    value.data = number(float(w))
                neuron.b.data = number(float(bias))
            parameters += [w for neuron in layer.neurons for w in neuron.w] + [neuron.b for neuron in layer.neurons]

        x = [Value(value) for value in self.x]

        def loss() -> Value:
            z = model(x)
            cross_entropy: Value = Value.apply("logsumexp", *z) - z[self.label]
            return cross_entropy

        return loss, parameters

    def __repr__(self) -> str:
        return f"{'-'.join(map(str, self.network.sizes))}, {self.weights:,} weights"


@dataclass(frozen=True)
class Way:
    """One way to the gradient.

    Attributes
    ----------
    key: its name on the command line.
    name: its name in words.
    prepare: prepare(case, number) returns the function that is timed or counted; its result goes to `flat`.
    power: its cost is taken to grow as W to this power, where it is planned how much fits into the time.
    seconds: a guess of its time for W = 1, counting and timing, until a run has shown it.
    """

    key: str
    name: str
    prepare: Callable[[Case, Callable[[float], Number]], Callable[[], Any]]
    power: int
    seconds: float


def flat(gradient: Any) -> Floats:
    """Return a gradient, a list of numbers or arrays, as one vector of floats, shape (W,)."""
    if isinstance(gradient, naive_scalar.Paths):
        gradient = gradient.gradient
    return np.concatenate([np.atleast_1d(np.asarray(part, dtype=np.float64)).ravel() for part in gradient])


def _scalar(way: Callable[[Callable[[], Value], Sequence[Value]], Any]) -> Callable[..., Callable[[], Any]]:
    def prepare(case: Case, number: Callable[[float], Number]) -> Callable[[], Any]:
        loss, parameters = case.scalar(number)
        return lambda: way(loss, parameters)

    return prepare


def _matrix(case: Case, number: Callable[[float], Number]) -> Callable[[], Any]:
    network, X = case.network, case.X
    Y = network.targets(np.array([case.label]))
    if number is float:
        return lambda: network.gradients(X, Y, input_gradient=False, checked=True).parameters

    def numbers(array: Array) -> Array:
        return np.frompyfunc(number, 1, 1)(array)

    weights, biases = [numbers(W) for W in network.weights], [numbers(b) for b in network.biases]
    return lambda: (
        backprop.gradients(
            weights,
            biases,
            network.activations,
            network.cost,
            X.astype(object),
            Y,
            reduction="sum",
            input_gradient=False,
        ).parameters
    )


WAYS = {
    way.key: way
    for way in (
        Way("differences", "finite differences", _scalar(naive_scalar.finite_differences), 2, 1.5e-6),
        Way("forward", "forward accumulation", _scalar(naive_scalar.forward_accumulation), 2, 1e-6),
        Way("reverse", "reverse mode", _scalar(naive_scalar.reverse_mode), 1, 4e-6),
        Way("matrix", "matrix form", _matrix, 1, 2e-6),
        Way("paths", "path enumeration", _scalar(naive_scalar.sum_over_paths), 1, 3e-6),
    )
}
