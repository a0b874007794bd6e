"""A network in matrix form: its parameters, checked input, and the gradient of its loss by Theorem 1.

The formulas and a glossary of their symbols stand in :mod:`nn.backprop`. W_k, of shape (n_k, n_{k-1}), is
weights[k - 1]; b_k, of shape (n_k,), is biases[k - 1]; a batch X is one sample per row, shape (m, n_0).
"""

import math
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.activations import Activation, activation
from nn.arrays import Array
from nn.backprop import Gradients, forward, gradients, loss_and_delta
from nn.curvature import hessian_vector_product
from nn.initializers import Initializer, initializer
from nn.losses import loss as find_loss
from nn.samples import as_samples, as_sizes, as_targets, refuse_non_finite

if TYPE_CHECKING:
    from nn.scalar import MLP


class Network:
    """A network of fully connected layers, its parameters as matrices.

    Parameters
    ----------
    sizes
        The units of each layer, (n_0, ..., n_L), the input first.
    activation
        The name of the hidden layers' activation, or one name per hidden layer.
    output
        The name of the last layer's activation.
    loss
        The name of the loss, see :mod:`nn.losses`.
    dtype
        float64 or float32.
    rng
        A generator, or the seed of one, that the parameters are drawn from.
    init
        How they are drawn: "glorot", "he", "lecun", "uniform" (micrograd's) or "normal", see :mod:`nn.initializers`.
    reduction
        "mean" over the samples of a batch, or "sum".

    Raises
    ------
    ValueError
        If a size, name, dtype or reduction is none that a network can have; the message names it.

    Examples
    --------
    >>> network = Network([2, 3, 1], rng=0)
    >>> network
    Network(2-3-1, activation='tanh', output='identity', loss='squared_error', dtype=float64): 13 parameters
    >>> g = network.gradients([[1.0, 2.0]], [[0.5]])
    >>> [array.shape for array in g.parameters]
    [(3, 2), (3,), (1, 3), (1,)]
    >>> Network([2, 1], activation="tan")
    Traceback (most recent call last):
        ...
    ValueError: unknown activation 'tan'; did you mean 'tanh'? (there are: identity, relu, leaky_relu, sigmoid, tanh, \
softplus, gelu, step, sign, softmax, modified_softmax)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        output: str = "identity",
        loss: str = "squared_error",
        *,
        dtype: np.typing.DTypeLike = np.float64,
        rng: np.random.Generator | int | None = None,
        init: str | Initializer = "glorot",
        reduction: str = "mean",
    ) -> None:
        self.sizes = as_sizes(sizes)
        self.activations = _activations(activation, output, len(self.sizes) - 1)
        self.cost = find_loss(loss, self.activations[-1].name)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype}")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
        self.reduction = reduction
        rng, draw = np.random.default_rng(rng), initializer(init)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for below, units in zip(self.sizes, self.sizes[1:], strict=False):
            W, b = draw(rng, below, units)
            self.weights.append(W.astype(self.dtype))
            self.biases.append(b.astype(self.dtype))

    @property
    def parameters(self) -> list[Array]:
        """The parameters themselves, to be changed in place: [W_1, b_1, W_2, b_2, ...]."""
        return [array for pair in zip(self.weights, self.biases, strict=True) for array in pair]

    # A nan or infinity in X is told by an error with a cure; NumPy's warning would come first and say less.
    @np.errstate(over="ignore", invalid="ignore")
    def layers(self, X: Array) -> tuple[list[Array], list[Array]]:
        """Return [z_1, ..., z_L] and [f_0, ..., f_L] for a batch X of shape (m, n_0).

        >>> z, f = Network([2, 3, 1], rng=0).layers([[1.0, 2.0]])
        >>> [array.shape for array in z], [array.shape for array in f]
        ([(1, 3), (1, 1)], [(1, 2), (1, 3), (1, 1)])
        """
        samples = as_samples(X, self.sizes[0], self.dtype)
        z, f = forward(self.weights, self.biases, self.activations, samples)
        # A nan or infinity in X reaches z_1 of its row, whatever the weights; the sum of the smaller one tells.
        if not math.isfinite(min(samples, z[0], key=np.size).sum()):
            refuse_non_finite("X", samples)
        return z, [*f, self.activations[-1](z[-1])]

    def forward(self, X: Array) -> Array:
        """Return the output f_L, shape (m, n_L), for a batch X of shape (m, n_0).

        >>> Network([2, 1], output="sigmoid", loss="binary_cross_entropy", rng=0).forward([[0.0, 0.0]]).shape
        (1, 1)
        >>> Network([2, 1], rng=0).forward([[1.0, 2.0, 3.0]])
        Traceback (most recent call last):
            ...
        ValueError: X has 3 features per sample, shape (1, 3), but the network has 2 inputs
        """
        return self.layers(X)[1][-1]

    def predict(self, X: Array) -> Array:
        """Return what the network says of each sample: its class where the loss is one of classes, else its output.

        The class is the likeliest one, shape (m,), for cross_entropy; for each unit, shape (m, n_L), it is 0 or 1 for
        binary_cross_entropy, and -1 or 1 for hinge.

        >>> Network([2, 3], output="softmax", loss="cross_entropy", rng=0).predict([[1.0, 2.0]]).shape
        (1,)
        """
        output = self.forward(X)
        if self.cost.name == "cross_entropy":
            return output.argmax(axis=1)
        if self.cost.name == "binary_cross_entropy":
            return (output > 0.5).astype(np.int64)
        if self.cost.name == "hinge":
            return np.where(output > 0, 1, -1)
        return output

    def targets(self, Y: Array) -> Array:
        """Return targets as checked rows, ready for ``gradients(X, Y, checked=True)``: class labels become rows.

        >>> Network([2, 3], output="softmax", loss="cross_entropy", rng=0).targets([2, 0])
        array([[0., 0., 1.],
               [1., 0., 0.]])
        >>> Network([2, 3], output="softmax", loss="cross_entropy", rng=0).targets([3, 0])
        Traceback (most recent call last):
            ...
        ValueError: labels must be classes from 0 to 2, got 3 in row 0
        """
        return as_targets(Y, self._targets_width, self.cost, self.dtype)

    @property
    def _targets_width(self) -> int:
        return self.sizes[-1] + (self.activations[-1].name == "modified_softmax")

    def samples(self, X: Array) -> Array:
        """Return a batch of samples as an array of the network's dtype, checked; X of shape (m, n_0)."""
        return as_samples(X, self.sizes[0], self.dtype)

    def stepper(self, samples: int) -> Callable[[Array, Array], Gradients]:
        """Return what makes the gradients of batches of up to so many rows, into memory that it keeps for the next."""
        from nn.workspace import Workspace

        return Workspace(self, samples).gradients

    def loss(self, X: Array, Y: Array) -> float:
        """Return the loss of a batch: X of shape (m, n_0), targets Y of shape (m, n_L), or class labels (m,)."""
        samples, targets = self._batch(X, Y)
        z, _ = self.layers(samples)
        value, _ = loss_and_delta(self.activations[-1], self.cost, z[-1], targets)
        return float(value / len(samples) if self.reduction == "mean" else value)

    @np.errstate(over="ignore", invalid="ignore")
    def gradients(self, X: Array, Y: Array, *, input_gradient: bool = True, checked: bool = False) -> Gradients:
        """Return the loss of a batch and its derivatives by all parameters, pre-activations, and the input.

        Parameters
        ----------
        X
            Samples, shape (m, n_0).
        Y
            Targets, shape (m, n_L), or class labels, shape (m,).
        input_gradient
            Whether to form dC/dX, which costs one product of the size of the first layer's; training leaves it out.
        checked
            Whether Y comes from `targets`, so that it need not be looked at for every batch again.

        Examples
        --------
        >>> network = Network([1, 1], rng=0)
        >>> network.weights[0][:], network.biases[0][:] = 2.0, 1.0
        >>> g = network.gradients([[3.0]], [[5.0]])  # f = 7, C = (7 - 5)**2 / 2
        >>> g.loss, g.weights, g.biases, g.input
        (2.0, [array([[6.]])], [array([2.])], array([[4.]]))
        >>> network.gradients([[3.0]], [[np.inf]])
        Traceback (most recent call last):
            ...
        ValueError: Y has inf in row 0, column 0 (1 of 1 entries is not finite); remove or replace such samples
        """
        samples, targets = self._batch(X, Y, checked=checked)
        g = gradients(
            self.weights,
            self.biases,
            self.activations,
            self.cost,
            samples,
            targets,
            reduction=self.reduction,
            input_gradient=input_gradient,
        )
        # A nan or infinity in X reaches every row of dC/dW_1 = delta_1^T X, even where delta_1 is 0: one row tells.
        if not math.isfinite(g.weights[0][0].sum()):
            refuse_non_finite("X", samples)
        g.loss = float(g.loss)
        return g

    def hessian_vector_product(self, X: Array, Y: Array, vector: Sequence[Array]) -> list[Array]:
        """Return the Hessian of the loss times a vector, at the cost of about two gradients, see :mod:`nn.curvature`.

        The vector, like the result, is a list of arrays with the shapes of `parameters`.

        >>> network = Network([1, 1], rng=0)
        >>> network.hessian_vector_product([[3.0]], [[5.0]], [np.array([[1.0]]), np.array([0.0])])
        [array([[9.]]), array([3.])]
        >>> network.hessian_vector_product([[3.0]], [[5.0]], [np.array([1.0])])
        Traceback (most recent call last):
            ...
        ValueError: the vector needs arrays of the shapes [(1, 1), (1,)], got [(1,)]
        """
        moved = [np.asarray(part, dtype=self.dtype) for part in vector]
        shapes = [array.shape for array in self.parameters]
        if [part.shape for part in moved] != shapes:
            raise ValueError(f"the vector needs arrays of the shapes {shapes}, got {[part.shape for part in moved]}")
        return hessian_vector_product(
            self.weights,
            self.biases,
            self.activations,
            self.cost,
            *self._batch(X, Y),
            moved,
            reduction=self.reduction,
        )

    def _batch(self, X: Array, Y: Array, *, checked: bool = False) -> tuple[Array, Array]:
        samples, targets = self.samples(X), Y if checked else self.targets(Y)
        if len(samples) != len(targets):
            raise ValueError(f"X has {len(samples)} samples, but Y has {len(targets)} rows of targets")
        if targets.ndim != 2 or targets.shape[1] != self._targets_width:  # else broadcasting might make it fit
            need = f"shape (m, {self._targets_width}); `targets` makes them"
            raise ValueError(f"Y needs one row of targets per sample, {need}, got shape {targets.shape}")
        return samples, targets

    @classmethod
    def from_scalar(
        cls, model: "MLP", *, loss: str = "squared_error", dtype: np.typing.DTypeLike = np.float64
    ) -> "Network":
        """Return a network with the weights of an MLP of Values, see :func:`nn.bridge.from_scalar`."""
        from nn.bridge import from_scalar

        return from_scalar(model, loss=loss, dtype=dtype)

    def to_scalar(self) -> "MLP":
        """Return an MLP of Values with this network's weights, see :func:`nn.bridge.to_scalar`."""
        from nn.bridge import to_scalar

        return to_scalar(self)

    def save(self, path: str | Path) -> None:
        """Write the network to a .npz file, with all that `load` needs."""
        arrays = {f"W{k}": W for k, W in enumerate(self.weights, 1)}
        arrays |= {f"b{k}": b for k, b in enumerate(self.biases, 1)}
        with Path(path).open("wb") as file:  # a file, because NumPy would append .npz to a name without it
            np.savez(
                file,
                sizes=np.array(self.sizes),
                activation=np.array([s.name for s in self.activations[:-1]], dtype=str),
                output=np.array(self.activations[-1].name),
                loss=np.array(self.cost.name),
                reduction=np.array(self.reduction),
                **arrays,
            )

    @classmethod
    def load(cls, path: str | Path) -> "Network":
        """Read a network that was written by `save`.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        try:
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                sizes = file["sizes"].tolist()
                network = cls(
                    sizes,
                    file["activation"].tolist(),
                    str(file["output"]),
                    str(file["loss"]),
                    dtype=file["W1"].dtype,
                    reduction=str(file["reduction"]),
                    rng=0,
                )
                for k in range(1, len(sizes)):
                    network.weights[k - 1][:], network.biases[k - 1][:] = file[f"W{k}"], file[f"b{k}"]
        except (zipfile.BadZipFile, ValueError, KeyError, EOFError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} holds no network: {error}; give a file written by Network.save") from error
        return network

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show units and weights in a notebook; the picture is made by viz, which is imported only here."""
        from viz.notebook import network_bundle

        return network_bundle(self, include, exclude)

    def __repr__(self) -> str:
        names = [s.name for s in self.activations[:-1]]
        hidden = names[0] if len(set(names)) == 1 else names
        return (
            f"Network({'-'.join(map(str, self.sizes))}, activation={hidden!r}, output={self.activations[-1].name!r}, "
            f"loss={self.cost.name!r}, dtype={self.dtype}): {sum(array.size for array in self.parameters):,} parameters"
        )


def _activations(hidden: str | Sequence[str], output: str, layers: int) -> list[Activation]:
    """Return s_1, ..., s_L, checked."""
    names: list[str] = [hidden] * (layers - 1) if isinstance(hidden, str) else list(hidden)
    if isinstance(hidden, str):
        activation(hidden)  # an unknown name is refused even where there is no hidden layer
    if len(names) != layers - 1:
        raise ValueError(f"a network of {layers} layers needs {layers - 1} hidden activations, got {names}")
    found = [activation(name) for name in names]
    for s in found:
        if s.name == "modified_softmax":
            raise ValueError("modified_softmax has one output more than units, so it can only be the output activation")
    return [*found, activation(output)]
