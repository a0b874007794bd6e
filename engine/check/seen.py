"""What people's functions see: the data and the functions that the names in their code stand for."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import partial
from inspect import unwrap
from types import CodeType
from typing import Any

LIBRARIES = ("builtins", "numpy", "scipy", "engine")  # where nobody's data are


def is_own(thing: Any) -> bool:
    """Tell whether a function or a class is people's own, and not a library's."""
    return (getattr(thing, "__module__", None) or "").partition(".")[0] not in LIBRARIES


def seen_by(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a function finds by its names, with these names; of methods and partials, what these hold.

    >>> def loss_of(X):
    ...     return lambda w: X @ w
    >>> dict(seen_by(loss_of([1.0, 2.0])))["X"]
    [1.0, 2.0]
    >>> "X" in dict(seen_by(abs))
    False
    """
    if isinstance(function, partial):
        yield "func", function.func
        yield from ((f"argument {i + 1}", thing) for i, thing in enumerate(function.args))
        yield from function.keywords.items()
    decorated = unwrap(function)
    if decorated is not function:
        yield "decorated", decorated
        yield from seen_by(decorated)
    owner = getattr(function, "__self__", function)
    yield "self", owner
    if is_own(type(owner)):
        yield from ((f"self.{name}", thing) for name, thing in getattr(owner, "__dict__", {}).items())
    inner = getattr(function, "__func__", function)
    code = getattr(inner, "__code__", None)
    if not isinstance(code, CodeType):
        return
    if is_own(inner):
        defaults = inner.__defaults__ or ()
        positional = code.co_varnames[: code.co_argcount]
        yield from zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
        yield from (inner.__kwdefaults__ or {}).items()
        yield from ((n, inner.__globals__[n]) for n in _globals_in(code) if n in inner.__globals__)
    for name, cell in zip(code.co_freevars, inner.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that code uses, and the functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
        elif isinstance(constant, str):
            yield constant


def _globals_in(code: CodeType) -> Iterator[str]:
    """Yield the global names that code looks up: of `K.T` only K, though there may be a T as well."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_in(constant)
