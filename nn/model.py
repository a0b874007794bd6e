"""What training asks of a model, and samples and targets that are checked against it.

`nn.matrix.Network` has all of it, and so has a loss that `engine.lift.lift` made of scalar code; so may a class of
your own.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from nn.arrays import Array
from nn.samples import refuse_non_finite


class BatchGradients(Protocol):
    """The loss of a batch, and one gradient for each array of `Model.parameters`."""

    @property
    def loss(self) -> Any:
        """The loss: a number."""
        ...

    @property
    def parameters(self) -> list[Array]:
        """The gradients, in the order and the shapes of the parameters."""
        ...


class Model(Protocol):
    """A loss over samples and targets, with parameters that can be changed."""

    @property
    def parameters(self) -> list[Array]:
        """The arrays of the parameters themselves, changed in place by an optimizer."""
        ...

    @property
    def reduction(self) -> str:
        """Whether the loss of a batch is the "mean" of its samples' losses, or their "sum"."""
        ...

    def samples(self, X: Array) -> Array:
        """Return samples as an array of the model's type, one per row; a ValueError says what does not fit."""
        ...

    def targets(self, Y: Array) -> Array:
        """Return targets as an array of the model's type, one row per sample; a ValueError says what does not fit."""
        ...

    def loss(self, X: Array, Y: Array) -> float:
        """Return the loss of a batch."""
        ...

    def stepper(self, samples: int) -> Callable[[Array, Array], BatchGradients]:
        """Return what makes the gradients of a batch of up to so many checked samples.

        They may be overwritten by the next call.
        """
        ...


@runtime_checkable
class Classifier(Protocol):
    """A model that can say what it thinks of samples, so that `nn.training.accuracy` can count what is right."""

    def predict(self, X: Array) -> Array:
        """Return the predicted classes, whole numbers of shape (m,) or (m, n); other numbers are no classes."""
        ...


# A sum that overflows is told by an error with a cure, if it must be; NumPy's warning would come first and say less.
@np.errstate(over="ignore", invalid="ignore")
def checked(model: Model, x: Array, y: Array) -> tuple[Array, Array]:
    """Return samples and targets as the model takes them, checked once for a whole training.

    Raises
    ------
    ValueError
        If they do not fit the model or each other, or hold a nan or infinity.

    >>> from nn.matrix import Network
    >>> samples, targets = checked(Network([1, 1]), [[1], [2]], [0, 1])
    >>> samples.tolist(), targets.tolist()
    ([[1.0], [2.0]], [[0.0], [1.0]])
    >>> checked(Network([1, 1]), [[1], [2]], [0])
    Traceback (most recent call last):
    ValueError: every sample needs a target; got 2 samples and 1 targets
    """
    samples, targets = model.samples(x), model.targets(y)
    if len(samples) != len(targets):
        raise ValueError(f"every sample needs a target; got {len(samples)} samples and {len(targets)} targets")
    for name, array in (("x", samples), ("y", targets)):
        if not np.isfinite(array.sum()):  # three times as fast as a look at each, which follows where the sum overflows
            refuse_non_finite(name, array.reshape(len(array), -1))
    return samples, targets


def largest_product(model: Model, samples: int) -> int:
    """Return about how many multiplications the largest matrix product of a batch has: samples by weights.

    >>> from nn.matrix import Network
    >>> largest_product(Network([784, 32, 10]), 128) == 128 * 784 * 32
    True

    Raises
    ------
    ValueError
        If there is nothing to train.
    """
    sizes: list[int] = [array.size for array in model.parameters]
    if not sizes:
        raise ValueError(f"{model!r} has no parameters, so there is nothing to train")
    return samples * max(sizes)


def whole(name: str, value: int) -> int:
    """Return a positive whole number; a ValueError names anything else.

    >>> whole("epochs", np.int64(3))
    3
    >>> whole("epochs", 0)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number from 1 on, got 0
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 on, got {value!r}")
    return int(value)
