import subprocess
import sys

import pytest


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout.strip()


def test_importing_the_engine_imports_no_other_package_and_no_other_kind_of_number() -> None:
    loaded = set(run("import sys; old = set(sys.modules); import engine; print(*set(sys.modules) - old)").split())
    roots = {name.split(".")[0] for name in loaded}
    assert "engine" in roots
    assert {name for name in roots if name != "engine" and name not in sys.stdlib_module_names} == set()
    assert not roots & {"fractions", "decimal", "difflib", "pickle"}


def test_importing_the_networks_package_imports_no_numpy() -> None:
    assert run("import sys, nn; print('numpy' in sys.modules, 'engine' in sys.modules)") == "False False"


def test_importing_the_scalar_networks_imports_no_numpy() -> None:
    assert run("import sys; from nn.scalar import MLP; print('numpy' in sys.modules)") == "False"


@pytest.mark.parametrize("name", ["Neuron", "Layer", "MLP"])
def test_micrograds_networks_come_from_the_package_too(name: str) -> None:
    shown = run(f"import sys; from nn import {name}; print({name}.__module__, 'numpy' in sys.modules)")
    assert shown == "nn.scalar False"


def test_importing_the_engine_imports_what_a_value_needs_and_leaves_the_rest_until_it_is_asked_for() -> None:
    # Loading modules is what an import takes its time for; that time is measured in benchmarks/explore.py.
    needed = (
        "__future__, cmath, collections.abc, contextlib, contextvars, importlib, math, numbers, re, typing, warnings"
    )
    new = "import sys; old = set(sys.modules); import {}; print(*sorted(set(sys.modules) - old))"
    loaded, standard = (set(run(new.format(names)).split()) for names in ("engine", needed))
    ours = {name for name in loaded if name.partition(".")[0] == "engine"}
    assert loaded - ours - standard == set()
    assert ours == {"engine"} | {
        f"engine.{name}"
        for name in ("backward", "calculus", "definitions", "elementary", "errors", "functions", "graph", "row",
                     "stable", "structures", "sums", "value")
    }  # fmt: skip
