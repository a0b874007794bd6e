"""Checking the gradient of a network of two layers: once right, and once without the derivative of its activation.

    python examples/checking_two_layers.py

X: samples, shape (m, n_0).  Y: targets, shape (m, n_2).  W1, b1: shapes (n_1, n_0), (n_1,).  W2, b2: shapes (n_2, n_1),
(n_2,).  F1: activations of the hidden layer, shape (m, n_1).
"""

import numpy as np

from engine.check import check_gradient

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
Y = rng.normal(size=(8, 2))
parameters = (rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 4)), rng.normal(size=2))


def loss(W1, b1, W2, b2):
    """Return half the squared error, averaged over the samples."""
    F1 = np.tanh(X @ W1.T + b1)
    return ((F1 @ W2.T + b2 - Y) ** 2).sum() / (2 * len(X))


def gradient(W1, b1, W2, b2):
    """Return the gradient by back-propagation: delta_1 = D_1 W_2^T delta_2."""
    F1 = np.tanh(X @ W1.T + b1)
    delta2 = (F1 @ W2.T + b2 - Y) / len(X)
    delta1 = (delta2 @ W2) * (1 - F1**2)
    return delta1.T @ X, delta1.sum(axis=0), delta2.T @ F1, delta2.sum(axis=0)


def gradient_without_activation(W1, b1, W2, b2):
    """Return the same with D_1 forgotten."""
    F1 = np.tanh(X @ W1.T + b1)
    delta2 = (F1 @ W2.T + b2 - Y) / len(X)
    delta1 = delta2 @ W2
    return delta1.T @ X, delta1.sum(axis=0), delta2.T @ F1, delta2.sum(axis=0)


if __name__ == "__main__":
    print(check_gradient(loss, gradient, parameters))
    print()
    print(check_gradient(loss, gradient_without_activation, parameters))
