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
