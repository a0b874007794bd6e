"""What tests of several packages share: the lecture's neuron, and micrograd's demo as it is written there."""

import itertools
import random

from engine import Value


def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def lecture_neuron() -> Value:
    """micrograd's neuron before backward(): inputs 2 and 0, weights -3 and 1, the bias that makes o = sqrt(1/2)."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    n = named(named(x1 * w1, "x1*w1") + named(x2 * w2, "x2*w2") + b, "n")
    return named(n.tanh(), "o")


class OpByOpNeuron:
    """micrograd's neuron as it is written there: products and sums of two."""

    def __init__(self, nin: int, nonlin: bool, rng: random.Random) -> None:
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x: list[Value]) -> Value:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.nonlin else act


class OpByOpMLP:
    """micrograd's MLP of such neurons."""

    def __init__(self, sizes: list[int], rng: random.Random) -> None:
        last = len(sizes) - 2
        self.layers = [
            [OpByOpNeuron(nin, k != last, rng) for _ in range(nout)]
            for k, (nin, nout) in enumerate(itertools.pairwise(sizes))
        ]

    def __call__(self, x: list[Value]) -> Value:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in (*neuron.w, neuron.b)]


def moons(samples: int = 10) -> Value:
    """The loss of micrograd's demo, operation by operation."""
    rng = random.Random(1337)
    model = OpByOpMLP([2, 16, 16, 1], rng)
    points = [[Value(rng.uniform(-1, 2)), Value(rng.uniform(-1, 1))] for _ in range(samples)]
    margins = [(1 + -rng.choice([-1.0, 1.0]) * model(x)).relu() for x in points]
    return named(sum(margins) * (1.0 / len(margins)) + 1e-4 * sum(p * p for p in model.parameters()), "loss")
