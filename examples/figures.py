"""What the lectures' figures have in common: axes with one look, where they are saved, and which data are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nn import data
from viz.plot_style import dress, figure, save_figure
from viz.theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, YELLOW = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
NO_MNIST = "no MNIST given (--data DIR, or --download): scikit-learn's digits of 8 x 8 pixels instead"


class Options(NamedTuple):
    """What every example is told: less of everything, where its figures go, and where MNIST is."""

    quick: bool
    out: Path
    data: Path | None


def options(description: str, arguments: list[str] | None = None) -> Options:
    """Read the command line: --quick, --out DIR, --data DIR, --download."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything: some seconds, as the tests run it")
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR", help="for the figures (figures)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of MNIST's four files")
    parser.add_argument("--download", action="store_true", help="download MNIST, 11 MB, if it is not there")
    given = parser.parse_args(arguments)
    folder = given.data or data.find_mnist()
    if given.download and folder is None:
        folder = data.download_mnist()
    given.out.mkdir(parents=True, exist_ok=True)
    return Options(given.quick, given.out, folder)


def run(main: Callable[[], None]) -> None:
    """Run an example as a program: a missing file or library ends it with one line and code 2, Ctrl-C with code 130.

    Ctrl-C within a training ends the training only, and the example goes on with what it has learned.
    """
    try:
        main()
    except (OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        raise SystemExit(130) from None


def digits(folder: Path | None, dtype: np.typing.DTypeLike = np.float64) -> data.Dataset:
    """Return MNIST from its folder, or else scikit-learn's digits, and say so."""
    if folder is not None:
        return data.mnist(folder, dtype=dtype)
    print(NO_MNIST)
    return data.digits(dtype=dtype)


def panels(count: int, *, height: float = 3.6) -> tuple[Figure, list[Any]]:
    """Return a figure with this many axes side by side."""
    made = figure(count)
    made.set_size_inches(0.6 + 4.3 * count, height)
    for axes in made.axes:
        axes.locator_params(axis="x", nbins=6)  # or the numbers below narrow axes run into each other
    return made, list(made.axes)


def label(axes: Axes, title: str, x: str, y: str, *, legend: str | None = None, grid: bool = True) -> None:
    """Write what the axes show, in the house's colours, with a legend where it is said."""
    dress(axes, LIGHT, x=x, y=y, title=title, legend=legend, grid=grid)


def signed_colours() -> Any:
    """Return the colours of signed numbers: orange below 0, white, blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [ORANGE, "#ffffff", BLUE])


def save(made: Figure, options: Options, name: str, title: str) -> None:
    """Save a figure as SVG, and say where."""
    print(f"figure: {save_figure(made, options.out / f'{name}.svg', title=title)}")
