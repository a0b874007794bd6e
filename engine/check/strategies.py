"""Strategies for hypothesis: programs, hard numbers, points near kinks, networks; and how two gradients are compared.

>>> from hypothesis import given
>>> from engine.calculus import grad
>>> from engine.check import check_gradient
>>> @given(programs())
... def test_reverse_mode_is_right(program):
...     report = check_gradient(program, grad(program, range(len(program.point))), program.point)
...     assert report.verdict != "wrong", report
>>> test_reverse_mode_is_right()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.check.case import ulps_between
from engine.check.checking import check_gradient
from engine.check.extras import require
from engine.check.programs import KINKED, SMOOTH, Program, Step
from engine.check.structure import Point, flat_numbers
from engine.elementary import TABLE

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

LARGEST = 1023  # exponent of the largest doubles
SMALLEST = -1074  # exponent of the smallest subnormal


def hard_floats(low: float = -math.inf, high: float = math.inf) -> SearchStrategy[float]:
    """Return a strategy of finite doubles whose exponent and mantissa are drawn as integers, between low and high.

    Subnormals, signed zeros, huge numbers, and numbers within a few ulps of low, high, -1 and 1 come up often.

    >>> from hypothesis import find
    >>> find(hard_floats(), lambda x: abs(x) > 1e300) > 1e300
    True
    >>> find(hard_floats(0.0, 1.0), lambda x: 0 < x < 1e-310) < 1e-310
    True
    """
    st = require("hypothesis.strategies")
    wide = st.tuples(st.sampled_from((1, -1)), st.integers(2**52, 2**53 - 1), st.integers(SMALLEST, LARGEST)).map(
        lambda drawn: drawn[0] * math.ldexp(drawn[1], drawn[2] - 52)
    )
    edges = [x for x in (low, high, -1.0, 1.0, 0.0) if math.isfinite(x)]
    beside = st.tuples(st.sampled_from(edges), st.integers(-4, 4)).map(lambda drawn: _stepped(*drawn))
    tame = st.floats(-8, 8)
    found: SearchStrategy[float] = st.one_of(tame, beside, wide).filter(lambda x: low <= x <= high)
    return found


def _stepped(x: float, ulps: int) -> float:
    """Return the double that is some steps away."""
    for _ in range(abs(ulps)):
        x = math.nextafter(x, math.copysign(math.inf, ulps))
    return x if math.isfinite(x) else math.copysign(1.7976931348623157e308, x)


def near_kinks(*kinks: float) -> SearchStrategy[float]:
    """Return a strategy of doubles at, next to, and at any small distance from the kinks (0, if none is given).

    >>> from hypothesis import find
    >>> find(near_kinks(2.0), lambda x: x > 2.0) - 2.0 < 1e-12
    True
    """
    st = require("hypothesis.strategies")

    def beside(drawn: tuple[float, int, int, int]) -> float:
        kink, sign, exponent, steps = drawn
        return _stepped(kink + sign * 10.0**-exponent if exponent else kink, steps)

    # Mapped, and not st.builds: a failing test shows the number then, not how it was made.
    found: SearchStrategy[float] = st.tuples(
        st.sampled_from(kinks or (0.0,)),
        st.sampled_from((1, -1)),
        st.one_of(st.just(0), st.just(12), st.integers(1, 320)),
        st.integers(-2, 2),
    ).map(beside)
    return found


def programs(
    *,
    max_steps: int = 8,
    max_inputs: int = 3,
    operations: Sequence[str] | None = None,
    numbers: SearchStrategy[float] | None = None,
    kinks: bool = False,
) -> SearchStrategy[Program]:
    """Return a strategy of straight-line programs that have a finite value at their point; they shrink to few steps.

    Parameters
    ----------
    operations: names of rows of the table; by default a choice of smooth ones, and with kinks=True also abs, relu, max.
    numbers: where the points come from; by default floats between -4 and 4.

    >>> from hypothesis import find
    >>> find(programs(), lambda p: any(step[1] == step[-1] for step in p.steps if len(step) == 3))
    Program(point=(0.0,), steps=(('add', 0, 0),))
    """
    st = require("hypothesis.strategies")
    names = tuple(operations or SMOOTH + (KINKED if kinks else ()))
    numbers = numbers if numbers is not None else st.floats(-4, 4)

    def draw_program(draw: DrawFn) -> Program:
        point = tuple(draw(st.lists(numbers, min_size=1, max_size=max_inputs)))
        steps: list[Step] = []
        for _ in range(draw(st.integers(1, max_steps))):
            name = draw(st.sampled_from(names))
            arity = 2 if TABLE[name].arity is None else (TABLE[name].arity or 1) - len(TABLE[name].defaults)
            values = len(point) + len(steps)
            # The latest values, and above all those that nothing uses yet: so most steps matter, and branches meet.
            latest = list(range(values - 1, max(values - 6, -1), -1))
            unused = sorted(set(range(len(point), values)).difference(*(step[1:] for step in steps)), reverse=True)
            steps.append((name, *(draw(st.sampled_from(latest + 2 * unused)) for _ in range(arity))))
        return Program(point, tuple(steps))

    found: SearchStrategy[Program] = st.composite(draw_program)().filter(_has_value)
    return found


def _has_value(program: Program) -> bool:
    try:
        return math.isfinite(program(*program.point))
    except (ArithmeticError, ValueError, TypeError):
        return False


@dataclass(frozen=True)
class NetworkCase:
    """A network and a batch as plain lists: give them to `nn.Network`, to `nn.MLP`, or to your own code.

    sizes (n_0, ..., n_L); activations, one name per layer; loss, its name; weights[k] of shape (n_{k+1}, n_k),
    biases[k] of shape (n_{k+1},); X of shape (m, n_0); Y of shape (m, n_L).
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    weights: tuple[Any, ...]
    biases: tuple[Any, ...]
    X: Any
    Y: Any


def networks(
    *,
    max_layers: int = 3,
    max_units: int = 4,
    max_batch: int = 4,
    activations: Sequence[str] = ("tanh", "sigmoid", "relu", "softplus", "identity"),
    losses: Sequence[str] = ("squared_error",),
    numbers: SearchStrategy[float] | None = None,
) -> SearchStrategy[NetworkCase]:
    """Return a strategy of small networks with weights, a batch and targets.

    >>> from hypothesis import find
    >>> case = find(networks(), lambda case: True)
    >>> case.sizes, case.weights, case.X
    ((1, 1), (((0.0,),),), ((0.0,),))
    """
    st = require("hypothesis.strategies")
    number = numbers if numbers is not None else st.floats(-2, 2)

    def draw_network(draw: DrawFn) -> NetworkCase:
        def matrix(rows: int, columns: int) -> tuple[tuple[float, ...], ...]:
            return tuple(tuple(draw(number) for _ in range(columns)) for _ in range(rows))

        layers = draw(st.integers(1, max_layers))
        sizes = tuple(draw(st.integers(1, max_units)) for _ in range(layers + 1))
        names = tuple(draw(st.sampled_from(activations)) for _ in range(layers - 1))
        loss = draw(st.sampled_from(losses))
        batch = draw(st.integers(1, max_batch))
        weights = tuple(matrix(sizes[k + 1], sizes[k]) for k in range(layers))
        biases = tuple(matrix(1, sizes[k + 1])[0] for k in range(layers))
        return NetworkCase(
            sizes, (*names, "identity"), loss, weights, biases, matrix(batch, sizes[0]), matrix(batch, sizes[-1])
        )

    found: SearchStrategy[NetworkCase] = st.composite(draw_network)()
    return found


def assert_paths_agree(
    scalar: Any, matrix: Any, at: Any = None, *, f: Callable[..., Any] | None = None, terms: int = 1
) -> None:
    """Raise an AssertionError unless two ways to one gradient agree within 8 (1 + kappa) sqrt(terms) ulp.

    Parameters
    ----------
    scalar, matrix
        Two gradients, nested as they like; or with `at`, functions that give them.
    f
        The function they are of. With it, both are held against the truth at `at`, and where they differ by more than 8
        ulp, kappa is measured: they agree if neither is wrong.
    terms
        The number of terms of the longest sum that the two add up in a different order.

    >>> assert_paths_agree([1.0, 2.0], ([1.0], 2.0))
    >>> assert_paths_agree([1.0], [1.0 + 1e-12])
    Traceback (most recent call last):
    ...
    AssertionError: the two ways differ in component 0 by 4.5e+03 ulp (1.0 and 1.000000000001); 8 are allowed
    """
    if callable(scalar) and callable(matrix):
        point = Point(at, f or scalar)
        arguments = at if point.several else (at,)
        first, second = flat_numbers(scalar(*arguments)), flat_numbers(matrix(*arguments))
    else:
        first, second = flat_numbers(scalar), flat_numbers(matrix)
    if len(first) != len(second):
        raise AssertionError(f"the two ways give {len(first)} and {len(second)} numbers")
    allowed = 8 * math.sqrt(terms)
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        ulps = ulps_between(float(a), float(b), float(b))
        if ulps <= allowed or (math.isnan(a) and math.isnan(b)):
            continue
        if f is not None:
            for way in (scalar, matrix):
                report = check_gradient(f, way, at)
                if report.verdict not in ("ok", "kink"):
                    raise AssertionError(str(report))
            return
        both = f"{float(a)!r} and {float(b)!r}"
        where = f"the two ways differ in component {i} by {ulps:.2g} ulp"
        raise AssertionError(f"{where} ({both}); {allowed:.3g} are allowed")
