"""The checker from a shell. Functions and points are named or literal; nothing that is typed is evaluated as code."""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from engine.check.checking import ON_KINK, ORACLES, check_gradient
from engine.check.report import PASSES
from engine.check.table import text

STATUS = dict.fromkeys(PASSES, 0) | {"wrong": 1, "inconclusive": 3}
USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Check the named gradient and print the report; return 0, or 1 if it is wrong, 2 for misuse, 3 if no one can tell.

    >>> main(["math:sin", "math:cos", "--at", "0.5"])  # doctest: +ELLIPSIS
    gradient: ok   (1 component: 1 ok)
    oracle: ladder (... calls of f)
    note: f is a black box, it runs on doubles only: TypeError: must be real number, not Traced
    note: with NumPy's functions, or those of engine.elementary, in place of math's its gradient could be proved
    0
    >>> main(["math:sin", "math:coss", "--at", "0.5"])
    error: module 'math' has no 'coss'; did you mean 'cos'?
    2
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if options.table:
        print(text(options.points))
        return 0
    if not (options.f and options.grad and options.at is not None):
        parser.error("name a function, its gradient and a point: module:f module:grad --at 1.5 (or --table)")
    sys.path.insert(0, os.getcwd())  # as python -m pytest does: modules of the current folder can be named
    try:
        f, grad, at = _named(options.f), _named(options.grad), _point(options.at, options.array)
        report = check_gradient(f, grad, at, order=options.order, oracle=options.oracle, on_kink=options.on_kink)
    except (ImportError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        print("error: " + "; ".join([str(error), *getattr(error, "__notes__", [])]))
        return USAGE
    finally:
        sys.path.remove(os.getcwd())
    print(report)
    return STATUS[report.verdict]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.check", description="Is this gradient the derivative of f?")
    parser.add_argument("f", nargs="?", help="module:function, such as model:loss")
    parser.add_argument("grad", nargs="?", help="module:function, such as model:gradient")
    parser.add_argument("--at", help='the point: a Python literal such as "[1.0, 2.0]", or module:name')
    parser.add_argument("--array", action="store_true", help="make NumPy arrays of the point's lists")
    parser.add_argument("--order", type=int, default=1, choices=(1, 2), help="2: grad gives the Hessian")
    parser.add_argument("--oracle", default="auto", choices=ORACLES)
    parser.add_argument("--on-kink", default="report", choices=ON_KINK)
    parser.add_argument("--table", action="store_true", help="print the errors of every function of the engine, in ulp")
    parser.add_argument("--points", type=int, default=100, metavar="N", help="points per function of the table")
    return parser


def _named(reference: str) -> Any:
    """Return what module:name names, with a hint where there is no such name."""
    module, colon, name = reference.partition(":")
    if not colon or not name:
        raise ValueError(f"{reference!r} names no function; write module:function, such as model:loss")
    if module.endswith(".py"):
        raise ValueError(f"{reference!r} names a file; write the module, {module[:-3].replace('/', '.')}:{name}")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.startswith(error.name):
            error.add_note(f"it is looked for in {os.getcwd()}, and where Python finds its modules")
        raise
    for part in name.split("."):
        if not hasattr(found, part):
            import difflib

            near = difflib.get_close_matches(part, dir(found), n=1)
            raise ValueError(f"module {module!r} has no {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        found = getattr(found, part)
    return found


def _point(written: str, array: bool) -> Any:
    """Return the point: a literal, read as data, or the thing that module:name names."""
    try:
        at = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        if ":" not in written or "[" in written:
            raise ValueError(f"--at {written!r} is neither a number, a list nor module:name") from None
        at = _named(written)
    return _arrays(at) if array else at


def _arrays(at: Any) -> Any:
    import numpy as np

    if isinstance(at, tuple):
        return tuple(_arrays(part) for part in at)
    if isinstance(at, dict):
        return {key: _arrays(part) for key, part in at.items()}
    return np.array(at, dtype=float)
