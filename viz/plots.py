"""Plots on axes: costs against the number of weights with slope guides, and against depth.

Each function draws on matplotlib Axes that it is given and returns them, so plots can be combined at will. Colours are
Okabe and Ito's, and every curve has its own marker and line style, so nothing is told by colour alone. Matplotlib comes
with the extra ``plot``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz.theme import LIGHT

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


@dataclass(frozen=True)
class Curve:
    """Measured points with a name; the same style number (see STYLES) looks the same in every plot.

    ``note`` stands at the last point, for instance the fitted exponent, moved by ``note_offset`` points.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: int
    note: str = ""
    note_offset: tuple[int, int] = (6, 0)


def plot_growth(
    axes: Axes, curves: Sequence[Curve], *, x: str, y: str, title: str = "", slopes: Sequence[int] = ()
) -> Axes:
    """Draw curves on logarithmic axes, with a thin guide of each slope.

    Parameters
    ----------
    axes
        Where to draw.
    curves
        Positive points, by growing x.
    x, y, title
        The labels of the axes, with units, and what stands above them.
    slopes
        The exponents of the guides, each a straight line on these axes.

    Raises
    ------
    ValueError
        If a curve has a point that is not positive.

    Examples
    --------
    >>> axes = figure(1).axes[0]
    >>> _ = plot_growth(axes, [Curve("squares", [1, 10], [1, 100], 0)], x="n", y="operations", slopes=[2])
    >>> axes.get_xscale(), axes.get_yscale(), [text.get_text() for text in axes.texts]
    ('log', 'log', ['slope 2'])
    >>> plot_growth(axes, [Curve("none", [0.0], [1.0], 0)], x="n", y="operations")
    Traceback (most recent call last):
        ...
    ValueError: logarithmic axes have no place for (0.0, 1.0) of 'none'
    """
    for curve in curves:
        for point in zip(curve.x, curve.y, strict=True):
            if min(point) <= 0:
                raise ValueError(f"logarithmic axes have no place for {point} of {curve.name!r}")
    axes.set(xscale="log", yscale="log")
    _draw(axes, curves, x, y, title)
    for slope in slopes:
        _guide(axes, curves, slope)
    return axes


def plot_depth(axes: Axes, curves: Sequence[Curve], *, x: str, y: str, title: str = "") -> Axes:
    """Draw curves with a logarithmic y-axis alone, on which exponential growth is a straight line.

    Examples
    --------
    >>> axes = figure(1).axes[0]
    >>> _ = plot_depth(axes, [Curve("paths", [1, 2, 3], [2, 4, 8], 4)], x="layers", y="number")
    >>> axes.get_xscale(), axes.get_yscale(), axes.lines[0].get_label()
    ('linear', 'log', 'paths')
    """
    axes.set_yscale("log")
    axes.locator_params(axis="x", integer=True)
    _draw(axes, curves, x, y, title)
    return axes


def figure(panels: int) -> Figure:
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
    made = Figure(figsize=(0.6 + 4.3 * panels, 4.6), layout="constrained", facecolor=LIGHT.background)
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
    return path


def share_legend(drawn: Figure) -> None:
    """Put one legend for all panels above them, each name once.

    Examples
    --------
    >>> drawn = figure(2)
    >>> for axes in drawn.axes:
    ...     _ = plot_depth(axes, [Curve("paths", [1, 2], [2, 4], 4)], x="layers", y="number")
    >>> share_legend(drawn)
    >>> [text.get_text() for text in drawn.legends[0].get_texts()]
    ['paths']
    """
    names: dict[str, Any] = {}
    for axes in drawn.axes:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            names.setdefault(name, handle)
    drawn.legend(
        list(names.values()), list(names), loc="outside upper left", ncols=len(names), frameon=False, handlelength=2.6
    )


def _draw(axes: Axes, curves: Sequence[Curve], x: str, y: str, title: str) -> None:
    for curve in curves:
        style = STYLES[curve.style % len(STYLES)]
        axes.plot(curve.x, curve.y, label=curve.name, markersize=4.5, linewidth=1.6, **style)
        if curve.note and len(curve.x):
            axes.annotate(
                curve.note,
                (curve.x[-1], curve.y[-1]),
                xytext=curve.note_offset,
                textcoords="offset points",
                color=LIGHT.ink,
                ha="left" if curve.note_offset[0] > 0 else "right",
                va="center",
            )
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold", color=LIGHT.ink)
    axes.set_xlabel(x, color=LIGHT.ink)
    axes.set_ylabel(y, color=LIGHT.ink)
    axes.grid(which="major", color=LIGHT.badge, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)


def _guide(axes: Axes, curves: Sequence[Curve], slope: int) -> None:
    """Draw y = c x^slope from the middle of the left end, between the slow curves and the fast, to the top."""
    points = [(a, b) for curve in curves for a, b in zip(curve.x, curve.y, strict=True)]
    if len({a for a, _ in points}) < 2:
        return
    left, right, high = min(a for a, _ in points), max(a for a, _ in points), max(b for _, b in points)
    at_left = [b for a, b in points if a == left]
    start = math.sqrt(min(at_left) * max(at_left))
    end = min(right, left * (high / start) ** (1 / slope))
    top = start * (end / left) ** slope
    axes.plot([left, end], [start, top], color=LIGHT.muted, linewidth=0.9, linestyle=":", zorder=0)
    axes.annotate(
        f"slope {slope}",
        (end, top),
        xytext=(3, 0),
        textcoords="offset points",
        color=LIGHT.muted,
        va="center",
        fontsize="small",
    )
