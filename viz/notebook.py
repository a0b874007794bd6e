"""What a notebook shows for a Value: its picture, and the text tree where there is none.

The engine's ``Value._repr_mimebundle_`` calls ``mimebundle``; it answers in about a second whatever the size, and
never with a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from engine.value import Value
from viz.text import outline
from viz.view import view

SECONDS = 2.0
SVG = "image/svg+xml"
TEXT = "text/plain"


def mimebundle(
    value: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return a value's SVG and text tree by MIME type, as IPython asks for them.

    A graph above the node limit is answered in text alone, and so is any graph where no Graphviz is found; a last
    line then says what would bring the picture.

    Parameters
    ----------
    value : Value
        What a cell ends with.
    include, exclude : iterable of str, optional
        The MIME types that are wanted, or not.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> sorted(mimebundle(x, include=["text/plain"]))
    ['text/plain']
    >>> print(mimebundle(x, exclude=["image/svg+xml"])["text/plain"])
    x   data  3.0000 | grad  -
    """
    made = view(value)
    text = str(outline(made))
    bundle = {}
    if _wants(SVG, include, exclude) and _shows_pictures():
        from viz.operations import draw_view  # graphviz is imported only when there is something to draw
        from viz.render import RenderError

        try:
            bundle[SVG] = draw_view(made, value, theme="auto").picture("svg", SECONDS).decode()
        except RenderError as error:
            text = f"{text}\n({error})"
    if _wants(TEXT, include, exclude):
        bundle[TEXT] = text
    return bundle


def _wants(kind: str, include: Iterable[str] | None, exclude: Iterable[str] | None) -> bool:
    return (include is None or kind in include) and (exclude is None or kind not in exclude)


def _shows_pictures() -> bool:
    """Whether what asks can show an SVG; IPython in a terminal cannot, and need not wait for one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is None or SVG in shell.display_formatter.active_types
