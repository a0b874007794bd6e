"""Shared set-up of the tests: hypothesis profiles and the folder of real MNIST."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_SLOW_IS_FINE = [HealthCheck.too_slow]
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile("nightly", deadline=None, max_examples=10_000, suppress_health_check=_SLOW_IS_FINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """Return the folder of the four MNIST files, or skip the test where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist"
    folder = Path(os.environ.get("CHAINRULE_MNIST", beside))
    if not folder.is_dir():
        pytest.skip(f"no MNIST in {folder}; name its folder in CHAINRULE_MNIST")
    return folder
