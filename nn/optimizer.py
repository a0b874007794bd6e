"""What first-order optimizers have in common: how parameters, gradients and buffers are matched, and checked.

The methods themselves, and a glossary of their symbols, are in :mod:`nn.optimizers`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(eq=False, repr=False)
class Optimizer(ABC):
    """What every first-order optimizer shares: a learning rate, weight decay, steps, and buffers per parameter array.

    A new optimizer states how many ``buffers`` it needs per array (they start as zeros) and how one array is updated.
    With ``weight_decay=lambda`` the gradient of lambda/2 ||w||^2 is added to that of the loss: g + lambda w (A. Krogh
    and J. Hertz, "A simple weight decay can improve generalization", 1991), for every array, biases included.
    """

    learning_rate: float
    weight_decay: float = field(default=0.0, kw_only=True)
    steps: int = field(default=0, init=False, repr=False)
    _buffers: list[tuple[Array, ...]] = field(default_factory=list, init=False, repr=False)

    buffers: ClassVar[int]

    def __post_init__(self) -> None:
        if not (isinstance(self.learning_rate, Real) and 0 < self.learning_rate < math.inf):
            raise ValueError(f"learning_rate must be a positive number, got {self.learning_rate!r}; try 0.01")
        if not (isinstance(self.weight_decay, Real) and 0 <= self.weight_decay < math.inf):
            raise ValueError(f"weight_decay must be a number from 0 on, got {self.weight_decay!r}; try 1e-4")

    def __repr__(self) -> str:
        shown = [f for f in fields(self) if f.repr and (f.name != "weight_decay" or self.weight_decay)]
        return f"{type(self).__name__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"

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
        >>> from nn.optimizers import GradientDescent
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
            self._update(parameter, self._decayed(parameter, gradient), buffers)

    def _decayed(self, parameter: Array, gradient: Array) -> Array:
        """Return the gradient with that of the penalty on large weights."""
        return gradient + self.weight_decay * parameter if self.weight_decay else gradient

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


def check_share(name: str, value: float, usual: float) -> None:
    """Refuse what is no share from 0 to below 1.

    >>> check_share("momentum", 0.5, 0.9)
    >>> check_share("momentum", 1.5, 0.9)
    Traceback (most recent call last):
    ValueError: momentum must be in [0, 1), got 1.5; try 0.9
    """
    if not (isinstance(value, Real) and 0 <= value < 1):
        raise ValueError(f"{name} must be in [0, 1), got {value!r}; try {usual}")


def check_epsilon(epsilon: float) -> None:
    """Refuse an epsilon that keeps no division from zero.

    >>> check_epsilon(1e-8)
    >>> check_epsilon(0.0)
    Traceback (most recent call last):
    ValueError: epsilon must be a positive number, got 0.0; try 1e-8
    """
    if not 0 < epsilon < math.inf:
        raise ValueError(f"epsilon must be a positive number, got {epsilon!r}; try 1e-8")
