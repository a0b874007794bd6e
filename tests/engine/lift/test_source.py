"""The emitted module: it runs with nothing of ours, on other array libraries too, and equals the program in memory."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import Value, erf, hypot, logsumexp
from engine.lift import Lifted, lift
from nn.scalar import MLP

X = np.random.default_rng(1).normal(size=(5, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1]]


def cross_entropy(activation: str = "tanh") -> Lifted:
    model = MLP(3, [4, 2], activation=activation, rng=random.Random(2))

    def loss(x: Any, y: Any) -> Value:
        z = model(x)
        total = logsumexp(*z)
        return sum(yi * (total - zi) for yi, zi in zip(y, z, strict=True)) + 1e-3 * sum(
            p * p for p in model.parameters()
        )

    return lift(loss, [0.0] * 3, [0.0] * 2, parameters=model)


def odd() -> Lifted:
    """No network: functions that NumPy lacks, constants in arrays, cells taken in an odd order."""
    p = [Value(0.3), Value(-0.8), Value(1.2)]

    def f(x: Any, y: Any) -> Value:
        e = [erf(pi * xi) for pi, xi in zip(p, x, strict=True)]
        turned = [e[2].tanh(), e[0].tanh(), e[1].gelu()]
        shifted = [(t - c) ** 2 for t, c in zip(turned, (0.1, 0.2, 0.3), strict=True)]
        return hypot(*shifted, *y) + e[0].cbrt() * p[0] ** p[0].exp()

    return lift(f, [0.1] * 3, [0.1] * 2, parameters=p)


def convolution() -> Lifted:
    """Windows, of the input and of a hidden layer, and the functions that go by two names."""
    kernel, second = [Value(0.3), Value(-0.2)], [Value(0.7), Value(-0.4)]

    def f(x: Any, y: Any) -> Value:
        h = [
            sum(k * v for k, v in zip(kernel, pair, strict=True)) for pair in ((x[0], x[1]), (x[1], x[2]), (x[2], y[0]))
        ]
        h = [h[0].asinh(), h[1].asinh(), h[2].asinh()]
        z = [sum(k * v for k, v in zip(second, pair, strict=True)).atan() for pair in ((h[0], h[1]), (h[1], h[2]))]
        return (
            z[0].sin().asin() + (z[1].tanh() * 0.5).atanh() + (y[1] * y[1] + 2 - z[0].cos()).acosh() + z[1].cos().acos()
        )

    return lift(f, [0.1] * 3, [0.1] * 2, parameters=[kernel, second])


RUN = """
import json, sys
import numpy as np
sys.path.insert(0, {folder!r})
import lifted_module as made
parameters, X, Y = [[np.array(a, dtype=np.float64) for a in part] for part in json.loads({data!r})]
value = made.value(parameters, *X, *Y)
loss, gradients = made.value_and_grad(parameters, *X, *Y, 1 / len(X[0]))
_, each = made.gradients_of_samples(parameters, *X, *Y, 1.0)
assert not {{"engine", "nn", "viz"}} & set(sys.modules)
print(json.dumps([np.asarray(a).ravel().tolist() for a in (value, loss, *gradients, *each)]))
"""


@pytest.mark.parametrize("build", [cross_entropy, odd, convolution])
def test_the_saved_module_runs_with_nothing_of_ours_and_gives_the_same_bits(build: Any, tmp_path: Path) -> None:
    made = build()
    (tmp_path / "lifted_module.py").write_text(made.source(), encoding="utf-8")
    data = json.dumps([[a.tolist() for a in made.parameters], [X.tolist()], [Y.tolist()]])
    code = RUN.format(folder=str(tmp_path), data=data)
    found = json.loads(subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True).stdout)
    _, gradients = made.value_and_grad(X, Y)
    loss, each = made.value_and_grad(X, Y, reduction="none")
    expected = [made(X, Y), loss, *gradients.parameters, *each.parameters]
    assert found == [np.asarray(a).ravel().tolist() for a in expected]


def test_the_source_is_the_same_for_the_same_code() -> None:
    assert cross_entropy().source() == cross_entropy().source()
    assert str(cross_entropy()) == str(cross_entropy())


@pytest.mark.parametrize("build", [cross_entropy, odd, convolution])
@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_the_same_program_runs_on_arrays_of_other_libraries(library: str, build: Any) -> None:
    xp = pytest.importorskip(library)
    made = build()
    namespace: dict[str, Any] = {}
    exec(made.source(), namespace)
    arrays = [xp.asarray(a) for a in made.parameters]
    x, y = xp.asarray(X), xp.asarray(Y)
    _, gradients = namespace["value_and_grad"](arrays, x, y, 1 / len(X))
    value, each = namespace["gradients_of_samples"](arrays, x, y, 1.0)
    losses, expected_each = made.value_and_grad(X, Y, reduction="none")
    found = [value, namespace["value"](arrays, x, y), *gradients, *each]
    expected = [losses, losses, *made.value_and_grad(X, Y)[1].parameters, *expected_each.parameters]
    for a, b in zip(found, expected, strict=True):
        assert type(a) is type(x)
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-12, atol=1e-15)


def test_the_lifted_object_takes_tensors_in_place_of_its_arrays() -> None:
    torch = pytest.importorskip("torch")
    made = cross_entropy()
    expected, _ = made.value_and_grad(X, Y)
    made.arrays.update({name: torch.asarray(array) for name, array in made.arrays.items()})
    found, gradients = made.value_and_grad(torch.asarray(X), torch.asarray(Y))
    assert found == pytest.approx(expected, rel=1e-14)
    assert all(isinstance(g, torch.Tensor) for g in gradients.parameters)


@pytest.mark.parametrize("build", [cross_entropy, odd, convolution])
def test_the_same_program_runs_on_jax_arrays_under_jit(build: Any) -> None:
    jax = pytest.importorskip("jax")
    made = build()
    namespace: dict[str, Any] = {}
    exec(made.source(), namespace)
    arrays = [jax.numpy.asarray(a, dtype="float32") for a in made.parameters]
    x, y = jax.numpy.asarray(X, dtype="float32"), jax.numpy.asarray(Y, dtype="float32")
    for run in (namespace["value_and_grad"], jax.jit(namespace["value_and_grad"])):
        _, gradients = run(arrays, x, y, 1 / len(X))
        for found, expected in zip(gradients, made.value_and_grad(X, Y)[1].parameters, strict=True):
            np.testing.assert_allclose(np.asarray(found), expected, rtol=2e-4, atol=2e-6)


def test_a_name_that_the_module_needs_itself_is_changed() -> None:
    made = lift(lambda xp, tanh, total, value: xp * tanh + total * value, 1.0, 2.0, 1.0, 1.0)
    assert made.arguments == ("xp_", "tanh_", "total_", "value_")
    assert made([2.0], [3.0], [4.0], [5.0]).tolist() == [26.0]


def test_every_pass_can_be_printed_with_its_number_of_statements() -> None:
    made = cross_entropy()
    assert list(made.passes) == ["trace", "sums", "dots", "constants", "common", "arrays", "names", "adjoint"]
    assert all(f"{name} {len(p.statements)}" in repr(made) for name, p in made.passes.items())
    assert "= matmul(" in str(made.passes["arrays"])
    shown = repr(made.passes)  # what a reader sees of all of them at once
    assert "'trace': <Program of " in shown
    assert f"<Program of {len(made.passes['arrays'].statements)} statements: " in shown
    assert len(shown) < 2000
