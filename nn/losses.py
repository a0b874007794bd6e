"""Losses: the cost of a batch, and its derivative by the network's output, in forms that lose no digits.

======  ======================  ==========================================================================
symbol  name                    shape
======  ======================  ==========================================================================
z       last pre-activation     (m, n): one sample per row; called logits where a fused loss takes it
f       output, s(z)            (m, n)
Y       targets                 (m, n): one row per sample; class labels become rows with a single 1
p       probabilities           (m, K): softmax(z) or sigmoid(z)
======  ======================  ==========================================================================

The loss of a sample is

====================  ===========================================  =======================
name                  formula                                      derivative
====================  ===========================================  =======================
squared_error         1/2 sum_i (f_i - y_i)^2                      f - y
absolute_error        sum_i abs(f_i - y_i)                         sign(f - y), 0 at 0
hinge                 sum_i max(0, 1 - y_i f_i), y_i is -1 or 1    -y where y f < 1, else 0
cross_entropy         log sum_j exp(z_j) - sum_i y_i z_i           p - y, by z
binary_cross_entropy  sum_i log(1 + exp(z_i)) - y_i z_i            p - y, by z
====================  ===========================================  =======================

and the loss of a batch is their mean (``reduction="mean"``, the default, as PyTorch and scikit-learn take it) or their
sum (``reduction="sum"``, as in the lectures). The mean is over the samples only: squared_error is Nielsen's
C = 1/(2m) sum ||y - a||^2; PyTorch's MSELoss divides by the n outputs as well and has no 1/2, so this is n/2 times it.

The two cross-entropies are fused with their output (softmax; sigmoid): they take the logits z. Their p - y never
cancels: where p is close to 1, it is (1 - y) - q with the complement q = 1 - p summed from the other probabilities.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.activations import with_last_zero
from nn.arrays import Array, Namespace, largest, lookup, namespace, sum_of_squares, total


@dataclass(frozen=True, eq=False)
class Loss:
    """The sum of the losses of a batch, and its derivative; ``fused`` names the outputs that it is fused with.

    >>> squared_error = LOSSES["squared_error"]
    >>> value, gradient = squared_error.value_and_gradient(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]))
    >>> float(value), gradient
    (2.0, array([[2., 0.]]))
    >>> cross_entropy = LOSSES["cross_entropy"]
    >>> z, y = np.array([[40.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> value, gradient = cross_entropy.value_and_gradient(z, y)
    >>> float(value), gradient  # softmax(z) rounds to y, and yet no digit is lost
    (4.248354255291589e-18, array([[-4.24835426e-18,  4.24835426e-18]]))
    """

    name: str
    formula: str
    _value_and_gradient: Callable[[Array, Array, Namespace], tuple[Array, Array]]
    fused: tuple[str, ...] = ()
    targets: str = "numbers"  # or "probabilities", "signs"

    def value_and_gradient(self, a: Array, Y: Array) -> tuple[Array, Array]:
        """Return the sum of the losses, and its derivative by a.

        a is the output f, shape (m, n), or where the loss is fused the logits z; Y has the shape of the output.
        """
        return self._value_and_gradient(a, Y, namespace(a))


def _squared_error(f: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    residual = f - Y
    return 0.5 * sum_of_squares(residual), residual


def _absolute_error(f: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    residual = f - Y
    return total(xp.abs(residual)), xp.sign(residual)


def _hinge(f: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    missing = 1 - Y * f
    missing = xp.maximum(missing, xp.zeros_like(missing))
    return total(missing), -Y * xp.sign(missing)


def _cross_entropy(z: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    """Take the largest logit of each sample apart, so that nothing is added to its exp(0) = 1 and then taken off again.

    M marks the largest (all of them, where they tie). With s = sum_j exp(z_j - max) - 1, summed without this 1,
    log sum_j exp(z_j - max) is log1p(s), and 1 - p of the largest is s / (1 + s). M joins both cases of p - y.
    """
    z, Y = z.T, Y.T  # classes first: NumPy is slow on many short rows
    shifted = z - largest(z, axis=0)
    M = xp.asarray(shifted == 0, dtype=z.dtype)
    others = xp.exp(shifted) - M
    s = total(others, axis=0) + (total(M, axis=0) - 1)
    value = total(xp.log1p(s) - total(Y * shifted, axis=0))
    return value, ((others - M * s) / (1 + s) - (Y - M)).T


def _modified_cross_entropy(z: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    value, gradient = _cross_entropy(with_last_zero(z, xp), Y, xp)
    return value, gradient[:, :-1]


def _binary_cross_entropy(z: Array, Y: Array, xp: Namespace) -> tuple[Array, Array]:
    """Take the smaller of p and 1 - p, e/(1 + e) with e = exp(-abs(z)), and the target of that side."""
    e = xp.exp(-xp.abs(z))
    smaller = e / (1 + e)
    positive = z > 0
    missing = xp.where(positive, 1 - Y, Y)  # the target of the less likely class
    value = total(missing * xp.abs(z) + xp.log1p(e))
    return value, xp.where(positive, missing - smaller, smaller - missing)


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("squared_error", "1/2 sum_i (f_i - y_i)^2", _squared_error),
        Loss("absolute_error", "sum_i |f_i - y_i|", _absolute_error),
        Loss("hinge", "sum_i max(0, 1 - y_i f_i)", _hinge, targets="signs"),
        Loss(
            "cross_entropy", "log sum_j exp(z_j) - sum_i y_i z_i", _cross_entropy, ("softmax",), targets="probabilities"
        ),
        Loss(
            "binary_cross_entropy",
            "sum_i log(1 + exp(z_i)) - y_i z_i",
            _binary_cross_entropy,
            ("sigmoid",),
            targets="probabilities",
        ),
    )
}

# The same cross-entropy for the output with K - 1 logits (Roch, Math 535, topic 3.7).
_MODIFIED = Loss(
    "cross_entropy",
    "log(1 + sum_j exp(z_j)) - sum_i y_i z_i",
    _modified_cross_entropy,
    ("modified_softmax",),
    targets="probabilities",
)


def loss(name: str | Loss, output: str) -> Loss:
    """Return the loss of this name, for a network with this output activation.

    Raises
    ------
    ValueError
        If there is no such loss, or it does not go with the output.

    >>> loss("hinge", "identity").formula
    'sum_i max(0, 1 - y_i f_i)'
    >>> loss("cross_entropy", "identity")
    Traceback (most recent call last):
        ...
    ValueError: loss 'cross_entropy' needs output='softmax' or 'modified_softmax', got output='identity'
    """
    found = name if isinstance(name, Loss) else lookup("loss", name, LOSSES)
    if found is LOSSES["cross_entropy"] and output == "modified_softmax":
        return _MODIFIED
    if found.fused and output not in found.fused:
        outputs = "'softmax' or 'modified_softmax'" if found.name == "cross_entropy" else repr(found.fused[0])
        raise ValueError(f"loss {found.name!r} needs output={outputs}, got output={output!r}")
    return found


def one_hot(labels: Array, classes: int, dtype: np.typing.DTypeLike = np.float64) -> Array:
    """Return rows with a single 1 where the class is, shape (m, classes), from class labels, shape (m,).

    Raises
    ------
    ValueError
        If a label is not one of 0, ..., classes - 1; the message names it and its row.

    >>> one_hot(np.array([1, 0]), 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    >>> one_hot(np.array([1, 3]), 3)
    Traceback (most recent call last):
        ...
    ValueError: labels must be classes from 0 to 2, got 3 in row 1
    """
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(f"labels must be classes from 0 to {classes - 1}, got {labels[row]} in row {row}")
    return (labels[:, None] == np.arange(classes)).astype(dtype)
