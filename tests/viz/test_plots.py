import sys
from xml.etree import ElementTree

import pytest

from viz import plots
from viz.plot_style import style_of
from viz.plots import Curve
from viz.theme import DARK, LIGHT, PAPER, luminance

colors = pytest.importorskip("matplotlib.colors", reason="plots need matplotlib")


def _growth(slopes=()):
    axes = plots.figure(1).axes[0]
    curves = [Curve("fast", [1, 10, 100], [1, 10, 100], 2, "1.00"), Curve("slow", [1, 10, 100], [1, 100, 10_000], 0)]
    return plots.plot_growth(axes, curves, x="weights", y="cost in seconds", title="Cost", slopes=slopes)


def test_growth_has_logarithmic_labelled_axes_and_a_line_for_each_curve():
    axes = _growth()
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title("left")) == ("weights", "cost in seconds", "Cost")
    assert [line.get_label() for line in axes.lines] == ["fast", "slow"]
    assert axes.lines[1].get_ydata().tolist() == [1, 100, 10_000]


@pytest.mark.parametrize("slope", [1, 2])
def test_a_guide_has_its_slope_and_stays_within_the_points(slope):
    axes = _growth(slopes=[slope])
    (x0, x1), (y0, y1) = axes.lines[-1].get_data()
    assert y1 / y0 == pytest.approx((x1 / x0) ** slope)
    assert x1 <= 100
    assert y1 <= 10_000 * (1 + 1e-12)
    assert axes.texts[-1].get_text() == f"slope {slope}"


def test_growth_and_depth_take_the_colours_of_a_theme():
    curves = [Curve("one", [1, 10], [1, 100], 0, "2.00")]
    growth = plots.plot_growth(plots.figure(1).axes[0], curves, x="x", y="y", slopes=[1], theme="dark")
    depth = plots.plot_depth(plots.figure(1).axes[0], curves, x="x", y="y", theme="dark")
    assert growth.texts[0].get_color() == depth.xaxis.label.get_color() == DARK.ink
    assert growth.texts[-1].get_color() == DARK.muted


def test_one_point_has_no_guide():
    axes = plots.figure(1).axes[0]
    plots.plot_growth(axes, [Curve("one", [1.0], [1.0], 0)], x="x", y="y", slopes=[1])
    assert len(axes.lines) == 1


def test_a_note_stands_at_the_last_point():
    note = _growth().texts[0]
    assert (note.get_text(), note.xy) == ("1.00", (100, 100))


def test_curves_differ_by_colour_marker_and_line_so_no_eye_needs_the_colour():
    assert len({style["color"] for style in plots.STYLES}) == len(plots.STYLES)
    assert len({style["marker"] for style in plots.STYLES}) == len(plots.STYLES)


@pytest.mark.parametrize("look", [LIGHT, DARK, PAPER])
def test_every_style_stands_out_on_the_background_of_its_theme(look):
    styles = [style_of(number, look) for number in range(len(plots.STYLES))]
    assert len({(style["marker"], str(style["linestyle"])) for style in styles}) == len(styles)
    ground = luminance(look.background) + 0.05
    for style in styles:
        shade = luminance(style["color"]) + 0.05
        assert max(shade / ground, ground / shade) > 2  # WCAG asks 3 of lines; yellow has 2.1 on white, and a marker


def test_a_plot_for_print_has_neither_colour_nor_two_curves_of_one_look():
    axes = plots.figure(1, theme="paper").axes[0]
    plots.plot_growth(
        axes, [Curve(str(n), [1, 2], [n + 1, 3], n) for n in range(5)], x="x", y="y", slopes=[1], theme="paper"
    )
    looks = {(line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in axes.lines[:5]}
    assert len(looks) == 5
    for line in axes.lines:
        red, green, blue = colors.to_rgb(line.get_color())
        assert max(red, green, blue) - min(red, green, blue) < 0.05  # no hue


def test_a_saved_plot_says_what_it_is(tmp_path):
    svg = plots.save_figure(_growth([1, 2]).figure, tmp_path / "a.svg", title='cost < "all"').read_text()
    root = ElementTree.fromstring(svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'cost < "all"')


def test_depth_has_one_logarithmic_axis():
    axes = plots.plot_depth(plots.figure(1).axes[0], [Curve("paths", [1, 2], [2, 4], 4)], x="layers", y="number")
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_a_point_that_a_logarithmic_axis_can_not_show_is_refused(bad):
    with pytest.raises(ValueError, match="'empty'"):
        plots.plot_growth(plots.figure(1).axes[0], [Curve("empty", [1.0], [bad], 0)], x="x", y="y")


def test_the_legend_has_each_name_once():
    drawn = plots.figure(2)
    for axes in drawn.axes:
        plots.plot_growth(
            axes, [Curve("a", [1, 2], [1, 2], 0), Curve("b", [1, 2], [2, 3], 1)], x="x", y="y", slopes=[1]
        )
    plots.share_legend(drawn)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["a", "b"]


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_the_same_figure_is_saved_as_the_same_bytes_with_its_title(tmp_path, suffix):
    paths = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}{suffix}"
        paths.append(plots.save_figure(_growth([1, 2]).figure, path, title="cost of something"))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert b"cost of something" in paths[0].read_bytes()


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"choose one of \.svg, \.pdf, \.png"):
        plots.save_figure(plots.figure(1), tmp_path / "plot.jpg", title="")


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"chainrule\[plot\]"):
        plots.figure(1)
