"""The matrix form beside its peers: value, gradient and update, in one run, on one thread.

Run ``python benchmarks/matrix.py`` (``--quick`` for a look in seconds). Every contender's loss and gradients are first
checked to be equal. Then all contenders of a row take turns, round after round, each for the same CPU time; a row's
figure is the median over the rounds of our time divided by the peer's in the same round, so that a machine that slows
down slows both. Times are CPU time (``time.process_time``), the garbage collector is on.

The peers are those that are installed (``pip install "chainrule[bench]"``): JAX with jit, PyTorch, autograd; and plain
NumPy as a tutorial writes it, Nielsen's network of one sample at a time, and the bare matrix products.
"""

import os

# Before NumPy is imported: one thread, and the kernel that OpenBLAS itself finds best (a machine may export another).
FORCED_KERNEL = os.environ.pop("OPENBLAS_CORETYPE", None)
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):  # JAX's own threads spin, which CPU time counts; on one core they do not
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.workspace import Workspace

RATE = 0.1  # the learning rate of the update


@dataclass
class Case:
    """One network on one batch."""

    name: str
    network: Network
    X: Any
    Y: Any
    update: bool = False  # whether an SGD step belongs to what is timed

    def ours(self) -> Callable[[], Any]:
        """Return what is timed: the call that training makes for each batch."""
        network, optimizer, update = self.network, GradientDescent(RATE), self.update
        workspace = Workspace(network, len(self.X))

        def run() -> Any:
            g = workspace.gradients(self.X, self.Y)
            if update:
                optimizer.step(network.parameters, g.parameters)
            return g.loss, network.parameters if update else g.parameters

        return run

    def parameters(self) -> list[Any]:
        """Return copies of the parameters, for a peer to start from."""
        return [array.copy() for array in self.network.parameters]


def jax_jit(case: Case) -> Callable[[], Any]:
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    activations = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: -jnp.sum(Y * jax.nn.log_softmax(z)))

    def step(parameters: Any, X: Any, Y: Any) -> Any:
        value, g = jax.value_and_grad(loss)(parameters, X, Y)
        new = [p - RATE * d for p, d in zip(parameters, g, strict=True)] if case.update else parameters
        return value, g if not case.update else new

    compiled = jax.jit(step)
    X, Y = jnp.asarray(case.X), jnp.asarray(case.Y)
    state = [[jnp.asarray(p) for p in case.parameters()]]

    def run() -> Any:
        value, result = jax.block_until_ready(compiled(state[0], X, Y))
        if case.update:
            state[0] = result
        return value, result

    return run


def pytorch(case: Case) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    activations = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: torch.nn.functional.cross_entropy(z, Y, reduction="sum"))
    X, Y = torch.from_numpy(case.X), torch.from_numpy(case.Y)
    parameters = [torch.from_numpy(p).requires_grad_() for p in case.parameters()]

    def run() -> Any:
        value = loss(parameters, X, Y)
        g = torch.autograd.grad(value, parameters)
        if case.update:
            with torch.no_grad():
                for p, d in zip(parameters, g, strict=True):
                    p -= RATE * d
        return value.detach(), parameters if case.update else g

    return run


def autograd(case: Case) -> Callable[[], Any]:
    from autograd import numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    activations = {
        "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
        "tanh": anp.tanh,
        "relu": lambda z: anp.maximum(z, 0),
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: anp.sum(logsumexp(z, axis=1)) - anp.sum(Y * z))
    differentiate, parameters = value_and_grad(loss), case.parameters()

    def run() -> Any:
        value, g = differentiate(parameters, case.X, case.Y)
        if case.update:
            for p, d in zip(parameters, g, strict=True):
                p -= p.dtype.type(RATE) * d
        return value, parameters if case.update else g

    return run


def _formula(case: Case, activations: dict[str, Any], cross_entropy: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return the loss as a peer's user writes it."""
    names = [s.name for s in case.network.activations]
    fused = case.network.cost.name == "cross_entropy"

    def loss(parameters: Any, X: Any, Y: Any) -> Any:
        f = X
        for name, W, b in zip(names, parameters[::2], parameters[1::2], strict=True):
            f = activations[name](f @ W.T + b)
        total = cross_entropy(f, Y) if fused else 0.5 * ((f - Y) ** 2).sum()
        return total / X.shape[0]

    return loss


def plain_numpy(case: Case) -> Callable[[], Any]:
    """Write it as a tutorial does: no buffers, no care for the tails."""
    s = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda f: f * (1 - f)),
        "tanh": (np.tanh, lambda f: 1 - f * f),
        "relu": (lambda z: np.maximum(z, 0), lambda f: f > 0),
        "identity": (lambda z: z, lambda f: 1),
    }
    s["softmax"] = (lambda z: np.exp(z - z.max(1, keepdims=True)), None)
    names = [a.name for a in case.network.activations]
    parameters, m = case.parameters(), len(case.X)

    def run() -> Any:
        W, b = parameters[::2], parameters[1::2]
        f = [case.X]
        for name, W_k, b_k in zip(names, W, b, strict=True):
            f.append(s[name][0](f[-1] @ W_k.T + b_k))
        if names[-1] == "softmax":
            p = f[-1] / f[-1].sum(1, keepdims=True)
            value, delta = -np.sum(case.Y * np.log(p)) / m, (p - case.Y) / m
        else:
            residual = f[-1] - case.Y
            value, delta = 0.5 * np.sum(residual * residual) / m, residual * s[names[-1]][1](f[-1]) / m
        g: list[Any] = []
        for k in range(len(W) - 1, -1, -1):
            g = [delta.T @ f[k], delta.sum(0), *g]
            if k:
                delta = delta @ W[k] * s[names[k - 1]][1](f[k])
        if case.update:
            for p_k, d in zip(parameters, g, strict=True):
                p_k -= RATE * d
        return value, parameters if case.update else g

    return run


def nielsen(case: Case) -> Callable[[], Any]:
    """One sample at a time, as columns (M. Nielsen, Neural Networks and Deep Learning, network.py)."""
    parameters, m = case.parameters(), len(case.X)
    columns = [(x[:, None], y[:, None]) for x, y in zip(case.X, case.Y, strict=True)]

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    def run() -> Any:
        W, b = parameters[::2], [bias[:, None] for bias in parameters[1::2]]
        sums, value = [np.zeros_like(p) for p in parameters], 0.0
        for x, y in columns:
            f = [x]
            for W_k, b_k in zip(W, b, strict=True):
                f.append(sigmoid(W_k @ f[-1] + b_k))
            value += 0.5 * float(np.sum((f[-1] - y) ** 2))
            delta = (f[-1] - y) * f[-1] * (1 - f[-1])
            for k in range(len(W) - 1, -1, -1):
                sums[2 * k] += delta @ f[k].T
                sums[2 * k + 1] += delta[:, 0]
                if k:
                    delta = W[k].T @ delta * f[k] * (1 - f[k])
        return value / m, [total / m for total in sums]

    return run


def bare_products(case: Case) -> Callable[[], Any]:
    """Do nothing but the matrix products of a gradient: forward, by the weights, by the activations."""
    network, m, rng = case.network, len(case.X), np.random.default_rng(2)
    f = [case.X, *(rng.standard_normal((m, n)).astype(network.dtype) for n in network.sizes[1:])]
    outputs, g = [np.empty_like(f_k) for f_k in f], [np.empty_like(W) for W in network.weights]

    def run() -> Any:
        for k, W in enumerate(network.weights):
            np.matmul(f[k], W.T, out=outputs[k + 1])
        for k, W in reversed(list(enumerate(network.weights))):
            np.matmul(f[k + 1].T, f[k], out=g[k])
            if k:
                np.matmul(f[k + 1], W, out=outputs[k])

    return run


def forward_only(case: Case) -> Callable[[], Any]:
    return lambda: case.network.forward(case.X)


PEERS: dict[str, tuple[str | None, Callable[[Case], Callable[[], Any]]]] = {
    # name: the module it needs, if any, and what makes it
    "jax.jit": ("jax", jax_jit),
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "plain NumPy": (None, plain_numpy),
    "Nielsen": (None, nielsen),
    "bare GEMMs": (None, bare_products),
    "our forward": (None, forward_only),
}


@dataclass
class Row:
    """What is compared, and what it must reach: our time at most ``target`` times that of the peer ``against``."""

    case: Case
    against: str
    target: float
    peers: tuple[str, ...]


def _digits(sizes: list[int], samples: int, dtype: str, **network: Any) -> Case:
    """Return a network on random pictures, with rows of targets."""
    rng = np.random.default_rng(1)
    made = Network(sizes, dtype=dtype, rng=rng, **network)
    X = rng.random((samples, sizes[0])).astype(dtype)
    Y = np.eye(sizes[-1], dtype=dtype)[rng.integers(0, sizes[-1], samples)]
    form = f"{'-'.join(map(str, sizes))} {made.activations[0].name}, {made.cost.name}, batch {samples}, {dtype}"
    return Case(form, made, X, Y)


def rows() -> list[Row]:
    """Return the rows of the table, in order."""
    libraries = ("PyTorch", "autograd", "plain NumPy")
    table = []
    for dtype, target in (("float32", 0.90), ("float64", 1.00)):
        case = _digits([784, 32, 10], 128, dtype, activation="sigmoid", output="softmax", loss="cross_entropy")
        case.update = True
        case.name += ", with SGD update"
        table.append(Row(case, "jax.jit", target, (*libraries, "bare GEMMs")))
    for dtype, target in (("float32", 0.58), ("float64", 0.52)):
        case = _digits([784, 30, 10], 10, dtype, activation="sigmoid", output="sigmoid")
        table.append(Row(case, "jax.jit", target, (*libraries, "Nielsen")))
    network = Network([1, 100, 1], dtype="float32", rng=1)
    X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    case = Case("1-100-1 tanh, squared_error, 200 points, float32", network, X, np.sin(np.float32(np.pi) * X))
    table.append(Row(case, "jax.jit", 0.80, libraries))
    for dtype in ("float32", "float64"):
        case = _digits([1024, 1024, 1024, 1024, 10], 512, dtype, activation="relu")
        table.append(Row(case, "bare GEMMs", 1.04, ("jax.jit",)))
    for width in (512, 1024):
        for dtype in ("float32", "float64"):
            case = _digits(
                [784, width, width, 10], 128, dtype, activation="relu", output="softmax", loss="cross_entropy"
            )
            table.append(Row(case, "our forward", 2.8, ()))
    return table


def check_equal(case: Case, ours: Callable[[], Any], peer: Callable[[], Any], name: str) -> None:
    """Raise an AssertionError where the peer computes something else."""
    (value, arrays), (peer_value, peer_arrays) = ours(), peer()
    tolerance = 1e3 * np.finfo(case.network.dtype).eps
    np.testing.assert_allclose(float(peer_value), value, rtol=tolerance, err_msg=f"{case.name}: loss of {name}")
    for array, other in zip(arrays, peer_arrays, strict=True):
        other = np.asarray(other.detach() if hasattr(other, "detach") else other)
        scale = np.abs(array).max()
        np.testing.assert_allclose(other, array, rtol=0, atol=tolerance * scale, err_msg=f"{case.name}: {name}")


def interleave(contenders: dict[str, Callable[[], Any]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the CPU time of one call in each round, for each contender; a round gives each about the same time."""
    calls = {}
    for name, run in contenders.items():
        run()  # compiled and warm
        start, calls[name] = time.process_time(), 0
        while time.process_time() - start < seconds:
            run()
            calls[name] += 1
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            for _ in range(calls[name]):
                run()
            times[name].append((time.process_time() - start) / calls[name])
    return times


def measure(row: Row, rounds: int, seconds: float) -> bool:
    """Print one row of the table and return whether its target was reached."""
    contenders = {"ours": row.case.ours()}
    for name in (row.against, *row.peers):
        module, make = PEERS[name]
        if module is None or find_spec(module):
            contenders[name] = make(row.case)
            if name not in ("bare GEMMs", "our forward"):
                before = row.case.parameters()  # the check of a row with an update makes one
                check_equal(row.case, contenders["ours"], contenders[name], name)
                for array, kept in zip(row.case.network.parameters, before, strict=True):
                    array[:] = kept
    if row.against not in contenders:
        print(f"\n{row.case.name}\n  {row.against} is not installed: no figure")
        return False
    times = interleave(contenders, rounds, seconds)
    print(f"\n{row.case.name}")
    for name, measured in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["ours"], measured, strict=True))
        figure = "" if name == "ours" else f"   ours / {name}: {ratio:.3f}"
        print(f"  {name:12} {statistics.median(measured) * 1e6:10.1f} us{figure}")
    ratio = statistics.median(a / b for a, b in zip(times["ours"], times[row.against], strict=True))
    reached = ratio <= row.target
    print(
        f"  target: ours / {row.against} <= {row.target:.2f}: {'reached' if reached else 'NOT reached'} ({ratio:.3f})"
    )
    return reached


def print_machine() -> None:
    """Print what the figures depend on."""
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, garbage collector on")
    if FORCED_KERNEL:
        print(f"OPENBLAS_CORETYPE={FORCED_KERNEL} was set and is ignored here; unset it for your own programs too")
    if find_spec("threadpoolctl"):
        import threadpoolctl

        for library in threadpoolctl.threadpool_info():
            kernel = library.get("architecture", "kernel unknown")
            print(f"BLAS: {library['internal_api']} {library['version']}, {kernel}, {library['num_threads']} thread(s)")
    else:
        print("BLAS: kernel unknown (pip install threadpoolctl)")


def main() -> int:
    """Measure all rows; the exit code is 0 if every target was reached."""
    parser = argparse.ArgumentParser(description="The matrix form beside its peers.")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a measurement")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the rows whose name contains TEXT")
    options = parser.parse_args()
    print_machine()
    rounds, seconds = (3, 0.02) if options.quick else (31, 0.05)
    reached = [measure(row, rounds, seconds) for row in rows() if options.only in row.case.name]
    print(f"\n{sum(reached)} of {len(reached)} targets reached")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
