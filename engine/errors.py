"""Errors that teach: what was wrong, the value that was wrong with its node and line, and what to do."""

from __future__ import annotations

from typing import Any, NoReturn


def explained(error: Exception, row: Any, args: Any, data: Any = None) -> str:
    """Return the message for an error that a row's function raised on these Values, or on other data in their place.

    >>> from engine.value import Value
    >>> Value(-1.0, label="p").log()
    Traceback (most recent call last):
    ...
    ValueError: log needs a positive number, got -1.0 (node 'p')
    """
    data = [a.data for a in args] if data is None else data
    got = ", ".join(f"{number}{_where(a)}" for number, a in zip(data, args, strict=True))
    if row.domain and not isinstance(error, (OverflowError, TypeError)):
        return f"{row.name} needs {row.domain}, got {got}"
    if isinstance(error, OverflowError) and all(isinstance(number, (int, float)) for number in data):
        return f"{row.name}({got}) is too large for a float"
    kinds = {type(number).__name__: None for number in data}
    mixed = isinstance(error, TypeError) and len(kinds) > 1
    cure = f"; {' and '.join(kinds)} do not mix, give both as one type" if mixed else ""
    return f"{row.name}({got}): {error}{cure}"


def refuse_float(v: Any) -> NoReturn:
    """Raise the TypeError for `float(v)`, which functions such as math.sin call and which would lose the derivative.

    >>> import math
    >>> from engine.value import Value
    >>> math.sin(Value(1.0, label="x"))
    Traceback (most recent call last):
    ...
    TypeError: a Value (x) as a plain float would lose its derivative: use engine.sin(v) or v.sin() for math.sin(v), and v.data where only the number is wanted
    """  # noqa: E501 - an error is one line
    cure = "use engine.sin(v) or v.sin() for math.sin(v), and v.data where only the number is wanted"
    name = f" ({v.label})" if v.label else ""
    raise TypeError(f"a Value{name} as a plain float would lose its derivative: {cure}")


def _where(v: Any) -> str:
    from engine.lines import line_of  # here, because the lines are kept by a kind of Value

    parts = [f"node {v.label!r}"] if v.label else []
    parts += [f"made at {line_of(v)}"] if line_of(v) else []
    return f" ({', '.join(parts)})" if parts else ""
