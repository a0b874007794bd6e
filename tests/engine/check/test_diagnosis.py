"""The likely mistake: each classical bug, made in a hand-written gradient, is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient

rng = np.random.default_rng(1)
X, T = rng.normal(size=(12, 4)), rng.normal(size=(12, 3))
PARAMETERS = (rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=3))


def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    F = np.tanh(X @ W1.T + b1)
    return ((F @ W2.T + b2 - T) ** 2).sum() / len(X) / 2


def gradient(W1: Any, b1: Any, W2: Any, b2: Any, bug: str = "") -> Any:
    Z = X @ W1.T + b1
    F = np.tanh(Z)
    D2 = (F @ W2.T + b2 - T) / len(X)
    D1 = D2 @ W2 * {"no D_k": 1, "wrong point": 1 - np.tanh(F) ** 2}.get(bug, 1 - F * F)
    dW1, db1, dW2, db2 = D1.T @ X, D1.sum(axis=0), D2.T @ F, D2.sum(axis=0)
    if bug == "transposed":
        dW1 = dW1.T
    if bug == "last sample":
        dW1, db1, dW2, db2 = np.outer(D1[-1], X[-1]), D1[-1], np.outer(D2[-1], F[-1]), D2[-1]
    if bug == "penalty":
        dW2 = dW2 - 0.1 * W2
    if bug == "one entry":
        dW2 = dW2 + np.array([[0.0] * 4, [0, 0, 0.001 * dW2[1, 2], 0], [0.0] * 4])
    factor = {"no 1/m": len(X), "sign": -1, "twice": 2, "half": 0.5, "hair": 1 + 1e-9, "zero": 0}.get(bug, 1)
    return factor * dW1, factor * db1, factor * dW2, (3 if bug == "bias" else factor) * db2


TANH = f"tanh (test_diagnosis.py:{loss.__code__.co_firstlineno + 1})"  # where it stands
BUGS = {
    "no 1/m": "12 times the truth everywhere: a division by 12 is missing (X.shape[0] is 12)",
    "sign": "the sign is wrong everywhere",
    "twice": "twice the truth everywhere: a factor 2 too much",
    "half": "half of the truth everywhere: a factor 2 is missing",
    "hair": "(1 + 1e-09) times the truth everywhere: a constant factor is wrong",
    "zero": "the gradient is 0: it was never computed",
    "bias": "by b2, the claim is 3 times the truth: a division by 3 is missing",
    "no D_k": f"the derivative of {TANH} is missing: no D_k",
    "wrong point": f"the derivative of {TANH} is taken at the wrong point",
    "transposed": "the gradient by W1 is transposed",
    "last sample": "= where += is needed: of several uses of one number only the last counts",
    "penalty": "a term 0.1 * W2 is missing: the derivative of a penalty",
    "one entry": "W2[1, 2] alone is 1.001 times the truth",
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_classical_mistake_of_a_network_is_named(bug: str) -> None:
    report = check_gradient(loss, lambda *p: gradient(*p, bug=bug), PARAMETERS)
    assert report.verdict == "wrong"
    assert report.likely.startswith(BUGS[bug])


def square(A: Any, B: Any) -> Any:
    return ((np.maximum(X[:, :3] @ A.T, 0) @ B.T - T) ** 2).sum()


def test_a_matrix_where_its_transpose_is_needed_is_named() -> None:
    def wrong(A: Any, B: Any) -> Any:
        Z = X[:, :3] @ A.T
        D = 2 * (np.maximum(Z, 0) @ B.T - T)
        return (D @ B.T * (Z > 0)).T @ X[:, :3], D.T @ np.maximum(Z, 0)

    report = check_gradient(square, wrong, (rng.normal(size=(3, 3)), rng.normal(size=(3, 3))))
    assert report.likely == "B where its transpose is needed, on the way back"


def test_a_sum_over_the_wrong_axis_is_named() -> None:
    Y = T[:4] @ rng.normal(size=(3, 4))

    def f(b: Any) -> Any:
        return (np.tanh(Y + b) ** 3).sum()

    def wrong(b: Any) -> Any:
        H = np.tanh(Y + b)
        return (3 * H**2 * (1 - H**2)).sum(axis=1)

    report = check_gradient(f, wrong, rng.normal(size=4))
    assert report.likely == "the sum in the gradient by b runs over the wrong axis"


SMALL: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "missing term": (
        lambda x, y: x * x * y + np.sin(x) * x,
        lambda x, y: (2 * x * y + np.sin(x), x * x),
        "a term is missing: the one that comes from x as argument 1 of sin",
    ),
    "swapped": (
        lambda x, y: x * x * y,
        lambda x, y: (x * x, 2 * x * y),
        "the gradients by x and y are swapped",
    ),
    "wrong point": (
        lambda x, y: np.exp(x) * y + x,
        lambda x, y: (np.exp(-x) * -y + 1, np.exp(-x)),
        "it is the derivative at the wrong point, at -x",
    ),
}


@pytest.mark.parametrize("bug", SMALL)
def test_a_classical_mistake_of_a_formula_is_named(bug: str) -> None:
    f, wrong, words = SMALL[bug]
    assert check_gradient(f, wrong, (1.5, 0.7)).likely == words


def test_what_fits_no_mistake_is_not_explained() -> None:
    off = [rng.normal(size=p.shape) for p in PARAMETERS]
    report = check_gradient(loss, lambda *p: [g + d for g, d in zip(gradient(*p), off, strict=True)], PARAMETERS)
    assert report.verdict == "wrong"
    assert report.likely == ""
