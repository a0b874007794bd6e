"""Barron's bound on the mean squared error of N hidden units, and networks; a part of hasegawa_johnson_ece417.py.

========  ==================================================================================================
symbol    meaning
========  ==================================================================================================
f         what is fitted: sin(2 pi x_0) sin(2 pi x_1) on the square [-1, 1]^2, `waves`
F(w)      its Fourier transform: f is the sum of e^(i w.x) F(w), over w = 2 pi (+-1, +-1) here, |F(w)| = 1/4
C         the sum of |w|_B |F(w)|, where |w|_B is the largest w.x on the square: 4 pi here
N         number of hidden units
========  ==================================================================================================

The theorem: some network with N sigmoidal units has a mean squared error of at most (2C)^2 / N, whatever the number of
inputs. A. R. Barron, "Universal approximation bounds for superpositions of a sigmoidal function" (1993), theorem 1.

It is an upper bound, so errors that fall as 1/N are not what training must show. Three things are shown instead: the
bound; the network of its proof, whose units are drawn at random, and whose error is indeed a constant over N; and the
best of some trained networks, which is far below both, and falls faster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import figures
import numpy as np

from nn.fitting import Line, fit_power
from nn.lbfgs import lbfgs
from nn.matrix import Network
from nn.progress import ProgressBar

C = 4 * math.pi
VARIATION = 16.0  # of the ridge functions of f, see `as_in_the_proof`


class Errors(NamedTuple):
    """Mean squared errors by the number of hidden units; fewer after Ctrl-C."""

    counts: list[int]
    errors: list[float]

    @property
    def slope(self) -> Line | None:
        """The exponent of N, with its standard error."""
        return fit_power(self.counts, self.errors)


def waves(X: Any) -> Any:
    """Return f at points of shape (m, 2); shape (m, 1)."""
    return np.sin(2 * np.pi * X).prod(axis=1, keepdims=True)


def bound(n: int) -> float:
    """Return the theorem's bound on the mean squared error of n units."""
    return (2 * C) ** 2 / n


def mean_squared_error(network: Network, X: Any) -> float:
    """Return the mean of (network - f)^2 over points X."""
    return float(((network.forward(X) - waves(X)) ** 2).mean())


def as_in_the_proof(n: int, rng: np.random.Generator) -> Network:
    """Return a network of n steps, drawn at random so that its mean over all draws is f.

    f = g(u) - g(v) with g(z) = cos(4 pi z) / 2, u = (x_0 - x_1) / 2, v = (x_0 + x_1) / 2, both in [-1, 1]. Each of
    these ridge functions is a mean of steps: g(z) - g(0) is the integral of g'(t) over 0 < t < z, or of -g'(t) over
    z < t < 0. So draw u or v, then t with a density of |g'(t)|, and give the step the sign of g'(t), and as its weight
    the whole integral of |g'(t)| of both functions, 16. The mean of n such steps is f, but for a variance over n.
    """
    first = rng.choice([1, -1], n)  # 1: g(u), -1: -g(v)
    t = (rng.integers(-4, 4, n) + np.arccos(rng.uniform(-1, 1, n)) / np.pi) / 4  # |sin 4 pi t| has the period 1/4
    beyond = np.sign(t)  # the step is up behind t, seen from 0
    network = Network([2, n, 1], "step", rng=0)
    network.weights[0][:] = (beyond / 2)[:, None] * np.column_stack([np.ones(n), -first])
    network.biases[0][:] = -np.abs(t)
    slope = -first * np.sin(4 * np.pi * t)
    network.weights[1][0], network.biases[1][:] = VARIATION / n * np.sign(slope) * beyond, 0.0
    return network


def drawn(counts: Sequence[int], draws: int) -> Errors:
    """Return the mean squared error of the proof's network for each N, on average over some draws."""
    X = np.random.default_rng(1).uniform(-1, 1, (1000, 2))
    found = Errors([], [])
    with ProgressBar(len(counts) * draws, "as in the proof") as bar:
        for n in counts:
            errors = []
            for seed in range(draws):
                errors.append(mean_squared_error(as_in_the_proof(n, np.random.default_rng([n, seed])), X))
                bar.update()
            found.counts.append(n)
            found.errors.append(float(np.mean(errors)))
    return found


def trained(counts: Sequence[int], seeds: int, iterations: int) -> Errors:
    """Return the mean squared error of the best of some networks trained by L-BFGS for each N.

    The best is chosen by the error on the points that it is trained on, and the error told is that on others.
    """
    rng = np.random.default_rng(0)
    X, unseen = rng.uniform(-1, 1, (600, 2)), rng.uniform(-1, 1, (4000, 2))
    found = Errors([], [])
    with ProgressBar(len(counts) * seeds, "trained") as bar:
        for n in counts:
            networks = []
            for seed in range(seeds):
                network = Network([2, n, 1], init="normal", rng=seed)
                for parameter in network.parameters[:2]:
                    parameter *= 3  # steep enough for the waves
                network.weights[1][:] /= math.sqrt(n)
                if lbfgs(network, X, waves(X), iterations=iterations, progress=False).interrupted:
                    return found
                networks.append(network)
                bar.update()
            best = min(networks, key=lambda network: mean_squared_error(network, X))
            found.counts.append(n)
            found.errors.append(mean_squared_error(best, unseen))
    return found


def draw(by_proof: Errors, by_training: Errors, options: figures.Options) -> None:
    """Plot the bound and both kinds of errors against the number of hidden units."""
    made, (axes,) = figures.panels(1, height=4)
    ends = [1, max(by_proof.counts)]
    axes.loglog(ends, [bound(n) for n in ends], color="#5d6771", linestyle=":", label="Barron's bound, (8π)²/N")
    for found, color, marker, line, name in (
        (by_proof, figures.GREEN, "s", "--", "units drawn as in its proof"),
        (by_training, figures.BLUE, "o", "-", "best of the trained"),
    ):
        label = f"{name}, slope {found.slope}" if found.slope else name  # Ctrl-C may leave too few points
        axes.loglog(*found, color=color, marker=marker, linestyle=line, markersize=4, label=label)
    axes.set_ylim(top=3e4)
    figures.label(axes, "sin(2πx_0) sin(2πx_1) on a square", "hidden units N", "mean squared error", legend="best")
    figures.save(made, options, "hasegawa-barron", "Mean squared error against hidden units")
