from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from duals import Dual
from hypothesis import given
from hypothesis import strategies as st
from programs import EXACT, Program, floats, fractions, programs
from rounding import gradient_bounds

from engine import (
    Value,
    cos,
    derivative,
    directional_derivative,
    exp,
    grad,
    hessian,
    hvp,
    is_descent_direction,
    jacobian,
    jvp,
    linear,
    sin,
    tanh,
    vjp,
)
from engine.graph import adjoints
from engine.linear import Linearization

SMOOTH = ("add", "mul", "sub", "sin", "tanh", "sum", "dot", "exp")


def function(program: Program) -> Any:
    return lambda x: program.on_values(*x)


@given(programs(fractions(), EXACT), st.lists(fractions(), min_size=3, max_size=3))
def test_forward_mode_and_reverse_mode_agree_exactly_on_the_derivative_along_a_direction(
    program: Program, direction: list[Fraction]
) -> None:
    v = direction[: len(program.point)]
    gradient = grad(function(program))(list(program.point))
    forward = sum(g * t for g, t in zip(gradient, v, strict=True))
    assert jvp(function(program), list(program.point), v) == (program.on_numbers(*program.point), forward)
    assert directional_derivative(function(program), list(program.point), v) == forward


@given(programs(fractions(), ("add", "mul", "sub", "neg", "sum", "dot")))
def test_the_gradient_is_that_of_dual_numbers_which_share_no_rule(program: Program) -> None:
    def on_duals(name: str, *xs: Dual) -> Any:
        operations: dict[str, Any] = {
            "add": lambda a, b: a + b,
            "mul": lambda a, b: a * b,
            "sub": lambda a, b: a - b,
            "neg": lambda a: -a,
            "sum": lambda *xs: sum(xs, Dual(0)),
            "dot": lambda *xs: sum(
                (w * x for w, x in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=False)),
                xs[-1] if len(xs) % 2 else Dual(0),
            ),
        }
        return operations[name](*xs)

    n = len(program.point)
    for i in range(n):
        duals = [Dual(x, int(i == j)) for j, x in enumerate(program.point)]
        unit = [int(i == j) for j in range(n)]
        assert jvp(function(program), list(program.point), unit)[1] == program.values(on_duals, duals)[-1].slope


@given(programs(fractions(), ("add", "mul", "sub", "neg", "sum", "dot"), largest=6))
def test_the_hessian_is_the_jacobian_of_the_gradient_and_symmetric_exactly(program: Program) -> None:
    f, x = function(program), list(program.point)
    H = hessian(f)(x)
    assert H == jacobian(grad(f))(x)
    assert H == [list(column) for column in zip(*H, strict=True)]
    v = [Fraction(i + 1) for i in range(len(x))]
    assert hvp(f, x, v) == [sum(a * b for a, b in zip(row, v, strict=True)) for row in H]


def test_what_is_0_is_a_fraction_where_all_inputs_are() -> None:
    def f(x: list[Value]) -> Value:
        return x[1] ** 4 + x[0]  # the derivative by x0 is 1, whatever x is

    at = [Fraction(0), Fraction(1, 3)]
    for rows in (hessian(f)(at), jacobian(grad(f))(at), [hvp(f, at, [Fraction(1), Fraction(0)])]):
        assert all(type(entry) is Fraction for row in rows for entry in row)
    assert hvp(f, at, [Fraction(1), Fraction(2)]) == [0, Fraction(8, 3)]


@given(programs(floats(), SMOOTH, largest=5))
def test_second_derivatives_of_floats_are_those_of_nested_reverse_mode(program: Program) -> None:
    f, x = function(program), list(program.point)
    H = hessian(f)(x)
    inputs = [Value(number) for number in x]
    recorded = adjoints(program.on_values(*inputs), recorded=True)
    for i, by_input in enumerate(inputs):
        row = grad(lambda z, i=i: grad(f)(z)[i])(x)
        first = recorded.get(by_input)  # the gradient as a graph; a plain number where it is constant
        apart = gradient_bounds(first) if isinstance(first, Value) else {}
        for found, expected, other in zip(H[i], row, inputs, strict=True):
            assert abs(found - expected) <= 2 * float(apart.get(other, 0))


@given(programs(fractions(), EXACT), st.data())
def test_a_jacobian_is_the_same_by_columns_and_by_rows(program: Program, data: st.DataObject) -> None:
    def outputs(inputs: list[Value]) -> list[Value]:
        return program.values(Value.apply, inputs)

    x = [Value(number) for number in program.point]
    y = outputs(x)
    J = Linearization(y, x)
    n, m = len(x), len(y)
    columns = [J.push([Fraction(int(i == j)) for j in range(n)]) for i in range(n)]
    assert columns == J.columns()
    rows = [J.pull([Fraction(int(i == j)) for j in range(m)]) for i in range(m)]
    assert rows == [[column[i] for column in columns] for i in range(m)]
    assert jacobian(outputs)(list(program.point)) == rows


def test_a_jacobian_by_hand() -> None:
    r, angle = 2.0, 0.75
    polar = jacobian(lambda p: [p[0] * cos(p[1]), p[0] * sin(p[1])])([r, angle])
    assert polar == [[math.cos(angle), -r * math.sin(angle)], [math.sin(angle), r * math.cos(angle)]]


@pytest.mark.parametrize("wide", [True, False])
def test_the_cheaper_direction_is_taken(wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = {"columns": 0, "pull": 0}
    for name in sweeps:
        sweep = getattr(Linearization, name)

        def counted(self: Any, *row: Any, name: str = name, sweep: Any = sweep) -> Any:
            sweeps[name] += 1
            return sweep(self, *row)

        monkeypatch.setattr(Linearization, name, counted)
    if wide:
        jacobian(lambda x: [sum(x) * 2.0])([1.0] * 50)
        assert sweeps == {"columns": 0, "pull": 1}
    else:
        jacobian(lambda x: [x * i for i in range(50)])(2.0)
        assert sweeps == {"columns": 1, "pull": 0}


def test_results_have_the_shapes_of_arguments_and_results() -> None:
    def f(p: dict[str, Any]) -> dict[str, Any]:
        return {"scaled": p["u"] * 2, "squares": [p["v"][0] ** 2, p["v"][1] * p["u"]]}

    assert jacobian(f)({"u": 1.0, "v": (3.0, 5.0)}) == {
        "scaled": {"u": 2.0, "v": (0.0, 0.0)},
        "squares": [{"u": 0.0, "v": (6.0, 0.0)}, {"u": 5.0, "v": (0.0, 1.0)}],
    }


def test_the_keys_of_a_direction_may_come_in_any_order() -> None:
    def f(p: dict[str, Any]) -> Any:
        return p["a"] ** 2 * p["b"]

    point = {"a": 3.0, "b": 5.0}
    for direction in ({"a": 1.0, "b": 0.0}, {"b": 0.0, "a": 1.0}):
        assert hvp(f, point, direction) == {"a": 10.0, "b": 6.0}
        assert jvp(f, point, direction) == (45.0, 30.0)
    _, pull = vjp(lambda p: {"u": p["a"], "v": 2 * p["b"]}, point)
    assert pull({"v": 1.0, "u": 10.0}) == {"a": 10.0, "b": 2.0}


def test_several_arguments_give_a_tuple_for_each() -> None:
    def f(x: Any, y: Any) -> Any:
        return [x[0] ** 2 * y, x[1] * y]

    assert jacobian(f, argnums=(0, 1))([3.0, 4.0], 5.0) == [([30.0, 0.0], 9.0), ([0.0, 5.0], 4.0)]
    assert jacobian(f, argnums=(-1,))([3.0, 4.0], 5.0) == [(9.0,), (4.0,)]
    assert hessian(lambda x, y: x[0] ** 2 * y, argnums=(1, 0))([3.0], 5.0) == ((0.0, [6.0]), [(6.0, [10.0])])


def test_a_list_may_stand_for_a_tuple_or_an_array_of_the_same_shape() -> None:
    assert jvp(lambda x: x[0] * x[1], (3.0, 1.0), [1.0, 0.0]) == (3.0, 1.0)
    assert jvp(lambda x: (x * x).sum(), np.array([[3.0], [1.0]]), [[1.0], [0.0]]) == (10.0, 6.0)


def test_an_error_inside_the_function_is_its_own() -> None:
    with pytest.raises(TypeError, match=r"^must be a number$"):
        jvp(lambda x: explode(), 1.0, 1.0)


def explode() -> None:
    raise TypeError("must be a number")


def test_arrays_give_arrays() -> None:
    A = np.arange(6.0).reshape(2, 3)
    x = np.array([1.0, -2.0, 0.5])
    J = jacobian(lambda x: A @ x)(x)
    assert isinstance(J, np.ndarray)
    np.testing.assert_array_equal(J, A)
    H = hessian(lambda x: x @ (A.T @ A) @ x)(x)
    np.testing.assert_allclose(H, 2 * A.T @ A, rtol=1e-14)
    assert hvp(lambda x: (x * x).sum(), x, np.ones(3)).tolist() == [2.0, 2.0, 2.0]
    W = np.ones((2, 2))
    assert jacobian(lambda w: (w * w).sum())(W).tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_other_arguments_and_keywords_are_passed_on() -> None:
    assert jacobian(lambda a, x, k: [k * a * x], argnums=1)(3.0, 2.0, k=5.0) == [15.0]
    assert hessian(lambda a, x: a * x**2, argnums=-1)(3.0, 2.0) == 6.0
    with pytest.raises(TypeError, match="argnums names argument 2"):
        jacobian(lambda x: x, argnums=2)(1.0)


def test_rosenbrocks_valley_at_its_minimum() -> None:
    def rosenbrock(x: Any) -> Any:
        return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))

    x = [Fraction(1)] * 5
    assert grad(rosenbrock)(x) == [0] * 5
    assert hessian(rosenbrock)(x) == [
        [802, -400, 0, 0, 0], [-400, 1002, -400, 0, 0], [0, -400, 1002, -400, 0], [0, 0, -400, 1002, -400],
        [0, 0, 0, -400, 200],
    ]  # fmt: skip


def test_derivatives_nest_in_each_other() -> None:
    assert derivative(lambda a: jvp(lambda x: a * x**2, 3.0, 1.0)[1], 5.0) == 6.0
    assert derivative(lambda v: jvp(lambda x: x**3, 2.0, v)[1], 5.0) == 12.0
    assert derivative(lambda a: hvp(lambda x: a * x**3, 2.0, 1.0), 5.0) == 12.0
    assert grad(lambda x: hessian(lambda y: y**4)(x))(2.0) == 48.0
    assert jacobian(lambda x: jacobian(lambda y: [y[0] ** 2 * y[1]])(x)[0])([2.0, 3.0]) == [[6.0, 4.0], [4.0, 0.0]]
    assert jvp(lambda x: vjp(lambda y: y**3, x)[1](1.0), 2.0, 1.0)[1] == 12.0


def test_inner_and_outer_perturbations_are_kept_apart() -> None:
    # d/dx (x * d/dy (x + y)) = 1: Siskind and Pearlmutter, 2005.
    assert jvp(lambda x: x * jvp(lambda y: x + y, 1.0, 1.0)[1], 1.0, 1.0)[1] == 1.0
    assert derivative(lambda x: jvp(lambda y: x * y, x, 1.0)[1], 3.0) == 1.0


@pytest.mark.parametrize("number", [Fraction(1, 3), mpmath.mpf(1) / 3, 1j, mpmath.iv.mpf([0.25, 0.5])])
def test_every_type_of_number_keeps_its_type(number: Any) -> None:
    value, slope = jvp(lambda x: x * x, number, 1)
    assert type(value) is type(slope) is type(number)
    assert type(hessian(lambda x: x**3)(number)) is type(number)


def test_holomorphic_derivatives_of_complex_numbers() -> None:
    z = 0.5 + 1j
    assert jvp(exp, z, 1)[1] == exp(z)
    assert abs(hessian(sin)(z) + sin(z)) < 1e-15


def test_an_output_that_is_returned_twice_is_weighted_twice() -> None:
    def twice(x: Any) -> list[Any]:
        square = x * x
        return [square, square]

    value, pull = vjp(twice, 3.0)
    assert value == [9.0, 9.0]
    assert pull([1.0, 10.0]) == 66.0
    assert jacobian(twice)(3.0) == [6.0, 6.0]


def test_no_state_is_left_behind() -> None:
    w = Value(3.0)
    w.grad = 7.0
    hessian(lambda x: w * x**2)(2.0)
    jvp(lambda x: w * x, 2.0, 1.0)
    assert w.grad == 7.0


def test_a_constant_function_has_derivatives_of_zero() -> None:
    assert jacobian(lambda x: [7.0, x])(3.0) == [0.0, 1.0]
    assert hessian(lambda x: 7.0)([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert hvp(lambda x: x[0] + x[1], [1.0, 2.0], [1.0, 1.0]) == [0.0, 0.0]


def test_descent_directions_lower_the_function_and_their_opposites_do_not() -> None:
    def f(x: Any) -> Any:
        return x[0] ** 2 + 3 * x[1] ** 2

    x = [1.0, 2.0]
    downhill = [-g for g in grad(f)(x)]
    assert is_descent_direction(f, x, downhill)
    assert f([a + 1e-3 * d for a, d in zip(x, downhill, strict=True)]) < f(x)
    assert not is_descent_direction(f, x, grad(f)(x))
    assert not is_descent_direction(f, x, [6.0, -1.0])  # along a level line: grad f . v = 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jvp(lambda x: x[0], [1.0, 2.0], [1.0]), "shape of the argument: 2 numbers, not 1 number"),
        (lambda: vjp(lambda x: [x, x], 1.0)[1]([1.0]), "shape of the function's result: 2 numbers, not 1 number"),
        (
            lambda: jvp(lambda x: x * x, 3.0, [1.0]),
            "shape of the argument: a number, not 1 number",
        ),
        (lambda: hvp(lambda x: x[0], [3.0, 1.0], [[1.0], [2.0]]), r"at \[0\] a number, not 1 number"),
        (lambda: hvp(lambda x: x[0], [3.0, 1.0], "ab"), "2 numbers, not the text 'ab'"),
        (lambda: jvp(lambda p: p["a"], {"a": 1.0}, {"b": 1.0}), "a dict with 'a', not a dict with 'b'"),
        (lambda: jvp(lambda p: p["a"][0], {"a": [1.0]}, {"a": [1.0, 2.0]}), r"at \['a'\] 1 number, not 2 numbers"),
        (lambda: jvp(lambda x: x.sum(), np.ones((2, 2)), np.ones(2)), "an array of shape"),
        (
            lambda: jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0)),
            "the function gets one argument, which may be",
        ),
        (lambda: jacobian(lambda x: x, [2.0, 3.0]), r"the point comes after: grad\(f\)\(\[2.0, 3.0\]\)"),
        (lambda: hessian(lambda x: x, 2.0), r"the point comes after: grad\(f\)\(2.0\)"),
        (lambda: jacobian(3.0), "a function is needed, such as lambda x: x"),
        (lambda: hvp(Value(2.0), 1.0, 1.0), "a Value is a result, not a function"),
        (lambda: hessian(lambda x: [x, x])(1.0), "must return one number, got 2; see jacobian"),
        (lambda: directional_derivative(lambda x: [x], 1.0, 1.0), "must return one number, got 1; see jacobian"),
        (lambda: jacobian(lambda x: "no number")(1.0), "must return one number, got str"),
    ],
)
def test_a_mistake_is_named(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@given(programs(floats(), SMOOTH))
def test_columns_that_are_pushed_together_have_the_bits_of_those_pushed_alone(program: Program) -> None:
    x = [Value(number) for number in program.point]
    y = program.on_values(*x)
    J = Linearization([y], x)
    alone = [J.push([float(i == j) for j in range(len(x))]) for i in range(len(x))]
    assert [[number.hex() for number in column] for column in J.columns()] == [[c[0].hex()] for c in alone]


def test_a_zero_of_a_sparse_jacobian_costs_no_product(monkeypatch: pytest.MonkeyPatch) -> None:
    products = 0
    share = linear._plain_share

    def counted(g: Any, partial: Any) -> Any:
        nonlocal products
        products += 1
        return share(g, partial)

    monkeypatch.setattr(linear, "_plain_share", counted)
    x = [1.0] * 100
    H = hessian(lambda x: sum((b - a * a) ** 2 for a, b in itertools.pairwise(x)))(x)
    assert sum(h != 0 for row in H for h in row) == 3 * 100 - 2  # a diagonal and its neighbours
    assert products < 20 * 3 * 100  # 100 sweeps over some thousand steps would make hundreds of thousands


def test_a_network_has_a_hessian_vector_product_of_a_few_gradients_cost() -> None:
    from engine.graph import Graph, adjoints

    def loss(w: Any) -> Any:
        return tanh(sum(tanh(w[i] * w[i + 1]) for i in range(0, 40, 2))) ** 2

    w = [0.1 * i for i in range(40)]
    variables = [Value(x) for x in w]
    y = loss(variables)
    gradient = adjoints(y, recorded=True)
    recorded = len(Graph(sum((gradient[v] for v in variables[1:]), gradient[variables[0]])))
    assert recorded < 30 * len(Graph(y))  # the sweep over it visits each node once, whatever the number of weights
    H = hessian(loss)(w)
    v = [(-1.0) ** i for i in range(40)]
    assert hvp(loss, w, v) == pytest.approx([sum(a * b for a, b in zip(row, v, strict=True)) for row in H], rel=1e-12)
