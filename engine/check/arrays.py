"""NumPy code on the oracles' numbers: an array of objects that knows what NumPy's and SciPy's functions mean for them.

NumPy calls an object's method for most of its functions. `TracedArray` adds those for which it has no such loop
(logaddexp, isnan, scipy.special.expit, ...), computes plain numbers that stand among the others with as many digits,
and lets maximum and clip be one operation with a kink rather than a bare choice. What it does is what NumPy does to
doubles, keyword by keyword; where it cannot be, the answer is a TypeError or NotImplementedError, and the function that
asked is a black box.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.check.traced import METHODS, RUNNING, Traced

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

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call(func, types, args, kwargs)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a copy for doubles, which these numbers stand for, and else what NumPy says."""
        if self.dtype == object and np.dtype(dtype) == np.float64 and not args and not kwargs:
            return self.copy()
        return super().astype(dtype, *args, **kwargs)

    def reshape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the array in another shape; in the shape (), its number."""
        return _traced(super().reshape(*args, **kwargs))

    def squeeze(self, *args: Any, **kwargs: Any) -> Any:
        """Return the array without axes of length 1; where none is left, its number."""
        return _traced(super().squeeze(*args, **kwargs))


def _ordering(name: str) -> Callable[..., Any]:
    """Return a method that puts numbers in order, and refuses those that have no place in it: NumPy puts nan last."""

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        if self.dtype == object and _some_undefined(self):
            raise NotImplementedError(f"{name} of numbers of which one is nan or infinite")
        return getattr(super(TracedArray, self), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"Return what NumPy's {name} gives, where all numbers are defined."
    return method


for _name in ("sort", "argsort", "partition", "argpartition", "argmax", "argmin", "searchsorted"):
    setattr(TracedArray, _name, _ordering(_name))


def dispatch(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a function of NumPy's or SciPy's gives for Traced numbers and arrays of them.

    Every keyword is NumPy's own to honour, or to refuse with TypeError; but dtype=float is what the numbers stand for.
    """
    plain = tuple(_plain(x) for x in inputs)
    out = kwargs.get("out", (None,))
    if "out" in kwargs:
        kwargs["out"] = tuple(_plain(x) for x in out)
    if "where" in kwargs:
        kwargs["where"] = _plain(kwargs["where"])
    if any(np.asarray(x).dtype == object for x in plain):  # else it is a mask, say, that was made like such an array
        result = _of_objects(ufunc, method, plain, kwargs)
    else:
        result = getattr(ufunc, method)(*plain, **kwargs)
    return out[0] if isinstance(out[0], TracedArray) and len(out) == 1 else _as_traced(result)


def _of_objects(ufunc: np.ufunc, method: str, plain: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    masked = kwargs.get("where", True) is not True
    if masked and getattr(np, name, None) is not ufunc and name != "clip":
        # SciPy 1.17 leaves out some of the numbers: expit(x, where=[True, False, True]) computes the first alone.
        raise TypeError(f"{name} with where= does what only doubles tell")
    if name in PREDICATES and method == "__call__":
        return _predicate(SPECIAL[name], *plain, **kwargs)
    if name in LOGICAL:
        bools = (x.astype(bool) if x.dtype == object else x for x in map(np.asarray, plain))
        return getattr(ufunc, method)(*bools, **kwargs)
    if kwargs.get("dtype") is not None and np.dtype(kwargs["dtype"]) == np.float64:
        del kwargs["dtype"]
    if method == "reduce" and masked and ufunc.identity is not None:
        kwargs.setdefault("initial", ufunc.identity)  # NumPy knows it for doubles only
    special = _of_numbers(ufunc)
    if special is not None:
        if kwargs.get("dtype") is not None or "signature" in kwargs or "sig" in kwargs:
            raise TypeError(f"{name} is asked for another type than double")
        ufunc = np.frompyfunc(special, ufunc.nin, ufunc.nout, identity=ufunc.identity)
    return getattr(ufunc, method)(*plain, **kwargs)


def call(func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Return what another function of NumPy's gives, such as np.pad; its arrays of Traced numbers are TracedArrays."""
    if func is np.nan_to_num:
        _all_finite(*args, **kwargs)
    others = [kind for kind in types if not issubclass(kind, Traced)]
    return _traced(np.ndarray.__array_function__(np.empty(0), func, others, args, kwargs))


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


def _as_traced(result: Any) -> Any:
    """Return an array of objects as a TracedArray, and anything else as it is: a matrix or a masked array, too."""
    return result.view(TracedArray) if type(result) is np.ndarray and result.dtype == object else result


def _traced(result: Any) -> Any:
    """Return a result with its arrays of objects as TracedArrays, and those of no dimensions as numbers."""
    if type(result) in (list, tuple):
        return type(result)(_traced(part) for part in result)
    if type(result) in (np.ndarray, TracedArray) and result.dtype == object and result.ndim == 0:
        return result[()]
    return _as_traced(result)


def _predicate(holds: Callable[[Any], bool], x: Any, *, out: Any = None, where: Any = True) -> Any:
    """Return a function's answers as bools; they reach `out` by a function that leaves them as they are."""
    answers = np.asarray(np.frompyfunc(holds, 1, 1)(x), dtype=bool)
    return np.logical_or(answers, False, out=out, where=where)


def _constant(x: Any) -> Any:
    """Return a plain number as a Traced one, to be computed with as many digits, if it is finite."""
    tape = RUNNING.get(None)
    if tape is None or isinstance(x, Traced) or not np.isfinite(x):
        return x
    return Traced(tape, tape.constant(x.item() if isinstance(x, np.generic) else x))


def _all_finite(x: Any, *_: Any, **__: Any) -> None:
    """Refuse what nan_to_num would change in doubles: it leaves objects as they are."""
    if any(isinstance(v, float) and np.isinf(v) for v in np.asarray(x).flat) or _some_undefined(x):
        raise NotImplementedError("nan_to_num of numbers of which one is nan or infinite")


def _some_undefined(x: Any) -> bool:
    return any(isinstance(v, (Traced, float)) and _is_undefined(v) for v in np.asarray(x).flat)


def _first(a: Any, b: Any, choose: str) -> Any:
    """Return the larger or smaller of two, of which either may be a plain number."""
    if isinstance(a, Traced):
        return getattr(a, choose)(b)
    if isinstance(b, Traced):
        return getattr(b, choose)(a)
    return getattr(np, choose)(a, b)


def _known(a: Any, b: Any, choose: str) -> Any:
    """Return the larger or smaller of two, or the other one where one is undefined."""
    return b if _is_undefined(a) else a if _is_undefined(b) else _first(a, b, choose)


def _clip(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = _first(x, low, "maximum")
    return x if high is None else _first(x, high, "minimum")


def _sign(x: Any) -> Any:
    return x.signum() if isinstance(x, Traced) else np.sign(x)


def _log(x: Any) -> Any:
    return x.apply("log") if isinstance(x, Traced) else np.log(x)


def _xlogy(x: Any, y: Any) -> Any:
    if not isinstance(x, Traced) and x == 0 and not _is_undefined(y):
        return 0.0
    return x * _log(_constant(y) if isinstance(y, Traced) or y > 0 else y)


def _log_expit(x: Any) -> Any:
    x = _constant(x)
    return x.log_sigmoid() if isinstance(x, Traced) else -np.logaddexp(0.0, -x)


def _heaviside(x: Any, at_zero: Any) -> Any:
    if _is_undefined(x):
        return x
    return 1.0 if x > 0 else 0.0 if x < 0 else at_zero


def _is_undefined(x: Any) -> bool:
    return x.node.value is None if isinstance(x, Traced) else bool(np.isnan(x))


SPECIAL: dict[str, Callable[..., Any]] = {
    "maximum": lambda a, b: _first(a, b, "maximum"),
    "minimum": lambda a, b: _first(a, b, "minimum"),
    "fmax": lambda a, b: _known(a, b, "maximum"),
    "fmin": lambda a, b: _known(a, b, "minimum"),
    "clip": _clip,
    "sign": _sign,
    "heaviside": _heaviside,
    "xlogy": _xlogy,
    "log_expit": _log_expit,
    "absolute": abs,
    "fabs": abs,
    "isnan": _is_undefined,
    "isinf": lambda x: False if isinstance(x, Traced) else bool(np.isinf(x)),
    "isfinite": lambda x: not _is_undefined(x) and (isinstance(x, Traced) or bool(np.isfinite(x))),
}
"""NumPy's and SciPy's functions that are not simply a method of the number."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "divide": operator.truediv,
    "power": operator.pow,
    "reciprocal": lambda x: 1 / x,
}
"""Python's own, for plain numbers among Traced ones, raise an error or turn complex where NumPy gives inf and nan."""

PREDICATES = frozenset(("isnan", "isinf", "isfinite"))

LOGICAL = frozenset(("logical_and", "logical_or", "logical_xor", "logical_not"))
"""Functions that give bools for doubles, and for objects one of the objects."""


def _of_numbers(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """Return what a function of NumPy's or SciPy's does with single numbers, or None to leave it to NumPy."""
    name = ufunc.__name__
    if name in SPECIAL:
        return SPECIAL[name]
    operation = OPERATORS.get(name)
    if operation is None and (name not in METHODS or ufunc.nin > 2 or name == "pow"):
        return None

    def function(*xs: Any) -> Any:
        if not any(isinstance(x, Traced) for x in xs):
            constants = [_constant(x) for x in xs]
            if all(isinstance(x, Traced) for x in constants):
                result = function(*constants)
                if result.node.value is not None:
                    return result
            return ufunc(*xs)  # nan or infinite
        if operation is not None:
            return operation(*xs)
        if isinstance(xs[0], Traced):
            return getattr(xs[0], name)(*xs[1:])
        if name in ("hypot", "logaddexp"):  # symmetric
            return getattr(xs[1], name)(xs[0])
        return getattr(xs[1].context.mpf(xs[0]), name)(xs[1])

    return function
