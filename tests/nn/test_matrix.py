import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from budget import examples
from hypothesis import assume, example, given
from hypothesis import strategies as st
from rounding import bounds

from engine import Value
from nn.activations import activation
from nn.backprop import backward, forward, gradients, product
from nn.bridge import scalar_twin
from nn.losses import loss
from nn.matrix import Network
from nn.workspace import Workspace

mp = mpmath.mp.clone()
mp.dps = 100  # a complex step of 1e-30 leaves 50 of them and more

SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "gelu")
HIDDEN = (*SMOOTH, "relu", "leaky_relu")
ENDS = (
    ("identity", "squared_error"),
    ("tanh", "squared_error"),
    ("softmax", "squared_error"),
    ("modified_softmax", "squared_error"),
    ("sigmoid", "absolute_error"),
    ("identity", "hinge"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("modified_softmax", "cross_entropy"),
)


# ---- The truth: the loss itself, with 50 digits, over complex numbers; it shares no derivative with the package. ----


def is_right(x) -> bool:
    return mp.re(x) > 0


EXACT = {
    "identity": lambda z: z,
    "relu": lambda z: z if is_right(z) else 0 * z,
    "leaky_relu": lambda z: z if is_right(z) else mp.mpf(0.01) * z,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "tanh": mp.tanh,
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
}


def exact_row(name: str, z: list) -> list:
    """Return the output of one sample."""
    if name in EXACT:
        return [EXACT[name](x) for x in z]
    z = [*z, mp.mpf(0)] if name == "modified_softmax" else z
    return [1 / (1 + others(z, i)) for i in range(len(z))]


def others(z: list, i: int):
    """Return the sum of exp(z_j - z_i) over the other j: 1 / p_i - 1, of which a ratio keeps no digit if p_i is 1."""
    return mp.fsum(mp.exp(x - z[i]) for j, x in enumerate(z) if j != i)


def exact_loss(network: Network, parameters: list, X: list, Y: list):
    """Return the loss of a batch; parameters are nested lists in the network's order."""
    total = mp.mpf(0)
    for x, y in zip(X, Y, strict=True):
        f = x
        for k, s in enumerate(network.activations):
            W, b = parameters[2 * k], parameters[2 * k + 1]
            z = [mp.fdot(row, f) + bias for row, bias in zip(W, b, strict=True)]
            f = exact_row(s.name, z)
        if network.cost.name == "squared_error":
            total += sum((a - t) ** 2 for a, t in zip(f, y, strict=True)) / 2
        elif network.cost.name == "absolute_error":
            total += sum(a - t if is_right(a - t) else t - a for a, t in zip(f, y, strict=True))
        elif network.cost.name == "hinge":
            total += sum(1 - t * a if is_right(1 - t * a) else mp.mpf(0) for a, t in zip(f, y, strict=True))
        elif network.cost.name == "cross_entropy":
            z = [*z, mp.mpf(0)] if s.name == "modified_softmax" else z
            total += sum(t * mp.log1p(others(z, i)) for i, t in enumerate(y) if t)
        else:  # -log p and -log (1 - p), of the logits: of large ones no number of digits leaves any of 1 - p
            softplus = EXACT["softplus"]
            total += sum(t * softplus(-x) + (1 - t) * softplus(x) for x, t in zip(z, y, strict=True))
    return total / len(X) if network.reduction == "mean" else total


def as_exact(array: np.ndarray) -> list:
    return [as_exact(row) if row.ndim else mp.mpf(float(row)) for row in array]


class Exact:
    """The loss as a function of all its numbers (parameters, then X), with its gradient by complex steps."""

    def __init__(self, network: Network, X: np.ndarray, Y: np.ndarray):
        self.network, self.Y = network, as_exact(Y)
        self.arrays = [as_exact(array) for array in (*network.parameters, X)]
        self.places = [
            (array, i, j)
            for array in self.arrays
            for i in range(len(array))
            for j in (range(len(array[i])) if isinstance(array[i], list) else [None])
        ]

    def loss(self):
        return exact_loss(self.network, self.arrays[:-1], self.arrays[-1], self.Y)

    def shifted(self, place, shift, function):
        """Return the function with one number shifted."""
        array, i, j = place
        row, key = (array, i) if j is None else (array[i], j)
        kept = row[key]
        row[key] = kept + shift
        try:
            return function()
        finally:
            row[key] = kept

    def partial(self, place):
        h = mp.mpf(10) ** -30  # the error of a complex step is h^2
        return mp.im(self.shifted(place, mp.mpc(0, h), self.loss)) / h

    def gradient(self) -> list:
        return [self.partial(place) for place in self.places]


# ---- Random networks ----


@st.composite
def problems(draw, largest=3, dtypes=("float64",)):
    """A network with a batch: depths, widths, activations, losses, sizes of weights, reductions."""
    sizes = draw(st.lists(st.integers(1, largest), min_size=2, max_size=4))
    output, cost = draw(st.sampled_from(ENDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    network = Network(
        sizes,
        [draw(st.sampled_from(HIDDEN)) for _ in sizes[2:]],
        output,
        cost,
        dtype=draw(st.sampled_from(dtypes)),
        rng=rng,
        reduction=draw(st.sampled_from(["mean", "sum"])),
    )
    scale = draw(st.sampled_from([0.01, 1.0, 4.0]))
    for array in network.parameters:
        array *= scale
    m = draw(st.integers(1, 3))
    X = rng.standard_normal((m, sizes[0])).astype(network.dtype)
    width = sizes[-1] + (output == "modified_softmax")
    Y = {
        "hinge": rng.choice([-1.0, 1.0], (m, width)),
        "cross_entropy": np.eye(width)[rng.integers(0, width, m)],
        "binary_cross_entropy": rng.choice([0.0, 1.0, 0.25], (m, width)),
    }.get(cost, rng.standard_normal((m, width)))
    return network, X, network.targets(Y)


def far_logits(output, loss, units, target):
    """A network one of whose outputs is 1 but for 1e-147, with a batch of one sample."""
    network = Network([1, units], output=output, loss=loss, rng=0)
    network.weights[0][:], network.biases[0][:] = [[337.0], [-1.0]][:units], 0.5
    return network, np.array([[1.0]]), np.array([target])


def off_kinks(network: Network, X: np.ndarray, Y: np.ndarray) -> bool:
    """Say whether no number sits so close to a kink that a rounding could cross it."""
    z, f = network.layers(X)
    kinked = [z_k for z_k, s in zip(z, network.activations, strict=True) if "relu" in s.name]
    if network.cost.name == "absolute_error":
        kinked.append(f[-1] - Y)
    if network.cost.name == "hinge":
        kinked.append(1 - Y * f[-1])
    return all((np.abs(a) > 1e-4).all() for a in kinked)


@examples(25)
@example(far_logits("sigmoid", "binary_cross_entropy", 1, [0.25]))
@example(far_logits("softmax", "cross_entropy", 2, [1.0, 0.0]))
@example(far_logits("softmax", "squared_error", 2, [0.5, -1.0]))
@example(far_logits("modified_softmax", "cross_entropy", 1, [1.0, 0.0]))
@given(problems(largest=2))
def test_loss_and_every_gradient_are_the_truth_with_50_digits_but_for_their_rounding_errors(problem):
    network, X, Y = problem
    assume(off_kinks(network, X, Y))
    g = network.gradients(X, Y)
    exact = Exact(network, X, Y)
    computed = [float(x) for array in (*g.parameters, g.input) for x in array.flat]
    # Single functions are held to 8 (1 + kappa) ulp elsewhere. Where their results cancel, in a sum over the samples,
    # kappa by the inputs says nothing of their last digits: a running error analysis does.
    twin = scalar_twin(network, X, Y)
    allowed = bounds(twin.loss)
    weights = [
        p for layer in twin.model.layers for part in "wb" for n in layer.neurons for p in np.ravel(getattr(n, part))
    ]
    for value, true, p in zip(computed, exact.gradient(), (*weights, *twin.inputs.flat), strict=True):
        assert abs(mp.mpf(value) - true) <= allowed.gradients.get(p, 0) + mp.mpf(2) ** -1022
    assert g.loss == network.loss(X, Y)
    assert abs(g.loss - exact.loss()) <= allowed.data[twin.loss] + mp.mpf(2) ** -1022


@examples(50)
@given(problems(largest=5, dtypes=("float32", "float64")))
def test_theorem_1_step_by_step(problem):
    network, X, Y = problem
    g = network.gradients(X, Y)
    z, f = network.layers(X)
    for k in range(len(z) - 1, 0, -1):
        # Delta_k = (Delta_{k+1} W_{k+1}) * s'(Z_k)
        step = product(g.deltas[k], network.weights[k]) * network.activations[k - 1].derivative(z[k - 1], f[k])
        np.testing.assert_array_equal(g.deltas[k - 1], step)
    for k, delta in enumerate(g.deltas):
        # dC/dW_k = delta_k f_{k-1}^T and dC/db_k = delta_k, summed over the samples
        size = np.abs(delta).T @ np.abs(f[k])
        outer = sum(np.outer(delta[i], f[k][i]) for i in range(len(X)))
        assert (np.abs(g.weights[k] - outer) <= 8 * np.finfo(network.dtype).eps * size).all()
        np.testing.assert_array_equal(g.biases[k], delta.sum(axis=0))
    np.testing.assert_array_equal(g.input, product(g.deltas[0], network.weights[0]))
    assert {array.dtype for array in (*g.parameters, *g.deltas, g.input)} == {network.dtype}


def arrays(g):
    """The derivatives by the weights, the biases and the pre-activations, layer by layer."""
    return [*g.weights, *g.biases, *g.deltas]


def sizes(network, X, g):
    """How large the terms are that each of the arrays sums: a sum is no more exact than that where they cancel."""
    z, f = network.layers(X)
    deltas = [np.abs(g.deltas[-1]).max(axis=1, keepdims=True) + np.zeros_like(g.deltas[-1])]
    for k in range(len(z) - 1, 0, -1):
        slope = network.activations[k - 1].derivative(z[k - 1], f[k])
        deltas.insert(0, np.abs(slope) * (deltas[0] @ np.abs(network.weights[k])))
    weights = [delta.T @ np.abs(below) for delta, below in zip(deltas, f, strict=False)]
    smallest = np.finfo(network.dtype).tiny  # products of derivatives may underflow
    return [size + smallest for size in (*weights, *[delta.sum(axis=0) for delta in deltas], *deltas)]


def largest_sum(network, X):
    """The largest sum_j |w_ij f_j| + |b_i|: how many roundings z is off by, and with it the logarithm of its slopes."""
    _, f = network.layers(X)
    layers = zip(f, network.weights, network.biases, strict=False)
    return max(float((np.abs(below) @ np.abs(W).T + np.abs(b)).max()) for below, W, b in layers)


def assert_equal_but_for_rounding(kept, fresh, network, X):
    epsilon = float(np.finfo(network.dtype).eps)
    assert kept.loss == pytest.approx(fresh.loss, rel=32 * epsilon)
    allowed = 64 * epsilon * (1 + largest_sum(network, X))
    for ours, theirs, size in zip(arrays(kept), arrays(fresh), sizes(network, X, fresh), strict=True):
        assert (np.abs(ours - theirs) <= allowed * np.maximum(np.abs(theirs), size)).all()


@examples(50)
@given(problems(largest=5, dtypes=("float32", "float64")), st.integers(1, 6))
def test_a_workspace_gives_the_same_gradients_batch_after_batch(problem, spare):
    network, X, Y = problem
    workspace = Workspace(network, len(X) + spare)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workspace.gradients(np.repeat(X[:1], len(X) + spare, axis=0), np.repeat(Y[:1], len(X) + spare, axis=0))
        kept = workspace.gradients(X, Y)
    fresh = network.gradients(X, Y, input_gradient=False, checked=True)
    assert_equal_but_for_rounding(kept, fresh, network, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_one_sample_has_its_gradient_in_a_workspace_for_any_number(hidden, dtype):
    # The rows of a larger workspace have gaps; from some gaps into others, NumPy 2.4 negates wrong numbers.
    network = Network([2, 3, 1], hidden, dtype=dtype, rng=0)
    X, Y = np.array([[0.5, -1.5]], dtype), network.targets([[1.0]])
    fresh = network.gradients(X, Y)
    for samples in range(1, 18):
        assert_equal_but_for_rounding(Workspace(network, samples).gradients(X, Y), fresh, network, X)


def test_a_network_worked_out_by_hand():
    # Two inputs, two relu units, one linear output; one sample x = (1, 2), target y = 1.
    #
    #   W_1 = [[1, -1], [2, 1]]   b_1 = (0, -1)      z_1 = (1*1 - 1*2 + 0, 2*1 + 1*2 - 1) = (-1, 3)
    #   f_1 = relu(z_1) = (0, 3)
    #   W_2 = [[5, 2]]            b_2 = (-4)         z_2 = 5*0 + 2*3 - 4 = 2 = f_2
    #   C = (2 - 1)^2 / 2 = 1/2
    #
    #   delta_2 = f_2 - y = 1
    #   delta_1 = D_1 W_2^T delta_2 = (0 * 5, 1 * 2) = (0, 2)
    #   dC/dW_2 = delta_2 f_1^T = [[0, 3]]           dC/db_2 = (1)
    #   dC/dW_1 = delta_1 x^T = [[0, 0], [2, 4]]     dC/db_1 = (0, 2)
    #   dC/dx = W_1^T delta_1 = (1*0 + 2*2, -1*0 + 1*2) = (4, 2)
    network = Network([2, 2, 1], "relu", rng=0)
    network.weights[0][:], network.biases[0][:] = [[1, -1], [2, 1]], [0, -1]
    network.weights[1][:], network.biases[1][:] = [[5, 2]], [-4]
    z, f = network.layers([[1, 2]])
    assert [a.tolist() for a in z] == [[[-1, 3]], [[2]]]
    assert [a.tolist() for a in f] == [[[1, 2]], [[0, 3]], [[2]]]
    g = network.gradients([[1, 2]], [[1]])
    assert g.loss == 0.5
    assert [a.tolist() for a in g.deltas] == [[[0, 2]], [[1]]]
    assert [a.tolist() for a in g.weights] == [[[0, 0], [2, 4]], [[0, 3]]]
    assert [a.tolist() for a in g.biases] == [[0, 2], [1]]
    assert g.input.tolist() == [[4, 2]]


def test_mean_and_sum_differ_by_the_number_of_samples():
    X, Y = np.arange(8.0).reshape(4, 2), np.ones((4, 1))
    mean, total = (Network([2, 3, 1], rng=3, reduction=reduction) for reduction in ("mean", "sum"))
    a, b = mean.gradients(X, Y), total.gradients(X, Y)
    assert b.loss == 4 * a.loss
    for by_mean, by_sum in zip(a.parameters, b.parameters, strict=True):
        np.testing.assert_allclose(by_sum, 4 * by_mean, rtol=1e-14)


@pytest.mark.parametrize("kind", ["labels", "rows", "lists"])
def test_class_labels_and_rows_with_a_single_1_are_the_same_targets(kind):
    network = Network([2, 4, 3], output="softmax", loss="cross_entropy", rng=1)
    X, labels = np.arange(6.0).reshape(3, 2), np.array([2, 0, 1], np.uint8)
    Y = {"labels": labels, "rows": np.eye(3)[labels], "lists": [2.0, 0.0, 1.0]}[kind]
    assert network.loss(X, Y) == network.loss(X, np.eye(3, dtype=int)[labels])


@pytest.mark.parametrize(("output", "cost"), ENDS)
def test_saturated_networks_keep_their_gradients(output, cost):
    # z_1 = +-40: 1 - tanh(z)^2 would be 0, while the truth is 7e-35.
    network = Network([1, 2, 2], "tanh", output, cost, rng=5)
    network.weights[0][:] = [[40.0], [-40.0]]
    Y = {"cross_entropy": [0], "hinge": [[1.0, -1.0]]}.get(cost, [[0.25] * (3 if output[0] == "m" else 2)])
    g = network.gradients([[1.0]], Y)
    exact = Exact(network, np.array([[1.0]]), network.targets(Y))
    truth = [exact.partial(place) for place in exact.places[:4]]  # W_1 and b_1
    computed = [*g.weights[0].flat, *g.biases[0].flat]
    assert all(float(t) == pytest.approx(c, rel=1e-13, abs=0) for t, c in zip(truth, computed, strict=True))
    assert (g.deltas[0] != 0).any()


# ---- Other arrays ----


def test_fractions_give_exact_gradients():
    third = Fraction(1, 3)
    W = [np.array([[third, -third], [2 * third, third]]), np.array([[Fraction(3), Fraction(1)]])]
    b = [np.array([third, -third]), np.array([third])]
    s, cost = [activation("relu"), activation("identity")], loss("squared_error", "identity")
    X, Y = np.array([[Fraction(1), Fraction(2)]]), np.array([[Fraction(1)]])
    g = gradients(W, b, s, cost, X, Y, reduction="sum")
    # z_1 = (0, 1): relu's derivative at 0 is 0;  z_2 = 1 + 1/3;  delta_2 = 1/3;  delta_1 = (0, 1/3)
    assert g.deltas[1].tolist() == [[third]]
    assert g.deltas[0].tolist() == [[0, third]]
    assert g.weights[0].tolist() == [[0, 0], [third, 2 * third]]


@pytest.mark.parametrize("hidden", ["identity", "relu", "sigmoid", "tanh"])
def test_the_same_code_runs_on_values_and_its_gradient_has_a_graph(hidden):
    network = Network([2, 3, 1], hidden, rng=2)
    X, Y = np.array([[0.5, -1.0]]), np.array([[0.25]])
    as_values = np.vectorize(Value, otypes=[object])
    W, b = [as_values(W) for W in network.weights], [as_values(b) for b in network.biases]
    g = gradients(W, b, network.activations, network.cost, X.astype(object), Y.astype(object))
    expected = network.gradients(X, Y)
    for ours, theirs in zip(g.parameters, expected.parameters, strict=True):
        np.testing.assert_allclose([float(v.data) for v in ours.flat], theirs.ravel(), rtol=1e-13)
    # The recorded loss, differentiated by the engine, agrees with the matrix form; so does the gradient of a gradient.
    g.loss.backward()
    assert float(W[0][1, 0].grad) == pytest.approx(expected.weights[0][1, 0], rel=1e-13)
    second = []
    for shift in (1e-5, -1e-5):
        network.weights[0][1, 0] += shift
        second.append(network.gradients(X, Y).weights[1][0, 1])
        network.weights[0][1, 0] -= shift
    W[0][1, 0].grad = 0.0
    g.weights[1][0, 1].backward()
    assert float(W[0][1, 0].grad) == pytest.approx((second[0] - second[1]) / 2e-5, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(("output", "cost"), ENDS)
@pytest.mark.parametrize("hidden", [*HIDDEN, "step", "sign", "softmax"])
@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax.numpy"])
def test_the_pure_functions_run_on_arrays_of_any_library(library, hidden, output, cost):
    xp = pytest.importorskip(library)
    if library == "array_api_strict" and hidden == "gelu":
        pytest.skip("the array API has no erfc")
    network = Network([3, 4, 3], hidden, output, cost, dtype="float32", rng=1)
    X = np.random.default_rng(2).standard_normal((5, 3)).astype("float32")
    width = 4 if output == "modified_softmax" else 3
    targets = {"hinge": np.ones((5, width)), "cross_entropy": [0, 1, 2, 1, 0]}.get(cost, np.full((5, width), 0.25))
    Y = network.targets(targets)
    W, b = [[xp.asarray(a) for a in arrays] for arrays in (network.weights, network.biases)]
    g = gradients(W, b, network.activations, network.cost, xp.asarray(X), xp.asarray(Y))
    expected = network.gradients(X, Y)
    assert float(g.loss) == pytest.approx(expected.loss, rel=1e-5)
    for ours, theirs in zip((*g.parameters, g.input), (*expected.parameters, expected.input), strict=True):
        assert type(ours) is type(W[0])
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-4, atol=1e-6)


def test_forward_and_backward_leave_their_arguments_as_they_are():
    network = Network([2, 3, 1], "sigmoid", rng=4)
    X = np.ones((2, 2))
    before = [a.copy() for a in (*network.parameters, X)]
    z, f = forward(network.weights, network.biases, network.activations, X)
    kept = [a.copy() for a in (*z, *f)]
    backward(network.weights, network.activations, z, f, np.ones((2, 1)))
    for array, copy in zip((*network.parameters, X, *z, *f), (*before, *kept), strict=True):
        np.testing.assert_array_equal(array, copy)


# ---- Bad input ----


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([], r"at least an input and an output size, got \[\]"),
        ([3], r"at least an input and an output size, got \[3\]"),
        (3, r"at least an input and an output size, got 3"),
        ("32", r"at least an input and an output size, got '32'"),
        ([3, 0], r"whole numbers from 1 on, got 0 in \[3, 0\]"),
        ([3, -2, 1], r"got -2 in"),
        ([3, 2.0], r"got 2.0 in"),
        ([True, 1], r"got True in"),
        ([None, 1], r"got None in"),
    ],
)
def test_an_impossible_network_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Network(sizes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "tahn"}, "unknown activation 'tahn'; did you mean 'tanh'"),
        ({"activation": ["tanh", "relu"]}, r"needs 1 hidden activations, got \['tanh', 'relu'\]"),
        ({"activation": "modified_softmax"}, "can only be the output activation"),
        ({"output": "sofmax"}, "unknown activation 'sofmax'; did you mean 'softmax'"),
        ({"loss": "squared_eror"}, "unknown loss 'squared_eror'; did you mean 'squared_error'"),
        ({"loss": "cross_entropy"}, "needs output='softmax' or 'modified_softmax', got output='identity'"),
        ({"dtype": "int64"}, "dtype must be float32 or float64, got int64"),
        ({"dtype": "float16"}, "dtype must be float32 or float64, got float16"),
        ({"reduction": "average"}, "reduction must be 'mean' or 'sum', got 'average'"),
    ],
)
def test_an_impossible_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Network([2, 3, 1], **arguments)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3)), "X has 3 features per sample, shape \\(2, 3\\), but the network has 2 inputs"),
        (np.ones(2), r"one sample per row, shape \(m, 2\), got shape \(2,\); one sample x is x\[None, :\]"),
        (np.ones((1, 1, 2)), r"got shape \(1, 1, 2\)"),
        (np.ones((0, 2)), "X has no samples"),
        ([[1.0, np.nan]], "X has nan in row 0, column 1"),
        ([[1.0, 2.0], [-np.inf, 0.0]], "X has -inf in row 1, column 0"),
        ([[1.0, 2.0], [3.0]], "X is no table of numbers"),
    ],
)
@pytest.mark.parametrize("call", ["forward", "predict", "loss", "gradients"])
def test_samples_that_cannot_be_are_refused(call, X, message):
    for hidden in ("tanh", "relu", "sigmoid"):  # a saturated unit hides an infinity from the loss
        network = Network([2, 3, 1], hidden, rng=0)
        arguments = (X,) if call in ("forward", "predict") else (X, np.zeros((len(X), 1)))
        with pytest.raises(ValueError, match=message):
            getattr(network, call)(*arguments)


@pytest.mark.parametrize("X", [np.array([["a", "b"]]), np.array([[1j, 2j]])])
def test_what_is_no_number_is_refused(X):
    with pytest.raises(TypeError, match="X must hold real numbers"):
        Network([2, 1]).forward(X)


def test_an_infinity_is_found_behind_a_weight_of_zero_and_a_dead_unit():
    network = Network([2, 2, 1], "relu", rng=0)
    network.weights[0][:] = [[0.0, 1.0], [0.0, -1.0]]
    for call in (network.gradients, network.loss):
        with pytest.raises(ValueError, match="X has inf in row 0, column 0"):
            call([[np.inf, 1.0]], [[0.0]])
    with pytest.raises(ValueError, match="X has inf in row 0, column 0"):
        Workspace(network, 1).gradients(np.array([[np.inf, 1.0]]), np.array([[0.0]]))


@pytest.mark.parametrize(
    ("output", "cost", "Y", "message"),
    [
        ("identity", "squared_error", [[1.0, 2.0, 3.0]], r"shape \(m, 2\), got shape \(1, 3\)"),
        ("identity", "squared_error", [1.0], r"shape \(m, 2\), got shape \(1,\)"),
        ("identity", "squared_error", [[1.0, 2.0]] * 2, "X has 1 samples, but Y has 2 rows"),
        ("identity", "squared_error", [[1.0, np.nan]], "Y has nan in row 0, column 1"),
        ("identity", "hinge", [[0.0, 1.0]], "hinge needs targets -1 or 1, got 0.0 in row 0; write classes"),
        ("identity", "hinge", [[np.inf, 1.0]], "Y has inf in row 0, column 0"),
        ("sigmoid", "binary_cross_entropy", [[0.0, 1.5]], "needs targets from 0 to 1, got 1.5 in row 0"),
        ("softmax", "cross_entropy", [2], "labels must be classes from 0 to 1, got 2 in row 0"),
        ("softmax", "cross_entropy", [-1], "labels must be classes from 0 to 1, got -1 in row 0"),
        ("softmax", "cross_entropy", [0.5], r"labels must be whole numbers, got float64, for example \[0.5\]"),
        ("softmax", "cross_entropy", [np.nan], "labels must be whole numbers"),
        ("softmax", "cross_entropy", [0, 1], "X has 1 samples, but Y has 2 rows"),
        ("softmax", "cross_entropy", [[0.5, 0.6]], "rows of Y that sum to 1, got 1.1 in row 0"),
        ("softmax", "cross_entropy", [[1.5, -0.5]], "needs targets from 0 to 1, got 1.5"),
        ("softmax", "cross_entropy", [[1.0]], r"or class labels of shape \(m,\), got shape \(1, 1\)"),
        ("modified_softmax", "cross_entropy", [3], "labels must be classes from 0 to 2, got 3 in row 0"),
    ],
)
def test_targets_that_cannot_be_are_refused(output, cost, Y, message):
    network = Network([2, 3, 2], output=output, loss=cost)
    for call in (network.loss, network.gradients):
        with pytest.raises(ValueError, match=message):
            call(np.ones((1, 2)), Y)


def test_a_workspace_refuses_what_does_not_fit():
    workspace = Workspace(Network([2, 1]), 2)
    with pytest.raises(ValueError, match="holds batches of up to 2 samples, got 3; make a larger one"):
        workspace.gradients(np.ones((3, 2)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="X has 2 samples, but Y has 1 rows"):
        workspace.gradients(np.ones((2, 2)), np.ones((1, 1)))


# ---- The rest of a Network ----


def test_the_same_seed_gives_the_same_network_and_the_global_generator_is_left_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - that nothing uses it is what is tested
    a, b = Network([3, 4, 2], rng=7), Network([3, 4, 2], rng=np.random.default_rng(7))
    assert all((p == q).all() for p, q in zip(a.parameters, b.parameters, strict=True))
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_parameters_are_the_networks_own_arrays():
    network = Network([2, 3, 1])
    assert [p.shape for p in network.parameters] == [(3, 2), (3,), (1, 3), (1,)]
    for parameter in network.parameters:
        parameter[:] = 0.5
    assert all((a == 0.5).all() for a in (*network.weights, *network.biases))


@pytest.mark.parametrize(
    ("output", "cost", "predicted"),
    [
        ("softmax", "cross_entropy", [1, 0]),
        ("modified_softmax", "cross_entropy", [1, 2]),
        ("sigmoid", "binary_cross_entropy", [[0, 1], [0, 0]]),
        ("identity", "hinge", [[-1, 1], [-1, -1]]),
        ("identity", "squared_error", [[-1.0, 2.0], [-1.0, -2.0]]),
    ],
)
def test_predict_names_the_class_where_the_loss_is_one_of_classes(output, cost, predicted):
    network = Network([1, 2], output=output, loss=cost)
    network.weights[0][:], network.biases[0][:] = [[0.0], [2.0]], [-1.0, 0.0]
    assert network.predict([[1.0], [-1.0]]).tolist() == predicted


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saved_network_comes_back_to_the_last_bit(tmp_path, dtype):
    network = Network([2, 3, 4, 2], ["relu", "tanh"], "softmax", "cross_entropy", dtype=dtype, reduction="sum")
    network.save(tmp_path / "network")
    loaded = Network.load(tmp_path / "network")
    assert repr(loaded) == repr(network)
    assert loaded.reduction == "sum"
    assert all((a == b).all() for a, b in zip(loaded.parameters, network.parameters, strict=True))


def test_a_file_that_holds_no_network_is_named(tmp_path):
    whole = tmp_path / "whole.npz"
    Network([2, 1]).save(whole)
    files = {"empty": b"", "text": b"no network", "cut": whole.read_bytes()[:-40]}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    for name in (*files, "other.npz"):
        with pytest.raises(ValueError, match=f"{name} holds no network.*give a file written by Network.save"):
            Network.load(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="missing"):
        Network.load(tmp_path / "missing")


def test_repr_tells_the_sizes_and_counts_the_parameters():
    network = Network([784, 32, 10], "sigmoid", "softmax", "cross_entropy", dtype="float32")
    assert repr(network) == (
        "Network(784-32-10, activation='sigmoid', output='softmax', loss='cross_entropy', dtype=float32): "
        "25,450 parameters"
    )


def test_the_norms_of_a_gradient_are_one_per_layer_and_do_not_overflow() -> None:
    network = Network([2, 3, 1], rng=0)
    g = network.gradients([[1.0, 2.0]], [[0.5]])
    joined = [np.append(dW.ravel(), db) for dW, db in zip(g.weights, g.biases, strict=True)]
    assert g.norms == pytest.approx([np.linalg.norm(part) for part in joined], rel=1e-14)
    g.weights[0][:] = 1e200
    assert g.norms[0] == pytest.approx(np.sqrt(6) * 1e200)
