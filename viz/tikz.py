r"""A graph as TikZ, to be edited by hand: a LaTeX document that pdflatex turns into a page of the picture's size.

Every box is a ``\node`` with a name and a place, every edge a ``\draw`` between two names. To use the picture in a
paper, take the colours, the styles and the ``tikzpicture``.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields

from viz.boxes import ledger
from viz.diagram import Diagram, Node, Use
from viz.flags import ALARMS
from viz.layering import places
from viz.theme import LIGHT, Theme

COLUMN, ROW = 3.6, 1.6  # centimetres, along the computation and across it
LINE, LETTER = 0.34, 0.12  # centimetres that a further line in a box takes, and a further letter in a line
DIRECTIONS = {"LR": (1, 0), "RL": (-1, 0), "TB": (0, -1), "BT": (0, 1)}
_ESCAPES = {
    **{letter: f"\\{letter}" for letter in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MIDDLE DOT}": r"$\cdot$",
    "\N{RIGHTWARDS ARROW}": r"$\to$",
    "…": r"\ldots{}",
    " ": "~",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
}
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING CARON}": "v",
}
_LIKE_LATIN = {"omicron", "Alpha", "Beta", "Epsilon", "Zeta", "Eta", "Iota", "Kappa", "Mu", "Nu", "Omicron", "Rho"}
_LIKE_LATIN |= {"Tau", "Chi"}


def tikz(made: Diagram, *, title: str = "", look: Theme = LIGHT, direction: str = "LR") -> str:
    r"""Return a LaTeX document with a diagram as a TikZ picture.

    Parameters
    ----------
    made : Diagram
        What ``viz.view.view`` shows of a value.
    title : str
        The line on top.
    look : Theme
        The colours.
    direction : str
        Where the computation runs: LR, TB, RL or BT.

    Examples
    --------
    >>> from engine import Value
    >>> from viz.view import view
    >>> x = Value(3.0, label="x")
    >>> lines = tikz(view(x * x)).splitlines()
    >>> [line for line in lines if line.startswith(r"\draw")][0]
    '\\draw[use] (n0) to[bend left=12] node[note] {$\\times$~x~=~3.0000} (n1);'
    """
    found = places(
        [node.number for node in made.nodes],
        [(use.source, use.target) for use in made.uses],
        [cluster.numbers for cluster in made.clusters],
    )
    return document(
        [
            *_nodes(made, found, direction),
            *_beside(made, direction),
            *_frames(made),
            r"\begin{scope}[on background layer]",
            *_edges(made.uses),
            r"\end{scope}",
            caption(title, [*made.note.split("; "), *made.highlights]),
        ],
        STYLES,
        look,
    )


STYLES = [
    r"every box/.style={draw, align=left, inner sep=3pt, text=ink, fill=fill, draw=frame},",
    r"input/.style={every box, rounded corners=4pt, draw=input_frame, fill=input_fill},",
    r"parameter/.style={every box, line width=1.6pt, draw=parameter_frame, fill=parameter_fill},",
    r"operation/.style={every box},",
    r"output/.style={every box, line width=0.6pt, double, double distance=1.5pt,",
    r"  draw=output_frame, fill=output_fill},",
    r"lit/.style={draw=positive, line width=2pt},",
    r"alarm/.style={draw=alarm, line width=2pt},",
    r"note/.style={font=\ttfamily\tiny, text=muted, auto, inner sep=1pt},",
    r"use/.style={->, >=Stealth, draw=edge, line width=0.5pt},",
    r"cluster/.style={draw=muted, rounded corners=4pt, line width=0.4pt, inner sep=5pt},",
    r"cluster name/.style={font=\ttfamily\tiny, text=muted, anchor=south west, inner sep=1pt},",
]


def document(picture: Sequence[str], styles: Sequence[str], look: Theme) -> str:
    r"""Return a LaTeX document of one page, as large as the TikZ picture in it.

    Examples
    --------
    >>> document([r"\node {x};"], [], LIGHT).splitlines()[0]
    '\\documentclass{article}'
    """
    colours = [(field.name, getattr(look, field.name)[1:].upper()) for field in fields(Theme)]
    head = [
        r"\documentclass{article}",
        r"\usepackage{tikz}",
        r"\usetikzlibrary{arrows.meta,backgrounds,fit,positioning}",
        *(rf"\definecolor{{{name}}}{{HTML}}{{{colour}}}" for name, colour in colours),
        r"\tikzset{",
        *(f"  {style}" for style in styles),
        r"}",
        r"\newsavebox{\drawing}",
        r"\begin{document}",
        r"\begin{lrbox}{\drawing}%",
        r"\pagecolor{background}%",
        r"\begin{tikzpicture}[every node/.style={font=\ttfamily\scriptsize}]",
    ]
    tail = [
        r"\path[use as bounding box] ([shift={(-2mm,-2mm)}]current bounding box.south west)",
        r"  rectangle ([shift={(2mm,2mm)}]current bounding box.north east);",
        r"\end{tikzpicture}%",
        r"\end{lrbox}",
        r"% A page of the picture's size.",
        r"\pdfhorigin=0pt \pdfvorigin=0pt",
        r"\pdfpagewidth=\wd\drawing \pdfpageheight=\dimexpr\ht\drawing+\dp\drawing\relax",
        r"\shipout\box\drawing",
        r"\end{document}",
        "",
    ]
    return "\n".join([*head, *picture, *tail])


def caption(title: str, remarks: Sequence[str]) -> str:
    """Return the lines above a picture, the title in bold."""
    lines = [rf"\textbf{{{escape(title)}}}"] if title else []
    lines += [escape(line) for line in remarks]
    at = "([yshift=4mm]current bounding box.north west)"
    text = r"\\".join(lines)
    return rf"\node[anchor=south west, align=left, text=muted] at {at} {{{text}}};" if lines else ""


def _nodes(made: Diagram, found: Mapping[int, tuple[int, float]], direction: str) -> list[str]:
    along, up = DIRECTIONS[direction]
    row = ROW + LINE * max(len(node.notes) + len(node.terms) for node in made.nodes)
    column = COLUMN + LETTER * max(len(line) for node in made.nodes for line in (node.data, *node.notes))
    lines = []
    for node in made.nodes:
        ahead, across = found[node.number]
        x, y = (along * column * ahead, -row * across) if along else (column * across, up * row * 1.4 * ahead)
        styles = [node.role, *(["alarm"] if node.flag in ALARMS else []), *(["lit"] if node.lit else [])]
        lines.append(rf"\node[{', '.join(styles)}] (n{node.number}) at ({x:.2f},{y:.2f}) {{{_box(node)}}};")
    return lines


def _box(node: Node) -> str:
    head = " ".join(word for word in (node.operation, node.name) if word)
    remark = f" ! {node.flag}" if node.flag else ""
    lines = [
        *([rf"\textbf{{{escape(head + ' (dead)' * node.dead)}}}"] if head else []),
        escape(f"data {node.data}"),
        escape(f"grad {node.grad.rstrip()}{remark}"),
        *map(escape, ledger(node)),
        *map(escape, node.notes),
    ]
    return r"\\".join(lines)


def _edges(uses: Sequence[Use]) -> list[str]:
    together = Counter((use.source, use.target) for use in uses)
    seen: Counter[tuple[int, int]] = Counter()
    lines = []
    for use in uses:
        pair = use.source, use.target
        seen[pair] += 1
        side = ""
        if use.source == use.target:
            way = "[loop above]"
        elif together[pair] > 1:  # x * x: two curves
            way = f"[bend {'left' if seen[pair] % 2 else 'right'}={12 * ((seen[pair] + 1) // 2)}]"
            side = "" if seen[pair] % 2 else ", swap"
        else:
            way = "[bend left=30]" if use.source > use.target else ""
        style = "use" + ", dashed" * use.negative + ", lit" * use.lit
        label = rf" node[note{side}] {{{escape(use.label.strip())}}}" if use.label else ""
        lines.append(rf"\draw[{style}] (n{use.source}) to{way}{label} (n{use.target});")
    return lines


def _frames(made: Diagram) -> list[str]:
    """Return a frame with its title around each cluster."""
    lines = []
    for place, cluster in enumerate(made.clusters):
        members = "".join(f"(n{number})" for number in cluster.numbers)
        lines.append(rf"\node[cluster, fit={members}] (cluster{place}) {{}};")
        lines.append(rf"\node[cluster name] at (cluster{place}.north west) {{{escape(cluster.title)}}};")
    return lines


def _beside(made: Diagram, direction: str) -> list[str]:
    """Return what is no value of the graph: plain numbers, and how many arguments are not shown."""
    side = "above" if direction in ("LR", "RL") else "left"
    lines = []
    beside: Counter[int] = Counter()  # those of one node stand in a row
    for place, constant in enumerate(made.constants):
        nth = beside[constant.target]
        shift = f", {'x' if side == 'above' else 'y'}shift={8 * nth}mm" if nth else ""
        at = f"{side}=3mm of n{constant.target}{shift}"
        beside[constant.target] += 1
        lines.append(rf"\node[note, {at}] (c{place}) {{{escape(constant.text)}}};")
        lines.append(rf"\draw[dotted, draw=edge] (c{place}) -- (n{constant.target});")
    for target, count in made.hidden.items():
        lines.append(rf"\node[note, below=1mm of n{target}] {{\ldots{{}}~{count:,}~more}};")
    return lines


def escape(text: str) -> str:
    r"""Return a text as LaTeX that typesets it; a letter that LaTeX's fonts lack becomes a question mark.

    Examples
    --------
    >>> print(escape("50% of w_1"), escape("\N{GREEK SMALL LETTER THETA}"), escape("größe"), escape("\N{SNOWMAN}"))
    50\%~of~w\_1 $\theta$ gr\"{o}\ss{}e ?
    """
    return "".join(_ESCAPES.get(letter) or (letter if letter.isascii() else _foreign(letter)) for letter in text)


def _foreign(letter: str) -> str:
    words = unicodedata.name(letter, "").split()
    if len(words) == 4 and words[0] == "GREEK" and words[2] == "LETTER":
        name = words[3].lower() if words[1] == "SMALL" else words[3].capitalize()
        name = name.replace("amda", "ambda")
        return "?" if name in _LIKE_LATIN else rf"$\{name}$"
    base, *accents = list(unicodedata.normalize("NFD", letter))
    if base.isascii() and base.isalpha() and len(accents) == 1 and accents[0] in _ACCENTS:
        return rf"\{_ACCENTS[accents[0]]}{{{base}}}"
    return "?"
