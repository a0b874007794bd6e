"""The formulas for arrays against the rows they come from, on hard numbers."""

import contextlib
import math
import random
from typing import Any

import numpy as np
import pytest

from engine.elementary import TABLE
from engine.lift.forms import HELPERS as FORM_HELPERS
from engine.lift.forms import pullback_form, slope_form, value_form
from engine.lift.helpers import HELPERS
from engine.lift.infinite import has_pole

FIXED = [row for row in TABLE.values() if row.arity is not None]

EASY = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.7, -3.7, 0.99999999, -0.99999999, 1 - 2**-53]
TAILS = [
    s * x for x in (1e-300, 1e-8, 20.0, 36.9, 40.0, 300.0, 350.0, 700.0, 709.0, 745.0, 1e5, 1e150) for s in (1, -1)
]
EXTREME = [-0.0, 5e-324, -5e-324, 1e200, -1e200, 1e308, -1e308]


def hard_numbers() -> list[float]:
    rng = random.Random(0)
    drawn = [math.ldexp(rng.uniform(1, 2), rng.randrange(-60, 60)) * rng.choice([1, -1]) for _ in range(40)]
    return [*EASY, *TAILS, *EXTREME, *(rng.uniform(-5, 5) for _ in range(30)), *drawn]


def points(row: Any) -> list[tuple[float, ...]]:
    """Return hard arguments at which the row has a value."""
    rng, numbers, found = random.Random(1), hard_numbers(), []
    drawn = (
        [(x,) for x in numbers] if row.arity == 1 else [tuple(rng.choices(numbers, k=row.arity)) for _ in range(600)]
    )
    for xs in drawn:
        try:
            y = row.value(*xs)
        except (ArithmeticError, ValueError):
            continue
        found.append((xs, y))
    return [xs for xs, y in found if not isinstance(y, complex)]


def run(form: Any, **names: Any) -> Any:
    """Return what the formula gives, as the emitted module computes it."""
    namespace: dict[str, Any] = {"np": np, "math": math}
    body = form.text().replace("\n", "\n    ")
    source = "".join(HELPERS[name] for name in FORM_HELPERS)
    exec(f"{source}\ndef f({', '.join([*form.names, 'xp'])}):\n    {body}\n", namespace)
    with np.errstate(all="ignore"):
        result = namespace["f"](**{n: names[n] for n in form.names}, xp=np)
    return np.broadcast_to(result, names["x0"].shape)


def ulps(found: float, true: float) -> float:
    if found == true or (math.isnan(found) and math.isnan(true)):
        return 0.0
    return abs(found - true) / math.ulp(true) if math.isfinite(found) and math.isfinite(true) else math.inf


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_the_value_of_every_row_is_that_of_the_row_within_4_ulp(row: Any) -> None:
    xs = points(row)
    columns = {f"x{i}": np.array([x[i] for x in xs]) for i in range(row.arity)}
    found = run(value_form(row.name, (None,) * row.arity), **columns)
    assert max(ulps(float(y), row.value(*x)) for y, x in zip(found, xs, strict=True)) <= 4


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_every_partial_derivative_is_that_of_the_row_within_8_ulp(row: Any) -> None:
    xs = points(row)
    values = [row.value(*x) for x in xs]
    columns = {f"x{i}": np.array([x[i] for x in xs]) for i in range(row.arity)}
    for position in range(row.arity):
        form = pullback_form(row.name, (None,) * row.arity, position)
        found = run(form, g=np.ones(len(xs)), y=np.array(values), **columns)
        for got, x, y in zip(found, xs, values, strict=True):
            assert ulps(float(got), float(row.partials(y, *x)[position])) <= 8, (x, position)


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_every_slope_is_that_of_the_row_within_8_ulp_and_infinite_or_0_where_it_is(row: Any) -> None:
    xs = points(row)
    values = [row.value(*x) for x in xs]
    columns = {f"x{i}": np.array([x[i] for x in xs]) for i in range(row.arity)}
    for position in range(row.arity):
        found = run(slope_form(row.name, (None,) * row.arity, position), y=np.array(values), **columns)
        for got, x, y in zip(found, xs, values, strict=True):
            assert ulps(float(got), float(row.partials(y, *x)[position])) <= 8, (x, position)


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_a_row_without_a_pole_has_no_infinite_derivative_but_where_it_overflows(row: Any) -> None:
    rng = random.Random(4)
    for xs in [*(xs for xs, *_ in row.edges), *(tuple(rng.choices(EASY, k=row.arity)) for _ in range(1000))]:
        with contextlib.suppress(ArithmeticError, ValueError):
            partials = row.partials(row.value(*xs), *xs)
            if all(map(math.isfinite, xs)):
                infinite = [isinstance(p, float) and math.isinf(p) for p in partials]
                assert all(has_pole(row.name, (None,) * row.arity, i) for i, at in enumerate(infinite) if at), xs


def underflowing() -> list[tuple[str, float, float]]:
    """Return quotients and powers that are subnormal or 0, or whose derivatives' steps are, or overflow."""
    rng, found = random.Random(2), []
    for _ in range(600):
        a, b = (
            math.ldexp(rng.uniform(1, 2), rng.randrange(-1074, -1000)),
            math.ldexp(rng.uniform(1, 2), -rng.randrange(52)),
        )
        found.append(("div", rng.choice([1, -1]) * a, rng.choice([1, -1]) * b))
        x, y = math.ldexp(rng.uniform(1, 2), rng.choice([1, -1]) * rng.randrange(2, 900)), rng.uniform(-745, -700)
        found.append(("pow", x, y / math.log(x)))
        found.append(("pow", -(2.0 ** rng.randrange(2, 9)), -float(rng.randrange(118, 540))))
        found.append(
            ("pow", math.ldexp(rng.uniform(1, 2), -1060), -math.ldexp(rng.uniform(1, 2), -rng.randrange(40, 60)))
        )
    return found


def test_quotients_and_powers_that_underflow_have_the_derivatives_of_their_rows() -> None:
    """The fourth root of a power is right to an ulp, so the power of it is to 4 and more, where the row's is too."""
    cases = [(name, a, b, TABLE[name].value(a, b)) for name, a, b in underflowing()]
    assert sum(abs(y) < 2.0**-1022 for *_, y in cases) > 1000
    for name in ("div", "pow"):
        xs = [(a, b) for row, a, b, _ in cases if row == name]
        y = np.array([y for row, *_, y in cases if row == name])
        columns = {"x0": np.array([a for a, _ in xs]), "x1": np.array([b for _, b in xs])}
        for position in (0, 1):
            found = run(pullback_form(name, (None, None), position), g=np.ones(len(xs)), y=y, **columns)
            for got, x, value in zip(found, xs, y.tolist(), strict=True):
                assert ulps(float(got), float(TABLE[name].partials(value, *x)[position])) <= 8, (name, x, position)


@pytest.mark.parametrize("n", [-300.0, -8.0, -1.0, -1e-16, 0.05, 0.5, 1.5, 3.0, 8.0, 17.5, 100.0, 1000.0])
def test_a_power_with_a_constant_exponent_has_the_derivative_of_its_row_where_it_underflows(n: float) -> None:
    rng, x, y = random.Random(3), [], []
    near = -1022 / (n - 1)  # here x^(n-1) becomes subnormal
    for exponent in [
        *(rng.uniform(-1074, 1000) for _ in range(300)),
        *(near + rng.uniform(-9, 9) / n for _ in range(300)),
    ]:
        with contextlib.suppress(OverflowError, ZeroDivisionError):
            base = 2.0 ** max(-1074.0, min(1000.0, exponent))
            y.append(TABLE["pow"].value(base, n))
            x.append(base)
    found = run(pullback_form("pow", (None, n), 0), g=np.ones(len(x)), y=np.array(y), x0=np.array(x))
    assert len(x) > 100
    for got, a, value in zip(found, x, y, strict=True):
        assert ulps(float(got), float(TABLE["pow"].partials(value, a, n)[0])) <= 8, a


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_an_adjoint_of_zero_passes_nothing_on(row: Any) -> None:
    # Not where a derivative is infinite only because it overflows, as 1 / 1e-310 does.
    xs = [x for x in points(row) if all(a == 0 or 1e-140 < abs(a) < 1e140 for a in x) and abs(row.value(*x)) < 1e140]
    columns = {f"x{i}": np.array([x[i] for x in xs]) for i in range(row.arity)}
    y = np.array([row.value(*x) for x in xs])
    for position in range(row.arity):
        partials = np.array([row.partials(row.value(*x), *x)[position] for x in xs], dtype=float)
        found = run(pullback_form(row.name, (None,) * row.arity, position), g=np.zeros(len(xs)), y=y, **columns)
        assert (found[~np.isnan(partials)] == 0).all()


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_the_documented_edges_hold(row: Any) -> None:
    for xs, value, partials in row.edges:
        if isinstance(value, float):
            columns = {f"x{i}": np.array([x]) for i, x in enumerate(xs)}
            assert ulps(float(run(value_form(row.name, (None,) * row.arity), **columns)[0]), value) <= 4
            for i, partial in enumerate(partials):
                form = pullback_form(row.name, (None,) * row.arity, i)
                found = float(run(form, g=np.ones(1), y=np.array([value]), **columns)[0])
                assert ulps(found, partial) <= 8, (xs, i)


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_float32_in_is_float32_out(row: Any) -> None:
    columns = {f"x{i}": np.array([0.5, 0.25], np.float32) for i in range(row.arity)}
    if row.name == "acosh":
        columns = {"x0": np.array([1.5, 2.0], np.float32)}
    y = run(value_form(row.name, (None,) * row.arity), **columns)
    assert y.dtype == np.float32
    for position in range(row.arity):
        form = pullback_form(row.name, (None,) * row.arity, position)
        assert run(form, g=np.ones(2, np.float32), y=y, **columns).dtype == np.float32


def test_a_constant_exponent_is_worked_in() -> None:
    assert pullback_form("pow", (None, 3.0), 0).line() == "g * (3.0 * (x0 * x0))"
    assert value_form("pow", (None, 2.0)).line() == "x0 * x0"


def test_both_sides_of_a_branch_share_one_exponential_that_cannot_overflow() -> None:
    assert value_form("sigmoid", (None,)).text().count("exp") == 1
    assert run(value_form("sigmoid", (None,)), x0=np.array([-700.0, 700.0])).tolist() == [math.exp(-700.0), 1.0]
