"""Hasegawa-Johnson, ECE 417, lecture 7: what two layers can compute, Barron's bound, and how they learn it.

========  ===========================================  ==================================
symbol    in the lecture                               here
========  ===========================================  ==================================
x         input; x_0, x_1 its components               X, one sample per row
h         first layer, tanh(W^(1) x + b^(1))           f_1
y         second layer, the output                     f_2
N         number of hidden units                       n_1
zeta      the target                                   Y
========  ===========================================  ==================================

The lecture's figures are not at hand; where it leaves numbers open, they are chosen here, and said.

Step by step:

1. Example 1: y = tanh(W^(2) h + b^(2)) is a piecewise constant function of two inputs, designed by hand. Each h_j is a
   half-plane, and three of them make a triangle: `triangle`, against the function itself, `in_triangle`.
2. Barron's bound: N hidden units can have a mean squared error of O(1/N): `barron.py`.
3. Example 2: from the semicircle x_0^2 + x_1^2 = 1, x_1 >= 0, to the parabola y_1 = y_0^2: `designed` by hand, and
   `learned` from random weights.
4. Nonlinearities: step, signum, logistic and tanh, with their derivatives, which for the first two is 0, so that
   gradient descent learns nothing: `draw_activations`.
5. Minimum mean squared error: the network that minimizes E[(y - f(x))^2] is f(x) = E[y | x]: `mmse`, on noisy data.
6. Gradient descent, and what is faster: `race` to the same loss against Adam and L-BFGS, in iterations and seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import barron
import figures
import numpy as np

from nn.activations import activation
from nn.lbfgs import lbfgs
from nn.matrix import Network
from nn.optimizer import Optimizer
from nn.optimizers import Adam, GradientDescent
from nn.progress import ProgressBar
from nn.threads import one_thread_if_small

STEEP = 12.0  # how sharp the edges of example 1 are


def triangle() -> Network:
    """Return example 1: three half-planes in the first layer; the second is 1 where all three hold, else -1."""
    network = Network([2, 3, 1], "tanh", "tanh", rng=0)
    normals = np.array([[0.0, 1.0], [-math.sqrt(3) / 2, -0.5], [math.sqrt(3) / 2, -0.5]])
    network.weights[0][:], network.biases[0][:] = STEEP * normals, STEEP * 0.4
    network.weights[1][:], network.biases[1][:] = STEEP, -2 * STEEP  # 3 - 2 > 0, but 2 - 1 - 2 < 0
    return network


def in_triangle(X: Any) -> Any:
    """Return the piecewise constant function itself: 1 within, -1 outside; shape (m,)."""
    x0, x1 = X.T
    inside = (x1 > -0.4) & (math.sqrt(3) * np.abs(x0) / 2 + x1 / 2 < 0.4)
    return np.where(inside, 1.0, -1.0)


def semicircle(count: int) -> tuple[Any, Any]:
    """Return points of x_0^2 + x_1^2 = 1, x_1 >= 0, and targets on y_1 = y_0^2, y_0 = x_0; both of shape (count, 2)."""
    t = np.linspace(0, np.pi, count)
    x0 = np.cos(t)
    return np.column_stack([x0, np.sin(t)]), np.column_stack([x0, x0**2])


def designed() -> Network:
    """Return example 2 by hand, 2-3-2, from Taylor's theorem.

    tanh(a x)/a is x - a^2 x^3/3 + ..., and tanh(c + a x) + tanh(c - a x) - 2 tanh c is a^2 x^2 tanh''(c) +
    a^4 x^4 tanh''''(c)/12 + ...; the fourth derivative, 8 u (1 - u^2)(2 - 3 u^2) with u = tanh c, is 0 at u^2 = 2/3.
    """
    a, u = (0.1, 0.4), math.sqrt(2 / 3)
    c, curvature = math.atanh(u), -2 * u * (1 - u * u)
    network = Network([2, 3, 2], rng=0)
    network.weights[0][:], network.biases[0][:] = [[a[0], 0], [a[1], 0], [-a[1], 0]], [0, c, c]
    scale = 1 / (a[1] ** 2 * curvature)
    network.weights[1][:], network.biases[1][:] = [[1 / a[0], 0, 0], [0, scale, scale]], [0, -2 * u * scale]
    return network


def learned(iterations: int) -> tuple[Network, Network]:
    """Return example 2 before and after learning, 2-10-2 from random weights, by L-BFGS."""
    before, after = Network([2, 10, 2], rng=3), Network([2, 10, 2], rng=3)
    lbfgs(after, *semicircle(60), iterations=iterations)
    return before, after


def largest_error(network: Network) -> float:
    """Return the length of the longest error vector between parabola and output, on points that it did not see."""
    X, Y = semicircle(101)
    return float(np.linalg.norm(network.forward(X) - Y, axis=1).max())


def noisy(count: int) -> tuple[Any, Any]:
    """Return x uniform in [-1, 1] and y exponentially distributed with mean x^2: E[y | x] = x^2, its median is less."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (count, 1))
    return x, rng.exponential(x**2)


def mmse(counts: Sequence[int], iterations: int = 150) -> tuple[list[Network], list[float]]:
    """Return networks trained by squared error on so many noisy samples, and their RMS distances from E[y | x]."""
    x = np.linspace(-1, 1, 201)[:, None]
    networks = [Network([1, 5, 1], rng=0) for _ in counts]
    for network, count in zip(networks, counts, strict=True):
        lbfgs(network, *noisy(count), iterations=iterations)
    return networks, [float(np.sqrt(((n.forward(x) - x**2) ** 2).mean())) for n in networks]


class Race(NamedTuple):
    """One method's way to the same loss: the loss by iteration, and the seconds."""

    name: str
    loss: list[float]
    seconds: float


def race(target: float, most: int) -> list[Race]:
    """Return how gradient descent, Adam and L-BFGS reach the same loss of one fit of sin(pi x), from one start."""
    x = np.linspace(-1, 1, 50)[:, None]
    y = np.sin(np.pi * x)
    found = []
    optimizers: dict[str, Optimizer] = {"gradient descent": GradientDescent(0.2), "Adam": Adam(0.02)}
    for name, optimizer in optimizers.items():
        losses: list[float] = []
        network, start = Network([1, 10, 1], rng=0), time.perf_counter()
        with ProgressBar(most, name) as bar, one_thread_if_small(500):
            try:
                while len(losses) < most and (not losses or losses[-1] >= target):
                    g = network.gradients(x, y, input_gradient=False)
                    losses.append(g.loss)
                    optimizer.step(network.parameters, g.parameters)
                    bar.update()
            except KeyboardInterrupt:
                print(f"{name}: stopped by Ctrl-C")
        found.append(Race(name, losses, time.perf_counter() - start))
    network, start = Network([1, 10, 1], rng=0), time.perf_counter()
    history = lbfgs(network, x, y, iterations=most, stop_below=target)
    found.append(Race("L-BFGS", history.loss, time.perf_counter() - start))
    return [run for run in found if run.loss]  # one that Ctrl-C stopped at once has none


def draw_activations(options: figures.Options) -> None:
    """Plot step, signum, logistic and tanh, with their derivatives."""
    made, axes = figures.panels(4, height=2.8)
    z = np.linspace(-4, 4, 801)
    for panel, name, title in zip(
        axes, ("step", "sign", "sigmoid", "tanh"), ("step", "signum", "logistic", "tanh"), strict=True
    ):
        s = activation(name)
        panel.plot(z, s(z), color=figures.BLUE, label="g(z)")
        panel.plot(z, s.derivative(z), color=figures.ORANGE, linestyle="--", label="g'(z)")
        figures.label(panel, title, "z", "", legend="best")
    figures.save(made, options, "hasegawa-activations", "Step, signum, logistic and tanh, with their derivatives")


def plane(count: int) -> Any:
    """Return the points of a square grid over the plane of inputs, shape (count^2, 2)."""
    axis = np.linspace(-1.2, 1.2, count)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def draw_triangle(options: figures.Options) -> None:
    """Show the units of the first layer, and the second layer, over the plane of inputs."""
    made, axes = figures.panels(4, height=4.4)
    X = plane(161)
    _, f = triangle().layers(X)
    shown = [*f[1].T, f[2][:, 0]]
    names = [*(f"first layer, h_{j}" for j in range(3)), "second layer, y"]
    for panel, unit, name in zip(axes, shown, names, strict=True):
        image = panel.imshow(
            unit.reshape(161, 161),
            origin="lower",
            interpolation="none",
            extent=(-1.2, 1.2, -1.2, 1.2),
            cmap=figures.signed_colours(),
            vmin=-1,
            vmax=1,
        )
        figures.label(panel, name, "x_0", "x_1", grid=False)
    made.colorbar(image, ax=axes, shrink=0.7)
    figures.save(made, options, "hasegawa-piecewise", "A piecewise constant function of two inputs, layer by layer")


def draw_parabola(networks: dict[str, Network], options: figures.Options) -> None:
    """Draw the parabola and the error vectors from it to each network's output."""
    made, axes = figures.panels(len(networks), height=3.6)
    X, Y = semicircle(25)
    for panel, (name, network) in zip(axes, networks.items(), strict=True):
        curve = semicircle(101)[1]
        panel.plot(*curve.T, color="#9aa3ab", linewidth=1, label="y_1 = y_0²")
        output = network.forward(X)
        vectors = output - Y
        magnified = 1 if largest_error(network) > 0.1 else 50  # or they could not be seen
        panel.quiver(
            *Y.T, *vectors.T, angles="xy", scale_units="xy", scale=1 / magnified, color=figures.ORANGE, width=0.004
        )
        panel.plot(*output.T, color=figures.BLUE, marker=".", linestyle="", label="output")
        figures.label(panel, f"{name}: error up to {largest_error(network):.2g}", "y_0", "y_1", legend="best")
        if magnified > 1:
            panel.text(0.5, 0.95, f"error vectors x {magnified}", transform=panel.transAxes, ha="center", va="top")
    figures.save(made, options, "hasegawa-parabola", "Semicircle to parabola: the error vectors")


def draw_mmse(counts: Sequence[int], networks: list[Network], errors: list[float], options: figures.Options) -> None:
    """Plot noisy samples with E[y | x] and the networks, and the distance from it by the number of samples."""
    made, (left, right) = figures.panels(2)
    x, y = noisy(200)
    grid = np.linspace(-1, 1, 101)[:, None]
    left.scatter(x, y, s=5, color="#9aa3ab", linewidths=0, label="200 of the samples")
    left.plot(grid, grid**2, color="#1b1f23", linewidth=3, alpha=0.5, label="E[y | x] = x²")
    left.plot(grid, math.log(2) * grid**2, color="#1b1f23", linestyle=":", label="median of y given x")
    left.plot(grid, networks[-1].forward(grid), color=figures.ORANGE, label=f"network, {counts[-1]:,} samples")
    left.set_ylim(-0.1, 2)
    figures.label(left, "minimum mean squared error", "x", "y", legend="best")
    right.loglog(counts, errors, color=figures.BLUE, marker="o")
    figures.label(right, "distance from E[y | x]", "samples", "root mean square")
    figures.save(made, options, "hasegawa-mmse", "The network tends to the conditional mean")


def draw_race(runs: list[Race], target: float, options: figures.Options) -> None:
    """Plot the loss by iteration of the three methods."""
    made, (axes,) = figures.panels(1)
    for run, color, line in zip(runs, (figures.ORANGE, figures.GREEN, figures.BLUE), ("--", "-.", "-"), strict=False):
        at = np.unique(np.geomspace(1, len(run.loss), 150).astype(int))
        axes.loglog(at, np.array(run.loss)[at - 1], color=color, linestyle=line, label=run.name)
    axes.axhline(target, color="#5d6771", linestyle=":", linewidth=0.9)
    figures.label(axes, "one fit, three methods", "iterations", "loss", legend="best")
    figures.save(made, options, "hasegawa-race", "Gradient descent, Adam and L-BFGS to the same loss")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    draw_activations(options)
    X = plane(81)
    share = float((np.sign(triangle().forward(X)[:, 0]) == in_triangle(X)).mean())
    print(f"example 1: the 2-3-1 network has the sign of the piecewise function at {share:.1%} of {len(X):,} points")
    draw_triangle(options)
    by_proof = barron.drawn([4**k for k in range(4 if options.quick else 6)], 10 if options.quick else 40)
    widths = [2, 8, 32] if options.quick else [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    by_training = barron.trained(widths, 2 if options.quick else 5, 200 if options.quick else 600)
    for name, found in (("drawn as in Barron's proof", by_proof), ("best trained", by_training)):
        listed = ", ".join(f"N = {n}: {error:.2g}" for n, error in zip(*found, strict=True))
        print(f"mean squared error, {name}: {listed}; slope {found.slope or 'unknown'}")
    barron.draw(by_proof, by_training, options)
    before, after = learned(100 if options.quick else 1000)
    networks = {"by hand": designed(), "random weights": before, "learned": after}
    for name, network in networks.items():
        print(f"example 2, {name}: the longest error vector is {largest_error(network):.2e}")
    draw_parabola(networks, options)
    counts = [100, 1000] if options.quick else [100, 1000, 10_000, 100_000]
    trained, distances = mmse(counts)
    listed = ", ".join(f"{m:,} samples: {d:.4f}" for m, d in zip(counts, distances, strict=True))
    print(f"distance from E[y | x]: {listed}")
    draw_mmse(counts, trained, distances, options)
    target = 1e-2 if options.quick else 1e-4
    runs = race(target, 3000 if options.quick else 60_000)
    for run in runs:
        print(f"{run.name}: loss {run.loss[-1]:.2e} after {len(run.loss):,} iterations, {run.seconds:.2f} s")
    draw_race(runs, target, options)


if __name__ == "__main__":
    figures.run(main)
