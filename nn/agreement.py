"""When two gradients agree: a bound on what rounding may do to each weight, and an error that names the weight.

=========  ===============================================================================================
symbol     name
=========  ===============================================================================================
g_i        dC/dw_i, the derivative of the loss C by weight i
m_v        magnitude of node v: the sum over all paths from C to v of the absolute value of the path's product
A_k        bound on the error of z_k, in units of sqrt(n) epsilon
kappa_i    (1 + 2 sum_k A_k) m_i / |g_i|, how ill-conditioned g_i is
n          number of terms of the longest sum
epsilon    2^-52, one ulp of 1
=========  ===============================================================================================

Two ways to one gradient add the same path products in different orders. The sum of the products is off by at most a
multiple of epsilon m_i (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 4.2), and each
product by the relative errors of the tanh' and softmax factors on it, which are at most twice those of the z_k. So they
may differ by 8 (1 + kappa_i) sqrt(n) ulp of g_i, and no hand-picked tolerance is needed.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.graph import Graph
from engine.value import Value
from nn.arrays import Array
from nn.matrix import Network
from nn.naive import step

EPSILON = 2.0**-52

Floats = npt.NDArray[np.float64]


class DisagreementError(ArithmeticError):
    """Two ways to one gradient gave different numbers, so one of them is wrong."""


def check_agreement(
    network: Network, name: str, gradient: Floats, reference_name: str, reference: Floats, tolerance: Floats
) -> float:
    """Return the largest difference as a share of its tolerance; raise where it is over 1.

    Parameters
    ----------
    network
        Whose weights they are; it names the place.
    gradient, reference, tolerance
        One number for each weight, in the order of ``Network.parameters``, shape (W,).

    Raises
    ------
    DisagreementError
        Names the worst weight and both values. A nan agrees with nothing.

    Examples
    --------
    >>> network = Network([2, 1], rng=0)
    >>> g = np.array([1.0, 2.0, 3.0])
    >>> check_agreement(network, "one way", g, "another", g + 0.25, np.full(3, 0.5))
    0.5
    >>> check_agreement(network, "one way", g, "another", g * [1, 1.5, 1], np.full(3, 0.5))
    Traceback (most recent call last):
        ...
    nn.agreement.DisagreementError: one way and another disagree on dC/dW1[0, 1] of the network 2-1: 2.0 and 3.0, \
where rounding explains a difference of 5e-01 at most; one of the two is wrong
    """
    if gradient.shape != reference.shape:
        raise DisagreementError(f"{name} gave {gradient.size} derivatives, {reference_name} {reference.size}")
    with np.errstate(divide="ignore", invalid="ignore"):  # the derivative by the weight of a dark pixel is exactly 0
        share = np.abs(gradient - reference) / tolerance
    share[np.isnan(share)] = np.inf
    share[gradient == reference] = 0
    worst = int(share.argmax())
    if share[worst] > 1:
        raise DisagreementError(
            f"{name} and {reference_name} disagree on dC/d{place(network, worst)} of the network "
            f"{'-'.join(map(str, network.sizes))}: {float(gradient[worst])!r} and {float(reference[worst])!r}, where "
            f"rounding explains a difference of {tolerance[worst]:.0e} at most; one of the two is wrong"
        )
    return float(share[worst])


def place(network: Network, i: int) -> str:
    """Return the name of the i-th number of all parameters.

    >>> network = Network([2, 3, 1], rng=0)
    >>> [place(network, i) for i in (0, 5, 6, 12)]
    ['W1[0, 0]', 'W1[2, 1]', 'b1[0]', 'b2[0]']
    """
    left = i
    for position, array in enumerate(network.parameters):
        if left < array.size:
            where = ", ".join(map(str, np.unravel_index(left, array.shape)))
            return f"{'Wb'[position % 2]}{position // 2 + 1}[{where}]"
        left -= array.size
    raise IndexError(f"the network has no parameter {i}, only {i - left}")


def magnitudes(graph: Graph) -> list[float]:
    """Return m_v for each node: reverse mode with every local derivative replaced by its absolute value.

    >>> x = Value(3.0)
    >>> magnitudes(Graph(x * x - 6 * x))[0]  # the paths' products are 3, 3 and -6, whose sum is 0
    12.0
    """
    found = [0.0] * len(graph)
    found[-1] = 1.0
    for edge, partial in zip(reversed(graph.edges), reversed(graph.partials()), strict=True):
        found[edge.source] += found[edge.target] * abs(partial)
    return found


def rounding_tolerance(
    network: Network, X: Array, loss: Value, parameters: Sequence[Value], gradient: Floats
) -> Floats:
    """Return 8 (1 + kappa_i) sqrt(n) ulp for each weight, shape (W,): what two orders of summation may differ by.

    The derivation needs hidden activations with |s'| <= 1 and |s''| <= 2 |s'|, such as tanh.

    Parameters
    ----------
    network, X
        The network and the one sample, shape (1, n_0).
    loss, parameters
        The same as Values: the recorded loss, and the weights in the order of ``Network.parameters``.
    gradient
        The derivatives, shape (W,).
    """
    graph = Graph(loss)
    m = magnitudes(graph)
    own = np.array([m[graph.index[p]] for p in parameters])
    ill_conditioned = own * (1 + 2 * sum(_errors(network, X)))
    tolerance: Floats = 8 * np.sqrt(_longest_sum(network)) * EPSILON * (np.abs(gradient) + ill_conditioned)
    return tolerance


def difference_tolerance(network: Network, loss: Value) -> Floats:
    """Return what central differences may be off by, for each weight, shape (W,).

    The network has one hidden layer of tanh, softmax with cross-entropy, and inputs in [-1, 1]. Then the error is at
    most noise / h + h^2 / 6 M, where the noise of the loss is 8 sqrt(n) epsilon sum_v m_v |v|, and M bounds the third
    derivative of C by one weight. Let a weight move z_2 along v phi(t). With V = max(1, max |W_2|) we have |v| <= V,
    |phi'| <= 1, |phi''| < 0.77, |phi'''| <= 2 for tanh, and the cumulants of v under the softmax are bounded by 2V, V^2
    and 2V^3; so |C'''| <= 2V^3 + 3 * 0.77 V^2 + 2V * 2 <= 9 V^3.
    """
    graph = Graph(loss)
    size = sum(m * abs(v.data) for m, v in zip(magnitudes(graph), graph.nodes, strict=True))
    noise = 8 * np.sqrt(_longest_sum(network)) * EPSILON * size
    third = 9 * max(1.0, float(np.abs(network.weights[-1]).max())) ** 3
    h = np.array([step(float(w)) for array in network.parameters for w in array.flat])
    tolerance: Floats = noise / h + h**2 / 6 * third
    return tolerance


def _errors(network: Network, X: Array) -> list[float]:
    """Return A_1, ..., A_L: a sum's own terms, and what comes from the errors below, since |tanh'| <= 1."""
    _, f = network.layers(X)
    from_below: Floats = np.zeros(network.sizes[0])
    bounds = []
    for W, b, values in zip(network.weights, network.biases, f, strict=False):
        from_below = np.abs(W) @ (np.abs(values[0]) + from_below) + np.abs(b)
        bounds.append(float(from_below.max()))
    return bounds


def _longest_sum(network: Network) -> int:
    return max(network.sizes) + 1
