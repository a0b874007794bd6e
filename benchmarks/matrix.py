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
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from machine import print_machine
from matrix_peers import PEERS, Case

from nn.matrix import Network


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


def curvature(rounds: int, seconds: float) -> bool:
    """Print what a Hessian-vector product takes, in gradients of the same batch, and return whether that is below 3."""
    case = _digits([300, 300, 300, 10], 128, "float64", activation="relu", output="softmax", loss="cross_entropy")
    vector = [np.random.default_rng(2).normal(size=p.shape) for p in case.network.parameters]
    contenders = {
        "gradient": lambda: case.network.gradients(case.X, case.Y, input_gradient=False),
        "H v": lambda: case.network.hessian_vector_product(case.X, case.Y, vector),
    }
    times = interleave(contenders, rounds, seconds)
    ratio = statistics.median(a / b for a, b in zip(times["H v"], times["gradient"], strict=True))
    print(f"\n{case.name}")
    print(f"  H v / gradient: {ratio:.3f}   (counted in multiplications of matrices: 8/3 at most)")
    print(f"  target: H v / gradient <= 3.00: {'reached' if ratio <= 3 else 'NOT reached'} ({ratio:.3f})")
    return ratio <= 3


def main() -> int:
    """Measure all rows; the exit code is 0 if every target was reached."""
    parser = argparse.ArgumentParser(description="The matrix form beside its peers.")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a measurement")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the rows whose name contains TEXT")
    options = parser.parse_args()
    print_machine(FORCED_KERNEL)
    rounds, seconds = (3, 0.02) if options.quick else (31, 0.05)
    reached = [measure(row, rounds, seconds) for row in rows() if options.only in row.case.name]
    if options.only in "H v":
        reached.append(curvature(rounds, seconds))
    print(f"\n{sum(reached)} of {len(reached)} targets reached")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
