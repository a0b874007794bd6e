"""The likely mistake: each classical bug, made in a hand-written gradient, is named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from engine.check import check_gradient, checking
from engine.check.oracles import interval
from engine.check.planted import plants
from engine.check.runs import LONG
from engine.check.structure import Point
from engine.check.sweeps import Graph

rng = np.random.default_rng(1)
X, T = rng.normal(size=(12, 4)), rng.normal(size=(12, 3))
PARAMETERS = (rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=3))


def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    F = np.tanh(X @ W1.T + b1)
    return ((F @ W2.T + b2 - T) ** 2).sum() / len(X) / 2


def gradient(W1: Any, b1: Any, W2: Any, b2: Any, bug: str = "") -> Any:
    Z = X @ W1.T + b1
    F = np.tanh(Z)
    D2 = (F @ W2.T + b2 - T) / len(X)
    D1 = D2 @ W2 * {"no D_k": 1, "wrong point": 1 - np.tanh(F) ** 2}.get(bug, 1 - F * F)
    dW1, db1, dW2, db2 = D1.T @ X, D1.sum(axis=0), D2.T @ F, D2.sum(axis=0)
    if bug == "transposed":
        dW1 = dW1.T
    if bug == "last sample":
        dW1, db1, dW2, db2 = np.outer(D1[-1], X[-1]), D1[-1], np.outer(D2[-1], F[-1]), D2[-1]
    if bug == "penalty":
        dW2 = dW2 - 0.1 * W2
    if bug == "one entry":
        dW2 = dW2 + np.array([[0.0] * 4, [0, 0, 0.001 * dW2[1, 2], 0], [0.0] * 4])
    factor = {"no 1/m": len(X), "sign": -1, "twice": 2, "half": 0.5, "hair": 1 + 1e-9, "zero": 0}.get(bug, 1)
    return factor * dW1, factor * db1, factor * dW2, (3 if bug == "bias" else factor) * db2


TANH = f"tanh (test_diagnosis.py:{loss.__code__.co_firstlineno + 1})"  # where it stands
BUGS = {
    "no 1/m": "12 times the truth everywhere: a division by 12 is missing (X.shape[0] is 12)",
    "sign": "the sign is wrong everywhere",
    "twice": "twice the truth everywhere: a factor 2 too much",
    "half": "half of the truth everywhere: a factor 2 is missing",
    "hair": "(1 + 1e-09) times the truth everywhere: a constant factor is wrong",
    "zero": "the gradient is 0: it was never computed",
    "bias": "by b2, the claim is 3 times the truth: a division by 3 is missing",
    "no D_k": f"the derivative of {TANH} is missing: no D_k",
    "wrong point": f"the derivative of {TANH} is taken at the wrong point",
    "transposed": "the gradient by W1 is transposed",
    "last sample": "= where += is needed: of several uses of one number only the last counts",
    "penalty": "a term 0.1 * W2 is missing: the derivative of a penalty",
    "one entry": "W2[1, 2] alone is 1.001 times the truth",
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_classical_mistake_of_a_network_is_named(bug: str) -> None:
    report = check_gradient(loss, lambda *p: gradient(*p, bug=bug), PARAMETERS)
    assert report.verdict == "wrong"
    assert report.likely.startswith(BUGS[bug])


def square(A: Any, B: Any) -> Any:
    return ((np.maximum(X[:, :3] @ A.T, 0) @ B.T - T) ** 2).sum()


def test_a_matrix_where_its_transpose_is_needed_is_named() -> None:
    def wrong(A: Any, B: Any) -> Any:
        Z = X[:, :3] @ A.T
        D = 2 * (np.maximum(Z, 0) @ B.T - T)
        return (D @ B.T * (Z > 0)).T @ X[:, :3], D.T @ np.maximum(Z, 0)

    report = check_gradient(square, wrong, (rng.normal(size=(3, 3)), rng.normal(size=(3, 3))))
    assert report.likely == "B where its transpose is needed, on the way back"


def test_a_sum_over_the_wrong_axis_is_named() -> None:
    Y = T[:4] @ rng.normal(size=(3, 4))

    def f(b: Any) -> Any:
        return (np.tanh(Y + b) ** 3).sum()

    def wrong(b: Any) -> Any:
        H = np.tanh(Y + b)
        return (3 * H**2 * (1 - H**2)).sum(axis=1)

    report = check_gradient(f, wrong, rng.normal(size=4))
    assert report.likely == "the sum in the gradient by b runs over the wrong axis"


SMALL: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "missing term": (
        lambda x, y: x * x * y + np.sin(x) * x,
        lambda x, y: (2 * x * y + np.sin(x), x * x),
        "the part of `np.sin(x) * x` that comes from `np.sin(x)` is missing",
    ),
    "swapped": (
        lambda x, y: x * x * y,
        lambda x, y: (x * x, 2 * x * y),
        "the gradients by x and y are swapped",
    ),
    "wrong point": (
        lambda x, y: np.exp(x) * y + x,
        lambda x, y: (np.exp(-x) * -y + 1, np.exp(-x)),
        "it is the derivative at the wrong point, at -x",
    ),
}


@pytest.mark.parametrize("bug", SMALL)
def test_a_classical_mistake_of_a_formula_is_named(bug: str) -> None:
    f, wrong, words = SMALL[bug]
    assert check_gradient(f, wrong, (1.5, 0.7)).likely == words


def test_what_fits_no_mistake_is_not_explained() -> None:
    off = [rng.normal(size=p.shape) for p in PARAMETERS]
    report = check_gradient(loss, lambda *p: [g + d for g, d in zip(gradient(*p), off, strict=True)], PARAMETERS)
    assert report.verdict == "wrong"
    assert report.likely == ""


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(Z: Any) -> Any:
    E = np.exp(Z - np.max(Z, axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def two_layers(V: Any, W: Any, c: Any) -> Any:
    return ((sigmoid(sigmoid(X @ V) @ W + c) - T) ** 2).sum()


def of_two_layers(V: Any, W: Any, c: Any, bug: str = "") -> Any:
    H = sigmoid(X @ V)
    Y = sigmoid(H @ W + c)
    second = 2 * (Y - T) * {"no D_2": 1, "H's": H[:, :3] * (1 - H[:, :3])}.get(bug, Y * (1 - Y))
    through = W - 0.1 * H.T @ second if bug == "updated" else W
    first = second @ through.T * {"no D_1": 1, "plus": H * (1 + H)}.get(bug, H * (1 - H))
    of_c = second[-1] if bug == "last" else second.sum(axis=0)
    return X.T @ first, {"X": X, "Z": X @ V}.get(bug, H).T @ second, of_c


LAYERS = {
    "no D_1": "the derivative of `1 / (1 + np.exp(-z))` (run 1 of 2) (",
    "no D_2": "the derivative of `1 / (1 + np.exp(-z))` (run 2 of 2) (",
    "plus": "the derivative of `1 / (1 + np.exp(-z))` (run 1 of 2) (",
    "updated": "W was updated before it was used on the way back, by a step of 0.1",
    "last": "in the gradient by c, = where += is needed: of several uses of one number only the last counts",
    "X": "the data of `X @ V` stands where `1 / (1 + np.exp(-z))` (run 1 of 2) is needed, in the derivative of ",
    "Z": "`X @ V` stands where `1 / (1 + np.exp(-z))` (run 1 of 2) is needed, in the derivative of ",
}


@pytest.mark.parametrize("bug", LAYERS)
def test_a_mistake_in_layers_of_ones_own_functions_is_named_with_their_text(bug: str) -> None:
    at = (rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), rng.normal(size=3))
    assert check_gradient(two_layers, of_two_layers, at).verdict == "ok"
    report = check_gradient(two_layers, lambda *p: of_two_layers(*p, bug=bug), at)
    assert report.likely.startswith(LAYERS[bug])
    for end, bugs in ((" is missing: no D_k", ("no D_1", "no D_2")), (" is another one: y (1 + y)", ("plus",))):
        assert report.likely.endswith(end) == (bug in bugs)


M, Y4, C = (rng.random(size=(12, 3)) > 0.5) + 0.5, rng.normal(size=12), rng.normal(size=4)


def penalised(w: Any) -> Any:
    return np.mean((X @ w - Y4) ** 2) + 0.1 * np.sum(w**2)


def attention(W: Any) -> Any:
    return (softmax(X @ W) * T).sum()


def of_attention(W: Any, *, diagonal: bool) -> Any:
    P = softmax(X @ W)
    return X.T @ (T * P * (1 - P) if diagonal else P * (T - (T * P).sum(axis=1, keepdims=True)))


TERMS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any, str]] = {
    "penalty": (penalised, lambda w: 2 * X.T @ (X @ w - Y4) / 12, C, "the part of `np.mean((X @ w - Y4) ** 2) + "),
    "data without 1/n": (
        penalised,
        lambda w: 2 * X.T @ (X @ w - Y4) + 0.2 * w,
        C,
        "the part of `np.mean((X @ w - Y4) ** 2) + 0.1 * np.sum(w**2)` that comes from `np.mean((X @ w - Y4) ** 2)` "
        "counts 12 times (X.shape[0] is 12)",
    ),
    "sign of the data": (
        penalised,
        lambda w: 2 * X.T @ (Y4 - X @ w) / 12 + 0.2 * w,
        C,
        "the part of `np.mean((X @ w - Y4) ** 2) + 0.1 * np.sum(w**2)` that comes from `np.mean((X @ w - Y4) ** 2)` "
        "has the wrong sign",
    ),
    "mask": (
        lambda W: (M * (X @ W - T) ** 2).sum(),
        lambda W: 2 * X.T @ (X @ W - T),
        rng.normal(size=(4, 3)),
        "the other factor of `M * (X @ W - T) ** 2` is missing on the way back to `(X @ W - T) ** 2`",
    ),
    "softmax": (
        attention,
        lambda W: of_attention(W, diagonal=True),
        rng.normal(size=(4, 3)),
        "the Jacobian of the softmax `E / E.sum(axis=1, keepdims=True)` is taken for its diagonal, p (1 - p)",
    ),
    "root": (
        lambda w: ((X @ w) ** 2).sum() / np.sqrt(len(X)),
        lambda w: 2 * X.T @ (X @ w),
        C,
        "3.4641 of the truth everywhere: a division by the root of 12 is missing (X.shape[0] is 12)",
    ),
    "another size": (
        lambda w: ((X @ w) ** 2).mean(),
        lambda w: 2 * X.T @ (X @ w) / X.shape[1],
        C,
        "3 times the truth everywhere: a division by 3 is missing",
    ),
    "inner derivative": (
        lambda w: np.sqrt(w @ w),
        lambda w: w,
        C,
        "everywhere, the claim is the truth times `np.sqrt(w @ w)`: a factor is missing, or too much",
    ),
    "choice": (
        lambda x: np.max(x) * 2,
        lambda x: 2 * np.ones(4),
        C,
        "the choice in `np.max(x)` is left out: every argument gets a derivative",
    ),
    "product rule": (
        lambda x: x * np.sin(x),
        lambda x: np.sin(x),
        0.7,
        "the part of `x * np.sin(x)` that comes from `np.sin(x)` is missing",
    ),
}


@pytest.mark.parametrize("bug", TERMS)
def test_a_mistake_in_a_term_is_named_with_its_text(bug: str) -> None:
    f, wrong, at, words = TERMS[bug]
    report = check_gradient(f, wrong, at)
    assert report.verdict == "wrong"
    assert report.likely.startswith(words)


def test_the_softmax_is_right_without_its_mistake() -> None:
    W = rng.normal(size=(4, 3))
    assert check_gradient(attention, lambda W: of_attention(W, diagonal=False), W).verdict == "ok"


@pytest.mark.parametrize("seed", range(6))
def test_noise_is_not_taken_for_a_mistake(seed: int) -> None:
    noise = np.random.default_rng(seed)
    off = [noise.normal(size=shape) for shape in ((4, 4), (4, 3), (3,))]
    if seed % 2:
        off = [d * (k == seed % 3) for k, d in enumerate(off)]
    at = (rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), rng.normal(size=3))
    wrong = lambda *p: [g + d for g, d in zip(of_two_layers(*p), off, strict=True)]  # noqa: E731
    report = check_gradient(two_layers, wrong, at)
    assert (report.verdict, report.likely) == ("wrong", "")


def test_one_component_that_is_off_by_any_factor_is_no_constant_factor() -> None:
    wrong = lambda w: 2 * X.T @ (X @ w - Y4) / 12 + 0.2 * w * (1 + np.array([0, 0, w[0], 0]))  # noqa: E731
    assert check_gradient(penalised, wrong, C).likely == ""


def test_code_without_its_text_is_named_by_its_line() -> None:
    scope: dict[str, Any] = {"np": np}
    exec(compile("def f(x):\n    return np.sin(x[0]) + x[0] * x[1]", "<nowhere>", "exec"), scope)
    report = check_gradient(scope["f"], lambda x: np.array([x[1], x[0]]), np.array([0.4, 1.3]))
    assert report.likely == "the part of <nowhere>:2 that comes from <nowhere>:2 is missing"


@pytest.mark.parametrize("x", [1.7e210, 1e-310, 5e-324, 1e300])
def test_numbers_at_the_ends_of_the_doubles_lose_no_report(x: float) -> None:
    f = lambda x, y: x * y * 3 + y / 2  # noqa: E731
    report = check_gradient(f, lambda x, y: (3 * y * (1 + 1e-9), 3 * x * (1 + 1e-9) + 0.5), (x, 1.3))
    assert report.verdict == "wrong"


def doubled(w: Any) -> Any:
    s = w[0]
    for _ in range(30):
        s = s + s
    return w[1] / s * 1e9 + w[0] * w[1]


AWKWARD: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "one weight": (lambda W: np.sum(np.array([[2.5]]) @ W) ** 2, lambda W: W * 1.1 + 0.3, np.array([[0.7]])),
    "overflowing partials": (lambda w: w[0] * w[1] * 1e308 * (w[0] + w[1]), lambda w: [1e308, -1e308], [0.2, 0.3]),
    "overflowing factor": (lambda w: w[0] * w[1] * 1e-300, lambda w: [3e300, 2e300], [2.0, 3.0]),
    "vanishing factor": (lambda w: w[0] * w[1] + 0 * w[2], lambda w: [3e-160, 2e-160, 0.0], [2.0, 3.0, 1.0]),
    "a sum of shared sums": (doubled, lambda w: [w[1], w[0]], [0.5, 2.0]),
    "a huge int": (lambda w: w[0] * w[1], lambda w: [10**400, 1], [2.0, 3.0]),
    "a huge factor": (lambda w: w[0] * w[1], lambda w: [3e160, 2e160], [2.0, 3.0]),
    "a Jacobian": (lambda w: [w[0] * w[1], w[0]], lambda w: [[w[1], w[1]], [1.0, 0.0]], [2.0, 3.0]),
}


@pytest.mark.parametrize("case", AWKWARD)
def test_no_wrong_gradient_is_too_awkward_for_a_diagnosis(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, wrong, at = AWKWARD[case]
    monkeypatch.setattr(checking.contextlib, "suppress", lambda *_: nullcontext())  # or it would hide a failure
    report = check_gradient(f, wrong, at)
    assert report.verdict in ("wrong", "inaccurate")
    assert len(report.likely) < 250


@pytest.mark.parametrize(
    ("f", "wrong", "x"),
    [
        (lambda x: x * np.exp(x), np.exp, 2.0),
        (lambda x: x * x, lambda x: 1.0, 3.0),
        (lambda x: x**3 + x, lambda x: x, 1.0),
        (lambda x: x**4, lambda x: x**2, 2.0),
    ],
)
def test_one_number_has_no_constant_factor_by_chance(f: Any, wrong: Any, x: float) -> None:
    assert "of the truth everywhere" not in check_gradient(f, wrong, x).likely


def test_the_run_of_a_line_is_counted_in_the_run_that_succeeds() -> None:
    def f(x: Any, w: Any) -> Any:
        for _ in range(3):
            x = np.sin(x) * w
        if isinstance(x, np.ndarray):
            raise TypeError("numbers only")
        return x

    def wrong(x: float, w: float) -> tuple[float, float]:
        a = np.sin(x) * w
        b = np.sin(a) * w
        by_b = w * np.cos(b)
        by_a = by_b * w  # no cosine
        return by_a * w * np.cos(x), np.sin(b) + by_b * np.sin(a) + by_a * np.sin(x)

    where = f"(test_diagnosis.py:{f.__code__.co_firstlineno + 2}, run 2 of 3)"
    for at in ((0.3, 0.7), (np.array(0.3), np.array(0.7))):
        assert check_gradient(f, wrong, at).likely == f"the derivative of sin {where} is missing: no D_k"


@pytest.mark.parametrize("bug", ["no 1/m", "sign", "half", "bias", "transposed", "one entry"])
def test_a_black_box_has_its_factors_named_although_its_truth_is_an_estimate(bug: str) -> None:
    def box(W1: Any, b1: Any, W2: Any, b2: Any) -> float:
        F = np.tanh(X @ np.array(W1, dtype=float).T + b1)
        return float(((F @ W2.T + b2 - T) ** 2).sum() / len(X) / 2)

    report = check_gradient(box, lambda *p: gradient(*p, bug=bug), PARAMETERS)
    assert (report.oracle, report.verdict) == ("ladder", "wrong")
    assert report.likely.startswith(BUGS[bug])


def test_a_long_function_has_its_wrong_point_named_too() -> None:
    A = rng.normal(size=(60, 60))

    def f(w: Any) -> Any:
        return (np.tanh(A @ w) ** 2 + np.exp(w) * A[0]).sum()

    def at(w: Any) -> Any:
        H = np.tanh(A @ w)
        return A.T @ (2 * H * (1 - H * H)) + np.exp(w) * A[0]

    w = rng.normal(size=60)
    run = interval(f, Point(w, f)).run
    assert run is not None
    assert run.tape.operations > LONG
    assert check_gradient(f, lambda w: at(-w), w).likely == "it is the derivative at the wrong point, at -x"
    assert check_gradient(f, lambda w: at(w / 2), w).likely == ""


@pytest.mark.parametrize("at", [lambda w: 0 * w, lambda w: -w])
def test_a_wrong_point_is_named_where_f_turns_fast(at: Callable[[Any], Any]) -> None:
    A = rng.normal(size=(60, 60)) * 1e4
    w = rng.normal(size=60) * 1e-4

    def f(w: Any) -> Any:
        return np.tanh(A @ w + 0.3).sum() + np.exp(1e4 * w).sum()

    def slope(w: Any) -> Any:
        return A.T @ (1 - np.tanh(A @ w + 0.3) ** 2) + 1e4 * np.exp(1e4 * w)

    assert check_gradient(f, lambda w: slope(at(w)), w).likely.startswith("it is the derivative at the wrong point")


CUBES = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.001, "1.001 times the truth everywhere"),
        (0.123, "0.123 times the truth everywhere"),
        (7**0.5, "2.64575 times the truth everywhere"),
        (2.0, "twice the truth everywhere"),
        (1 / 3, "1/3 of the truth everywhere"),
    ],
)
def test_a_factor_of_float32_is_named(factor: float, words: str) -> None:
    report = check_gradient(lambda w: (w**3).sum(), lambda w: np.asarray(factor * 3 * w * w, dtype=np.float32), CUBES)
    assert report.likely.startswith(words)


@pytest.mark.parametrize(("factor", "words"), [(2.0, "twice the truth everywhere"), (-1.0, "the sign is wrong")])
def test_a_factor_of_a_hessian_is_named(factor: float, words: str) -> None:
    report = check_gradient(lambda w: (w**3).sum(), lambda w: factor * np.diag(6 * w), CUBES, order=2)
    assert report.verdict == "wrong"
    assert report.likely.startswith(words)


@pytest.mark.parametrize("mistake", ["a number", "a sine", "itself", "a factor that moves", "normed"])
def test_what_is_no_factor_of_a_black_box_gets_no_name(mistake: str) -> None:
    A, w = rng.normal(size=(7, 5)), rng.normal(size=5)
    first = np.eye(5)[0]

    def f(w: Any) -> float:
        return float(((A @ np.array(w, dtype=float) - 1) ** 2).sum())

    def wrong(w: Any) -> Any:
        g = 2 * A.T @ (A @ w - 1)
        return {
            "a number": g + 0.3 * first,
            "a sine": g + np.sin(w) * first,
            "itself": np.where(first, w, g),
            "a factor that moves": g * (1 + w[0]),
            "normed": g / np.linalg.norm(g),
        }[mistake]

    report = check_gradient(f, wrong, w)
    assert (report.verdict, report.likely) == ("wrong", "")


def test_code_that_is_compiled_again_in_each_turn_is_one_place() -> None:
    def f(w: Any) -> Any:
        total = 0
        for i in range(3):
            total = total + eval("np.tanh(w[i]) * w[i]", {"np": np, "w": w, "i": i})
        return total

    assert "is missing" in check_gradient(f, np.tanh, CUBES).likely


def test_lines_that_run_many_times_cost_no_more_than_the_check() -> None:
    def f(w: Any) -> Any:
        s = w[0]
        for _ in range(200):
            s = np.sin(s) * w[1] + w[0]
        return s

    report = check_gradient(f, lambda w: [0.0, 1.0], [0.3, 0.4])
    point = Point([0.3, 0.4], f)
    run = interval(f, point).run
    assert run is not None
    graph = Graph(run, point)
    assert report.verdict == "wrong"
    assert len(plants(graph)) < 100
