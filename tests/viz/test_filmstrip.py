import io
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import pytest

from engine import Value
from viz import frame_files, frames, save
from viz.filmstrip import faded, still, stills
from viz.numerals import TIMES
from viz.theme import LIGHT

pytest.importorskip("pygraphviz", reason="pictures need a layout")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def strip(square):
    return frames(square)


def groups(svg, kind):
    found = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return [group for group in found if (group.get("class") or "").split(" ")[0] == kind]


def places(svg):
    """Return where every shape and text stands, without what they say or their colour."""
    root = ElementTree.fromstring(svg)
    return [(e.tag, e.get("points"), e.get("d"), e.get("x"), e.get("y")) for e in root.iter() if e.tag != f"{SVG}style"]


@pytest.mark.parametrize("direction", ["LR", "RL", "TB"])
def test_every_step_shows_its_states_and_numbers(strip, direction):
    for frame, svg in zip(strip, stills(strip, direction=direction), strict=True):
        for group in groups(svg, "node"):
            number = int(group.get("id").rpartition("_n")[2])
            said = {t.get("class"): t.text.strip() for t in group.iter(f"{SVG}text") if t.get("class")}
            assert said == {"data": frame.data[number].strip(), "grad": frame.grad[number].strip()}
            assert frame.nodes[number] in group.get("class").split()
        for group in groups(svg, "edge"):
            target, position = map(int, group.get("id").rpartition("_e")[2].split("_"))
            assert frame.edges[target, position] in group.get("class").split()


def test_nothing_moves_from_step_to_step(strip):
    assert len({tuple(places(svg)) for svg in stills(strip)}) == 1


@pytest.mark.parametrize("number", [3.0, complex(1.0, -2.0), Fraction(1, 3)])
def test_boxes_and_texts_do_not_move_where_graphviz_draws_each_step(number):
    x = Value(number, label="x")
    strip = frames(x * x + x)
    drawn = []
    for number in (0, len(strip) // 2, len(strip) - 1):
        svg = still(strip, number).picture()
        texts = [place for place in places(svg) if place[0] == f"{SVG}text"]
        boxes = [(e.get("points"), e.get("d")) for group in groups(svg, "node") for e in group]
        drawn.append((texts, boxes))
    assert drawn[0] == drawn[1] == drawn[2]


def test_the_caption_stands_in_the_picture_and_in_its_description(strip):
    svg = list(stills(strip))[5]
    texts = [t.text.replace("\N{NO-BREAK SPACE}", " ").strip() for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert texts[0] == "y = 12.000: step 6 of 9, backward"
    assert texts[1] == strip[5].caption.splitlines()[0]
    assert strip[5].caption in ElementTree.fromstring(svg).find(f"{SVG}desc").text


def test_the_frame_of_what_is_at_work_is_marked_and_rules_between_cells_are_not(strip):
    for group in groups(next(stills(strip)), "node"):
        shapes = [e for e in group if "frame" in (e.get("class") or "")]
        assert 1 <= len(shapes) <= 2
        assert all(e.get("fill") != e.get("stroke") for e in shapes)


def test_a_local_derivative_is_hidden_until_it_is_known(strip):
    first, *_, last = stills(strip)
    assert all("unknown" in group.get("class") for group in groups(first, "edge"))
    assert not any("unknown" in group.get("class") for group in groups(last, "edge"))
    assert TIMES not in still(strip, 0).source
    assert TIMES in still(strip, len(strip) - 1).source


def test_what_is_pending_is_faded_and_what_is_at_work_is_heavy(strip):
    source = still(strip, 2).source
    lines = {line.split("[")[0].strip(): line for line in source.splitlines() if "id=" in line}
    states = strip[2].nodes
    for number, state in states.items():
        line = lines[f"n{number}"]
        assert ("penwidth=4" in line) == (state == "current")
        assert (faded(LIGHT.ink, LIGHT.background) in line) == (state == "pending")


def test_an_svg_that_follows_the_screen_has_dark_rules(strip):
    assert "prefers-color-scheme: dark" in next(stills(strip, theme="auto"))
    assert "prefers-color-scheme" not in next(stills(strip, theme="paper"))


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<svg"), ("pdf", b"%PDF")])
def test_numbered_files_are_written_in_order(tmp_path, suffix, start):
    strip = frames(Value(2.0, label="x").exp())
    first = save(strip, tmp_path / f"steps.{suffix}")
    assert first == tmp_path / f"steps_1.{suffix}"
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"steps_{n}.{suffix}" for n in range(1, len(strip) + 1)]
    assert all(path.read_bytes().startswith(start) for path in files)


def test_a_gif_has_a_picture_for_each_step(tmp_path):
    image = pytest.importorskip("PIL.Image")
    strip = frames(Value(2.0, label="x").exp())
    picture = image.open(io.BytesIO(save(strip, tmp_path / "steps.gif", pace=0.5).read_bytes()))
    assert picture.n_frames == len(strip)
    assert picture.info["duration"] == 500
    assert picture.info["loop"] == 0


def test_a_wide_gif_is_drawn_with_fewer_dots_and_keeps_the_colours_of_the_theme(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    strip = frames(Value(2.0, label="x").exp())
    full = image.open(io.BytesIO(save(strip, tmp_path / "full.gif").read_bytes()))
    monkeypatch.setattr(frame_files, "WIDE", 100)
    small = image.open(io.BytesIO(save(strip, tmp_path / "small.gif").read_bytes()))
    assert small.width == pytest.approx(full.width * frame_files.LEAST_DOTS / 96, abs=2)
    full.seek(1)
    shown = [colour for _, colour in full.convert("RGB").getcolors(1 << 16)]
    for wanted in (LIGHT.positive, LIGHT.background):
        exact = tuple(int(wanted[i : i + 2], 16) for i in (1, 3, 5))
        assert min(max(abs(a - b) for a, b in zip(exact, colour, strict=True)) for colour in shown) <= 8


def test_steps_as_text_need_no_graphviz(strip, tmp_path, no_renderer):
    text = save(strip, tmp_path / "steps.txt").read_text()
    assert text.splitlines()[0] == "y = 12.000"
    assert strip[-1].caption in text


def test_the_same_steps_give_the_same_bytes(square):
    assert list(stills(frames(square))) == list(stills(frames(square)))


@pytest.mark.parametrize("suffix", [".gif", ".html"])
def test_a_pace_that_is_not_positive_is_refused(strip, tmp_path, suffix):
    with pytest.raises(ValueError, match="pace must be positive, got 0"):
        save(strip, tmp_path / f"x{suffix}", pace=0)


def test_a_suffix_for_steps_is_refused_with_the_known_ones(strip):
    with pytest.raises(ValueError, match=r"choose one of \.html, \.gif"):
        save(strip, Path("x.dot"))
