"""Training: epochs of mini-batches, with a progress bar and a history, that survives Ctrl-C and tells a divergence.

One epoch visits every sample once, in an order shuffled by ``rng``; each mini-batch gives one gradient and one step of
the optimizer. With all samples in one batch this is gradient descent. What is trained is a :class:`nn.model.Model`: a
network in matrix form, or a loss that was written with scalars and lifted.
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np

from nn.arrays import Array
from nn.history import DivergenceError as DivergenceError
from nn.history import History as History
from nn.model import Classifier, Model, checked, largest_product, whole
from nn.optimizer import Optimizer
from nn.optimizers import Adam
from nn.progress import ProgressBar
from nn.schedules import SCHEDULES, Schedule
from nn.threads import one_thread_if_small

JUDGED = 5_000  # training samples that the accuracy of an epoch is measured on: to about 0.2%, at a small cost
CHUNK = 4096  # samples whose classes are predicted at a time, so that memory stays small

Pair = tuple[Array, Array]


def train(
    network: Model,
    x: Array,
    y: Array,
    *,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int | None = None,
    rng: np.random.Generator | int = 0,
    schedule: Schedule = SCHEDULES["constant"],
    validation: Pair | None = None,
    keep_best: bool = False,
    patience: int | None = None,
    progress: bool | None = None,
) -> History:
    """Train a network in place and return what was measured on the way.

    Parameters
    ----------
    network
        A `Network`, a lifted loss of a sample and its target, or another `Model`; its parameters are changed in place.
    x, y
        The samples, one per row, (m, n_0) for a `Network`, and their targets as the network's loss takes them.
    optimizer
        What makes a step of a gradient; Adam() if None. It may be kept, to continue the training later.
    epochs
        How often every sample is visited.
    batch_size
        The number of samples per step; None takes all of them. The last batch of an epoch may be smaller.
    rng
        A generator, or the seed of one, that shuffles the samples before each epoch of mini-batches.
    schedule
        The factor of the learning rate in an epoch, given the share of the epochs that is done, 0 in the first one.
    validation
        Samples and targets, not trained on, whose loss and accuracy are measured after each epoch.
    keep_best
        Whether the network gets back, at the end or after Ctrl-C, the parameters of the epoch after which the loss was
        least: that of the validation samples, or without them of all training samples, which is measured for it. After
        Ctrl-C those of the epoch that it stopped take part.
    patience
        Stop early, after so many epochs without a new least loss; implies keep_best. (L. Prechelt, "Early stopping -
        but when?", 1998.)
    progress
        Show a progress bar: True, False, or None for where a terminal or a notebook shows it.

    Returns
    -------
    History
        With ``interrupted=True`` if Ctrl-C stopped the training; the network keeps the weights of its last step, or
        with keep_best the best ones so far.

    Raises
    ------
    ValueError
        If epochs, batch_size or patience is no positive whole number, or x and y do not match.
    DivergenceError
        If the loss or a parameter becomes nan or infinite; it names epoch and batch and carries the history.

    Examples
    --------
    A line y = 2 x - 1, by gradient descent on all samples:

    >>> from nn.matrix import Network
    >>> from nn.optimizers import GradientDescent
    >>> x = np.linspace(-1, 1, 20)[:, np.newaxis]
    >>> network = Network([1, 1], rng=0)
    >>> history = train(network, x, 2 * x - 1, optimizer=GradientDescent(0.5), epochs=60)
    >>> network.weights[0].round(3), network.biases[0].round(3)
    (array([[2.]]), array([-1.]))
    >>> train(network, x, 2 * x - 1, epochs=0)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number from 1 on, got 0
    """
    samples, targets = checked(network, x, y)
    judged = None if validation is None else checked(network, *validation)
    size = min(whole("batch_size", len(samples) if batch_size is None else batch_size), len(samples))
    epochs, patience = whole("epochs", epochs), None if patience is None else whole("patience", patience)
    steps = epochs * math.ceil(len(samples) / size)
    with (
        one_thread_if_small(largest_product(network, size)),
        ProgressBar(steps, f"epoch 1/{epochs}", show=progress) as bar,
    ):
        best = _Best(network, judged or (samples, targets)) if keep_best or patience is not None else None
        run = _Run(network, samples, targets, judged, optimizer or Adam(), epochs, size, bar)
        return run.train(np.random.default_rng(rng), schedule, best, patience)


def accuracy(network: Model | Classifier, x: Array, y: Array) -> float | None:
    """Return the share of samples whose class the network predicts, or None where it predicts no classes.

    y holds class labels of shape (m,), or a row of targets per sample with the largest at its class. For a loss with a
    class for each output unit (binary cross-entropy, hinge) it is the share of units.

    Examples
    --------
    >>> from nn.matrix import Network
    >>> network = Network([1, 2], output="softmax", loss="cross_entropy")
    >>> network.weights[0][:], network.biases[0][:] = [[0.0], [1.0]], 0.0  # class 1 for positive inputs
    >>> accuracy(network, np.array([[-1.0], [2.0], [3.0], [4.0]]), np.array([0, 1, 1, 0]))
    0.75
    >>> accuracy(Network([1, 2]), np.array([[1.0]]), np.array([[0.0, 0.0]])) is None
    True
    """
    if not isinstance(network, Classifier):
        return None
    right = 0.0
    for start in range(0, len(x), CHUNK):
        predicted, targets = network.predict(x[start : start + CHUNK]), np.asarray(y)[start : start + CHUNK]
        if predicted.dtype.kind != "i":
            return None
        classes = targets.argmax(axis=1) if predicted.ndim < targets.ndim else targets.reshape(predicted.shape)
        right += float((predicted == classes).sum()) / (predicted.size / len(predicted))
    return right / len(x)


class _Best:
    """The parameters with the least loss on some samples so far; those at the start, until an epoch is done."""

    def __init__(self, network: Model, judged: Pair) -> None:
        self.network, self.judged = network, judged
        self.loss, self.epochs_since = math.inf, 0
        self._kept = [parameter.copy() for parameter in network.parameters]

    @np.errstate(over="ignore", invalid="ignore")
    def look(self) -> int:
        """Keep the parameters if they are better than all before; return for how many epochs they were not."""
        loss = self.network.loss(*self.judged)
        if loss < self.loss:
            kept = [parameter.copy() for parameter in self.network.parameters]
            self._kept, self.loss, self.epochs_since = kept, loss, 0
        else:
            self.epochs_since += 1
        return self.epochs_since

    def restore(self) -> None:
        """Give the network the kept parameters."""
        for parameter, kept in zip(self.network.parameters, self._kept, strict=True):
            parameter[...] = kept


@dataclass
class _Run:
    """One call of `train`: what does not change from batch to batch, and the history so far."""

    network: Model
    samples: Array
    targets: Array
    judged: Pair | None
    optimizer: Optimizer
    epochs: int
    size: int
    bar: ProgressBar
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self._parameters = self.network.parameters
        self._gradients = self.network.stepper(self.size)
        self._buffer = np.empty((self.size, *self.samples.shape[1:]), self.samples.dtype)

    def train(self, rng: np.random.Generator, schedule: Schedule, best: _Best | None, patience: int | None) -> History:
        """Train for all epochs, until Ctrl-C, or until `best` has not changed for `patience` epochs."""
        rate = self.optimizer.learning_rate
        try:
            for epoch in range(self.epochs):
                self.optimizer.learning_rate = rate * schedule(epoch / self.epochs)
                start = time.perf_counter()
                loss = self.epoch(_batches(len(self.samples), self.size, rng))
                self.record(loss, time.perf_counter() - start)
                if best is not None and best.look() == patience:
                    break
        except KeyboardInterrupt:
            self.history.interrupted = True
            if best is not None:
                best.look()  # the weights in the middle of the first epoch are better than none
        finally:
            self.optimizer.learning_rate = rate
            if best is not None:
                best.restore()
        return self.history

    # An overflow is told by DivergenceError, with a cure; NumPy's warning would come first and say less.
    @np.errstate(over="ignore", invalid="ignore")
    def epoch(self, batches: list[Array | slice]) -> float:
        """Make a step for each batch, and return the loss of the epoch."""
        loss, seen, samples = 0.0, 0, len(self.samples)
        for number, batch in enumerate(batches, 1):
            x, y = self._gather(batch)
            g = self._gradients(x, y)
            if not math.isfinite(g.loss):
                raise self._diverged(f"the loss became {g.loss}", number)
            self.optimizer.step(self._parameters, g.parameters)
            seen += len(x)
            loss += g.loss * len(x) / samples if self.network.reduction == "mean" else g.loss
            if self.bar.update():
                self._show(loss * samples / seen)
        # The last step's harm would show in the next batch only.
        if not all(np.isfinite(parameter).all() for parameter in self._parameters):
            raise self._diverged("a parameter became nan or infinite", len(batches))
        return loss

    def _gather(self, batch: Array | slice) -> Pair:
        if isinstance(batch, slice):
            return self.samples[batch], self.targets[batch]
        # Into one buffer: a new one for each batch takes 1.4 times as long. The mode "raise" would copy it once more.
        x = self._buffer[: len(batch)]
        return np.take(self.samples, batch, axis=0, out=x, mode="clip"), self.targets[batch]

    @np.errstate(over="ignore", invalid="ignore")
    def record(self, loss: float, seconds: float) -> None:
        """Measure what is measured after an epoch, and note it."""
        network, judged, every = self.network, self.judged, -(-len(self.samples) // JUDGED)
        measured = [
            (self.history.accuracy, accuracy(network, self.samples[::every], self.targets[::every])),
            (self.history.validation_loss, network.loss(*judged) if judged else None),
            (self.history.validation_accuracy, accuracy(network, *judged) if judged else None),
            (self.history.seconds, seconds),
            (self.history.loss, loss),
        ]
        # Noted at once when all is measured, so that Ctrl-C leaves lists of one length.
        for numbers, number in measured:
            if number is not None:
                numbers.append(number)
        self._show(loss)

    def _show(self, loss: float) -> None:
        history = self.history
        note = f"loss {loss:.4f}"
        if history.validation_accuracy:
            note += f", validation accuracy {history.validation_accuracy[-1]:.1%}"
        elif history.accuracy:
            note += f", accuracy {history.accuracy[-1]:.1%}"
        self.bar.write(f"epoch {min(history.epochs + 1, self.epochs)}/{self.epochs}", note)

    def _diverged(self, what: str, batch: int) -> DivergenceError:
        return DivergenceError(what, self.history.epochs + 1, batch, self.optimizer, self.history)


def _batches(samples: int, size: int, rng: np.random.Generator) -> list[Array | slice]:
    if size == samples:
        return [slice(None)]  # all in one: their order does not matter, and nothing is copied
    order = rng.permutation(samples)
    return [order[start : start + size] for start in range(0, samples, size)]
