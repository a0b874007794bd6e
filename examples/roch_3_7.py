"""Roch, Math 535, topic 3.7: layers with Jacobians A_i and B_i, the modified softmax, and MNIST by a 784-32-10 network.

========  =====================================================  ==========================================
symbol    in the lecture                                         here
========  =====================================================  ==========================================
z_1 = x   input; z_{i+1} = g_i(w_i, z_i)                         ``LayerPass.z``
w_i       parameters of layer i: for each unit its weights,      row by row, `stacked`
          then its bias
A_i, B_i  Jacobians of g_i by w_i, in blocks, and by z_i         ``LayerPass.A``, ``LayerPass.B``
C_K       Jacobian of the modified softmax by K - 1 inputs       ``LayerPass.C``
q_{L+2}   derivative of the cross-entropy by the K               ``LayerPass.q[-1]``
          probabilities: -1/p at the right class, else 0
p_i, q_i  A_i^T q_{i+1}, B_i^T q_{i+1}                           ``LayerPass.p``, ``LayerPass.q``
========  =====================================================  ==========================================

Step by step, as :mod:`nn.jacobian` does it, with the shapes of everything:

1. A layer z_{i+1} = s(W_i z_i + b_i), and its Jacobians. Row j of A_i is s'(.) (z_i^T, 1) in block j, and 0 elsewhere;
   B_i = diag(s') W_i. Autodiff finds the same, one sweep for each unit: `jacobians_by_autodiff`.
2. The modified softmax: its K-th class has no weights, its input stays at 0, so C_K has K rows and K - 1 columns.
3. The forward loop keeps z, A and B; the backward loop goes q_{L+2}, q_{L+1} = C_K^T q_{L+2}, q_i = B_i^T q_{i+1}, and
   leaves the gradient (p_L; ...; p_1): ``layer_pass``, against back-propagation in matrix form, `stacked`.
4. Handwritten digits, 784-32-10: `learn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figures
import numpy as np

from engine import Value
from engine.graph import adjoints
from nn.data import Dataset
from nn.history import History
from nn.jacobian import LayerPass, layer_pass
from nn.matrix import Network
from nn.optimizers import Adam
from nn.schedules import linear
from nn.training import train

HIDDEN, BATCH, EPOCHS = 32, 128, 20
NOTEBOOK = 0.9613  # the accuracy on the test images that the lecture's notebook reaches


def small_network() -> tuple[Network, Any, int]:
    """Return a 3-4-3 network with sigmoid layers and modified softmax, one sample and its class."""
    rng = np.random.default_rng(0)
    network = Network([3, 4, 2], "sigmoid", "modified_softmax", "cross_entropy", reduction="sum", rng=rng)
    return network, rng.normal(size=3), 2


def jacobians_by_autodiff(network: Network, layer: int, z: Any) -> tuple[Any, Any]:
    """Return A_i and B_i of a sigmoid layer, i from 1, one adjoint sweep for each unit."""
    rows = np.column_stack([network.weights[layer - 1], network.biases[layer - 1]])
    w = [[Value(float(number)) for number in row] for row in rows]
    inputs = [Value(float(number)) for number in z]
    units = [sum((w_i * z_i for w_i, z_i in zip(row, inputs, strict=False)), row[-1]).sigmoid() for row in w]
    leaves = [p for row in w for p in row]
    found = [adjoints(unit) for unit in units]
    A, B = ([[by.get(leaf, 0.0) for leaf in of] for by in found] for of in (leaves, inputs))
    return np.array(A), np.array(B)


def stacked(network: Network, x: Any, y: int) -> Any:
    """Return back-propagation's gradient in the lecture's order, (p_L; ...; p_1), each p_i unit by unit, bias last."""
    g = network.gradients(x[None], [y])
    parts = [np.column_stack([dW, db]).ravel() for dW, db in zip(g.weights, g.biases, strict=True)]
    return np.concatenate(parts[::-1])


@dataclass(frozen=True)
class Training:
    """The data, the trained network and its history."""

    data: Dataset
    network: Network
    history: History

    @property
    def accuracy(self) -> float:
        """The share of the test images whose class the network predicts."""
        return float((self.network.predict(self.data.x_test) == self.data.y_test).mean())


def learn(data: Dataset, epochs: int = EPOCHS, seed: int = 0) -> Training:
    """Train 784-32-10 (64-32-10 on scikit-learn's digits), sigmoid, softmax, batches of 128, by Adam.

    All ten outputs have weights, as in the notebook. With Adam's usual learning rate, 0.001 throughout, six seeds end
    at 95.8% to 96.3% of the test images, around the notebook's 96.13%; with one that falls from 0.006 to 0 on a line,
    as here, at 96.4% to 96.6%.
    """
    sizes = [data.features, HIDDEN, data.classes]
    network = Network(sizes, "sigmoid", "softmax", "cross_entropy", dtype=np.float32, rng=seed)
    optimizer = Adam(0.006 if data.features > 64 else 0.02)
    history = train(
        network,
        data.x_train,
        data.y_train,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=BATCH,
        rng=seed,
        schedule=linear,
        keep_best=True,  # by the training images: the test images choose nothing
    )
    return Training(data, network, history)


def draw_jacobians(found: LayerPass, options: figures.Options) -> None:
    """Draw A_1, B_1 and C_K as signed heat cells: the blocks are seen."""
    assert found.C is not None
    made, axes = figures.panels(3, height=2.8)
    units = [f"unit {j}" for j in range(1, len(found.B[0]) + 1)]
    shown = (
        ("A_1: units by their weights, bias last", found.A[0], units, units),
        ("B_1: units by inputs", found.B[0], ["x_1", "x_2", "x_3"], units),
        ("C_K: classes by K - 1 inputs", found.C, ["input 1", "input 2"], ["class 1", "class 2", "class 3"]),
    )
    for panel, (name, matrix, columns, rows) in zip(axes, shown, strict=True):
        bound, (height, width) = float(np.abs(matrix).max()), matrix.shape
        panel.pcolormesh(
            matrix, cmap=figures.signed_colours(), vmin=-bound, vmax=bound, edgecolors="#e9edf1", linewidth=0.5
        )
        panel.invert_yaxis()
        figures.label(panel, name, "", "", grid=False)
        panel.set_xticks((np.arange(len(columns)) + 0.5) * width / len(columns), columns)
        panel.set_yticks(np.arange(height) + 0.5, rows)
        panel.tick_params(length=0, labeltop=True, labelbottom=False)
        panel.spines[["left", "bottom"]].set_visible(False)
    figures.save(made, options, "roch-jacobians", "The Jacobians of a layer, and of the modified softmax")


def draw_training(training: Training, options: figures.Options) -> None:
    """Plot the accuracy by epoch, and test image 0 with the probabilities of its classes."""
    made, (left, middle, right) = figures.panels(3)
    epochs = range(1, training.history.epochs + 1)
    left.plot(epochs, training.history.accuracy, color=figures.GREEN, linestyle="--", label="training images")
    left.plot(
        training.history.epochs, training.accuracy, color=figures.BLUE, marker="o", linestyle="", label="test images"
    )
    if training.data.name == "mnist":
        left.axhline(NOTEBOOK, color="#5d6771", linestyle=":", label="the notebook's 96.13%")
    left.locator_params(axis="x", integer=True)
    figures.label(left, f"{training.data.name}: accuracy", "epoch", "share of the images", legend="best")
    image = training.data.x_test[0]
    side = round(len(image) ** 0.5)
    middle.imshow(image.reshape(side, side), cmap="gray_r", interpolation="none")
    figures.label(middle, f"test image 0, a {training.data.y_test[0]}", "", "", grid=False)
    middle.set(xticks=[], yticks=[])
    right.bar(range(training.data.classes), training.network.forward(image[None])[0], color=figures.BLUE)
    right.set_xticks(range(training.data.classes))
    figures.label(right, "its class, says the network", "class", "probability")
    figures.save(made, options, "roch-digits", "Handwritten digits by a network with 32 hidden units")


def main(arguments: list[str] | None = None) -> None:
    """Run the lecture's systems, print what they find, and save the figures."""
    options = figures.options(__doc__ or "", arguments)
    network, x, y = small_network()
    found = layer_pass(network, x, y)
    A, B = jacobians_by_autodiff(network, 1, found.z[0])
    print(f"A_1 {A.shape} and autodiff differ by {np.abs(A - found.A[0]).max():.1e}")
    print(f"B_1 {B.shape} and autodiff differ by {np.abs(B - found.B[0]).max():.1e}")
    assert found.C is not None
    print(f"C_K {found.C.shape}; q_(L+2) = {found.q[-1]}; q_(L+1) = C_K^T q_(L+2) = {found.q[-2]}")
    apart = np.abs(found.gradient - stacked(network, x, y)).max()
    print(f"(p_L; ...; p_1), {found.gradient.size} numbers, and back-propagation differ by {apart:.1e}")
    draw_jacobians(found, options)
    training = learn(figures.digits(options.data, np.float32), 5 if options.quick else EPOCHS)
    last = f"accuracy on {len(training.data.x_test):,} test images {training.accuracy:.2%}"
    print(f"{training.network}\n{training.history}; {last} (the notebook on MNIST: {NOTEBOOK:.2%})")
    prediction = training.network.predict(training.data.x_test[:1])[0]
    print(f"test image 0 is a {training.data.y_test[0]}; the network says {prediction}")
    draw_training(training, options)


if __name__ == "__main__":
    figures.run(main)
