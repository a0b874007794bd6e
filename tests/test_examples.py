"""The lectures' examples: each one runs, and every number that a lecture states comes out."""

import importlib
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rationals import rationals

from engine import Value
from engine.graph import adjoints
from nn.activations import activation
from nn.backprop import backward, forward
from nn.matrix import Network
from nn.naive import finite_differences

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
        for by_hand, layer in zip(calder.layers(network, sample), f, strict=True):
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


fractions = rationals(-3, 3, 6)


def matrix(rows: int, columns: int) -> st.SearchStrategy[Any]:
    row = st.lists(fractions, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(lambda numbers: np.array(numbers, dtype=object))


@given(
    matrix(3, 2),
    matrix(1, 3),
    matrix(2, 3),
    matrix(1, 2),
    matrix(1, 2),
    matrix(1, 2),
    st.sampled_from(["relu", "identity"]),
)
def test_calder_theorem_1_and_each_step_of_its_proof_hold_exactly(
    W1: Any, b1: Any, W2: Any, b2: Any, x: Any, y: Any, name: str
) -> None:
    def values(array: Any) -> Any:
        return np.array([[Value(n) for n in row] for row in array], dtype=object)

    w, b, inputs = [values(W1), values(W2)], [values(b1), values(b2)], values(x)
    z, f = [], [inputs[0]]
    for W, bias in zip(w, b, strict=True):
        z.append(
            np.array(
                [
                    sum((w_ij * f_j for w_ij, f_j in zip(row, f[-1], strict=True)), bias[0, i])
                    for i, row in enumerate(W)
                ],
                dtype=object,
            )
        )
        f.append(np.array([node.relu() if name == "relu" and W is w[0] else node for node in z[-1]], dtype=object))
    E = sum((f_i - y_i) ** 2 for f_i, y_i in zip(f[-1], y[0], strict=True)) / 2
    by = adjoints(E)

    # The steps: d z_k(i) / d W_k(i, j) = f_{k-1}(j), d z_k(i) / d b_k(i) = 1, d f_1(j) / d z_1(j) = s'(z_1(j)),
    # and the chain rule through the layer, d z_2(i) / d z_1(j) = W_2(i, j) s'(z_1(j)).
    slope = [int(name == "identity" or node.data > 0) for node in z[0]]
    for k in (0, 1):
        for i, node in enumerate(z[k]):
            local = adjoints(node)
            assert [local.get(w_ij, 0) for w_ij in w[k][i]] == [f_j.data for f_j in f[k]]
            assert local[b[k][0, i]] == 1
    for i, node in enumerate(z[1]):
        local = adjoints(node)
        assert [local.get(below, 0) for below in z[0]] == [
            w_ij.data * s for w_ij, s in zip(w[1][i], slope, strict=True)
        ]

    # (7) delta_{k-1} = D_{k-1} W_k^T delta_k; (8) dE/dW_k = delta_k f_{k-1}^T, dE/db_k = delta_k.
    delta_2 = np.array([by.get(node, 0) for node in z[1]], dtype=object)
    delta_1 = np.diag(slope).astype(object) @ W2.T @ delta_2
    assert list(delta_1) == [by.get(node, 0) for node in z[0]]
    for k, delta in enumerate((delta_1, delta_2)):
        assert (np.outer(delta, [f_j.data for f_j in f[k]]) == [[by.get(p, 0) for p in row] for row in w[k]]).all()
        assert list(delta) == [by.get(p, 0) for p in b[k][0]]

    # And the library's loop is this theorem, for a batch of one.
    s = [activation(name), activation("identity")]
    Z, F = forward([W1, W2], [b1[0], b2[0]], s, x)
    deltas, by_weights, _ = backward([W1, W2], s, Z, F, delta_2[None])
    assert (deltas[0][0] == delta_1).all()
    assert (by_weights[0] == np.outer(delta_1, x[0])).all()


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


def test_roch_mnist_reaches_the_notebooks_9613_and_test_image_0_is_a_7(mnist_folder: Path) -> None:
    roch = example("roch_3_7")
    training = roch.learn(roch.figures.digits(mnist_folder, np.float32))
    assert training.network.sizes == (784, 32, 10)
    assert training.history.epochs == 20
    assert training.accuracy >= 0.9613
    assert training.network.predict(training.data.x_test[:1])[0] == 7


# Malik, CS 189.


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_malik_the_chain_rules_example_is_exact(r: float, t: float) -> None:
    with mpmath.workdps(50):
        R, T = mpmath.mpf(r), mpmath.mpf(t)
        by_r, by_t = example("malik_cs189").partials(R, T)
        assert mpmath.almosteq(by_r, 2 * R * mpmath.sin(T) ** 2, rel_eps=1e-48, abs_eps=1e-48)
        assert mpmath.almosteq(by_t, (R**2 + 2) * mpmath.sin(2 * T), rel_eps=1e-48, abs_eps=1e-47)


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


def test_hasegawa_the_error_falls_at_least_as_fast_as_barrons_bound() -> None:
    errors, slope = example("hasegawa_johnson_ece417").barron([2, 16, 32], 2, 400)
    assert errors == sorted(errors, reverse=True)
    assert slope.slope < -1


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


# Schweizer, after Nielsen.


def test_schweizer_nand_xor_and_the_half_adder_have_their_truth_tables() -> None:
    lecture = example("schweizer_nielsen")
    network = lecture.perceptron([-2, -2], 3)
    assert network.forward([[0, 0], [0, 1], [1, 0], [1, 1]])[:, 0].tolist() == [1, 1, 1, 0]
    x1, x2 = lecture.pairs_of_bits()
    assert lecture.nand(x1, x2).tolist() == [1, 1, 1, 0]
    assert lecture.xor(x1, x2).tolist() == [0, 1, 1, 0]
    total, carry = lecture.half_adder(x1, x2)
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
