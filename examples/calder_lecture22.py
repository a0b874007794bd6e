"""Calder, Math 5467, lecture 22: networks as matrices, back-propagation (Theorem 1), and a fit of sin(pi x).

========  ==============================================  ========================
symbol    in the lecture                                  here
========  ==============================================  ========================
f_k       s_k(W_k f_{k-1} + b_k), f_0 = x                 ``layers``
E         sum over the samples of the loss                reduction="sum"
delta_k   dE/dz_k, z_k = W_k f_{k-1} + b_k                ``Gradients.deltas``
alpha     learning rate, the step of gradient descent     learning_rate
beta      momentum parameter                              momentum
========  ==============================================  ========================

The lecture's samples are columns; here a batch has one sample per row, so W_k f_{k-1} reads f_{k-1} W_k^T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figures
import numpy as np

import viz
from nn.activations import activation
from nn.matrix import Network
from nn.optimizers import GradientDescent, Momentum
from nn.schedules import linear
from nn.training import train

SIZES = [6, 2, 6, 4, 1]  # the network of the lecture's figure
HIDDEN = 100


def layers(network: Network, x: Any) -> list[Any]:
    """Return f_0, ..., f_L of one sample x: f_k = s_k(W_k f_{k-1} + b_k)."""
    f = [np.asarray(x, dtype=float)]
    for W, b, s in zip(network.weights, network.biases, network.activations, strict=True):
        f.append(s(W @ f[-1] + b))
    return f


def points(count: int) -> tuple[Any, Any]:
    """Return evenly spaced points of [-1, 1], and sin(pi x) there; shapes (count, 1)."""
    x = np.linspace(-1, 1, count)[:, None]
    return x, np.sin(np.pi * x)


@dataclass(frozen=True)
class Fit:
    """One way to fit: the network, and its summed loss by epoch."""

    name: str
    network: Network
    loss: list[float]


def fits(epochs: int, count: int = 200) -> list[Fit]:
    """Fit sin(pi x) with 2 layers and 100 hidden units, the loss sum |f - sin(pi x)|, in three ways.

    The derivative of the absolute value does not shrink near the minimum, so the step must: it falls to 0.
    """
    x, y = points(count)
    ways: dict[str, tuple[Any, int | None]] = {
        "gradient descent": (GradientDescent(2e-4), None),
        "SGD, batches of 20": (GradientDescent(2e-3), 20),
        "momentum, batches of 20": (Momentum(5e-4, 0.9), 20),  # alpha, beta
    }
    found = []
    for name, (optimizer, batch) in ways.items():
        network = Network([1, HIDDEN, 1], "relu", loss="absolute_error", reduction="sum", init="he", rng=0)
        network.biases[0][:] = np.random.default_rng(1).uniform(-1.5, 1.5, HIDDEN)  # the kinks, spread over [-1, 1]
        history = train(
            network, x, y, optimizer=optimizer, epochs=epochs, batch_size=batch, schedule=linear, keep_best=True
        )
        found.append(Fit(name, network, history.loss))
        if history.interrupted:
            break
    return found


def momentum_as_written(alpha: float, beta: float, steps: int) -> tuple[Any, Any]:
    """Return w after some steps of w_{j+1} = w_j - alpha grad E(w_j) + beta (w_j - w_{j-1}), by hand and by the class.

    E(w) = (w_1^2 + 10 w_2^2) / 2.
    """
    curvature = np.array([1.0, 10.0])
    before = now = np.array([4.0, 1.0])
    kept, optimizer = now.copy(), Momentum(alpha, beta)
    for _ in range(steps):
        before, now = now, now - alpha * curvature * now + beta * (now - before)
        optimizer.step([kept], [curvature * kept])
    return now, kept


def draw_activations(options: figures.Options) -> None:
    """Plot ReLU and the sigmoid with their derivatives."""
    made, axes = figures.panels(2)
    z = np.linspace(-5, 5, 1001)
    for panel, name in zip(axes, ("relu", "sigmoid"), strict=True):
        s = activation(name)
        panel.plot(z, s(z), color=figures.BLUE, label=f"s(z) = {s.formula}")
        panel.plot(z, s.derivative(z), color=figures.ORANGE, linestyle="--", label="s'(z)")
        figures.label(panel, {"relu": "ReLU"}.get(name, name), "z", "", legend=True)
    figures.save(made, options, "calder-activations", "ReLU and the sigmoid, with their derivatives")


def draw_fits(found: list[Fit], options: figures.Options) -> None:
    """Plot the fit of the momentum method, and the loss by epoch of every method."""
    made, (left, right) = figures.panels(2)
    x, y = points(201)
    left.plot(x, y, color=figures.BLUE, linewidth=3, alpha=0.4, label="sin(πx)")
    left.plot(x, found[-1].network.forward(x), color=figures.ORANGE, label=f"network, {found[-1].name}")
    figures.label(left, "1-100-1, ReLU", "x", "", legend=True)
    for fit, color, line in zip(found, (figures.BLUE, figures.GREEN, figures.ORANGE), ("-", "--", "-."), strict=False):
        every = max(1, len(fit.loss) // 200)
        right.plot(range(1, len(fit.loss) + 1, every), fit.loss[::every], color=color, linestyle=line, label=fit.name)
    right.set_yscale("log")
    figures.label(right, "summed loss |f - sin(πx)|", "epoch", "loss", legend=True)
    figures.save(made, options, "calder-fit", "A network with 100 hidden units fits sin(pi x)")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    draw_activations(options)
    network = Network(SIZES, "relu", "identity", reduction="sum", rng=0)
    print(f"figure: {viz.save(network, options.out / 'calder-network.svg')}")
    x = np.random.default_rng(0).normal(size=(5, 6))
    f = [layers(network, sample) for sample in x]
    difference = max(abs(float(a[-1][0] - b[0])) for a, b in zip(f, network.forward(x), strict=True))
    print(
        f"{'-'.join(map(str, SIZES))}: f_k of shapes {[part.shape for part in f[0]]}; "
        f"Network.forward differs by {difference:.1e}"
    )
    each = sum(network.loss(sample[None], [[1.0]]) for sample in x)
    print(f"E = {network.loss(x, np.ones((5, 1))):.6f}, the sum over the samples: {each:.6f}")
    by_hand, by_class = momentum_as_written(0.05, 0.8, 50)
    print(f"momentum, 50 steps: by hand {by_hand}, nn.optimizers.Momentum {by_class}")
    found = fits(100 if options.quick else 2000)
    for fit in found:
        x, y = points(200)
        print(f"sin(pi x), {fit.name}: sum |f - sin(pi x)| = {fit.network.loss(x, y):.3f} on 200 points")
    draw_fits(found, options)


if __name__ == "__main__":
    figures.run(main)
