"""A drop-in for micrograd: its examples, its tests' computations, its notebooks' way of walking a graph, its demo."""

import random
from collections.abc import Callable
from typing import Any

import graphviz
import numpy as np
import pytest
from duals import Dual

from engine import Value
from nn.scalar import MLP, Layer, Module, Neuron

# --- its computations, against exact dual numbers ----------------------------------------------------


def relu_of_reused_nodes(x: Any) -> Any:
    """The computation of its first test: one input, a node that feeds three others, and ReLU on both sides."""
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    return (z * z).relu() + q + q * x


def many_operations(a: Any, b: Any) -> Any:
    """The computation of its README and second test: every operator, += on a name, ReLU that is cut off."""
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    return f / 2 + 10 / f


def exact(f: Callable[..., Any], *point: int) -> tuple[Any, list[Any]]:
    sweeps = [f(*[Dual(x, i == j) for j, x in enumerate(point)]) for i in range(len(point))]
    return sweeps[0].x, [sweep.slope for sweep in sweeps]


def test_its_sanity_check_is_exact() -> None:
    x = Value(-4.0)
    y = relu_of_reused_nodes(x)
    y.backward()
    value, (slope,) = exact(relu_of_reused_nodes, -4)
    assert (y.data, x.grad) == (value, slope)


def test_its_test_of_more_operations_and_its_readme() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = many_operations(a, b)
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"
    value, slopes = exact(many_operations, -4, 2)
    # About thirty operations, none of which cancels: one rounding each at most.
    for found, true in ((g.data, value), (a.grad, slopes[0]), (b.grad, slopes[1])):
        assert abs(found - true) <= 30 * 2.0**-53 * abs(true)


def test_its_readme_by_its_own_classes_where_it_is_installed() -> None:
    engine = pytest.importorskip("micrograd.engine")
    a, b = engine.Value(-4.0), engine.Value(2.0)
    g = many_operations(a, b)
    g.backward()
    x, y = Value(-4.0), Value(2.0)
    h = many_operations(x, y)
    h.backward()
    assert (h.data, x.grad, y.grad) == pytest.approx((g.data, a.grad, b.grad), rel=30 * 2.0**-53)


# --- its notebooks -----------------------------------------------------------------------------------


def walk(root: Any) -> tuple[set[Any], set[Any]]:
    """Collect nodes and (argument, node) pairs as its notebooks do: by recursion over _prev, with sets of Values."""
    nodes, edges = set(), set()

    def visit(v: Any) -> None:
        if v not in nodes:
            nodes.add(v)
            for argument in v._prev:
                edges.add((argument, v))
                visit(argument)

    visit(root)
    return nodes, edges


def dot_source(root: Any) -> str:
    """Draw as its notebooks do: a record for each Value, named by id(), and an extra node for its _op."""
    picture = graphviz.Digraph(graph_attr={"rankdir": "LR"})
    nodes, edges = walk(root)
    for n in nodes:
        picture.node(str(id(n)), label=f"{{ data {n.data:.4f} | grad {n.grad:.4f} }}", shape="record")
        if n._op:
            picture.node(str(id(n)) + n._op, label=n._op)
            picture.edge(str(id(n)) + n._op, str(id(n)))
    for a, b in edges:
        picture.edge(str(id(a)), str(id(b)) + b._op)
    return str(picture.source)


def test_its_way_of_drawing_runs_unchanged() -> None:
    x, w = Value(1.0), Value(-2.0)
    y = (w * x + 1).relu() ** 2
    nodes, edges = walk(y)
    y.backward()
    assert (len(nodes), len(edges)) == (7, 6)
    source = dot_source(y)
    assert sorted(n._op for n in nodes) == ["", "", "", "*", "**2", "+", "ReLU"]
    assert source.count("shape=record") == 7
    assert source.count("->") == 4 + 6
    assert "data -2.0000 | grad 0.0000" in source


def test_its_labels_of_old_style_formatting_and_its_options_of_drawing_run_unchanged() -> None:
    model = Neuron(2)
    y = model([Value(1.0), Value(-2.0)])
    y.backward()
    picture = graphviz.Digraph(format="svg", graph_attr={"rankdir": "TB"})
    nodes, _ = walk(y)
    for n in nodes:
        picture.node(name=str(id(n)), label="{ %s | data %.4f | grad %.4f }" % (n.label, n.data, n.grad))  # noqa: UP031 - as there
    assert picture.source.count("| grad ") == len(nodes) >= 5


def test_a_value_has_every_public_attribute_of_its_value() -> None:
    engine = pytest.importorskip("micrograd.engine")
    theirs = {name for name in dir(engine.Value) + list(vars(engine.Value(1.0))) if name != "_backward"}
    missing = theirs - set(dir(Value)) - {"__dict__", "__weakref__"}
    assert missing == set()


# --- its networks ------------------------------------------------------------------------------------


def test_reprs_and_parameters_of_networks_are_its() -> None:
    model = MLP(2, [2, 1])
    assert repr(model) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    assert len(model.parameters()) == 9
    assert isinstance(model, Module)
    assert (repr(Neuron(3, nonlin=False)), repr(Layer(1, 1))) == ("LinearNeuron(3)", "Layer of [ReLUNeuron(1)]")


def test_the_same_seed_gives_the_same_weights() -> None:
    theirs = pytest.importorskip("micrograd.nn")
    random.seed(1337)
    mine = MLP(2, [16, 16, 1])
    random.seed(1337)
    other = theirs.MLP(2, [16, 16, 1])
    assert [p.data for p in mine.parameters()] == [p.data for p in other.parameters()]
    assert repr(mine) == repr(other)


def training_losses(value: Any, model: Any, steps: int) -> list[float]:
    """Train as its demo does: hinge loss with L2 regularization, a falling learning rate, full batches."""
    rng = random.Random(7)
    points = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(20)]
    losses = []
    for step in range(steps):
        scores = [model([value(x), value(y)]) for x, y in points]
        hinge = [(1 + -(1 if x * y > 0 else -1) * s).relu() for (x, y), s in zip(points, scores, strict=True)]
        total = sum(hinge) * (1.0 / len(hinge)) + 1e-4 * sum(p * p for p in model.parameters())
        losses.append(total.data)
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 100) * 0.1 * p.grad
    return losses


def test_its_demo_runs_on_numpy_arrays_as_it_does_there() -> None:
    shuffled = np.random.default_rng(5)
    X = shuffled.normal(size=(20, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0, 1, -1)  # integers, as make_moons gives: -yi * score has NumPy on the left
    model = MLP(2, [4, 1])
    before = [p.data for p in model.parameters()]
    for step in range(3):
        batch = shuffled.permutation(X.shape[0])[:10]
        scores = list(map(model, [list(map(Value, row)) for row in X[batch]]))
        hinge = [(1 + -yi * score).relu() for yi, score in zip(y[batch], scores, strict=True)]
        right = [(yi > 0) == (score.data > 0) for yi, score in zip(y[batch], scores, strict=True)]
        total = sum(hinge) * (1.0 / len(hinge)) + 1e-4 * sum(p * p for p in model.parameters())
        by_hand = np.mean([max(0.0, 1 - yi * s.data) for yi, s in zip(y[batch], scores, strict=True)])
        penalty = 1e-4 * sum(p.data**2 for p in model.parameters())
        assert type(total.data) is float
        assert total.data == pytest.approx(by_hand + penalty, rel=1e-14)
        assert 0 <= sum(right) / len(right) <= 1
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 100) * p.grad
    assert [p.data for p in model.parameters()] != before
    mesh = np.c_[np.zeros(4), np.linspace(-1, 1, 4)]
    assert np.array([model(list(map(Value, row))).data > 0 for row in mesh]).shape == (4,)


def test_its_demo_gives_the_same_losses() -> None:
    pytest.importorskip("micrograd")
    from micrograd.engine import Value as TheirValue
    from micrograd.nn import MLP as TheirMLP

    random.seed(1337)
    mine = training_losses(Value, MLP(2, [8, 8, 1]), steps=5)
    random.seed(1337)
    theirs = training_losses(TheirValue, TheirMLP(2, [8, 8, 1]), steps=5)
    assert mine[0] == theirs[0]  # the forward pass has the same bits
    assert mine[-1] < mine[0]
    # Gradients are sums over 20 points, added in another order: at most 20 roundings a step go into a weight.
    for step, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        assert abs(a - b) <= 20 * step * 2.0**-53 * 8
