"""A network's drawing in the languages of other programs: TikZ for a paper, Mermaid for a page on GitHub."""

from __future__ import annotations

from viz.mermaid import checked
from viz.mermaid import escape as mermaid_escape
from viz.network_plan import ROW, THIN, Plan
from viz.theme import LIGHT, Theme
from viz.tikz import caption, document, escape

INCH = 2.54  # centimetres
STYLES = [
    r"unit/.style={circle, draw, minimum size=8.6mm, inner sep=0pt, line width=0.8pt, text=muted, font=\scriptsize},",
    r"input/.style={unit, draw=input_frame, fill=input_fill},",
    r"hidden/.style={unit, draw=frame, fill=fill},",
    r"output/.style={unit, double, double distance=1.2pt, draw=output_frame, fill=output_fill},",
    r"layer/.style={align=center, anchor=north, text=muted},",
    r"positive/.style={draw=positive},",
    r"negative/.style={draw=negative, dashed},",
    r"alarm/.style={draw=alarm, dotted},",
]


def network_tikz(plan: Plan, *, title: str, look: Theme = LIGHT, legend: bool = True) -> str:
    r"""Return a LaTeX document with a network as a TikZ picture: a ``\node`` for each unit, a ``\draw`` per weight.

    Parameters
    ----------
    plan : Plan
        What is drawn.
    title : str
        The line on top.
    look : Theme
        The colours.
    legend : bool
        Whether to explain the lines.

    Examples
    --------
    >>> from viz.network_plan import plan_of
    >>> lines = network_tikz(plan_of([2, 1]), title="2-1").splitlines()
    >>> [line for line in lines if line.startswith(r"\node[output]")]
    ['\\node[output] (u1-0) at (4.83,0.00) {1};']
    """
    lines = []
    for k in range(len(plan.shown)):
        x = 0.0
        for unit, x, y in plan.column(k):
            at = f"({x * INCH:.2f},{y * INCH:.2f})"
            if unit is None:
                lines.append(rf"\node[text=muted] at {at} {{$\vdots$}};")
            else:
                lines.append(rf"\node[{plan.role(k)}] (u{k}-{unit}) at {at} {{{unit + 1}}};")
        words = r"\\".join(escape(line) for line in plan.caption(k))
        lines.append(rf"\node[layer] at ({x * INCH:.2f},{(plan.floor + ROW / 2) * INCH:.2f}) {{{words}}};")
    lines.append(r"\begin{scope}[on background layer]")
    for (k, i, j), number in plan.lines.items():
        width = THIN if number is None else plan.width(number)
        style = f"{'draw=edge' if number is None else plan.kind(number)}, line width={width:.2f}pt"
        lines.append(rf"\draw[{style}] (u{k - 1}-{j}) -- (u{k}-{i});")
    lines += [r"\end{scope}", caption(title, [plan.legend()] if legend and plan.numbers else [])]
    return document(lines, STYLES, look)


def network_mermaid(plan: Plan, *, title: str, look: Theme = LIGHT, legend: bool = True) -> str:
    r"""Return a network as a Mermaid flowchart: a frame for each layer, lines as wide as the weights.

    Parameters
    ----------
    plan : Plan
        What is drawn.
    title : str
        What the picture is called, for readers who do not see it.
    look : Theme
        The colours.
    legend : bool
        Whether to explain the lines.

    Raises
    ------
    ValueError
        If it is more than Mermaid draws.

    Examples
    --------
    >>> from viz.network_plan import plan_of
    >>> network_mermaid(plan_of([2, 1]), title="2-1").splitlines()[-1]
    '  linkStyle 0,1 stroke:#67727d,stroke-width:0.3px'
    """
    lines = ["flowchart LR", f"  accTitle: {title or 'network'}", "  accDescr {"]
    lines += [*(f"    {line}" for line in plan.words().splitlines()), "  }"]
    for role in ("input", "hidden", "output"):
        colours = f"fill:{look.fill_of(role)},stroke:{look.frame_of(role)},color:{look.ink}"
        lines.append(f"  classDef {role} {colours},stroke-width:{3 if role == 'output' else 1}px")
    lines.append(f"  classDef caption fill:none,stroke:none,color:{look.muted}")
    for k in range(len(plan.shown)):
        words = "<br/>".join(mermaid_escape(line) for line in plan.caption(k) if line.strip())
        lines.append(f'  subgraph layer{k}["{words}"]')
        for unit, _, _ in plan.column(k):
            if unit is None:
                lines.append(f'    more{k}["⋮ {plan.hidden(k):,} more"]:::caption')
            else:
                lines.append(f"    u{k}_{unit}(({unit + 1})):::{plan.role(k)}")
        lines += ["  end", f"  style layer{k} fill:none,stroke:{look.muted},color:{look.muted}"]
    looks: dict[str, list[int]] = {}
    for place, ((k, i, j), number) in enumerate(plan.lines.items()):
        dashed = number is not None and plan.kind(number) == "negative"
        lines.append(f"  u{k - 1}_{j} {'-.-' if dashed else '---'} u{k}_{i}")
        colour = look.edge if number is None else getattr(look, plan.kind(number))
        width = THIN if number is None else round(plan.width(number), 1)
        looks.setdefault(f"stroke:{colour},stroke-width:{width:g}px", []).append(place)
    if legend and plan.numbers:
        lines.append(f'  about["{mermaid_escape(plan.legend())}"]:::caption')
    lines += [f"  linkStyle {','.join(map(str, places))} {style}" for style, places in looks.items()]
    return checked("\n".join(lines) + "\n", len(plan.lines), "draw fewer units with max_units=, or save it as .svg")
