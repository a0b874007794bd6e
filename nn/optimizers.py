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
=============  =====================  ====================================================

An optimizer is made once and stepped many times: it changes the arrays of parameters in place, keeps its own buffers
from one step to the next, and never changes the gradients. Stepped with the gradient of all samples it is gradient
descent; with the gradient of a mini-batch it is the stochastic method of the same name.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(eq=False)
class Optimizer(ABC):
    """What every first-order optimizer shares: a learning rate, a count of steps, and buffers per parameter array.

    A new optimizer states how many ``buffers`` it needs per array (they start as zeros) and how one array is updated.
    """

    learning_rate: float
    steps: int = field(default=0, init=False, repr=False)
    _buffers: list[tuple[Array, ...]] = field(default_factory=list, init=False, repr=False)

    buffers: ClassVar[int]

    def __post_init__(self) -> None:
        if not (isinstance(self.learning_rate, Real) and 0 < self.learning_rate < math.inf):
            raise ValueError(f"learning_rate must be a positive number, got {self.learning_rate!r}; try 0.01")

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Change the parameters in place by one step, given the gradients in the same order.

        Parameters
        ----------
        parameters
            Arrays of float32 or float64 (or of exact numbers: object arrays of Fractions, where the formula has no
            root), such as ``network.parameters``: [W_1, b_1, W_2, b_2, ...].
        gradients
            One array per parameter, of the same shape.

        Raises
        ------
        ValueError
            If the two lists do not match, or the parameters are not those of the first step.
        TypeError
            If a parameter array cannot hold fractions.

        Examples
        --------
        >>> w = np.array([1.0, -2.0])
        >>> GradientDescent(learning_rate=0.25).step([w], [np.array([2.0, 4.0])])
        >>> w
        array([ 0.5, -3. ])
        >>> GradientDescent(learning_rate=0.25).step([w], [np.array([2.0])])
        Traceback (most recent call last):
        ValueError: gradient 0 has shape (1,), but its parameter has shape (2,)
        """
        self._match(parameters, gradients)
        self.steps += 1
        for parameter, gradient, buffers in zip(parameters, gradients, self._buffers, strict=True):
            self._update(parameter, gradient, buffers)

    def _match(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        shapes = [parameter.shape for parameter in parameters]
        if shapes != [gradient.shape for gradient in gradients]:
            self._refuse(shapes, [gradient.shape for gradient in gradients])
        if not self._buffers:
            self._buffers = [self._allocate(index, parameter) for index, parameter in enumerate(parameters)]
        kept = [buffers[0].shape for buffers in self._buffers]
        if shapes != kept:
            raise ValueError(
                f"this {type(self).__name__} was first stepped with parameters of shapes {kept}, now with {shapes}; "
                "make a new optimizer for a new network"
            )

    def _refuse(self, parameters: list[tuple[int, ...]], gradients: list[tuple[int, ...]]) -> NoReturn:
        if len(parameters) != len(gradients):
            raise ValueError(f"{len(parameters)} parameter arrays need as many gradients, got {len(gradients)}")
        index = next(i for i, pair in enumerate(zip(parameters, gradients, strict=True)) if pair[0] != pair[1])
        raise ValueError(
            f"gradient {index} has shape {gradients[index]}, but its parameter has shape {parameters[index]}"
        )

    def _allocate(self, index: int, parameter: Array) -> tuple[Array, ...]:
        if parameter.dtype.kind not in "fO":
            raise TypeError(
                f"parameter {index} is an array of {parameter.dtype}, which cannot hold a small step; use float64"
            )
        return tuple(np.zeros_like(parameter) for _ in range(self.buffers))

    @abstractmethod
    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        """Update one array in place; ``buffers`` are its own, kept between steps, and zero before the first."""


@dataclass(eq=False)
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


@dataclass(eq=False)
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
        _check_share("momentum", self.momentum, 0.9)

    def _update(self, parameter: Array, gradient: Array, buffers: tuple[Array, ...]) -> None:
        displacement, pull = buffers
        displacement *= self.momentum
        np.multiply(gradient, self.learning_rate, out=pull)
        displacement -= pull
        parameter += displacement


@dataclass(eq=False)
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
        _check_share("beta1", self.beta1, 0.9)
        _check_share("beta2", self.beta2, 0.999)
        if not 0 < self.epsilon < math.inf:
            raise ValueError(f"epsilon must be a positive number, got {self.epsilon!r}; try 1e-8")

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


# The names by which the command line and `train` know the optimizers.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": GradientDescent, "momentum": Momentum, "adam": Adam}

# What the learning rate is multiplied by when a share (0 at the start, 1 at the end) of a training's epochs is done.
Schedule = Callable[[float], float]
SCHEDULES: dict[str, Schedule] = {"constant": lambda done: 1.0, "linear": lambda done: 1.0 - done}


def _check_share(name: str, value: float, usual: float) -> None:
    if not (isinstance(value, Real) and 0 <= value < 1):
        raise ValueError(f"{name} must be in [0, 1), got {value!r}; try {usual}")
