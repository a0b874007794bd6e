"""Formulas between networks and nothing in particular: each equals its scalar graph, for each sample of a batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rounding import bounds

from engine import Value, dot, exp, hypot, logsumexp, maximum, sum_
from engine.lift import lift

X = np.random.default_rng(7).normal(size=(3, 6))
Formula = Callable[[list[Value], Any], Value]


def attention(w: list[Value], x: Any) -> Value:
    queries, keys = [w[0] * xi + w[1] for xi in x], [w[2] * xi + w[3] for xi in x]
    found = []
    for q in queries:
        scores = [q * k for k in keys]
        total = logsumexp(*scores)
        found.append(sum(exp(s - total) * xi for s, xi in zip(scores, x, strict=True)))
    return sum(found) * w[4] + w[5]


def gram(w: list[Value], x: Any) -> Value:
    rows = [[w[i] * xj for xj in x] for i in range(4)]
    return sum(sum(a * b for a, b in zip(p, q, strict=True)).tanh() for p in rows for q in rows)


def low_rank(w: list[Value], x: Any) -> Value:
    W = [[w[i] * w[3 + j] for j in range(3)] for i in range(3)]
    return sum(sum(a * b for a, b in zip(row, x[:3], strict=True)).tanh() for row in W)


def pooled(w: list[Value], x: Any) -> Value:
    z = [sum(w[k] * x[i + k] for k in range(3)) + w[3] for i in range(4)]
    return (maximum(z[0], z[1]) + maximum(z[2], z[3])) * w[4]


def frozen(w: list[Value], x: Any) -> Value:
    rows = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 0.0, 2.0, 2.0, 3.0]]
    h = [sum(c * xi for c, xi in zip(row, x, strict=True)).tanh() for row in rows]
    return sum(a * b for a, b in zip(w, h, strict=False))


FORMULAS: dict[str, Formula] = {
    "attention": attention,
    "inner products of all pairs": gram,
    "a matrix that is a product": low_rank,
    "pooling": pooled,
    "frozen weights": frozen,
    "one softmax": lambda w, x: logsumexp(*[a * b for a, b in zip(w, x, strict=True)]),
    "several softmaxes": lambda w, x: sum_(
        [logsumexp(*[a * b for a, b in zip(w[:3], x[i : i + 3], strict=True)]) for i in range(3)]
    ),
    "lengths": lambda w, x: hypot(*[a * b for a, b in zip(w, x, strict=True)]) + hypot(*w),
    "a norm times a sum": lambda w, x: sum(a * a for a in w) * sum(x) + exp(w[0]),
    "a bias that is an input": lambda w, x: dot(w[:5], x[:5], x[5]) * w[2],
    "a weight that is its own bias": lambda w, x: dot(w[:3], [x[5], x[0], x[5]], w[0]),
    "weights in both directions": lambda w, x: (
        sum(w[i] * x[5 - i] for i in range(6)).tanh() + sum(w[5 - i] * x[i] for i in range(6)).sin()
    ),
    "powers": lambda w, x: sum((a * b) ** 2 + (a * b) ** 3 for a, b in zip(w, x, strict=True)),
    "no input at all": lambda w, x: sum(a * a for a in w).tanh(),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_gradients_equal_the_scalar_graphs_for_each_sample_and_for_their_mean(name: str) -> None:
    w = [Value(0.1 * i - 0.22) for i in range(6)]
    made = lift(lambda x: FORMULAS[name](w, x), X[0].tolist(), parameters=w)
    values, each = made.value_and_grad(X, reduction="none")
    _, mean = made.value_and_grad(X)
    expected, allowed = [], []
    for i, x in enumerate(X):
        for p in w:
            p.grad = 0
        output = FORMULAS[name](w, [Value(a) for a in x])
        output.backward()
        apart = bounds(output)
        expected.append([float(p.grad) for p in w])
        allowed.append([2 * float(apart.gradients.get(p, 0)) for p in w])
        assert abs(np.broadcast_to(values, len(X))[i] - output.data) <= 2 * float(apart.data[output])
        found = [g[i] if np.ndim(g) else g for g in each.nested]
        assert (np.abs(np.array(found) - expected[-1]) <= allowed[-1]).all()
    if np.ndim(values):  # what uses no input has one value, whatever the batch
        terms = np.abs(expected).sum(axis=0) * 2.0**-50
        assert (np.abs(np.array(mean.nested) - np.mean(expected, axis=0)) <= np.mean(allowed, axis=0) + terms).all()
