"""One operation as a formula over the names of its arguments: `x*y`, `tanh(z)`, `dot(3 + 3 arguments)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.value import Value

LONGEST = 40  # characters of a sum or function of several arguments
SIGNS = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0}*{1}", "div": "{0}/{1}", "pow": "{0}**{1}", "neg": "-{0}"}


def formula(v: Value, name: Callable[[Value], str]) -> str:
    """Return the operation that made a Value; its name if it is a leaf.

    >>> x = Value(2.0, label="x")
    >>> formula((x + 1).tanh(), lambda v: v.label or "z"), formula(x * x, lambda v: v.label)
    ('tanh(z)', 'x*x')
    """
    if v.row is None:
        return name(v)
    names = [name(a) for a in v.args]
    if v.row.name in SIGNS:
        return SIGNS[v.row.name].format(*(f"({n})" if _is_compound(n) else n for n in names))
    written = _products(names) if v.row.name == "dot" else f"{v.row.name}({', '.join(names)})"
    return written if len(written) <= LONGEST or len(names) == 1 else f"{v.row.name}({len(names):,} arguments)"


def _is_compound(name: str) -> bool:
    """Tell whether a name would be misread beside a sign: a negative number, or a complex one.

    >>> _is_compound("-2"), _is_compound("1+2j"), _is_compound("x")
    (True, True, False)
    """
    return name.startswith("-") or (name[:1].isdigit() and name.endswith("j"))


def _products(names: Sequence[str]) -> str:
    """Write w1*x1 + w2*x2 + b; the arguments are all weights, all inputs, and perhaps a bias."""
    n = len(names) // 2
    terms = [f"{w}*{x}" for w, x in zip(names[:n], names[n : 2 * n], strict=True)]
    return " + ".join([*terms, *names[2 * n :]])
