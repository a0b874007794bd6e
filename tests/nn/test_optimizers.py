"""Optimizers: each step against the formula, exactly where the formula is rational."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rationals import rationals

from nn.optimizer import Optimizer
from nn.optimizers import OPTIMIZERS, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp

FLOATS = [np.float32, np.float64]


def exact(*numbers: Fraction | int) -> np.ndarray[Any, Any]:
    return np.array([Fraction(number) for number in numbers], dtype=object)


fractions = rationals(-10, 10, 50)
rates = rationals(Fraction(1, 100), 2, 100)


@given(fractions, st.lists(fractions, min_size=1, max_size=5), rates)
def test_gradient_descent_is_exact_over_fractions(w: Fraction, gradients: list[Fraction], alpha: Fraction) -> None:
    parameter, optimizer = exact(w), GradientDescent(learning_rate=alpha)
    for g in gradients:
        optimizer.step([parameter], [exact(g)])
    assert parameter[0] == w - alpha * sum(gradients)


@given(
    fractions,
    st.lists(fractions, min_size=2, max_size=6),
    rates,
    rationals(0, Fraction(99, 100), 100),
)
def test_momentum_is_polyaks_three_term_recurrence_over_fractions(
    w: Fraction, gradients: list[Fraction], alpha: Fraction, beta: Fraction
) -> None:
    parameter = exact(w)
    optimizer = Momentum(learning_rate=alpha, momentum=beta)
    before, now = w, w
    for g in gradients:
        optimizer.step([parameter], [exact(g)])
        before, now = now, now - alpha * g + beta * (now - before)
    assert parameter[0] == now


@given(
    fractions,
    st.lists(fractions, min_size=2, max_size=6),
    rates,
    rationals(0, Fraction(99, 100), 100),
)
def test_nesterov_keeps_the_point_ahead_of_the_two_sequences_over_fractions(
    w: Fraction, slopes: list[Fraction], alpha: Fraction, beta: Fraction
) -> None:
    kept, optimizer = exact(w), Nesterov(learning_rate=alpha, momentum=beta)
    d = Fraction(0)
    for slope in slopes:
        optimizer.step([kept], [slope * kept + 1])  # a linear gradient, taken at the array that is kept
        ahead = w + beta * d
        d = beta * d - alpha * (slope * ahead + 1)  # Nesterov's: the gradient at the point ahead
        w += d
    assert kept[0] == w + beta * d


@given(fractions, st.lists(fractions, min_size=1, max_size=5), rationals(0, 1, 100), rates)
def test_weight_decay_is_the_gradient_of_the_penalty_over_fractions(
    w: Fraction, gradients: list[Fraction], decay: Fraction, alpha: Fraction
) -> None:
    parameter, optimizer = exact(w), GradientDescent(alpha, weight_decay=decay)
    for g in gradients:
        given_gradient = exact(g)
        optimizer.step([parameter], [given_gradient])
        assert given_gradient[0] == g
        w -= alpha * (g + decay * w)  # the derivative of decay / 2 w^2 is decay w
    assert parameter[0] == w


def test_adamws_decay_is_no_part_of_the_moments() -> None:
    rng = np.random.default_rng(3)
    decoupled, plain = np.array([4.0, -2.0]), np.array([4.0, -2.0])
    with_decay, without = AdamW(0.1, weight_decay=0.5), Adam(0.1)
    for _ in range(20):
        g, before, start = rng.normal(size=2), plain.copy(), decoupled.copy()
        with_decay.step([decoupled], [g])
        without.step([plain], [g])
        np.testing.assert_allclose(decoupled - start * (1 - 0.1 * 0.5), plain - before, rtol=1e-12)


def test_rmsprop_is_its_formula() -> None:
    rng = np.random.default_rng(4)
    w, v = np.array([1.0, -2.0, 3.0]), np.zeros(3)
    stepped, optimizer = w.copy(), RMSProp(0.01, rho=0.9, epsilon=1e-6)
    for _ in range(10):
        g = rng.normal(size=3)
        optimizer.step([stepped], [g])
        v = 0.9 * v + 0.1 * g**2
        w = w - 0.01 * g / (np.sqrt(v) + 1e-6)
    np.testing.assert_allclose(stepped, w, rtol=1e-13)


@pytest.mark.parametrize("g", [1e-3, -2.0, 5e4])
def test_under_a_constant_gradient_rmsprop_and_adam_have_closed_forms(g: float) -> None:
    # RMSProp: v_t = (1 - rho^t) g^2, so step t has the length alpha / sqrt(1 - rho^t). Adam: both corrected means are
    # those of the gradient itself, so every step has the length alpha. (epsilon is negligible.)
    alpha, rho, steps = 0.01, 0.9, 12
    w, adam = np.zeros(1), np.zeros(1)
    optimizers = RMSProp(alpha, rho=rho, epsilon=1e-300), Adam(alpha, epsilon=1e-300)
    for _ in range(steps):
        for optimizer, parameter in zip(optimizers, (w, adam), strict=True):
            optimizer.step([parameter], [np.array([g])])
    lengths = alpha / np.sqrt(1 - rho ** np.arange(1, steps + 1))
    assert w[0] == pytest.approx(-np.sign(g) * lengths.sum(), rel=1e-13)
    assert adam[0] == pytest.approx(-np.sign(g) * alpha * steps, rel=1e-13)


def test_adamw_without_a_gradient_decays_by_powers() -> None:
    w, optimizer = np.array([4.0, -1.0]), AdamW(0.5, weight_decay=0.25)
    for _ in range(10):
        optimizer.step([w], [np.zeros(2)])
    np.testing.assert_allclose(w, np.array([4.0, -1.0]) * (1 - 0.5 * 0.25) ** 10, rtol=1e-14)


@given(fractions, st.lists(fractions, min_size=1, max_size=5), rates)
def test_momentum_and_nesterov_without_a_memory_are_gradient_descent(
    w: Fraction, gradients: list[Fraction], alpha: Fraction
) -> None:
    ends = []
    for optimizer in (GradientDescent(alpha), Momentum(alpha, momentum=Fraction(0)), Nesterov(alpha, Fraction(0))):
        parameter = exact(w)
        for g in gradients:
            optimizer.step([parameter], [exact(g)])
        ends.append(parameter[0])
    assert len(set(ends)) == 1


@given(st.lists(fractions, min_size=2, max_size=6))
def test_momentum_equals_pytorchs_convention_while_the_rate_is_constant(gradients: list[Fraction]) -> None:
    alpha, beta = Fraction(1, 10), Fraction(9, 10)
    parameter = exact(1)
    optimizer = Momentum(learning_rate=alpha, momentum=beta)
    w, velocity = Fraction(1), Fraction(0)
    for g in gradients:
        optimizer.step([parameter], [exact(g)])
        velocity = beta * velocity + g
        w -= alpha * velocity
    assert parameter[0] == w


def test_momentum_keeps_the_past_displacement_when_the_rate_changes() -> None:
    parameter = exact(0)
    optimizer = Momentum(learning_rate=Fraction(1), momentum=Fraction(1, 2))
    optimizer.step([parameter], [exact(1)])
    optimizer.learning_rate = Fraction(1, 4)
    optimizer.step([parameter], [exact(1)])
    # w1 = 0 - 1 = -1; w2 = -1 - 1/4 + (-1 - 0) / 2 = -7/4, where PyTorch's convention would give -11/8.
    assert parameter[0] == Fraction(-7, 4)


def test_adam_takes_the_two_steps_worked_out_by_hand() -> None:
    # beta1 = 1/2, beta2 = 3/4, alpha = 1, epsilon = 1, gradients 2 then 0:
    # step 1: m = 1, v = 1; m / c1 = 1 / (1/2) = 2, v / c2 = 1 / (1/4) = 4, step 2 / (2 + 1) = 2/3
    # step 2: m = 1/2, v = 3/4; m / c1 = (1/2) / (3/4) = 2/3, v / c2 = (3/4) / (7/16) = 12/7
    w = np.array([0.0])
    optimizer = Adam(learning_rate=1.0, beta1=0.5, beta2=0.75, epsilon=1.0)
    optimizer.step([w], [np.array([2.0])])
    assert w[0] == pytest.approx(-2 / 3, rel=4e-16)
    optimizer.step([w], [np.array([0.0])])
    assert w[0] == pytest.approx(-2 / 3 - (2 / 3) / ((12 / 7) ** 0.5 + 1), rel=4e-16)


@pytest.mark.parametrize("dtype", FLOATS)
def test_adam_is_algorithm_1_of_the_paper(dtype: type[np.floating[Any]]) -> None:
    rng = np.random.default_rng(1)
    w = rng.normal(size=(3, 4)).astype(dtype)
    alpha, beta1, beta2, epsilon = 0.01, 0.8, 0.95, 1e-6
    optimizer = Adam(alpha, beta1, beta2, epsilon)
    expected, m, v = w.astype(np.float64), np.zeros((3, 4)), np.zeros((3, 4))
    for t in range(1, 21):
        g = rng.normal(size=(3, 4)).astype(dtype)
        optimizer.step([w], [g])
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g.astype(np.float64) ** 2
        expected -= alpha * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    assert w.dtype == dtype
    # 20 steps, each rounded a few times at the size of w.
    np.testing.assert_allclose(w, expected, rtol=0, atol=40 * np.finfo(dtype).eps * np.abs(expected).max())


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_step_works_in_place_keeps_the_dtype_and_leaves_the_gradients(name: str, dtype: type[Any]) -> None:
    weights, biases = np.ones((2, 3), dtype), np.ones(2, dtype)
    gradients = [np.full((2, 3), 0.5, dtype), np.full(2, -0.5, dtype)]
    optimizer = OPTIMIZERS[name]()
    for _ in range(2):
        optimizer.step([weights, biases], gradients)
    assert weights.dtype == biases.dtype == dtype
    assert (weights < 1).all()
    assert (biases > 1).all()
    assert (gradients[0] == 0.5).all()
    assert (gradients[1] == -0.5).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_arrays_are_stepped_independently_of_each_other(name: str) -> None:
    rng = np.random.default_rng(2)
    together = [rng.normal(size=3), rng.normal(size=(2, 2))]
    alone = [array.copy() for array in together]
    both, first, second = (OPTIMIZERS[name]() for _ in range(3))
    for _ in range(5):
        gradients = [rng.normal(size=3), rng.normal(size=(2, 2))]
        both.step(together, gradients)
        first.step(alone[:1], gradients[:1])
        second.step(alone[1:], gradients[1:])
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_that_is_a_strided_view_is_stepped_too(name: str) -> None:
    memory = np.ones((4, 4))
    OPTIMIZERS[name]().step([memory[:, ::2]], [np.ones((4, 2))])
    assert (memory[:, ::2] < 1).all()
    assert (memory[:, 1::2] == 1).all()


@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Momentum(0.02, 0.9), Nesterov(0.02, 0.9), Adam(0.05)])
def test_every_optimizer_finds_the_minimum_of_an_ill_conditioned_quadratic(optimizer: Optimizer) -> None:
    curvature = np.array([0.1, 10.0])
    w = np.array([5.0, 1.0])
    for _ in range(1_000):
        optimizer.step([w], [curvature * w])
    assert np.abs(w).max() < 1e-3


def test_a_repr_shows_the_settings() -> None:
    assert repr(Momentum(0.5)) == "Momentum(learning_rate=0.5, momentum=0.9)"
    assert repr(Momentum(0.5, weight_decay=0.1)) == "Momentum(learning_rate=0.5, weight_decay=0.1, momentum=0.9)"


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "0.1", None])
def test_a_learning_rate_that_is_no_positive_number_is_refused(kind: type[Optimizer], rate: Any) -> None:
    with pytest.raises(ValueError, match="learning_rate must be a positive number, got"):
        kind(learning_rate=rate)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("decay", [-1e-4, float("nan"), "0.1"])
def test_a_weight_decay_that_is_no_number_from_0_on_is_refused(kind: type[Optimizer], decay: Any) -> None:
    with pytest.raises(ValueError, match="weight_decay must be a number from 0 on, got"):
        kind(weight_decay=decay)


@pytest.mark.parametrize("value", [-0.1, 1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got"):
        Momentum(momentum=value)
    with pytest.raises(ValueError, match=r"beta1 must be in \[0, 1\), got"):
        Adam(beta1=value)
    with pytest.raises(ValueError, match=r"beta2 must be in \[0, 1\), got"):
        Adam(beta2=value)


@pytest.mark.parametrize("value", [0.0, -1e-8, float("nan")])
def test_an_epsilon_that_is_not_positive_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="epsilon must be a positive number, got"):
        Adam(epsilon=value)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 parameter arrays need as many gradients, got 1"):
        Adam().step([np.ones(2), np.ones(2)], [np.ones(2)])


def test_a_gradient_of_the_wrong_shape_is_refused_and_nothing_changes() -> None:
    w, b = np.ones((2, 3)), np.ones(2)
    optimizer = Momentum()
    with pytest.raises(ValueError, match=r"gradient 1 has shape \(3,\), but its parameter has shape \(2,\)"):
        optimizer.step([w, b], [np.ones((2, 3)), np.ones(3)])
    assert (w == 1).all()
    assert optimizer.steps == 0


def test_an_optimizer_refuses_the_parameters_of_another_network() -> None:
    optimizer = Adam()
    optimizer.step([np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match="make a new optimizer"):
        optimizer.step([np.ones(3)], [np.ones(3)])


def test_integer_parameters_are_refused_instead_of_truncated() -> None:
    with pytest.raises(TypeError, match="parameter 0 is an array of int64, which cannot hold a small step"):
        GradientDescent().step([np.ones(2, np.int64)], [np.ones(2)])
