"""The numbers of one step of back-propagation for one sample, from both forms; viz.step draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_PARAMETERS = 200_000  # every weight is a node of the scalar form


@dataclass(frozen=True)
class Step:
    """The numbers of a step, from the matrix form, and the scalar nodes of one unit of the layer below."""

    k: int
    unit: int
    below: Any  # delta_{k-1}
    slopes: Any  # the diagonal of D_{k-1}
    weights: Any  # W_k
    above: Any  # delta_k
    activation: str
    z: Any  # the scalar node z_{k-1}[unit]
    f: Any  # its activation node
    users: Sequence[Any]  # the scalar nodes z_k


def step_of(network: Any, k: int, X: Any, Y: Any, sample: int, unit: int) -> Step:
    """Compute the step from layer k down in both forms; ``viz.draw_step`` explains the parameters and errors.

    Examples
    --------
    >>> from nn.matrix import Network
    >>> step = step_of(Network([2, 3, 1], rng=0), 2, None, None, 0, 1)
    >>> bool(abs(step.below[1] - step.z.grad) < 1e-15)
    True
    """
    import numpy as np

    from nn.bridge import scalar_twin
    from nn.matrix import Network
    from nn.scalar import MLP

    net = Network.from_scalar(network) if isinstance(network, MLP) else network
    if not isinstance(net, Network):
        raise TypeError(f"cannot draw a step of {type(network).__name__}: give a Network or an MLP")
    layers = len(net.weights)
    if not 2 <= k <= layers:
        raise ValueError(f"a step goes from layer k to the layer below it, k = 2 to {layers}, got k={k}")
    if (count := sum(array.size for array in net.parameters)) > MAX_PARAMETERS:
        raise ValueError(
            f"{count:,} weights are too many for the scalar form, which has a node for each: draw a smaller net"
        )
    if not 0 <= unit < net.sizes[k - 1]:
        raise IndexError(f"layer {k - 1} has units 0 to {net.sizes[k - 1] - 1}, got unit={unit}")
    samples = np.ones((1, net.sizes[0])) if X is None else np.asarray(X)
    targets = _some_target(net) if Y is None else Y
    if not 0 <= sample < len(samples):
        raise IndexError(f"X has samples 0 to {len(samples) - 1}, got sample={sample}")
    chosen, target = samples[sample : sample + 1], np.asarray(targets)[sample : sample + 1]
    activation = net.activations[k - 2]
    z, f = net.layers(chosen)
    try:
        slopes = activation.derivative(z[k - 2], f[k - 1])[0]
    except TypeError as error:
        raise ValueError(f"layer {k - 1} is no row of neurons: {error}") from error
    deltas = net.gradients(chosen, target).deltas
    twin = scalar_twin(net, chosen, target)
    twin.loss.backward()
    return Step(
        k,
        unit,
        deltas[k - 2][0],
        slopes,
        net.weights[k - 1],
        deltas[k - 1][0],
        activation.name,
        twin.z[k - 2][0, unit],
        twin.f[k - 2][0, unit],
        list(twin.z[k - 1][0]),
    )


def _some_target(net: Any) -> Any:
    if net.cost.name == "cross_entropy":
        return [0]
    return [[1.0 if net.cost.name == "hinge" else 0.0] * net.sizes[-1]]
