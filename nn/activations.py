"""Activations: the functions s_k of f_k = s_k(z_k), each with its derivative, in forms that lose no tail.

======  ===========================  =========================================================
symbol  name                         shape
======  ===========================  =========================================================
z       pre-activation               (m, n): one sample per row
f       activation, s(z)             (m, n)
g       upstream, dC/df              (m, n): the derivative of the cost by f
p       pullback, dC/dz              (m, n): g * s'(z), or J^T g where s mixes the units of a row
======  ===========================  =========================================================

No derivative whose true value is a normal number comes out as 0, inf or nan. That is why tanh' is not 1 - f*f (0 once f
rounds to 1), and sigmoid' not f*(1 - f). Where a function has a kink, the derivative is the value from the left: 0 for
relu at 0, the slope for leaky_relu. A nan stays a nan.

The formulas run on arrays of any library, see :mod:`nn.arrays`. gelu needs erfc, which the array API lacks: on NumPy
arrays it is computed element by element.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.arrays import Array, Namespace, call_method, has_method, largest, lookup, namespace, total

LEAK = 0.01  # leaky_relu's slope on the left: the usual one (PyTorch, Maas et al. 2013)


@dataclass(frozen=True, eq=False)
class Activation:
    """A function of each pre-activation by itself, with its derivative.

    >>> tanh = ACTIVATIONS["tanh"]
    >>> z = np.array([0.0, 30.0])
    >>> tanh(z)
    array([0., 1.])
    >>> tanh.derivative(z)  # 1 - tanh(30)**2 would be 0
    array([1.00000000e+00, 3.50260431e-26])
    """

    name: str
    formula: str
    _value: Callable[[Array, Namespace], Array]
    _derivative: Callable[[Array, Array, Namespace], Array]

    def __call__(self, z: Array) -> Array:
        """Return f = s(z), of the shape of z."""
        if has_method(z, self.name):
            return call_method(z, self.name)
        return self._value(z, namespace(z))

    def derivative(self, z: Array, f: Array | None = None) -> Array:
        """Return s'(z), of the shape of z; f = s(z) saves time where it is known."""
        return self._derivative(z, self(z) if f is None else f, namespace(z))

    def pullback(self, z: Array, f: Array, g: Array) -> Array:
        """Return dC/dz = g * s'(z), given f = s(z) and g = dC/df."""
        return g * self.derivative(z, f)


@dataclass(frozen=True, eq=False)
class Identity(Activation):
    """The function that changes nothing, and so costs nothing on the way back."""

    def pullback(self, z: Array, f: Array, g: Array) -> Array:
        """Return g itself."""
        return g


@dataclass(frozen=True, eq=False)
class Relu(Activation):
    """The function max(z, 0), whose pullback only has to choose."""

    def pullback(self, z: Array, f: Array, g: Array) -> Array:
        """Return g where z > 0, else 0; where z is nan, so is g already."""
        return g * namespace(z).asarray(z > 0, dtype=g.dtype)


@dataclass(frozen=True, eq=False)
class RowActivation(Activation):
    """A function of a whole row: its derivative is a Jacobian, which is never formed.

    >>> softmax = ACTIVATIONS["softmax"]
    >>> z = np.array([[0.0, 800.0]])
    >>> f = softmax(z)
    >>> f
    array([[0., 1.]])
    >>> softmax.derivative(z)
    Traceback (most recent call last):
        ...
    TypeError: softmax has a Jacobian, not a derivative for each unit; use pullback(z, f, g)
    """

    def derivative(self, z: Array, f: Array | None = None) -> Array:
        """Refuse: a row function has no derivative for each unit."""
        raise TypeError(f"{self.name} has a Jacobian, not a derivative for each unit; use pullback(z, f, g)")

    def pullback(self, z: Array, f: Array, g: Array) -> Array:
        """Return dC/dz = J^T g of each row, given f = s(z) and g = dC/df."""
        return self._derivative(f, g, namespace(z))


def _identity(z: Array, xp: Namespace) -> Array:
    return z


def _one(z: Array, f: Array, xp: Namespace) -> Array:
    return xp.ones_like(z)


def _relu(z: Array, xp: Namespace) -> Array:
    zeros = xp.zeros_like(
        z[:1, ...] if z.ndim > 1 else z
    )  # NumPy compares with a row three times as fast as with a number
    return xp.maximum(z, zeros)


def _is_positive(z: Array, xp: Namespace) -> Array:
    """Return 1 where z > 0, 0 elsewhere, nan where z is nan, as numbers."""
    return xp.sign(_relu(z, xp))


def _relu_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    return xp.sign(f)


def _leaky_relu(z: Array, xp: Namespace) -> Array:
    return xp.maximum(z, LEAK * z)


def _leaky_relu_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    positive = _is_positive(z, xp)
    return positive + LEAK * (1 - positive)


# In both, overflow to inf gives the right limit, 0, where the true value is below the smallest normal number.
@np.errstate(over="ignore")
def _sigmoid(z: Array, xp: Namespace) -> Array:
    return 1 / (1 + xp.exp(-z))


@np.errstate(over="ignore")
def _sigmoid_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    """Return f * (1 - f), with the complement 1 - f = sigmoid(-z) = 1 / (1 + exp(z)) computed directly."""
    if has_method(z, "sigmoid"):
        return f * call_method(-z, "sigmoid")
    return f / (1 + xp.exp(z))


def _tanh(z: Array, xp: Namespace) -> Array:
    return xp.tanh(z)


@np.errstate(over="ignore")
def _tanh_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    cosh = xp.cosh(z)
    return 1 / (cosh * cosh)


def _softplus(z: Array, xp: Namespace) -> Array:
    return _relu(z, xp) + xp.log1p(xp.exp(-xp.abs(z)))


def _softplus_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    return _sigmoid(z, xp)


def _erfc(z: Array, xp: Namespace) -> Array:
    """Return the complementary error function, which every library keeps elsewhere."""
    if xp is np:
        erfc = (lambda element: element.erfc()) if has_method(z, "erfc") else math.erfc
        return np.asarray(np.frompyfunc(erfc, 1, 1)(z), dtype=z.dtype)
    library = xp.__name__.partition(".")[0]
    homes = {"torch": "torch.special", "jax": "jax.scipy.special", "cupy": "cupyx.scipy.special"}
    if library not in homes:
        raise TypeError(f"gelu needs erfc, which {library} arrays do not have; use NumPy, PyTorch, JAX or CuPy arrays")
    return importlib.import_module(homes[library]).erfc(z)


def _within(z: Array, bound: float, xp: Namespace) -> Array:
    """Return z moved into [-bound, bound]."""
    ends = xp.full_like(z, bound)
    return xp.minimum(xp.maximum(z, -ends), ends)


# Left of -40 the normal distribution function is below the smallest double, and -inf * 0 would be nan.
def _gelu(z: Array, xp: Namespace) -> Array:
    left = xp.maximum(z, xp.full_like(z, -40.0))
    return left * (0.5 * _erfc(left * -math.sqrt(0.5), xp))


def _gelu_derivative(z: Array, f: Array, xp: Namespace) -> Array:
    z = _within(z, 40.0, xp)
    return 0.5 * _erfc(z * -math.sqrt(0.5), xp) + z * (xp.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi)))


def _zero(z: Array, f: Array, xp: Namespace) -> Array:
    return 0 * xp.sign(z)  # rather than zeros_like: a nan stays a nan


def _step(z: Array, xp: Namespace) -> Array:
    return _is_positive(z, xp)


def _sign(z: Array, xp: Namespace) -> Array:
    return xp.sign(z)


def _softmax(z: Array, xp: Namespace) -> Array:
    e = xp.exp(z - largest(z, axis=-1)[..., None])
    return e / total(e, axis=-1)[..., None]


def _softmax_pullback(f: Array, g: Array, xp: Namespace) -> Array:
    """Return J^T g for J = diag(f) - f f^T: f * (g - f.g).

    Once one f rounds to 1, its g - f.g would be 0. A constant added to g changes nothing, since the f of a row sum to
    1; so the mean is taken off first, and what remains of f.g is the part of the small f.
    """
    h = g - total(f * g, axis=-1)[..., None]
    return f * (h - total(f * h, axis=-1)[..., None])


def with_last_zero(z: Array, xp: Namespace) -> Array:
    """Return the K-1 pre-activations of each row with a K-th that is always 0.

    >>> with_last_zero(np.array([[1.0, 2.0]]), np)
    array([[1., 2., 0.]])
    """
    concat = getattr(xp, "concat", None) or xp.concatenate  # NumPy before 2.0
    return concat([z, xp.zeros_like(z[..., :1])], axis=-1)


def _modified_softmax(z: Array, xp: Namespace) -> Array:
    return _softmax(with_last_zero(z, xp), xp)


def _modified_softmax_pullback(f: Array, g: Array, xp: Namespace) -> Array:
    return _softmax_pullback(f, g, xp)[..., :-1]


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Identity("identity", "z", _identity, _one),
        Relu("relu", "max(z, 0)", _relu, _relu_derivative),
        Activation("leaky_relu", "max(z, 0.01 z)", _leaky_relu, _leaky_relu_derivative),
        Activation("sigmoid", "1 / (1 + exp(-z))", _sigmoid, _sigmoid_derivative),
        Activation("tanh", "tanh(z)", _tanh, _tanh_derivative),
        Activation("softplus", "log(1 + exp(z))", _softplus, _softplus_derivative),
        Activation("gelu", "z (1 + erf(z / sqrt 2)) / 2", _gelu, _gelu_derivative),
        Activation("step", "1 if z > 0 else 0", _step, _zero),  # the perceptron's; Nielsen, chapter 1
        Activation("sign", "-1, 0 or 1", _sign, _zero),
        RowActivation("softmax", "exp(z_i) / sum_j exp(z_j)", _softmax, _softmax_pullback),
        # Roch, Math 535, topic 3.7: K - 1 inputs, K probabilities, the last pre-activation fixed at 0.
        RowActivation("modified_softmax", "softmax([z, 0])", _modified_softmax, _modified_softmax_pullback),
    )
}


def activation(name: str | Activation) -> Activation:
    """Return an activation by its name; an Activation is returned as it is.

    >>> activation("relu").formula
    'max(z, 0)'
    >>> activation("sigmoyd")
    Traceback (most recent call last):
        ...
    ValueError: unknown activation 'sigmoyd'; did you mean 'sigmoid'? (there are: identity, relu, leaky_relu, sigmoid, \
tanh, softplus, gelu, step, sign, softmax, modified_softmax)
    """
    return name if isinstance(name, Activation) else lookup("activation", name, ACTIVATIONS)
