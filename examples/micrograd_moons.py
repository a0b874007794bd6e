"""micrograd's demo, two moons by a 2-16-16-1 network, in scalar, lifted and matrix form: one training, three ways.

A. Karpathy's notebook: 100 points, ReLU, the hinge loss (mean of max(0, 1 - y_i f_i)) plus 1e-4 times the sum of the
squared parameters, 100 steps of gradient descent with the rate 1 - 0.9 k / 100. The same data and the same first
weights are drawn here (seed 1337), so all three forms end where the notebook does, at 100% accuracy.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import figures
import numpy as np

from engine import Value
from engine.lift import lift
from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.progress import ProgressBar
from nn.scalar import MLP
from viz.plots import plot_decision_regions

SEED, STEPS, ALPHA = 1337, 100, 1e-4


@dataclass
class Training:
    """The loss (with its penalty) and the accuracy before each step, and the weights at the end as a Network."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    network: Network | None = None


def rate(k: int) -> float:
    """Return the learning rate of step k."""
    return 1.0 - 0.9 * k / 100


def samples() -> tuple[Any, Any]:
    """Return the 100 points, shape (100, 2), and their signs -1 and 1, shape (100,)."""
    from sklearn.datasets import make_moons

    x, y = make_moons(n_samples=100, noise=0.1, random_state=SEED)
    return x, 2.0 * y - 1


def model() -> MLP:
    """Return the network with the notebook's first weights."""
    return MLP(2, [16, 16, 1], rng=random.Random(SEED))


def run(steps: int, name: str, step: Callable[[int], tuple[float, float]], training: Training) -> None:
    """Take the steps, with a progress bar; Ctrl-C keeps what is done."""
    with ProgressBar(steps, name) as bar:
        try:
            for k in range(steps):
                loss, accuracy = step(k)
                training.loss.append(loss)
                training.accuracy.append(accuracy)
                bar.update()
        except KeyboardInterrupt:
            print(f"{name}: stopped by Ctrl-C after {len(training.loss)} steps")


def scalar(steps: int = STEPS) -> Training:
    """Train one neuron at a time, as the notebook does."""
    x, y = samples()
    network, training = model(), Training()

    def step(k: int) -> tuple[float, float]:
        scores = [network([Value(float(a)) for a in point]) for point in x]
        losses = [(1 + -sign * score).relu() for sign, score in zip(y.tolist(), scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in network.parameters())
        network.zero_grad()
        total.backward()
        for p in network.parameters():
            p.data -= rate(k) * p.grad
        right = [(score.data > 0) == (sign > 0) for sign, score in zip(y, scores, strict=True)]
        return total.data, sum(right) / len(right)

    run(steps, "scalar", step, training)
    training.network = Network.from_scalar(network, loss="hinge")
    return training


def lifted(steps: int = STEPS) -> Training:
    """Train the program of arrays that lift() finds in the loss of one point.

    The penalty belongs to the batch and not to a point, so its gradient 2 alpha p is added as weight decay.
    """
    x, y = samples()
    network, training = model(), Training()

    def loss(point: Any, sign: Any) -> Any:
        return (1 - sign * network(point)).relu()

    program = lift(loss, [0.0, 0.0], 1.0, parameters=network)
    optimizer = GradientDescent(1.0, weight_decay=2 * ALPHA)

    def step(k: int) -> tuple[float, float]:
        value, g = program.value_and_grad(x, y)
        penalty = ALPHA * sum(float((p * p).sum()) for p in program.parameters)
        right = float((np.asarray(program(x, y)) < 1).mean())  # the loss of a point is below 1 on its side
        optimizer.learning_rate = rate(k)
        optimizer.step(program.parameters, g.parameters)
        return value + penalty, right

    run(steps, "lifted", step, training)
    program.write_back()
    training.network = Network.from_scalar(network, loss="hinge")
    return training


def matrix(steps: int = STEPS) -> Training:
    """Train nn.matrix.Network."""
    x, y = samples()
    network, training = Network.from_scalar(model(), loss="hinge"), Training()
    optimizer = GradientDescent(1.0, weight_decay=2 * ALPHA)

    def step(k: int) -> tuple[float, float]:
        g = network.gradients(x, y)
        penalty = ALPHA * sum(float((p * p).sum()) for p in network.parameters)
        right = float((network.predict(x)[:, 0] == y).mean())
        optimizer.learning_rate = rate(k)
        optimizer.step(network.parameters, g.parameters)
        return g.loss + penalty, right

    run(steps, "matrix", step, training)
    training.network = network
    return training


def draw(training: Training, options: figures.Options) -> None:
    """Plot the decision regions with the points, and the loss by step."""
    x, y = samples()
    network = training.network
    assert network is not None
    made, (left, right) = figures.panels(2)
    plot_decision_regions(left, network, x, y, title="decision regions, 2-16-16-1")
    right.plot(training.loss, color=figures.BLUE, label="hinge loss + penalty")
    right.plot(1 - np.array(training.accuracy), color=figures.ORANGE, linestyle="--", label="share of errors")
    figures.label(right, "training", "step", "", legend="best")
    figures.save(made, options, "micrograd-moons", "micrograd's two moons")


def main(arguments: list[str] | None = None) -> None:
    """Train in the three forms, compare them, and save the figure."""
    options = figures.options(__doc__ or "", arguments)
    whole = matrix()
    forms = {"scalar": scalar(3 if options.quick else STEPS), "lifted": lifted(), "matrix": whole}
    for name, training in forms.items():
        assert training.network is not None
        if not training.loss:
            continue  # stopped by Ctrl-C at once
        last = f"loss {training.loss[-1]:.6f}, accuracy {training.accuracy[-1]:.0%}"
        print(f"{name}: step {len(training.loss) - 1}: {last}")
    for name in ("scalar", "lifted"):
        pairs = list(zip(forms[name].loss, whole.loss, strict=False))
        steps, apart = len(pairs), max((abs(a - b) for a, b in pairs), default=0.0)
        print(f"{name} and matrix: the losses of {steps} steps differ by at most {apart:.1e}")
    draw(whole, options)


if __name__ == "__main__":
    figures.run(main)
