"""Steps to files: one page (.html), one moving picture (.gif), text (.txt), or a numbered picture for each step."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from viz import theme as themes
from viz.filmstrip import still, stills
from viz.player import PACE, page
from viz.render import SECONDS
from viz.steps import Frames
from viz.theme import Theme

SUFFIXES = (".html", ".gif", ".svg", ".pdf", ".png", ".txt")
WORKERS = 2  # a step needs a process of Graphviz
WIDE = 1600  # pixels of a moving picture, if its text is then still readable:
LEAST_DOTS = 64.0  # per inch
COLOURS = 128


def save_frames(
    strip: Frames,
    target: Path,
    *,
    seconds: float = SECONDS,
    theme: str | Theme | None = None,
    direction: str = "LR",
    pace: float = PACE,
) -> Path:
    """Save steps in the format of the suffix; .svg, .pdf and .png become steps_01.svg, steps_02.svg, and so on.

    Parameters
    ----------
    strip : Frames
        The steps.
    target : Path
        The file; numbered pictures get a number before the suffix.
    seconds : float
        The time limit of each layout.
    theme : str or Theme, optional
        By default the page follows the reader's screen, and everything else is light.
    direction : str
        LR, TB, RL or BT.
    pace : float
        Seconds per step of .gif and .html.

    Returns
    -------
    Path
        The file; of numbered ones, the first.

    Raises
    ------
    ValueError
        If the suffix is none of these.
    ImportError
        If Pillow is missing for a .gif (it comes with the extra ``plot``).
    viz.render.RenderError
        If there is no Graphviz, it refuses, or the time is up.

    Examples
    --------
    >>> from engine import Value
    >>> from viz.steps import frames
    >>> save_frames(frames(Value(1.0)), Path("steps.mp4"))
    Traceback (most recent call last):
        ...
    ValueError: cannot save steps as '.mp4': choose one of .html, .gif, .svg, .pdf, .png, .txt
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot save steps as {suffix or target.name!r}: choose one of {', '.join(SUFFIXES)}")
    if suffix == ".html":
        made = page(strip, theme=theme or "auto", direction=direction, pace=pace, seconds=seconds).encode()
    elif suffix == ".txt":
        made = f"{strip.title}\n{strip.text()}\n".encode()
    elif suffix == ".gif":
        made = _gif(strip, theme or "light", direction, pace, seconds)
    else:
        return _save_numbered(strip, target, theme or "light", direction, seconds)
    target.write_bytes(made)
    return target


def _save_numbered(strip: Frames, target: Path, theme: str | Theme, direction: str, seconds: float) -> Path:
    digits = len(str(len(strip)))
    paths = [target.with_stem(f"{target.stem}_{number:0{digits}}") for number in range(1, len(strip) + 1)]
    suffix = target.suffix.lower()[1:]
    pictures: Iterator[bytes]
    if suffix == "svg":
        pictures = (svg.encode() for svg in stills(strip, theme=theme, direction=direction, seconds=seconds))
    else:
        pictures = _drawn(strip, suffix, theme, direction, seconds)
    for path, picture in zip(paths, pictures, strict=True):
        path.write_bytes(picture)
    return paths[0]


def _drawn(
    strip: Frames, suffix: str, theme: str | Theme, direction: str, seconds: float, dots: float | None = None
) -> Iterator[bytes]:
    """Yield each step as Graphviz draws it, a few at a time; with so many dots per inch."""

    def draw(number: int) -> bytes:
        drawing = still(strip, number, theme=theme, direction=direction)
        if dots is not None:
            drawing.graph_attr["dpi"] = f"{dots:.0f}"
        return drawing.picture(suffix, seconds)

    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(draw, range(len(strip)))


def _gif(strip: Frames, theme: str | Theme, direction: str, pace: float, seconds: float) -> bytes:
    """Return a moving picture that starts again after its last step, which stays three times as long."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError('a .gif needs Pillow: pip install "chainrule[plot]"') from error
    if not pace > 0:
        raise ValueError(f"pace must be positive, got {pace} seconds")
    svg = still(strip, 0, theme=theme, direction=direction).picture("svg", seconds).decode()
    points = float(svg.partition('width="')[2].partition("pt")[0])
    dots = min(96.0, max(LEAST_DOTS, 72 * WIDE / points))
    pictures: list[Any] = [
        Image.open(io.BytesIO(png)).convert("RGB") for png in _drawn(strip, "png", theme, direction, seconds, dots)
    ]
    width, height = max(p.width for p in pictures), max(p.height for p in pictures)
    background = themes.named(theme).background
    canvases = []
    for picture in pictures:  # Graphviz may round the size of one step up and of another down
        canvas = Image.new("RGB", (width, height), background)
        canvas.paste(picture, (0, 0))
        canvases.append(canvas)
    # One palette for all steps: then a step stores no more than where it differs from the one before.
    samples = [canvases[0], canvases[len(canvases) // 2], canvases[-1]]
    sheet = Image.new("RGB", (width, height * len(samples)))
    for place, canvas in enumerate(samples):
        sheet.paste(canvas, (0, height * place))
    palette = sheet.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    steps = [canvas.quantize(palette=palette, dither=Image.Dither.NONE) for canvas in canvases]
    made = io.BytesIO()
    milliseconds = [round(1000 * pace)] * (len(steps) - 1) + [round(3000 * pace)]
    steps[0].save(made, "GIF", save_all=True, append_images=steps[1:], duration=milliseconds, loop=0, optimize=True)
    return made.getvalue()
