"""Optimizers: how one step changes the parameters, given the gradients of the loss.

Symbols (one parameter array at a time; every array below has its shape):

=============  =====================  ====================================================
symbol         name                   meaning
=============  =====================  ====================================================
w              parameter              weights W_k of shape (n_k, n_{k-1}), or biases b_k of shape (n_k,)
g              gradient               d loss / d w
alpha          learning_rate          the length of a step
beta           momentum               the share of the last displacement that is kept
d              displacement           w_j - w_{j-1}, the last change of w
m, v           first, second moment   running means of g and of g * g
beta1, beta2   beta1, beta2           the shares of m and v that are kept
lambda         weight_decay           the share of w that is added to g, see :class:`nn.optimizer.Optimizer`
=============  =====================  ====================================================

An optimizer is made once and stepped many times: it changes the arrays of parameters in place, keeps its own buffers
from one step to the next, and never changes the gradients. Stepped with the gradient of all samples it is gradient
descent; with the gradient of a mini-batch it is the stochastic method of the same name. L-BFGS, which chooses its own
steps, is in :mod:`nn.lbfgs`; schedules of the learning rate are in :mod:`nn.schedules`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from nn.optimizer import Array, Optimizer, check_epsilon, check_share


@dataclass(eq=False, repr=False)
class GradientDescent(Optimizer):
    """Gradient descent, and with mini-batches stochastic gradient descent: w <- w - alpha g.

    Source: A. Cauchy (1847); H. Robbins and S. Monro (1951) for the stochastic form.

    Examples
    --------
    >>> w, optimizer = np.array([3.0]), GradientDescent(learning_rate=0.5)
    >>> for _ in range(3):
    ...     optimizer.step([w], [w])  # the gradient of w**2 / 2 is w
    >>> w
    array([0.375])
    >>> GradientDescent(learning_rate=-0.5)
    Traceback (most recent call last):
    ValueError: learning_rate must be a positive number, got -0.5; try 0.01
    """

    learning_rate: float = 0.1
    buffers: ClassVar[int] = 1

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        (change,) = buffers
        np.multiply(gradient, self.learning_rate, out=change)
        parameter -= change


@dataclass(eq=False, repr=False)
class Momentum(Optimizer):
    """Heavy-ball momentum: d <- beta d - alpha g, then w <- w + d.

    Written out: w_{j+1} = w_j - alpha g_j + beta (w_j - w_{j-1}). Source: B. T. Polyak, "Some methods of speeding up
    the convergence of iteration methods" (1964), equation (9).

    PyTorch's ``SGD(momentum=beta)`` keeps v <- beta v + g and steps w <- w - alpha v. The two are the same while alpha
    is constant (d = -alpha v); when alpha is changed on the way, PyTorch rescales the past displacement with it and
    this class, like Polyak's formula, does not.

    Examples
    --------
    >>> w, optimizer = np.array([8.0]), Momentum(learning_rate=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.step([w], [w])  # 8 -> 8 - 4 = 4, then 4 - 2 + (4 - 8) / 2
    >>> w
    array([0.])
    >>> Momentum(momentum=1.0)
    Traceback (most recent call last):
    ValueError: momentum must be in [0, 1), got 1.0; try 0.9
    """

    learning_rate: float = 0.1
    momentum: float = 0.9
    buffers: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share("momentum", self.momentum, 0.9)

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        displacement, pull = buffers
        displacement *= self.momentum
        np.multiply(gradient, self.learning_rate, out=pull)
        displacement -= pull
        parameter += displacement


@dataclass(eq=False, repr=False)
class Nesterov(Momentum):
    """Nesterov's accelerated gradient, with the gradient taken at the parameters that are kept.

    Nesterov evaluates g at the point ahead, y = w + beta d: d <- beta d - alpha g(y), w <- w + d. Here, as in most
    libraries, the array holds y: d <- beta d - alpha g, then y <- y + beta d - alpha g. Sources: Y. Nesterov, "A method
    of solving a convex programming problem with convergence rate O(1/k^2)" (1983); the substitution is that of
    Y. Bengio, N. Boulanger-Lewandowski and R. Pascanu, "Advances in optimizing recurrent networks" (2013), section 3.5.

    Examples
    --------
    >>> w, optimizer = np.array([8.0]), Nesterov(learning_rate=0.5, momentum=0.5)
    >>> optimizer.step([w], [w])  # d = -4, then 8 - 2 - 4
    >>> w
    array([2.])
    >>> Nesterov(momentum=-0.5)
    Traceback (most recent call last):
    ValueError: momentum must be in [0, 1), got -0.5; try 0.9
    """

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        displacement, pull = buffers
        displacement *= self.momentum
        np.multiply(gradient, self.learning_rate, out=pull)
        displacement -= pull
        parameter -= pull
        np.multiply(displacement, self.momentum, out=pull)
        parameter += pull


@dataclass(eq=False, repr=False)
class RMSProp(Optimizer):
    """RMSProp: the gradient over the root of its running mean square.

    v <- rho v + (1 - rho) g^2,  w <- w - alpha g / (sqrt(v) + epsilon). Source: G. Hinton, Neural Networks for Machine
    Learning (2012), lecture 6e; epsilon outside the root, as in PyTorch.

    Examples
    --------
    The first step has the length alpha / sqrt(1 - rho), whatever the size of the gradient:

    >>> w = np.zeros(2)
    >>> RMSProp(learning_rate=0.5, rho=0.75).step([w], [np.array([1e-3, -1e3])])
    >>> w.round(3)
    array([-1.,  1.])
    >>> RMSProp(rho=1.0)
    Traceback (most recent call last):
    ValueError: rho must be in [0, 1), got 1.0; try 0.99
    """

    learning_rate: float = 0.001
    rho: float = 0.99
    epsilon: float = 1e-8
    buffers: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share("rho", self.rho, 0.99)
        check_epsilon(self.epsilon)

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        v, change = buffers
        v *= self.rho
        np.multiply(gradient, gradient, out=change)
        change *= 1 - self.rho
        v += change
        np.sqrt(v, out=change)
        change += self.epsilon
        np.divide(gradient, change, out=change)
        change *= self.learning_rate
        parameter -= change


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """Adam: each weight's step is its mean gradient over the root of its mean squared gradient.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  w <- w - alpha (m / c1) / (sqrt(v / c2) + epsilon)
    with the corrections c1 = 1 - beta1^t and c2 = 1 - beta2^t in step t, because m and v start at zero. Source:
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization" (ICLR 2015), Algorithm 1.

    Examples
    --------
    The first step has the length alpha, whatever the size of the gradient:

    >>> w = np.zeros(3)
    >>> Adam(learning_rate=0.5).step([w], [np.array([1e-4, -1.0, 1e4])])
    >>> w.round(3)
    array([-0.5,  0.5, -0.5])

    A weight without a gradient stays where it is:

    >>> w = np.array([1.0])
    >>> Adam().step([w], [np.array([0.0])])
    >>> w
    array([1.])
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    buffers: ClassVar[int] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share("beta1", self.beta1, 0.9)
        check_share("beta2", self.beta2, 0.999)
        check_epsilon(self.epsilon)

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        # m and v are kept without their factors 1 - beta: those, and both corrections, go into two scalars (section 2
        # of the paper does so with the corrections), which saves four of thirteen passes over the array.
        m, v, change = buffers
        m *= self.beta1
        m += gradient
        v *= self.beta2
        np.multiply(gradient, gradient, out=change)
        v += change
        scale = math.sqrt((1 - self.beta2**self.steps) / (1 - self.beta2))
        np.sqrt(v, out=change)
        change += self.epsilon * scale
        np.divide(m, change, out=change)
        change *= self.learning_rate * scale * (1 - self.beta1) / (1 - self.beta1**self.steps)
        parameter -= change


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay: w <- w - alpha lambda w, then Adam's step with the gradient of the loss alone.

    Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization" (ICLR 2019), Algorithm 2, with the
    schedule's factor in alpha, as in PyTorch.

    Examples
    --------
    A weight without a gradient decays, by the same share whatever the second moment is:

    >>> w = np.array([1.0])
    >>> AdamW(learning_rate=0.5, weight_decay=0.5).step([w], [np.array([0.0])])
    >>> w
    array([0.75])
    >>> AdamW(weight_decay=-1)
    Traceback (most recent call last):
    ValueError: weight_decay must be a number from 0 on, got -1; try 1e-4
    """

    weight_decay: float = field(default=0.01, kw_only=True)

    def _decayed(self, parameter: Array, gradient: Array) -> Array:
        parameter *= 1 - self.learning_rate * self.weight_decay
        return gradient


# The names by which the command line and `train` know the optimizers.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}
