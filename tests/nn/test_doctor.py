"""The doctor: every finding from what is really there, and a cure for everything that is not."""

import importlib.metadata
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import doctor
from nn.doctor import Finding, blas, drawing, examine, extras, gemm_gflops, load, mnist, report, speed, versions


def test_the_whole_examination_covers_every_topic() -> None:
    topics = [finding.topic for finding in examine()]
    assert topics[:2] == ["Python", "chainrule"]
    assert topics[-2:] == ["pictures", "MNIST"]
    assert {"BLAS", "GEMM", "numpy", "graphviz", "plot", "render", "data", "progress", "check"} <= set(topics)


def test_versions_are_those_of_the_imported_packages() -> None:
    found = {finding.topic: finding.found for finding in versions()}
    assert found["numpy"] == np.__version__
    assert found["Python"].startswith(".".join(map(str, sys.version_info[:3])))


def test_a_package_is_listed_in_one_extra_only() -> None:
    packages = [entry.split()[0] for finding in extras() for entry in finding.found.split(", ")]
    assert len(packages) == len(set(packages))
    assert "matplotlib" in packages


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(package: str) -> str:
        if package in {"matplotlib", "graphviz"}:
            raise importlib.metadata.PackageNotFoundError(package)
        return real(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert Finding("plot", "matplotlib missing", 'pip install "chainrule[plot]"') in extras()
    assert Finding("graphviz", "missing", 'pip install "graphviz"') in versions()


def test_a_checkout_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-distribution")
    assert Finding("no-such-distribution", "not installed, run from its folder", "pip install -e . in its folder") in (
        versions()
    )
    assert extras() == []


def test_without_threadpoolctl_the_blas_is_numpys_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    finding = blas()
    assert finding.found.endswith("kernel unknown")
    assert finding.cure == 'pip install "threadpoolctl" to see the kernel'


def test_the_speed_is_the_work_of_a_product_over_the_time_of_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    products = iter([0.002, 0.001, 0.004])  # seconds that each takes on the clock below
    clock = 0.0
    real = np.matmul

    def product(*arrays: Any, out: Any) -> None:
        nonlocal clock
        real(*arrays, out=out)
        clock += 0.0 if warming.pop() else next(products, 1.0)

    warming = [False] * 10 + [True]
    monkeypatch.setattr(np, "matmul", product)
    monkeypatch.setattr(time, "perf_counter", lambda: clock)
    assert gemm_gflops(np.float64) == pytest.approx(2 * 512**3 / 0.001 / 1e9)


def test_a_slow_product_gets_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.setattr(doctor, "gemm_gflops", lambda dtype: 1.5)
    monkeypatch.setattr(doctor, "load", list)
    (finding,) = speed()
    assert "float64 2 GFLOP/s" in finding.found
    assert 'pip install "numpy"' in finding.cure


def test_a_slow_product_on_a_busy_machine_is_not_blamed_on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.setattr(doctor, "gemm_gflops", lambda dtype: 1.5)
    monkeypatch.setattr(doctor, "load", lambda: [Finding("load", "busy", "wait")])
    (finding,) = speed()
    assert finding.cure == ""


@pytest.mark.parametrize(("forced", "cure"), [(1e-6, "unset OPENBLAS_CORETYPE"), (1e6, "")])
def test_an_exported_kernel_is_compared_with_the_free_choice(
    forced: float, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setattr(doctor, "gemm_gflops", lambda dtype: forced)
    finding = speed()[1]
    assert finding.topic == "OPENBLAS_CORETYPE"
    assert finding.found.startswith("Haswell is exported: float32")
    assert finding.cure == cure


@pytest.mark.parametrize(("running", "cured"), [(0.5, False), (9.0, True)])
def test_busy_processors_get_a_cure(running: float, cured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (running, 0.0, 0.0), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    (finding,) = load()
    assert finding.found == f"{running} programs running on 4 processors"
    assert ("OPENBLAS_NUM_THREADS=1" in finding.cure) == cured


def test_a_system_that_tells_no_load_gets_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getloadavg", raising=False)
    assert load() == []


def test_what_draws_is_told_or_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/dot")
    assert "dot (/usr/bin/dot)" in drawing().found
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "_version", lambda name: "")
    assert drawing() == Finding(
        "pictures", "neither dot nor pygraphviz: text only", 'pip install "chainrule[render]", or Graphviz'
    )


def test_mnist_is_told_where_it_is_or_how_to_get_it(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_MNIST", str(mnist_folder))
    assert mnist() == Finding("MNIST", str(mnist_folder))
    monkeypatch.setattr(doctor, "find_mnist", lambda: None)
    assert mnist().found == "not found"
    assert "--data DIR" in mnist().cure


def test_the_report_puts_each_cure_under_its_finding() -> None:
    lines = report([Finding("a", "fine"), Finding("long topic", "slow", "do this"), Finding("b", "fine")]).splitlines()
    assert lines == ["a           fine", "long topic  slow", "            -> do this", "b           fine"]
