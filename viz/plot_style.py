"""How every plot looks: the theme on axes, one style per curve, figures, files with the same bytes each time.

Colours are Okabe and Ito's, and every curve has its own marker and line style, so nothing is told by colour alone. No
state of matplotlib's is touched. It comes with the extra ``plot``.
"""

from __future__ import annotations

import html
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
# The same five on a dark screen, and in black and grey for print, where dashes tell apart what has one shade.
DARK_COLOURS = ("#F07B22", "#DE93BC", "#3D9FDB", "#00B98A", "#F0B430")
PRINT_COLOURS = ("#000000", "#707070", "#000000", "#707070", "#404040")
PRINT_DASHES: tuple[Any, ...] = ("-", "--", (0, (6, 1.5)), "-.", (0, (3, 1, 1, 1, 1, 1)))
# Matplotlib writes a millionth of a point; a tenth is 0.04 mm.
_PLACES = re.compile(rb' (?:d|x|y)="[^"]*"')
_LONG = re.compile(rb"(\.\d)\d+")
_STYLE = re.compile(rb' style="[^"]*"')
_FAMILIES = re.compile(rb"font-family:'DejaVu Sans',[^;\"]*")  # thirteen of them, in every text
_NOT_ROTATED = re.compile(rb' transform="rotate\(-?0 [^"]*"')
_INDENT = re.compile(rb"^ +(?=<)", re.MULTILINE)


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
        path.write_bytes(_briefly(path.read_bytes(), html.escape(title)))
    return path


def _briefly(svg: bytes, title: str) -> bytes:
    """Return an SVG of matplotlib's that looks the same in two thirds of the bytes, and says to all what it is."""
    made = _PLACES.sub(lambda found: _LONG.sub(rb"\1", found[0]), svg)
    made = _STYLE.sub(lambda found: found[0].replace(b"; ", b";").replace(b": ", b":"), made)
    made = _FAMILIES.sub(b"font-family:'DejaVu Sans',Verdana,sans-serif", made)
    made = _INDENT.sub(b"", _NOT_ROTATED.sub(b"", made))
    return made.replace(b"<svg ", f'<svg role="img" aria-label="{title}" '.encode(), 1)


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


def dress(
    axes: Axes, look: Theme, *, x: str, y: str, title: str = "", grid: bool = True, legend: str | None = None
) -> None:
    """Give axes their labels, the colours of a theme, a grid, and a legend of the curves that have a name.

    Parameters
    ----------
    axes
        What to dress, with its curves.
    look : Theme
        The colours.
    x, y, title : str
        The labels of the axes, and what stands above them.
    grid : bool
        Whether lines lead from the ticks; not over regions and surfaces.
    legend : str, optional
        Where the legend stands, as matplotlib names it; "best" looks for room. None is no legend.

    Examples
    --------
    >>> axes = figure(1).axes[0]
    >>> _ = axes.plot([0, 1], [0, 1], label="identity")
    >>> dress(axes, themes.DARK, x="z", y="tanh z", legend="best")
    >>> axes.get_xlabel(), axes.xaxis.label.get_color(), [text.get_text() for text in axes.get_legend().get_texts()]
    ('z', '#e6edf3', ['identity'])
    """
    axes.set_facecolor(look.background)
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold", color=look.ink)
    axes.set_xlabel(x, color=look.ink)
    axes.set_ylabel(y, color=look.ink)
    axes.tick_params(which="both", colors=look.ink)
    if grid:
        axes.grid(which="major", color=look.badge, linewidth=0.8)
    else:
        axes.grid(visible=False)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.ink)
    if legend:
        frame: dict[str, Any] = {"loc": legend, "framealpha": 0.85, "facecolor": look.background, "edgecolor": "none"}
        axes.legend(labelcolor=look.ink, fontsize="small", **frame)


def is_print(look: Theme) -> bool:
    """Whether a theme is black on white: shades, dashes and markers then take the place of colours.

    Examples
    --------
    >>> is_print(themes.PAPER), is_print(themes.LIGHT)
    (True, False)
    """
    return themes.luminance(look.positive) < 0.01


def style_of(number: int, look: Theme) -> dict[str, Any]:
    """Return colour, marker and dashes of a style as a theme shows it; the same number looks alike in every plot.

    Examples
    --------
    >>> style_of(1, themes.LIGHT)
    {'color': '#CC79A7', 'marker': 's', 'linestyle': '--'}
    >>> style_of(3, themes.PAPER)["color"], style_of(3, themes.DARK)["color"]
    ('#707070', '#00B98A')
    """
    place = number % len(STYLES)
    chosen = dict(STYLES[place])
    if is_print(look):
        chosen |= {"color": PRINT_COLOURS[place], "linestyle": PRINT_DASHES[place]}
    elif themes.luminance(look.background) < 0.2:
        chosen["color"] = DARK_COLOURS[place]
    return chosen


def line_of(number: int, look: Theme) -> dict[str, Any]:
    """Return colour and dashes of a style for a smooth curve, which has no markers.

    Examples
    --------
    >>> line_of(1, themes.LIGHT)
    {'color': '#CC79A7', 'linestyle': '--'}
    """
    chosen = style_of(number, look)
    return {"color": chosen["color"], "linestyle": chosen["linestyle"]}
