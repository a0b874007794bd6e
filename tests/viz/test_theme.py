from dataclasses import fields

import pytest

from viz.theme import DARK, LIGHT, PAPER, THEMES, Theme, dark_rules, named


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.1)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PAPER])
def test_every_text_is_readable_on_every_fill(theme: Theme) -> None:
    fills = [theme.background, theme.fill, theme.input_fill, theme.parameter_fill, theme.output_fill]
    assert min(contrast(theme.ink, fill) for fill in [*fills, theme.badge]) >= 7
    assert min(contrast(theme.muted, fill) for fill in fills) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK, PAPER])
def test_every_line_can_be_seen_in_grey(theme: Theme) -> None:
    """Contrast is one of luminance alone, so it is what is left of a colour in a grey print."""
    lines = [theme.edge, theme.positive, theme.negative, theme.muted, theme.input_frame, theme.output_frame]
    assert min(contrast(line, theme.background) for line in lines) >= 3
    stripes = contrast(theme.badge, theme.fill), contrast(theme.frame, theme.fill)
    assert max(stripes) >= 2.9  # the hatching's stripes have a line between them


def test_roles_have_the_colours_of_okabe_and_ito() -> None:
    assert (LIGHT.input_frame, LIGHT.parameter_frame, LIGHT.output_frame) == ("#009E73", "#56B4E9", "#D55E00")


def test_no_colour_of_the_light_theme_means_two_things() -> None:
    colours = [getattr(LIGHT, field.name).lower() for field in fields(Theme)]
    assert len(set(colours)) == len(colours)


def test_paper_is_black_on_white() -> None:
    greys = [getattr(PAPER, field.name) for field in fields(Theme)]
    assert all(luminance(colour) < 0.04 or luminance(colour) > 0.8 for colour in greys)


def test_dark_rules_turn_every_light_colour_and_touch_nothing_outside_their_figure() -> None:
    rules = dark_rules("figure").splitlines()[1:-1]
    assert len(rules) == len(fields(Theme))
    assert all(rule.startswith("#figure [fill=") for rule in rules)


def test_an_own_theme_is_taken_as_it_is() -> None:
    assert named(PAPER) is PAPER
    assert set(THEMES) == {"light", "dark", "paper", "auto"}
