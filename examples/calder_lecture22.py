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

Step by step:

1. Activations s_k: ReLU, max(z, 0), and the sigmoid, 1 / (1 + e^-z). See `draw_activations`.
2. The network f_k = s_k(W_k f_{k-1} + b_k): `layers`, and `Network` for a whole batch; drawn for 6-2-6-4-1.
3. Theorem 1, with D_k the diagonal matrix of s_k'(z_k): `theorem_1` holds both sides against each other,

       (7)  delta_{k-1} = D_{k-1} W_k^T delta_k          (8)  dE/dW_k = delta_k f_{k-1}^T,  dE/db_k = delta_k.

   The proof is a chain rule from z_{k-1} to z_k: dz_k/dz_{k-1} = W_k D_{k-1}. Its steps are tests, over fractions.
4. Gradient descent w_{j+1} = w_j - alpha grad E(w_j); SGD, the same with the gradient of a mini-batch, an epoch being
   one pass over all of them; momentum, which adds beta (w_j - w_{j-1}): `momentum_as_written`.
5. The toy problem: sin(pi x) by 2 layers with 100 hidden units: `fits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figures
import numpy as np

import viz
from nn.activations import activation
from nn.bridge import gradients_of, scalar_twin
from nn.history import History
from nn.matrix import Network
from nn.optimizers import GradientDescent, Momentum
from nn.schedules import linear
from nn.training import train

SIZES = [6, 2, 6, 4, 1]  # the network of the lecture's figure
HIDDEN = 100


def layers(network: Network, x: Any) -> tuple[list[Any], list[Any]]:
    """Return z_1, ..., z_L and f_0, ..., f_L of one sample x: z_k = W_k f_{k-1} + b_k, f_k = s_k(z_k)."""
    z, f = [], [np.asarray(x, dtype=float)]
    for W, b, s in zip(network.weights, network.biases, network.activations, strict=True):
        z.append(W @ f[-1] + b)
        f.append(s(z[-1]))
    return z, f


def theorem_1(network: Network, x: Any, y: Any) -> list[tuple[str, Any, Any]]:
    """Return the equations of Theorem 1 for one sample: the name, the derivative by autodiff, and the right-hand side.

    Autodiff goes through the network neuron by neuron and knows nothing of matrices.
    """
    twin = scalar_twin(network, x[None], y[None])
    twin.loss.backward()
    delta = [gradients_of(z)[0] for z in twin.z]
    z, f = layers(network, x)
    sides = []
    for k, (W, neurons) in enumerate(zip(network.weights, twin.model.layers, strict=True), 1):
        if k > 1:
            D = np.diag(network.activations[k - 2].derivative(z[k - 2]))
            sides.append((f"(7) delta_{k - 1}", delta[k - 2], D @ W.T @ delta[k - 1]))
        by_weights = np.array([[w.grad for w in neuron.w] for neuron in neurons.neurons])
        sides.append((f"(8) dE/dW_{k}", by_weights, np.outer(delta[k - 1], f[k - 1])))
        sides.append((f"(8) dE/db_{k}", np.array([neuron.b.grad for neuron in neurons.neurons]), delta[k - 1]))
    return sides


def points(count: int) -> tuple[Any, Any]:
    """Return evenly spaced points of [-1, 1], and sin(pi x) there; shapes (count, 1)."""
    x = np.linspace(-1, 1, count)[:, None]
    return x, np.sin(np.pi * x)


@dataclass(frozen=True)
class Fit:
    """One way to fit: the network, and what was measured by epoch, the summed loss."""

    name: str
    network: Network
    history: History


def fits(epochs: int, count: int = 200) -> list[Fit]:
    """Fit sin(pi x) with 2 layers and 100 hidden units, the loss sum |f - sin(pi x)|, in three ways.

    The derivative of the absolute value does not shrink near the minimum, so the step must: alpha falls to 0 on a line.
    The first biases are drawn from [-1.5, 1.5], so that the kinks are spread over [-1, 1].
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
        network.biases[0][:] = np.random.default_rng(1).uniform(-1.5, 1.5, HIDDEN)
        history = train(
            network, x, y, optimizer=optimizer, epochs=epochs, batch_size=batch, schedule=linear, keep_best=True
        )
        found.append(Fit(name, network, history))
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
        figures.label(panel, {"relu": "ReLU"}.get(name, name), "z", "", legend="best")
    figures.save(made, options, "calder-activations", "ReLU and the sigmoid, with their derivatives")


def draw_fits(found: list[Fit], options: figures.Options) -> None:
    """Plot the fit of the momentum method, and the loss by epoch of every method."""
    made, (left, right) = figures.panels(2)
    x, y = points(201)
    left.plot(x, y, color=figures.BLUE, linewidth=3, alpha=0.4, label="sin(πx)")
    left.plot(
        x, found[-1].network.forward(x), color=figures.ORANGE, label=f"network, by {found[-1].name.split(',')[0]}"
    )
    figures.label(left, "1-100-1, ReLU", "x", "", legend="best")
    for fit, color, line in zip(found, (figures.BLUE, figures.GREEN, figures.ORANGE), ("-", "--", "-."), strict=False):
        loss = fit.history.loss
        every = max(1, len(loss) // 200)
        right.plot(range(1, len(loss) + 1, every), loss[::every], color=color, linestyle=line, label=fit.name)
    right.set_yscale("log")
    figures.label(right, "summed loss |f - sin(πx)|", "epoch", "loss", legend="best")
    figures.save(made, options, "calder-fit", "A network with 100 hidden units fits sin(pi x)")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    draw_activations(options)
    network = Network(SIZES, "relu", "identity", reduction="sum", rng=0)
    print(f"figure: {viz.save(network, options.out / 'calder-network.svg')}")
    x = np.random.default_rng(0).normal(size=(5, 6))
    f = [layers(network, sample)[1] for sample in x]
    difference = max(abs(float(a[-1][0] - b[0])) for a, b in zip(f, network.forward(x), strict=True))
    print(
        f"{'-'.join(map(str, SIZES))}: f_k of shapes {[part.shape for part in f[0]]}; "
        f"Network.forward differs by {difference:.1e}"
    )
    sides = theorem_1(network, x[0], np.ones(1))
    apart = max(float(np.abs(left - right).max()) for _, left, right in sides)
    print(f"Theorem 1: both sides of {len(sides)} equations, from (7) and (8), differ by at most {apart:.1e}")
    each = sum(network.loss(sample[None], [[1.0]]) for sample in x)
    print(f"E = {network.loss(x, np.ones((5, 1))):.6f}, the sum over the samples: {each:.6f}")
    by_hand, by_class = momentum_as_written(0.05, 0.8, 50)
    print(f"momentum, 50 steps: by hand {by_hand}, nn.optimizers.Momentum {by_class}")
    found = fits(100 if options.quick else 2000)
    for fit in found:
        x, y = points(200)
        stopped = f", stopped by Ctrl-C after {fit.history.epochs} epochs" if fit.history.interrupted else ""
        print(f"sin(pi x), {fit.name}: sum |f - sin(pi x)| = {fit.network.loss(x, y):.3f} on 200 points{stopped}")
    draw_fits(found, options)


if __name__ == "__main__":
    figures.run(main)
