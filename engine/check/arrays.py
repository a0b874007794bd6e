"""NumPy code on the oracles' numbers: an array of objects that knows what NumPy's and SciPy's functions mean for them.

NumPy calls an object's method for most of its functions. `TracedArray` adds those for which it has no such loop
(logaddexp, isnan, scipy.special.expit, ...), and lets maximum and clip be one operation with a kink rather than a
bare choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.check.traced import METHODS, Traced

Array = np.ndarray[Any, Any]


class TracedArray(np.ndarray[Any, Any]):
    """An array of Traced numbers; what is computed from it is one too.

    >>> from engine.check.fields import RealField
    >>> from engine.check.tape import Tape
    >>> tape = Tape(RealField(60))
    >>> a = traced_array([Traced(tape, tape.leaf(x)) for x in (1.0, 2.0)], (2,))
    >>> y = np.logaddexp(a[0], a[1]) + np.maximum(a, 0).sum()
    >>> [round(float(tape.sweep(y.node)[x.node.index]), 6) for x in a]
    [1.268941, 1.731059]
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch(ufunc, method, inputs, kwargs)


def dispatch(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a function of NumPy's or SciPy's gives for Traced numbers and arrays of them."""
    plain = tuple(_plain(x) for x in inputs)
    if "out" in kwargs:
        kwargs["out"] = tuple(_plain(x) for x in kwargs["out"])
    special = _of_objects(ufunc) if method == "__call__" else None
    if special is None:
        result = getattr(ufunc, method)(*plain, **kwargs)
    else:
        result = np.frompyfunc(special, ufunc.nin, ufunc.nout)(*plain)
        if ufunc.__name__ in PREDICATES:
            result = np.asarray(result, dtype=bool)
        if "out" in kwargs:
            kwargs["out"][0][...] = result
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result.view(TracedArray)
    return result


def traced_array(numbers: list[Traced], shape: tuple[int, ...]) -> TracedArray:
    """Return the numbers as an array of that shape."""
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array.reshape(shape).view(TracedArray)


def _plain(x: Any) -> Any:
    """Return an array without its class, and a number as an array of no dimensions, so that NumPy itself takes over."""
    if isinstance(x, TracedArray):
        return x.view(np.ndarray)
    if isinstance(x, Traced):
        holder = np.empty((), dtype=object)
        holder[()] = x
        return holder
    return x


def _first(a: Any, b: Any, choose: str) -> Any:
    """Return the larger or smaller of two, of which either may be a plain number."""
    if isinstance(a, Traced):
        return getattr(a, choose)(b)
    if isinstance(b, Traced):
        return getattr(b, choose)(a)
    return getattr(np, choose)(a, b)


def _clip(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = _first(x, low, "maximum")
    return x if high is None else _first(x, high, "minimum")


def _sign(x: Any) -> Any:
    return x.signum() if isinstance(x, Traced) else np.sign(x)


def _xlogy(x: Any, y: Any) -> Any:
    if not isinstance(x, Traced) and x == 0:
        return 0.0
    return x * (y.apply("log") if isinstance(y, Traced) else np.log(y))


def _heaviside(x: Any, at_zero: Any) -> Any:
    if not isinstance(x, Traced):
        return np.heaviside(x, at_zero)
    return 1.0 if x > 0 else 0.0 if x < 0 else at_zero


def _is_undefined(x: Any) -> bool:
    return x.node.value is None if isinstance(x, Traced) else bool(np.isnan(x))


SPECIAL: dict[str, Callable[..., Any]] = {
    "maximum": lambda a, b: _first(a, b, "maximum"),
    "minimum": lambda a, b: _first(a, b, "minimum"),
    "fmax": lambda a, b: _first(a, b, "maximum"),
    "fmin": lambda a, b: _first(a, b, "minimum"),
    "clip": _clip,
    "sign": _sign,
    "heaviside": _heaviside,
    "xlogy": _xlogy,
    "log_expit": lambda x: x.log_sigmoid() if isinstance(x, Traced) else -np.logaddexp(0.0, -x),
    "absolute": abs,
    "fabs": abs,
    "isnan": _is_undefined,
    "isinf": lambda x: False if isinstance(x, Traced) else bool(np.isinf(x)),
    "isfinite": lambda x: not _is_undefined(x) and (isinstance(x, Traced) or bool(np.isfinite(x))),
}
"""NumPy's and SciPy's functions that are not simply a method of the number."""

PREDICATES = frozenset(("isnan", "isinf", "isfinite"))


def _of_objects(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """Return what a function of NumPy's or SciPy's does with single objects, or None to leave it to NumPy."""
    name = ufunc.__name__
    if name in SPECIAL:
        return SPECIAL[name]
    if name not in METHODS or ufunc.nin > 2 or name == "pow":
        return None

    def function(*xs: Any) -> Any:
        if isinstance(xs[0], Traced):
            return getattr(xs[0], name)(*xs[1:])
        if len(xs) == 2 and isinstance(xs[1], Traced):
            if name in ("hypot", "logaddexp"):  # symmetric
                return getattr(xs[1], name)(xs[0])
            return getattr(xs[1].context.mpf(xs[0]), name)(xs[1])
        return ufunc(*xs)

    return function
