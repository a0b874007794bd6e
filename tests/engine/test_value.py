import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import EXACT, Program, fractions, on_numbers, programs

from engine import Value
from engine.elementary import TABLE
from engine.value import NO_GRAD

# --- a Value computes what Python's own number would -----------------------------------------------


@given(programs(st.floats(-10, 10)))
def test_a_program_on_values_has_the_bits_of_the_same_program_on_floats(program: Program) -> None:
    output, _ = program.record()
    assert float(program.on_numbers(*program.point)).hex() == output.data.hex()


@given(programs(fractions(), EXACT))
def test_fractions_stay_fractions(program: Program) -> None:
    output, inputs = program.record()
    output.backward()
    assert type(output.data) is Fraction
    assert all(isinstance(x.grad, (Fraction, int)) for x in inputs)


@pytest.mark.parametrize("calculate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize(("a", "b"), [(3.0, 2.0), (3.0, 2), (2, 3.0), (-2.0, 3), (True, 2.5), (0.5, False)])
def test_operators_and_reflected_operators_are_pythons(calculate: Any, a: float, b: float) -> None:
    for x, y in ((Value(a), b), (a, Value(b)), (Value(a), Value(b))):
        try:
            expected = calculate(a, b)
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError, match="div needs a denominator other than 0"):
                calculate(x, y)
        else:
            assert calculate(x, y).data == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (3, 3.0),
        (True, 1.0),
        (np.int8(-100), -100.0),
        (np.float32(0.1), 0.10000000149011612),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.complex64(1j), 1j),
        (Fraction(1, 3), Fraction(1, 3)),
        (Decimal("0.1"), Decimal("0.1")),
        (1 + 2j, 1 + 2j),
    ],
)
def test_numbers_become_floats_or_stay_what_they_are(number: Any, expected: Any) -> None:
    data = Value(number).data
    assert data == expected
    assert type(data) is type(expected)


def test_small_numpy_integers_never_wrap() -> None:
    x = Value(2.0)
    assert (np.int8(127) + x + np.int8(127)).data == 256.0
    assert (np.int8(100) * x * np.int8(100)).data == 20_000.0


@pytest.mark.parametrize("bad", [[1.0], "2", None, np.array([1.0]), {1: 2}])
def test_what_is_no_number_is_refused_by_name_and_with_a_cure(bad: Any) -> None:
    with pytest.raises(TypeError, match=rf"a Value holds one number, not {type(bad).__name__} .*(Give|use)"):
        Value(bad)


@pytest.mark.parametrize(
    ("calculation", "error", "message"),
    [
        (lambda v: v / 0, ZeroDivisionError, r"div needs a denominator other than 0, got 2.0 \(node 'v'\), 0"),
        (lambda v: (-v).log(), ValueError, "log needs .*, got -2.0"),
        (lambda v: (-v) ** 0.5, ValueError, r"pow needs .*, got -2.0, 0.5"),
        (lambda v: (v * 1000).exp(), OverflowError, r"exp\(2000.0\)"),
        (lambda v: v + Decimal("0.1"), TypeError, r"add\(2.0 \(node 'v'\), 0.1\).*float and Decimal do not mix"),
        (lambda v: v * Decimal("0.1"), TypeError, r"mul\(.*float and Decimal do not mix, give both as one type"),
        (lambda v: v + None, TypeError, r"unsupported operand type\(s\) for \+: 'Value' and 'NoneType'"),
        (lambda v: "a" + v, TypeError, "Value"),
        (lambda v: Value.apply("hypotenuse", v), ValueError, "no function 'hypotenuse' in the table"),
        (lambda v: Value.apply("tanh", v, v), TypeError, r"tanh takes 1 argument\(s\), got 2"),
        (lambda v: Value.apply("sum"), TypeError, r"sum takes one or more argument\(s\), got 0"),
    ],
)
def test_a_mistake_is_named_with_its_values(calculation: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        calculation(Value(2.0, label="v"))


@pytest.mark.parametrize("function", [math.sin, float, int, round])
def test_functions_that_would_drop_the_derivative_fail_loudly(function: Any) -> None:
    with pytest.raises(TypeError):
        function(Value(1.0))


# --- constants mix exactly --------------------------------------------------------------------------


@pytest.mark.parametrize("one", [Fraction(1), Decimal(1), 1 + 0j, mpmath.mpf(1), mpmath.mpc(1), mpmath.iv.mpf(1)])
def test_an_integer_constant_takes_the_type_of_the_value(one: Any) -> None:
    x = Value(one)
    y = (2 * x + 1) / 3 - x**2
    y.backward()
    assert type(y.data) is type(one)
    with mpmath.workdps(15):
        assert abs(complex(mpmath.mpmathify(getattr(x.grad, "mid", x.grad))) - (2 / 3 - 2)) < 1e-15


def test_a_bool_is_an_integer_for_exact_numbers_too() -> None:
    assert type((Value(Fraction(1, 3)) * True).data) is Fraction


# --- comparisons, hashes, Python's own functions -----------------------------------------------------


def test_comparisons_are_those_of_the_data() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert a <= 1
    assert 2 == b
    assert b != a
    assert 3 > b >= Value(2.0)
    assert not Value(math.nan) == Value(math.nan)
    assert not a < math.nan
    assert Value(1.0) != None  # noqa: E711  # the comparison itself is tested
    assert a != "1.0"
    with pytest.raises(TypeError):
        a < "2"  # noqa: B015  # the comparison itself is tested


def test_equal_values_are_different_keys() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert len({a: 1, b: 2}) == 2


def test_sum_max_min_and_sorted_work_and_keep_the_graph() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert max(x, y) is y
    assert min(x, y) is x
    assert [v.label for v in sorted([y, x])] == ["x", "y"]
    total = sum([x, y, x])
    total += y
    total.backward()
    assert (total.data, x.grad, y.grad) == (6.0, 2.0, 2.0)


def test_a_value_is_true_where_its_number_is() -> None:
    assert Value(1.0)
    assert not Value(0.0)


def test_a_subclass_is_a_value() -> None:
    class Weight(Value):
        """A leaf with a meaning."""

    w = Weight(2.0)
    y = w * 3 + 1 / w
    y.backward()
    assert w.grad == 3 - 0.25


# --- NumPy ------------------------------------------------------------------------------------------


def test_numpys_functions_work_on_object_arrays_of_values() -> None:
    W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([Value(0.5), Value(-0.25)])
    z = W @ x
    assert [v.data for v in z] == [0.0, 0.5]
    assert [v.data for v in np.dot(W, x)] == [0.0, 0.5]
    y = np.sum(np.tanh(z))
    y.backward()
    assert y.data == math.tanh(0.5)
    slope = 1 / math.cosh(0.5) ** 2
    assert x[0].grad == pytest.approx(1.0 + 3 * slope, rel=1e-15)


def test_arrays_and_numpy_scalars_meet_values_from_both_sides() -> None:
    v, X = Value(2.0), np.array([1.0, 3.0])
    for array in (X * v, v * X):
        assert [type(a) for a in array] == [Value, Value]
        assert [a.data for a in array] == [2.0, 6.0]
    assert [a.data for a in X - v] == [-1.0, 1.0]
    for number in (np.float64(2) * v, v * np.float64(2), np.array(2.0) * v, v * np.array(2.0)):
        assert type(number) is Value
        assert number.data == 4.0
    assert np.exp(v).data == math.exp(2.0)
    assert np.sum(v) is v
    assert list(v == X) == [False, False]
    assert list(v < X) == [False, True]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        (name, function)
        for name, row in TABLE.items()
        for alias in (name, *row.aliases)
        if row.arity == 1 and isinstance(function := getattr(np, alias, None), np.ufunc)
    ],
)
def test_every_function_of_one_number_answers_to_its_numpy_name(name: str, function: Any) -> None:
    at = 1.5 if name == "acosh" else 0.5
    assert function(Value(at)).data == on_numbers(name, at)


# --- what a Value shows ------------------------------------------------------------------------------


def test_repr_and_the_names_of_micrograd() -> None:
    x = Value(3.0, label="x")
    assert repr(x) == "Value(data=3.0, grad=0)"
    assert (x._op, x._prev, x.args, x.grad is NO_GRAD) == ("", set(), (), True)
    power = x**2
    assert (power._op, power._prev) == ("**2", {x})
    assert ((x * x)._op, (x * x)._prev, (x * x).args) == ("*", {x}, (x, x))
    assert (x.relu()._op, (2**x)._op) == ("ReLU", "**")


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if n not in ("sum", "dot") and row.arity in (1, 2)])
def test_every_function_is_a_method_that_says_what_it_is(name: str) -> None:
    method = getattr(Value, name)
    assert name in method.__doc__
    row = TABLE[name]
    at = 1.5
    try:
        expected = row.value(at, *(0.5,) * ((row.arity or 1) - 1))
    except ValueError:
        at = 0.5
        expected = row.value(at)
    assert method(Value(at), *(0.5,) * ((row.arity or 1) - 1)).data == expected
