"""Pictures to files: the suffix says the format."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import graphviz

from engine.value import Value
from viz.drawing import Drawing, digest
from viz.frame_files import save_frames
from viz.layers import is_network
from viz.mermaid import mermaid
from viz.network import draw_network
from viz.network_plan import plan_of
from viz.network_source import network_mermaid, network_tikz
from viz.numerals import short
from viz.operations import draw
from viz.render import FORMATS, SECONDS, render
from viz.steps import Frames
from viz.svg import finish
from viz.text import tree
from viz.theme import named
from viz.tikz import tikz
from viz.view import view

SUFFIXES = (*(f".{name}" for name in FORMATS), ".dot", ".txt", ".tex", ".mmd")


def save(subject: Any, path: str | os.PathLike[str], *, seconds: float = SECONDS, **options: Any) -> Path:
    """Save a picture of a Value, a network, a lifted program, a Digraph or of steps in the format of the file's suffix.

    Parameters
    ----------
    subject : Value, Network, MLP, Lifted, graphviz.Digraph or Frames
        What to show; a Value is drawn by ``draw``, a network by ``draw_network``, a lifted program by
        ``draw_program``, steps are made by ``frames``.
    path : str or path
        Where to; .svg, .pdf and .png need Graphviz, .dot, .txt, .tex (TikZ) and .mmd (Mermaid) need nothing.
    seconds : float
        The time limit of the layout.
    **options
        Handed to the function that draws, ``tree`` for .txt, or ``viz.frame_files.save_frames``.

    Returns
    -------
    Path
        The file that was written; of numbered files, the first.

    Raises
    ------
    ValueError
        If the suffix is none of these, or the picture is more than Mermaid draws.
    TypeError
        If the subject can't be drawn, or options are given for a drawing that is already made.
    FileNotFoundError
        If the folder does not exist.
    viz.render.RenderError
        If there is no Graphviz (``pip install "chainrule[render]"``), it fails, or the time is up.

    Examples
    --------
    >>> import tempfile
    >>> x = Value(3.0, label="x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(save(x * x, Path(folder) / "x.txt", ascii=True).read_text())
    #1 = *   data  9.0000 | grad  -
    |- x     data  3.0000 | grad  -       | x x = 3.0000
    `- ^ x                                | x x = 3.0000
    >>> save(x, "x.jpeg")
    Traceback (most recent call last):
        ...
    ValueError: cannot save as '.jpeg': choose one of .svg, .pdf, .png, .dot, .txt, .tex, .mmd
    """
    target = Path(path)
    suffix = target.suffix.lower()
    steps = isinstance(subject, Frames)
    if suffix not in SUFFIXES and not steps:
        raise ValueError(f"cannot save as {suffix or target.name!r}: choose one of {', '.join(SUFFIXES)}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"no folder {str(target.parent)!r} to save {target.name!r} in: create it first")
    if steps:
        return save_frames(subject, target, seconds=seconds, **options)
    target.write_bytes(_content(subject, suffix, seconds, options))
    return target


def _content(subject: Any, suffix: str, seconds: float, options: dict[str, Any]) -> bytes:
    if suffix in (".tex", ".mmd"):
        return _source(subject, suffix, options).encode()
    if suffix == ".txt" and isinstance(subject, Value):
        return f"{tree(subject, **{'width': 100, 'ascii': False, 'color': False, **options})}\n".encode()
    drawing = _drawing(subject, options)
    if suffix == ".dot":
        return str(drawing.source).encode()
    if suffix == ".txt":
        text = drawing.text if isinstance(drawing, Drawing) else drawing.source
        return f"{text.rstrip()}\n".encode()
    if isinstance(drawing, Drawing):
        return drawing.picture(suffix[1:], seconds)
    drawn = render(drawing.source, suffix[1:], engine=drawing.engine or "dot", seconds=seconds)
    if suffix != ".svg":
        return drawn
    return finish(
        drawn.decode(), scope=f"g{digest(drawing.source)}", title=drawing.name or "graph", description=""
    ).encode()


def _source(subject: Any, suffix: str, options: dict[str, Any]) -> str:
    """Return a Value's graph, or a network, in the language of another program."""
    theme, direction, title = (options.pop(name, None) for name in ("theme", "direction", "title"))
    look = named(theme or "light")
    if isinstance(subject, Value):
        made = view(subject, **options)
        title = title if title is not None else f"{made.name or 'output'} = {short(subject.data)}"
        return (tikz if suffix == ".tex" else mermaid)(made, title=title, look=look, direction=direction or "LR")
    if is_network(subject) and not isinstance(subject, graphviz.Digraph | graphviz.Graph):
        if direction not in (None, "LR"):
            raise ValueError(f"a network runs from left to right, not {direction!r}")
        legend = options.pop("legend", True)
        plan = plan_of(subject, **options)
        title = plan.title if title is None else title
        return (network_tikz if suffix == ".tex" else network_mermaid)(plan, title=title, look=look, legend=legend)
    raise TypeError(
        f"a Value or a network can be saved as {suffix}, not {type(subject).__name__}: give what it was drawn from, or "
        r"save it as .pdf for \includegraphics, or as .svg"
    )


def _drawing(subject: Any, options: dict[str, Any]) -> Any:
    if isinstance(subject, Value):
        return draw(subject, **options)
    if isinstance(subject, graphviz.Digraph | graphviz.Graph):
        if options:
            raise TypeError(f"a drawing is already made: give {', '.join(sorted(options))} to the call that draws it")
        return subject
    if is_network(subject):
        return draw_network(subject, **options)
    if _is_lifted(subject):
        from viz.program import draw_program  # brings all of engine.lift along

        return draw_program(subject, **options)
    raise TypeError(
        f"cannot draw {type(subject).__name__} {subject!r:.60}: give a Value, a network, a lifted program or a "
        "graphviz.Digraph"
    )


def _is_lifted(subject: Any) -> bool:
    """Whether it is a lifted program, without importing what makes them for anybody who has none."""
    module = sys.modules.get("engine.lift")
    return module is not None and isinstance(subject, module.Lifted)
