"""Back-propagation in matrix form: f_k = s_k(W_k f_{k-1} + b_k), and the gradient of its loss by Theorem 1.

========  ==================================  ===============================================================
symbol    name                                shape
========  ==================================  ===============================================================
L         number of layers                    the layers are k = 1, ..., L; the input is layer 0
n_k       units of layer k                    ``sizes`` is (n_0, ..., n_L)
m         samples of a batch                  one sample per row
X = f_0   input                               (m, n_0)
W_k       weights of layer k                  (n_k, n_{k-1}); weights[k - 1]
b_k       biases of layer k                   (n_k,); biases[k - 1]
z_k       pre-activations, W_k f_{k-1} + b_k  (m, n_k)
f_k       activations, s_k(z_k)               (m, n_k)
D_k       diag s_k'(z_k), of one sample       (n_k, n_k); never formed
Y         targets                             (m, n_L), or class labels (m,) for cross_entropy
delta_k   dC/dz_k, C the loss of the batch    (m, n_k)
========  ==================================  ===============================================================

Theorem 1 (J. Calder, Math 5467, lecture 22): for one sample, as columns,

    delta_{k-1} = D_{k-1} W_k^T delta_k,    dC/dW_k = delta_k f_{k-1}^T,    dC/db_k = delta_k.

For a batch with one sample per row the same step reads Delta_{k-1} = (Delta_k W_k) * s'(Z_{k-1}), and the other two are
summed over the samples. The functions here are pure. They run on arrays of any library and on arrays of objects, see
:mod:`nn.arrays`; :class:`nn.matrix.Network` keeps the parameters and checks what it is given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nn.activations import Activation
from nn.arrays import Array, total
from nn.losses import Loss


@dataclass(slots=True)
class Gradients:
    """The loss C of a batch and its derivatives; each has the shape of what it is the derivative by.

    ``weights[k - 1]`` is dC/dW_k, ``biases[k - 1]`` dC/db_k, ``deltas[k - 1]`` dC/dz_k with one sample per row, and
    ``input`` dC/dX.
    """

    loss: Any
    weights: list[Array]
    biases: list[Array]
    deltas: list[Array]
    input: Array | None

    @property
    def parameters(self) -> list[Array]:
        """The derivatives in the order of ``Network.parameters``: dW_1, db_1, dW_2, db_2, ..."""
        return [array for pair in zip(self.weights, self.biases, strict=True) for array in pair]

    @property
    def norms(self) -> list[float]:
        """The length of the gradient by the parameters of each layer, sqrt(||dC/dW_k||^2 + ||dC/db_k||^2)."""
        return [
            math.hypot(*map(float, dW.ravel()), *map(float, db.ravel()))
            for dW, db in zip(self.weights, self.biases, strict=True)
        ]


def forward(
    weights: Sequence[Array], biases: Sequence[Array], activations: Sequence[Activation], X: Array
) -> tuple[list[Array], list[Array]]:
    """Return [z_1, ..., z_L] and [f_0, ..., f_{L-1}] for a batch X of shape (m, n_0).

    The output s_L(z_L) is left to the loss, which may not need it.

    >>> import numpy as np
    >>> from nn.activations import activation
    >>> identity = activation("identity")
    >>> z, f = forward([np.array([[2.0, 1.0]])], [np.array([0.5])], [identity], np.array([[1.0, 3.0]]))
    >>> z, f
    ([array([[5.5]])], [array([[1., 3.]])])
    """
    z, f = [], [X]
    for W, b, s in zip(weights, biases, activations, strict=True):
        z.append(product(f[-1], W.T) + b)
        if len(z) < len(weights):
            f.append(s(z[-1]))
    return z, f


def backward(
    weights: Sequence[Array], activations: Sequence[Activation], z: list[Array], f: list[Array], delta: Array
) -> tuple[list[Array], list[Array], list[Array]]:
    """Return [delta_1, ..., delta_L], [dC/dW_1, ...] and [dC/db_1, ...], given delta_L: Theorem 1.

    >>> import numpy as np
    >>> from nn.activations import activation
    >>> one = np.array([[1.0]])
    >>> backward([2 * one, 3 * one], [activation("relu")] * 2, [-one, one], [one, 0 * one], one)
    ([array([[0.]]), array([[1.]])], [array([[0.]]), array([[0.]])], [array([0.]), array([1.])])
    """
    deltas = [delta]
    for k in range(len(weights) - 1, 0, -1):  # delta_k = D_k W_{k+1}^T delta_{k+1}; W_{k+1} is weights[k]
        deltas.insert(0, activations[k - 1].pullback(z[k - 1], f[k], product(deltas[0], weights[k])))
    by_weights = [product(delta_k.T, below) for delta_k, below in zip(deltas, f, strict=True)]
    by_biases = [total(delta_k, axis=0) for delta_k in deltas]
    return deltas, by_weights, by_biases


def product(A: Array, B: Array) -> Array:
    """Return the matrix product; one column times one row is an outer product, which NumPy's matmul does slowly.

    >>> import numpy as np
    >>> product(np.array([[1.0], [2.0]]), np.array([[3.0, 4.0]]))
    array([[3., 4.],
           [6., 8.]])
    """
    return A * B if A.shape[1] == 1 else A @ B


def loss_and_delta(output: Activation, cost: Loss, z: Array, Y: Array) -> tuple[Array, Array]:
    """Return the summed loss of a batch and its derivative by z_L, given z_L and the targets as rows.

    >>> import numpy as np
    >>> z = np.array([[2.0]])
    >>> from nn.activations import activation
    >>> from nn.losses import loss
    >>> identity, squared_error = activation("identity"), loss("squared_error", "identity")
    >>> value, delta = loss_and_delta(identity, squared_error, z, np.array([[1.0]]))
    >>> float(value), delta
    (0.5, array([[1.]]))
    """
    if cost.fused:
        return cost.value_and_gradient(z, Y)
    f = output(z)
    value, g = cost.value_and_gradient(f, Y)
    return value, output.pullback(z, f, g)


def gradients(
    weights: Sequence[Array],
    biases: Sequence[Array],
    activations: Sequence[Activation],
    cost: Loss,
    X: Array,
    Y: Array,
    *,
    reduction: str = "mean",
    input_gradient: bool = True,
) -> Gradients:
    """Return the loss of a batch and all its derivatives: forward, the loss, backward.

    Y is one row of targets per sample. All arrays are of one library and dtype, or arrays of objects.

    >>> import numpy as np
    >>> from fractions import Fraction
    >>> W, x = np.array([[Fraction(1, 3)]], dtype=object), np.array([[Fraction(2)]], dtype=object)
    >>> from nn.activations import activation
    >>> from nn.losses import loss
    >>> identity, squared_error = activation("identity"), loss("squared_error", "identity")
    >>> g = gradients([W], [np.array([Fraction(0)])], [identity], squared_error, x, x)
    >>> g.weights, g.biases
    ([array([[Fraction(-8, 3)]], dtype=object)], [array([Fraction(-4, 3)], dtype=object)])
    """
    z, f = forward(weights, biases, activations, X)
    value, delta = loss_and_delta(activations[-1], cost, z[-1], Y)
    if reduction == "mean":
        value, delta = value / X.shape[0], delta / X.shape[0]
    deltas, by_weights, by_biases = backward(weights, activations, z, f, delta)
    by_input = product(deltas[0], weights[0]) if input_gradient else None
    return Gradients(value, by_weights, by_biases, deltas, by_input)
