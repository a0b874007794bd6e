"""The computation graph as a text tree: the output on top, its arguments below, a shared node once.

Where a node is used again there is a reference to it, and a branch that would run out of the page goes on further
down. The columns are those of the drawing: data, grad, and the local derivative by which the message is multiplied.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from engine.value import Value
from viz.diagram import Diagram, Node, cut
from viz.excerpt import MAX_ARGUMENTS, MAX_NODES
from viz.folding import Level
from viz.numerals import TIMES
from viz.view import view

NARROWEST = 48
COLOURS = {"input": "32", "parameter": "36", "output": "1;33", "operation": "1", "faint": "2"}


@dataclass(frozen=True)
class Glyphs:
    """The characters of a tree."""

    fork: str
    last: str
    rail: str
    above: str
    below: str
    times: str
    ellipsis: str


UNICODE = Glyphs("├─ ", "└─ ", "│  ", "↑", "↓", TIMES, "…")
ASCII = Glyphs("|- ", "`- ", "|  ", "^", "v", "x", "~")  # one character each, so that no line grows
PLAIN = str.maketrans(f"{TIMES}…·→", "x~.>")


class Text(str):
    """A string of several lines that a REPL shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class _Row:
    rails: str
    name: str
    role: str
    numbers: str
    local: str


def tree(
    value: Value,
    *,
    level: Level = "auto",
    names: Mapping[str, Any] | None = None,
    highlight: Value | None = None,
    width: int | None = None,
    max_nodes: int = MAX_NODES,
    max_arguments: int = MAX_ARGUMENTS,
    ascii: bool | None = None,
    color: bool | None = None,
) -> Text:
    """Return the computation graph of a value as a tree of text.

    Parameters
    ----------
    value : Value
        The output.
    level, names, highlight
        As for ``viz.draw``; what is lit has a star.
    width : int, optional
        Columns; by default those of the terminal. No line is longer, down to 48 columns.
    max_nodes, max_arguments : int
        What to show of a large graph; the rest is counted in the last line.
    ascii : bool, optional
        Plain ASCII; by default only where the standard output cannot show the box characters.
    color : bool, optional
        Colours; by default only on a terminal, and never where the environment has NO_COLOR (no-color.org).

    Raises
    ------
    TypeError
        If it is not a Value.
    ValueError
        If a limit is too small.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> print(tree(x * x + x, width=80, ascii=True, color=False))
    #2 = +      data  12.000 | grad  -
    |- #1 = *   data  9.0000 | grad  -       | x 1
    |  |- x     data  3.0000 | grad  -       | x x = 3.0000
    |  `- ^ x                                | x x = 3.0000
    `- ^ x                                   | x 1
    >>> tree(x, width=80, ascii=True, color=False)
    x   data  3.0000 | grad  -
    """
    if color is None:
        color = _wants_colour(sys.stdout)
    if ascii is None:
        ascii = not _can_show(sys.stdout, "".join(vars(UNICODE).values()))
    columns = width or shutil.get_terminal_size((100, 24)).columns
    made = view(value, level=level, names=names, highlight=highlight, max_nodes=max_nodes, max_arguments=max_arguments)
    return outline(made, columns, ASCII if ascii else UNICODE, color)


def outline(made: Diagram, width: int = 100, glyphs: Glyphs = UNICODE, color: bool = False) -> Text:
    """Return a diagram as a tree of text; ``tree`` says what it looks like."""
    width = max(width, NARROWEST)
    blocks = _blocks(made, width // 9, glyphs)  # a third of the width is for the rails, three columns a level
    lines = _format(blocks, width, color)
    remarks = ([] if made.complete else [f"({made.note})"]) + list(made.highlights)
    lines += [_paint(line, "faint", color) for remark in remarks for line in textwrap.wrap(remark, width)]
    text = "\n".join(line.rstrip() for line in lines)
    return Text(text.translate(PLAIN) if glyphs is ASCII else text)


def _blocks(made: Diagram, deepest: int, glyphs: Glyphs) -> list[list[_Row]]:
    """Walk the graph; each block is a tree, and what was too deep for one starts a block of its own."""
    nodes = {node.number: node for node in made.nodes}
    children = _children(made)
    longest = 24 if made.complete else 40
    widest = max(len(node.data) for node in made.nodes)
    done: set[int] = set()
    waiting = deque([made.nodes[-1].number])
    blocks = []
    while waiting:
        block: list[_Row] = []
        stack = [(_Child(waiting[0]), "", "")]
        while stack:
            child, rails, branch = stack.pop()
            number = child.number
            if number is None:
                block.append(_Row(rails + branch, child.text, "faint", "", child.local))
                continue
            too_deep = bool(branch) and children[number] and len(rails) >= 3 * deepest
            if number in done or (branch and (too_deep or number in waiting)):
                arrow = glyphs.above if number in done else glyphs.below
                if number not in done and number not in waiting:
                    waiting.append(number)
                name = f"{arrow} {cut(nodes[number].title, longest)}"
                block.append(_Row(rails + branch, name, "faint", "", child.local))
                continue
            done.add(number)
            node = nodes[number]
            numbers = f"data {node.data:<{widest}} | grad {node.grad}"
            block.append(_Row(rails + branch, _said(node, longest), node.role, numbers, child.local))
            inner = rails + {"": "", glyphs.fork: glyphs.rail}.get(branch, "   ")
            for place, below in reversed(list(enumerate(children[number], 1))):
                stack.append((below, inner, glyphs.last if place == len(children[number]) else glyphs.fork))
        blocks.append(block)
        waiting.popleft()
    return blocks


@dataclass(frozen=True)
class _Child:
    """A node below another one; or, without a number, a remark in its place."""

    number: int | None
    local: str = ""
    text: str = ""


def _said(node: Node, longest: int) -> str:
    operation = f" = {node.operation}" if node.operation else ""
    return f"{cut(node.title, longest)}{operation}{' (dead)' * node.dead}{' *' * node.lit}"


def _children(made: Diagram) -> dict[int, list[_Child]]:
    """Return what stands below each node: its arguments in order, then how many are not shown."""
    ordered: dict[int, list[tuple[int, _Child]]] = {node.number: [] for node in made.nodes}
    for use in made.uses:
        ordered[use.target].append((use.position, _Child(use.source, use.label.strip())))
    for constant in made.constants:
        ordered[constant.target].append((constant.position, _Child(None, text=constant.text)))
    found = {
        number: [child for _, child in sorted(pairs, key=lambda pair: pair[0])] for number, pairs in ordered.items()
    }
    for target, count in made.hidden.items():
        found[target].append(_Child(None, text=f"… {count:,} more {'argument' if count == 1 else 'arguments'}"))
    return found


def _format(blocks: list[list[_Row]], width: int, color: bool) -> list[str]:
    """Put the rows into columns; what does not fit is shortened, the numbers last."""
    rows = [row for block in blocks for row in block]
    numbers = max(len(row.numbers) for row in rows)
    symbols = max(columns(row.local) for row in rows)
    room = width - numbers - 3
    left = min(max(len(row.rails) + columns(row.name) for row in rows), room)
    spare = width - left - 3 - numbers - 3
    lines: list[str] = []
    for block in blocks:
        lines += [""] if lines else []
        for row in block:
            alone = not row.numbers and not row.local
            name = _fitted(row.name, max((width if alone else left) - len(row.rails), 1))
            local = row.local if symbols <= spare else _bare(row.local)
            text = row.rails + _paint(name, row.role, color)
            if row.numbers or (local and columns(local) <= spare):
                text += " " * (left - len(row.rails) - columns(name)) + "   " + row.numbers.ljust(numbers)
            if local and columns(local) <= spare:
                text += f" | {local}"
            lines.append(text)
    return lines


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide letter, none for a mark on another one.

    Examples
    --------
    >>> columns("weight"), columns("\N{CJK UNIFIED IDEOGRAPH-6570}"), columns("e\N{COMBINING ACUTE ACCENT}")
    (6, 2, 1)
    """
    if text.isascii():
        return len(text)
    marks = sum(unicodedata.combining(letter) > 0 for letter in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def _fitted(text: str, width: int) -> str:
    """Shorten a text to a width in columns."""
    made, limit = cut(text, width), width
    while columns(made) > width and limit > 1:
        limit -= 1
        made = cut(text, limit)
    return made if columns(made) <= width else ""


def _bare(local: str) -> str:
    """Return a local derivative without its symbol, x1 = 2.0000 as 2.0000 alone."""
    return f"{TIMES} {local.rsplit('= ', 1)[1]}" if "= " in local else local


def _paint(text: str, role: str, color: bool) -> str:
    return f"\x1b[{COLOURS[role]}m{text}\x1b[0m" if color else text


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _can_show(stream: TextIO, letters: str) -> bool:
    try:
        letters.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
