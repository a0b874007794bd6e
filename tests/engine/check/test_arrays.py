"""NumPy's and SciPy's functions on the oracles' numbers: each is run, and judged by intervals, never as a black box.

Whatever is run gives what NumPy gives for doubles, with every keyword; what cannot is refused.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient
from engine.check.arrays import traced_array
from engine.check.fields import RealField
from engine.check.tape import Tape
from engine.check.traced import RUNNING, Traced

sp = pytest.importorskip("scipy.special")  # comes with scikit-learn

Function = Callable[[Any], Any]

W = np.array([0.3, -1.2, 2.0])
P = np.array([0.3, 1.2, 2.0])  # positive
U = np.array([0.3, -0.7, 0.9])  # inside (-1, 1)
C = np.array([0.5, -1.0, 1.5])


def in_place(w: Any) -> Any:
    z = np.zeros_like(w)
    z += w * C
    return z


SUMMED: dict[str, tuple[Function, Function, Any]] = {
    "exp": (np.exp, np.exp, W),
    "exp2": (np.exp2, lambda w: np.exp2(w) * np.log(2), W),
    "expm1": (np.expm1, np.exp, W),
    "log": (np.log, lambda w: 1 / w, P),
    "log2": (np.log2, lambda w: 1 / (w * np.log(2)), P),
    "log10": (np.log10, lambda w: 1 / (w * np.log(10)), P),
    "log1p": (np.log1p, lambda w: 1 / (1 + w), P),
    "sqrt": (np.sqrt, lambda w: 0.5 / np.sqrt(w), P),
    "cbrt": (np.cbrt, lambda w: np.cbrt(w) / (3 * w), P),
    "square": (np.square, lambda w: 2 * w, W),
    "reciprocal": (np.reciprocal, lambda w: -1 / w**2, W),
    "negative": (np.negative, lambda w: -np.ones_like(w), W),
    "positive": (np.positive, np.ones_like, W),
    "absolute": (np.absolute, np.sign, W),
    "fabs": (np.fabs, np.sign, W),
    "sin": (np.sin, np.cos, W),
    "cos": (np.cos, lambda w: -np.sin(w), W),
    "tan": (np.tan, lambda w: 1 / np.cos(w) ** 2, W),
    "arcsin": (np.arcsin, lambda w: 1 / np.sqrt((1 - w) * (1 + w)), U),
    "arccos": (np.arccos, lambda w: -1 / np.sqrt((1 - w) * (1 + w)), U),
    "arctan": (np.arctan, lambda w: 1 / (1 + w * w), W),
    "sinh": (np.sinh, np.cosh, W),
    "cosh": (np.cosh, np.sinh, W),
    "tanh": (np.tanh, lambda w: 1 / np.cosh(w) ** 2, W),
    "arcsinh": (np.arcsinh, lambda w: 1 / np.sqrt(1 + w * w), W),
    "arccosh": (np.arccosh, lambda w: 1 / np.sqrt((w - 1) * (w + 1)), P + 1.5),
    "arctanh": (np.arctanh, lambda w: 1 / ((1 - w) * (1 + w)), U),
    "expit": (sp.expit, lambda w: sp.expit(w) * sp.expit(-w), W),
    "log_expit": (sp.log_expit, lambda w: sp.expit(-w), W),
    "erf": (sp.erf, lambda w: 2 / np.sqrt(np.pi) * np.exp(-w * w), W),
    "erfc": (sp.erfc, lambda w: -2 / np.sqrt(np.pi) * np.exp(-w * w), W),
    "sinc": (np.sinc, lambda w: (np.cos(np.pi * w) - np.sinc(w)) / w, W),
    "power": (lambda w: np.power(w, 3), lambda w: 3 * w**2, W),
    "rpower": (lambda w: np.power(2.0, w), lambda w: np.power(2.0, w) * np.log(2), W),
    "clip": (lambda w: np.clip(w, -1, 1), lambda w: (np.abs(w) < 1).astype(float), W),
    "clip from above": (lambda w: np.clip(w, None, 1), lambda w: (w < 1).astype(float), W),
    "clip method": (lambda w: w.clip(-1, 1), lambda w: (np.abs(w) < 1).astype(float), W),
    "maximum of a constant": (lambda w: np.maximum(C, w), lambda w: (w > C).astype(float), W),
    "minimum": (lambda w: np.minimum(w, C), lambda w: (w < C).astype(float), W),
    "fmax": (lambda w: np.fmax(w, C), lambda w: (w > C).astype(float), W),
    "fmin": (lambda w: np.fmin(C, w), lambda w: (w < C).astype(float), W),
    "sign": (lambda w: np.sign(w) * w**2, lambda w: 2 * np.abs(w), W),
    "heaviside": (lambda w: np.heaviside(w, 0.5) * w, lambda w: np.heaviside(w, 0.5), W),
    "where": (lambda w: np.where(w > 0, w, 0.1 * w), lambda w: np.where(w > 0, 1, 0.1), W),
    "where isnan": (lambda w: np.where(np.isnan(w), 0.0, w * w), lambda w: 2 * w, W),
    "isfinite": (lambda w: np.where(np.isfinite(w) & ~np.isinf(w), w * w, 0.0), lambda w: 2 * w, W),
    "hypot": (lambda w: np.hypot(w, C), lambda w: w / np.hypot(w, C), W),
    "hypot of a constant": (lambda w: np.hypot(C, w), lambda w: w / np.hypot(w, C), W),
    "arctan2": (lambda w: np.arctan2(w, C), lambda w: C / (w * w + C * C), W),
    "arctan2 of a constant": (lambda w: np.arctan2(C, w), lambda w: -C / (w * w + C * C), W),
    "logaddexp": (lambda w: np.logaddexp(w, C), lambda w: 1 / (1 + np.exp(C - w)), W),
    "logaddexp of a constant": (lambda w: np.logaddexp(C, w), lambda w: 1 / (1 + np.exp(C - w)), W),
    "xlogy": (lambda w: sp.xlogy(w, w), lambda w: np.log(w) + 1, P),
    "xlogy of a constant": (lambda w: sp.xlogy(C, w), lambda w: C / w, P),
    "xlogy in a constant": (lambda w: sp.xlogy(w, P), lambda w: np.log(P), W),
    "xlogy of zero": (lambda w: sp.xlogy(np.zeros(3), w) + w, np.ones_like, P),
    "divide": (lambda w: np.divide(C, w), lambda w: -C / w**2, W),
    "norm": (np.linalg.norm, lambda w: w / np.linalg.norm(w), W),
    "cumsum": (np.cumsum, lambda w: np.array([3.0, 2, 1]), W),
    "cumprod": (np.cumprod, lambda w: np.array([1 + w[1] + w[1] * w[2], w[0] + w[0] * w[2], w[0] * w[1]]), W),
    "prod": (np.prod, lambda w: np.prod(w) / w, W),
    "max": (np.max, lambda w: (w == w.max()).astype(float), W),
    "sort": (lambda w: np.sort(w) * C, lambda w: C[np.argsort(np.argsort(w))], W),
    "einsum": (lambda w: np.einsum("i,i->i", w, C), lambda w: C, W),
    "dot": (lambda w: np.dot(w, C), lambda w: C, W),
    "outer": (lambda w: np.outer(w, C), lambda w: np.full(3, C.sum()), W),
    "mean": (lambda w: np.mean(w**2), lambda w: 2 * w / 3, W),
    "var": (np.var, lambda w: 2 * (w - w.mean()) / 3, W),
    "std": (np.std, lambda w: (w - w.mean()) / 3 / np.std(w), W),
    "out": (lambda w: np.tanh(w, out=np.empty_like(w)), lambda w: 1 / np.cosh(w) ** 2, W),
    "in place": (in_place, lambda w: C, W),
}


@pytest.mark.parametrize("name", SUMMED)
def test_a_function_of_numpys_or_scipys_is_judged_by_intervals(name: str) -> None:
    f, slope, at = SUMMED[name]
    report = check_gradient(lambda w: np.sum(f(w)), slope, at)
    assert (report.verdict, report.oracle) == ("ok", "interval"), str(report)
    assert check_gradient(lambda w: np.sum(f(w)), lambda w: slope(w) * (1 + 1e-9), at).verdict == "wrong"


# --- the same as over doubles -----------------------------------------------------------------------------------

V = np.array([0.3, -1.2, 2.0, 0.7])
D = np.array([0.5, -1.0, 1.5, 0.7])
MASK = [True, False, True, True]


def square(w: Any) -> Any:
    return w.reshape(2, 2)


def changed(change: Callable[[Any], Any]) -> Function:
    """Return a function that changes a copy in place, and returns that."""

    def function(w: Any) -> Any:
        copy = w.copy()
        change(copy)
        return copy

    return function


SAME: dict[str, Function] = {
    # where= and out=
    "exp where": lambda w: np.exp(w, where=w > 0, out=np.zeros_like(w)),
    "exp where, a list": lambda w: np.exp(w, where=MASK, out=w.copy()),
    "exp where, a mask of its class": lambda w: np.exp(w, where=np.ones_like(w, dtype=bool), out=w.copy()),
    "exp where, without out": lambda w: np.exp(w, where=w > 0)[w > 0],
    "exp where, then a sum": lambda w: np.sum(np.exp(w, where=w > 0), where=w > 0),
    "exp of a number where": lambda w: np.exp(w[0], where=w[0] > 0, out=w[:1].copy()),
    "exp transposed where": lambda w: np.exp(square(w).T, where=square(w) > 0, out=np.zeros_like(square(w))),
    "log where": lambda w: np.log(w, where=w > 0, out=np.full_like(w, 7)),
    "sqrt where": lambda w: np.sqrt(w, where=w > 0, out=np.zeros_like(w)),
    "abs where": lambda w: np.abs(w, where=w < -1, out=np.ones_like(w)),
    "sign where": lambda w: np.sign(w, where=w < -1, out=np.ones_like(w)),
    "maximum where": lambda w: np.maximum(w, 1.0, where=w > 0, out=w.copy()),
    "tanh, out by place": lambda w: np.tanh(w, np.empty_like(w)),
    "clip where": lambda w: np.clip(w, -1, 1, where=w > 0, out=w.copy()),
    "clip out": lambda w: np.clip(w, -1, 1, out=w.copy()),
    "divide where": lambda w: np.divide(1.0, w, where=w > 0, out=np.zeros_like(w)),
    "power where": lambda w: np.power(w, 2, where=w > 0, out=np.zeros_like(w)),
    "logaddexp where": lambda w: np.logaddexp(w, D, where=w > 0, out=np.zeros_like(w)),
    "hypot where": lambda w: np.hypot(w, D, where=w > 0, out=np.zeros_like(w)),
    "arctan2 where": lambda w: np.arctan2(D, w, where=w > 0, out=np.zeros_like(w)),
    "heaviside where": lambda w: np.heaviside(w, 0.5, where=w > 0, out=np.full_like(w, 3)),
    "isnan where": lambda w: np.isnan(w, where=w > 0, out=np.ones_like(w, dtype=bool)),
    "isfinite out": lambda w: np.isfinite(w, out=np.zeros(4)) * 2.0,
    "matmul out": lambda w: np.matmul(square(w), square(w), out=np.empty_like(square(w))),
    # reductions
    "sum where": lambda w: np.sum(w**2, where=w > 0),
    "sum where nowhere": lambda w: np.sum(w**2, where=w > 9),
    "sum where, of one axis": lambda w: np.sum(square(w), axis=1, keepdims=True, where=square(w) > 0),
    "sum where, from": lambda w: np.sum(w, where=w > 0, initial=3.0),
    "method sum where": lambda w: w.sum(where=w > 0),
    "mean where": lambda w: np.mean(w**2, where=w > 0),
    "mean where, of one axis": lambda w: np.mean(square(w), axis=0, where=[[True, True], [True, False]]),
    "var where": lambda w: np.var(w, where=w > 0),
    "std where": lambda w: np.std(w, where=w > 0, ddof=1),
    "prod where": lambda w: np.prod(w, where=w > 0),
    "max where": lambda w: np.max(w, where=w < 1, initial=-np.inf),
    "all where": lambda w: np.all(w, where=w > 0),
    "max into": lambda w: np.max(square(w), axis=0, out=np.empty_like(w[:2])),
    "logaddexp.reduce": np.logaddexp.reduce,
    "logaddexp.reduce where": lambda w: np.logaddexp.reduce(w, where=w > 0),
    "logaddexp.reduce of both axes": lambda w: np.logaddexp.reduce(square(w), axis=(0, 1)),
    "logaddexp.reduce from": lambda w: np.logaddexp.reduce(square(w), axis=1, keepdims=True, initial=0.5),
    "logaddexp.accumulate": np.logaddexp.accumulate,
    "logaddexp.reduceat": lambda w: np.logaddexp.reduceat(w, [0, 2]),
    "logaddexp.outer": lambda w: np.logaddexp.outer(w, D),
    "logaddexp.at": changed(lambda w: np.logaddexp.at(w, [0, 1], 1.0)),
    "add.at": changed(lambda w: np.add.at(w, [0, 0], w[:2].copy())),
    "maximum.at": changed(lambda w: np.maximum.at(w, [0, 1], 1.0)),
    "maximum.accumulate": np.maximum.accumulate,
    "maximum.outer": lambda w: np.maximum.outer(w, D),
    "hypot.reduce": lambda w: np.hypot.reduce(np.append(w, 1.0)),
    "fmax.reduce": np.fmax.reduce,
    # dtype=
    "exp of type double": lambda w: np.exp(w, dtype=float),
    "sum of type double": lambda w: np.sum(w, dtype=np.float64),
    "mean of type double": lambda w: np.mean(w, dtype=float),
    "var of type double": lambda w: np.var(w, dtype=float),
    "cumsum of type double": lambda w: w.cumsum(dtype=float),
    "astype double": lambda w: w.astype(float) ** 2,
    "a mask astype double": lambda w: np.zeros_like(w, dtype=bool).astype(float) - 1,
    "masks added as doubles": lambda w: np.add(np.ones_like(w, bool), np.ones_like(w, bool), dtype=float) * w,
    # plain numbers among them
    "where else": lambda w: np.exp(np.where(w > 0, w, 0.3)),
    "where else -inf": lambda w: np.exp(np.where(w > 0, w, -np.inf)),
    "where of a number": lambda w: np.exp(np.where(w[0] < 0, w[0], 0.3)) * np.where(w[0] > 0, w[0], 0.0),
    "pad": lambda w: np.exp(np.pad(w, 1)),
    "pad by constants": lambda w: np.tanh(np.pad(square(w), ((1, 0), (0, 1)), constant_values=0.3)),
    "concatenate": lambda w: np.exp(np.concatenate([w, [1.0]])),
    "append an integer": lambda w: np.tanh(np.append(w, 1)),
    "append a float32": lambda w: np.exp(np.append(w, np.float32(0.1))),
    "r_": lambda w: np.exp(np.r_[w, 1.0]),
    "c_": lambda w: np.exp(np.c_[w, D]),
    "column_stack": lambda w: np.exp(np.column_stack([w, np.ones(4)])),
    "insert": lambda w: np.exp(np.insert(w, 1, 0.3)),
    "select": lambda w: np.exp(np.select([w > 1, w > 0], [w, w**2], 0.5)),
    "triu": lambda w: np.exp(np.triu(np.outer(w, w), 1)),
    "zeros_like": lambda w: np.exp(np.zeros_like(w) + 0.3) * w,
    "copyto": changed(lambda w: np.copyto(w, 0.3, where=w > 0)),
    "log of 0 and less": lambda w: np.log(np.append(w[:1], [0.0, -1.0])),
    "a root of less than 0": lambda w: np.append(w, -8.0) ** (1 / 3),
    "divided by 0": lambda w: 1 / np.append(w, 0.0),
    "reciprocal": lambda w: np.reciprocal(np.append(w, [0.0, 0.3])),
    "hypot": lambda w: np.hypot(np.append(w, 1.0), np.append(w, 2.0)),
    "arctan2": lambda w: np.arctan2(np.append(w, 1.0), 3.0),
    # arrays that were made of them
    "expit, append": lambda w: sp.expit(np.append(w, 1.0)),
    "expit, stack": lambda w: sp.expit(np.stack([w[0], w[1]])),
    "expit, split": lambda w: sp.expit(np.split(np.append(w, [1.0, 2.0]), 2)[1]),
    "erf, append": lambda w: sp.erf(np.append(w, 0.3)),
    "log_expit, append": lambda w: sp.log_expit(np.append(w, 1.0)),
    "xlogy, append": lambda w: sp.xlogy(np.append(w, 0.0), 3.0),
    "logaddexp, stack": lambda w: np.logaddexp(np.stack([w, 2 * w]), 0),
    "exp of an array of numbers": lambda w: np.exp(np.array([w[0], w[1]])),
    # one number
    "item": lambda w: w[0].item() + np.sum(w).item() + w[:1].item(),
    "squeeze": lambda w: w[:1].squeeze(),
    "no dimensions": lambda w: w[:1].reshape(()),
    # nan and infinity
    "maximum of nan": lambda w: np.maximum(np.log(w), 0),
    "maximum of nan and -inf": lambda w: np.maximum(np.log(w), -np.inf),
    "maximum with nan": lambda w: np.maximum(w, np.nan),
    "max of nan": lambda w: np.max(np.sqrt(w)),
    "relu of nan": lambda w: np.maximum(np.append(np.log(w), np.nan), 0),
    "fmax of nan": lambda w: np.fmax(np.log(w), 5.0),
    "fmin with nan": lambda w: np.fmin(w, np.nan),
    "sign of nan": lambda w: np.sign(np.log(w)),
    "heaviside of nan": lambda w: np.heaviside(np.log(w), 0.5),
    "heaviside of a constant": lambda w: np.heaviside(0.0, w),
    "logaddexp with inf": lambda w: np.logaddexp(w, np.inf),
    "logaddexp with -inf": lambda w: np.logaddexp(w, -np.inf),
    "logaddexp with nan": lambda w: np.logaddexp(w, np.nan),
    "hypot with nan": lambda w: np.hypot(w, np.nan),
    "hypot of nan": lambda w: np.hypot(0.0, np.log(w)),
    "nansum": lambda w: np.nansum(np.log(w)),
    "nan_to_num of numbers": np.nan_to_num,
    # bools
    "logical_and": lambda w: np.logical_and(w, D) * 2.0,
    "logical_not": lambda w: ~np.logical_not(w) * 2.0,
    "logical_and.reduce": lambda w: np.logical_and.reduce(w) * 2.0,
    "not_equal": lambda w: np.not_equal(w, D, dtype=bool) * 2.0,
}


def over_digits(f: Function, *, recording: bool = True) -> Any:
    tape = Tape(RealField(200), recording=recording)
    numbers = [Traced(tape, tape.leaf(x)) for x in V]
    token = RUNNING.set(tape)
    try:
        results = f(traced_array(numbers, V.shape))
    finally:
        RUNNING.reset(token)
    return np.vectorize(double, otypes=[float])(results)


def double(x: Any) -> float:
    if not isinstance(x, Traced):
        return float(x)
    return float("nan") if x.node.value is None else float(x.node.value)


@pytest.mark.filterwarnings("ignore:'where' used without 'out'")
@pytest.mark.parametrize("what", SAME)
def test_what_is_run_gives_what_numpy_gives_for_doubles(what: str) -> None:
    with np.errstate(all="ignore"):
        expected = SAME[what](V.copy())
        for recording in (True, False):
            found = over_digits(SAME[what], recording=recording)
            assert found.shape == np.shape(expected)
            np.testing.assert_allclose(found, expected, rtol=4 * 2.0**-52, atol=2.0**-53)


REFUSED: dict[str, Function] = {
    "another type": lambda w: np.exp(w, dtype=np.float32),
    "another signature": lambda w: np.exp(w, signature="f->f"),
    "logaddexp.reduce of another type": lambda w: np.logaddexp.reduce(w, dtype=np.float32),
    "sum of another type": lambda w: np.sum(w, dtype=np.float32),
    "astype another type": lambda w: w.astype(np.float32) * w,
    "astype with a keyword": lambda w: w.astype(int, copy=False) * w,
    "into doubles": lambda w: np.exp(w, out=np.zeros(4)),
    "maximum into doubles": lambda w: np.maximum(w, 0, out=np.zeros(4)),
    "sum into doubles": lambda w: np.sum(square(w), axis=0, out=np.zeros(2)),
    "scipy where": lambda w: sp.expit(w, where=w > 0, out=np.zeros_like(w)),
    "floor": np.floor,
    "float": lambda w: float(w[0]),
    "nan_to_num of nan": lambda w: np.nan_to_num(np.log(w)),
    "nan_to_num of inf": lambda w: np.nan_to_num(np.append(w, np.inf)),
    "sorted nan": lambda w: np.sort(np.log(w)),
    "sorted with nan": lambda w: np.sort(np.append(w, np.nan)),
    "the largest is nan": lambda w: np.argmax(np.log(w)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_not_be_the_same_is_refused(what: str) -> None:
    with np.errstate(all="ignore"), pytest.raises((TypeError, NotImplementedError)):
        over_digits(REFUSED[what])


def test_a_constant_among_the_variables_is_computed_with_digits() -> None:
    def cancelled(w: Any) -> Any:
        return (np.exp(np.append(w, 0.1))[-1] - 1.1051709180756477) * w[0]  # the double that is nearest to exp(0.1)

    assert 0 < abs(over_digits(cancelled)) < 1e-16


def exponentials_where_positive(w: Any) -> Any:
    return np.sum(np.exp(w, where=w > 0, out=np.zeros_like(w)))


WHERE: dict[str, tuple[Function, Function, Function]] = {
    "exp": (exponentials_where_positive, lambda w: np.where(w > 0, np.exp(w), 0), np.exp),
    "maximum": (
        lambda w: np.sum(np.maximum(w, 1.0, where=w > 0, out=w.copy()) ** 2),
        lambda w: np.where((w > 0) & (w < 1), 0, 2 * w),
        lambda w: np.where(w < 1, 0, 2 * w),
    ),
    "sum": (lambda w: np.sum(w**2, where=w > 0), lambda w: 2 * np.maximum(w, 0), lambda w: 2 * w),
    "mean": (lambda w: np.mean(w**2, where=w > 0), lambda w: np.maximum(w, 0), lambda w: 2 * np.maximum(w, 0) / 3),
}


@pytest.mark.parametrize("name", WHERE)
def test_a_gradient_is_judged_with_where(name: str) -> None:
    f, right, wrong = WHERE[name]
    at = np.array([0.5, -1.0, 2.0])
    report = check_gradient(f, right, at)
    assert (report.verdict, report.oracle) == ("ok", "interval"), str(report)
    assert check_gradient(f, wrong, at).verdict == "wrong"
