"""L-BFGS, through SciPy, on the parameters of a network laid end to end in one vector.

L-BFGS keeps the last few steps and differences of gradients, and from them a direction close to Newton's; a line search
chooses the length. It needs the gradient of all samples, not of mini-batches. Sources: D. C. Liu and J. Nocedal, "On
the limited memory BFGS method for large scale optimization" (1989); SciPy runs the code of Byrd, Lu, Nocedal and Zhu.
"""

import time
from collections.abc import Sequence

import numpy as np

from nn.arrays import Array
from nn.matrix import Network
from nn.progress import ProgressBar
from nn.samples import as_samples
from nn.threads import one_thread_if_small
from nn.training import History


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
    network: Network,
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
        The network; its weights and biases are changed in place.
    x, y
        The samples, of shape (m, n_0), and their targets as the network's loss takes them.
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
        If iterations or memory is no positive whole number.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 20)[:, np.newaxis]
    >>> network = Network([1, 1], rng=0)
    >>> history = lbfgs(network, x, 2 * x - 1)
    >>> network.weights[0].round(6), network.biases[0].round(6), history.epochs < 10
    (array([[2.]]), array([-1.]), True)
    >>> lbfgs(network, x, x, iterations=0)
    Traceback (most recent call last):
    ValueError: iterations must be a whole number from 1 on, got 0
    """
    for name, number in (("iterations", iterations), ("memory", memory)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be a whole number from 1 on, got {number!r}")
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError('L-BFGS needs SciPy: pip install "chainrule[data]"') from error
    samples, targets = as_samples(x, network.sizes[0], network.dtype), network.targets(y)
    parameters, history = network.parameters, History()
    best, start = flatten(parameters), time.perf_counter()

    def loss_and_gradient(vector: Array) -> tuple[float, Array]:
        unflatten(vector, parameters)
        g = network.gradients(samples, targets, input_gradient=False, checked=True)
        return g.loss, flatten(g.parameters)

    def record(intermediate_result: object) -> None:
        nonlocal start, best
        best = np.array(intermediate_result.x)  # type: ignore[attr-defined]  # SciPy's result has no type
        history.loss.append(float(intermediate_result.fun))  # type: ignore[attr-defined]
        history.seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        bar.write("L-BFGS", f"loss {history.loss[-1]:.4g}")
        bar.update()
        if history.loss[-1] < stop_below:
            raise StopIteration

    multiplications = len(samples) * max(weights.size for weights in network.weights)
    with one_thread_if_small(multiplications), ProgressBar(iterations, "L-BFGS", show=progress) as bar:
        start = time.perf_counter()
        options = {"maxiter": iterations, "maxcor": memory, "maxfun": 20 * iterations, "ftol": 0.0, "gtol": 1e-12}
        try:
            minimize(loss_and_gradient, best, jac=True, method="L-BFGS-B", callback=record, options=options)
        except KeyboardInterrupt:
            history.interrupted = True
        unflatten(best, parameters)
    return history
