"""Networks one neuron at a time, over `engine.Value`, with micrograd's interface.

Glossary
--------
z = w . x + b    the pre-activation of a neuron: one dot node of the graph
f = s(z)         its activation, s one of the table's functions
w                its weights, a list of nin Values;  b  its bias, a Value
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence
from typing import Any, Protocol

from engine.elementary import TABLE
from engine.functions import Number
from engine.sums import dot
from engine.value import NO_GRAD, Value


class Uniform(Protocol):
    """What draws the initial weights: the `random` module, a `random.Random`, or NumPy's `Generator`."""

    def uniform(self, low: float, high: float, /) -> float:
        """Return one number between low and high."""
        ...


class Module:
    """Anything with parameters."""

    def parameters(self) -> list[Value]:
        """Return the weights and biases, in a fixed order."""
        return []

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters (they add up over backward passes otherwise)."""
        for p in self.parameters():
            p.grad = NO_GRAD


class Neuron(Module):
    """One neuron, s(w . x + b), with weights drawn uniformly from [-1, 1] and bias 0.

    Parameters
    ----------
    nin: number of inputs.
    nonlin: False leaves the activation out.
    activation: name of a function of one argument in the table ("relu", "tanh", "sigmoid", ...), or "identity".
    rng: where the weights come from; by default the `random` module, so that `random.seed(1337)` gives micrograd's.

    >>> n = Neuron(2, rng=random.Random(1))
    >>> n, len(n.parameters())
    (ReLUNeuron(2), 3)
    >>> n([1.0, 2.0, 3.0])
    Traceback (most recent call last):
    ...
    ValueError: ReLUNeuron(2) takes 2 inputs, got 3
    """

    def __init__(self, nin: int, nonlin: bool = True, *, activation: str = "relu", rng: Uniform | None = None) -> None:
        if nin < 1:
            raise ValueError(f"a neuron needs at least one input, got nin={nin}")
        draw = rng or random
        self.w = [Value(draw.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.activation = check_activation(activation) if nonlin else "identity"

    @property
    def nonlin(self) -> bool:
        """Whether an activation follows the sum."""
        return self.activation != "identity"

    def __call__(self, x: Sequence[Value | Number]) -> Value:
        """Return s(w . x + b); a ValueError names a wrong number of inputs."""
        if len(x) != len(self.w):
            raise ValueError(f"{self!r} takes {len(self.w)} inputs, got {len(x)}")
        z = dot(self.w, x, self.b)
        if self.activation == "identity":
            return z
        result: Value = getattr(z, self.activation)()
        return result

    def parameters(self) -> list[Value]:
        """Return w, then b."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        kind = {"identity": "Linear", "relu": "ReLU"}.get(self.activation) or self.activation.title()
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """Several neurons over the same inputs; one alone returns its Value instead of a list, as in micrograd.

    >>> Layer(2, 3)
    Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)]
    """

    def __init__(self, nin: int, nout: int, **neuron: Any) -> None:
        if nout < 1:
            raise ValueError(f"a layer needs at least one neuron, got nout={nout}")
        self.neurons = [Neuron(nin, **neuron) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | Number]) -> Any:
        """Return the list of the neurons' values, or the only one."""
        out = [n(x) for n in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Return the parameters of each neuron in turn."""
        return [p for n in self.neurons for p in n.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layers of nouts[0], nouts[1], ... neurons, the last one without activation.

    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters())
    337
    >>> MLP(2, [])
    Traceback (most recent call last):
    ...
    ValueError: a network needs at least one layer, got nouts=[]
    """

    def __init__(self, nin: int, nouts: Sequence[int], *, activation: str = "relu", rng: Uniform | None = None) -> None:
        if not nouts:
            raise ValueError(f"a network needs at least one layer, got nouts={nouts!r}")
        sizes = [nin, *nouts]
        self.layers = [
            Layer(sizes[k], sizes[k + 1], nonlin=k != len(nouts) - 1, activation=activation, rng=rng)
            for k in range(len(nouts))
        ]

    def __call__(self, x: Sequence[Value | Number]) -> Any:
        """Return the outputs of the last layer: a list, or one Value if it has one neuron."""
        out: Any = x
        for layer in self.layers:
            out = layer(out if isinstance(out, (list, tuple)) or out is x else [out])
        return out

    def parameters(self) -> list[Value]:
        """Return the parameters of each layer in turn."""
        return [p for layer in self.layers for p in layer.parameters()]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show units and weights in a notebook; the picture is made by viz, which is imported only here."""
        from viz.notebook import network_bundle

        return network_bundle(self, include, exclude)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def check_activation(name: str) -> str:
    """Return the name of an activation that scalars have, or raise a ValueError with the nearest one.

    >>> check_activation("tanh")
    'tanh'
    >>> check_activation("sigmod")
    Traceback (most recent call last):
    ...
    ValueError: unknown activation 'sigmod'; did you mean 'sigmoid'?
    """
    known = ["identity", *(row.name for row in TABLE.values() if row.arity == 1 + len(row.defaults))]
    if name in known:
        return name
    near = difflib.get_close_matches(str(name), known, n=1)
    raise ValueError(f"unknown activation {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"known: {known}"))
