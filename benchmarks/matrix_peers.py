"""The contenders of benchmarks/matrix.py: our call, and the same network as each library's user would write it.

Each function here takes a Case and returns what is timed: a call that gives the loss and the gradients, or, for a case
with an update, the loss and the new parameters. Import it once threads and BLAS kernel are chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.workspace import Workspace

RATE = 0.1  # the learning rate of the update


@dataclass
class Case:
    """One network on one batch."""

    name: str
    network: Network
    X: Any
    Y: Any
    update: bool = False  # whether an SGD step belongs to what is timed

    def ours(self) -> Callable[[], Any]:
        """Return what is timed: the call that training makes for each batch."""
        network, optimizer, update = self.network, GradientDescent(RATE), self.update
        workspace = Workspace(network, len(self.X))

        def run() -> Any:
            g = workspace.gradients(self.X, self.Y)
            if update:
                optimizer.step(network.parameters, g.parameters)
            return g.loss, network.parameters if update else g.parameters

        return run

    def parameters(self) -> list[Any]:
        """Return copies of the parameters, for a peer to start from."""
        return [array.copy() for array in self.network.parameters]


def jax_jit(case: Case) -> Callable[[], Any]:
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    activations = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: -jnp.sum(Y * jax.nn.log_softmax(z)))

    def step(parameters: Any, X: Any, Y: Any) -> Any:
        value, g = jax.value_and_grad(loss)(parameters, X, Y)
        new = [p - RATE * d for p, d in zip(parameters, g, strict=True)] if case.update else parameters
        return value, g if not case.update else new

    compiled = jax.jit(step)
    X, Y = jnp.asarray(case.X), jnp.asarray(case.Y)
    state = [[jnp.asarray(p) for p in case.parameters()]]

    def run() -> Any:
        value, result = jax.block_until_ready(compiled(state[0], X, Y))
        if case.update:
            state[0] = result
        return value, result

    return run


def pytorch(case: Case) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    activations = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: torch.nn.functional.cross_entropy(z, Y, reduction="sum"))
    X, Y = torch.from_numpy(case.X), torch.from_numpy(case.Y)
    parameters = [torch.from_numpy(p).requires_grad_() for p in case.parameters()]

    def run() -> Any:
        value = loss(parameters, X, Y)
        g = torch.autograd.grad(value, parameters)
        if case.update:
            with torch.no_grad():
                for p, d in zip(parameters, g, strict=True):
                    p -= RATE * d
        return value.detach(), parameters if case.update else g

    return run


def autograd(case: Case) -> Callable[[], Any]:
    from autograd import numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    activations = {
        "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
        "tanh": anp.tanh,
        "relu": lambda z: anp.maximum(z, 0),
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    loss = _formula(case, activations, lambda z, Y: anp.sum(logsumexp(z, axis=1)) - anp.sum(Y * z))
    differentiate, parameters = value_and_grad(loss), case.parameters()

    def run() -> Any:
        value, g = differentiate(parameters, case.X, case.Y)
        if case.update:
            for p, d in zip(parameters, g, strict=True):
                p -= p.dtype.type(RATE) * d
        return value, parameters if case.update else g

    return run


def _formula(case: Case, activations: dict[str, Any], cross_entropy: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return the loss as a peer's user writes it."""
    names = [s.name for s in case.network.activations]
    fused = case.network.cost.name == "cross_entropy"

    def loss(parameters: Any, X: Any, Y: Any) -> Any:
        f = X
        for name, W, b in zip(names, parameters[::2], parameters[1::2], strict=True):
            f = activations[name](f @ W.T + b)
        total = cross_entropy(f, Y) if fused else 0.5 * ((f - Y) ** 2).sum()
        return total / X.shape[0]

    return loss


def plain_numpy(case: Case) -> Callable[[], Any]:
    """Write it as a tutorial does: no buffers, no care for the tails."""
    s = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda f: f * (1 - f)),
        "tanh": (np.tanh, lambda f: 1 - f * f),
        "relu": (lambda z: np.maximum(z, 0), lambda f: f > 0),
        "identity": (lambda z: z, lambda f: 1),
    }
    s["softmax"] = (lambda z: np.exp(z - z.max(1, keepdims=True)), None)
    names = [a.name for a in case.network.activations]
    parameters, m = case.parameters(), len(case.X)

    def run() -> Any:
        W, b = parameters[::2], parameters[1::2]
        f = [case.X]
        for name, W_k, b_k in zip(names, W, b, strict=True):
            f.append(s[name][0](f[-1] @ W_k.T + b_k))
        if names[-1] == "softmax":
            p = f[-1] / f[-1].sum(1, keepdims=True)
            value, delta = -np.sum(case.Y * np.log(p)) / m, (p - case.Y) / m
        else:
            residual = f[-1] - case.Y
            value, delta = 0.5 * np.sum(residual * residual) / m, residual * s[names[-1]][1](f[-1]) / m
        g: list[Any] = []
        for k in range(len(W) - 1, -1, -1):
            g = [delta.T @ f[k], delta.sum(0), *g]
            if k:
                delta = delta @ W[k] * s[names[k - 1]][1](f[k])
        if case.update:
            for p_k, d in zip(parameters, g, strict=True):
                p_k -= RATE * d
        return value, parameters if case.update else g

    return run


def nielsen(case: Case) -> Callable[[], Any]:
    """One sample at a time, as columns (M. Nielsen, Neural Networks and Deep Learning, network.py)."""
    parameters, m = case.parameters(), len(case.X)
    columns = [(x[:, None], y[:, None]) for x, y in zip(case.X, case.Y, strict=True)]

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    def run() -> Any:
        W, b = parameters[::2], [bias[:, None] for bias in parameters[1::2]]
        sums, value = [np.zeros_like(p) for p in parameters], 0.0
        for x, y in columns:
            f = [x]
            for W_k, b_k in zip(W, b, strict=True):
                f.append(sigmoid(W_k @ f[-1] + b_k))
            value += 0.5 * float(np.sum((f[-1] - y) ** 2))
            delta = (f[-1] - y) * f[-1] * (1 - f[-1])
            for k in range(len(W) - 1, -1, -1):
                sums[2 * k] += delta @ f[k].T
                sums[2 * k + 1] += delta[:, 0]
                if k:
                    delta = W[k].T @ delta * f[k] * (1 - f[k])
        return value / m, [total / m for total in sums]

    return run


def bare_products(case: Case) -> Callable[[], Any]:
    """Do nothing but the matrix products of a gradient: forward, by the weights, by the activations."""
    network, m, rng = case.network, len(case.X), np.random.default_rng(2)
    f = [case.X, *(rng.standard_normal((m, n)).astype(network.dtype) for n in network.sizes[1:])]
    outputs, g = [np.empty_like(f_k) for f_k in f], [np.empty_like(W) for W in network.weights]

    def run() -> Any:
        for k, W in enumerate(network.weights):
            np.matmul(f[k], W.T, out=outputs[k + 1])
        for k, W in reversed(list(enumerate(network.weights))):
            np.matmul(f[k + 1].T, f[k], out=g[k])
            if k:
                np.matmul(f[k + 1], W, out=outputs[k])

    return run


def forward_only(case: Case) -> Callable[[], Any]:
    return lambda: case.network.forward(case.X)


PEERS: dict[str, tuple[str | None, Callable[[Case], Callable[[], Any]]]] = {
    # name: the module it needs, if any, and what makes it
    "jax.jit": ("jax", jax_jit),
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "plain NumPy": (None, plain_numpy),
    "Nielsen": (None, nielsen),
    "bare GEMMs": (None, bare_products),
    "our forward": (None, forward_only),
}
