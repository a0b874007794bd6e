"""Exploration, measured: second derivatives beside autograd, JAX and PyTorch; the ledger; the cost of not recording.

    python benchmarks/explore.py [--quick]

Every figure is a ratio of CPU times, or a CPU time, measured in turn within one process; medians over the rounds; one
thread everywhere. Ours differentiates scalars in Python; the others run the same mathematics on arrays. "jax.jit" is
without its compilation, whose time is told apart. Before anything is timed, the results are compared.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import importlib
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import Value, dot, explain, grad, hessian, hvp, recording, sin, strategies, tanh, taylor
from engine.lines import line_of

Runner = Callable[[], Any]
DIMENSIONS = 100
SIZES = (2, 16, 16, 1)
POINT = [2.0, 1.0]
VALLEY = [0.1 * (i % 7) - 0.2 for i in range(DIMENSIONS)]
DIRECTION = [(-1.0) ** i for i in range(DIMENSIONS)]


def second_order(np_like: Any) -> Callable[[Any], Any]:
    """x^2 sin y."""
    return lambda p: p[0] ** 2 * np_like.sin(p[1])


def rosenbrock(x: Any) -> Any:
    """Return the valley's height, over arrays."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_by_scalars(x: Any) -> Any:
    """Return the same, number by number."""
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def weights() -> tuple[list[Any], list[Any]]:
    """Weights and a direction of the 2-16-16-1 network: a list of (W, b) per layer, as nested lists."""
    rng = random.Random(7)

    def layers() -> list[Any]:
        return [
            ([[rng.uniform(-1, 1) for _ in range(n)] for _ in range(m)], [rng.uniform(-1, 1) for _ in range(m)])
            for n, m in itertools.pairwise(SIZES)
        ]

    return layers(), layers()


SAMPLE = [0.3, -0.7]


def network_by_scalars(layers: Any) -> Any:
    """Half the squared error of the network at one sample, one neuron at a time."""
    f: Any = SAMPLE
    for W, b in layers:
        z = [dot(w, f, bias) for w, bias in zip(W, b, strict=True)]
        f = [tanh(v) for v in z] if len(z) > 1 else z
    return (f[0] - 1.0) ** 2 / 2


def network(np_like: Any, x: Any) -> Callable[[Any], Any]:
    """Return the same loss over arrays."""

    def loss(layers: Any) -> Any:
        f = x
        for W, b in layers:
            z = W @ f + b
            f = np_like.tanh(z) if len(b) > 1 else z
        return (f[0] - 1.0) ** 2 / 2

    return loss


def flat(structure: Any) -> list[float]:
    """Return the numbers of anything nested."""
    if isinstance(structure, (list, tuple)):
        return [x for part in structure for x in flat(part)]
    return [float(x) for x in np.asarray(structure).reshape(-1)]


def arrays(structure: Any, array: Callable[[Any], Any]) -> Any:
    return tuple((array(W), array(b)) for W, b in structure)


def ours() -> dict[str, Runner]:
    layers, direction = weights()
    return {
        "x^2 sin y: Hessian": lambda: hessian(lambda p: p[0] ** 2 * sin(p[1]))(POINT),
        "Rosenbrock, 100-d: gradient": lambda: grad(rosenbrock_by_scalars)(VALLEY),
        "Rosenbrock, 100-d: Hessian": lambda: hessian(rosenbrock_by_scalars)(VALLEY),
        "Rosenbrock, 100-d: Hv": lambda: hvp(rosenbrock_by_scalars, VALLEY, DIRECTION),
        "2-16-16-1 network: Hv": lambda: hvp(network_by_scalars, layers, direction),
    }


def of_autograd() -> dict[str, Runner]:
    autograd = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")
    products = importlib.import_module("autograd.differential_operators")
    x, v = np.array(VALLEY), np.array(DIRECTION)
    layers, direction = (arrays(w, np.array) for w in weights())
    loss = network(anp, np.array(SAMPLE))
    return {
        "x^2 sin y: Hessian": lambda: autograd.hessian(second_order(anp))(np.array(POINT)),
        "Rosenbrock, 100-d: gradient": lambda: autograd.grad(rosenbrock)(x),
        "Rosenbrock, 100-d: Hessian": lambda: autograd.hessian(rosenbrock)(x),
        "Rosenbrock, 100-d: Hv": lambda: products.make_hvp(rosenbrock)(x)[0](v),
        "2-16-16-1 network: Hv": lambda: products.make_hvp(loss)(layers)[0](direction),
    }


def of_jax(compiled: bool) -> dict[str, Runner]:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = importlib.import_module("jax.numpy")
    x, v, point = jnp.array(VALLEY), jnp.array(DIRECTION), jnp.array(POINT)
    layers, direction = (arrays(w, jnp.array) for w in weights())
    loss = network(jnp, jnp.array(SAMPLE))

    def product(f: Any) -> Any:
        return lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1]

    def made(f: Any, *args: Any) -> Runner:
        run = jax.jit(f) if compiled else f
        return lambda: jax.block_until_ready(run(*args))

    return {
        "x^2 sin y: Hessian": made(jax.hessian(second_order(jnp)), point),
        "Rosenbrock, 100-d: gradient": made(jax.grad(rosenbrock), x),
        "Rosenbrock, 100-d: Hessian": made(jax.hessian(rosenbrock), x),
        "Rosenbrock, 100-d: Hv": made(product(rosenbrock), x, v),
        "2-16-16-1 network: Hv": made(product(loss), layers, direction),
    }


def of_torch() -> dict[str, Runner]:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    functional = torch.autograd.functional
    x, v, point = (torch.tensor(a) for a in (VALLEY, DIRECTION, POINT))
    leaf = x.clone().requires_grad_()
    layers, direction = ([torch.tensor(a) for pair in w for a in pair] for w in weights())
    loss = network(torch, torch.tensor(SAMPLE))

    def by_layers(*parts: Any) -> Any:
        return loss(list(zip(parts[::2], parts[1::2], strict=True)))

    return {
        "x^2 sin y: Hessian": lambda: functional.hessian(second_order(torch), point),
        "Rosenbrock, 100-d: gradient": lambda: torch.autograd.grad(rosenbrock(leaf), leaf)[0],
        "Rosenbrock, 100-d: Hessian": lambda: functional.hessian(rosenbrock, x),
        "Rosenbrock, 100-d: Hv": lambda: functional.vhp(rosenbrock, x, v)[1],
        "2-16-16-1 network: Hv": lambda: functional.vhp(by_layers, tuple(layers), tuple(direction))[1],
    }


def contenders() -> dict[str, dict[str, Runner]]:
    """Return what is installed, ours first."""
    found: dict[str, dict[str, Runner]] = {"ours": ours()}
    for name, make in (
        ("autograd", of_autograd),
        ("JAX", lambda: of_jax(False)),
        ("jax.jit", lambda: of_jax(True)),
        ("PyTorch", of_torch),
    ):
        try:
            found[name] = make()
        except ImportError:
            print(f"({name} is not installed)")
    return found


def cpu(run: Runner, repeats: int = 1) -> float:
    start = time.process_time()
    for _ in range(repeats):
        run()
    return time.process_time() - start


def compare(rounds: int) -> None:
    """Print a row for each task: our time, and every other time as a multiple of it."""
    found = contenders()
    others = [name for name in found if name != "ours"]
    print(f"{'CPU time of others over ours':30}{'ours, ms':>10}" + "".join(f"{name:>10}" for name in others))
    for task in found["ours"]:
        right = flat(found["ours"][task]())
        first = {name: cpu(found[name][task]) for name in others}
        for name in others:
            np.testing.assert_allclose(flat(found[name][task]()), right, rtol=1e-10, atol=1e-10)
        repeats = max(1, int(0.02 / max(cpu(found["ours"][task]), 1e-5)))
        times: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(rounds):
            for name, runners in found.items():
                times[name].append(cpu(runners[task], repeats) / repeats)
        middle = statistics.median(times["ours"])
        ratios = [statistics.median(a / b for a, b in zip(times[n], times["ours"], strict=True)) for n in others]
        print(f"{task:30}{middle * 1e3:10.3f}" + "".join(f"{ratio:10.2f}" for ratio in ratios), end="")
        print(f"   (jit compiled in {first['jax.jit']:.2f} s)" if "jax.jit" in first else "")


def chain(operations: int) -> Value:
    v = x = Value(1.0, label="x")
    for i in range(operations):
        v = v * 1.0001 if i % 2 else v + x
    return v


def imports(rounds: int) -> None:
    """Print what `import engine` takes in a fresh process, and beside it a package of the standard library."""
    clock = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as compiled:
        command = [sys.executable, "-X", f"pycache_prefix={compiled}", "-c"]
        times: dict[str, list[float]] = {module: [] for module in ("engine", "asyncio")}
        for _ in range(rounds + 1):  # the first one compiles
            for module, found in times.items():
                code = clock.format(module)
                found.append(float(subprocess.check_output([*command, code], text=True, env=environment)))
    ours, other = (statistics.median(found[1:]) * 1e3 for found in times.values())
    print(f"{'import engine (import asyncio: ' + format(other, '.1f') + ')':50}{ours:9.1f}  < 30")


def explore(rounds: int) -> None:
    """Print the times of the ledger and of the other tools, with what they must reach."""
    thousand, large = chain(1000), chain(66_667)  # 66,667 operations and 33,333 constants
    print(f"\n{'CPU time':50}{'ms':>9}  target")
    for name, run, target in (
        ("ledger of 1,000 operations, as text, unfolded", lambda: explain(thousand, limit=None).text(80), "< 200"),
        ("the same as JSON", lambda: explain(thousand).json(), ""),
        ("ledger of 100,000 nodes, folded", lambda: explain(large).text(80), ""),
        ("Taylor series of tanh(sin(x)) to order 20", lambda: taylor(lambda x: tanh(sin(x)), 0.3, 20), ""),
        ("strategies.compare of 1,000 operations", lambda: strategies.compare(thousand), ""),
    ):
        print(f"{name:50}{statistics.median(cpu(run) for _ in range(rounds)) * 1e3:9.1f}  {target}")
    imports(rounds)
    plain, inside = [], []
    for _ in range(rounds):
        plain.append(cpu(lambda: chain(100_000)))
        with recording():
            inside.append(cpu(lambda: chain(100_000)))
    assert not line_of(chain(1))
    ratio = statistics.median(a / b for a, b in zip(inside, plain, strict=True))
    print(f"building 100,000 operations with their lines recorded, over without: {ratio:.2f}")
    print("(outside of recording() the code that makes a node is the very same, so it costs nothing)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of eleven")
    rounds = 3 if parser.parse_args().quick else 11
    print(f"Python {sys.version.split()[0]}, one thread, medians of {rounds} interleaved rounds")
    compare(rounds)
    explore(rounds)


if __name__ == "__main__":
    main()
