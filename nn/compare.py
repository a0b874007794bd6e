"""``python -m nn compare``: what one gradient costs in every way, counted and timed on growing networks.

This is the command: its options, its files and its exit codes. The measuring is in :mod:`nn.experiment`, the words in
:mod:`nn.comparison_text`, the plot in :mod:`viz.plots`.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nn import data
from nn.agreement import DisagreementError
from nn.arguments import Parser, positive, whole
from nn.comparison_text import TITLE, multiplications, report, time
from nn.experiment import DEPTH_WIDTH, Experiment, Measurement, Results
from nn.fitting import Line
from nn.ways import WAYS

DISAGREEMENT, BAD_ARGUMENT, INTERRUPTED = 1, 2, 130
WIDTHS = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
DEPTHS = tuple(range(1, 11))
SECONDS = 40.0
FORMAT = "chainrule comparison 1"
PLOT_TITLE = f"chainrule: {TITLE.lower()}"
PLOT_FORMATS = (".svg", ".pdf", ".png")
NOTHING = Path("none")
# Where the exponent stands beside a curve's last point, in points: these would meet another curve or its exponent.
NOTE_OFFSETS = {"differences": (-6, 4), "reverse": (6, 5), "matrix": (6, -6)}
DESCRIPTION = """Compare what one gradient costs: by finite differences, forward accumulation,
reverse mode and in matrix form, counted exactly and timed, on handwritten digits."""
EXAMPLES = """examples:
  python -m nn compare
  python -m nn compare --widths 8 16 32 --depths 1 2 3 --seconds 5
  python -m nn compare --methods reverse matrix --widths 64 256 1024 4096
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison and return its exit code: 0, 1 where two ways disagree, 2 for bad options, 130 for Ctrl-C."""
    try:
        options = _parser().parse_args(argv)
        for path, is_ours in ((options.json, _is_our_json), (options.plot, _is_our_plot)):
            _check_target(path, is_ours)
        dataset = data.digits(rng=options.seed)
        results = Experiment(
            dataset.x_train[0].tolist(),
            int(dataset.y_train[0]),
            classes=dataset.classes,
            widths=options.widths,
            depths=options.depths,
            methods=options.methods,
            seconds=options.seconds,
            seed=options.seed,
        ).run()
        _show(report(results))
        lines = _write(results, options) if results.checked else []
        if lines:
            _show("\n" + "\n".join(lines))
    except (ValueError, OSError, ImportError) as error:
        return _fail(error, BAD_ARGUMENT)
    except DisagreementError as error:
        return _fail(error, DISAGREEMENT)
    return INTERRUPTED if results.interrupted else 0


def as_json(results: Results) -> dict[str, Any]:
    """Return the results as plain data: what was measured, the fits, what was left out, and on what machine.

    >>> found = as_json(Experiment([0.5], 0, classes=2, widths=[1, 2, 3], depths=[]).run(show_progress=False))
    >>> sorted(found)[:5], found["widths"][0]["way"]
    (['by_count', 'by_time', 'checked', 'depths', 'format'], 'differences')
    """

    def fits(of: Callable[[Measurement], float]) -> dict[str, Any]:
        return {way.key: _line(results.exponent(way.key, of)) for way in results.ways()}

    return {
        "format": FORMAT,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
        "seed": results.seed,
        "label": results.label,
        "ways": {way.key: way.name for way in WAYS.values()},
        "widths": [asdict(m) for way in WAYS for m in results.of(way)],
        "depths": [asdict(m) for way in WAYS for m in results.of(way, deep=True)],
        "paths": [{"sizes": sizes, "paths": results.paths[sizes]} for sizes in sorted(results.paths, key=len)],
        "by_count": fits(multiplications),
        "by_time": fits(time),
        "paths_per_layer": _line(results.growth_of_paths(), of=math.exp),
        "reverse_per_layer": _line(results.steps_of_reverse()),
        "left_out": [asdict(item) for item in results.left_out],
        "checked": results.checked,
        "worst_share_of_tolerance": results.worst,
        "seconds": results.seconds,
        "interrupted": results.interrupted,
    }


def _line(line: Line | None, of: Callable[[float], float] = float) -> dict[str, float | None] | None:
    """Return the slope and its standard error (null for two points), after a change of units by `of`."""
    if line is None:
        return None
    slope = of(line.slope)
    scale = slope if of is math.exp else 1.0
    return {"value": slope, "standard_error": scale * line.error if math.isfinite(line.error) else None}


def _write(results: Results, options: argparse.Namespace) -> list[str]:
    """Write the files that are asked for, and return a line on each."""
    lines = []
    if options.json != NOTHING:  # first, because matplotlib takes its time
        options.json.write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")
        lines.append(f"Data: {options.json}")
    if options.plot != NOTHING:
        try:
            lines.append(f"Plot: {_save_plot(results, options.plot)}")
        except ImportError as error:
            lines.append(f"No plot: {error}")
    return lines


def _save_plot(results: Results, path: Path) -> Path:
    # viz stands above nn and is asked for only here, where somebody wants to see.
    from viz import plots

    keys = list(WAYS)

    def curves(of: Callable[[Measurement], float]) -> list[plots.Curve]:
        found = []
        for way in results.ways():
            points, line = results.of(way.key), results.exponent(way.key, of)
            note = f"$W^{{{line.slope:.2f}}}$" if line else ""
            x, y = [m.weights for m in points], [of(m) for m in points]
            found.append(plots.Curve(way.name, x, y, keys.index(way.key), note, NOTE_OFFSETS.get(way.key, (6, 0))))
        return found

    drawn = plots.figure(2 * bool(results.by_width) + bool(results.by_depth))
    if results.by_width:
        weights = f"weights W of a network {results.by_width[0].sizes[0]}-h-{results.by_width[0].sizes[-1]}"
        for axes, of, label, title in (
            (drawn.axes[0], multiplications, "multiplications", "Exact count"),
            (drawn.axes[1], time, "time in seconds", "Measured time"),
        ):
            plots.plot_growth(axes, curves(of), x=weights, y=label, title=title, slopes=(1, 2))
    if results.by_depth:
        layers = f"hidden layers of {DEPTH_WIDTH} units"
        plots.plot_depth(
            drawn.axes[-1], _deep_curves(results), x=layers, y="multiplications", title="Depth, exact count"
        )
    plots.share_legend(drawn)
    return plots.save_figure(drawn, path, title=PLOT_TITLE)


def _deep_curves(results: Results) -> list[Any]:
    from viz.plots import Curve

    paths, reverse = results.growth_of_paths(), results.steps_of_reverse()
    notes = {
        "paths": rf"$\times$ {math.exp(paths.slope):.2f} per layer" if paths else "",
        "reverse": f"$+$ {reverse.slope:.0f} per layer" if reverse else "",
    }
    found = []
    for key, note in notes.items():
        points = results.of(key, deep=True)
        x, y = [m.depth for m in points], [m.multiplications for m in points]
        offset = (-10, 0) if key == "paths" else (0, 10)
        found.append(Curve(WAYS[key].name, x, y, list(WAYS).index(key), note, offset))
    return [curve for curve in found if curve.x]


def _check_target(path: Path, is_ours: Callable[[Path], bool]) -> None:
    """Refuse a file that can't be written, or that something else than a comparison wrote."""
    if path == NOTHING:
        return
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} to; make it first")
    if path.exists() and not is_ours(path):
        raise FileExistsError(f"{path} is there and is no comparison's; move it, or name another file")


def _is_our_json(path: Path) -> bool:
    return path.is_file() and FORMAT.encode() in path.read_bytes()[:200]


def _is_our_plot(path: Path) -> bool:
    return path.is_file() and PLOT_TITLE.encode() in path.read_bytes()


def _show(text: str) -> None:
    """Print; where the terminal's encoding has no such signs, in plain ones."""
    encoding = sys.stdout.encoding or "utf-8"  # none where the text goes to no terminal
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace(" ± ", " +-").replace("µ", "u")
    print(text, flush=True)


def _fail(message: object, code: int) -> int:
    print(f"python -m nn compare: error: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m nn compare",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--widths",
        type=whole(1),
        nargs="+",
        default=WIDTHS,
        metavar="H",
        help=f"units of the hidden layer of 64-h-10 (default: {_listed(WIDTHS)})",
    )
    add(
        "--depths",
        type=whole(1),
        nargs="*",
        default=DEPTHS,
        metavar="D",
        help=f"numbers of hidden layers of 2 units, for the paths (default: {_listed(DEPTHS)})",
    )
    add(
        "--methods",
        choices=list(WAYS),
        nargs="+",
        default=tuple(WAYS),
        metavar="NAME",
        help=f"some of {', '.join(WAYS)} (default: all)",
    )
    add(
        "--seconds",
        type=positive(" of seconds"),
        default=SECONDS,
        metavar="S",
        help=f"about how long it may take; what would take longer is left out (default: {SECONDS:.0f})",
    )
    add("--json", type=Path, default=Path("compare.json"), metavar="FILE", help="data (default: compare.json), or none")
    add(
        "--plot",
        type=_plot_path,
        default=Path("compare.svg"),
        metavar="FILE",
        help="plot, .svg, .pdf or .png (default: compare.svg), or none",
    )
    add("--seed", type=whole(0), default=0, metavar="N", help="of the weights and the digit (default: 0)")
    return parser


def _listed(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


def _plot_path(text: str) -> Path:
    path = Path(text)
    if path != NOTHING and path.suffix not in PLOT_FORMATS:
        raise argparse.ArgumentTypeError(f"must end in {', '.join(PLOT_FORMATS)}, got {text!r}")
    return path
