"""A graph as Mermaid's flowchart, which GitHub, GitLab and many notebooks draw in the reader's browser.

Mermaid refuses what is large (500 edges, 50,000 characters), and so does this: folded, any graph is small enough.
"""

from __future__ import annotations

from viz.boxes import summed
from viz.diagram import Diagram, Node, Use
from viz.flags import ALARMS
from viz.theme import LIGHT, Theme

MAX_EDGES = 500  # maxEdges and maxTextSize of Mermaid's default configuration
MAX_LETTERS = 50_000
# A box, round corners, a double side: a role can be seen without colour.
SHAPES = {"input": ("([", "])"), "parameter": ("[", "]"), "operation": ("[", "]"), "output": ("[[", "]]")}


def mermaid(made: Diagram, *, title: str = "", look: Theme = LIGHT, direction: str = "LR") -> str:
    r"""Return a diagram as a Mermaid flowchart.

    Parameters
    ----------
    made : Diagram
        What ``viz.view.view`` shows of a value.
    title : str
        What the picture is called, for readers who do not see it.
    look : Theme
        The colours.
    direction : str
        Where the computation runs: LR, TB, RL or BT.

    Raises
    ------
    ValueError
        If it is more than Mermaid draws.

    Examples
    --------
    >>> from engine import Value
    >>> from viz.view import view
    >>> x = Value(3.0, label="x")
    >>> lines = mermaid(view(x.tanh())).splitlines()
    >>> lines[0], lines[-1].replace("\N{MULTIPLICATION SIGN}", "x")
    ('flowchart LR', '  n0 -- "x tanh\' = 0.0099" --> n1')
    """
    edges = len(made.uses) + len(made.constants) + len(made.hidden)
    lines = [f"flowchart {direction}"]
    if title:
        lines.append(f"  accTitle: {_line(title)}")
    lines += ["  accDescr {", *(f"    {_line(line)}" for line in made.description().splitlines()), "  }"]
    lines += _styles(look)
    lines += [_node(node) for node in made.nodes]
    for place, cluster in enumerate(made.clusters):
        members = " ".join(f"n{number};" for number in cluster.numbers)
        lines.append(f'  subgraph layer{place}["{escape(cluster.title)}"]; {members} end')
        lines.append(f"  style layer{place} fill:none,stroke:{look.muted},color:{look.muted}")
    for place, constant in enumerate(made.constants):
        lines.append(f'  c{place}["{escape(constant.text)}"]:::constant -.- n{constant.target}')
    for target, count in made.hidden.items():
        lines.append(f'  h{target}["… {count:,} more"]:::constant -.- n{target}')
    lines += [_edge(use) for use in made.uses]
    return checked("\n".join(lines) + "\n", edges, 'fold it with level="layer" or level="shape", or save it as .svg')


def checked(text: str, edges: int, cure: str) -> str:
    """Return a flowchart, or refuse one that Mermaid would.

    Examples
    --------
    >>> checked("flowchart LR", 501, "draw less")
    Traceback (most recent call last):
        ...
    ValueError: Mermaid draws up to 500 edges and 50,000 characters, this picture has 501 and 12: draw less
    """
    if edges > MAX_EDGES or len(text) > MAX_LETTERS:
        raise ValueError(
            f"Mermaid draws up to {MAX_EDGES} edges and {MAX_LETTERS:,} characters, this picture has {edges:,} and "
            f"{len(text):,}: {cure}"
        )
    return text


def _styles(look: Theme) -> list[str]:
    widths = {"input": "1.2px", "parameter": "3px", "operation": "1px", "output": "1.2px"}
    lines = []
    for role, width in widths.items():
        fill, frame = look.fill_of(role), look.frame_of(role)
        lines.append(f"  classDef {role} fill:{fill},stroke:{frame},stroke-width:{width},color:{look.ink}")
    return [
        *lines,
        f"  classDef constant fill:none,stroke:none,color:{look.muted}",
        "  classDef dead stroke-dasharray:6 3",
        f"  classDef alarm stroke:{look.alarm},stroke-width:4px",
        f"  classDef lit stroke:{look.positive},stroke-width:4px",
    ]


def _node(node: Node) -> str:
    head = " ".join(word for word in (node.operation, node.name, "(dead)" * node.dead) if word)
    remark = f" ! {node.flag}" if node.flag else ""
    sums = [f"= {summed(node.terms)}"] if node.terms else []
    said = [*([head] if head else []), f"data {node.data.strip()}", f"grad {node.grad.strip()}{remark}", *sums]
    opened, closed = SHAPES[node.role]
    text = "<br/>".join(escape(line) for line in (*said, *node.notes))
    further = [
        name for name, given in (("dead", node.dead), ("alarm", node.flag in ALARMS), ("lit", node.lit)) if given
    ]
    classes = "".join(f"; class n{node.number} {name}" for name in further)
    return f'  n{node.number}{opened}"{text}"{closed}:::{node.role}{classes}'


def _edge(use: Use) -> str:
    begin, end = ("==", "==>") if use.lit else ("-.", ".->") if use.negative else ("--", "-->")
    label = use.label.strip()
    middle = f' {begin} "{escape(label)}" {end} ' if label else f" {'-.->' if begin == '-.' else end} "
    return f"  n{use.source}{middle}n{use.target}"


def escape(text: str) -> str:
    """Return a text for a quoted label, with Mermaid's codes for what means something to it or to HTML.

    Examples
    --------
    >>> escape('a "b" <c> #1')
    'a #quot;b#quot; #lt;c#gt; #35;1'
    """
    codes = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "&": "#amp;", ";": "#59;", "`": "#96;", "\\": "#92;"}
    return "".join(codes.get(letter, letter) for letter in text)


def _line(text: str) -> str:
    """Return a line for a description, which ends at a brace and knows no codes."""
    return text.replace("{", "(").replace("}", ")").replace(";", ",").replace("#", "no. ")
