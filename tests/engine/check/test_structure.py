"""Points and gradients as people have them: lists, dicts, named tuples, arrays; the report names each part."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from engine.check import check_gradient


class Line(NamedTuple):
    slope: Any
    shift: float


def of_a_line(p: Any) -> Any:
    slope, shift = p
    return (slope[0] ** 2).sum() * shift + slope[1] * shift**2


def by_a_line(p: Any) -> Any:
    slope, shift = p
    return [2 * slope[0] * shift, shift**2], (slope[0] ** 2).sum() + 2 * slope[1] * shift


A = np.array([[1.0, -2.0], [0.5, 3.0]])


@pytest.mark.parametrize(
    ("f", "grad", "at", "names"),
    [
        (
            of_a_line,
            by_a_line,
            Line([A, 0.25], 1.5),
            [*(f"[0][{i}, {j}]" for i in (0, 1) for j in (0, 1)), "[1]", "[1]"],
        ),
        (
            lambda p: p["layers"][0]["w"] * p["layers"][1]["w"] ** 2,
            lambda p: {
                "layers": [
                    {"w": p["layers"][1]["w"] ** 2},
                    {"w": 2 * p["layers"][0]["w"] * p["layers"][1]["w"]},
                ]
            },
            {"layers": [{"w": 2.0}, {"w": -3.0}]},
            ["['layers'][0]['w']", "['layers'][1]['w']"],
        ),
        (
            lambda x, rest: x * rest[0][0] * rest[1] ** 2,
            lambda x, rest: (rest[0][0] * rest[1] ** 2, [[x * rest[1] ** 2], 2 * x * rest[0][0] * rest[1]]),
            (2.0, [[3.0], -0.5]),
            ["x", "rest[0][0]", "rest[1]"],
        ),
        (lambda w: (w * w).sum(), lambda w: 2 * w, np.float32([1, 2]), ["w[0]", "w[1]"]),
        (lambda x: x * x, lambda x: 2 * x, np.float64(3.0), ["x"]),
        (lambda x: x * x, lambda x: [[2 * x]], np.array(3.0), ["x"]),
        (lambda n: n * n * 0.5, lambda n: n, 3, ["n"]),
    ],
)
def test_each_part_of_a_point_is_checked_under_its_name(f: Any, grad: Any, at: Any, names: list[str]) -> None:
    report = check_gradient(f, grad, at)
    assert report.verdict == "ok", str(report)
    assert len(report.components) == len(names)
    for component, name in zip(report.components, names, strict=True):
        assert component.name.endswith(name)


@pytest.mark.parametrize(
    ("at", "error", "message"),
    [
        ([], ValueError, r"there is no number in at=\[\]"),
        ({"w": [1.0, math.nan]}, ValueError, r"\['w'\]\[1\] is nan; a gradient is checked at finite numbers"),
        (math.inf, ValueError, "x is inf"),
        ("1.0 and more", TypeError, "x must be made of real numbers, got str '1.0 and more'"),
        ([1.0, None], TypeError, r"x.* must be made of real numbers, got NoneType None"),
        (1 + 2j, TypeError, r"x must be made of real numbers, got complex \(1\+2j\)"),
    ],
)
def test_a_point_that_is_none_is_refused_with_its_part(at: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_gradient(lambda x: 0.0, lambda x: 0.0, at)


@pytest.mark.parametrize(
    ("f", "grad", "swapped", "at"),
    [
        (
            lambda p: p["a"] ** 2 * p["b"],
            lambda p: {"b": p["a"] ** 2, "a": 2 * p["a"] * p["b"]},
            lambda p: {"b": 2 * p["a"] * p["b"], "a": p["a"] ** 2},
            {"a": 2.0, "b": 3.0},
        ),
        (
            lambda p: p["x"][0]["u"] ** 2 * p["x"][0]["v"] * p["y"],
            lambda p: {
                "y": p["x"][0]["u"] ** 2 * p["x"][0]["v"],
                "x": [{"v": p["x"][0]["u"] ** 2 * p["y"], "u": 2 * p["x"][0]["u"] * p["x"][0]["v"] * p["y"]}],
            },
            lambda p: {
                "y": p["x"][0]["u"] ** 2 * p["x"][0]["v"],
                "x": [{"u": p["x"][0]["u"] ** 2 * p["y"], "v": 2 * p["x"][0]["u"] * p["x"][0]["v"] * p["y"]}],
            },
            {"x": [{"u": 2.0, "v": 3.0}], "y": 5.0},
        ),
        (
            lambda w, b: w**2 * b,
            lambda w, b: {"b": w**2, "w": 2 * w * b},
            lambda w, b: {"w": w**2, "b": 2 * w * b},
            (2.0, 3.0),
        ),
        (
            lambda w, p: w**2 * p["a"] * p["b"],
            lambda w, p: (2 * w * p["a"] * p["b"], {"b": w**2 * p["a"], "a": w**2 * p["b"]}),
            lambda w, p: (2 * w * p["a"] * p["b"], {"a": w**2 * p["a"], "b": w**2 * p["b"]}),
            (2.0, {"a": 3.0, "b": 5.0}),
        ),
        (
            lambda p: (p.slope**2).sum() * p.shift,
            lambda p: {"shift": (p.slope**2).sum(), "slope": 2 * p.slope * p.shift},
            lambda p: {"shift": (p.slope**2).sum(), "slope": -2 * p.slope * p.shift},
            Line(A, 1.5),
        ),
        (
            lambda p: p["slope"] ** 2 * p["shift"],
            lambda p: Line(2 * p["slope"] * p["shift"], p["slope"] ** 2),
            lambda p: Line(p["slope"] ** 2, 2 * p["slope"] * p["shift"]),
            {"shift": 2.0, "slope": 3.0},
        ),
    ],
)
def test_a_gradient_with_keys_is_matched_by_them_in_any_order(f: Any, grad: Any, swapped: Any, at: Any) -> None:
    assert check_gradient(f, grad, at).verdict == "ok"
    assert check_gradient(f, swapped, at).verdict == "wrong"


def test_a_formula_of_doubles_is_matched_by_keys_too() -> None:
    f = lambda p: np.tanh(p["a"]) + p["b"]  # noqa: E731
    grad = lambda p: {"b": 1.0, "a": float(1 - np.tanh(p["a"]) ** 2)}  # noqa: E731 - has lost digits at 8
    assert check_gradient(f, grad, {"a": 8.0, "b": 3.0}).verdict == "inaccurate"


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (lambda p: {"da": 12.0, "db": 4.0}, r"the gradient lacks 'a', 'b' and has the unknown 'da', 'db'"),
        (lambda p: {"a": 12.0}, r"the gradient lacks 'b': .* has those of the arguments, 'a', 'b'"),
        (lambda p: {"a": 12.0, "b": 4.0, "c": 0.0}, r"the gradient has the unknown 'c'"),
    ],
)
def test_keys_that_are_missing_or_unknown_are_named(grad: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_gradient(lambda p: p["a"] ** 2 * p["b"], grad, {"a": 2.0, "b": 3.0})
    with pytest.raises(ValueError, match=r"the gradient's part \[1\]\['x'\] "):
        check_gradient(lambda w, q: w * q["x"]["a"] * q["x"]["b"], lambda w, q: (1.0, {"x": grad(q)}), AT_DEPTH)


AT_DEPTH = (2.0, {"x": {"a": 3.0, "b": 5.0}})


def test_jacobians_and_hessians_are_matched_by_keys() -> None:
    at = {"a": np.array([0.5, -1.0, 2.0]), "b": 2.0}
    f = lambda p: np.array([p["a"] @ p["a"], p["b"] * p["a"][0]])  # noqa: E731
    by_rows = lambda p: [{"b": 0.0, "a": 2 * p["a"]}, {"a": [p["b"], 0.0, 0.0], "b": p["a"][0]}]  # noqa: E731
    by_keys = lambda p: {"b": np.array([0.0, p["a"][0]]), "a": np.array([2 * p["a"], [p["b"], 0.0, 0.0]])}  # noqa: E731
    assert check_gradient(f, by_rows, at).verdict == check_gradient(f, by_keys, at).verdict == "ok"

    def hessian(p: Any) -> Any:
        mixed = 4 * p["a"] * p["b"]
        return {"b": {"b": 2 * p["a"] @ p["a"], "a": mixed}, "a": {"b": mixed, "a": 2 * p["b"] ** 2 * np.eye(3)}}

    assert check_gradient(lambda p: p["a"] @ p["a"] * p["b"] ** 2, hessian, at, order=2).verdict == "ok"
