"""Pictures to files: the suffix says the format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import graphviz

from engine.value import Value
from viz.drawing import Drawing, digest
from viz.network import draw_network, is_network
from viz.operations import draw
from viz.render import FORMATS, SECONDS, render
from viz.svg import finish
from viz.text import tree

SUFFIXES = (*(f".{name}" for name in FORMATS), ".dot", ".txt")


def save(subject: Any, path: str | os.PathLike[str], *, seconds: float = SECONDS, **options: Any) -> Path:
    """Save a picture of a Value, a network or a Digraph in the format that the file's suffix names.

    Parameters
    ----------
    subject : Value, Network, MLP or graphviz.Digraph
        What to show; a Value is drawn by ``draw``, a network by ``draw_network``.
    path : str or path
        Where to; .svg, .pdf and .png need Graphviz, .dot and .txt need nothing.
    seconds : float
        The time limit of the layout.
    **options
        Handed to ``draw``, ``draw_network`` or, for .txt, ``tree``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ValueError
        If the suffix is none of these.
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
    ValueError: cannot save as '.jpeg': choose one of .svg, .pdf, .png, .dot, .txt
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot save as {suffix or target.name!r}: choose one of {', '.join(SUFFIXES)}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"no folder {str(target.parent)!r} to save {target.name!r} in: create it first")
    target.write_bytes(_content(subject, suffix, seconds, options))
    return target


def _content(subject: Any, suffix: str, seconds: float, options: dict[str, Any]) -> bytes:
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


def _drawing(subject: Any, options: dict[str, Any]) -> Any:
    if isinstance(subject, Value):
        return draw(subject, **options)
    if isinstance(subject, graphviz.Digraph | graphviz.Graph):
        if options:
            raise TypeError(f"a drawing is already made: give {', '.join(sorted(options))} to the call that draws it")
        return subject
    if is_network(subject):
        return draw_network(subject, **options)
    raise TypeError(
        f"cannot draw {type(subject).__name__} {subject!r:.60}: give a Value, a network or a graphviz.Digraph"
    )
