"""L-BFGS, through SciPy, on the parameters of a network laid end to end in one vector.

L-BFGS keeps the last few steps and differences of gradients, and from them a direction close to Newton's; a line search
chooses the length. It needs the gradient of all samples, not of mini-batches. Sources: D. C. Liu and J. Nocedal, "On
the limited memory BFGS method for large scale optimization" (1989); SciPy runs the code of Byrd, Lu, Nocedal and Zhu.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.arrays import Array
from nn.history import History
from nn.model import Model, checked, largest_product, whole
from nn.progress import ProgressBar
from nn.threads import one_thread_if_small


def flatten(arrays: Sequence[Array]) -> Array:
    """Return all entries of the arrays in one vector of float64.

    >>> flatten([np.array([[1, 2]]), np.array([3])])
    array([1., 2., 3.])
    >>> flatten([])
    array([], dtype=float64)
    """
    return np.concatenate([np.empty(0), *(np.ravel(array) for array in arrays)]).astype(np.float64)


def unflatten(vector: Array, arrays: Sequence[Array]) -> None:
    """Write the entries of a vector into the arrays, in place.

    >>> a, b = np.zeros((1, 2)), np.zeros(1)
    >>> unflatten(np.array([1.0, 2.0, 3.0]), [a, b])
    >>> a, b
    (array([[1., 2.]]), array([3.]))
    >>> unflatten(np.zeros(2), [a, b])
    Traceback (most recent call last):
        ...
    ValueError: 3 parameters need a vector of shape (3,), got (2,)
    """
    size = sum(array.size for array in arrays)
    if vector.shape != (size,):
        raise ValueError(f"{size} parameters need a vector of shape ({size},), got {vector.shape}")
    start = 0
    for array in arrays:
        array[...] = vector[start : start + array.size].reshape(array.shape)
        start += array.size


def lbfgs(
    network: Model,
    x: Array,
    y: Array,
    *,
    iterations: int = 100,
    memory: int = 10,
    stop_below: float = -np.inf,
    progress: bool | None = None,
) -> History:
    """Train a network in place by L-BFGS on all samples, and return the loss after each iteration.

    Parameters
    ----------
    network
        A `Network`, a lifted loss of a sample and its target, or another `Model`; its parameters are changed in place.
    x, y
        The samples, one per row, (m, n_0) for a `Network`, and their targets as the network's loss takes them.
    iterations
        How many at most; each takes one or a few gradients.
    memory
        How many steps are kept.
    stop_below
        A loss that is low enough.
    progress
        Show a progress bar: True, False, or None for where a terminal or a notebook shows it.

    Returns
    -------
    History
        With ``interrupted=True`` if Ctrl-C stopped it; the network has the weights of the last whole iteration.

    Raises
    ------
    ImportError
        If SciPy is missing (it comes with the extra ``data``).
    ValueError
        If iterations or memory is no positive whole number, or x and y do not match.

    Examples
    --------
    >>> from nn.matrix import Network
    >>> x = np.linspace(-1, 1, 20)[:, np.newaxis]
    >>> network = Network([1, 1], rng=0)
    >>> history = lbfgs(network, x, 2 * x - 1)
    >>> network.weights[0].round(6), network.biases[0].round(6), history.epochs < 10
    (array([[2.]]), array([-1.]), True)
    >>> lbfgs(network, x, x, iterations=0)
    Traceback (most recent call last):
    ValueError: iterations must be a whole number from 1 on, got 0
    """
    iterations, memory = whole("iterations", iterations), whole("memory", memory)
    minimize, batch = _minimize(), checked(network, x, y)
    small = one_thread_if_small(largest_product(network, len(batch[0])))
    with small, ProgressBar(iterations, "L-BFGS", show=progress) as bar:
        run = _Run(network, *batch, stop_below, bar)
        # ftol=0 and the small gtol leave the end to the number of iterations.
        options = {"maxiter": iterations, "maxcor": memory, "maxfun": 20 * iterations, "ftol": 0.0, "gtol": 1e-12}
        try:
            minimize(run.loss_and_gradient, run.best, jac=True, method="L-BFGS-B", callback=run.record, options=options)
        except KeyboardInterrupt:
            run.history.interrupted = True
        unflatten(run.best, run.parameters)
    return run.history


class _Run:
    """One call of `lbfgs`: what SciPy calls back, the parameters after the last whole iteration, and the history."""

    def __init__(self, network: Model, samples: Array, targets: Array, stop_below: float, bar: ProgressBar) -> None:
        self.samples, self.targets, self.stop_below, self.bar = samples, targets, stop_below, bar
        self.parameters, self.history = network.parameters, History()
        self.best = flatten(self.parameters)
        self._gradients = network.stepper(len(samples))
        self._start = time.perf_counter()

    def loss_and_gradient(self, vector: Array) -> tuple[float, Array]:
        """Return the loss of all samples and its gradient, at these parameters."""
        unflatten(vector, self.parameters)
        g = self._gradients(self.samples, self.targets)
        return g.loss, flatten(g.parameters)

    def record(self, intermediate_result: object) -> None:
        """Note an iteration; SciPy stops at the exception, and finds this method's argument by its name."""
        loss = float(intermediate_result.fun)  # type: ignore[attr-defined]  # SciPy's result has no type
        self.best = np.array(intermediate_result.x)  # type: ignore[attr-defined]
        now = time.perf_counter()
        self.history.loss.append(loss)
        self.history.seconds.append(now - self._start)
        self._start = now
        self.bar.write("L-BFGS", f"loss {loss:.4g}")
        self.bar.update()
        if loss < self.stop_below:
            raise StopIteration


def _minimize() -> Any:
    """Return SciPy's function."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError('L-BFGS needs SciPy: pip install "chainrule[data]"') from error
    return minimize
