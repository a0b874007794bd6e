"""The verdicts: right gradients pass, wrong ones do not, and what cannot be told is said to be so."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from budget import examples
from hypothesis import given
from hypothesis import strategies as st

from engine import Value
from engine.calculus import grad
from engine.check import assert_gradient, check_gradient
from engine.check.programs import Program, apply
from engine.check.strategies import hard_floats, near_kinks, programs
from engine.elementary import acosh, cos, sigmoid, sin, softplus, tanh

W = np.random.default_rng(0)
X, T = W.normal(size=(6, 4)), W.normal(size=(6, 3))
A, B = W.normal(size=(5, 4)), W.normal(size=(3, 5))


def loss(A: Any, B: Any) -> Any:
    return ((np.tanh(X @ A.T) @ B.T - T) ** 2).sum() / 2


def gradient(A: Any, B: Any) -> Any:
    H = np.tanh(X @ A.T)
    D = H @ B.T - T
    return ((D @ B) * (1 - H * H)).T @ X, D.T @ H


@given(programs(kinks=True))
def test_reverse_mode_is_never_called_wrong_on_random_programs(program: Any) -> None:
    report = check_gradient(program, grad(program, range(len(program.point))), program.point)
    assert report.verdict != "wrong", report


@given(programs(numbers=hard_floats()))
def test_reverse_mode_is_never_called_wrong_at_hard_points(program: Any) -> None:
    report = check_gradient(program, grad(program, range(len(program.point))), program.point)
    assert report.verdict != "wrong", report


@given(programs(operations=("mul", "add", "sin", "exp", "tanh")), st.sampled_from([1 + 1e-9, 1 - 1e-9, 1.001, -1, 2]))
def test_a_gradient_that_is_off_by_a_billionth_is_always_caught(program: Any, factor: float) -> None:
    right = grad(program, range(len(program.point)))
    if max(map(abs, right(*program.point))) < 1e-290 or check_gradient(program, right, program.point).verdict != "ok":
        return
    slack = max(c.ulps for c in check_gradient(program, right, program.point).components)
    if slack > 64:  # the derivative itself is lost in doubles: there is nothing left to be off from
        return
    wrong = check_gradient(program, lambda *xs: tuple(factor * d for d in right(*xs)), program.point)
    assert wrong.verdict in ("wrong", "kink"), wrong


def test_a_network_in_numpy_is_right_and_one_entry_of_it_off_by_a_thousandth_is_not() -> None:
    assert check_gradient(loss, gradient, (A, B)).verdict == "ok"

    def wrong(A: Any, B: Any) -> Any:
        dA, dB = gradient(A, B)
        dA[3, 2] *= 1.001
        return dA, dB

    report = check_gradient(loss, wrong, (A, B))
    assert report.counts["wrong"] == 1
    assert report.worst.name == "A[3, 2]"


FUNCTIONS: list[tuple[str, Callable[[Any], Any], Callable[[float], float], tuple[float, float]]] = [
    ("abs", abs, lambda x: math.copysign(1.0, x) if x else 0.0, (-1.0, 1.0)),
    ("relu", lambda x: np.maximum(x, 0), lambda x: 1.0 if x > 0 else 0.0, (0.0, 1.0)),
    ("max", lambda x: max(x, 3 * x), lambda x: 3.0 if x > 0 else 1.0 if x < 0 else 2.0, (1.0, 3.0)),
    ("Value.relu", lambda x: Value(x).relu() if isinstance(x, float) else x.relu(), lambda x: float(x > 0), (0.0, 1.0)),
]


@pytest.mark.parametrize(("f", "slope", "hull"), [f[1:] for f in FUNCTIONS], ids=[f[0] for f in FUNCTIONS])
@given(x=near_kinks())
def test_at_next_to_and_near_a_kink_no_verdict_is_false(f: Any, slope: Any, hull: Any, x: float) -> None:
    assert check_gradient(f, slope, x).verdict == ("kink" if x == 0 else "ok")
    beyond = check_gradient(f, lambda x: hull[1] + 0.5, x)
    assert beyond.verdict == "wrong"
    if x != 0:
        other = hull[0] if slope(x) == hull[1] else hull[1]
        assert check_gradient(f, lambda x: other, x).verdict == "wrong"


def test_a_kink_can_be_accepted_or_refused() -> None:
    assert check_gradient(abs, lambda x: 0.0, 0.0, on_kink="accept").verdict == "ok"
    assert check_gradient(abs, lambda x: 0.0, 0.0, on_kink="fail").verdict == "wrong"


def test_tied_logits_are_no_kink_of_logsumexp() -> None:
    def f(z: Any) -> Any:
        return np.log(np.sum(np.exp(z - z.max()))) + z.max()

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max())
        return e / e.sum()

    assert check_gradient(f, softmax, np.zeros(4)).verdict == "ok"
    assert check_gradient(f, lambda z: 2 * softmax(z), np.zeros(4)).verdict == "wrong"


def test_kinks_that_cancel_leave_the_convention_of_each_unblamed() -> None:
    for f in (lambda x: x.relu() - (-x).relu(), lambda x: apply("minimum", x.relu(), x)):
        assert check_gradient(f, grad(f), 0.0).verdict == "kink"
        assert check_gradient(f, lambda x: 1.0, 0.0).verdict == "ok"
        assert check_gradient(f, lambda x: 0.7, 0.0).verdict == "wrong"


def test_seven_tied_comparisons_leave_the_convention_of_each_unblamed() -> None:
    def f(x: Any) -> Any:  # tan x + O(x^2) on the right, tan x on the left; with relu'(0) = 0 and a half: 0.995
        return apply("minimum", x.tan() + (x.log1p().relu().tanh() - x.leaky_relu()), x.tan())

    assert check_gradient(f, grad(f), 0.0).verdict == "kink"
    assert check_gradient(f, lambda x: 1.0, 0.0).verdict == "ok"
    assert check_gradient(f, lambda x: 0.993, 0.0).verdict == "wrong"
    assert check_gradient(f, lambda x: 0.995 * (1 + 1e-9), 0.0).verdict == "wrong"


def test_kinks_that_meet_leave_a_convention_outside_of_both_sides_unblamed() -> None:
    def f(x: Any) -> Any:  # 2 x on the right, x on the left; with relu'(0) = 0 and |.|'(0) = 0: 0
        return 3 * x.relu() - abs(x)

    assert check_gradient(f, grad(f), 0.0).verdict == "kink"
    assert check_gradient(f, lambda x: 1.3, 0.0).verdict == "kink"
    assert check_gradient(f, lambda x: 0.3, 0.0).verdict == "wrong"
    assert check_gradient(f, lambda x: grad(f)(x) * (1 if x >= 0 else 2), 0.0).verdict == "wrong"  # on the left


def test_a_maximum_of_a_minimum_of_the_same_two_numbers_makes_two_choices() -> None:
    program = Program(point=(1e-12, 0.0), steps=(("mul", 0, 1), ("mul", 2, 0), ("minimum", 3, 2), ("maximum", 3, 4)))
    assert grad(program, 1)(*program.point) == pytest.approx(2.5e-13)  # a quarter of 1e-12; the truth is 1e-24
    report = check_gradient(program, grad(program, (0, 1)), program.point)
    assert [c.verdict for c in report.components] == ["ok", "kink"]
    assert "truth    1e-24" in str(report)
    off = check_gradient(program, lambda *x: (0.0, 3e-13), program.point)
    assert [c.verdict for c in off.components] == ["ok", "wrong"]


def test_a_minimum_written_with_python_s_comparisons_chooses_anew_each_time() -> None:
    def f(p: Any, q: Any) -> Any:
        m = p if p < q else q
        return q if q > m else m

    for claim in ((0.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.25, 0.75)):  # q on both sides of the tie
        gradient = lambda p, q, claim=claim: claim if p == q else (0.0, 1.0)  # noqa: E731
        assert check_gradient(f, gradient, (1.0, 1.0)).verdict == ("ok" if claim[1] == 1 else "kink"), claim
    assert check_gradient(f, lambda p, q: (0.4, 0.6), (1.0, 1.0)).verdict == "wrong"


def test_no_number_of_ties_is_too_many() -> None:
    def f(x: Any) -> Any:  # 30 x
        return sum((k + 1) * (x.relu() - (-x).relu()) for k in range(30))

    assert check_gradient(f, lambda x: 465.0, 0.0).verdict == "ok"
    assert check_gradient(f, grad(f), 0.0).verdict == "kink"
    assert check_gradient(f, lambda x: 2 * grad(f)(x) + 1, 0.0).verdict == "wrong"

    def near(x: Any) -> Any:  # 2.8e-17 from the kink, and rounding decides
        return f(0.1 + 0.2 * x - 0.3)

    assert check_gradient(near, lambda x: 93.0, 1.0).verdict == "ok"
    assert check_gradient(near, lambda x: 0.0, 1.0).verdict == "kink"
    assert check_gradient(near, lambda x: 1e4, 1.0).verdict == "wrong"


def test_two_kinks_that_cancel_where_rounding_decides_are_a_convention() -> None:
    def f(x: Any) -> Any:
        t = 0.1 + 0.2 * x - 0.3
        return np.maximum(t, 0) - np.maximum(-t, 0)

    assert check_gradient(f, lambda x: 0.2, 1.0).verdict == "ok"
    assert check_gradient(f, lambda x: 0.0, 1.0).verdict == "kink"
    assert check_gradient(f, lambda x: 0.5, 1.0).verdict == "wrong"
    assert check_gradient(f, lambda x: 0.2 * (1 + 1e-9), 1.0).verdict == "wrong"


def test_equal_shares_for_all_that_are_largest_are_a_convention() -> None:
    def shared(w: Any) -> Any:
        return (w == w.max()) / np.sum(w == w.max())

    for n in (2, 5, 7, 50):
        assert check_gradient(np.max, shared, np.ones(n)).verdict == "kink"
        assert check_gradient(np.max, lambda w: np.eye(len(w))[np.argmax(w)], np.ones(n)).verdict == "kink"
        assert check_gradient(np.max, lambda w: 2.0 * shared(w) + 1, np.ones(n)).verdict == "wrong"
    both = lambda w: np.max(w) + np.min(w)  # noqa: E731
    assert check_gradient(both, lambda w: shared(w) + shared(-w), np.ones(3)).verdict == "kink"


def test_a_gradient_beside_a_removable_singularity_is_enclosed() -> None:
    def f(x: Any) -> Any:
        return (1 - np.cos(x)) / x if x != 0 else 0.0 * x

    def third(x: Any) -> Any:
        return (np.exp(x) - 1 - x) / (x * x) if x != 0 else 0.5 + 0 * x

    assert check_gradient(f, lambda x: 0.5, 0.0).verdict == "ok"
    assert check_gradient(f, lambda x: 1.0, 0.0).verdict == "wrong"
    assert check_gradient(third, lambda x: 1 / 6, 0.0).verdict == "ok"
    assert check_gradient(third, lambda x: 3.0, 0.0).verdict == "wrong"
    sixth = lambda x: (np.cos(x) - 1 + x**2 / 2 - x**4 / 24) / x**6 if x != 0 else -1 / 720 + 0 * x  # noqa: E731
    assert check_gradient(sixth, lambda x: 5.0, 0.0).verdict == "inconclusive"  # 6,000 bits are too few


def test_loops_that_end_on_a_tie_end() -> None:
    def fixed_point(x: Any) -> Any:
        y = x
        while True:
            smaller = np.minimum(y, 1.0)
            if smaller == y:
                return y * x
            y = smaller

    def sorted_sum(a: Any) -> Any:
        a = list(a)
        for _ in a:
            for i in range(len(a) - 1):
                if not a[i] <= a[i + 1]:
                    a[i], a[i + 1] = a[i + 1], a[i]
        return a[0] + 2 * a[1]

    assert check_gradient(fixed_point, lambda x: 7.0, 1.0).verdict == "wrong"
    assert check_gradient(sorted_sum, lambda a: np.array([3.0, 3.0]), np.ones(2)).verdict == "wrong"
    knots = (0.0, 1.0, 2.0, 3.0)
    piece = lambda x: x * next(k for k in range(1, 4) if x <= knots[k])  # noqa: E731
    assert check_gradient(piece, lambda x: 3.0, 3.0).verdict != "wrong"


def test_a_mistake_beside_many_ties_is_a_mistake() -> None:
    def f(w: Any) -> Any:
        return np.maximum(w[:10], 0).sum() + np.sin(w[10])

    at = np.r_[np.zeros(10), 3.0]
    right = check_gradient(f, lambda w: np.r_[1.0 * (w[:10] > 0), np.cos(w[10])], at)
    assert right.verdict == "kink"
    off = check_gradient(f, lambda w: np.r_[1.0 * (w[:10] > 0), 2 * np.cos(w[10])], at)
    assert off.components[10].verdict == "wrong"


def test_digits_that_doubles_lose_at_a_kink_are_no_mistake() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.maximum(x, 0) * np.sin(y * y)

    def g(x: float, y: float) -> tuple[float, float]:
        return (x >= 0) * math.sin(y * y), max(x, 0.0) * math.cos(y * y) * 2 * y

    assert check_gradient(f, g, (0.0, 1e5 + 0.7)).verdict in ("kink", "inaccurate")
    assert check_gradient(f, lambda x, y: (1.001 * g(x, y)[0], g(x, y)[1]), (0.0, 1.5)).verdict == "wrong"


def test_a_formula_that_is_nan_where_the_derivative_is_finite_is_wrong() -> None:
    softmax = lambda z: np.exp(z) / np.exp(z).sum()  # noqa: E731
    with np.errstate(all="ignore"):
        assert check_gradient(np.prod, lambda w: np.prod(w) / w, np.array([1.0, 0.0, 3.0])).verdict == "wrong"
        report = check_gradient(lambda z: np.logaddexp(z[0], z[1]), softmax, np.array([1000.0, 0.0]))
    assert report.verdict == "inaccurate"
    assert "overflows, and gives nan" in str(report)


def test_the_distance_of_a_point_from_itself_hides_no_mistake() -> None:
    def f(Z: Any) -> Any:
        return np.sum(np.linalg.norm(Z[:, None] - Z[None], axis=-1))

    def g(Z: Any) -> Any:
        D = Z[:, None] - Z[None]
        r = np.sqrt((D**2).sum(-1))
        return 2 * (D / np.where(r > 0, r, 1)[..., None]).sum(1)

    Z = np.array([[0.3, -1.0], [2.0, 0.7], [-0.4, 0.1]])
    assert check_gradient(f, g, Z).verdict == "ok"
    assert check_gradient(f, lambda Z: g(Z) / 2, Z).verdict == "wrong"


def test_a_comparison_that_400_digits_leave_open_is_decided_beside_the_point() -> None:
    point = (1.853535748080926e-147, 5.842529836967096e260)  # the margin is 2 x0, 407 digits below x1
    program = Program(point, (("sub", 1, 0), ("sub", 2, 0), ("logaddexp", 3, 1), ("sqrt", 4)))
    assert check_gradient(program, grad(program, (0, 1)), point).verdict == "ok"


def test_no_claim_is_wrong_where_a_comparison_is_open_at_points_nearby_too() -> None:
    point = (-1e-12, -5e-324, 1.0000000000000002e-12)  # hypot(a, b) - a is 1e-636
    steps = (("minimum", 2, 0), ("neg", 3), ("hypot", 4, 1), ("minimum", 5, 4), ("atan", 6))
    program = Program(point, steps)
    assert check_gradient(program, grad(program, range(3)), point).verdict != "wrong"


def test_no_claim_is_wrong_where_400_digits_leave_the_derivative_open() -> None:
    for x in (-2.3659586031454788e-213, 6.833101952256494e-235):  # x / asin x: the derivative cancels to x / 3
        report = check_gradient(lambda x: x / x.asin(), lambda x: 0.0, x)
        assert report.verdict == "inconclusive"
        assert "400 digits are not enough" in str(report)


def test_a_claim_that_is_infinitely_off_is_reported() -> None:
    point = (-5.374076658198717e-198, -1.000866041319051)
    program = Program(point, (("erfc", 1), ("mul", 0, 2), ("mul", 2, 3), ("div", 0, 4)))
    assert check_gradient(program, grad(program, (0, 1)), point).verdict == "inconclusive"


def test_integers_stand_for_real_numbers() -> None:
    def halves(w: Any) -> Any:
        d = np.zeros_like(w)
        d[:] = w / 2
        return d

    assert check_gradient(lambda w: np.sum(w**2) / 4, halves, np.array([1, 2, 3])).verdict == "ok"
    many = np.array([200, 100], dtype=np.uint8)
    assert check_gradient(lambda w: np.sum(w * w), lambda w: 2 * w, many).verdict == "ok"
    assert check_gradient(lambda w: np.sum(w * w), lambda w: (2 * w).astype(np.uint8), many).verdict != "ok"


def test_a_tie_and_a_near_tie_in_one_component() -> None:
    def f(x: Any) -> Any:
        return 5 * np.maximum((x + 1e-17) - 1, 0) + abs(x - 1)

    def g(x: float) -> float:
        math.exp(x)  # doubles only
        return (5.0 if (x + 1e-17) - 1 > 0 else 0.0) + (x > 1) - (x < 1)

    for gradient in (g, grad(f)):
        assert check_gradient(f, gradient, 1.0).verdict == "kink"


def test_a_side_that_rounding_chose_is_a_kink_not_a_mistake() -> None:
    def f(x: Any) -> Any:
        return np.maximum(0.1 + 0.2 * x - 0.3, 0)  # 0.1 + 0.2 - 0.3 is 2.8e-17, and any rounding may make it 0

    assert check_gradient(f, lambda x: 0.2, 1.0).verdict == "ok"
    assert check_gradient(f, lambda x: 0.0, 1.0).verdict == "kink"
    assert check_gradient(f, lambda x: 0.1, 1.0).verdict == "kink"
    assert check_gradient(f, lambda x: 0.3, 1.0).verdict == "wrong"
    assert check_gradient(f, lambda x: 0.2 * (1 + 1e-9), 1.0).verdict == "wrong"
    assert check_gradient(f, lambda x: 0.2 * (1 - 1e-9), 1.0).verdict == "wrong"


def test_a_formula_that_lost_its_digits_is_inaccurate_and_a_mistake_is_wrong() -> None:
    assert check_gradient(tanh, lambda x: 1 - tanh(x) ** 2, 18.0).verdict == "inaccurate"
    assert check_gradient(tanh, lambda x: 1 - tanh(x) ** 2, 20.0).verdict == "inaccurate"  # 0, all digits
    assert check_gradient(tanh, lambda x: 1 - tanh(x) ** 3, 18.0).verdict == "wrong"


def test_a_lossy_gradient_of_doubles_only_is_told_from_a_wrong_one() -> None:
    for x in (17.0, 18.0, 20.0):
        assert check_gradient(tanh, lambda x: 1 - math.tanh(x) ** 2, x).verdict == "inaccurate"
        assert check_gradient(tanh, lambda x: 2 / math.cosh(x) ** 2, x).verdict == "wrong"


def test_no_claim_but_0_is_ok_where_the_truth_is_0_to_doubles() -> None:
    # logaddexp(-x, 2x) is 2x + exp(-1.4e36): no double, and no number of 400 digits, knows this derivative from 0.
    program = Program((4.76481738054623e35,), (("add", 0, 0), ("neg", 0), ("logaddexp", 2, 1), ("div", 0, 3)))
    right = grad(program)
    assert check_gradient(program, lambda x: 0.0, program.point).verdict == "ok"
    for factor in (1, -1, 1 + 1e-9):
        report = check_gradient(program, lambda x, k=factor: k * right(x), program.point)
        assert report.verdict == ("ok" if right(*program.point) == 0 else "inaccurate")
    assert check_gradient(program, lambda x: -1.67e-52, program.point).verdict in ("inaccurate", "wrong")


def test_rounding_errors_around_a_truth_of_0_are_inaccurate() -> None:
    def f(x: Any) -> Any:
        return ((x + 1) * (x + 1) - x * x) / 2 - x  # 1/2, whatever x is

    def g(x: Any) -> Any:
        return (x + 1) - 1 - x

    assert g(0.1) != 0
    report = check_gradient(f, g, 0.1)
    assert report.verdict == "inaccurate"
    assert "the truth is 0 to doubles" in report.worst.why


def test_a_nan_is_no_answer_where_only_another_variable_meets_a_kink() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.maximum(x, 0) + np.sin(y)

    assert check_gradient(f, lambda x, y: (math.nan, np.cos(y)), (0.0, 1.0)).verdict == "kink"
    assert check_gradient(f, lambda x, y: (0.0, math.nan), (0.0, 1.0)).verdict == "wrong"


def test_float32_gradients_are_judged_in_their_own_ulps() -> None:
    def f(w: Any) -> Any:
        return (np.sin(w) * w).sum()

    def g(w: Any) -> Any:
        return np.sin(w) + w * np.cos(w)

    w = np.array([0.3, 1.7, -2.2], dtype=np.float32)
    assert check_gradient(f, g, w).verdict == "ok"
    assert check_gradient(f, lambda w: g(w) * np.float32(1.001), w).verdict == "wrong"


def test_jacobians_and_hessians() -> None:
    def f(w: Any) -> Any:
        return np.array([w[0] * w[1], np.sin(w[2])])

    def jacobian(w: Any) -> Any:
        return np.array([[w[1], w[0], 0 * w[0]], [0 * w[0], 0 * w[0], np.cos(w[2])]])

    at = np.array([1.0, 2.0, 3.0])
    assert check_gradient(f, jacobian, at).verdict == "ok"
    assert "transposed" in check_gradient(f, lambda w: jacobian(w).T, at).likely
    assert check_gradient(lambda w: w @ w, lambda w: 2 * np.eye(3), at, order=2).verdict == "ok"
    report = check_gradient(lambda w: w @ w * w[0], lambda w: 2 * np.eye(3), at, order=2)
    assert report.verdict == "wrong"
    assert report.worst.name.startswith("d2/d w")


@examples(30)
@given(programs(operations=("mul", "add", "sin", "exp", "tanh", "sigmoid"), max_steps=5))
def test_recorded_gradients_of_gradients_are_right_to_third_order(program: Any) -> None:
    x = program.point[0]

    def along(t: Any) -> Any:
        return program(t, *program.point[1:])

    for order in (1, 2):
        inner = along
        for _ in range(order):
            inner = grad(inner)
        report = check_gradient(inner, grad(inner), x)
        assert report.verdict != "wrong", report


def off_by_a_billionth(A: Any, B: Any) -> Any:
    dA, dB = gradient(A, B)
    return dA * (1 + 1e-9), dB


def test_the_oracles_agree_with_each_other() -> None:
    for oracle in ("interval", "rerun"):
        assert check_gradient(loss, gradient, (A, B), oracle=oracle).verdict == "ok"
        wrong = check_gradient(loss, off_by_a_billionth, (A, B), oracle=oracle)
        assert wrong.verdict == "wrong"
        assert wrong.counts["wrong"] == A.size


def test_outside_the_domain_there_is_nothing_to_say() -> None:
    assert check_gradient(lambda w: np.log(w).sum(), lambda w: 1 / w, np.array([-1.0, 2.0])).verdict == "inconclusive"
    assert check_gradient(lambda w: np.sqrt(w).sum(), lambda w: np.array([math.inf]), np.array([0.0])).verdict == "ok"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_gradient(abs, abs, 1.0, order=3), "order must be 1"),
        (lambda: check_gradient(abs, abs, 1.0, oracle="guess"), "oracle must be one of"),
        (lambda: check_gradient(abs, abs, 1.0, on_kink="cry"), "on_kink must be one of"),
        (lambda: check_gradient(abs, abs, math.inf), "finite numbers"),
        (lambda: check_gradient(sum, lambda w: w[:1], [1.0, 2.0]), "has 1 number"),
        (lambda: check_gradient(math.sin, math.cos, 1.0, oracle="interval"), "'interval' needs f on numbers of many"),
        (lambda: assert_gradient(abs, abs, 1.0, accept=("fine",)), "got 'fine'"),
    ],
)
def test_misuse_is_refused_with_the_value_and_the_cure(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gradient_that_returns_nothing_is_named() -> None:
    with pytest.raises(TypeError, match="is a return missing"):
        check_gradient(abs, lambda x: None, 1.0)


def test_the_report_says_which_where_how_far_and_how_to_repeat_it() -> None:
    text = str(check_gradient(lambda w: sin(w[0]) * w[1], lambda w: [w[1], 2 * sin(w[0])], [0.5, 2.0]))
    for part in ("w[0]", "w[1]", "claimed", "0x1.", "truth", " +- ", "ulp", "kappa", "interval", "at=[0.5, 2.0]"):
        assert part in text


def test_a_mistake_beside_a_kink_that_rounding_could_decide_is_no_choice_of_side() -> None:
    program = Program(
        (-1.415418239721105e-13,),
        (("leaky_relu", 0), ("cos", 1), ("asin", 2), ("softplus", 3), ("maximum", 1, 0)),
    )
    right = grad(program)
    assert check_gradient(program, right, program.point).verdict == "ok"
    assert check_gradient(program, lambda x: (1 + 1e-9) * right(x), program.point).verdict == "wrong"


@pytest.mark.parametrize("x", [1e300, -3.78115509236892e299, 4.8342060596301405e271])
def test_where_f_turns_faster_than_doubles_a_billionth_is_still_caught(x: float) -> None:
    assert check_gradient(sin, lambda x: cos(x), x).verdict == "ok"
    assert check_gradient(sin, lambda x: cos(x) * (1 + 1e-9), x).verdict == "wrong"
    assert check_gradient(lambda x: sin(x * x), lambda x: 2 * x * cos(x * x) * (1 - 1e-9), x / 1e150).verdict == "wrong"


def test_the_nearest_kink_is_one_whose_sides_differ() -> None:
    report = check_gradient(lambda x: softplus(x) + abs(x - 3), lambda x: sigmoid(x) - 1, 0.5)
    assert report.verdict == "ok"
    assert report.kink is not None
    assert report.kink.distance == 2.5  # not 0.5, where softplus takes another formula for the same function


def test_at_the_edge_of_a_domain_points_inside_it_tell() -> None:
    x = 1.0000000000000002  # the derivative of acosh amplifies the rounding of x by 2e15
    assert check_gradient(acosh, grad(acosh), x).verdict == "ok"
    assert check_gradient(acosh, lambda x: grad(acosh)(x) * (1 - 1e-9), x).verdict == "wrong"


def test_a_diagnosis_never_computes_what_is_beyond_all_measure() -> None:
    # With the arguments swapped, one of its hypotheses, this is erfc(sinh(3e9)): it took ten minutes and all memory.
    program = Program((-3129844231.1248837, 5e-324), (("sinh", 1), ("gelu", 2), ("sech", 3), ("mul", 4, 0)))
    right = grad(program, (0, 1))
    report = check_gradient(program, lambda *xs: tuple(d * (1 + 1e-9) for d in right(*xs)), program.point)
    assert report.components[0].verdict == "wrong"


def test_ties_on_the_way_do_not_make_the_oracles_contradict_each_other() -> None:
    program = Program(
        (1.0000000000000002e-12,),
        (("abs", 0), ("maximum", 1, 0), ("sqrt", 2), ("relu", 1), ("cos", 3), ("mul", 2, 4), ("minimum", 6, 3),
         ("sub", 5, 6)),
    )  # fmt: skip
    right = grad(program)
    assert check_gradient(program, right, program.point).verdict == "ok"
    assert check_gradient(program, lambda x: (1 - 1e-9) * right(x), program.point).verdict == "wrong"


def test_what_underflows_beside_a_comparison_that_is_all_but_tied_is_inaccurate() -> None:
    # x1 * x2 is 4e-578, 0 to doubles, and sin(u) is less than u by u**3 / 6, which no 400 digits tell.
    program = Program(
        (0.9999999999999999, 5e-324, 8.401125257655278e-255),
        (("mul", 1, 2), ("mul", 3, 0), ("atanh", 3), ("pow", 4, 5), ("sin", 5), ("logsumexp", 7, 5), ("sin", 6)),
    )
    report = check_gradient(program, grad(program, (0, 1, 2)), program.point)
    assert report.components[1].claimed == 0
    assert report.verdict == "inaccurate"


def test_an_infinite_slope_is_ok_however_slowly_it_grows_beside_the_point() -> None:
    program = Program((-5e-324, -0.0, 0.5591954208269945), (("mul", 0, 1), ("mul", 0, 2), ("mul", 4, 3), ("cbrt", 5)))
    report = check_gradient(program, grad(program, (0, 1, 2)), program.point)
    assert report.components[1].claimed == math.inf
    assert report.components[1].verdict == "ok"
    assert "wrong" not in report.counts


def test_a_constant_that_is_rounded_is_called_that() -> None:
    report = check_gradient(sin, lambda x: (1 + 1e-11) * cos(x), 0.4)
    assert report.verdict == "inaccurate"
    assert report.worst.why == "by any number of digits the formula is off by 1e-11: a constant in it is rounded"
    lost = check_gradient(tanh, lambda x: 1 - tanh(x) ** 2, 18.0)
    assert lost.worst.why == "the formula is right; this evaluation of it lost digits"


def test_on_the_border_of_the_domain_nothing_is_said_of_sides() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        report = check_gradient(lambda w: np.log(w).sum(), lambda w: 1 / w, np.array([0.0, 1.0]))
    assert [c.why for c in report.components if c.verdict == "inconclusive"] == ["on the border of f's domain"]


@pytest.mark.parametrize("small", [1e-12, 1e-100, 1e-300])
def test_beside_a_kink_that_another_number_hides_a_mistake_is_found(small: float) -> None:
    f = lambda x, y: apply("maximum", abs(x), y)  # noqa: E731 - y where |x| < y, so that near (0, y) no kink is left
    right = grad(f, (0, 1))
    assert check_gradient(f, right, (0.0, small)).verdict == "ok"
    assert check_gradient(f, lambda x, y: [d * (1 + 1e-9) for d in right(x, y)], (0.0, small)).verdict == "wrong"


@pytest.mark.parametrize("x", [5e-324, 2.0**-1050, 3 * 2.0**-400])
def test_a_formula_that_cancels_beyond_400_digits_is_still_right(x: float) -> None:
    f = lambda x: x * x + x / x  # noqa: E731 - 1/x - 1/x leaves 1e-77 of 400 digits, and the derivative is 2x
    assert check_gradient(f, grad(f), x).verdict in ("ok", "inaccurate")
    assert check_gradient(f, lambda x: 1.5 * grad(f)(x), x).verdict in ("wrong", "inconclusive")


@pytest.mark.parametrize("claimed", [1.0, 1e-4, 1e-9, 1e-150, 1e-250, 1e-320, -3.0])
def test_a_number_where_the_truth_is_0_is_wrong_and_not_a_loss_of_digits(claimed: float) -> None:
    def f(x: Any, y: Any) -> Any:
        return y * y + (x - x)

    said = "wrong" if abs(claimed) > 1e-14 else "inconclusive"  # x - x may be off by so much in doubles
    constant = check_gradient(f, lambda x, y: (claimed, 2 * y), (1.5, 2.0))
    assert constant.components[0].verdict == said
    depends = check_gradient(f, lambda x, y: (claimed * x * y, 2 * y), (1.5, 2.0))
    assert depends.components[0].verdict == said
    beside_large = check_gradient(lambda x, y: 1e200 * y + (x - x), lambda x, y: (claimed, 1e200), (1.5, 2.0))
    assert beside_large.components[0].verdict == said


def test_digits_that_are_lost_where_the_truth_is_0_are_no_mistake() -> None:
    def f(x: Any) -> Any:
        return np.sin(x) ** 2 + np.cos(x) ** 2

    def slope(x: Any) -> Any:
        return 2 * np.sin(x) * np.cos(x) - np.sin(2 * x)

    points = np.linspace(0.1, 3, 30)
    reports = [check_gradient(f, slope, x) for x in points]
    assert {r.verdict for r in reports} == {"ok", "inaccurate"}


def test_a_truth_that_is_0_to_doubles_is_0_to_the_verdict() -> None:
    # log(e^x + e^xy) is x but for 1e-398: the derivative by x is -1.5e-392, and reverse mode gives 2.3e-13.
    def f(x: Any, y: Any) -> Any:
        return 2 * x * y / np.logaddexp(x, x * y)

    def by_hand(x: Any, y: Any) -> Any:
        s = np.logaddexp(x, x * y)
        p = 1 / (1 + np.exp(x * y - x))
        return 2 * y / s - 2 * x * y * (p + y * (1 - p)) / s**2, 2 * x / s - 2 * x * y * x * (1 - p) / s**2

    report = check_gradient(f, by_hand, (1.3062883022406737, -700.0))
    assert report.verdict in ("ok", "inaccurate"), str(report)
    assert check_gradient(f, lambda x, y: (1e-13, by_hand(x, y)[1]), (1.3062883022406737, -700.0)).verdict == "wrong"


def of_doubles(formula: Callable[[float], float]) -> Callable[[Any], float]:
    """Return a slope that refuses numbers of many digits, as code with math or float() does."""

    def slope(x: Any) -> float:
        assert isinstance(x, float), "doubles only"
        return formula(x)

    return slope


BESIDE_LARGER: dict[str, tuple[Callable[[Any], Any], Callable[[float], float], float]] = {
    # Far away each derivative is so large that a billionth of this one is nothing beside it.
    "expm1": (np.expm1, math.exp, 2.9611416838811966),
    "cosh": (np.cosh, math.sinh, -2.363357267631855),
    "a power": (lambda x: x**9, lambda x: 9 * x**8, 1.3),
    "a small number": (lambda x: x * x, lambda x: 2 * x, 1e-12),
    "tan": (np.tan, lambda x: 1 / math.cos(x) ** 2, 1.1),
    "log": (np.log, lambda x: 1 / x, 30.0),
}


@pytest.mark.parametrize("what", BESIDE_LARGER)
def test_a_billionth_is_caught_in_a_gradient_of_doubles_only(what: str) -> None:
    f, formula, x = BESIDE_LARGER[what]
    assert check_gradient(f, of_doubles(formula), x).verdict == "ok"
    for error in (1e-9, -1e-9, 1e-4, -2.0):
        wrong = partial(lambda error, x: formula(x) * (1 + error), error)
        assert check_gradient(f, of_doubles(wrong), x).verdict == "wrong"


LOST: dict[str, tuple[Callable[[Any], Any], Callable[[float], float], float]] = {
    "1 - y^2, all of it": (np.tanh, lambda x: 1 - math.tanh(x) ** 2, 20.0),
    "1 - y^2, half of it": (np.tanh, lambda x: 1 - math.tanh(x) ** 2, 9.0),
    "1 - cos": (lambda x: x - np.sin(x), lambda x: 1 - math.cos(x), 1e-5),
    "exp - 1": (lambda x: np.exp(x) - x, lambda x: math.exp(x) - 1, 1e-7),
}


@pytest.mark.parametrize("what", LOST)
def test_digits_that_a_gradient_of_doubles_loses_are_no_mistake(what: str) -> None:
    f, formula, x = LOST[what]
    assert check_gradient(f, of_doubles(formula), x).verdict in ("ok", "inaccurate")
    assert check_gradient(f, of_doubles(lambda x: 1.001 * formula(x)), x).verdict in ("wrong", "inconclusive")
