"""Oracles for functions that run on doubles only: the ladder of steps, and the complex step that it vouches for.

The complex step: f(x + ih) = f(x) + ih f'(x) + ..., so f'(x) is the imaginary part over h, without a difference and so
without loss, where f is analytic (Squire and Trapp, Using complex variables to estimate derivatives of real functions,
1998). Code that takes an absolute value or a real part on the way breaks it silently: it counts only within the
bounds of the ladder.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from array import array
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from engine.check.ladder import Estimate, estimate, noise_of
from engine.check.oracles import Truth
from engine.check.structure import Point, copied, flat_numbers

TINY = 1e-200


def truth(
    f: Callable[..., Any], point: Point, oracle: str, other: tuple[Any, ...] | None = None
) -> tuple[Truth, Callable[..., Any]]:
    """Return what steps of doubles tell, and of which function: f in a box.

    A function that remembers its last call is called with other arguments before each, for it to remember those.
    """
    box = _boxed(f, other)
    found, name, calls = estimates(box, point, complex_too=oracle != "ladder")
    low, high = [e.value - e.bound for e in found], [e.value + e.bound for e in found]
    kinks = {i: e.sides for i, e in enumerate(found) if e.kink}
    outputs = len(found) // len(point.numbers)
    return Truth(low, high, name, f"{calls} calls of f", outputs, False, kinks=kinks), box


def _boxed(f: Callable[..., Any], other: tuple[Any, ...] | None) -> Callable[..., Any]:
    """Return f with its exceptions tamed: whatever it raises beside the point is a ValueError, for it has no value."""

    def box(*arguments: Any) -> Any:
        try:
            if other is not None:
                with contextlib.suppress(Exception):
                    f(*map(copied, other))
            return f(*arguments)
        except (ArithmeticError, ValueError):
            raise
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    return update_wrapper(box, f, assigned=(), updated=())  # a diagnosis may name what f sees


class Doubles:
    """f over doubles: of the flat list of numbers, and of one number that moves."""

    def __init__(self, f: Callable[..., Any], point: Point) -> None:
        self.f, self.point = f, point
        self.calls = 0

    def __call__(self, x: Sequence[float]) -> list[float]:
        """Return the results at other numbers."""
        return self._results(self.point.arguments(list(x)))

    def moved(self, i: int, at: Sequence[float] | None = None) -> Callable[[float], list[float]]:
        """Return the results as a function of number i, the others being the point's, or those of `at`."""
        numbers = array("d", self.point.numbers if at is None else at)  # NumPy makes arrays of it faster than of a list

        def results(value: float) -> list[float]:
            numbers[i] = value
            return self._results(self.point.arguments(numbers))

        return results

    def _results(self, arguments: tuple[Any, ...]) -> list[float]:
        self.calls += 1
        result = self.f(*arguments)
        return [result] if type(result) is float else [float(y) for y in flat_numbers(result)]


def estimates(f: Callable[..., Any], point: Point, *, complex_too: bool = True) -> tuple[list[Estimate], str, int]:
    """Return the derivatives of f's results, the name of the oracle, and how often f was called."""
    doubles = Doubles(f, point)
    x = point.numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step may leave the domain; the nan that comes back says so
        noise = noise_of(doubles, x)
        columns = [estimate(doubles.moved(i), v, noise) for i, v in enumerate(x)]
    calls = doubles.calls
    found = [column[k] for k in range(len(columns[0])) for column in columns]
    around = [x, *nearby(x)]
    several = [complex_step(f, point, numbers) for numbers in around] if complex_too else [None]
    scattered = [column for column in several if column is not None and len(column) == len(found)]
    if len(scattered) < len(around):
        return found, "ladder", calls
    checked = [_vouched(e, d) for e, d in zip(found, zip(*scattered, strict=True), strict=True)]
    name = "complex step" if any(a is not b for a, b in zip(checked, found, strict=True)) else "ladder"
    return checked, name, calls + len(around) * len(x)


def nearby(x: Sequence[float]) -> list[list[float]]:
    """Return points a few units in the last place away."""
    return [[v * (1 + s * (3 + i % 5) * 2.0**-47) for i, v in enumerate(x)] for s in (-3, -1, 1, 2)]


def _vouched(by_ladder: Estimate, several: tuple[float, ...]) -> Estimate:
    """Return the complex step's derivative where the ladder's bounds hold it, else the ladder's.

    Its bound is what it scatters by over neighbouring points: no difference is taken, but f itself may cancel.
    """
    by_complex = several[0]
    if by_ladder.kink or not abs(by_complex - by_ladder.value) <= by_ladder.bound:
        return by_ladder
    sharp = 2.0**-44 * abs(by_complex) + 32 * (max(several) - min(several)) + by_ladder.bound / 1024
    return Estimate(by_complex, sharp) if sharp < by_ladder.bound <= 2.0**-10 * abs(by_complex) else by_ladder


def complex_step(f: Callable[..., Any], point: Point, numbers: Sequence[float] | None = None) -> list[float] | None:
    """Return the derivatives of f's results by complex steps, or None where f takes no complex numbers.

    >>> complex_step(lambda x: x**3, Point(2.0, abs))
    [12.0]
    >>> complex_step(lambda x: math.exp(x), Point(2.0, abs)) is None
    True
    """
    columns = []
    x = point.numbers if numbers is None else numbers
    for i in range(len(x)):
        moved = [complex(v, TINY if i == j else 0.0) for j, v in enumerate(x)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy only warns where it drops an imaginary part
                results = flat_numbers(f(*point.arguments(moved, _complex_array)))
        except Exception:  # whatever a function made for floats says to complex numbers, it takes none
            return None
        if not all(isinstance(y, complex) and math.isfinite(abs(y)) for y in results):
            return None
        columns.append([y.imag / TINY for y in results])
    return [column[k] for k in range(len(columns[0])) for column in columns]


def _complex_array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np  # there is an array in the arguments, so it is there already

    return np.array(numbers, dtype=complex).reshape(shape)
