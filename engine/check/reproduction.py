"""Lines of Python that repeat a check: the functions by their names, the point to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LONGEST = 400  # characters; a larger point is named rather than written out


def reproduction(f: Callable[..., Any], grad: Callable[..., Any], at: Any, order: int = 1) -> str:
    r"""Return the lines to paste.

    >>> import math
    >>> print(reproduction(math.sin, math.cos, 0.5))
    from math import cos, sin
    from engine.check import check_gradient
    print(check_gradient(sin, cos, at=0.5))
    """
    imports, names = _imports(f, grad)
    shown, needs_numpy = _literal(at)
    lines = ["import numpy as np"] if needs_numpy else []
    lines += [*imports, "from engine.check import check_gradient"]
    if shown == "at":
        lines.insert(-1, "# at is the point that was checked; written out, it is longer than this")
    extra = f", order={order}" if order != 1 else ""
    lines.append(f"print(check_gradient({names[0]}, {names[1]}, at={shown}{extra}))")
    return "\n".join(lines)


def _imports(*functions: Callable[..., Any]) -> tuple[list[str], list[str]]:
    homes: dict[str, set[str]] = {}
    names = []
    comments = []
    for role, function in zip(("f", "grad"), functions, strict=True):
        module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
        if module and name.isidentifier() and module not in ("__main__", "builtins"):
            homes.setdefault(module, set()).add(name)
            names.append(name)
        elif name.isidentifier():
            names.append(name)
        else:
            names.append(role)
            comments.append(f"# {role} is {_place(function)}")
    imports = [f"from {module} import {', '.join(sorted(found))}" for module, found in sorted(homes.items())]
    return imports + comments, names


def _place(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    if code is None:
        return name
    return f"{name}, line {code.co_firstlineno} of {code.co_filename.replace(chr(92), '/').rpartition('/')[2]}"


def _literal(at: Any) -> tuple[str, bool]:
    """Return the point as Python, and whether that takes NumPy; floats are written by repr, which keeps every bit."""
    found = {"numpy": False}

    def write(part: Any) -> str:
        if isinstance(part, dict):
            return "{" + ", ".join(f"{key!r}: {write(item)}" for key, item in part.items()) + "}"
        if isinstance(part, tuple):
            return "(" + ", ".join(map(write, part)) + ("," if len(part) == 1 else "") + ")"
        if isinstance(part, list):
            return "[" + ", ".join(map(write, part)) + "]"
        if getattr(part, "ndim", 0) > 0:
            found["numpy"] = True
            dtype = "" if part.dtype == float else f", dtype={str(part.dtype)!r}"
            return f"np.array({part.tolist()!r}{dtype})"
        number = part.data if hasattr(part, "row") else part  # a Value, or a number
        return repr(float(number) if hasattr(number, "dtype") else number)

    shown = write(at)
    return (shown, found["numpy"]) if len(shown) <= LONGEST else ("at", False)
