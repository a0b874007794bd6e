"""NumPy's and SciPy's functions on the oracles' numbers: each is run, and judged by intervals, never as a black box."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient

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
