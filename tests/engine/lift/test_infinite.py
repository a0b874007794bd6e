"""Infinite adjoints: what passes nothing on in the scalar graph passes nothing on in the lifted program, never nan."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from lifting import assert_source_is_the_same_to_the_bit

from engine import Value, acos, acosh, asin, cbrt, cos, erfc, exp, hypot, logsumexp, maximum, relu, sqrt
from engine.lift import Lifted, lift
from nn.scalar import MLP

Formula = Callable[..., Value]

AT_A_POLE: dict[str, tuple[Formula, tuple[float, ...]]] = {
    "the length of a number": (lambda a: sqrt(a * a), (0.0,)),
    "a norm of squares": (lambda *w: sqrt(sum(a**2 for a in w)), (0.0, 0.0, 0.0)),
    "a norm of products": (lambda *w: sqrt(sum(a * a for a in w)), (0.0, 0.0, 0.0)),
    "a norm of many products": (lambda *w: sqrt(sum(a * a for a in w)), (0.0,) * 8),
    "a norm plus the function of a cell": (lambda *w: sqrt(sum(a * a for a in w)) + exp(w[1]), (0.0, 0.0, 0.0)),
    "a norm of differences": (lambda a, b, c: sqrt((a - b) ** 2 + (b - c) ** 2 + (c - a) ** 2), (1.5, 1.5, 1.5)),
    "a power": (lambda a: (a * a) ** 0.5, (0.0,)),
    "a power that is a parameter": (lambda a, n: (a * a) ** n, (0.0, 0.5)),
    "a cube root": (lambda a: cbrt(a * a), (0.0,)),
    "acosh": (lambda a: acosh(1 + a * a), (0.0,)),
    "asin and acos": (lambda a, b: asin(cos(a)) + acos(cos(b)), (0.0, 0.0)),
    "a tail that underflows": (lambda a: sqrt(erfc(a + a)), (math.exp(math.e),)),
    "a rectifier": (lambda a, b: sqrt(relu(a) + maximum(b, 0.0)), (-1.0, -2.0)),
    "a quotient": (lambda a, b: sqrt(a / b), (0.0, 3.0)),
    "both ways through one product": (lambda a, b: sqrt(a * b), (0.0, 3.0)),
    "a factor that is 0": (lambda a, b: sqrt(a * 0.0) + sqrt(b * 2.0), (1.0, 0.0)),
    "a length of lengths": (lambda *w: sqrt(hypot(*w)), (0.0, 0.0, 0.0)),
    "a softmax that underflows": (lambda *w: sqrt(logsumexp(*w)), (0.0, -1000.0, -900.0)),
    "two roots": (lambda a: sqrt(sqrt(a * a)), (0.0,)),
    "an infinite derivative": (lambda a, b: sqrt(a) + sqrt(-b) + a * b, (0.0, 0.0)),
}


def truth(f: Formula, w: Sequence[float], *x: float) -> list[float]:
    parameters = [Value(a) for a in w]
    f(*parameters, *x).backward()
    return [float(p.grad) for p in parameters]


@pytest.mark.parametrize("name", AT_A_POLE)
def test_the_gradient_is_the_scalar_graphs_where_an_infinite_adjoint_meets_a_derivative_of_0(name: str) -> None:
    f, point = AT_A_POLE[name]
    w = [Value(a) for a in point]
    made = lift(lambda: f(*w), parameters=w)
    expected = truth(f, point)
    assert not any(map(math.isnan, expected))
    assert 0 in expected or math.inf in expected
    for reduction in ("mean", "none"):
        _, gradients = made.value_and_grad(reduction=reduction)
        np.testing.assert_allclose(gradients.nested, expected, rtol=1e-14, equal_nan=False)
    assert_source_is_the_same_to_the_bit(made, [])


ROWS = [[1.0, 0.5, -2.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, -0.0, 0.0]]
OF_SAMPLES: dict[str, Callable[[Sequence[Value], Sequence[Any]], Value]] = {
    "weighted": lambda w, x: sqrt(sum((a * b) ** 2 for a, b in zip(w, x, strict=True))),
    "products": lambda w, x: sqrt(sum((a * b) * (a * b) for a, b in zip(w, x, strict=True))),
    "length": lambda w, x: sqrt(hypot(*[a * b for a, b in zip(w, x, strict=True)])),
    "one cell": lambda w, x: sqrt((w[0] * x[0]) ** 2) * w[1] + w[2] * cbrt(x[1] * x[1] * w[1]),
}


def of_samples(name: str) -> tuple[Lifted, np.ndarray[Any, Any]]:
    """Return a lifted function of samples of which some are at a pole, and its gradients for each of them."""
    f, point = OF_SAMPLES[name], (0.3, -1.7, 2.5)
    w = [Value(a) for a in point]
    expected = [truth(lambda *p, x=x: f(p, [Value(a) for a in x]), point) for x in ROWS]
    return lift(lambda x: f(w, x), ROWS[0], parameters=w), np.array(expected)


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_samples_at_a_pole_leave_the_others_in_the_batch_their_gradients(name: str) -> None:
    made, expected = of_samples(name)
    assert np.isfinite(expected).all()
    _, each = made.value_and_grad(ROWS, reduction="none")
    np.testing.assert_allclose(np.transpose(each.nested), expected, rtol=1e-14, equal_nan=False)
    _, mean = made.value_and_grad(ROWS, reduction="mean")
    np.testing.assert_allclose(mean.nested, expected.mean(axis=0), rtol=1e-14, equal_nan=False)
    assert_source_is_the_same_to_the_bit(made, [ROWS])


@pytest.mark.parametrize("name", OF_SAMPLES)
@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_other_libraries_pass_nothing_on_there_either(library: str, name: str) -> None:
    xp = pytest.importorskip(library)
    made, expected = of_samples(name)
    namespace: dict[str, Any] = {}
    exec(made.source(), namespace)
    x, arrays = xp.asarray(np.array(ROWS)), [xp.asarray(a) for a in made.parameters]
    _, gradients = namespace["value_and_grad"](arrays, x, 1.0)
    found = np.concatenate([np.ravel(np.asarray(g)) for g in gradients])
    order = np.concatenate([np.ravel(a) for a in made.parameters]).tolist()
    total = dict(zip((0.3, -1.7, 2.5), expected.sum(axis=0), strict=True))
    np.testing.assert_allclose(found, [total[p] for p in order], rtol=1e-14, equal_nan=False)


def test_float32_stays_float32() -> None:
    w = [Value(0.0), Value(0.0)]
    made = lift(lambda: sqrt(sum(a * a for a in w)), parameters=w, dtype="float32")
    _, gradients = made.value_and_grad()
    assert {g.dtype for g in gradients.parameters} == {np.dtype(np.float32)}
    assert gradients.nested == [0.0, 0.0]


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "silu", "softplus", "sigmoid"])
def test_a_program_in_which_no_adjoint_can_be_infinite_checks_nothing(activation: str) -> None:
    model = MLP(3, [4, 1], activation=activation, rng=random.Random(2))

    def loss(x: Any, y: Any) -> Value:
        return (model(x) - y) ** 2 + exp(model(x)).log() + 1e-3 * sum(p * p for p in model.parameters())

    assert "share(" not in lift(loss, [0.0] * 3, 0.0, parameters=model).source()


def test_only_what_comes_back_through_the_root_is_checked() -> None:
    a, b = Value(0.5), Value(0.25)
    source = lift(lambda: sqrt(a * a).tanh() * b.tanh(), parameters=[a, b]).source()
    code = source.partition("def value_and_grad")[2].partition("def gradients_of_samples")[0]
    assert code.count("share(") == 2  # both ways through a * a
