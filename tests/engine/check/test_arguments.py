"""What people's functions do with their arguments: remember them, change them, look at their types, refuse them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.check import assert_gradient, check_gradient

W = np.array([0.5, -1.0, 2.0])


class Memo:
    """A loss and its gradient that share one forward pass, as scipy's MemoizeJac does."""

    def __init__(self, same: Callable[[Any, Any], Any], factor: float = 1.0) -> None:
        self.same, self.factor = same, factor
        self.x: Any = None

    def _forward(self, w: Any) -> None:
        if self.x is None or not self.same(self.x, w):
            self.x = np.copy(w)
            y = np.tanh(w)
            self.loss, self.slope = np.sum(y**2), self.factor * 2 * y * (1 - y**2)

    def f(self, w: Any) -> Any:
        self._forward(w)
        return self.loss

    def of_floats(self, w: Any) -> float:
        return float(self.f(w))

    def grad(self, w: Any) -> Any:
        self._forward(w)
        return self.slope


def equal(a: Any, b: Any) -> Any:
    return np.all(a == b)


@pytest.mark.parametrize("at", [W, np.array([20.0, 1.0, 0.0])], ids=["usual", "saturated"])
@pytest.mark.parametrize("same", [np.allclose, equal])
@pytest.mark.parametrize("name", ["f", "of_floats"])
def test_a_function_that_remembers_its_last_call_is_not_taken_for_a_constant(name: str, same: Any, at: Any) -> None:
    memo = Memo(same)
    assert check_gradient(getattr(memo, name), memo.grad, at).verdict in ("ok", "inaccurate", "inconclusive")
    for factor in (1.01, 0.0):
        memo = Memo(same, factor)
        assert check_gradient(getattr(memo, name), memo.grad, at).verdict in ("wrong", "inconclusive")


def test_what_a_function_remembers_is_judged_by_steps_and_the_report_says_so() -> None:
    memo = Memo(np.allclose)
    report = check_gradient(memo.f, memo.grad, W)
    assert (report.verdict, report.oracle) == ("ok", "ladder")
    assert "it returns what it remembers of an earlier call" in str(report)
    memo = Memo(np.allclose, 1.01)
    assert check_gradient(memo.f, memo.grad, W).verdict == "wrong"


def test_a_gradient_that_remembers_is_no_formula_of_digits() -> None:
    at = np.array([9.0, 0.1, 3.0])  # here 1 - tanh(x)^2 has lost digits
    assert check_gradient(lambda w: np.sum(np.tanh(w) ** 2), Memo(np.allclose).grad, at).verdict == "inaccurate"
    wrong = Memo(np.allclose, 1.5)
    assert check_gradient(lambda w: np.sum(np.tanh(w) ** 2), wrong.grad, at).verdict == "wrong"


def test_a_backward_pass_finds_what_the_forward_pass_at_the_same_point_left() -> None:
    class Layer:
        def f(self, w: Any) -> Any:
            self.y = np.tanh(w)
            return np.sum(self.y)

        def grad(self, w: Any) -> Any:
            return 1 - self.y**2

    layer = Layer()
    assert check_gradient(layer.f, layer.grad, W).verdict == "ok"
    assert check_gradient(layer.f, layer.grad, 10 * W).verdict == "inaccurate"  # the formula ran with 400 digits
    assert check_gradient(layer.f, lambda w: 2 * layer.grad(w), 10 * W).verdict == "wrong"


@pytest.mark.parametrize(
    ("f", "slope", "at"),
    [
        (lambda x: 1.0, 0.0, 3.0),
        (lambda x: x if x > 0 else 0.0, 0.0, -3.0),
        (lambda x: x if x > 0 else 0.0, 1.0, 0.0),
        (lambda x: 1.0 if x >= 0 else -1.0, 0.0, 2.0),
        (lambda x: 1.0 if x == 0 else np.sin(x) / x, 0.0, 0.0),
    ],
)
def test_the_constant_of_one_branch_is_no_memory(f: Any, slope: float, at: float) -> None:
    report = check_gradient(f, lambda x: slope, at)
    assert report.oracle == "interval"
    assert report.verdict == ("kink" if slope else "ok")


@pytest.mark.parametrize("at", [3.0, 1.0])  # at 1 both branches have the same value, but not the same slope
def test_a_branch_on_the_type_is_seen_and_the_doubles_are_what_counts(at: float) -> None:
    def f(x: Any) -> Any:
        return x * x if isinstance(x, (int, float)) else x * x * x

    report = check_gradient(f, lambda x: 2 * x, at)
    assert report.verdict == "ok"
    assert "something else over numbers of many digits" in str(report)
    if at != 1.0:
        assert check_gradient(f, lambda x: 3 * x * x, at).verdict == "inconclusive"  # right for one only
        assert check_gradient(f, lambda x: 5 * x * x, at).verdict == "wrong"
        with pytest.raises(ValueError, match=r"it gives 27\.0 there, and 9\.0 over doubles"):
            check_gradient(f, lambda x: 2 * x, at, oracle="interval")


@pytest.mark.parametrize(
    ("f", "slope", "at"),
    [
        (lambda x: (1e16 + x) - 1e16, lambda x: 1.0, 0.3),
        (lambda x: np.sin(1e17 * x), lambda x: 1e17 * np.cos(1e17 * x), 0.3),
        (lambda x: 1 - np.cos(x), np.sin, 1e-9),
        (lambda x: np.float32(0.1) * x - np.float32(0.3) / 3 * x, lambda x: np.float32(0.1) - np.float32(0.3) / 3, 1.0),
    ],
)
def test_what_rounding_makes_of_f_over_doubles_is_no_other_function(f: Any, slope: Any, at: float) -> None:
    assert check_gradient(f, slope, at).oracle == "interval"


def refusing(error: type[Exception]) -> Callable[[Any], Any]:
    """Return a sum of squares that takes doubles only, and says so with this exception."""

    def f(w: Any) -> Any:
        if w.dtype != np.float64:
            raise error("for doubles only")
        return np.sum(w**2)

    return f


REFUSALS = [ValueError, AssertionError, RuntimeError, KeyError, ZeroDivisionError, np.linalg.LinAlgError]


@pytest.mark.parametrize("error", REFUSALS)
def test_whatever_a_function_says_to_foreign_numbers_it_is_a_black_box(error: type[Exception]) -> None:
    report = check_gradient(refusing(error), lambda w: 2 * w, W)
    assert report.verdict == "ok"
    assert "f is a black box" in str(report)
    assert error.__name__ in str(report)
    assert check_gradient(refusing(error), lambda w: 2.1 * w, W).verdict == "wrong"


@pytest.mark.parametrize("error", REFUSALS)
def test_whatever_a_gradient_says_to_foreign_numbers_it_has_no_formula(error: type[Exception]) -> None:
    def gradient(w: Any) -> Any:
        return 1 - np.tanh(w) ** 2 + 0 * refusing(error)(w)

    assert check_gradient(lambda w: np.sum(np.tanh(w)), gradient, 8 * W).verdict == "inaccurate"
    assert check_gradient(lambda w: 2 * np.sum(np.tanh(w)), gradient, 8 * W).verdict == "wrong"


def test_a_function_that_refuses_every_other_point_is_inconclusive() -> None:
    def f(x: Any) -> Any:
        if x != 3.0:
            raise RuntimeError("at 3 only")
        return x * x

    assert check_gradient(f, lambda x: 2 * x + 1e-9, 3.0).verdict == "inconclusive"
    assert check_gradient(lambda x: f(float(x)), lambda x: 2 * x, 3.0).verdict == "inconclusive"


def test_an_interrupt_passes() -> None:
    def f(x: Any) -> Any:
        if not isinstance(x, float):
            raise KeyboardInterrupt
        return x * x

    with pytest.raises(KeyboardInterrupt):
        check_gradient(f, lambda x: 2 * x, 3.0)


def test_what_a_function_raises_on_doubles_too_is_what_the_user_sees() -> None:
    def f(w: Any) -> Any:
        raise KeyError("no such weight")

    with pytest.raises(KeyError, match="no such weight"):
        check_gradient(f, lambda w: w, W)


@pytest.mark.parametrize(
    ("f", "grad", "at"),
    [
        (lambda b: b.copy() ** 2, lambda b: 2 * b.copy(), np.array(2.0)),
        (lambda b: b**2 if b.ndim == 0 else b, lambda b: 2 * b.reshape(1), np.array(2.0)),
        (lambda b: float(b.copy()) ** 2, lambda b: 2 * b, np.array(2.0)),
        (lambda b: math.exp(b.item()), lambda b: np.exp(b.item()), np.array(0.5)),
        (
            lambda w, b: np.sum((w + b.copy()) ** 2),
            lambda w, b: (2 * (w + b), 2 * np.sum(w + b.copy())),
            (W, np.array(2.0)),
        ),
        (
            lambda p: np.sum(p["w"] ** 2) * p["b"].reshape(1)[0],
            lambda p: {"w": 2 * p["w"] * p["b"], "b": np.sum(p["w"] ** 2)},
            {"w": W, "b": np.array(2.0)},
        ),
        (lambda b: (b**2).sum(), lambda b: (2 * b).sum(), np.float64(2.0)),
    ],
)
def test_arrays_of_no_dimensions_and_numpy_numbers_are_handed_over_as_they_are(f: Any, grad: Any, at: Any) -> None:
    assert check_gradient(f, grad, at).verdict == "ok"


def test_a_function_may_change_what_it_is_given() -> None:
    def f(w: Any) -> Any:
        w *= 2
        return np.sum(w**2)

    def gradient(w: Any) -> Any:
        w *= 8
        return w

    at = W.copy()
    assert check_gradient(f, gradient, at).verdict == "ok"
    assert check_gradient(lambda w: float(f(w)), gradient, at).verdict == "ok"
    assert (at == W).all()
    nested = {"w": [1.0, 2.0], "b": np.array(3.0)}

    def emptied(p: Any) -> Any:
        found = {"b": p["w"].pop() + 0.0, "w": [p["b"] * 0.0, p["b"] + 0.0]}
        p.clear()
        return found

    assert check_gradient(lambda p: p["w"][1] * p["b"], emptied, nested).verdict == "ok"
    assert nested == {"w": [1.0, 2.0], "b": np.array(3.0)}


def test_a_hessian_of_a_function_of_doubles_is_refused_as_the_documentation_says() -> None:
    with pytest.raises(ValueError, match="order=2 needs f on numbers of many digits"):
        check_gradient(lambda x: float(x) ** 2, lambda x: 2.0, 3.0, order=2)
    assert "order=2" in (check_gradient.__doc__ or "").split("Raises")[1]


class Model:
    """A loss and its gradient as methods that keep what they computed; the gradient may add up from call to call."""

    def __init__(self, *, accumulates: bool = False) -> None:
        self.accumulates, self.g = accumulates, np.zeros(3)
        self.h: Any = None

    def loss(self, w: Any) -> Any:
        self.h = np.tanh(w)
        return np.sum(self.h)

    def gradient(self, w: Any) -> Any:
        new = 1 - np.tanh(w) ** 2
        self.g = self.g + new if self.accumulates else new
        return self.g


def test_a_gradient_that_adds_up_from_call_to_call_is_told_so() -> None:
    model = Model(accumulates=True)
    with pytest.raises(ValueError, match=r"grad gives .* and then .*: a sum that is not set back to 0"):
        check_gradient(model.loss, model.gradient, W)


def test_a_function_of_random_numbers_is_told_so() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"f gives .* and then .* random numbers"):
        check_gradient(lambda w: np.sum(w * rng.random(3)), lambda w: w, W)


def test_an_object_whose_methods_are_checked_holds_doubles_afterwards() -> None:
    model = Model()
    assert check_gradient(model.loss, model.gradient, W).verdict == "ok"
    assert type(model.h) is np.ndarray
    assert model.h.dtype == float
    assert type(model.g) is np.ndarray
    assert (model.g == 1 - np.tanh(W) ** 2).all()


@pytest.mark.parametrize(("f", "grad", "name"), [(abs, np.ones(3), "grad"), (3.0, abs, "f")])
def test_what_is_no_function_is_refused(f: Any, grad: Any, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a function, got .*: give the function itself"):
        check_gradient(f, grad, W)


def test_a_value_of_f_that_is_no_number_is_noted() -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        report = check_gradient(lambda x: np.exp(x), lambda x: 2 * np.exp(x), 1000.0)
    assert "f is inf here over doubles" in report.notes


def test_a_black_box_of_arrays_of_doubles_is_told_the_cure() -> None:
    def squares(w: Any) -> Any:
        y = np.zeros(3)
        y[:] = w**2
        return y.sum()

    report = check_gradient(squares, lambda w: 2 * w, W)
    assert report.verdict == "ok"
    assert any("np.zeros_like(x)" in note for note in report.notes)


def test_the_verdicts_to_accept_are_a_collection() -> None:
    with pytest.raises(ValueError, match=r"such as \('ok',\); got 'ok'"):
        assert_gradient(abs, np.sign, 1.0, accept="ok")


INPUTS = np.linspace(-1, 1, 28).reshape(7, 4)
LAYERS = (np.linspace(-1, 1, 12).reshape(4, 3), np.ones(3), np.linspace(0, 1, 6).reshape(3, 2), np.zeros(2))


def two_layers(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    return ((np.tanh(INPUTS @ W1 + b1) @ W2 + b2) ** 2).sum()


def by_layers(W1: Any, b1: Any, W2: Any, b2: Any) -> tuple[Any, Any, Any, Any]:
    F = np.tanh(INPUTS @ W1 + b1)
    D = 2 * (F @ W2 + b2)
    E = D @ W2.T * (1 - F * F)
    return INPUTS.T @ E, E.sum(axis=0), F.T @ D, D.sum(axis=0)


def test_an_array_that_would_not_fit_a_step_is_noted() -> None:
    def turned(*layers: Any) -> Any:
        dW1, db1, dW2, db2 = by_layers(*layers)
        return dW1, db1[None], dW2.ravel(), db2

    report = check_gradient(two_layers, turned, LAYERS)
    assert report.verdict == "ok"
    assert [note.split(":")[0] for note in report.notes] == [
        "the gradient by b1 has shape (1, 3), and b1 has (3,)",
        "the gradient by W2 has shape (6,), and W2 has (3, 2)",
    ]
    assert check_gradient(two_layers, by_layers, LAYERS).notes == []


@pytest.mark.parametrize("order", [(2, 3, 0, 1), (1, 0, 3, 2)])
def test_gradients_in_another_order_are_named(order: tuple[int, ...]) -> None:
    report = check_gradient(two_layers, lambda *layers: [by_layers(*layers)[k] for k in order], LAYERS)
    names = ", ".join(("W1", "b1", "W2", "b2")[k] for k in order)
    assert report.likely == f"the gradients come in another order than the arguments: by {names}"


COUNTS: dict[str, tuple[Any, Any, Any, int, str]] = {
    "one array": (two_layers, lambda *w: (*by_layers(*w)[:3], np.ones(3)), LAYERS, 1, r"by b2 it has shape \(3,\)"),
    "one less": (two_layers, lambda *w: by_layers(*w)[:3], LAYERS, 1, "one for each of W1, b1, W2, b2"),
    "no sum": (lambda w: w**2, lambda w: 2 * w, W, 1, "Does f lack a sum"),
    "exchanged": (lambda w: 2 * w, lambda w: (w**2).sum(), W, 1, "the other way round"),
    "a gradient for a Hessian": (lambda w: (w**3).sum(), lambda w: 3 * w**2, W, 2, r"shape \(3, 3\)"),
}


@pytest.mark.parametrize("what", COUNTS)
def test_a_wrong_count_of_numbers_is_explained(what: str) -> None:
    f, grad, at, order, words = COUNTS[what]
    with pytest.raises(ValueError, match=words):
        check_gradient(f, grad, at, order=order)


KINDS: dict[str, tuple[Any, Any, Any, str]] = {
    "a list for two": (lambda w, b: w * b, lambda w, b: (b, w), [1.0, 2.0], "at=(w, b)"),
    "a list for NumPy": (lambda w: np.sum(w**2), lambda w: 2 * w, [1.0, 2.0], "np.array"),
    "a number for Values": (lambda x: x.tanh(), lambda x: 1 - x.tanh() ** 2, 0.5, "at=Value(0.5)"),
}


@pytest.mark.parametrize("what", KINDS)
def test_a_point_of_another_kind_gets_a_hint(what: str) -> None:
    f, grad, at, hint = KINDS[what]
    with pytest.raises((TypeError, AttributeError)) as caught:
        check_gradient(f, grad, at)
    assert hint in caught.value.__notes__[0]
    assert len(caught.value.__notes__) == 1


def test_a_report_is_true_where_the_gradient_passes() -> None:
    assert check_gradient(abs, lambda x: 0.5, 0.0)  # a kink
    assert not check_gradient(lambda x: x * x, lambda x: 3 * x, 2.0)
    assert not check_gradient(lambda x: 1e16 + math.sin(x), math.cos, 0.3)  # inconclusive
