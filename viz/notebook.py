"""What a notebook shows for a Value, a graph, a network, a lifted program or a check: a picture, else text.

Their ``_repr_mimebundle_`` call these functions, which answer in about a second whatever the size, and never with a
traceback. The picture carries its title and description for readers who do not see it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from engine.value import Value
from viz.text import outline
from viz.view import view

if TYPE_CHECKING:
    from engine.check.report import Report
    from engine.lift import Lifted

SECONDS = 2.0
SVG = "image/svg+xml"
HTML = "text/html"
TEXT = "text/plain"


def mimebundle(
    value: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return a value's SVG and text tree by MIME type, as IPython asks for them.

    A large graph is folded. Where no Graphviz is found there is text alone; a last line then says what would bring the
    picture.

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

    def picture() -> str:
        from viz.operations import draw_view  # graphviz is imported only when there is something to draw

        return draw_view(made, value, theme="auto").picture("svg", SECONDS).decode()

    return _bundle(str(outline(made)), picture, include, exclude)


def network_bundle(
    network: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return a network's SVG and text by MIME type: the units and weights, and its repr.

    Parameters
    ----------
    network : nn.matrix.Network or nn.scalar.MLP
        What a cell ends with.
    include, exclude : iterable of str, optional
        The MIME types that are wanted, or not.

    Examples
    --------
    >>> from nn.scalar import MLP
    >>> print(network_bundle(MLP(2, [3, 1]), exclude=["image/svg+xml"])["text/plain"])
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    """

    def picture() -> str:
        from viz.layers import layers_of
        from viz.network import draw_network
        from viz.network_plan import MAX_LAYERS

        deep = max(MAX_LAYERS, len(layers_of(network).sizes))
        return draw_network(network, theme="auto", max_layers=deep).picture("svg", SECONDS).decode()

    return _bundle(repr(network), picture, include, exclude)


def program_bundle(
    lifted: Lifted, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the SVG and the text of a lifted program by MIME type: the scalar graph beside it, and its lines.

    Parameters
    ----------
    lifted : engine.lift.Lifted
        What a cell ends with.
    include, exclude : iterable of str, optional
        The MIME types that are wanted, or not.

    Examples
    --------
    >>> from engine.lift import lift
    >>> print(program_bundle(lift(lambda x: x.tanh() * 2, 1.0), include=["text/plain"])["text/plain"].splitlines()[0])
    # input: x a number
    """

    def picture() -> str:
        from viz.program import draw_program

        return draw_program(lifted, theme="auto").picture("svg", SECONDS).decode()

    return _bundle(str(lifted), picture, include, exclude)


def report_bundle(
    report: Report, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the report of a gradient check as a table of HTML, and as text, by MIME type.

    Parameters
    ----------
    report : engine.check.Report
        What a cell ends with.
    include, exclude : iterable of str, optional
        The MIME types that are wanted, or not.

    Examples
    --------
    >>> from engine.check import check_gradient
    >>> report = check_gradient(lambda x: x * x, lambda x: 2 * x, at=2.0)
    >>> sorted(report_bundle(report)), report_bundle(report, include=["text/plain"])["text/plain"].splitlines()[0]
    (['text/html', 'text/plain'], 'gradient: ok   (1 component: 1 ok)')
    """
    from viz.report_table import report_table

    return _bundle(str(report), lambda: report_table(report), include, exclude, kind=HTML)


def _bundle(
    text: str,
    picture: Callable[[], str],
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
    kind: str = SVG,
) -> dict[str, str]:
    bundle = {}
    if _wants(kind, include, exclude) and _shows(kind):
        from viz.render import RenderError

        try:
            bundle[kind] = picture()
        except RenderError as error:
            text = f"{text}\n({error})"
    if _wants(TEXT, include, exclude):
        bundle[TEXT] = text
    return bundle


def _wants(kind: str, include: Iterable[str] | None, exclude: Iterable[str] | None) -> bool:
    return (include is None or kind in include) and (exclude is None or kind not in exclude)


def _shows(kind: str) -> bool:
    """Whether what asks can show this type; IPython in a terminal shows no SVG, and need not wait for one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is None or kind in shell.display_formatter.active_types
