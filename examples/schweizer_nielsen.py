"""Schweizer, TU Dortmund (after Nielsen): perceptrons, "this is a 4", derivatives forwards and backwards, saturation.

========  ====================================================  =============================================
symbol    in the lecture and in Nielsen's network.py            here
========  ====================================================  =============================================
w, b      weights and bias; a perceptron fires if w.x + b > 0   activation "step"
a^l, z^l  activations and weighted inputs of layer l            activations, zs: columns, as in network.py
C         1/(2K) sum over K samples of |r - a|^2                loss "squared_error", reduction "mean"
r         the right answer                                      y
nabla_b   dC/db, nabla_w dC/dw                                  the same
s         sigmoid, s(z) = 1 / (1 + e^-z)                        activation "sigmoid"
========  ====================================================  =============================================

Step by step:

1. The perceptron fires if w.x + b > 0. With w = (-2, -2), b = 3 it is a NAND, of which all logic is made: `nand`,
   `xor`, `half_adder`. Its step has the derivative 0; the sigmoid is a smoothed step: `draw_smoothing`.
2. A network is a list of matrices, a^l = s(w^l a^(l-1) + b^l): 6-4-3-1 has (4, 6), (3, 4) and (1, 3).
3. "This is a 4": C = 1/(2K) sum |r - a|^2, learned by mini-batch SGD: `learn_fours`.
4. All derivatives the "natural" way, forwards, has an unknown for each weight and each node behind it; backwards it has
   one for each node: `count_unknowns` counts both in the graph of a network.
5. Backwards is Nielsen's network.py, in his notation: `backprop`, checked by finite differences: `check_backprop`.

       (BP1)  delta^L = (a^L - y) * s'(z^L)                (BP3)  dC/db^l = delta^l
       (BP2)  delta^l = (w^(l+1)^T delta^(l+1)) * s'(z^l)  (BP4)  dC/dw^l = delta^l a^(l-1)^T

6. Saturation: at z = 100, r = 0 the quadratic cost has the derivative a s'(z), about 4e-44, and does not learn;
   cross-entropy has a, since s'(z) / (s(z) (1 - s(z))) = 1 cancels: `saturated`, `cancellation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figures
import numpy as np

import viz
from engine import Value
from engine.graph import Graph
from engine.value import NO_GRAD
from nn.activations import activation
from nn.bridge import scalar_twin
from nn.data import Dataset
from nn.fitting import Line, fit_power
from nn.history import History
from nn.lbfgs import flatten
from nn.matrix import Network
from nn.naive import finite_differences
from nn.optimizers import GradientDescent
from nn.training import train

SIZES = [6, 4, 3, 1]


def perceptron(w: list[float], b: float, activation: str = "step") -> Network:
    """Return one perceptron with the given weights and bias."""
    network = Network([len(w), 1], output=activation, rng=0)
    network.weights[0][:], network.biases[0][:] = [w], b
    return network


def nand(x1: Any, x2: Any) -> Any:
    """Return 0 where both bits are 1, else 1: the perceptron with w = (-2, -2) and b = 3."""
    return perceptron([-2, -2], 3).forward(np.stack([x1, x2], axis=1).astype(float))[:, 0]


def xor(x1: Any, x2: Any) -> Any:
    """Return the sum of two bits modulo 2, made of four NANDs (no single perceptron can)."""
    both = nand(x1, x2)
    return nand(nand(x1, both), nand(x2, both))


def half_adder(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Return sum and carry of two bits, of five NANDs."""
    both = nand(x1, x2)
    return xor(x1, x2), nand(both, both)


def pairs_of_bits() -> tuple[Any, Any]:
    """Return all pairs of bits, as two arrays of shape (4,)."""
    return np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def backprop(weights: list[Any], biases: list[Any], x: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """Return (nabla_b, nabla_w) of C = |y - a|^2 / 2 for one sample, all as columns: Nielsen's BP1 to BP4."""
    s = activation("sigmoid")
    activations, zs = [x], []
    for w, b in zip(weights, biases, strict=True):
        zs.append(w @ activations[-1] + b)
        activations.append(s(zs[-1]))
    delta = (activations[-1] - y) * s.derivative(zs[-1])  # BP1
    nabla_b, nabla_w = [delta], [delta @ activations[-2].T]  # BP3, BP4
    for layer in range(2, len(weights) + 1):
        delta = (weights[-layer + 1].T @ delta) * s.derivative(zs[-layer])  # BP2
        nabla_b.insert(0, delta)
        nabla_w.insert(0, delta @ activations[-layer - 1].T)
    return nabla_b, nabla_w


@dataclass(frozen=True)
class Unknowns:
    """How many derivatives are found on the way to the gradient of one network, forwards and backwards."""

    nodes: int
    edges: int
    forward: int
    backward: int


def count_unknowns(sizes: list[int]) -> Unknowns:
    """Count both kinds in the recorded graph of a network.

    Forwards ("naturally") the derivative of every node behind a weight by this weight is an unknown; backwards only
    that of the cost by every node is. Nodes are neurons; edges are weights (biases have their own, and are left out).
    """
    network = Network(sizes, "sigmoid", "sigmoid", rng=0)
    twin = scalar_twin(network, np.zeros((1, sizes[0])), np.zeros((1, sizes[-1])))
    neurons = {id(node) for layer in twin.z for node in layer.flat}
    graph = Graph(twin.loss)
    weights = {id(w) for layer in twin.model.layers for neuron in layer.neurons for w in neuron.w}
    behind: list[set[int]] = [set() for _ in graph.nodes]  # the weights that each node depends on
    place = {id(node): i for i, node in enumerate(graph.nodes)}
    forward = 0
    for i, node in enumerate(graph.nodes):
        behind[i] = {id(node)} & weights
        for argument in node.args:
            if isinstance(argument, Value):
                behind[i] |= behind[place[id(argument)]]
        forward += len(behind[i]) if id(node) in neurons else 0
    twin.loss.backward()
    backward = sum(node.grad is not NO_GRAD for layer in twin.z for node in layer.flat)
    return Unknowns(len(neurons), len(weights), forward, backward)


def growth(widths: list[int]) -> tuple[list[Unknowns], Line | None, Line | None]:
    """Return the counts for networks n-n-n-n-1, with the exponents of both by the number of weights."""
    found = [count_unknowns([n, n, n, n, 1]) for n in widths]
    edges = [one.edges for one in found]
    forward, backward = [one.forward for one in found], [one.backward for one in found]
    return found, fit_power(edges, forward), fit_power(edges, backward)


@dataclass(frozen=True)
class Fours:
    """A network that says how sure it is that an image shows a 4, and how often it is right on the test images."""

    network: Network
    history: History
    accuracy: float
    fours: float


def learn_fours(data: Dataset, epochs: int) -> Fours:
    """Train "this is a 4" with C = 1/(2K) sum |r - a|^2, by mini-batch SGD with batches of 10 as in network.py."""
    network = Network([data.features, 30, 1], "sigmoid", "sigmoid", rng=0)
    r = (data.y_train == 4).astype(float)
    history = train(
        network, data.x_train, r, optimizer=GradientDescent(3.0), epochs=epochs, batch_size=10, keep_best=True
    )
    says, right = network.forward(data.x_test)[:, 0] > 0.5, data.y_test == 4
    return Fours(network, history, float((says == right).mean()), float(says[right].mean()))


def check_backprop() -> float:
    """Return how far `backprop` is from finite differences on the 6-4-3-1 network, as a share of its length."""
    rng = np.random.default_rng(0)
    network = Network(SIZES, "sigmoid", "sigmoid", init="normal", rng=rng)
    x, y = rng.normal(size=(SIZES[0], 1)), np.array([[1.0]])
    nabla_b, nabla_w = backprop(network.weights, [b[:, None] for b in network.biases], x, y)
    found = flatten([part for pair in zip(nabla_w, nabla_b, strict=True) for part in pair])
    expected = flatten(finite_differences(network, x.T, y).parameters)
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def saturated(loss: str, epochs: int = 300) -> tuple[list[float], list[float]]:
    """Return a and C by epoch of one neuron with z = 100 that should answer r = 0, with the learning rate 1/2.

    C is the quadratic cost a^2 / 2 or the cross-entropy -log(1 - a).
    """
    network = perceptron([50.0], 50.0, "sigmoid")  # x = 1, so z = w + b = 100
    network = Network.from_scalar(network.to_scalar(), loss=loss)
    x, r = np.ones((1, 1)), np.zeros((1, 1))
    optimizer, outputs, costs = GradientDescent(0.5), [], []
    for _ in range(epochs):
        g = network.gradients(x, r)
        outputs.append(float(network.forward(x)[0, 0]))
        costs.append(g.loss)
        optimizer.step(network.parameters, g.parameters)
    return outputs, costs


def cancellation(z: Any) -> tuple[Any, Any]:
    """Return s'(z) / (s(z) (1 - s(z))), which is 1: with 1 - s(z) = s(-z), and with 1 - s(z) as it is written."""
    s = activation("sigmoid")
    with np.errstate(divide="ignore", invalid="ignore"):
        return s.derivative(z) / (s(z) * s(-z)), s.derivative(z) / (s(z) * (1 - s(z)))


def draw_smoothing(options: figures.Options) -> None:
    """Plot the perceptron's step, and sigmoids with growing weights that tend to it."""
    made, (axes,) = figures.panels(1)
    x = np.linspace(-1, 1, 401)
    axes.plot(x, activation("step")(x), color="#1b1f23", label="perceptron", drawstyle="steps-post")
    for c, color, line in ((2, figures.BLUE, "-"), (8, figures.GREEN, "--"), (32, figures.ORANGE, "-.")):
        axes.plot(x, activation("sigmoid")(c * x), color=color, linestyle=line, label=f"s({c} z)")
    figures.label(axes, "the smoothed perceptron", "z = w·x + b", "output", legend="best")
    figures.save(made, options, "schweizer-smoothing", "The sigmoid is a smoothed perceptron")


def draw_unknowns(widths: list[int], options: figures.Options) -> None:
    """Plot the unknowns of both ways against the number of weights."""
    counts, forward, backward = growth(widths)
    made, (axes,) = figures.panels(1)
    edges = [one.edges for one in counts]
    axes.loglog(
        edges, [c.forward for c in counts], color=figures.ORANGE, marker="o", label=f"forwards, exponent {forward}"
    )
    axes.loglog(
        edges, [c.backward for c in counts], color=figures.BLUE, marker="^", label=f"backwards, exponent {backward}"
    )
    bound = [one.nodes * one.edges for one in counts]
    axes.loglog(
        edges, bound, color="#5d6771", linestyle=":", label=f"nodes x edges, exponent {fit_power(edges, bound)}"
    )
    axes.set_ylim(top=20 * bound[-1])  # room for the names
    axes.xaxis.set_minor_formatter("")
    figures.label(axes, "unknown derivatives, n-n-n-n-1", "weights", "number", legend="best")
    figures.save(made, options, "schweizer-unknowns", "Unknown derivatives forwards and backwards")


def draw_fours(dataset: Dataset, fours: Fours, options: figures.Options) -> None:
    """Show the first test images, and how sure the network is that each is a 4."""
    made, axes = figures.panels(8, height=2.2)
    made.set_size_inches(12, 2.2)
    side = round(dataset.features**0.5)
    of_both = [*np.flatnonzero(dataset.y_test == 4)[:4], *np.flatnonzero(dataset.y_test != 4)[:4]]
    for panel, image in zip(axes, dataset.x_test[of_both], strict=True):
        panel.imshow(image.reshape(side, side), cmap="gray_r", interpolation="none")
        sure = float(fours.network.forward(image[None])[0, 0])
        figures.label(panel, f"a = {sure:.3f}", "", "", grid=False)
        panel.set(xticks=[], yticks=[])
    figures.save(made, options, "schweizer-fours", "Is this a 4? The network's output for test images")


def draw_saturation(options: figures.Options) -> None:
    """Plot output and cost by epoch of the saturated neuron, for both costs."""
    made, (left, right) = figures.panels(2)
    for loss, color, line in (
        ("squared_error", figures.ORANGE, "--"),
        ("binary_cross_entropy", figures.BLUE, "-"),
    ):
        outputs, costs = saturated(loss)
        name = {"squared_error": "quadratic cost"}.get(loss, "cross-entropy")
        left.plot(outputs, color=color, linestyle=line, label=name)
        right.plot(costs, color=color, linestyle=line, label=name)
    figures.label(left, "z = 100, r = 0: the output a", "epoch", "a", legend="best")
    figures.label(right, "the cost C", "epoch", "C", legend="best")
    right.set_yscale("log")
    figures.save(made, options, "schweizer-saturation", "A saturated neuron, by quadratic cost and by cross-entropy")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    x1, x2 = pairs_of_bits()
    total, carry = half_adder(x1, x2)
    for row in zip(x1, x2, nand(x1, x2), total, carry, strict=True):
        print("x1 = {:.0f}, x2 = {:.0f}: NAND {:.0f}, XOR (sum) {:.0f}, carry {:.0f}".format(*row))
    draw_smoothing(options)
    network = Network(SIZES, "sigmoid", "sigmoid", rng=0)
    print(f"{'-'.join(map(str, SIZES))} as matrices: {[W.shape for W in network.weights]}")
    print(f"figure: {viz.save(network, options.out / 'schweizer-network.svg')}")
    unknowns = count_unknowns(SIZES)
    print(
        f"unknown derivatives with {unknowns.nodes} nodes and {unknowns.edges} edges: {unknowns.forward} forwards "
        f"(at most nodes x edges = {unknowns.nodes * unknowns.edges}), {unknowns.backward} backwards"
    )
    draw_unknowns([2, 4, 8] if options.quick else [2, 4, 8, 16, 24], options)
    print(f"backprop and finite differences differ by {check_backprop():.1e} of the gradient's length")
    dataset = figures.digits(options.data)
    fours = learn_fours(dataset, 2 if options.quick else 10)
    print(fours.history)
    draw_fours(dataset, fours, options)
    print(f"this is a 4: right on {fours.accuracy:.2%} of the test images, finds {fours.fours:.2%} of the fours")
    draw_saturation(options)
    for loss in ("squared_error", "binary_cross_entropy"):
        outputs, costs = saturated(loss)
        print(f"saturated, {loss}: a = {outputs[-1]:.6f} and C = {costs[-1]:.2e} after {len(outputs)} epochs")
    for z in (10.0, 36.0, 40.0, 700.0):
        kept, lost = cancellation(np.array([z]))
        print(f"s'(z) / (s(z) (1 - s(z))) at z = {z:g}: {kept[0]}; with 1 - s(z) rounded: {lost[0]}")


if __name__ == "__main__":
    figures.run(main)
