"""The bridge: one network in both forms, each delta and each gradient tied to the node of its neuron.

==============================  ==========================================================
matrix form                     scalar form
==============================  ==========================================================
weights[k - 1][i, j]            model.layers[k - 1].neurons[i].w[j]
biases[k - 1][i]                model.layers[k - 1].neurons[i].b
z_k[s, i]                       twin.z[k - 1][s, i], the dot node of neuron i for sample s
delta_k[s, i]                   its grad, once ``twin.loss.backward()`` has run
dC/dX[s, j]                     the grad of twin.inputs[s, j]
==============================  ==========================================================

Layers are counted from 1 as in :mod:`nn.backprop`, samples and units from 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import Value
from nn.arrays import Array
from nn.matrix import Network
from nn.samples import as_samples, refuse_non_finite
from nn.scalar import MLP, check_activation

ROWWISE = ("softmax", "modified_softmax")  # no function of one neuron: the scalar form ends with the logits


def from_scalar(model: MLP, *, loss: str = "squared_error", dtype: np.typing.DTypeLike = np.float64) -> Network:
    """Return a Network with the weights of an MLP of Values, copied.

    Raises
    ------
    ValueError
        If the neurons of a layer differ in their activation.

    >>> model = MLP(2, [3, 1], activation="tanh")
    >>> network = from_scalar(model)
    >>> network
    Network(2-3-1, activation='tanh', output='identity', loss='squared_error', dtype=float64): 13 parameters
    >>> float(network.weights[0][2, 1]) == model.layers[0].neurons[2].w[1].data
    True
    >>> model.layers[0].neurons[1].activation = "relu"
    >>> from_scalar(model)
    Traceback (most recent call last):
        ...
    ValueError: layer 1 mixes the activations relu, tanh; the matrix form has one for all neurons of a layer
    """
    names = []
    for k, layer in enumerate(model.layers, 1):
        found = sorted({neuron.activation for neuron in layer.neurons})
        if len(found) > 1:
            mixed = f"layer {k} mixes the activations {', '.join(found)}"
            raise ValueError(f"{mixed}; the matrix form has one for all neurons of a layer")
        names.append(found[0])
    sizes = [len(model.layers[0].neurons[0].w), *(len(layer.neurons) for layer in model.layers)]
    network = Network(sizes, names[:-1], names[-1], loss, dtype=dtype, rng=0)
    for layer, W, b in zip(model.layers, network.weights, network.biases, strict=True):
        W[:] = [[w.data for w in neuron.w] for neuron in layer.neurons]
        b[:] = [neuron.b.data for neuron in layer.neurons]
    return network


def to_scalar(network: Network) -> MLP:
    """Return an MLP of Values with the weights of a network, copied.

    A softmax is no function of one neuron, so the scalar form of such a network ends with the logits.

    Raises
    ------
    ValueError
        If an activation has no scalar form (step, sign).

    >>> model = to_scalar(Network([2, 3, 1], output="sigmoid", rng=0))
    >>> model
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)], Layer of [SigmoidNeuron(3)]]
    """
    model = MLP(network.sizes[0], network.sizes[1:])
    for layer, W, b, s in zip(model.layers, network.weights, network.biases, network.activations, strict=True):
        activation = "identity" if layer is model.layers[-1] and s.name in ROWWISE else check_activation(s.name)
        for neuron, row, bias in zip(layer.neurons, W, b, strict=True):
            neuron.activation = activation
            neuron.w = [Value(float(w)) for w in row]
            neuron.b = Value(float(bias))
    return model


@dataclass(frozen=True)
class Twin:
    """A network's loss on a batch as a graph of Values, with the nodes of its neurons.

    ``inputs`` has shape (m, n_0), ``z[k - 1]`` and ``f[k - 1]`` (m, n_k): arrays of Values. ``loss`` is the loss of the
    batch, reduced as the network says.

    >>> network = Network([2, 3, 1], rng=0)
    >>> X, Y = np.array([[1.0, 2.0]]), np.array([[0.5]])
    >>> twin = scalar_twin(network, X, Y)
    >>> twin.loss.backward()
    >>> deltas = network.gradients(X, Y).deltas
    >>> np.allclose(gradients_of(twin.z[0]), deltas[0], rtol=1e-14)  # delta_1 of all neurons
    True
    """

    model: MLP
    inputs: Array
    z: list[Array]
    f: list[Array]
    loss: Value

    def node(self, layer: int, unit: int, sample: int = 0) -> Value:
        """Return the pre-activation node whose gradient is delta_k[sample, unit]; layers are counted from 1.

        Raises
        ------
        IndexError
            If there is no such neuron.
        """
        if not 1 <= layer <= len(self.z):
            raise IndexError(f"layers are counted from 1 to {len(self.z)}, got {layer}")
        node: Value = self.z[layer - 1][sample, unit]
        return node


def scalar_twin(network: Network, X: Array, Y: Array, model: MLP | None = None) -> Twin:
    """Return a network's loss on a batch as a graph of Values; model is its scalar form where there is one already.

    X has shape (m, n_0); Y are targets as `Network.gradients` takes them.

    Raises
    ------
    ValueError
        If the model's weights or activations are not the network's.
    """
    if model is None:
        model = to_scalar(network)
    elif not _same(network, model):
        raise ValueError("model and network differ in their weights or activations; use Network.from_scalar(model)")
    targets = network.targets(Y)
    samples = as_samples(X, network.sizes[0], network.dtype)
    refuse_non_finite("X", samples)
    inputs = _array([[Value(float(x)) for x in row] for row in samples])
    if len(inputs) != len(targets):
        raise ValueError(f"X has {len(inputs)} samples, but Y has {len(targets)} rows of targets")
    z, f = [], []
    below = inputs
    for layer in model.layers:
        out = _array([[neuron(list(row)) for neuron in layer.neurons] for row in below])
        # A neuron is one dot node, then the node of its activation, unless that is the identity.
        identity = layer.neurons[0].activation == "identity"
        z.append(out if identity else _array([[node.args[0] for node in row] for row in out]))
        f.append(out)
        below = out
    output = network.activations[-1].name
    if output in ROWWISE and not network.cost.fused:
        f[-1] = _array([_softmax(row, output) for row in z[-1]])
    ends = z[-1] if network.cost.fused else f[-1]
    losses = [_loss(network, list(end), target) for end, target in zip(ends, targets.tolist(), strict=True)]
    loss = sum(losses[1:], losses[0])
    return Twin(model, inputs, z, f, loss / len(losses) if network.reduction == "mean" else loss)


def _same(network: Network, model: MLP) -> bool:
    """Say whether both compute the same function, weight by weight."""
    mine, theirs = to_scalar(network), model
    shapes = [[(n.activation, len(n.w)) for layer in form.layers for n in layer.neurons] for form in (mine, theirs)]
    values = [[p.data for p in form.parameters()] for form in (mine, theirs)]
    return shapes[0] == shapes[1] and values[0] == values[1]


def gradients_of(nodes: Array) -> Array:
    """Return the array of the grads of an array of Values."""
    return np.array([[float(node.grad) for node in row] for row in nodes])


def _array(rows: Sequence[Sequence[Value]]) -> Array:
    """Return rows of Values as an array of objects (NumPy would try to take Values apart)."""
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for s, row in enumerate(rows):
        array[s, :] = row
    return array


def _logits(z: Sequence[Value], output: str) -> list[Any]:
    return [*z, Value(0.0)] if output == "modified_softmax" else list(z)


def _softmax(z: Sequence[Value], output: str) -> list[Value]:
    logits = _logits(z, output)
    log_sum = Value.apply("logsumexp", *logits)
    return [(logit - log_sum).exp() for logit in logits]


def _loss(network: Network, a: list[Value], y: list[float]) -> Value:
    """Return the loss of one sample, from its output, or from its logits where the loss is fused."""
    if network.cost.name == "cross_entropy":
        logits = _logits(a, network.activations[-1].name)
        # log sum_j exp(z_j) - z_i = log(1 + sum over j != i of exp(z_j - z_i)), in which nothing cancels
        terms = [
            y_i * Value.apply("logsumexp", 0.0, *(other - z_i for other in logits if other is not z_i))
            for z_i, y_i in zip(logits, y, strict=True)
            if y_i
        ]
    else:
        formula: Callable[[Value, float], Value] = {
            "squared_error": lambda f, t: (f - t) ** 2 / 2,
            "absolute_error": lambda f, t: abs(f - t),
            "hinge": lambda f, t: (1 - t * f).relu(),
            "binary_cross_entropy": lambda z, t: (1 - t) * z.softplus() + t * (-z).softplus(),
        }[network.cost.name]
        terms = [formula(a_i, y_i) for a_i, y_i in zip(a, y, strict=True)]
    return sum(terms[1:], terms[0])
