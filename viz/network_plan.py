"""What a drawing of a network shows, whatever draws it: which units stand where, and how wide each line is.

Of a layer with too many units the first and the last are shown, with an ellipsis between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from viz.layers import Layers, layers_of
from viz.numerals import exact, short

MAX_UNITS = 8
MAX_LAYERS = 24
COLUMN, ROW = 1.9, 0.52  # inches between layers and between units
THIN, THICK = 0.3, 4.0  # points: a line for |w| near 0, and for the largest
Line = tuple[int, int, int]  # layer, unit, and unit of the layer before


@dataclass(frozen=True)
class Plan:
    """A network's drawing in numbers and words.

    Attributes
    ----------
    layers : Layers
        The network.
    shown : list of list of int
        The units that are drawn, by layer.
    lines : dict
        The weights (or gradients) that are drawn; None where only the shape is known.
    largest : float
        The largest |w| of them.
    floor : float
        Where the captions stand, below the lowest unit; in inches, as all places.
    """

    layers: Layers
    shown: list[list[int]]
    lines: dict[Line, float | None]
    largest: float
    floor: float

    @property
    def title(self) -> str:
        """The sizes, as in 784-32-10."""
        return "-".join(str(size) for size in self.layers.sizes)

    @property
    def numbers(self) -> list[float]:
        """What is known of the lines."""
        return [number for number in self.lines.values() if number is not None]

    def column(self, k: int) -> Iterator[tuple[int | None, float, float]]:
        """Yield the units of a layer with their places, from top to bottom; None is the ellipsis."""
        units: list[int | None] = [*self.shown[k]]
        if self.hidden(k):
            units.insert((len(units) + 1) // 2, None)
        for slot, unit in enumerate(units):
            yield unit, COLUMN * k, ROW * ((len(units) - 1) / 2 - slot)

    def hidden(self, k: int) -> int:
        """Return how many units of a layer are not drawn."""
        return self.layers.sizes[k] - len(self.shown[k])

    def role(self, k: int) -> str:
        """Return input, hidden or output."""
        return "input" if k == 0 else "output" if k == len(self.layers.sizes) - 1 else "hidden"

    def name(self, k: int) -> str:
        """Return what a layer is called."""
        return "input" if k == 0 else f"layer {k}"

    def caption(self, k: int) -> list[str]:
        """Return the lines below a layer; an empty one keeps all level."""
        size = self.layers.sizes[k]
        lines = [self.name(k), f"{size:,} {'unit' if size == 1 else 'units'}"]
        if any(self.layers.activations):
            lines.append((self.layers.activations[k - 1] if k else "") or " ")
        return lines

    def tooltip(self, line: Line, number: float) -> str:
        """Say which weight a line is, and its number."""
        k, i, j = line
        place = f"layer {k}, unit {i + 1} from unit {j + 1}"
        if self.layers.what == "weight":
            return f"{place}: weight {exact(number)} = weights[{k - 1}][{i}, {j}]"
        return f"{place}: {self.layers.what} {exact(number)}"

    def width(self, number: float) -> float:
        """Return how wide a line is, in points: in proportion to |w|."""
        if not math.isfinite(number):
            return THICK
        return THIN + (THICK - THIN) * abs(number) / (self.largest or 1.0)

    def kind(self, number: float) -> str:
        """Return positive, negative or alarm."""
        return "alarm" if not math.isfinite(number) else "negative" if number < 0 else "positive"

    def legend(self) -> str:
        """Say in words what the lines mean; nothing where only the shape is known."""
        dashes = {"positive": "solid: positive", "negative": "dashed: negative", "alarm": "dotted: nan or infinite"}
        kinds = {self.kind(number) for number in self.numbers}
        said = ", ".join(words for kind, words in dashes.items() if kind in kinds)
        return f"{said}; width: the size of a {self.layers.what}, {short(self.largest)} at most" if said else ""

    def words(self) -> str:
        """Return the drawing in words."""
        layers = self.layers
        said = [f"network {self.title}"]
        for k, size in enumerate(layers.sizes):
            activation = f", {layers.activations[k - 1]}" if k and layers.activations[k - 1] else ""
            count = f", {size * layers.sizes[k - 1]:,} weights" if k else ""
            drawn = f", {len(self.shown[k])} drawn" if self.hidden(k) else ""
            said.append(f"{self.name(k)}: {size:,} {'unit' if size == 1 else 'units'}{activation}{count}{drawn}")
        return "\n".join(said)


def plan_of(network: Any, *, gradients: Any = None, max_units: int = MAX_UNITS, max_layers: int = MAX_LAYERS) -> Plan:
    """Decide what is drawn of a network; ``viz.draw_network`` explains the parameters and errors.

    Examples
    --------
    >>> made = plan_of([2, 100, 1])
    >>> made.title, made.shown[1], made.hidden(1), len(made.lines)
    ('2-100-1', [0, 1, 2, 3, 97, 98, 99], 93, 21)
    """
    layers = layers_of(network, gradients)
    if len(layers.sizes) > max_layers:
        raise ValueError(
            f"{len(layers.sizes)} layers are more than max_layers={max_layers}: nobody reads that; "
            f"max_layers={len(layers.sizes)} draws it all the same"
        )
    if max_units < 3:
        raise ValueError(
            f"max_units must be at least 3, for the first units, an ellipsis and the last, got {max_units}"
        )
    shown = [visible_units(size, max_units) for size in layers.sizes]
    lines = {
        (k, i, j): layers.weight(k, i, j) if layers.weight else None
        for k in range(1, len(shown))
        for i in shown[k]
        for j in shown[k - 1]
    }
    sizes = [abs(number) for number in lines.values() if number is not None and math.isfinite(number)]
    floor = -ROW * max(min(size, max_units) for size in layers.sizes) / 2 - 0.3
    return Plan(layers, shown, lines, max(sizes, default=0.0), floor)


def visible_units(size: int, max_units: int) -> list[int]:
    """Return which units of a layer are drawn: all, or the first and last ones around an ellipsis.

    Examples
    --------
    >>> visible_units(4, 8), visible_units(784, 8)
    ([0, 1, 2, 3], [0, 1, 2, 3, 781, 782, 783])
    """
    if size <= max_units:
        return list(range(size))
    first = max_units // 2
    last = max_units - 1 - first  # the ellipsis takes the place of one unit
    return [*range(first), *range(size - last, size)]
