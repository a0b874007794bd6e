"""Every row of the table: its value and each of its derivatives against mpmath, on points chosen to be hard.

The oracle below was written apart from the table: textbook formulas at 240 bits, where nothing over- or underflows.
It is itself checked by differencing its values.

kappa, the condition of a derivative f_i: sum_j |x_j d2f/dx_i dx_j| / |f_i|. A derivative is right if it is within 4
ulp, or, where rounding an argument alone may cost more than that (kappa > 1), within 8 (1 + kappa) ulp.
"""

from __future__ import annotations

import itertools
import math
import random
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from engine import Value
from engine.elementary import TABLE

inf, nan = math.inf, math.nan
TINY, NORMAL_MIN, MAX = 5e-324, 2.0**-1022, sys.float_info.max

# --- the oracle ----------------------------------------------------------------------------------


def sigma(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def density(x: Any) -> Any:
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def normal_cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 2000 else mpf(x > 0)


def normal_pdf(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def log_sum_exp(*xs: Any) -> Any:
    *others, largest = sorted(xs)
    return largest + mp.log1p(sum((mp.exp(x - largest) for x in others), mpf(0)))


def softmax(*xs: Any) -> tuple[Any, ...]:
    powers = [mp.exp(x - max(xs)) for x in xs]
    return tuple(p / sum(powers) for p in powers)


def norm(*xs: Any) -> Any:
    return mp.sqrt(sum(x * x for x in xs))


def real_power(x: Any, n: Any) -> Any:
    if x > 0:
        return x**n
    return abs(x) ** n * (-1) ** (int(n) % 2)


def real_cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def dot_product(*xs: Any) -> Any:
    n = len(xs) // 2
    return sum((w * x for w, x in zip(xs[:n], xs[n:], strict=False)), xs[-1] if len(xs) % 2 else mpf(0))


def bell(x: Any) -> Any:
    return 2 * mp.exp(-x * x) / mp.sqrt(mp.pi)


one = mpf(1)

# name -> (value, derivatives); None stands for a derivative that does not exist.
ORACLE: dict[str, tuple[Callable[..., Any], Callable[..., tuple[Any, ...]]]] = {
    "add": (lambda a, b: a + b, lambda a, b: (one, one)),
    "sub": (lambda a, b: a - b, lambda a, b: (one, -one)),
    "mul": (lambda a, b: a * b, lambda a, b: (b, a)),
    "neg": (lambda a: -a, lambda a: (-one,)),
    "pos": (lambda a: a, lambda a: (one,)),
    "div": (lambda a, b: a / b, lambda a, b: (1 / b, -a / b**2)),
    "pow": (
        real_power,
        lambda x, n: (n * real_power(x, n) / x, real_power(x, n) * mp.log(x) if x > 0 else None),
    ),
    "sum": (lambda *xs: sum(xs), lambda *xs: (one,) * len(xs)),
    "dot": (
        dot_product,
        lambda *xs: (
            *xs[len(xs) // 2 : len(xs) // 2 * 2],
            *xs[: len(xs) // 2],
            *((one,) if len(xs) % 2 else ()),
        ),
    ),
    "exp": (mp.exp, lambda x: (mp.exp(x),)),
    "expm1": (mp.expm1, lambda x: (mp.exp(x),)),
    "log": (mp.log, lambda x: (1 / x,)),
    "log1p": (mp.log1p, lambda x: (1 / (1 + x),)),
    "log2": (lambda x: mp.log(x) / mp.log(2), lambda x: (1 / (x * mp.log(2)),)),
    "log10": (mp.log10, lambda x: (1 / (x * mp.log(10)),)),
    "sqrt": (mp.sqrt, lambda x: (1 / (2 * mp.sqrt(x)),)),
    "cbrt": (real_cbrt, lambda x: (1 / (3 * real_cbrt(x) ** 2),)),
    "sin": (mp.sin, lambda x: (mp.cos(x),)),
    "cos": (mp.cos, lambda x: (-mp.sin(x),)),
    "tan": (mp.tan, lambda x: (1 / mp.cos(x) ** 2,)),
    "asin": (mp.asin, lambda x: (1 / mp.sqrt(1 - x * x),)),
    "acos": (mp.acos, lambda x: (-1 / mp.sqrt(1 - x * x),)),
    "atan": (mp.atan, lambda x: (1 / (1 + x * x),)),
    "atan2": (mp.atan2, lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y))),
    "sinh": (mp.sinh, lambda x: (mp.cosh(x),)),
    "cosh": (mp.cosh, lambda x: (mp.sinh(x),)),
    "tanh": (mp.tanh, lambda x: (4 * density(2 * x),)),
    "sech": (mp.sech, lambda x: (-mp.sech(x) * mp.tanh(x),)),
    "asinh": (mp.asinh, lambda x: (1 / mp.sqrt(1 + x * x),)),
    "acosh": (mp.acosh, lambda x: (1 / mp.sqrt(x * x - 1),)),
    "atanh": (mp.atanh, lambda x: (1 / (1 - x * x),)),
    "abs": (abs, lambda x: (mp.sign(x),)),
    "maximum": (max, lambda a, b: (mpf(a > b), mpf(b > a))),
    "minimum": (min, lambda a, b: (mpf(a < b), mpf(b < a))),
    "hypot": (norm, lambda *xs: tuple(x / norm(*xs) for x in xs)),
    "erf": (lambda x: mp.erf(x) if abs(x) < 1000 else mp.sign(x), lambda x: (bell(x),)),
    "erfc": (lambda x: mp.erfc(x) if abs(x) < 1000 else 1 - mp.sign(x), lambda x: (-bell(x),)),
    "relu": (lambda x: max(x, mpf(0)), lambda x: (mpf(x > 0),)),
    "leaky_relu": (lambda x, s: x if x > 0 else s * x, lambda x, s: (one, mpf(0)) if x > 0 else (s, x)),
    "elu": (
        lambda x, a: x if x > 0 else a * mp.expm1(x),
        lambda x, a: (one, mpf(0)) if x > 0 else (a * mp.exp(x), mp.expm1(x)),
    ),
    "sigmoid": (sigma, lambda x: (density(x),)),
    "logistic_density": (density, lambda x: (-density(x) * mp.tanh(x / 2),)),
    "softplus": (lambda x: log_sum_exp(x, mpf(0)), lambda x: (sigma(x),)),
    "silu": (lambda x: x * sigma(x), lambda x: (sigma(x) * (1 + x * sigma(-x)),)),
    "gelu": (lambda x: x * normal_cdf(x), lambda x: (normal_cdf(x) + x * normal_pdf(x),)),
    "logaddexp": (log_sum_exp, softmax),
    "logsumexp": (log_sum_exp, softmax),
}

PYTHONS_OWN = {
    **{name: getattr(math, name) for name in TABLE if hasattr(math, name) and name not in ("pow", "dot")},
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "pow": lambda x, n: x**n, "neg": lambda a: -a, "pos": lambda a: +a, "abs": abs,
}  # fmt: skip
ROWS = list(TABLE)
SMOOTH = [name for name in ROWS if TABLE[name].kink is None]


# gelu' = P(X <= x) + x density(x): no factored form is known, and each term brings its own roundings.
SUMS_OF_OPPOSITE_SIGN = ("gelu",)


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    with mp.workprec(240):
        yield


# --- hard points ---------------------------------------------------------------------------------

SPECIAL = (
    0.0, TINY, NORMAL_MIN, MAX, 1.0, 0.5, 2.0, math.pi, 1e-160, 1e160, 1.3407807929942596e154, 709.78, 708.4, 745.1,
    1.2784645427610738, 0.7517915246935645, 18.7, 37.5,
)  # fmt: skip


def hard_float(rng: random.Random) -> float:
    """Any float at all, tails, integers and halves, and the neighbourhood of edges and of zeros of derivatives."""
    sign = rng.choice((-1.0, 1.0))
    near = 1 + rng.choice((-1, 1)) * 10.0 ** rng.uniform(-17, 0)
    kind = rng.randrange(8)
    if kind == 0:
        (x,) = struct.unpack("<d", rng.randbytes(8))
        return x if math.isfinite(x) else 1.5
    if kind == 1:
        return rng.gauss(0, 1) * 10.0 ** rng.uniform(-6, 4)
    if kind == 2:
        return sign * rng.uniform(20, 760)
    if kind == 3:
        return rng.randint(-1000, 1000) / 2
    if kind == 4:
        return max(-MAX, min(MAX, math.nextafter(sign * rng.choice(SPECIAL), sign * inf)))
    if kind == 5:
        return sign * near
    if kind == 6:
        return rng.randint(-50, 50) * math.pi / 2 * near
    return sign * rng.uniform(0, 40)


def hard_point(name: str, rng: random.Random) -> tuple[float, ...]:
    """Arguments for the row, most in its domain; every second point has arguments close together or far apart."""
    count = TABLE[name].arity or rng.randint(2 if name == "dot" else 1, 5)
    xs = [hard_float(rng) for _ in range(count)]
    if name in ("log", "log2", "log10", "sqrt"):
        xs = [abs(x) for x in xs]
    elif name in ("asin", "acos", "atanh") and abs(xs[0]) > 1:
        xs = [1 / xs[0]]
    elif name == "acosh" and abs(xs[0]) < 1:
        xs = [1 / max(abs(xs[0]), NORMAL_MIN)]
    elif name == "log1p" and xs[0] < -1:
        xs = [-xs[0]]
    elif name == "pow":
        xs = list(hard_power(rng, *xs))
    elif rng.random() < 0.5:
        xs[1:] = [
            max(-MAX, min(MAX, rng.choice((xs[0], -xs[0], xs[0] * 2.0 ** rng.randint(-60, 60), xs[0] + x))))
            for x in xs[1:]
        ]
    return tuple(xs)


def hard_power(rng: random.Random, x: float, n: float) -> tuple[float, float]:
    """Arguments of x**n: integers, bases near 1, and results chosen near the ends of the floats and beyond."""
    kind = rng.randrange(4)
    if kind == 0:
        return x, float(rng.randint(-20, 20))
    if kind == 1:
        return abs(x), n
    x = abs(x) if kind == 2 and x not in (0.0, 1.0, -1.0) else 1 + rng.choice((-1, 1)) * 10.0 ** rng.uniform(-15, -1)
    magnitude = rng.choice((rng.uniform(-1100, 1024), rng.uniform(-1080, -1015), rng.uniform(-2200, -1000), 0.5))
    n = magnitude / math.log2(x)
    return x, n if math.isfinite(n) else 2.0


# --- the measure ---------------------------------------------------------------------------------


def ulps(got: float, truth: Any) -> float:
    """The distance in units of the last place of the truth; an overflow is right where the truth overflows."""
    if abs(truth) > MAX:
        return 0.0 if abs(got) >= MAX and (got > 0) == (truth > 0) else inf
    if not math.isfinite(got):
        return 0.0 if abs(truth) > MAX * (1 - 2.0**-51) and (got > 0) == (truth > 0) else inf
    return float(abs(mpf(got) - truth) / math.ulp(float(truth)))


def condition(name: str, i: int, xs: tuple[float, ...], truth: Any) -> float:
    """kappa of the derivative by argument i, by central differences at 900 bits."""
    if truth == 0:
        return inf
    total = mpf(0)
    with mp.workprec(900):
        for j, x in enumerate(map(mpf, xs)):
            if x != 0 and not (name == "pow" and j == 1 and xs[0] < 0):
                h = min(abs(x), one) * mpf(2) ** -200
                above, below = (ORACLE[name][1](*map(mpf, xs[:j]), v, *map(mpf, xs[j + 1 :])) for v in (x + h, x - h))
                total += abs(x * (above[i] - below[i]) / (2 * h))
        return float(total / abs(truth))


def at_an_edge(name: str, xs: tuple[float, ...]) -> bool:
    """Tell whether a kink or an infinite slope is here; these are listed in the rows' edges and tested from there."""
    kink = TABLE[name].kink
    return (
        (kink is not None and kink(*xs) == 0)
        or (name in ("asin", "acos", "acosh") and abs(xs[0]) == 1)
        or (name in ("sqrt", "cbrt", "pow") and xs[0] == 0)
        or (name == "atan2" and xs[0] == xs[1] == 0)
    )


def assert_partials_are_right(name: str, xs: tuple[float, ...]) -> None:
    row = TABLE[name]
    try:
        y = row.value(*xs)
    except (ArithmeticError, ValueError):
        return  # no value, no derivative: which exception it must be is tested below
    got = row.partials(y, *xs)
    assert len(got) == len(xs)
    if at_an_edge(name, xs):
        return
    for i, truth in enumerate(ORACLE[name][1](*map(mpf, xs))):
        if truth is None:
            assert math.isnan(got[i])
            continue
        error = ulps(float(got[i]), truth)
        if error > 4:
            kappa = condition(name, i, xs, truth)
            found = f"{name}{xs}: partial {i} is {got[i]}, off by {error} ulp from {mp.nstr(truth, 20)}"
            assert kappa > 1 or name in SUMS_OF_OPPOSITE_SIGN, found
            assert error <= 8 * (1 + kappa), found


# --- the tests -----------------------------------------------------------------------------------


def test_the_oracle_knows_every_row() -> None:
    assert set(ORACLE) == set(TABLE)


def ordinary_point(name: str) -> tuple[float, ...]:
    if name == "acosh":
        return (1.75,)
    return {1: (0.375,), 2: (-0.625 if name in ("elu", "leaky_relu") else 0.625, 0.25)}.get(
        TABLE[name].arity or 3, (0.375, 0.625, 0.25)
    )


@pytest.mark.parametrize("name", ROWS)
def test_the_oracles_derivatives_are_those_of_its_values(name: str) -> None:
    f, derivatives = ORACLE[name]
    xs = tuple(map(mpf, ordinary_point(name)))
    for i, derivative in enumerate(derivatives(*xs)):
        differenced = mpmath.diff(lambda x, i=i: f(*xs[:i], x, *xs[i + 1 :]), xs[i])
        assert abs(differenced - derivative) < mpf(10) ** -30


@pytest.mark.parametrize("name", ROWS)
def test_every_partial_is_right_to_the_last_bits_on_hard_points(name: str) -> None:
    rng = random.Random(name)
    for _ in range(2000 if TABLE[name].arity else 500):
        assert_partials_are_right(name, hard_point(name, rng))


@given(name=st.sampled_from(ROWS), seed=st.integers(0, 2**64))
def test_every_partial_is_right_wherever_hypothesis_looks(name: str, seed: int) -> None:
    with mp.workprec(240):
        assert_partials_are_right(name, hard_point(name, random.Random(seed)))


@pytest.mark.parametrize("name", sorted(PYTHONS_OWN))
def test_the_value_is_pythons_own_to_the_last_bit_or_the_same_exception(name: str) -> None:
    rng = random.Random(name)
    points = [hard_point(name, rng) for _ in range(1000)]
    ends = (0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1000.0, inf, -inf, nan)
    points += itertools.product(ends, repeat=TABLE[name].arity or 2)
    for xs in points:
        try:
            expected = PYTHONS_OWN[name](*xs)
        except (ArithmeticError, ValueError) as error:
            with pytest.raises(type(error)):
                TABLE[name].value(*xs)
            with pytest.raises(type(error), match=name):
                Value.apply(name, *map(Value, xs))
            continue
        if isinstance(expected, complex):
            with pytest.raises(ValueError, match="integer exponent"):
                TABLE[name].value(*xs)
        else:
            assert struct.pack("d", TABLE[name].value(*xs)) == struct.pack("d", expected) or math.isnan(expected)


@pytest.mark.parametrize("name", sorted(set(ROWS) - set(PYTHONS_OWN) - {"sum", "dot"}))
def test_the_value_of_a_function_that_python_lacks_is_right_to_the_last_bits(name: str) -> None:
    rng = random.Random(name)
    f, derivatives = ORACLE[name]
    for _ in range(1500):
        xs = hard_point(name, rng)
        truth = f(*map(mpf, xs))
        error = ulps(float(TABLE[name].value(*xs)), truth)
        if error > 4:
            kappa = sum(abs(x * d) for x, d in zip(xs, derivatives(*map(mpf, xs)), strict=True)) / abs(truth)
            assert error <= 8 * (1 + kappa), f"{name}{xs} is off by {error} ulp from {mp.nstr(truth, 20)}"


@pytest.mark.parametrize("name", ["sum", "dot"])
def test_sums_are_added_from_left_to_right(name: str) -> None:
    xs = (1e16, 1.0, -1e16, 1.0, 3.0)
    expected = xs[0] + xs[1] + xs[2] + xs[3] + xs[4] if name == "sum" else xs[4] + xs[0] * xs[2] + xs[1] * xs[3]
    assert TABLE[name].value(*xs) == expected


def same(got: float, expected: float) -> bool:
    """Tell whether two floats are equal to 4 ulp, the sign of zero left aside, or both nan."""
    both_nan = math.isnan(got) and math.isnan(expected)
    return both_nan or got == expected or abs(got - expected) <= 4 * math.ulp(expected)


EDGES = [(name, *edge) for name, row in TABLE.items() for edge in row.edges]


@pytest.mark.parametrize(("name", "xs", "value", "partials"), EDGES, ids=[f"{e[0]}{e[1]}" for e in EDGES])
def test_the_documented_edge_holds(name: str, xs: Any, value: Any, partials: Any) -> None:
    row = TABLE[name]
    if isinstance(value, type):
        with pytest.raises(value):
            row.value(*xs)
        return
    y = row.value(*xs)
    assert same(y, value)
    plain = row.partials(y, *xs)
    assert all(same(float(a), b) for a, b in zip(plain, partials, strict=True)), plain
    values = [Value(x) for x in xs]
    recorded = row.partials(Value.apply(name, *values), *values)
    assert all(same(float(getattr(a, "data", a)), b) for a, b in zip(recorded, partials, strict=True)), recorded


@pytest.mark.parametrize(
    ("name", "xs"),
    [("pow", (0.0, 0.0)), ("pow", (0.0, -1.0)), ("pow", (-2.0, 3.0)), ("div", (1.0, 0.0)), ("log", (0.0,)),
     ("log", (-1.0,)), ("sqrt", (-1.0,)), ("sqrt", (0.0,)), ("abs", (0.0,)), ("relu", (0.0,)),
     ("leaky_relu", (0.0, 0.25)), ("maximum", (2.0, 2.0)), ("minimum", (2.0, 2.0)), ("hypot", (0.0, 0.0)),
     ("atan2", (0.0, 0.0)), ("sigmoid", (1e6,)), ("tanh", (-1e6,)), ("softplus", (-1e6,)), ("logsumexp", (1e6, -1e6))],
)  # fmt: skip
def test_the_edges_that_the_reference_lists_are_documented_in_their_rows(name: str, xs: tuple[float, ...]) -> None:
    assert xs in [edge[0] for edge in TABLE[name].edges]


GRID = (
    0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, TINY, -TINY, 1e-310, MAX, -MAX, 1e155, 1e-160, 709.7, -745.2, inf, -inf, nan,
)  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_rule_never_raises_where_the_value_is_fine(name: str) -> None:
    row = TABLE[name]
    for xs in itertools.product(GRID, repeat=min(row.arity or 2, 2)):
        try:
            y = row.value(*xs)
        except (ArithmeticError, ValueError):
            continue
        row.partials(y, *xs)
        values = [Value(x) for x in xs]
        row.partials(Value.apply(name, *values), *values)


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"add", "sub", "sum", "neg", "pos", "mul", "div", "dot"}))
def test_a_nan_argument_gives_nan_and_a_nan_derivative(name: str) -> None:
    row = TABLE[name]
    xs = (nan, *(0.5,) * ((row.arity or 2) - 1))
    y = row.value(*xs)
    assert math.isnan(y)
    assert math.isnan(row.partials(y, *xs)[0])


@pytest.mark.parametrize("name", [n for n in ROWS if TABLE[n].arity == 1 and n not in ("sin", "cos", "tan")])
def test_at_infinity_the_derivative_is_its_limit(name: str) -> None:
    row = TABLE[name]
    for x in (inf, -inf):
        try:
            y = row.value(x)
        except (ArithmeticError, ValueError):
            continue
        far_out = mpf(10) ** 2000 * (1 if x > 0 else -1)
        assert float(row.partials(y, x)[0]) == float(ORACLE[name][1](far_out)[0])


@pytest.mark.parametrize("name", ROWS)
def test_derivatives_of_derivatives_agree_with_mpmath(name: str) -> None:
    point = ordinary_point(name)
    direction = (1.0, -0.5, 0.75)[: len(point)]

    def along(t: Any, f: Callable[..., Any]) -> Any:
        return f(*(x + d * t for x, d in zip(point, direction, strict=True)))

    t = Value(0.0)
    slope: Any = along(t, lambda *xs: Value.apply(name, *xs))
    for order in (1, 2, 3):
        if not isinstance(slope, Value) or slope.row is None:
            slope = 0.0
        else:
            t.grad = 0
            slope.backward(create_graph=True)
            slope = t.grad
        got = getattr(slope, "data", slope)
        truth = mpmath.diff(lambda t: along(t, ORACLE[name][0]), 0, order)
        assert abs(got - truth) <= 1e-13 * max(1, abs(truth)), f"order {order}"


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [("pow", (0.0, 2), (0, 2, 0)), ("pow", (0.0, 3), (0, 0, 6)), ("pow", (0.0, 1), (1, 0, 0)),
     ("tanh", (0.0,), (1, 0, -2)), ("sigmoid", (0.0,), (0.25, 0, -0.125)), ("abs", (0.0,), (0, 0, 0)),
     ("relu", (0.0,), (0, 0, 0)), ("tanh", (1e-9,), (1, -2e-9, -2)), ("tanh", (400.0,), (None, None, None)),
     ("pow", (0.0, 2.5), (0, 0, inf)),
     ("hypot", (0.0, 0.0), (0, 0, 0)), ("logsumexp", (800.0, -800.0), (1, 0, 0)), ("expm1", (0.0,), (1, 1, 1))],
)  # fmt: skip
def test_higher_derivatives_hold_where_they_are_delicate(name: str, xs: Any, expected: Any) -> None:
    x = Value(xs[0])
    slope: Any = Value.apply(name, x, *xs[1:])
    for derivative in expected:
        if isinstance(slope, Value) and slope.row is not None:
            x.grad = 0
            slope.backward(create_graph=True)
            slope = x.grad
        else:
            slope = 0.0
        got = float(getattr(slope, "data", slope))
        assert derivative is None or math.isclose(got, derivative, rel_tol=1e-14, abs_tol=1e-300)


@pytest.mark.parametrize("name", ROWS)
def test_the_latex_template_can_be_filled(name: str) -> None:
    row = TABLE[name]
    names = ["x", "y", "z"][: row.arity or 3]
    filled = row.latex.format(*names, args=", ".join(names))
    assert names[0] in filled
    assert filled.count("{") == filled.count("}")
    assert r"\left" not in filled or filled.count(r"\left") == filled.count(r"\right")
