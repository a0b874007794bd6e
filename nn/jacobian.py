"""The layer-Jacobian form of back-propagation, one sample at a time (S. Roch, Math 535, topic 3.7).

=======  =====================================================  ==========================================
symbol   name                                                   shape
=======  =====================================================  ==========================================
z_1 = x  input; z_{i+1} = g_i(w_i, z_i)                         (n_i,)
w_i      parameters of layer i: row j of W_i, then its bias     ((n_i + 1) n_{i+1},)
g_i      layer: (s(W_i z_i + b_i)), one unit per row            its value has shape (n_{i+1},)
A_i      Jacobian of g_i by w_i: row j is s'(.) (z_i^T, 1) in   (n_{i+1}, (n_i + 1) n_{i+1})
         block j, and 0 in the other blocks
B_i      Jacobian of g_i by z_i: diag(s') W_i                   (n_{i+1}, n_i)
C_K      Jacobian of the modified softmax by its K - 1 inputs   (K, K - 1)
q_{L+2}  derivative of the loss by the probabilities z_{L+2}    (K,)
p_i      derivative of the loss by w_i: A_i^T q_{i+1}           of w_i
q_i      derivative of the loss by z_i: B_i^T q_{i+1}           of z_i
=======  =====================================================  ==========================================

The layers i = 1, ..., L are those of the network; where it ends with a softmax, that is g_{L+1}, without parameters,
and the loss comes after it. Multiplying from the left (the q_i are vectors) is what makes the backward loop cheap. The
Jacobians are formed here, which :mod:`nn.backprop` never does: A_i has n_{i+1} times as many entries as w_i.
"""

from dataclasses import dataclass

import numpy as np

from nn.activations import RowActivation
from nn.arrays import Array
from nn.matrix import Network
from nn.samples import as_samples


def layer_jacobians(z: Array, slopes: Array, W: Array) -> tuple[Array, Array]:
    """Return A_i and B_i, given z_i of shape (n_i,), the slopes s'(W_i z_i + b_i) of shape (n_{i+1},), and W_i.

    >>> A, B = layer_jacobians(np.array([2.0, 3.0]), np.array([1.0, 0.5]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> A
    array([[2. , 3. , 1. , 0. , 0. , 0. ],
           [0. , 0. , 0. , 1. , 1.5, 0.5]])
    >>> B
    array([[1. , 2. ],
           [1.5, 2. ]])
    """
    with_one = np.append(z, z.dtype.type(1))
    A = np.kron(np.diag(slopes), with_one[None, :])
    return A, slopes[:, None] * W


def softmax_jacobian(probabilities: Array, inputs: int) -> Array:
    """Return C_K: d p_i / d z_j = p_i (1{i = j} - p_j), for K probabilities and their first K or K - 1 inputs.

    >>> softmax_jacobian(np.array([0.25, 0.75]), 1)
    array([[ 0.1875],
           [-0.1875]])
    """
    p = probabilities
    return (np.diag(p) - np.outer(p, p))[:, :inputs]


@dataclass(frozen=True, eq=False)
class LayerPass:
    """All quantities of one forward and one backward loop; lists start with layer 1.

    ``z`` holds z_1, ..., z_{L+1}, and z_{L+2} where the network ends with a softmax; ``q`` the derivative by each.
    """

    z: list[Array]
    A: list[Array]
    B: list[Array]
    C: Array | None
    p: list[Array]
    q: list[Array]

    @property
    def gradient(self) -> Array:
        """The gradient as the lecture stacks it: (p_L; ...; p_1)."""
        return np.concatenate(self.p[::-1])


def layer_pass(network: Network, x: Array, y: Array) -> LayerPass:
    """Run the forward and the backward layer loop on one sample x of shape (n_0,) and its target y.

    y is a row of targets, or a class label. The loss is that of the network, and so are the parameters.

    >>> network = Network([2, 3, 1], output="modified_softmax", loss="cross_entropy", rng=0)
    >>> found = layer_pass(network, [1.0, 2.0], 1)
    >>> [p.shape for p in found.p], found.C.shape
    ([(9,), (4,)], (2, 1))
    >>> g = network.gradients([[1.0, 2.0]], [1])
    >>> np.allclose(found.p[0].reshape(3, 3), np.column_stack([g.weights[0], g.biases[0]]))
    True
    >>> layer_pass(network, [1.0], 1)
    Traceback (most recent call last):
        ...
    ValueError: X has 1 features per sample, shape (1, 1), but the network has 2 inputs
    """
    z = [as_samples(np.asarray(x)[None], network.sizes[0], network.dtype)[0]]
    target = network.targets(np.asarray(y)[None])[0]
    A: list[Array] = []
    B: list[Array] = []
    C: Array | None = None
    for W, b, s in zip(network.weights, network.biases, network.activations, strict=True):
        sums = W @ z[-1] + b
        if isinstance(s, RowActivation):  # layer L is linear then, and the softmax is layer L + 1
            slopes = np.ones_like(sums)
            z += [sums, s(sums)]
            C = softmax_jacobian(z[-1], len(sums))
        else:
            slopes = s.derivative(sums)
            z.append(s(sums))
        A_i, B_i = layer_jacobians(z[len(A)], slopes, W)
        A.append(A_i)
        B.append(B_i)
    by_output = _loss_derivative(network, sums, z[-1], target)
    q = [by_output] if C is None else [C.T @ by_output, by_output]
    p: list[Array] = []
    for A_i, B_i in zip(reversed(A), reversed(B), strict=True):
        p.insert(0, A_i.T @ q[0])
        q.insert(0, B_i.T @ q[0])
    return LayerPass(z, A, B, C, p, q)


def _loss_derivative(network: Network, sums: Array, output: Array, target: Array) -> Array:
    """Return the derivative of the loss by the output; a cross-entropy's is infinite where a likely class has p = 0."""
    if not network.cost.fused:
        return network.cost.value_and_gradient(output[None], target[None])[1][0]

    def ratio(share: Array, probability: Array) -> Array:  # 0 where the target is 0, even if the probability is too
        with np.errstate(divide="ignore"):
            return np.divide(share, probability, out=np.zeros_like(share), where=share != 0)

    if network.cost.name == "cross_entropy":  # -sum_i y_i log p_i
        return ratio(-target, output)  # not -ratio: no -0 where the target is 0
    return ratio(1 - target, network.activations[-1](-sums)) - ratio(target, output)  # s(-z) is 1 - s(z), not rounded
