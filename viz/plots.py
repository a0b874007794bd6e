"""Plots on axes: every plot of the house is found here; this module itself draws costs with slope guides.

| to see                                           | call                                              |
| ------------------------------------------------ | ------------------------------------------------- |
| activations and their derivatives                | ``plot_activations(axes, ["tanh", "relu"])``      |
| a fit of a function                              | ``plot_fit(axes, network, x, y)``                 |
| decision regions and the margin                  | ``plot_decision_regions(axes, network, X, y)``    |
| loss or accuracy per epoch                       | ``plot_learning_curves(axes, history)``           |
| gradients that vanish or explode                 | ``plot_gradient_norms(axes, networks, X, Y)``     |
| a loss over two weights, and a descent on it     | ``plot_loss_surface(axes, loss, path)``           |
| cost against size, with slopes                   | ``plot_growth(axes, curves, ...)``                |

Each function draws on matplotlib Axes that it is given and returns them, so plots can be combined at will; ``figure``
makes some. Matplotlib comes with the extra ``plot``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viz import theme as themes
from viz.plot_functions import plot_activations as plot_activations
from viz.plot_functions import plot_fit as plot_fit
from viz.plot_functions import plot_loss_surface as plot_loss_surface
from viz.plot_networks import plot_decision_regions as plot_decision_regions
from viz.plot_networks import plot_gradient_norms as plot_gradient_norms
from viz.plot_networks import plot_learning_curves as plot_learning_curves
from viz.plot_style import FORMATS as FORMATS
from viz.plot_style import STYLES as STYLES
from viz.plot_style import dress, style_of
from viz.plot_style import figure as figure
from viz.plot_style import save_figure as save_figure
from viz.plot_style import share_legend as share_legend
from viz.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    axes: Axes,
    curves: Sequence[Curve],
    *,
    x: str,
    y: str,
    title: str = "",
    slopes: Sequence[int] = (),
    theme: str | Theme = "light",
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
    theme
        light, dark or paper.

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
    look = themes.named(theme)
    axes.set(xscale="log", yscale="log")
    _draw(axes, curves, x, y, title, look)
    for slope in slopes:
        _guide(axes, curves, slope, look)
    return axes


def plot_depth(
    axes: Axes, curves: Sequence[Curve], *, x: str, y: str, title: str = "", theme: str | Theme = "light"
) -> Axes:
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
    _draw(axes, curves, x, y, title, themes.named(theme))
    return axes


def _draw(axes: Axes, curves: Sequence[Curve], x: str, y: str, title: str, look: Theme) -> None:
    for curve in curves:
        style = style_of(curve.style, look) | {"markersize": 4.5, "linewidth": 1.6}
        axes.plot(curve.x, curve.y, label=curve.name, **style)
        if curve.note and len(curve.x):
            axes.annotate(
                curve.note,
                (curve.x[-1], curve.y[-1]),
                xytext=curve.note_offset,
                textcoords="offset points",
                color=look.ink,
                ha="left" if curve.note_offset[0] > 0 else "right",
                va="center",
            )
    dress(axes, look, x=x, y=y, title=title)
    axes.margins(x=0.15)


def _guide(axes: Axes, curves: Sequence[Curve], slope: int, look: Theme) -> None:
    """Draw y = c x^slope from the middle of the left end, between the slow curves and the fast, to the top."""
    points = [(a, b) for curve in curves for a, b in zip(curve.x, curve.y, strict=True)]
    if len({a for a, _ in points}) < 2:
        return
    left, right, high = min(a for a, _ in points), max(a for a, _ in points), max(b for _, b in points)
    at_left = [b for a, b in points if a == left]
    start = math.sqrt(min(at_left) * max(at_left))
    end = min(right, left * (high / start) ** (1 / slope))
    top = start * (end / left) ** slope
    axes.plot([left, end], [start, top], color=look.muted, linewidth=0.9, linestyle=":", zorder=0)
    axes.annotate(
        f"slope {slope}",
        (end, top),
        xytext=(3, 0),
        textcoords="offset points",
        color=look.muted,
        va="center",
        fontsize="small",
    )
