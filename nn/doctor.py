"""What is installed, how fast this machine's matrix product is, and what to do about what is missing or slow.

Printed by ``python -m nn doctor``. Each examination is a small function that returns its findings as plain data; only
`report` makes text of them.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn.data import CURE, find_mnist

DISTRIBUTION = "chainrule"
SIZE = 512  # of the square matrices whose product is timed: 0.27 GFLOP, 2 MB each in float64
SECONDS = 0.2  # for which the product is repeated; the fastest one counts
# One core of any processor of the last ten years does more with an optimized BLAS, and less without one.
SLOW_GFLOPS = 5.0


class Finding(NamedTuple):
    """One line of the report: a topic, what was found, and what to do about it ("" if all is well)."""

    topic: str
    found: str
    cure: str = ""


def examine() -> Iterator[Finding]:
    """Yield all findings, in the order of the report; it takes under two seconds."""
    yield from versions()
    yield from extras()
    yield blas()
    yield from speed()
    yield from load()
    yield drawing()
    yield mnist()


def report(findings: list[Finding]) -> str:
    """Lay findings out as text: a line each, and under it the cure where one is needed.

    Examples
    --------
    >>> print(report([Finding("numpy", "2.1.0"), Finding("MNIST", "not found", "download it")]))
    numpy  2.1.0
    MNIST  not found
           -> download it
    >>> report([])
    ''
    """
    width = max((len(finding.topic) for finding in findings), default=0)
    lines = []
    for topic, found, cure in findings:
        lines.append(f"{topic:{width}}  {found}")
        if cure:
            lines.append(f"{'':{width}}  -> {cure}")
    return "\n".join(lines)


def versions() -> list[Finding]:
    """Return the versions of Python, of this distribution and of what it cannot do without."""
    ours = _version(DISTRIBUTION)
    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return [
        Finding("Python", system),
        Finding(
            DISTRIBUTION, ours or "not installed, run from its folder", "" if ours else "pip install -e . in its folder"
        ),
        *(
            Finding(name, _version(name) or "missing", "" if _version(name) else _pip(name))
            for name in requirements("")
        ),
    ]


def extras() -> list[Finding]:
    """Return for each extra the versions of its packages, or how to install it; a package is listed once."""
    findings: list[Finding] = []
    listed: set[str] = set()
    # Small extras first: the large ones repeat their packages.
    for extra, packages in sorted(((extra, requirements(extra)) for extra in _extra_names()), key=lambda e: len(e[1])):
        new = {name: _version(name) for name in packages if name not in listed}
        listed.update(new)
        if new:
            found = ", ".join(f"{name} {version or 'missing'}" for name, version in new.items())
            findings.append(Finding(extra, found, "" if all(new.values()) else _pip(f"{DISTRIBUTION}[{extra}]")))
    return findings


def requirements(extra: str) -> list[str]:
    """Return the packages that the distribution requires for an extra, or always ("").

    Examples
    --------
    >>> sorted(requirements(""))
    ['graphviz', 'numpy']
    >>> requirements("no such extra")
    []
    """
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ["numpy", "graphviz"] if not extra else []
    names = []
    for line in lines:
        requirement, _, marker = line.partition(";")
        of_extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
        name = re.match(r"[\w.-]+", requirement.strip())
        if name and name[0] != DISTRIBUTION and (of_extra[1] if of_extra else "") == extra:
            names.append(name[0])
    return names


def blas() -> Finding:
    """Return the library that multiplies NumPy's matrices, its kernel and its number of threads."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built: Any = np.show_config(mode="dicts")  # type: ignore[no-untyped-call, unused-ignore]  # typed from NumPy 2 on
        library = built["Build Dependencies"]["blas"]
        found = f"{library.get('name')} {library.get('version')}, kernel unknown"
        return Finding("BLAS", found, f"{_pip('threadpoolctl')} to see the kernel")
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    if not pools:
        return Finding("BLAS", "unknown to threadpoolctl")
    # SciPy's wheels bring a second library; NumPy's own counts here.
    pool = next((pool for pool in pools if "numpy" in pool["filepath"]), pools[0])
    kernel = pool.get("architecture", "unknown")
    found = f"{pool['internal_api']} {pool['version']}, kernel {kernel}, {pool['num_threads']} threads"
    return Finding("BLAS", found)


def speed() -> list[Finding]:
    """Return the measured speed of the matrix product, and whether an exported kernel makes it slow."""
    single, double = gemm_gflops(np.float32), gemm_gflops(np.float64)
    cure = ""
    if double < SLOW_GFLOPS and not any(finding.cure for finding in load()):
        cure = f"under {SLOW_GFLOPS:.0f} GFLOP/s: install NumPy's own wheel, which brings OpenBLAS ({_pip('numpy')})"
    findings = [Finding("GEMM", f"float32 {single:.0f}, float64 {double:.0f} GFLOP/s ({SIZE} x {SIZE})", cure)]
    if kernel := os.environ.get("OPENBLAS_CORETYPE"):
        findings.append(_forced_kernel(kernel, single))
    return findings


def gemm_gflops(dtype: npt.DTypeLike) -> float:
    """Return the speed of the matrix product in 10^9 additions and multiplications per second."""
    a = np.random.default_rng(0).random((SIZE, SIZE)).astype(dtype)
    product = np.empty_like(a)
    np.matmul(a, a, out=product)  # the first one starts the threads
    fastest, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        np.matmul(a, a, out=product)
        fastest = min(fastest, time.perf_counter() - start)
    return 2 * SIZE**3 / fastest / 1e9


def _forced_kernel(kernel: str, forced: float) -> Finding:
    # OpenBLAS reads the variable when it is loaded, so the free choice needs a process of its own.
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-c", "from nn.doctor import gemm_gflops; print(gemm_gflops('float32'))"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    free = float(answer.stdout)
    found = f"{kernel} is exported: float32 {forced:.0f} GFLOP/s with it, {free:.0f} without"
    return Finding("OPENBLAS_CORETYPE", found, "unset OPENBLAS_CORETYPE" if forced < 0.9 * free else "")


def load() -> list[Finding]:
    """Return how busy the processors are, where the system tells; waiting BLAS threads lose most (see nn.threads)."""
    if not hasattr(os, "getloadavg"):
        return []
    running, processors = os.getloadavg()[0], os.cpu_count() or 1
    cure = ""
    if running > processors:
        cure = "wait for the other programs, or set OPENBLAS_NUM_THREADS=1 (MKL_NUM_THREADS for MKL)"
    return [Finding("load", f"{running:.1f} programs running on {processors} processors", cure)]


def drawing() -> Finding:
    """Return what can render pictures: the system's dot, pygraphviz, or nothing but text."""
    found = []
    if dot := shutil.which("dot"):
        found.append(f"dot ({dot})")
    if version := _version("pygraphviz"):
        found.append(f"pygraphviz {version}")
    if found:
        return Finding("pictures", " and ".join(found))
    return Finding(
        "pictures", "neither dot nor pygraphviz: text only", f"{_pip(f'{DISTRIBUTION}[render]')}, or Graphviz"
    )


def mnist() -> Finding:
    """Return where MNIST was found."""
    folder = find_mnist()
    return Finding("MNIST", str(folder)) if folder else Finding("MNIST", "not found", CURE)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _extra_names() -> list[str]:
    try:
        return importlib.metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _pip(what: str) -> str:
    return f'pip install "{what}"'
