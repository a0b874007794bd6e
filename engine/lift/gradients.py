"""The derivatives of a loss: as the arrays that were found, and in the shape of the parameters that were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.lift.structure import filled
from engine.value import Value

Array = Any
"""An array of NumPy, or of another library that has the functions of the array API."""


@dataclass(slots=True, eq=False, repr=False)
class Gradients:
    """The derivatives of a loss by the parameters.

    Attributes
    ----------
    loss: the value: a float, or with reduction="none" an array of shape (m,).
    arrays: W1, b1, ...: each gradient has the shape of its array; with reduction="none" the samples come first.
    """

    loss: Any
    arrays: dict[str, Array]
    _structure: Any
    _places: dict[Value, tuple[str, int]]

    @property
    def parameters(self) -> list[Array]:
        """The gradients as a list, in the order of `Lifted.parameters`."""
        return list(self.arrays.values())

    @property
    def nested(self) -> Any:
        """The gradients in the shape of the parameters that were given: a float, or an array (m,), for each Value."""
        flat = {name: array.reshape((*array.shape[: self._samples], -1)) for name, array in self.arrays.items()}
        found = {v: flat[name][..., i] for v, (name, i) in self._places.items() if name}
        numbers = {v: x if self._samples else float(x) for v, x in found.items()}
        zero = (self.loss != self.loss) * 0.0 if self._samples else 0.0  # of the loss's shape, were it infinite
        return filled(self._structure, {v: numbers.get(v, zero) for v in self._places})

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {tuple(getattr(array, 'shape', ()))}" for name, array in self.arrays.items())
        loss = f"losses of {len(self.loss)} samples" if self._samples else f"loss {float(self.loss):.6g}"
        return f"Gradients: {loss}; {shapes or 'no parameters'}"

    @property
    def _samples(self) -> int:
        return int(getattr(self.loss, "ndim", 0) > 0)
