"""``python -m engine``: a REPL; with an expression its value, its derivatives and the ledger of both."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from engine.calculus import grad
from engine.expression import CONSTANTS, assignments, evaluate, names_in
from engine.functions import Number
from engine.ledger import LIMIT, Ledger, explain
from engine.series import taylor
from engine.tables import Table
from engine.value import Value

BAD_ARGUMENT = 2
MOST_DERIVATIVES = 100
HIGHEST_ORDER = 30
EXAMPLES = """examples:
  python -m engine                                        a REPL
  python -m engine "tanh(w*x + b)" w=-3 x=2 b=6.8813735870195432
  python -m engine "x**2 * sin(y)" x=2 y=1 --order 2
  python -m engine "(x**2 + 1)/(x - 2)" x=1/3 --exact
  python -m engine --json "x*y" x=2 y=3
  python -m engine check module:f module:grad --at 1.5    is this gradient the derivative of f?
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Explain an expression or start the REPL; return 0, or 2 after a message that names the mistake.

    >>> main(["3 * 4"])
    f = 12.0
    0
    >>> main(["x**3", "x=1/2", "--exact", "--order", "3", "--brief"])
    f = 1/8
    df/dx = 3/4
    d2f/dx2 = 3
    d3f/dx3 = 6
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["check"]:
        from engine.check.command import main as check  # here, because it needs the extra `check`

        return check(words[1:])
    # With a space before it, argparse does not take an expression such as -x**2 for an option.
    words = [f" {word}" if word[:1] == "-" and word[:2] != "--" and word != "-h" else word for word in words]
    options = _parser().parse_intermixed_args(words)
    if options.expression is None:
        from engine.repl import start

        start(plain=options.plain)
        return 0
    try:
        answer = _answer(options)
    except (ValueError, ArithmeticError, TypeError) as error:
        print(f"python -m engine: {error}", file=sys.stderr)
        return BAD_ARGUMENT
    try:
        print(answer, flush=True)
    except BrokenPipeError:  # the reader, such as head, has seen enough; Python must not try again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("expression", nargs="?", help="for instance tanh(w*x + b); without it, a REPL")
    parser.add_argument("variables", nargs="*", metavar="x=1", help="a number for each of its names")
    parser.add_argument("--order", type=int, default=1, metavar="N", help="all derivatives up to this order")
    parser.add_argument("--brief", action="store_true", help="the value and the derivatives, without the ledger")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--exact", action="store_true", help="fractions instead of floats")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="ROWS", help="fold a longer ledger; 0 never folds")
    parser.add_argument("--plain", action="store_true", help="Python's own REPL even where IPython is installed")
    return parser


def _answer(options: argparse.Namespace) -> str:
    number: Callable[[str], Number] = Fraction if options.exact else float
    text = options.expression
    point = assignments(options.variables, number)
    if not 1 <= options.order <= HIGHEST_ORDER:
        raise ValueError(f"--order must be from 1 to {HIGHEST_ORDER}, got {options.order}")
    leaves = {name: Value(x, label=name) for name, x in point.items()}
    y = evaluate(text, leaves, number)
    surplus = [name for name in point if name not in names_in(text) and name not in CONSTANTS]
    if surplus:
        raise ValueError(f"{', '.join(surplus)} {'do' if len(surplus) > 1 else 'does'} not occur in {text.strip()!r}")
    y.label = y.label or next(name for name in ("f", "y", "result") if name not in point)
    ledger = explain(y, wrt=list(leaves.values()), limit=options.limit or None)
    higher = list(_higher(text, point, options.order, number))
    if options.json:
        return _as_json(ledger, higher)
    inexact = _first_inexact(ledger) if options.exact else ""
    return "\n".join([_as_text(ledger, higher, options.brief), *([inexact] if inexact else [])])


def _first_inexact(ledger: Ledger) -> str:
    """Say which function gave a float where fractions were asked for; "" if none did."""
    for v in ledger.graph.nodes:
        if v.row is not None and not isinstance(v.data, Fraction):
            return f"(not exact: {v.row.name} of a fraction is a float)"
    return ""


Derivative = tuple[tuple[str, ...], Number]


def _higher(
    text: str, point: Mapping[str, Number], order: int, number: Callable[[str], Number]
) -> Iterator[Derivative]:
    """Yield the derivatives of order 2 and up, each with the names by which it was taken."""

    def f(variables: Mapping[str, Any]) -> Value:
        return evaluate(text, variables, number)

    if order > 1 and len(point) == 1:
        ((name, x),) = point.items()
        coefficients = taylor(lambda v: f({name: v}), x, order)
        for k in range(2, order + 1):
            yield (name,) * k, coefficients[k] * math.factorial(k)
        return
    wanted = [c for k in range(2, order + 1) for c in itertools.combinations_with_replacement(point, k)]
    if len(wanted) > MOST_DERIVATIVES:
        raise ValueError(f"there are {len(wanted):,} derivatives to order {order}; give a lower --order")
    for names in wanted:
        g: Any = f
        for name in names:
            g = _partial(g, name)
        yield names, g(point)


def _partial(f: Callable[[Mapping[str, Any]], Any], name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda point: grad(lambda x: f({**point, name: x}))(point[name])


def _as_text(ledger: Ledger, higher: Sequence[Derivative], brief: bool) -> str:
    y = ledger.name(ledger.graph.output)
    parts = []
    if not brief and ledger.graph.output.row is not None:
        table = ledger.table()
        notes = tuple(note for note in table.notes if note != ledger.sentence())  # the gradient follows in full
        parts += [Table(table.title, table.heads, table.rows, table.styles, notes, table.optional).text(), ""]
    parts.append(f"{y} = {ledger.graph.output.data}")
    parts += [f"d{y}/d{ledger.name(x)} = {slope}" for x, slope in ledger.gradient().items()]
    parts += [f"{_quotient(y, names)} = {value}" for names, value in higher]
    return "\n".join(parts)


def _quotient(y: str, names: Sequence[str]) -> str:
    """Write d3f/dx2dy for the names x, x, y."""
    counts = {name: names.count(name) for name in names}
    below = "".join(f"d{name}{count if count > 1 else ''}" for name, count in counts.items())
    return f"d{len(names)}{y}/{below}"


def _as_json(ledger: Ledger, higher: Sequence[Derivative]) -> str:
    found = json.loads(ledger.json())
    found["higher"] = [
        {"by": list(names), "value": x if isinstance(x, float) and math.isfinite(x) else str(x)} for names, x in higher
    ]
    return json.dumps(found, indent=2)


if __name__ == "__main__":
    sys.exit(main())
