"""Checking the gradient of a softmax cross-entropy: once right, and once transposed.

    python examples/checking_softmax.py

X: samples, shape (m, n).  Y: classes as rows with a single 1, shape (m, K).  W: weights, shape (K, n).
"""

import numpy as np

from engine.check import check_gradient

rng = np.random.default_rng(0)
X = rng.normal(size=(10, 3))
Y = np.eye(3)[rng.integers(3, size=10)]
W = rng.normal(size=(3, 3))


def loss(W):
    """Return the mean of log sum_j exp(z_j) - z_y, the largest z_j taken off first so that nothing overflows."""
    Z = X @ W.T
    Z = Z - Z.max(axis=1, keepdims=True)
    return (np.log(np.exp(Z).sum(axis=1)) - (Y * Z).sum(axis=1)).mean()


def probabilities(W):
    """Return the softmax of each row, shape (m, K)."""
    Z = X @ W.T
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def gradient(W):
    """Return (P - Y)^T X / m."""
    return (probabilities(W) - Y).T @ X / len(X)


def transposed_gradient(W):
    """Return X^T (P - Y) / m: with three classes and three inputs the shapes fit, the numbers do not."""
    return X.T @ (probabilities(W) - Y) / len(X)


if __name__ == "__main__":
    print(check_gradient(loss, gradient, W))
    print()
    print(check_gradient(loss, transposed_gradient, W))
