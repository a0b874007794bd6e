"""Checking the gradient of a logistic regression: once right, and once with the sum where the mean belongs.

    python examples/checking_logistic_regression.py

X: samples, shape (m, n).  y: classes, 0 or 1, shape (m,).  w: weights, shape (n,).  z = X w: logits, shape (m,).
"""

import numpy as np

from engine.check import check_gradient

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
y = (X @ [1.0, -2.0, 0.5] > 0).astype(float)
w = np.array([0.2, -0.4, 0.1])


def loss(w):
    """Return the mean of log(1 + exp(z)) - y z, the binary cross-entropy of sigmoid(z)."""
    z = X @ w
    return (np.logaddexp(0, z) - y * z).mean()


def gradient(w):
    """Return X^T (sigmoid(z) - y) / m."""
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ (p - y) / len(X)


def gradient_of_the_sum(w):
    """Return the same without the 1/m, a classical mistake."""
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ (p - y)


if __name__ == "__main__":
    print(check_gradient(loss, gradient, w))
    print()
    print(check_gradient(loss, gradient_of_the_sum, w))
