"""Plots of functions: activations with their derivatives, a fit, a loss over two variables with a descent on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from viz import theme as themes
from viz.plot_style import dress, is_print, line_of, style_of
from viz.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 401  # of a smooth curve
GRID = 51  # points along each side of a surface


def plot_activations(
    axes: Axes,
    names: Sequence[str] = ("sigmoid", "tanh", "relu"),
    *,
    low: float = -4.0,
    high: float = 4.0,
    derivatives: bool = True,
    title: str = "",
    theme: str | Theme = "light",
) -> Axes:
    """Draw activations s(z), and thin below them their derivatives s'(z).

    Parameters
    ----------
    axes
        Where to draw.
    names : sequence of str
        Activations of ``nn.activations``, each a function of one unit.
    low, high : float
        The ends of the z-axis.
    derivatives : bool
        Whether to draw s' too.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If an activation is unknown, or low is not below high.
    TypeError
        If it has a Jacobian instead of a derivative (softmax).

    Examples
    --------
    >>> from viz.plot_style import figure
    >>> axes = plot_activations(figure(1).axes[0], ["tanh"])
    >>> [line.get_label() for line in axes.lines[:2]]
    ['tanh', "tanh'"]
    """
    import numpy as np

    from nn.activations import activation

    if not low < high:
        raise ValueError(f"the z-axis must run upwards, got low={low} and high={high}")
    look = themes.named(theme)
    z = np.linspace(low, high, POINTS)
    for style, name in enumerate(names):
        s = activation(name)
        line = style_of(style, look) | {"markersize": 4.5, "markevery": (10 * style, POINTS // 8)}
        axes.plot(z, s(z), label=name, linewidth=2.0, **line)
        if derivatives:
            thin = line | {"linestyle": ":", "markerfacecolor": look.background}
            axes.plot(z, s.derivative(z), label=f"{name}'", linewidth=1.0, **thin)
    axes.axhline(0.0, color=look.muted, linewidth=0.6)
    axes.axvline(0.0, color=look.muted, linewidth=0.6)
    what = "s(z), s'(z) dotted" if derivatives else "s(z)"
    dress(axes, look, x="pre-activation z", y=what, title=title, legend="upper left")
    return axes


def plot_fit(
    axes: Axes,
    model: Any,
    x: Sequence[float],
    y: Sequence[float],
    *,
    truth: Callable[[Any], Any] | None = None,
    title: str = "",
    theme: str | Theme = "light",
) -> Axes:
    """Draw the samples of a function of one variable, and what a model makes of them.

    Parameters
    ----------
    axes
        Where to draw.
    model : nn.matrix.Network or callable
        A network with one input and one output, or a function from an array of shape (m,) to one.
    x, y : arrays of shape (m,)
        The samples.
    truth : callable, optional
        The function itself, from an array to an array.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If there are no samples, or x and y differ in length.

    Examples
    --------
    >>> from viz.plot_style import figure
    >>> axes = plot_fit(figure(1).axes[0], lambda x: 2 * x, [0.0, 1.0], [0.1, 1.9])
    >>> [line.get_label() for line in axes.lines]
    ['samples', 'model']
    """
    import numpy as np

    xs, ys = np.ravel(x), np.ravel(y)
    if not len(xs) or len(xs) != len(ys):
        raise ValueError(f"a fit needs as many x as y and at least one of each, got {len(xs)} and {len(ys)}")
    look = themes.named(theme)
    margin = 0.05 * (xs.max() - xs.min() or 1.0)
    grid = np.linspace(xs.min() - margin, xs.max() + margin, POINTS)
    forward = getattr(model, "forward", None)
    fitted = forward(grid[:, None])[:, 0] if forward else model(grid)
    if truth is not None:
        axes.plot(grid, truth(grid), label="truth", color=look.muted, linewidth=1.2, linestyle="--")
    dots = {"linestyle": "none", "marker": "o", "markersize": 4, "color": style_of(2, look)["color"]}
    axes.plot(xs, ys, label="samples", alpha=0.7, **dots)
    axes.plot(grid, np.ravel(fitted), label="model", linewidth=2.0, **line_of(0, look))
    dress(axes, look, x="x", y="y", title=title, legend="best")
    return axes


def plot_loss_surface(
    axes: Axes,
    loss: Callable[[float, float], float],
    path: Sequence[tuple[float, float]] = (),
    *,
    first: tuple[float, float] = (-2.0, 2.0),
    second: tuple[float, float] = (-2.0, 2.0),
    names: tuple[str, str] = ("w1", "w2"),
    title: str = "",
    theme: str | Theme = "light",
) -> Axes:
    """Draw a loss over two variables as level lines, and the path of a descent on it.

    Parameters
    ----------
    axes
        Where to draw.
    loss : callable
        From two floats to a float.
    path : sequence of pairs, optional
        The points of the descent, from its start on.
    first, second : pairs of float
        The ends of the two axes.
    names : pair of str
        What the two variables are called.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If the loss is nowhere finite, or an axis does not run upwards.

    Examples
    --------
    >>> from viz.plot_style import figure
    >>> axes = plot_loss_surface(figure(1).axes[0], lambda a, b: a * a + b * b, [(1.0, 1.0), (0.5, 0.5)])
    >>> axes.lines[0].get_label()
    'descent, 1 step'
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    for low, high in (first, second):
        if not low < high:
            raise ValueError(f"an axis must run upwards, got {low} to {high}")
    look = themes.named(theme)
    a, b = np.linspace(*first, GRID), np.linspace(*second, GRID)
    heights = np.array([[float(loss(float(u), float(v))) for u in a] for v in b])
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        raise ValueError("the loss is finite nowhere on these axes: choose others with first= and second=")
    deep = "#606060" if is_print(look) else style_of(2, look)["color"]
    shades = LinearSegmentedColormap.from_list("loss", [look.background, deep])
    # A loss is often a narrow valley between steep walls: levels by rank show both.
    levels = np.unique(np.quantile(finite, np.linspace(0.0, 1.0, 13)))
    if len(levels) > 1:
        axes.contourf(a, b, heights, levels=levels, cmap=shades, alpha=0.55)
        drawn = axes.contour(a, b, heights, levels=levels[1:-1:2], colors=look.muted, linewidths=0.7)
        axes.clabel(drawn, fontsize=7, colors=look.ink, fmt="%.2g")
    if len(path):
        points = np.asarray(path, dtype=float)
        steps = len(points) - 1
        name = f"descent, {steps} {'step' if steps == 1 else 'steps'}"
        line = {"color": style_of(0, look)["color"], "linewidth": 1.6, "marker": "o", "markersize": 3}
        axes.plot(points[:, 0], points[:, 1], label=name, **line)
        axes.plot(*points[0], label="start", linestyle="none", marker="s", markersize=8, color=look.ink)
        axes.plot(*points[-1], label="end", linestyle="none", marker="*", markersize=13, color=look.ink)
    axes.set(xlim=first, ylim=second)
    dress(axes, look, x=names[0], y=names[1], title=title, grid=False, legend="best" if len(path) else None)
    return axes
