"""The scalar graph and its lifted program beside each other: ``draw_program``.

On the left stand the operations on single numbers, as they were traced; a large graph is folded to a box for all equal
operations of one level, which is what lifting turns into one statement. On the right stands the program, a box for
each statement, first forward, then the adjoint.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.lift.emission import Body
from engine.lift.grids import levels
from engine.lift.reading import read_body
from viz import theme as themes
from viz.boxes import plain, quiet, words
from viz.drawing import Drawing, digest
from viz.legend import heading, swatches
from viz.numerals import TIMES
from viz.roles import SHAPES
from viz.theme import MONOSPACE, Theme

if TYPE_CHECKING:
    from engine.lift import Lifted
    from engine.lift.program import Program

MAX_NODES = 60

Edges = Counter[tuple[str, str]]


def draw_program(
    lifted: Lifted, *, title: str | None = None, theme: str | Theme = "light", max_nodes: int = MAX_NODES
) -> Drawing:
    """Draw the traced scalar graph and the lifted program side by side.

    Parameters
    ----------
    lifted : Lifted
        What ``engine.lift.lift`` returned.
    title : str, optional
        The line on top; by default how many operations became how many statements.
    theme : str or Theme
        light, dark, paper or auto.
    max_nodes : int
        The most scalar operations to draw one by one; a larger graph is folded by level and operation.

    Returns
    -------
    Drawing
        A ``graphviz.Digraph`` of two clusters. The scalar operation with number i of the trace is ``s<i>``, the
        statement that makes z1 is ``p_z1``.

    Raises
    ------
    ValueError
        If the theme is unknown.

    Examples
    --------
    >>> from engine import Value
    >>> from engine.lift import lift
    >>> w, b = Value(2.0), Value(0.5)
    >>> drawing = draw_program(lift(lambda x: (w * x + b).tanh(), 1.0, parameters=[w, b]))
    >>> drawing.title
    '3 operations on numbers, lifted to 2 statements and 3 of the adjoint'
    >>> "tanh(v1)" in drawing.text
    True
    """
    look = themes.named(theme)
    trace, program = lifted.passes["trace"], lifted.passes.get("adjoint", lifted.passes["names"])
    made = read_body(program)
    adjoint = sum(line.is_adjoint for line in made.lines)
    if title is None:
        title = f"{len(trace.statements):,} operations on numbers, lifted to {len(made.lines) - adjoint} statements"
        title += f" and {adjoint} of the adjoint" if adjoint else ""
    scope = f"g{digest(repr((title, trace, str(lifted), look, max_nodes)))}"
    drawing = Drawing("program", graph_attr=_graph_attributes(look, scope))
    roles = {leaf.kind for leaf in trace.leaves} | {"operation", "output"}
    remark = "dashed: the adjoint" if adjoint else ""
    drawing.attr(label=heading(title, [swatches(roles, remark, look)]))
    drawing.attr("node", shape="box", fontname=MONOSPACE, fontsize="10", fontcolor=look.ink, height="0.2")
    drawing.attr("node", margin="0.08,0.04")
    drawing.attr("edge", color=look.edge, arrowsize="0.5", fontname=MONOSPACE, fontsize="9", fontcolor=look.muted)
    _scalars(drawing, trace, look, scope, max_nodes)
    _statements(drawing, program, made, look, scope)
    drawing.title, drawing.text, drawing.dark_mode = title, f"{title}\n{lifted}", theme == "auto"
    drawing.description = drawing.text
    return drawing


def _graph_attributes(look: Theme, scope: str) -> dict[str, str]:
    return {
        "id": scope,
        "rankdir": "TB",
        "bgcolor": look.background,
        "fontname": MONOSPACE,
        "fontcolor": look.ink,
        "fontsize": "11",
        "labelloc": "t",
        "labeljust": "l",
        "nodesep": "0.12",
        "pad": "0.2",
    }


def _cluster(drawing: Drawing, name: str, label: str, look: Theme, scope: str) -> Any:
    made = drawing.__class__(name=f"cluster_{name}")
    made.attr(label=plain(label), labeljust="l", id=f"{scope}_{name}", style="rounded", color=look.muted)
    made.attr(fontcolor=look.muted, fontname=MONOSPACE, fontsize="10", penwidth="0.8", margin="10")
    return made


def _scalars(drawing: Drawing, trace: Program, look: Theme, scope: str, max_nodes: int) -> None:
    """Draw the operations on numbers: one by one, or equal ones of a level as one box."""
    n = len(trace.leaves)
    folds = n + len(trace.statements) > max_nodes
    level = levels(trace)
    operations = [leaf.kind for leaf in trace.leaves] + [s.operation for s in trace.statements]
    name = [f"s_{level[v]}_{op}" if folds else f"s{v}" for v, op in enumerate(operations)]
    shown = [op != "constant" for op in operations]
    counts = Counter(box for box, is_shown in zip(name, shown, strict=True) if is_shown)
    edges: Edges = Counter((name[a], name[v]) for v, s in enumerate(trace.statements, n) for a in s.args if shown[a])
    remark = ", equal operations of a level in one box" if folds else ""
    cluster = _cluster(drawing, "scalars", f"single numbers{remark}", look, scope)
    kind = dict(zip(name, operations, strict=True))
    outputs = {name[v] for v in trace.outputs}
    for box, count in counts.items():
        role = "output" if box in outputs else kind[box]
        label = f"{count:,} {TIMES} {kind[box]}" if count > 1 else kind[box]
        cluster.node(box, plain(label), **_painted(role, look), id=f"{scope}_{box}", tooltip=plain(label))
    for place, ((source, target), count) in enumerate(edges.items()):
        cluster.edge(source, target, label=f" {count:,}" if folds else "", id=f"{scope}_se{place}")
    drawing.subgraph(cluster)


def _statements(drawing: Drawing, program: Program, made: Body, look: Theme, scope: str) -> None:
    """Draw the program: the arrays that are given, then a box for each statement."""
    cluster = _cluster(drawing, "program", "the lifted program, for one sample", look, scope)
    known: set[str] = set()
    for leaf in program.leaves:
        if leaf.name and leaf.kind in ("input", "parameter"):
            known.add(leaf.name)
            _add_box(cluster, leaf.name, leaf.name, leaf.shape, _painted(leaf.kind, look), look, scope)
    for line in made.lines:
        painted = _painted("output" if line.name in made.outputs else "operation", look)
        if line.is_adjoint:
            painted["style"] += ",dashed"
        _add_box(cluster, line.name, f"{line.name} = {line.expression}", line.shape, painted, look, scope)
        dashes = {"style": "dashed"} if line.is_adjoint else {}
        for used in _names_in(line.expression, known):
            cluster.edge(f"p_{used}", f"p_{line.name}", id=f"{scope}_pe_{used}_{line.name}", **dashes)
        known.add(line.name)
    drawing.subgraph(cluster)


def _add_box(
    cluster: Any, name: str, text: str, shape: tuple[int, ...], painted: dict[str, str], look: Theme, scope: str
) -> None:
    size = f" {TIMES} ".join(map(str, shape))
    label = f"<{words(text)}{quiet(f'  {size}', look) if size else ''}>"
    cluster.node(f"p_{name}", label, id=f"{scope}_p_{name}", tooltip=plain(f"{text}  {size}".strip()), **painted)


def _names_in(expression: str, known: set[str]) -> Iterable[str]:
    """Return the variables that an expression uses, each once."""
    return [name for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", expression)) if name in known]


def _painted(role: str, look: Theme) -> dict[str, str]:
    shape = SHAPES.get(role, SHAPES["operation"])
    return {"color": look.frame_of(role), "fillcolor": look.fill_of(role), "class": role, **shape}
