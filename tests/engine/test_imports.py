import os
import subprocess
import sys

import pytest


def run(code: str, *options: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=env).stdout.strip()


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


def test_importing_the_engine_takes_little_time(tmp_path: object) -> None:
    # CPU time, the best of several, with compiled files in place; beside it a package of the standard library that
    # does about as much, since machines and their load differ.
    clock = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    times = {
        module: min(float(run(clock.format(module), "-X", f"pycache_prefix={tmp_path}")) for _ in range(7))
        for module in ("engine", "asyncio")
    }
    assert times["engine"] < max(0.030, 1.5 * times["asyncio"])
