import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from duals import exact_gradient
from hypothesis import given
from programs import EXACT, Program, fractions, programs

from engine import Value, derivative, exp, grad, log, sin, tanh, value_and_grad

Point = namedtuple("Point", "x y")


@given(programs(fractions(), EXACT))
def test_grad_is_forward_mode_exactly_over_fractions(program: Program) -> None:
    positions = tuple(range(len(program.point)))
    value, gradient = value_and_grad(program.on_values, argnums=positions)(*program.point)
    assert value == program.on_numbers(*program.point)
    assert list(gradient) == exact_gradient(program)


@given(programs(fractions(), ("add", "mul", "sub", "div", "dot"), largest=6))
def test_grad_of_grad_is_backward_of_create_graph_exactly(program: Program) -> None:
    output, inputs = program.record()
    output.backward(create_graph=True)
    slope, inputs[0].grad = inputs[0].grad, 0
    if isinstance(slope, Value):
        slope.backward()
    assert grad(grad(program.on_values))(*program.point) == inputs[0].grad


@pytest.mark.parametrize("n", range(8))
def test_derivatives_of_every_order(n: int) -> None:
    assert derivative(lambda x: x**7, Fraction(2), n) == math.prod(range(8 - n, 8)) * Fraction(2) ** (7 - n)
    assert derivative(exp, 0.0, n) == 1.0
    assert derivative(sin, 0.0, n) == (0, 1, 0, -1)[n % 4]


def test_other_numbers_keep_their_precision() -> None:
    with mpmath.workdps(50):
        x = mpmath.mpf("0.3")
        assert abs(derivative(tanh, x) - mpmath.sech(x) ** 2) < mpmath.mpf(10) ** -48
    assert derivative(lambda z: z**3, 1 + 1j) == 6j
    assert derivative(lambda x: x**3, Decimal("0.1")) == Decimal("0.03")
    assert derivative(lambda x: x * x, np.int8(100)) == 200.0


# --- no state, no confusion --------------------------------------------------------------------------


def test_grad_leaves_no_state_behind() -> None:
    w = Value(3.0)
    w.grad = 7.0
    assert grad(lambda x: w * x * w)(2.0) == 9.0
    assert w.grad == 7.0


def test_a_failing_function_leaves_no_depth_behind() -> None:
    def failing(x: Value) -> Value:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        grad(failing)(1.0)
    assert type(grad(lambda x: x * x)(1.0)) is float


def test_nested_derivatives_of_different_variables_are_not_confused() -> None:
    # Siskind and Pearlmutter, 2005: d/dx (x * d/dy (x + y)) at x = 1 is 1, not 2
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0) == 1.0
    assert derivative(lambda x: x * derivative(lambda y: x * y, x), 2.0) == 4.0
    assert derivative(lambda x: derivative(lambda y: x * y * y, 3.0), 2.0) == 6.0
    third = derivative(lambda x: derivative(lambda y: derivative(lambda z: x * y * z * z, x), y_of(x)), 2.0)
    assert third == 8.0  # d/dx of d/dy (2 x y x) = 2 x^2


def y_of(x: Value) -> Value:
    return x * x


def test_a_value_in_gives_a_recorded_gradient_out() -> None:
    x = Value(2.0)
    slope = grad(lambda t: t**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (12.0, 12.0)


# --- arguments and structures -------------------------------------------------------------------------


def test_a_gradient_has_the_shape_of_its_argument() -> None:
    f = grad(lambda p: p["w"][0] * p["w"][1] + p["p"].x * 2 + p["deep"][0][0])
    found = f({"w": [2.0, 3.0], "p": Point(1.0, 5), "deep": ([4.0], ())})
    assert found == {"w": [3.0, 2.0], "p": Point(2.0, 0.0), "deep": ([1.0], ())}
    assert type(found["p"]) is Point


@pytest.mark.parametrize(
    "array", [np.array([1.0, 2.0, 3.0]), np.array([[1, 2], [3, 4]]), np.zeros((0, 3)), np.array([5, -6], dtype=np.int8)]
)
def test_the_gradient_of_an_array_is_an_array_of_floats(array: Any) -> None:
    found = grad(lambda a: np.sum(a * a * a) + 0.0)(array)
    assert found.dtype == np.float64
    assert found.shape == array.shape
    assert (found == 3 * array.astype(float) ** 2).all()


def test_arguments_are_named_by_position_and_the_rest_passes_through() -> None:
    def f(x: Any, y: Any, *, scale: float = 1.0) -> Any:
        return x * y * scale

    assert grad(f, -1)(2.0, 5.0) == 2.0
    assert grad(f, (0, 1))(2.0, 5.0, scale=10.0) == (50.0, 20.0)
    assert grad(f, (0, 0))(2.0, 5.0) == (5.0, 5.0)
    assert grad(f, ())(2.0, 5.0) == ()
    assert grad(f)(2.0, y=5.0) == 5.0


@pytest.mark.parametrize("constant", [lambda x: 7, lambda x: 7.0, lambda x: np.float64(7), lambda x: Value(7.0)])
def test_a_constant_has_gradient_0(constant: Any) -> None:
    assert value_and_grad(constant)(3.0) == (7.0, 0.0)


def test_an_array_of_no_dimensions_is_a_number() -> None:
    assert grad(lambda x: np.array(x * x))(3.0) == 6.0


@pytest.mark.parametrize(
    ("calculation", "error", "message"),
    [
        (lambda: grad(lambda x: None)(1.0), TypeError, "must return one number, got NoneType None"),
        (lambda: grad(lambda x: [x])(1.0), TypeError, "must return one number, got list"),
        (lambda: grad(lambda x: np.array([x, x]))(1.0), TypeError, "must return one number, got ndarray"),
        (lambda: grad(lambda x: x, 1)(1.0), TypeError, r"argnums names argument 1, .* 1 argument\(s\) by position"),
        (lambda: grad(lambda x: x, -2)(1.0), TypeError, "argnums names argument -2"),
        (lambda: grad(lambda x: x)(x=1.0), TypeError, "pass it by position"),
        (lambda: grad(lambda x: x, "x"), TypeError, "argnums is the position of an argument, or several, not 'x'"),
        (lambda: grad(lambda x: x)("3"), TypeError, "a Value holds one number, not str '3'"),
        (lambda: grad(lambda x: x, 3.0), TypeError, r"not 3.0; the point comes after: grad\(f\)\(3.0\)"),
        (lambda: grad(Value(3.0)), TypeError, "a Value is a result, not a function"),
        (lambda: derivative(2.0, 1.0), TypeError, "a function is needed, such as"),
        (lambda: derivative(log, [1.0]), TypeError, "derivative takes a function of one number, got list"),
        (lambda: derivative(log, 1.0, n=-1), ValueError, "n counts derivatives and cannot be -1"),
        (lambda: derivative(log, 1.0, n=1.5), ValueError, "n counts derivatives and cannot be 1.5"),
        (lambda: derivative(log, 0.0), ValueError, "log needs a positive number"),
        (lambda: derivative(math.sin, 0.0), TypeError, "would lose its derivative"),
    ],
)
def test_a_mistake_is_named_with_its_cure(calculation: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        calculation()
