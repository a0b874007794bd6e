"""What is printed: a program that a student can read, in the words and symbols of the theorem."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifting import lines, run_text

from engine import Value, dot, hypot, logsumexp, maximum
from engine.lift import lift
from nn.scalar import MLP

ROOT = Path(__file__).resolve().parents[3]
rng = random.Random(1)


def values(*shape: int) -> Any:
    if not shape:
        return Value(rng.uniform(-1, 1))
    return [values(*shape[1:]) for _ in range(shape[0])]


w, W = values(6), values(4, 3)
model = MLP(3, [4, 4, 2], activation="gelu", rng=rng)


def cross_entropy(x: Any) -> Value:
    z = model(x[:3])
    return logsumexp(*z) - z[0] + 1e-2 * sum(p * p for p in model.parameters())


def attention(x: Any) -> Value:
    found = []
    for q in x:
        scores = [w[0] * q * (w[1] * k + w[2]) for k in x]
        total = logsumexp(*scores)
        found.append(sum((s - total).exp() * k for s, k in zip(scores, x, strict=True)))
    return sum(found) * w[3] + w[4]


def windows(x: Any) -> Value:
    f = [sum(k * x[i + j] for j, k in enumerate(w[:3])).tanh() for i in range(4)]
    return sum(sum(k * f[i + j] for j, k in enumerate(w[3:5])).softplus() for i in range(3))


READ: dict[str, tuple[Callable[[Any], Value], Any]] = {
    "a cross-entropy with a penalty": (cross_entropy, model),
    "attention": (attention, w),
    "windows of windows": (windows, w),
    "powers and quotients": (
        lambda x: abs(w[0]) ** x[0] / (w[1] - x[1]) + (x[2] / w[2]) ** 3 - -2 * w[0] / (1 + w[1] * w[1]) - w[3] ** -1.0,
        w,
    ),
    "an odd order": (lambda x: sum(w[i] * x[5 - i] for i in range(6)).tanh() - w[5] * x[0] * -1.0 + (0.5 - w[1]), w),
    "reductions of products": (
        lambda x: hypot(*[a * b for a, b in zip(w, x, strict=True)]) * sum(w) - logsumexp(*[-a * 3.0 for a in w]),
        w,
    ),
    "neurons of two kinds": (
        lambda x: sum(
            (dot(row, x[:3]).tanh() if i < 2 else maximum(dot(row, x[3:]), -x[i])) * x[i] for i, row in enumerate(W)
        ),
        W,
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_printed_is_what_is_computed(name: str) -> None:
    f, parameters = READ[name]
    x = np.random.default_rng(5).uniform(0.2, 1, 6)
    made = lift(f, x.tolist(), parameters=parameters)
    value, *gradients = run_text(made, [x])
    expected, found = made.value_and_grad(x[None])
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for text, array in zip(gradients, found.parameters, strict=True):
        np.testing.assert_allclose(text, array, rtol=1e-10, atol=1e-13)


def test_a_penalty_over_all_parameters_reads_as_sums_of_squares() -> None:
    model = MLP(2, [4, 1], rng=rng)

    def loss(x: Any, y: Any) -> Value:
        return (1 - y * model(x)).relu() + 1e-4 * sum(p * p for p in model.parameters())

    assert lines(lift(loss, [0.0, 0.0], 1.0, parameters=model))[2:] == [
        "# forward",
        "z1 = W1 @ x + b1",
        "f1 = relu(z1)",
        "v1 = (b2 @ b2 + sum(W2 * W2) + b1 @ b1 + sum(W1 * W1)) * 0.0001",
        "z2 = W2 @ f1 + b2",
        "v2 = 1 - y * z2[0]",
        "value = v1 + relu(v2)",
        "# adjoint",
        "d2 = [-relu'(v2) * y]",
        "d1 = relu'(z1) * (W2.T @ d2)",
        "dW1 = 2 * 0.0001 * W1 + outer(d1, x)",
        "db1 = 2 * 0.0001 * b1 + d1",
        "dW2 = outer(d2, f1) + 2 * 0.0001 * W2",
        "db2 = d2 + 2 * 0.0001 * b2",
        "return value, dW1, db1, dW2, db2",
    ]


def test_the_adjoint_of_a_cross_entropy_is_softmax_minus_y() -> None:
    model = MLP(3, [2], rng=rng)

    def loss(x: Any, y: Any) -> Value:
        z = model(x)
        total = logsumexp(*z)
        return sum(yi * (total - zi) for yi, zi in zip(y, z, strict=True))

    text = str(lift(loss, [0.0] * 3, [0.0] * 2, parameters=model))
    assert text.startswith("# input: x (3,), y (2,)\n")  # in the order of the arguments
    assert "d1 = softmax(z1) * sum(y) - y" in lines(text)


def test_a_convolution_says_which_cells_each_window_takes_and_where_its_adjoint_adds_them() -> None:
    kernel, second = values(3), values(2)

    def convolution(x: Any) -> Value:
        f = [sum(k * x[i + j] for j, k in enumerate(kernel)).tanh() for i in range(8)]
        return sum(sum(k * f[i + j] for j, k in enumerate(second)).tanh() for i in range(7))

    text = lines(lift(convolution, [0.0] * 10, parameters=[kernel, second]))
    for line in (
        "# cells: I1[i, j] = i + j, (3, 8)",
        "v1 = x[I1]",
        "z1 = W1 @ v1",
        "d1 = tanh'(z1) * reshape(add_at(zeros(8), I2, W2.T @ d2), (1, 8))",
        "dW1 = d1 @ v1.T",
    ):
        assert line in text


def test_a_recurrent_net_reads_as_one_matrix_at_every_step() -> None:
    U, V, c = values(3, 3), values(3, 2), values(3)

    def recurrent(x: Any) -> Value:
        h: Any = [0.0, 0.0, 0.0]
        for xt in x:
            h = [
                (
                    sum(u * v for u, v in zip(U[i], h, strict=True))
                    + sum(v * a for v, a in zip(V[i], xt, strict=True))
                    + c[i]
                ).tanh()
                for i in range(3)
            ]
        return sum(h)

    text = lines(lift(recurrent, [[0.0, 0.0]] * 3, parameters=[U, V, c]))
    for line in (
        "# constants: c1 (3,) = [0, 0, 0]",
        "v1 = concatenate([c1, x[0]])",
        "v2 = concatenate([f1, x[1]])",
        "z2 = W1 @ v2 + b1",
        "d2 = tanh'(z2) * (W1.T @ d3)[0:3]",
        "dW1 = outer(d3, v3) + outer(d2, v2) + outer(d1, v1)",
        "db1 = d3 + d2 + d1",
    ):
        assert line in text


def test_an_expression_that_is_no_network_reads_as_it_was_written() -> None:
    a, b = Value(0.7), Value(-1.3)
    made = lift(lambda x: (a * x[0]).sin() / (x[1] * x[1] + 2) - (b * x[1]).exp() * a, [0.1, 0.2], parameters=[a, b])
    assert lines(made)[2:] == [
        "# forward",
        "v1 = p1 * x",
        "v2 = x[1] * x[1] + 2",
        "v3 = exp(v1[1])",
        "value = sin(v1[0]) / v2 - v3 * p1[0]",
        "# adjoint",
        "dp1 = [sin'(v1[0]) * (1 / v2), exp'(v1[1]) * (-p1[0])] * x + [-v3, 0]",
        "return value, dp1",
    ]


def test_the_lines_beside_the_theorem_in_the_readme_are_lines_that_it_prints() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## From single neurons to matrices")[1]
    printed, table = section.split("return value, ")[0], section.split("| --- | --- |")[1].split("\n\n")[0]
    quoted = re.findall(r"`(.+?)`", table)
    assert len(quoted) == 7
    assert set(quoted) <= set(lines(printed))
