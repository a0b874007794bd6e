"""What a network looks like to a picture, whatever its form: layers of units, a weight between any two, a bias each.

Symbols: W_k has shape (n_k, n_{k-1}); layer 0 is the input. Units and layers are counted from 1 in words, as the
lectures do; indices in brackets are Python's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Layers:
    """A network's shape and its numbers.

    Attributes
    ----------
    sizes : tuple of int
        n_0, ..., n_K.
    activations : tuple of str
        The name of each layer's activation, from layer 1 on; empty where it is not known.
    weight : callable or None
        weight(k, i, j) is W_k[i, j], k from 1; None where only the shape is known.
    bias : callable or None
        bias(k, i) is b_k[i].
    what : str
        What the numbers are: weight, or gradient.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    weight: Callable[[int, int, int], float] | None = None
    bias: Callable[[int, int], float] | None = None
    what: str = "weight"


def is_network(subject: Any) -> bool:
    """Whether it is a matrix network, a scalar one, or a sequence of layer sizes.

    Examples
    --------
    >>> is_network([2, 3, 1]), is_network("2-3-1")
    (True, False)
    """
    sizes = isinstance(subject, Sequence) and not isinstance(subject, str) and all(isinstance(n, int) for n in subject)
    return bool(sizes) or hasattr(subject, "weights") or hasattr(subject, "layers")


def layers_of(network: Any, gradients: Any = None) -> Layers:
    """Read a network's shape and numbers.

    Parameters
    ----------
    network : nn.matrix.Network, nn.scalar.MLP or sequence of int
        What is to be drawn; of a sequence, the numbers of units per layer.
    gradients : Gradients or bool, optional
        What to read in place of the weights and biases; True where the weights of an MLP hold theirs.

    Raises
    ------
    TypeError
        If it is none of these, or the gradients are of another kind.
    ValueError
        If it has fewer than two layers, or a layer without units.

    Examples
    --------
    >>> layers_of([6, 2, 1]).sizes
    (6, 2, 1)
    >>> layers_of([3])
    Traceback (most recent call last):
        ...
    ValueError: a network has an input and at least one more layer, each with units; got sizes [3]
    """
    if not is_network(network):
        raise TypeError(f"cannot draw {type(network).__name__} as a network: give a Network, an MLP or a list of sizes")
    if hasattr(network, "weights"):
        found = _of_matrices(network)
    elif hasattr(network, "layers"):
        found = _of_neurons(network)
    else:
        found = Layers(tuple(network), ("",) * (len(network) - 1))
    if len(found.sizes) < 2 or min(found.sizes) < 1:
        raise ValueError(
            f"a network has an input and at least one more layer, each with units; got sizes {list(found.sizes)}"
        )
    return _with_gradients(network, found, gradients) if gradients is not None and gradients is not False else found


def _with_gradients(network: Any, found: Layers, gradients: Any) -> Layers:
    if gradients is True and not hasattr(network, "weights") and hasattr(network, "layers"):
        neurons = [layer.neurons for layer in network.layers]
        return replace(
            found,
            weight=lambda k, i, j: float(neurons[k - 1][i].w[j].grad),
            bias=None,
            what="gradient",
        )
    shapes = [array.shape for array in getattr(gradients, "weights", ())]
    if shapes != list(zip(found.sizes[1:], found.sizes, strict=False)):
        sizes = "-".join(map(str, found.sizes))
        raise TypeError(
            f"no gradients of a network {sizes}: {gradients!r:.60}; give what net.gradients(X, Y) returns, or True for "
            "an MLP after backward()"
        )
    return replace(found, weight=lambda k, i, j: float(gradients.weights[k - 1][i, j]), bias=None, what="gradient")


def _of_matrices(network: Any) -> Layers:
    weights, biases = network.weights, network.biases
    return Layers(
        tuple(network.sizes),
        tuple(activation.name for activation in network.activations),
        lambda k, i, j: float(weights[k - 1][i, j]),
        lambda k, i: float(biases[k - 1][i]),
    )


def _of_neurons(network: Any) -> Layers:
    neurons = [layer.neurons for layer in network.layers]
    return Layers(
        (len(neurons[0][0].w), *(len(layer) for layer in neurons)),
        tuple(layer[0].activation for layer in neurons),
        lambda k, i, j: float(neurons[k - 1][i].w[j].data),
        lambda k, i: float(neurons[k - 1][i].b.data),
    )
