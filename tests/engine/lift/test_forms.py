"""The formulas for arrays against the rows they come from, on hard numbers."""

import math
import random
from typing import Any

import numpy as np
import pytest

from engine.elementary import TABLE
from engine.lift.forms import pullback_form, value_form
from engine.lift.helpers import HELPERS

FIXED = [row for row in TABLE.values() if row.arity is not None]
NORMAL_MIN = 2.0**-1022

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
    source = "".join(HELPERS[name] for name in ("erf", "erfc", "cbrt"))
    exec(f"{source}\ndef f({', '.join(form.names)}, xp):\n    {body}\n", namespace)
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
    """Where a product on the way is subnormal, a row looks into the bits of its floats; a formula cannot."""
    xs = points(row)
    values = [row.value(*x) for x in xs]
    columns = {f"x{i}": np.array([x[i] for x in xs]) for i in range(row.arity)}
    for position in range(row.arity):
        form = pullback_form(row.name, (None,) * row.arity, position)
        found = run(form, g=np.ones(len(xs)), y=np.array(values), **columns)
        for got, x, y in zip(found, xs, values, strict=True):
            if row.name in ("div", "pow") and not (NORMAL_MIN <= abs(y) < math.inf and abs(x[0]) >= NORMAL_MIN):
                continue
            assert ulps(float(got), float(row.partials(y, *x)[position])) <= 8, (x, position)


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
        if isinstance(value, float) and (row.name, xs) != (
            "pow",
            (math.inf, -1.0),
        ):  # 0 * log(inf): the limit needs bits
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
