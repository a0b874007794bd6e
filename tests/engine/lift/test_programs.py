"""Random straight-line programs: the lifted program equals the scalar graph, after every pass, on batches."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from budget import examples
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st
from lifting import TINY, assert_source_is_the_same_to_the_bit, values_after_each_pass
from programs import Program, floats, on_numbers, programs
from rounding import gradient_bounds

from engine import Value
from engine.elementary import TABLE
from engine.lift import Lifted, lift

Case = tuple[Program, int, list[tuple[float, ...]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a program, how many of its inputs are parameters, and points that agree on these."""
    program = draw(programs(floats(), largest=12, inputs=5).map(Program.without_unused))
    k = draw(st.integers(1, len(program.point)))
    rest = len(program.point) - k
    points = [program.point]
    for _ in range(draw(st.integers(0, 3))):
        point = (*program.point[:k], *draw(st.lists(floats(), min_size=rest, max_size=rest)))
        with contextlib.suppress(ArithmeticError, ValueError):
            values = program.values(on_numbers, point)
            if all(not isinstance(v, complex) and abs(v) <= 1e6 for v in values):
                points.append(point)
    assume(all(is_far_from_kinks(program, point) for point in points))
    return program, k, points


def is_far_from_kinks(program: Program, point: Sequence[float]) -> bool:
    """Tell whether rounding stays on one side of every kink, of the cut of atan2, and of every pole."""
    values = program.values(on_numbers, point)
    for (name, args), value in zip(program.instructions, values[len(point) :], strict=True):
        xs = [values[a] for a in args]
        kink = TABLE[name].kink
        distance = kink(*xs) if kink else xs[0] if name == "atan2" and xs[1] < 0 else 1.0
        if not abs(distance) > 1e-6:
            return False
        if TABLE[name].domain and not all(np.isfinite(p) for p in TABLE[name].partials(value, *xs)):
            return False
    return True


def lifted(program: Program, k: int) -> Lifted:
    parameters = [Value(x) for x in program.point[:k]]

    def f(*x: Value) -> Value:
        return program.on_values(*parameters, *x)

    return lift(f, *program.point[k:], parameters=parameters)


def truth(program: Program, k: int, point: Sequence[float]) -> tuple[float, list[float], list[float]]:
    """Return the value, the gradients by the parameters, and how far two ways to each of them may be apart."""
    inputs, scale = [Value(x) for x in point], Value(1.0)
    output = program.on_values(*inputs) * scale  # by scale, the derivative is the value: its bound is there too
    try:
        bounds = gradient_bounds(output)
    except (TypeError, ValueError, ZeroDivisionError):
        reject()  # at the edge of a domain, such as acosh(1): a step to the side has no real value
    output.backward()
    allowed = [2 * float(bounds.get(v, 0)) + TINY for v in (scale, *inputs[:k])]
    assume(all(map(np.isfinite, allowed)))
    return output.data, [float(v.grad) for v in inputs[:k]], allowed


def columns(points: list[tuple[float, ...]], k: int) -> list[Any]:
    return [np.array(column) for column in zip(*[point[k:] for point in points], strict=True)]


@examples(300)
@given(cases())
def test_value_and_gradients_equal_the_scalar_graphs(case: Case) -> None:
    program, k, points = case
    made = lifted(program, k)
    values, gradients = made.value_and_grad(*columns(points, k), reduction="none")
    plain = made(*columns(points, k))
    for i, point in enumerate(points):
        value, expected, (of_value, *allowed) = truth(program, k, point)
        assert abs(np.atleast_1d(values)[i if np.ndim(values) else 0] - value) <= of_value
        assert abs(np.atleast_1d(plain)[i if np.ndim(plain) else 0] - value) <= of_value
        for nested, true, most in zip(gradients.nested, expected, allowed, strict=True):
            found = nested[i] if np.ndim(nested) else nested
            assert abs(found - true) <= most


@given(cases())
def test_a_batch_has_the_sum_and_the_mean_of_its_samples_gradients(case: Case) -> None:
    program, k, points = case
    assume(k < len(program.point))
    made = lifted(program, k)
    expected = np.array([truth(program, k, point)[1] for point in points])
    allowed = np.array([truth(program, k, point)[2][1:] for point in points])
    is_constant = np.ndim(made(*columns(points, k))) == 0  # the program does not use the inputs, and runs once
    if is_constant:
        assert len({tuple(row) for row in expected.tolist()}) == 1
    for reduction, factor in (("sum", 1.0), ("mean", 1 / len(points))):
        _, gradients = made.value_and_grad(*columns(points, k), reduction=reduction)
        want = expected.sum(axis=0) * factor
        terms = np.abs(expected).sum(axis=0) * len(points) * 2.0**-50
        assert (np.abs(np.array(gradients.nested) - want) <= allowed.sum(axis=0) * factor + terms).all()


@given(cases())
def test_every_pass_preserves_the_value(case: Case) -> None:
    program, k, points = case
    made = lifted(program, k)
    for point in points:
        value, _, (allowed, *_) = truth(program, k, point)
        for name, found in values_after_each_pass(made, point[:k], point[k:]).items():
            assert abs(found - value) <= allowed, name


@given(cases())
def test_the_emitted_source_gives_the_same_bits_as_the_program_in_memory(case: Case) -> None:
    program, k, points = case
    assert_source_is_the_same_to_the_bit(lifted(program, k), columns(points, k))


BIASED = Program((0.0,), (("add", (0, 0)), ("dot", (1, 1, 1))))


@given(cases())
@example((BIASED, 1, [(0.0,)]))
def test_no_pass_adds_statements_but_for_a_bias_that_is_an_addition_of_its_own(case: Case) -> None:
    program, k, _ = case
    made = lifted(program, k)
    trace, sums, dots, constants, common = (
        len(made.passes[name].statements) for name in ("trace", "sums", "dots", "constants", "common")
    )
    biases = sum(name == "dot" and len(args) % 2 for name, args in program.instructions)
    assert sums <= trace
    assert dots <= sums + biases
    assert common <= constants <= dots
