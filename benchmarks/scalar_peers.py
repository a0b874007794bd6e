"""The contenders of the last table of benchmarks/scalar.py: one chain of operations as each library's user writes it.

Each function takes the chain, a function of two scalars, and its point; it returns what is timed: a call that builds
the graph, or traces it, and gives the two derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Chain = Callable[[Any, Any], Any]
Run = Callable[[], tuple[float, ...]]


def ours(chain: Chain, point: tuple[float, float]) -> Run:
    from engine import Value

    return _by_backward(chain, point, Value)


def micrograd(chain: Chain, point: tuple[float, float]) -> Run:
    from micrograd.engine import Value

    return _by_backward(chain, point, Value)


def _by_backward(chain: Chain, point: tuple[float, float], kind: Any) -> Run:
    def run() -> tuple[float, ...]:
        w, b = map(kind, point)
        chain(w, b).backward()
        return w.grad, b.grad

    return run


def autograd(chain: Chain, point: tuple[float, float]) -> Run:
    from autograd import grad

    gradient = grad(chain, (0, 1))
    return lambda: tuple(map(float, gradient(*point)))


def pytorch(chain: Chain, point: tuple[float, float]) -> Run:
    import torch

    torch.set_num_threads(1)

    def run() -> tuple[float, ...]:
        w, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point)
        return tuple(g.item() for g in torch.autograd.grad(chain(w, b), (w, b)))

    return run


def jax(chain: Chain, point: tuple[float, float]) -> Run:
    """Run eagerly: under jit, thousands of scalar operations take minutes to compile."""
    import jax

    jax.config.update("jax_enable_x64", True)
    gradient = jax.grad(chain, (0, 1))
    return lambda: tuple(map(float, gradient(*point)))


# name: the module it needs, and what makes the call
PEERS: dict[str, tuple[str, Callable[[Chain, tuple[float, float]], Run]]] = {
    "ours": ("engine", ours),
    "micrograd": ("micrograd", micrograd),
    "autograd": ("autograd", autograd),
    "PyTorch": ("torch", pytorch),
    "JAX, eager": ("jax", jax),
}
