"""Plots of networks and their training: decision regions, learning curves, gradient norms per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from viz import theme as themes
from viz.plot_style import dress, is_print, style_of
from viz.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 121  # points along each side of a region
REGIONS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999")
SHADES = ("#ffffff", "#d4d4d4", "#a8a8a8", "#e9e9e9", "#bebebe", "#939393", "#f4f4f4", "#c9c9c9")  # for print
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def plot_decision_regions(
    axes: Axes, network: Any, X: Any, y: Any, *, title: str = "", theme: str | Theme = "light"
) -> Axes:
    """Draw where a network decides for which class, the boundary, and the margin on its two sides.

    The boundary is where the output unit's pre-activation is 0, or where two classes have the same; dashed is where it
    is 1 away from that: the margin of the hinge loss, or log-odds of 1.

    Parameters
    ----------
    axes
        Where to draw.
    network : nn.matrix.Network or nn.scalar.MLP
        A network with two inputs.
    X : array of shape (m, 2)
        Samples.
    y : array of shape (m,) or (m, 1)
        Their classes: 0, 1, ...; or -1 and 1.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If the network has not two inputs, or there are more classes than colours.

    Examples
    --------
    >>> from nn.matrix import Network
    >>> from viz.plot_style import figure
    >>> net = Network([2, 3, 1], output="sigmoid", loss="binary_cross_entropy", rng=0)
    >>> axes = plot_decision_regions(figure(1).axes[0], net, [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> [line.get_label() for line in axes.lines]
    ['class 0', 'class 1', 'boundary', 'margin']
    """
    import numpy as np

    net = _as_matrices(network)
    if net.sizes[0] != 2:
        raise ValueError(f"regions are drawn over two inputs, the network has {net.sizes[0]}")
    look = themes.named(theme)
    samples, labels = np.asarray(X, dtype=float), np.ravel(y)
    classes = np.unique(labels)
    count = max(len(classes), net.sizes[-1] + (net.activations[-1].name == "modified_softmax"))
    if count > len(REGIONS):
        raise ValueError(f"there are colours for {len(REGIONS)} classes, got {count}")
    low, high = samples.min(axis=0), samples.max(axis=0)
    room = 0.12 * np.where(high > low, high - low, 1.0)
    a, b = (np.linspace(low[i] - room[i], high[i] + room[i], GRID) for i in (0, 1))
    points = np.stack(np.meshgrid(a, b), axis=-1).reshape(-1, 2)
    leads = _leads(net, points).reshape(GRID, GRID, -1)
    colours = [look.ink] * len(classes) if is_print(look) else REGIONS
    for place, label in enumerate(classes):
        mine = samples[labels == label]
        edge = look.ink if is_print(look) else look.background
        fill = look.background if is_print(look) and place % 2 == 0 else colours[place]
        dots: dict[str, Any] = {"marker": MARKERS[place], "color": fill, "markeredgecolor": edge}
        axes.plot(mine[:, 0], mine[:, 1], label=f"class {label:g}", linestyle="none", markersize=5.5, **dots)
    for place in range(leads.shape[-1]):
        lead = leads[:, :, place]
        if lead.max() > 0:
            shade = {"colors": [SHADES[place]]} if is_print(look) else {"colors": [REGIONS[place]], "alpha": 0.22}
            axes.contourf(a, b, lead, levels=[0.0, lead.max()], **shade)
        for level, line in ((0.0, {"linewidths": 1.6}), (1.0, {"linewidths": 0.9, "linestyles": "--"})):
            if lead.min() < level < lead.max():
                axes.contour(a, b, lead, levels=[level], colors=look.ink, **line)
    axes.plot([], [], label="boundary", color=look.ink, linewidth=1.6)
    axes.plot([], [], label="margin", color=look.ink, linewidth=0.9, linestyle="--")
    dress(axes, look, x="x1", y="x2", title=title, grid=False, legend="best")
    return axes


def plot_learning_curves(
    axes: Axes,
    history: Any,
    *,
    what: str = "loss",
    title: str = "",
    theme: str | Theme = "light",
) -> Axes:
    """Draw the loss or the accuracy of each epoch, on the training and the validation samples.

    Parameters
    ----------
    axes
        Where to draw.
    history : nn.training.History or mapping of str to History
        What ``train`` returned; several by their names.
    what : str
        loss (logarithmic) or accuracy.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If it is neither, or the history has no such numbers.

    Examples
    --------
    >>> from nn.training import History
    >>> from viz.plot_style import figure
    >>> axes = plot_learning_curves(figure(1).axes[0], History(loss=[1.0, 0.5], validation_loss=[1.1, 0.7]))
    >>> [line.get_label() for line in axes.lines]
    ['training', 'validation']
    """
    if what not in ("loss", "accuracy"):
        raise ValueError(f"learning curves show loss or accuracy, got {what!r}")
    look = themes.named(theme)
    several = history if isinstance(history, Mapping) else {"": history}
    for style, (name, run) in enumerate(several.items()):
        kinds = ((what, "training"), (f"validation_{what}", "validation"))
        curves = [(getattr(run, field), kind) for field, kind in kinds if getattr(run, field)]
        if not curves:
            raise ValueError(f"this history has no {what}: {run!r}")
        for place, (numbers, kind) in enumerate(curves):
            own = style_of(style if name else 2 * place, look)
            look_of = {"color": own["color"], "marker": own["marker"], "linestyle": "--" if place else "-"}
            every = max(1, len(numbers) // 12)
            label = f"{name}, {kind}" if name else kind
            epochs = range(1, len(numbers) + 1)
            axes.plot(epochs, numbers, label=label, linewidth=1.7, markersize=4.5, markevery=every, **look_of)
    if what == "loss" and all(value > 0 for line in axes.lines for value in _numbers(line)):
        axes.set_yscale("log")
    axes.locator_params(axis="x", integer=True)
    dress(axes, look, x="epoch", y=what, title=title, legend="best")
    return axes


def plot_gradient_norms(
    axes: Axes, networks: Any, X: Any, Y: Any, *, title: str = "", theme: str | Theme = "light"
) -> Axes:
    """Draw the norm of dC/dW_k for each layer k on a logarithmic axis: where gradients vanish or explode.

    Parameters
    ----------
    axes
        Where to draw.
    networks : nn.matrix.Network or mapping of str to Network
        What to compare, by name.
    X, Y : arrays
        A batch of samples, shape (m, n_0), and its targets.
    title : str
        What stands above.
    theme : str or Theme
        light, dark or paper.

    Raises
    ------
    ValueError
        If a gradient is zero in every layer, which a logarithmic axis cannot show.

    Examples
    --------
    >>> from nn.matrix import Network
    >>> from viz.plot_style import figure
    >>> net = Network([2, 3, 3, 1], "sigmoid", rng=0)
    >>> axes = plot_gradient_norms(figure(1).axes[0], {"sigmoid": net}, [[1.0, 2.0]], [[0.0]])
    >>> axes.get_yscale(), axes.lines[0].get_xdata().tolist()
    ('log', [1, 2, 3])
    """
    import numpy as np

    look = themes.named(theme)
    several = networks if isinstance(networks, Mapping) else {"": networks}
    for style, (name, network) in enumerate(several.items()):
        net = _as_matrices(network)
        norms = [float(np.linalg.norm(dW)) for dW in net.gradients(X, Y).weights]
        if not any(norms):
            raise ValueError(f"every gradient of {name or net!r} is 0 on these samples: is each ReLU dead?")
        layers = [k for k, norm in enumerate(norms, 1) if norm]
        own = style_of(style, look) | {"linewidth": 1.7, "markersize": 5}
        axes.plot(layers, [norm for norm in norms if norm], label=name or None, **own)
    axes.set_yscale("log")
    axes.locator_params(axis="x", integer=True)
    legend = "best" if isinstance(networks, Mapping) else None
    dress(axes, look, x="layer k", y="‖dC/dW_k‖", title=title, legend=legend)
    return axes


def _as_matrices(network: Any) -> Any:
    """Return a network in matrix form, whatever its form."""
    from nn.matrix import Network
    from nn.scalar import MLP

    return Network.from_scalar(network) if isinstance(network, MLP) else network


def _leads(net: Any, points: Any) -> Any:
    """Return by how much the pre-activation of each class is ahead of all others, shape (m, K); > 0 for the chosen."""
    import numpy as np

    z = net.layers(points)[0][-1]
    if net.activations[-1].name == "modified_softmax":
        z = np.concatenate([z, np.zeros_like(z[:, :1])], axis=1)
    if z.shape[1] == 1:
        return np.concatenate([-z, z], axis=1)  # one unit: below 0 the first class, above it the second
    ordered = np.sort(z, axis=1)
    best_other = np.where(z == ordered[:, -1:], ordered[:, -2:-1], ordered[:, -1:])
    return z - best_other


def _numbers(line: Any) -> Sequence[float]:
    return [float(value) for value in line.get_ydata()]
