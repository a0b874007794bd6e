"""Import the packages before pytest collects their modules: a file collected first would be executed a second time."""

from collections.abc import Iterator
from typing import Any

import pytest

import engine  # noqa: F401  # imported for its effect on sys.modules: there must be one class Value, not two
from viz import render

_run = render._run


def _run_patiently(command: list[str], source: bytes, seconds: float) -> Any:
    return _run(command, source, 600.0 if seconds > 1.0 else seconds)


@pytest.fixture(autouse=True, scope="session")
def _patient_layouts() -> Iterator[None]:
    """Let no layout run out of time because the machine is busy; tests of the time limit itself set one below a second.

    Users wait for at most 2 seconds in a notebook and 20 elsewhere (``viz.notebook.SECONDS``, ``viz.render.SECONDS``).
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "_run", _run_patiently)
        yield
