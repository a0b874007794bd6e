"""Networks: one neuron at a time, and as matrices.

``from nn import MLP`` and its parts read like micrograd's; they are imported when they are asked for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn.scalar import MLP, Layer, Module, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'nn' has no attribute {name!r}; its modules are imported by name, as nn.matrix")
    from nn import scalar

    return getattr(scalar, name)
