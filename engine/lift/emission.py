"""From a program to text: a self-contained NumPy module, or the program for one sample as a person would write it.

In a module the samples are the last axis inside every function (z1 = W1 @ x + b1 stays what it is in the theorem), and
the rows of what goes in and comes out. An expression that is used once is written where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.lift.helpers import HELPERS, NAMESPACE, NEEDS
from engine.lift.program import Leaf, Program, Shape
from engine.lift.wording import Wording, number_text

_LONG = 56
"""An expression longer than this gets a line, and a name, of its own."""

_HOLES = re.compile(r"\$(\d+)|#(\d+)")


_ONE = re.compile(r"(?<![\w.])1 \* | \* 1(?![\w.])")


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
    n = len(program.leaves)
    templates = [wording.template(s, v) for v, s in enumerate(program.statements, n)]
    uses = [0] * (n + len(templates))
    for s, template in zip(program.statements, templates, strict=True):
        for hole in _HOLES.finditer(template):
            uses[s.args[int(hole[1] or hole[2])]] += 1
    kept = set(program.outputs)
    text = [leaf_text(leaf, batch=wording.batch) for leaf in program.leaves]
    lines: list[Line] = []
    forward = program.forward if program.forward >= 0 else len(templates)
    counts = {"v": 0, "g": 0}
    taken = {s.name for s in program.statements}
    for i, (s, template) in enumerate(zip(program.statements, templates, strict=True)):
        expression = _filled(template, [text[a] for a in s.args])
        if not wording.batch:  # times the seed, 1 (a constant of the program is written 1.0)
            expression = _ONE.sub("", expression)
        is_adjoint = i >= forward
        if uses[n + i] == 1 and not s.name and n + i not in kept and len(expression) <= _LONG:
            text.append(expression)
            continue
        name = s.name
        if not name:
            letter = "g" if is_adjoint else "v"
            counts[letter] += 1
            while f"{letter}{counts[letter]}" in taken:
                counts[letter] += 1
            name = f"{letter}{counts[letter]}"
        lines.append(Line(name, expression, s.shape, is_adjoint))
        text.append(name)
    return Body(tuple(lines), tuple(text[v] for v in program.outputs))


def leaf_text(leaf: Leaf, *, batch: bool = True) -> str:
    """Return how a leaf is written: by its name; a single constant by its digits."""
    if leaf.kind == "constant" and not leaf.shape:
        return number_text(leaf.cells[0])
    if leaf.kind == "seed" and not leaf.shape and not batch:
        return "1"
    return leaf.name


def _filled(template: str, arguments: Sequence[str]) -> str:
    def fill(hole: re.Match[str]) -> str:
        if hole[1] is None:
            return arguments[int(hole[2])]
        argument = arguments[int(hole[1])]
        return argument if _is_atom(argument) else f"({argument})"

    return _HOLES.sub(fill, template)


def _is_atom(text: str) -> bool:
    """Whether an operator beside this text would apply to all of it: it has no operator outside of brackets."""
    if text.startswith("-"):
        return False
    if " " not in text:
        return True
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == " " and depth == 0:
            return False
    return True


def readable(program: Program) -> str:
    """Return the program for one sample, forward and adjoint, with the shapes as comments."""
    made = body(program, Wording(program, batch=False))
    width = min(48, max([len(line.name) + len(line.expression) + 3 for line in made.lines], default=0))
    text = [_given(program), "# forward"]
    for i, line in enumerate(made.lines):
        if line.is_adjoint and (i == 0 or not made.lines[i - 1].is_adjoint):
            text.append("# adjoint")
        code = f"{line.name} = {line.expression}"
        text.append(f"{code.ljust(width)}  # {_shape_text(line.shape)}")
    return "\n".join([*text, f"return {', '.join(made.outputs)}"])


def _given(program: Program) -> str:
    """Return the names and shapes of the arrays that are given."""
    words = {"input": "input", "parameter": "parameters", "constant": "constants", "seed": "adjoint of the output"}
    kinds: dict[str, list[str]] = {}
    for leaf in program.leaves:
        if leaf.name and leaf_text(leaf, batch=False) == leaf.name:
            kinds.setdefault(words[leaf.kind], []).append(f"{leaf.name} {_shape_text(leaf.shape)}")
    return "\n".join(f"# {kind}: {', '.join(names)}" for kind, names in kinds.items())


def _shape_text(shape: Shape) -> str:
    return str(shape) if shape else "a number"


class Function(NamedTuple):
    """One function of a module: its name, what it returns, its program, and how the seeds are scaled."""

    name: str
    title: str
    program: Program
    seeds: str = ""


def module(title: str, functions: Sequence[Function], arguments: Sequence[str]) -> str:
    """Return the source of a module with these functions of (parameters, *arguments); it needs NumPy only."""
    wordings = [Wording(f.program, batch=True) for f in functions]
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
    for name, form in first.functions.items():
        lines = form.text().replace("\n", "\n    ")
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
