"""From a program to text: its lines, and the source of a self-contained NumPy module.

In a module the samples are the last axis inside every function (z1 = W1 @ x + b1 stays what it is in the theorem), and
the rows of what goes in and comes out. An expression that is used once is written where it is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.lift.brackets import holes
from engine.lift.helpers import HELPERS, NAMESPACE, NEEDS
from engine.lift.program import Leaf, Program, Shape
from engine.lift.wording import Wording, number_text

_LONG = 56
"""An expression longer than this gets a line, and a name, of its own."""


class Line(NamedTuple):
    """One statement of the text: a name, what it is, and the shape for one sample."""

    name: str
    expression: str
    shape: Shape
    is_adjoint: bool


class Body(NamedTuple):
    """The lines of a program, and the names of its outputs."""

    lines: tuple[Line, ...]
    outputs: tuple[str, ...]


def body(program: Program, wording: Wording) -> Body:
    """Return the lines of a program, each expression that is used once and is short within the one that uses it."""
    n, kept = len(program.leaves), set(program.outputs)
    templates = [wording.template(s, v) for v, s in enumerate(program.statements, n)]
    uses = Counter(s.args[i] for s, t in zip(program.statements, templates, strict=True) for i in holes(t))
    text = [wording.leaf(leaf) for leaf in program.leaves]
    lines: list[Line] = []
    forward = program.forward if program.forward >= 0 else len(program.statements)
    names = _Names(program)
    for v, s in enumerate(program.statements, n):
        expression = wording.expression(s, templates[v - n], [text[a] for a in s.args])
        is_short = wording.is_repeated(expression) or (uses[v] == 1 and len(expression) <= _LONG)
        if not s.name and v not in kept and is_short:
            text.append(expression)
        else:
            is_adjoint = v - n >= forward
            text.append(s.name or names.new(v, is_adjoint))
            lines.append(Line(text[v], expression, s.shape, is_adjoint))
    return Body(tuple(lines), tuple(text[v] for v in program.outputs))


class _Names:
    """Names for statements that have none: v1, v2, ..., g1, g2, ... in the adjoint, and value for the one result."""

    def __init__(self, program: Program) -> None:
        self._taken = {leaf.name for leaf in program.leaves} | {s.name for s in program.statements}
        self._value = program.outputs[0] if not program.shape(program.outputs[0]) else None
        self._counts = {"v": 0, "g": 0}

    def new(self, v: int, is_adjoint: bool) -> str:
        if v == self._value and not is_adjoint:
            return "value"
        letter = "g" if is_adjoint else "v"
        while True:
            self._counts[letter] += 1
            if (name := f"{letter}{self._counts[letter]}") not in self._taken:
                return name


class Function(NamedTuple):
    """One function of a module: its name, what it returns, its program, and how the seeds are scaled."""

    name: str
    title: str
    program: Program
    seeds: str = ""


def module(title: str, functions: Sequence[Function], arguments: Sequence[str]) -> str:
    """Return the source of a module with these functions of (parameters, *arguments); it needs NumPy only."""
    wordings = [Wording(f.program) for f in functions]
    for wording in wordings[1:]:  # one set of functions and index arrays for all
        wording.functions, wording.helpers, wording.indices = (
            wordings[0].functions,
            wordings[0].helpers,
            wordings[0].indices,
        )
        wording.share_names(wordings[0])
    texts = [_function(f, w, arguments) for f, w in zip(functions, wordings, strict=True)]
    first = wordings[0]
    parts = [f'"""{title}"""\n', _imports(first.helpers)]
    leaves = dict.fromkeys(leaf for f in functions for leaf in f.program.leaves)
    arrays = [f"{x.name.upper()} = np.array({_array(x)})" for x in leaves if x.kind == "constant" and x.shape]
    arrays += [f"{name} = np.array({list(index)})" for index, name in first.indices.items()]
    parts += ["\n".join(arrays) + "\n"] if arrays else []
    needed = first.helpers.union(*(NEEDS.get(name, ()) for name in first.helpers))
    parts += [NAMESPACE, *(HELPERS[name] for name in sorted(needed))]
    for name, (form, title) in first.functions.items():
        lines = "\n    ".join([f'"""Return {title}."""', *form.text().split("\n")])
        parts.append(f"\ndef {name}({', '.join(form.names)}, xp):\n    {lines}\n")
    return "\n".join([*parts, *texts])


def _imports(helpers: Iterable[str]) -> str:
    special = {"erf", "erfc"} & set(helpers)
    return "\n".join(
        [*(["import importlib", "import math"] if special else []), "import sys", "", "import numpy as np", ""]
    )


def _array(leaf: Leaf) -> str:
    """Return a constant array as nested lists."""

    def nested(cells: Sequence[float], shape: Shape) -> str:
        if len(shape) == 1:
            return f"[{', '.join(number_text(c).replace('xp.', 'np.') for c in cells)}]"
        step = len(cells) // shape[0]
        return f"[{', '.join(nested(cells[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))}]"

    return nested(leaf.cells, leaf.shape)


def _function(f: Function, wording: Wording, arguments: Sequence[str]) -> str:
    program = f.program
    made = body(program, wording)
    leaves = program.leaves
    parameters = [leaf.name for leaf in leaves if leaf.kind == "parameter"]
    inputs = [leaf for leaf in leaves if leaf.kind == "input"]
    like = parameters[0] if parameters else inputs[0].name if inputs else "np.float64(0)"
    lines = [f"({', '.join(parameters)},) = parameters"] if parameters else []
    lines.append(f"xp = namespace({like})")
    for leaf in inputs:
        if leaf.shape:
            lines.append(
                f"{leaf.name} = " + (f"{leaf.name}.T" if len(leaf.shape) == 1 else f"xp.moveaxis({leaf.name}, 0, -1)")
            )
    constants = [leaf for leaf in leaves if leaf.kind == "constant" and leaf.shape]
    lines += [f"{leaf.name} = xp.asarray({leaf.name.upper()}, dtype={like}.dtype)" for leaf in constants]
    forward = [line for line in made.lines if not line.is_adjoint]
    lines += [f"{line.name} = {line.expression}" for line in forward]
    outputs = program.outputs[: len(program.outputs) - len(parameters)] if f.seeds else program.outputs
    results = made.outputs[: len(outputs)]
    if f.seeds:
        lines += [
            f"{leaf.name} = {f.seeds.replace('OUTPUT', results[leaf.cells[0]]).replace('LIKE', like)}"
            for leaf in leaves
            if leaf.kind == "seed"
        ]
    lines += [f"{line.name} = {line.expression}" for line in made.lines if line.is_adjoint]
    shown = [_turned(text, program, v, wording) for text, v in zip(results, outputs, strict=True)]
    if f.seeds:
        gradients = zip(made.outputs[len(outputs) :], program.outputs[len(outputs) :], strict=True)
        pairs = [_turned(text, program, v, wording) for text, v in gradients]
        lines.append(f"return {shown[0]}, ({', '.join(pairs)}{',' if pairs else ''})")
    else:
        lines.append(f"return {shown[0]}")
    more = [", scale"] if "scale" in f.seeds else [", seed"] if f.seeds else []
    head = f"def {f.name}(parameters{''.join(f', {a}' for a in arguments)}{''.join(more)}):"
    code = "\n    ".join([f'"""{f.title}"""', *lines])
    return f'\n@np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")\n{head}\n    {code}\n'


def _turned(text: str, program: Program, v: int, wording: Wording) -> str:
    """Return a result with the samples first."""
    shape = program.shape(v)
    if not wording.batched[v] or not shape:
        return text
    return f"{text}.T" if len(shape) == 1 else f"xp.moveaxis({text}, -1, 0)"
