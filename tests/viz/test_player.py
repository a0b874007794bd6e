import json
import re
import time

import pytest

from engine import Value
from viz import frames, save
from viz.player import page

from .browser import browser, missing

pytest.importorskip("pygraphviz", reason="the page needs a layout")


def a_value():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-3.0, label="b")
    return (w * x + b).tanh()


@pytest.fixture(scope="module")
def strip():
    return frames(a_value())


@pytest.fixture(scope="module")
def chromium():
    if reason := missing():
        pytest.skip(reason)
    with browser() as session:
        yield session


@pytest.fixture
def opened(chromium, strip, tmp_path):
    chromium.screen(1200, 800)
    path = save(strip, tmp_path / "steps.html")
    chromium.requests()
    chromium.open(path.as_uri())
    yield chromium
    assert [line for line in chromium.console() if "favicon" not in line] == []
    assert {url for url in chromium.requests() if not url.startswith(("data:", "about:"))} == {path.as_uri()}


IN_VIEW = """const [view, box] = ['#stage', '#stage [id$="_n{number}"]'].map(
    e => document.querySelector(e).getBoundingClientRect());
    return view.left <= box.left && box.right <= view.right"""


def eventually(wanted, read):
    """Wait until the page reads as wanted: keys, timers and scrolling reach it when the machine gets to them."""
    end = time.monotonic() + 120  # only so that a failure ends
    while (found := read()) != wanted:
        assert time.monotonic() < end, f"still {found!r} after two minutes, not {wanted!r}"
        time.sleep(0.02)


def content(chromium, *names):
    return chromium.run(f"return {list(names)}.map(name => document.getElementById(name).textContent)")


def assert_step(chromium, strip, at):
    """The page comes to show the caption of this step."""
    eventually([strip[at].caption], lambda: content(chromium, "caption"))


def test_the_page_opens_at_the_first_step(opened, strip):
    assert_step(opened, strip, 0)
    assert content(opened, "place") == [f"step 1 of {len(strip)}, forward"]


def test_arrow_keys_home_and_end_step(opened, strip):
    opened.press("ArrowRight", "ArrowRight")
    assert_step(opened, strip, 2)
    opened.press("ArrowLeft")
    assert_step(opened, strip, 1)
    opened.press("End")
    assert_step(opened, strip, -1)
    opened.press("ArrowRight")
    assert_step(opened, strip, -1)
    opened.press("Home", "ArrowLeft")
    assert_step(opened, strip, 0)


def test_buttons_and_slider_step(opened, strip):
    opened.click("next")
    opened.click("next")
    opened.click("back")
    assert_step(opened, strip, 1)
    opened.run("const s = document.getElementById('slider'); s.value = 5; s.dispatchEvent(new Event('input'))")
    assert_step(opened, strip, 5)
    opened.click("last")
    assert_step(opened, strip, -1)
    assert opened.run("return document.getElementById('next').disabled")


def state_of(chromium):
    """Return what every box and edge shows, by id."""
    return chromium.run(
        """return Object.fromEntries([...document.querySelectorAll('#stage .node, #stage .edge')].map(g => [
        g.id.split('_').slice(1).join('_'),
        [[...g.classList].filter(c => ['pending', 'current', 'done', 'unknown'].includes(c)).join(' '),
         ...['data', 'grad'].map(k => g.querySelector('text.' + k)?.textContent.slice(1))]]))"""
    )


@pytest.mark.parametrize(
    ("way", "at"),
    [(["ArrowRight"] * 7, 7), (["End", *["ArrowLeft"] * 3], -4), (["End"], -1)],
    ids=["forwards", "backwards", "at once"],
)
def test_each_step_shows_its_states_and_numbers_from_either_side(opened, strip, way, at):
    opened.press(*way)
    assert_step(opened, strip, at)
    frame, found = strip[at], state_of(opened)
    for number, state in frame.nodes.items():
        data, grad = (text.replace(" ", "\N{NO-BREAK SPACE}") for text in (frame.data[number], frame.grad[number]))
        assert found[f"n{number}"] == [state, data, grad]
    for (target, position), state in frame.edges.items():
        assert found[f"e{target}_{position}"][0] == state


def test_the_layout_stays_where_it_is(opened, strip):
    # Seen from the picture's corner, because the picture itself may be scrolled.
    places = """const {left, top} = document.querySelector('#stage svg').getBoundingClientRect();
        return [...document.querySelectorAll('#stage .node')].map(g => g.getBoundingClientRect()).map(
            box => [box.left - left, box.top - top, box.width, box.height].map(n => n.toFixed(3)))"""
    first = opened.run(places)
    opened.press("End")
    assert_step(opened, strip, -1)
    assert opened.run(places) == first


def test_it_plays_to_the_end_and_stops_there(chromium, strip, tmp_path):
    chromium.screen(1200, 800)
    chromium.open(save(strip, tmp_path / "fast.html", pace=0.01).as_uri())
    chromium.press("Space")
    eventually([strip[-1].caption, "play"], lambda: content(chromium, "caption", "play"))


def test_it_pauses_and_plays_from_the_start_once_it_is_through(chromium, strip, tmp_path):
    chromium.screen(1200, 800)
    chromium.open(save(strip, tmp_path / "slow.html", pace=10_000).as_uri())
    chromium.press("End", "Space")
    eventually([strip[0].caption, "pause"], lambda: content(chromium, "caption", "play"))
    chromium.press("Space")
    eventually([strip[0].caption, "play"], lambda: content(chromium, "caption", "play"))
    chromium.click("play")
    chromium.press("ArrowRight")  # a step by hand ends the playing
    eventually([strip[1].caption, "play"], lambda: content(chromium, "caption", "play"))


COLOURS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 27)"}


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_page_and_picture_follow_the_screen_and_can_be_turned(opened, scheme, other):
    def painted():
        return opened.run("""return [getComputedStyle(document.body).backgroundColor,
            getComputedStyle(document.querySelector('#stage svg polygon')).fill]""")

    opened.screen(1200, 800, scheme)
    eventually([COLOURS[scheme]] * 2, painted)
    opened.click("theme")
    eventually([COLOURS[other]] * 2, painted)


def test_on_a_phone_nothing_overflows_texts_are_readable_and_the_step_is_in_view(opened, strip):
    opened.screen(390, 780)
    opened.reload()
    opened.press("End", "ArrowLeft")
    assert_step(opened, strip, -2)
    assert opened.run("return document.documentElement.scrollWidth") <= 390
    heights = opened.run(
        "return [...document.querySelectorAll('button:not(.wide)')].map(b => b.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    assert opened.run("return document.querySelector('#stage text.data').getBoundingClientRect().height") >= 10
    in_view = IN_VIEW.replace("{number}", str(strip[-2].focus))
    eventually(True, lambda: opened.run(in_view))  # the picture scrolls smoothly


def test_a_number_after_the_address_is_the_step_to_start_at(chromium, strip, tmp_path):
    chromium.open(save(strip, tmp_path / "steps.html").as_uri() + "#4")
    assert_step(chromium, strip, 3)


def test_the_page_refers_to_nothing_outside_of_itself(strip):
    made = page(strip)
    assert "default-src 'none'" in made
    assert re.findall(r'(?:src|href)="([^"]*)"', made) == ["data:,"]
    assert re.findall(r"https?://[^\"'\s<]+", made) == ["http://www.w3.org/2000/svg"]


def test_a_name_can_not_break_out_of_the_page():
    made = page(frames(Value(1.0, label="</script><img src=x onerror=alert(1)>")))
    assert "<img" not in made
    assert made.count("</script>") == 2


def test_the_film_holds_only_what_changes(strip):
    film = json.loads(re.search(r'<script type="application/json" id="film">(.*?)</script>', page(strip))[1])
    assert len(film["steps"]) == len(strip)
    assert len(film["steps"][0]["states"]) == len(strip[0].nodes) + len(strip[0].edges)
    assert all(len(step["data"]) == 1 for step in film["steps"][1:] if step["phase"] == "forward")


def test_thirty_nodes_make_a_page_of_less_than_300_kb(tmp_path):
    value = Value(0.5, label="x0")
    for k in range(1, 11):
        value = (value * Value(0.1 * k, label=f"x{k}")).tanh() if k % 2 else value * value + value
    strip = frames(value)
    path = save(strip, tmp_path / "thirty.html")
    assert 25 <= len(strip.diagram.nodes) <= 35
    assert path.stat().st_size < 300_000


def test_a_theme_of_its_own_is_kept(strip):
    made = page(strip, theme="paper")
    assert 'id="theme" type="button" hidden' in made
    assert '[data-theme="dark"] #' not in made


def test_the_same_steps_make_the_same_page():
    assert page(frames(a_value())) == page(frames(a_value()))
