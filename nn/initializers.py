"""Initializers: how the parameters of a layer are drawn.

=========  ==========================================================
symbol     meaning
=========  ==========================================================
n_{k-1}    fan-in: inputs of a unit of the layer
n_k        fan-out: units of the layer
W, b       its weights, shape (n_k, n_{k-1}), and biases, shape (n_k,)
=========  ==========================================================

=========  =====================================  =========  ==============================================
name       weights                                biases     source
=========  =====================================  =========  ==============================================
glorot     U(-r, r), r = sqrt(6/(n_{k-1} + n_k))  as W       Glorot and Bengio (2010), equation 16
he         N(0, 2/n_{k-1})                        0          He, Zhang, Ren, Sun (2015), equation 10; relu
lecun      N(0, 1/n_{k-1})                        0          LeCun, Bottou, Orr, Mueller (1998), section 4.6
uniform    U(-1, 1)                               0          A. Karpathy, micrograd
normal     N(0, 1)                                N(0, 1)    M. Nielsen, network.py
=========  =====================================  =========  ==============================================

The biases of glorot are drawn as its weights are, as in scikit-learn's networks.
"""

import math
from collections.abc import Callable

import numpy as np

from nn.arrays import Array, lookup

Initializer = Callable[[np.random.Generator, int, int], tuple[Array, Array]]


def glorot(rng: np.random.Generator, below: int, units: int) -> tuple[Array, Array]:
    """Return W and b, uniform in [-r, r] with r = sqrt(6 / (below + units)): for tanh and sigmoid.

    >>> W, b = glorot(np.random.default_rng(0), 4, 2)  # r is 1
    >>> W.shape, b.shape, bool(abs(W).max() <= 1)
    ((2, 4), (2,), True)
    """
    r = math.sqrt(6 / (below + units))
    return rng.uniform(-r, r, (units, below)), rng.uniform(-r, r, units)


def he(rng: np.random.Generator, below: int, units: int) -> tuple[Array, Array]:
    """Return W normal with variance 2 / below, and b = 0: for relu, which halves the mean square.

    >>> W, b = he(np.random.default_rng(0), 200, 100)
    >>> round(float(200 * W.var()), 1), bool(b.any())
    (2.0, False)
    """
    return math.sqrt(2 / below) * rng.standard_normal((units, below)), np.zeros(units)


def lecun(rng: np.random.Generator, below: int, units: int) -> tuple[Array, Array]:
    """Return W normal with variance 1 / below, and b = 0: sums keep the variance of what is summed.

    >>> W, b = lecun(np.random.default_rng(0), 200, 100)
    >>> round(float(200 * W.var()), 1), bool(b.any())
    (1.0, False)
    """
    return math.sqrt(1 / below) * rng.standard_normal((units, below)), np.zeros(units)


def uniform(rng: np.random.Generator, below: int, units: int) -> tuple[Array, Array]:
    """Return W uniform in [-1, 1], and b = 0, as micrograd does.

    >>> W, b = uniform(np.random.default_rng(0), 200, 100)
    >>> round(float(abs(W).max()), 3), bool(b.any())
    (1.0, False)
    """
    return rng.uniform(-1, 1, (units, below)), np.zeros(units)


def normal(rng: np.random.Generator, below: int, units: int) -> tuple[Array, Array]:
    """Return W and b normal with variance 1, as Nielsen's network.py does (its large sums saturate wide layers).

    >>> W, b = normal(np.random.default_rng(0), 200, 100)
    >>> round(float(W.var()), 1), b.shape
    (1.0, (100,))
    """
    return rng.standard_normal((units, below)), rng.standard_normal(units)


INITIALIZERS: dict[str, Initializer] = {
    "glorot": glorot,
    "he": he,
    "lecun": lecun,
    "uniform": uniform,
    "normal": normal,
}


def initializer(name: str | Initializer) -> Initializer:
    """Return an initializer by its name; a function is returned as it is.

    >>> W, b = initializer("he")(np.random.default_rng(0), 3, 2)
    >>> W.shape, b
    ((2, 3), array([0., 0.]))
    >>> initializer("xavier")
    Traceback (most recent call last):
        ...
    ValueError: unknown initializer 'xavier'; there are: glorot, he, lecun, uniform, normal
    """
    return name if callable(name) else lookup("initializer", name, INITIALIZERS)
