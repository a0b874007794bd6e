import random

import numpy as np
import pytest

from nn.matrix import Network
from nn.scalar import MLP
from nn.training import History
from viz import plots
from viz.plot_networks import _leads

pytest.importorskip("matplotlib", reason="plots need matplotlib")

X = np.array([[-1.0, 0.0], [1.0, 0.5], [0.5, -1.0], [-0.5, 1.0]])


@pytest.fixture
def axes():
    return plots.figure(1).axes[0]


def labels(axes):
    return [line.get_label() for line in axes.lines]


def linear(weights, bias, output="identity", loss="hinge"):
    net = Network([2, len(weights)], output=output, loss=loss, rng=0)
    net.weights[0][:], net.biases[0][:] = weights, bias
    return net


def test_the_boundary_and_the_margin_of_a_line_stand_where_they_belong(axes):
    plots.plot_decision_regions(axes, linear([[2.0, 0.0]], [0.0]), X, [-1, 1, 1, -1])
    assert labels(axes) == ["class -1", "class 1", "boundary", "margin"]
    edges = {
        round(float(part[:, 0].mean()), 9)
        for lines in axes.collections
        if not lines.get_facecolor().size
        for path in lines.get_paths()
        for part in path.to_polygons(closed_only=False)
    }
    assert edges == {-0.5, 0.0, 0.5}  # where 2 x1 is -1, 0 and 1


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (linear([[1.0, 0.0]], [0.0]), [0, 1, 1, 0]),
        (linear([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], "softmax", "cross_entropy"), [1, 0, 0, 1]),
        (linear([[1.0, 0.0]], [0.0], "modified_softmax", "cross_entropy"), [1, 0, 0, 1]),
    ],
)
def test_classes_are_those_that_the_network_predicts(net, expected):
    leads = _leads(net, X)
    assert leads.argmax(axis=1).tolist() == expected
    assert (leads > 0).sum(axis=1).tolist() == [1] * len(X)
    assert leads.sum(axis=1) == pytest.approx(np.zeros(len(X)))  # of two classes one is ahead as the other is behind
    if net.cost.name == "cross_entropy":
        assert expected == net.predict(X).tolist()


def test_several_classes_have_a_region_each(axes):
    net = Network([2, 6, 3], "tanh", "softmax", "cross_entropy", rng=0)
    plots.plot_decision_regions(axes, net, X, [0, 1, 2, 0])
    assert labels(axes)[:3] == ["class 0", "class 1", "class 2"]
    assert len({line.get_marker() for line in axes.lines[:3]}) == 3


def test_a_scalar_network_is_drawn_too(axes):
    model = MLP(2, [3, 1], rng=random.Random(0))
    assert plots.plot_decision_regions(axes, model, X, [[-1], [1], [1], [-1]]) is axes


def test_regions_need_two_inputs_and_not_too_many_classes(axes):
    with pytest.raises(ValueError, match="the network has 3"):
        plots.plot_decision_regions(axes, Network([3, 1], rng=0), X, [0, 1, 1, 0])
    net = Network([2, 9], output="softmax", loss="cross_entropy", rng=0)
    with pytest.raises(ValueError, match="8 classes, got 9"):
        plots.plot_decision_regions(axes, net, X, [0, 1, 1, 0])


def test_learning_curves_have_an_epoch_for_each_number(axes):
    plots.plot_learning_curves(axes, History(loss=[3.0, 2.0, 1.0], validation_loss=[3.0, 2.5, 2.0]))
    assert labels(axes) == ["training", "validation"]
    assert list(axes.lines[1].get_xdata()) == [1, 2, 3]
    assert list(axes.lines[1].get_ydata()) == [3.0, 2.5, 2.0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("epoch", "loss", "log")


def test_several_trainings_are_told_apart_by_name(axes):
    runs = {"adam": History(accuracy=[0.5, 0.9]), "sgd": History(accuracy=[0.4, 0.6])}
    plots.plot_learning_curves(axes, runs, what="accuracy")
    assert labels(axes) == ["adam, training", "sgd, training"]
    assert axes.get_yscale() == "linear"


def test_a_loss_of_zero_keeps_a_linear_axis(axes):
    assert plots.plot_learning_curves(axes, History(loss=[1.0, 0.0])).get_yscale() == "linear"


def test_learning_curves_that_are_not_there_are_refused(axes):
    with pytest.raises(ValueError, match="no accuracy"):
        plots.plot_learning_curves(axes, History(loss=[1.0]), what="accuracy")
    with pytest.raises(ValueError, match="got 'error'"):
        plots.plot_learning_curves(axes, History(loss=[1.0]), what="error")


def test_gradient_norms_are_those_of_the_weights_and_vanish_for_sigmoid(axes):
    nets = {name: Network([2, *[8] * 8, 1], name, rng=0) for name in ("sigmoid", "tanh")}
    plots.plot_gradient_norms(axes, nets, X, np.ones((4, 1)))
    sigmoid, tanh = (np.array(line.get_ydata()) for line in axes.lines)
    expected = [np.linalg.norm(dW) for dW in nets["tanh"].gradients(X, np.ones((4, 1))).weights]
    assert tanh == pytest.approx(expected)
    assert sigmoid[0] / sigmoid[-1] < 1e-3 < 1e-2 < tanh[0] / tanh[-1]


def test_gradients_that_are_all_zero_are_named(axes):
    net = Network([2, 3, 1], "relu", rng=0)
    net.biases[0][:] = -100.0
    net.weights[1][:] = 0.0
    net.biases[1][:] = 0.0
    with pytest.raises(ValueError, match="is each ReLU dead"):
        plots.plot_gradient_norms(axes, {"dead": net}, X, np.zeros((4, 1)))
