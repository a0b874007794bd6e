"""How every plot looks: the theme on axes, one style per curve, figures, files with the same bytes each time.

Colours are Okabe and Ito's, and every curve has its own marker and line style, so nothing is told by colour alone. No
state of matplotlib's is touched. It comes with the extra ``plot``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz import theme as themes
from viz.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".svg", ".pdf", ".png")
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#D55E00", "marker": "o", "linestyle": "-"},
    {"color": "#CC79A7", "marker": "s", "linestyle": "--"},
    {"color": "#0072B2", "marker": "^", "linestyle": "-"},
    {"color": "#009E73", "marker": "D", "linestyle": "-."},
    {"color": "#E69F00", "marker": "v", "linestyle": "-"},
)
# Matplotlib writes a millionth of a point; a hundredth is seen by nobody, and half the size.
_PATH = re.compile(rb' d="[^"]*"')
_LONG = re.compile(rb"(\.\d\d)\d+")


def figure(panels: int, *, theme: str | Theme = "light") -> Figure:
    """Return an empty figure with this many axes side by side.

    Raises
    ------
    ImportError
        If matplotlib is missing (extra ``plot``).

    Examples
    --------
    >>> len(figure(3).axes)
    3
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "chainrule[plot]"') from error
    made = Figure(figsize=(0.6 + 4.3 * panels, 4.6), layout="constrained", facecolor=themes.named(theme).background)
    made.subplots(1, panels)
    return made


def save_figure(drawn: Figure, path: Path, *, title: str) -> Path:
    """Write the figure in the format of the file's suffix, the same bytes for the same figure, with a title inside.

    Raises
    ------
    ValueError
        If the suffix is none of FORMATS.

    Examples
    --------
    >>> save_figure(figure(1), Path("growth.jpg"), title="growth")
    Traceback (most recent call last):
        ...
    ValueError: a plot can't be saved as '.jpg': choose one of .svg, .pdf, .png
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"a plot can't be saved as {path.suffix!r}: choose one of {', '.join(FORMATS)}")
    from matplotlib import rc_context

    metadata: dict[str, Any] = {"Title": title}
    metadata |= {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix, {})
    with rc_context({"svg.hashsalt": title, "svg.fonttype": "none"}):
        drawn.savefig(path, dpi=150, metadata=metadata)
    if path.suffix == ".svg":
        path.write_bytes(_PATH.sub(lambda found: _LONG.sub(rb"\1", found[0]), path.read_bytes()))
    return path


def share_legend(drawn: Figure) -> None:
    """Put one legend for all panels above them, each name once.

    Examples
    --------
    >>> drawn = figure(2)
    >>> for axes in drawn.axes:
    ...     _ = axes.plot([1, 2], [2, 4], label="paths")
    >>> share_legend(drawn)
    >>> [text.get_text() for text in drawn.legends[0].get_texts()]
    ['paths']
    """
    names: dict[str, Any] = {}
    for axes in drawn.axes:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            names.setdefault(name, handle)
    drawn.legend(
        list(names.values()),
        list(names),
        loc="outside upper left",
        ncols=len(names),
        frameon=False,
        handlelength=2.6,
        labelcolor=drawn.axes[0].xaxis.label.get_color(),  # as the theme of the panels says
    )


def dress(axes: Axes, look: Theme, *, x: str, y: str, title: str = "") -> None:
    """Give axes their labels, and the colours of a theme.

    Examples
    --------
    >>> axes = figure(1).axes[0]
    >>> dress(axes, themes.DARK, x="z", y="tanh z")
    >>> axes.get_xlabel(), axes.xaxis.label.get_color()
    ('z', '#e6edf3')
    """
    axes.set_facecolor(look.background)
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold", color=look.ink)
    axes.set_xlabel(x, color=look.ink)
    axes.set_ylabel(y, color=look.ink)
    axes.tick_params(which="both", colors=look.ink)
    axes.grid(which="major", color=look.badge, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.ink)


def explain(axes: Axes, look: Theme, **placement: Any) -> None:
    """Add the legend of the curves that have a name.

    Examples
    --------
    >>> axes = figure(1).axes[0]
    >>> _ = axes.plot([0, 1], [0, 1], label="identity")
    >>> explain(axes, themes.LIGHT)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['identity']
    """
    axes.legend(
        frameon=True,
        framealpha=0.85,
        facecolor=look.background,
        edgecolor="none",
        labelcolor=look.ink,
        fontsize="small",
        **placement,
    )


def line_of(style: int) -> dict[str, Any]:
    """Return colour and dashes of a style for a smooth curve, which has no markers.

    Examples
    --------
    >>> line_of(1)
    {'color': '#CC79A7', 'linestyle': '--'}
    """
    chosen = STYLES[style % len(STYLES)]
    return {"color": chosen["color"], "linestyle": chosen["linestyle"]}
