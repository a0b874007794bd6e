"""What rounding may do to reverse mode: a running error analysis of a recorded graph, to first order.

Glossary
--------
u         the unit roundoff, 2^-53
E_v       bound on the error of the computed data of node v
g_v, G_v  the adjoint of v, and the bound on its error
p, P      the partial derivative of a use of a by v, and the bound on its error

E_v = sum |dv/da| E_a + the row's own error: 4 ulp, or for a sum of k terms, in any order, k u times their sizes.
P   = sum |dp/da| E_a + 8 (1 + kappa) ulp, kappa = sum |a dp/da| / |p|, as NUMERICS.md asks of every rule.
G_a = sum over the uses of a of |p| G_v + |g_v| P, and one rounding each for the product and for the running sum.

After Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.3. The second derivatives
dp/da come from moving one argument at 60 digits. The result is doubled for the terms of second order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath

from engine import Graph, Value
from engine.functions import Number
from engine.value import Constant

UNIT = 2.0**-53
SUMS = ("sum", "dot", "logsumexp")


@dataclass(frozen=True)
class Bounds:
    """How far the computed data, and the computed adjoints, of all Values of a graph may be from the true ones."""

    data: dict[Value, Any]
    gradients: dict[Value, Any]


def gradient_bounds(output: Value) -> dict[Value, Any]:
    """Return for every Value that output depends on how far its computed gradient may be from the true one."""
    return bounds(output).gradients


def bounds(output: Value) -> Bounds:
    """Return both bounds for every Value that output depends on."""
    with mpmath.workdps(60):
        nodes = Graph(output).nodes
        exact: dict[Value, Any] = {v: mpmath.mpf(v.data) for v in nodes if v.row is None}
        error: dict[Value, Any] = dict.fromkeys(nodes, mpmath.mpf(0))
        partials: dict[Value, list[Any]] = {}
        partial_errors: dict[Value, list[Any]] = {}
        for v in nodes:
            if v.row is None:
                continue
            xs = [exact[a] for a in v.args]
            exact[v] = mpmath.mpf(v.row.value(*xs))
            p = _partials(v, exact[v], xs)
            second = _second_derivatives(v, xs, p)
            terms = sum(abs(x) for x in xs) + sum(abs(q * x) for q, x in zip(p, xs, strict=True)) + abs(exact[v])
            own = 8 * len(xs) * UNIT * (terms if v.row.name in SUMS else abs(exact[v]))
            error[v] = own + sum(abs(q) * error[a] for q, a in zip(p, v.args, strict=True))
            partials[v] = p
            partial_errors[v] = [
                sum(d * (error[a] + 16 * UNIT * abs(exact[a])) for d, a in zip(row, v.args, strict=True) if d)
                + 16 * UNIT * abs(q)
                for row, q in zip(second, p, strict=True)
            ]
        adjoint: dict[Value, Any] = dict.fromkeys(nodes, mpmath.mpf(0))
        bound: dict[Value, Any] = dict.fromkeys(nodes, mpmath.mpf(0))
        adjoint[output] = mpmath.mpf(1)
        for v in reversed(nodes):
            for a, p, e in zip(v.args, partials.get(v, ()), partial_errors.get(v, ()), strict=True):
                share = p * adjoint[v]
                adjoint[a] += share
                bound[a] += abs(p) * bound[v] + abs(adjoint[v]) * e + 2 * UNIT * (abs(share) + abs(adjoint[a]))
        return Bounds({v: 2 * e for v, e in error.items()}, {v: 2 * b for v, b in bound.items()})


def _partials(v: Value, y: Number, xs: list[Number]) -> list[Any]:
    """Return the partials, 0 for a constant: the 2 of x**2 is exact, and for a negative x has no derivative."""
    assert v.row is not None
    found = v.row.partials(y, *xs)
    return [mpmath.mpf(0 if isinstance(a, Constant) else p) for a, p in zip(v.args, found, strict=True)]


def _second_derivatives(v: Value, xs: list[Any], p: list[Any]) -> list[list[Any]]:
    """Return abs(d2v / da_i da_j), shape (n, n), by a small step in one argument after the other."""
    assert v.row is not None
    h = mpmath.mpf(10) ** -30
    columns = []
    for j, a in enumerate(v.args):
        if isinstance(a, Constant):
            columns.append([mpmath.mpf(0)] * len(xs))
            continue
        moved: list[Number] = [x + (h if i == j else 0) for i, x in enumerate(xs)]
        after = _partials(v, v.row.value(*moved), moved)
        columns.append([abs((to - start) / h) if to != start else 0 for start, to in zip(p, after, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]
