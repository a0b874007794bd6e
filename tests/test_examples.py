"""The lectures' examples: each one runs, and every number that a lecture states comes out."""

import importlib
import itertools
import math
import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rationals import rationals

from nn.activations import activation
from nn.matrix import Network
from nn.naive import finite_differences
from nn.progress import ProgressBar

FOLDER = Path(__file__).resolve().parents[1] / "examples"
LECTURES = [
    "calder_lecture22",
    "hasegawa_johnson_ece417",
    "malik_cs189",
    "micrograd_moons",
    "roch_3_7",
    "schweizer_nielsen",
]


@pytest.fixture(scope="module", autouse=True)
def examples_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def example(name: str) -> Any:
    module: ModuleType = importlib.import_module(name)
    return module


def stated(pattern: str) -> float:
    """Return a number that the page of the lectures states."""
    page = FOLDER.parent / "docs" / "lectures.md"
    if not page.is_file():
        pytest.skip("the tests run outside a checkout, where the page is not")
    found = re.search(pattern, page.read_text(encoding="utf-8"))
    assert found, f"the page of the lectures no longer says {pattern}"
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize("name", LECTURES)
def test_an_example_runs_and_saves_its_figures_each_below_100_kB(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHAINRULE_MNIST", raising=False)
    monkeypatch.setattr("nn.data.find_mnist", lambda: None)
    example(name).main(["--quick", "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    figures = sorted(tmp_path.glob("*.svg"))
    assert figures
    for figure in figures:
        assert f"figure: {figure}" in shown
        assert b"<svg" in figure.read_bytes()
        assert figure.stat().st_size < 100_000
    if name in ("roch_3_7", "schweizer_nielsen"):
        assert "scikit-learn's digits of 8 x 8 pixels instead" in shown


@pytest.mark.parametrize(
    "name", ["calder_lecture22", "malik_cs189", "micrograd_moons", "roch_3_7", "schweizer_nielsen"]
)
def test_ctrl_c_in_a_training_leaves_what_was_learned_and_its_figures(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHAINRULE_MNIST", raising=False)
    monkeypatch.setattr("nn.data.find_mnist", lambda: None)
    update, calls = ProgressBar.update, itertools.count(1)

    def interrupted(bar: ProgressBar, steps: int = 1) -> bool:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return update(bar, steps)

    monkeypatch.setattr(ProgressBar, "update", interrupted)
    example(name).main(["--quick", "--out", str(tmp_path)])
    assert next(calls) > 5
    shown = capsys.readouterr().out
    figures = sorted(tmp_path.glob("*.svg"))
    assert figures
    assert all(f"figure: {figure}" in shown for figure in figures)
    assert "interrupted" in shown or "stopped by Ctrl-C" in shown


def test_ctrl_c_outside_of_a_training_ends_an_example_with_one_line_and_code_130(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stopped:
        example("figures").run(main)
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C\n"


def test_a_wrong_folder_ends_an_example_with_one_line_that_says_what_to_do_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--out", str(tmp_path), "--data", str(tmp_path / "none")]
    with pytest.raises(SystemExit) as stopped:
        example("figures").run(lambda: example("roch_3_7").main(arguments))
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert re.fullmatch(r"error: no folder .*none to read MNIST from; name the folder of its four files.*\n", told)


def test_the_gallery_shows_every_figure_and_each_is_there() -> None:
    page = FOLDER.parent / "docs" / "lectures.md"
    if not page.is_file():
        pytest.skip("the tests run outside a checkout, where the gallery is not")
    linked = re.findall(r"\]\((lectures/[^)]+\.svg)\)", page.read_text(encoding="utf-8"))
    there = sorted(f"lectures/{path.name}" for path in (page.parent / "lectures").iterdir())
    assert sorted(linked) == there
    assert max((page.parent / link).stat().st_size for link in linked) < 100_000


# Calder, Math 5467, lecture 22.


def test_calder_f_k_are_the_layers_of_the_network_and_the_loss_is_summed() -> None:
    calder = example("calder_lecture22")
    network = Network(calder.SIZES, "relu", "sigmoid", reduction="sum", rng=0)
    x = np.random.default_rng(1).normal(size=(4, 6))
    _, f = network.layers(x)
    for row, sample in enumerate(x):
        for by_hand, layer in zip(calder.layers(network, sample)[1], f, strict=True):
            np.testing.assert_allclose(by_hand, layer[row], rtol=1e-13)
    y = np.ones((4, 1))
    each = [network.loss(x[i : i + 1], y[i : i + 1]) for i in range(4)]
    assert network.loss(x, y) == pytest.approx(sum(each), rel=1e-13)


def test_calder_momentum_is_as_written_for_alpha_and_beta() -> None:
    by_hand, by_class = example("calder_lecture22").momentum_as_written(alpha=0.05, beta=0.8, steps=30)
    np.testing.assert_allclose(by_hand, by_class, rtol=1e-12)


def test_calder_100_hidden_units_fit_the_sine() -> None:
    calder = example("calder_lecture22")
    x, y = calder.points(200)
    assert x[0, 0] == -1
    assert x[-1, 0] == 1
    found = calder.fits(400)
    losses = {fit.name: fit.network.loss(x, y) for fit in found}
    summed = np.abs(found[-1].network.forward(x) - y).sum()
    assert losses["momentum, batches of 20"] == pytest.approx(summed)
    assert min(losses.values()) < 2  # a mean distance below 0.01; the constant 0 has 127
    assert [fit.network.sizes for fit in found] == [(1, 100, 1)] * 3


def test_calder_both_sides_of_theorem_1_agree_in_the_network_of_the_figure() -> None:
    calder = example("calder_lecture22")
    network = Network(calder.SIZES, "tanh", "sigmoid", reduction="sum", rng=0)
    sides = calder.theorem_1(network, np.random.default_rng(1).normal(size=6), np.ones(1))
    assert [name for name, _, _ in sides if "(7)" in name] == ["(7) delta_1", "(7) delta_2", "(7) delta_3"]
    assert len(sides) == 3 + 2 * 4  # and a W and a b in each layer
    for _, by_autodiff, formula in sides:
        np.testing.assert_allclose(by_autodiff, formula, rtol=1e-12, atol=1e-18)


# Roch, Math 535, topic 3.7.


def test_roch_the_jacobians_of_a_layer_are_those_of_autodiff() -> None:
    roch = example("roch_3_7")
    network, x, y = roch.small_network()
    found = roch.layer_pass(network, x, y)
    A, B = roch.jacobians_by_autodiff(network, 1, found.z[0])
    np.testing.assert_allclose(found.A[0], A, rtol=1e-14)
    np.testing.assert_allclose(found.B[0], B, rtol=1e-14)
    assert len(found.q) == len(network.weights) + 2  # q_1, ..., q_{L+2}
    np.testing.assert_allclose(found.q[-1], [0, 0, -1 / found.z[-1][2]], rtol=1e-15)
    np.testing.assert_allclose(found.gradient, roch.stacked(network, x, y), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("seed", [0, 1])
def test_roch_mnist_reaches_the_notebooks_9613_and_test_image_0_is_a_7(mnist_folder: Path, seed: int) -> None:
    roch = example("roch_3_7")
    training = roch.learn(roch.figures.digits(mnist_folder, np.float32), seed=seed)
    assert training.network.sizes == (784, 32, 10)
    assert [s.name for s in training.network.activations] == ["sigmoid", "softmax"]
    assert (roch.BATCH, training.history.epochs) == (128, 20)
    assert training.accuracy >= 0.9613
    # The page tells the share of seed 0; another machine rounds otherwise, and 10,000 images give or take 0.2%.
    assert stated(r"(\d+\.\d+)% of the test images are right") == pytest.approx(100 * training.accuracy, abs=0.6)
    assert training.data.y_test[0] == training.network.predict(training.data.x_test[:1])[0] == 7


# Malik, CS 189.


@given(rationals(-5, 5, 12), rationals(-4, 4, 9))
def test_malik_the_chain_rules_example_is_exact_where_sine_and_cosine_are_fractions(r: Fraction, m: Fraction) -> None:
    s, c = 2 * m / (1 + m * m), (1 - m * m) / (1 + m * m)  # every point of the unit circle but (0, -1), tan(t/2) = m
    by_r, by_t = example("malik_cs189").exact_partials(r, s, c)
    assert by_r == 2 * r * s**2
    assert by_t == (r**2 + 2) * (2 * s * c)  # sin 2t = 2 sin t cos t
    assert {type(by_r), type(by_t)} == {Fraction}


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_malik_the_chain_rules_example_has_50_digits_at_any_point(r: float, t: float) -> None:
    with mpmath.workdps(50):
        R, T = mpmath.mpf(r), mpmath.mpf(t)
        by_r, by_t = example("malik_cs189").partials(R, T)
        assert mpmath.almosteq(by_r, 2 * R * mpmath.sin(T) ** 2, rel_eps=1e-48, abs_eps=1e-48)
        assert mpmath.almosteq(by_t, (R**2 + 2) * mpmath.sin(2 * T), rel_eps=1e-48, abs_eps=1e-47)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_malik_the_chain_rules_example_is_enclosed_by_intervals(r: float, t: float) -> None:
    by_r, by_t = example("malik_cs189").partials(mpmath.iv.mpf(r), mpmath.iv.mpf(t))
    with mpmath.workdps(60):
        R, T = mpmath.mpf(r), mpmath.mpf(t)
        assert 2 * R * mpmath.sin(T) ** 2 in by_r
        assert (R**2 + 2) * mpmath.sin(2 * T) in by_t


def test_malik_the_single_layer_with_cross_entropy_is_logistic_regression() -> None:
    malik = example("malik_cs189")
    found = malik.single_layers(40)
    x, y = malik.two_clouds(200)
    from sklearn.linear_model import LogisticRegression

    best = LogisticRegression(C=math.inf).fit(x, y)
    expected = -np.log(best.predict_proba(x)[np.arange(200), y]).mean()
    network, _ = found["binary_cross_entropy"]
    assert expected <= network.loss(x, y) < 1.02 * expected  # SGD with a constant rate stays a little above
    for name in found:
        assert ((found[name][0].forward(x)[:, 0] > 0.5) == y).mean() > 0.93


def test_malik_the_deltas_unit_by_unit_are_those_of_the_matrix_form() -> None:
    rng = np.random.default_rng(2)
    network = Network([3, 4, 2], "tanh", "tanh", reduction="sum", rng=rng)
    x, y = rng.normal(size=3), rng.uniform(-1, 1, 2)
    found, g = example("malik_cs189").deltas(network, x, y), network.gradients(x[None], y[None])
    for level in (0, 1):
        np.testing.assert_allclose(found.deltas[level], g.deltas[level][0], rtol=1e-12)
        np.testing.assert_allclose(found.dw[level][0], g.biases[level], rtol=1e-12)  # the bias is w_0j, x_0 = 1
        np.testing.assert_allclose(found.dw[level][1:].T, g.weights[level], rtol=1e-12)


def test_malik_the_naive_ways_are_quadratic_and_back_propagation_is_linear() -> None:
    results = example("malik_cs189").costs(quick=True)
    exponents = {way.key: results.exponent(way.key, lambda m: m.multiplications).slope for way in results.ways()}
    assert exponents["reverse"] == pytest.approx(1, abs=0.1)
    assert exponents["forward"] == pytest.approx(2, abs=0.1)
    assert exponents["differences"] == pytest.approx(2, abs=0.1)


def test_malik_finite_differences_find_the_forgotten_bias() -> None:
    right, wrong = example("malik_cs189").find_the_bug()
    assert right < 1e-8
    assert wrong > 1e-3


def test_malik_taylors_remainders_and_descent_directions() -> None:
    malik = example("malik_cs189")
    rng = np.random.default_rng(3)
    for f in (malik.valley, malik.banana):
        p = rng.uniform(-1, 1, 2)
        first, second = malik.taylor(f, p, rng.normal(size=2))
        assert first.slope == pytest.approx(2, abs=0.15)
        assert second.slope == pytest.approx(3, abs=0.15)
        assert malik.descends(f, p, rng.normal(size=(50, 2)))


def test_malik_the_stationary_points_are_the_roots_of_the_derivative() -> None:
    malik = example("malik_cs189")
    found = malik.stationary_points(malik.valley)
    roots = np.sort(np.roots([4, 0, -4, 0.2]))  # of the derivative by x; y is 0
    np.testing.assert_allclose([p[0] for p, _ in found], roots, atol=1e-9)
    assert [kind for _, kind in found] == ["minimizer", "saddle point", "minimizer"]
    ((p, kind),) = malik.stationary_points(malik.banana)
    np.testing.assert_allclose(p, [1, 1], atol=1e-9)
    assert kind == "minimizer"
    np.testing.assert_allclose(malik.descend(malik.valley, (0.3, -1.2), 0.02, 1500)[-1], [roots[2], 0], atol=1e-6)


# Hasegawa-Johnson, ECE 417, lecture 7.


def test_hasegawa_two_layers_compute_the_piecewise_function() -> None:
    lecture = example("hasegawa_johnson_ece417")
    X = np.random.default_rng(0).uniform(-1.2, 1.2, (2000, 2))
    y, truth = lecture.triangle().forward(X)[:, 0], lecture.in_triangle(X)
    far = np.abs(np.abs(lecture.triangle().layers(X)[1][1]) - 1).max(axis=1) < 0.05  # no unit near its edge
    assert far.mean() > 0.5
    np.testing.assert_allclose(y[far], truth[far], atol=1e-6)


def test_hasegawa_the_units_of_barrons_proof_have_an_error_of_a_constant_over_N() -> None:
    barron = example("barron")
    found = barron.drawn([4, 16, 64, 256], 60)
    assert found.slope.slope == pytest.approx(-1, abs=0.1)
    # A step is up on a share of the square: P(z > t) = (1 - t)^2 / 2 of the density |sin 4 pi t| pi / 2 on [0, 1]. So
    # the variance of one is 16^2 times that, less the mean square of f, 1/4.
    t = (np.arange(10_000) + 0.5) / 10_000
    up = ((1 - t) ** 2 / 2 * np.abs(np.sin(4 * np.pi * t)) * np.pi / 2).mean()
    constant = 16**2 * up - 1 / 4
    for n, error in zip(*found, strict=True):
        assert n * error == pytest.approx(constant, rel=0.3)
        assert error < barron.bound(n)


def test_hasegawa_barrons_constant_is_that_of_the_waves() -> None:
    barron = example("barron")
    corners = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)])  # where w.x is largest, and the frequencies / 2 pi
    w = 2 * np.pi * corners
    X = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    F = -np.prod(corners, axis=1) / 4
    np.testing.assert_allclose((np.exp(1j * X @ w.T) @ F)[:, None], barron.waves(X), atol=1e-14)
    assert ((w @ corners.T).max(axis=1) * np.abs(F)).sum() == pytest.approx(barron.C)
    assert barron.VARIATION < 2 * barron.C


def test_hasegawa_trained_networks_are_below_barrons_bound_and_fall_at_least_as_fast() -> None:
    barron = example("barron")
    found = barron.trained([2, 16, 32], 2, 400)
    assert found.errors == sorted(found.errors, reverse=True)
    assert found.slope.slope < -1
    assert all(error < barron.bound(n) for n, error in zip(*found, strict=True))


def test_hasegawa_semicircle_to_parabola_by_hand_and_learned() -> None:
    lecture = example("hasegawa_johnson_ece417")
    X, Y = lecture.semicircle(31)
    np.testing.assert_allclose((X**2).sum(axis=1), 1)
    np.testing.assert_allclose(Y[:, 1], Y[:, 0] ** 2)
    # By hand: Taylor's remainders, a^2/3 = 0.0033 for y_0 and 0.0006 for y_1.
    assert lecture.largest_error(lecture.designed()) < 0.005
    before, after = lecture.learned(300)
    assert lecture.largest_error(before) > 1
    assert lecture.largest_error(after) < 0.02


def test_hasegawa_the_network_tends_to_the_conditional_mean() -> None:
    _, distances = example("hasegawa_johnson_ece417").mmse([100, 10_000], iterations=80)
    assert distances[1] < distances[0] / 2
    assert distances[1] < 0.06  # the median, 0.69 x^2, is 0.14 away


def test_hasegawa_lbfgs_needs_the_fewest_iterations_and_gradient_descent_the_most() -> None:
    descent, adam, lbfgs = example("hasegawa_johnson_ece417").race(1e-2, 3000)
    assert max(run.loss[-1] for run in (descent, adam, lbfgs)) < 1e-2
    assert len(lbfgs.loss) < len(adam.loss) < len(descent.loss)


def test_hasegawa_the_page_tells_the_iterations_of_the_race() -> None:
    descent, adam, _ = example("hasegawa_johnson_ece417").race(1e-4, 10_000)
    assert stated(r"takes ([\d,]+) iterations to a loss of 0\.0001") == pytest.approx(len(descent.loss), rel=0.02)
    assert stated(r"Adam (\d+), and L-BFGS") == pytest.approx(len(adam.loss), rel=0.05)


# Schweizer, after Nielsen.


def test_schweizer_nand_xor_and_the_half_adder_have_their_truth_tables() -> None:
    lecture = example("schweizer_nielsen")
    network = lecture.perceptron([-2, -2], 3)
    assert network.forward([[0, 0], [0, 1], [1, 0], [1, 1]])[:, 0].tolist() == [1, 1, 1, 0]
    assert network.weights[0].tolist() == [[-2, -2]]
    assert network.biases[0].tolist() == [3]
    x1, x2 = lecture.pairs_of_bits()
    assert lecture.nand(x1, x2).tolist() == [1, 1, 1, 0]
    assert lecture.xor(x1, x2).tolist() == [0, 1, 1, 0]
    total, carry = lecture.half_adder(x1, x2)
    assert carry.tolist() == [0, 0, 0, 1]
    assert total.tolist() == [0, 1, 1, 0]
    assert (2 * carry + total).tolist() == (x1 + x2).tolist()


@pytest.mark.parametrize("sizes", [[6, 4, 3, 1], [3, 5, 2]])
def test_schweizer_backprop_is_the_gradient(sizes: list[int]) -> None:
    rng = np.random.default_rng(0)
    network = Network(sizes, "sigmoid", "sigmoid", init="normal", rng=rng)
    x, y = rng.normal(size=(sizes[0], 1)), rng.uniform(size=(sizes[-1], 1))
    biases = [b[:, None] for b in network.biases]
    nabla_b, nabla_w = example("schweizer_nielsen").backprop(network.weights, biases, x, y)
    g, differences = network.gradients(x.T, y.T), finite_differences(network, x.T, y.T)
    for k in range(len(sizes) - 1):
        np.testing.assert_allclose(nabla_w[k], g.weights[k], rtol=1e-12, atol=1e-17)
        np.testing.assert_allclose(nabla_b[k][:, 0], g.biases[k], rtol=1e-12, atol=1e-17)
        np.testing.assert_allclose(nabla_w[k], differences.weights[k], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(nabla_b[k][:, 0], differences.biases[k], rtol=1e-6, atol=1e-9)


def test_schweizer_backprop_is_checked_by_finite_differences() -> None:
    assert example("schweizer_nielsen").check_backprop() < 1e-8


def test_schweizer_forwards_has_about_nodes_times_edges_unknowns_and_backwards_nodes() -> None:
    lecture = example("schweizer_nielsen")
    found = lecture.count_unknowns([6, 4, 3, 1])
    assert (found.nodes, found.edges) == (8, 24 + 12 + 3)
    # A weight of layer 1 moves its own node and all 4 behind, one of layer 2 its own and 1, one of layer 3 its own.
    assert found.forward == 24 * (1 + 3 + 1) + 12 * (1 + 1) + 3 * 1
    assert found.backward == 8


def test_schweizer_forwards_grows_as_nodes_times_edges_and_backwards_as_nodes() -> None:
    counts, forward, backward = example("schweizer_nielsen").growth([4, 8, 16])
    assert backward.slope == pytest.approx(0.5, abs=0.03)  # n-n-n-n-1: nodes grow as n, edges as n^2
    assert forward.slope == pytest.approx(1.5, abs=0.1)
    assert all(one.edges < one.forward < one.nodes * one.edges for one in counts)


def test_schweizer_this_is_a_4() -> None:
    lecture = example("schweizer_nielsen")
    from nn.data import digits

    fours = lecture.learn_fours(digits(), 5)
    assert fours.accuracy > 0.98  # "never a 4" is right on 90%
    assert fours.fours > 0.9


def test_schweizer_the_cost_is_that_of_the_lecture() -> None:
    network = Network([2, 3, 1], "sigmoid", "sigmoid", rng=0)
    x, r = np.random.default_rng(0).normal(size=(7, 2)), np.arange(7) % 2.0
    a = network.forward(x)[:, 0]
    assert network.loss(x, r) == pytest.approx(((r - a) ** 2).sum() / (2 * 7), rel=1e-14)


def test_schweizer_a_saturated_neuron_learns_by_cross_entropy_only() -> None:
    lecture = example("schweizer_nielsen")
    quadratic, cost = lecture.saturated("squared_error")
    assert quadratic[0] == activation("sigmoid")(np.array([100.0]))[0]  # z = 100
    assert set(quadratic) == {1.0}
    assert set(cost) == {0.5}
    learned, cost = lecture.saturated("binary_cross_entropy")
    assert cost[0] == 100  # -log(1 - s(100)), where 1 - s(100) rounds to 0
    assert learned[0] == 1
    assert learned[-1] < 0.01


@given(st.floats(-700, 700))
def test_schweizer_the_cancellation_is_1_to_the_last_bits(z: float) -> None:
    kept, _ = example("schweizer_nielsen").cancellation(np.array([z]))
    assert abs(kept[0] - 1) <= 4 * 2.0**-52


def test_schweizer_the_cancellation_fails_where_the_complement_is_rounded() -> None:
    _, lost = example("schweizer_nielsen").cancellation(np.array([40.0]))
    assert not np.isfinite(lost[0])


# micrograd's moons.


def test_moons_all_three_forms_are_one_training_that_ends_at_100_percent() -> None:
    moons = example("micrograd_moons")
    matrix, lifted, scalar = moons.matrix(), moons.lifted(), moons.scalar(3)
    assert len(matrix.loss) == 100
    assert matrix.accuracy[-1] == lifted.accuracy[-1] == 1.0
    assert matrix.loss[-1] == pytest.approx(0.0110, abs=1e-4)  # the notebook's
    assert lifted.loss == pytest.approx(matrix.loss, rel=1e-9)
    assert scalar.loss == pytest.approx(matrix.loss[:3], rel=1e-12)
    for a, b in zip(lifted.network.parameters, matrix.network.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
