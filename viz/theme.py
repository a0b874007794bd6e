"""The one theme of every picture: colours, fonts and sizes, for light and dark screens and for print.

The colours are Okabe and Ito's, which stay apart for colour-blind readers (Color Universal Design, 2008). No role is
told by colour alone: inputs have round corners, parameters a heavy frame, the output a double frame, negative weights
dashes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

MONOSPACE = "DejaVu Sans Mono,Menlo,Consolas,monospace"  # all as wide as the first or narrower, so no text overflows


@dataclass(frozen=True)
class Theme:
    """Colours as ``#rrggbb``: one set for a kind of screen or paper.

    Within one theme every colour is different, so that a finished SVG can be turned from one theme into another.
    """

    background: str
    ink: str
    muted: str
    edge: str
    frame: str
    fill: str
    badge: str
    input_frame: str
    input_fill: str
    parameter_frame: str
    parameter_fill: str
    output_frame: str
    output_fill: str
    positive: str
    negative: str
    alarm: str

    def frame_of(self, role: str) -> str:
        """Return the frame colour of a role: input, parameter, output or anything else.

        Examples
        --------
        >>> LIGHT.frame_of("input"), LIGHT.frame_of("operation")
        ('#009E73', '#8a949e')
        """
        return {"input": self.input_frame, "parameter": self.parameter_frame, "output": self.output_frame}.get(
            role, self.frame
        )

    def fill_of(self, role: str) -> str:
        """Return the fill colour of a role: input, parameter, output or anything else.

        Examples
        --------
        >>> LIGHT.fill_of("output"), LIGHT.fill_of("operation")
        ('#fcebe2', '#fdfdfe')
        """
        return {"input": self.input_fill, "parameter": self.parameter_fill, "output": self.output_fill}.get(
            role, self.fill
        )


LIGHT = Theme(
    background="#ffffff",
    ink="#1b1f23",
    muted="#5d6771",
    edge="#67727d",
    frame="#8a949e",
    fill="#fdfdfe",
    badge="#e9edf1",
    input_frame="#009E73",
    input_fill="#e2f4ee",
    parameter_frame="#56B4E9",
    parameter_fill="#e7f4fc",
    output_frame="#D55E00",
    output_fill="#fcebe2",
    positive="#0072B2",
    negative="#D55E01",
    alarm="#CC79A7",
)

DARK = Theme(
    background="#12161b",
    ink="#e6edf3",
    muted="#98a2ad",
    edge="#8f99a4",
    frame="#6b7682",
    fill="#1b2129",
    badge="#303a45",
    input_frame="#00B98A",
    input_fill="#123029",
    parameter_frame="#57B5EA",
    parameter_fill="#15303f",
    output_frame="#F07B22",
    output_fill="#3b2314",
    positive="#3D9FDB",
    negative="#F07B23",
    alarm="#DE93BC",
)

PAPER = Theme(
    background="#ffffff",
    ink="#000000",
    muted="#333333",
    edge="#000001",
    frame="#000002",
    fill="#fffffe",
    badge="#ececec",
    input_frame="#000003",
    input_fill="#fffffd",
    parameter_frame="#000004",
    parameter_fill="#fffffc",
    output_frame="#000005",
    output_fill="#fffffb",
    positive="#000006",
    negative="#000007",
    alarm="#000008",
)

THEMES: dict[str, Theme] = {"light": LIGHT, "dark": DARK, "paper": PAPER, "auto": LIGHT}


def named(theme: str | Theme) -> Theme:
    """Return the theme of a name; "auto" is the light one, which the SVG turns dark on a dark screen.

    Raises
    ------
    ValueError
        If no theme has that name.

    Examples
    --------
    >>> named("paper").ink
    '#000000'
    >>> named("neon")
    Traceback (most recent call last):
        ...
    ValueError: unknown theme 'neon': choose one of light, dark, paper, auto, or pass a viz.theme.Theme
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ValueError(f"unknown theme {theme!r}: choose one of {', '.join(THEMES)}, or pass a viz.theme.Theme")
    return THEMES[theme]


def dark_rules(scope: str) -> str:
    """Return the CSS that turns a light SVG into a dark one where the reader's screen is dark.

    Parameters
    ----------
    scope : str
        The id of the picture's outermost element; nothing outside of it is touched.

    Examples
    --------
    >>> dark_rules("g1").splitlines()[1]
    '#g1 [fill="#ffffff"]{fill:#12161b}#g1 [stroke="#ffffff"]{stroke:#12161b}'
    """
    rules = [
        "".join(f'#{scope} [{paint}="{light}"]{{{paint}:{dark}}}' for paint in ("fill", "stroke"))
        for light, dark in ((getattr(LIGHT, field.name).lower(), getattr(DARK, field.name)) for field in fields(Theme))
    ]
    return "\n".join(["@media (prefers-color-scheme: dark){", *rules, "}"])


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour ``#rrggbb``, from 0 to 1 (WCAG 2.2).

    Examples
    --------
    >>> luminance("#000000"), luminance("#ffffff")
    (0.0, 1.0)
    """
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
