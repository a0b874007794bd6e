import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.losses import LOSSES, loss, one_hot

mp = mpmath.mp.clone()
mp.dps = 300  # enough for 1 - p of logits that are 600 apart


def close(computed: float, truth, condition: float, dtype=np.float64) -> bool:
    """Say whether the error is within 8 (1 + condition) ulp, or one of the smallest normal numbers."""
    info = np.finfo(dtype)
    allowed = 8 * (1 + condition) * abs(truth) * mp.mpf(float(info.eps)) / 2 + mp.mpf(float(info.smallest_normal))
    return abs(mp.mpf(float(computed)) - truth) <= allowed


def exact_softmax(z) -> list:
    e = [mp.exp(mp.mpf(float(x))) for x in z]
    return [x / sum(e) for x in e]


logits = st.lists(st.floats(-300, 300), min_size=2, max_size=6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(logits, st.integers(0, 5))
def test_cross_entropy_of_a_label_loses_no_digit(dtype, z, label):
    label %= len(z)
    z = np.array([z], dtype)
    value, gradient = LOSSES["cross_entropy"].value_and_gradient(z, one_hot(np.array([label]), z.shape[1], dtype))
    p = exact_softmax(z[0])
    others = sum(q for j, q in enumerate(p) if j != label)
    spread = float(z.max() - z.min())
    assert close(value, -mp.log1p(-others) if others < 0.5 else -mp.log(p[label]), spread, dtype)
    for j, computed in enumerate(gradient[0]):
        assert close(computed, -others if j == label else p[j], spread, dtype)


@given(logits, st.lists(st.integers(0, 8), min_size=6, max_size=6))
def test_cross_entropy_takes_rows_of_probabilities(z, counts):
    others = counts[1 : len(z)]
    y = np.array([[64 - sum(others), *others]]) / 64  # they sum to 1 to the bit
    value, gradient = LOSSES["cross_entropy"].value_and_gradient(np.array([z]), y)
    p, exact_z = exact_softmax(z), [mp.mpf(x) for x in z]
    truth = mp.log(sum(mp.exp(x) for x in exact_z)) - sum(
        mp.mpf(float(t)) * x for t, x in zip(y[0], exact_z, strict=True)
    )
    assert close(value, truth, max(z) - min(z))
    for computed, q, t in zip(gradient[0], p, y[0], strict=True):
        difference = q - mp.mpf(float(t))
        # |x_j| times the derivative of p - y: by the logits (their spread, and p or 1 - p), and by y
        moves = (max(z) - min(z)) * min(q, 1 - q) + float(t)
        assert close(computed, difference, moves / abs(difference) if difference else 0)


def test_cross_entropy_of_tied_logits_counts_each_of_them():
    value, gradient = LOSSES["cross_entropy"].value_and_gradient(np.zeros((1, 4)), np.eye(4)[:1])
    assert value == pytest.approx(np.log(4), rel=1e-15)
    np.testing.assert_allclose(gradient, [[-0.75, 0.25, 0.25, 0.25]], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.floats(-700, 700), st.sampled_from([0.0, 1.0, 0.25]))
def test_binary_cross_entropy_loses_no_digit(dtype, z, y):
    z = dtype(z)
    value, gradient = LOSSES["binary_cross_entropy"].value_and_gradient(np.array([[z]]), np.array([[y]], dtype))
    x, t = mp.mpf(float(z)), mp.mpf(y)
    p, q = 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))
    truth = (1 - t) * p - t * q
    assert close(value, (1 - t) * mp.log1p(mp.exp(x)) + t * mp.log1p(mp.exp(-x)), abs(float(z)), dtype)
    assert close(gradient[0, 0], truth, abs(float(z * p * q / truth)) if truth else 0, dtype)


@pytest.mark.parametrize("z", [-1e6, -1e3, 1e3, 1e6])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_cross_entropies_are_finite_far_out(z, y):
    binary, by_z = LOSSES["binary_cross_entropy"].value_and_gradient(np.array([[z]]), np.array([[y]]))
    right = (z > 0) == (y == 1)
    assert (float(binary), float(by_z[0, 0])) == (0 if right else abs(z), 0 if right else np.sign(z))
    both, gradient = LOSSES["cross_entropy"].value_and_gradient(np.array([[z, 0.0]]), np.array([[y, 1 - y]]))
    assert (float(both), gradient[0].tolist()) == (0 if right else abs(z), [float(by_z[0, 0]), -float(by_z[0, 0])])


def test_the_plain_losses_by_hand():
    f, y = np.array([[3.0, -1.0], [0.5, 2.0]]), np.array([[1.0, -1.0], [1.0, 1.0]])
    # 1/2 (4 + 0 + 1/4 + 1);  2 + 0 + 1/2 + 1;  max(0, 1 - (3, 1, 1/2, 2)) = 0, 0, 1/2, 0
    assert by_name("squared_error", f, y) == (2.625, [[2, 0], [-0.5, 1]])
    assert by_name("absolute_error", f, y) == (3.5, [[1, 0], [-1, 1]])
    assert by_name("hinge", f, y) == (0.5, [[0, 0], [-1, 0]])


def by_name(name, f, y):
    value, gradient = LOSSES[name].value_and_gradient(f, y)
    return float(value), gradient.tolist()


def test_modified_cross_entropy_is_the_cross_entropy_with_a_last_logit_of_zero():
    z, y = np.array([[0.3, -1.2], [5.0, 2.0]]), np.eye(3)[[2, 0]]
    modified = loss("cross_entropy", "modified_softmax").value_and_gradient(z, y)
    full = loss("cross_entropy", "softmax").value_and_gradient(np.hstack([z, np.zeros((2, 1))]), y)
    assert modified[0] == full[0]
    np.testing.assert_array_equal(modified[1], full[1][:, :2])


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("cross_entropy", "sigmoid", "'cross_entropy' needs output='softmax' or 'modified_softmax', got output='sig"),
        ("binary_cross_entropy", "identity", "'binary_cross_entropy' needs output='sigmoid', got output='identity'"),
        ("crossentropy", "softmax", "unknown loss 'crossentropy'; did you mean 'cross_entropy'"),
        (None, "softmax", "unknown loss None; there are: squared_error"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused_with_the_cure(name, output, message):
    with pytest.raises(ValueError, match=message):
        loss(name, output)


@pytest.mark.parametrize(
    ("labels", "message"), [([0, 3], "got 3 in row 1"), ([-1, 0], "got -1 in row 0"), ([0, 2, 255], "got 255 in row 2")]
)
def test_a_label_out_of_range_is_named_with_its_row(labels, message):
    for dtype in (np.int64, np.int8, np.uint8):
        with pytest.raises(ValueError, match=r"labels must be classes from 0 to 2, got"):
            one_hot(np.array(labels).astype(dtype), 3)
    with pytest.raises(ValueError, match=message):
        one_hot(np.array(labels), 3)
