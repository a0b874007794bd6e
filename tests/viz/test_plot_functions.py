import numpy as np
import pytest

from nn.matrix import Network
from viz import plots
from viz.theme import DARK, LIGHT

pytest.importorskip("matplotlib", reason="plots need matplotlib")


@pytest.fixture
def axes():
    return plots.figure(1).axes[0]


def line(axes, name):
    return next(line for line in axes.lines if line.get_label() == name)


def test_an_activation_and_its_derivative_are_drawn_as_they_are(axes):
    assert plots.plot_activations(axes, ["tanh", "softplus"]) is axes
    z = line(axes, "tanh").get_xdata()
    assert line(axes, "tanh").get_ydata() == pytest.approx(np.tanh(z))
    assert line(axes, "tanh'").get_ydata() == pytest.approx(1 / np.cosh(z) ** 2)
    assert line(axes, "softplus'").get_ydata() == pytest.approx(1 / (1 + np.exp(-z)))
    assert (z[0], z[-1]) == (-4.0, 4.0)


def test_derivatives_can_be_left_out(axes):
    plots.plot_activations(axes, ["relu"], derivatives=False, low=-1, high=1)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["relu"]
    assert axes.get_ylabel() == "s(z)"


def test_activations_differ_by_marker_so_no_eye_needs_the_colour(axes):
    plots.plot_activations(axes, ["relu", "tanh", "sigmoid"], derivatives=False)
    assert len({curve.get_marker() for curve in axes.lines[:3]}) == 3


def test_what_is_no_activation_of_a_unit_is_refused(axes):
    with pytest.raises(ValueError, match="unknown activation 'tan'"):
        plots.plot_activations(axes, ["tan"])
    with pytest.raises(TypeError, match="Jacobian"):
        plots.plot_activations(axes, ["softmax"])
    with pytest.raises(ValueError, match="must run upwards"):
        plots.plot_activations(axes, low=1, high=1)


def test_a_fit_shows_samples_model_and_truth(axes):
    net = Network([1, 4, 1], rng=0)
    plots.plot_fit(axes, net, [0.0, 1.0, 2.0], [1.0, 2.0, 3.0], truth=np.sin)
    model, truth = line(axes, "model"), line(axes, "truth")
    assert model.get_ydata() == pytest.approx(net.forward(model.get_xdata()[:, None])[:, 0])
    assert truth.get_ydata() == pytest.approx(np.sin(truth.get_xdata()))
    assert line(axes, "samples").get_ydata().tolist() == [1.0, 2.0, 3.0]


def test_a_fit_needs_samples(axes):
    with pytest.raises(ValueError, match="got 2 and 1"):
        plots.plot_fit(axes, np.sin, [0.0, 1.0], [0.0])
    with pytest.raises(ValueError, match="at least one"):
        plots.plot_fit(axes, np.sin, [], [])


def test_a_descent_is_drawn_on_its_surface_from_start_to_end(axes):
    path = [(1.0, 1.5), (0.5, 0.75), (0.25, 0.4)]
    plots.plot_loss_surface(axes, lambda u, v: u * u + v * v, path, names=("a", "b"))
    assert list(zip(*line(axes, "descent, 2 steps").get_data(), strict=True)) == path
    assert list(line(axes, "start").get_data()) == [[1.0], [1.5]]
    assert list(line(axes, "end").get_data()) == [[0.25], [0.4]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    assert len(axes.collections) >= 2


def test_a_flat_loss_has_no_levels_and_one_that_is_nowhere_finite_is_refused(axes):
    plots.plot_loss_surface(axes, lambda u, v: 1.0)
    assert not axes.collections
    with pytest.raises(ValueError, match="finite nowhere"):
        plots.plot_loss_surface(axes, lambda u, v: float("nan"))
    with pytest.raises(ValueError, match="2 to 1"):
        plots.plot_loss_surface(axes, lambda u, v: u, first=(2, 1))


@pytest.mark.parametrize(("theme", "look"), [("light", LIGHT), ("dark", DARK)])
def test_the_style_is_the_themes(theme, look):
    drawn = plots.figure(1, theme=theme)
    axes = plots.plot_activations(drawn.axes[0], theme=theme)
    assert axes.xaxis.label.get_color() == look.ink
    from matplotlib.colors import to_hex

    assert to_hex(axes.get_facecolor()) == to_hex(drawn.get_facecolor()) == look.background


def test_no_state_of_matplotlib_is_touched(axes):
    import matplotlib

    before = dict(matplotlib.rcParams)
    plots.plot_activations(axes, theme="dark")
    plots.plot_loss_surface(plots.figure(1).axes[0], lambda u, v: u * v, [(1.0, 1.0)])
    assert dict(matplotlib.rcParams) == before
