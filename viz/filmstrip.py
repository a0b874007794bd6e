"""The pictures of a sweep's steps: the drawing is laid out once, each step recolours it and writes its numbers.

What is pending is faded, what is at work has a heavy line, so no step is told by colour alone. An SVG is edited step by
step; formats that only Graphviz can write (.pdf, .png) are drawn from the same boxes with the same sizes, so no box
moves either.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from viz import theme as themes
from viz.drawing import Drawing
from viz.operations import paint
from viz.render import SECONDS
from viz.steps import Frame, Frames
from viz.theme import DARK, Theme

FADE = 0.65  # how far what is pending is moved towards the background
HEAVY = "4"
LINE = 88  # characters of a caption
_GROUP = re.compile(r'<g id="[^"]*?_([ne])(\d+)(?:_(\d+))?" class="([^"]*)">(.*?)</g>', re.DOTALL)
_TEXT = re.compile(r"(<text[^>]*>)([^<]*)(</text>)")
_SHAPE = re.compile(
    r'(<(?:polygon|path))((?: fill="([^"]*)")? stroke="(?!none|transparent|\3")[^"]*")'
)  # no rule or stripe
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")


@dataclass(frozen=True)
class Layout:
    """An SVG whose boxes have their numbers in texts of the classes ``data`` and ``grad``."""

    svg: str
    scope: str


def layout(strip: Frames, *, theme: str | Theme = "light", direction: str = "LR", seconds: float = SECONDS) -> Layout:
    """Lay out the drawing of all steps, without a caption.

    Raises
    ------
    viz.render.RenderError
        If there is no Graphviz, it refuses, or the time is up.
    """
    drawing = paint(strip.diagram, title="", look=themes.named(theme), direction=direction, legend=False)
    drawing.title, drawing.description = strip.title, strip.text()
    return _tagged(drawing, direction, seconds)


def state_rules(scope: str, theme: str | Theme) -> str:
    """Return the CSS that shows what is pending and what is at work.

    Examples
    --------
    >>> ".pending{opacity" in state_rules("g1", "light")
    True
    """
    rules = "\n".join(
        [
            f"#{scope} .pending{{opacity:{1 - FADE:g}}}",
            f"#{scope} .unknown text{{visibility:hidden}}",
            _current_rules(scope, themes.named(theme).positive),
        ]
    )
    if theme != "auto":
        return rules
    return f"{rules}\n@media (prefers-color-scheme: dark){{\n{_current_rules(scope, DARK.positive)}\n}}"


def _current_rules(scope: str, colour: str) -> str:
    line = f"stroke:{colour};stroke-width:{HEAVY}"
    return "\n".join(
        [
            f"#{scope} .node.current>.frame{{{line}}}",
            f"#{scope} .edge.current>path{{{line}}}",
            f"#{scope} .edge.current>polygon{{stroke:{colour};fill:{colour}}}",
            f"#{scope} .edge.current>text{{fill:{colour}}}",
        ]
    )


def stills(
    strip: Frames, *, theme: str | Theme = "light", direction: str = "LR", seconds: float = SECONDS
) -> Iterator[str]:
    """Yield each step as an SVG with its caption; the layout is made once.

    Raises
    ------
    viz.render.RenderError
        If there is no Graphviz, it refuses, or the time is up.
    """
    base = _drawing(strip, len(strip) - 1, themes.named(theme), direction)  # the last one knows every number
    base.dark_mode = theme == "auto"
    made = _tagged(base, direction, seconds)
    head_end = made.svg.index(f'<g id="{made.scope}_')
    head, body = made.svg[:head_end], made.svg[head_end:]
    rules = f"<style>{state_rules(made.scope, theme)}</style>\n"
    for number, frame in enumerate(strip):
        lines = iter([_heading(strip, number), *_caption(strip, number)])
        parts = _TEXT.split(head)  # text before, opening tag, words, closing tag, text before, ...
        parts[2::4] = [_spaced(next(lines)) for _ in parts[2::4]]
        said = html.escape(f"{_heading(strip, number)}\n{frame.caption}", quote=False)
        before, _, rest = "".join(parts).partition(f'<title id="{made.scope}-title">')
        _, _, rest = rest.partition("</desc>")
        titled = f'<title id="{made.scope}-title">{html.escape(strip.title, quote=False)}</title>\n'
        described = f'<desc id="{made.scope}-desc">{said}</desc>\n{rules}'
        yield f"{before}{titled}{described}{rest}{_at(body, frame)}"


def still(strip: Frames, number: int, *, theme: str | Theme = "light", direction: str = "LR") -> Drawing:
    """Return one step as a drawing; all steps have the same layout.

    Parameters
    ----------
    strip : Frames
        All steps.
    number : int
        Which one, from 0.
    theme : str or Theme
        light, dark or paper.
    direction : str
        LR, TB, RL or BT.

    Examples
    --------
    >>> from engine import Value
    >>> from viz.steps import frames
    >>> x = Value(3.0, label="x")
    >>> still(frames(x * x), 1).title
    '#1 = 9.0000: step 2 of 6, forward'
    """
    look = themes.named(theme)
    drawing = _drawing(strip, number, look, direction)
    scope, frame = drawing.scope, strip[number]
    states = {f"{scope}_n{n}": state for n, state in frame.nodes.items()}
    states |= {f"{scope}_e{target}_{position}": state for (target, position), state in frame.edges.items()}
    for place, line in enumerate(drawing.body):
        found = re.search(rf'\bid="?({scope}_[ne]\d+(?:_\d+)?)"?[\s\]]', line)
        if found:
            drawing.body[place] = _recoloured(line, states[found[1]], look)
    return drawing


def _drawing(strip: Frames, number: int, look: Theme, direction: str) -> Drawing:
    """Return a step with its numbers and its caption, nothing faded or heavy."""
    frame = strip[number]
    last = strip[-1]  # where every box has its width: a complex number needs more than its dash before
    nodes = tuple(
        replace(
            node,
            data=frame.data[node.number].ljust(len(last.data[node.number])),
            grad=frame.grad[node.number].ljust(len(last.grad[node.number])),
        )
        for node in strip.diagram.nodes
    )
    uses = tuple(
        replace(use, label="\N{NO-BREAK SPACE}" * len(use.label))
        if is_unknown(frame, use.target, use.position)
        else use
        for use in strip.diagram.uses
    )
    first, *others = _caption(strip, number)
    made = replace(strip.diagram, nodes=nodes, uses=uses, note=first, highlights=tuple(others))
    drawing = paint(made, title=_heading(strip, number), look=look, direction=direction, legend=False)
    drawing.title = drawing.title.strip()
    drawing.description = drawing.text = frame.caption
    return drawing


def _recoloured(line: str, state: str, look: Theme) -> str:
    """Return a node or an edge in DOT as it looks in a state."""
    is_edge = " -> " in line.split("[", 1)[0]
    if state == "current":
        extra = f'color="{look.positive}" penwidth={HEAVY}' + (f' fontcolor="{look.positive}"' if is_edge else "")
    elif state == "pending":
        line = _COLOUR.sub(lambda found: faded(found[0], look.background), line)
        extra = f'fontcolor="{faded(look.ink, look.background)}"'
        extra += f' color="{faded(look.edge, look.background)}"' if is_edge else ""
    else:
        return line
    return f"{line.rstrip().removesuffix(']')} {extra}]\n"


def faded(colour: str, background: str) -> str:
    """Return a colour, ``#rrggbb``, moved towards the background.

    Examples
    --------
    >>> faded("#000000", "#ffffff"), faded("#ffffff", "#000000")
    ('#a6a6a6', '#595959')
    """
    pairs = ((int(colour[i : i + 2], 16), int(background[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + FADE * (b - a)):02x}" for a, b in pairs)


def _tagged(drawing: Drawing, direction: str, seconds: float) -> Layout:
    """Render, and mark in each box its frame, its data and its grad."""
    svg = drawing.picture("svg", seconds).decode()

    def mark(found: re.Match[str]) -> str:
        texts = list(_TEXT.finditer(found[0]))
        if found[1] != "n" or not texts:
            return found[0]
        data = texts[1 if direction == "RL" else -3]  # the numbers stand after the words data and grad
        marked = found[0]
        for text, kind in sorted([(data, "data"), (texts[-1], "grad")], key=lambda pair: -pair[0].start()):
            marked = f'{marked[: text.start()]}<text class="{kind}"{marked[text.start() + 5 :]}'
        return _SHAPE.sub(r'\1 class="frame"\2', marked)

    return Layout(_GROUP.sub(mark, svg), drawing.scope)


def _at(body: str, frame: Frame) -> str:
    """Return the boxes and edges as they are at a step."""

    def change(found: re.Match[str]) -> str:
        kind, number, position, classes, inner = found.groups()
        if kind == "n":
            state = frame.nodes[int(number)]
            for name, text in (("data", frame.data[int(number)]), ("grad", frame.grad[int(number)])):
                written = f"\N{NO-BREAK SPACE}{_spaced(text)}"
                inner = re.sub(rf'(<text class="{name}"[^>]*>)[^<]*', lambda m, t=written: m[1] + t, inner)
        else:
            place = (int(number), int(position))
            state = frame.edges[place] + " unknown" * is_unknown(frame, *place)
        return found[0].replace(f'class="{classes}"', f'class="{classes} {state}"', 1).replace(found[5], inner, 1)

    return _GROUP.sub(change, body)


def is_unknown(frame: Frame, target: int, position: int) -> bool:
    """Whether a local derivative can't be known yet, in the forward sweep."""
    return frame.phase == "forward" and frame.edges[target, position] == "pending"


def _heading(strip: Frames, number: int) -> str:
    step = f"{number + 1:>{len(str(len(strip)))}}"
    return f"{strip.title}: step {step} of {len(strip)}, {strip[number].phase:<8}"


def _caption(strip: Frames, number: int) -> list[str]:
    """Return a caption in lines, as many and as wide as every other step's, so that none moves the picture."""
    wrapped = [_wrapped(frame.caption) for frame in strip]
    height = max(map(len, wrapped))
    width = max(len(line) for lines in wrapped for line in lines)
    return [line.ljust(width) for line in (wrapped[number] + [""] * height)[:height]]


def _wrapped(caption: str) -> list[str]:
    lines = caption.replace(";", ",").splitlines()
    return [part for line in lines for part in textwrap.wrap(line, LINE, subsequent_indent="    ")]


def _spaced(text: str) -> str:
    return html.escape(text, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
