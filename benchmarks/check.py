"""What a gradient check costs, and what it says: `check_gradient` beside PyTorch's gradcheck and JAX's check_grads.

    python benchmarks/check.py [--rounds N]

One network, written by hand in NumPy: 30-28-5, cross-entropy over 20 samples, 1,013 weights. Its gradient is checked
when it is right, and with one mistake at a time; the others get the same NumPy functions behind their own. Times are
CPU seconds, the least and the median of the rounds, all in turn within one process, one thread everywhere. The targets
of `check_gradient` are 10 s with the exact oracle, and 2 s for a black box.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from machine import print_machine

from engine.check import check_gradient

Array = np.ndarray[Any, Any]
Check = Callable[[str], tuple[str, str]]
"""What one checker says of the gradient with this mistake: its verdict, and what it calls the mistake."""

INPUTS, UNITS, CLASSES, SAMPLES = 30, 28, 5, 20
MISTAKES = {
    "": "right",
    "factor": "a bias twice",
    "no D_k": "D_k missing",
    "entry": "one of 1,013, 0.1%",
    "hair": "all, by 1e-9",
    "noise": "what nothing explains",
}

rng = np.random.default_rng(0)
X = rng.normal(size=(SAMPLES, INPUTS))
Y = np.eye(CLASSES)[rng.integers(0, CLASSES, SAMPLES)]
WEIGHTS = (
    rng.normal(size=(INPUTS, UNITS)) * 0.2,
    rng.normal(size=UNITS) * 0.1,
    rng.normal(size=(UNITS, CLASSES)) * 0.2,
    rng.normal(size=CLASSES) * 0.1,
)
NOISE = rng.normal(size=(INPUTS, UNITS))


def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """Return the mean cross-entropy of a network with one layer of tanh."""
    Z = np.tanh(X @ W1 + b1) @ W2 + b2
    Z = Z - Z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(Z).sum(axis=1)) - (Z * Y).sum(axis=1))


def relu_loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """Return the same for a layer of ReLU."""
    Z = np.maximum(X @ W1 + b1, 0) @ W2 + b2
    Z = Z - Z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(Z).sum(axis=1)) - (Z * Y).sum(axis=1))


def boxed_loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """Return the loss over doubles alone."""
    return float(loss(*(np.array(w, dtype=float) for w in (W1, b1, W2, b2))))


def gradient(W1: Any, b1: Any, W2: Any, b2: Any, mistake: str = "", relu: bool = False) -> tuple[Any, ...]:
    """Return the derivatives by all weights, with a mistake."""
    F = np.maximum(X @ W1 + b1, 0) if relu else np.tanh(X @ W1 + b1)
    Z = F @ W2 + b2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    D2 = (P / P.sum(axis=1, keepdims=True) - Y) / SAMPLES
    D1 = D2 @ W2.T
    if mistake != "no D_k":
        D1 = D1 * (F > 0) if relu else D1 * (1 - F * F)
    dW1, db1, dW2, db2 = X.T @ D1, D1.sum(axis=0), F.T @ D2, D2.sum(axis=0)
    if mistake == "noise":
        dW1 = dW1 + NOISE
    if mistake == "entry":
        dW1 = dW1 * np.where(np.arange(dW1.size).reshape(dW1.shape) == 417, 1.001, 1)
    all_of_it = 1 + 1e-9 if mistake == "hair" else 1
    return all_of_it * dW1, all_of_it * db1, all_of_it * dW2, (2 if mistake == "factor" else all_of_it) * db2


def ours(f: Callable[..., Any], relu: bool = False) -> Check:
    """Return our check of a loss."""

    def check(mistake: str) -> tuple[str, str]:
        report = check_gradient(f, lambda W1, b1, W2, b2: gradient(W1, b1, W2, b2, mistake, relu), WEIGHTS)
        return report.verdict, report.likely

    return check


def of_pytorch(torch: Any, fast: bool) -> Check:
    """Return PyTorch's, of a Function whose backward is the NumPy gradient."""

    def check(mistake: str) -> tuple[str, str]:
        class Loss(torch.autograd.Function):  # type: ignore[misc]  # torch is Any here: it need not be installed
            @staticmethod
            def forward(ctx: Any, *weights: Any) -> Any:
                ctx.save_for_backward(*weights)
                return torch.tensor(float(loss(*(w.numpy() for w in weights))), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, by: Any) -> Any:
                W1, b1, W2, b2 = (w.numpy() for w in ctx.saved_tensors)
                found = gradient(W1, b1, W2, b2, mistake)
                return tuple(by * torch.tensor(np.array(g)) for g in found)

        weights = [torch.tensor(w, requires_grad=True) for w in WEIGHTS]
        passed = torch.autograd.gradcheck(Loss.apply, weights, fast_mode=fast, raise_exception=False)
        return "passes" if passed else "fails", ""

    return check


def of_jax(jax: Any) -> Check:
    """Return JAX's, of a function whose custom VJP is the NumPy gradient."""
    jax.config.update("jax_enable_x64", True)
    check_grads: Any = importlib.import_module("jax.test_util").check_grads
    number = jax.ShapeDtypeStruct((), np.float64)
    shapes = tuple(jax.ShapeDtypeStruct(w.shape, np.float64) for w in WEIGHTS)

    def check(mistake: str) -> tuple[str, str]:
        def value(*weights: Any) -> Any:
            return jax.pure_callback(lambda *w: np.array(loss(*map(np.asarray, w))), number, *weights)

        def backward(weights: Any, by: Any) -> Any:
            def found(*w: Any) -> tuple[Any, ...]:
                W1, b1, W2, b2 = map(np.asarray, w)
                return tuple(map(np.array, gradient(W1, b1, W2, b2, mistake)))

            return tuple(by * g for g in jax.pure_callback(found, shapes, *weights))

        f = jax.custom_vjp(value)
        f.defvjp(lambda *weights: (value(*weights), weights), backward)
        try:
            check_grads(f, WEIGHTS, order=1, modes=["rev"])
        except AssertionError:
            return "fails", ""
        return "passes", ""

    return check


def checkers() -> dict[str, Check]:
    """Return every checker that is installed, by its name."""
    found = {
        "check_gradient": ours(loss),
        "check_gradient, ReLU": ours(relu_loss, relu=True),
        "check_gradient, black box": ours(boxed_loss),
    }
    others: tuple[tuple[str, str, Callable[[Any], Check]], ...] = (
        ("torch", "PyTorch gradcheck", lambda torch: of_pytorch(torch, fast=False)),
        ("torch", "PyTorch gradcheck, fast", lambda torch: of_pytorch(torch, fast=True)),
        ("jax", "JAX check_grads", of_jax),
    )
    for library, name, make in others:
        try:
            found[name] = make(importlib.import_module(library))
        except ModuleNotFoundError:
            print(f"{library} is not installed, and left out")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    forced = os.environ.pop("OPENBLAS_CORETYPE", None)
    print_machine(forced)
    found = checkers()
    times: dict[tuple[str, str], list[float]] = {}
    said: dict[tuple[str, str], tuple[str, str]] = {}
    for _ in range(rounds):
        for name, check in found.items():
            for mistake in MISTAKES:
                started = time.process_time()
                said[name, mistake] = check(mistake)
                times.setdefault((name, mistake), []).append(time.process_time() - started)
    print(f"\n{'checker':27}{'gradient':23}{'least':>8}{'median':>8}   says")
    for (name, mistake), (verdict, likely) in said.items():
        spent = times[name, mistake]
        seconds = f"{min(spent):7.2f}s{statistics.median(spent):7.2f}s"
        print(f"{name:27}{MISTAKES[mistake]:23}{seconds}   {verdict}{f': {likely}' if likely else ''}")


if __name__ == "__main__":
    main()
