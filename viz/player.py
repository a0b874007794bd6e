"""Steps as one self-contained page: a slider, play, arrow keys, light and dark; no network and no framework.

The page (player.html) holds the picture once and, for each step, only what changes. Its Content-Security-Policy lets
nothing be loaded from anywhere.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from viz import theme as themes
from viz.filmstrip import FADE, is_unknown, layout, state_rules
from viz.render import SECONDS
from viz.steps import Frame, Frames
from viz.theme import DARK, LIGHT, MONOSPACE, Theme

PACE = 1.2  # seconds a step stays while it plays
SHOWN = frozenset({"background", "ink", "muted", "frame", "fill", "badge", "positive"})  # colours that the page uses
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def page(
    strip: Frames,
    *,
    theme: str | Theme = "auto",
    direction: str = "LR",
    pace: float = PACE,
    seconds: float = SECONDS,
) -> str:
    """Return the page that plays the steps.

    Parameters
    ----------
    strip : Frames
        The steps.
    theme : str or Theme
        auto follows the reader's screen; light and dark are where it starts; paper, or a Theme, is kept.
    direction : str
        LR, TB, RL or BT; TB suits a narrow screen.
    pace : float
        Seconds for which a step stays while it plays.
    seconds : float
        The time limit of the layout.

    Raises
    ------
    ValueError
        If the pace is not positive or the theme unknown.
    viz.render.RenderError
        If there is no Graphviz, it refuses, or the time is up.

    Examples
    --------
    >>> from engine import Value
    >>> from viz.steps import frames
    >>> page(frames(Value(1.0)), pace=0)
    Traceback (most recent call last):
        ...
    ValueError: pace must be positive, got 0 seconds
    """
    if not pace > 0:
        raise ValueError(f"pace must be positive, got {pace} seconds")
    turns = theme in ("auto", "light", "dark")  # the page itself can change between light and dark
    look = LIGHT if turns else themes.named(theme)
    made = layout(strip, theme=look, direction=direction, seconds=seconds)
    scope = made.scope
    rules = state_rules(scope, look)
    if turns:
        dark = "\n".join([*themes.dark_rules(scope).splitlines()[1:-1], state_rules(scope, DARK)])
        rules += "\n" + dark.replace(f"#{scope}", f'[data-theme="dark"] #{scope}')
    filled = {
        "theme": str(theme) if turns else "light",
        "themeless": "" if turns else "hidden",
        "title": html.escape(strip.title),
        "light": _variables(look),
        "dark": _variables(DARK if turns else look),
        "font": MONOSPACE.replace("DejaVu Sans Mono", '"DejaVu Sans Mono"'),
        "lines": str(max(len(frame.caption.splitlines()) for frame in strip)),
        "fade": f"{1 - FADE:g}",
        "rules": rules,
        "svg": made.svg,
        "film": _film(strip, scope, pace),
    }
    template = Path(__file__).with_name("player.html").read_text(encoding="utf-8")
    return _SLOT.sub(lambda slot: filled[slot[1]], template)


def _variables(look: Theme) -> str:
    return " ".join(f"--{field.name}: {getattr(look, field.name)};" for field in fields(Theme) if field.name in SHOWN)


def _film(strip: Frames, scope: str, pace: float) -> str:
    """Return the steps as JSON that can stand in a page."""
    steps, before = [], None
    for frame in strip:
        steps.append(
            {
                "caption": frame.caption,
                "phase": frame.phase,
                "focus": f"n{frame.focus}",
                "states": _changed(_states(frame), _states(before) if before else {}),
                "data": _changed(_texts(frame.data), _texts(before.data) if before else {}),
                "grad": _changed(_texts(frame.grad), _texts(before.grad) if before else {}),
            }
        )
        before = frame
    film = json.dumps({"scope": scope, "pace": pace, "steps": steps}, ensure_ascii=False, separators=(",", ":"))
    return film.replace("<", "\\u003c")  # so that no name can end the script


def _states(frame: Frame) -> dict[str, str]:
    """Return the classes of every box and edge, by the end of its id."""
    states = {f"n{number}": state for number, state in frame.nodes.items()}
    for (target, position), state in frame.edges.items():
        states[f"e{target}_{position}"] = state + " unknown" * is_unknown(frame, target, position)
    return states


def _texts(numbers: Any) -> dict[str, str]:
    return {f"n{number}": text for number, text in numbers.items()}


def _changed(now: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in now.items() if before.get(key) != value}
