"""``python -m viz "tanh(w*x + b)" w=-3 x=2 b=6.88 -o neuron.svg``: an expression to a picture of its graph."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.expression import CONSTANTS, assignments, evaluate, names_in
from engine.value import Value
from viz.folding import LEVELS
from viz.operations import SIDES
from viz.render import RenderError
from viz.saving import SUFFIXES, save
from viz.steps import frames
from viz.text import tree
from viz.theme import THEMES


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw an expression; return 0, or 2 after a message that names the mistake.

    Examples
    --------
    >>> main(["x*x + x", "x=3", "--ascii"])
    #2 = +      data  12.000 | grad  1.0000
    |- #1 = *   data  9.0000 | grad  1.0000 | x 1
    |  |- x     data  3.0000 | grad  7.0000 | x x = 3.0000
    |  `- ^ x                               | x x = 3.0000
    `- ^ x                                  | x 1
    0
    """
    words = sys.argv[1:] if arguments is None else arguments
    # With a space before it, argparse does not take an expression such as -x**2 for an option.
    words = [f" {word}" if word[:1] == "-" and word[:2] not in ("--", "-o", "-h") else word for word in words]
    options = _parser().parse_intermixed_args(words)
    try:
        _refuse_what_does_nothing(options)
        value, leaves = _computed(options.expression.strip(), options.variables)
        _show(value, leaves, options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough; Python must not try again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, ArithmeticError, OSError, RenderError) as error:
        print(f"python -m viz: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m viz",
        description="Draw the computation graph of an expression, with its derivatives after backward().",
        epilog='example: python -m viz "tanh(w*x + b)" w=-3 x=2 b=6.88 -o neuron.svg',
    )
    parser.add_argument("expression", nargs="?", default="", help="for instance tanh(w*x + b)")
    parser.add_argument("variables", nargs="*", metavar="x=1", help="a number for each of its names")
    parser.add_argument("-o", "--output", metavar="FILE", help=f"{', '.join(SUFFIXES)}; without it, a tree of text")
    parser.add_argument(
        "--steps", action="store_true", help="both sweeps step by step; .html is a page that plays them"
    )
    parser.add_argument("--level", choices=LEVELS, default="auto", help="what a box stands for")
    parser.add_argument("--highlight", metavar="NAME", help="light every path from this variable")
    parser.add_argument("--theme", choices=[*THEMES], help="of a picture; auto by default")
    parser.add_argument("--direction", choices=[*SIDES], help="where the computation runs; LR by default")
    parser.add_argument("--ascii", action="store_true", help="plain ASCII, for a tree")
    parser.add_argument("--open", action="store_true", help="show the file that was written")
    return parser


def _refuse_what_does_nothing(options: argparse.Namespace) -> None:
    """Raise ValueError where an option would be ignored, and say what it belongs to."""
    suffix = Path(options.output or "").suffix.lower()
    is_text = options.output is None or suffix == ".txt"
    refused = [
        (not options.expression.strip(), 'there is no expression; give one, such as "tanh(w*x + b)" w=-3 x=2 b=6.88'),
        (options.open and options.output is None, "--open shows a file: name one with -o"),
        (options.steps and options.level != "auto", "--level folds a graph; --steps shows every operation"),
        (options.steps and options.highlight, "--highlight is for a graph, without --steps"),
        (
            options.ascii and (options.steps or not is_text),
            "--ascii is for a tree of text, and not for --steps",
        ),
        (is_text and options.theme, "--theme is for a picture: name one with -o"),
        (is_text and options.direction, "--direction is for a picture: name one with -o"),
    ]
    for is_wrong, message in refused:
        if is_wrong:
            raise ValueError(message)


def _computed(expression: str, words: Sequence[str]) -> tuple[Value, dict[str, Value]]:
    numbers = assignments(words)
    surplus = [name for name in numbers if name not in names_in(expression) and name not in CONSTANTS]
    if surplus:
        raise ValueError(f"{', '.join(surplus)} does not occur in {expression!r}")
    leaves = {name: Value(number, label=name) for name, number in numbers.items()}
    return evaluate(expression, leaves), leaves


def _show(value: Value, leaves: dict[str, Value], options: argparse.Namespace) -> None:
    if options.steps:
        path = _show_steps(value, options)
    else:
        value.backward()
        path = _show_graph(value, leaves, options)
    if path is not None:
        print(path)
        if options.open:
            webbrowser.open(path.resolve().as_uri())


def _show_steps(value: Value, options: argparse.Namespace) -> Path | None:
    steps = frames(value)
    if options.output is None:
        print(*(step.caption for step in steps), sep="\n")
        return None
    return save(steps, options.output, theme=options.theme, direction=options.direction or "LR")


def _show_graph(value: Value, leaves: dict[str, Value], options: argparse.Namespace) -> Path | None:
    chosen: dict[str, Any] = {"level": options.level}
    if options.highlight:
        if options.highlight not in leaves:
            raise ValueError(
                f"no variable {options.highlight!r} to highlight; there are: {', '.join(leaves) or 'none'}"
            )
        chosen["highlight"] = leaves[options.highlight]
    suffix = Path(options.output or "").suffix.lower()
    if options.output is None or suffix == ".txt":
        chosen |= {"ascii": True} if options.ascii else {}
    else:
        default = "light" if suffix in (".tex", ".mmd") else "auto"
        chosen |= {"theme": options.theme or default, "direction": options.direction or "LR"}
    if options.output is None:
        print(tree(value, **chosen))
        return None
    return save(value, options.output, **chosen)


if __name__ == "__main__":
    sys.exit(main())
