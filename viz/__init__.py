"""Pictures: graphs, networks, steps and plots; text where there is no screen.

| to                                               | call                                |
| ------------------------------------------------ | ----------------------------------- |
| see a value's computation graph                  | ``draw(value)``                     |
| see it as text                                   | ``print(tree(value))``              |
| see a network's units and weights                | ``draw_network(net)``               |
| see one step as matrices and as a neuron         | ``draw_step(net, k)``               |
| see a lifted program beside its scalar graph     | ``draw_program(lift(f, x))``        |
| watch both sweeps step by step                   | ``save(frames(value), "x.html")``   |
| keep any of these: .svg .pdf .png .dot .txt ...  | ``save(value, "x.svg")``            |
| have a graph as TikZ or Mermaid                  | ``save(value, "x.tex")``, ``.mmd``  |
| draw an expression without writing Python        | ``python -m viz "tanh(w*x)" ...``   |
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viz.network import draw_network as draw_network
    from viz.operations import draw as draw
    from viz.program import draw_program as draw_program
    from viz.saving import save as save
    from viz.step import draw_step as draw_step
    from viz.steps import frames as frames
    from viz.text import tree as tree

__all__ = ["draw", "draw_network", "draw_program", "draw_step", "frames", "save", "tree"]

_HOMES = {
    "draw": "viz.operations",
    "draw_network": "viz.network",
    "draw_program": "viz.program",
    "draw_step": "viz.step",
    "frames": "viz.steps",
    "save": "viz.saving",
    "tree": "viz.text",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for, so that ``import viz`` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'viz' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
