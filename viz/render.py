"""The one place that turns DOT into bytes: the system's ``dot``, else pygraphviz, else one line that says what to do.

Both run in a process of their own and have a time limit, so a drawing never hangs and Ctrl-C always works. The same
DOT gives the same bytes each time (a PDF carries no time of making).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 20.0
FORMATS = ("svg", "pdf", "png")
HINT = 'pip install "chainrule[render]" brings Graphviz along, or put Graphviz\'s dot on PATH; viz.tree needs neither'


# Cairo writes the time into a PDF; without it equal drawings are equal files.
_MADE_AT = re.compile(rb"(/CreationDate \(D:)\d{14}")


class RenderError(RuntimeError):
    """A picture could not be made; the message is one line that says why and what to do."""


class NoRendererError(RenderError):
    """There is no Graphviz here: neither ``dot`` on PATH nor pygraphviz."""


def render(source: str, output_format: str, *, engine: str = "dot", seconds: float = SECONDS) -> bytes:
    """Lay out DOT and return it as a picture.

    Parameters
    ----------
    source : str
        DOT.
    output_format : str
        svg, pdf or png, or another format that Graphviz knows.
    engine : str
        The layout engine: dot, or neato for drawings that bring their own positions.
    seconds : float
        The time limit of the whole.

    Raises
    ------
    NoRendererError
        If there is neither ``dot`` nor pygraphviz.
    RenderError
        If the time is up, or Graphviz refuses the drawing.

    Examples
    --------
    >>> render("digraph { a -> b }", "svg", seconds=0)
    Traceback (most recent call last):
        ...
    ValueError: seconds must be positive, got 0
    """
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds}")
    complaints = []
    end = time.monotonic() + seconds
    for name, command in _ladder(output_format, engine):
        try:
            status, output, complaint = _run(command, source.encode(), end - time.monotonic())
        except subprocess.TimeoutExpired:
            raise RenderError(
                f"{name} was not done after {seconds:g} s: draw less with max_nodes=..., or allow more with seconds=..."
            ) from None
        except OSError as error:  # no such program after all, or a platform without processes
            complaints.append(f"{name} did not start ({error})")
            continue
        if status == 0 and output:
            return _MADE_AT.sub(rb"\g<1>19700101000000", output) if output_format == "pdf" else output
        complaints.append(f"{name} failed ({_last_line(complaint) or f'exit status {status}'})")
    if complaints:
        raise RenderError(f"no {output_format} was made: {'; '.join(complaints)}")
    raise NoRendererError(f"no Graphviz found to make {output_format}: {HINT}")


def renderers() -> list[str]:
    """Return the names of what can render here, the one that is asked first in front.

    Examples
    --------
    >>> set(renderers()) <= {"dot", "pygraphviz"}
    True
    """
    return [name for name, _ in _ladder("svg", "dot")]


def _ladder(output_format: str, engine: str) -> list[tuple[str, list[str]]]:
    steps = []
    if dot := shutil.which("dot"):
        steps.append(("dot", [dot, f"-K{engine}", f"-T{output_format}"]))
    if sys.executable and importlib.util.find_spec("pygraphviz"):
        script = Path(__file__).with_name("pygraphviz_process.py")
        # -P: the folder of the script holds modules whose names are none of pygraphviz's business.
        steps.append(("pygraphviz", [sys.executable, "-P", str(script), output_format, engine]))
    return steps


def _run(command: list[str], source: bytes, seconds: float) -> tuple[int, bytes, bytes]:
    """Run a command with its input; whatever happens, leave no process behind."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that a wrapper script is ended together with the program that it started
    ) as process:
        try:
            output, complaint = process.communicate(source, timeout=seconds)
        except BaseException:
            _end(process)
            raise
    return process.returncode, output, complaint


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _last_line(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
