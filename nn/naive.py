"""The slow ways to a network's gradient: one weight at a time, so W weights cost W times what the loss costs.

========  ====================================  =======================================================
symbol    name                                  shape
========  ====================================  =======================================================
w         one entry of one W_k or b_k           a number; there are W of them, biases included
h         step of a finite difference           a number
z_k, f_k  pre-activations, activations          (m, n_k), see :mod:`nn.backprop`
dz, df    tangents dz_k/dw and df_k/dw          (m, n_k)
delta_L   dC/dz_L                               (m, n_L)
========  ====================================  =======================================================

Finite differences need two forward passes for each weight. Forward accumulation, the chain rule in its natural order
from the input to the loss, needs one tangent sweep for each weight. Both therefore cost of the order of W^2
multiplications, where back-propagation costs of the order of W (J. Malik, CS 189, the lectures on neural networks;
R. Schweizer calls the forward order the natural one; Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter
3). They are kept because they are simple enough to be trusted, and to show what back-propagation saves.

The same ways over scalars are in :mod:`nn.naive_scalar`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.arrays import Array
from nn.backprop import loss_and_delta, product
from nn.matrix import Network


@dataclass(slots=True)
class ParameterGradients:
    """The derivatives of the loss C: weights[k - 1] is dC/dW_k, biases[k - 1] is dC/db_k, of their shapes."""

    weights: list[Array]
    biases: list[Array]

    @property
    def parameters(self) -> list[Array]:
        """The derivatives in the order of ``Network.parameters``: dW_1, db_1, dW_2, db_2, ..."""
        return [array for pair in zip(self.weights, self.biases, strict=True) for array in pair]


def step(w: float, epsilon: float = 2.0**-52) -> float:
    """Return the step of a central difference at w: the cube root of the machine epsilon, times abs(w) where above 1.

    It balances the truncation error, of the order of h^2, against the rounding error, of the order of epsilon/h
    (Nocedal and Wright, Numerical Optimization, 2nd edition, section 8.1; Numerical Recipes, 3rd edition, section 5.7).

    >>> step(0.5), step(-1000.0)
    (6.055454452393343e-06, 0.0060554544523933425)
    """
    return float(epsilon ** (1 / 3) * max(1.0, abs(w)))


def finite_differences(network: Network, X: Array, Y: Array) -> ParameterGradients:
    """Return the gradient by central differences, (C(w + h) - C(w - h)) / 2h: two forward passes for each weight.

    Parameters
    ----------
    network
        Its parameters are moved one at a time and put back, whatever happens.
    X, Y
        A batch, as for ``Network.loss``: shapes (m, n_0) and (m, n_L), or class labels (m,).

    Returns
    -------
    ParameterGradients
        Right to about epsilon^(2/3) of the loss: 10 digits in float64, 5 in float32.

    Raises
    ------
    ValueError
        If the batch does not fit the network, as ``Network.loss``.

    Examples
    --------
    >>> network = Network([1, 1], rng=0)
    >>> network.weights[0][:], network.biases[0][:] = 2.0, 1.0
    >>> g = finite_differences(network, [[3.0]], [[5.0]])  # C = (2 * 3 + 1 - 5)**2 / 2
    >>> [round(float(array.sum()), 6) for array in g.parameters]
    [6.0, 2.0]
    >>> float(network.weights[0][0, 0])
    2.0
    """
    epsilon = float(np.finfo(network.dtype).eps)

    def difference(array: Array, place: tuple[int, ...]) -> float:
        w = array[place]
        try:
            array[place] = w + step(w, epsilon)
            above, loss_above = array[place], network.loss(X, Y)
            array[place] = w - step(w, epsilon)
            below, loss_below = array[place], network.loss(X, Y)
        finally:
            array[place] = w
        # What was really stepped, in the numbers that there are, rather than 2h.
        return (loss_above - loss_below) / float(above - below)

    return _one_at_a_time(network, lambda k, array, place: difference(array, place))


def forward_accumulation(network: Network, X: Array, Y: Array) -> ParameterGradients:
    """Return the gradient by one tangent sweep for each weight, from the input to the loss.

    For w = W_k[i, j] the sweep starts with dz_k[i] = f_{k-1}[j] and pushes it up through the layers,

        dz_k = W_k df_{k-1} + (dW_k/dw) f_{k-1},    df_k = s_k'(z_k) dz_k,    dC/dw = delta_L . dz_L.

    Every sweep goes through all layers, as an evaluation does. (It could start at the layer of its weight. That would
    save the layers below, a constant factor.)

    Parameters
    ----------
    network, X, Y
        As in `finite_differences`.

    Returns
    -------
    ParameterGradients
        Right to rounding.

    Raises
    ------
    ValueError
        If the batch does not fit the network.

    Examples
    --------
    >>> network = Network([2, 3, 1], rng=0)
    >>> natural = forward_accumulation(network, [[1.0, 2.0]], [[0.5]])
    >>> reverse = network.gradients([[1.0, 2.0]], [[0.5]])
    >>> all(np.allclose(a, b, rtol=1e-12) for a, b in zip(natural.parameters, reverse.parameters))
    True
    >>> forward_accumulation(network, [[1.0]], [[0.5]])
    Traceback (most recent call last):
        ...
    ValueError: X has 1 features per sample, shape (1, 1), but the network has 2 inputs
    """
    network.loss(X, Y)  # refuses what does not fit, with the message of the fast way
    X, Y = np.asarray(X, dtype=network.dtype), network.targets(Y)
    z, f = network.layers(X)
    _, delta = loss_and_delta(network.activations[-1], network.cost, z[-1], Y)
    if network.reduction == "mean":
        delta = delta / len(X)

    def sweep(k: int, array: Array, place: tuple[int, ...]) -> float:
        df = np.zeros_like(X)
        for layer, W in enumerate(network.weights):
            dz = product(df, W.T)
            if layer == k:
                dz[:, place[0]] += 1 if array.ndim == 1 else f[k][:, place[1]]
            if layer < len(network.weights) - 1:
                # Hidden activations have symmetric Jacobians (diagonal, or softmax's), so pulling back is pushing on.
                df = network.activations[layer].pullback(z[layer], f[layer + 1], dz)
        return float((delta * dz).sum())

    return _one_at_a_time(network, sweep)


def _one_at_a_time(network: Network, derivative: Callable[[int, Array, tuple[int, ...]], float]) -> ParameterGradients:
    """Return derivative(k, array, place) for every place of W_{k+1} and b_{k+1}, in arrays of their shapes."""

    def gradients(arrays: list[Array]) -> list[Array]:
        return [
            np.reshape([derivative(k, array, place) for place in np.ndindex(array.shape)], array.shape).astype(
                array.dtype
            )
            for k, array in enumerate(arrays)
        ]

    return ParameterGradients(gradients(network.weights), gradients(network.biases))
