"""The Hessian of the loss times a vector, by Pearlmutter's method: a derivative of the gradient along a direction.

========  =======================================  ==========================================
symbol    name                                     shape
========  =======================================  ==========================================
V_k, v_k  the vector: what W_k and b_k move by     of W_k and b_k
R{a}      da/dt of any quantity a, along W + t V   of a
z_k, f_k  pre-activations, activations             (m, n_k), see :mod:`nn.backprop`
g_k       dC/df_k                                  (m, n_k)
delta_k   dC/dz_k = g_k s'(z_k)                    (m, n_k)
========  =======================================  ==========================================

R is a derivative, so it obeys sum, product and chain rule. Applied to each line of back-propagation:

    R{z_k} = f_{k-1} V_k^T + R{f_{k-1}} W_k^T + v_k,            R{f_k} = s'(z_k) R{z_k}
    R{g_{k-1}} = delta_k V_k + R{delta_k} W_k,                  R{delta_k} = s''(z_k) R{z_k} g_k + s'(z_k) R{g_k}
    R{dC/dW_k} = delta_k^T R{f_{k-1}} + R{delta_k}^T f_{k-1},   R{dC/db_k} = sum over the samples of R{delta_k}

No Hessian is formed: the cost is that of about two gradients. Source: B. A. Pearlmutter, "Fast exact multiplication by
the Hessian" (Neural Computation 6, 1994), section 3. At a kink (relu at 0) the second derivative is taken as 0.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nn.activations import Activation, RowActivation, with_last_zero
from nn.arrays import Array, Namespace, namespace, total
from nn.backprop import forward, loss_and_delta, product
from nn.losses import Loss


def _no_curvature(z: Array, f: Array, slope: Array, xp: Namespace) -> Array:
    return 0 * slope  # rather than zeros_like: a nan stays a nan


# s''(z), given z, f = s(z) and slope = s'(z), in forms that lose no tail.
SECOND_DERIVATIVES: dict[str, Callable[[Array, Array, Array, Namespace], Array]] = {
    "identity": _no_curvature,
    "relu": _no_curvature,
    "leaky_relu": _no_curvature,
    "step": _no_curvature,
    "sign": _no_curvature,
    "tanh": lambda z, f, slope, xp: -2 * f * slope,
    "sigmoid": lambda z, f, slope, xp: -slope * xp.tanh(z / 2),  # s' (1 - 2s)
    "softplus": lambda z, f, slope, xp: slope / (1 + xp.exp(z)),  # s' is the sigmoid, 1 - s' its complement
    "gelu": lambda z, f, slope, xp: (2 - z * z) * xp.exp(-0.5 * z * z) / np.sqrt(2 * np.pi),
}


@np.errstate(over="ignore")
def hessian_vector_product(
    weights: Sequence[Array],
    biases: Sequence[Array],
    activations: Sequence[Activation],
    cost: Loss,
    X: Array,
    Y: Array,
    vector: Sequence[Array],
    *,
    reduction: str = "mean",
) -> list[Array]:
    """Return H v for the vector [V_1, v_1, V_2, v_2, ...], with the shapes of the parameters.

    All arrays are of one library and dtype, or arrays of objects.

    >>> from fractions import Fraction
    >>> from nn.activations import activation
    >>> from nn.losses import loss
    >>> W, b, x, y = (np.array([[Fraction(n)]], dtype=object) for n in (2, 1, 3, 5))
    >>> identity, squared_error = activation("identity"), loss("squared_error", "identity")
    >>> hessian_vector_product([W], [b[0]], [identity], squared_error, x, y, [W, b[0]])  # H = ((9, 3), (3, 1))
    [array([[Fraction(21, 1)]], dtype=object), array([Fraction(7, 1)], dtype=object)]
    """
    V, v = vector[::2], vector[1::2]
    z, f = forward(weights, biases, activations, X)
    scale = X.shape[0] if reduction == "mean" else 1

    Rf: list[Array] = [0 * X]
    Rz: list[Array] = []
    for k, s in enumerate(activations):
        moved = product(f[k], V[k].T) + v[k]
        Rz.append(moved if k == 0 else moved + product(Rf[k], weights[k].T))
        if k < len(weights) - 1:
            Rf.append(_pushforward(s, z[k], f[k + 1], Rz[k]))

    _, delta = loss_and_delta(activations[-1], cost, z[-1], Y)
    delta, Rdelta = delta / scale, _output_curvature(activations[-1], cost, z[-1], Y, Rz[-1]) / scale
    result: list[Array] = []
    for k in range(len(weights) - 1, -1, -1):
        by_weight = product(Rdelta.T, f[k])
        if k:
            by_weight = by_weight + product(delta.T, Rf[k])
        result = [by_weight, total(Rdelta, axis=0), *result]
        if k:
            g, Rg = product(delta, weights[k]), product(delta, V[k]) + product(Rdelta, weights[k])
            delta, Rdelta = _curved_pullback(activations[k - 1], z[k - 1], f[k], g, Rz[k - 1], Rg)
    return result


def _pushforward(s: Activation, z: Array, f: Array, Rz: Array) -> Array:
    """Return R{f}: s'(z) R{z}, or J R{z} where s mixes the units of a row."""
    if not isinstance(s, RowActivation):
        return s.derivative(z, f) * Rz
    if f.shape[-1] > Rz.shape[-1]:  # the modified softmax, whose last pre-activation stays at 0
        Rz = with_last_zero(Rz, namespace(Rz))
    return f * (Rz - total(f * Rz, axis=-1)[..., None])  # J = diag(f) - f f^T


def _curved_pullback(s: Activation, z: Array, f: Array, g: Array, Rz: Array, Rg: Array) -> tuple[Array, Array]:
    """Return delta = dC/dz and R{delta}, given g = dC/df and R{g}."""
    if isinstance(s, RowActivation):  # delta = f (g - f.g)
        Rf, centred = _pushforward(s, z, f, Rz), g - total(f * g, axis=-1)[..., None]
        Rdelta = Rf * centred + f * (Rg - total(Rf * g + f * Rg, axis=-1)[..., None])
        return s.pullback(z, f, g), Rdelta[..., : z.shape[-1]]
    slope = s.derivative(z, f)
    return slope * g, SECOND_DERIVATIVES[s.name](z, f, slope, namespace(z)) * Rz * g + slope * Rg


def _output_curvature(output: Activation, cost: Loss, z: Array, Y: Array, Rz: Array) -> Array:
    """Return R{delta_L} of the summed loss."""
    f = output(z)
    if cost.fused:  # delta_L = p - y, so R{delta_L} = R{p}
        return _pushforward(output, z, f, Rz)[..., : z.shape[-1]]
    _, g = cost.value_and_gradient(f, Y)
    Rf = _pushforward(output, z, f, Rz)
    Rg = Rf if cost.name == "squared_error" else 0 * Rf  # absolute error and hinge consist of straight pieces
    return _curved_pullback(output, z, f, g, Rz, Rg)[1]
