"""Names for Values that have no label: those of the caller's variables, found in lists, dicts and networks too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine.tables import shown
from engine.value import Constant, Value

DEEPEST = 5  # a list of lists of ... of Values: further down nobody would write the index
MOST = 20_000  # names; a loop over a data set's Values must not hold up a drawing


def names_of(variables: Mapping[str, Any] | None) -> dict[int, str]:
    """Return a name for each Value among some variables, by `id`; the first name wins.

    Parameters
    ----------
    variables: for instance `locals()`; None stands for the variables of the REPL or notebook, where there is one.

    Raises TypeError for what is no mapping.

    >>> a, w = Value(1.0), [Value(2.0), Value(3.0)]
    >>> list(names_of({"a": a, "same": a, "w": w}).values())
    ['a', 'w[0]', 'w[1]']
    >>> names_of(["a"])
    Traceback (most recent call last):
    ...
    TypeError: names must map names to Values, as locals() does, got list
    """
    if variables is None:
        variables = _interactive()
    if not isinstance(variables, Mapping):
        raise TypeError(f"names must map names to Values, as locals() does, got {type(variables).__name__}")
    found: dict[int, str] = {}
    for name, thing in list(variables.items()):
        if not isinstance(name, str) or name.startswith("_") or name in ("In", "Out"):  # IPython's own history
            continue
        for path, value in _values_in(name, thing, DEEPEST):
            found.setdefault(id(value), path)
            if len(found) == MOST:
                return found
    return found


def namer(nodes: Sequence[Value], names: Mapping[str, Any] | None = None) -> Callable[[Value], str]:
    """Return a function that names a Value of a graph: its label, the caller's variable, a constant's number, or #id.

    >>> x = Value(3.0)
    >>> y = x * 2
    >>> name = namer([x, *y.args[1:], y], {"x": x})
    >>> name(x), name(y.args[1]), name(y)
    ('x', '2', '#2')
    """
    found = names_of(names)
    index: dict[Value, int] = {}
    for v in nodes:  # some may be given twice: the first place counts, which is the id in a Graph
        index.setdefault(v, len(index))

    def name(v: Value) -> str:
        if v.label or id(v) in found:
            return one_line(v.label) or found[id(v)]
        return f"{shown(v.data)}" if isinstance(v, Constant) else f"#{index[v]}"

    return name


def one_line(label: str) -> str:
    r"""Return a label as a table or a picture can show it: one line; what has no shape (control characters) as a mark.

    >>> one_line("two\nlines"), one_line("bell\a")
    ('two lines', 'bell\ufffd')
    """
    if label.isprintable():
        return label
    marks = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in label.replace("\n", " "))
    return "".join(marks)


def _values_in(path: str, thing: Any, depth: int) -> Iterator[tuple[str, Value]]:
    if isinstance(thing, Value):
        yield path, thing
    elif depth and isinstance(thing, (list, tuple)):
        for place, inner in enumerate(thing):
            yield from _values_in(f"{path}[{place}]", inner, depth - 1)
    elif depth and isinstance(thing, dict):
        for key, inner in thing.items():
            yield from _values_in(f"{path}[{key!r}]", inner, depth - 1)
    elif depth:
        inside = getattr(thing, "__dict__", {})  # not getattr: a property of a stranger's class may do anything
        for part in ("layers", "neurons", "w", "b"):
            if isinstance(inside.get(part), (list, Value)):
                yield from _values_in(f"{path}.{part}", inside[part], depth)


def _interactive() -> Mapping[str, Any]:
    """Return the variables of a REPL or notebook; none for a program, whose pictures must not depend on who runs it."""
    if hasattr(sys, "ps1") or getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)() is not None:
        return vars(sys.modules["__main__"])
    return {}
